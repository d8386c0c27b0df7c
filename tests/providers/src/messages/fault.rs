//! What a stand-in of messages can be told to do wrong.

use serde::{Deserialize, Serialize};

/// One fault; it strikes one request and is used up.
///
/// In JSON a name (`"cut_after"`), or an object where there is something to set
/// (`{"throttle": {"retry_after": 2}}`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Fault {
    /// No fault: an honest answer, to place between others.
    None,
    /// 429, not accepted.
    Throttle {
        /// Seconds in `Retry-After`; no header without.
        retry_after: Option<u64>,
    },
    /// A refusal in the provider's shape, not accepted.
    Reject {
        /// 400 to 499.
        status: u16,
        /// Its words.
        message: String,
    },
    /// A status of the provider's own failing, not accepted.
    ErrorBefore {
        /// 500 to 599.
        status: u16,
    },
    /// Accepted, and then a status of the provider's own failing.
    ErrorAfter {
        /// 500 to 599.
        status: u16,
    },
    /// The connection ends without an answer; not accepted.
    CutBefore,
    /// Accepted; the connection ends without an answer.
    CutAfter,
    /// Accepted; the connection ends in the middle of the answer.
    CutAnswer,
    /// Nothing for a while, then the connection ends; not accepted.
    StallThenDrop {
        /// How long; without, until it is let go.
        milliseconds: Option<u64>,
    },
    /// Nothing for a while, then accepted and answered, whether or not somebody still listens.
    StallThenAccept {
        /// How long; without, until it is let go.
        milliseconds: Option<u64>,
    },
    /// Accepted at once, answered later.
    AcceptThenStall {
        /// How long; without, until it is let go.
        milliseconds: Option<u64>,
    },
    /// Accepted; 200 with an HTML page, as a proxy on the way might answer.
    Malformed,
    /// Accepted; 200 with JSON that has nothing of what was promised.
    Empty,
    /// Accepted; a body that never ends.
    Endless,
    /// The connection ends, not accepted, and the port is closed for a while.
    Outage {
        /// How long.
        milliseconds: u64,
    },
}

impl Fault {
    /// Its name, for counting.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Throttle { .. } => "throttle",
            Self::Reject { .. } => "reject",
            Self::ErrorBefore { .. } => "error_before",
            Self::ErrorAfter { .. } => "error_after",
            Self::CutBefore => "cut_before",
            Self::CutAfter => "cut_after",
            Self::CutAnswer => "cut_answer",
            Self::StallThenDrop { .. } => "stall_then_drop",
            Self::StallThenAccept { .. } => "stall_then_accept",
            Self::AcceptThenStall { .. } => "accept_then_stall",
            Self::Malformed => "malformed",
            Self::Empty => "empty",
            Self::Endless => "endless",
            Self::Outage { .. } => "outage",
        }
    }
}
