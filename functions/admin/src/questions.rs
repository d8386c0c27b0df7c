//! The question bank. Changes name the version they were made on, so that nobody overwrites what
//! they have not read.

use crate::page::{self, PER_PAGE, PER_PAGE_MAX, Pagination};
use crate::students::check_search;
use crate::{check_storable, invalid, refused};
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use edge::openapi::{BodyRefusal, ProblemBody, SignedInRefusal, StaffRefusal};
use edge::{App, Id, Json, Problem, Query, SignedIn, Staff, with_deadline};
use http::StatusCode;
use http::header::{CONTENT_RANGE, LOCATION};
use serde::{Deserialize, Serialize};
use serde_json::json;
use serde_json::value::RawValue;
use std::collections::HashSet;
use std::time::Duration;
use supabase::sendable;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

pub(crate) const PATH: &str = "/api/admin/questions";

/// What is shown of a question.
const COLUMNS: &str = "id,masterclass_id,question_text,choices,correct_choice,status,\
                       evidence_page,evidence_quote,flaws,version,created_at,updated_at";

/// The rules of the table (`supabase/migrations/*_questions.sql`), in characters.
const QUESTION_MAX_CHARS: usize = 2000;
const CHOICE_MAX_CHARS: usize = 500;
const QUOTE_MAX_CHARS: usize = 4000;

/// Questions published at once.
const PUBLISHED_MAX: usize = 200;
/// As `publish_questions` has it; no question changes so often.
const VERSION_MAX: u32 = 999_999_999;

/// As long as for any call to the project.
const PATIENCE: Duration = Duration::from_secs(10);

/// One of the four choices.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub(crate) enum Letter {
    A,
    B,
    C,
    D,
}

/// Four different texts.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = BankChoices)]
pub(crate) struct Choices {
    #[serde(rename = "A")]
    #[schema(min_length = 1, max_length = 500)]
    a: String,
    #[serde(rename = "B")]
    #[schema(min_length = 1, max_length = 500)]
    b: String,
    #[serde(rename = "C")]
    #[schema(min_length = 1, max_length = 500)]
    c: String,
    #[serde(rename = "D")]
    #[schema(min_length = 1, max_length = 500)]
    d: String,
}

/// `draft` (not asked yet), `published` (asked), `archived` (no longer asked).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Status {
    Draft,
    Published,
    Archived,
}

/// A question as it is stored.
#[derive(ToSchema)]
#[allow(dead_code, reason = "documents what the database answers")]
#[schema(as = BankQuestion)]
pub(crate) struct Question {
    id: Uuid,
    masterclass_id: Uuid,
    question_text: String,
    choices: Choices,
    #[schema(inline)]
    correct_choice: Letter,
    #[schema(inline)]
    status: Status,
    /// Page of the PDF that holds the quote.
    #[schema(required, minimum = 1)]
    evidence_page: Option<i32>,
    /// Words of that page that support the answer.
    #[schema(required)]
    evidence_quote: Option<String>,
    /// Item-writing flaws that were found, in snake_case.
    flaws: Vec<String>,
    /// Rises by one with each change; send it back with the next one.
    #[schema(minimum = 1)]
    version: i32,
    #[schema(format = DateTime)]
    created_at: String,
    #[schema(format = DateTime)]
    updated_at: String,
}

/// A new question.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = BankNewQuestion)]
pub(crate) struct NewQuestion {
    masterclass_id: Uuid,
    #[schema(min_length = 1, max_length = 2000)]
    question_text: String,
    choices: Choices,
    #[schema(inline)]
    correct_choice: Letter,
    #[serde(default)]
    #[schema(inline)]
    status: NewStatus,
    /// With `evidence_quote` or not at all.
    #[schema(minimum = 1)]
    evidence_page: Option<i32>,
    /// With `evidence_page` or not at all.
    #[schema(min_length = 1, max_length = 4000)]
    evidence_quote: Option<String>,
}

#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum NewStatus {
    #[default]
    Draft,
    Published,
}

/// All of a question anew; what is left out is taken away.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = BankChangedQuestion)]
pub(crate) struct ChangedQuestion {
    #[schema(min_length = 1, max_length = 2000)]
    question_text: String,
    choices: Choices,
    #[schema(inline)]
    correct_choice: Letter,
    #[schema(inline)]
    status: Status,
    /// With `evidence_quote` or not at all.
    #[schema(minimum = 1)]
    evidence_page: Option<i32>,
    /// With `evidence_page` or not at all.
    #[schema(min_length = 1, max_length = 4000)]
    evidence_quote: Option<String>,
    /// The version that was read.
    #[schema(minimum = 1, maximum = 999999999)]
    version: u32,
}

