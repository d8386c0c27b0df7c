//! The stand-ins of messages as another process uses them: over HTTP, in a storm, as a program.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may fail anywhere")]

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Read as _};
use std::process::{Command, Stdio};

use futures_util::{StreamExt as _, stream};
use providers::messages::Storm;
use providers::resend::Resend;
use providers::whapi::Whapi;
use serde_json::{Value, json};
use tokio::net::TcpListener;

/// Serves the control routes of both; returns their address.
async fn control(whapi: &Whapi, resend: &Resend) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/_control", listener.local_addr().unwrap());
    let router = whapi.control().merge(resend.control());
    tokio::spawn(async move { axum::serve(listener, router).await });
    url
}

async fn call(method: &str, url: &str, body: &Value) -> (u16, Value) {
    let http = reqwest::Client::new();
    let request = http.request(method.parse().unwrap(), url).bearer_auth("t");
    let request = if body.is_null() { request } else { request.json(body) };
    match request.send().await {
        Ok(answer) => {
            let status = answer.status().as_u16();
            (status, answer.json().await.unwrap_or_default())
        }
        Err(_) => (0, Value::Null),
    }
}

fn text(nth: usize) -> Value {
    json!({ "to": "24174000000", "body": format!("Bonjour {nth}"), "no_link_preview": true })
}

fn email(nth: usize) -> Value {
    json!({ "from": "a@example.org", "to": ["b@example.org"], "subject": format!("{nth}"),
        "text": "Bonjour", "html": "<p>Bonjour</p>" })
}

#[tokio::test]
async fn another_process_scripts_faults_reads_the_book_and_starts_over() {
    let (whapi, resend) = (Whapi::start().await.unwrap(), Resend::start().await.unwrap());
    let control = control(&whapi, &resend).await;
    let send = format!("{}/messages/text", whapi.url);
    let script = json!({ "faults": [{"throttle": {"retry_after": 2}}, "cut_after"], "times": 2 });
    assert_eq!(call("POST", &format!("{control}/whapi"), &script).await.0, 204);
    let mut statuses = Vec::new();
    for nth in 0..5 {
        statuses.push(call("POST", &send, &text(nth)).await.0);
    }
    assert_eq!(statuses, [429, 0, 429, 0, 200]);
    let (_, book) = call("GET", &format!("{control}/whapi/book"), &Value::Null).await;
    let bodies: Vec<_> = book.as_array().unwrap().iter().map(|one| &one["body"]).collect();
    assert_eq!(bodies, ["Bonjour 1", "Bonjour 3", "Bonjour 4"]);
    assert!(book[0]["accepted_at"].as_u64() <= book[2]["accepted_at"].as_u64());
    let (_, rest) = call("GET", &format!("{control}/whapi/book?from=2"), &Value::Null).await;
    assert_eq!((rest.as_array().unwrap().len(), &rest[0]), (1, &book[2]));
    let (_, counts) = call("GET", &format!("{control}/whapi/counts"), &Value::Null).await;
    assert_eq!(counts["faults"], json!({ "throttle": 2, "cut_after": 2, "none": 1 }));
    assert_eq!(call("DELETE", &format!("{control}/whapi"), &Value::Null).await.0, 204);
    assert!(whapi.book().is_empty() && whapi.requests().is_empty());
    let unknown = json!({ "faults": ["explode"] });
    assert_eq!(call("POST", &format!("{control}/resend"), &unknown).await.0, 422);
}

#[tokio::test]
async fn another_process_closes_a_port_and_opens_it_again() {
    let (whapi, resend) = (Whapi::start().await.unwrap(), Resend::start().await.unwrap());
    let control = control(&whapi, &resend).await;
    let send = format!("{}/messages/text", whapi.url);
    for (open, status) in [(false, 0), (true, 200)] {
        let gate = json!({ "open": open });
        assert_eq!(call("POST", &format!("{control}/whapi/port"), &gate).await.0, 204);
        assert_eq!(call("POST", &send, &text(0)).await.0, status);
    }
    assert_eq!(whapi.book().len(), 1);
}

#[tokio::test]
async fn another_process_sets_numbers_latency_and_webhooks() {
    let (whapi, resend) = (Whapi::start().await.unwrap(), Resend::start().await.unwrap());
    let control = control(&whapi, &resend).await;
    let settings = json!({ "latency_milliseconds": 1, "unknown": ["24174000000"] });
    assert_eq!(call("POST", &format!("{control}/whapi/settings"), &settings).await.0, 204);
    assert_eq!(call("POST", &format!("{}/messages/text", whapi.url), &text(0)).await.0, 404);
    let webhook = json!({ "url": "http://127.0.0.1:9", "header": ["x-secret", "s"], "retries": 0 });
    assert_eq!(call("POST", &format!("{control}/whapi/webhook"), &webhook).await.0, 204);
    let incoming = json!({ "from": "24174000001", "text": "STOP" });
    let (status, body) = call("POST", &format!("{control}/whapi/incoming"), &incoming).await;
    assert!(status == 200 && body["id"].is_string());
    whapi.delivered().wait_for(|delivered| delivered.given_up == 1).await.unwrap();
    let key = json!({ "domains": ["example.com"] });
    assert_eq!(call("POST", &format!("{control}/resend/settings"), &key).await.0, 204);
    let answer = reqwest::Client::new()
        .post(format!("{}/emails", resend.url))
        .bearer_auth("re_x")
        .header("idempotency-key", "k")
        .json(&email(0));
    assert_eq!(answer.send().await.unwrap().status().as_u16(), 403);
}

