//! Is the quote really on its page, and does it support the key?

use std::collections::HashSet;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::canonical::canonical;
use crate::lexicon::{Lexicon, detect_in};
use crate::question::{Page, Question};

/// A quote of fewer letters and digits than this proves nothing: it is found by chance.
pub const SHORTEST_QUOTE: usize = 20;

/// Why a question's evidence is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EvidenceError {
    /// The quote is empty or too short to prove anything.
    #[error("the quote has fewer than {SHORTEST_QUOTE} letters")]
    QuoteTooShort,
    /// The document has no page of that number.
    #[error("the document has no such page")]
    NoSuchPage,
    /// The quote does not stand on the page.
    #[error("the quote is not on that page")]
    QuoteNotOnPage,
    /// A figure of the key is not in the quote.
    #[error("the quote does not contain the figures of the key")]
    FigureNotInQuote,
    /// The content of the key is not in the quote.
    #[error("the quote does not support the key")]
    KeyNotSupported,
}

/// Checks that the quote is really on its page (after normalising spaces, line-end hyphens,
/// ligatures, and the shape of quotes; case kept), is long enough to prove anything, and supports
/// the key: either the key's own text stands in it, or every figure of the key and at least two
/// thirds of its content words do, up to their endings.
///
/// # Errors
/// The first check that fails.
pub fn verify_evidence(question: &Question, pages: &[Page]) -> Result<(), EvidenceError> {
    let quote = canonical(&question.evidence.quote);
    check_length(&quote)?;
    let mut found_page = false;
    for page in pages.iter().filter(|page| page.number == question.evidence.page) {
        found_page = true;
        if contains_whole(&canonical(&page.text), &quote) {
            return supports(&question.evidence.quote, question.key());
        }
    }
    Err(if found_page { EvidenceError::QuoteNotOnPage } else { EvidenceError::NoSuchPage })
}

/// As [`verify_evidence`], on a page whose canonical form is at hand.
pub(crate) fn holds_on(canonical_page: &str, quote: &str, key: &str) -> bool {
    let canonical_quote = canonical(quote);
    check_length(&canonical_quote).is_ok()
        && contains_whole(canonical_page, &canonical_quote)
        && supports(quote, key).is_ok()
}

fn check_length(canonical_quote: &str) -> Result<(), EvidenceError> {
    let length = canonical_quote.chars().filter(|c| c.is_alphanumeric()).count();
    if length < SHORTEST_QUOTE { Err(EvidenceError::QuoteTooShort) } else { Ok(()) }
}

/// Whether the needle stands in the text without cutting a word or a number at either end.
pub(crate) fn contains_whole(text: &str, needle: &str) -> bool {
    if needle.is_empty() {
        return false;
    }
    let glued = |inside: Option<char>, outside: Option<char>| {
        inside.is_some_and(char::is_alphanumeric) && outside.is_some_and(char::is_alphanumeric)
    };
    text.match_indices(needle).any(|(at, matched)| {
        let before = text.get(..at).and_then(|head| head.chars().next_back());
        let after = text.get(at + matched.len()..).and_then(|tail| tail.chars().next());
        !glued(matched.chars().next(), before) && !glued(matched.chars().next_back(), after)
    })
}

/// Whether a quote says what the key says.
pub(crate) fn supports(quote: &str, key: &str) -> Result<(), EvidenceError> {
    let canonical_quote = canonical(quote).to_lowercase();
    let canonical_key = canonical(key).to_lowercase();
    let bare_key = canonical_key.trim_end_matches(['.', ';', ',']);
    if bare_key.is_empty() {
        return Err(EvidenceError::KeyNotSupported);
    }
    let quoted_figures: HashSet<String> = figures(quote).into_iter().collect();
    if figures(key).iter().any(|figure| !quoted_figures.contains(figure)) {
        return Err(EvidenceError::FigureNotInQuote);
    }
    if contains_whole(&canonical_quote, bare_key) {
        return Ok(());
    }
    let lexicon = Lexicon::new(detect_in([quote].into_iter()));
    let quoted: HashSet<String> = lexicon.content_stems(quote).into_iter().collect();
    // Figures have been compared already, by value.
    let is_figure = |stem: &String| stem.chars().all(|c| c.is_ascii_digit());
    let wanted: Vec<String> =
        lexicon.content_stems(key).into_iter().filter(|stem| !is_figure(stem)).collect();
    let found = wanted.iter().filter(|stem| quoted.contains(*stem)).count();
    let only_figures = wanted.is_empty() && !figures(key).is_empty();
    if !only_figures && (wanted.is_empty() || found * 3 < wanted.len() * 2) {
        return Err(EvidenceError::KeyNotSupported);
    }
    Ok(())
}

