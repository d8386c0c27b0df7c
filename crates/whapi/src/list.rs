//! `GET /messages/list` and `GET /messages/list/{ChatID}`: what the provider really has.

use std::collections::BTreeSet;
use std::fmt;

use serde_json::Value;

use crate::client::{Client, json};
use crate::error::Error;
use crate::send::is_id;
use crate::status::Status;

/// Messages asked for at once; the contract allows 500. A page must stay well below the memory of
/// a Worker, and messages may carry pictures.
pub const PAGE: usize = 200;

/// Pages that are read at most: ten thousand messages are a day of a busy academy.
pub const MAX_PAGES: usize = 50;

/// Largest page that is read.
const MAX_PAGE_BYTES: usize = 8 << 20;

/// Which messages to list.
#[derive(Clone, Copy, Default)]
pub struct ListQuery<'a> {
    /// One chat (`24174000000@s.whatsapp.net`), or the whole channel without.
    ///
    /// WhatsApp's identifier of a person is not always their number: people who kept an old account
    /// through a change of numbering (Benin 2024) are known by their old number, and some by none.
    /// [`Client::check_numbers`] gives the identifier. A chat that is not found proves nothing.
    pub chat_id: Option<&'a str>,
    /// From this moment on, in Unix seconds. Whapi's clock is not ours: leave a margin.
    pub since: i64,
    /// Up to this moment, where there is an end.
    pub until: Option<i64>,
}

impl fmt::Debug for ListQuery<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("ListQuery")
            .field("since", &self.since)
            .field("until", &self.until)
            .finish_non_exhaustive()
    }
}

/// A message as the list shows it.
#[derive(Clone, PartialEq, Eq)]
pub struct ListedMessage {
    /// Whapi's identifier.
    pub id: String,
    /// The chat it is in.
    pub chat_id: String,
    /// Its text; empty where it has none, as a picture.
    pub body: String,
    /// Whether it is one of ours.
    pub from_me: bool,
    /// When, in Unix seconds.
    pub timestamp: i64,
    /// Its state, where told.
    pub status: Option<Status>,
}

impl fmt::Debug for ListedMessage {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("ListedMessage")
            .field("id", &self.id)
            .field("from_me", &self.from_me)
            .field("timestamp", &self.timestamp)
            .field("status", &self.status)
            .finish_non_exhaustive()
    }
}

/// What was listed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Listing {
    /// Each message once, oldest first.
    pub messages: Vec<ListedMessage>,
    /// Whether this is all there is: the end was reached and every element was understood. Only
    /// then does a message that is not here not exist.
    pub complete: bool,
}

impl Listing {
    fn add(&mut self, page: &[Value], seen: &mut BTreeSet<String>) {
        for element in page {
            match read_message(element) {
                Some(message) if seen.insert(message.id.clone()) => self.messages.push(message),
                Some(_) => {}
                // It could be the one that is looked for.
                None => self.complete = false,
            }
        }
    }
}

impl Client {
    /// Reads the list from its start to its end, page by page.
    ///
    /// Nothing but the times is filtered by the provider, and the next page begins after as many
    /// elements as really came: the contract does not say whether other filters are applied before
    /// or after a page is cut, and a short page would then look like the end. So the end is an
    /// empty page.
    ///
    /// # Errors
    /// See [`Error`]. A page that fails fails the whole listing: half of it proves nothing.
    pub async fn list_messages(&self, query: ListQuery<'_>) -> Result<Listing, Error> {
        let mut listing = Listing { messages: Vec::new(), complete: true };
        let mut seen = BTreeSet::new();
        let mut offset = 0;
        for _ in 0..MAX_PAGES {
            let page = self.page(query, offset).await?;
            if page.is_empty() {
                return Ok(listing);
            }
            offset += page.len();
            listing.add(&page, &mut seen);
        }
        listing.complete = false;
        Ok(listing)
    }

    async fn page(&self, query: ListQuery<'_>, offset: usize) -> Result<Vec<Value>, Error> {
        let mut address = match query.chat_id {
            Some(chat) => self.address(&["messages", "list", chat]),
            None => self.address(&["messages", "list"]),
        };
        {
            let mut pairs = address.query_pairs_mut();
            pairs.append_pair("count", &PAGE.to_string());
            pairs.append_pair("offset", &offset.to_string());
            pairs.append_pair("time_from", &query.since.to_string());
            if let Some(until) = query.until {
                pairs.append_pair("time_to", &until.to_string());
            }
            // The oldest first: what is sent meanwhile comes after the pages that were read.
            pairs.append_pair("sort", "asc");
        }
        let answer = self.get(address, MAX_PAGE_BYTES).await;
        if let (Some(_), Ok(answer)) = (query.chat_id, &answer)
            && answer.status == 404
            && is_about_the_chat(answer.body.as_deref())
        {
            return Err(Error::ChatNotFound);
        }
        match json(answer)?.get_mut("messages").map(Value::take) {
            Some(Value::Array(elements)) => Ok(elements),
            _ => Err(Error::Unreadable),
        }
    }
}

