//! Every way the provider can fail: what is known afterwards must agree with the provider's book.

use std::time::Duration;

use providers::messages::Fault;
use providers::whapi::{Settings, Whapi};
use whapi::{Cause, SendOutcome, Status};

use crate::common::{AWA, TEXT, client, client_at, discreet, send};

fn uncertain(cause: Cause) -> SendOutcome {
    SendOutcome::Uncertain { cause }
}

/// One attempt under one fault, and how many messages the provider has then.
async fn under(fault: Fault) -> (SendOutcome, usize) {
    let server = Whapi::start().await.unwrap();
    server.script([fault]);
    let outcome = send(&client(&server)).await;
    (outcome, accepted(&server))
}

fn accepted(server: &Whapi) -> usize {
    for request in server.requests() {
        assert!(request.authorized);
        assert_eq!(request.violations, Vec::<String>::new());
    }
    server.book().len()
}

#[tokio::test]
async fn an_honest_answer_is_an_acceptance_with_the_identifier_of_the_book() {
    let server = Whapi::start().await.unwrap();
    let outcome = send(&client(&server)).await;
    let book = server.book();
    assert_eq!((book[0].to.as_str(), book[0].body.as_str()), (AWA, TEXT));
    let id = book[0].id.clone();
    assert_eq!(outcome, SendOutcome::Accepted { id, status: Some(Status::Pending) });
}

#[tokio::test]
async fn the_same_message_twice_is_two_messages() {
    let server = Whapi::start().await.unwrap();
    let client = client(&server);
    let (first, second) = (send(&client).await, send(&client).await);
    assert_ne!(first, second);
    assert_eq!(accepted(&server), 2);
}

#[tokio::test]
async fn throttling_is_known_not_to_be_accepted_and_says_how_long() {
    for (retry_after, after) in [(Some(7), Some(Duration::from_secs(7))), (None, None)] {
        let (outcome, accepted) = under(Fault::Throttle { retry_after }).await;
        let SendOutcome::Retry { code, after: told, .. } = outcome else { panic!("{outcome:?}") };
        assert_eq!((code, told, accepted), ("rate_limited", after, 0));
    }
}

#[tokio::test]
async fn a_failing_server_leaves_it_uncertain_whether_it_accepted_or_not() {
    for status in [500, 502, 503, 504, 521] {
        let expected = uncertain(Cause::ServerError { status });
        assert_eq!(under(Fault::ErrorBefore { status }).await, (expected.clone(), 0));
        assert_eq!(under(Fault::ErrorAfter { status }).await, (expected, 1));
    }
}

#[tokio::test]
async fn a_cut_connection_leaves_it_uncertain_whether_it_was_accepted_or_not() {
    assert_eq!(under(Fault::CutBefore).await, (uncertain(Cause::ConnectionLost), 0));
    assert_eq!(under(Fault::CutAfter).await, (uncertain(Cause::ConnectionLost), 1));
}

#[tokio::test]
async fn a_cut_on_a_connection_that_was_used_before_is_not_repeated_by_the_transport() {
    let server = Whapi::start().await.unwrap();
    let client = client(&server);
    for fault in [Fault::CutAfter, Fault::CutBefore] {
        let before = accepted(&server);
        assert!(matches!(send(&client).await, SendOutcome::Accepted { .. }));
        server.script([fault.clone()]);
        assert_eq!(send(&client).await, uncertain(Cause::ConnectionLost));
        let expected = if fault == Fault::CutAfter { 2 } else { 1 };
        assert_eq!(accepted(&server) - before, expected, "{fault:?}");
    }
}

#[tokio::test]
async fn an_answer_that_cannot_be_read_leaves_it_uncertain() {
    for fault in [Fault::CutAnswer, Fault::Malformed, Fault::Empty, Fault::Endless] {
        assert_eq!(under(fault).await, (uncertain(Cause::UnreadableAnswer), 1));
    }
}

#[tokio::test]
async fn a_request_that_hangs_ends_at_its_deadline_and_may_be_accepted_after_it() {
    let server = Whapi::start().await.unwrap();
    let client = client(&server);
    server.script([Fault::StallThenAccept { milliseconds: None }]);
    assert_eq!(send(&client).await, uncertain(Cause::Timeout));
    assert_eq!(accepted(&server), 0);
    // Nobody listens any more; the provider accepts it all the same.
    server.release();
    let mut events = server.events();
    events.wait_for(|events| events.resumed == 1).await.unwrap();
    while server.book().is_empty() {
        tokio::task::yield_now().await;
    }
    assert_eq!(accepted(&server), 1);
}

#[tokio::test]
async fn a_request_that_hangs_before_or_after_acceptance_looks_the_same() {
    for (fault, accepted) in [
        (Fault::StallThenDrop { milliseconds: None }, 0),
        (Fault::AcceptThenStall { milliseconds: None }, 1),
    ] {
        assert_eq!(under(fault).await, (uncertain(Cause::Timeout), accepted));
    }
}

#[tokio::test]
async fn a_slow_answer_inside_the_deadline_counts() {
    let server = Whapi::start().await.unwrap();
    server.set(Settings { latency_milliseconds: Some(30), ..Settings::default() });
    assert!(matches!(send(&client(&server)).await, SendOutcome::Accepted { .. }));
}

