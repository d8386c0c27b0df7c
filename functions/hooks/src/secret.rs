//! Secrets that others show us.

use axum::body::{Body, Bytes, to_bytes};
use edge::Problem;
use http::{HeaderMap, StatusCode};
use serde_json::Value;
use subtle::ConstantTimeEq;

/// The header that carries a secret.
pub(crate) const HEADER: &str = "x-webhook-secret";

/// Lets pass who shows `secret`: 404 where none is configured, 401 otherwise. How long the comparison
/// takes does not depend on what was shown.
pub(crate) fn check(secret: Option<&str>, headers: &HeaderMap) -> Result<(), Problem> {
    let secret = secret.ok_or_else(not_configured)?;
    let shown = headers.get(HEADER).map(|value| value.as_bytes()).unwrap_or_default();
    if bool::from(secret.as_bytes().ct_eq(shown)) { Ok(()) } else { Err(refused("wrong secret")) }
}

pub(crate) fn not_configured() -> Problem {
    Problem::new(
        StatusCode::NOT_FOUND,
        "hook_not_configured",
        "Ce point d'entrée n'a pas de secret. Configurez-le (voir .dev.vars.example).",
        "This hook has no secret. Configure it (see .dev.vars.example).",
    )
}

pub(crate) fn refused(cause: impl std::fmt::Display) -> Problem {
    Problem::new(
        StatusCode::UNAUTHORIZED,
        "invalid_webhook_secret",
        "Le secret ou la signature de cet appel ne convient pas. Vérifiez qu'il est le même des deux \
         côtés.",
        "The secret or the signature of this call does not fit. Check that it is the same on both \
         sides.",
    )
    .because(cause)
}

/// The body, up to `most` bytes.
pub(crate) async fn read(body: Body, most: usize) -> Result<Bytes, Problem> {
    to_bytes(body, most).await.map_err(|cause| {
        Problem::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            "body_too_large",
            format!("Le corps de la requête dépasse {most} octets."),
            format!("The request body is over {most} bytes."),
        )
        .because(cause)
    })
}

/// The body as a JSON object.
pub(crate) fn object(body: &[u8]) -> Result<Value, Problem> {
    let cause = match serde_json::from_slice::<Value>(body) {
        Ok(value) if value.is_object() => return Ok(value),
        Ok(_) => "not an object".to_owned(),
        Err(cause) => cause.to_string(),
    };
    Err(malformed(cause))
}

pub(crate) fn malformed(cause: impl std::fmt::Display) -> Problem {
    Problem::new(
        StatusCode::BAD_REQUEST,
        "malformed_json",
        "Le corps de la requête n'est pas un objet JSON.",
        "The request body is not a JSON object.",
    )
    .because(cause)
}
