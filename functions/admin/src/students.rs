//! Who registered and what they learned.

use crate::accept::Format;
use crate::page::{self, PER_PAGE, PER_PAGE_MAX, Pagination};
use crate::{check_storable, csv, invalid, invalid_cursor, refused};
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use edge::openapi::{ProblemBody, SignedInRefusal};
use edge::{App, Id, Language, PassOn, Problem, Query, SignedIn};
use http::HeaderMap;
use http::header::{CONTENT_DISPOSITION, CONTENT_TYPE, LINK};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use url::form_urlencoded;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

pub(crate) const PATH: &str = "/api/admin/students";

/// Rows of a CSV file, at most and where nothing is said: about 3 MB.
const CSV_ROWS_MAX: u32 = 10_000;
const SEARCH_MAX_CHARS: usize = 200;
/// A name is the longest thing a cursor holds.
const CURSOR_MAX_BYTES: usize = 4096;

/// Which students, in which order.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Wanted {
    /// The page, from 1. Deep pages are slow: follow the links there.
    #[param(nullable = false, minimum = 1, maximum = 50000, default = 1)]
    page: Option<u32>,
    /// Rows of a page; for CSV 10,000 at most and where nothing is said.
    #[param(nullable = false, minimum = 1, maximum = 100, default = 20)]
    per_page: Option<u32>,
    /// Words of a name, an e-mail address or a number, each of two letters or more; accents do not matter.
    #[param(nullable = false, max_length = 200)]
    search: Option<String>,
    /// Only this masterclass.
    #[param(nullable = false)]
    masterclass_id: Option<Uuid>,
    /// Only registrations that are validated, or only those that are not.
    #[param(nullable = false)]
    validated: Option<bool>,
    /// The first day of registration, in Libreville.
    #[param(nullable = false, format = Date)]
    registered_from: Option<String>,
    /// The last day of registration, in Libreville.
    #[param(nullable = false, format = Date)]
    registered_to: Option<String>,
    /// What the list is sorted by; rows without a score come after those with one, where it descends.
    #[param(nullable = false, inline, default = "registered_at")]
    sort: Option<Sort>,
    /// The direction: `asc` for `full_name`, otherwise `desc`, where nothing is said.
    #[param(nullable = false, inline)]
    order: Option<Order>,
    /// Where a link of another answer goes on; wins over `page`.
    #[param(nullable = false, max_length = 4096)]
    cursor: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum Sort {
    RegisteredAt,
    FullName,
    PreScore,
    PostScore,
    Gain,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum Order {
    Asc,
    Desc,
}

/// A registration, with its student and results.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[schema(as = StudentRow)]
pub(crate) struct Student {
    #[schema(format = Uuid)]
    pub inscription_id: String,
    /// `null` once the account is deleted.
    #[schema(required, format = Uuid)]
    pub student_id: Option<String>,
    #[schema(required)]
    pub full_name: Option<String>,
    #[schema(required)]
    pub email: Option<String>,
    #[schema(required, example = "+24174000000")]
    pub whatsapp_number: Option<String>,
    #[schema(format = Uuid)]
    #[allow(dead_code, reason = "the CSV has the title")]
    pub masterclass_id: String,
    pub masterclass_title: String,
    /// Whether staff have validated the registration.
    pub validated: bool,
    #[schema(format = DateTime)]
    pub registered_at: String,
    #[schema(required)]
    pub pre_score: Option<i32>,
    /// `null` until the POST test is taken.
    #[schema(required)]
    pub post_score: Option<i32>,
    /// Questions of the test.
    #[schema(required)]
    pub max_score: Option<i32>,
    /// Normalised gain (Hake): (post - pre) / (max - pre). `null` without a POST test, or when the
    /// PRE test was all right.
    #[schema(required, maximum = 1)]
    pub gain: Option<f64>,
    #[schema(required, format = DateTime)]
    pub pre_taken_at: Option<String>,
    #[schema(required, format = DateTime)]
    pub post_taken_at: Option<String>,
}

/// A page of students.
#[derive(ToSchema)]
#[allow(dead_code, reason = "documents what the database answers")]
pub(crate) struct Students {
    students: Vec<Student>,
    pagination: Pagination,
    links: Links,
}

/// Where the list goes on, however deep: these links cost the same everywhere.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[schema(as = PageLinks)]
pub(crate) struct Links {
    #[schema(required)]
    pub next: Option<String>,
    #[schema(required)]
    pub previous: Option<String>,
}

/// What `list_students` takes.
#[derive(Serialize)]
struct Arguments<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    search: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    masterclass_id: Option<Uuid>,
    #[serde(skip_serializing_if = "Option::is_none")]
    validated: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    registered_from: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    registered_to: Option<&'a str>,
    sort: Sort,
    descending: bool,
    page: u32,
    per_page: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    cursor: Option<Map<String, Value>>,
    /// This address as far as the cursor: with it the database writes what the front end gets.
    link: String,
}

