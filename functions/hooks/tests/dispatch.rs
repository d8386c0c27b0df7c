//! The dispatcher against the stand-ins of both providers, with the outbox replaced by one in memory
//! that keeps its rules: a lease, one message of a person at a time, what is uncertain is looked up.
//! The real one is tested in `supabase/tests`.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test ends with a panic where something is not as it should be"
)]

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::{Json, Router};
use edge::{App, Config, Limit, PdfReader, Platform, PublicAnswer};
use futures_util::future::BoxFuture;
use hooks::{Budget, Dispatcher};
use messaging::reference_in;
use providers::messages::Fault;
use providers::resend::Resend;
use providers::whapi::{Settings, Whapi};
use serde_json::{Value, json};
use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use url::Url;
use uuid::Uuid;

/// How many times faster the clock runs, deadlines included.
const SPEED: u32 = 20;

/// Milliseconds that have passed for the dispatcher.
fn fast_clock() -> u64 {
    static BEGAN: std::sync::LazyLock<Instant> = std::sync::LazyLock::new(Instant::now);
    (BEGAN.elapsed() * SPEED).as_millis() as u64
}

struct Row {
    id: Uuid,
    channel: &'static str,
    recipient: String,
    text: String,
    state: &'static str,
    attempts: i32,
    wait_ms: u64,
    provider: Option<String>,
    result: Value,
}

#[derive(Default)]
struct Outbox {
    rows: Vec<Row>,
    /// Function and arguments of each call.
    calls: Vec<(String, Value)>,
    /// When what is due was asked for.
    claimed_at: Vec<u64>,
    /// How long the answer to a claim takes after it was made up, by the wall.
    slow_claims_ms: u64,
    /// Calls of a function that fail before the next succeeds.
    failures: HashMap<&'static str, usize>,
    /// Records of what was given back that are kept, and whose answer is lost.
    lost_answers: usize,
    /// The pace: milliseconds between two messages, and when the next may go.
    step_ms: Option<u64>,
    next_slot: u64,
    /// How far ahead moments are given away.
    ahead_ms: Option<u64>,
}

impl Outbox {
    fn write(&mut self, channel: &'static str, recipient: &str, text: &str) -> Uuid {
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

    fn states(&self) -> BTreeMap<&'static str, usize> {
        let mut states = BTreeMap::new();
        for row in &self.rows {
            *states.entry(row.state).or_default() += 1;
        }
        states
    }

    fn count(&self, function: &str) -> usize {
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
        let next_due = if more { Some(0) } else { next_due };
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

type Shared = Arc<Mutex<Outbox>>;

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
    log: Arc<Mutex<Vec<String>>>,
}

impl Platform for Native {
    fn now_ms(&self) -> u64 {
        1_800_000_000_000 + (self.began.elapsed() * SPEED).as_millis() as u64
    }
    fn log(&self, line: &str) {
        self.log.lock().unwrap().push(line.to_owned());
    }
    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        Box::pin(tokio::time::sleep(duration / SPEED))
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

struct World {
    dispatcher: Dispatcher,
    whapi: Whapi,
    resend: Resend,
    outbox: Shared,
    log: Arc<Mutex<Vec<String>>>,
}

const BUDGET: Budget =
    Budget { begin: Duration::from_secs(55), end: Duration::from_secs(75), messages: 8_000 };

impl World {
    async fn start(unset: &[&str]) -> Self {
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
        let platform = Native { began: Instant::now(), log: log.clone() };
        let app = App::new(config.unwrap(), Box::new(platform));
        Self { dispatcher: Dispatcher::new(app), whapi, resend, outbox, log }
    }

    fn outbox(&self) -> MutexGuard<'_, Outbox> {
        self.outbox.lock().unwrap()
    }

    fn number(n: usize) -> String {
        format!("+241740{n:05}")
    }

