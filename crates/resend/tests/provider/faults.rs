//! Every way the provider can fail; whatever it is, the same key sends one e-mail.

use std::time::Duration;

use providers::messages::Fault;
use providers::resend::{Resend, Settings};
use resend::{Email, SendOutcome};

use crate::common::{EMAIL, KEY, client, client_with, patient, send};

fn retry(code: &'static str) -> SendOutcome {
    SendOutcome::Retry { code, detail: String::new(), after: None }
}

fn code(outcome: &SendOutcome) -> String {
    match outcome {
        SendOutcome::Accepted { .. } => "accepted".to_owned(),
        SendOutcome::AcceptedEarlier => "accepted_earlier".to_owned(),
        SendOutcome::Retry { code, .. } => (*code).to_owned(),
        SendOutcome::Refused { code, .. } => code.clone(),
    }
}

/// The e-mails that were accepted, after the requests were found faultless.
fn accepted(server: &Resend) -> usize {
    for request in server.requests() {
        assert!(request.authorized);
        assert_eq!(request.violations, Vec::<String>::new());
    }
    server.book().len()
}

#[tokio::test]
async fn an_honest_answer_is_an_acceptance_with_the_identifier_of_the_book() {
    let server = Resend::start().await.unwrap();
    let outcome = send(&client(&server)).await;
    let book = server.book();
    assert_eq!(outcome, SendOutcome::Accepted { id: book[0].id.clone() });
    assert_eq!((book[0].key.as_str(), book[0].to.as_str()), (KEY, EMAIL.to));
    assert_eq!((book[0].subject.as_str(), book[0].text.as_str()), (EMAIL.subject, EMAIL.text));
}

#[tokio::test]
async fn whatever_passes_is_tried_again_with_the_same_key_and_sent_once() {
    let stall = None;
    for (fault, expected, accepted_by_then) in [
        (Fault::ErrorBefore { status: 500 }, "server_error", 0),
        (Fault::ErrorAfter { status: 503 }, "server_error", 1),
        (Fault::CutBefore, "connection_failed", 0),
        (Fault::CutAfter, "connection_failed", 1),
        (Fault::CutAnswer, "unreadable_answer", 1),
        (Fault::Malformed, "unreadable_answer", 1),
        (Fault::Empty, "unreadable_answer", 1),
        (Fault::Endless, "unreadable_answer", 1),
        (Fault::StallThenDrop { milliseconds: stall }, "timeout", 0),
        (Fault::AcceptThenStall { milliseconds: stall }, "timeout", 1),
        (Fault::Throttle { retry_after: Some(2) }, "rate_limited", 0),
    ] {
        let server = Resend::start().await.unwrap();
        server.script([fault.clone()]);
        let client = client(&server);
        assert_eq!(code(&send(&client).await), expected, "{fault:?}");
        assert_eq!(accepted(&server), accepted_by_then, "{fault:?}");
        let again = send(&client).await;
        let book = server.book();
        assert_eq!(again, SendOutcome::Accepted { id: book[0].id.clone() }, "{fault:?}");
        assert_eq!((accepted(&server), book[0].repeated), (1, accepted_by_then), "{fault:?}");
    }
}

#[tokio::test]
async fn an_attempt_that_is_not_finished_keeps_the_next_one_waiting() {
    let server = Resend::start().await.unwrap();
    server.script([Fault::StallThenAccept { milliseconds: None }]);
    let client = client(&server);
    assert_eq!(send(&client).await, retry("timeout"));
    assert_eq!(code(&send(&client).await), "under_way");
    server.release();
    while server.book().is_empty() {
        tokio::task::yield_now().await;
    }
    assert_eq!(code(&send(&client).await), "accepted");
    assert_eq!(accepted(&server), 1);
}

#[tokio::test]
async fn two_at_once_with_one_key_send_one_email() {
    let server = Resend::start().await.unwrap();
    let client = client_with(&server, patient());
    let attempts = (0..8).map(|_| send(&client));
    let outcomes = futures_util::future::join_all(attempts).await;
    for outcome in &outcomes {
        assert!(["accepted", "under_way"].contains(&code(outcome).as_str()), "{outcome:?}");
    }
    assert_eq!(accepted(&server), 1);
}

#[tokio::test]
async fn the_same_key_with_another_text_is_told_as_accepted_before() {
    let server = Resend::start().await.unwrap();
    server.script([Fault::CutAfter]);
    let client = client(&server);
    assert_eq!(send(&client).await, retry("connection_failed"));
    let changed = Email { text: "Bonjour, Awa", ..EMAIL };
    assert_eq!(
        client.send_email(KEY, &changed, resend::DEADLINE).await,
        SendOutcome::AcceptedEarlier
    );
    assert_eq!(accepted(&server), 1);
}

#[tokio::test]
async fn a_key_is_forgotten_after_its_lifetime_and_then_sends_again() {
    let server = Resend::start().await.unwrap();
    let client = client(&server);
    send(&client).await;
    server.set(Settings { key_lifetime_milliseconds: Some(0), ..Settings::default() });
    assert_eq!(code(&send(&client).await), "accepted");
    assert_eq!(accepted(&server), 2);
}

