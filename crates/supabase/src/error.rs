//! What can go wrong between a function and the project.

use crate::deadline::ANSWER_LIMIT;
use serde::Deserialize;

/// A call to the project that did not succeed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// PostgREST or Storage answered with an error of its own.
    #[error("{service} answered {status}: {code}: {message}")]
    Refused {
        /// Which part of the project answered: `rest` or `storage`.
        service: &'static str,
        /// HTTP status of the answer.
        status: u16,
        /// SQLSTATE or the service's own code; empty where it gave none.
        code: String,
        /// The service's message. SQL functions of Griot put a stable snake_case code here.
        message: String,
        /// The sentence for a person that came with it, if any.
        hint: Option<String>,
    },
    /// The project could not be reached, or the answer broke off.
    #[error("the project's {service} could not be reached: {cause}")]
    Unreachable {
        /// Which part of the project was called.
        service: &'static str,
        /// What the HTTP client said, without the address (it may hold a token).
        cause: String,
    },
    /// The answer was not of the form the API promises.
    #[error("the project's {service} answered something unexpected: {cause}")]
    Unexpected {
        /// Which part of the project answered.
        service: &'static str,
        /// What did not fit.
        cause: String,
    },
}

/// The error body of PostgREST and, with other names, of Storage.
#[derive(Default, Deserialize)]
struct Body {
    #[serde(default)]
    code: Option<serde_json::Value>,
    #[serde(default)]
    error: Option<serde_json::Value>,
    #[serde(default)]
    message: Option<String>,
    #[serde(default)]
    hint: Option<String>,
    #[serde(rename = "statusCode", default)]
    status_code: Option<serde_json::Value>,
}

impl Error {
    /// Reads the body of an answer whose status is not a success.
    pub(crate) fn from_answer(service: &'static str, status: u16, body: &[u8]) -> Self {
        let body: Body = serde_json::from_slice(body).unwrap_or_default();
        let text = |value: Option<serde_json::Value>| match value {
            Some(serde_json::Value::String(text)) => Some(text),
            Some(serde_json::Value::Number(number)) => Some(number.to_string()),
            _ => None,
        };
        // Storage answers 400 to everything and puts the real status into the body.
        let status = text(body.status_code)
            .and_then(|code| code.parse().ok())
            .filter(|code| (400..600).contains(code))
            .unwrap_or(status);
        Self::Refused {
            service,
            status,
            code: text(body.code).or(text(body.error)).unwrap_or_default(),
            message: body.message.unwrap_or_default(),
            hint: body.hint,
        }
    }

    /// Nothing came within [`ANSWER_LIMIT`].
    pub(crate) fn late(service: &'static str) -> Self {
        let cause = format!("no answer within {} s", ANSWER_LIMIT.as_secs());
        Self::Unreachable { service, cause }
    }

    /// Wraps a failure of the HTTP client. The address is left out: it may hold a token.
    pub(crate) fn unreachable(service: &'static str, cause: reqwest::Error) -> Self {
        Self::Unreachable { service, cause: cause.without_url().to_string() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn storage_hides_the_real_status_in_the_body() {
        let body = br#"{"statusCode":"404","error":"not_found","message":"Object not found"}"#;
        let Error::Refused { status, code, message, .. } = Error::from_answer("storage", 400, body)
        else {
            panic!("a refusal was expected");
        };
        assert_eq!(
            (status, code.as_str(), message.as_str()),
            (404, "not_found", "Object not found")
        );
    }

    #[test]
    fn an_error_body_that_is_not_json_still_gives_a_refusal_with_the_status() {
        let error = Error::from_answer("rest", 502, b"<html>bad gateway</html>");
        assert!(matches!(error, Error::Refused { status: 502, .. }));
    }
}
