//! Faults of ours, reported to a Sentry-compatible server.
//!
//! Contract: one envelope with one event,
//! <https://develop.sentry.dev/sdk/foundations/envelopes/> and
//! <https://develop.sentry.dev/sdk/foundations/envelopes/event-payloads/>. The tests read it back with
//! Sentry's own types.

use crate::{App, Config, Dsn, with_deadline};
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;
use supabase::sendable;
use uuid::Uuid;

/// How long a report may take; then the log has to do.
const PATIENCE: Duration = Duration::from_secs(5);

/// An answer of kind 5xx, found in the extensions of its response. Holds no personal data: the
/// route is the pattern that matched, never the path.
#[derive(Clone, Debug)]
pub struct Incident {
    /// The id in the answer and in the log line.
    pub request_id: Arc<str>,
    /// HTTP method.
    pub method: String,
    /// The route that matched.
    pub route: Option<String>,
    /// HTTP status.
    pub status: u16,
    /// The code in the answer.
    pub code: String,
    /// What only the log knows.
    pub cause: Option<String>,
}

/// Reports an incident where `SENTRY_DSN` is set. A report that fails is said in the log.
pub async fn report(app: &App, incident: &Incident) {
    let Some(dsn) = &app.config().sentry else {
        return;
    };
    let body = envelope(app.config(), incident, app.platform().now_ms());
    let sent = with_deadline(app.platform(), PATIENCE, sendable(post(app, dsn, body))).await;
    let failure = match sent {
        Some(Ok(())) => return,
        Some(Err(cause)) => cause,
        None => "no answer in time".to_owned(),
    };
    let line = json!({
        "message": "an incident could not be reported",
        "level": "warn",
        "request.id": &*incident.request_id,
        "error.cause": failure,
    });
    app.platform().log(&line.to_string());
}

async fn post(app: &App, dsn: &Dsn, body: String) -> Result<(), String> {
    let answer = app
        .http()
        .post(dsn.envelopes.clone())
        .header("content-type", "application/x-sentry-envelope")
        .header(
            "x-sentry-auth",
            format!(
                "Sentry sentry_version=7, sentry_client=griot/{}, sentry_key={}",
                env!("CARGO_PKG_VERSION"),
                dsn.key
            ),
        )
        .body(body)
        .send()
        .await
        .map_err(|cause| cause.without_url().to_string())?;
    if answer.status().is_success() { Ok(()) } else { Err(answer.status().to_string()) }
}

/// The envelope: three lines of JSON.
fn envelope(config: &Config, incident: &Incident, now_ms: u64) -> String {
    let id = Uuid::new_v4().simple().to_string();
    let route = incident.route.as_deref().unwrap_or("-");
    let event: Value = json!({
        "event_id": id,
        // Seconds; the clock of a Worker has milliseconds.
        "timestamp": now_ms as f64 / 1000.0,
        "platform": "other",
        "level": "error",
        "release": concat!("griot@", env!("CARGO_PKG_VERSION")),
        "environment": config.environment,
        "transaction": format!("{} {route}", incident.method),
        "exception": { "values": [{
            "type": incident.code,
            "value": incident.cause.as_deref().unwrap_or(&incident.code),
        }] },
        // One issue per route and code, whatever the words of the cause.
        "fingerprint": [incident.code, incident.method, route],
        "tags": { "http.status": incident.status.to_string(), "request.id": &*incident.request_id },
    });
    format!("{}\n{}\n{event}\n", json!({ "event_id": id }), json!({ "type": "event" }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use sentry_types::protocol::v7::{Envelope, EnvelopeItem};

    #[test]
    fn sentry_itself_reads_the_report() {
        let config = Config::read(|name| match name {
            "SUPABASE_URL" => Some("https://abc.supabase.co".into()),
            "SUPABASE_PUBLISHABLE_KEY" => Some("sb_publishable_x".into()),
            "ENVIRONMENT" => Some("staging".into()),
            _ => None,
        })
        .unwrap();
        let incident = Incident {
            request_id: "r-12345678".into(),
            method: "GET".into(),
            route: Some("/api/admin/student/{id}".into()),
            status: 503,
            code: "service_unavailable".into(),
            cause: Some("rest answered 502".into()),
        };
        let text = envelope(&config, &incident, 1_800_000_000_123);
        let envelope = Envelope::from_slice(text.as_bytes()).unwrap();
        let items: Vec<_> = envelope.items().collect();
        let [EnvelopeItem::Event(event)] = items.as_slice() else {
            panic!("one event was expected: {text}");
        };
        assert_eq!(envelope.uuid(), Some(&event.event_id));
        assert_eq!(event.transaction.as_deref(), Some("GET /api/admin/student/{id}"));
        assert_eq!(event.environment.as_deref(), Some("staging"));
        assert_eq!(event.exception.values[0].ty, "service_unavailable");
        assert_eq!(event.exception.values[0].value.as_deref(), Some("rest answered 502"));
        assert_eq!(event.tags["request.id"], "r-12345678");
    }
}
