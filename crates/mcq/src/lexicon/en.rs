//! English.

/// Words without content of their own, sorted.
#[rustfmt::skip]
pub(crate) const STOP_WORDS: &[&str] = &[
    "a", "about", "above", "according", "after", "again", "all", "also", "although", "am", "an",
    "and", "another", "any", "are", "as", "at", "be", "because", "been", "before", "being",
    "below", "between", "both", "but", "by", "can", "cannot", "could", "did", "do", "does",
    "doing", "done", "down", "during", "each", "either", "etc", "even", "every", "few", "for",
    "from", "further", "had", "has", "have", "having", "he", "hence", "her", "here", "hers",
    "him", "his", "how", "however", "i", "if", "in", "instead", "into", "is", "it", "its",
    "itself", "just", "less", "like", "many", "may", "me", "might", "more", "most", "much",
    "must", "my", "neither", "no", "nor", "not", "of", "off", "often", "on", "once", "one",
    "only", "onto", "or", "other", "others", "otherwise", "our", "out", "over", "own", "per",
    "rather", "same", "several", "shall", "she", "should", "since", "so", "some", "such", "than",
    "that", "the", "their", "them", "themselves", "then", "there", "therefore", "these", "they",
    "this", "those", "though", "through", "thus", "to", "too", "under", "unless", "until", "up",
    "upon", "us", "usually", "very", "via", "was", "we", "were", "what", "when", "where",
    "whereas", "whether", "which", "while", "who", "whom", "whose", "why", "will", "with",
    "within", "without", "would", "yet", "you", "your",
];
