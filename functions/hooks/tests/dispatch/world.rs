//! The dispatcher's surroundings: an outbox in memory, a platform whose clock runs fast, both providers.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::{Json, Router};
use edge::{App, Config, Limit, PdfReader, Platform, PublicAnswer};
use futures_util::future::BoxFuture;
use hooks::{Budget, Dispatcher};
use providers::resend::Resend;
use providers::whapi::Whapi;
use serde_json::{Value, json};
use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use url::Url;
use uuid::Uuid;

/// How many times faster the clock runs, deadlines included.
pub(crate) const SPEED: u32 = 20;

/// Milliseconds that have passed for the dispatcher.
pub(crate) fn fast_clock() -> u64 {
    static BEGAN: std::sync::LazyLock<Instant> = std::sync::LazyLock::new(Instant::now);
    (BEGAN.elapsed() * SPEED).as_millis() as u64
}

pub(crate) struct Row {
    pub(crate) id: Uuid,
    pub(crate) channel: &'static str,
    pub(crate) recipient: String,
    pub(crate) text: String,
    pub(crate) state: &'static str,
    pub(crate) attempts: i32,
    pub(crate) wait_ms: u64,
    pub(crate) provider: Option<String>,
    pub(crate) result: Value,
}

#[derive(Default)]
pub(crate) struct Outbox {
    pub(crate) rows: Vec<Row>,
    /// Function and arguments of each call.
    pub(crate) calls: Vec<(String, Value)>,
    /// When what is due was asked for.
    pub(crate) claimed_at: Vec<u64>,
    /// Something that nobody may have yet falls due while a claim that brings messages is answered.
    pub(crate) due_meanwhile: bool,
    /// How long the answer to a claim takes after it was made up, by the wall.
    pub(crate) slow_claims_ms: u64,
    /// Calls of a function that fail before the next succeeds.
    pub(crate) failures: HashMap<&'static str, usize>,
    /// Records of what was given back that are kept, and whose answer is lost.
    pub(crate) lost_answers: usize,
    /// The pace: milliseconds between two messages, and when the next may go.
    pub(crate) step_ms: Option<u64>,
    pub(crate) next_slot: u64,
    /// How far ahead moments are given away.
    pub(crate) ahead_ms: Option<u64>,
}

impl Outbox {
    pub(crate) fn write(&mut self, channel: &'static str, recipient: &str, text: &str) -> Uuid {
        let id = Uuid::new_v4();
        self.rows.push(Row {
            id,
            channel,
            recipient: recipient.into(),
            text: text.into(),
            state: "queued",
            attempts: 0,
            wait_ms: 0,
            provider: None,
            result: Value::Null,
        });
        id
    }

