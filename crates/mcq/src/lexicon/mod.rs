//! Word lists and word forms of French and English.
//!
//! The lists are our own and short on purpose: they are compiled into the Worker.

pub(crate) mod en;
pub(crate) mod fr;

use rust_stemmers::{Algorithm, Stemmer};
use unicode_segmentation::UnicodeSegmentation;

use crate::question::{Language, Page};

/// What the engine knows about one language.
pub(crate) struct Lexicon {
    /// The language.
    pub(crate) language: Language,
    stemmer: Stemmer,
}

impl Lexicon {
    /// The lexicon of a language.
    pub(crate) fn new(language: Language) -> Self {
        let algorithm = match language {
            Language::Fr => Algorithm::French,
            Language::En => Algorithm::English,
        };
        Self { language, stemmer: Stemmer::create(algorithm) }
    }

    /// Whether a lowercase word carries no content of its own.
    pub(crate) fn is_stop_word(&self, lower: &str) -> bool {
        match self.language {
            Language::Fr => fr::STOP_WORDS.binary_search(&lower).is_ok(),
            Language::En => en::STOP_WORDS.binary_search(&lower).is_ok(),
        }
    }

    /// The stem of a lowercase word (Snowball).
    pub(crate) fn stem(&self, lower: &str) -> String {
        self.stemmer.stem(lower).into_owned()
    }

    /// The stems of the content words of a text, in order, repeats kept.
    pub(crate) fn content_stems(&self, text: &str) -> Vec<String> {
        words(text)
            .map(|word| word.to_lowercase())
            .filter(|lower| {
                lower.chars().count() > 1 && !self.is_stop_word(lower)
                    || lower.chars().all(|c| c.is_ascii_digit())
            })
            .map(|lower| self.stem(&lower))
            .collect()
    }
}

/// The words of a text, with elided articles and pronouns (`l'`, `qu'`) split off and dropped
/// hyphens kept inside (`peut-être`).
pub(crate) fn words(text: &str) -> impl Iterator<Item = &str> {
    text.unicode_words().flat_map(|word| {
        // UAX 29 keeps "l'eau" whole; the part after a short elided word is the content.
        let mut parts = word.splitn(2, ['\'', '\u{2019}']);
        let first = parts.next().unwrap_or(word);
        let second = parts.next();
        match second {
            Some(rest) if first.chars().count() <= 2 || first.ends_with("qu") => {
                [Some(first), Some(rest)].into_iter().flatten()
            }
            _ => [Some(word), None].into_iter().flatten(),
        }
    })
}

/// Which of the two languages the pages are written in, by their function words; French when
/// nothing speaks for either (learners read French first).
///
/// Two languages that share an alphabet differ most in their function words: counting them
/// needs no trigram tables of seventy languages in the Worker.
#[must_use]
pub fn detect_language(pages: &[Page]) -> Language {
    detect_in(pages.iter().map(|page| page.text.as_str()))
}

/// Whether a passage is not clearly in the other language.
pub(crate) fn is_in(text: &str, language: Language) -> bool {
    let (french, english) = function_words([text].into_iter());
    match language {
        Language::Fr => french >= english,
        Language::En => english >= french,
    }
}

/// As [`detect_language`], on any pieces of text.
pub(crate) fn detect_in<'a>(texts: impl Iterator<Item = &'a str>) -> Language {
    let (french, english) = function_words(texts);
    if english > french { Language::En } else { Language::Fr }
}

/// How many function words speak for French and for English alone.
fn function_words<'a>(texts: impl Iterator<Item = &'a str>) -> (usize, usize) {
    // Enough to be certain, little enough to cost nothing on a long document.
    const ENOUGH_WORDS: usize = 20_000;
    let (mut french, mut english) = (0_usize, 0_usize);
    for word in texts.flat_map(words).take(ENOUGH_WORDS) {
        let lower = word.to_lowercase();
        let in_french = fr::STOP_WORDS.binary_search(&lower.as_str()).is_ok();
        let in_english = en::STOP_WORDS.binary_search(&lower.as_str()).is_ok();
        // A word of both ("on", "plus") tells nothing.
        french += usize::from(in_french && !in_english);
        english += usize::from(in_english && !in_french);
    }
    (french, english)
}

#[cfg(test)]
mod tests {
    use super::{Lexicon, detect_in, en, fr, words};
    use crate::question::Language;

    #[test]
    fn stop_words_are_sorted_so_that_they_can_be_searched() {
        for list in [fr::STOP_WORDS, en::STOP_WORDS] {
            assert!(list.windows(2).all(|pair| pair[0] < pair[1]), "{list:?}");
        }
    }

    #[test]
    fn elided_articles_are_words_of_their_own() {
        assert_eq!(words("l'eau qu’il boit").collect::<Vec<_>>(), ["l", "eau", "qu", "il", "boit"]);
    }

    #[test]
    fn each_language_is_recognised_and_silence_is_french() {
        assert_eq!(detect_in(["The cell is the unit of life"].into_iter()), Language::En);
        assert_eq!(detect_in(["La cellule est l'unité du vivant"].into_iter()), Language::Fr);
        assert_eq!(detect_in(["", "42 %"].into_iter()), Language::Fr);
    }

    #[test]
    fn content_stems_leave_out_function_words_and_endings() {
        let french = Lexicon::new(Language::Fr);
        assert_eq!(
            french.content_stems("les cellules de la plante"),
            french.content_stems("cellule, plantes")
        );
    }
}
