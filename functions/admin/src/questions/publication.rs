//! `POST /api/admin/questions/publish`: many questions at once, all or none.

use super::question::check_version;
use crate::{invalid, refused};
use axum::extract::State;
use edge::openapi::{BodyRefusal, ProblemBody, SignedInRefusal};
use edge::{App, Json, Problem, SignedIn};
use http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::json;
use serde_json::value::RawValue;
use std::collections::HashSet;
use utoipa::ToSchema;
use uuid::Uuid;

/// Questions published at once.
const PUBLISHED_MAX: usize = 200;

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
}