/// A row to write.
#[derive(Serialize)]
struct Row<'a, T> {
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<Uuid>,
    #[serde(flatten)]
    question: &'a T,
    flaws: Vec<mcq::Flaw>,
}

impl<'a, T: Serialize> Row<'a, T> {
    fn write(id: Option<Uuid>, question: &'a T, flaws: Vec<mcq::Flaw>) -> Result<String, Problem> {
        let mut row =
            serde_json::to_value(Self { id, question, flaws }).map_err(Problem::internal)?;
        if let Some(columns) = row.as_object_mut() {
            // The database counts it.
            columns.remove("version");
        }
        Ok(row.to_string())
    }
}

/// The item-writing flaws of a question. They are advice: a check that fails keeps nobody from
/// writing, and is said in the log.
fn find_flaws(
    app: &App,
    question_text: &str,
    choices: &Choices,
    correct_choice: Letter,
) -> Vec<mcq::Flaw> {
    let Choices { a, b, c, d } = choices;
    let question = mcq::Question {
        question_text: question_text.to_owned(),
        choices: [a, b, c, d].map(String::clone).into(),
        correct_choice: match correct_choice {
            Letter::A => mcq::Letter::A,
            Letter::B => mcq::Letter::B,
            Letter::C => mcq::Letter::C,
            Letter::D => mcq::Letter::D,
        },
        evidence: mcq::Evidence { page: 1, quote: String::new() },
        flaws: Vec::new(),
    };
    let page = mcq::Page { number: 1, text: [question_text, a, b, c, d].join("\n") };
    let platform = app.platform();
    let found = platform
        .detect_language(&[page])
        .and_then(|language| platform.check_question(&question, language));
    found.unwrap_or_else(|cause| {
        let line = json!({
            "message": "the flaws of a question could not be looked for",
            "level": "warn",
            "error.cause": cause,
        });
        platform.log(&line.to_string());
        Vec::new()
    })
}

impl NewQuestion {
    fn check(&self) -> Result<(), Problem> {
        check(
            &self.question_text,
            &self.choices,
            self.evidence_page,
            self.evidence_quote.as_deref(),
        )
    }
}

impl ChangedQuestion {
    fn check(&self) -> Result<(), Problem> {
        check_version("version", self.version)?;
        check(
            &self.question_text,
            &self.choices,
            self.evidence_page,
            self.evidence_quote.as_deref(),
        )
    }
}

/// The rules of the table, said by field; 422 `invalid_request`.
fn check(
    question_text: &str,
    choices: &Choices,
    evidence_page: Option<i32>,
    evidence_quote: Option<&str>,
) -> Result<(), Problem> {
    check_text("question_text", question_text, QUESTION_MAX_CHARS)?;
    let mut seen = HashSet::new();
    for (field, text) in [
        ("choices.A", &choices.a),
        ("choices.B", &choices.b),
        ("choices.C", &choices.c),
        ("choices.D", &choices.d),
    ] {
        check_text(field, text, CHOICE_MAX_CHARS)?;
        // É and é are one to the database too (`refused`): the tables of all letters would weigh more than
        // this file.
        let plain = text.split_whitespace().collect::<Vec<_>>().join(" ").to_ascii_lowercase();
        if !seen.insert(plain) {
            return Err(invalid(
                field,
                "répète un autre choix ; les quatre doivent différer",
                "repeats another choice; the four must differ",
            ));
        }
    }
    if evidence_page.is_some_and(|page| page < 1) {
        return Err(invalid("evidence_page", "doit être au moins 1", "must be at least 1"));
    }
    if let Some(quote) = evidence_quote {
        check_text("evidence_quote", quote, QUOTE_MAX_CHARS)?;
    }
    match (evidence_page, evidence_quote) {
        (Some(_), None) => Err(invalid(
            "evidence_quote",
            "manque à « evidence_page »",
            "must come with evidence_page",
        )),
        (None, Some(_)) => Err(invalid(
            "evidence_page",
            "manque à « evidence_quote »",
            "must come with evidence_quote",
        )),
        _ => Ok(()),
    }
}

