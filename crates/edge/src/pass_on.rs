//! Answers of the project that are the caller's as they stand.

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use http::HeaderValue;
use http::header::{CONTENT_TYPE, LINK};
use supabase::Unread;

/// The JSON that a SQL function answered, and its header `Link`. In a Worker the platform passes the bytes on by
/// itself: they never come here.
#[derive(Clone, Debug)]
pub struct PassOn(pub Unread);

impl IntoResponse for PassOn {
    fn into_response(self) -> Response {
        let Self(unread) = self;
        let link = unread.link.as_deref().and_then(|link| HeaderValue::from_str(link).ok());
        let mut response = unread_response(unread);
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        if let Some(link) = link {
            headers.insert(LINK, link);
        }
        response
    }
}

#[cfg(not(target_arch = "wasm32"))]
fn unread_response(unread: Unread) -> Response {
    Response::new(Body::from(unread.into_bytes()))
}

/// With an empty body: who gives the response to the platform finds the stream in its extensions.
#[cfg(target_arch = "wasm32")]
fn unread_response(unread: Unread) -> Response {
    let mut response = Response::new(Body::empty());
    response.extensions_mut().insert(unread);
    response
}
