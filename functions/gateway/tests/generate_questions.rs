//! `POST /api/generate-questions`, with the project and OpenAI replaced at their addresses.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test ends with a panic where something is not as it should be"
)]

mod support;

use axum::body::Body;
use http::Request;
use providers::openai::{Fault, OpenAi};
use serde_json::{Value, json};
use std::sync::atomic::Ordering;
use support::{Answer, MASTERCLASS, TUTOR, World, masterclass_pdf};

async fn world_with_pdf() -> World {
    let world = World::start(&[]).await;
    world.upload(masterclass_pdf());
    world
}

async fn world_with_openai(openai: &OpenAi) -> World {
    let world =
        World::start(&[("OPENAI_API_KEY", "sk-test"), ("OPENAI_BASE_URL", &openai.url)]).await;
    world.upload(masterclass_pdf());
    world
}

fn assert_refused(answer: &Answer, status: u16, code: &str) {
    assert_eq!(
        (answer.status, answer.body["code"].as_str()),
        (status, Some(code)),
        "{}",
        answer.body
    );
}

fn questions(answer: &Answer) -> &Vec<Value> {
    assert_eq!(answer.status, 200, "{}", answer.body);
    answer.body["questions"].as_array().unwrap()
}

fn warnings(answer: &Answer) -> Vec<&str> {
    answer.body["warnings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|warning| warning["code"].as_str().unwrap())
        .collect()
}

#[tokio::test]
async fn a_masterclass_gets_ten_drafts_whose_quotes_stand_on_their_pages() {
    let world = world_with_pdf().await;
    let answer =
        world.generate(TUTOR, &[], json!({"masterclass_id": MASTERCLASS, "seed": 7})).await;
    assert_eq!(questions(&answer).len(), 10);
    assert_eq!(answer.body["engine"], "embedded");
    assert_eq!(answer.body["language"], "fr");

    let document = pdf_text::extract(masterclass_pdf(), &pdf_text::Budget::default()).unwrap();
    let words = |text: &str| -> String { text.chars().filter(|c| c.is_alphanumeric()).collect() };
    for question in questions(&answer) {
        let evidence = &question["evidence"];
        let page = document.pages.iter().find(|page| page.number == evidence["page"]).unwrap();
        let quote = words(evidence["quote"].as_str().unwrap());
        assert!(quote.len() > 10 && words(&page.text).contains(&quote), "{question}");
        assert_eq!(question["choices"].as_object().unwrap().len(), 4);
    }

    let records = world.records();
    assert_eq!(records.stored.len(), 1);
    let stored = &records.stored[0];
    assert_eq!(stored["masterclass_id"], MASTERCLASS);
    assert_eq!(stored["questions"].as_array().unwrap().len(), 10);
    assert_eq!(stored["questions"][0]["id"], answer.body["questions"][0]["id"]);
}

#[tokio::test]
async fn every_call_to_the_project_is_made_with_the_callers_token() {
    let world = world_with_pdf().await;
    let body = json!({"masterclass_id": MASTERCLASS});
    questions(&world.generate(TUTOR, &[("idempotency-key", "k-1")], body).await);
    let token = format!("Bearer {}", world.token(TUTOR));
    let records = world.records();
    let paths: Vec<&str> = records.calls.iter().map(|(path, _)| path.as_str()).collect();
    assert_eq!(
        paths,
        [
            "user_roles",
            "begin_idempotent_request",
            "masterclasses",
            "object",
            "store_generated_questions"
        ]
    );
    assert!(records.calls.iter().all(|(_, bearer)| *bearer == token));
}

#[tokio::test]
async fn the_same_seed_gives_the_same_questions_and_nothing_is_stored_without_a_masterclass() {
    let world = world_with_pdf().await;
    let pdf_url = world.records().pdf_url.clone();
    let body = json!({"pdf_url": pdf_url, "count": 5, "seed": 3});
    let first = world.generate(TUTOR, &[], body.clone()).await;
    let second = world.generate(TUTOR, &[], body).await;
    assert_eq!(questions(&first), questions(&second));
    assert_eq!(questions(&first).len(), 5);
    assert!(questions(&first)[0].get("id").is_none());
    assert!(world.records().stored.is_empty());
}

#[tokio::test]
async fn a_public_address_is_fetched() {
    let world = World::start(&[]).await;
    let body = json!({"pdf_url": "https://files.example.org/cours.pdf", "count": 1});
    assert_eq!(questions(&world.generate(TUTOR, &[], body).await).len(), 1);
}

#[tokio::test]
async fn addresses_that_lead_nowhere_or_into_private_networks_are_refused() {
    let cases = [
        ("http://files.example.org/cours.pdf", 422, "pdf_url_refused"),
        ("https://127.0.0.1/cours.pdf", 422, "pdf_url_refused"),
        ("https://localhost/cours.pdf", 422, "pdf_url_refused"),
        ("https://169.254.169.254/latest", 422, "pdf_url_refused"),
        ("https://[::ffff:10.0.0.1]/", 422, "pdf_url_refused"),
        ("file:///etc/passwd", 422, "pdf_url_refused"),
        ("https://files.example.org/moved.pdf", 422, "pdf_url_refused"),
        ("https://files.example.org/missing.pdf", 422, "pdf_unreachable"),
        ("https://files.example.org/endless.pdf", 422, "pdf_unreachable"),
        ("https://unknown.example.org/", 422, "pdf_unreachable"),
        ("https://files.example.org/huge.pdf", 413, "pdf_too_large"),
        ("masterclass-pdfs/nothing.pdf", 404, "pdf_not_found"),
    ];
    for (pdf_url, status, code) in cases {
        // One world each: ten generations a minute are allowed.
        let world = World::start(&[]).await;
        let answer = world.generate(TUTOR, &[], json!({"pdf_url": pdf_url})).await;
        assert_eq!(answer.body["code"], code, "{pdf_url}");
        assert_eq!(answer.status, status, "{pdf_url}");
    }
}

#[tokio::test]
async fn bad_bodies_are_refused_with_the_field_that_is_wrong() {
    let world = World::start(&[]).await;
    let cases = [
        (json!({}), "pdf_url"),
        (json!({"pdf_url": 5}), "pdf_url"),
        (json!(["33333333-3333-4333-8333-333333333333", "a/b"]), "."),
        (json!({"pdf_url": "a/b", "count": 0}), "count"),
        (json!({"pdf_url": "a/b", "count": 51}), "count"),
        (json!({"pdf_url": "a/b", "count": "ten"}), "count"),
        (json!({"pdf_url": "a/b", "count": -1}), "count"),
        (json!({"pdf_url": "a/b", "language": "de"}), "language"),
        (json!({"pdf_url": "a/b", "engine": "gpt"}), "engine"),
        (json!({"pdf_url": "a/b", "seed": 1.5}), "seed"),
        (json!({"masterclass_id": "1"}), "masterclass_id"),
        (json!({"pdf_url": "a/b", "cuont": 5}), "cuont"),
        (json!([]), "."),
        (json!("x"), "."),
    ];
    for (body, field) in cases {
        let answer = world.generate(TUTOR, &[], body.clone()).await;
        assert_refused(&answer, 422, "invalid_request");
        assert_eq!(answer.body["details"]["field"], field, "{body}");
    }
}

#[tokio::test]
async fn bodies_that_are_no_json_too_large_or_of_another_type_are_refused() {
    let world = World::start(&[]).await;
    let send = async |content_type: &str, body: String| {
        let request = Request::post("/api/generate-questions")
            .header("authorization", format!("Bearer {}", world.token(TUTOR)))
            .header("content-type", content_type)
            .body(Body::from(body))
            .unwrap();
        world.send(request).await
    };
    assert_refused(&send("application/json", "{".into()).await, 400, "malformed_json");
    assert_refused(&send("application/json", String::new()).await, 400, "malformed_json");
    assert_refused(&send("application/json", "{} {}".into()).await, 400, "malformed_json");
    assert_refused(
        &send("application/json", "{\"a\":".repeat(10_000)).await,
        400,
        "malformed_json",
    );
    assert_refused(&send("text/plain", "{}".into()).await, 415, "unsupported_media_type");
    let large = format!("{{\"pdf_url\":\"{}\"}}", "a".repeat(70_000));
    assert_refused(&send("application/json", large).await, 413, "body_too_large");
}

#[tokio::test]
async fn each_kind_of_unusable_file_has_its_code_and_the_next_request_is_served() {
    let world = World::start(&[]).await;
    // Fifty megabytes take their time on a busy machine: deadlines at their full length.
    world.haste.store(1, Ordering::Relaxed);
    let truncated = masterclass_pdf()[..1000].to_vec();
    let cases: [(Vec<u8>, u16, &str); 4] = [
        (Vec::new(), 422, "pdf_empty"),
        (b"<html>not found</html>".to_vec(), 422, "not_a_pdf"),
        (vec![b'x'; 51_000_000], 413, "pdf_too_large"),
        (truncated, 422, "pdf_damaged"),
    ];
    for (bytes, status, code) in cases {
        world.upload(bytes);
        let answer = world.generate(TUTOR, &[], json!({"masterclass_id": MASTERCLASS})).await;
        assert_refused(&answer, status, code);
    }
    world.upload(masterclass_pdf());
    let answer = world.generate(TUTOR, &[], json!({"masterclass_id": MASTERCLASS})).await;
    assert_eq!(questions(&answer).len(), 10);
}

#[tokio::test]
async fn documents_of_other_requests_that_fill_the_memory_make_one_wait() {
    let world = world_with_pdf().await;
    let held = world.service.app().pdf_bytes();
    held.store(60_000_000, Ordering::Relaxed);
    let answer = world.generate(TUTOR, &[], json!({"masterclass_id": MASTERCLASS})).await;
    assert_refused(&answer, 503, "service_unavailable");
    assert!(answer.headers.contains_key("retry-after"));
    assert_eq!(held.load(Ordering::Relaxed), 60_000_000, "what was counted is given back");
    held.store(0, Ordering::Relaxed);
    let answer = world.generate(TUTOR, &[], json!({"masterclass_id": MASTERCLASS})).await;
    assert_eq!(questions(&answer).len(), 10);
    assert_eq!(held.load(Ordering::Relaxed), 0);
}

#[tokio::test]
async fn a_masterclass_must_exist_and_have_a_pdf() {
    let world = World::start(&[]).await;
    let answer = world.generate(TUTOR, &[], json!({"masterclass_id": TUTOR})).await;
    assert_refused(&answer, 404, "masterclass_not_found");
    let answer = world.generate(TUTOR, &[], json!({"masterclass_id": MASTERCLASS})).await;
    assert_refused(&answer, 422, "masterclass_has_no_pdf");
}

#[tokio::test]
async fn the_same_key_gives_the_first_answer_again_and_generates_nothing() {
    let openai = OpenAi::start().await.unwrap();
    let world = world_with_openai(&openai).await;
    let key = [("idempotency-key", "6f9619ff")];
    let body = json!({"masterclass_id": MASTERCLASS, "count": 3});
    let first = world.generate(TUTOR, &key, body.clone()).await;
    let paid = openai.requests().len();
    let second = world.generate(TUTOR, &key, body.clone()).await;
    assert_eq!(questions(&first), questions(&second));
    assert_eq!(second.headers["idempotency-replayed"], "true");
    assert_eq!(openai.requests().len(), paid, "nothing was asked of OpenAI again");
    assert_eq!(world.records().stored.len(), 1);

    let other = json!({"masterclass_id": MASTERCLASS, "count": 4});
    assert_refused(&world.generate(TUTOR, &key, other).await, 422, "idempotency_key_reused");
    let long = "k".repeat(201);
    let answer = world.generate(TUTOR, &[("idempotency-key", &long)], body).await;
    assert_refused(&answer, 422, "invalid_idempotency_key");
}

#[tokio::test]
async fn a_failed_request_gives_its_key_back() {
    let world = World::start(&[]).await;
    let key = [("idempotency-key", "k-1")];
    let body = json!({"masterclass_id": MASTERCLASS});
    assert_refused(&world.generate(TUTOR, &key, body.clone()).await, 422, "masterclass_has_no_pdf");
    world.upload(masterclass_pdf());
    questions(&world.generate(TUTOR, &key, body.clone()).await);

    // As if another request with this key were being served right now.
    let fingerprint = world.records().keys["k-1"].0.clone();
    world.records().keys.insert("k-2".into(), (fingerprint, None));
    let answer = world.generate(TUTOR, &[("idempotency-key", "k-2")], body).await;
    assert_refused(&answer, 409, "request_in_progress");
}

#[tokio::test]
async fn openai_writes_the_questions_where_a_key_is_set() {
    let openai = OpenAi::start().await.unwrap();
    let world = world_with_openai(&openai).await;
    let answer =
        world.generate(TUTOR, &[], json!({"masterclass_id": MASTERCLASS, "count": 5})).await;
    assert_eq!(answer.body["engine"], "openai", "{}", answer.body);
    assert!(answer.body["model"].as_str().unwrap().starts_with("gpt-4o"));
    assert_eq!(questions(&answer).len(), 5);
    assert_eq!(
        openai.requests()[0].violations,
        Vec::<String>::new(),
        "the request keeps the contract"
    );

    let asked = openai.requests().len();
    let body = json!({"masterclass_id": MASTERCLASS, "engine": "embedded"});
    assert_eq!(world.generate(TUTOR, &[], body).await.body["engine"], "embedded");
    assert_eq!(openai.requests().len(), asked, "embedded means no network");
}

#[tokio::test]
async fn whatever_openai_does_wrong_ten_checked_questions_come_back() {
    let faults = [
        Fault::Refuse,
        Fault::CutOff { keep: 2 },
        Fault::InvalidJson,
        Fault::Duplicates,
        Fault::InventedQuotes,
        Fault::Lie,
        Fault::Unauthorized,
        Fault::QuotaExhausted,
        Fault::CutConnection,
        Fault::RateLimited { retry_after: Some(1) },
        Fault::Server { status: 503 },
        Fault::Stall,
    ];
    for fault in faults {
        let openai = OpenAi::start().await.unwrap();
        openai.script(vec![fault.clone(); 8]);
        let world = world_with_openai(&openai).await;
        let answer = world.generate(TUTOR, &[], json!({"masterclass_id": MASTERCLASS})).await;
        assert_eq!(questions(&answer).len(), 10, "{fault:?}");
        let said = warnings(&answer);
        let completed = said.contains(&"completed_by_embedded_engine");
        let embedded = answer.body["engine"] == "embedded" && said.contains(&"openai_gave_up");
        assert!(
            completed || embedded || said.contains(&"candidates_dropped"),
            "{fault:?}: {said:?}"
        );
        assert!(openai.requests().len() <= 4, "a bounded number of attempts");
        assert!(!answer.body.to_string().contains("sk-test"));
    }
}

#[tokio::test]
async fn openai_without_a_key_is_refused_where_it_is_demanded() {
    let world = world_with_pdf().await;
    let body = json!({"masterclass_id": MASTERCLASS, "engine": "openai"});
    assert_refused(&world.generate(TUTOR, &[], body).await, 422, "openai_not_configured");
}