fn check_text(field: &str, text: &str, most: usize) -> Result<(), Problem> {
    check_storable(field, text)?;
    let length = text.trim_matches(' ').chars().count();
    if text.trim().is_empty() || length > most {
        return Err(invalid(
            field,
            &format!("doit compter de 1 à {most} caractères"),
            &format!("must have 1 to {most} characters"),
        ));
    }
    Ok(())
}

fn check_version(field: &str, version: u32) -> Result<(), Problem> {
    if !(1..=VERSION_MAX).contains(&version) {
        return Err(invalid(
            field,
            "doit être la version lue, à partir de 1",
            "must be the version that was read, from 1",
        ));
    }
    Ok(())
}

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

impl Status {
    fn name(self) -> &'static str {
        match self {
            Self::Draft => "draft",
            Self::Published => "published",
            Self::Archived => "archived",
        }
    }
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

/// Questions to publish, as they were read.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = BankPublication)]
pub(crate) struct Publication {
    /// Each question once.
    #[schema(min_items = 1, max_items = 200)]
    questions: Vec<Versioned>,
}

#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = BankVersion)]
struct Versioned {
    id: Uuid,
    #[schema(minimum = 1, maximum = 999999999)]
    version: u32,
}

/// What is published now.
#[derive(Serialize, ToSchema)]
#[schema(as = BankPublished)]
pub(crate) struct Published {
    /// With their new versions.
    #[schema(value_type = Vec<Versioned>)]
    published: Box<RawValue>,
}

/// Publish many questions
///
/// 1. The caller is signed in: 401 `unauthenticated`, 429 `too_many_requests`.
/// 2. The body is a [`Publication`]: 400 `malformed_json`, 413 `body_too_large`,
///    415 `unsupported_media_type`, 422 `invalid_request`.
/// 3. One call of `publish_questions` as the caller: 403 `staff_only`; where one question has changed
///    or is gone, none is published: 409 `stale_version`.
#[utoipa::path(
    post,
    path = "/api/admin/questions/publish",
    operation_id = "publishQuestions",
    tag = "admin",
    description = "For administrators and tutors: all or, where one has changed since it was read, none.",
    security(("access_token" = [])),
    request_body = Publication,
    responses(
        (status = 200, description = "All are published.", body = Published),
        (status = 403, description = "`staff_only`: for administrators and tutors.", body = ProblemBody),
        (status = 409, description = "`stale_version`: nothing is published; `details.stale` has the current versions, `details.missing` the ids that are gone.", body = ProblemBody),
        (status = 422, description = "`invalid_request`.", body = ProblemBody),
        SignedInRefusal,
        BodyRefusal,
    )
)]
pub(crate) async fn publish_questions(
    State(app): State<App>,
    caller: SignedIn,
    Json(publication): Json<Publication>,
) -> Result<axum::Json<Published>, Problem> {
    #[derive(Deserialize)]
    struct Outcome {
        published: Box<RawValue>,
        stale: Vec<Versioned>,
        missing: Vec<Uuid>,
    }
    publication.check()?;
    let Outcome { published, stale, missing } = app
        .project()
        .rpc(caller.identity(), "publish_questions", &publication)
        .await
        .map_err(refused)?;
    if stale.is_empty() && missing.is_empty() {
        return Ok(axum::Json(Published { published }));
    }
    Err(Problem::new(
        StatusCode::CONFLICT,
        "stale_version",
        "Des questions ont changé ou disparu depuis que vous les avez lues : aucune n'est publiée. \
         Relisez-les, puis recommencez.",
        "Questions have changed or disappeared since you read them: none is published. Read them \
         again, then try again.",
    )
    .details(json!({ "stale": stale, "missing": missing })))
}

