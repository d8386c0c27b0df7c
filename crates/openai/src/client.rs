//! The thin transport: one request, one answer, over `reqwest`.

use std::fmt;

use futures_util::StreamExt as _;
use reqwest::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use url::{Host, Url};

use crate::error::Error;
use crate::request::ChatCompletionRequest;
use crate::response::{Completion, read_response};

/// The provider's address.
pub const DEFAULT_BASE_URL: &str = "https://api.openai.com/v1";

/// Largest body that is read: 16 384 tokens are some 100 kB of JSON, escapes included; forty times
/// that is no answer but a fault, and a Worker has 128 MB in all.
pub const MAX_RESPONSE_BYTES: usize = 4 << 20;

/// An API key. Its `Debug` shows nothing of it.
#[derive(Clone)]
pub struct ApiKey(HeaderValue);

impl ApiKey {
    /// Takes a key as it stands in the environment.
    ///
    /// # Errors
    /// [`Error::Configuration`] where it is empty or cannot be a header.
    pub fn new(key: &str) -> Result<Self, Error> {
        let key = key.trim();
        if key.is_empty() {
            return Err(Error::Configuration { what: "the API key is empty" });
        }
        let mut value = HeaderValue::from_str(&format!("Bearer {key}"))
            .map_err(|_invalid| Error::Configuration { what: "the API key is no header value" })?;
        value.set_sensitive(true);
        Ok(Self(value))
    }
}

impl fmt::Debug for ApiKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("ApiKey(…)")
    }
}

/// An answer as it came.
struct Answer {
    status: u16,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

/// A client for one base URL and key. Cheap to clone.
///
/// Its futures are not `Send` on wasm, where `reqwest` holds JavaScript values; whoever needs
/// `Send` wraps them once. Dropping a future aborts its request, natively and on wasm.
#[derive(Debug, Clone)]
pub struct Client {
    http: reqwest::Client,
    endpoint: Url,
    key: ApiKey,
}

impl Client {
    /// `base_url` as in [`DEFAULT_BASE_URL`], with or without a slash at its end.
    ///
    /// # Errors
    /// [`Error::Configuration`] where it is not https: the key would travel readable. Plain http is
    /// accepted for this machine alone.
    pub fn new(http: reqwest::Client, base_url: &str, key: ApiKey) -> Result<Self, Error> {
        let joined = format!("{}/chat/completions", base_url.trim().trim_end_matches('/'));
        let endpoint = Url::parse(&joined)
            .map_err(|_invalid| Error::Configuration { what: "the base URL is not a URL" })?;
        let loopback = match endpoint.host() {
            Some(Host::Domain(name)) => name == "localhost",
            Some(Host::Ipv4(address)) => address.is_loopback(),
            Some(Host::Ipv6(address)) => address.is_loopback(),
            None => false,
        };
        if endpoint.scheme() == "https" || (endpoint.scheme() == "http" && loopback) {
            Ok(Self { http, endpoint, key })
        } else {
            Err(Error::Configuration { what: "the base URL is not https" })
        }
    }

    /// Sends one request and reads its answer.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn complete(&self, request: &ChatCompletionRequest) -> Result<Completion, Error> {
        let answer = self.send(request).await?;
        read_response(answer.status, &answer.headers, &answer.body)
    }

    async fn send(&self, request: &ChatCompletionRequest) -> Result<Answer, Error> {
        let response = self
            .http
            .post(self.endpoint.clone())
            .header(AUTHORIZATION, self.key.0.clone())
            .header(CONTENT_TYPE, "application/json")
            .header(ACCEPT, "application/json")
            .json(request)
            .send()
            .await?;
        let status = response.status().as_u16();
        let headers = response
            .headers()
            .iter()
            .filter_map(|(name, value)| {
                value.to_str().ok().map(|text| (name.as_str().to_owned(), text.to_owned()))
            })
            .collect();
        let mut body = Vec::new();
        let mut chunks = std::pin::pin!(response.bytes_stream());
        while let Some(chunk) = chunks.next().await {
            body.extend_from_slice(&chunk?);
            if body.len() > MAX_RESPONSE_BYTES {
                return Err(Error::TooLarge { limit: MAX_RESPONSE_BYTES });
            }
        }
        Ok(Answer { status, headers, body })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(base_url: &str) -> Result<Client, Error> {
        Client::new(reqwest::Client::new(), base_url, ApiKey::new("sk-secret").unwrap())
    }

    #[test]
    fn the_key_is_shown_by_no_debug_output() {
        let client = client(DEFAULT_BASE_URL).unwrap();
        assert!(!format!("{client:?}").contains("secret"));
    }

    #[test]
    fn a_key_that_cannot_be_a_header_is_refused_without_repeating_it() {
        for key in ["", "  ", "sk-a\nb"] {
            let error = ApiKey::new(key).unwrap_err();
            assert_eq!(error.code(), "configuration");
            assert!(!format!("{error:?}").contains("sk-a"));
        }
    }

    #[test]
    fn the_key_travels_over_https_or_inside_this_machine_only() {
        for good in
            [DEFAULT_BASE_URL, "http://127.0.0.1:9/v1/", "http://[::1]:9/v1", "http://localhost/v1"]
        {
            assert!(
                client(good).unwrap().endpoint.path().ends_with("/v1/chat/completions"),
                "{good}"
            );
        }
        for bad in
            ["http://api.openai.com/v1", "ftp://127.0.0.1/v1", "nonsense", "", "data:text/plain,x"]
        {
            assert!(matches!(client(bad), Err(Error::Configuration { .. })), "{bad}");
        }
    }
}