/// What becomes a file.
#[derive(Deserialize)]
struct Listed {
    students: Vec<Student>,
    links: Links,
}

/// List students with their scores and gain
///
/// 1. The caller is signed in: 401 `unauthenticated`, 429 `too_many_requests`.
/// 2. JSON or CSV: 406 `not_acceptable`.
/// 3. The parameters are checked: 422 `invalid_request`, `invalid_cursor`.
/// 4. One call of `list_students` as the caller: 403 `staff_only`, 422 `search_too_short`, `invalid_cursor`.
/// 5. The page, with its links in the body and in the header `Link` (RFC 8288), is passed on unread; as CSV it is
///    written anew.
#[utoipa::path(
    get,
    path = PATH,
    operation_id = "listStudents",
    tag = "admin",
    description = "For administrators and tutors: a row for each registration, as JSON or, with `Accept: text/csv`, as a \
        file for spreadsheets. The links go on from the rows of the answer, at the same cost however deep.",
    security(("access_token" = [])),
    params(Wanted),
    responses(
        (status = 200, description = "A page of registrations.",
         headers(("Link" = String, description = "RFC 8288: rel=\"next\" and rel=\"prev\".")),
         content((Students = "application/json"), (String = "text/csv"))),
        (status = 403, description = "`staff_only`: for administrators and tutors.", body = ProblemBody),
        (status = 406, description = "`not_acceptable`: neither JSON nor CSV is accepted.", body = ProblemBody),
        (status = 422, description = "`invalid_request`, `search_too_short`, `invalid_cursor`.", body = ProblemBody),
        SignedInRefusal,
    )
)]
pub(crate) async fn list_students(
    State(app): State<App>,
    caller: SignedIn,
    headers: HeaderMap,
    Query(wanted): Query<Wanted>,
) -> Result<Response, Problem> {
    let format = Format::wanted(&headers)?;
    let arguments = wanted.arguments(format)?;
    let (project, identity) = (app.project(), caller.identity());
    let refused = |error| wanted.refused(error);
    if format == Format::Json {
        let page = project.pass_on(identity, "list_students", &arguments).await.map_err(refused)?;
        return Ok(PassOn(page).into_response());
    }
    let Listed { students, links } =
        project.rpc(identity, "list_students", &arguments).await.map_err(refused)?;
    let mut response = (
        [
            (CONTENT_TYPE, "text/csv; charset=utf-8; header=present"),
            (CONTENT_DISPOSITION, "attachment; filename=\"etudiants.csv\""),
        ],
        csv::students(&students, Language::of(&headers)),
    )
        .into_response();
    let header = links.header();
    if !header.is_empty() {
        response.headers_mut().insert(LINK, header.parse().map_err(Problem::internal)?);
    }
    Ok(response)
}

