//! `docs/openapi.json` against the types, the router, and the OpenAPI 3.1 schema.

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
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet};
use support::World;

const METHODS: [&str; 7] = ["get", "put", "post", "delete", "options", "patch", "trace"];

fn document() -> Value {
    serde_json::to_value(gateway::openapi()).unwrap()
}

/// Every operation as (path, method, operation).
fn operations(document: &Value) -> Vec<(String, String, Value)> {
    let mut all = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            if METHODS.contains(&method.as_str()) {
                all.push((path.clone(), method.clone(), operation.clone()));
            }
        }
    }
    all
}

#[test]
fn the_document_is_that_of_the_code() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/openapi.json");
    let text = gateway::openapi().to_pretty_json().unwrap() + "\n";
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(path, &text).unwrap();
        return;
    }
    let kept = std::fs::read_to_string(path).unwrap();
    assert!(kept == text, "run UPDATE=1 cargo test -p gateway --test openapi");
    assert_eq!(documentation::OPENAPI, text, "what is served is what lies there");
}

#[tokio::test]
async fn every_route_is_in_the_document_and_every_documented_route_exists() {
    let mut documented: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (path, method, _) in operations(&document()) {
        documented.entry(path).or_default().insert(method.to_uppercase());
    }
    let routed: BTreeSet<String> =
        gateway::routes().into_iter().map(|(path, _)| path.to_owned()).collect();
    assert!(routed.contains("/api/health") && routed.len() > 5, "{routed:?}");
    assert_eq!(routed, documented.keys().cloned().collect::<BTreeSet<_>>());

    let world = World::start(&[]).await;
    for (path, methods) in documented {
        let address = path
            .split('/')
            .map(|part| if part.starts_with('{') { support::MASTERCLASS } else { part })
            .collect::<Vec<_>>()
            .join("/");
        let request = Request::builder().method("TRACE").uri(&address).body(Body::empty()).unwrap();
        let answer = world.send(request).await;
        assert_eq!(answer.status, 405, "{path}");
        let allowed: BTreeSet<String> = answer.headers["allow"]
            .to_str()
            .unwrap()
            .split(',')
            // GET brings HEAD with it.
            .filter(|method| *method != "HEAD")
            .map(str::to_owned)
            .collect();
        assert_eq!(allowed, methods, "{path}");
    }
}

#[test]
fn every_operation_says_what_it_is_who_may_call_it_and_why_it_refuses() {
    let document = document();
    let tags: Vec<&Value> =
        document["tags"].as_array().unwrap().iter().map(|tag| &tag["name"]).collect();
    let mut ids = BTreeSet::new();
    for (path, method, operation) in operations(&document) {
        let what = format!("{method} {path}");
        let id = operation["operationId"].as_str().unwrap_or_else(|| panic!("{what}: no id"));
        assert!(ids.insert(id.to_owned()), "{what}: {id} is taken");
        assert!(operation["summary"].as_str().is_some_and(|text| text.len() > 5), "{what}");
        assert!(tags.contains(&&operation["tags"][0]), "{what}: no known tag");
        let responses = operation["responses"].as_object().unwrap();
        let secured = operation["security"][0]["access_token"].is_array();
        assert_eq!(
            operation["security"][0].is_object(),
            responses.contains_key("401"),
            "{what}: 401 and a token or secret belong together"
        );
        assert_eq!(
            secured,
            responses.contains_key("429"),
            "{what}: people are counted, visitors not"
        );
        assert!(responses.keys().any(|status| status.starts_with('2')), "{what}: no success");
        for (status, response) in responses {
            let description = response["description"].as_str().unwrap();
            assert!(!description.is_empty(), "{what} {status}");
            if status.starts_with(['4', '5']) && (id, status.as_str()) != ("health", "503") {
                let codes = description.split('`').skip(1).step_by(2);
                let named = codes.filter(|code| {
                    code.len() > 5 && code.bytes().all(|b| b.is_ascii_lowercase() || b == b'_')
                });
                assert!(named.count() > 0, "{what} {status}: names no code: {description}");
                assert_eq!(
                    response["content"]["application/json"]["schema"]["$ref"],
                    "#/components/schemas/Problem",
                    "{what} {status}"
                );
            }
        }
    }
}