#[tokio::test]
async fn throttling_and_quotas_say_how_long_to_wait() {
    let server = Resend::start().await.unwrap();
    let client = client(&server);
    let reject = |message: &str| Fault::Reject { status: 429, message: message.to_owned() };
    let hour = Some(Duration::from_secs(3600));
    for (fault, expected, wait) in [
        (Fault::Throttle { retry_after: Some(2) }, "rate_limited", Some(Duration::from_secs(2))),
        (Fault::Throttle { retry_after: None }, "rate_limited", None),
        (reject("You have reached your daily quota"), "daily_quota_exceeded", hour),
        (reject("You have reached your monthly quota"), "monthly_quota_exceeded", hour),
    ] {
        server.script([fault]);
        let outcome = send(&client).await;
        let SendOutcome::Retry { code, after, .. } = outcome else { panic!("{outcome:?}") };
        assert_eq!((code, after), (expected, wait));
    }
}

#[tokio::test]
async fn refusals_are_final_and_named_as_the_provider_names_them() {
    let server = Resend::start().await.unwrap();
    let client = client(&server);
    for (status, expected) in [
        (400, "validation_error"),
        (401, "missing_api_key"),
        (404, "not_found"),
        (422, "validation_error"),
    ] {
        server.script([Fault::Reject { status, message: "No, awa@example.org".to_owned() }]);
        let outcome = send(&client).await;
        let SendOutcome::Refused { code, detail } = outcome else { panic!("{outcome:?}") };
        assert_eq!((code.as_str(), detail.as_str()), (expected, "No, …"));
    }
    assert_eq!(accepted(&server), 0);
}

#[tokio::test]
async fn a_wrong_api_key_is_refused() {
    let server = Resend::start().await.unwrap();
    let tokens = Some(vec!["re_other".to_owned()]);
    server.set(Settings { tokens, ..Settings::default() });
    assert_eq!(code(&send(&client(&server)).await), "invalid_api_key");
}

#[tokio::test]
async fn a_test_domain_writes_to_its_owner_alone_and_an_unverified_one_to_nobody() {
    let server = Resend::start().await.unwrap();
    let client = client(&server);
    server.set(Settings {
        own_address: Some("owner@example.org".to_owned()),
        domains: Some(vec!["example.org".to_owned()]),
        ..Settings::default()
    });
    for (from, to, expected) in [
        ("Griot <onboarding@resend.dev>", "awa@example.org", "validation_error"),
        ("Griot <onboarding@resend.dev>", "owner@example.org", "accepted"),
        ("onboarding@resend.dev", "delivered@resend.dev", "accepted"),
        ("bonjour@example.com", "awa@example.org", "validation_error"),
        ("bonjour@example.org", "awa@example.org", "accepted"),
    ] {
        let email = Email { from, to, ..EMAIL };
        let outcome = client
            .send_email(&format!("{from}{to}").replace(' ', ""), &email, resend::DEADLINE)
            .await;
        assert_eq!(code(&outcome), expected, "{from} {to}");
    }
}

#[tokio::test]
async fn a_closed_port_is_tried_again() {
    let server = Resend::start().await.unwrap();
    let client = client(&server);
    server.set_open(false).await;
    assert_eq!(send(&client).await, retry("connection_failed"));
    server.set_open(true).await;
    assert_eq!(code(&send(&client).await), "accepted");
}

#[tokio::test]
async fn what_cannot_be_sent_costs_no_request() {
    let server = Resend::start().await.unwrap();
    let client = client(&server);
    for key in ["", "a b", "é", &"k".repeat(257)] {
        assert_eq!(code(&client.send_email(key, &EMAIL, resend::DEADLINE).await), "invalid_key");
    }
    let email = Email { to: "awa@example.org, binta@example.org", ..EMAIL };
    assert_eq!(code(&client.send_email(KEY, &email, resend::DEADLINE).await), "invalid_email");
    assert!(server.requests().is_empty());
    assert_eq!(
        code(&client.send_email(&"k".repeat(256), &EMAIL, resend::DEADLINE).await),
        "accepted"
    );
}

#[tokio::test]
async fn an_attempt_takes_the_time_it_is_given_and_no_longer_than_the_deadline() {
    let server = Resend::start().await.unwrap();
    let (asked, times) = std::sync::mpsc::channel();
    let timer: resend::Timer = std::sync::Arc::new(move |time| {
        asked.send(time).unwrap();
        Box::pin(std::future::pending())
    });
    let client = client_with(&server, timer);
    let seconds = Duration::from_secs;
    for (given, taken) in [(seconds(3), seconds(3)), (seconds(60), resend::DEADLINE)] {
        client.send_email(KEY, &EMAIL, given).await;
        assert_eq!(times.recv().unwrap(), taken);
    }
}
