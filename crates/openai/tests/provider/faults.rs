//! Every way the provider can fail, against a stand-in on this machine; nothing sleeps.

use crate::common::{KEY, Virtual, client, options, pages};
use openai::{Generation, Limits, Options, Warning, generate};
use providers::openai::{Fault, OpenAi};

struct Outcome {
    generation: Generation,
    waits: Vec<u64>,
    server: OpenAi,
}

async fn run(faults: impl IntoIterator<Item = Fault>, options: Options) -> Outcome {
    let server = OpenAi::start().await.unwrap();
    server.script(faults);
    let timer = Virtual::new(&server, &options);
    let generation = generate(&client(&server), &pages(), &options, &timer).await;
    for request in server.requests() {
        assert!(request.authorized);
        assert_eq!(request.violations, Vec::<String>::new());
    }
    for question in &generation.questions {
        assert_eq!(mcq::verify_evidence(question, &pages()), Ok(()));
        assert!(mcq::find_flaws(question, options.language).len() < 2);
    }
    let shown = format!("{:?} {:?}", generation.failure, generation.warnings);
    assert!(
        !shown.contains(KEY) && !shown.contains("abeille") && !shown.contains(&server.url),
        "{shown}"
    );
    Outcome { generation, waits: timer.waits(), server }
}

async fn one_then_honest(fault: Fault) -> Outcome {
    run([fault], options(5)).await
}

impl Outcome {
    fn assert_mended_in(&self, attempts: u32) {
        assert_eq!(self.generation.attempts, attempts);
        assert_eq!(self.generation.questions.len(), 5);
        assert!(self.generation.failure.is_none());
    }

    fn assert_gave_up(&self, cause: &str, attempts: u32) {
        assert_eq!(self.generation.failure.as_ref().map(openai::Error::code), Some(cause));
        assert!(self.generation.warnings.contains(&Warning::GaveUp { cause: cause.to_owned() }));
        let found = self.generation.questions.len();
        assert!(self.generation.warnings.contains(&Warning::TooFewQuestions { asked: 5, found }));
        assert_eq!(self.generation.attempts, attempts);
    }

    /// How many questions each request asked for.
    fn asked(&self) -> Vec<usize> {
        self.prompts().iter().map(|prompt| prompt.count).collect()
    }

    fn prompts(&self) -> Vec<providers::openai::Asked> {
        let content = |request: &providers::openai::Request| {
            let text = request.body["messages"][1]["content"].as_str().unwrap().to_owned();
            providers::openai::read_prompt(&text).unwrap()
        };
        self.server.requests().iter().map(content).collect()
    }
}

#[tokio::test]
async fn an_honest_answer_gives_the_questions_asked_for_in_one_request() {
    let outcome = run([], options(5)).await;
    outcome.assert_mended_in(1);
    assert_eq!(outcome.generation.model.as_deref(), Some("gpt-4o-2024-08-06"));
    assert!(outcome.generation.usage.prompt_tokens > 100);
    assert!(outcome.generation.usage.completion_tokens > 100);
    assert!(outcome.waits.is_empty());
    let numbers: Vec<_> = outcome.generation.questions.iter().map(|q| q.evidence.page).collect();
    assert!(numbers.is_sorted(), "{numbers:?}");
}

#[tokio::test]
async fn a_refusal_is_final() {
    let outcome = one_then_honest(Fault::Refuse).await;
    outcome.assert_gave_up("refused", 1);
    assert!(outcome.generation.usage.prompt_tokens > 0);
}

#[tokio::test]
async fn a_filtered_answer_is_final() {
    one_then_honest(Fault::ContentFilter).await.assert_gave_up("content_filter", 1);
}

#[tokio::test]
async fn a_cut_answer_gives_its_complete_questions_and_the_rest_is_asked_for_in_smaller_parts() {
    let outcome = one_then_honest(Fault::CutOff { keep: 2 }).await;
    outcome.assert_mended_in(2);
    let prompts = outcome.prompts();
    assert_eq!((prompts[0].already.len(), prompts[1].already.len()), (0, 2));
    assert!(outcome.asked()[1] < outcome.asked()[0]);
}

#[tokio::test]
async fn an_answer_cut_before_its_first_question_is_asked_for_in_smaller_parts() {
    let outcome = one_then_honest(Fault::CutOff { keep: 0 }).await;
    assert!(outcome.generation.questions.len() >= 5);
    assert_eq!(outcome.asked()[..2], [6, 3]);
    assert!(outcome.waits.is_empty());
}

