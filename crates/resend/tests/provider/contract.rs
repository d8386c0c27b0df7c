//! What we really send and read, against our own contract and the published specification.

use providers::messages::Fault;
use providers::resend::{Contract, Resend, published};
use serde_json::{Value, json};

use crate::common::{EMAIL, client, send};

fn request() -> Value {
    json!({ "from": EMAIL.from, "to": [EMAIL.to], "subject": EMAIL.subject, "text": EMAIL.text,
        "html": EMAIL.html, "reply_to": EMAIL.reply_to })
}

/// A plain client, so that nothing but the stand-in is under test.
async fn call(server: &Resend, key: Option<&str>, body: &Value) -> (u16, Value) {
    let http = reqwest::Client::new();
    let mut request = http.post(format!("{}/emails", server.url)).bearer_auth("re_x").json(body);
    if let Some(key) = key {
        request = request.header("Idempotency-Key", key);
    }
    let answer = request.send().await.unwrap();
    (answer.status().as_u16(), answer.json().await.unwrap())
}

#[tokio::test]
async fn what_the_client_sends_keeps_our_contract() {
    let server = Resend::start().await.unwrap();
    send(&client(&server)).await;
    assert_eq!((server.counts().requests, server.counts().violations), (1, 0));
}

#[test]
fn what_we_send_is_known_to_the_published_specification() {
    let Some(published) = published().unwrap() else { return };
    let none = Vec::<String>::new();
    let name = "SendEmailRequest";
    assert_eq!(published.faults(name, &request()).unwrap(), none);
    assert_eq!(published.unknown_properties(name, &request()), none);
    let mut misspelt = request();
    misspelt["replyto"] = json!("x");
    assert_eq!(published.unknown_properties(name, &misspelt), ["/replyto"]);
    // What the published specification leaves open: it lists no error at all.
    assert!(!published.lists_status("/emails", "post", 429));
}

#[tokio::test]
async fn what_the_stand_in_answers_keeps_our_contract_and_the_published_specification() {
    let (contract, published) = (Contract::new().unwrap(), published().unwrap());
    let none = Vec::<String>::new();
    let server = Resend::start().await.unwrap();
    let (status, body) = call(&server, Some("k"), &request()).await;
    assert_eq!((status, contract.email_faults(&body)), (200, none.clone()));
    if let Some(published) = &published {
        assert_eq!(published.faults("SendEmailResponse", &body).unwrap(), none);
        assert_eq!(published.unknown_properties("SendEmailResponse", &body), none);
    }
    server.script([Fault::Throttle { retry_after: None }, Fault::ErrorBefore { status: 500 }]);
    for expected in [429, 500] {
        let (status, body) = call(&server, Some("k"), &request()).await;
        assert_eq!((status, contract.error_faults(&body)), (expected, none.clone()));
    }
    let mut other = request();
    other["subject"] = json!("Autre");
    let (status, body) = call(&server, Some("k"), &other).await;
    assert_eq!((status, contract.error_faults(&body)), (409, none));
}

#[tokio::test]
async fn a_request_that_breaks_the_contract_is_refused_and_not_accepted() {
    let server = Resend::start().await.unwrap();
    for (name, value) in [
        ("to", json!("awa@example.org")),
        ("to", json!(["awa@example.org", "binta@example.org"])),
        ("to", json!(["awa"])),
        ("text", json!("")),
        ("tags", json!([])),
    ] {
        let mut body = request();
        body[name] = value;
        assert_eq!(call(&server, Some("k"), &body).await.0, 422, "{name}");
    }
    let (status, body) = call(&server, None, &request()).await;
    assert_eq!((status, &body["name"]), (400, &json!("invalid_idempotency_key")));
    assert_eq!((server.book().len(), server.counts().violations), (0, 6));
}
