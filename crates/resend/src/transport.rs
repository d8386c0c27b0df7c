//! One request, one answer, inside a deadline.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::future::{BoxFuture, Either, select};
use reqwest::header::{CONTENT_ENCODING, HeaderMap, RETRY_AFTER};

/// How this crate waits: a Worker and a server have different clocks, and `reqwest` has no timeout
/// in WebAssembly.
pub type Timer = Arc<dyn Fn(Duration) -> BoxFuture<'static, ()> + Send + Sync>;

/// Time for one e-mail to be answered. Resend answers in well under a second; a lease on a message
/// must outlive this.
pub const SEND_DEADLINE: Duration = Duration::from_secs(20);

/// Largest answer that is read: an identifier, or an error and its reason.
const MAX_ANSWER_BYTES: usize = 64 << 10;

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
    /// The connection could not be made, or ended: with a key it does not matter which.
    Connection,
    /// No answer in time.
    Timeout,
}

pub(crate) async fn execute(
    request: reqwest::RequestBuilder,
    timer: &Timer,
) -> Result<Answer, Failure> {
    let mut expiry = timer(SEND_DEADLINE);
    let response = match select(pin!(request.send()), &mut expiry).await {
        Either::Left((Ok(response), _)) => response,
        Either::Left((Err(_), _)) => return Err(Failure::Connection),
        Either::Right(_) => return Err(Failure::Timeout),
    };
    let status = response.status().as_u16();
    let after = retry_after(response.headers());
    // A status is an answer even where its body is not: 429 without a body is 429.
    let body = match select(pin!(read(response)), &mut expiry).await {
        Either::Left((body, _)) => body,
        Either::Right(_) => None,
    };
    Ok(Answer { status, after, body })
}

/// The whole body, or nothing where it breaks off or is too large.
async fn read(response: reqwest::Response) -> Option<Vec<u8>> {
    // In one piece where it says how long it is: a stream takes several turns between wasm and JavaScript.
    let whole = !response.headers().contains_key(CONTENT_ENCODING)
        && response.content_length().is_some_and(|length| length <= MAX_ANSWER_BYTES as u64);
    if whole {
        return response.bytes().await.ok().map(|body| body.to_vec());
    }
    let mut body = Vec::new();
    let mut chunks = pin!(response.bytes_stream());
    while let Some(chunk) = chunks.next().await {
        body.extend_from_slice(&chunk.ok()?);
        if body.len() > MAX_ANSWER_BYTES {
            return None;
        }
    }
    Some(body)
}

/// `retry-after`, else `ratelimit-reset`: both are documented in seconds.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let value = headers.get(RETRY_AFTER).or_else(|| headers.get("ratelimit-reset"))?;
    let seconds = value.to_str().ok()?.trim().parse().ok()?;
    Some(Duration::from_secs(seconds).min(LONGEST_WAIT))
}

#[cfg(test)]
mod tests {
    use reqwest::header::{HeaderName, HeaderValue};

    use super::*;

    fn read(headers: &[(&'static str, &'static str)]) -> Option<u64> {
        let headers = headers
            .iter()
            .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)));
        retry_after(&headers.collect()).map(|wait| wait.as_secs())
    }

    #[test]
    fn a_wait_is_read_in_seconds_from_either_header_and_capped() {
        assert_eq!(read(&[("retry-after", "7"), ("ratelimit-reset", "3")]), Some(7));
        assert_eq!(read(&[("ratelimit-reset", "3")]), Some(3));
        assert_eq!(read(&[("retry-after", "99999999999")]), Some(86_400));
        for none in ["", "-1", "1.5", "Sun, 06 Nov 1994 08:49:37 GMT"] {
            assert_eq!(read(&[("retry-after", none)]), None, "{none}");
        }
        assert_eq!(read(&[]), None);
    }
}
