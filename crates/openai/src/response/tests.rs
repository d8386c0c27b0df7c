use std::time::Duration;

use mcq::Letter;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

const BILLED: Usage = Usage { prompt_tokens: 900, completion_tokens: 100 };

fn element(stem: &str) -> Value {
    json!({
        "question_text": stem,
        "choices": {"A": "one", "B": "two", "C": "three", "D": "four"},
        "correct_choice": "B",
        "evidence": {"page": 3, "quote": "It is two."},
    })
}

fn body(message: &Value, finish_reason: &Value) -> Value {
    json!({
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "model": "gpt-4o-2024-08-06",
        "choices": [{"index": 0, "message": message, "finish_reason": finish_reason}],
        "usage": {"prompt_tokens": 900, "completion_tokens": 100, "total_tokens": 1000},
    })
}

fn read(body: &Value) -> Result<Completion, Error> {
    read_response(200, &[], body.to_string().as_bytes())
}

fn answer(content: &str, finish_reason: &str) -> Result<Completion, Error> {
    read(&body(&json!({"role": "assistant", "content": content}), &json!(finish_reason)))
}

fn fail(status: u16, error: &Value) -> Error {
    let headers = [("Retry-After".to_owned(), "7".to_owned())];
    let body = json!({ "error": error }).to_string();
    read_response(status, &headers, body.as_bytes()).unwrap_err()
}

#[test]
fn questions_model_and_usage_are_read() {
    let content = json!({"questions": [element("Which?")]}).to_string();
    let completion = answer(&content, "stop").unwrap();
    assert_eq!(completion.model, "gpt-4o-2024-08-06");
    assert_eq!((completion.usage, completion.usage.total()), (BILLED, 1_000));
    assert!(!completion.cut_off && completion.malformed == 0);
    let question = &completion.questions[0];
    assert_eq!((question.question_text.as_str(), question.key()), ("Which?", "two"));
    assert_eq!((question.correct_choice, question.evidence.page), (Letter::B, 3));
}

#[test]
fn elements_that_are_no_questions_are_counted_and_left_out() {
    let mut no_such_key = element("a");
    no_such_key["correct_choice"] = json!("E");
    let mut empty_choice = element("b");
    empty_choice["choices"]["C"] = json!("  ");
    let mut negative_page = element("c");
    negative_page["evidence"]["page"] = json!(-1);
    let mut self_assessed = element("d");
    self_assessed["flaws"] = json!([]);
    let all = [no_such_key, empty_choice, negative_page, json!("text"), self_assessed];
    let completion = answer(&json!({ "questions": all }).to_string(), "stop").unwrap();
    assert_eq!((completion.questions.len(), completion.malformed), (1, 4));
    assert!(completion.questions[0].flaws.is_empty());
}

#[test]
fn a_cut_answer_gives_the_questions_that_were_complete() {
    let whole = json!({"questions": [element("a"), element("b"), element("c")]}).to_string();
    let cut = &whole[..whole.len() - 60];
    let completion = answer(cut, "length").unwrap();
    assert!(completion.cut_off);
    let stems: Vec<_> = completion.questions.iter().map(|q| q.question_text.as_str()).collect();
    assert_eq!(stems, ["a", "b"]);
}

