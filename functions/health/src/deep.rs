//! Asks the services of the project whether they answer.

use crate::Status;
use edge::{App, Config, with_deadline};
use futures_util::future::join4;
use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use supabase::{Identity, sendable};
use utoipa::ToSchema;

/// A service that has not answered by then is as good as down for whoever waits.
const PATIENCE: Duration = Duration::from_secs(3);
/// For how long a result is given again: anybody may ask, so that asking must not cost the
/// project anything.
const KEPT_MS: u64 = 5_000;
/// How often one looks whether the request that is asking is done.
const LOOK_EVERY: Duration = Duration::from_millis(50);
/// After that the request that is asking was dropped on its way.
const GIVEN_UP_MS: u64 = 4_000;

/// Whether one service answers.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = HealthCheck)]
pub(crate) struct Check {
    name: Name,
    status: Outcome,
    /// Milliseconds until it answered, or until it was given up.
    latency_ms: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = HealthCheckName)]
enum Name {
    /// PostgREST and the database behind it, with our tables.
    Database,
    /// The keys that access tokens are verified with.
    AuthKeys,
    /// The files.
    Storage,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
#[schema(as = HealthCheckStatus)]
enum Outcome {
    Ok,
    Failed,
}

/// Whether what lies outside the project has its key.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = HealthProviders)]
pub(crate) struct Providers {
    /// Without it the embedded engine writes the questions.
    openai: Configured,
    /// Without it faults are only in the log.
    sentry: Configured,
    /// Without it WhatsApp messages stay in the outbox.
    whapi: Configured,
    /// Without it, or without a sender, e-mails stay in the outbox.
    resend: Configured,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = HealthConfigured)]
enum Configured {
    Configured,
    NotConfigured,
}

impl Providers {
    pub(crate) fn of(config: &Config) -> Self {
        let say = |is| if is { Configured::Configured } else { Configured::NotConfigured };
        let messages = &config.messages;
        Self {
            openai: say(config.openai_api_key.is_some()),
            sentry: say(config.sentry.is_some()),
            whapi: say(messages.whapi_token.is_some()),
            resend: say(messages.resend_api_key.is_some() && messages.email_from.is_some()),
        }
    }
}

/// What was found.
#[derive(Clone, Debug)]
pub(crate) struct Found {
    pub(crate) checks: Vec<Check>,
    /// Seconds the message has waited that should have gone first; `None` where nobody could say.
    pub(crate) outbox: Option<u64>,
}

/// What the checks come to.
pub(crate) fn judge(checks: &[Check]) -> Status {
    let failed: Vec<Name> = checks
        .iter()
        .filter(|check| check.status == Outcome::Failed)
        .map(|check| check.name)
        .collect();
    if failed.is_empty() {
        Status::Ok
    } else if failed.iter().all(|name| *name == Name::Storage) {
        Status::Degraded
    } else {
        Status::Down
    }
}

/// The last result of this isolate.
#[derive(Debug, Default)]
pub(crate) struct Kept(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    /// When, and what was found.
    last: Option<(u64, Found)>,
    /// Since when a request is asking.
    asking_since: Option<u64>,
}

impl Kept {
    /// The checks, at most [`KEPT_MS`] old. Of requests that come together one asks and the others
    /// wait for it; they look instead of being woken because a Worker may not end the wait of
    /// another request.
    pub(crate) async fn look(&self, app: &App) -> Found {
        loop {
            match self.kept(app.platform().now_ms()) {
                Seen::Fresh(found) => return found,
                Seen::Asking => app.platform().sleep(LOOK_EVERY).await,
                Seen::Nothing => break,
            }
        }
        let found = ask(app).await;
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *state = State { last: Some((app.platform().now_ms(), found.clone())), asking_since: None };
        found
    }

    /// What there is; with nothing it is upon this request to ask.
    fn kept(&self, now_ms: u64) -> Seen {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((at, found)) = &state.last
            && now_ms.saturating_sub(*at) < KEPT_MS
        {
            return Seen::Fresh(found.clone());
        }
        if state.asking_since.is_some_and(|since| now_ms.saturating_sub(since) < GIVEN_UP_MS) {
            return Seen::Asking;
        }
        state.asking_since = Some(now_ms);
        Seen::Nothing
    }
}

enum Seen {
    Fresh(Found),
    Asking,
    Nothing,
}

async fn ask(app: &App) -> Found {
    let (database, auth_keys, storage, outbox) = join4(
        check(app, Name::Database, sendable(database(app))),
        check(app, Name::AuthKeys, sendable(auth_keys(app))),
        check(app, Name::Storage, sendable(storage(app))),
        with_deadline(app.platform(), PATIENCE, sendable(outbox(app))),
    )
    .await;
    Found { checks: vec![database, auth_keys, storage], outbox: outbox.flatten() }
}

/// Waits for one answer. Why there is none is said in the log and nowhere else.
async fn check(
    app: &App,
    name: Name,
    answer: impl Future<Output = Result<(), String>> + Send,
) -> Check {
    let started = app.platform().now_ms();
    let answer = with_deadline(app.platform(), PATIENCE, answer).await;
    let latency_ms = app.platform().now_ms().saturating_sub(started);
    let Err(cause) = answer.unwrap_or_else(|| Err("no answer in time".into())) else {
        return Check { name, status: Outcome::Ok, latency_ms };
    };
    let line = json!({
        "message": "a service of the project failed its health check",
        "level": "error",
        "check": name,
        "error.cause": cause,
    });
    app.platform().log(&line.to_string());
    Check { name, status: Outcome::Failed, latency_ms }
}

/// A row that everybody may read: PostgREST, the database and our migrations.
async fn database(app: &App) -> Result<(), String> {
    let project = app.project();
    let query = project
        .from(Identity::Visitor, "privacy_policies")
        .map_err(|cause| cause.to_string())?
        .select("version")
        .limit(1);
    project.rows::<IgnoredAny>(query).await.map(|_| ()).map_err(|cause| cause.to_string())
}

/// Keys to verify access tokens with; a project that signs with a shared secret may have none.
async fn auth_keys(app: &App) -> Result<(), String> {
    #[derive(Deserialize)]
    struct Keys {
        keys: Vec<IgnoredAny>,
    }
    let issuer = app.config().jwt_issuer.as_str().trim_end_matches('/');
    let answer = app
        .http()
        .get(format!("{issuer}/.well-known/jwks.json"))
        .send()
        .await
        .and_then(reqwest::Response::error_for_status)
        .map_err(|cause| cause.without_url().to_string())?;
    let body = answer.bytes().await.map_err(|cause| cause.without_url().to_string())?;
    let Keys { keys } = serde_json::from_slice(&body).map_err(|cause| cause.to_string())?;
    if keys.is_empty() && app.config().jwt_secret.is_none() {
        return Err("the project publishes no signing key".into());
    }
    Ok(())
}

/// Any answer that is no fault: what a visitor is refused there shows that it works.
async fn storage(app: &App) -> Result<(), String> {
    let address = app.config().supabase_url.as_str().trim_end_matches('/');
    let answer = app
        .http()
        .get(format!("{address}/storage/v1/bucket"))
        .header("apikey", &app.config().publishable_key)
        .send()
        .await
        .map_err(|cause| cause.without_url().to_string())?;
    if answer.status().is_server_error() { Err(answer.status().to_string()) } else { Ok(()) }
}

/// How late the outbox is. A database that does not answer is said by its own check.
async fn outbox(app: &App) -> Option<u64> {
    app.project().rpc(Identity::Visitor, "outbound_health", &json!({})).await.ok()
}
