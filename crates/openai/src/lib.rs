//! Questions from OpenAI chat completions: build a request, read a response.
//!
//! [`build_request`] and [`read_response`] are pure functions: any transport fits, and both are
//! tested without a network. [`Client`] is the one thin transport over `reqwest`; it compiles for
//! `wasm32-unknown-unknown`, reads no clock and waits and reviews only through the caller's
//! [`Host`].
//! [`generate`] repeats request, reading and `mcq::review` until there are enough questions or a
//! declared limit is reached.
//!
//! Nothing a model says is believed: what [`read_response`] returns are candidates, and only those
//! that pass `mcq::review` (a quote that is really on its page, fewer than two item-writing flaws,
//! no duplicate) are kept. No error of this crate holds the API key or text of the document.

mod client;
mod error;
mod excerpt;
mod generate;
mod prompt;
mod request;
mod response;
mod retry_after;
mod run;
mod salvage;
mod tokens;

pub use client::{ApiKey, Client, DEFAULT_BASE_URL, MAX_RESPONSE_BYTES};
pub use error::Error;
pub use excerpt::{Excerpt, Passage};
pub use generate::{Generation, Host, Limits, Options, Warning, generate};
pub use request::{
    ChatCompletionRequest, DEFAULT_MODEL, JsonSchemaFormat, Message, NewQuestions, ResponseFormat,
    Role, build_request,
};
pub use response::{Completion, Usage, read_response};
pub use tokens::estimate_tokens;