impl Wanted {
    /// What the database is asked; 422 `invalid_request`, `invalid_cursor`.
    fn arguments(&self, format: Format) -> Result<Arguments<'_>, Problem> {
        let (default, most) = match format {
            Format::Json => (PER_PAGE, PER_PAGE_MAX),
            Format::Csv => (CSV_ROWS_MAX, CSV_ROWS_MAX),
        };
        let (page, per_page) = page::asked(self.page, self.per_page, default, most)?;
        let search = self.search.as_deref().map(str::trim).filter(|search| !search.is_empty());
        check_search(search)?;
        for (field, date) in
            [("registered_from", &self.registered_from), ("registered_to", &self.registered_to)]
        {
            if date.as_ref().is_some_and(|date| !is_date(date)) {
                return Err(invalid(
                    field,
                    "doit être une date AAAA-MM-JJ",
                    "must be a date YYYY-MM-DD",
                ));
            }
        }
        // Dates in this form sort as text.
        if let (Some(from), Some(to)) = (&self.registered_from, &self.registered_to)
            && from > to
        {
            return Err(invalid(
                "registered_to",
                "précède « registered_from »",
                "is before registered_from",
            ));
        }
        let sort = self.sort.unwrap_or(Sort::RegisteredAt);
        Ok(Arguments {
            search,
            masterclass_id: self.masterclass_id,
            validated: self.validated,
            registered_from: self.registered_from.as_deref(),
            registered_to: self.registered_to.as_deref(),
            sort,
            descending: match self.order {
                Some(order) => order == Order::Desc,
                None => sort != Sort::FullName,
            },
            page,
            per_page,
            cursor: self.cursor.as_deref().map(read_cursor).transpose()?,
            link: self.link(),
        })
    }

    /// What the database refused. A cursor is passed on unread: what PostgreSQL cannot take as a
    /// value (class 22) can only be one that somebody made.
    fn refused(&self, error: supabase::Error) -> Problem {
        match &error {
            supabase::Error::Refused { code, .. }
                if self.cursor.is_some() && code.starts_with("22") =>
            {
                invalid_cursor(&error)
            }
            _ => refused(error),
        }
    }

    /// This address with a cursor in place of the page, which is still to come.
    fn link(&self) -> String {
        let address = format!("{PATH}?");
        let start = address.len();
        let mut query = form_urlencoded::Serializer::for_suffix(address, start);
        let mut add = |name: &str, value: Option<&str>| {
            if let Some(value) = value {
                query.append_pair(name, value);
            }
        };
        let masterclass_id = self.masterclass_id.map(|id| id.to_string());
        let per_page = self.per_page.map(|rows| rows.to_string());
        add("search", self.search.as_deref());
        add("masterclass_id", masterclass_id.as_deref());
        add("validated", self.validated.map(|yes| if yes { "true" } else { "false" }));
        add("registered_from", self.registered_from.as_deref());
        add("registered_to", self.registered_to.as_deref());
        add("sort", self.sort.map(Sort::name));
        add("order", self.order.map(Order::name));
        add("per_page", per_page.as_deref());
        add("cursor", Some(""));
        query.finish()
    }
}

impl Sort {
    fn name(self) -> &'static str {
        match self {
            Self::RegisteredAt => "registered_at",
            Self::FullName => "full_name",
            Self::PreScore => "pre_score",
            Self::PostScore => "post_score",
            Self::Gain => "gain",
        }
    }
}

impl Order {
    fn name(self) -> &'static str {
        match self {
            Self::Asc => "asc",
            Self::Desc => "desc",
        }
    }
}

impl Links {
    /// The value of the header `Link`.
    pub(crate) fn header(&self) -> String {
        [(&self.next, "next"), (&self.previous, "prev")]
            .into_iter()
            .filter_map(|(link, rel)| Some(format!("<{}>; rel=\"{rel}\"", link.as_ref()?)))
            .collect::<Vec<_>>()
            .join(", ")
    }
}

/// A search text of any list.
pub(crate) fn check_search(search: Option<&str>) -> Result<(), Problem> {
    let Some(search) = search else {
        return Ok(());
    };
    check_storable("search", search)?;
    if search.chars().count() > SEARCH_MAX_CHARS {
        return Err(invalid(
            "search",
            &format!("dépasse {SEARCH_MAX_CHARS} caractères"),
            &format!("is over {SEARCH_MAX_CHARS} characters"),
        ));
    }
    Ok(())
}

/// The JSON object in a cursor.
pub(crate) fn read_cursor(cursor: &str) -> Result<Map<String, Value>, Problem> {
    if cursor.len() > CURSOR_MAX_BYTES {
        return Err(invalid_cursor("too long"));
    }
    let bytes = URL_SAFE_NO_PAD.decode(cursor).map_err(invalid_cursor)?;
    serde_json::from_slice(&bytes).map_err(invalid_cursor)
}

/// `YYYY-MM-DD`, a day of the Gregorian calendar.
pub(crate) fn is_date(text: &str) -> bool {
    let parts: Vec<&str> = text.split('-').collect();
    let [year, month, day] = parts.as_slice() else {
        return false;
    };
    let number = |digits: &str, length: usize| {
        (digits.len() == length && digits.bytes().all(|byte| byte.is_ascii_digit()))
            .then(|| digits.parse::<u32>().ok())
            .flatten()
    };
    let (Some(year @ 1..), Some(month), Some(day @ 1..)) =
        (number(year, 4), number(month, 2), number(day, 2))
    else {
        return false;
    };
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let days = match month {
        4 | 6 | 9 | 11 => 30,
        2 if leap => 29,
        2 => 28,
        1..=12 => 31,
        _ => 0,
    };
    day <= days
}

/// A student, with everything staff may know.
#[derive(ToSchema)]
#[allow(dead_code, reason = "documents what the database answers")]
pub(crate) struct StudentDetail {
    profile: Profile,
    inscriptions: Vec<Inscription>,
    consents: Vec<Consent>,
}

