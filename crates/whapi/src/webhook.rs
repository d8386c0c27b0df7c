//! What Whapi posts to us.
//!
//! The payload is unsigned: whoever receives it checks the secret header first. Statuses come late,
//! twice and in any order, and events we did not ask for may come too: what is not understood is
//! counted and left out, never an error.

use std::fmt;

use serde_json::Value;

use crate::list::{ListedMessage, read_message, seconds};
use crate::send::is_id;
use crate::status::Status;

/// Largest payload that is read: pictures come as small previews inside.
pub const MAX_BYTES: usize = 1 << 20;

/// Elements of one payload that are read; what comes after is counted as unknown. Whapi sends one
/// or a few.
pub const MAX_ELEMENTS: usize = 1000;

/// Characters of an incoming text that are kept: enough to recognise STOP, too few to be a burden.
pub const MAX_TEXT_CHARACTERS: usize = 1000;

/// A state of one message. It may be a message somebody sent to us, which nobody here knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatusUpdate {
    /// Whapi's identifier of the message.
    pub message_id: String,
    /// Its state.
    pub status: Status,
    /// When, in Unix seconds, where that can be read.
    pub at: Option<i64>,
}

/// A text somebody wrote to us alone; groups are left out.
#[derive(Clone, PartialEq, Eq)]
pub struct IncomingText {
    /// Whapi's identifier of the message.
    pub id: String,
    /// WhatsApp's identifier of the sender: as a rule the digits of their number, for some people
    /// those of an older number (see [`ListQuery::chat_id`](crate::ListQuery::chat_id)).
    pub from: String,
    /// What they wrote, or the title of the button they pressed.
    pub text: String,
    /// When, in Unix seconds, where that can be read.
    pub at: Option<i64>,
}

impl fmt::Debug for IncomingText {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("IncomingText")
            .field("id", &self.id)
            .field("at", &self.at)
            .finish_non_exhaustive()
    }
}

/// What one payload holds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Webhook {
    /// States of messages (`statuses.post`, `statuses.put`).
    pub statuses: Vec<StatusUpdate>,
    /// Texts from people (`messages.post`, `messages.put`).
    pub incoming: Vec<IncomingText>,
    /// Our own messages, as Whapi reports them to us: an uncertain one is found here too.
    pub outgoing: Vec<ListedMessage>,
    /// Elements that were not understood or not wanted.
    pub unknown: usize,
}

/// Why a payload cannot be read at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum WebhookError {
    /// More than [`MAX_BYTES`].
    #[error("the payload is larger than {MAX_BYTES} bytes")]
    TooLarge,
    /// Not a JSON object.
    #[error("the payload is no JSON object")]
    NotJson,
}

/// Reads one payload.
///
/// # Errors
/// See [`WebhookError`]; an object without anything known in it is none.
pub fn parse(payload: &[u8]) -> Result<Webhook, WebhookError> {
    if payload.len() > MAX_BYTES {
        return Err(WebhookError::TooLarge);
    }
    let body: Value = serde_json::from_slice(payload).map_err(|_fault| WebhookError::NotJson)?;
    let Value::Object(members) = body else { return Err(WebhookError::NotJson) };
    let mut webhook = Webhook::default();
    let mut budget = MAX_ELEMENTS;
    for (name, member) in &members {
        let Value::Array(elements) = member else {
            // `event` and `channel_id` come with every payload; other objects are events of their own.
            webhook.unknown += usize::from(!matches!(name.as_str(), "event" | "channel_id"));
            continue;
        };
        let read = elements.len().min(budget);
        budget -= read;
        webhook.unknown += elements.len() - read;
        for element in elements.iter().take(read) {
            let understood = match name.as_str() {
                "statuses" => webhook.add_status(element),
                "messages" => webhook.add_message(element),
                _ => None,
            };
            webhook.unknown += usize::from(understood.is_none());
        }
    }
    Ok(webhook)
}

impl Webhook {
    fn add_status(&mut self, element: &Value) -> Option<()> {
        self.statuses.push(StatusUpdate {
            message_id: element.get("id")?.as_str().filter(|id| is_id(id))?.to_owned(),
            status: Status::parse(element.get("status")?.as_str()?)?,
            at: element.get("timestamp").and_then(seconds),
        });
        Some(())
    }

    fn add_message(&mut self, element: &Value) -> Option<()> {
        if element.get("from_me").and_then(Value::as_bool)? {
            self.outgoing.push(read_message(element)?);
            return Some(());
        }
        let chat = element.get("chat_id").and_then(Value::as_str).unwrap_or_default();
        let (chat_owner, kind) = chat.split_once('@').unwrap_or((chat, "s.whatsapp.net"));
        let from = element.get("from").and_then(Value::as_str).unwrap_or(chat_owner);
        let from = from.split('@').next().unwrap_or_default();
        // In a chat with a hidden number the sender's digits may be no number at all.
        let known = kind == "s.whatsapp.net" || (kind == "lid" && from != chat_owner);
        let digits = from.bytes().all(|byte| byte.is_ascii_digit());
        if !known || !digits || !(7..=15).contains(&from.len()) {
            return None;
        }
        self.incoming.push(IncomingText {
            id: element.get("id")?.as_str().filter(|id| is_id(id))?.to_owned(),
            from: from.to_owned(),
            text: words(element)?.chars().take(MAX_TEXT_CHARACTERS).collect(),
            at: element.get("timestamp").and_then(seconds),
        });
        Some(())
    }
}

