//! What we really send and read, against our own contract and the published specification.

use providers::messages::Fault;
use providers::whapi::{Contract, Settings, Whapi, published};
use serde_json::{Value, json};
use whapi::ListQuery;

use crate::common::{AWA, TEXT, client, send};

/// A plain client, so that nothing but the stand-in is under test.
async fn call(server: &Whapi, path: &str, body: Option<Value>) -> (u16, Value) {
    let http = reqwest::Client::new();
    let url = format!("{}{path}", server.url);
    let request = match &body {
        Some(body) => http.post(url).json(body),
        None => http.get(url),
    };
    let answer = request.bearer_auth("t").send().await.unwrap();
    (answer.status().as_u16(), answer.json().await.unwrap())
}

fn text_request() -> Value {
    json!({ "to": AWA, "body": TEXT, "no_link_preview": true })
}

#[tokio::test]
async fn what_the_client_sends_keeps_our_contract() {
    let server = Whapi::start().await.unwrap();
    let client = client(&server);
    send(&client).await;
    client.check_numbers(&[AWA]).await.unwrap();
    client.list_messages(ListQuery { chat_id: None, since: 1, until: Some(2) }).await.unwrap();
    let chat = format!("{AWA}@s.whatsapp.net");
    let query = ListQuery { chat_id: Some(&chat), ..ListQuery::default() };
    client.list_messages(query).await.unwrap();
    let what: Vec<_> = server.requests().iter().map(|request| request.what).collect();
    assert_eq!(
        what,
        [
            "POST /messages/text",
            "POST /contacts",
            "GET /messages/list",
            "GET /messages/list/{ChatID}",
            "GET /messages/list/{ChatID}",
        ]
    );
    assert_eq!(server.counts().violations, 0);
}

#[test]
fn what_we_send_is_known_to_the_published_specification() {
    let Some(published) = published().unwrap() else { return };
    let none = Vec::<String>::new();
    for (name, body) in
        [("SenderText", text_request()), ("CheckContactRequest", json!({ "contacts": [AWA] }))]
    {
        assert_eq!(published.faults(name, &body).unwrap(), none, "{name}");
        assert_eq!(published.unknown_properties(name, &body), none, "{name}");
    }
    let pair = |name: &str, value: Value| (name.to_owned(), value);
    let query = [
        pair("count", json!(whapi::PAGE)),
        pair("offset", json!(0)),
        pair("time_from", json!(1)),
        pair("time_to", json!(2)),
        pair("sort", json!("asc")),
    ];
    for path in ["/messages/list", "/messages/list/{ChatID}"] {
        assert_eq!(published.query_faults(path, &query).unwrap(), none, "{path}");
    }
    let wrong = [pair("count", json!(501)), pair("since", json!(1))];
    assert_eq!(published.query_faults("/messages/list", &wrong).unwrap().len(), 2);
    // What the published specification leaves open, and our client decides by itself.
    assert!(!published.lists_status("/messages/text", "post", 404));
    assert!(published.lists_status("/messages/text", "post", 429));
}

#[tokio::test]
async fn what_the_stand_in_answers_keeps_our_contract_and_the_published_specification() {
    let (contract, published) = (Contract::new().unwrap(), published().unwrap());
    let none = Vec::<String>::new();
    let server = Whapi::start().await.unwrap();
    server.set(Settings { unknown: Some(vec!["24174000009".to_owned()]), ..Settings::default() });
    server.receive(AWA, "Bonjour");
    let check = |name: &str, ours: Vec<String>, body: &Value| {
        assert_eq!(ours, none, "{name}");
        if let Some(published) = &published {
            assert_eq!(published.faults(name, body).unwrap(), none, "{name}");
            assert_eq!(published.unknown_properties(name, body), none, "{name}");
        }
    };
    let (status, body) = call(&server, "/messages/text", Some(text_request())).await;
    assert_eq!(status, 200);
    check("SentMessage", contract.sent_faults(&body), &body);
    let query = "count=2&offset=0&time_from=0&sort=asc";
    let chat = format!("{AWA}@s.whatsapp.net");
    for path in [format!("/messages/list?{query}"), format!("/messages/list/{chat}?{query}")] {
        let (status, body) = call(&server, &path, None).await;
        assert_eq!((status, body["total"].as_u64()), (200, Some(2)));
        check("MessagesList", contract.list_faults(&body), &body);
    }
    let contacts = json!({ "contacts": [AWA, "24174000009"] });
    let (status, body) = call(&server, "/contacts", Some(contacts)).await;
    assert_eq!(status, 200);
    check("CheckContactResponse", contract.contacts_faults(&body), &body);
    server.script([Fault::Throttle { retry_after: None }, Fault::ErrorBefore { status: 500 }]);
    for expected in [429, 500] {
        let (status, body) = call(&server, "/messages/text", Some(text_request())).await;
        assert_eq!(status, expected);
        check("ResponseError", contract.error_faults(&body), &body);
    }
    for path in ["/messages/list", "/messages/list/1234567890@s.whatsapp.net?x=1", "/nowhere"] {
        let (_, body) = call(&server, path, None).await;
        check("ResponseError", contract.error_faults(&body), &body);
    }
}

#[tokio::test]
async fn a_request_that_breaks_the_contract_is_refused_and_not_accepted() {
    let server = Whapi::start().await.unwrap();
    for (name, value) in [
        ("to", json!("+24174000000")),
        ("to", json!(24_174_000_000_u64)),
        ("body", json!("")),
        ("no_link_preview", json!(false)),
        ("typing_time", json!(1)),
    ] {
        let mut body = text_request();
        body[name] = value;
        assert_eq!(call(&server, "/messages/text", Some(body)).await.0, 400, "{name}");
    }
    let query = "count=501&offset=0&time_from=0&sort=asc";
    assert_eq!(call(&server, &format!("/messages/list?{query}"), None).await.0, 400);
    assert_eq!(call(&server, "/contacts", Some(json!({ "contacts": [] }))).await.0, 400);
    assert_eq!((server.book().len(), server.counts().violations), (0, 7));
}
