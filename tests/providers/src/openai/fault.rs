//! What the stand-in can be told to do wrong.

use serde::{Deserialize, Serialize};

/// One fault; it strikes one request and is used up.
///
/// In JSON a name (`"refuse"`), or an object where there is something to set
/// (`{"rate_limited": {"retry_after": 2}}`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Fault {
    /// No fault: an honest answer, to place between others.
    None,
    /// `message.refusal` instead of content.
    Refuse,
    /// `finish_reason: length`, in the middle of the question after `keep` complete ones.
    CutOff {
        /// Questions that are complete.
        keep: usize,
    },
    /// `finish_reason: content_filter` without content.
    ContentFilter,
    /// Content that is prose and half of a JSON object.
    InvalidJson,
    /// 200 with an HTML page, as a proxy on the way might answer.
    Html,
    /// 200 with an empty list of choices.
    NoChoices,
    /// Elements that are no questions: a missing option, a key `E`; the others are honest.
    Malformed,
    /// The same question as often as there should be different ones.
    Duplicates,
    /// The questions of the answer before, again.
    Repeat,
    /// Quotes that are nowhere in the document.
    InventedQuotes,
    /// Negative stems and "all of the above".
    Flawed,
    /// In turn a wrong key, and a true quote given for another page.
    Lie,
    /// 429.
    RateLimited {
        /// Seconds in `Retry-After`; no header without.
        retry_after: Option<u64>,
    },
    /// 429 `insufficient_quota`.
    QuotaExhausted,
    /// 401.
    Unauthorized,
    /// 400 `context_length_exceeded`.
    PromptTooLong,
    /// A status of the provider's own failing.
    Server {
        /// 500 to 599.
        status: u16,
    },
    /// No answer until the client gives up or the handle lets go.
    Stall,
    /// The connection breaks in the middle of the body.
    CutConnection,
    /// An honest answer, later.
    Slow {
        /// Milliseconds to wait.
        milliseconds: u64,
    },
    /// A body that never ends.
    Endless,
}
