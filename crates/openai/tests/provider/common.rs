//! A client, options and a timer that never sleeps.

use std::cell::{Cell, RefCell};
use std::time::Duration;

use mcq::{Language, Page, Question, Reviewed};
use openai::{ApiKey, Client, Host, Limits, Options};
use providers::openai::{Events, OpenAi};
pub use providers::sample::beekeeping as pages;
use tokio::sync::watch;

/// The key no error may show.
pub const KEY: &str = "sk-test-0123456789";

/// Waits pass at once and are written down; a request's deadline passes when the stand-in says that
/// the request hangs, and else never.
pub struct Virtual {
    deadline: Duration,
    events: watch::Receiver<Events>,
    expired: Cell<usize>,
    waits: RefCell<Vec<Duration>>,
}

impl Virtual {
    pub fn new(server: &OpenAi, options: &Options) -> Self {
        Self {
            deadline: options.limits.request_deadline,
            events: server.events(),
            expired: Cell::new(0),
            waits: RefCell::default(),
        }
    }

    /// Seconds waited between requests.
    pub fn waits(&self) -> Vec<u64> {
        self.waits.borrow().iter().map(Duration::as_secs).collect()
    }
}

impl Host for Virtual {
    async fn sleep(&self, duration: Duration) {
        if duration == self.deadline {
            let mut events = self.events.clone();
            let expired = self.expired.get();
            events.wait_for(|events| events.stalled > expired).await.unwrap();
            self.expired.set(expired + 1);
        } else {
            self.waits.borrow_mut().push(duration);
        }
    }

    fn review(
        &self,
        candidates: &[Question],
        pages: &[Page],
        language: Language,
    ) -> Option<Reviewed> {
        Some(mcq::review(candidates.to_vec(), pages, language))
    }
}

pub fn client(server: &OpenAi) -> Client {
    Client::new(reqwest::Client::new(), &server.url, ApiKey::new(KEY).unwrap()).unwrap()
}

pub fn options(count: usize) -> Options {
    Options {
        count,
        language: Language::Fr,
        model: openai::DEFAULT_MODEL.to_owned(),
        seed: 0,
        limits: Limits::default(),
    }
}
