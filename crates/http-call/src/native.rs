//! With `reqwest`.

use std::pin::pin;

use futures_util::StreamExt as _;
use futures_util::future::{Either, select};
use reqwest::header::{CONTENT_TYPE, HeaderValue, LINK};

use crate::{Answer, Call, Failure, Reading, Timer, Unread, seconds};

/// Natively it waits in memory.
pub(crate) type Body = Vec<u8>;

impl Unread {
    /// All of it.
    pub fn into_bytes(self) -> Vec<u8> {
        self.body
    }
}

pub(crate) async fn call(
    http: &reqwest::Client,
    timer: &Timer,
    call: Call<'_>,
) -> Result<Answer, Failure> {
    let Call { method, address, headers, json, time, reading } = call;
    let mut request = http.request(method, address).headers(headers);
    if let Some(json) = json {
        let kind = HeaderValue::from_static("application/json");
        request = request.header(CONTENT_TYPE, kind).body(json);
    }
    let mut expiry = timer(time);
    let response = match select(pin!(request.send()), &mut expiry).await {
        Either::Left((Ok(response), _)) => response,
        // `is_connect` covers name resolution, TCP and TLS: all before the first byte of the request. A pooled
        // connection that turns out closed is another kind of error, as it should be: whether the other side read
        // the request before closing is not known.
        Either::Left((Err(error), _)) => {
            let never_written = error.is_connect();
            let words = error.without_url().to_string();
            return Err(match never_written {
                true => Failure::NeverWritten(words),
                false => Failure::Lost(words),
            });
        }
        Either::Right(_) => return Err(Failure::Timeout),
    };
    let status = response.status();
    let header = |name: &str| {
        let value = response.headers().get(name).filter(|_| !status.is_success())?;
        seconds(value.to_str().ok()?)
    };
    let (retry_after, rate_limit_reset) = (header("retry-after"), header("ratelimit-reset"));
    let pass_on = reading == Reading::PassedOn && status.is_success();
    let link = response.headers().get(LINK).and_then(|link| link.to_str().ok()).map(str::to_owned);
    let body = match select(pin!(read(response, reading)), &mut expiry).await {
        Either::Left((body, _)) => body,
        Either::Right(_) => None,
    };
    let (body, unread) = match body {
        Some(body) if pass_on => (None, Some(Unread { link, body })),
        body => (body, None),
    };
    Ok(Answer { status: status.as_u16(), retry_after, rate_limit_reset, body, unread })
}

/// The whole body, or nothing where it breaks off or is too long.
async fn read(response: reqwest::Response, reading: Reading) -> Option<Vec<u8>> {
    let mut body = Vec::new();
    let mut chunks = pin!(response.bytes_stream());
    while let Some(chunk) = chunks.next().await {
        body.extend_from_slice(&chunk.ok()?);
        if matches!(reading, Reading::UpTo(longest) if body.len() > longest) {
            return None;
        }
    }
    Some(body)
}
