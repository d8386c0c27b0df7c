//! `Idempotency-Key`: the same key gives the first answer again, and nothing is generated, paid
//! or stored twice. After the IETF draft "The Idempotency-Key HTTP Header Field".

use crate::Request;
use axum::response::{IntoResponse, Response};
use edge::{App, Problem, Staff};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use serde::Deserialize;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

/// The name under which this function's keys are kept; keys of other functions do not meet them.
pub(crate) const ENDPOINT: &str = "generate-questions";
/// Longest key, in bytes; a UUID has 36.
const KEY_MAX_BYTES: usize = 200;

static IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
static IDEMPOTENCY_REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");

/// What is known of a request's key.
#[derive(Debug)]
pub(crate) enum Claim {
    /// The request has no key.
    None,
    /// The key is new and is now ours.
    Ours(String),
    /// The key has its answer.
    Answered(Value),
}

#[derive(Deserialize)]
struct Begun {
    state: State,
    #[serde(default)]
    answer: Value,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum State {
    New,
    InProgress,
    Done,
    Mismatch,
}

/// Claims the request's key, if it has one.
pub(crate) async fn claim(
    app: &App,
    staff: &Staff,
    headers: &HeaderMap,
    request: &Request,
) -> Result<Claim, Problem> {
    let Some(value) = headers.get(&IDEMPOTENCY_KEY) else {
        return Ok(Claim::None);
    };
    let key = value
        .to_str()
        .ok()
        .filter(|key| (1..=KEY_MAX_BYTES).contains(&key.len()))
        .ok_or_else(|| {
            Problem::unprocessable(
                "invalid_idempotency_key",
                "« Idempotency-Key » doit compter 1 à 200 caractères ASCII, par exemple un UUID.",
                "Idempotency-Key must have 1 to 200 ASCII characters, for example a UUID.",
            )
        })?;
    let arguments = json!({
        "endpoint": ENDPOINT,
        "key": key,
        "fingerprint": fingerprint(request),
    });
    let begun: Begun =
        app.project().rpc(staff.identity(), "begin_idempotent_request", &arguments).await?;
    match begun.state {
        State::New => Ok(Claim::Ours(key.to_owned())),
        State::Done => Ok(Claim::Answered(begun.answer)),
        State::InProgress => Err(Problem::new(
            StatusCode::CONFLICT,
            "request_in_progress",
            "Une requête avec la même « Idempotency-Key » est en cours. Réessayez dans quelques \
             secondes.",
            "A request with the same Idempotency-Key is in progress. Try again in a few seconds.",
        )
        .header(http::header::RETRY_AFTER, HeaderValue::from_static("5"))),
        State::Mismatch => Err(Problem::unprocessable(
            "idempotency_key_reused",
            "Cette « Idempotency-Key » a déjà servi pour une autre requête. Utilisez une clé \
             nouvelle.",
            "This Idempotency-Key was used for another request. Use a new key.",
        )),
    }
}

/// The first answer, once more.
pub(crate) fn replay(answer: Value) -> Response {
    let mut response = axum::Json(answer).into_response();
    response.headers_mut().insert(&IDEMPOTENCY_REPLAYED, HeaderValue::from_static("true"));
    response
}

/// Gives the key back after a failure, so that the same request may be tried again. Where this
/// fails too, the database lets the key be taken over after a while.
pub(crate) async fn abandon(app: &App, staff: &Staff, claim: &Claim) {
    if let Claim::Ours(key) = claim {
        let arguments = json!({ "endpoint": ENDPOINT, "key": key });
        let given_back: Result<Value, _> =
            app.project().rpc(staff.identity(), "abandon_idempotent_request", &arguments).await;
        if let Err(error) = given_back {
            app.platform().log(
                &json!({
                    "message": "an idempotency key could not be given back",
                    "level": "warn",
                    "error.cause": error.to_string(),
                })
                .to_string(),
            );
        }
    }
}

/// What makes two requests the same: every field after defaults.
fn fingerprint(request: &Request) -> String {
    let bytes = serde_json::to_vec(request).unwrap_or_default();
    let mut text = String::with_capacity(64);
    for byte in Sha256::digest(&bytes) {
        text.push_str(&format!("{byte:02x}"));
    }
    text
}
