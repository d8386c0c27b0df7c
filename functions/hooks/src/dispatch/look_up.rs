//! Uncertain messages: Whapi's own list says whether it has them.

use super::WHY;
use crate::moment;
use edge::App;
use messaging::{reference, reference_in};
use serde_json::{Value, json};
use std::collections::HashMap;
use supabase::{Identity, sendable};
use uuid::Uuid;
use whapi::ListQuery;

/// Whapi's clock is not that of the database.
const BEFORE_SECONDS: i64 = 900;
/// A request that nobody waited for any more may have been accepted as late as this.
const AFTER_SECONDS: i64 = 900;

/// A message that may have been sent, leased to be looked up.
pub(super) struct Uncertain {
    id: Uuid,
    /// Unix seconds.
    attempt_started_at: Option<i64>,
}

impl Uncertain {
    /// An element of a claim.
    pub(super) fn read(message: &Value) -> Option<Self> {
        let started = message.get("attempt_started_at").and_then(Value::as_str);
        Some(Self {
            id: Uuid::parse_str(message.get("id")?.as_str()?).ok()?,
            attempt_started_at: started.and_then(moment::read),
        })
    }
}

/// Looks for these messages in the list of the channel and says what was found.
///
/// The list of the whole channel is read, not that of a chat: WhatsApp files some people's messages
/// under another number. A message is ours when it ends with the reference of its row; it is proven
/// absent when the list was read to its end. What lies far apart in time is read apart.
pub(super) async fn look_up(
    app: &App,
    whapi: &whapi::Client,
    dispatcher: &str,
    uncertain: Vec<Uncertain>,
) {
    let mut wanted: Vec<(Option<i64>, Uuid)> =
        uncertain.into_iter().map(|message| (message.attempt_started_at, message.id)).collect();
    wanted.sort_unstable();
    let apart = |earlier: &(Option<i64>, Uuid), later: &(Option<i64>, Uuid)| {
        matches!((earlier.0, later.0), (Some(earlier), Some(later))
            if later - earlier <= BEFORE_SECONDS + AFTER_SECONDS)
    };
    let mut results = Vec::with_capacity(wanted.len());
    for group in wanted.chunk_by(apart) {
        let times = group.first().zip(group.last()).map(|(first, last)| (first.0, last.0));
        let found = match times {
            Some((Some(first), Some(last))) => list(app, whapi, first, last).await,
            _ => None,
        };
        results.extend(group.iter().map(|(_, id)| match &found {
            Some((ids, complete)) => match ids.get(&reference(*id)) {
                Some(provider) => {
                    json!({ "id": id, "found": true, "provider_message_id": provider })
                }
                None => json!({ "id": id, "found": complete.then_some(false) }),
            },
            None => json!({ "id": id, "found": null }),
        }));
    }
    let arguments = json!({ "dispatcher": dispatcher, "results": results });
    let resolved: Result<Value, _> =
        app.project().rpc(Identity::Service(WHY), "resolve_uncertain_messages", &arguments).await;
    if let Err(error) = resolved {
        log(app, "what was looked up could not be recorded", &error);
    }
}

/// Our messages of this time by their references, and whether these are all.
async fn list(
    app: &App,
    whapi: &whapi::Client,
    first: i64,
    last: i64,
) -> Option<(HashMap<String, String>, bool)> {
    let query = ListQuery {
        chat_id: None,
        since: first - BEFORE_SECONDS,
        until: Some(last + AFTER_SECONDS),
    };
    match sendable(whapi.list_messages(query)).await {
        Ok(listing) => {
            let ours = listing.messages.into_iter().filter(|message| message.from_me);
            let ids = ours
                .filter_map(|message| Some((reference_in(&message.body)?.to_owned(), message.id)))
                .collect();
            Some((ids, listing.complete))
        }
        Err(error) => {
            log(app, "Whapi's list could not be read", &error);
            None
        }
    }
}

fn log(app: &App, message: &str, cause: &dyn std::fmt::Display) {
    let line = json!({ "message": message, "level": "error", "error.cause": cause.to_string() });
    app.platform().log(&line.to_string());
}
