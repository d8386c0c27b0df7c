//! `POST /messages/text`.

use std::time::Duration;

use http_call::{Answer, Failure};
use serde_json::{Value, json};

use crate::client::{Client, DEADLINE};
use crate::status::Status;

/// Longest text, in characters. WhatsApp takes more, but a notification that needs more is no
/// notification, and a reader on a small telephone sees "read more" long before.
pub const MAX_BODY_CHARACTERS: usize = 4096;

/// Largest answer that is read: an answer repeats our text and adds some fields around it.
const MAX_ANSWER_BYTES: usize = 256 << 10;

/// How a provider's identifier may look (`MessageID` of the contract, with room to grow): it is
/// stored, compared and shown.
const MAX_ID_BYTES: usize = 128;

/// What is known after one attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SendOutcome {
    /// Whapi has the message.
    Accepted {
        /// Whapi's identifier: statuses name it.
        id: String,
        /// Its first state, where told; [`Status::Failed`] is possible even here.
        status: Option<Status>,
    },
    /// Known **not** to be accepted, for a passing reason: no connection could be made, or 429.
    Retry {
        /// `connection_refused` or `rate_limited`.
        code: &'static str,
        /// The provider's words, safe to log.
        detail: String,
        /// How long it asks to wait, where it says so.
        after: Option<Duration>,
    },
    /// Refused for good: the same request would be refused again.
    Refused {
        /// `invalid_number`, `invalid_body`, `bad_request`, `unauthorized`, `payment_required`,
        /// `forbidden`, `not_found`, `channel_not_found`, `too_large`, `unsupported` or `rejected`.
        /// `unauthorized`, `payment_required` and `channel_not_found` are about the channel, not
        /// about this message: every other message would be refused too.
        code: &'static str,
        /// The provider's words, safe to log.
        detail: String,
    },
    /// WhatsApp does not know the number.
    UnknownNumber {
        /// The provider's words, safe to log.
        detail: String,
    },
    /// Nobody knows whether it was accepted. It must be looked up before it may be sent again.
    Uncertain {
        /// What happened.
        cause: Cause,
    },
}

/// Why an attempt is uncertain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cause {
    /// No answer in time.
    Timeout,
    /// The connection ended without an answer. Inside a Worker also: it could not be made, which
    /// cannot be told apart there.
    ConnectionLost,
    /// 5xx, or the 408 of a proxy: it may come after the message was accepted. That holds for 503
    /// as well: Whapi's own servers stand behind a proxy, which answers 503 for them too.
    ServerError {
        /// HTTP status.
        status: u16,
    },
    /// 2xx with a body that is not what the contract promises, or that broke off.
    UnreadableAnswer,
    /// 2xx that says `sent: false`.
    NotSent,
}

impl Cause {
    /// A stable `snake_case` name.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Timeout => "timeout",
            Self::ConnectionLost => "connection_lost",
            Self::ServerError { .. } => "server_error",
            Self::UnreadableAnswer => "unreadable_answer",
            Self::NotSent => "not_sent",
        }
    }
}

impl Client {
    /// Sends one text, once. `to` is a number's digits without `+`. Waits for `time`, but no longer than [`DEADLINE`].
    ///
    /// Links get no preview: for that Whapi would open them, and a link may work only once.
    pub async fn send_text(&self, to: &str, body: &str, time: Duration) -> SendOutcome {
        if !(9..=15).contains(&to.len()) || !to.bytes().all(|byte| byte.is_ascii_digit()) {
            return refused("invalid_number", "not 9 to 15 digits");
        }
        if body.trim().is_empty() || body.chars().count() > MAX_BODY_CHARACTERS {
            return refused("invalid_body", "empty or too long");
        }
        let address = self.address(&["messages", "text"]);
        let request = json!({ "to": to, "body": body, "no_link_preview": true });
        match self.post(address, &request, time.min(DEADLINE), MAX_ANSWER_BYTES).await {
            Ok(answer) => read_answer(&answer),
            Err(Failure::NeverWritten(_)) => SendOutcome::Retry {
                code: "connection_refused",
                detail: String::new(),
                after: None,
            },
            Err(Failure::Lost(_)) => SendOutcome::Uncertain { cause: Cause::ConnectionLost },
            Err(Failure::Timeout) => SendOutcome::Uncertain { cause: Cause::Timeout },
        }
    }
}

fn refused(code: &'static str, detail: &str) -> SendOutcome {
    SendOutcome::Refused { code, detail: detail.to_owned() }
}

fn read_answer(answer: &Answer) -> SendOutcome {
    let body: Value = answer
        .body
        .as_deref()
        .and_then(|body| serde_json::from_slice(body).ok())
        .unwrap_or_default();
    let status = answer.status;
    match status {
        200..=299 => accepted(&body),
        400..=499 if status != 408 => refusal(answer, &body),
        _ => SendOutcome::Uncertain { cause: Cause::ServerError { status } },
    }
}

