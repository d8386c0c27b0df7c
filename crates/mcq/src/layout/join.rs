//! Several laid-out lines to one line of text.

use std::collections::HashSet;

use unicode_normalization::UnicodeNormalization;
use unicode_segmentation::UnicodeSegmentation;

use crate::question::Page;

/// The words a document writes inside its lines: they decide whether a hyphen at a line end belongs
/// to the word.
pub(super) struct Vocabulary {
    words: HashSet<String>,
}

impl Vocabulary {
    /// Collects the words of all pages.
    pub(super) fn of(pages: &[Page]) -> Self {
        let mut words = HashSet::new();
        for page in pages {
            let mut broken = false;
            for token in page.text.split_whitespace() {
                // The halves of a word broken at a line end are no words of the document.
                let half = std::mem::replace(&mut broken, token.ends_with('-'));
                if half || broken {
                    continue;
                }
                // Hyphenated compounds as one word, and simple words.
                if token.contains('-') {
                    words.insert(trim_marks(token).to_lowercase());
                } else {
                    words.extend(token.unicode_words().map(str::to_lowercase));
                }
            }
        }
        Self { words }
    }

    /// Whether the hyphen between two halves of a word is part of it.
    fn keeps_hyphen(&self, before: &str, after: &str) -> bool {
        const CLITICS: [&str; 18] = [
            "il", "elle", "on", "ils", "elles", "ce", "ci", "là", "je", "tu", "nous", "vous",
            "même", "mêmes", "être", "dire", "t", "delà",
        ];
        let (before, after) = (before.to_lowercase(), trim_marks(after).to_lowercase());
        if self.words.contains(&format!("{before}{after}")) {
            return false;
        }
        // Two words that both stand alone elsewhere are a compound: « écart-type ».
        let both_stand_alone = self.words.contains(&before)
            && self.words.contains(&after)
            && after.chars().count() > 3;
        self.words.contains(&format!("{before}-{after}"))
            || both_stand_alone
            || before == "ci"
            || CLITICS.contains(&after.as_str())
    }
}

fn trim_marks(word: &str) -> &str {
    word.trim_matches(|c: char| !c.is_alphanumeric())
}

/// Brings a passage onto one line: spaces collapsed, words broken at a line end rejoined, ligatures
/// opened, accents composed. Says whether a word was rejoined.
pub(super) fn one_line(raw: &str, vocabulary: &Vocabulary) -> (String, bool) {
    let mut out = String::with_capacity(raw.len());
    let mut rejoined = false;
    for line in raw.split('\n') {
        let mut words = line.split_whitespace().peekable();
        let Some(first) = words.peek().copied() else { continue };
        if let Some(half) = broken_word(&out, first) {
            rejoined = true;
            if !vocabulary.keeps_hyphen(&half, first) {
                out.pop();
            }
        } else if !out.is_empty() {
            out.push(' ');
        }
        for (position, word) in words.enumerate() {
            if position > 0 {
                out.push(' ');
            }
            out.push_str(word);
        }
    }
    let text = open_ligatures(&out.nfc().filter(|c| !is_invisible(*c)).collect::<String>());
    (text, rejoined)
}

/// The first half of the word that the line end broke, if it did.
fn broken_word(text: &str, next: &str) -> Option<String> {
    let head = text.strip_suffix(['-', '\u{ad}', '\u{2010}'])?;
    let next_is_word = next.chars().next().is_some_and(char::is_lowercase);
    let half: Vec<char> = head.chars().rev().take_while(|c| c.is_alphabetic()).take(40).collect();
    (next_is_word && !half.is_empty()).then(|| half.into_iter().rev().collect())
}

fn is_invisible(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2060}' | '\u{feff}') || (c.is_control())
}

fn open_ligatures(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\u{fb00}' => out.push_str("ff"),
            '\u{fb01}' => out.push_str("fi"),
            '\u{fb02}' => out.push_str("fl"),
            '\u{fb03}' => out.push_str("ffi"),
            '\u{fb04}' => out.push_str("ffl"),
            '\u{fb05}' | '\u{fb06}' => out.push_str("st"),
            other => out.push(other),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::{Vocabulary, one_line};
    use crate::question::Page;

    fn join(raw: &str, elsewhere: &str) -> String {
        let page = Page { number: 1, text: elsewhere.to_owned() };
        one_line(raw, &Vocabulary::of(&[page])).0
    }

    #[test]
    fn a_word_broken_at_a_line_end_is_rejoined() {
        assert_eq!(join("une distribu-\ntion libre", ""), "une distribution libre");
    }

    #[test]
    fn a_compound_keeps_the_hyphen_the_document_gives_it() {
        assert_eq!(join("un non-\nrespect", "le non-respect, non-respect"), "un non-respect");
        assert_eq!(join("peut-\nêtre", ""), "peut-être");
        assert_eq!(join("le non-\nrespect", "le nonrespect"), "le nonrespect");
    }

    #[test]
    fn a_dash_before_a_capital_or_a_number_stays() {
        assert_eq!(join("Notre-\nDame", ""), "Notre- Dame");
    }

    #[test]
    fn ligatures_are_opened_and_accents_composed() {
        assert_eq!(join("e\u{fb03}cace e\u{301}te\u{301}", ""), "efficace été");
    }
}
