//! JSON bodies, read with a size limit and refused with words that help.

use crate::{App, Problem};
use axum::body::{Bytes, to_bytes};
use axum::extract::{FromRequest, Request};
use futures_util::future::BoxFuture;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, StatusCode};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

/// Largest JSON body, in bytes. The largest honest request to any function is a few kilobytes.
const BODY_MAX_BYTES: usize = 64 * 1024;

/// The JSON body of a request.
///
/// 415 where the content type is not JSON, 413 over 64 KiB, 400 where it is not JSON, 422 where
/// a field is missing, unknown or of the wrong kind (`details.field` names it).
#[derive(Clone, Copy, Debug)]
pub struct Json<T>(pub T);

impl<T: DeserializeOwned> FromRequest<App> for Json<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &App) -> Result<Self, Problem> {
        parse_json(&read(request).await?).map(Self)
    }
}

/// The bytes of a JSON body. In a box, so that the code for it is there once and not in each handler.
fn read(request: Request) -> BoxFuture<'static, Result<Bytes, Problem>> {
    Box::pin(async move {
        let (parts, body) = request.into_parts();
        if !is_json(&parts.headers) {
            return Err(Problem::new(
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "unsupported_media_type",
                "Envoyez du JSON avec l'en-tête « Content-Type: application/json ».",
                "Send JSON with the header Content-Type: application/json.",
            ));
        }
        to_bytes(body, BODY_MAX_BYTES).await.map_err(|cause| {
            Problem::new(
                StatusCode::PAYLOAD_TOO_LARGE,
                "body_too_large",
                format!("Le corps de la requête dépasse {BODY_MAX_BYTES} octets."),
                format!("The request body is over {BODY_MAX_BYTES} bytes."),
            )
            .because(cause)
        })
    })
}

/// Reads a JSON object; what [`Json`] does once it has the bytes.
///
/// # Errors
/// 400 `malformed_json`, 422 `invalid_request`.
pub fn parse_json<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    serde_path_to_error::deserialize(object(bytes)?)
        .map_err(|error| wrong_field(&error.path().to_string(), error.inner()))
}

fn object(bytes: &[u8]) -> Result<Value, Problem> {
    // serde would take `["a", "b"]` for a struct of two fields; an API takes objects only.
    serde_json::from_slice::<Map<_, _>>(bytes)
        .map(Value::Object)
        .map_err(|cause| if cause.is_data() { wrong_field(".", &cause) } else { malformed(&cause) })
}

fn wrong_field(field: &str, cause: &serde_json::Error) -> Problem {
    Problem::unprocessable(
        "invalid_request",
        format!("Le champ « {field} » de la requête ne convient pas."),
        format!("The field {field:?} of the request does not fit."),
    )
    .details(json!({ "field": field, "reason": cause.to_string() }))
}

fn malformed(cause: &serde_json::Error) -> Problem {
    Problem::new(
        StatusCode::BAD_REQUEST,
        "malformed_json",
        "Le corps de la requête n'est pas du JSON valide.",
        "The request body is not valid JSON.",
    )
    .details(json!({ "line": cause.line(), "column": cause.column() }))
}

/// `application/json`, or any `application/*+json`, with or without parameters.
fn is_json(headers: &HeaderMap) -> bool {
    headers
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.split(';').next())
        .map(|value| value.trim().to_ascii_lowercase())
        .is_some_and(|kind| {
            kind == "application/json"
                || (kind.starts_with("application/") && kind.ends_with("+json"))
        })
}
