//! What the documents of all routes share: the error body and the refusals that come with a kind
//! of caller or of input. `gateway::openapi` puts the whole together.

use serde::Serialize;
use utoipa::{IntoResponses, ToSchema};

/// The one error body.
#[derive(Serialize, ToSchema)]
#[schema(as = Problem)]
pub struct ProblemBody {
    /// Stable, snake_case: match on it. `docs/ERRORS.md` lists all.
    #[schema(example = "staff_only", pattern = "^[a-z][a-z0-9_]+$")]
    pub code: String,
    /// What happened and what to do, for a person; French unless `Accept-Language` prefers English.
    pub message: String,
    /// Facts a program can use, by code.
    #[schema(value_type = Option<Object>)]
    pub details: Option<serde_json::Value>,
    /// Another way to go on.
    #[schema(required)]
    pub hint: Option<String>,
    /// The id of the request, as in `x-request-id` and in the log.
    #[schema(required)]
    pub request_id: Option<String>,
}

/// What any route may answer.
#[derive(IntoResponses)]
pub enum AnyRefusal {
    /// `internal_error`, `misconfigured`: our fault; the log has the cause.
    #[response(status = 500)]
    Internal(ProblemBody),
    /// `service_unavailable`: something we depend on does not answer; see `Retry-After`.
    #[response(status = 503)]
    Unavailable(ProblemBody),
}

/// What a route for signed-in people may answer.
#[derive(IntoResponses)]
pub enum SignedInRefusal {
    /// `unauthenticated`: no access token, or one that is not accepted; see `WWW-Authenticate`.
    #[response(status = 401)]
    Unauthenticated(ProblemBody),
    /// `too_many_requests`: see `Retry-After`.
    #[response(status = 429)]
    TooManyRequests(ProblemBody),
    /// `internal_error`, `misconfigured`: our fault; the log has the cause.
    #[response(status = 500)]
    Internal(ProblemBody),
    /// `service_unavailable`: something we depend on does not answer; see `Retry-After`.
    #[response(status = 503)]
    Unavailable(ProblemBody),
}

/// What a route for staff may answer.
#[derive(IntoResponses)]
pub enum StaffRefusal {
    /// `unauthenticated`: no access token, or one that is not accepted; see `WWW-Authenticate`.
    #[response(status = 401)]
    Unauthenticated(ProblemBody),
    /// `staff_only`: for administrators and tutors.
    #[response(status = 403)]
    StaffOnly(ProblemBody),
    /// `too_many_requests`: see `Retry-After`.
    #[response(status = 429)]
    TooManyRequests(ProblemBody),
    /// `internal_error`, `misconfigured`: our fault; the log has the cause.
    #[response(status = 500)]
    Internal(ProblemBody),
    /// `service_unavailable`: something we depend on does not answer; see `Retry-After`.
    #[response(status = 503)]
    Unavailable(ProblemBody),
}

/// What a route with a JSON body may answer beside its own 422.
#[derive(IntoResponses)]
pub enum BodyRefusal {
    /// `malformed_json`: the body is not JSON.
    #[response(status = 400)]
    Malformed(ProblemBody),
    /// `body_too_large`: over 64 KiB.
    #[response(status = 413)]
    TooLarge(ProblemBody),
    /// `unsupported_media_type`: the body is not `application/json`.
    #[response(status = 415)]
    MediaType(ProblemBody),
}
