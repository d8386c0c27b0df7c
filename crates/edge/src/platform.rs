//! What a function needs from the place it runs in: a clock, a log, timers, the document
//! module and the open internet. The Worker has one implementation, the tests another.

use futures_util::future::{BoxFuture, Either, select};
use serde::Deserialize;
use std::time::Duration;
use supabase::Download;
use url::Url;

/// What may be asked only so often. The numbers are those of `[[ratelimits]]` in `wrangler.toml`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Limit {
    /// Requests of one person: 100 a minute.
    Requests,
    /// Generations of questions by one person: 10 a minute.
    Generations,
}

/// The place a function runs in.
pub trait Platform: Send + Sync {
    /// Milliseconds since the Unix epoch. (In a Worker the clock stands still while computing.)
    fn now_ms(&self) -> u64;

    /// Writes one line to the log.
    fn log(&self, line: &str);

    /// Resolves after `duration`.
    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()>;

    /// Counts one use of `limit` by `key`; `false` when there were too many within the minute.
    fn allow(&self, limit: Limit, key: String) -> BoxFuture<'static, bool>;

    /// A reader for one PDF, with memory of its own that is given back with it.
    fn open_pdf(&self) -> Result<Box<dyn PdfReader>, String>;

    /// Answers one [`mcq::Call`] as [`mcq::answer`] does, with memory of its own that is given back.
    /// `Err` holds the reason for the log: the call took more memory than there is.
    fn call_mcq(&self, call: &[u8]) -> Result<Vec<u8>, String>;

    /// One GET without credentials and without following redirects. `Err` holds the reason for
    /// the log.
    fn get_public(&self, url: Url) -> BoxFuture<'static, Result<PublicAnswer, String>>;
}

/// Takes the bytes of one PDF as they arrive, then gives its text.
pub trait PdfReader: Send {
    /// Takes the next bytes.
    fn write(&mut self, piece: &[u8]) -> Result<(), PdfFailure>;

    /// Extracts the text.
    fn finish(self: Box<Self>) -> Result<pdf_text::Document, PdfFailure>;
}

/// Why a PDF gave no text: a code of [`pdf_text::Error`], which crosses the boundary between two
/// wasm modules as text.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct PdfFailure {
    /// Stable, snake_case: `pdf_has_no_text`.
    pub code: String,
    /// For the log, in English.
    pub message: String,
}

impl From<pdf_text::Error> for PdfFailure {
    fn from(error: pdf_text::Error) -> Self {
        Self { code: error.code().into(), message: error.to_string() }
    }
}

/// The answer of a public server, before its body.
#[derive(Debug)]
pub struct PublicAnswer {
    /// HTTP status.
    pub status: u16,
    /// The `Location` header, for redirects.
    pub location: Option<String>,
    /// The body.
    pub download: Download,
}

/// Waits for `future`, but no longer than `limit`; `None` when the time is up.
pub async fn with_deadline<T>(
    platform: &dyn Platform,
    limit: Duration,
    future: impl Future<Output = T> + Send,
) -> Option<T> {
    let future = std::pin::pin!(future);
    match select(future, platform.sleep(limit)).await {
        Either::Left((value, _)) => Some(value),
        Either::Right(_) => None,
    }
}
