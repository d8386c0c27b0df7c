//! `GET /api/health`: the Worker runs and its configuration is complete. Public.

use axum::routing::get;
use axum::{Json, Router};
use edge::App;
use serde::Serialize;

/// Body of the answer.
#[derive(Clone, Copy, Debug, Serialize)]
struct Health {
    status: &'static str,
    version: &'static str,
}

/// The routes of this function.
pub fn routes() -> Router<App> {
    Router::new().route("/api/health", get(health))
}

/// Answers 200 when the Worker serves requests.
async fn health() -> Json<Health> {
    Json(Health { status: "ok", version: env!("CARGO_PKG_VERSION") })
}