#[tokio::test]
async fn invalid_json_is_asked_for_again_at_once() {
    for fault in [Fault::InvalidJson, Fault::Html, Fault::NoChoices] {
        let outcome = one_then_honest(fault).await;
        outcome.assert_mended_in(2);
        assert!(outcome.waits.is_empty());
    }
}

#[tokio::test]
async fn elements_that_are_no_questions_are_dropped_and_replaced() {
    let outcome = one_then_honest(Fault::Malformed).await;
    outcome.assert_mended_in(2);
    assert!(outcome.generation.warnings.contains(&Warning::CandidatesDropped { dropped: 4 }));
}

#[tokio::test]
async fn duplicates_are_kept_once_and_replaced() {
    let outcome = one_then_honest(Fault::Duplicates).await;
    outcome.assert_mended_in(2);
    assert_eq!(outcome.prompts()[1].already.len(), 1);
    assert!(outcome.generation.warnings.contains(&Warning::CandidatesDropped { dropped: 5 }));
}

#[tokio::test]
async fn an_answer_given_twice_adds_nothing_and_is_asked_for_at_most_twice_in_a_row() {
    let wanted = Options {
        count: 8,
        limits: Limits { attempts: 9, questions_per_request: 4, ..Limits::default() },
        ..options(8)
    };
    let outcome = run([Fault::None, Fault::Repeat, Fault::Repeat], wanted).await;
    assert_eq!((outcome.generation.attempts, outcome.generation.questions.len()), (3, 4));
}

#[tokio::test]
async fn invented_quotes_are_dropped_and_replaced() {
    let outcome = one_then_honest(Fault::InventedQuotes).await;
    outcome.assert_mended_in(2);
    assert!(outcome.generation.warnings.contains(&Warning::CandidatesDropped { dropped: 6 }));
}

#[tokio::test]
async fn flawed_questions_are_dropped_and_replaced() {
    let outcome = one_then_honest(Fault::Flawed).await;
    outcome.assert_mended_in(2);
    assert!(outcome.generation.warnings.contains(&Warning::CandidatesDropped { dropped: 6 }));
}

#[tokio::test]
async fn wrong_keys_and_quotes_of_other_pages_are_dropped_and_replaced() {
    let outcome = one_then_honest(Fault::Lie).await;
    outcome.assert_mended_in(2);
    assert!(outcome.generation.warnings.contains(&Warning::CandidatesDropped { dropped: 6 }));
}

#[tokio::test]
async fn a_model_that_keeps_lying_is_asked_twice_and_gives_nothing() {
    let outcome = run(vec![Fault::Lie; 9], options(5)).await;
    assert_eq!((outcome.generation.attempts, outcome.generation.questions.len()), (2, 0));
    assert!(outcome.generation.warnings.contains(&Warning::TooFewQuestions { asked: 5, found: 0 }));
}

#[tokio::test]
async fn throttling_is_waited_out_as_long_as_the_provider_asks() {
    let outcome = one_then_honest(Fault::RateLimited { retry_after: Some(7) }).await;
    outcome.assert_mended_in(2);
    assert_eq!(outcome.waits, [7]);
}

#[tokio::test]
async fn throttling_without_a_time_is_waited_out_in_doubling_pauses() {
    let outcome = run(vec![Fault::RateLimited { retry_after: None }; 3], options(5)).await;
    outcome.assert_mended_in(4);
    assert_eq!(outcome.waits, [1, 2, 4]);
}

#[tokio::test]
async fn a_wait_longer_than_the_limit_is_not_begun() {
    let outcome = one_then_honest(Fault::RateLimited { retry_after: Some(21) }).await;
    outcome.assert_gave_up("rate_limited", 1);
    assert!(outcome.waits.is_empty());
}

#[tokio::test]
async fn the_limit_holds_for_all_waits_together() {
    let outcome = run(vec![Fault::RateLimited { retry_after: Some(12) }; 2], options(5)).await;
    outcome.assert_gave_up("rate_limited", 2);
    assert_eq!(outcome.waits, [12]);
}

#[tokio::test]
async fn an_exhausted_quota_is_not_waited_for() {
    let outcome = one_then_honest(Fault::QuotaExhausted).await;
    outcome.assert_gave_up("quota_exhausted", 1);
    assert!(outcome.waits.is_empty());
}

#[tokio::test]
async fn a_key_that_is_not_accepted_is_not_tried_again() {
    one_then_honest(Fault::Unauthorized).await.assert_gave_up("unauthorized", 1);
}