#[test]
fn an_answer_cut_before_its_first_question_ended_is_an_error_that_knows_its_cost() {
    let error = answer(r#"{"questions": [{"question_text": "Wh"#, "length").unwrap_err();
    assert!(matches!(error, Error::CutOff { usage: BILLED }));
}

#[test]
fn a_refusal_is_an_error_that_does_not_repeat_its_words() {
    let message = json!({"role": "assistant", "content": null, "refusal": "I cannot discuss the secret plan."});
    let error = read(&body(&message, &json!("stop"))).unwrap_err();
    assert!(matches!(error, Error::Refused { usage: BILLED }));
    assert!(!format!("{error} {error:?}").contains("secret"));
}

#[test]
fn a_filtered_answer_is_an_error_even_with_content() {
    let content = json!({"questions": [element("a")]}).to_string();
    assert!(matches!(
        answer(&content, "content_filter"),
        Err(Error::ContentFilter { usage: BILLED })
    ));
}

#[test]
fn content_that_is_not_the_json_asked_for_is_an_error_that_does_not_quote_it() {
    for content in
        ["Here is the secret: {", r#"{"questions": "secret"}"#, r#"["secret"]"#, r#"{"secret": 1}"#]
    {
        let error = answer(content, "stop").unwrap_err();
        assert!(matches!(error, Error::InvalidJson { usage: BILLED, .. }), "{content}");
        assert!(!format!("{error} {error:?}").contains("secret"), "{content}");
    }
    let html = read_response(200, &[], b"<html>secret</html>").unwrap_err();
    assert!(matches!(html, Error::InvalidJson { line: 1, .. }));
}

#[test]
fn an_answer_without_a_message_is_an_error() {
    assert!(matches!(read(&json!({"choices": []})), Err(Error::NoMessage { .. })));
    assert!(matches!(answer(" ", "stop"), Err(Error::NoMessage { .. })));
    assert!(matches!(answer("{}", "tool_calls"), Err(Error::NoMessage { .. })));
}

#[test]
fn a_compatible_server_may_leave_out_what_is_not_needed() {
    let content = json!({"questions": [element("a")]}).to_string();
    let sparse = json!({"choices": [{"message": {"content": content}}]});
    let completion = read(&sparse).unwrap();
    assert_eq!((completion.questions.len(), completion.usage), (1, Usage::default()));
}

#[test]
fn each_failing_status_becomes_its_error() {
    let coded = |code: &str| json!({"message": "m", "type": "t", "param": null, "code": code});
    let wait = Some(Duration::from_secs(7));
    assert!(matches!(fail(401, &coded("invalid_api_key")), Error::Unauthorized));
    assert!(matches!(fail(429, &coded("insufficient_quota")), Error::QuotaExhausted));
    let typed = json!({"message": "m", "type": "insufficient_quota", "param": null, "code": null});
    assert!(matches!(fail(429, &typed), Error::QuotaExhausted));
    assert!(
        matches!(fail(429, &coded("rate_limit_exceeded")), Error::RateLimited { retry_after } if retry_after == wait)
    );
    assert!(matches!(fail(400, &coded("context_length_exceeded")), Error::PromptTooLong));
    assert!(matches!(fail(400, &coded("content_filter")), Error::ContentFilter { .. }));
    for status in [408, 409, 500, 502, 503, 529] {
        assert!(
            matches!(fail(status, &coded("x")), Error::Server { status: s, retry_after } if s == status && retry_after == wait)
        );
    }
    for status in [302, 403, 404, 422] {
        assert!(
            matches!(fail(status, &coded("model_not_found")), Error::Rejected { status: s, code } if s == status && code == "model_not_found")
        );
    }
}

#[test]
fn a_code_that_does_not_look_like_one_is_not_repeated() {
    for code in ["sk-Secret", "", "a secret text"] {
        let error = fail(403, &json!({"message": "m", "type": null, "code": code}));
        assert!(matches!(&error, Error::Rejected { code, .. } if code == "unknown"), "{error:?}");
    }
    assert!(matches!(read_response(403, &[], b"<html>"), Err(Error::Rejected { .. })));
}

#[test]
fn usage_adds_up_without_overflow() {
    let mut sum = BILLED;
    sum += Usage { prompt_tokens: u64::MAX, completion_tokens: 1 };
    assert_eq!((sum.completion_tokens, sum.total()), (101, u64::MAX));
}

proptest! {
    #[test]
    fn any_bytes_give_an_answer_or_an_error(status in 100u16..600, body in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = read_response(status, &[], &body);
    }

    #[test]
    fn any_content_gives_an_answer_or_an_error(content in "\\PC{0,80}", reason in "stop|length") {
        let _ = answer(&content, &reason);
    }
}
