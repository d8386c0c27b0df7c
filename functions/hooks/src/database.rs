//! What the database says when a message was written.

use crate::secret;
use axum::body::Body;
use axum::extract::State;
use axum::response::Response;
use edge::openapi::{AnyRefusal, ProblemBody};
use edge::{App, LookNow, Problem};
use http::{HeaderMap, StatusCode};
use serde_json::Value;
use utoipa::ToSchema;

const BODY_MAX_BYTES: usize = 64 * 1024;

/// A database webhook of Supabase. Only that it comes counts; what it carries is read from the table.
#[derive(ToSchema)]
#[allow(dead_code, reason = "documents what is read of the body")]
pub(crate) struct DatabaseChange {
    /// The table that changed.
    #[schema(required = false, nullable = false, example = "outbound_messages")]
    table: Option<String>,
}

/// Look for messages to send
///
/// The database calls this when a message is written (`private.connect_webhook`). A call that is lost or
/// comes twice changes nothing: there is a look every minute anyway.
#[utoipa::path(
    post,
    path = "/api/hooks/database",
    operation_id = "hookDatabase",
    tag = "hooks",
    security(("webhook_secret" = [])),
    request_body = DatabaseChange,
    responses(
        (status = 202, description = "The outbox will be looked at."),
        (status = 400, description = "`malformed_json`: the body is not a JSON object.", body = ProblemBody),
        (status = 401, description = "`invalid_webhook_secret`: the header `x-webhook-secret` does not fit.", body = ProblemBody),
        (status = 404, description = "`hook_not_configured`: no WEBHOOK_SECRET is set.", body = ProblemBody),
        (status = 413, description = "`body_too_large`: over 64 KiB.", body = ProblemBody),
        AnyRefusal,
    )
)]
pub(crate) async fn database(
    State(app): State<App>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    secret::check(app.config().messages.webhook_secret.as_deref(), &headers)?;
    let body = secret::read(body, BODY_MAX_BYTES).await?;
    let change = secret::object(&body)?;
    let table = change.get("table").and_then(Value::as_str);
    // A webhook that was put on another table is none of ours.
    if table.is_some_and(|table| table != "outbound_messages") {
        return Ok(axum::response::IntoResponse::into_response(StatusCode::ACCEPTED));
    }
    Ok(LookNow::after(StatusCode::ACCEPTED))
}
