//! What a front end gets.

use mcq::Question;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

/// Body of the answer to `POST /api/generate-questions`.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = GeneratedQuestions)]
pub struct Answer {
    /// Who wrote the questions.
    pub engine: Engine,
    /// The model, as its provider names it, or the version of the embedded engine.
    pub model: String,
    /// Language of the questions.
    pub language: mcq::Language,
    /// Pages of the document.
    pub pages: u32,
    /// The seed; sent again with the same document, it gives the same questions.
    pub seed: u64,
    /// The questions; at most as many as were asked for.
    pub questions: Vec<Numbered>,
    /// What to know before using them.
    pub warnings: Vec<Warning>,
}

/// A question with its id in the bank.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = GeneratedQuestion)]
pub struct Numbered {
    /// `questions.id`, where the question was stored.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub id: Option<Uuid>,
    /// The question itself.
    #[serde(flatten)]
    pub question: Question,
}

/// The engines.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Engine {
    /// OpenAI chat completions.
    Openai,
    /// The engine of this project.
    Embedded,
}

/// Something to know before using the questions.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Warning {
    /// Stable, snake_case.
    pub code: &'static str,
    /// For a person, in the caller's language.
    pub message: String,
}
