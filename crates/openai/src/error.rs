//! What can go wrong between a request and its questions.

use std::time::Duration;

use crate::response::Usage;

/// Why a request gave no questions.
///
/// Variants carry numbers and codes only: a message may be logged, and must hold neither the API
/// key nor a word of the document. For that reason a refusal's own words are dropped too: models
/// like to repeat what they refuse.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The model declined to answer (`message.refusal`).
    #[error("the model refused to write questions about this document")]
    Refused {
        /// Tokens that were billed all the same.
        usage: Usage,
    },
    /// The answer ended at the token limit before one question was complete.
    #[error("the answer was cut off before one question was complete")]
    CutOff {
        /// Tokens that were billed all the same.
        usage: Usage,
    },
    /// The provider's content filter held the answer back.
    #[error("the provider's content filter withheld the answer")]
    ContentFilter {
        /// Tokens that were billed all the same.
        usage: Usage,
    },
    /// The answer, or the questions inside it, were not the JSON that was asked for.
    #[error("the answer is not the JSON asked for (line {line}, column {column})")]
    InvalidJson {
        /// Line of the first fault, from 1; 0 where the JSON was of the wrong shape.
        line: usize,
        /// Column of the first fault, from 1; 0 where the JSON was of the wrong shape.
        column: usize,
        /// Tokens that were billed all the same; zero where the usage could not be read.
        usage: Usage,
    },
    /// A well-formed answer without anything that could hold questions.
    #[error("the answer holds no message: {what}")]
    NoMessage {
        /// What was missing or unexpected.
        what: &'static str,
        /// Tokens that were billed all the same.
        usage: Usage,
    },
    /// 429: too many requests or tokens per minute.
    #[error("the provider asks for fewer requests")]
    RateLimited {
        /// How long the provider asks to wait, where it says so.
        retry_after: Option<Duration>,
    },
    /// 429 `insufficient_quota`: the account has no credit left; waiting does not help.
    #[error("the account's quota is used up")]
    QuotaExhausted,
    /// 401: the key is missing, wrong or revoked.
    #[error("the API key was not accepted")]
    Unauthorized,
    /// 400 `context_length_exceeded`: the prompt is longer than the model can read.
    #[error("the prompt is longer than the model accepts")]
    PromptTooLong,
    /// Any other 4xx: the request itself is at fault, repeating it does not help.
    #[error("the provider rejected the request: {status} {code}")]
    Rejected {
        /// HTTP status.
        status: u16,
        /// The provider's error code, or `unknown`.
        code: String,
    },
    /// 5xx, and the 408 and 409 that the provider documents as passing conditions.
    #[error("the provider failed: {status}")]
    Server {
        /// HTTP status.
        status: u16,
        /// How long the provider asks to wait, where it says so.
        retry_after: Option<Duration>,
    },
    /// No complete answer within the deadline of one request.
    #[error("no answer within {} s", deadline.as_secs())]
    Timeout {
        /// The deadline that passed.
        deadline: Duration,
    },
    /// The connection could not be made, or broke.
    #[error("the connection failed")]
    Transport {
        /// The client's own error, without its URL.
        #[source]
        source: reqwest::Error,
    },
    /// The body is larger than any answer to our requests can be.
    #[error("the answer is larger than {limit} bytes")]
    TooLarge {
        /// The limit that was passed.
        limit: usize,
    },
    /// The answer could not be checked against the document; nothing unchecked is kept.
    #[error("the answer could not be reviewed")]
    Unreviewed,
    /// The document has no text to ask about, or the token budget leaves none of it.
    #[error("there is no text to ask about")]
    NoText,
    /// The client's settings cannot work: a base URL that is not one, a key that is not a header.
    #[error("the OpenAI client is misconfigured: {what}")]
    Configuration {
        /// Which setting, and what is wrong with it.
        what: &'static str,
    },
}

