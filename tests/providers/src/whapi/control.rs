//! What can be scripted of Whapi alone. Below `/_control/whapi`, besides what all messages share:
//!
//! - `POST settings {"latency_milliseconds": 50, "unknown": ["24174000000"], …}` ([`Settings`])
//! - `POST webhook {"url": …, "header": ["x-secret", "…"], "seed": 7, "twice": 0.1, …}`
//!   ([`Webhook`]), `DELETE webhook`, `GET webhook`: what has become of them
//! - `POST incoming {"from": "24174000000", "text": "STOP"}`: somebody writes to us

use std::sync::Arc;

use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::routing::{delete, get, post};
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Accepted, Delivered, Settings, Stand, Webhook};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Incoming {
    from: String,
    text: String,
}

#[derive(Deserialize)]
struct From {
    #[serde(default)]
    from: usize,
}

pub(super) fn routes(stand: Arc<Stand>) -> Router {
    Router::new()
        .route("/_control/whapi", delete(forget))
        .route("/_control/whapi/book", get(book))
        .route("/_control/whapi/settings", post(settings))
        .route("/_control/whapi/webhook", get(delivered).post(webhook).delete(no_webhook))
        .route("/_control/whapi/incoming", post(incoming))
        .with_state(stand)
}

async fn forget(State(stand): State<Arc<Stand>>) -> StatusCode {
    stand.forget();
    StatusCode::NO_CONTENT
}

async fn book(State(stand): State<Arc<Stand>>, Query(from): Query<From>) -> Json<Vec<Accepted>> {
    Json(stand.book.from(from.from))
}

async fn settings(State(stand): State<Arc<Stand>>, Json(settings): Json<Settings>) -> StatusCode {
    stand.set(settings);
    StatusCode::NO_CONTENT
}

async fn delivered(State(stand): State<Arc<Stand>>) -> Json<Delivered> {
    Json(*stand.postman.delivered().borrow())
}

async fn webhook(State(stand): State<Arc<Stand>>, Json(webhook): Json<Webhook>) -> StatusCode {
    stand.postman.configure(Some(webhook));
    StatusCode::NO_CONTENT
}

async fn no_webhook(State(stand): State<Arc<Stand>>) -> StatusCode {
    stand.postman.configure(None);
    StatusCode::NO_CONTENT
}

async fn incoming(State(stand): State<Arc<Stand>>, Json(incoming): Json<Incoming>) -> Json<Value> {
    Json(json!({ "id": stand.receive(&incoming.from, &incoming.text) }))
}
