//! The caller, as an argument of the handler: who takes [`Staff`] cannot be called by a student.

use crate::{App, Language, Limit, Problem};
use axum::extract::FromRequestParts;
use futures_util::future::BoxFuture;
use http::header::{AUTHORIZATION, RETRY_AFTER, WWW_AUTHENTICATE};
use http::request::Parts;
use http::{HeaderValue, StatusCode};
use serde::Deserialize;
use supabase::Identity;
use supabase::token::{Invalid, Subject};

/// Anybody who is signed in. What they may do is decided by the database.
///
/// 401 without a valid access token, 429 after too many requests.
#[derive(Clone, Debug)]
pub struct SignedIn {
    /// Account and token.
    pub subject: Subject,
    /// How this person wants to be answered.
    pub language: Language,
}

impl SignedIn {
    /// This person, for calls to the project.
    pub fn identity(&self) -> Identity<'_> {
        Identity::Caller(&self.subject.token, self.language.tag())
    }
}

impl FromRequestParts<App> for SignedIn {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        signed_in(parts, app).await
    }
}

/// In a box, so that the code for it is there once and not in each handler.
fn signed_in<'a>(parts: &'a Parts, app: &'a App) -> BoxFuture<'a, Result<SignedIn, Problem>> {
    Box::pin(async move {
        let subject = authenticate(parts, app).await?;
        throttle(app, Limit::Requests, &subject).await?;
        Ok(SignedIn { subject, language: Language::of(&parts.headers) })
    })
}

/// Counts one use of `limit` by this person.
///
/// # Errors
/// 429 `too_many_requests` when there were too many within the minute.
pub async fn throttle(app: &App, limit: Limit, subject: &Subject) -> Result<(), Problem> {
    if app.platform().allow(limit, subject.user_id.to_string()).await {
        return Ok(());
    }
    let (french, english) = match limit {
        Limit::Requests => (
            "Trop de requêtes en une minute. Réessayez dans une minute.",
            "Too many requests within a minute. Try again in a minute.",
        ),
        Limit::Generations => (
            "Trop de générations de questions en une minute. Réessayez dans une minute.",
            "Too many generations of questions within a minute. Try again in a minute.",
        ),
    };
    Err(Problem::new(StatusCode::TOO_MANY_REQUESTS, "too_many_requests", french, english)
        // The platform counts by the minute and does not say how much of it is left.
        .header(RETRY_AFTER, HeaderValue::from_static("60")))
}

/// A role of `user_roles`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Manages people and content.
    Admin,
    /// Manages content.
    Tuteur,
}

/// A signed-in administrator or tutor.
///
/// 401 without a valid access token, 403 for everybody else, 429 after too many requests. The role is read from the database
/// at each request, as the caller, so that a role that was taken away ends at once.
#[derive(Clone, Debug)]
pub struct Staff {
    /// Account and token.
    pub subject: Subject,
    /// How this person wants to be answered.
    pub language: Language,
    /// The strongest role held.
    pub role: Role,
}

impl Staff {
    /// This person, for calls to the project.
    pub fn identity(&self) -> Identity<'_> {
        Identity::Caller(&self.subject.token, self.language.tag())
    }
}

impl FromRequestParts<App> for Staff {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        staff(parts, app).await
    }
}

/// In a box, as [`signed_in`] is.
fn staff<'a>(parts: &'a Parts, app: &'a App) -> BoxFuture<'a, Result<Staff, Problem>> {
    #[derive(Deserialize)]
    struct Row {
        role: Role,
    }
    Box::pin(async move {
        let person = signed_in(parts, app).await?;
        let query = app
            .project()
            .from(person.identity(), "user_roles")?
            .select("role")
            .eq("user_id", person.subject.user_id.to_string());
        let roles = app.project().rows::<Row>(query).await?;
        let role = if roles.iter().any(|row| row.role == Role::Admin) {
            Role::Admin
        } else if roles.is_empty() {
            return Err(Problem::new(
                StatusCode::FORBIDDEN,
                "staff_only",
                "Cette fonction est réservée aux administrateurs et aux tuteurs.",
                "This function is for administrators and tutors only.",
            ));
        } else {
            Role::Tuteur
        };
        Ok(Staff { subject: person.subject, language: person.language, role })
    })
}

/// Verifies `Authorization: Bearer <access token>`.
async fn authenticate(parts: &Parts, app: &App) -> Result<Subject, Problem> {
    let header = parts
        .headers
        .get(AUTHORIZATION)
        .ok_or_else(|| challenge("Bearer realm=\"griot\"", "no Authorization header"))?;
    // RFC 6750, section 2.1; the scheme is case-insensitive (RFC 9110, section 11.1).
    let token = header
        .to_str()
        .ok()
        .and_then(|value| value.split_once(' '))
        .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
        .map(|(_, token)| token.trim())
        .ok_or_else(|| unauthenticated("not a bearer token"))?;
    let now = app.platform().now_ms() / 1000;
    app.verifier().verify(token, now).await.map_err(|invalid| match invalid {
        Invalid::KeysUnavailable(_) => Problem::unavailable(invalid),
        Invalid::Refused(_) | Invalid::Expired => unauthenticated(invalid),
    })
}

/// 401 for a token that was sent and not accepted (RFC 6750, section 3.1).
pub(crate) fn unauthenticated(cause: impl std::fmt::Display) -> Problem {
    challenge("Bearer realm=\"griot\", error=\"invalid_token\"", cause)
}

fn challenge(challenge: &'static str, cause: impl std::fmt::Display) -> Problem {
    Problem::new(
        StatusCode::UNAUTHORIZED,
        "unauthenticated",
        "Connectez-vous, puis renvoyez la requête avec votre jeton d'accès \
         (« Authorization: Bearer … »).",
        "Sign in, then send the request again with your access token (Authorization: Bearer ...).",
    )
    .header(WWW_AUTHENTICATE, HeaderValue::from_static(challenge))
    .because(cause)
}
