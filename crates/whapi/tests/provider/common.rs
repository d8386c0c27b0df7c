//! A client and a timer that never sleeps.

use std::sync::Arc;

use providers::messages::Events;
use providers::whapi::Whapi;
use tokio::sync::watch;
use whapi::{Client, SendOutcome, Timer, Token};

/// The token no output may show.
pub const TOKEN: &str = "whapi-test-0123456789";

/// Awa's number.
pub const AWA: &str = "24174000000";

/// The text no output may show.
pub const TEXT: &str = "Bonjour Awa, votre inscription est validée.\nRéf. 7F3K-2Q9D";

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

pub fn client(server: &Whapi) -> Client {
    client_at(server, &server.url)
}

pub fn client_at(server: &Whapi, url: &str) -> Client {
    let token = Token::new(TOKEN).unwrap();
    Client::new(reqwest::Client::new(), url, token, timer(server.events())).unwrap()
}

/// Sends the text to Awa; whatever comes of it shows neither of them.
pub async fn send(client: &Client) -> SendOutcome {
    let outcome = client.send_text(AWA, TEXT, whapi::DEADLINE).await;
    discreet(&outcome);
    outcome
}

pub fn discreet(shown: &impl std::fmt::Debug) {
    let shown = format!("{shown:?}");
    for secret in [TOKEN, AWA, "Awa", "7F3K"] {
        assert!(!shown.contains(secret), "{shown}");
    }
}
