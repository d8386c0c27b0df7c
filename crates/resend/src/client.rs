//! The thin transport: where Resend is, and who we are.

use std::fmt;
use std::time::Duration;

use http_call::{Answer, Call, Failure, Reading, Timer};
use reqwest::Method;
use reqwest::header::{ACCEPT, AUTHORIZATION, HeaderMap, HeaderName, HeaderValue};
use serde_json::Value;
use url::{Host, Url};

/// The provider's address.
pub const DEFAULT_BASE_URL: &str = "https://api.resend.com";

/// Time for one answer. Resend answers in well under a second; a lease on a message must outlive this.
pub const DEADLINE: Duration = Duration::from_secs(20);

/// Longest answer that is read: an identifier, or an error and its reason.
const MAX_ANSWER_BYTES: usize = 64 << 10;

/// The client's settings cannot work.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the Resend client is misconfigured: {what}")]
pub struct ConfigurationError {
    /// Which setting, and what is wrong with it.
    pub what: &'static str,
}

/// An API key. Its `Debug` shows nothing of it.
#[derive(Clone)]
pub struct ApiKey(HeaderValue);

impl ApiKey {
    /// Takes a key as it stands in the environment.
    ///
    /// # Errors
    /// Where it is empty or cannot be a header.
    pub fn new(key: &str) -> Result<Self, ConfigurationError> {
        let key = key.trim();
        if key.is_empty() {
            return Err(ConfigurationError { what: "the API key is empty" });
        }
        let mut value = HeaderValue::from_str(&format!("Bearer {key}"))
            .map_err(|_invalid| ConfigurationError { what: "the API key is no header value" })?;
        value.set_sensitive(true);
        Ok(Self(value))
    }
}

impl fmt::Debug for ApiKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("ApiKey(…)")
    }
}

/// A client for one base URL and one account. Cheap to clone.
///
/// Its futures are not `Send` on wasm, where they hold JavaScript values; whoever needs `Send` wraps them once.
#[derive(Clone)]
pub struct Client {
    http: reqwest::Client,
    endpoint: Url,
    key: ApiKey,
    timer: Timer,
}

impl fmt::Debug for Client {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Client")
            .field("endpoint", &self.endpoint.as_str())
            .finish_non_exhaustive()
    }
}

impl Client {
    /// `base_url` as in [`DEFAULT_BASE_URL`], with or without a slash at its end.
    ///
    /// # Errors
    /// Where it is not https: the API key would travel readable. Plain http is accepted for this
    /// machine alone.
    pub fn new(
        http: reqwest::Client,
        base_url: &str,
        key: ApiKey,
        timer: Timer,
    ) -> Result<Self, ConfigurationError> {
        let joined = format!("{}/emails", base_url.trim().trim_end_matches('/'));
        let endpoint = Url::parse(&joined)
            .map_err(|_invalid| ConfigurationError { what: "the base URL is not a URL" })?;
        let loopback = match endpoint.host() {
            Some(Host::Domain(name)) => name == "localhost",
            Some(Host::Ipv4(address)) => address.is_loopback(),
            Some(Host::Ipv6(address)) => address.is_loopback(),
            None => false,
        };
        if endpoint.scheme() == "https" || (endpoint.scheme() == "http" && loopback) {
            Ok(Self { http, endpoint, key, timer })
        } else {
            Err(ConfigurationError { what: "the base URL is not https" })
        }
    }

    pub(crate) async fn post(
        &self,
        idempotency_key: HeaderValue,
        body: &Value,
        time: Duration,
    ) -> Result<Answer, Failure> {
        let headers = HeaderMap::from_iter([
            (AUTHORIZATION, self.key.0.clone()),
            (ACCEPT, HeaderValue::from_static("application/json")),
            (HeaderName::from_static("idempotency-key"), idempotency_key),
        ]);
        let call = Call {
            method: Method::POST,
            address: self.endpoint.as_str(),
            headers,
            json: Some(body.to_string()),
            time,
            reading: Reading::UpTo(MAX_ANSWER_BYTES),
        };
        http_call::call(&self.http, &self.timer, call).await
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    fn client(base_url: &str) -> Result<Client, ConfigurationError> {
        let never: Timer = Arc::new(|_| Box::pin(std::future::pending()));
        Client::new(reqwest::Client::new(), base_url, ApiKey::new("re_secret").unwrap(), never)
    }

    #[test]
    fn the_key_is_shown_by_no_debug_output() {
        assert!(!format!("{:?}", client(DEFAULT_BASE_URL).unwrap()).contains("secret"));
        assert_eq!(format!("{:?}", ApiKey::new("re_secret").unwrap()), "ApiKey(…)");
    }

    #[test]
    fn a_key_that_cannot_be_a_header_is_refused_without_repeating_it() {
        for key in ["", "  ", "re_a\nb"] {
            let error = ApiKey::new(key).unwrap_err();
            assert!(!format!("{error:?}{error}").contains("re_a"));
        }
    }

    #[test]
    fn the_key_travels_over_https_or_inside_this_machine_only() {
        for good in [DEFAULT_BASE_URL, "http://127.0.0.1:9/", "http://[::1]:9", "http://localhost"]
        {
            assert_eq!(client(good).unwrap().endpoint.path(), "/emails", "{good}");
        }
        for bad in ["http://api.resend.com", "ftp://127.0.0.1", "nonsense", "", "data:text/plain,x"]
        {
            assert!(client(bad).is_err(), "{bad}");
        }
    }
}
