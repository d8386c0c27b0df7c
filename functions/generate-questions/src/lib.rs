//! `POST /api/generate-questions`: multiple-choice questions out of a masterclass PDF, each with
//! the quote that proves its answer.

mod answer;
mod engine;
mod idempotency;
mod request;
mod source;
mod store;

pub use answer::{Answer, Engine, Warning};
pub use request::Request;

use axum::response::{IntoResponse, Response};
use axum::routing::post;
use edge::openapi::{BodyRefusal, ProblemBody, StaffRefusal};
use edge::{App, Json, Language, Limit, Problem, Routes, Staff, throttle};
use http::HeaderMap;
use idempotency::Claim;
use utoipa::OpenApi;

/// The routes of this function.
pub fn routes() -> Routes {
    vec![("/api/generate-questions", post(generate_questions))]
}

/// What `docs/openapi.json` says of them.
pub fn openapi() -> utoipa::openapi::OpenApi {
    #[derive(OpenApi)]
    #[openapi(paths(generate_questions))]
    struct Document;
    Document::openapi()
}

/// Make questions out of a PDF
///
/// 1. The caller is staff: 401 `unauthenticated`, 403 `staff_only`.
/// 2. The body is a [`Request`]: 400 `malformed_json`, 413 `body_too_large`,
///    415 `unsupported_media_type`, 422 `invalid_request`.
/// 3. Not too many a minute: 429 `too_many_requests`.
/// 4. With an `Idempotency-Key` seen before, the first answer is given again:
///    409 `request_in_progress`, 422 `idempotency_key_reused`, 422 `invalid_idempotency_key`.
/// 5. The PDF is found: 404 `masterclass_not_found`, `pdf_not_found`,
///    422 `masterclass_has_no_pdf`, `pdf_url_refused`, `pdf_unreachable`.
/// 6. Its text is extracted: 413 `pdf_too_large`, 422 `not_a_pdf`, `pdf_empty`, `pdf_encrypted`,
///    `pdf_damaged`, `pdf_too_many_pages`, `pdf_too_complex`, `pdf_has_no_text`.
/// 7. An engine writes questions and each is checked against the document:
///    422 `openai_not_configured`, `no_questions_found`.
/// 8. Questions and answer are stored in one transaction, as the caller.
#[utoipa::path(
    post,
    path = "/api/generate-questions",
    operation_id = "generateQuestions",
    tag = "questions",
    description = "For administrators and tutors. Each question comes with the quote that proves its answer. With \
        `masterclass_id` they are stored as drafts, in one transaction with the answer. With an \
        `Idempotency-Key` the first answer is given again for 24 hours and nothing is generated twice.",
    security(("access_token" = [])),
    params(("idempotency-key" = Option<String>, Header, nullable = false, min_length = 1, max_length = 200,
        description = "Chosen by the caller, one for each generation.")),
    request_body = Request,
    responses(
        (status = 200, description = "The questions.", body = Answer,
            headers(("idempotency-replayed" = String, description = "`true` where this answer was given before."))),
        StaffRefusal,
        BodyRefusal,
        (status = 404, description = "`masterclass_not_found`, `pdf_not_found`: check the id or the path.", body = ProblemBody),
        (status = 409, description = "`request_in_progress`: the same key is being served; retry.", body = ProblemBody),
        (status = 413, description = "`body_too_large`: over 64 KiB. `pdf_too_large`: over 50 MB.", body = ProblemBody),
        (status = 422, description = "`invalid_request`: `details.field` names the field. `masterclass_has_no_pdf`: upload \
            one. `pdf_url_refused`: only own Storage or public https. `pdf_unreachable`: the address gave no file. \
            `not_a_pdf`, `pdf_empty`, `pdf_damaged`, `pdf_encrypted`, `pdf_too_many_pages`, `pdf_too_complex`: export \
            the document again. `pdf_has_no_text`: run the scan through OCR. `no_questions_found`: the document \
            explains nothing in sentences. `openai_not_configured`: use the embedded engine. \
            `idempotency_key_reused`, `invalid_idempotency_key`: use another key.", body = ProblemBody),
        (status = 429, description = "`too_many_requests`: see `Retry-After`. `too_many_idempotency_keys`: try later.", body = ProblemBody),
    )
)]
async fn generate_questions(
    app: axum::extract::State<App>,
    staff: Staff,
    headers: HeaderMap,
    Json(request): Json<Request>,
) -> Result<Response, Problem> {
    request.check()?;
    throttle(&app, Limit::Generations, &staff.subject).await?;
    let claim = match idempotency::claim(&app, &staff, &headers, &request).await? {
        Claim::Answered(answer) => return Ok(idempotency::replay(answer)),
        claim => claim,
    };
    let answer = answer(&app, &staff, &headers, &request, &claim).await;
    if answer.is_err() {
        idempotency::abandon(&app, &staff, &claim).await;
    }
    Ok(axum::Json(answer?).into_response())
}

/// Steps 5 to 8.
async fn answer(
    app: &App,
    staff: &Staff,
    headers: &HeaderMap,
    request: &Request,
    claim: &Claim,
) -> Result<Answer, Problem> {
    let address = source::address(app, staff, request).await?;
    let document = source::read(app, staff, &address).await?;
    let answer = engine::write(app, request, &document, Language::of(headers)).await?;
    store::store(app, staff, request, claim, &answer).await?;
    Ok(answer)
}