fn accepted(body: &Value) -> SendOutcome {
    let sent = body.get("sent").and_then(Value::as_bool);
    let id = body.pointer("/message/id").and_then(Value::as_str).filter(|id| is_id(id));
    match (sent, id) {
        (Some(true), Some(id)) => SendOutcome::Accepted {
            id: id.to_owned(),
            status: body.pointer("/message/status").and_then(Value::as_str).and_then(Status::parse),
        },
        (Some(false), _) => SendOutcome::Uncertain { cause: Cause::NotSent },
        _ => SendOutcome::Uncertain { cause: Cause::UnreadableAnswer },
    }
}

fn refusal(answer: &Answer, body: &Value) -> SendOutcome {
    let words = |name: &str| body.get("error")?.get(name)?.as_str();
    let said = format!(
        "{} {}",
        words("message").unwrap_or_default(),
        words("details").unwrap_or_default()
    );
    let detail = messaging::safe_reason(&said);
    let code = match answer.status {
        429 => {
            return SendOutcome::Retry { code: "rate_limited", detail, after: answer.retry_after };
        }
        // The contract lists no 404 for this path, and Whapi answers one for two things that may be
        // missing: our channel, or the recipient. What is not Whapi's own error is neither.
        404 if said.to_ascii_lowercase().contains("channel") => "channel_not_found",
        404 if body.get("error").is_some() => return SendOutcome::UnknownNumber { detail },
        400 => "bad_request",
        401 => "unauthorized",
        402 => "payment_required",
        403 => "forbidden",
        404 => "not_found",
        413 => "too_large",
        415 => "unsupported",
        _ => "rejected",
    };
    SendOutcome::Refused { code, detail }
}

pub(crate) fn is_id(id: &str) -> bool {
    (1..=MAX_ID_BYTES).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_graphic())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(status: u16, body: &str) -> SendOutcome {
        read_answer(&Answer { status, body: Some(body.as_bytes().to_vec()), ..Answer::default() })
    }

    fn uncertain(cause: Cause) -> SendOutcome {
        SendOutcome::Uncertain { cause }
    }

    #[test]
    fn only_an_answer_with_an_identifier_is_an_acceptance() {
        let body = r#"{"sent":true,"message":{"id":"PsoT.abc-gIcNRJ","status":"pending","new":1}}"#;
        let id = "PsoT.abc-gIcNRJ".to_owned();
        assert_eq!(read(200, body), SendOutcome::Accepted { id, status: Some(Status::Pending) });
        for broken in [
            "",
            "<html>",
            "{}",
            r#"{"message":{"id":"abcd-efgh"}}"#,
            r#"{"sent":true}"#,
            r#"{"sent":true,"message":{"id":""}}"#,
            r#"{"sent":true,"message":{"id":"a b"}}"#,
            r#"{"sent":true,"message":{"id":7}}"#,
            r#"{"sent":"true","message":{"id":"abcd-efgh"}}"#,
        ] {
            assert_eq!(read(200, broken), uncertain(Cause::UnreadableAnswer), "{broken}");
        }
        assert_eq!(read(200, r#"{"sent":false}"#), uncertain(Cause::NotSent));
        let long = format!(r#"{{"sent":true,"message":{{"id":"{}"}}}}"#, "a".repeat(129));
        assert_eq!(read(200, &long), uncertain(Cause::UnreadableAnswer));
    }

    #[test]
    fn whatever_a_server_says_of_its_own_failing_is_uncertain() {
        for status in [500, 502, 503, 504, 520, 521, 522, 524, 530, 599, 408, 302, 101] {
            assert_eq!(read(status, "{}"), uncertain(Cause::ServerError { status }));
        }
    }

    #[test]
    fn a_refusal_keeps_the_reason_without_the_number() {
        let body = r#"{"error":{"code":400,"message":"Wrong request parameters","details":"to 24174000000"}}"#;
        assert_eq!(read(400, body), refused("bad_request", "Wrong request parameters to …"));
        for (status, code) in [
            (401, "unauthorized"),
            (402, "payment_required"),
            (403, "forbidden"),
            (404, "not_found"),
            (413, "too_large"),
            (415, "unsupported"),
            (422, "rejected"),
        ] {
            assert_eq!(read(status, "not json"), refused(code, ""), "{status}");
        }
    }

    #[test]
    fn a_missing_recipient_is_told_from_a_missing_channel_and_from_a_missing_page() {
        let body = |message: &str| format!(r#"{{"error":{{"code":404,"message":"{message}"}}}}"#);
        let detail = "Specified contact not found".to_owned();
        assert_eq!(read(404, &body(&detail)), SendOutcome::UnknownNumber { detail });
        let channel = refused("channel_not_found", "Channel not found");
        assert_eq!(read(404, &body("Channel not found")), channel);
        assert_eq!(read(404, "<h1>404</h1>"), refused("not_found", ""));
    }

    #[test]
    fn too_many_requests_are_known_not_to_be_accepted_even_without_a_body() {
        let after = Some(Duration::from_secs(3));
        let answer = Answer { status: 429, retry_after: after, ..Answer::default() };
        let outcome = SendOutcome::Retry { code: "rate_limited", detail: String::new(), after };
        assert_eq!(read_answer(&answer), outcome);
    }
}
