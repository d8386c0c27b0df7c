//! `POST /api/send-whatsapp`: staff write to a person. The message is a row of the outbox first; it
//! goes after the answer.

use axum::extract::State;
use axum::response::Response;
use axum::routing::post;
use edge::openapi::{BodyRefusal, ProblemBody, SignedInRefusal};
use edge::{App, Json, LookNow, PassOn, Problem, Routes, SignedIn};
use http::{HeaderMap, StatusCode};
use messaging::{Channel, MessageType, PhoneNumber, Template};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::{OpenApi, ToSchema};
use uuid::Uuid;

const PATH: &str = "/api/send-whatsapp";
/// Longest `Idempotency-Key`, in bytes; a UUID has 36.
const KEY_MAX_BYTES: usize = 200;

/// The routes of this function.
pub fn routes() -> Routes {
    vec![(PATH, post(send_whatsapp))]
}

/// What `docs/openapi.json` says of them.
pub fn openapi() -> utoipa::openapi::OpenApi {
    #[derive(OpenApi)]
    #[openapi(paths(send_whatsapp))]
    struct Document;
    Document::openapi()
}

/// A message to one person.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[schema(as = WhatsAppMessage)]
struct Request {
    /// The number, international or of Gabon.
    #[schema(example = "074 00 00 00", max_length = 64)]
    to: String,
    #[schema(inline)]
    message_type: Kind,
    /// The variables of the message: `name`, `masterclass`, `score`, `max_score`, `gain`, `date`, `time`,
    /// `time_zone`, `link`, `text`, as the type asks for them.
    #[schema(value_type = Object, example = json!({"name": "Awa Mbeng", "masterclass": "Gérer sa trésorerie"}))]
    data: Value,
    /// Left out, that of the person whose number it is, else French.
    #[serde(default)]
    #[schema(inline, nullable = false)]
    language: Option<Language>,
}

/// What `send_message` takes.
#[derive(Serialize)]
struct Arguments<'a> {
    recipient: &'a str,
    message_type: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    language: Option<Language>,
    data: &'a Value,
    #[serde(skip_serializing_if = "Option::is_none")]
    dedupe_key: Option<&'a str>,
}

#[derive(Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum Kind {
    RegistrationConfirmation,
    PreTestResult,
    PostTestResult,
    MasterclassReminder,
    Validation,
    Custom,
}

impl Kind {
    fn message_type(self) -> MessageType {
        match self {
            Self::RegistrationConfirmation => MessageType::RegistrationConfirmation,
            Self::PreTestResult => MessageType::PreTestResult,
            Self::PostTestResult => MessageType::PostTestResult,
            Self::MasterclassReminder => MessageType::MasterclassReminder,
            Self::Validation => MessageType::Validation,
            Self::Custom => MessageType::Custom,
        }
    }
}

#[derive(Clone, Copy, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum Language {
    Fr,
    En,
}

/// The row of the outbox.
#[derive(ToSchema)]
#[allow(dead_code, reason = "documents what the database answers")]
#[schema(as = WhatsAppMessageWritten)]
struct Answer {
    id: Uuid,
    /// `queued`, or where the message has got to when it was written before under the same key;
    /// `cancelled` where the person does not want messages.
    #[schema(example = "queued")]
    state: String,
    /// Why, where there is something to say: `opted_out`.
    #[schema(required)]
    code: Option<String>,
    /// The number in E.164.
    #[schema(example = "+24174000000")]
    to: String,
}

/// Send a WhatsApp message
///
/// 1. The caller is signed in: 401 `unauthenticated`, 429 `too_many_requests`.
/// 2. The body is a `WhatsAppMessage`: 400 `malformed_json`, 413 `body_too_large`, 415
///    `unsupported_media_type`, 422 `invalid_request`.
/// 3. The number is one: 422 `phone_number_…`.
/// 4. The variables are those of the message: 422 `variable_…`.
/// 5. One call of `send_message` as the caller: 403 `staff_only`, 409 `dedupe_key_conflict`.
#[utoipa::path(
    post,
    path = PATH,
    operation_id = "sendWhatsapp",
    tag = "messages",
    description = "For administrators and tutors. The message is written into the outbox and sent from there: at once, or \
        when quiet hours, pace and earlier messages to the same person allow. With an `Idempotency-Key` the same \
        call again writes nothing new and answers with the first message's state.",
    security(("access_token" = [])),
    params(("idempotency-key" = Option<String>, Header, nullable = false, min_length = 1, max_length = 200,
        description = "Chosen by the caller, one for each message.")),
    request_body = Request,
    responses(
        (status = 202, description = "It is in the outbox.", body = Answer),
        (status = 403, description = "`staff_only`: for administrators and tutors.", body = ProblemBody),
        (status = 409, description = "`dedupe_key_conflict`: another message has this key.", body = ProblemBody),
        (status = 422, description = "`invalid_request`: `details.field` names the field. `phone_number_missing`, \
            `phone_number_characters`, `phone_number_country`, `phone_number_length`, `phone_number_renumbered`, \
            `phone_number_prefix`: the number is none. `variables_not_an_object`, `variable_missing`, `variable_unknown`, \
            `variable_too_long`, `variable_wrong`: `details.field` names the variable. `invalid_idempotency_key`: use \
            another key.", body = ProblemBody),
        SignedInRefusal,
        BodyRefusal,
    )
)]
async fn send_whatsapp(
    State(app): State<App>,
    caller: SignedIn,
    headers: HeaderMap,
    Json(request): Json<Request>,
) -> Result<Response, Problem> {
    let key = idempotency_key(&headers)?;
    let number = PhoneNumber::parse(&request.to).map_err(|error| {
        let [french, english] = error.message();
        Problem::unprocessable(error.code(), french, english)
            .details(json!({ "field": "to", "reason": error.to_string() }))
    })?;
    let message_type = request.message_type.message_type();
    Template::check(message_type, Channel::WhatsApp, &request.data).map_err(|error| {
        let [french, english] = error.message();
        let field = error.variable().map_or("data".into(), |name| format!("data.{name}"));
        Problem::unprocessable(error.code(), french, english)
            .details(json!({ "field": field, "reason": error.to_string() }))
    })?;
    let arguments = Arguments {
        recipient: number.e164(),
        message_type: message_type.name(),
        language: request.language,
        data: &request.data,
        dedupe_key: key,
    };
    let written = app.project().pass_on(caller.identity(), "send_message", &arguments).await?;
    Ok(LookNow::after((StatusCode::ACCEPTED, PassOn(written))))
}

fn idempotency_key(headers: &HeaderMap) -> Result<Option<&str>, Problem> {
    let Some(value) = headers.get("idempotency-key") else {
        return Ok(None);
    };
    let key = value.to_str().ok().filter(|key| (1..=KEY_MAX_BYTES).contains(&key.len()));
    key.map(Some).ok_or_else(|| {
        Problem::unprocessable(
            "invalid_idempotency_key",
            "« Idempotency-Key » doit compter 1 à 200 caractères ASCII, par exemple un UUID.",
            "Idempotency-Key must have 1 to 200 ASCII characters, for example a UUID.",
        )
    })
}
