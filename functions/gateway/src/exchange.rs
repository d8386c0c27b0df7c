//! Requests and responses, between JavaScript and Rust.
//!
//! The conversions of the `worker` crate read all there is of a request and make a stream of every body:
//! for a small answer that is more work than the answer. Here headers cross over as one text and bodies
//! in one piece.

use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::response::Response;
use http::header::CONTENT_LENGTH;
use http::{HeaderName, HeaderValue, Method};
use std::fmt::Write;
use supabase::Unread;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use worker::worker_sys::web_sys;
use worker::{Error, Result, js_sys};

/// A body that says it is no longer than this is read in one piece; others are streams, which who reads
/// them may leave where they become too long.
const IN_ONE_PIECE_BYTES: u32 = 64 * 1024;

#[wasm_bindgen]
extern "C" {
    /// The headers that a request's head is to hold, by their names; set by `entry.mjs`.
    #[wasm_bindgen(js_name = griotReadHeaders)]
    fn read_headers(names: &str);

    /// Method, address and headers, `name:value`, on a line each; set by `entry.mjs`.
    #[wasm_bindgen(js_name = griotRequestHead)]
    fn head_of(request: &web_sys::Request) -> String;

    /// A response with these headers, each on a line of its own, and a copy of the body; set by `entry.mjs`.
    #[wasm_bindgen(js_name = griotResponse, catch)]
    fn new_response(
        status: u16,
        headers: &str,
        body: &[u8],
    ) -> std::result::Result<web_sys::Response, JsValue>;

    /// The same with a stream, or `null`, for its body.
    #[wasm_bindgen(js_name = griotPassOn, catch)]
    fn pass_on(
        status: u16,
        headers: &str,
        body: &JsValue,
    ) -> std::result::Result<web_sys::Response, JsValue>;
}

/// What holds for all requests; once, before the first.
pub(crate) fn prepare() {
    read_headers(&edge::HEADERS.join(" "));
}

/// The request as the functions take it.
///
/// # Errors
/// An address that is none.
pub(crate) async fn request(from: web_sys::Request) -> Result<Request> {
    let head = head_of(&from);
    let mut lines = head.split('\n');
    let method = lines.next().unwrap_or_default().parse::<Method>().map_err(rust_error)?;
    let address = lines.next().unwrap_or_default();
    let mut request = http::Request::builder().method(method.clone()).uri(address);
    let mut length = None;
    for line in lines {
        let Some((name, value)) = line.split_once(':') else { continue };
        let name = HeaderName::from_bytes(name.as_bytes());
        let value = HeaderValue::from_bytes(value.as_bytes());
        if let (Ok(name), Ok(value)) = (name, value) {
            if name == CONTENT_LENGTH {
                length = value.to_str().ok().and_then(|length| length.parse::<u32>().ok());
            }
            request = request.header(name, value);
        }
    }
    let body = match length {
        _ if method == Method::GET || method == Method::HEAD => Body::empty(),
        Some(length) if length <= IN_ONE_PIECE_BYTES => Body::from(bytes(&from).await?),
        _ => from.body().map_or_else(Body::empty, |stream| Body::new(worker::Body::new(stream))),
    };
    request.body(body).map_err(rust_error)
}

/// What arrived of the body.
async fn bytes(request: &web_sys::Request) -> Result<Vec<u8>> {
    let buffer = JsFuture::from(request.array_buffer()?).await?;
    Ok(js_sys::Uint8Array::new(&buffer).to_vec())
}

/// The response as the platform takes it.
///
/// # Errors
/// A status or header that no response may have.
pub(crate) async fn response(from: Response) -> Result<web_sys::Response> {
    let (mut parts, body) = from.into_parts();
    let unread = parts.extensions.remove::<Unread>();
    // Other bodies are made before they are sent: none is a stream.
    let body = to_bytes(body, usize::MAX).await.map_err(rust_error)?;
    if unread.is_some() || !body.is_empty() {
        // The platform knows that of a body. Of none, the answer to HEAD says how long it would be.
        parts.headers.remove(CONTENT_LENGTH);
    }
    let mut headers = String::new();
    for name in parts.headers.keys() {
        let values: Vec<_> =
            parts.headers.get_all(name).iter().filter_map(|value| value.to_str().ok()).collect();
        if !values.is_empty() {
            // Writing to a text does not fail.
            let _ = writeln!(headers, "{name}:{}", values.join(", "));
        }
    }
    let status = parts.status.as_u16();
    Ok(match unread {
        Some(unread) => pass_on(status, &headers, &unread.into_stream())?,
        None => new_response(status, &headers, &body)?,
    })
}

fn rust_error(cause: impl std::fmt::Display) -> Error {
    Error::RustError(cause.to_string())
}
