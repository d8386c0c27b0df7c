//! What the stand-in posts, read by the crate.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use providers::whapi::{Contract, Settings, Webhook, Whapi};
use tokio::net::TcpListener;
use whapi::{Status, webhook};

use crate::common::{AWA, client, send};

/// Everything that was posted, and how many posts are still to be refused.
#[derive(Default)]
struct Inbox {
    payloads: Mutex<Vec<Bytes>>,
    refuse: Mutex<usize>,
}

async fn receive(
    State(inbox): State<Arc<Inbox>>,
    headers: HeaderMap,
    payload: Bytes,
) -> StatusCode {
    if headers.get("x-secret").is_none_or(|secret| secret != "s3cret") {
        return StatusCode::UNAUTHORIZED;
    }
    let mut refuse = inbox.refuse.lock().unwrap();
    if *refuse > 0 {
        *refuse -= 1;
        return StatusCode::SERVICE_UNAVAILABLE;
    }
    inbox.payloads.lock().unwrap().push(payload);
    StatusCode::OK
}

impl Inbox {
    async fn start() -> (Arc<Self>, Webhook) {
        let inbox = Arc::new(Self::default());
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let webhook = Webhook {
            url: format!("http://{}/api/hooks/whapi", listener.local_addr().unwrap()),
            header: Some(("x-secret".to_owned(), "s3cret".to_owned())),
            seed: 1,
            twice: 0.0,
            backwards: 0.0,
            dropped: 0.0,
            failed: 0.0,
            delay_milliseconds: (0, 2),
            batch: 3,
            retries: 3,
        };
        let router =
            Router::new().route("/api/hooks/whapi", post(receive)).with_state(Arc::clone(&inbox));
        tokio::spawn(async move { axum::serve(listener, router).await });
        (inbox, webhook)
    }

    fn read(&self) -> Vec<webhook::Webhook> {
        let contract = Contract::new().unwrap();
        let payloads = self.payloads.lock().unwrap();
        payloads
            .iter()
            .map(|payload| {
                let json = &json_of(payload);
                assert_eq!(contract.webhook_faults(json), Vec::<String>::new());
                webhook::parse(payload).unwrap()
            })
            .collect()
    }
}

fn json_of(payload: &[u8]) -> serde_json::Value {
    serde_json::from_slice(payload).unwrap()
}

/// Sends `count` messages and returns each one's statuses in the order in which they were posted.
async fn statuses(change: impl FnOnce(&mut Webhook), count: usize) -> Vec<Vec<Status>> {
    let server = Whapi::start().await.unwrap();
    let (inbox, mut webhook) = Inbox::start().await;
    change(&mut webhook);
    server.webhook(Some(webhook));
    let client = client(&server);
    for _ in 0..count {
        send(&client).await;
    }
    settled(&server).await;
    let mut by_message: BTreeMap<String, Vec<Status>> = BTreeMap::new();
    for webhook in inbox.read() {
        assert_eq!(webhook.unknown, 0);
        for update in webhook.statuses {
            assert!(update.at.is_some());
            by_message.entry(update.message_id).or_default().push(update.status);
        }
    }
    for id in by_message.keys() {
        assert!(server.book().iter().any(|accepted| accepted.id == *id));
    }
    by_message.into_values().collect()
}

async fn settled(server: &Whapi) {
    server.delivered().wait_for(|delivered| delivered.pending == 0).await.unwrap();
}

#[tokio::test]
async fn statuses_come_in_order_twice_backwards_or_never_as_told() {
    use Status::{Delivered, Failed, Read, Sent};
    assert_eq!(statuses(|_| {}, 2).await, vec![vec![Sent, Delivered, Read]; 2]);
    let twice = statuses(|webhook| webhook.twice = 1.0, 1).await;
    assert_eq!(twice, [[Sent, Sent, Delivered, Delivered, Read, Read]]);
    let backwards = statuses(|webhook| webhook.backwards = 1.0, 1).await;
    assert_eq!(backwards, [[Read, Delivered, Sent]]);
    assert_eq!(statuses(|webhook| webhook.failed = 1.0, 1).await, [[Failed]]);
    assert_eq!(statuses(|webhook| webhook.dropped = 1.0, 3).await, Vec::<Vec<Status>>::new());
}

#[tokio::test]
async fn a_payload_that_is_not_taken_is_posted_again() {
    let server = Whapi::start().await.unwrap();
    let (inbox, webhook) = Inbox::start().await;
    *inbox.refuse.lock().unwrap() = 1;
    server.webhook(Some(Webhook { batch: 1, ..webhook }));
    server.receive(AWA, "STOP");
    settled(&server).await;
    let read = inbox.read();
    assert_eq!((read.len(), read[0].incoming[0].text.as_str()), (1, "STOP"));
    let delivered = *server.delivered().borrow();
    assert_eq!((delivered.delivered, delivered.requests), (1, 2));
}

#[tokio::test]
async fn a_number_may_fail_after_it_was_accepted() {
    let server = Whapi::start().await.unwrap();
    let (inbox, webhook) = Inbox::start().await;
    server.webhook(Some(webhook));
    server.set(Settings { failing: Some(vec![AWA.to_owned()]), ..Settings::default() });
    send(&client(&server)).await;
    settled(&server).await;
    assert_eq!(inbox.read()[0].statuses[0].status, Status::Failed);
    assert_eq!(server.book()[0].status, "failed");
}

#[tokio::test]
async fn a_text_comes_with_its_sender() {
    let server = Whapi::start().await.unwrap();
    let (inbox, webhook) = Inbox::start().await;
    server.webhook(Some(webhook));
    let id = server.receive(AWA, "Arrêt");
    settled(&server).await;
    let text = inbox.read()[0].incoming[0].clone();
    assert_eq!((text.id, text.from.as_str(), text.text.as_str()), (id, AWA, "Arrêt"));
    assert!(text.at.is_some());
}
