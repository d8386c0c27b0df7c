//! What happens to one request between its arrival and its answer.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use axum::body::Body;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{Html, IntoResponse as _, Response};
use bytes::Bytes;
use futures_util::stream;
use serde::Serialize;
use serde_json::Value;
use tokio::sync::watch;

use super::port::{Cut, Port};
use super::{Fault, Storm};
use crate::openai::lock;

/// A request as it came, without its token and without what it says.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Request {
    /// Method and path, identifiers left out.
    pub what: &'static str,
    /// Whether it carried a token that is accepted.
    pub authorized: bool,
    /// Where it breaks our contract; empty where it does not.
    pub violations: Vec<String>,
    /// The fault it met, if any.
    pub fault: Fault,
}

/// What can be watched instead of slept for.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Events {
    /// Requests that began to stall.
    pub stalled: usize,
    /// Stalled requests that went on.
    pub resumed: usize,
    /// How often stalled requests were let go.
    pub released: usize,
}

/// How much of what came.
#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// Requests.
    pub requests: usize,
    /// Requests that broke our contract.
    pub violations: usize,
    /// Requests without an accepted token.
    pub unauthorized: usize,
    /// Requests by the fault they met.
    pub faults: BTreeMap<&'static str, usize>,
}

/// How a provider says that something is wrong.
pub(crate) type ErrorShape = fn(u16, &str) -> Response;

#[derive(Debug)]
pub(crate) struct Stage {
    error: ErrorShape,
    faults: Mutex<VecDeque<Fault>>,
    storm: Mutex<Option<Storm>>,
    latency: Mutex<Duration>,
    tokens: Mutex<Vec<String>>,
    asked: Mutex<HashMap<u64, u64>>,
    requests: Mutex<Vec<Request>>,
    events: watch::Sender<Events>,
    port: OnceLock<Port>,
}

impl Stage {
    pub(crate) fn new(error: ErrorShape) -> Arc<Self> {
        Arc::new(Self {
            error,
            faults: Mutex::default(),
            storm: Mutex::default(),
            latency: Mutex::default(),
            tokens: Mutex::default(),
            asked: Mutex::default(),
            requests: Mutex::default(),
            events: watch::Sender::new(Events::default()),
            port: OnceLock::new(),
        })
    }

    /// Called once, when the port is there.
    pub(crate) fn set_port(&self, port: Port) {
        let _ = self.port.set(port);
    }

    pub(crate) fn url(&self) -> String {
        self.port.get().map(|port| format!("http://{}", port.address)).unwrap_or_default()
    }

    pub(crate) async fn set_open(&self, open: bool) {
        if let Some(port) = self.port.get() {
            port.set_open(open).await;
        }
    }

    /// Closes the port for good. The server holds the stage and the stage the port, so that nothing
    /// would end by being dropped.
    pub(crate) fn end(&self) {
        if let Some(port) = self.port.get() {
            port.end();
        }
    }

    pub(crate) fn script(&self, faults: impl IntoIterator<Item = Fault>) {
        lock(&self.faults).extend(faults);
    }

    pub(crate) fn storm(&self, storm: Option<Storm>) {
        *lock(&self.storm) = storm;
    }

    pub(crate) fn latency(&self, latency: Duration) {
        *lock(&self.latency) = latency;
    }

    pub(crate) fn tokens(&self, tokens: Vec<String>) {
        *lock(&self.tokens) = tokens;
    }

    pub(crate) fn requests(&self) -> Vec<Request> {
        lock(&self.requests).clone()
    }

    pub(crate) fn events(&self) -> watch::Receiver<Events> {
        self.events.subscribe()
    }

    pub(crate) fn release(&self) {
        self.events.send_modify(|events| events.released += 1);
    }

    pub(crate) fn counts(&self) -> Counts {
        let mut counts = Counts::default();
        for request in lock(&self.requests).iter() {
            counts.requests += 1;
            counts.violations += usize::from(!request.violations.is_empty());
            counts.unauthorized += usize::from(!request.authorized);
            *counts.faults.entry(request.fault.name()).or_default() += 1;
        }
        counts
    }

    pub(crate) fn forget(&self) {
        lock(&self.faults).clear();
        lock(&self.asked).clear();
        lock(&self.requests).clear();
        self.storm(None);
    }

    /// The token of a request, where it is one that is accepted.
    pub(crate) fn token(&self, headers: &HeaderMap) -> Option<String> {
        let token = headers.get(header::AUTHORIZATION)?.to_str().ok()?.strip_prefix("Bearer ")?;
        let accepted = lock(&self.tokens);
        let known = accepted.is_empty() || accepted.iter().any(|one| one == token);
        (known && !token.trim().is_empty()).then(|| token.to_owned())
    }

