//! Questions and answer, stored in one transaction, as the caller.

use crate::idempotency::{Claim, ENDPOINT};
use crate::{Answer, Request};
use edge::{App, Problem, Staff};
use serde_json::{Value, json};

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