/// What each of many messages meets in a storm, sent in this order and `at_once` at a time.
async fn weather(
    storm: Storm,
    order: impl Iterator<Item = usize>,
    at_once: usize,
) -> (BTreeMap<usize, u16>, Vec<String>) {
    let whapi = Whapi::start().await.unwrap();
    whapi.storm(Some(storm));
    let send = format!("{}/messages/text", whapi.url);
    let statuses = stream::iter(order)
        .map(|nth| {
            let send = send.clone();
            async move { (nth, call("POST", &send, &text(nth)).await.0) }
        })
        .buffer_unordered(at_once)
        .collect()
        .await;
    let mut bodies: Vec<String> = whapi.book().into_iter().map(|one| one.id).collect();
    bodies.sort();
    (statuses, bodies)
}

#[tokio::test]
async fn a_storm_strikes_the_same_messages_again_in_any_order_and_however_many_at_once() {
    let storm = Storm {
        seed: 3,
        throttle: 0.1,
        error_before: 0.1,
        error_after: 0.1,
        cut_before: 0.1,
        cut_after: 0.1,
        stall_then_drop: 0.05,
        stall_milliseconds: 5,
        ..Storm::default()
    };
    let calm = weather(storm.clone(), 0..120, 1).await;
    assert_eq!(calm, weather(storm.clone(), (0..120).rev(), 16).await);
    assert_ne!(calm.0, weather(Storm { seed: 4, ..storm }, 0..120, 16).await.0);
    let count = |status: u16| calm.0.values().filter(|one| **one == status).count();
    assert!(count(200) > 40 && count(429) > 3 && count(500) > 6 && count(0) > 6, "{:?}", calm.0);
    assert!(calm.1.len() > count(200));
}

#[tokio::test]
async fn an_outage_in_a_storm_closes_the_port_for_a_while() {
    let whapi = Whapi::start().await.unwrap();
    whapi.storm(Some(Storm { outage: 1.0, outage_milliseconds: 20, ..Storm::default() }));
    let send = format!("{}/messages/text", whapi.url);
    assert_eq!(call("POST", &send, &text(0)).await.0, 0);
    whapi.storm(None);
    while call("POST", &send, &text(0)).await.0 != 200 {
        tokio::task::yield_now().await;
    }
    assert_eq!(whapi.book().len(), 1);
}

#[tokio::test]
async fn many_requests_at_once_are_served_and_booked_once_each() {
    let whapi = Whapi::start().await.unwrap();
    let http = reqwest::Client::new();
    let began = std::time::Instant::now();
    let count = 1000;
    stream::iter(0..count)
        .map(|nth| {
            let request = http.post(format!("{}/messages/text", whapi.url));
            let request = request.bearer_auth("t").json(&text(nth));
            async move { assert_eq!(request.send().await.unwrap().status().as_u16(), 200) }
        })
        .buffer_unordered(16)
        .collect::<Vec<()>>()
        .await;
    let rate = count as f64 / began.elapsed().as_secs_f64();
    println!("{rate:.0} messages a second");
    let book = whapi.book();
    assert_eq!(book.len(), count);
    assert!(book.is_sorted_by_key(|one| (one.accepted_at, one.elapsed)));
    let mut ids: Vec<_> = book.iter().map(|one| &one.id).collect();
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), count);
}

#[tokio::test]
async fn the_port_is_closed_when_the_handle_is_dropped() {
    let whapi = Whapi::start().await.unwrap();
    let send = format!("{}/messages/text", whapi.url);
    assert_eq!(call("POST", &send, &text(0)).await.0, 200);
    drop(whapi);
    while call("POST", &send, &text(0)).await.0 != 0 {
        tokio::task::yield_now().await;
    }
}

#[cfg(unix)]
#[test]
fn the_program_says_where_it_listens_and_ends_with_its_parent() {
    let mut parent = Command::new("sh")
        .args(["-c", "\"$0\" --with-parent & read -r line"])
        .arg(env!("CARGO_BIN_EXE_providers"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut output = BufReader::new(parent.stdout.take().unwrap());
    for beginning in ["http://127.0.0.1:", "whapi=http://127.0.0.1:", "resend=http://127.0.0.1:"] {
        let mut line = String::new();
        output.read_line(&mut line).unwrap();
        assert!(line.starts_with(beginning), "{line}");
    }
    drop(parent.stdin.take());
    parent.wait().unwrap();
    // The program holds the other end: it ends when the program does.
    let mut rest = String::new();
    output.read_to_string(&mut rest).unwrap();
    assert_eq!(rest, "");
}
