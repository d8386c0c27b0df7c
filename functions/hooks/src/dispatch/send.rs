//! One attempt: render, send, say what is known.

use edge::{App, Messages};
use messaging::{Channel, Language, MessageType, Rendered, Template};
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;
use supabase::sendable;
use uuid::Uuid;

/// An attempt that has less than this is not begun: providers answer in well under a second, and
/// an attempt that is broken off leaves a message that must be looked up.
pub(super) const LEAST_MS: u64 = 5_000;
/// Wait after "too many requests" where the provider names none.
const TOO_MANY: Duration = Duration::from_secs(1);
/// After a refusal that is about us and not about a message, nothing more goes this way in this run,
/// and the message is tried again after this.
const OURS: Duration = Duration::from_secs(300);

/// A claimed message.
pub(super) struct Message {
    id: Uuid,
    pub(super) channel: Channel,
    recipient: String,
    message_type: String,
    language: Language,
    data: Value,
    attempts: i64,
    /// Its moment, from the claim on.
    pub(super) wait_ms: u64,
}

/// The place of a channel in a list of both.
pub(super) fn place(channel: Channel) -> usize {
    match channel {
        Channel::WhatsApp => 0,
        Channel::Email => 1,
    }
}

impl Message {
    /// An element of a claim; `None` where it is not what the database promises.
    pub(super) fn read(mut message: Value) -> Option<Self> {
        let data = message.get_mut("data")?.take();
        let text = |name: &str| message.get(name)?.as_str();
        Some(Self {
            id: Uuid::parse_str(text("id")?).ok()?,
            channel: Channel::from_name(text("channel")?)?,
            recipient: text("recipient")?.to_owned(),
            message_type: text("message_type")?.to_owned(),
            language: Language::from_code(text("language")?).unwrap_or_default(),
            data,
            attempts: message.get("attempts")?.as_i64()?,
            wait_ms: message.get("wait_ms")?.as_u64()?,
        })
    }

    /// `result`, as what became of this attempt of this message.
    pub(super) fn result(&self, mut result: Value) -> Value {
        if let Some(fields) = result.as_object_mut() {
            fields.insert("id".into(), json!(self.id));
            fields.insert("attempts".into(), json!(self.attempts));
        }
        result
    }

    fn render(&self, academy: &str) -> Result<Rendered, Value> {
        let refused = |code: &str, detail: String| json!({ "outcome": "refused", "code": code, "detail": detail });
        let message_type = MessageType::from_name(&self.message_type)
            .ok_or_else(|| refused("unknown_message_type", String::new()))?;
        let template =
            Template { message_type, channel: self.channel, language: self.language, academy };
        // Names a variable, never what it holds.
        template
            .render(self.id, &self.data)
            .map_err(|error| refused(error.code(), error.to_string()))
    }
}

/// What became of an attempt, for counting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Accepted,
    Retry,
    Refused,
    Uncertain,
}

pub(super) struct Outcome {
    pub(super) kind: Kind,
    /// For `record_outbound_results`.
    pub(super) result: Value,
    /// The channel is to wait.
    pub(super) hold: Option<Duration>,
    /// The code of a refusal that is about us.
    pub(super) trouble: Option<String>,
}

impl Outcome {
    fn new(kind: Kind, result: Value) -> Self {
        Self { kind, result, hold: None, trouble: None }
    }

    fn accepted(id: Option<String>) -> Self {
        Self::new(Kind::Accepted, json!({ "outcome": "accepted", "provider_message_id": id }))
    }

    fn retry(code: &str, detail: &str, after: Option<Duration>) -> Self {
        let seconds = after.map(|after| after.as_secs());
        let result = json!({
            "outcome": "retry", "code": code, "detail": detail, "retry_after_seconds": seconds,
        });
        let mut outcome = Self::new(Kind::Retry, result);
        // A quota is a "too many" with a long wait.
        if code == "rate_limited" || code.ends_with("quota_exceeded") {
            outcome.hold = Some(after.unwrap_or(TOO_MANY));
        }
        outcome
    }

    fn refused(code: &str, detail: &str) -> Self {
        let ours = matches!(
            code,
            "unauthorized"
                | "payment_required"
                | "channel_not_found"
                | "missing_api_key"
                | "invalid_api_key"
                | "restricted_api_key"
        );
        if ours {
            let mut outcome = Self::retry(code, detail, Some(OURS));
            outcome.hold = Some(OURS);
            outcome.trouble = Some(code.to_owned());
            return outcome;
        }
        let result = json!({ "outcome": "refused", "code": code, "detail": detail });
        Self::new(Kind::Refused, result)
    }