#[tokio::test]
async fn a_closed_port_is_known_not_to_have_accepted_and_is_open_again() {
    let server = Whapi::start().await.unwrap();
    let client = client(&server);
    let refused =
        || SendOutcome::Retry { code: "connection_refused", detail: String::new(), after: None };
    server.set_open(false).await;
    assert_eq!(send(&client).await, refused());
    server.set_open(true).await;
    assert!(matches!(send(&client).await, SendOutcome::Accepted { .. }));
    // Closing cuts what is open: the next request finds that out before or after it is written.
    server.set_open(false).await;
    let after_a_kept_connection = send(&client).await;
    assert!(
        [refused(), uncertain(Cause::ConnectionLost)].contains(&after_a_kept_connection),
        "{after_a_kept_connection:?}"
    );
    assert_eq!(send(&client).await, refused());
    assert_eq!(accepted(&server), 1);
}

#[tokio::test]
async fn a_name_that_does_not_resolve_is_known_not_to_have_accepted() {
    let server = Whapi::start().await.unwrap();
    let outcome = send(&client_at(&server, "https://whapi.invalid")).await;
    let SendOutcome::Retry { code, .. } = outcome else { panic!("{outcome:?}") };
    assert_eq!(code, "connection_refused");
}

#[tokio::test]
async fn an_outage_ends_by_itself() {
    let server = Whapi::start().await.unwrap();
    let client = client(&server);
    server.script([Fault::Outage { milliseconds: 20 }]);
    assert_eq!(send(&client).await, uncertain(Cause::ConnectionLost));
    while !matches!(send(&client).await, SendOutcome::Accepted { .. }) {
        tokio::task::yield_now().await;
    }
    assert_eq!(accepted(&server), 1);
}

#[tokio::test]
async fn refusals_are_final_and_keep_their_reason_without_the_number() {
    for (status, code) in [
        (400, "bad_request"),
        (401, "unauthorized"),
        (402, "payment_required"),
        (403, "forbidden"),
        (413, "too_large"),
        (415, "unsupported"),
    ] {
        let message = format!("No message to {AWA} today");
        let (outcome, accepted) = under(Fault::Reject { status, message }).await;
        let detail = "No message to … today stand-in".to_owned();
        assert_eq!((outcome, accepted), (SendOutcome::Refused { code, detail }, 0));
    }
    let channel = Fault::Reject { status: 404, message: "Channel not found".to_owned() };
    let (outcome, _) = under(channel).await;
    assert!(matches!(outcome, SendOutcome::Refused { code: "channel_not_found", .. }));
}

#[tokio::test]
async fn a_number_without_whatsapp_is_told_apart_and_can_be_asked_about() {
    let server = Whapi::start().await.unwrap();
    let old = "22997000000".to_owned();
    server.set(Settings {
        unknown: Some(vec![AWA.to_owned()]),
        known_as: Some(vec![("2290197000000".to_owned(), old.clone())]),
        ..Settings::default()
    });
    let client = client(&server);
    assert!(matches!(send(&client).await, SendOutcome::UnknownNumber { .. }));
    assert_eq!(accepted(&server), 0);
    let checks = client.check_numbers(&["2290197000000", AWA]).await.unwrap();
    assert_eq!(checks[0].status, whapi::NumberStatus::Valid { wa_id: Some(old) });
    assert_eq!(checks[1].status, whapi::NumberStatus::Invalid);
    discreet(&checks);
    assert_eq!(client.check_numbers(&[]).await, Ok(Vec::new()));
    let many = vec![AWA; whapi::MAX_NUMBERS + 1];
    assert_eq!(client.check_numbers(&many).await.unwrap_err().code(), "configuration");
}

#[tokio::test]
async fn what_cannot_be_sent_costs_no_request() {
    let server = Whapi::start().await.unwrap();
    let client = client(&server);
    for to in ["", "+24174000000", "12345678", "1234567890123456", "2417400000é", "24174 00 00 00"]
    {
        let outcome = client.send_text(to, TEXT, whapi::DEADLINE).await;
        assert!(matches!(outcome, SendOutcome::Refused { code: "invalid_number", .. }), "{to}");
    }
    for body in ["", " \n", &"é".repeat(4097)] {
        let outcome = client.send_text(AWA, body, whapi::DEADLINE).await;
        assert!(matches!(outcome, SendOutcome::Refused { code: "invalid_body", .. }));
    }
    assert!(server.requests().is_empty());
    let longest = client.send_text(AWA, &"é".repeat(4096), whapi::DEADLINE).await;
    assert!(matches!(longest, SendOutcome::Accepted { .. }));
}

#[tokio::test]
async fn a_wrong_token_is_refused() {
    let server = Whapi::start().await.unwrap();
    let tokens = Some(vec!["another".to_owned()]);
    server.set(Settings { tokens, ..Settings::default() });
    let outcome = send(&client(&server)).await;
    assert!(matches!(outcome, SendOutcome::Refused { code: "unauthorized", .. }));
    assert_eq!(server.counts().unauthorized, 1);
}

#[tokio::test]
async fn an_attempt_takes_the_time_it_is_given_and_no_longer_than_the_deadline() {
    let server = Whapi::start().await.unwrap();
    let (asked, times) = std::sync::mpsc::channel();
    let timer: whapi::Timer = std::sync::Arc::new(move |time| {
        asked.send(time).unwrap();
        Box::pin(std::future::pending())
    });
    let token = whapi::Token::new(crate::common::TOKEN).unwrap();
    let http = reqwest::Client::new();
    let client = whapi::Client::new(http, &server.url, token, timer).unwrap();
    let seconds = Duration::from_secs;
    for (given, taken) in [(seconds(3), seconds(3)), (seconds(60), whapi::DEADLINE)] {
        client.send_text(AWA, TEXT, given).await;
        assert_eq!(times.recv().unwrap(), taken);
    }
}
