//! What the stand-in answers: honest questions out of the prompt, and what each fault makes of them.

pub(crate) use crate::body::{broken, endless};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use mcq::{Letter, Page, Question};
use serde_json::{Value, json};

use super::fault::Fault;
use super::prompt::Asked;

/// Questions the embedded engine makes of the passages shown, none of those asked already.
pub(crate) fn honest(asked: &Asked) -> Vec<Question> {
    let options = mcq::Options {
        count: asked.count + asked.already.len(),
        language: asked.language,
        seed: 0,
        avoid: Vec::new(),
    };
    let mut questions = mcq::generate(&whole_pages(&asked.pages), &options).questions;
    questions.retain(|question| !asked.already.contains(&short_stem(question)));
    questions.truncate(asked.count);
    questions
}

/// Passages of one page as one page, as the engine expects each number once.
fn whole_pages(passages: &[Page]) -> Vec<Page> {
    let mut pages: Vec<Page> = Vec::new();
    for passage in passages {
        match pages.last_mut().filter(|page| page.number == passage.number) {
            Some(page) => {
                page.text.push('\n');
                page.text.push_str(&passage.text);
            }
            None => pages.push(passage.clone()),
        }
    }
    pages
}

/// A stem as the list of those already asked shows it.
fn short_stem(question: &Question) -> String {
    let words: Vec<_> = question.question_text.split_whitespace().collect();
    words.join(" ").chars().take(200).collect()
}

/// The questions a fault makes of honest ones; the same where the fault lies elsewhere.
pub(crate) fn spoil(fault: &Fault, mut questions: Vec<Question>, asked: &Asked) -> Vec<Question> {
    match fault {
        Fault::Duplicates => {
            if let Some(first) = questions.first().cloned() {
                questions.fill(first);
            }
        }
        Fault::InventedQuotes => {
            for question in &mut questions {
                question.evidence.quote = format!(
                    "Il est bien connu de chacun que {} est la réponse attendue.",
                    question.key()
                );
            }
        }
        Fault::Flawed => {
            for question in &mut questions {
                let (stem, all) = match asked.language {
                    mcq::Language::Fr => (
                        "Laquelle de ces affirmations n'est PAS fausse",
                        "Toutes les réponses ci-dessus",
                    ),
                    mcq::Language::En => {
                        ("Which of these statements is NOT false", "All of the above")
                    }
                };
                question.question_text = format!("{stem} ? {}", question.question_text);
                match question.correct_choice {
                    Letter::D => question.choices.c = all.to_owned(),
                    _ => question.choices.d = all.to_owned(),
                }
            }
        }
        Fault::Lie => {
            let numbers: Vec<u32> = asked.pages.iter().map(|page| page.number).collect();
            for (index, question) in questions.iter_mut().enumerate() {
                let elsewhere = numbers.iter().find(|number| **number != question.evidence.page);
                match elsewhere {
                    Some(number) if index % 2 == 1 => question.evidence.page = *number,
                    _ => question.correct_choice = next(question.correct_choice),
                }
            }
        }
        _ => {}
    }
    questions
}

fn next(letter: Letter) -> Letter {
    match letter {
        Letter::A => Letter::B,
        Letter::B => Letter::C,
        Letter::C => Letter::D,
        Letter::D => Letter::A,
    }
}

/// The JSON text a model writes.
pub(crate) fn content(fault: &Fault, questions: &[Question]) -> String {
    let mut elements: Vec<Value> = questions
        .iter()
        .map(|question| {
            json!({
                "question_text": question.question_text,
                "choices": question.choices,
                "correct_choice": question.correct_choice,
                "evidence": question.evidence,
            })
        })
        .collect();
    if *fault == Fault::Malformed {
        for (index, element) in elements.iter_mut().enumerate() {
            match index % 3 {
                0 => element["correct_choice"] = json!("E"),
                1 => {
                    if let Some(choices) = element["choices"].as_object_mut() {
                        choices.remove("D");
                    }
                }
                _ => {}
            }
        }
    }
    if let Fault::CutOff { keep } = fault {
        let whole: Vec<String> = elements.iter().take(*keep).map(Value::to_string).collect();
        let cut = elements.get(*keep).map(Value::to_string).unwrap_or_default();
        let half: String = cut.chars().take(cut.chars().count() / 2).collect();
        let comma = if whole.is_empty() { "" } else { "," };
        return format!("{{\"questions\":[{}{comma}{half}", whole.join(","));
    }
    json!({ "questions": elements }).to_string()
}

/// A complete answer of the provider.
pub(crate) fn completion(number: usize, request: &Value, fault: &Fault, content: &str) -> Value {
    let (finish_reason, content, refusal) = match fault {
        Fault::Refuse => ("stop", Value::Null, json!("I'm sorry, I can't help with that.")),
        Fault::CutOff { .. } => ("length", json!(content), Value::Null),
        Fault::ContentFilter => ("content_filter", Value::Null, Value::Null),
        Fault::InvalidJson => (
            "stop",
            json!("Voici les questions : {\"questions\": [{\"question_text\":"),
            Value::Null,
        ),
        _ => ("stop", json!(content), Value::Null),
    };
    // About four characters to a token, as the provider's documentation says of English.
    let prompt_tokens = request.pointer("/messages").map_or(0, |m| m.to_string().len() / 4);
    let completion_tokens = content.as_str().map_or(8, |text| text.len() / 4);
    let choice = json!({
        "index": 0,
        "message": {"role": "assistant", "content": content, "refusal": refusal, "annotations": []},
        "logprobs": null,
        "finish_reason": finish_reason,
    });
    json!({
        "id": format!("chatcmpl-standin{number}"),
        "object": "chat.completion",
        "created": 1_700_000_000,
        "model": format!("{}-2024-08-06", request["model"].as_str().unwrap_or("unknown")),
        "choices": if *fault == Fault::NoChoices { json!([]) } else { json!([choice]) },
        "usage": {
            "prompt_tokens": prompt_tokens,
            "completion_tokens": completion_tokens,
            "total_tokens": prompt_tokens + completion_tokens,
        },
        "service_tier": "default",
        "system_fingerprint": "fp_standin",
    })
}

/// An error in the provider's shape.
pub(crate) fn error(status: u16, kind: &str, code: Option<&str>, message: &str) -> Response {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let body = json!({"error": {"message": message, "type": kind, "param": null, "code": code}});
    (status, axum::Json(body)).into_response()
}
