//! Reading the answer to `POST /chat/completions`.

use std::ops::AddAssign;

use mcq::Question;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::error::Error;
use crate::retry_after::retry_after;
use crate::salvage::complete_elements;

/// Tokens that were billed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Usage {
    /// Tokens of the request.
    pub prompt_tokens: u64,
    /// Tokens of the answer.
    pub completion_tokens: u64,
}

impl Usage {
    /// All tokens.
    #[must_use]
    pub fn total(self) -> u64 {
        self.prompt_tokens.saturating_add(self.completion_tokens)
    }
}

impl AddAssign for Usage {
    fn add_assign(&mut self, other: Self) {
        self.prompt_tokens = self.prompt_tokens.saturating_add(other.prompt_tokens);
        self.completion_tokens = self.completion_tokens.saturating_add(other.completion_tokens);
    }
}

/// What one answer holds. Nothing in it is checked against the document yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Completion {
    /// Candidates, as the model wrote them.
    pub questions: Vec<Question>,
    /// Elements that are not a question: a missing option, a key that is no letter.
    pub malformed: usize,
    /// The answer ended at its token limit; `questions` are those complete by then.
    pub cut_off: bool,
    /// The exact model that answered.
    pub model: String,
    /// Tokens that were billed.
    pub usage: Usage,
}

#[derive(Deserialize)]
struct Body {
    #[serde(default)]
    choices: Vec<Choice>,
    #[serde(default)]
    model: String,
    #[serde(default)]
    usage: Option<Usage>,
}

#[derive(Deserialize)]
struct Choice {
    message: AssistantMessage,
    #[serde(default)]
    finish_reason: Option<String>,
}

#[derive(Deserialize)]
struct AssistantMessage {
    #[serde(default)]
    content: Option<String>,
    #[serde(default)]
    refusal: Option<String>,
}

#[derive(Deserialize)]
struct ErrorBody {
    error: ErrorDetail,
}

#[derive(Deserialize)]
struct ErrorDetail {
    #[serde(default)]
    code: Option<String>,
    #[serde(default, rename = "type")]
    kind: Option<String>,
}

/// Reads an answer: its HTTP status, headers and body, whatever brought them.
///
/// An answer that was cut off by its token limit still gives the questions that were complete:
/// they are paid for, and each stands alone. Only a cut before the first one ended is an error.
///
/// # Errors
/// See [`Error`]; every status other than 2xx is one.
pub fn read_response(
    status: u16,
    headers: &[(String, String)],
    body: &[u8],
) -> Result<Completion, Error> {
    if !(200..300).contains(&status) {
        return Err(failure(status, headers, body));
    }
    let body: Body =
        serde_json::from_slice(body).map_err(|fault| invalid(&fault, Usage::default()))?;
    let usage = body.usage.unwrap_or_default();
    let Some(choice) = body.choices.into_iter().next() else {
        return Err(Error::NoMessage { what: "choices is empty", usage });
    };
    if choice.message.refusal.is_some_and(|words| !words.is_empty()) {
        return Err(Error::Refused { usage });
    }
    let content = choice.message.content.unwrap_or_default();
    let cut_off = match choice.finish_reason.as_deref() {
        Some("content_filter") => return Err(Error::ContentFilter { usage }),
        Some("length") => true,
        // Compatible servers may leave the reason out.
        Some("stop") | None => false,
        Some(_) => return Err(Error::NoMessage { what: "unexpected finish_reason", usage }),
    };
    let elements = if cut_off { cut_elements(&content) } else { elements(&content, usage)? };
    if cut_off && elements.is_empty() {
        return Err(Error::CutOff { usage });
    }
    let count = elements.len();
    let questions: Vec<Question> = elements.into_iter().filter_map(question).collect();
    Ok(Completion {
        malformed: count - questions.len(),
        questions,
        cut_off,
        model: body.model,
        usage,
    })
}

fn elements(content: &str, usage: Usage) -> Result<Vec<Value>, Error> {
    if content.trim().is_empty() {
        return Err(Error::NoMessage { what: "message.content is empty", usage });
    }
    let mut answer: Value =
        serde_json::from_str(content).map_err(|fault| invalid(&fault, usage))?;
    match answer.get_mut("questions").map(Value::take) {
        Some(Value::Array(elements)) => Ok(elements),
        _ => Err(Error::InvalidJson { line: 0, column: 0, usage }),
    }
}

fn cut_elements(content: &str) -> Vec<Value> {
    // The last token may just have completed the JSON; then the elements are the same.
    complete_elements(content)
        .into_iter()
        .filter_map(|text| serde_json::from_str(text).ok())
        .collect()
}

fn question(element: Value) -> Option<Question> {
    let mut question: Question = serde_json::from_value(element).ok()?;
    // Flaws are found by our checks, not claimed by the author.
    question.flaws.clear();
    let texts =
        question.choices.iter().map(|(_, text)| text).chain([question.question_text.as_str()]);
    let complete = texts.into_iter().all(|text| !text.trim().is_empty());
    complete.then_some(question)
}

/// Where the JSON broke. serde's own message is dropped: it quotes what it could not read.
fn invalid(fault: &serde_json::Error, usage: Usage) -> Error {
    Error::InvalidJson { line: fault.line(), column: fault.column(), usage }
}

fn failure(status: u16, headers: &[(String, String)], body: &[u8]) -> Error {
    let detail = serde_json::from_slice::<ErrorBody>(body).ok().map(|body| body.error);
    let (code, kind) = detail.map_or((None, None), |detail| (detail.code, detail.kind));
    let says = |word: &str| code.as_deref() == Some(word) || kind.as_deref() == Some(word);
    let retry_after = retry_after(headers);
    match status {
        401 => Error::Unauthorized,
        429 if says("insufficient_quota") || says("billing_hard_limit_reached") => {
            Error::QuotaExhausted
        }
        429 => Error::RateLimited { retry_after },
        400 if says("context_length_exceeded") => Error::PromptTooLong,
        400 if says("content_filter") => Error::ContentFilter { usage: Usage::default() },
        408 | 409 | 500.. => Error::Server { status, retry_after },
        _ => Error::Rejected {
            status,
            code: code.or(kind).and_then(safe_code).unwrap_or_else(|| "unknown".to_owned()),
        },
    }
}

/// A provider's code, if it looks like one: it will be logged.
fn safe_code(code: String) -> Option<String> {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    (!code.is_empty() && code.len() <= 64 && code.chars().all(plain)).then_some(code)
}

#[cfg(test)]
mod tests;