#[derive(ToSchema)]
#[allow(dead_code, reason = "documents what the database answers")]
#[schema(as = StudentProfile)]
struct Profile {
    id: Uuid,
    full_name: String,
    #[schema(format = Date)]
    date_of_birth: String,
    #[schema(required)]
    email: Option<String>,
    whatsapp_number: String,
    #[schema(format = DateTime)]
    created_at: String,
}

#[derive(ToSchema)]
#[allow(dead_code, reason = "documents what the database answers")]
#[schema(as = StudentInscription)]
struct Inscription {
    id: Uuid,
    masterclass_id: Uuid,
    masterclass_title: String,
    validated: bool,
    #[schema(format = DateTime)]
    registered_at: String,
    /// Normalised gain (Hake); `null` without a POST test, or when the PRE test was all right.
    #[schema(required, maximum = 1)]
    gain: Option<f64>,
    /// PRE, then POST.
    tests: Vec<Test>,
}

#[derive(ToSchema)]
#[allow(dead_code, reason = "documents what the database answers")]
#[schema(as = StudentTest)]
struct Test {
    id: Uuid,
    #[schema(inline)]
    r#type: TestType,
    #[schema(minimum = 0)]
    score: i32,
    #[schema(minimum = 1)]
    max_score: i32,
    #[schema(format = DateTime)]
    taken_at: String,
    answers: Vec<TestAnswer>,
}

#[derive(ToSchema)]
#[schema(rename_all = "UPPERCASE")]
#[allow(dead_code, reason = "documents what the database answers")]
enum TestType {
    Pre,
    Post,
}

#[derive(ToSchema)]
#[allow(dead_code, reason = "documents what the database answers")]
#[schema(as = StudentAnswer)]
struct TestAnswer {
    question_id: Uuid,
    /// Place in the test, from 1.
    #[schema(minimum = 1)]
    position: i32,
    question_text: String,
    choices: crate::questions::Choices,
    /// `null` where the question was left out.
    #[schema(required, inline)]
    response: Option<crate::questions::Letter>,
    #[schema(inline)]
    correct_choice: crate::questions::Letter,
    correct: bool,
}

#[derive(ToSchema)]
#[allow(dead_code, reason = "documents what the database answers")]
#[schema(as = StudentConsent)]
struct Consent {
    #[schema(inline)]
    purpose: Purpose,
    #[schema(required)]
    version: Option<String>,
    granted: bool,
    #[schema(inline)]
    source: Source,
    #[schema(format = DateTime)]
    recorded_at: String,
}

#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
#[allow(dead_code, reason = "documents what the database answers")]
enum Purpose {
    PrivacyPolicy,
    WhatsappMessages,
}

#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
#[allow(dead_code, reason = "documents what the database answers")]
enum Source {
    App,
    Whatsapp,
    Staff,
}