/// A missing channel is a 404 too, and says nothing of the chat.
fn is_about_the_chat(body: Option<&[u8]>) -> bool {
    let body: Value = serde_json::from_slice(body.unwrap_or_default()).unwrap_or_default();
    let message = body.pointer("/error/message").and_then(Value::as_str).unwrap_or_default();
    message.to_ascii_lowercase().contains("chat")
}

/// One `Message` of the contract; `None` where it lacks what the contract requires, or where it is
/// a text without words.
pub(crate) fn read_message(element: &Value) -> Option<ListedMessage> {
    let text = |name: &str| element.get(name).and_then(Value::as_str);
    let kind = text("type")?;
    let body = element.get(kind).and_then(|content| content.get("body")).and_then(Value::as_str);
    // Whapi turns a text with a link into a `link_preview`.
    if body.is_none() && matches!(kind, "text" | "link_preview") {
        return None;
    }
    Some(ListedMessage {
        id: text("id").filter(|id| is_id(id))?.to_owned(),
        chat_id: text("chat_id")?.to_owned(),
        body: body.unwrap_or_default().to_owned(),
        from_me: element.get("from_me")?.as_bool()?,
        timestamp: seconds(element.get("timestamp")?)?,
        status: text("status").and_then(Status::parse),
    })
}

/// No message is from the year 5138 or later: a greater number is in milliseconds.
const LATEST: i64 = 100_000_000_000;

/// A moment in Unix seconds: messages tell it as a number, statuses as text.
pub(crate) fn seconds(value: &Value) -> Option<i64> {
    let number = match value {
        Value::String(text) => text.trim().parse().ok()?,
        // A fraction is cut off, and what is out of bounds stays out of bounds.
        other => other.as_i64().or_else(|| other.as_f64().map(|number| number as i64))?,
    };
    let number = if number > LATEST { number / 1000 } else { number };
    (0..LATEST).contains(&number).then_some(number)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn texts_are_read_with_and_without_a_preview() {
        for kind in ["text", "link_preview"] {
            let element = json!({"id": "abcd-efgh", "type": kind, "chat_id": "241@s.whatsapp.net",
                "from_me": true, "timestamp": 1712995245, "status": "read",
                kind: {"body": "Bonjour", "view_once": false}, "source": "api", "new": {}});
            let message = read_message(&element).unwrap();
            assert_eq!((message.body.as_str(), message.from_me), ("Bonjour", true));
            assert_eq!((message.timestamp, message.status), (1_712_995_245, Some(Status::Read)));
            let shown = format!("{message:?}");
            assert!(!shown.contains("Bonjour") && !shown.contains("241"), "{shown}");
            for missing in ["id", "type", "chat_id", "from_me", "timestamp", kind] {
                let mut broken = element.clone();
                broken.as_object_mut().unwrap().remove(missing);
                assert_eq!(read_message(&broken), None, "{missing}");
            }
        }
        let picture = json!({"id": "abcd-efgh", "type": "image", "chat_id": "c", "from_me": false,
            "timestamp": 1});
        assert_eq!(read_message(&picture).unwrap().body, "");
    }

    #[test]
    fn a_list_with_something_unreadable_in_it_is_not_complete_and_repetitions_count_once() {
        let element = json!({"id": "abcd-efgh", "type": "text", "chat_id": "c", "from_me": true,
            "timestamp": 1, "text": {"body": "Bonjour"}});
        let mut listing = Listing { messages: Vec::new(), complete: true };
        let mut seen = BTreeSet::new();
        listing.add(&[element.clone(), element.clone()], &mut seen);
        listing.add(&[element], &mut seen);
        assert_eq!((listing.messages.len(), listing.complete), (1, true));
        listing.add(&[json!({"id": "abcd-efgi"})], &mut seen);
        assert_eq!((listing.messages.len(), listing.complete), (1, false));
    }

    #[test]
    fn moments_are_read_in_every_form() {
        for (value, expected) in [
            (json!(1712995245), Some(1_712_995_245)),
            (json!("1712995290"), Some(1_712_995_290)),
            (json!(1712995290.7), Some(1_712_995_290)),
            (json!(1_712_995_290_123_u64), Some(1_712_995_290)),
            (json!("soon"), None),
            (json!("17e8"), None),
            (json!(1e300), None),
            (json!(i64::MAX), None),
            (json!(u64::MAX), None),
            (json!(-1), None),
            (json!(null), None),
        ] {
            assert_eq!(seconds(&value), expected, "{value}");
        }
    }
}
