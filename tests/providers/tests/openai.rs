//! The stand-in's own answers, over HTTP: as our contract and the published specification say.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may fail anywhere")]

use providers::openai::{Contract, Fault, OpenAi, Published};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

fn prompt() -> String {
    let pages: String = providers::sample::beekeeping()
        .iter()
        .map(|page| format!("=== PAGE {} 0123456789ab ===\n{}", page.number, page.text))
        .collect();
    format!(
        "count: 3\nlanguage: fr\nboundary: 0123456789ab\n\n\
         === DOCUMENT 0123456789ab ===\n{pages}=== END 0123456789ab ===\n"
    )
}

fn request() -> Value {
    let text = json!({"type": "string"});
    json!({
        "model": "gpt-4o",
        "messages": [{"role": "system", "content": "Write questions."}, {"role": "user", "content": prompt()}],
        "response_format": {"type": "json_schema", "json_schema": {"name": "questions", "strict": true, "schema": {
            "type": "object", "properties": {"questions": {"type": "array", "items": text}},
            "required": ["questions"], "additionalProperties": false}}},
        "max_completion_tokens": 1000,
        "store": false,
    })
}

/// One request by hand, so that nothing but the stand-in is under test.
async fn call(
    server: &OpenAi,
    method: &str,
    path: &str,
    key: Option<&str>,
    body: &Value,
) -> (u16, Value) {
    let address = server.url.trim_start_matches("http://").split('/').next().unwrap().to_owned();
    let mut stream = TcpStream::connect(&address).await.unwrap();
    let body = body.to_string();
    let authorization =
        key.map(|key| format!("Authorization: Bearer {key}\r\n")).unwrap_or_default();
    let head = format!(
        "{method} {path} HTTP/1.1\r\nHost: {address}\r\n{authorization}Content-Type: application/json\r\n\
         Content-Length: {}\r\nConnection: close\r\n\r\n",
        body.len()
    );
    stream.write_all(format!("{head}{body}").as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    let status = answer.split(' ').nth(1).unwrap().parse().unwrap();
    let (_, body) = answer.split_once("\r\n\r\n").unwrap();
    (status, serde_json::from_str(body).unwrap_or_default())
}

async fn chat(server: &OpenAi, body: &Value) -> (u16, Value) {
    call(server, "POST", "/openai/v1/chat/completions", Some("sk-x"), body).await
}

#[tokio::test]
async fn every_kind_of_answer_keeps_our_contract_and_the_published_specification() {
    let contract = Contract::new().unwrap();
    let published = Published::at_hand().unwrap();
    let none = Vec::<String>::new();
    let faults = [
        Fault::None,
        Fault::Refuse,
        Fault::CutOff { keep: 1 },
        Fault::ContentFilter,
        Fault::InvalidJson,
        Fault::NoChoices,
        Fault::RateLimited { retry_after: Some(1) },
        Fault::QuotaExhausted,
        Fault::Unauthorized,
        Fault::PromptTooLong,
        Fault::Server { status: 503 },
    ];
    let server = OpenAi::start().await.unwrap();
    server.script(faults.clone());
    for fault in faults {
        let (status, body) = chat(&server, &request()).await;
        let (ours, name) = if status == 200 {
            (contract.response_faults(&body), "CreateChatCompletionResponse")
        } else {
            (contract.error_faults(&body), "ErrorResponse")
        };
        assert_eq!(ours, none, "{fault:?}");
        if let Some(published) = &published {
            assert_eq!(published.faults(name, &body).unwrap(), none, "{fault:?}");
            assert_eq!(published.unknown_properties(name, &body), none, "{fault:?}");
        }
    }
}

#[tokio::test]
async fn an_honest_answer_asks_about_the_passages_it_was_shown() {
    let server = OpenAi::start().await.unwrap();
    let (status, body) = chat(&server, &request()).await;
    assert_eq!(status, 200);
    let content = body["choices"][0]["message"]["content"].as_str().unwrap();
    let answer: Value = serde_json::from_str(content).unwrap();
    let questions = answer["questions"].as_array().unwrap();
    assert_eq!(questions.len(), 3);
    for question in questions {
        let question: mcq::Question = serde_json::from_value(question.clone()).unwrap();
        assert_eq!(mcq::verify_evidence(&question, &providers::sample::beekeeping()), Ok(()));
    }
}

#[tokio::test]
async fn a_request_that_breaks_the_contract_is_refused_with_the_place() {
    let server = OpenAi::start().await.unwrap();
    let mut broken = Vec::new();
    for (pointer, value) in [
        ("/store", json!(true)),
        ("/response_format/json_schema/strict", json!(false)),
        ("/response_format/json_schema/schema/required", json!([])),
        ("/response_format/json_schema/schema/additionalProperties", json!(true)),
        ("/messages/0/role", json!("user")),
        ("/messages/1/content", json!("Ask something about bees.")),
        ("/max_completion_tokens", json!(0)),
        ("/model", json!("")),
    ] {
        let mut body = request();
        *body.pointer_mut(pointer).unwrap() = value;
        broken.push((pointer, body));
    }
    let mut misspelt = request();
    misspelt["max_tokens_completion"] = json!(5);
    broken.push(("an unknown property", misspelt));
    broken.push(("no object", json!("text")));
    for (place, body) in broken {
        let (status, answer) = chat(&server, &body).await;
        assert_eq!(
            (status, &answer["error"]["type"]),
            (400, &json!("invalid_request_error")),
            "{place}"
        );
        assert!(!server.requests().last().unwrap().violations.is_empty(), "{place}");
    }
}

#[tokio::test]
async fn a_request_without_a_key_is_refused_and_no_key_is_recorded() {
    let server = OpenAi::start().await.unwrap();
    let (status, _) = call(&server, "POST", "/openai/v1/chat/completions", None, &request()).await;
    assert_eq!(status, 401);
    chat(&server, &request()).await;
    let recorded = serde_json::to_string(&server.requests()).unwrap();
    assert!(!recorded.contains("sk-x"));
    let authorized: Vec<_> = server.requests().iter().map(|request| request.authorized).collect();
    assert_eq!(authorized, [false, true]);
}

#[tokio::test]
async fn another_process_can_script_it_read_what_came_and_start_over() {
    let server = OpenAi::start().await.unwrap();
    let script = json!({"faults": ["refuse", {"rate_limited": {"retry_after": 2}}, {"server": {"status": 500}}]});
    assert_eq!(call(&server, "POST", "/_control/openai", None, &script).await.0, 204);
    let (_, refusal) = chat(&server, &request()).await;
    assert!(refusal["choices"][0]["message"]["refusal"].is_string());
    assert_eq!(chat(&server, &request()).await.0, 429);
    let (_, came) = call(&server, "GET", "/_control/openai/requests", None, &Value::Null).await;
    assert_eq!(came.as_array().unwrap().len(), 2);
    assert_eq!(came[1]["fault"], json!({"rate_limited": {"retry_after": 2}}));
    assert_eq!(call(&server, "DELETE", "/_control/openai", None, &Value::Null).await.0, 204);
    assert!(server.requests().is_empty());
    assert_eq!(chat(&server, &request()).await.0, 200);
    let unknown = json!({"faults": ["explode"]});
    assert_eq!(call(&server, "POST", "/_control/openai", None, &unknown).await.0, 422);
}

#[tokio::test]
async fn a_stalled_request_is_let_go_on_command() {
    let server = OpenAi::start().await.unwrap();
    server.script([Fault::Stall]);
    let mut events = server.events();
    let let_go = async {
        events.wait_for(|events| events.stalled == 1).await.unwrap();
        server.release();
    };
    let body = request();
    let ((status, _), ()) = tokio::join!(chat(&server, &body), let_go);
    assert_eq!((status, server.events().borrow().abandoned), (200, 0));
}

#[tokio::test]
async fn an_unknown_path_and_a_wrong_method_are_answered_as_such() {
    let server = OpenAi::start().await.unwrap();
    let (status, body) =
        call(&server, "POST", "/openai/v1/completions", Some("sk-x"), &request()).await;
    assert_eq!((status, &body["error"]["type"]), (404, &json!("invalid_request_error")));
    assert_eq!(
        call(&server, "GET", "/openai/v1/chat/completions", Some("sk-x"), &Value::Null).await.0,
        405
    );
}

#[tokio::test]
async fn the_port_is_closed_when_the_handle_is_dropped() {
    let server = OpenAi::start().await.unwrap();
    let address = server.url.trim_start_matches("http://").split('/').next().unwrap().to_owned();
    let mut kept = TcpStream::connect(&address).await.unwrap();
    drop(server);
    // The server closes what is open: the end of the stream is the event to wait for.
    let mut rest = Vec::new();
    let _ = kept.read_to_end(&mut rest).await;
    assert!(TcpStream::connect(&address).await.is_err());
}

#[test]
fn a_misspelt_property_is_noticed_by_the_published_specification() {
    let Some(published) = Published::at_hand().unwrap() else { return };
    let mut body = request();
    body["responce_format"] = json!({});
    body["messages"][0]["contents"] = json!("x");
    let unknown = published.unknown_properties("CreateChatCompletionRequest", &body);
    assert_eq!(unknown, ["/messages/0/contents", "/responce_format"]);
}