    /// Writes a request down and says which fault it meets: the next of the script, else what the
    /// storm has for a request that asks `identity`.
    pub(crate) fn enter(
        &self,
        what: &'static str,
        authorized: bool,
        violations: Vec<String>,
        identity: u64,
    ) -> Fault {
        let scripted = lock(&self.faults).pop_front();
        let fault = scripted.unwrap_or_else(|| match &*lock(&self.storm) {
            Some(storm) => {
                let mut asked = lock(&self.asked);
                let nth = asked.entry(identity).or_default();
                *nth += 1;
                storm.draw(identity, *nth)
            }
            None => Fault::None,
        });
        let request = Request { what, authorized, violations, fault: fault.clone() };
        lock(&self.requests).push(request);
        fault
    }

    /// Plays a fault around `accept`, which does what was asked and says what is answered. It is
    /// called at most once, and not at all where the fault says so.
    pub(crate) async fn play<F>(self: &Arc<Self>, fault: Fault, accept: F) -> Result<Response, Cut>
    where
        F: FnOnce() -> (u16, Value) + Send + 'static,
    {
        let latency = *lock(&self.latency);
        match fault {
            Fault::Throttle { retry_after } => {
                let throttled = (self.error)(429, "Too many requests");
                return Ok(match retry_after {
                    Some(seconds) => {
                        ([(header::RETRY_AFTER, seconds.to_string())], throttled).into_response()
                    }
                    None => throttled,
                });
            }
            Fault::Reject { status, message } => return Ok((self.error)(status, &message)),
            Fault::ErrorBefore { status } => return Ok((self.error)(status, "Internal error")),
            Fault::CutBefore => return Err(Cut),
            Fault::Outage { milliseconds } => {
                let stage = Arc::clone(self);
                // Not awaited: closing the port ends this very request.
                tokio::spawn(async move {
                    stage.set_open(false).await;
                    tokio::time::sleep(Duration::from_millis(milliseconds)).await;
                    stage.set_open(true).await;
                });
                return Err(Cut);
            }
            Fault::StallThenDrop { milliseconds } => {
                self.stall(milliseconds).await;
                return Err(Cut);
            }
            Fault::StallThenAccept { milliseconds } => {
                let stage = Arc::clone(self);
                // A task of its own: what was written is accepted, whether or not somebody waits.
                let accepted = tokio::spawn(async move {
                    stage.stall(milliseconds).await;
                    accept()
                });
                let (status, body) = accepted.await.map_err(|_| Cut)?;
                return Ok(honest(status, &body));
            }
            _ => {}
        }
        let (status, body) = accept();
        if !latency.is_zero() {
            tokio::time::sleep(latency).await;
        }
        match fault {
            Fault::ErrorAfter { status } => Ok((self.error)(status, "Internal error")),
            Fault::CutAfter => Err(Cut),
            Fault::CutAnswer => Ok(broken(&body)),
            Fault::AcceptThenStall { milliseconds } => {
                self.stall(milliseconds).await;
                Ok(honest(status, &body))
            }
            Fault::Malformed => Ok(Html("<h1>Welcome</h1>").into_response()),
            Fault::Empty => Ok(axum::Json(serde_json::json!({})).into_response()),
            Fault::Endless => Ok(endless()),
            _ => Ok(honest(status, &body)),
        }
    }

    async fn stall(&self, milliseconds: Option<u64>) {
        let mut events = self.events.subscribe();
        let released = events.borrow().released;
        self.events.send_modify(|events| events.stalled += 1);
        let over = async {
            match milliseconds {
                Some(milliseconds) => {
                    tokio::time::sleep(Duration::from_millis(milliseconds)).await;
                }
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = over => {}
            _ = events.wait_for(|events| events.released > released) => {}
        }
        self.events.send_modify(|events| events.resumed += 1);
    }
}

fn honest(status: u16, body: &Value) -> Response {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    (status, axum::Json(body)).into_response()
}

/// A body that promises its full length and breaks off in the middle.
fn broken(body: &Value) -> Response {
    let whole = body.to_string();
    let half = Bytes::copy_from_slice(whole.as_bytes().get(..whole.len() / 2).unwrap_or_default());
    let parts = stream::iter([Ok(half), Err(std::io::Error::other("cut"))]);
    let headers = [
        (header::CONTENT_TYPE, "application/json".to_owned()),
        (header::CONTENT_LENGTH, whole.len().to_string()),
    ];
    (headers, Body::from_stream(parts)).into_response()
}

/// A body without an end.
fn endless() -> Response {
    let spaces = Bytes::from_static(&[b' '; 64 * 1024]);
    let parts = stream::repeat_with(move || Ok::<_, std::io::Error>(spaces.clone()));
    ([(header::CONTENT_TYPE, "application/json")], Body::from_stream(parts)).into_response()
}
