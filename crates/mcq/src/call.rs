//! This crate called with data: one function, JSON in and JSON out, so that it can live in another
//! wasm module than its callers, who then link its types only.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use crate::{
    Language, Options, Page, Question, balance_keys, detect_language, find_flaws, generate, review,
};

/// One call, as data.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Call<'a> {
    /// [`detect_language`]; the answer is a [`Language`].
    DetectLanguage {
        /// The document.
        pages: Cow<'a, [Page]>,
    },
    /// [`generate`]; the answer is [`Generated`](crate::Generated).
    Generate {
        /// The document.
        pages: Cow<'a, [Page]>,
        /// What is wanted.
        options: Cow<'a, Options>,
    },
    /// [`review`]; the answer is [`Reviewed`](crate::Reviewed).
    Review {
        /// What was proposed.
        candidates: Cow<'a, [Question]>,
        /// The document.
        pages: Cow<'a, [Page]>,
        /// The language of the questions.
        language: Language,
    },
    /// [`balance_keys`]; the answer is the list of questions.
    BalanceKeys {
        /// The questions.
        questions: Cow<'a, [Question]>,
        /// The same seed gives the same letters.
        seed: u64,
    },
    /// [`find_flaws`]; the answer is a list of [`Flaw`](crate::Flaw).
    FindFlaws {
        /// The question.
        question: Cow<'a, Question>,
        /// Its language.
        language: Language,
    },
}

/// Answers a [`Call`] given as JSON, as JSON.
///
/// # Errors
/// When the bytes are no [`Call`].
pub fn answer(call: &[u8]) -> serde_json::Result<Vec<u8>> {
    match serde_json::from_slice(call)? {
        Call::DetectLanguage { pages } => serde_json::to_vec(&detect_language(&pages)),
        Call::Generate { pages, options } => serde_json::to_vec(&generate(&pages, &options)),
        Call::Review { candidates, pages, language } => {
            serde_json::to_vec(&review(candidates.into_owned(), &pages, language))
        }
        Call::BalanceKeys { questions, seed } => {
            let mut questions = questions.into_owned();
            balance_keys(&mut questions, seed);
            serde_json::to_vec(&questions)
        }
        Call::FindFlaws { question, language } => {
            serde_json::to_vec(&find_flaws(&question, language))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Flaw, Generated, Reviewed};
    use serde::de::DeserializeOwned;

    fn ask<T: DeserializeOwned>(call: &Call<'_>) -> T {
        serde_json::from_slice(&answer(&serde_json::to_vec(call).unwrap()).unwrap()).unwrap()
    }

    #[test]
    fn each_call_answers_as_its_function_does() {
        let text = include_str!("../tests/fixtures/sang.txt").replace('\u{c}', "\n");
        let pages = [Page { number: 1, text }];
        let options = Options { count: 4, language: Language::Fr, seed: 3, avoid: Vec::new() };

        let language: Language = ask(&Call::DetectLanguage { pages: Cow::from(&pages) });
        assert_eq!(language, detect_language(&pages));

        let generated: Generated =
            ask(&Call::Generate { pages: Cow::from(&pages), options: Cow::Borrowed(&options) });
        assert_eq!(generated, generate(&pages, &options));
        assert!(!generated.questions.is_empty());

        let mut candidates = generated.questions.clone();
        candidates.extend(generated.questions.iter().take(1).cloned());
        let reviewed: Reviewed = ask(&Call::Review {
            candidates: Cow::from(&candidates),
            pages: Cow::from(&pages),
            language: Language::Fr,
        });
        assert_eq!(reviewed, review(candidates, &pages, Language::Fr));
        assert_eq!(reviewed.dropped.len(), 1);

        let mut questions = generated.questions;
        let balanced: Vec<Question> =
            ask(&Call::BalanceKeys { questions: Cow::from(&questions), seed: u64::MAX });
        balance_keys(&mut questions, u64::MAX);
        assert_eq!(balanced, questions);

        let mut negative = questions.remove(0);
        negative.question_text = "Lequel n'est pas vrai ?".to_owned();
        let flaws: Vec<Flaw> =
            ask(&Call::FindFlaws { question: Cow::Borrowed(&negative), language: Language::Fr });
        assert_eq!(flaws, find_flaws(&negative, Language::Fr));
        assert!(flaws.contains(&Flaw::NegativeStem));
    }

    #[test]
    fn what_is_no_call_is_an_error() {
        for bytes in ["", "{}", "[]", r#"{"unknown": {}}"#, r#"{"generate": {"pages": []}}"#] {
            assert!(answer(bytes.as_bytes()).is_err(), "{bytes}");
        }
    }
}
