//! Posting statuses and texts to us, as unruly as told.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::{Mutex, Weak};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio::sync::{Notify, watch};
use tokio::time::Instant;

use super::Stand;
use super::book::Message;
use crate::messages::{hash, unit};
use crate::openai::lock;

/// Where webhooks go, and what happens to them on the way. Probabilities from 0 to 1; what a message
/// meets depends on the seed and its identifier alone.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Webhook {
    /// Where they are posted.
    pub url: String,
    /// The secret header: its name and its value.
    #[serde(default)]
    pub header: Option<(String, String)>,
    /// Another seed, other mischief.
    #[serde(default)]
    pub seed: u64,
    /// That a message's statuses come twice.
    #[serde(default)]
    pub twice: f64,
    /// That they come backwards.
    #[serde(default)]
    pub backwards: f64,
    /// That one of them never comes; each by itself.
    #[serde(default)]
    pub dropped: f64,
    /// That a message fails instead of arriving.
    #[serde(default)]
    pub failed: f64,
    /// The shortest and the longest time between two statuses of a message, in milliseconds.
    #[serde(default)]
    pub delay_milliseconds: (u64, u64),
    /// Statuses in one payload at most.
    #[serde(default = "ten")]
    pub batch: usize,
    /// How often a payload that was not answered by 2xx is posted again.
    #[serde(default = "three")]
    pub retries: u32,
}

fn ten() -> usize {
    10
}

fn three() -> u32 {
    3
}

/// What has become of the webhooks.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Delivered {
    /// Elements (statuses, texts) that are still to be posted.
    pub pending: usize,
    /// Elements that were answered by 2xx.
    pub delivered: usize,
    /// Elements that were dropped as told.
    pub dropped: usize,
    /// Elements that were never answered by 2xx.
    pub given_up: usize,
    /// Requests made.
    pub requests: usize,
}

/// Time between two attempts of the same payload.
const RETRY_PAUSE: Duration = Duration::from_millis(500);

/// One element under way.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Letter {
    due: Instant,
    order: u64,
    list: &'static str,
    /// The element's JSON, as text because it must have an order.
    element: String,
    /// What becomes of the message in the list at that moment.
    state: Option<(String, &'static str)>,
    lost: bool,
    attempts: u32,
}

#[derive(Debug, Default)]
struct Desk {
    webhook: Option<Webhook>,
    letters: BinaryHeap<Reverse<Letter>>,
    order: u64,
}

#[derive(Debug, Default)]
pub(crate) struct Postman {
    desk: Mutex<Desk>,
    news: Notify,
    delivered: watch::Sender<Delivered>,
}

/// A status at its time after the message was accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Step {
    after: Duration,
    status: &'static str,
    lost: bool,
}

/// The statuses of one message, in the order in which they are posted.
fn plan(webhook: &Webhook, id: &str, fails: bool) -> Vec<Step> {
    let chance = |what: &str, nth: usize| {
        unit(hash(webhook.seed, &[id.as_bytes(), what.as_bytes(), &nth.to_le_bytes()]))
    };
    let mut statuses = if fails || chance("failed", 0) < webhook.failed {
        vec!["failed"]
    } else {
        vec!["sent", "delivered", "read"]
    };
    if chance("backwards", 0) < webhook.backwards {
        statuses.reverse();
    }
    let copies = if chance("twice", 0) < webhook.twice { 2 } else { 1 };
    let (shortest, longest) = webhook.delay_milliseconds;
    let spread = longest.saturating_sub(shortest) as f64;
    let mut after = Duration::ZERO;
    let mut steps = Vec::new();
    for status in statuses.iter().flat_map(|status| std::iter::repeat_n(*status, copies)) {
        let nth = steps.len();
        after += Duration::from_millis(shortest + (chance("delay", nth) * spread) as u64);
        steps.push(Step { after, status, lost: chance("dropped", nth) < webhook.dropped });
    }
    steps
}

