//! What can be scripted of Resend alone. Below `/_control/resend`, besides what all messages share:
//!
//! - `POST settings {"latency_milliseconds": 50, "domains": ["example.org"], …}` ([`Settings`])

use std::sync::Arc;

use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::routing::{delete, get, post};
use axum::{Json, Router};
use serde::Deserialize;

use super::{Accepted, Settings, Stand};

#[derive(Deserialize)]
struct From {
    #[serde(default)]
    from: usize,
}

pub(super) fn routes(stand: Arc<Stand>) -> Router {
    Router::new()
        .route("/_control/resend", delete(forget))
        .route("/_control/resend/book", get(book))
        .route("/_control/resend/settings", post(settings))
        .with_state(stand)
}

async fn forget(State(stand): State<Arc<Stand>>) -> StatusCode {
    stand.forget();
    StatusCode::NO_CONTENT
}

async fn book(State(stand): State<Arc<Stand>>, Query(from): Query<From>) -> Json<Vec<Accepted>> {
    Json(stand.book(from.from))
}

async fn settings(State(stand): State<Arc<Stand>>, Json(settings): Json<Settings>) -> StatusCode {
    stand.set(settings);
    StatusCode::NO_CONTENT
}
