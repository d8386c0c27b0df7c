//! Passing a request on and its answer back, both as streams.

use std::time::Duration;

use axum::body::Body;
use axum::extract::Request;
use axum::response::Response;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, Uri, header};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use serde_json::json;

use super::problem;

/// Headers that belong to one connection (RFC 9110, section 7.6.1).
const HOP_BY_HOP: [HeaderName; 7] = [
    header::CONNECTION,
    header::PROXY_AUTHENTICATE,
    header::PROXY_AUTHORIZATION,
    header::TE,
    header::TRAILER,
    header::TRANSFER_ENCODING,
    header::UPGRADE,
];

/// A client of the servers behind the gateway.
pub(super) struct Proxy {
    client: Client<HttpConnector, Body>,
}

impl Proxy {
    pub(super) fn new() -> Self {
        let mut connector = HttpConnector::new();
        // Else the body of a request waits 40 ms for the receipt of its head.
        connector.set_nodelay(true);
        let client = Client::builder(TokioExecutor::new())
            // Node.js closes a connection that was idle for five seconds: one that is about to be
            // closed must not get a request.
            .pool_idle_timeout(Duration::from_secs(2))
            .pool_timer(TokioTimer::new())
            .build(connector);
        Self { client }
    }

    /// Sends the request to `path` (the query is kept) of the server on `port`.
    pub(super) async fn forward(&self, port: u16, path: &str, mut request: Request) -> Response {
        let query = request.uri().query().map(|query| format!("?{query}")).unwrap_or_default();
        let uri: Uri = match format!("http://127.0.0.1:{port}{path}{query}").parse() {
            Ok(uri) => uri,
            Err(error) => {
                return problem(StatusCode::BAD_REQUEST, &json!({ "message": error.to_string() }));
            }
        };
        *request.uri_mut() = uri;
        let headers = request.headers_mut();
        strip(headers);
        headers.remove(header::HOST);
        match self.client.request(request).await {
            Ok(answer) => {
                let mut answer = answer.map(Body::new);
                strip(answer.headers_mut());
                answer
            }
            Err(_) => problem(
                StatusCode::SERVICE_UNAVAILABLE,
                &json!({ "message": "name resolution failed", "hint": format!("nothing answers on port {port}: see .griot/logs") }),
            ),
        }
    }
}

fn strip(headers: &mut HeaderMap) {
    for name in HOP_BY_HOP {
        headers.remove(name);
    }
}

/// Puts a bearer token into the headers, or takes it out.
pub(super) fn authorize(headers: &mut HeaderMap, token: Option<&str>) {
    match token.map(|token| HeaderValue::from_str(&format!("Bearer {token}"))) {
        Some(Ok(value)) => {
            headers.insert(header::AUTHORIZATION, value);
        }
        _ => {
            headers.remove(header::AUTHORIZATION);
        }
    }
}
