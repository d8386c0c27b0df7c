//! The thin transport: where Whapi is, and who we are.

use std::fmt;

use http_call::{Answer, Call, Failure, Reading, Timer};
use reqwest::Method;
use reqwest::header::{ACCEPT, AUTHORIZATION, HeaderMap, HeaderValue};
use serde_json::Value;
use std::time::Duration;
use url::{Host, Url};

use crate::error::Error;

/// The provider's address.
pub const DEFAULT_BASE_URL: &str = "https://gate.whapi.cloud";

/// Time for one answer. Whapi answers in well under a second; a lease on a message must outlive this.
pub const DEADLINE: Duration = Duration::from_secs(20);

/// A channel's token. Its `Debug` shows nothing of it.
#[derive(Clone)]
pub struct Token(HeaderValue);

impl Token {
    /// Takes a token as it stands in the environment.
    ///
    /// # Errors
    /// [`Error::Configuration`] where it is empty or cannot be a header.
    pub fn new(token: &str) -> Result<Self, Error> {
        let token = token.trim();
        if token.is_empty() {
            return Err(Error::Configuration { what: "the token is empty" });
        }
        let mut value = HeaderValue::from_str(&format!("Bearer {token}"))
            .map_err(|_invalid| Error::Configuration { what: "the token is no header value" })?;
        value.set_sensitive(true);
        Ok(Self(value))
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Token(…)")
    }
}

/// A client for one base URL and one channel. Cheap to clone.
///
/// Its futures are not `Send` on wasm, where they hold JavaScript values; whoever needs `Send` wraps them once. After
/// a future was dropped nobody knows whether its message was accepted.
#[derive(Clone)]
pub struct Client {
    http: reqwest::Client,
    base: Url,
    token: Token,
    timer: Timer,
}

impl fmt::Debug for Client {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Client").field("base", &self.base.as_str()).finish_non_exhaustive()
    }
}

impl Client {
    /// `base_url` as in [`DEFAULT_BASE_URL`], with or without a slash at its end.
    ///
    /// # Errors
    /// [`Error::Configuration`] where it is not https: the token would travel readable. Plain http
    /// is accepted for this machine alone.
    pub fn new(
        http: reqwest::Client,
        base_url: &str,
        token: Token,
        timer: Timer,
    ) -> Result<Self, Error> {
        let base = Url::parse(base_url.trim())
            .map_err(|_invalid| Error::Configuration { what: "the base URL is not a URL" })?;
        let loopback = match base.host() {
            Some(Host::Domain(name)) => name == "localhost",
            Some(Host::Ipv4(address)) => address.is_loopback(),
            Some(Host::Ipv6(address)) => address.is_loopback(),
            None => false,
        };
        if base.scheme() == "https" || (base.scheme() == "http" && loopback) {
            Ok(Self { http, base, token, timer })
        } else {
            Err(Error::Configuration { what: "the base URL is not https" })
        }
    }

    /// An address below the base URL; `segments` are escaped.
    pub(crate) fn address(&self, segments: &[&str]) -> Url {
        let mut address = self.base.clone();
        if let Ok(mut path) = address.path_segments_mut() {
            path.pop_if_empty().extend(segments);
        }
        address
    }

    pub(crate) async fn post(
        &self,
        address: Url,
        body: &Value,
        deadline: Duration,
        limit: usize,
    ) -> Result<Answer, Failure> {
        self.call(Method::POST, &address, Some(body.to_string()), deadline, limit).await
    }

    pub(crate) async fn get(&self, address: Url, limit: usize) -> Result<Answer, Failure> {
        self.call(Method::GET, &address, None, DEADLINE, limit).await
    }

    async fn call(
        &self,
        method: Method,
        address: &Url,
        json: Option<String>,
        time: Duration,
        longest: usize,
    ) -> Result<Answer, Failure> {
        let accept = (ACCEPT, HeaderValue::from_static("application/json"));
        let headers = HeaderMap::from_iter([(AUTHORIZATION, self.token.0.clone()), accept]);
        let address = address.as_str();
        let call = Call { method, address, headers, json, time, reading: Reading::UpTo(longest) };
        http_call::call(&self.http, &self.timer, call).await
    }
}

/// The JSON of an answer to a question, or why there is none.
pub(crate) fn json(answer: Result<Answer, Failure>) -> Result<Value, Error> {
    let answer = match answer {
        Ok(answer) => answer,
        Err(Failure::Timeout) => return Err(Error::Timeout),
        Err(Failure::NeverWritten(_) | Failure::Lost(_)) => return Err(Error::Connection),
    };
    match answer.status {
        200..=299 => {
            answer.body.and_then(|body| serde_json::from_slice(&body).ok()).ok_or(Error::Unreadable)
        }
        429 => Err(Error::RateLimited { after: answer.retry_after }),
        status => Err(Error::Answered { status }),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    fn client(base_url: &str) -> Result<Client, Error> {
        let never: Timer = Arc::new(|_| Box::pin(std::future::pending()));
        Client::new(reqwest::Client::new(), base_url, Token::new("secret").unwrap(), never)
    }

    #[test]
    fn the_token_is_shown_by_no_debug_output() {
        assert!(!format!("{:?}", client(DEFAULT_BASE_URL).unwrap()).contains("secret"));
        assert_eq!(format!("{:?}", Token::new("secret").unwrap()), "Token(…)");
    }

    #[test]
    fn a_token_that_cannot_be_a_header_is_refused_without_repeating_it() {
        for token in ["", "  ", "sec\nret"] {
            let error = Token::new(token).unwrap_err();
            assert_eq!(error.code(), "configuration");
            assert!(!format!("{error:?}{error}").contains("sec\nret"));
        }
    }

    #[test]
    fn the_token_travels_over_https_or_inside_this_machine_only() {
        for good in [DEFAULT_BASE_URL, "http://127.0.0.1:9/", "http://[::1]:9", "http://localhost"]
        {
            let address = client(good).unwrap().address(&["messages", "text"]);
            assert_eq!(address.path(), "/messages/text", "{good}");
        }
        for bad in
            ["http://gate.whapi.cloud", "ftp://127.0.0.1", "nonsense", "", "data:text/plain,x"]
        {
            assert!(matches!(client(bad), Err(Error::Configuration { .. })), "{bad}");
        }
    }

    #[test]
    fn a_base_url_keeps_its_path_and_segments_are_escaped() {
        let client = client("http://127.0.0.1:9/whapi/").unwrap();
        let address = client.address(&["messages", "list", "a/b?c@s.whatsapp.net"]);
        assert_eq!(
            address.as_str(),
            "http://127.0.0.1:9/whapi/messages/list/a%2Fb%3Fc@s.whatsapp.net"
        );
    }
}