    /// The provider's book has each message that is `sent`, once, and nothing else.
    fn check_books(&self) {
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

#[tokio::test]
async fn an_idle_run_costs_one_call_and_one_without_providers_none() {
    let world = World::start(&[]).await;
    let done = world.dispatcher.run(BUDGET).await;
    assert_eq!((done.calls, done.claimed), (1, 0));
    let (function, arguments) = world.outbox().calls[0].clone();
    assert_eq!(function, "claim_outbound_messages");
    assert!(arguments.get("channels").is_none(), "all of them: {arguments}");

    for missing in [&["SUPABASE_SECRET_KEY"][..], &["WHAPI_TOKEN", "RESEND_API_KEY"][..]] {
        let world = World::start(missing).await;
        world.outbox().write("whatsapp", &World::number(1), "Bonjour");
        assert_eq!(world.dispatcher.run(BUDGET).await, hooks::Summary::default());
        assert_eq!(world.outbox().calls.len(), 0);
    }
}

#[tokio::test]
async fn a_channel_without_its_key_is_not_claimed() {
    let world = World::start(&["EMAIL_FROM"]).await;
    world.outbox().write("email", "awa@example.org", "Bonjour");
    world.outbox().write("whatsapp", &World::number(1), "Bonjour");
    world.dispatcher.run(BUDGET).await;
    assert_eq!(world.outbox().states(), BTreeMap::from([("queued", 1), ("sent", 1)]));
    assert_eq!(world.outbox().calls[0].1["channels"], json!(["whatsapp"]));
}

#[tokio::test]
async fn everything_goes_once_and_a_persons_messages_in_their_order() {
    let world = World::start(&[]).await;
    {
        let mut outbox = world.outbox();
        for n in 0..300 {
            outbox.write("whatsapp", &World::number(n % 100), &format!("message {}", n / 100));
            if n % 10 == 0 {
                outbox.write("email", &format!("p{n}@example.org"), "Bonjour");
            }
        }
    }
    let done = world.dispatcher.run(BUDGET).await;
    assert_eq!((done.claimed, done.accepted, done.unrecorded), (330, 330, 0), "{done:?}");
    assert_eq!(world.outbox().states(), BTreeMap::from([("sent", 330)]));
    world.check_books();
    let mut last: HashMap<String, String> = HashMap::new();
    for message in world.whapi.book() {
        let words = message.body.split("\n\n").find(|part| part.starts_with("message")).unwrap();
        let before = last.insert(message.to, words.to_owned());
        assert!(before.is_none_or(|before| before.as_str() < words));
        assert!(reference_in(&message.body).is_some());
    }
    let outbox = world.outbox();
    assert!(outbox.count("record_outbound_results") <= 60, "results go together");
    assert!(outbox.calls.iter().all(|(_, arguments)| arguments["dispatcher"].is_string()));
}

#[tokio::test]
async fn what_each_fault_leaves_behind_is_known_and_the_list_settles_the_rest() {
    let world = World::start(&[]).await;
    let stall = |milliseconds| Some(milliseconds);
    let faults = [
        (Fault::None, "sent", ""),
        (Fault::Throttle { retry_after: Some(1) }, "later", "rate_limited"),
        (Fault::Reject { status: 400, message: "no".into() }, "failed", "bad_request"),
        (Fault::CutAfter, "uncertain", "connection_lost"),
        (Fault::CutBefore, "uncertain", "connection_lost"),
        (Fault::ErrorAfter { status: 500 }, "uncertain", "server_error"),
        (Fault::ErrorBefore { status: 503 }, "uncertain", "server_error"),
        (Fault::Malformed, "uncertain", "unreadable_answer"),
        (Fault::AcceptThenStall { milliseconds: stall(3_000) }, "uncertain", "timeout"),
    ];
    let mut ids = Vec::new();
    for (n, (fault, _, code)) in faults.iter().enumerate() {
        world.whapi.script([fault.clone()]);
        let id = world.outbox().write("whatsapp", &World::number(n), "Bonjour");
        // One at a time, so that each meets its own fault.
        world
            .outbox()
            .rows
            .iter_mut()
            .filter(|row| row.state == "uncertain")
            .for_each(|row| row.state = "parked");
        world.dispatcher.run(Budget { messages: 1, ..BUDGET }).await;
        let outbox = world.outbox();
        let row = outbox.rows.iter().find(|row| row.id == id).unwrap();
        assert_eq!(row.result["code"].as_str().unwrap_or_default(), *code, "{fault:?}");
        ids.push(id);
    }
    let parked = |state| {
        for row in world
            .outbox()
            .rows
            .iter_mut()
            .filter(|row| ["parked", "uncertain"].contains(&row.state))
        {
            row.state = state;
        }
    };
    // A list that cannot be read proves nothing.
    parked("uncertain");
    world.whapi.script([Fault::ErrorBefore { status: 500 }]);
    world.dispatcher.run(BUDGET).await;
    assert_eq!(world.outbox().states()["unclear"], 6);
    // Read to its end, it finds four and proves that two were never sent: these go.
    for row in world.outbox().rows.iter_mut().filter(|row| row.state == "unclear") {
        row.state = "uncertain";
    }
    let done = world.dispatcher.run(BUDGET).await;
    assert_eq!((done.looked_up, done.accepted), (6, 2), "{done:?}");
    assert_eq!(world.outbox().states(), BTreeMap::from([("failed", 1), ("later", 1), ("sent", 7)]));
    world.check_books();
    let log = world.log.lock().unwrap().join("\n");
    assert!(!log.contains("+241") && !log.contains("Bonjour"), "{log}");
}

#[tokio::test]
async fn an_email_is_tried_again_with_its_key_and_a_number_without_whatsapp_is_named() {
    let world = World::start(&[]).await;
    let id = world.outbox().write("email", "awa@example.org", "Bonjour");
    world.resend.script([Fault::CutAfter]);
    world.dispatcher.run(BUDGET).await;
    assert_eq!(world.outbox().rows[0].result["code"], "connection_failed");
    world.outbox().rows[0].state = "queued";
    world.dispatcher.run(BUDGET).await;
    let book = world.resend.book();
    assert_eq!(
        (book.len(), book[0].repeated, book[0].key.as_str()),
        (1, 1, id.to_string().as_str())
    );

    world.whapi.set(Settings { unknown: Some(vec!["24174000001".into()]), ..Settings::default() });
    world.outbox().write("whatsapp", "+24174000001", "Bonjour");
    world.dispatcher.run(BUDGET).await;
    assert_eq!(world.outbox().rows[1].result["outcome"], "unknown_number");
}

#[tokio::test]
async fn a_provider_that_refuses_us_is_left_alone_and_costs_no_message_its_attempts() {
    let world = World::start(&[]).await;
    world.whapi.set(Settings { tokens: Some(vec!["another".into()]), ..Settings::default() });
    for n in 0..150 {
        world.outbox().write("whatsapp", &World::number(n), "Bonjour");
    }
    world.outbox().write("email", "awa@example.org", "Bonjour");
    let done = world.dispatcher.run(BUDGET).await;
    assert!((1..=6).contains(&done.retried), "{done:?}");
    assert!(world.outbox().count("claim_outbound_messages") < 6, "{done:?}");
    let states = world.outbox().states();
    assert_eq!(states["queued"] + states["later"], 150, "{states:?}");
    assert_eq!(world.outbox().calls.last().unwrap().1["channels"], json!(["email"]));
    assert!(world.log.lock().unwrap().iter().any(|line| line.contains("unauthorized")));
}

#[tokio::test]
async fn a_project_that_is_down_for_a_moment_loses_no_result() {
    let world = World::start(&[]).await;
    world.outbox().failures =
        HashMap::from([("claim_outbound_messages", 2), ("record_outbound_results", 3)]);
    for n in 0..20 {
        world.outbox().write("whatsapp", &World::number(n), "Bonjour");
    }
    let done = world.dispatcher.run(BUDGET).await;
    assert_eq!((done.accepted, done.unrecorded), (20, 0), "{done:?}");
    assert_eq!(world.outbox().states(), BTreeMap::from([("sent", 20)]));
    world.check_books();

    // One that stays down ends the run in time.
    world.outbox().failures = HashMap::from([("record_outbound_results", usize::MAX)]);
    world.outbox().write("whatsapp", &World::number(50), "Bonjour");
    let short =
        Budget { begin: Duration::from_secs(8), end: Duration::from_secs(12), messages: 10 };
    let done = world.dispatcher.run(short).await;
    assert_eq!((done.accepted, done.unrecorded), (1, 1), "{done:?}");
}

#[tokio::test]
async fn nothing_begins_before_its_moment_or_after_the_time_is_over() {
    let world = World::start(&[]).await;
    for (n, wait_ms) in [0, 2_000, 4_000, 30_000].into_iter().enumerate() {
        world.outbox().write("whatsapp", &World::number(n), "Bonjour");
        world.outbox().rows[n].wait_ms = wait_ms;
    }
    let began = Instant::now();
    let short =
        Budget { begin: Duration::from_secs(20), end: Duration::from_secs(26), messages: 100 };
    let done = world.dispatcher.run(short).await;
    assert_eq!((done.accepted, done.claimed - done.not_sent), (3, 3), "{done:?}");
    // On a busy machine others miss their moments, too.
    assert!((1..=20).contains(&done.not_sent), "it is not claimed over and over: {done:?}");
    assert!(began.elapsed() * SPEED < Duration::from_secs(26));
    assert_eq!(world.outbox().rows[3].state, "queued");
    let elapsed: Vec<u64> =
        world.whapi.book().iter().map(|one| one.elapsed * u64::from(SPEED)).collect();
    assert!(elapsed[1] - elapsed[0] >= 1_500 && elapsed[2] - elapsed[1] >= 1_500, "{elapsed:?}");
}

#[tokio::test]
async fn lost_time_is_not_made_up_for() {
    let world = World::start(&[]).await;
    world.whapi.script(vec![Fault::Throttle { retry_after: Some(4) }]);
    for n in 0..120 {
        world.outbox().write("whatsapp", &World::number(n), "Bonjour");
    }
    // Ten a second; the provider is not asked for four.
    world.outbox().step_ms = Some(100);
    let done = world.dispatcher.run(BUDGET).await;
    // A busy machine misses more moments.
    assert_eq!((done.retried, done.accepted >= 20), (1, true), "{done:?}");
    assert!(done.not_sent >= 10, "those whose moment had passed: {done:?}");
    let times: Vec<u64> =
        world.whapi.book().iter().map(|one| one.elapsed * u64::from(SPEED)).collect();
    let most = times
        .iter()
        .map(|from| times.iter().filter(|time| (*from..from + 1_000).contains(time)).count());
    assert!(most.max().unwrap() <= 20, "{times:?}");
}

#[tokio::test]
async fn where_there_is_a_pace_claims_are_few_unless_somebody_asks() {
    let world = World::start(&[]).await;
    for n in 0..100 {
        world.outbox().write("whatsapp", &World::number(n), "Bonjour");
    }
    world.outbox().step_ms = Some(200);
    world.outbox().ahead_ms = Some(5_000);
    let run = Budget { begin: Duration::from_secs(20), end: Duration::from_secs(26), ..BUDGET };
    let asks = async {
        let began = fast_clock();
        let claimed = async |times| {
            while world.outbox().count("claim_outbound_messages") < times {
                assert!(fast_clock() - began < 20_000, "it claims no more");
                tokio::task::yield_now().await;
            }
        };
        claimed(2).await;
        // What the first claims brought lasts for seconds.
        let asked = fast_clock();
        assert!(world.dispatcher.look_again());
        claimed(3).await;
        world.outbox().claimed_at[2] - asked
    };
    let (done, waited) = tokio::join!(world.dispatcher.run(run), asks);
    assert!(waited < 1_500, "the urgent would have waited {waited} ms");
    // A busy machine misses moments; after every record it would be some eighty.
    assert!(done.accepted >= 50, "{done:?}");
    assert!(world.outbox().count("claim_outbound_messages") <= 25, "{done:?}");
}

#[tokio::test]
async fn what_was_given_back_is_not_given_back_again_while_it_is_sent() {
    let world = World::start(&[]).await;
    world.whapi.script(vec![Fault::Throttle { retry_after: Some(4) }]);
    for n in 0..60 {
        world.outbox().write("whatsapp", &World::number(n), "Bonjour");
    }
    world.outbox().step_ms = Some(100);
    world.outbox().lost_answers = 3;
    let done = world.dispatcher.run(BUDGET).await;
    assert!(done.not_sent >= 10 && world.outbox().lost_answers < 3, "{done:?}");
    world.dispatcher.run(BUDGET).await;
    assert_eq!(world.outbox().states(), BTreeMap::from([("later", 1), ("sent", 59)]));
    let told: Vec<String> = world.whapi.book().into_iter().map(|one| one.to).collect();
    let people: std::collections::HashSet<&String> = told.iter().collect();
    assert_eq!((told.len(), people.len()), (59, 59), "each once");
}

#[tokio::test]
async fn who_comes_while_a_run_is_at_it_makes_it_look_again() {
    let world = World::start(&[]).await;
    world.whapi.set(Settings { latency_milliseconds: Some(100), ..Settings::default() });
    world.outbox().write("whatsapp", &World::number(1), "Bonjour");
    let second = async {
        while world.outbox().calls.is_empty() {
            tokio::task::yield_now().await;
        }
        world.outbox().write("whatsapp", &World::number(2), "Bonjour");
        [world.dispatcher.run(BUDGET).await, world.dispatcher.run(BUDGET).await]
    };
    let (first, others) = tokio::join!(world.dispatcher.run(BUDGET), second);
    // Who comes third finds it busy as well: being turned away ends nobody's turn.
    assert!(others.iter().all(|other| other.busy && other.claimed == 0), "{others:?}");
    assert_eq!(first.accepted, 2);
    assert_eq!(world.outbox().states(), BTreeMap::from([("sent", 2)]));
}

#[tokio::test]
async fn who_comes_when_a_run_claims_no_more_begins_another() {
    // A claim under way may take a hundred of these, and the next a hundred.
    let few = Budget { messages: 199, ..BUDGET };
    let short = Budget { begin: Duration::from_secs(6), end: Duration::from_secs(26), ..BUDGET };
    for ending in [few, short] {
        let world = World::start(&[]).await;
        world.whapi.set(Settings { latency_milliseconds: Some(100), ..Settings::default() });
        world.outbox().write("whatsapp", &World::number(1), "Bonjour");
        let second = async {
            while world.outbox().count("claim_outbound_messages") == 0 {
                tokio::task::yield_now().await;
            }
            world.outbox().write("whatsapp", &World::number(2), "Bonjour");
            assert!(!world.dispatcher.look_again(), "{ending:?}");
            let third = async {
                while world.outbox().count("claim_outbound_messages") == 1 {
                    tokio::task::yield_now().await;
                }
                world.dispatcher.look_again()
            };
            tokio::join!(world.dispatcher.run(BUDGET), third)
        };
        let both = async { tokio::join!(world.dispatcher.run(ending), second) };
        let (first, (second, third)) =
            tokio::time::timeout(Duration::from_secs(30), both).await.expect("both end");
        // On a busy machine the first may have no time left to send, and gives its message back.
        assert_eq!((first.accepted + second.accepted, third), (2, true), "{ending:?}");
        assert_eq!(world.outbox().states(), BTreeMap::from([("sent", 2)]));
    }
}

#[tokio::test]
async fn a_run_that_outlives_its_turn_leaves_that_of_another_alone() {
    // Asked before the first ends, or after it.
    for before in [true, false] {
        let world = World::start(&[]).await;
        let claims = async |most: usize| {
            while world.outbox().count("claim_outbound_messages") < most {
                tokio::task::yield_now().await;
            }
        };
        let ask = || {
            world.outbox().write("whatsapp", &World::number(1), "Bonjour");
            assert!(world.dispatcher.look_again(), "{before}");
        };
        let brief =
            Budget { begin: Duration::from_secs(10), end: Duration::from_secs(11), ..BUDGET };
        let mut stalled = std::pin::pin!(world.dispatcher.run(brief));
        tokio::select! {
            biased;
            done = &mut stalled => panic!("{done:?}"),
            () = claims(1) => {}
        }
        // Only the clock ends its turn.
        let over = async {
            while world.dispatcher.look_again() {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(30), over).await.expect("its turn ends");

        // The second, which finds nothing, is still at it when the first ends.
        world.outbox().slow_claims_ms = 200;
        let rest = async {
            claims(2).await;
            if before {
                ask();
            }
            let first = stalled.await;
            assert_eq!(first.claimed, 0);
            if !before {
                ask();
            }
        };
        let both = async { tokio::join!(world.dispatcher.run(BUDGET), rest) };
        let (second, ()) =
            tokio::time::timeout(Duration::from_secs(30), both).await.expect("both end");
        assert_eq!(second.accepted, 1, "{before}");
        assert_eq!(world.outbox().states(), BTreeMap::from([("sent", 1)]));
    }
}

#[tokio::test]
async fn what_is_written_while_a_claim_is_under_way_is_claimed_after_it() {
    for (most, written) in [(8_000, 0), (200, 100)] {
        let world = World::start(&[]).await;
        for n in 0..written {
            world.outbox().write("whatsapp", &World::number(n), "Bonjour");
        }
        // The claim's answer comes so late that what was asked meanwhile was heard before it.
        world.outbox().slow_claims_ms = 40;
        let later = async {
            while world.outbox().count("claim_outbound_messages") == 0 {
                tokio::task::yield_now().await;
            }
            world.outbox().write("whatsapp", &World::number(written), "Bonjour");
            assert!(world.dispatcher.look_again());
        };
        let both = async {
            tokio::join!(world.dispatcher.run(Budget { messages: most, ..BUDGET }), later)
        };
        let (run, ()) =
            tokio::time::timeout(Duration::from_secs(30), both).await.expect("the run ends");
        assert_eq!(run.accepted, written + 1, "of {most}");
        assert_eq!(world.outbox().states(), BTreeMap::from([("sent", written + 1)]));
    }
}

#[tokio::test]
async fn what_is_written_one_by_one_is_claimed_together() {
    let world = World::start(&[]).await;
    let writer = async {
        let mut runs = 0;
        for n in 0..100 {
            world.outbox().write("whatsapp", &World::number(n), "Bonjour");
            runs += u64::from(!world.dispatcher.run(BUDGET).await.busy);
            tokio::task::yield_now().await;
        }
        runs
    };
    let (_, runs) = tokio::join!(world.dispatcher.run(BUDGET), writer);
    world.dispatcher.run(BUDGET).await;
    assert_eq!(world.outbox().states(), BTreeMap::from([("sent", 100)]));
    world.check_books();
    let claims = world.outbox().claimed_at.clone();
    let took = claims.last().unwrap() - claims[0];
    // One for each tenth of a second, and those that a run begins with.
    assert!(claims.len() as u64 <= took / 100 + runs + 3, "{} claims in {took} ms", claims.len());
}
