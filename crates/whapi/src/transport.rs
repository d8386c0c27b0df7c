//! One request, one answer, inside a deadline.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::future::{BoxFuture, Either, select};
use reqwest::header::{
    ACCEPT, AUTHORIZATION, CONTENT_ENCODING, HeaderMap, HeaderValue, RETRY_AFTER,
};

/// How this crate waits: a Worker and a server have different clocks, and `reqwest` has no timeout
/// in WebAssembly.
pub type Timer = Arc<dyn Fn(Duration) -> BoxFuture<'static, ()> + Send + Sync>;

/// Time for one message to be answered. Whapi answers in well under a second; a lease on a message
/// must outlive this.
pub const SEND_DEADLINE: Duration = Duration::from_secs(20);

/// Time for one page of a list, or one check of numbers.
pub const READ_DEADLINE: Duration = Duration::from_secs(20);

/// Longest wait that is believed; a longer one is taken for this.
const LONGEST_WAIT: Duration = Duration::from_secs(24 * 60 * 60);

/// What came back: always a status, and a body unless it broke off or was too large.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) after: Option<Duration>,
    pub(crate) body: Option<Vec<u8>>,
}

/// No status came back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Failure {
    /// No connection was made, so no byte of the request left: nothing can have been accepted.
    NeverWritten,
    /// The request may have been written.
    Lost,
    /// No answer in time; the request may have been written.
    Timeout,
}

pub(crate) async fn execute(
    request: reqwest::RequestBuilder,
    token: HeaderValue,
    timer: &Timer,
    deadline: Duration,
    limit: usize,
) -> Result<Answer, Failure> {
    let request = request.header(AUTHORIZATION, token).header(ACCEPT, "application/json");
    let mut expiry = timer(deadline);
    let response = match select(pin!(request.send()), &mut expiry).await {
        Either::Left((Ok(response), _)) => response,
        Either::Left((Err(error), _)) if never_written(&error) => {
            return Err(Failure::NeverWritten);
        }
        Either::Left((Err(_), _)) => return Err(Failure::Lost),
        Either::Right(_) => return Err(Failure::Timeout),
    };
    let status = response.status().as_u16();
    let after = retry_after(response.headers());
    // A status is an answer even where its body is not: 429 without a body is 429.
    let body = match select(pin!(read(response, limit)), &mut expiry).await {
        Either::Left((body, _)) => body,
        Either::Right(_) => None,
    };
    Ok(Answer { status, after, body })
}

/// Whether a failed request certainly never left this machine.
///
/// Natively, `is_connect` covers name resolution, TCP and TLS: all before the first byte of the
/// request. A pooled connection that turns out closed is another kind of error, as it should be:
/// whether the other side read the request before closing is not known.
#[cfg(not(target_arch = "wasm32"))]
fn never_written(error: &reqwest::Error) -> bool {
    error.is_connect()
}

/// Inside a Worker a rejected `fetch` is one `TypeError` for a refused connection and for one that
/// was cut after the request; its text is no contract. So nothing is certain.
#[cfg(target_arch = "wasm32")]
fn never_written(_error: &reqwest::Error) -> bool {
    false
}

/// The whole body, or nothing where it breaks off or passes `limit`.
async fn read(response: reqwest::Response, limit: usize) -> Option<Vec<u8>> {
    // In one piece where it says how long it is: a stream takes several turns between wasm and JavaScript.
    let whole = !response.headers().contains_key(CONTENT_ENCODING)
        && response.content_length().is_some_and(|length| length <= limit as u64);
    if whole {
        return response.bytes().await.ok().map(|body| body.to_vec());
    }
    let mut body = Vec::new();
    let mut chunks = pin!(response.bytes_stream());
    while let Some(chunk) = chunks.next().await {
        body.extend_from_slice(&chunk.ok()?);
        if body.len() > limit {
            return None;
        }
    }
    Some(body)
}

/// `Retry-After` in seconds. Its other form, a date, needs a clock: the caller's own back-off is
/// then as good.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let seconds = headers.get(RETRY_AFTER)?.to_str().ok()?.trim().parse().ok()?;
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
            let headers =
                HeaderMap::from_iter([(RETRY_AFTER, HeaderValue::from_str(value).unwrap())]);
            assert_eq!(retry_after(&headers), wait.map(Duration::from_secs), "{value}");
        }
        assert_eq!(retry_after(&HeaderMap::new()), None);
    }
}
