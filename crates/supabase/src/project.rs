//! One Supabase project, and in whose name it is called.

use crate::deadline::{ANSWER_LIMIT, within};
use crate::{AccessToken, Error, Timer, sendable};
use futures_util::future::{BoxFuture, ready};
use http_call::{Answer, Call, Failure, Reading, Unread};
use reqwest::Method;
use reqwest::header::{ACCEPT, ACCEPT_LANGUAGE, AUTHORIZATION, HeaderMap, HeaderValue};
use serde::Serialize;
use serde::de::DeserializeOwned;
use url::Url;

const REST: &str = "rest";

/// On whose behalf a call is made.
#[derive(Clone, Copy, Debug)]
pub enum Identity<'a> {
    /// The signed-in person: row-level security decides what they may do. With the language (a tag
    /// such as `fr`) in which refusals of Griot's SQL functions are to be worded.
    Caller(&'a AccessToken, &'static str),
    /// Nobody in particular: what any visitor may see.
    Visitor,
    /// No user is present (webhook, cron). Carries the reason, which is logged by the caller.
    Service(&'static str),
}

/// Addresses and keys of a project.
#[derive(Clone)]
pub struct Project {
    url: Url,
    publishable_key: String,
    secret_key: Option<String>,
    http: reqwest::Client,
    timer: Timer,
}

impl std::fmt::Debug for Project {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Keys stay out of every log, so this is written by hand.
        f.debug_struct("Project").field("url", &self.url.as_str()).finish_non_exhaustive()
    }
}

impl Project {
    /// `url` is the project's origin (`https://<ref>.supabase.co`); `publishable_key` is sent as
    /// `apikey` when a caller is present, `secret_key` when none is.
    pub fn new(
        url: Url,
        publishable_key: String,
        secret_key: Option<String>,
        http: reqwest::Client,
        timer: Timer,
    ) -> Self {
        Self { url, publishable_key, secret_key, http, timer }
    }

    /// The project's origin.
    pub fn url(&self) -> &Url {
        &self.url
    }

    pub(crate) fn timer(&self) -> &Timer {
        &self.timer
    }

    pub(crate) fn http(&self) -> &reqwest::Client {
        &self.http
    }

    /// The absolute address of `path` (which starts with `/`) in this project.
    pub(crate) fn address(&self, path: &str) -> String {
        format!("{}{path}", self.url.as_str().trim_end_matches('/'))
    }

    /// The headers that say who is calling.
    pub(crate) fn headers(&self, identity: Identity<'_>) -> Result<HeaderMap, Error> {
        let (key, bearer) = match identity {
            Identity::Caller(token, _) => (self.publishable_key.as_str(), Some(token.as_str())),
            Identity::Visitor => (self.publishable_key.as_str(), None),
            Identity::Service(reason) => {
                let key = self.secret_key.as_deref().ok_or_else(|| Error::Unexpected {
                    service: "configuration",
                    cause: format!("no secret key is configured for: {reason}"),
                })?;
                (key, Some(key))
            }
        };
        let value = |text: &str| {
            HeaderValue::from_str(text).map_err(|cause| Error::Unexpected {
                service: "configuration",
                cause: cause.to_string(),
            })
        };
        let mut headers = HeaderMap::new();
        headers.insert("apikey", value(key)?);
        if let Identity::Caller(_, language) = identity {
            headers.insert(ACCEPT_LANGUAGE, value(language)?);
        }
        if let Some(bearer) = bearer {
            headers.insert(AUTHORIZATION, value(&format!("Bearer {bearer}"))?);
        }
        Ok(headers)
    }

    /// A PostgREST query on a table or view.
    pub fn from(&self, identity: Identity<'_>, table: &str) -> Result<postgrest::Builder, Error> {
        Ok(postgrest::Builder::new(
            self.address(&format!("/rest/v1/{table}")),
            None,
            self.headers(identity)?,
            self.http.clone(),
        ))
    }