impl Error {
    /// Whether the same question, asked again, may be answered.
    ///
    /// Refusals and the content filter are final: a second try costs the same and seldom ends
    /// otherwise.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        match self {
            Self::CutOff { .. }
            | Self::InvalidJson { .. }
            | Self::NoMessage { .. }
            | Self::RateLimited { .. }
            | Self::PromptTooLong
            | Self::Server { .. }
            | Self::Timeout { .. }
            | Self::Transport { .. } => true,
            Self::Refused { .. }
            | Self::ContentFilter { .. }
            | Self::QuotaExhausted
            | Self::Unauthorized
            | Self::Rejected { .. }
            | Self::TooLarge { .. }
            | Self::Unreviewed
            | Self::NoText
            | Self::Configuration { .. } => false,
        }
    }

    /// A stable `snake_case` name, for logs and warnings.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Refused { .. } => "refused",
            Self::CutOff { .. } => "cut_off",
            Self::ContentFilter { .. } => "content_filter",
            Self::InvalidJson { .. } => "invalid_json",
            Self::NoMessage { .. } => "no_message",
            Self::RateLimited { .. } => "rate_limited",
            Self::QuotaExhausted => "quota_exhausted",
            Self::Unauthorized => "unauthorized",
            Self::PromptTooLong => "prompt_too_long",
            Self::Rejected { .. } => "rejected",
            Self::Server { .. } => "server_error",
            Self::Timeout { .. } => "timeout",
            Self::Transport { .. } => "transport",
            Self::TooLarge { .. } => "too_large",
            Self::Unreviewed => "unreviewed",
            Self::NoText => "no_text",
            Self::Configuration { .. } => "configuration",
        }
    }

    /// How long the provider asks to wait before the next request, where it says so.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::RateLimited { retry_after } | Self::Server { retry_after, .. } => *retry_after,
            _ => None,
        }
    }

    /// The tokens that were billed although no question came of them.
    #[must_use]
    pub fn usage(&self) -> Usage {
        match self {
            Self::Refused { usage }
            | Self::CutOff { usage }
            | Self::ContentFilter { usage }
            | Self::InvalidJson { usage, .. }
            | Self::NoMessage { usage, .. } => *usage,
            _ => Usage::default(),
        }
    }
}

impl From<reqwest::Error> for Error {
    fn from(source: reqwest::Error) -> Self {
        Self::Transport { source: source.without_url() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all() -> Vec<(Error, &'static str, bool)> {
        let usage = Usage { prompt_tokens: 2, completion_tokens: 1 };
        let wait = Some(Duration::from_secs(3));
        vec![
            (Error::Refused { usage }, "refused", false),
            (Error::CutOff { usage }, "cut_off", true),
            (Error::ContentFilter { usage }, "content_filter", false),
            (Error::InvalidJson { line: 1, column: 2, usage }, "invalid_json", true),
            (Error::NoMessage { what: "no choices", usage }, "no_message", true),
            (Error::RateLimited { retry_after: wait }, "rate_limited", true),
            (Error::QuotaExhausted, "quota_exhausted", false),
            (Error::Unauthorized, "unauthorized", false),
            (Error::PromptTooLong, "prompt_too_long", true),
            (Error::Rejected { status: 404, code: "x".into() }, "rejected", false),
            (Error::Server { status: 500, retry_after: wait }, "server_error", true),
            (Error::Timeout { deadline: Duration::from_secs(60) }, "timeout", true),
            (Error::TooLarge { limit: 9 }, "too_large", false),
            (Error::Unreviewed, "unreviewed", false),
            (Error::NoText, "no_text", false),
            (Error::Configuration { what: "base URL" }, "configuration", false),
        ]
    }

    #[test]
    fn each_error_has_its_own_code_and_says_whether_to_try_again() {
        let mut codes = std::collections::BTreeSet::new();
        for (error, code, retryable) in all() {
            assert_eq!(error.code(), code);
            assert_eq!(error.is_retryable(), retryable, "{code}");
            assert!(codes.insert(code), "{code} is used twice");
            assert!(!error.to_string().is_empty());
        }
    }

    #[test]
    fn only_throttling_and_server_errors_carry_a_wait_and_only_answers_carry_usage() {
        for (error, code, _) in all() {
            let waits = matches!(code, "rate_limited" | "server_error");
            assert_eq!(error.retry_after().is_some(), waits, "{code}");
            let billed = matches!(
                code,
                "refused" | "cut_off" | "content_filter" | "invalid_json" | "no_message"
            );
            assert_eq!(error.usage().total() > 0, billed, "{code}");
        }
    }
}
