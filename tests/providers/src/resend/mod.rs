//! Resend: `POST /emails` with its idempotency keys.

mod contract;
mod control;
mod site;

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use axum::Router;
use serde::{Deserialize, Serialize};
use tokio::sync::watch;

pub use contract::{Contract, published};

use crate::messages::{self, Counts, Events, Fault, Port, Request, Stage, Storm, hash};
use crate::openai::lock;

/// How long Resend remembers a key.
const KEY_LIFETIME: Duration = Duration::from_secs(24 * 60 * 60);

/// An e-mail that was accepted; a repetition with the same key adds none.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Accepted {
    /// Its identifier.
    pub id: String,
    /// The key it was sent with.
    pub key: String,
    /// The recipient.
    pub to: String,
    /// The sender.
    pub from: String,
    /// Its subject.
    pub subject: String,
    /// Its text.
    pub text: String,
    /// When, in milliseconds of Unix time; never before the one accepted before.
    pub accepted_at: u64,
    /// When, in milliseconds since the stand-in began; unmoved by changes of the clock.
    pub elapsed: u64,
    /// Which account sent it: a hash of the API key, not the API key.
    pub channel: String,
    /// How often it was answered again to a repetition.
    pub repeated: usize,
}

/// What can be set; what is left out stays as it is.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Time between accepting and answering.
    pub latency_milliseconds: Option<u64>,
    /// Time after which a key is forgotten; 24 hours at first.
    pub key_lifetime_milliseconds: Option<u64>,
    /// The domains that may send; empty, all may.
    pub domains: Option<Vec<String>>,
    /// The one address, besides Resend's own test addresses, that `…@resend.dev` may write to.
    pub own_address: Option<String>,
    /// The API keys that are accepted; empty, all are.
    pub tokens: Option<Vec<String>>,
}

#[derive(Debug)]
enum Key {
    UnderWay,
    Used { content: u64, position: usize, at: Instant },
}

#[derive(Debug, Default)]
struct Pages {
    emails: Vec<Accepted>,
    keys: HashMap<String, Key>,
    domains: Vec<String>,
    own_address: String,
    lifetime: Option<Duration>,
}

#[derive(Debug)]
pub(crate) struct Stand {
    pub(crate) stage: Arc<Stage>,
    began: Instant,
    pages: Mutex<Pages>,
    contract: Contract,
}

/// A running stand-in; it ends when this handle is dropped.
#[derive(Debug)]
pub struct Resend {
    /// The base URL to configure.
    pub url: String,
    stand: Arc<Stand>,
}

impl Resend {
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
            began: Instant::now(),
            pages: Mutex::default(),
            contract: Contract::new()?,
        });
        let site: Arc<dyn messages::Site> = stand.clone();
        stage.set_port(Port::open(port, site).await?);
        Ok(Self { url: stage.url(), stand })
    }

    /// The routes that script it from another process, below `/_control/resend`.
    pub fn control(&self) -> Router {
        messages::control_routes("/_control/resend", Arc::clone(&self.stand.stage))
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
        self.stand.book(0)
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
}

impl Drop for Resend {
    fn drop(&mut self) {
        self.stand.stage.end();
    }
}

/// An e-mail as it was asked for.
struct Asked {
    key: String,
    to: String,
    from: String,
    subject: String,
    text: String,
    token: String,
    /// A hash of the whole request.
    content: u64,
}

/// A key that is being used; whoever drops it without using it gives it back.
struct Hold {
    stand: Arc<Stand>,
    key: String,
}

impl Drop for Hold {
    fn drop(&mut self) {
        let mut pages = lock(&self.stand.pages);
        if matches!(pages.keys.get(&self.key), Some(Key::UnderWay)) {
            pages.keys.remove(&self.key);
        }
    }
}

/// What a key says of a request.
enum Found {
    /// Nothing is known: it may be sent.
    Free(Hold),
    /// The same request was accepted under it.
    Same(String),
    /// Another request was accepted under it.
    Other,
    /// A request with it is not answered yet.
    UnderWay,
}

impl Stand {
    fn set(&self, settings: Settings) {
        if let Some(latency) = settings.latency_milliseconds {
            self.stage.latency(Duration::from_millis(latency));
        }
        if let Some(tokens) = settings.tokens {
            self.stage.tokens(tokens);
        }
        let mut pages = lock(&self.pages);
        if let Some(lifetime) = settings.key_lifetime_milliseconds {
            pages.lifetime = Some(Duration::from_millis(lifetime));
        }
        if let Some(domains) = settings.domains {
            pages.domains = domains;
        }
        if let Some(own_address) = settings.own_address {
            pages.own_address = own_address;
        }
    }

    fn book(&self, from: usize) -> Vec<Accepted> {
        lock(&self.pages).emails.iter().skip(from).cloned().collect()
    }

    fn forget(&self) {
        self.stage.forget();
        let mut pages = lock(&self.pages);
        pages.emails.clear();
        pages.keys.clear();
    }

    /// Why this sender may not write to this recipient.
    fn forbids(&self, from: &str, to: &str) -> Option<&'static str> {
        let pages = lock(&self.pages);
        let address = from.rsplit('<').next().unwrap_or(from).trim_end_matches('>');
        let domain = |address: &str| address.rsplit('@').next().unwrap_or_default().to_owned();
        if domain(address) == "resend.dev" {
            let allowed = domain(to) == "resend.dev" || to == pages.own_address;
            return (!allowed)
                .then_some("You can only send testing emails to your own email address");
        }
        let verified = pages.domains.is_empty() || pages.domains.contains(&domain(address));
        (!verified).then_some("The domain is not verified. Please, add and verify your domain")
    }

    fn find(self: &Arc<Self>, asked: &Asked) -> Found {
        let mut pages = lock(&self.pages);
        let lifetime = pages.lifetime.unwrap_or(KEY_LIFETIME);
        let found = match pages.keys.get(&asked.key) {
            Some(Key::UnderWay) => return Found::UnderWay,
            Some(Key::Used { content, position, at }) if at.elapsed() < lifetime => {
                (*content == asked.content).then_some(*position)
            }
            _ => {
                pages.keys.insert(asked.key.clone(), Key::UnderWay);
                return Found::Free(Hold { stand: Arc::clone(self), key: asked.key.clone() });
            }
        };
        match found.and_then(|position| pages.emails.get_mut(position)) {
            Some(email) => {
                email.repeated += 1;
                Found::Same(email.id.clone())
            }
            None => Found::Other,
        }
    }

    fn accept(&self, asked: Asked, hold: Hold) -> String {
        let id = {
            let mut pages = lock(&self.pages);
            let position = pages.emails.len();
            let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_millis();
            let at = u64::try_from(now).unwrap_or(u64::MAX);
            let at = at.max(pages.emails.last().map_or(0, |email| email.accepted_at));
            let id = format!("{:016x}-{position:08x}", hash(0, &[asked.key.as_bytes()]));
            let used = Key::Used { content: asked.content, position, at: Instant::now() };
            pages.keys.insert(asked.key.clone(), used);
            pages.emails.push(Accepted {
                id: id.clone(),
                key: asked.key,
                to: asked.to,
                from: asked.from,
                subject: asked.subject,
                text: asked.text,
                accepted_at: at,
                elapsed: u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX),
                channel: format!("{:016x}", hash(0, &[asked.token.as_bytes()])),
                repeated: 0,
            });
            id
        };
        drop(hold);
        id
    }
}
