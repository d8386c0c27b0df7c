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

/// Words that point outside their sentence.
#[rustfmt::skip]
pub(crate) const ANAPHORA: &[&str] = &[
    "following", "preceding", "aforementioned",
    "previously", "example", "this", "these", "those", "it", "they", "them", "he", "she", "we",
    "you", "i", "our", "us", "your", "here", "latter", "former", "my", "itself", "one", "ones",
    "such", "above", "below", "another", "other", "others", "there",
];

/// Words that no subject holds: conjunctions, negations, verbs of being, imperatives.
#[rustfmt::skip]
pub(crate) const NOT_IN_SUBJECT: &[&str] = &[
    "that", "which", "who", "when", "if", "while", "but", "not", "then", "because", "as", "is",
    "are", "where", "since", "although", "however", "so", "what", "how", "why", "please", "no",
    "nothing", "none", "was", "were", "be", "can", "will", "must", "do", "does", "both", "every",
    "each", "thus", "therefore", "also", "there", "any", "to", "remember", "note", "make", "use",
    "see", "check", "run", "set", "let", "click", "select", "press", "consider", "always",
    "never", "usually", "often", "typically", "generally", "sometimes", "currently", "finally",
    "alternatively", "unfortunately", "fortunately", "examples", "follow", "add", "create",
    "write", "read", "edit", "install", "keep", "put", "try", "avoid", "ensure", "given", "using",
];

/// Nouns too general to ask about alone.
#[rustfmt::skip]
pub(crate) const GENERIC: &[&str] = &[
    "aim", "problem", "example", "solution", "first", "second", "third", "rest", "thing", "case",
    "result", "reason", "difference", "idea", "point", "note", "following", "goal", "purpose",
    "last", "next",
];

/// Words that open another clause.
#[rustfmt::skip]
pub(crate) const BOUNDARIES: &[&str] = &[
    "when", "if", "because", "while", "although", "but", "unless", "until", "whereas", "since",
    "so", "then", "however", "except", "before", "after", "instead",
];

/// Words that open a clause about the noun before them.
#[rustfmt::skip]
pub(crate) const RELATIVES: &[&str] = &[
    "which", "that", "who", "whose", "where", "as", "for",
];
