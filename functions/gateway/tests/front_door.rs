//! What holds for every function: error bodies, languages, CORS, ids, log lines.

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
use serde_json::Value;
use support::{STUDENT, TUTOR, World};

fn get(path: &str) -> Request<Body> {
    Request::get(path).body(Body::empty()).unwrap()
}

#[tokio::test]
async fn health_is_public_and_not_cached() {
    let world = World::start(&[]).await;
    let answer = world.send(get("/api/health")).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.body["status"], "ok");
    assert_eq!(answer.headers["cache-control"], "no-store");
}

#[tokio::test]
async fn unknown_routes_and_wrong_methods_answer_the_error_body() {
    let world = World::start(&[]).await;
    for path in ["/", "/api", "/api/nothing", "/api/generate-questions/", "//api/health"] {
        let answer = world.send(get(path)).await;
        assert_eq!((answer.status, &answer.body["code"]), (404, &"not_found".into()), "{path}");
        let mut fields: Vec<_> = answer.body.as_object().unwrap().keys().collect();
        fields.sort();
        assert_eq!(fields, ["code", "details", "hint", "message", "request_id"]);
    }
    let answer = world.send(get("/api/generate-questions")).await;
    assert_eq!((answer.status, &answer.body["code"]), (405, &"method_not_allowed".into()));
    assert_eq!(answer.headers["allow"], "POST");
}

#[tokio::test]
async fn messages_are_french_unless_english_is_asked_for() {
    let world = World::start(&[]).await;
    let french = world.send(get("/api/nothing")).await;
    assert!(french.body["message"].as_str().unwrap().starts_with("Cette adresse"));
    let mut request = get("/api/nothing");
    request.headers_mut().insert("accept-language", "en".parse().unwrap());
    let english = world.send(request).await;
    assert!(english.body["message"].as_str().unwrap().starts_with("There is nothing"));
}

#[tokio::test]
async fn the_request_id_is_in_header_body_and_log_and_a_harmful_one_is_replaced() {
    let world = World::start(&[]).await;
    let mut request = get("/api/nothing");
    request.headers_mut().insert("x-request-id", "front-end-42".parse().unwrap());
    let answer = world.send(request).await;
    assert_eq!(answer.headers["x-request-id"], "front-end-42");
    assert_eq!(answer.body["request_id"], "front-end-42");
    let line: Value = serde_json::from_str(&world.log.lock().unwrap()[0]).unwrap();
    assert_eq!(line["request.id"], "front-end-42");
    assert_eq!(line["http.status"], 404);

    for harmful in ["x", "a\",\"level\":\"error", &"a".repeat(65)] {
        let mut request = get("/api/nothing");
        request.headers_mut().insert("x-request-id", harmful.parse().unwrap());
        let answer = world.send(request).await;
        assert_ne!(answer.headers["x-request-id"], *harmful);
    }
}

#[tokio::test]
async fn only_front_ends_on_the_list_may_call_from_a_browser() {
    let world = World::start(&[]).await;
    let preflight = |origin: &str| {
        Request::options("/api/generate-questions")
            .header("origin", origin)
            .header("access-control-request-method", "POST")
            .body(Body::empty())
            .unwrap()
    };
    let answer = world.send(preflight("https://academy.example")).await;
    assert_eq!(answer.status, 204);
    assert_eq!(answer.headers["access-control-allow-origin"], "https://academy.example");
    let allowed = answer.headers["access-control-allow-headers"].to_str().unwrap();
    assert!(allowed.contains("authorization") && allowed.contains("idempotency-key"));

    for origin in ["https://evil.example", "https://academy.example.evil.example", "null"] {
        let answer = world.send(preflight(origin)).await;
        assert!(!answer.headers.contains_key("access-control-allow-origin"), "{origin}");
    }
    let mut request = get("/api/nothing");
    request.headers_mut().insert("origin", "https://academy.example".parse().unwrap());
    let answer = world.send(request).await;
    assert_eq!(answer.headers["access-control-allow-origin"], "https://academy.example");
    assert_eq!(answer.headers["vary"], "origin");
    let readable = answer.headers["access-control-expose-headers"].to_str().unwrap();
    for header in ["x-request-id", "retry-after", "idempotency-replayed"] {
        assert!(readable.contains(header), "a front end cannot read {header}: {readable}");
    }
}

#[tokio::test]
async fn callers_without_a_valid_token_are_challenged_and_students_are_refused() {
    let world = World::start(&[]).await;
    let post = |authorization: Option<&str>| {
        let mut request = Request::post("/api/generate-questions")
            .header("content-type", "application/json")
            .body(Body::from("{}"))
            .unwrap();
        if let Some(value) = authorization {
            request.headers_mut().insert("authorization", value.parse().unwrap());
        }
        request
    };
    let answer = world.send(post(None)).await;
    assert_eq!(answer.status, 401);
    assert_eq!(answer.headers["www-authenticate"], "Bearer realm=\"griot\"");
    for wrong in ["Bearer garbage", "Bearer ", "Basic dTpw", "garbage"] {
        let answer = world.send(post(Some(wrong))).await;
        assert_eq!(
            (answer.status, &answer.body["code"]),
            (401, &"unauthenticated".into()),
            "{wrong}"
        );
        assert!(answer.headers["www-authenticate"].to_str().unwrap().contains("invalid_token"));
    }
    let answer = world.send(post(Some(&format!("Bearer {}", world.token(STUDENT))))).await;
    assert_eq!((answer.status, &answer.body["code"]), (403, &"staff_only".into()));
}