    /// Runs a query and reads its rows.
    pub async fn rows<T: DeserializeOwned>(
        &self,
        query: postgrest::Builder,
    ) -> Result<Vec<T>, Error> {
        let body = self.execute(query).await?;
        read(&body)
    }

    /// Calls a SQL function and reads its answer.
    pub async fn rpc<T: DeserializeOwned>(
        &self,
        identity: Identity<'_>,
        function: &str,
        arguments: &impl Serialize,
    ) -> Result<T, Error> {
        let arguments = written(arguments)?;
        let answer = self.call(identity, function, arguments, Reading::Trusted).await?;
        let body = answer.body.unwrap_or_default();
        // A function that returns void answers 204 with no body at all.
        read(if body.is_empty() { b"null" } else { &body })
    }

    /// Calls a SQL function whose answer is for the caller as it stands. It is not read here.
    pub async fn pass_on(
        &self,
        identity: Identity<'_>,
        function: &str,
        arguments: &impl Serialize,
    ) -> Result<Unread, Error> {
        let arguments = written(arguments)?;
        let answer = self.call(identity, function, arguments, Reading::PassedOn).await?;
        answer.unread.ok_or_else(broke_off)
    }

    /// A success, with its body in the form asked for. In a box, so that the code for it is there once and not for each
    /// kind of arguments.
    fn call<'a>(
        &'a self,
        identity: Identity<'_>,
        function: &str,
        arguments: String,
        reading: Reading,
    ) -> BoxFuture<'a, Result<Answer, Error>> {
        let address = self.address(&format!("/rest/v1/rpc/{function}"));
        let mut headers = match self.headers(identity) {
            Ok(headers) => headers,
            Err(error) => return Box::pin(ready(Err(error))),
        };
        // Whoever asks for it by its name gets what a function answers as it stands, where the function's type has
        // that name (`supabase/migrations/*_json_as_it_stands.sql`).
        headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
        Box::pin(sendable(async move {
            let call = Call {
                method: Method::POST,
                address: &address,
                headers,
                json: Some(arguments),
                time: ANSWER_LIMIT,
                reading,
            };
            let answer =
                http_call::call(&self.http, &self.timer, call).await.map_err(|failure| {
                    match failure {
                        Failure::NeverWritten(cause) | Failure::Lost(cause) => {
                            Error::Unreachable { service: REST, cause }
                        }
                        Failure::Timeout => Error::late(REST),
                    }
                })?;
            if answer.unread.is_none() && answer.body.is_none() {
                return Err(broke_off());
            }
            if (200..300).contains(&answer.status) {
                Ok(answer)
            } else {
                Err(Error::from_answer(REST, answer.status, &answer.body.unwrap_or_default()))
            }
        }))
    }

    /// Runs a query; the body of a success. In a box, so that the code for it is there once and not
    /// for each kind of row and answer.
    fn execute(&self, query: postgrest::Builder) -> BoxFuture<'_, Result<Vec<u8>, Error>> {
        let call = sendable(async move {
            let answer = query.execute().await.map_err(|cause| Error::unreachable(REST, cause))?;
            let status = answer.status();
            let body = answer.bytes().await.map_err(|cause| Error::unreachable(REST, cause))?;
            if status.is_success() {
                Ok(body.to_vec())
            } else {
                Err(Error::from_answer(REST, status.as_u16(), &body))
            }
        });
        Box::pin(within(&self.timer, REST, call))
    }
}

fn broke_off() -> Error {
    let cause = "the answer broke off, or took too long".to_owned();
    Error::Unreachable { service: REST, cause }
}

fn written(arguments: &impl Serialize) -> Result<String, Error> {
    serde_json::to_string(arguments)
        .map_err(|cause| Error::Unexpected { service: REST, cause: cause.to_string() })
}

fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, Error> {
    serde_json::from_slice(body)
        .map_err(|cause| Error::Unexpected { service: REST, cause: cause.to_string() })
}
