//! One request, one answer, within a time: what the clients of the project and of the providers have in common.
//!
//! Natively it is `reqwest`'s. In a Worker it is the platform's `fetch`, asked for in one piece: `reqwest` crosses
//! between wasm and JavaScript for each header and property, and aborts each request once more when it is over.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use reqwest::Method;
use reqwest::header::HeaderMap;

#[cfg(not(target_arch = "wasm32"))]
#[path = "native.rs"]
mod imp;
#[cfg(target_arch = "wasm32")]
#[path = "web.rs"]
mod imp;

/// How to wait natively, where `reqwest` is given no clock of its own; a Worker's `fetch` has one.
pub type Timer = Arc<dyn Fn(Duration) -> BoxFuture<'static, ()> + Send + Sync>;

/// Longest wait that is believed; a longer one is taken for this.
const LONGEST_WAIT: Duration = Duration::from_secs(24 * 60 * 60);

/// What is asked.
#[derive(Debug)]
pub struct Call<'a> {
    /// The method.
    pub method: Method,
    /// The absolute address.
    pub address: &'a str,
    /// Headers besides `content-type`.
    pub headers: HeaderMap,
    /// The body, which is JSON.
    pub json: Option<String>,
    /// Time for the whole answer.
    pub time: Duration,
    /// What becomes of the body.
    pub reading: Reading,
}

/// What becomes of the body of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reading {
    /// Read to its end: who answers is trusted.
    Trusted,
    /// Read, where it is no longer than so many bytes.
    UpTo(usize),
    /// That of a success is left unread, for somebody else, who may take any time; any other is read.
    PassedOn,
}

/// The body of an answer that nobody has read.
#[derive(Debug, Clone)]
pub struct Unread {
    /// The header `Link` that came with it (RFC 8288).
    pub link: Option<String>,
    body: imp::Body,
}

/// What came back.
#[derive(Debug, Default)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// `retry-after` of a status that is no success, where it is in seconds.
    pub retry_after: Option<Duration>,
    /// `ratelimit-reset` likewise.
    pub rate_limit_reset: Option<Duration>,
    /// Nothing where it broke off, took too long or is too long: the status is an answer all the same.
    pub body: Option<Vec<u8>>,
    /// The body, where it was left unread.
    pub unread: Option<Unread>,
}

/// No status came back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Failure {
    /// No connection was made, so no byte of the request left. Inside a Worker nobody knows that: a rejected
    /// `fetch` is the same for a refused connection and for one that was cut after the request. What the HTTP client
    /// said, without the address.
    NeverWritten(String),
    /// The request may have been written. Likewise.
    Lost(String),
    /// No answer in time; the request may have been written.
    Timeout,
}

/// Makes the call. Natively a future that is dropped aborts the request; in a Worker the request goes on, for its
/// time at most. Not `Send` on wasm, where it holds JavaScript values.
///
/// # Errors
/// See [`Failure`].
pub async fn call(
    http: &reqwest::Client,
    timer: &Timer,
    call: Call<'_>,
) -> Result<Answer, Failure> {
    imp::call(http, timer, call).await
}

/// A wait in seconds. The other form of `retry-after`, a date, needs a clock: the caller's own back-off is
/// then as good.
fn seconds(value: &str) -> Option<Duration> {
    let seconds = value.trim().parse().ok()?;
    Some(Duration::from_secs(seconds).min(LONGEST_WAIT))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_is_read_in_seconds_and_capped_and_anything_else_is_no_wait() {
        for (value, wait) in [
            ("7", Some(7)),
            (" 0 ", Some(0)),
            ("99999999999", Some(86_400)),
            ("-1", None),
            ("1.5", None),
            ("", None),
            ("Sun, 06 Nov 1994 08:49:37 GMT", None),
        ] {
            assert_eq!(seconds(value), wait.map(Duration::from_secs), "{value}");
        }
    }
}
