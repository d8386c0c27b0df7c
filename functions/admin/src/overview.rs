//! What a masterclass achieved, in figures.

use crate::refused;
use axum::extract::State;
use edge::openapi::{ProblemBody, SignedInRefusal};
use edge::{App, PassOn, Problem, Query, SignedIn};
use serde::Deserialize;
use serde_json::json;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

/// What the figures are about.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct About {
    /// The masterclass; all of them where it is left out.
    #[param(nullable = false)]
    masterclass_id: Option<Uuid>,
}

/// Figures of one masterclass or of all. A figure is `null` where there are too few answers for it.
#[derive(ToSchema)]
#[allow(dead_code, reason = "documents what the database answers")]
pub(crate) struct Overview {
    #[schema(required)]
    masterclass_id: Option<Uuid>,
    registrations: Registrations,
    completion: Completion,
    scores: Scores,
    gain: Gain,
    /// The bank of the masterclass; empty without `masterclass_id`.
    questions: Vec<QuestionFigures>,
}

#[derive(ToSchema)]
#[allow(dead_code, reason = "documents what the database answers")]
#[schema(as = OverviewRegistrations)]
struct Registrations {
    total: u64,
    validated: u64,
    /// Days of Libreville with registrations, in order.
    by_day: Vec<Day>,
}

#[derive(ToSchema)]
#[allow(dead_code, reason = "documents what the database answers")]
#[schema(as = OverviewDay)]
struct Day {
    #[schema(format = Date)]
    date: String,
    count: u64,
}

#[derive(ToSchema)]
#[allow(dead_code, reason = "documents what the database answers")]
#[schema(as = OverviewCompletion)]
struct Completion {
    registered: u64,
    validated: u64,
    pre_taken: u64,
    post_taken: u64,
    /// `post_taken` / `registered`.
    #[schema(required, minimum = 0, maximum = 1)]
    rate: Option<f64>,
}

#[derive(ToSchema)]
#[allow(dead_code, reason = "documents what the database answers")]
#[schema(as = OverviewScores)]
struct Scores {
    pre: Distribution,
    post: Distribution,
}

/// Scores out of ten.
#[derive(ToSchema)]
#[allow(dead_code, reason = "documents what the database answers")]
#[schema(as = OverviewDistribution)]
struct Distribution {
    tests: u64,
    #[schema(required, minimum = 0, maximum = 10)]
    mean: Option<f64>,
    /// 0 to 10, rounded.
    distribution: Vec<Mark>,
}

#[derive(ToSchema)]
#[allow(dead_code, reason = "documents what the database answers")]
#[schema(as = OverviewMark)]
struct Mark {
    #[schema(minimum = 0, maximum = 10)]
    score: i32,
    count: u64,
}

/// Normalised gain (Hake 1998, doi:10.1119/1.18809), of the students with both tests.
#[derive(ToSchema)]
#[allow(dead_code, reason = "documents what the database answers")]
#[schema(as = OverviewGain)]
struct Gain {
    students: u64,
    /// (mean post - mean pre) / (maximum - mean pre).
    #[schema(required, maximum = 1)]
    class_gain: Option<f64>,
    /// Those whose PRE test was not all right.
    individual_students: u64,
    /// The mean of their (post - pre) / (maximum - pre).
    #[schema(required, maximum = 1)]
    mean_individual_gain: Option<f64>,
}

#[derive(ToSchema)]
#[allow(dead_code, reason = "documents what the database answers")]
#[schema(as = OverviewQuestion)]
struct QuestionFigures {
    id: Uuid,
    question_text: String,
    #[schema(inline)]
    status: crate::questions::Status,
    pre: ItemFigures,
    post: ItemFigures,
}

/// Item statistics as Moodle defines them.
#[derive(ToSchema)]
#[allow(dead_code, reason = "documents what the database answers")]
#[schema(as = OverviewItem)]
struct ItemFigures {
    /// Tests that asked the question.
    answers: u64,
    /// Fraction of right answers.
    #[schema(required, minimum = 0, maximum = 1)]
    facility: Option<f64>,
    /// Correlation with the score on the rest of the test.
    #[schema(required, minimum = -1, maximum = 1)]
    discrimination: Option<f64>,
}

/// Show what a masterclass achieved
///
/// 1. The caller is signed in: 401 `unauthenticated`, 429 `too_many_requests`.
/// 2. The parameter is checked: 422 `invalid_request`.
/// 3. One call of `masterclass_overview` as the caller: 403 `staff_only`, 404 `masterclass_not_found`.
#[utoipa::path(
    get,
    path = "/api/admin/overview",
    operation_id = "overview",
    tag = "admin",
    description = "For administrators and tutors: registrations by day, completion, scores, gain and, with \
        `masterclass_id`, facility and discrimination of its questions. A figure is `null` where there are too few answers.",
    security(("access_token" = [])),
    params(About),
    responses(
        (status = 200, description = "The figures.", body = Overview),
        (status = 403, description = "`staff_only`: for administrators and tutors.", body = ProblemBody),
        (status = 404, description = "`masterclass_not_found`.", body = ProblemBody),
        (status = 422, description = "`invalid_request`.", body = ProblemBody),
        SignedInRefusal,
    )
)]
pub(crate) async fn overview(
    State(app): State<App>,
    caller: SignedIn,
    Query(About { masterclass_id }): Query<About>,
) -> Result<PassOn, Problem> {
    app.project()
        .pass_on(
            caller.identity(),
            "masterclass_overview",
            &json!({ "masterclass_id": masterclass_id }),
        )
        .await
        .map(PassOn)
        .map_err(refused)
}
