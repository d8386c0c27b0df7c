//! What we really send, against our own contract and against the published specification.

use crate::common::pages;
use mcq::{Choices, Evidence, Language, Letter, Question};
use openai::{DEFAULT_MODEL, NewQuestions, build_request};
use providers::openai::{Contract, Published, read_prompt};
use serde_json::{Value, json};

/// One request of each kind: both languages, with and without questions kept, both kinds of model.
fn requests() -> Vec<Value> {
    let kept = [Question {
        question_text: "Combien d'œufs la reine pond-elle par jour ?".to_owned(),
        choices: Choices::default(),
        correct_choice: Letter::A,
        evidence: Evidence { page: 1, quote: String::new() },
        flaws: Vec::new(),
    }];
    let mut requests = Vec::new();
    for language in [Language::Fr, Language::En] {
        for model in [DEFAULT_MODEL, "gpt-5.4-mini"] {
            for avoid in [&kept[..], &[]] {
                let wanted = NewQuestions {
                    count: 50,
                    language,
                    model,
                    document_tokens: 9_000,
                    avoid,
                    seed: u64::MAX,
                };
                requests.push(json!(build_request(&pages(), &wanted).unwrap()));
            }
        }
    }
    requests
}

#[test]
fn every_request_keeps_our_contract() {
    let contract = Contract::new().unwrap();
    for request in requests() {
        assert_eq!(contract.request_faults(&request), Vec::<String>::new());
    }
}

#[test]
fn every_request_keeps_the_published_specification_and_names_only_what_it_knows() {
    let Some(published) = Published::at_hand().unwrap() else { return };
    for request in requests() {
        let name = "CreateChatCompletionRequest";
        assert_eq!(published.faults(name, &request).unwrap(), Vec::<String>::new());
        assert_eq!(published.unknown_properties(name, &request), Vec::<String>::new());
    }
}

#[test]
fn the_document_is_read_back_from_the_prompt_page_by_page() {
    for request in requests() {
        let asked = read_prompt(request["messages"][1]["content"].as_str().unwrap()).unwrap();
        assert_eq!(asked.count, 50);
        for (shown, page) in asked.pages.iter().zip(pages()) {
            assert_eq!((shown.number, shown.text.trim_end()), (page.number, page.text.trim_end()));
        }
        assert_eq!(asked.pages.len(), pages().len());
    }
}
