//! Messages through the front door: `/api/send-whatsapp`, `/api/hooks`, the outbox of `/api/admin`. The
//! project is replaced at its address; what its SQL functions decide is proven against the real one.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test ends with a panic where something is not as it should be"
)]

mod support;

use axum::body::Body;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use edge::LookNow;
use hmac::{Hmac, Mac};
use http::Request;
use serde_json::{Value, json};
use sha2::Sha256;
use support::{Answer, MASTERCLASS, NOW, STUDENT, TUTOR, World};

const SECRET: &str = "a-secret-of-the-database";
const WHAPI_SECRET: &str = "a-secret-of-whapi";
const AUTH_SECRET: &str = "v1,whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=";

async fn start() -> World {
    World::start(&[
        ("SUPABASE_SECRET_KEY", "sb_secret_y"),
        ("WEBHOOK_SECRET", SECRET),
        ("WHAPI_WEBHOOK_SECRET", WHAPI_SECRET),
        ("AUTH_HOOK_SECRET", AUTH_SECRET),
    ])
    .await
}

fn request(method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Request<Body> {
    let mut request = Request::builder()
        .method(method)
        .uri(path)
        .header("content-type", "application/json")
        .header("accept-language", "en");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.body(Body::from(body.to_owned())).unwrap()
}

/// As a signed-in person.
async fn ask(
    world: &World,
    method: &str,
    path: &str,
    more: &[(&str, &str)],
    body: Value,
) -> Answer {
    let bearer = format!("Bearer {}", world.token(TUTOR));
    let mut headers = vec![("authorization", bearer.as_str())];
    headers.extend_from_slice(more);
    let body = if body.is_null() { String::new() } else { body.to_string() };
    world.send(request(method, path, &headers, &body)).await
}

fn refused(answer: &Answer) -> (u16, &str) {
    (answer.status, answer.body["code"].as_str().unwrap_or_default())
}

fn message(to: &str, kind: &str, data: Value) -> Value {
    json!({ "to": to, "messageType": kind, "data": data })
}

fn welcome() -> Value {
    json!({ "name": "Awa Mbeng", "masterclass": "Gérer sa trésorerie" })
}

#[tokio::test]
async fn a_message_is_written_by_one_call_as_the_caller_and_looked_at_after_the_answer() {
    let world = start().await;
    let written = json!({ "id": STUDENT, "state": "queued", "code": null, "to": "+24174000000" });
    world.records().answers.insert("send_message", (200, written.clone()));
    let body = message("074 00 00 00", "registration_confirmation", welcome());
    let key = [("idempotency-key", "k-1")];
    let answer = ask(&world, "POST", "/api/send-whatsapp", &key, body.clone()).await;
    assert_eq!(answer.status, 202, "{}", answer.text);
    assert_eq!(answer.body, written);
    assert_eq!(world.records().asked.len(), 1);
    assert_eq!(world.records().calls[0].1, format!("Bearer {}", world.token(TUTOR)));
    let arguments = json!({
        "recipient": "+24174000000", "message_type": "registration_confirmation",
        "data": welcome(), "dedupe_key": "k-1",
    });
    assert_eq!(world.records().written[0], ("POST send_message".into(), arguments));

    let bearer = format!("Bearer {}", world.token(TUTOR));
    let headers = [("authorization", bearer.as_str())];
    let again = request("POST", "/api/send-whatsapp", &headers, &body.to_string());
    assert!(world.service.serve(again).await.extensions().get::<LookNow>().is_some());
}

#[tokio::test]
async fn a_number_that_is_none_and_variables_that_do_not_fit_are_refused_by_name() {
    let world = start().await;
    for (body, code, field) in [
        (message("", "validation", welcome()), "phone_number_missing", "to"),
        (message("12", "validation", welcome()), "phone_number_length", "to"),
        (message("+999 74 00 00 00", "validation", welcome()), "phone_number_country", "to"),
        (message("074000000", "validation", json!([])), "variables_not_an_object", "data"),
        (
            message("074000000", "validation", json!({"name": "Awa"})),
            "variable_missing",
            "data.masterclass",
        ),
        (
            message(
                "074000000",
                "pre_test_result",
                json!({"name": "A", "masterclass": "M", "score": 11, "max_score": 10}),
            ),
            "variable_wrong",
            "data.score",
        ),
        (
            message("074000000", "custom", json!({"text": "Bonjour", "txet": 1})),
            "variable_unknown",
            "data.txet",
        ),
        (
            message("074000000", "custom", json!({"text": "é".repeat(1001)})),
            "variable_too_long",
            "data.text",
        ),
        (message("074000000", "verify_email", json!({})), "invalid_request", "messageType"),
        (json!({"to": "074000000", "messageType": "custom"}), "invalid_request", "."),
    ] {
        let answer = ask(&world, "POST", "/api/send-whatsapp", &[], body).await;
        assert_eq!(refused(&answer), (422, code), "{}", answer.text);
        assert_eq!(answer.body["details"]["field"], field, "{}", answer.text);
    }
    let long = "x".repeat(201);
    let key = [("idempotency-key", long.as_str())];
    let body = message("074000000", "validation", welcome());
    let answer = ask(&world, "POST", "/api/send-whatsapp", &key, body).await;
    assert_eq!(refused(&answer), (422, "invalid_idempotency_key"));
    assert!(world.records().asked.is_empty());
    let log = world.log.lock().unwrap().join("\n");
    assert!(!log.contains("074000000") && !log.contains("Awa"), "{log}");
}

#[tokio::test]
async fn hooks_let_in_who_shows_the_secret_and_are_shut_without_one() {
    let shut = World::start(&[]).await;
    let world = start().await;
    for (path, secret) in [("/api/hooks/database", SECRET), ("/api/hooks/whapi", WHAPI_SECRET)] {
        let wrong: [&[(&str, &str)]; 5] = [
            &[],
            &[("x-webhook-secret", "")],
            &[("x-webhook-secret", "a-secret")],
            &[("x-webhook-secret", "a-secret-of-somebody-else")],
            &[("authorization", secret)],
        ];
        for headers in wrong {
            let answer = world.send(request("POST", path, headers, "{}")).await;
            assert_eq!(refused(&answer), (401, "invalid_webhook_secret"), "{path} {headers:?}");
            assert!(!answer.text.contains(secret));
        }
        let right = [("x-webhook-secret", secret)];
        assert!(world.send(request("POST", path, &right, "{}")).await.status < 300);
        let answer = world.send(request("POST", path, &right, "{")).await;
        assert_eq!(refused(&answer), (400, "malformed_json"), "{path}");
        let large = format!("{{\"record\": \"{}\"}}", "x".repeat(2 << 20));
        let answer = world.send(request("POST", path, &right, &large)).await;
        assert_eq!(refused(&answer), (413, "body_too_large"), "{path}");
        for secret in [&right[..], &[("x-webhook-secret", "")], &[]] {
            let answer = shut.send(request("POST", path, secret, "{}")).await;
            assert_eq!(refused(&answer), (404, "hook_not_configured"), "{path}");
        }
    }
    assert!(world.records().asked.is_empty(), "nothing was reported");
}

#[tokio::test]
async fn the_databases_webhook_only_makes_us_look() {
    let world = start().await;
    let right = [("x-webhook-secret", SECRET)];
    let change = |table: &str| {
        json!({"type": "INSERT", "table": table, "schema": "public", "record": {"id": 1}, "new": {}})
            .to_string()
    };
    for (table, looks) in [("outbound_messages", true), ("profiles", false)] {
        let call = request("POST", "/api/hooks/database", &right, &change(table));
        let response = world.service.serve(call).await;
        assert_eq!(response.status(), 202);
        assert_eq!(response.extensions().get::<LookNow>().is_some(), looks, "{table}");
    }
    assert!(world.records().asked.is_empty());
}

#[tokio::test]
async fn whapi_reports_states_and_words_of_people() {
    let world = start().await;
    let recorded = json!({ "applied": 2, "ignored": 1, "unknown": 1 });
    world.records().answers.insert("record_delivery_statuses", (200, recorded));
    world.records().answers.insert("record_keyword", (200, json!({ "changed": true })));
    let status = |id: &str, status: &str| json!({"id": id, "code": 3, "status": status, "timestamp": "1800000000"});
    let text = |from: &str, body: &str| {
        json!({"id": "in-1", "from_me": false, "type": "text", "chat_id": format!("{from}@s.whatsapp.net"),
            "from": from, "timestamp": 1_800_000_001, "text": {"body": body}})
    };
    let call = json!({
        "event": {"type": "statuses"}, "channel_id": "c", "surprise": {},
        "statuses": [status("a", "delivered"), status("b", "played"), status("c", "pending"), status("d", "sent"),
            status("e", "failed"), {"id": "f"}],
        "messages": [text("24174000000", "Stop !"), text("24174000001", "Bonjour"), text("24174000002", "START")],
    });
    let right = [("x-webhook-secret", WHAPI_SECRET)];
    let answer = world.send(request("POST", "/api/hooks/whapi", &right, &call.to_string())).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    assert_eq!(
        answer.body,
        json!({"applied": 2, "ignored": 1, "unknown": 1, "keywords": 2, "skipped": 4})
    );
    let written = world.records().written.clone();
    let at = "2027-01-15T08:00:00Z";
    let one =
        |id: &str, status: &str| json!({"provider_message_id": id, "status": status, "at": at});
    let statuses = [one("a", "delivered"), one("b", "read"), one("d", "sent"), one("e", "failed")];
    assert_eq!(written[0].1, json!({ "statuses": statuses }));
    assert_eq!(
        written[1].1,
        json!({"number": "24174000000", "stop": true, "provider_message_id": "in-1", "said_at": "2027-01-15T08:00:01Z"})
    );
    assert_eq!(written[2].1["stop"], false);
    assert!(world.records().calls.iter().all(|(_, token)| token == "Bearer sb_secret_y"));

    // What could not be recorded is to be posted again.
    world.records().answers.insert("record_keyword", (502, json!({})));
    let stop = json!({ "messages": [text("24174000000", "STOP")] }).to_string();
    let answer = world.send(request("POST", "/api/hooks/whapi", &right, &stop)).await;
    assert_eq!(refused(&answer), (503, "service_unavailable"));
    assert!(!world.log.lock().unwrap().join("\n").contains("24174000000"));
}

/// As Supabase Auth signs it.
async fn auth(world: &World, id: &str, at: u64, body: &Value) -> Answer {
    let key = STANDARD.decode(AUTH_SECRET.trim_start_matches("v1,whsec_")).unwrap();
    let mac = Hmac::<Sha256>::new_from_slice(&key).unwrap();
    let mac = mac.chain_update(format!("{id}.{at}.{body}")).finalize().into_bytes();
    let signature = format!("v1,{}", STANDARD.encode(mac));
    let at = at.to_string();
    let headers =
        [("webhook-id", id), ("webhook-timestamp", at.as_str()), ("webhook-signature", &signature)];
    world.send(request("POST", "/api/hooks/auth-email", &headers, &body.to_string())).await
}

fn email(action: &str, more: Value) -> Value {
    let mut data = json!({"token": "123456", "token_hash": "hash", "email_action_type": action,
        "redirect_to": "https://academy.example/", "site_url": "https://x", "token_new": "", "token_hash_new": ""});
    data.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    json!({
        "user": {"id": STUDENT, "email": "awa@example.org", "new_email": "nouvelle@example.org",
            "user_metadata": {"language": "en-GB", "full_name": "Gagnez ici"}, "aud": "authenticated"},
        "email_data": data,
    })
}

#[tokio::test]
async fn an_email_of_auth_goes_into_the_outbox_once_for_each_address() {
    let world = start().await;
    let written = json!({ "id": STUDENT, "state": "queued" });
    world.records().answers.insert("enqueue_auth_email", (200, written));
    let answer = auth(&world, "msg_1", NOW, &email("signup", json!({}))).await;
    assert_eq!((answer.status, answer.text.as_str()), (200, "{}"));
    let link = |hash: &str, kind: &str| {
        let project = world.url.as_str();
        format!(
            "{project}auth/v1/verify?token={hash}&type={kind}&redirect_to=https%3A%2F%2Facademy.example%2F"
        )
    };
    assert_eq!(
        world.records().written.pop().unwrap().1,
        json!({"webhook_id": "msg_1", "user_id": STUDENT, "email": "awa@example.org",
            "message_type": "verify_email", "language": "en",
            "data": {"code": "123456", "link": link("hash", "signup")}})
    );

    let both = email("email_change", json!({"token_new": "654321", "token_hash_new": "hash2"}));
    assert_eq!(auth(&world, "msg_2", NOW, &both).await.status, 200);
    let mut written: Vec<Value> =
        world.records().written.drain(..).map(|(_, arguments)| arguments).collect();
    written.sort_by_key(|arguments| arguments["webhook_id"].to_string());
    let data = |code: &str, hash: &str| json!({"code": code, "link": link(hash, "email_change"), "new_email": "nouvelle@example.org"});
    assert_eq!(written.len(), 2);
    assert_eq!(
        (&written[0]["webhook_id"], &written[0]["email"]),
        (&json!("msg_2:current"), &json!("awa@example.org"))
    );
    assert_eq!(written[0]["data"], data("123456", "hash2"));
    assert_eq!(
        (&written[1]["webhook_id"], &written[1]["email"]),
        (&json!("msg_2:new"), &json!("nouvelle@example.org"))
    );
    assert_eq!(written[1]["data"], data("654321", "hash"));

    // A code alone, and a kind there are no words for.
    assert_eq!(auth(&world, "msg_3", NOW, &email("reauthentication", json!({}))).await.status, 200);
    assert_eq!(world.records().written.pop().unwrap().1["data"], json!({"code": "123456"}));
    assert_eq!(
        auth(&world, "msg_4", NOW, &email("password_changed_notification", json!({}))).await.status,
        200
    );
    assert!(world.records().written.is_empty());
    let log = world.log.lock().unwrap().join("\n");
    assert!(log.contains("password_changed_notification"));
    assert!(!log.contains("awa@") && !log.contains("123456"), "{log}");
}

#[tokio::test]
async fn an_email_of_auth_is_refused_unsigned_late_or_broken_and_asked_for_again_when_we_are_down()
{
    let world = start().await;
    let body = email("signup", json!({}));
    let unsigned = request("POST", "/api/hooks/auth-email", &[], &body.to_string());
    assert_eq!(refused(&world.send(unsigned).await), (401, "invalid_webhook_secret"));
    let answer = auth(&world, "msg_1", NOW - 301, &body).await;
    assert_eq!(refused(&answer), (401, "invalid_webhook_secret"));
    let answer = auth(&world, "msg_1", NOW, &email("signup", json!({"token": "1"}))).await;
    assert_eq!(refused(&answer), (422, "invalid_request"));
    assert_eq!(answer.body["details"]["field"], "code");
    let answer = auth(&world, "msg_1", NOW, &json!({"user": {}})).await;
    assert_eq!(refused(&answer), (422, "invalid_request"));
    assert!(world.records().written.is_empty());

    world.records().answers.insert("enqueue_auth_email", (502, json!({})));
    let answer = auth(&world, "msg_1", NOW, &body).await;
    assert_eq!(refused(&answer), (503, "service_unavailable"));
    assert!(answer.headers.contains_key("retry-after"), "so that Auth calls again");
}

#[tokio::test]
async fn staff_see_the_outbox_in_pages_and_change_what_they_name() {
    let world = start().await;
    let counts = json!({"queued": 1, "sending": 0, "sent": 40, "delivered": 0, "read": 0, "failed": 0,
        "uncertain": 0, "cancelled": 0});
    let listed = json!({"messages": [{"id": MASTERCLASS}], "page": 1, "per_page": 1, "total": 41,
        "total_is_exact": true, "next": {"q": 1}, "previous": null, "counts": counts, "oldest_queued": null});
    world.records().answers.insert("list_outbound_messages", (200, listed));
    let path = "/api/admin/outbound-messages";
    let query =
        "state=failed&message_type=custom&recipient=074000000&created_from=2026-01-01&per_page=1";
    let answer = ask(&world, "GET", &format!("{path}?{query}"), &[], Value::Null).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    assert_eq!(answer.body["pagination"]["pages"], 41);
    assert_eq!(answer.body["counts"], counts);
    let next = format!(
        "{path}?state=failed&message_type=custom&recipient=074000000&created_from=2026-01-01&per_page=1&cursor=eyJxIjoxfQ"
    );
    assert_eq!(answer.body["links"], json!({"next": next, "previous": null}));
    assert_eq!(answer.headers["link"], format!("<{next}>; rel=\"next\""));
    assert_eq!(
        world.records().written.pop().unwrap().1,
        json!({"state": "failed", "message_type": "custom", "recipient": "+24174000000",
            "created_from": "2026-01-01", "page": 1, "per_page": 1})
    );
    for wrong in [
        "state=lost",
        "message_type=x",
        "per_page=101",
        "page=0",
        "created_from=today",
        "cursor=x",
        "stat=sent",
        "created_from=2026-01-02&created_to=2026-01-01",
        "person=%00",
        "recipient=%00",
    ] {
        let answer = ask(&world, "GET", &format!("{path}?{wrong}"), &[], Value::Null).await;
        assert_eq!(answer.status, 422, "{wrong}");
    }

    let changed =
        json!({"messages": [{"id": STUDENT, "done": true, "state": "queued", "code": null}]});
    for (action, function) in
        [("retry", "retry_outbound_messages"), ("cancel", "cancel_outbound_messages")]
    {
        world.records().answers.insert(function, (200, changed.clone()));
        let path = format!("{path}/{action}");
        let answer = ask(&world, "POST", &path, &[], json!({"ids": [STUDENT]})).await;
        assert_eq!((answer.status, &answer.body), (200, &changed));
        for ids in [json!([]), json!(vec![STUDENT; 201]), json!(["x"])] {
            let answer = ask(&world, "POST", &path, &[], json!({ "ids": ids })).await;
            assert_eq!(refused(&answer), (422, "invalid_request"));
        }
    }
    let day = json!({"day": "2026-11-21", "channels": []});
    world.records().answers.insert("outbound_summary", (200, day.clone()));
    let answer =
        ask(&world, "GET", &format!("{path}/summary?day=2026-11-21"), &[], Value::Null).await;
    assert_eq!(answer.body, day);
    let answer = ask(&world, "GET", &format!("{path}/summary?day=21"), &[], Value::Null).await;
    assert_eq!(refused(&answer), (422, "invalid_request"));
    world.records().answers.insert("get_outbound_message", (200, json!({"id": STUDENT})));
    let answer = ask(&world, "GET", &format!("{path}/{STUDENT}"), &[], Value::Null).await;
    assert_eq!(answer.body, json!({"id": STUDENT}));
}
