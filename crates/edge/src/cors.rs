//! Cross-origin requests (Fetch standard, <https://fetch.spec.whatwg.org/#http-cors-protocol>):
//! only front ends on the list, by exact origin.

use http::header::{
    ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS,
    ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE,
    ACCESS_CONTROL_REQUEST_METHOD, ORIGIN, VARY,
};
use http::{HeaderMap, HeaderValue, Method};

/// Whether this is the question a browser asks before a cross-origin request.
pub(crate) fn is_preflight(method: &Method, headers: &HeaderMap) -> bool {
    method == Method::OPTIONS
        && headers.contains_key(ORIGIN)
        && headers.contains_key(ACCESS_CONTROL_REQUEST_METHOD)
}

/// Adds to `answer` what a browser at `origin` needs to see it, if that origin is on the list.
pub(crate) fn allow(
    answer: &mut HeaderMap,
    origin: Option<&HeaderValue>,
    allowed: &[String],
    preflight: bool,
) {
    answer.append(VARY, HeaderValue::from_static("origin"));
    let Some(origin) = origin
        .filter(|origin| allowed.iter().any(|allowed| allowed.as_bytes() == origin.as_bytes()))
    else {
        return;
    };
    answer.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
    answer.insert(ACCESS_CONTROL_ALLOW_CREDENTIALS, HeaderValue::from_static("true"));
    if preflight {
        answer.insert(
            ACCESS_CONTROL_ALLOW_METHODS,
            HeaderValue::from_static("GET, POST, PUT, PATCH, DELETE"),
        );
        // What supabase-js and functions-js send, and ours.
        answer.insert(
            ACCESS_CONTROL_ALLOW_HEADERS,
            HeaderValue::from_static(
                "authorization, apikey, content-type, accept-language, idempotency-key, \
                 x-client-info, x-region, x-request-id",
            ),
        );
        answer.insert(ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("7200"));
    } else {
        answer.insert(
            ACCESS_CONTROL_EXPOSE_HEADERS,
            HeaderValue::from_static(
                "x-request-id, retry-after, idempotency-replayed, link, etag, content-disposition",
            ),
        );
    }
}
