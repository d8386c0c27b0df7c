//! Scripting a stand-in of messages from another process. Below `/_control/whapi` and
//! `/_control/resend`:
//!
//! - `POST {"faults": [...], "times": 1}`: the next requests meet these faults, so often
//! - `DELETE`: forget everything that came, faults, storm and book
//! - `POST storm {"seed": 7, "cut_after": 0.05, …}` ([`Storm`]), `DELETE storm`
//! - `POST port {"open": false}`: connections are refused and those there are cut
//! - `POST release`: stalled requests go on
//! - `GET requests`, `GET counts`: what came so far
//! - `GET book?from=0`: everything that was accepted, from the n-th on
//!
//! and what the provider's own module adds.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::Deserialize;

use super::{Counts, Fault, Request, Stage, Storm};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Script {
    faults: Vec<Fault>,
    #[serde(default = "once")]
    times: usize,
}

fn once() -> usize {
    1
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Gate {
    open: bool,
}

pub(crate) fn routes(prefix: &str, stage: Arc<Stage>) -> Router {
    Router::new()
        .route(prefix, post(script))
        .route(&format!("{prefix}/storm"), post(start_storm).delete(end_storm))
        .route(&format!("{prefix}/port"), post(gate))
        .route(&format!("{prefix}/release"), post(release))
        .route(&format!("{prefix}/requests"), get(requests))
        .route(&format!("{prefix}/counts"), get(counts))
        .with_state(stage)
}

async fn script(State(stage): State<Arc<Stage>>, Json(script): Json<Script>) -> StatusCode {
    for _ in 0..script.times {
        stage.script(script.faults.iter().cloned());
    }
    StatusCode::NO_CONTENT
}

async fn start_storm(State(stage): State<Arc<Stage>>, Json(storm): Json<Storm>) -> StatusCode {
    stage.storm(Some(storm));
    StatusCode::NO_CONTENT
}

async fn end_storm(State(stage): State<Arc<Stage>>) -> StatusCode {
    stage.storm(None);
    StatusCode::NO_CONTENT
}

async fn gate(State(stage): State<Arc<Stage>>, Json(gate): Json<Gate>) -> StatusCode {
    stage.set_open(gate.open).await;
    StatusCode::NO_CONTENT
}

async fn release(State(stage): State<Arc<Stage>>) -> StatusCode {
    stage.release();
    StatusCode::NO_CONTENT
}

async fn requests(State(stage): State<Arc<Stage>>) -> Json<Vec<Request>> {
    Json(stage.requests())
}

async fn counts(State(stage): State<Arc<Stage>>) -> Json<Counts> {
    Json(stage.counts())
}
