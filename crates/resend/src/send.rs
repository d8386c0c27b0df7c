//! `POST /emails`.

use std::fmt;
use std::time::Duration;

use http_call::{Answer, Failure};
use reqwest::header::HeaderValue;
use serde_json::{Value, json};

use crate::client::{Client, DEADLINE};

/// How long Resend remembers an idempotency key, by its documentation. A later repetition is
/// another e-mail.
pub const KEY_LIFETIME: Duration = Duration::from_secs(24 * 60 * 60);

/// Longest idempotency key, by the published specification.
pub const MAX_KEY_BYTES: usize = 256;

/// Wait after a day's or a month's quota is used up, where Resend names none: it is given back over
/// hours, not seconds.
const QUOTA_WAIT: Duration = Duration::from_secs(60 * 60);

/// How a provider's identifier may look: it is stored, compared and shown.
const MAX_ID_BYTES: usize = 128;

/// One e-mail to one person.
#[derive(Clone, Copy)]
pub struct Email<'a> {
    /// The sender, with or without a name: `Académie <bonjour@example.org>`.
    pub from: &'a str,
    /// The recipient's address.
    pub to: &'a str,
    /// Where answers go, if not to the sender.
    pub reply_to: Option<&'a str>,
    /// One line.
    pub subject: &'a str,
    /// The plain version.
    pub text: &'a str,
    /// The HTML version.
    pub html: &'a str,
}

impl fmt::Debug for Email<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Email(…)")
    }
}

/// What is known after one attempt. Never uncertain: see the [crate's documentation](crate).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SendOutcome {
    /// Resend has the e-mail, by this attempt or by an earlier one with the same key.
    Accepted {
        /// Resend's identifier.
        id: String,
    },
    /// An earlier attempt with the same key was accepted, and had another text (a template that
    /// changed in between). The e-mail is on its way once; its identifier is not told.
    AcceptedEarlier,
    /// A passing reason: the same e-mail may be sent again **with the same key**.
    Retry {
        /// `connection_failed`, `timeout`, `unreadable_answer`, `server_error`, `under_way` (an
        /// attempt with the same key is not finished), `rate_limited`, `daily_quota_exceeded` or
        /// `monthly_quota_exceeded`.
        code: &'static str,
        /// The provider's words, safe to log.
        detail: String,
        /// How long to wait, where the provider says so or a quota is used up.
        after: Option<Duration>,
    },
    /// Refused for good: the same request would be refused again.
    Refused {
        /// `invalid_key`, `invalid_email`, or Resend's own name of the error (`validation_error`,
        /// `missing_api_key`, `invalid_api_key`, `restricted_api_key`, …), else `rejected`. A
        /// sender on `resend.dev` may write to its owner alone, and one on a domain that is not
        /// verified to nobody: both are a `validation_error` with status 403.
        code: String,
        /// The provider's words, safe to log.
        detail: String,
    },
}

impl Client {
    /// Sends one e-mail. `idempotency_key` names the message, not the attempt.
    ///
    /// Resend compares the whole request with the first one of the same key: a repetition must be
    /// the same to the letter, or it ends as [`SendOutcome::AcceptedEarlier`].
    pub async fn send_email(
        &self,
        idempotency_key: &str,
        email: &Email<'_>,
        time: Duration,
    ) -> SendOutcome {
        let plain = idempotency_key.bytes().all(|byte| byte.is_ascii_graphic());
        if !plain || !(1..=MAX_KEY_BYTES).contains(&idempotency_key.len()) {
            return refused("invalid_key", "not 1 to 256 printable characters");
        }
        let Ok(key) = HeaderValue::from_str(idempotency_key) else {
            return refused("invalid_key", "no header value");
        };
        if let Some(what) = fault(email) {
            return refused("invalid_email", what);
        }
        let mut request = json!({
            "from": email.from,
            "to": [email.to],
            "subject": email.subject,
            "text": email.text,
            "html": email.html,
        });
        if let (Some(reply_to), Some(members)) = (email.reply_to, request.as_object_mut()) {
            members.insert("reply_to".to_owned(), json!(reply_to));
        }
        match self.post(key, &request, time.min(DEADLINE)).await {
            Ok(answer) => read_answer(&answer),
            Err(Failure::Timeout) => retry("timeout", String::new(), None),
            // With a key it does not matter which.
            Err(Failure::NeverWritten(_) | Failure::Lost(_)) => {
                retry("connection_failed", String::new(), None)
            }
        }
    }
}

