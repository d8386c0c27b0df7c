//! What a handler reads from the address: the query and an id in the path.

use crate::{App, Problem};
use axum::extract::{FromRequestParts, Path};
use http::request::Parts;
use serde::de::DeserializeOwned;
use serde_json::json;
use uuid::Uuid;

/// The query string. 422 `invalid_request` where a parameter is unknown, missing or of the wrong
/// kind; `details` says which.
#[derive(Clone, Copy, Debug)]
pub struct Query<T>(pub T);

impl<T: DeserializeOwned> FromRequestParts<App> for Query<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &App) -> Result<Self, Problem> {
        match axum::extract::Query::try_from_uri(&parts.uri) {
            Ok(axum::extract::Query(value)) => Ok(Self(value)),
            Err(rejection) => Err(Problem::unprocessable(
                "invalid_request",
                "Un paramètre de l'adresse ne convient pas.",
                "A parameter of the address does not fit.",
            )
            .details(json!({ "field": null, "reason": rejection.body_text() }))),
        }
    }
}

/// `{id}` in the path. 422 `invalid_request` where it is not a UUID.
#[derive(Clone, Copy, Debug)]
pub struct Id(pub Uuid);

impl FromRequestParts<App> for Id {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        match Path::<Uuid>::from_request_parts(parts, app).await {
            Ok(Path(id)) => Ok(Self(id)),
            Err(rejection) => Err(Problem::unprocessable(
                "invalid_request",
                "L'identifiant dans l'adresse n'est pas un UUID.",
                "The id in the address is not a UUID.",
            )
            .details(json!({ "field": "id", "reason": rejection.body_text() }))),
        }
    }
}
