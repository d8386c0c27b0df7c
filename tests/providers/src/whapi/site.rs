//! What Whapi answers.

use std::sync::Arc;

use axum::http::request::Parts;
use axum::http::{Method, StatusCode, Uri};
use axum::response::{IntoResponse as _, Response};
use bytes::Bytes;
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use serde_json::{Value, json};

use super::Stand;
use super::book::Part;
use crate::messages::{Cut, Site, hash};

impl Site for Stand {
    fn serve(
        self: Arc<Self>,
        head: Parts,
        body: Bytes,
    ) -> BoxFuture<'static, Result<Response, Cut>> {
        async move {
            let path = head.uri.path().to_owned();
            let segments: Vec<&str> = path.trim_matches('/').split('/').collect();
            match (&head.method, segments.as_slice()) {
                (&Method::POST, ["messages", "text"]) => self.text(&head, &body).await,
                (&Method::GET, ["messages", "list"]) => self.list(&head, None).await,
                (&Method::GET, ["messages", "list", chat]) => self.list(&head, Some(chat)).await,
                (&Method::POST, ["contacts"]) => self.contacts(&head, &body).await,
                _ => Ok(error(404, "Not found")),
            }
        }
        .boxed()
    }
}

impl Stand {
    async fn text(self: &Arc<Self>, head: &Parts, body: &Bytes) -> Result<Response, Cut> {
        let body: Value = serde_json::from_slice(body).unwrap_or_default();
        let violations = self.contract.text_request_faults(&body);
        let text =
            |name: &str| body.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
        let (to, words) = (text("to"), text("body"));
        let token = self.stage.token(&head.headers);
        let identity = hash(0, &[b"text", to.as_bytes(), words.as_bytes()]);
        let refused = refusal(token.is_some(), &violations);
        let fault = self.stage.enter("POST /messages/text", token.is_some(), violations, identity);
        if let Some(refused) = refused {
            return Ok(refused);
        }
        let stand = Arc::clone(self);
        let accept = move || {
            if !stand.book.knows(&to) {
                return (404, error_body(404, "Specified contact not found"));
            }
            let message = stand.book.accept(&to, &words, &token.unwrap_or_default());
            stand.postman.post_statuses(&message, stand.book.fails(&to));
            (200, json!({ "sent": true, "message": message.json() }))
        };
        self.stage.play(fault, accept).await
    }

    async fn list(self: &Arc<Self>, head: &Parts, chat: Option<&str>) -> Result<Response, Cut> {
        let query = query(&head.uri);
        let object: Value = Value::Object(
            query.iter().map(|(name, value)| (name.clone(), value.clone())).collect(),
        );
        let violations = self.contract.list_query_faults(&object);
        let token = self.stage.token(&head.headers);
        let identity = hash(0, &[b"list", head.uri.to_string().as_bytes()]);
        let refused = refusal(token.is_some(), &violations);
        let what = match chat {
            Some(_) => "GET /messages/list/{ChatID}",
            None => "GET /messages/list",
        };
        let fault = self.stage.enter(what, token.is_some(), violations, identity);
        if let Some(refused) = refused {
            return Ok(refused);
        }
        let number = |name: &str| object.get(name).and_then(Value::as_u64);
        let at_most = |name: &str| number(name).and_then(|value| usize::try_from(value).ok());
        let offset = at_most("offset").unwrap_or(0);
        let count = at_most("count").unwrap_or(100);
        let listed = self.book.list(&Part {
            chat,
            from: number("time_from").unwrap_or(0),
            to: number("time_to"),
            from_me: object.get("from_me").and_then(Value::as_bool),
            newest_first: object.get("sort").and_then(Value::as_str) != Some("asc"),
            offset,
            count,
        });
        self.stage
            .play(fault, move || match listed {
                Some((messages, total)) => {
                    let messages: Vec<Value> = messages.iter().map(|one| one.json()).collect();
                    let last = offset + messages.len();
                    let body = json!({ "messages": messages, "count": count, "total": total,
                        "offset": offset, "first": offset, "last": last });
                    (200, body)
                }
                None => (404, error_body(404, "Specified chat not found")),
            })
            .await
    }

    async fn contacts(self: &Arc<Self>, head: &Parts, body: &Bytes) -> Result<Response, Cut> {
        let body: Value = serde_json::from_slice(body).unwrap_or_default();
        let violations = self.contract.contacts_request_faults(&body);
        let token = self.stage.token(&head.headers);
        let identity = hash(0, &[b"contacts", body.to_string().as_bytes()]);
        let refused = refusal(token.is_some(), &violations);
        let fault = self.stage.enter("POST /contacts", token.is_some(), violations, identity);
        if let Some(refused) = refused {
            return Ok(refused);
        }
        let numbers = body.get("contacts").and_then(Value::as_array).into_iter().flatten();
        let contacts: Vec<Value> = numbers
            .filter_map(Value::as_str)
            .map(|number| {
                if self.book.knows(number) {
                    json!({ "input": number, "status": "valid", "wa_id": self.book.wa_id(number) })
                } else {
                    json!({ "input": number, "status": "invalid" })
                }
            })
            .collect();
        self.stage.play(fault, move || (200, json!({ "contacts": contacts }))).await
    }
}

fn refusal(authorized: bool, violations: &[String]) -> Option<Response> {
    if !authorized {
        return Some(error(401, "Need channel authorization"));
    }
    let first = violations.first()?;
    Some(error(400, &format!("Wrong request parameters: {first}")))
}

/// An error in Whapi's shape.
pub(super) fn error(status: u16, message: &str) -> Response {
    let code = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    (code, axum::Json(error_body(status, message))).into_response()
}

fn error_body(status: u16, message: &str) -> Value {
    json!({ "error": { "code": status, "message": message, "details": "stand-in" } })
}

/// The query, with numbers and truth values as such.
fn query(uri: &Uri) -> Vec<(String, Value)> {
    uri.query()
        .unwrap_or_default()
        .split('&')
        .filter_map(|pair| pair.split_once('='))
        .map(|(name, value)| {
            let typed = serde_json::from_str(value).unwrap_or_else(|_| json!(value));
            (name.to_owned(), typed)
        })
        .collect()
}
