//! A client, an e-mail and a timer that never sleeps.

use std::sync::Arc;

use providers::messages::Events;
use providers::resend::Resend;
use resend::{ApiKey, Client, Email, SendOutcome, Timer};
use tokio::sync::watch;

/// The API key no output may show.
pub const API_KEY: &str = "re_test_0123456789";

/// The idempotency key.
pub const KEY: &str = "0198a9f0-0000-7000-8000-000000000001";

pub const EMAIL: Email<'static> = Email {
    from: "Académie <bonjour@example.org>",
    to: "awa@example.org",
    reply_to: Some("equipe@example.org"),
    subject: "Votre inscription",
    text: "Bonjour Awa",
    html: "<p>Bonjour Awa</p>",
};

/// A deadline that passes when the stand-in says that the request hangs, and else never.
pub fn timer(events: watch::Receiver<Events>) -> Timer {
    Arc::new(move |_deadline| {
        let mut events = events.clone();
        Box::pin(async move {
            let before = events.borrow().stalled;
            events.wait_for(|events| events.stalled > before).await.unwrap();
        })
    })
}

/// A timer that never ends.
pub fn patient() -> Timer {
    Arc::new(|_deadline| Box::pin(std::future::pending()))
}

pub fn client(server: &Resend) -> Client {
    client_with(server, timer(server.events()))
}

pub fn client_with(server: &Resend, timer: Timer) -> Client {
    let key = ApiKey::new(API_KEY).unwrap();
    Client::new(reqwest::Client::new(), &server.url, key, timer).unwrap()
}

/// Sends the e-mail; whatever comes of it shows neither whom nor what.
pub async fn send(client: &Client) -> SendOutcome {
    let outcome = client.send_email(KEY, &EMAIL, resend::DEADLINE).await;
    let shown = format!("{outcome:?}");
    for secret in [API_KEY, "awa@", "Awa", "Bonjour"] {
        assert!(!shown.contains(secret), "{shown}");
    }
    outcome
}
