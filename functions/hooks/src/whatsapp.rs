//! What Whapi says: states of our messages, and what people write.

use crate::{moment, secret};
use axum::Json;
use axum::body::Body;
use axum::extract::State;
use edge::openapi::{AnyRefusal, ProblemBody};
use edge::{App, Problem};
use http::HeaderMap;
use messaging::Keyword;
use serde_json::{Value, json};
use supabase::Identity;
use utoipa::ToSchema;
use whapi::{Status, webhook};

const WHY: &str = "Whapi reports on messages";

/// What was done with a call.
#[derive(Debug, Default, ToSchema)]
#[schema(as = WhapiHookAnswer)]
pub(crate) struct Answer {
    /// Messages whose state moved forward.
    applied: u64,
    /// States that are no news: said already, or behind what is known.
    ignored: u64,
    /// States of messages that are not ours, or not yet: kept for a day.
    unknown: u64,
    /// STOP and START.
    keywords: u64,
    /// Parts of the call that mean nothing to us.
    skipped: u64,
}

/// Record delivery states and STOP
///
/// States come late, twice and in any order: they only move a message forward. STOP, ARRET, ARRÊT or
/// STOPPER end messages to a number, START and REPRENDRE bring them back; other texts are ignored.
#[utoipa::path(
    post,
    path = "/api/hooks/whapi",
    operation_id = "hookWhapi",
    tag = "hooks",
    security(("webhook_secret" = [])),
    request_body(content = Object, description = "A webhook of Whapi (events `statuses` and `messages`)."),
    responses(
        (status = 200, description = "Recorded.", body = Answer),
        (status = 400, description = "`malformed_json`: the body is not a JSON object.", body = ProblemBody),
        (status = 401, description = "`invalid_webhook_secret`: the header `x-webhook-secret` does not fit.", body = ProblemBody),
        (status = 404, description = "`hook_not_configured`: no WHAPI_WEBHOOK_SECRET is set.", body = ProblemBody),
        (status = 413, description = "`body_too_large`: over 1 MiB.", body = ProblemBody),
        AnyRefusal,
    )
)]
pub(crate) async fn whatsapp(
    State(app): State<App>,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<Value>, Problem> {
    secret::check(app.config().messages.whapi_webhook_secret.as_deref(), &headers)?;
    let body = secret::read(body, webhook::MAX_BYTES).await?;
    let told = webhook::parse(&body).map_err(secret::malformed)?;
    let mut answer = Answer { skipped: told.unknown as u64, ..Answer::default() };
    answer.skipped += told.outgoing.len() as u64;

    let mut statuses = Vec::new();
    for update in told.statuses {
        let status = match update.status {
            Status::Sent => "sent",
            Status::Delivered => "delivered",
            Status::Read | Status::Played => "read",
            Status::Failed => "failed",
            Status::Pending | Status::Deleted => {
                answer.skipped += 1;
                continue;
            }
        };
        statuses.push(json!({
            "provider_message_id": update.message_id, "status": status, "at": update.at.and_then(moment::write),
        }));
    }
    let project = app.project();
    if !statuses.is_empty() {
        let arguments = json!({ "statuses": statuses });
        let recorded: Value = project
            .rpc(Identity::Service(WHY), "record_delivery_statuses", &arguments)
            .await
            .map_err(Problem::unavailable)?;
        let count = |name: &str| recorded.get(name).and_then(Value::as_u64).unwrap_or_default();
        (answer.applied, answer.ignored, answer.unknown) =
            (count("applied"), count("ignored"), count("unknown"));
    }

    for text in told.incoming {
        let Some(keyword) = Keyword::read(&text.text) else {
            answer.skipped += 1;
            continue;
        };
        let arguments = json!({
            "number": text.from,
            "stop": keyword == Keyword::Stop,
            "provider_message_id": text.id,
            "said_at": text.at.and_then(moment::write),
        });
        let recorded: Result<Value, _> =
            project.rpc(Identity::Service(WHY), "record_keyword", &arguments).await;
        match recorded {
            Ok(_) => answer.keywords += 1,
            // Digits that are no number.
            Err(supabase::Error::Refused { status: 422, .. }) => answer.skipped += 1,
            Err(error) => return Err(Problem::unavailable(error)),
        }
    }
    let Answer { applied, ignored, unknown, keywords, skipped } = answer;
    Ok(Json(json!({
        "applied": applied, "ignored": ignored, "unknown": unknown, "keywords": keywords,
        "skipped": skipped,
    })))
}
