//! Scripting the stand-in from another process.
//!
//! - `POST /_control/openai {"faults": [...]}`: the next requests meet these faults
//! - `GET /_control/openai/requests`: what came so far
//! - `POST /_control/openai/release`: stalled requests go on
//! - `DELETE /_control/openai`: forget requests and faults

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::Deserialize;

use super::{Fault, Request, Stand, lock};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Script {
    faults: Vec<Fault>,
}

pub(crate) fn routes() -> Router<Arc<Stand>> {
    Router::new()
        .route("/_control/openai", post(script).delete(forget))
        .route("/_control/openai/requests", get(requests))
        .route("/_control/openai/release", post(release))
}

async fn script(State(stand): State<Arc<Stand>>, Json(script): Json<Script>) -> StatusCode {
    lock(&stand.faults).extend(script.faults);
    StatusCode::NO_CONTENT
}

async fn requests(State(stand): State<Arc<Stand>>) -> Json<Vec<Request>> {
    Json(lock(&stand.requests).clone())
}

async fn release(State(stand): State<Arc<Stand>>) -> StatusCode {
    stand.events.send_modify(|events| events.released += 1);
    StatusCode::NO_CONTENT
}

async fn forget(State(stand): State<Arc<Stand>>) -> StatusCode {
    lock(&stand.faults).clear();
    lock(&stand.requests).clear();
    *lock(&stand.last_content) = None;
    StatusCode::NO_CONTENT
}
