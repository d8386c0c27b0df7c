//! OpenAI's `POST /chat/completions`.
//!
//! It checks each request against our contract, writes questions out of the passages it is really
//! shown (with the embedded engine, so that its quotes are true), and shows the faults it is told.

mod answer;
mod contract;
mod control;
mod fault;
mod prompt;

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse as _, Response};
use axum::routing::post;
use serde::Serialize;
use serde_json::Value;
use tokio::sync::watch;

pub use contract::{Contract, Published};
pub use fault::Fault;
pub use prompt::{Asked, read as read_prompt};

use crate::server::Server;

/// A request as it came, without its key.
#[derive(Debug, Clone, Serialize)]
pub struct Request {
    /// The JSON body; null where it was none.
    pub body: Value,
    /// Whether it carried a bearer token.
    pub authorized: bool,
    /// Where it breaks our contract; empty where it does not.
    pub violations: Vec<String>,
    /// The fault it met, if any.
    pub fault: Fault,
}

/// A running stand-in; it ends when this handle is dropped.
#[derive(Debug)]
pub struct OpenAi {
    /// The base URL to configure, without a slash at its end.
    pub url: String,
    state: Arc<Stand>,
    _server: Server,
}

/// What can be watched instead of slept for.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Events {
    /// Requests that began to stall.
    pub stalled: usize,
    /// Requests whose client went away before they were answered.
    pub abandoned: usize,
    /// How often stalled requests were let go.
    pub released: usize,
}

#[derive(Debug)]
pub(crate) struct Stand {
    contract: Contract,
    faults: Mutex<VecDeque<Fault>>,
    requests: Mutex<Vec<Request>>,
    last_content: Mutex<Option<String>>,
    events: watch::Sender<Events>,
    closing: watch::Sender<bool>,
}

impl OpenAi {
    /// Starts on a free port of 127.0.0.1.
    ///
    /// # Errors
    /// Where no port can be had, or a contract is no schema.
    pub async fn start() -> anyhow::Result<Self> {
        let (router, state) = routes()?;
        let server = Server::start(router, state.closing.clone()).await?;
        Ok(Self { url: format!("http://{}/openai/v1", server.address), state, _server: server })
    }

    /// Faults for the next requests, in order; afterwards answers are honest.
    pub fn script(&self, faults: impl IntoIterator<Item = Fault>) {
        lock(&self.state.faults).extend(faults);
    }

    /// All requests so far.
    #[must_use]
    pub fn requests(&self) -> Vec<Request> {
        lock(&self.state.requests).clone()
    }

    /// What happens to requests that hang.
    #[must_use]
    pub fn events(&self) -> watch::Receiver<Events> {
        self.state.events.subscribe()
    }

    /// Lets stalled requests go on to an honest answer.
    pub fn release(&self) {
        self.state.events.send_modify(|events| events.released += 1);
    }
}

/// The routes of this provider and of its control, for a server of several.
///
/// # Errors
/// Where a contract is no schema.
pub fn router() -> anyhow::Result<Router> {
    Ok(routes()?.0)
}

fn routes() -> anyhow::Result<(Router, Arc<Stand>)> {
    let state = Arc::new(Stand {
        contract: Contract::new()?,
        faults: Mutex::default(),
        requests: Mutex::default(),
        last_content: Mutex::default(),
        events: watch::Sender::new(Events::default()),
        closing: watch::Sender::new(false),
    });
    let unknown =
        || async { answer::error(404, "invalid_request_error", None, "Unknown request URL") };
    let router = Router::new()
        .route("/openai/v1/chat/completions", post(chat))
        .route("/openai/{*rest}", axum::routing::any(unknown))
        .merge(control::routes())
        .with_state(Arc::clone(&state));
    Ok((router, state))
}

pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn chat(State(stand): State<Arc<Stand>>, headers: HeaderMap, body: Bytes) -> Response {
    let authorized = headers
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.strip_prefix("Bearer "))
        .is_some_and(|key| !key.trim().is_empty());
    let body: Value = serde_json::from_slice(&body).unwrap_or_default();
    let mut violations = stand.contract.request_faults(&body);
    let asked = body.pointer("/messages/1/content").and_then(Value::as_str).and_then(prompt::read);
    if asked.is_none() {
        violations.push("/messages/1/content has no delimited document".to_owned());
    }
    let fault = lock(&stand.faults).pop_front().unwrap_or(Fault::None);
    let number = {
        let mut requests = lock(&stand.requests);
        requests.push(Request {
            body: body.clone(),
            authorized,
            violations: violations.clone(),
            fault: fault.clone(),
        });
        requests.len()
    };
    if !authorized {
        return unauthorized();
    }
    match asked {
        Some(asked) if violations.is_empty() => {
            respond(&stand, number, &body, &asked, &fault).await
        }
        _ => answer::error(400, "invalid_request_error", None, &violations.join("; ")),
    }
}

async fn respond(
    stand: &Stand,
    number: usize,
    body: &Value,
    asked: &Asked,
    fault: &Fault,
) -> Response {
    match fault {
        Fault::RateLimited { retry_after } => {
            let limited =
                answer::error(429, "requests", Some("rate_limit_exceeded"), "Rate limit reached");
            return match retry_after {
                Some(seconds) => {
                    ([(header::RETRY_AFTER, seconds.to_string())], limited).into_response()
                }
                None => limited,
            };
        }
        Fault::QuotaExhausted => {
            let message = "You exceeded your current quota";
            return answer::error(429, "insufficient_quota", Some("insufficient_quota"), message);
        }
        Fault::Unauthorized => return unauthorized(),
        Fault::PromptTooLong => {
            let message = "This model's maximum context length is exceeded";
            return answer::error(
                400,
                "invalid_request_error",
                Some("context_length_exceeded"),
                message,
            );
        }
        Fault::Server { status } => {
            return answer::error(*status, "server_error", None, "The server had an error");
        }
        Fault::Html => return axum::response::Html("<h1>Bad gateway</h1>").into_response(),
        Fault::Endless => return answer::endless(),
        Fault::Stall => stand.stall().await,
        Fault::Slow { milliseconds } => {
            tokio::time::sleep(Duration::from_millis(*milliseconds)).await;
        }
        _ => {}
    }
    let questions = answer::spoil(fault, answer::honest(asked), asked);
    let mut content = answer::content(fault, &questions);
    {
        let mut last = lock(&stand.last_content);
        if *fault == Fault::Repeat {
            content = last.clone().unwrap_or(content);
        }
        *last = Some(content.clone());
    }
    let whole = answer::completion(number, body, fault, &content);
    match fault {
        Fault::CutConnection => answer::broken(&whole),
        _ => axum::Json(whole).into_response(),
    }
}

fn unauthorized() -> Response {
    answer::error(
        401,
        "invalid_request_error",
        Some("invalid_api_key"),
        "Incorrect API key provided",
    )
}

impl Stand {
    /// Hangs until the handle lets go or the server ends; says when the client left instead.
    async fn stall(&self) {
        struct Leaving<'a>(&'a watch::Sender<Events>, bool);
        impl Drop for Leaving<'_> {
            fn drop(&mut self) {
                if !self.1 {
                    self.0.send_modify(|events| events.abandoned += 1);
                }
            }
        }
        let mut leaving = Leaving(&self.events, false);
        let mut events = self.events.subscribe();
        let mut closing = self.closing.subscribe();
        let released = events.borrow().released;
        self.events.send_modify(|events| events.stalled += 1);
        tokio::select! {
            _ = events.wait_for(|events| events.released > released) => {}
            _ = closing.wait_for(|closing| *closing) => {}
        }
        leaving.1 = true;
    }
}
