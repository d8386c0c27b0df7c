//! What Resend answers.

use std::sync::Arc;

use axum::http::request::Parts;
use axum::http::{Method, StatusCode};
use axum::response::{IntoResponse as _, Response};
use bytes::Bytes;
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use serde_json::{Value, json};

use super::{Asked, Found, Stand};
use crate::messages::{Cut, Site, hash};

impl Site for Stand {
    fn serve(
        self: Arc<Self>,
        head: Parts,
        body: Bytes,
    ) -> BoxFuture<'static, Result<Response, Cut>> {
        async move {
            match (&head.method, head.uri.path()) {
                (&Method::POST, "/emails") => self.email(&head, &body).await,
                (_, "/emails") => Ok(named(405, "method_not_allowed", "Method is not allowed")),
                _ => Ok(named(404, "not_found", "The requested endpoint does not exist")),
            }
        }
        .boxed()
    }
}

impl Stand {
    async fn email(self: &Arc<Self>, head: &Parts, bytes: &Bytes) -> Result<Response, Cut> {
        let body: Value = serde_json::from_slice(bytes).unwrap_or_default();
        let key = head.headers.get("idempotency-key").and_then(|value| value.to_str().ok());
        let violations = self.contract.request_faults(&body, &json!(key));
        let token = self.stage.token(&head.headers);
        let text = |pointer: &str| {
            body.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned()
        };
        let asked = Asked {
            key: key.unwrap_or_default().to_owned(),
            to: text("/to/0"),
            from: text("/from"),
            subject: text("/subject"),
            text: text("/text"),
            token: token.clone().unwrap_or_default(),
            content: hash(0, &[bytes]),
        };
        let identity = hash(0, &[b"email", asked.key.as_bytes(), bytes]);
        let refused = match (&token, violations.first()) {
            (None, _) if !head.headers.contains_key("authorization") => {
                Some(named(401, "missing_api_key", "Missing API key in the authorization header"))
            }
            (None, _) => Some(named(403, "invalid_api_key", "API key is invalid")),
            (_, Some(first)) if first.starts_with("Idempotency-Key") => {
                Some(named(400, "invalid_idempotency_key", "The key must be between 1-256 chars"))
            }
            (_, Some(first)) => Some(named(422, "validation_error", first)),
            _ => {
                self.forbids(&asked.from, &asked.to).map(|why| named(403, "validation_error", why))
            }
        };
        let fault = self.stage.enter("POST /emails", token.is_some(), violations, identity);
        if let Some(refused) = refused {
            return Ok(refused);
        }
        let found = self.find(&asked);
        let stand = Arc::clone(self);
        let answer = move || match found {
            Found::Free(hold) => (200, json!({ "id": stand.accept(asked, hold) })),
            Found::Same(id) => (200, json!({ "id": id })),
            Found::Other => (
                409,
                body_of(
                    409,
                    "invalid_idempotent_request",
                    "Same idempotency key used with a different request payload",
                ),
            ),
            Found::UnderWay => (
                409,
                body_of(
                    409,
                    "concurrent_idempotent_requests",
                    "Same idempotency key used while original request is still in progress",
                ),
            ),
        };
        self.stage.play(fault, answer).await
    }
}

/// An error in Resend's shape, by the name that goes with the status.
pub(super) fn error(status: u16, message: &str) -> Response {
    let name = match status {
        400 => "validation_error",
        401 => "missing_api_key",
        403 => "invalid_api_key",
        404 => "not_found",
        422 => "validation_error",
        // The quotas share the status: a scripted message may name them.
        429 if message.contains("daily") => "daily_quota_exceeded",
        429 if message.contains("monthly") => "monthly_quota_exceeded",
        429 => "rate_limit_exceeded",
        500 => "internal_server_error",
        _ => "application_error",
    };
    named(status, name, message)
}

fn named(status: u16, name: &str, message: &str) -> Response {
    let code = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    (code, axum::Json(body_of(status, name, message))).into_response()
}

fn body_of(status: u16, name: &str, message: &str) -> Value {
    json!({ "statusCode": status, "name": name, "message": message })
}