/// WhatsApp's numbers of the states, as webhooks carry them.
fn code(status: &str) -> u8 {
    match status {
        "failed" => 0,
        "pending" => 1,
        "sent" => 2,
        "delivered" => 3,
        _ => 4,
    }
}

impl Postman {
    pub(crate) fn configure(&self, webhook: Option<Webhook>) {
        lock(&self.desk).webhook = webhook;
        self.news.notify_one();
    }

    pub(crate) fn delivered(&self) -> watch::Receiver<Delivered> {
        self.delivered.subscribe()
    }

    pub(crate) fn forget(&self) {
        lock(&self.desk).letters.clear();
        self.delivered.send_replace(Delivered::default());
    }

    /// Schedules the statuses of an accepted message.
    pub(crate) fn post_statuses(&self, message: &Message, fails: bool) {
        let mut desk = lock(&self.desk);
        let Some(webhook) = desk.webhook.clone() else { return };
        let now = Instant::now();
        for step in plan(&webhook, &message.id, fails) {
            let at = message.at / 1000 + step.after.as_secs();
            let element = json!({
                "id": message.id,
                "code": code(step.status),
                "status": step.status,
                "recipient_id": message.chat,
                "timestamp": at.to_string(),
            });
            let state = Some((message.id.clone(), step.status));
            self.add(&mut desk, now + step.after, "statuses", &element, state, step.lost);
        }
        drop(desk);
        self.news.notify_one();
    }

    /// Posts a message somebody wrote.
    pub(crate) fn post_message(&self, message: &Message) {
        let mut desk = lock(&self.desk);
        if desk.webhook.is_none() {
            return;
        }
        let mut element = message.json();
        if let Some(members) = element.as_object_mut() {
            members.insert("from_name".to_owned(), json!("Awa"));
        }
        self.add(&mut desk, Instant::now(), "messages", &element, None, false);
        drop(desk);
        self.news.notify_one();
    }

