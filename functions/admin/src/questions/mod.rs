//! The question bank. Changes name the version they were made on, so that nobody overwrites what
//! they have not read.

pub(crate) mod publication;
mod question;

pub(crate) use question::{Choices, Letter, Status};

use crate::page::{self, PER_PAGE, PER_PAGE_MAX, Pagination};
use crate::refused;
use crate::students::check_search;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use edge::openapi::{BodyRefusal, ProblemBody, StaffRefusal};
use edge::{App, Id, Json, Problem, Query, Staff, with_deadline};
use http::StatusCode;
use http::header::{CONTENT_RANGE, LOCATION};
use question::{ChangedQuestion, NewQuestion, Question, Row, check_version, find_flaws};
use serde::{Deserialize, Serialize};
use serde_json::json;
use serde_json::value::RawValue;
use std::time::Duration;
use supabase::sendable;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

pub(crate) const PATH: &str = "/api/admin/questions";

/// What is shown of a question.
const COLUMNS: &str = "id,masterclass_id,question_text,choices,correct_choice,status,\
                       evidence_page,evidence_quote,flaws,version,created_at,updated_at";

/// As long as for any call to the project.
const PATIENCE: Duration = Duration::from_secs(10);

/// Which questions.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Wanted {
    /// Only this masterclass.
    #[param(nullable = false)]
    masterclass_id: Option<Uuid>,
    /// Only this status.
    #[param(nullable = false, inline)]
    status: Option<Status>,
    /// A part of the question's text; upper and lower case are the same.
    #[param(nullable = false, max_length = 200)]
    search: Option<String>,
    /// The page, from 1.
    #[param(nullable = false, minimum = 1, maximum = 50000, default = 1)]
    page: Option<u32>,
    /// Rows of a page.
    #[param(nullable = false, minimum = 1, maximum = 100, default = 20)]
    per_page: Option<u32>,
}

/// A page of the bank.
#[derive(Serialize, ToSchema)]
#[schema(as = BankQuestions)]
pub(crate) struct Questions {
    /// As the database wrote them.
    #[schema(value_type = Vec<Question>)]
    questions: Box<RawValue>,
    pagination: Pagination,
}

/// List the questions of the bank
///
/// 1. The caller is staff: 401 `unauthenticated`, 403 `staff_only`, 429 `too_many_requests`.
/// 2. The parameters are checked: 422 `invalid_request`.
/// 3. The page is read and all are counted, as the caller.
#[utoipa::path(
    get,
    path = PATH,
    operation_id = "listQuestions",
    tag = "admin",
    description = "For administrators and tutors: the oldest first.",
    security(("access_token" = [])),
    params(Wanted),
    responses(
        (status = 200, description = "A page of questions.", body = Questions),
        (status = 422, description = "`invalid_request`.", body = ProblemBody),
        StaffRefusal,
    )
)]
pub(crate) async fn list_questions(
    State(app): State<App>,
    staff: Staff,
    Query(wanted): Query<Wanted>,
) -> Result<axum::Json<Questions>, Problem> {
    let (page, per_page) = page::asked(wanted.page, wanted.per_page, PER_PAGE, PER_PAGE_MAX)?;
    let search = wanted.search.as_deref().map(str::trim).filter(|search| !search.is_empty());
    check_search(search)?;
    let mut query = app.project().from(staff.identity(), "questions")?.select(COLUMNS);
    if let Some(id) = wanted.masterclass_id {
        query = query.eq("masterclass_id", id.to_string());
    }
    if let Some(status) = wanted.status {
        query = query.eq("status", status.name());
    }
    if let Some(search) = search {
        query = query.and(containing("question_text", search));
    }
    let first = (page as usize - 1) * per_page as usize;
    let query =
        query.order("created_at,id").exact_count().range(first, first + per_page as usize - 1);
    let (questions, total) = counted(&app, query).await?;
    let pagination = Pagination::new(page, per_page, total, true);
    Ok(axum::Json(Questions { questions, pagination }))
}

/// A PostgREST filter: `column` contains `text`, whatever the case. A regular expression, because in
/// a pattern of `ilike` PostgREST takes every `*` for a wildcard.
fn containing(column: &str, text: &str) -> String {
    let mut filter = format!("{column}.imatch.\"");
    for character in text.chars() {
        let special = r"\.^$*+?()[]{}|".contains(character);
        // Once for the regular expression, once for PostgREST's quotes.
        if special {
            filter.push_str(r"\\");
        }
        if character == '\\' || character == '"' {
            filter.push('\\');
        }
        filter.push(character);
    }
    filter.push('"');
    filter
}