    pub(crate) fn states(&self) -> BTreeMap<&'static str, usize> {
        let mut states = BTreeMap::new();
        for row in &self.rows {
            *states.entry(row.state).or_default() += 1;
        }
        states
    }

    pub(crate) fn count(&self, function: &str) -> usize {
        self.calls.iter().filter(|(name, _)| name == function).count()
    }

    fn claim(&mut self, arguments: &Value) -> Value {
        let most = arguments["max_messages"].as_u64().unwrap() as usize;
        let usable = |channel: &str| {
            let channels = arguments["channels"].as_array();
            channels.is_none_or(|list| list.iter().any(|one| one == channel))
        };
        let now = OffsetDateTime::now_utc().format(&Rfc3339).unwrap();
        let clock = fast_clock();
        self.claimed_at.push(clock);
        let mut busy = std::collections::HashSet::new();
        let (mut messages, mut uncertain, mut more) = (Vec::new(), Vec::new(), false);
        let mut next_due = None;
        for row in &mut self.rows {
            if !usable(row.channel) {
                continue;
            }
            let free = busy.insert((row.channel, row.recipient.clone()));
            match row.state {
                "uncertain" => {
                    row.state = "looked_up";
                    uncertain.push(
                        json!({"id": row.id, "channel": row.channel, "recipient": row.recipient,
                        "attempt_started_at": now, "attempts": row.attempts}),
                    );
                }
                "queued" if free && messages.len() == most => more = true,
                "queued"
                    if self.step_ms.is_some()
                        && self.ahead_ms.is_some_and(|ahead| self.next_slot > clock + ahead) =>
                {
                    next_due = Some(self.next_slot - clock);
                }
                "queued" if free => {
                    row.state = "sending";
                    row.attempts += 1;
                    if let Some(step) = self.step_ms {
                        let slot = self.next_slot.max(clock);
                        self.next_slot = slot + step;
                        row.wait_ms = slot - clock;
                    }
                    messages.push(json!({
                        "id": row.id, "channel": row.channel, "recipient": row.recipient,
                        "message_type": "custom", "language": "fr", "data": {"text": row.text},
                        "attempts": row.attempts, "urgent": false, "wait_ms": row.wait_ms}));
                }
                "sending" | "looked_up" | "queued" => {}
                _ => {
                    busy.remove(&(row.channel, row.recipient.clone()));
                }
            }
        }
        let due = more || self.due_meanwhile && !messages.is_empty();
        let next_due = if due { Some(0) } else { next_due };
        json!({"messages": messages, "uncertain": uncertain, "next_due_in_ms": next_due})
    }

    fn record(&mut self, arguments: &Value) -> Value {
        for result in arguments["results"].as_array().unwrap() {
            let id: Uuid = serde_json::from_value(result["id"].clone()).unwrap();
            let row = self.rows.iter_mut().find(|row| row.id == id).unwrap();
            assert_eq!(result["attempts"], row.attempts, "{result}");
            row.result = result.clone();
            row.state = match result["outcome"].as_str().unwrap() {
                "accepted" => "sent",
                "retry" => "later",
                "refused" | "unknown_number" => "failed",
                "uncertain" => "uncertain",
                "not_sent" => {
                    row.attempts -= 1;
                    "queued"
                }
                other => panic!("{other}"),
            };
            row.provider = result["provider_message_id"].as_str().map(str::to_owned);
        }
        json!({})
    }

    fn resolve(&mut self, arguments: &Value) -> Value {
        for result in arguments["results"].as_array().unwrap() {
            let id: Uuid = serde_json::from_value(result["id"].clone()).unwrap();
            let row = self.rows.iter_mut().find(|row| row.id == id).unwrap();
            row.provider = result["provider_message_id"].as_str().map(str::to_owned);
            row.state = match result["found"].as_bool() {
                Some(true) => "sent",
                Some(false) => "queued",
                None => "unclear",
            };
        }
        json!({})
    }
}

pub(crate) type Shared = Arc<Mutex<Outbox>>;

async fn rpc(
    State(outbox): State<Shared>,
    Path(function): Path<String>,
    Json(arguments): Json<Value>,
) -> Response {
    let (answer, wait) = answer_to(&mut outbox.lock().unwrap(), &function, &arguments);
    tokio::time::sleep(Duration::from_millis(wait)).await;
    answer
}

/// The answer, and how many milliseconds it takes to arrive.
fn answer_to(outbox: &mut Outbox, function: &str, arguments: &Value) -> (Response, u64) {
    outbox.calls.push((function.to_owned(), arguments.clone()));
    if let Some(left) = outbox.failures.get_mut(function).filter(|left| **left > 0) {
        *left -= 1;
        return ((StatusCode::BAD_GATEWAY, "down").into_response(), 0);
    }
    let gives_back = function == "record_outbound_results"
        && arguments["results"].as_array().unwrap().iter().any(|one| one["outcome"] == "not_sent");
    if gives_back && outbox.lost_answers > 0 {
        outbox.lost_answers -= 1;
        outbox.record(arguments);
        return ((StatusCode::BAD_GATEWAY, "lost").into_response(), 0);
    }
    let (answer, wait) = match function {
        "claim_outbound_messages" => (outbox.claim(arguments), outbox.slow_claims_ms),
        "record_outbound_results" => (outbox.record(arguments), 0),
        "resolve_uncertain_messages" => (outbox.resolve(arguments), 0),
        other => panic!("unknown function {other}"),
    };
    (Json(answer).into_response(), wait)
}

