//! What a front end asks for.

use edge::Problem;
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::ops::RangeInclusive;
use utoipa::ToSchema;
use uuid::Uuid;

/// Questions one request may ask for. 50 is five tests; more is asked in several requests, which
/// keeps one request inside the CPU time of a Worker.
const COUNT: RangeInclusive<usize> = 1..=50;
/// Longest address, in bytes; the limit browsers and proxies share.
const PDF_URL_MAX_BYTES: usize = 2048;
/// Seeds are integers that JavaScript holds exactly.
const SEED_MAX: u64 = (1 << 53) - 1;

/// Body of `POST /api/generate-questions`. One of `masterclass_id` and `pdf_url` is needed.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = GenerateQuestions)]
pub struct Request {
    /// The masterclass whose PDF is read and which gets the questions, as drafts.
    #[serde(default)]
    pub masterclass_id: Option<Uuid>,
    /// An object of the project's own Storage, or a public https address. Without a masterclass
    /// nothing is stored.
    #[serde(default)]
    #[schema(min_length = 1, max_length = 2048)]
    pub pdf_url: Option<String>,
    /// How many questions, 1 to 50.
    #[serde(default = "ten")]
    #[schema(minimum = 1, maximum = 50, default = 10)]
    pub count: usize,
    /// The language of the questions; `auto` is that of the document.
    #[serde(default)]
    #[schema(default = "auto")]
    pub language: WantedLanguage,
    /// Who writes the questions; `auto` is OpenAI where a key is set.
    #[serde(default)]
    #[schema(default = "auto")]
    pub engine: WantedEngine,
    /// The same seed and document give the same questions (embedded engine).
    #[serde(default)]
    #[schema(minimum = 0, maximum = 9_007_199_254_740_991_u64)]
    pub seed: Option<u64>,
}

/// The language that is asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum WantedLanguage {
    /// That of the document.
    #[default]
    Auto,
    /// Français.
    Fr,
    /// English.
    En,
}

/// The engine that is asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum WantedEngine {
    /// OpenAI where a key is set, else embedded.
    #[default]
    Auto,
    /// OpenAI chat completions, completed by the embedded engine where it yields too few.
    Openai,
    /// No network, no key.
    Embedded,
}

fn ten() -> usize {
    10
}

impl Request {
    /// What the types alone do not say.
    ///
    /// # Errors
    /// 422 `invalid_request` with the field in `details`.
    pub fn check(&self) -> Result<(), Problem> {
        let refuse = |field: &str, reason: &str, french: &str, english: &str| {
            Err(Problem::unprocessable("invalid_request", french, english)
                .details(json!({ "field": field, "reason": reason })))
        };
        if !COUNT.contains(&self.count) {
            return refuse(
                "count",
                "out of 1..=50",
                "« count » doit être compris entre 1 et 50.",
                "count must be between 1 and 50.",
            );
        }
        if self.masterclass_id.is_none() && self.pdf_url.is_none() {
            return refuse(
                "pdf_url",
                "missing",
                "Indiquez « masterclass_id » ou « pdf_url ».",
                "Give masterclass_id or pdf_url.",
            );
        }
        if self.pdf_url.as_ref().is_some_and(|url| url.is_empty() || url.len() > PDF_URL_MAX_BYTES)
        {
            return refuse(
                "pdf_url",
                "empty or over 2048 bytes",
                "« pdf_url » est vide ou dépasse 2048 octets.",
                "pdf_url is empty or over 2048 bytes.",
            );
        }
        if self.seed.is_some_and(|seed| seed > SEED_MAX) {
            return refuse(
                "seed",
                "over 2^53 - 1",
                "« seed » doit être un entier entre 0 et 2^53 - 1.",
                "seed must be an integer between 0 and 2^53 - 1.",
            );
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn field_refused(body: &str) -> Option<String> {
        let request: Request = serde_json::from_str(body).unwrap();
        let problem = request.check().err()?;
        Some(problem.details["field"].as_str().unwrap().to_owned())
    }

    #[test]
    fn defaults_are_ten_questions_in_the_documents_language() {
        let request: Request = serde_json::from_str(r#"{"pdf_url":"a/b"}"#).unwrap();
        assert_eq!(request.count, 10);
        assert_eq!(request.language, WantedLanguage::Auto);
        assert_eq!(request.engine, WantedEngine::Auto);
    }

    #[test]
    fn values_out_of_range_are_refused_by_field() {
        assert_eq!(field_refused(r#"{"pdf_url":"a/b","count":50}"#), None);
        assert_eq!(field_refused(r#"{"pdf_url":"a/b","count":0}"#).as_deref(), Some("count"));
        assert_eq!(field_refused(r#"{"pdf_url":"a/b","count":51}"#).as_deref(), Some("count"));
        assert_eq!(field_refused(r"{}").as_deref(), Some("pdf_url"));
        assert_eq!(field_refused(r#"{"pdf_url":""}"#).as_deref(), Some("pdf_url"));
        assert_eq!(
            field_refused(r#"{"pdf_url":"a/b","seed":9007199254740992}"#).as_deref(),
            Some("seed")
        );
    }

    #[test]
    fn unknown_fields_are_refused() {
        assert!(serde_json::from_str::<Request>(r#"{"pdf_url":"a/b","cuont":5}"#).is_err());
    }
}