/// Show a student
///
/// 1. The caller is signed in: 401 `unauthenticated`, 429 `too_many_requests`.
/// 2. The id is a UUID: 422 `invalid_request`.
/// 3. One call of `get_student` as the caller: 403 `staff_only`, 404 `student_not_found`.
#[utoipa::path(
    get,
    path = "/api/admin/student/{id}",
    operation_id = "getStudent",
    tag = "admin",
    description = "For administrators and tutors: profile, registrations, tests with each answer, consents.",
    security(("access_token" = [])),
    params(("id" = Uuid, Path, description = "`student_id` of the list.")),
    responses(
        (status = 200, description = "The student.", body = StudentDetail),
        (status = 403, description = "`staff_only`: for administrators and tutors.", body = ProblemBody),
        (status = 404, description = "`student_not_found`, `not_found`.", body = ProblemBody),
        (status = 422, description = "`invalid_request`: the id is not a UUID.", body = ProblemBody),
        SignedInRefusal,
    )
)]
pub(crate) async fn get_student(
    State(app): State<App>,
    caller: SignedIn,
    Id(student_id): Id,
) -> Result<PassOn, Problem> {
    app.project()
        .pass_on(caller.identity(), "get_student", &json!({ "student_id": student_id }))
        .await
        .map(PassOn)
        .map_err(refused)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn field_refused(wanted: Wanted) -> Option<String> {
        let problem = wanted.arguments(Format::Json).err()?;
        Some(problem.details["field"].as_str().unwrap_or(&problem.code).to_owned())
    }

    #[test]
    fn the_newest_registrations_come_first_and_names_from_a_to_z() {
        let defaults = Wanted::default();
        let asked = defaults.arguments(Format::Json).unwrap();
        assert_eq!((asked.page, asked.per_page), (1, 20));
        assert_eq!((asked.sort, asked.descending), (Sort::RegisteredAt, true));
        assert_eq!(defaults.arguments(Format::Csv).unwrap().per_page, 10_000);
        let by_name = Wanted { sort: Some(Sort::FullName), ..Wanted::default() };
        assert!(!by_name.arguments(Format::Json).unwrap().descending);
    }

    #[test]
    fn values_out_of_range_are_refused_by_field() {
        let refused = |wanted| field_refused(wanted).unwrap_or_default();
        assert_eq!(refused(Wanted { page: Some(0), ..Wanted::default() }), "page");
        assert_eq!(refused(Wanted { page: Some(50_001), ..Wanted::default() }), "page");
        assert_eq!(refused(Wanted { per_page: Some(0), ..Wanted::default() }), "per_page");
        assert_eq!(refused(Wanted { per_page: Some(101), ..Wanted::default() }), "per_page");
        assert_eq!(refused(Wanted { search: Some("a\0".into()), ..Wanted::default() }), "search");
        assert_eq!(
            refused(Wanted { search: Some("é".repeat(201)), ..Wanted::default() }),
            "search"
        );
        assert_eq!(refused(Wanted { search: Some("é".repeat(200)), ..Wanted::default() }), "");
        assert_eq!(refused(Wanted { search: Some(" ".repeat(900)), ..Wanted::default() }), "");
        let days = |from: &str, to: &str| Wanted {
            registered_from: Some(from.into()),
            registered_to: Some(to.into()),
            ..Wanted::default()
        };
        assert_eq!(refused(days("2026-11-21", "2026-11-21")), "");
        assert_eq!(refused(days("2026-11-22", "2026-11-21")), "registered_to");
        assert_eq!(refused(days("2026-11-31", "2026-12-01")), "registered_from");
        assert_eq!(refused(days("2026-11-21", "tomorrow")), "registered_to");
    }

    #[test]
    fn a_cursor_is_a_json_object() {
        let cursor =
            |json: &str| Wanted { cursor: Some(URL_SAFE_NO_PAD.encode(json)), ..Wanted::default() };
        assert_eq!(field_refused(cursor(r#"{"k":1}"#)), None);
        for wrong in ["", "null", "[]", "1", "{", &"[".repeat(2000), r#"{"k":1e999}"#] {
            assert_eq!(field_refused(cursor(wrong)).as_deref(), Some("invalid_cursor"), "{wrong}");
        }
        let long = format!(r#"{{"k":"{}"}}"#, "x".repeat(4000));
        assert_eq!(field_refused(cursor(&long)).as_deref(), Some("invalid_cursor"));
        let raw = Wanted { cursor: Some("né/+=".into()), ..Wanted::default() };
        assert_eq!(field_refused(raw).as_deref(), Some("invalid_cursor"));
    }

    #[test]
    fn a_link_keeps_everything_but_the_page() {
        let wanted = Wanted {
            page: Some(7),
            per_page: Some(50),
            search: Some("Élodie & <N'Na>".into()),
            masterclass_id: Some(Uuid::from_u128(1)),
            validated: Some(false),
            registered_from: Some("2026-01-01".into()),
            registered_to: Some("2026-12-31".into()),
            sort: Some(Sort::PreScore),
            order: Some(Order::Asc),
            cursor: Some("old".into()),
        };
        assert_eq!(
            wanted.link(),
            "/api/admin/students?search=%C3%89lodie+%26+%3CN%27Na%3E&\
             masterclass_id=00000000-0000-0000-0000-000000000001&validated=false&\
             registered_from=2026-01-01&registered_to=2026-12-31&sort=pre_score&order=asc&\
             per_page=50&cursor="
        );
        let links = Links { next: Some("/a".into()), previous: Some("/b".into()) };
        assert_eq!(links.header(), r#"</a>; rel="next", </b>; rel="prev""#);
        assert_eq!(Links { next: None, previous: None }.header(), "");
    }

    #[test]
    fn dates_are_days_of_the_calendar() {
        for date in ["2026-11-21", "2024-02-29", "2000-02-29", "0001-01-01", "9999-12-31"] {
            assert!(is_date(date), "{date}");
        }
        for other in [
            "",
            "2026-1-1",
            "2026-02-29",
            "1900-02-29",
            "2026-13-01",
            "2026-00-10",
            "2026-04-31",
            "2026-11-00",
            "0000-01-01",
            "+026-11-21",
            "2026-11-21T00",
            "20261121",
            "2026-11-2١",
            "infinity",
            "2026-11-21-01",
        ] {
            assert!(!is_date(other), "{other}");
        }
    }
}
