//! What becomes of messages, whatever their provider does.

use crate::world::{BUDGET, World};
use hooks::Budget;
use messaging::reference_in;
use providers::messages::Fault;
use providers::whapi::Settings;
use serde_json::json;
use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

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
