//! Requests about several objects at once: signing a list of paths, listing a folder.

use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::response::Response;
use http::{Method, StatusCode, header};
use serde_json::{Value, json};

use super::super::{BODY_LIMIT, Gateway, problem};
use super::answers::{self, Shape, fold};
use super::refuse;

/// More than any folder here holds; the server lists at most this many.
const ALL: u64 = 10_000;

/// Signs each path by itself: one that cannot be signed does not spoil the others.
pub(super) async fn sign(gateway: &Gateway, bucket: &str, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let Some(body) = json_body(body).await else { return invalid() };
    let paths: Vec<&str> = body
        .get("paths")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    let expires = body.get("expiresIn").cloned().unwrap_or(Value::Null);
    let mut signed = Vec::new();
    for path in paths {
        let target = format!("/storage/v1/object/sign/{bucket}/{}", encode(path));
        let asked = json!({ "expiresIn": expires });
        let answer = ask(gateway, &parts, &target, &asked).await;
        let answer = answers::reshape(Shape::Signed, answer).await;
        let worked = answer.status().is_success();
        let answer = json_body(answer.into_body()).await.unwrap_or_default();
        let url = answer.get("signedURL").filter(|_| worked).cloned().unwrap_or(Value::Null);
        let refused = "Either the object does not exist or you do not have access to it";
        signed.push(json!({ "path": path, "signedURL": url, "error": if worked { Value::Null } else { json!(refused) } }));
    }
    problem(StatusCode::OK, &Value::Array(signed))
}

/// Lists one folder; `limit` and `offset` count what it shows.
pub(super) async fn list(gateway: &Gateway, path: &str, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let Some(mut body) = json_body(body).await else { return invalid() };
    let Some(fields) = body.as_object_mut() else { return invalid() };
    let number = |value: Option<Value>, otherwise: usize| {
        value
            .and_then(|value| value.as_u64())
            .and_then(|number| usize::try_from(number).ok())
            .unwrap_or(otherwise)
    };
    let limit = number(fields.insert("limit".into(), json!(ALL)), 100);
    let offset = number(fields.insert("offset".into(), json!(0)), 0);
    let prefix = fields.get("prefix").and_then(Value::as_str).unwrap_or_default().to_owned();
    let answer = ask(gateway, &parts, &format!("/storage/v1{path}"), &body).await;
    if !answer.status().is_success() {
        return answers::reshape(Shape::List, answer).await;
    }
    match json_body(answer.into_body()).await {
        Some(Value::Array(objects)) => {
            let page = fold(objects, &prefix).into_iter().skip(offset).take(limit).collect();
            problem(StatusCode::OK, &Value::Array(page))
        }
        _ => refuse(
            StatusCode::BAD_GATEWAY,
            "InternalError",
            "the Storage server's answer broke off",
        ),
    }
}

async fn ask(
    gateway: &Gateway,
    parts: &http::request::Parts,
    path: &str,
    body: &Value,
) -> Response {
    let mut request = Request::new(Body::from(body.to_string()));
    *request.method_mut() = Method::POST;
    *request.headers_mut() = parts.headers.clone();
    request.headers_mut().remove(header::CONTENT_LENGTH);
    gateway.proxy.forward(gateway.upstreams.lite, path, request).await
}

async fn json_body(body: Body) -> Option<Value> {
    serde_json::from_slice(&to_bytes(body, BODY_LIMIT).await.ok()?).ok()
}

fn invalid() -> Response {
    refuse(StatusCode::BAD_REQUEST, "InvalidRequest", "the body is not JSON of this request")
}

/// A path as it stands in a URL.
fn encode(path: &str) -> String {
    let mut encoded = String::new();
    for byte in path.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => {
                encoded.push(char::from(byte))
            }
            _ => encoded.push_str(&format!("%{byte:02X}")),
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_keeps_its_folders_and_nothing_that_ends_a_url() {
        assert_eq!(encode("a/cours é?#.pdf"), "a/cours%20%C3%A9%3F%23.pdf");
    }
}
