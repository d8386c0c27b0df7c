//! Variables that messages accept.

#![allow(clippy::indexing_slicing, reason = "a test fails by panicking")]

use messaging::{Channel, Language, MessageType, Template};
use serde_json::{Value, json};
use uuid::Uuid;

pub const ID: Uuid = Uuid::from_u128(0x3f0f_328d_b78c_4a01_8000_0000_0000_0001);

pub fn template(
    message_type: MessageType,
    channel: Channel,
    language: Language,
) -> Template<'static> {
    Template { message_type, channel, language, academy: "Académie Griot" }
}

/// All the variables of a message.
pub fn full(message_type: MessageType) -> Value {
    let all = json!({
        "name": "Awa Mbeng", "masterclass": "Gérer sa trésorerie", "score": 8, "max_score": 10,
        "gain": 0.7619, "date": "2026-11-24", "time": "18:30", "time_zone": "Africa/Libreville",
        "link": "https://griot.example/moi", "text": "La salle a changé.", "subject": "Salle",
        "code": "482913", "new_email": "awa@griot.example",
    });
    message_type.variables().map(|(name, _)| (name.to_owned(), all[name].clone())).collect()
}

/// Only the variables a message cannot do without.
pub fn least(message_type: MessageType) -> Value {
    let full = full(message_type);
    message_type
        .variables()
        .filter(|(_, required)| *required)
        .map(|(name, _)| (name.to_owned(), full[name].clone()))
        .collect()
}

pub fn with(mut data: Value, name: &str, value: Value) -> Value {
    data[name] = value;
    data
}
