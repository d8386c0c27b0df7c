//! Bodies no client should have to meet.

use axum::body::Body;
use axum::http::header;
use axum::response::{IntoResponse as _, Response};
use bytes::Bytes;
use futures_util::{StreamExt as _, stream};
use serde_json::Value;

/// A body that promises its full length and breaks off in the middle.
pub(crate) fn broken(body: &Value) -> Response {
    let whole = body.to_string();
    let half = Bytes::copy_from_slice(whole.as_bytes().get(..whole.len() / 2).unwrap_or_default());
    // The pause lets the server send what it has: else nothing at all would come.
    let cut = stream::once(async {
        tokio::task::yield_now().await;
        Err(std::io::Error::other("cut"))
    });
    let parts = stream::once(async { Ok(half) }).chain(cut);
    let headers = [
        (header::CONTENT_TYPE, "application/json".to_owned()),
        (header::CONTENT_LENGTH, whole.len().to_string()),
    ];
    (headers, Body::from_stream(parts)).into_response()
}

/// A body without an end.
pub(crate) fn endless() -> Response {
    let spaces = Bytes::from_static(&[b' '; 64 * 1024]);
    let parts = stream::repeat_with(move || Ok::<_, std::io::Error>(spaces.clone()));
    ([(header::CONTENT_TYPE, "application/json")], Body::from_stream(parts)).into_response()
}
