//! `GET /api/openapi.json`: every route, as OpenAPI 3.1; `GET /api/docs`: the same as a page. Public.
//!
//! The document is made from the types and handlers (`gateway::openapi`) and lies in
//! `docs/openapi.json`; a test of the gateway keeps it up to date.

use axum::response::{IntoResponse, Response};
use axum::routing::get;
use edge::Routes;
use edge::openapi::ProblemBody;
use http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG, IF_NONE_MATCH, REFERRER_POLICY,
    X_CONTENT_TYPE_OPTIONS,
};
use http::{HeaderMap, HeaderValue, StatusCode};
use sha2::{Digest, Sha256};
use std::sync::OnceLock;
use utoipa::OpenApi;

/// The document as it is served.
pub const OPENAPI: &str = include_str!("../../../docs/openapi.json");

/// The page, with its one style and its one script.
const PAGE: &str = include_str!("docs.html");

/// What the page may do: its own style and script, and read the document beside it. A test
/// compares the hashes with the page.
const PAGE_POLICY: &str = "default-src 'none'; connect-src 'self'; \
style-src 'sha256-Oi+85yjrwc0qQ9b+vp2lQJXq/h7Idos6d78HiKfFe5Y='; \
script-src 'sha256-pHgoiHpq28mw6aejAvWIeQrN35gE4J7pnZDoVCX38V0='; \
base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// The routes of this function.
pub fn routes() -> Routes {
    vec![("/api/openapi.json", get(openapi_json)), ("/api/docs", get(docs))]
}

/// What `docs/openapi.json` says of them.
pub fn openapi() -> utoipa::openapi::OpenApi {
    #[derive(OpenApi)]
    #[openapi(paths(openapi_json, docs))]
    struct Document;
    Document::openapi()
}

/// This document
///
/// OpenAPI 3.1.
#[utoipa::path(
    get,
    path = "/api/openapi.json",
    operation_id = "openapi",
    tag = "operation",
    params(("if-none-match" = Option<String>, Header, nullable = false, description = "The `ETag` at hand.")),
    responses(
        (status = 200, description = "The document.", body = Object, content_type = "application/json",
            headers(("etag" = String, description = "Names this answer."))),
        (status = 304, description = "What is at hand is still right."),
        (status = 500, description = "`misconfigured`: a variable is missing; the log names it.", body = ProblemBody),
    )
)]
async fn openapi_json(headers: HeaderMap) -> Response {
    static TAG: OnceLock<String> = OnceLock::new();
    cached(&headers, TAG.get_or_init(|| tag(OPENAPI)), "application/json; charset=utf-8", OPENAPI)
}

/// This document, for people
///
/// A page that reads `openapi.json` and shows each route.
#[utoipa::path(
    get,
    path = "/api/docs",
    operation_id = "docs",
    tag = "operation",
    params(("if-none-match" = Option<String>, Header, nullable = false, description = "The `ETag` at hand.")),
    responses(
        (status = 200, description = "The page.", body = String, content_type = "text/html",
            headers(("etag" = String, description = "Names this answer."))),
        (status = 304, description = "What is at hand is still right."),
        (status = 500, description = "`misconfigured`: a variable is missing; the log names it.", body = ProblemBody),
    )
)]
async fn docs(headers: HeaderMap) -> Response {
    static TAG: OnceLock<String> = OnceLock::new();
    let mut response =
        cached(&headers, TAG.get_or_init(|| tag(PAGE)), "text/html; charset=utf-8", PAGE);
    let headers = response.headers_mut();
    headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(PAGE_POLICY));
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    response
}

/// An entity tag that changes with the content.
fn tag(content: &str) -> String {
    let digest = Sha256::digest(content.as_bytes());
    let hex: String = digest.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
    format!("\"{hex}\"")
}

/// The content with its tag, or 304 where the caller has it.
fn cached(headers: &HeaderMap, tag: &str, kind: &'static str, content: &'static str) -> Response {
    let known = headers
        .get(IF_NONE_MATCH)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default()
        .split(',')
        .any(|known| known.trim().trim_start_matches("W/") == tag);
    let mut response = if known {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        ([(CONTENT_TYPE, kind)], content).into_response()
    };
    let headers = response.headers_mut();
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("public, max-age=300"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    if let Ok(tag) = HeaderValue::from_str(tag) {
        headers.insert(ETAG, tag);
    }
    response
}