/// Runs a query with a range; its rows as they came and how many there are in all.
async fn counted(app: &App, query: postgrest::Builder) -> Result<(Box<RawValue>, u64), Problem> {
    let call = sendable(async move {
        let answer = query.execute().await.map_err(|cause| cause.without_url().to_string())?;
        let status = answer.status().as_u16();
        // `0-19/57`, or `*/57` beyond the end.
        let total = answer
            .headers()
            .get(CONTENT_RANGE.as_str())
            .and_then(|range| range.to_str().ok()?.rsplit_once('/')?.1.parse::<u64>().ok());
        let body = answer.text().await.map_err(|cause| cause.without_url().to_string())?;
        Ok::<_, String>((status, total, body))
    });
    let (status, total, body) = with_deadline(app.platform(), PATIENCE, call)
        .await
        .ok_or_else(|| Problem::unavailable("the project's rest took too long"))?
        .map_err(Problem::unavailable)?;
    let rows = match status {
        200 | 206 => body,
        // PostgREST's answer to a page after the last one.
        416 => "[]".to_owned(),
        _ => {
            return Err(refused(supabase::Error::Refused {
                service: "rest",
                status,
                code: String::new(),
                message: body.chars().take(200).collect(),
                hint: None,
            }));
        }
    };
    let rows = RawValue::from_string(rows).map_err(Problem::unavailable)?;
    let total = total.ok_or_else(|| Problem::unavailable("rest did not count"))?;
    Ok((rows, total))
}

/// Add a question to the bank of a masterclass
///
/// 1. The caller is staff: 401 `unauthenticated`, 403 `staff_only`, 429 `too_many_requests`.
/// 2. The body is a [`NewQuestion`]: 400 `malformed_json`, 413 `body_too_large`,
///    415 `unsupported_media_type`, 422 `invalid_request`.
/// 3. Its item-writing flaws are looked for.
/// 4. It is stored, as the caller: 404 `masterclass_not_found`.
#[utoipa::path(
    post,
    path = PATH,
    operation_id = "createQuestion",
    tag = "admin",
    description = "For administrators and tutors.",
    security(("access_token" = [])),
    request_body = NewQuestion,
    responses(
        (status = 201, description = "The question.", body = Question,
         headers(("Location" = String, description = "Where it is changed and deleted."))),
        (status = 404, description = "`masterclass_not_found`.", body = ProblemBody),
        (status = 422, description = "`invalid_request`.", body = ProblemBody),
        StaffRefusal,
        BodyRefusal,
    )
)]
pub(crate) async fn create_question(
    State(app): State<App>,
    staff: Staff,
    Json(question): Json<NewQuestion>,
) -> Result<Response, Problem> {
    question.check()?;
    let id = Uuid::new_v4();
    let flaws =
        find_flaws(&app, &question.question_text, &question.choices, question.correct_choice);
    let row = Row::write(Some(id), &question, flaws)?;
    let query = app.project().from(staff.identity(), "questions")?.insert(row).select(COLUMNS);
    let stored: Option<Box<RawValue>> = only(&app, query).await?;
    let stored = stored.ok_or_else(|| Problem::internal("a question was stored and not shown"))?;
    let location = [(LOCATION, format!("{PATH}/{id}"))];
    Ok((StatusCode::CREATED, location, axum::Json(stored)).into_response())
}

/// Replace a question
///
/// 1. The caller is staff: 401 `unauthenticated`, 403 `staff_only`, 429 `too_many_requests`.
/// 2. The body is a [`ChangedQuestion`]: 400 `malformed_json`, 413 `body_too_large`,
///    415 `unsupported_media_type`, 422 `invalid_request`.
/// 3. Its item-writing flaws are looked for anew.
/// 4. The row of that version is changed, as the caller: 404 `question_not_found`,
///    409 `stale_version`, 409 `question_in_use`.
#[utoipa::path(
    put,
    path = "/api/admin/questions/{id}",
    operation_id = "replaceQuestion",
    tag = "admin",
    description = "For administrators and tutors: all of it anew, if it is still as it was read. Once it was asked, choices and answer stay.",
    security(("access_token" = [])),
    params(("id" = Uuid, Path, description = "The question.")),
    request_body = ChangedQuestion,
    responses(
        (status = 200, description = "The question in its new version.", body = Question),
        (status = 404, description = "`question_not_found`.", body = ProblemBody),
        (status = 409, description = "`stale_version`, with `details.current_version`; `question_in_use`.", body = ProblemBody),
        (status = 422, description = "`invalid_request`.", body = ProblemBody),
        StaffRefusal,
        BodyRefusal,
    )
)]
pub(crate) async fn replace_question(
    State(app): State<App>,
    staff: Staff,
    Id(id): Id,
    Json(question): Json<ChangedQuestion>,
) -> Result<axum::Json<Box<RawValue>>, Problem> {
    question.check()?;
    let flaws =
        find_flaws(&app, &question.question_text, &question.choices, question.correct_choice);
    let query = of_version(&app, &staff, id, question.version)?
        .update(Row::write(None, &question, flaws)?)
        .select(COLUMNS);
    match only(&app, query).await? {
        Some(stored) => Ok(axum::Json(stored)),
        None => Err(not_that_version(&app, &staff, id).await),
    }
}