/// The figures of a text as numbers are written: digits with their decimal and thousands marks,
/// the marks brought to one form (`12 500` and `12,500` are `12500`; `3,5` and `3.5` are `3.5`).
pub(crate) fn figures(text: &str) -> Vec<String> {
    let chars: Vec<char> = text.chars().collect();
    let mut out = Vec::new();
    let mut at = 0;
    while let Some(c) = chars.get(at) {
        if !c.is_ascii_digit() {
            at += 1;
            continue;
        }
        let mut figure = String::new();
        let mut grouped_before = false;
        while let Some(c) = chars.get(at).copied() {
            if c.is_ascii_digit() {
                figure.push(c);
                at += 1;
                continue;
            }
            let following = chars.iter().skip(at + 1).take_while(|c| c.is_ascii_digit()).count();
            let is_space = matches!(c, ' ' | '\u{a0}' | '\u{202f}');
            let grouped = following == 3 && !figure.contains('.');
            match c {
                _ if is_space && grouped && (figure.len() <= 3 || grouped_before) => {
                    grouped_before = true;
                    at += 1;
                }
                ',' if grouped && (figure.len() <= 3 || grouped_before) && figure != "0" => {
                    grouped_before = true;
                    at += 1;
                }
                ',' | '.' if following > 0 => {
                    figure.push('.');
                    at += 1;
                }
                _ => break,
            }
        }
        out.push(figure);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::{EvidenceError, figures, supports, verify_evidence};
    use crate::question::{Choices, Evidence, Letter, Page, Question};

    fn question(key: &str, quote: &str) -> Question {
        Question {
            question_text: "Quelle est la règle ?".into(),
            choices: Choices::from([key.into(), "un".into(), "deux".into(), "trois".into()]),
            correct_choice: Letter::A,
            evidence: Evidence { page: 2, quote: quote.into() },
            flaws: Vec::new(),
        }
    }

    fn pages() -> Vec<Page> {
        vec![
            Page { number: 1, text: "Rien.".into() },
            Page {
                number: 2,
                text: "Le coût total s’élève à 12 500 € pour la distri-\nbution, soit un e\u{fb00}ort réel.".into(),
            },
        ]
    }

    #[test]
    fn a_quote_is_found_whatever_its_spaces_hyphens_ligatures_and_apostrophes() {
        let quote = "Le coût total s'élève  à 12 500 € pour la distribution, soit un effort réel.";
        assert_eq!(verify_evidence(&question("12 500 €", quote), &pages()), Ok(()));
    }

    #[test]
    fn an_invented_quote_is_refused() {
        let quote = "Le coût total s'élève à 13 500 € pour la distribution.";
        assert_eq!(
            verify_evidence(&question("13 500 €", quote), &pages()),
            Err(EvidenceError::QuoteNotOnPage)
        );
    }

    #[test]
    fn another_case_is_another_text() {
        let quote = "LE COÛT TOTAL s'élève à 12 500 € pour la distribution";
        assert_eq!(
            verify_evidence(&question("12 500 €", quote), &pages()),
            Err(EvidenceError::QuoteNotOnPage)
        );
    }

    #[test]
    fn a_quote_that_cuts_a_word_is_refused() {
        let quote = "coût total s'élève à 12 500 € pour la distri";
        assert_eq!(
            verify_evidence(&question("12 500 €", quote), &pages()),
            Err(EvidenceError::QuoteNotOnPage)
        );
    }

    #[test]
    fn an_empty_or_tiny_quote_is_refused() {
        for quote in ["", "   ", "« »", "12 500 €"] {
            assert_eq!(
                verify_evidence(&question("12 500 €", quote), &pages()),
                Err(EvidenceError::QuoteTooShort)
            );
        }
    }

    #[test]
    fn a_page_that_does_not_exist_is_refused() {
        let mut question = question("12 500 €", "Le coût total s'élève à 12 500 €");
        question.evidence.page = 9;
        assert_eq!(verify_evidence(&question, &pages()), Err(EvidenceError::NoSuchPage));
        question.evidence.page = 1;
        assert_eq!(verify_evidence(&question, &pages()), Err(EvidenceError::QuoteNotOnPage));
    }

    #[test]
    fn a_figure_must_be_the_very_figure() {
        let quote = "La longueur est de 30 caractères au plus.";
        assert_eq!(supports(quote, "30 caractères"), Ok(()));
        assert_eq!(supports(quote, "3 caractères"), Err(EvidenceError::FigureNotInQuote));
        assert_eq!(supports("Il y a 12 500 noms.", "12500 noms"), Ok(()));
        assert_eq!(figures("1 250 000 FCFA"), ["1250000"]);
    }

    #[test]
    fn a_key_in_other_words_is_supported_by_two_thirds_of_its_content() {
        let quote = "Les cellules végétales possèdent une paroi rigide.";
        assert_eq!(supports(quote, "une paroi végétale rigide"), Ok(()));
        assert_eq!(supports(quote, "un noyau mobile"), Err(EvidenceError::KeyNotSupported));
        assert_eq!(supports(quote, "le la les"), Err(EvidenceError::KeyNotSupported));
        assert_eq!(supports(quote, ""), Err(EvidenceError::KeyNotSupported));
    }

    #[test]
    fn figures_are_read_in_french_and_english_notation() {
        assert_eq!(figures("12 500 € et 3,5 % de 1,200"), ["12500", "3.5", "1200"]);
        assert_eq!(figures("version 2.0.1, page 7."), ["2.0.1", "7"]);
        assert_eq!(figures("en 2019, 2020 et 2021"), ["2019", "2020", "2021"]);
    }
}
