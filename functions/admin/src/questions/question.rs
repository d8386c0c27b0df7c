//! A question: what is written of it, by which rules, and its item-writing flaws.

use crate::{check_storable, invalid};
use edge::{App, Problem};
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::collections::HashSet;
use utoipa::ToSchema;
use uuid::Uuid;

/// The rules of the table (`supabase/migrations/*_questions.sql`), in characters.
const QUESTION_MAX_CHARS: usize = 2000;
const CHOICE_MAX_CHARS: usize = 500;
const QUOTE_MAX_CHARS: usize = 4000;

/// As `publish_questions` has it; no question changes so often.
const VERSION_MAX: u32 = 999_999_999;

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
    pub(super) question_text: String,
    pub(super) choices: Choices,
    #[schema(inline)]
    pub(super) correct_choice: Letter,
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
pub(super) enum NewStatus {
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
    pub(super) question_text: String,
    pub(super) choices: Choices,
    #[schema(inline)]
    pub(super) correct_choice: Letter,
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
    pub(super) version: u32,
}

impl Status {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Draft => "draft",
            Self::Published => "published",
            Self::Archived => "archived",
        }
    }
}

/// A row to write.
#[derive(Serialize)]
pub(super) struct Row<'a, T> {
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<Uuid>,
    #[serde(flatten)]
    question: &'a T,
    flaws: Vec<mcq::Flaw>,
}

impl<'a, T: Serialize> Row<'a, T> {
    pub(super) fn write(
        id: Option<Uuid>,
        question: &'a T,
        flaws: Vec<mcq::Flaw>,
    ) -> Result<String, Problem> {
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
pub(super) fn find_flaws(
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
    pub(super) fn check(&self) -> Result<(), Problem> {
        check(
            &self.question_text,
            &self.choices,
            self.evidence_page,
            self.evidence_quote.as_deref(),
        )
    }
}

impl ChangedQuestion {
    pub(super) fn check(&self) -> Result<(), Problem> {
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

pub(super) fn check_version(field: &str, version: u32) -> Result<(), Problem> {
    if !(1..=VERSION_MAX).contains(&version) {
        return Err(invalid(
            field,
            "doit être la version lue, à partir de 1",
            "must be the version that was read, from 1",
        ));
    }
    Ok(())
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
