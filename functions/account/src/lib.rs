//! `/api/account`: what is held about the caller, given to them or deleted; and `/api/privacy`, what
//! everybody is told about it.

mod page;
mod privacy;

use axum::Extension;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::{delete, get};
use edge::openapi::{ProblemBody, SignedInRefusal};
use edge::{App, PassOn, Problem, Routes, SignedIn};
use http::header::{CONTENT_DISPOSITION, CONTENT_TYPE, WWW_AUTHENTICATE};
use http::{HeaderValue, StatusCode};
use privacy::Kept;
use serde_json::json;
use std::sync::Arc;
use utoipa::{OpenApi, ToSchema};

/// The routes of this function.
pub fn routes() -> Routes {
    vec![
        ("/api/account", delete(delete_account)),
        ("/api/account/export", get(export_account)),
        ("/api/privacy", get(privacy::privacy).layer(Extension(Arc::<Kept>::default()))),
    ]
}

/// What `docs/openapi.json` says of them.
pub fn openapi() -> utoipa::openapi::OpenApi {
    #[derive(OpenApi)]
    #[openapi(paths(delete_account, export_account, privacy::privacy))]
    struct Document;
    Document::openapi()
}

// The database writes it and it is passed on as it is: this type only documents its parts.
/// Everything that is held about an account.
#[derive(ToSchema)]
#[allow(dead_code, reason = "documents what the database writes")]
struct AccountExport {
    /// When this was written.
    #[schema(value_type = String, format = DateTime)]
    exported_at: (),
    /// The account of Supabase Auth: address, dates, ways to sign in, sessions.
    #[schema(value_type = Object)]
    account: (),
    /// Name, date of birth, number; null for who has none yet.
    #[schema(value_type = Option<Object>, required)]
    profile: (),
    /// Roles of staff.
    #[schema(value_type = Vec<Object>)]
    roles: (),
    /// What was agreed to and withdrawn, in order.
    #[schema(value_type = Vec<Object>)]
    consents: (),
    /// Registrations with their tests, each with its questions and the answers given.
    #[schema(value_type = Vec<Object>)]
    inscriptions: (),
    /// Tests that were opened and not handed in.
    #[schema(value_type = Vec<Object>)]
    opened_tests: (),
    /// Questions this person wrote.
    #[schema(value_type = Vec<Object>)]
    questions: (),
    /// Requests that are remembered by their `Idempotency-Key`.
    #[schema(value_type = Vec<Object>)]
    requests: (),
    /// Files this person uploaded.
    #[schema(value_type = Vec<Object>)]
    files: (),
    /// Messages to this person, each with its history.
    #[schema(value_type = Vec<Object>)]
    messages: (),
    /// Messages this person had sent to others.
    #[schema(value_type = Vec<Object>)]
    requested_messages: (),
}

/// Everything that is held about me
///
/// As a JSON file: account, profile, consents, registrations, tests with the answers given. Right answers
/// are not in it.
#[utoipa::path(
    get,
    path = "/api/account/export",
    operation_id = "exportAccount",
    tag = "account",
    security(("access_token" = [])),
    responses(
        (status = 200, description = "The export, as a file.", body = AccountExport,
            headers(("content-disposition" = String, description = "`attachment` with a file name."))),
        SignedInRefusal,
    )
)]
async fn export_account(State(app): State<App>, caller: SignedIn) -> Result<Response, Problem> {
    let export = app
        .project()
        .pass_on(caller.identity(), "export_account", &json!({}))
        .await
        .map_err(refused)?;
    let mut response = PassOn(export).into_response();
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json; charset=utf-8"));
    let file = HeaderValue::from_static("attachment; filename=\"griot-mes-donnees.json\"");
    headers.insert(CONTENT_DISPOSITION, file);
    Ok(response)
}

/// Delete my account
///
/// Account, profile and consents are erased at once and cannot be had back. Registrations and test
/// results stay for statistics, without any link to a person.
#[utoipa::path(
    delete,
    path = "/api/account",
    operation_id = "deleteAccount",
    tag = "account",
    security(("access_token" = [])),
    responses(
        (status = 204, description = "The account is gone."),
        (status = 403, description = "`recent_sign_in_required`: sign in again and call this within ten minutes.", body = ProblemBody),
        (status = 409, description = "`last_admin`: appoint another administrator first.", body = ProblemBody),
        SignedInRefusal,
    )
)]
async fn delete_account(State(app): State<App>, caller: SignedIn) -> Result<StatusCode, Problem> {
    let () = app
        .project()
        .rpc(caller.identity(), "delete_account", &json!({}))
        .await
        .map_err(refused)?;
    Ok(StatusCode::NO_CONTENT)
}

/// The token outlives the account: then the database does not know the caller.
fn refused(error: supabase::Error) -> Problem {
    if !matches!(&error, supabase::Error::Refused { code, .. } if code == "not_authenticated") {
        return error.into();
    }
    Problem::new(
        StatusCode::UNAUTHORIZED,
        "unauthenticated",
        "Ce compte n'existe plus. Connectez-vous avec un autre compte.",
        "This account no longer exists. Sign in with another account.",
    )
    .header(
        WWW_AUTHENTICATE,
        HeaderValue::from_static("Bearer realm=\"griot\", error=\"invalid_token\""),
    )
}
