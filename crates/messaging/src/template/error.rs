//! What is wrong with the variables of a message.

use crate::{Channel, MessageType};

/// Why a message cannot be written. Names variables, never what they hold.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum VariableError {
    /// The variables are no JSON object.
    #[error("the variables are not a JSON object")]
    NotAnObject,
    /// The message type does not travel this way.
    #[error("{} does not travel by {}", message_type.name(), channel.name())]
    Channel {
        /// What was to be sent.
        message_type: MessageType,
        /// The way it cannot go.
        channel: Channel,
    },
    /// A variable the message needs is absent, null or empty.
    #[error("{name} is missing")]
    Missing {
        /// The variable.
        name: &'static str,
    },
    /// A variable the message does not have.
    #[error("{name} is not a variable of this message")]
    Unknown {
        /// The first 40 characters of its name, without control characters.
        name: String,
    },
    /// More text than the variable may hold.
    #[error("{name} is longer than {max} characters")]
    TooLong {
        /// The variable.
        name: &'static str,
        /// Characters it may hold.
        max: usize,
    },
    /// Another type of value, or a value outside its range.
    #[error("{name} is not {}", expected.text().1)]
    Wrong {
        /// The variable.
        name: &'static str,
        /// What it should be.
        expected: Expected,
    },
}

/// What a variable should hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expected {
    /// A JSON string.
    Text,
    /// A whole number from 0 to 1000.
    Count,
    /// A whole number from 1 to 1000.
    Maximum,
    /// A score that is no more than `max_score`.
    AtMostMaximum,
    /// A finite number no greater than 1.
    Gain,
    /// `YYYY-MM-DD`.
    Date,
    /// `HH:MM`.
    Time,
    /// An IANA time zone.
    TimeZone,
    /// An https address (http on the same machine only).
    Link,
    /// Four to ten letters or digits.
    Code,
}

impl Expected {
    /// After "is not" and « n’est pas »: French, English.
    const fn text(self) -> (&'static str, &'static str) {
        match self {
            Self::Text => ("un texte", "a text"),
            Self::Count => ("un nombre entier de 0 à 1000", "a whole number from 0 to 1000"),
            Self::Maximum => ("un nombre entier de 1 à 1000", "a whole number from 1 to 1000"),
            Self::AtMostMaximum => ("au plus max_score", "at most max_score"),
            Self::Gain => ("un nombre inférieur ou égal à 1", "a number no greater than 1"),
            Self::Date => ("une date AAAA-MM-JJ", "a date YYYY-MM-DD"),
            Self::Time => ("une heure HH:MM", "a time HH:MM"),
            Self::TimeZone => (
                "un fuseau horaire comme Africa/Libreville",
                "a time zone such as Africa/Libreville",
            ),
            Self::Link => ("une adresse https", "an https address"),
            Self::Code => (
                "un code de quatre à dix lettres ou chiffres",
                "a code of four to ten letters or digits",
            ),
        }
    }
}

impl VariableError {
    /// Stable, snake_case.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::NotAnObject => "variables_not_an_object",
            Self::Channel { .. } => "channel_not_possible",
            Self::Missing { .. } => "variable_missing",
            Self::Unknown { .. } => "variable_unknown",
            Self::TooLong { .. } => "variable_too_long",
            Self::Wrong { .. } => "variable_wrong",
        }
    }

    /// The variable concerned, where it is one.
    pub fn variable(&self) -> Option<&str> {
        match self {
            Self::NotAnObject | Self::Channel { .. } => None,
            Self::Missing { name } | Self::TooLong { name, .. } | Self::Wrong { name, .. } => {
                Some(name)
            }
            Self::Unknown { name } => Some(name),
        }
    }

    /// What happened and what to do, in French and in English.
    pub fn message(&self) -> [String; 2] {
        match self {
            Self::NotAnObject => [
                "data doit être un objet JSON dont les membres sont les variables du message."
                    .into(),
                "data must be a JSON object whose members are the variables of the message.".into(),
            ],
            Self::Channel { .. } => [
                "Ce message ne part que par e-mail\u{a0}: choisissez le canal email.".into(),
                "This message only goes by e-mail: choose the channel email.".into(),
            ],
            Self::Missing { name } => [
                format!("La variable {name} manque\u{a0}: ajoutez-la à data."),
                format!("The variable {name} is missing: add it to data."),
            ],
            Self::Unknown { name } => [
                format!("Ce message n’a pas de variable {name}\u{a0}: retirez-la de data."),
                format!("This message has no variable {name}: remove it from data."),
            ],
            Self::TooLong { name, max } => [
                format!("La variable {name} dépasse {max} caractères\u{a0}: raccourcissez-la."),
                format!("The variable {name} is longer than {max} characters: shorten it."),
            ],
            Self::Wrong { name, expected } => {
                let (french, english) = expected.text();
                [
                    format!("La variable {name} n’est pas {french}\u{a0}: corrigez-la."),
                    format!("The variable {name} is not {english}: correct it."),
                ]
            }
        }
    }
}
