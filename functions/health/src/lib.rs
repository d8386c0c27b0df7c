//! `GET /api/health`: the Worker runs and its configuration is complete; with `?deep=1` also
//! whether what it depends on answers. Public.

mod deep;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Extension, Json};
use deep::{Check, Found, Kept, Providers};
use edge::openapi::ProblemBody;
use edge::{App, Problem, Query, Routes};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use utoipa::{IntoParams, OpenApi, ToSchema};

/// What the Worker says of itself and of what it depends on.
#[derive(Clone, Debug, Serialize, ToSchema)]
struct Health {
    /// `ok`; `degraded` where Storage does not answer; `down` where the database or the signing
    /// keys do not.
    status: Status,
    /// The version that runs.
    #[schema(example = "0.1.0")]
    version: &'static str,
    /// One for each service of the project; only with `deep=1`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    checks: Option<Vec<Check>>,
    /// Messages to people; only with `deep=1`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    outbox: Option<Outbox>,
    /// What lies outside the project, which is not called; only with `deep=1`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    providers: Option<Providers>,
}

/// Whether messages go out.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[schema(as = HealthOutbox)]
struct Outbox {
    /// For how many seconds the message that has waited longest should have been sent, or looked up; 0
    /// where none is late, `null` where the database did not say.
    #[schema(required)]
    oldest_due_seconds: Option<u64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
#[schema(as = HealthStatus)]
enum Status {
    Ok,
    Degraded,
    Down,
}

#[derive(Clone, Copy, Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct Wanted {
    /// `1` asks each service of the project; the result is kept for 5 seconds.
    #[serde(default)]
    #[param(inline, nullable = false)]
    deep: Deep,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, ToSchema)]
enum Deep {
    #[default]
    #[serde(rename = "0")]
    No,
    #[serde(rename = "1")]
    Yes,
}

/// The routes of this function.
pub fn routes() -> Routes {
    vec![("/api/health", get(health).layer(Extension(Arc::<Kept>::default())))]
}

/// What `docs/openapi.json` says of them.
pub fn openapi() -> utoipa::openapi::OpenApi {
    #[derive(OpenApi)]
    #[openapi(paths(health))]
    struct Document;
    Document::openapi()
}

/// Is the service well?
///
/// 200 when the Worker serves requests. With `deep=1` the services of the project are asked, at the
/// same time and for at most three seconds; the result is kept for five seconds.
///
/// 503 where the database or the signing keys do not answer. It is the one 503 whose body is not a
/// problem but the same form as that of 200.
#[utoipa::path(
    get,
    path = "/api/health",
    operation_id = "health",
    tag = "operation",
    params(Wanted),
    responses(
        (status = 200, description = "The service works.", body = Health),
        (status = 422, description = "`invalid_request`: `deep` is 0 or 1.", body = ProblemBody),
        (status = 500, description = "`misconfigured`: a variable is missing; the log names it.", body = ProblemBody),
        (status = 503, description = "The database or the signing keys do not answer.", body = Health),
    )
)]
async fn health(
    State(app): State<App>,
    Extension(kept): Extension<Arc<Kept>>,
    Query(wanted): Query<Wanted>,
) -> Result<Response, Problem> {
    let version = env!("CARGO_PKG_VERSION");
    if wanted.deep == Deep::No {
        let health =
            Health { status: Status::Ok, version, checks: None, outbox: None, providers: None };
        return Ok(Json(health).into_response());
    }
    let Found { checks, outbox } = kept.look(&app).await;
    let status = deep::judge(&checks);
    let code =
        if status == Status::Down { StatusCode::SERVICE_UNAVAILABLE } else { StatusCode::OK };
    let providers = Some(Providers::of(app.config()));
    let outbox = Some(Outbox { oldest_due_seconds: outbox });
    let health = Health { status, version, checks: Some(checks), outbox, providers };
    Ok((code, Json(health)).into_response())
}
