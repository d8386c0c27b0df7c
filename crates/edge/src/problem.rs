//! The one error body: `{"code","message","details","hint","request_id"}`.
//!
//! The first four names are those of PostgREST errors, which users of supabase-js handle already.

use axum::response::{IntoResponse, Response};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use serde::Serialize;
use serde_json::Value;
use std::borrow::Cow;
use std::sync::Arc;

/// The languages a person may be answered in. French is the default.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Language {
    /// Français.
    #[default]
    French,
    /// English.
    English,
}

impl Language {
    /// Its tag, as in `Accept-Language`.
    pub fn tag(self) -> &'static str {
        match self {
            Self::French => "fr",
            Self::English => "en",
        }
    }

    /// Reads `Accept-Language` (RFC 9110, section 12.5.4): the first of French and English by
    /// weight; French where neither is asked for.
    pub fn of(headers: &HeaderMap) -> Self {
        let wanted = headers
            .get(http::header::ACCEPT_LANGUAGE)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default();
        let weight = |language: &str| {
            wanted
                .split(',')
                .filter_map(|range| {
                    let mut parts = range.split(';').map(str::trim);
                    let tag = parts.next()?.split('-').next()?;
                    let weight = crate::weight(parts)?;
                    tag.eq_ignore_ascii_case(language).then_some(weight)
                })
                .max()
                .unwrap_or(0)
        };
        if weight("en") > weight("fr") { Self::English } else { Self::French }
    }
}

/// An error as a client sees it, and what only the log sees.
#[derive(Clone, Debug)]
pub struct Problem {
    /// HTTP status.
    pub status: StatusCode,
    /// Stable, snake_case, documented in `docs/API.md`.
    pub code: Cow<'static, str>,
    /// What happened and what to do, in French and in English.
    pub message: [String; 2],
    /// Facts about this request that a program can use.
    pub details: Value,
    /// Another way to go on, in French and in English.
    pub hint: Option<[Cow<'static, str>; 2]>,
    /// Headers the status asks for (`WWW-Authenticate`, `Retry-After`, `Allow`).
    pub headers: Vec<(HeaderName, HeaderValue)>,
    /// The cause, for the log line only.
    pub cause: Option<String>,
}

impl Problem {
    /// A problem with its message in French and in English.
    pub fn new(
        status: StatusCode,
        code: impl Into<Cow<'static, str>>,
        french: impl Into<String>,
        english: impl Into<String>,
    ) -> Self {
        Self {
            status,
            code: code.into(),
            message: [french.into(), english.into()],
            details: Value::Null,
            hint: None,
            headers: Vec::new(),
            cause: None,
        }
    }

    /// Adds facts that a program can use.
    #[must_use]
    pub fn details(mut self, details: Value) -> Self {
        self.details = details;
        self
    }

    /// Adds another way to go on.
    #[must_use]
    pub fn hint(mut self, french: &'static str, english: &'static str) -> Self {
        self.hint = Some([french.into(), english.into()]);
        self
    }

    /// Adds a header of the answer.
    #[must_use]
    pub fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.push((name, value));
        self
    }

    /// Keeps the cause for the log line.
    #[must_use]
    pub fn because(mut self, cause: impl std::fmt::Display) -> Self {
        self.cause = Some(cause.to_string());
        self
    }

    /// 500: a fault of ours. The cause goes to the log, the client gets the request id.
    pub fn internal(cause: impl std::fmt::Display) -> Self {
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "internal_error",
            "Une erreur interne est survenue. Réessayez ; si cela continue, transmettez-nous \
             l'identifiant de la requête.",
            "An internal error occurred. Try again; if it goes on, send us the request id.",
        )
        .because(cause)
    }

    /// 503: something we depend on does not answer.
    pub fn unavailable(cause: impl std::fmt::Display) -> Self {
        Self::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "service_unavailable",
            "Le service est momentanément indisponible. Réessayez dans quelques secondes.",
            "The service is unavailable for the moment. Try again in a few seconds.",
        )
        .header(http::header::RETRY_AFTER, HeaderValue::from_static("5"))
        .because(cause)
    }

    /// 422: the request was understood and cannot be followed.
    pub fn unprocessable(
        code: impl Into<Cow<'static, str>>,
        french: impl Into<String>,
        english: impl Into<String>,
    ) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, code, french, english)
    }

    /// The body as it is sent.
    pub(crate) fn body(&self, language: Language, request_id: &str) -> Vec<u8> {
        let [french, english] = &self.message;
        let (message, hint) = match language {
            Language::French => (french, self.hint.as_ref().map(|[french, _]| french.as_ref())),
            Language::English => (english, self.hint.as_ref().map(|[_, english]| english.as_ref())),
        };
        let body = Body { code: &self.code, message, details: &self.details, hint, request_id };
        serde_json::to_vec(&body).unwrap_or_default()
    }
}

#[derive(Serialize)]
struct Body<'a> {
    code: &'a str,
    message: &'a str,
    details: &'a Value,
    hint: Option<&'a str>,
    request_id: &'a str,
}

/// A problem on its way out. The body is written by [`crate::serve`], which knows the language
/// and the request id.
impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = self.status.into_response();
        response.extensions_mut().insert(Arc::new(self));
        response
    }
}

/// What the project refused, as the function's answer.
impl From<supabase::Error> for Problem {
    fn from(error: supabase::Error) -> Self {
        match &error {
            // Griot's SQL functions refuse with a code and a sentence of their own
            // (`private.raise_error`), in the caller's language, which is sent with each call; codes
            // of PostgreSQL and PostgREST are never lower case.
            supabase::Error::Refused { status: status @ 400..500, code, message, hint, .. }
                if code.starts_with(|first: char| first.is_ascii_lowercase()) =>
            {
                let mut problem = Self::new(
                    StatusCode::from_u16(*status).unwrap_or(StatusCode::UNPROCESSABLE_ENTITY),
                    code.clone(),
                    message.clone(),
                    message.clone(),
                );
                problem.hint = hint.as_ref().map(|hint| [hint.clone().into(), hint.clone().into()]);
                problem
            }
            supabase::Error::Refused { status: 401, .. } => crate::caller::unauthenticated(&error),
            supabase::Error::Refused { status: 403, .. } => Self::new(
                StatusCode::FORBIDDEN,
                "forbidden",
                "Vous n'avez pas le droit de faire cela.",
                "You are not allowed to do this.",
            )
            .because(&error),
            supabase::Error::Refused { status, .. } if *status < 500 => Self::internal(&error),
            _ => Self::unavailable(&error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn language(header: &str) -> Language {
        let mut headers = HeaderMap::new();
        headers.insert("accept-language", header.parse().unwrap());
        Language::of(&headers)
    }

    #[test]
    fn french_is_the_default_and_english_is_given_when_it_is_preferred() {
        assert_eq!(Language::of(&HeaderMap::new()), Language::French);
        assert_eq!(language("en"), Language::English);
        assert_eq!(language("en-GB,en;q=0.9"), Language::English);
        assert_eq!(language("fr-GA, en;q=0.8"), Language::French);
        assert_eq!(language("fr;q=0.2, en;q=0.8"), Language::English);
        assert_eq!(language("de, *;q=0.5"), Language::French);
        assert_eq!(language("en;q=x"), Language::French);
    }

    #[test]
    fn the_cause_stays_out_of_the_body() {
        let body = Problem::internal("password=hunter2").body(Language::English, "r-1");
        let body = String::from_utf8(body).unwrap();
        assert!(!body.contains("hunter2"), "{body}");
        assert!(body.contains(r#""request_id":"r-1""#), "{body}");
    }
}