#[tokio::test]
async fn server_errors_are_tried_again_a_bounded_number_of_times() {
    run([Fault::Server { status: 500 }, Fault::Server { status: 503 }], options(5))
        .await
        .assert_mended_in(3);
    let outcome = run(vec![Fault::Server { status: 503 }; 9], options(5)).await;
    outcome.assert_gave_up("server_error", 4);
    assert_eq!(outcome.waits, [1, 2, 4]);
    assert_eq!(outcome.server.requests().len(), 4);
}

#[tokio::test]
async fn a_request_that_hangs_is_aborted_at_its_deadline_and_asked_again_for_less() {
    let outcome = one_then_honest(Fault::Stall).await;
    assert_eq!(outcome.generation.questions.len(), 5);
    assert_eq!(outcome.asked()[..2], [6, 3]);
    let mut events = outcome.server.events();
    // The stand-in sees the client hang up: the connection is not left open.
    events.wait_for(|events| events.abandoned == 1).await.unwrap();
}

#[tokio::test]
async fn a_provider_that_always_hangs_is_given_up() {
    run(vec![Fault::Stall; 9], options(5)).await.assert_gave_up("timeout", 4);
}

#[tokio::test]
async fn a_slow_answer_inside_the_deadline_counts() {
    let outcome = one_then_honest(Fault::Slow { milliseconds: 30 }).await;
    outcome.assert_mended_in(1);
}

#[tokio::test]
async fn a_connection_cut_in_the_middle_of_the_answer_is_made_again() {
    let outcome = one_then_honest(Fault::CutConnection).await;
    outcome.assert_mended_in(2);
    assert_eq!(outcome.waits, [1]);
}

#[tokio::test]
async fn a_provider_that_is_gone_is_given_up() {
    let server = OpenAi::start().await.unwrap();
    let wanted = options(5);
    let timer = Virtual::new(&server, &wanted);
    let gone = client(&server);
    let gone = openai::Client::new(
        reqwest::Client::new(),
        "http://127.0.0.1:1/v1",
        openai::ApiKey::new(KEY).unwrap(),
    )
    .unwrap_or(gone);
    let generation = generate(&gone, &pages(), &wanted, &timer).await;
    let failure = generation.failure.unwrap();
    assert_eq!((failure.code(), generation.attempts), ("transport", 4));
    let chain = format!("{failure:?}");
    assert!(!chain.contains(KEY) && !chain.contains("/v1/chat"), "{chain}");
}

#[tokio::test]
async fn a_body_without_an_end_is_not_read_to_its_end() {
    one_then_honest(Fault::Endless).await.assert_gave_up("too_large", 1);
}

#[tokio::test]
async fn a_prompt_that_is_too_long_is_sent_again_with_less_of_the_document() {
    let wanted =
        Options { limits: Limits { document_tokens: 1_200, ..Limits::default() }, ..options(3) };
    let outcome = run([Fault::PromptTooLong], wanted).await;
    let letters: Vec<usize> = outcome
        .prompts()
        .iter()
        .map(|p| p.pages.iter().map(|page| page.text.len()).sum())
        .collect();
    assert!(letters[1] < letters[0] && letters[1] > 0, "{letters:?}");
    assert!(
        outcome.generation.warnings.iter().any(|w| matches!(w, Warning::DocumentShortened { .. }))
    );
}

#[tokio::test]
async fn a_large_number_is_asked_for_in_several_requests_that_know_each_other() {
    let limits = Limits { questions_per_request: 4, ..Limits::default() };
    let outcome = run([], Options { limits, ..options(10) }).await;
    assert_eq!(outcome.generation.questions.len(), 10);
    assert_eq!(outcome.asked(), [4, 4, 3]);
    let already: Vec<_> = outcome.prompts().iter().map(|p| p.already.len()).collect();
    assert_eq!(already, [0, 4, 8]);
}

#[tokio::test]
async fn a_document_without_text_is_never_sent() {
    let server = OpenAi::start().await.unwrap();
    let wanted = options(5);
    let timer = Virtual::new(&server, &wanted);
    let blank = [mcq::Page { number: 1, text: " \n".to_owned() }];
    let generation = generate(&client(&server), &blank, &wanted, &timer).await;
    assert_eq!(generation.failure.map(|error| error.code()), Some("no_text"));
    assert_eq!((generation.attempts, server.requests().len()), (0, 0));
}

#[tokio::test]
async fn no_question_wanted_costs_no_request() {
    let outcome = run([], options(0)).await;
    assert_eq!((outcome.generation.attempts, outcome.server.requests().len()), (0, 0));
    assert!(outcome.generation.warnings.is_empty());
}
