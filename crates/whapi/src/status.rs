//! The states Whapi gives a message.

use std::fmt;

/// A message's state, in the words of the published contract (`StatusEnum`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Status {
    /// It could not be sent.
    Failed,
    /// Whapi has it, WhatsApp does not yet.
    Pending,
    /// WhatsApp's server has it.
    Sent,
    /// The recipient's device has it.
    Delivered,
    /// The recipient has seen it.
    Read,
    /// The recipient has played it (voice messages).
    Played,
    /// Somebody deleted it.
    Deleted,
}

impl Status {
    /// Its name in the contract.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Failed => "failed",
            Self::Pending => "pending",
            Self::Sent => "sent",
            Self::Delivered => "delivered",
            Self::Read => "read",
            Self::Played => "played",
            Self::Deleted => "deleted",
        }
    }

    pub(crate) fn parse(name: &str) -> Option<Self> {
        Some(match name {
            "failed" => Self::Failed,
            "pending" => Self::Pending,
            "sent" => Self::Sent,
            "delivered" => Self::Delivered,
            "read" => Self::Read,
            "played" => Self::Played,
            "deleted" => Self::Deleted,
            _ => return None,
        })
    }
}

impl fmt::Display for Status {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}