    fn add(
        &self,
        desk: &mut Desk,
        due: Instant,
        list: &'static str,
        element: &Value,
        state: Option<(String, &'static str)>,
        lost: bool,
    ) {
        let order = desk.order;
        desk.order += 1;
        let element = element.to_string();
        desk.letters.push(Reverse(Letter { due, order, list, element, state, lost, attempts: 0 }));
        self.delivered.send_modify(|delivered| delivered.pending += 1);
    }

    /// The letters that go out together now, or when to look again.
    fn take(&self) -> Result<(Webhook, Vec<Letter>), Option<Instant>> {
        let mut desk = lock(&self.desk);
        let Some(webhook) = desk.webhook.clone() else { return Err(None) };
        let now = Instant::now();
        let mut letters: Vec<Letter> = Vec::new();
        while let Some(Reverse(next)) = desk.letters.peek() {
            let together = letters.first().is_none_or(|first| first.list == next.list);
            if next.due > now || !together || letters.len() >= webhook.batch.max(1) {
                break;
            }
            letters.extend(desk.letters.pop().map(|Reverse(letter)| letter));
        }
        if letters.is_empty() {
            return Err(desk.letters.peek().map(|Reverse(next)| next.due));
        }
        Ok((webhook, letters))
    }
}

/// Posts what is due until the stand-in is gone: one payload after the other, so that the order
/// told is the order that comes.
pub(crate) async fn deliver(stand: Weak<Stand>) {
    let Ok(client) = reqwest::Client::builder().timeout(Duration::from_secs(30)).build() else {
        return;
    };
    loop {
        let Some(here) = stand.upgrade() else { return };
        match here.postman.take() {
            Ok((webhook, letters)) => post(&here, &client, &webhook, letters).await,
            Err(due) => {
                // Looked at again after a while, so that a dropped stand-in does not wait for ever.
                let soon = Instant::now() + Duration::from_secs(1);
                let until = due.map_or(soon, |due| due.min(soon));
                tokio::select! {
                    () = here.postman.news.notified() => {}
                    () = tokio::time::sleep_until(until) => {}
                }
            }
        }
    }
}

async fn post(stand: &Stand, client: &reqwest::Client, webhook: &Webhook, letters: Vec<Letter>) {
    for (id, status) in letters.iter().filter_map(|letter| letter.state.as_ref()) {
        stand.book.set_status(id, status);
    }
    let (lost, letters): (Vec<Letter>, Vec<Letter>) =
        letters.into_iter().partition(|letter| letter.lost);
    stand.postman.delivered.send_modify(|delivered| {
        delivered.pending -= lost.len().min(delivered.pending);
        delivered.dropped += lost.len();
    });
    let Some(list) = letters.first().map(|letter| letter.list) else { return };
    let elements: Vec<Value> =
        letters.iter().filter_map(|letter| serde_json::from_str(&letter.element).ok()).collect();
    let payload = json!({
        list: elements,
        "event": { "type": list, "event": "post" },
        "channel_id": "MANTIS-M72HC",
    });
    let mut request = client.post(&webhook.url).json(&payload);
    if let Some((name, value)) = &webhook.header {
        request = request.header(name, value);
    }
    let answered = request.send().await.is_ok_and(|answer| answer.status().is_success());
    let postman = &stand.postman;
    postman.delivered.send_modify(|delivered| delivered.requests += 1);
    for mut letter in letters {
        letter.attempts += 1;
        if answered || letter.attempts > webhook.retries {
            postman.delivered.send_modify(|delivered| {
                delivered.pending -= 1.min(delivered.pending);
                let count =
                    if answered { &mut delivered.delivered } else { &mut delivered.given_up };
                *count += 1;
            });
        } else {
            letter.due = Instant::now() + RETRY_PAUSE * letter.attempts;
            letter.state = None;
            lock(&postman.desk).letters.push(Reverse(letter));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn webhook() -> Webhook {
        serde_json::from_value(json!({ "url": "http://127.0.0.1:1" })).unwrap()
    }

    fn statuses(webhook: &Webhook) -> Vec<&'static str> {
        plan(webhook, "abcd-efgh", false).iter().map(|step| step.status).collect()
    }

    #[test]
    fn statuses_come_in_order_twice_backwards_or_never_as_told() {
        assert_eq!(statuses(&webhook()), ["sent", "delivered", "read"]);
        let twice = Webhook { twice: 1.0, ..webhook() };
        assert_eq!(statuses(&twice), ["sent", "sent", "delivered", "delivered", "read", "read"]);
        let backwards = Webhook { backwards: 1.0, ..webhook() };
        assert_eq!(statuses(&backwards), ["read", "delivered", "sent"]);
        assert_eq!(statuses(&Webhook { failed: 1.0, ..webhook() }), ["failed"]);
        let failing = plan(&webhook(), "abcd-efgh", true);
        assert_eq!(failing.iter().map(|step| step.status).collect::<Vec<_>>(), ["failed"]);
        let dropped = Webhook { dropped: 1.0, ..webhook() };
        assert!(plan(&dropped, "abcd-efgh", false).iter().all(|step| step.lost));
    }

    #[test]
    fn a_plan_is_the_same_again_and_another_for_another_seed() {
        let unruly = Webhook {
            twice: 0.3,
            backwards: 0.3,
            dropped: 0.2,
            delay_milliseconds: (10, 500),
            ..webhook()
        };
        let plans = |webhook: &Webhook| -> Vec<Vec<Step>> {
            (0..200).map(|nth| plan(webhook, &format!("abcd-{nth:04}"), false)).collect()
        };
        assert_eq!(plans(&unruly), plans(&unruly));
        assert_ne!(plans(&unruly), plans(&Webhook { seed: 1, ..unruly.clone() }));
        for steps in plans(&unruly) {
            let times: Vec<Duration> = steps.iter().map(|step| step.after).collect();
            assert!(times.is_sorted() && times[0] >= Duration::from_millis(10));
        }
    }
}