fn words(element: &Value) -> Option<&str> {
    let pointer = match element.get("type")?.as_str()? {
        "text" => "/text/body",
        "link_preview" => "/link_preview/body",
        "reply" => {
            let title = element.pointer("/reply/buttons_reply/title");
            return title.or_else(|| element.pointer("/reply/list_reply/title"))?.as_str();
        }
        _ => return None,
    };
    element.pointer(pointer)?.as_str()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(payload: &Value) -> Webhook {
        parse(payload.to_string().as_bytes()).unwrap()
    }

    fn incoming(changes: &Value) -> Value {
        let mut message = json!({"id": "p.w30M7fgwWD4XwHu.g4CA-gBgTwl0rVw", "from_me": false,
            "type": "text", "chat_id": "24174000000@s.whatsapp.net", "timestamp": 1712995245,
            "source": "mobile", "text": {"body": "STOP"}, "from": "24174000000",
            "from_name": "Awa"});
        for (name, value) in changes.as_object().unwrap() {
            message[name] = value.clone();
        }
        json!({"messages": [message], "event": {"type": "messages", "event": "post"},
            "channel_id": "MANTIS-M72HC"})
    }

    #[test]
    fn a_status_is_read_as_the_provider_documents_it() {
        let webhook = read(&json!({"statuses": [{"id": "p.w30M7fgwWD4XwHu.g4CA-gBgTwl0rVw",
            "code": 4, "status": "read", "recipient_id": "24174000000@s.whatsapp.net",
            "timestamp": "1712995290"}], "event": {"type": "statuses", "event": "post"},
            "channel_id": "MANTIS-M72HC"}));
        let update = StatusUpdate {
            message_id: "p.w30M7fgwWD4XwHu.g4CA-gBgTwl0rVw".to_owned(),
            status: Status::Read,
            at: Some(1_712_995_290),
        };
        assert_eq!(webhook, Webhook { statuses: vec![update], ..Webhook::default() });
    }

    #[test]
    fn a_text_is_read_and_no_debug_output_shows_it() {
        let webhook = read(&incoming(&json!({})));
        let text = &webhook.incoming[0];
        assert_eq!((text.from.as_str(), text.text.as_str()), ("24174000000", "STOP"));
        assert_eq!((text.at, webhook.unknown), (Some(1_712_995_245), 0));
        let shown = format!("{webhook:?}");
        assert!(!shown.contains("STOP") && !shown.contains("241"), "{shown}");
    }

    #[test]
    fn a_button_and_a_text_with_a_link_are_texts_too() {
        let button = json!({"type": "reply",
            "reply": {"type": "buttons_reply", "buttons_reply": {"id": "x", "title": "STOP"}}});
        assert_eq!(read(&incoming(&button)).incoming[0].text, "STOP");
        let link = json!({"type": "link_preview", "link_preview": {"body": "https://a.example"}});
        assert_eq!(read(&incoming(&link)).incoming[0].text, "https://a.example");
    }

    #[test]
    fn groups_hidden_numbers_and_pictures_are_counted_and_left_out() {
        for changes in [
            json!({"chat_id": "120363039326117111@g.us"}),
            json!({"chat_id": "99887766554433@lid", "from": "99887766554433"}),
            json!({"from": "a24174000000"}),
            json!({"from": ""}),
            json!({"type": "image"}),
            json!({"type": 3}),
            json!({"text": {}}),
            json!({"id": ""}),
            json!({"from_me": null}),
        ] {
            let webhook = read(&incoming(&changes));
            assert_eq!((webhook.incoming.len(), webhook.unknown), (0, 1), "{changes}");
        }
        let hidden = json!({"chat_id": "99887766554433@lid"});
        assert_eq!(read(&incoming(&hidden)).incoming[0].from, "24174000000");
    }

    #[test]
    fn our_own_messages_are_told_apart() {
        let webhook = read(&incoming(&json!({"from_me": true, "status": "sent"})));
        assert!(webhook.incoming.is_empty());
        assert_eq!(webhook.outgoing[0].body, "STOP");
    }

    #[test]
    fn unknown_events_are_counted_and_the_known_ones_beside_them_are_read() {
        let webhook = read(&json!({
            "statuses": [{"id": "abcd-efgh", "status": "teleported"}, {"id": "abcd-efgh", "status": "sent"},
                {"status": "sent"}, 7, null],
            "chats": [{}, {}], "health": {}, "messages": {}, "event": {}, "channel_id": "x"}));
        assert_eq!((webhook.statuses.len(), webhook.unknown), (1, 8));
        assert_eq!(webhook.statuses[0].at, None);
        assert_eq!(read(&json!({})), Webhook::default());
    }

    #[test]
    fn limits_hold() {
        let status = json!({"id": "abcd-efgh", "status": "sent"});
        let many = read(&json!({"statuses": vec![status; MAX_ELEMENTS + 5]}));
        assert_eq!((many.statuses.len(), many.unknown), (MAX_ELEMENTS, 5));
        let long = read(&incoming(&json!({"text": {"body": "é".repeat(5000)}})));
        assert_eq!(long.incoming[0].text.chars().count(), MAX_TEXT_CHARACTERS);
        assert_eq!(parse(&vec![b' '; MAX_BYTES + 1]), Err(WebhookError::TooLarge));
        for broken in ["", "[]", "3", "{", "\u{0}"] {
            assert_eq!(parse(broken.as_bytes()), Err(WebhookError::NotJson), "{broken}");
        }
        let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
        assert_eq!(parse(deep.as_bytes()), Err(WebhookError::NotJson));
    }
}