/// This process as a platform whose clock runs fast.
struct Native {
    began: Instant,
    speed: u32,
    log: Arc<Mutex<Vec<String>>>,
}

impl Platform for Native {
    fn now_ms(&self) -> u64 {
        1_800_000_000_000 + (self.began.elapsed() * self.speed).as_millis() as u64
    }
    fn log(&self, line: &str) {
        self.log.lock().unwrap().push(line.to_owned());
    }
    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        Box::pin(tokio::time::sleep(duration / self.speed))
    }
    fn allow(&self, _: Limit, _: String) -> BoxFuture<'static, bool> {
        Box::pin(std::future::ready(true))
    }
    fn open_pdf(&self) -> Result<Box<dyn PdfReader>, String> {
        Err("no documents here".into())
    }
    fn call_mcq(&self, _: &[u8]) -> Result<Vec<u8>, String> {
        Err("no questions here".into())
    }
    fn get_public(&self, _: Url) -> BoxFuture<'static, Result<PublicAnswer, String>> {
        Box::pin(std::future::ready(Err("no internet here".into())))
    }
}

pub(crate) struct World {
    pub(crate) dispatcher: Dispatcher,
    pub(crate) whapi: Whapi,
    pub(crate) resend: Resend,
    pub(crate) outbox: Shared,
    pub(crate) log: Arc<Mutex<Vec<String>>>,
}

pub(crate) const BUDGET: Budget =
    Budget { begin: Duration::from_secs(55), end: Duration::from_secs(75), messages: 8_000 };

impl World {
    /// Without these settings.
    pub(crate) async fn start(unset: &[&str]) -> Self {
        Self::at_speed(SPEED, unset).await
    }

    pub(crate) async fn at_speed(speed: u32, unset: &[&str]) -> Self {
        let outbox: Shared = Arc::default();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let router =
            Router::new().route("/rest/v1/rpc/{function}", post(rpc)).with_state(outbox.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        let (whapi, resend) = (Whapi::start().await.unwrap(), Resend::start().await.unwrap());
        let values = HashMap::from([
            ("SUPABASE_URL", url),
            ("SUPABASE_PUBLISHABLE_KEY", "sb_publishable_x".to_owned()),
            ("SUPABASE_SECRET_KEY", "sb_secret_y".to_owned()),
            ("WHAPI_TOKEN", "token".to_owned()),
            ("WHAPI_BASE_URL", whapi.url.clone()),
            ("RESEND_API_KEY", "re_key".to_owned()),
            ("RESEND_BASE_URL", resend.url.clone()),
            ("EMAIL_FROM", "Griot <bonjour@example.org>".to_owned()),
        ]);
        let config =
            Config::read(|name| values.get(name).filter(|_| !unset.contains(&name)).cloned());
        let log: Arc<Mutex<Vec<String>>> = Arc::default();
        let platform = Native { began: Instant::now(), speed, log: log.clone() };
        let app = App::new(config.unwrap(), Box::new(platform));
        Self { dispatcher: Dispatcher::new(app), whapi, resend, outbox, log }
    }

    pub(crate) fn outbox(&self) -> MutexGuard<'_, Outbox> {
        self.outbox.lock().unwrap()
    }

    /// Waits until so many claims were made.
    pub(crate) async fn claims(&self, times: usize) {
        let made = async {
            while self.outbox().count("claim_outbound_messages") < times {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(Duration::from_secs(30), made).await.expect("it claims no more");
    }

    pub(crate) fn number(n: usize) -> String {
        format!("+241740{n:05}")
    }

    /// The provider's book has each message that is `sent`, once, and nothing else.
    pub(crate) fn check_books(&self) {
        let outbox = self.outbox();
        let mut accepted: Vec<String> = self.whapi.book().into_iter().map(|one| one.id).collect();
        accepted.extend(self.resend.book().into_iter().map(|one| one.id));
        let mut known: Vec<String> =
            outbox.rows.iter().filter_map(|row| row.provider.clone()).collect();
        accepted.sort();
        known.sort();
        assert_eq!(accepted, known);
    }
}