impl Publication {
    fn check(&self) -> Result<(), Problem> {
        if !(1..=PUBLISHED_MAX).contains(&self.questions.len()) {
            return Err(invalid(
                "questions",
                &format!("doit contenir de 1 à {PUBLISHED_MAX} questions"),
                &format!("must hold 1 to {PUBLISHED_MAX} questions"),
            ));
        }
        let mut seen = HashSet::new();
        for (place, question) in self.questions.iter().enumerate() {
            check_version(&format!("questions[{place}].version"), question.version)?;
            if !seen.insert(question.id) {
                return Err(invalid(
                    &format!("questions[{place}].id"),
                    "répète une autre question",
                    "repeats another question",
                ));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn changed(change: impl FnOnce(&mut ChangedQuestion)) -> Option<String> {
        let mut question = ChangedQuestion {
            question_text: "Quoi ?".into(),
            choices: Choices {
                a: "un".into(),
                b: "deux".into(),
                c: "trois".into(),
                d: "quatre".into(),
            },
            correct_choice: Letter::A,
            status: Status::Draft,
            evidence_page: Some(1),
            evidence_quote: Some("Un.".into()),
            version: 1,
        };
        change(&mut question);
        let problem = question.check().err()?;
        Some(problem.details["field"].as_str().unwrap().to_owned())
    }

    #[test]
    fn what_the_table_would_refuse_is_refused_by_field() {
        let refused = |change: fn(&mut ChangedQuestion)| changed(change).unwrap_or_default();
        assert_eq!(refused(|_| ()), "");
        assert_eq!(refused(|q| q.question_text = "é".repeat(2000)), "");
        assert_eq!(refused(|q| q.question_text = "é".repeat(2001)), "question_text");
        assert_eq!(refused(|q| q.question_text = " \n ".into()), "question_text");
        assert_eq!(refused(|q| q.question_text = "a\0".into()), "question_text");
        assert_eq!(refused(|q| q.choices.a = "é".repeat(500)), "");
        assert_eq!(refused(|q| q.choices.a = "é".repeat(501)), "choices.A");
        assert_eq!(refused(|q| q.choices.d = " ".into()), "choices.D");
        assert_eq!(refused(|q| q.choices.b = "  UN ".into()), "choices.B");
        assert_eq!(refused(|q| q.choices.c = "\0".into()), "choices.C");
        assert_eq!(refused(|q| q.evidence_page = Some(0)), "evidence_page");
        assert_eq!(refused(|q| q.evidence_page = None), "evidence_page");
        assert_eq!(refused(|q| q.evidence_quote = None), "evidence_quote");
        assert_eq!(refused(|q| q.evidence_quote = Some(String::new())), "evidence_quote");
        assert_eq!(refused(|q| q.evidence_quote = Some("x".repeat(4001))), "evidence_quote");
        assert_eq!(refused(|q| (q.evidence_page, q.evidence_quote) = (None, None)), "");
        assert_eq!(refused(|q| q.version = 0), "version");
        assert_eq!(refused(|q| q.version = 1_000_000_000), "version");
    }

    #[test]
    fn a_publication_names_each_question_once() {
        let list = |versions: &[(u128, u32)]| Publication {
            questions: versions
                .iter()
                .map(|&(id, version)| Versioned { id: Uuid::from_u128(id), version })
                .collect(),
        };
        let refused = |publication: Publication| {
            publication.check().err().map(|problem| problem.details["field"].clone())
        };
        assert_eq!(refused(list(&[(1, 1), (2, 7)])), None);
        assert_eq!(refused(list(&[])), Some("questions".into()));
        let many: Vec<_> = (0..201).map(|id| (id, 1)).collect();
        assert_eq!(refused(list(&many)), Some("questions".into()));
        assert_eq!(refused(list(&[(1, 1), (1, 1)])), Some("questions[1].id".into()));
        assert_eq!(refused(list(&[(1, 1), (2, 0)])), Some("questions[1].version".into()));
    }

    #[test]
    fn a_search_is_no_pattern() {
        assert_eq!(containing("t", "l'eau, 50 %"), r#"t.imatch."l'eau, 50 %""#);
        assert_eq!(containing("t", "a*b."), r#"t.imatch."a\\*b\\.""#);
        assert_eq!(containing("t", r#"a"b\c"#), r#"t.imatch."a\"b\\\\c""#);
    }

    #[test]
    fn a_change_replaces_everything_but_id_and_version() {
        let question = ChangedQuestion {
            question_text: "Quoi ?".into(),
            choices: Choices { a: "1".into(), b: "2".into(), c: "3".into(), d: "4".into() },
            correct_choice: Letter::B,
            status: Status::Archived,
            evidence_page: None,
            evidence_quote: None,
            version: 3,
        };
        let row: serde_json::Value =
            serde_json::from_str(&Row::write(None, &question, vec![mcq::Flaw::KType]).unwrap())
                .unwrap();
        assert_eq!(
            row,
            json!({
                "question_text": "Quoi ?", "choices": {"A": "1", "B": "2", "C": "3", "D": "4"},
                "correct_choice": "B", "status": "archived", "evidence_page": null,
                "evidence_quote": null, "flaws": ["k_type"],
            })
        );
    }
}
