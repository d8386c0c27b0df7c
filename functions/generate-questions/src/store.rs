//! Questions and answer, stored in one transaction, as the caller.

use crate::idempotency::{Claim, ENDPOINT};
use crate::{Answer, Request};
use edge::{App, Problem, Staff};
use mcq::Question;
use serde_json::{Value, json};

/// Longest texts the table takes, in characters (`supabase/migrations/*_questions.sql`).
const QUESTION_MAX_CHARS: usize = 2000;
const CHOICE_MAX_CHARS: usize = 500;
const QUOTE_MAX_CHARS: usize = 4000;

/// Whether the database takes the question. A model may write anything, and one question that is
/// refused there would cost all the others.
pub(crate) fn fits(question: &Question) -> bool {
    // PostgreSQL has no U+0000 in a text.
    let storable = |text: &str, most: usize| !text.contains('\0') && text.chars().count() <= most;
    storable(&question.question_text, QUESTION_MAX_CHARS)
        && storable(&question.evidence.quote, QUOTE_MAX_CHARS)
        && question.choices.iter().all(|(_, text)| storable(text, CHOICE_MAX_CHARS))
}

/// Stores the questions of a masterclass as drafts and keeps the answer under the request's key.
pub(crate) async fn store(
    app: &App,
    staff: &Staff,
    request: &Request,
    claim: &Claim,
    answer: &Answer,
) -> Result<(), Problem> {
    let key = match claim {
        Claim::Ours(key) => Some(key),
        _ => None,
    };
    if request.masterclass_id.is_none() && key.is_none() {
        return Ok(());
    }
    let questions: Vec<Value> = answer
        .questions
        .iter()
        .filter(|_| request.masterclass_id.is_some())
        .map(|numbered| {
            json!({
                "id": numbered.id,
                "question_text": numbered.question.question_text,
                "choices": numbered.question.choices,
                "correct_choice": numbered.question.correct_choice,
                "evidence_page": numbered.question.evidence.page,
                "evidence_quote": numbered.question.evidence.quote,
                "flaws": numbered.question.flaws,
            })
        })
        .collect();
    let arguments = json!({
        "masterclass_id": request.masterclass_id,
        "questions": questions,
        "endpoint": key.map(|_| ENDPOINT),
        "idempotency_key": key,
        "answer": answer,
    });
    let _: Value =
        app.project().rpc(staff.identity(), "store_generated_questions", &arguments).await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use mcq::{Evidence, Letter};

    fn question(text: &str, choice: &str, quote: &str) -> Question {
        Question {
            question_text: text.to_owned(),
            choices: [choice, "b", "c", "d"].map(str::to_owned).into(),
            correct_choice: Letter::A,
            evidence: Evidence { page: 1, quote: quote.to_owned() },
            flaws: Vec::new(),
        }
    }

    #[test]
    fn a_question_that_the_database_would_refuse_does_not_fit() {
        assert!(fits(&question("Quoi ?", &"é".repeat(500), &"é".repeat(4000))));
        for refused in [
            question("Qu\0oi ?", "a", "q"),
            question("Quoi ?", "a\0", "q"),
            question("Quoi ?", "a", "q\0"),
            question(&"q".repeat(2001), "a", "q"),
            question("Quoi ?", &"a".repeat(501), "q"),
            question("Quoi ?", "a", &"q".repeat(4001)),
        ] {
            assert!(!fits(&refused), "{refused:?}");
        }
    }
}