#[tokio::test]
async fn no_log_line_holds_a_token_a_body_or_an_address() {
    let world = World::start(&[]).await;
    let body = serde_json::json!({"pdf_url": "https://10.0.0.1/secret-path.pdf"});
    world.generate(TUTOR, &[], body).await;
    world.generate(STUDENT, &[], Value::Null).await;
    let log = world.log.lock().unwrap().join("\n");
    assert!(log.contains("pdf_url_refused"), "{log}");
    for private in
        [world.token(TUTOR).as_str(), world.token(STUDENT).as_str(), "secret-path", TUTOR]
    {
        assert!(!log.contains(private), "{log}");
    }
}

#[tokio::test]
async fn a_project_that_is_down_is_503_and_shows_nothing_of_it() {
    let world = World::start(&[]).await;
    world.records().rest_down = true;
    let answer = world.generate(TUTOR, &[], serde_json::json!({"pdf_url": "a/b.pdf"})).await;
    assert_eq!((answer.status, &answer.body["code"]), (503, &"service_unavailable".into()));
    assert!(answer.headers.contains_key("retry-after"));
    assert!(!answer.body.to_string().contains("html"));
    let log = world.log.lock().unwrap().join("\n");
    assert!(log.contains("502"), "{log}");
}

#[tokio::test]
async fn the_hundred_and_first_request_of_a_minute_is_refused() {
    let world = World::start(&[]).await;
    for _ in 0..100 {
        assert_eq!(world.generate(STUDENT, &[], Value::Null).await.status, 403);
    }
    let refused = world.generate(STUDENT, &[], Value::Null).await;
    assert_eq!((refused.status, &refused.body["code"]), (429, &"too_many_requests".into()));
    assert_eq!(refused.headers["retry-after"], "60");
    assert_eq!(world.generate(TUTOR, &[], Value::Null).await.status, 422, "others go on");
}

#[tokio::test]
async fn a_fault_of_ours_is_reported_without_the_words_of_the_caller() {
    let (seen, mut reports) = tokio::sync::mpsc::unbounded_channel();
    let sentry = axum::Router::new().route(
        "/api/42/envelope/",
        axum::routing::post(async move |headers: http::HeaderMap, body: String| {
            let auth = headers["x-sentry-auth"].to_str().unwrap().to_owned();
            seen.send((auth, body)).unwrap();
            http::StatusCode::OK
        }),
    );
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let dsn = format!("http://0a1b@{}/42", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, sentry).await });

    let world = World::start(&[("SENTRY_DSN", &dsn)]).await;
    world.records().rest_down = true;
    let request = Request::post("/api/generate-questions?phone=24174000000")
        .header("authorization", format!("Bearer {}", world.token(TUTOR)))
        .body(Body::empty())
        .unwrap();
    let mut response = world.service.serve(request).await;
    assert_eq!(response.status(), 503);
    let incident = response.extensions_mut().remove::<edge::Incident>().expect("an incident");
    edge::report(world.service.app(), &incident).await;

    let (auth, envelope) = reports.recv().await.unwrap();
    assert!(auth.contains("sentry_key=0a1b"), "{auth}");
    let event: Value = serde_json::from_str(envelope.lines().nth(2).unwrap()).unwrap();
    assert_eq!(event["transaction"], "POST /api/generate-questions");
    assert_eq!(event["tags"]["http.status"], "503");
    assert!(!envelope.contains("24174000000"), "{envelope}");
    assert!(!envelope.contains(&world.token(TUTOR)), "{envelope}");
}

#[tokio::test]
async fn a_refusal_is_no_incident() {
    let world = World::start(&[]).await;
    let response = world.service.serve(get("/api/nothing")).await;
    assert!(response.extensions().get::<edge::Incident>().is_none());
}

#[tokio::test]
async fn the_eleventh_generation_of_a_minute_is_refused_and_nothing_is_fetched() {
    let world = World::start(&[]).await;
    let body = || serde_json::json!({"pdf_url": "masterclass-pdfs/nothing.pdf"});
    for _ in 0..10 {
        assert_eq!(world.generate(TUTOR, &[], body()).await.status, 404);
    }
    let calls = world.records().calls.len();
    let refused = world.generate(TUTOR, &[], body()).await;
    assert_eq!((refused.status, &refused.body["code"]), (429, &"too_many_requests".into()));
    let asked: Vec<_> =
        world.records().calls.iter().skip(calls).map(|(path, _)| path.clone()).collect();
    assert!(asked.iter().all(|path| path.contains("user_roles")), "{asked:?}");
}
