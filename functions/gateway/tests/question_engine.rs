//! The question engine runs in an instance of its own, which may run out of memory.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test ends with a panic where something is not as it should be"
)]

mod support;

use providers::openai::{Fault, OpenAi};
use serde_json::{Value, json};
use std::sync::atomic::Ordering;
use support::{Answer, MASTERCLASS, TUTOR, World, masterclass_pdf};

async fn ask(world: &World, body: Value) -> Answer {
    world.upload(masterclass_pdf());
    world.generate(TUTOR, &[], body).await
}

async fn world_with(openai: &OpenAi) -> World {
    let world =
        World::start(&[("OPENAI_API_KEY", "sk-test"), ("OPENAI_BASE_URL", &openai.url)]).await;
    // An answer that comes late on a slow machine is no subject here.
    world.haste.store(1, Ordering::Relaxed);
    world
}

fn said(answer: &Answer, code: &str) -> bool {
    let warnings = answer.body["warnings"].as_array().unwrap();
    warnings.iter().any(|warning| warning["code"] == code)
}

#[tokio::test]
async fn a_text_too_long_for_the_engine_is_too_complex_and_the_next_request_is_served() {
    let world = World::start(&[]).await;
    for call in ["detect_language", "generate"] {
        world.fail_engine(Some(call));
        let answer = ask(&world, json!({"masterclass_id": MASTERCLASS})).await;
        assert_eq!((answer.status, &answer.body["code"]), (422, &json!("pdf_too_complex")));
        assert!(world.log.lock().unwrap().last().unwrap().contains("out of memory"));
    }
    world.fail_engine(None);
    assert_eq!(ask(&world, json!({"masterclass_id": MASTERCLASS})).await.status, 200);
}

#[tokio::test]
async fn questions_that_were_paid_for_stand_when_the_engine_cannot_complete_them() {
    let openai = OpenAi::start().await.unwrap();
    openai.script(vec![Fault::CutOff { keep: 2 }, Fault::Refuse]);
    let world = world_with(&openai).await;
    world.fail_engine(Some("generate"));
    let answer = ask(&world, json!({"masterclass_id": MASTERCLASS})).await;
    assert_eq!((answer.status, &answer.body["engine"]), (200, &json!("openai")));
    assert_eq!(answer.body["questions"].as_array().unwrap().len(), 2);
    assert!(said(&answer, "too_few_questions"));
    assert!(world.log.lock().unwrap().iter().any(|line| line.contains("out of memory")));
}

#[tokio::test]
async fn nothing_of_a_model_is_kept_unreviewed() {
    let openai = OpenAi::start().await.unwrap();
    let world = world_with(&openai).await;
    world.fail_engine(Some("review"));
    let answer = ask(&world, json!({"masterclass_id": MASTERCLASS})).await;
    assert_eq!((answer.status, &answer.body["engine"]), (200, &json!("embedded")));
    assert!(said(&answer, "openai_gave_up"));
    assert_eq!(openai.requests().len(), 1, "another answer could not be reviewed either");
}

#[tokio::test]
async fn a_question_written_by_hand_is_checked() {
    let world = World::start(&[]).await;
    let question = serde_json::from_value(json!({
        "question_text": "Laquelle de ces affirmations n'est pas vraie ?",
        "choices": {"A": "Toujours", "B": "Jamais", "C": "Parfois", "D": "Toutes les réponses ci-dessus"},
        "correct_choice": "A",
        "evidence": {"page": 1, "quote": ""},
    }))
    .unwrap();
    let flaws =
        world.service.app().platform().check_question(&question, mcq::Language::Fr).unwrap();
    assert!(flaws.contains(&mcq::Flaw::NegativeStem) && flaws.contains(&mcq::Flaw::AllOfTheAbove));
    world.fail_engine(Some("find_flaws"));
    assert!(world.service.app().platform().check_question(&question, mcq::Language::Fr).is_err());
}
