//! Why a question to Whapi was not answered. (Sending has its own [`SendOutcome`](crate::SendOutcome).)

use std::time::Duration;

/// Variants carry numbers and names only: a message may be logged.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The client's settings, or the arguments of a call, cannot work.
    #[error("the Whapi client is misconfigured: {what}")]
    Configuration {
        /// What is wrong.
        what: &'static str,
    },
    /// There is no such chat. This does **not** prove that a message was never accepted: WhatsApp
    /// knows some people by an older number or by no number, and then files the chat under that.
    #[error("Whapi knows no such chat")]
    ChatNotFound,
    /// 429.
    #[error("Whapi asks for fewer requests")]
    RateLimited {
        /// How long it asks to wait, where it says so.
        after: Option<Duration>,
    },
    /// Any other answer than 2xx.
    #[error("Whapi answered {status}")]
    Answered {
        /// HTTP status.
        status: u16,
    },
    /// 2xx with a body that is not what the contract promises, is too large or broke off.
    #[error("Whapi's answer cannot be read")]
    Unreadable,
    /// No answer in time.
    #[error("no answer from Whapi in time")]
    Timeout,
    /// The connection could not be made, or broke.
    #[error("the connection to Whapi failed")]
    Connection,
}

impl Error {
    /// A stable `snake_case` name, for logs.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Configuration { .. } => "configuration",
            Self::ChatNotFound => "chat_not_found",
            Self::RateLimited { .. } => "rate_limited",
            Self::Answered { .. } => "answered_with_error",
            Self::Unreadable => "unreadable_answer",
            Self::Timeout => "timeout",
            Self::Connection => "connection_lost",
        }
    }
}
