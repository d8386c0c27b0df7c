//! The whole way: ask, read, review, and ask again for what is missing.

use std::future::Future;
use std::pin::pin;
use std::time::Duration;

use futures_util::future::{Either, select};
use mcq::{Language, Page, Question, Reviewed};
use serde::{Deserialize, Serialize};

use crate::client::Client;
use crate::error::Error;
use crate::request::ChatCompletionRequest;
use crate::response::{Completion, Usage};
use crate::run::Run;

/// What the caller's runtime supplies.
pub trait Host {
    /// Resolves once `duration` has passed: Workers and servers have different clocks, and tests
    /// have none. A dropped sleep must stop.
    fn sleep(&self, duration: Duration) -> impl Future<Output = ()>;

    /// `mcq::review`, wherever it runs; `None` where it could not be done.
    fn review(
        &self,
        candidates: &[Question],
        pages: &[Page],
        language: Language,
    ) -> Option<Reviewed>;
}

/// What is wanted.
#[derive(Debug, Clone)]
pub struct Options {
    /// How many questions.
    pub count: usize,
    /// The language they are written in.
    pub language: Language,
    /// The model's name.
    pub model: String,
    /// Sent as the sampling seed; each further request uses the next one.
    pub seed: u64,
    /// What it may cost.
    pub limits: Limits,
}

/// What one call of [`generate`] may cost in requests, tokens and time. At the defaults it ends
/// within four requests and, at the very worst, 380 seconds.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Requests in all, failed ones included: the bill's upper bound.
    pub attempts: u32,
    /// Questions asked for in one request: more would make a single answer longer than a minute or
    /// two, and its loss dearer.
    pub questions_per_request: usize,
    /// Tokens of the document in one request: half a hundred pages of prose, under a fifth of what
    /// `gpt-4o` reads, some six US cents at its list price.
    pub document_tokens: usize,
    /// How long one request may take: 20 questions are some 6 000 tokens, at 80 tokens a second.
    pub request_deadline: Duration,
    /// How long may be waited between requests, in all. A provider that asks for more is not asked
    /// again: waiting less than it asks for would only be throttled anew.
    pub total_wait: Duration,
    /// The first pause after a failure that names none; it doubles with each further failure.
    pub first_wait: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            attempts: 4,
            questions_per_request: 20,
            document_tokens: 24_000,
            request_deadline: Duration::from_secs(90),
            total_wait: Duration::from_secs(20),
            first_wait: Duration::from_secs(1),
        }
    }
}

/// Something a caller should know though questions were made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "code", rename_all = "snake_case")]
pub enum Warning {
    /// The document is longer than the token budget; evenly spaced parts of it were shown.
    DocumentShortened {
        /// How much of the document's text the longest excerpt that was answered held.
        percent_shown: usize,
    },
    /// Candidates that failed the review: not proven by their quote, flawed, or repeated.
    CandidatesDropped {
        /// How many.
        dropped: usize,
    },
    /// The provider failed for good, or more often than the limits allow.
    GaveUp {
        /// [`Error::code`] of the last failure.
        cause: String,
    },
    /// There are fewer questions than were asked for.
    TooFewQuestions {
        /// How many were asked for.
        asked: usize,
        /// How many there are.
        found: usize,
    },
}

/// What came of it: always as many good questions as there are, never an error instead of them.
#[derive(Debug)]
pub struct Generation {
    /// At most `count`, each passed by `mcq::review`, in the order of their pages. Keys stand where
    /// the model put them; `mcq::balance_keys` spreads them.
    pub questions: Vec<Question>,
    /// What the caller should know.
    pub warnings: Vec<Warning>,
    /// Requests made.
    pub attempts: u32,
    /// Tokens billed, failed requests included where they say so.
    pub usage: Usage,
    /// The exact model that answered last, where one did.
    pub model: Option<String>,
    /// The failure that ended it, where one did.
    pub failure: Option<Error>,
}

/// Asks for questions until there are `options.count` or a limit is reached.
///
/// 1. Take an excerpt of the whole document inside the token budget.
/// 2. Ask for what is missing and a fifth more, naming the questions already kept.
/// 3. Review all together: what is not proven, flawed or repeated is dropped.
/// 4. After a passing failure wait as long as the provider asks, or a doubling pause; after a cut
///    or a timeout ask for fewer; after a prompt that was too long send less of the document.
/// 5. Two answers without one new question end it: a third would cost the same.
pub async fn generate<H: Host>(
    client: &Client,
    pages: &[Page],
    options: &Options,
    host: &H,
) -> Generation {
    let mut run = Run::new(pages, options);
    while run.wants_more() {
        let request = match run.next_request() {
            Ok(request) => request,
            Err(error) => {
                run.failure = Some(error);
                break;
            }
        };
        let deadline = options.limits.request_deadline;
        match complete_within(client, &request, deadline, host).await {
            Ok(completion) => {
                if let Err(error) = run.accept(completion, host) {
                    run.failure = Some(error);
                    break;
                }
            }
            Err(error) => match run.pause_after(&error) {
                Some(pause) => {
                    if pause > Duration::ZERO {
                        host.sleep(pause).await;
                    }
                    run.failure = Some(error);
                }
                None => {
                    run.failure = Some(error);
                    break;
                }
            },
        }
    }
    run.finish()
}

async fn complete_within<H: Host>(
    client: &Client,
    request: &ChatCompletionRequest,
    deadline: Duration,
    host: &H,
) -> Result<Completion, Error> {
    // The request is first: an answer that is there at the deadline counts.
    match select(pin!(client.complete(request)), pin!(host.sleep(deadline))).await {
        Either::Left((answer, _)) => answer,
        Either::Right(((), _)) => Err(Error::Timeout { deadline }),
    }
}
