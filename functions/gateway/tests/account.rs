//! `/api/account`, `/api/account/export` and `/api/privacy`, with the project replaced at its address.

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
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::sync::atomic::Ordering;
use support::{Answer, STUDENT, Trouble, World};

/// A project that has a third of a second for what it has three seconds for.
async fn start(variables: &[(&str, &str)]) -> World {
    let world = World::start(variables).await;
    world.haste.store(10, Ordering::Relaxed);
    world
}

async fn ask(world: &World, method: &str, path: &str, headers: &[(&str, &str)]) -> Answer {
    let mut request = Request::builder().method(method).uri(path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    world.send(request.body(Body::empty()).unwrap()).await
}

async fn as_student(world: &World, method: &str, path: &str, language: &str) -> Answer {
    let token = format!("Bearer {}", world.token(STUDENT));
    ask(world, method, path, &[("authorization", &token), ("accept-language", language)]).await
}

#[tokio::test]
async fn the_export_is_what_the_database_wrote_to_the_byte_and_a_file() {
    let world = start(&[]).await;
    // A number that a detour over floating point would change.
    let export = json!({"account": {"id": STUDENT, "n": 12345678901234567890_u64}, "tests": []});
    world.records().answers.insert("export_account", (200, export.clone()));
    let answer = as_student(&world, "GET", "/api/account/export", "fr").await;
    assert_eq!((answer.status, answer.text), (200, export.to_string()));
    assert_eq!(
        answer.headers["content-disposition"],
        "attachment; filename=\"griot-mes-donnees.json\""
    );
    assert_eq!(answer.headers["content-type"], "application/json; charset=utf-8");
    assert_eq!(answer.headers["cache-control"], "no-store");
    let calls = world.records().calls.clone();
    assert_eq!(calls, [("export_account".into(), format!("Bearer {}", world.token(STUDENT)))]);
}

#[tokio::test]
async fn a_deleted_account_is_204_without_a_body() {
    let world = start(&[]).await;
    world.records().answers.insert("delete_account", (204, Value::Null));
    let answer = as_student(&world, "DELETE", "/api/account", "fr").await;
    assert_eq!((answer.status, answer.text.as_str()), (204, ""));
    let calls = world.records().calls.clone();
    assert_eq!(calls, [("delete_account".into(), format!("Bearer {}", world.token(STUDENT)))]);
}

#[tokio::test]
async fn what_the_database_refuses_is_said_in_both_languages_with_a_way_on() {
    let cases = [("recent_sign_in_required", 403), ("last_admin", 409)];
    for (code, status) in cases {
        let world = start(&[]).await;
        let refusal = json!({
            "code": code, "message": ["Non.", "No."], "details": null, "hint": ["Oui.", "Yes."],
        });
        world.records().answers.insert("delete_account", (status, refusal));
        for (language, words, hint) in [("fr", "Non.", "Oui."), ("en", "No.", "Yes.")] {
            let answer = as_student(&world, "DELETE", "/api/account", language).await;
            assert_eq!((answer.status, &answer.body["code"]), (status, &json!(code)));
            assert_eq!(
                (&answer.body["message"], &answer.body["hint"]),
                (&json!(words), &json!(hint))
            );
        }
    }
}

#[tokio::test]
async fn nobody_and_whoever_has_no_account_any_more_is_challenged() {
    let world = start(&[]).await;
    let refusal = json!({"code": "not_authenticated", "message": "…"});
    world.records().answers.insert("export_account", (401, refusal.clone()));
    world.records().answers.insert("delete_account", (401, refusal));
    for (method, path) in [("GET", "/api/account/export"), ("DELETE", "/api/account")] {
        for answer in
            [ask(&world, method, path, &[]).await, as_student(&world, method, path, "fr").await]
        {
            assert_eq!((answer.status, &answer.body["code"]), (401, &json!("unauthenticated")));
            assert!(answer.headers.contains_key("www-authenticate"), "{method}");
        }
    }
    assert_eq!(world.records().calls.len(), 2, "visitors get no further than the door");
}

#[tokio::test]
async fn a_project_that_is_down_or_silent_is_503() {
    for trouble in [Trouble::Fails, Trouble::Stalls] {
        let world = start(&[]).await;
        world.records().troubles.insert("rest", trouble);
        for (method, path) in
            [("GET", "/api/account/export"), ("DELETE", "/api/account"), ("GET", "/api/privacy")]
        {
            let answer = as_student(&world, method, path, "fr").await;
            assert_eq!((answer.status, &answer.body["code"]), (503, &json!("service_unavailable")));
            assert!(!answer.text.contains("secret cause"));
        }
    }
}

fn policy(version: &str, words: &str) -> Value {
    let text = |title: &str| json!({"title": title, "sections": [{"heading": words, "paragraphs": [words, "fin"]}]});
    json!({
        "version": version,
        "effective_at": "2026-11-20T23:00:00+00:00",
        "content": {"fr": text("Vos données"), "en": text("Your data")},
    })
}

const BROWSER: (&str, &str) =
    ("accept", "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8");

async fn world_with_policy() -> World {
    let world = start(&[]).await;
    world.records().policies = vec![policy("2026-11-21", "Pourquoi ?")];
    world
}

#[tokio::test]
async fn programs_get_the_policy_in_force_in_both_languages() {
    let world = world_with_policy().await;
    for accept in ["*/*", "application/json", "application/json, text/html", "text/html;q=0", ""] {
        let answer = ask(&world, "GET", "/api/privacy", &[("accept", accept)]).await;
        assert_eq!(answer.status, 200);
        assert_eq!(answer.body, policy("2026-11-21", "Pourquoi ?"), "{accept}");
        assert_eq!(answer.headers["cache-control"], "public, max-age=300");
        let vary: Vec<_> = answer.headers.get_all("vary").iter().collect();
        assert_eq!(vary, ["accept, accept-language", "origin"]);
    }
    let asked = world.records().asked.clone();
    assert_eq!(asked.len(), 1, "{asked:?}");
    // NOW, as the database is asked for it: versions that begin later are not in force.
    assert!(asked[0].contains("effective_at=lte.2027-01-15T08%3A00%3A00Z"), "{asked:?}");
    assert!(asked[0].contains("order=effective_at.desc"), "{asked:?}");
}

#[tokio::test]
async fn readers_get_a_page_in_their_language() {
    let world = world_with_policy().await;
    let french = "en vigueur depuis le 21 novembre 2026";
    let english = "in force since 21 November 2026";
    let cases = [
        ("", "", "fr", french),
        ("", "en-GB,en;q=0.9", "en", english),
        ("", "de", "fr", french),
        ("?lang=fr", "en", "fr", french),
        ("?lang=en", "fr", "en", english),
    ];
    for (query, wanted, language, since) in cases {
        let path = format!("/api/privacy{query}");
        let answer = ask(&world, "GET", &path, &[BROWSER, ("accept-language", wanted)]).await;
        assert_eq!(answer.status, 200);
        assert_eq!(answer.headers["content-type"], "text/html; charset=utf-8");
        assert_eq!(answer.headers["content-language"], language);
        let other = if language == "fr" { "en" } else { "fr" };
        for piece in [
            format!("<html lang=\"{language}\">"),
            format!("<a href=\"?lang={other}\" hreflang=\"{other}\""),
            since.to_owned(),
            "width=device-width".to_owned(),
            "<h2>Pourquoi ?</h2>\n<p>Pourquoi ?</p>".to_owned(),
        ] {
            assert!(answer.text.contains(&piece), "{piece} is missing: {}", answer.text);
        }
    }
    for query in ["?lang=de", "?lang=", "?language=fr"] {
        let answer = ask(&world, "GET", &format!("/api/privacy{query}"), &[BROWSER]).await;
        assert_eq!((answer.status, &answer.body["code"]), (422, &json!("invalid_request")));
    }
}

#[tokio::test]
async fn the_page_shows_markup_as_text_and_may_run_and_load_nothing() {
    let world = start(&[]).await;
    let hostile = "</p><script>alert(1)</script><img src=x onerror='a'> & \"b\"";
    let mut policy = policy("1", hostile);
    policy["content"]["fr"]["title"] = json!("</title><script>");
    world.records().policies = vec![policy];
    let page = ask(&world, "GET", "/api/privacy", &[BROWSER]).await;
    assert!(!page.text.contains("<script") && !page.text.contains("<img"), "{}", page.text);
    assert!(page.text.contains("&lt;script&gt;alert(1)") && page.text.contains("&amp; &quot;b"));

    let style = page.text.split("<style>").nth(1).unwrap().split("</style>").next().unwrap();
    assert_eq!(
        page.headers["content-security-policy"].to_str().unwrap(),
        format!(
            "default-src 'none'; style-src 'sha256-{}'; base-uri 'none'; form-action 'none'; \
             frame-ancestors 'none'",
            base64::Engine::encode(
                &base64::engine::general_purpose::STANDARD,
                Sha256::digest(style.as_bytes())
            )
        )
    );
    assert_eq!(page.headers["x-content-type-options"], "nosniff");
}

#[tokio::test]
async fn who_has_the_answer_is_told_so() {
    let world = world_with_policy().await;
    let json = ask(&world, "GET", "/api/privacy", &[]).await.headers["etag"].clone();
    let french = ask(&world, "GET", "/api/privacy", &[BROWSER]).await.headers["etag"].clone();
    let english =
        ask(&world, "GET", "/api/privacy?lang=en", &[BROWSER]).await.headers["etag"].clone();
    assert!(json != french && french != english && json != english);
    let json = json.to_str().unwrap();
    for known in [json.to_owned(), format!("W/{json}"), format!("\"x\", {json}")] {
        let answer = ask(&world, "GET", "/api/privacy", &[("if-none-match", &known)]).await;
        assert_eq!((answer.status, answer.text.as_str()), (304, ""), "{known}");
        assert_eq!(answer.headers["etag"], json);
        assert_eq!(answer.headers["cache-control"], "public, max-age=300");
    }
    let page = ask(&world, "GET", "/api/privacy", &[BROWSER, ("if-none-match", json)]).await;
    assert_eq!(page.status, 200, "the page is another answer");
}

#[tokio::test]
async fn the_policy_is_held_for_a_minute_and_longer_when_the_project_is_gone() {
    let world = world_with_policy().await;
    let version = async || {
        let answer = ask(&world, "GET", "/api/privacy", &[]).await;
        answer.body["version"].as_str().map(str::to_owned).unwrap_or(answer.text)
    };
    assert_eq!(version().await, "2026-11-21");
    world.records().policies = vec![policy("2027-01-01", "Pourquoi ?")];
    world.clock.fetch_add(59_999, Ordering::Relaxed);
    assert_eq!(version().await, "2026-11-21");
    world.clock.fetch_add(1, Ordering::Relaxed);
    assert_eq!(version().await, "2027-01-01");
    for trouble in [Trouble::Fails, Trouble::Stalls] {
        world.records().troubles.insert("rest", trouble);
        world.clock.fetch_add(60_000, Ordering::Relaxed);
        let asked = world.records().asked.len();
        for _ in 0..3 {
            assert_eq!(version().await, "2027-01-01");
        }
        assert_eq!(world.records().asked.len(), asked + 1, "a project in trouble is left alone");
    }
}

#[tokio::test]
async fn without_a_policy_in_force_there_is_404() {
    let world = start(&[]).await;
    let answer = ask(&world, "GET", "/api/privacy", &[BROWSER]).await;
    assert_eq!((answer.status, &answer.body["code"]), (404, &json!("privacy_policy_not_found")));
}