#[test]
fn the_document_is_valid_openapi_3_1() {
    let document = document();
    let schema: Value = serde_json::from_str(include_str!("openapi-3.1.schema.json")).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let errors: Vec<String> = validator
        .iter_errors(&document)
        .map(|error| format!("{}: {error}", error.instance_path()))
        .collect();
    assert!(errors.is_empty(), "{errors:#?}");
    assert!(
        !validator.is_valid(&serde_json::json!({"openapi": "3.1.0"})),
        "the schema demands something"
    );

    // That schema leaves the schemas inside to JSON Schema itself.
    for (name, schema) in document["components"]["schemas"].as_object().unwrap() {
        assert!(jsonschema::draft202012::meta::is_valid(schema), "{name}");
    }
}

#[test]
fn every_reference_leads_somewhere() {
    fn references<'a>(value: &'a Value, found: &mut Vec<&'a str>) {
        match value {
            Value::Object(fields) => {
                found.extend(fields.get("$ref").and_then(Value::as_str));
                fields.values().for_each(|value| references(value, found));
            }
            Value::Array(items) => items.iter().for_each(|value| references(value, found)),
            _ => {}
        }
    }
    let document = document();
    let mut found = Vec::new();
    references(&document, &mut found);
    assert!(found.len() > 20);
    for reference in found {
        let pointer = reference.strip_prefix('#').unwrap();
        assert!(document.pointer(pointer).is_some(), "{reference}");
    }
}

async fn get(world: &World, path: &str, known: Option<&str>) -> support::Answer {
    let mut request = Request::get(path);
    if let Some(known) = known {
        request = request.header("if-none-match", known);
    }
    world.send(request.body(Body::empty()).unwrap()).await
}

#[tokio::test]
async fn document_and_page_are_public_cached_and_not_sent_twice() {
    let world = World::start(&[]).await;
    let mut tags = BTreeSet::new();
    for (path, kind) in [
        ("/api/openapi.json", "application/json; charset=utf-8"),
        ("/api/docs", "text/html; charset=utf-8"),
    ] {
        let answer = get(&world, path, None).await;
        assert_eq!((answer.status, answer.headers["content-type"].to_str().unwrap()), (200, kind));
        assert_eq!(answer.headers["cache-control"], "public, max-age=300");
        assert_eq!(answer.headers["x-content-type-options"], "nosniff");
        let tag = answer.headers["etag"].to_str().unwrap();
        assert!(tags.insert(tag.to_owned()));
        for known in [tag.to_owned(), format!("W/{tag}"), format!("\"x\", {tag}")] {
            let again = get(&world, path, Some(&known)).await;
            assert_eq!((again.status, again.text.as_str()), (304, ""), "{known}");
            assert_eq!(again.headers["etag"], tag);
        }
        assert_eq!(get(&world, path, Some("\"x\"")).await.status, 200);
    }
    assert_eq!(get(&world, "/api/openapi.json", None).await.text, documentation::OPENAPI);
    assert!(world.records().asked.is_empty(), "no work for the project");
}

#[tokio::test]
async fn the_page_is_one_small_file_and_may_run_nothing_but_its_own_script() {
    let world = World::start(&[]).await;
    let page = get(&world, "/api/docs", None).await;
    assert!(page.text.len() < 20_000, "{} bytes", page.text.len());
    for elsewhere in ["http:", "https:", "src=", "@import", "innerHTML", "style=", "url("] {
        assert!(!page.text.contains(elsewhere), "{elsewhere}");
    }
    let hash = |element: &str| {
        let start = page.text.split(&format!("<{element}>")).nth(1).unwrap();
        let text = start.split(&format!("</{element}>")).next().unwrap();
        let digest = Sha256::digest(text.as_bytes());
        base64::Engine::encode(&base64::engine::general_purpose::STANDARD, digest)
    };
    assert_eq!(
        page.headers["content-security-policy"].to_str().unwrap(),
        format!(
            "default-src 'none'; connect-src 'self'; style-src 'sha256-{}'; script-src 'sha256-{}'; \
             base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
            hash("style"),
            hash("script")
        ),
        "put these hashes into functions/documentation/src/lib.rs"
    );
}
