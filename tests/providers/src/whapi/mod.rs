//! Whapi: `POST /messages/text`, the message lists, `POST /contacts`, and its webhooks.
//!
//! It accepts every request that keeps our contract, each time anew, as the real one does: a request
//! that is sent twice is a message that arrives twice, and stands twice in the book.

mod book;
mod contract;
mod control;
mod site;
mod webhook;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use serde::{Deserialize, Serialize};
use tokio::sync::watch;

pub use book::Accepted;
pub use contract::{Contract, published};
pub use webhook::{Delivered, Webhook};

use crate::messages::{self, Counts, Events, Fault, Port, Request, Stage, Storm};
use book::Book;
use webhook::Postman;

/// What can be set; what is left out stays as it is.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Time between accepting and answering.
    pub latency_milliseconds: Option<u64>,
    /// Time after which an accepted message is in the list.
    pub list_lag_milliseconds: Option<u64>,
    /// Numbers that WhatsApp does not know: refused at once.
    pub unknown: Option<Vec<String>>,
    /// Numbers whose messages are accepted, and fail later.
    pub failing: Option<Vec<String>>,
    /// Numbers that WhatsApp knows under another: `[["2290197000000", "22997000000"]]`.
    pub known_as: Option<Vec<(String, String)>>,
    /// The tokens that are accepted; empty, all are.
    pub tokens: Option<Vec<String>>,
}

#[derive(Debug)]
pub(crate) struct Stand {
    pub(crate) stage: Arc<Stage>,
    pub(crate) book: Book,
    pub(crate) postman: Postman,
    contract: Contract,
}

/// A running stand-in; it ends when this handle is dropped.
#[derive(Debug)]
pub struct Whapi {
    /// The base URL to configure.
    pub url: String,
    stand: Arc<Stand>,
}

impl Whapi {
    /// Starts on a free port of 127.0.0.1.
    ///
    /// # Errors
    /// Where no port can be had, or a contract is no schema.
    pub async fn start() -> anyhow::Result<Self> {
        Self::start_on(0).await
    }

    /// Starts on a given port of 127.0.0.1.
    ///
    /// # Errors
    /// Where the port cannot be had, or a contract is no schema.
    pub async fn start_on(port: u16) -> anyhow::Result<Self> {
        let stage = Stage::new(site::error);
        let stand = Arc::new(Stand {
            stage: Arc::clone(&stage),
            book: Book::default(),
            postman: Postman::default(),
            contract: Contract::new()?,
        });
        let site: Arc<dyn messages::Site> = stand.clone();
        stage.set_port(Port::open(port, site).await?);
        tokio::spawn(webhook::deliver(Arc::downgrade(&stand)));
        Ok(Self { url: stage.url(), stand })
    }

    /// The routes that script it from another process, below `/_control/whapi`.
    pub fn control(&self) -> Router {
        messages::control_routes("/_control/whapi", Arc::clone(&self.stand.stage))
            .merge(control::routes(Arc::clone(&self.stand)))
    }

    /// Faults for the next requests, in order; they go before the storm's.
    pub fn script(&self, faults: impl IntoIterator<Item = Fault>) {
        self.stand.stage.script(faults);
    }

    /// Begins or ends a storm.
    pub fn storm(&self, storm: Option<Storm>) {
        self.stand.stage.storm(storm);
    }

    /// Changes settings.
    pub fn set(&self, settings: Settings) {
        self.stand.set(settings);
    }

    /// Opens or closes the port; returns once that is so.
    pub async fn set_open(&self, open: bool) {
        self.stand.stage.set_open(open).await;
    }

    /// All requests so far.
    #[must_use]
    pub fn requests(&self) -> Vec<Request> {
        self.stand.stage.requests()
    }

    /// How much of what came.
    #[must_use]
    pub fn counts(&self) -> Counts {
        self.stand.stage.counts()
    }

    /// Everything that was accepted, in that order.
    #[must_use]
    pub fn book(&self) -> Vec<Accepted> {
        self.stand.book.from(0)
    }

    /// What happens to requests that hang.
    #[must_use]
    pub fn events(&self) -> watch::Receiver<Events> {
        self.stand.stage.events()
    }

    /// Lets stalled requests go on.
    pub fn release(&self) {
        self.stand.stage.release();
    }

    /// Where statuses and texts are posted, and how unruly; without, nothing is posted.
    pub fn webhook(&self, webhook: Option<Webhook>) {
        self.stand.postman.configure(webhook);
    }

    /// Somebody writes to us. Returns the message's identifier.
    pub fn receive(&self, from: &str, text: &str) -> String {
        self.stand.receive(from, text)
    }

    /// What has become of the webhooks.
    #[must_use]
    pub fn delivered(&self) -> watch::Receiver<Delivered> {
        self.stand.postman.delivered()
    }
}

impl Drop for Whapi {
    fn drop(&mut self) {
        self.stand.stage.end();
    }
}

impl Stand {
    fn set(&self, settings: Settings) {
        let milliseconds = Duration::from_millis;
        if let Some(latency) = settings.latency_milliseconds {
            self.stage.latency(milliseconds(latency));
        }
        if let Some(tokens) = settings.tokens {
            self.stage.tokens(tokens);
        }
        self.book.set(
            settings.list_lag_milliseconds.map(milliseconds),
            settings.unknown,
            settings.failing,
            settings.known_as,
        );
    }

    fn receive(&self, from: &str, text: &str) -> String {
        let message = self.book.receive(from, text);
        let id = message.id.clone();
        self.postman.post_message(&message);
        id
    }

    fn forget(&self) {
        self.stage.forget();
        self.book.forget();
        self.postman.forget();
    }
}