/// The version that is to be deleted.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Deleted {
    /// The version that was read.
    #[param(minimum = 1, maximum = 999999999)]
    version: u32,
}

/// Delete a question
///
/// 1. The caller is staff: 401 `unauthenticated`, 403 `staff_only`, 429 `too_many_requests`.
/// 2. Id and version are checked: 422 `invalid_request`.
/// 3. The row of that version is deleted, as the caller: 404 `question_not_found`,
///    409 `stale_version`, 409 `question_in_use`.
#[utoipa::path(
    delete,
    path = "/api/admin/questions/{id}",
    operation_id = "deleteQuestion",
    tag = "admin",
    description = "For administrators and tutors: if it is still as it was read and was never asked.",
    security(("access_token" = [])),
    params(("id" = Uuid, Path, description = "The question."), Deleted),
    responses(
        (status = 204, description = "It is gone."),
        (status = 404, description = "`question_not_found`.", body = ProblemBody),
        (status = 409, description = "`stale_version`, with `details.current_version`; `question_in_use`.", body = ProblemBody),
        (status = 422, description = "`invalid_request`.", body = ProblemBody),
        StaffRefusal,
    )
)]
pub(crate) async fn delete_question(
    State(app): State<App>,
    staff: Staff,
    Id(id): Id,
    Query(Deleted { version }): Query<Deleted>,
) -> Result<StatusCode, Problem> {
    check_version("version", version)?;
    let query = of_version(&app, &staff, id, version)?.delete().select("id");
    let deleted: Option<Box<RawValue>> = only(&app, query).await?;
    match deleted {
        Some(_) => Ok(StatusCode::NO_CONTENT),
        None => Err(not_that_version(&app, &staff, id).await),
    }
}

/// The question, if it still has this version.
fn of_version(
    app: &App,
    staff: &Staff,
    id: Uuid,
    version: u32,
) -> Result<postgrest::Builder, Problem> {
    let questions = app.project().from(staff.identity(), "questions")?;
    Ok(questions.eq("id", id.to_string()).eq("version", version.to_string()))
}

/// The one row that a query is about, if it is there.
async fn only<T: serde::de::DeserializeOwned>(
    app: &App,
    query: postgrest::Builder,
) -> Result<Option<T>, Problem> {
    Ok(app.project().rows(query).await.map_err(refused)?.into_iter().next())
}

/// Why there was nothing to change: 404 `question_not_found` or 409 `stale_version`.
async fn not_that_version(app: &App, staff: &Staff, id: Uuid) -> Problem {
    #[derive(Deserialize)]
    struct Current {
        version: i64,
    }
    let read = async {
        let questions = app.project().from(staff.identity(), "questions")?;
        only::<Current>(app, questions.select("version").eq("id", id.to_string())).await
    };
    match read.await {
        Ok(Some(Current { version })) => Problem::new(
            StatusCode::CONFLICT,
            "stale_version",
            "Cette question a changé depuis que vous l'avez lue. Relisez-la, puis recommencez.",
            "This question has changed since you read it. Read it again, then try again.",
        )
        .details(json!({ "current_version": version })),
        Ok(None) => Problem::new(
            StatusCode::NOT_FOUND,
            "question_not_found",
            "Cette question n'existe pas. Vérifiez l'identifiant dans la liste des questions.",
            "There is no such question. Check the id in the list of questions.",
        ),
        Err(problem) => problem,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_search_is_no_pattern() {
        assert_eq!(containing("t", "l'eau, 50 %"), r#"t.imatch."l'eau, 50 %""#);
        assert_eq!(containing("t", "a*b."), r#"t.imatch."a\\*b\\.""#);
        assert_eq!(containing("t", r#"a"b\c"#), r#"t.imatch."a\"b\\\\c""#);
    }
}
