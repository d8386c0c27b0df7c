//! `GET /api/health`, shallow and deep.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test ends with a panic where something is not as it should be"
)]

mod support;

use axum::body::Body;
use futures_util::future::join_all;
use http::Request;
use serde_json::{Value, json};
use std::sync::atomic::Ordering;
use support::{Answer, Trouble, World};

/// A project that has a third of a second for what it has three seconds for.
async fn start(variables: &[(&str, &str)]) -> World {
    let world = World::start(variables).await;
    world.haste.store(10, Ordering::Relaxed);
    world
}

async fn health(world: &World, query: &str) -> Answer {
    let request = Request::get(format!("/api/health{query}")).body(Body::empty()).unwrap();
    world.send(request).await
}

fn statuses(answer: &Answer) -> Value {
    let checks = answer.body["checks"].as_array().unwrap_or_else(|| panic!("{}", answer.text));
    checks
        .iter()
        .map(|check| (check["name"].as_str().unwrap().to_owned(), check["status"].clone()))
        .collect::<serde_json::Map<_, _>>()
        .into()
}

#[tokio::test]
async fn the_shallow_answer_asks_nobody() {
    let world = start(&[]).await;
    for query in ["", "?deep=0"] {
        let answer = health(&world, query).await;
        assert_eq!(answer.status, 200);
        assert_eq!(answer.body, json!({"status": "ok", "version": env!("CARGO_PKG_VERSION")}));
    }
    assert!(world.records().asked.is_empty());
}

#[tokio::test]
async fn other_values_and_parameters_are_refused() {
    let world = start(&[]).await;
    for query in ["?deep=", "?deep=2", "?deep=true", "?depp=1", "?deep=1&deep=1", "?deep=%ff"] {
        let answer = health(&world, query).await;
        assert_eq!(
            (answer.status, &answer.body["code"]),
            (422, &json!("invalid_request")),
            "{query}"
        );
    }
    assert!(world.records().asked.is_empty());
}

#[tokio::test]
async fn the_deep_answer_names_each_service_and_who_is_configured() {
    let world = start(&[("OPENAI_API_KEY", "sk-secret")]).await;
    let answer = health(&world, "?deep=1").await;
    assert_eq!((answer.status, &answer.body["status"]), (200, &json!("ok")), "{}", answer.text);
    assert_eq!(statuses(&answer), json!({"database": "ok", "auth_keys": "ok", "storage": "ok"}));
    assert!(answer.body["checks"][0]["latency_ms"].is_u64());
    assert_eq!(answer.body["outbox"], json!({"oldest_due_seconds": null}));
    assert_eq!(
        answer.body["providers"],
        json!({"openai": "configured", "sentry": "not_configured", "whapi": "not_configured",
            "resend": "not_configured"})
    );
    assert_eq!(answer.headers["cache-control"], "no-store");
    assert!(!answer.text.contains("sk-secret"));
}

#[tokio::test]
async fn the_deep_answer_says_how_late_messages_are() {
    let world = start(&[]).await;
    world.records().answers.insert("outbound_health", (200, json!(90)));
    let answer = health(&world, "?deep=1").await;
    assert_eq!((answer.status, &answer.body["status"]), (200, &json!("ok")));
    assert_eq!(answer.body["outbox"], json!({"oldest_due_seconds": 90}));
}

#[tokio::test]
async fn what_fails_or_stalls_is_named_and_only_what_is_needed_makes_503() {
    let cases = [
        ("rest", "database", 503, "down"),
        ("auth", "auth_keys", 503, "down"),
        ("storage", "storage", 200, "degraded"),
    ];
    for (service, name, status, word) in cases {
        for trouble in [Trouble::Fails, Trouble::Stalls] {
            let world = start(&[]).await;
            world.records().troubles.insert(service, trouble);
            let answer = health(&world, "?deep=1").await;
            assert_eq!((answer.status, &answer.body["status"]), (status, &json!(word)), "{name}");
            for (checked, outcome) in statuses(&answer).as_object().unwrap() {
                assert_eq!(outcome, if checked == name { "failed" } else { "ok" }, "{checked}");
            }
            assert!(!answer.text.contains("secret cause"), "{}", answer.text);
            let log = world.log.lock().unwrap().join("\n");
            assert!(
                log.contains(name) && log.contains("error.cause"),
                "the log has the cause: {log}"
            );
        }
    }
}

#[tokio::test]
async fn a_project_without_any_key_can_sign_nobody_in() {
    let world = start(&[("SUPABASE_JWT_SECRET", "")]).await;
    let answer = health(&world, "?deep=1").await;
    assert_eq!((answer.status, &statuses(&answer)["auth_keys"]), (503, &json!("failed")));
}

#[tokio::test]
async fn requests_that_come_together_and_within_five_seconds_ask_the_project_once() {
    let world = start(&[]).await;
    let answers = join_all((0..50).map(|_| health(&world, "?deep=1"))).await;
    assert!(answers.iter().all(|answer| answer.status == 200));
    assert_eq!(world.records().asked.len(), 4, "one request to each service, one for the outbox");

    // A failure is kept like a success.
    world.records().troubles.insert("rest", Trouble::Fails);
    world.clock.fetch_add(4_999, Ordering::Relaxed);
    assert_eq!(health(&world, "?deep=1").await.status, 200);
    world.clock.fetch_add(1, Ordering::Relaxed);
    assert_eq!(health(&world, "?deep=1").await.status, 503);
    world.records().troubles.clear();
    assert_eq!(health(&world, "?deep=1").await.status, 503);
    assert_eq!(world.records().asked.len(), 8);
    world.clock.fetch_add(5_000, Ordering::Relaxed);
    assert_eq!(health(&world, "?deep=1").await.status, 200);
}

#[tokio::test]
async fn a_caller_who_hangs_up_while_asking_does_not_keep_others_from_an_answer() {
    let world = start(&[]).await;
    world.records().troubles.insert("storage", Trouble::Stalls);
    tokio::select! {
        biased;
        _ = health(&world, "?deep=1") => panic!("Storage does not answer"),
        () = tokio::task::yield_now() => {}
    }
    world.records().troubles.clear();
    world.clock.fetch_add(4_000, Ordering::Relaxed);
    assert_eq!(health(&world, "?deep=1").await.status, 200);
}
