//! The question engine as functions call it. It runs where the platform keeps it, as it is too large
//! for the Worker, which holds its types only. An `Err` holds the reason for the log.

use crate::Platform;
use mcq::{Call, Flaw, Generated, Language, Options, Page, Question, Reviewed};
use serde::de::DeserializeOwned;
use std::borrow::Cow;

impl dyn Platform + '_ {
    /// [`mcq::detect_language`].
    pub fn detect_language(&self, pages: &[Page]) -> Result<Language, String> {
        self.ask(&Call::DetectLanguage { pages: pages.into() })
    }

    /// [`mcq::generate`].
    pub fn generate_questions(
        &self,
        pages: &[Page],
        options: &Options,
    ) -> Result<Generated, String> {
        self.ask(&Call::Generate { pages: pages.into(), options: Cow::Borrowed(options) })
    }

    /// [`mcq::review`].
    pub fn review_questions(
        &self,
        candidates: &[Question],
        pages: &[Page],
        language: Language,
    ) -> Result<Reviewed, String> {
        self.ask(&Call::Review { candidates: candidates.into(), pages: pages.into(), language })
    }

    /// [`mcq::balance_keys`].
    pub fn balance_keys(&self, questions: &[Question], seed: u64) -> Result<Vec<Question>, String> {
        self.ask(&Call::BalanceKeys { questions: questions.into(), seed })
    }

    /// [`mcq::find_flaws`], for a question that a person wrote.
    pub fn check_question(
        &self,
        question: &Question,
        language: Language,
    ) -> Result<Vec<Flaw>, String> {
        self.ask(&Call::FindFlaws { question: Cow::Borrowed(question), language })
    }

    fn ask<T: DeserializeOwned>(&self, call: &Call<'_>) -> Result<T, String> {
        let call = serde_json::to_vec(call).map_err(|error| error.to_string())?;
        serde_json::from_slice(&self.call_mcq(&call)?).map_err(|error| error.to_string())
    }
}