    fn unknown_number(detail: &str) -> Self {
        let result =
            json!({ "outcome": "unknown_number", "code": "unknown_number", "detail": detail });
        Self::new(Kind::Refused, result)
    }

    fn uncertain(code: &str) -> Self {
        Self::new(Kind::Uncertain, json!({ "outcome": "uncertain", "code": code }))
    }
}

/// The providers that are configured.
#[derive(Debug)]
pub(super) struct Providers {
    academy: String,
    whapi: Option<whapi::Client>,
    /// With the sender.
    resend: Option<(resend::Client, String)>,
}

impl Providers {
    pub(super) fn new(app: &App) -> Self {
        let Messages {
            academy_name,
            whapi_token,
            whapi_base_url,
            resend_api_key,
            resend_base_url,
            email_from,
            ..
        } = &app.config().messages;
        let clock = app.clone();
        let timer: whapi::Timer = Arc::new(move |duration| clock.platform().sleep(duration));
        let misconfigured = |cause: &dyn std::fmt::Display| {
            let line = json!({
                "message": "a provider of messages is not configured as it should be",
                "level": "error",
                "error.cause": cause.to_string(),
            });
            app.platform().log(&line.to_string());
        };
        let whapi = whapi_token.as_deref().and_then(|token| {
            whapi::Token::new(token)
                .and_then(|token| {
                    whapi::Client::new(app.http().clone(), whapi_base_url, token, timer.clone())
                })
                .map_err(|error| misconfigured(&error))
                .ok()
        });
        let resend = resend_api_key.as_deref().zip(email_from.clone()).and_then(|(key, from)| {
            resend::ApiKey::new(key)
                .and_then(|key| {
                    resend::Client::new(app.http().clone(), resend_base_url, key, timer)
                })
                .map_err(|error| misconfigured(&error))
                .ok()
                .map(|client| (client, from))
        });
        Self { academy: academy_name.clone(), whapi, resend }
    }

    /// What can be sent.
    pub(super) fn channels(&self) -> impl Iterator<Item = Channel> {
        let whatsapp = self.whapi.as_ref().map(|_| Channel::WhatsApp);
        let email = self.resend.as_ref().map(|_| Channel::Email);
        whatsapp.into_iter().chain(email)
    }

    pub(super) fn whapi(&self) -> Option<&whapi::Client> {
        self.whapi.as_ref()
    }

    /// One attempt, broken off after `patience`.
    pub(super) async fn send(&self, message: Message, patience: Duration) -> Outcome {
        let mut outcome = match (message.render(&self.academy), &self.whapi, &self.resend) {
            (Err(refused), _, _) => Outcome::new(Kind::Refused, refused),
            (Ok(Rendered::WhatsApp { text }), Some(whapi), _) => {
                let digits = message.recipient.trim_start_matches('+');
                of_whapi(sendable(whapi.send_text(digits, &text, patience)).await)
            }
            (Ok(Rendered::Email { subject, text, html }), _, Some((resend, from))) => {
                let key = message.id.to_string();
                let email = resend::Email {
                    from,
                    to: &message.recipient,
                    reply_to: None,
                    subject: &subject,
                    text: &text,
                    html: &html,
                };
                of_resend(sendable(resend.send_email(&key, &email, patience)).await)
            }
            // Only configured channels are claimed.
            _ => Outcome::retry("not_configured", "", None),
        };
        outcome.result = message.result(outcome.result);
        outcome
    }
}

fn of_whapi(sent: whapi::SendOutcome) -> Outcome {
    match sent {
        whapi::SendOutcome::Accepted { id, .. } => Outcome::accepted(Some(id)),
        whapi::SendOutcome::Retry { code, detail, after } => Outcome::retry(code, &detail, after),
        whapi::SendOutcome::Refused { code, detail } => Outcome::refused(code, &detail),
        whapi::SendOutcome::UnknownNumber { detail } => Outcome::unknown_number(&detail),
        whapi::SendOutcome::Uncertain { cause } => Outcome::uncertain(cause.code()),
    }
}

fn of_resend(sent: resend::SendOutcome) -> Outcome {
    match sent {
        resend::SendOutcome::Accepted { id } => Outcome::accepted(Some(id)),
        resend::SendOutcome::AcceptedEarlier => Outcome::accepted(None),
        resend::SendOutcome::Retry { code, detail, after } => Outcome::retry(code, &detail, after),
        resend::SendOutcome::Refused { code, detail } => Outcome::refused(&code, &detail),
    }
}