/// What the provider would refuse anyway, and line breaks, which could become headers.
fn fault(email: &Email<'_>) -> Option<&'static str> {
    let lines = [Some(email.from), Some(email.to), email.reply_to, Some(email.subject)];
    if lines.into_iter().flatten().any(|line| line.contains(char::is_control)) {
        return Some("a line break in an address or the subject");
    }
    let address = |text: &str| {
        let mut parts = text.split('@');
        let two = parts.next().is_some_and(|name| !name.is_empty())
            && parts.next().is_some_and(|domain| !domain.is_empty())
            && parts.next().is_none();
        two && !text.contains(char::is_whitespace) && !text.contains([',', ';', '<', '>'])
    };
    if !address(email.to) {
        return Some("the recipient is not one address");
    }
    let texts = [email.from, email.subject, email.text, email.html];
    texts.iter().any(|text| text.trim().is_empty()).then_some("a part is empty")
}

fn refused(code: &str, detail: &str) -> SendOutcome {
    SendOutcome::Refused { code: code.to_owned(), detail: detail.to_owned() }
}

fn retry(code: &'static str, detail: String, after: Option<Duration>) -> SendOutcome {
    SendOutcome::Retry { code, detail, after }
}

fn read_answer(answer: &Answer) -> SendOutcome {
    let wait = answer.retry_after.or(answer.rate_limit_reset);
    let body: Value = answer
        .body
        .as_deref()
        .and_then(|body| serde_json::from_slice(body).ok())
        .unwrap_or_default();
    let text = |name: &str| body.get(name).and_then(Value::as_str).unwrap_or_default();
    // One name has been published with a capital letter and without.
    let name = text("name").to_ascii_lowercase();
    let detail = messaging::safe_reason(text("message"));
    match (answer.status, name.as_str()) {
        (200..=299, _) => match text("id") {
            id if is_id(id) => SendOutcome::Accepted { id: id.to_owned() },
            _ => retry("unreadable_answer", String::new(), None),
        },
        (409, "invalid_idempotent_request") => SendOutcome::AcceptedEarlier,
        // `concurrent_idempotent_requests`, and whatever else is in the way of itself.
        (409, _) => retry("under_way", detail, wait),
        (429, "daily_quota_exceeded") => {
            retry("daily_quota_exceeded", detail, wait.or(Some(QUOTA_WAIT)))
        }
        (429, "monthly_quota_exceeded") => {
            retry("monthly_quota_exceeded", detail, wait.or(Some(QUOTA_WAIT)))
        }
        (429, _) => retry("rate_limited", detail, wait),
        (400..=499, _) if answer.status != 408 => {
            let known = safe_name(&name);
            SendOutcome::Refused { code: if known { name } else { "rejected".to_owned() }, detail }
        }
        _ => retry("server_error", detail, wait),
    }
}

/// A provider's name of an error, if it looks like one: it will be stored and logged.
fn safe_name(name: &str) -> bool {
    (1..=64).contains(&name.len())
        && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_')
}

fn is_id(id: &str) -> bool {
    (1..=MAX_ID_BYTES).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_graphic())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(status: u16, body: &str) -> SendOutcome {
        read_answer(&Answer { status, body: Some(body.as_bytes().to_vec()), ..Answer::default() })
    }

    fn named(status: u16, name: &str, message: &str) -> SendOutcome {
        read(status, &json!({"statusCode": status, "name": name, "message": message}).to_string())
    }

    #[test]
    fn an_identifier_is_an_acceptance_and_anything_else_with_200_is_asked_again() {
        let id = "49a3999c-0ce1-4ea6-ab68-afcd6dc2e794".to_owned();
        assert_eq!(read(200, &json!({"id": id}).to_string()), SendOutcome::Accepted { id });
        for broken in ["", "<html>", "{}", r#"{"id":""}"#, r#"{"id":7}"#, r#"{"id":"a b"}"#] {
            let again = retry("unreadable_answer", String::new(), None);
            assert_eq!(read(200, broken), again, "{broken}");
        }
    }

    #[test]
    fn every_passing_condition_is_a_retry() {
        for status in [500, 502, 503, 504, 520, 408, 302] {
            assert_eq!(read(status, "?"), retry("server_error", String::new(), None), "{status}");
        }
        let wait = Some(QUOTA_WAIT);
        for (status, name, code, after) in [
            (409, "concurrent_idempotent_requests", "under_way", None),
            (409, "", "under_way", None),
            (429, "rate_limit_exceeded", "rate_limited", None),
            (429, "", "rate_limited", None),
            (429, "daily_quota_exceeded", "daily_quota_exceeded", wait),
            (429, "monthly_quota_exceeded", "monthly_quota_exceeded", wait),
        ] {
            assert_eq!(
                named(status, name, "Wait"),
                retry(code, "Wait".to_owned(), after),
                "{name}"
            );
        }
    }

    #[test]
    fn a_key_used_for_another_text_means_that_the_first_one_was_accepted() {
        let outcome = named(409, "invalid_idempotent_request", "Same key, other payload");
        assert_eq!(outcome, SendOutcome::AcceptedEarlier);
    }

    #[test]
    fn any_other_4xx_is_final_and_keeps_its_name_and_reason_without_addresses() {
        let message =
            "You can only send testing emails to your own email address (awa@example.org).";
        let detail = "You can only send testing emails to your own email address …";
        assert_eq!(named(403, "validation_error", message), refused("validation_error", detail));
        let key = named(403, "invalid_api_Key", "API key is invalid");
        assert_eq!(key, refused("invalid_api_key", "API key is invalid"));
        assert_eq!(named(422, "<script>", "x"), refused("rejected", "x"));
        assert_eq!(read(404, "<h1>404</h1>"), refused("rejected", ""));
    }

    #[test]
    fn what_could_become_a_header_or_a_second_recipient_is_not_sent() {
        let good = Email {
            from: "Académie <bonjour@example.org>",
            to: "awa@example.org",
            reply_to: None,
            subject: "Bienvenue",
            text: "Bonjour\nAwa",
            html: "<p>Bonjour</p>",
        };
        assert_eq!(fault(&good), None);
        assert_eq!(format!("{good:?}"), "Email(…)");
        for to in ["", "awa", "@", "a@", "@b", "a@b@c", "a@b, c@d", "a@b\nBcc: c@d", "<a@b>"] {
            assert!(fault(&Email { to, ..good }).is_some(), "{to}");
        }
        assert!(fault(&Email { subject: "a\r\nBcc: x@y", ..good }).is_some());
        assert!(fault(&Email { reply_to: Some("a@b\n"), ..good }).is_some());
        assert!(fault(&Email { html: " ", ..good }).is_some());
    }
}
