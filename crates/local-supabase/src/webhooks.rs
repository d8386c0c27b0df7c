//! Delivery of database webhooks.
//!
//! `supabase_functions.http_request` puts requests into an outbox and notifies. They are taken out
//! before they are sent, so each is sent at most once, as on hosted projects.

use std::future::poll_fn;
use std::time::Duration;

use serde_json::Value;
use tokio::task::JoinHandle;
use tokio_postgres::{AsyncMessage, Client, NoTls};

use crate::Error;

/// One request of the outbox.
#[derive(Debug)]
struct Delivery {
    url: String,
    method: String,
    headers: Value,
    body: Option<Value>,
    timeout: Duration,
}

/// Starts the delivery. Dropping or aborting the task ends it.
pub(crate) async fn start(
    database_url: &str,
    http: reqwest::Client,
) -> Result<JoinHandle<()>, Error> {
    let what = || Error::database("to listen for webhooks");
    let (client, mut connection) =
        tokio_postgres::connect(database_url, NoTls).await.map_err(what())?;
    let wake = std::sync::Arc::new(tokio::sync::Notify::new());
    let ring = wake.clone();
    tokio::spawn(async move {
        while let Some(Ok(message)) = poll_fn(|context| connection.poll_message(context)).await {
            if matches!(message, AsyncMessage::Notification(_)) {
                ring.notify_one();
            }
        }
    });
    client.batch_execute("listen supabase_functions").await.map_err(what())?;
    // What was queued while nobody listened.
    wake.notify_one();
    Ok(tokio::spawn(async move {
        loop {
            wake.notified().await;
            let Ok(list) = take(&client).await else { return };
            for delivery in list {
                tokio::spawn(send(http.clone(), delivery));
            }
        }
    }))
}

async fn take(client: &Client) -> Result<Vec<Delivery>, tokio_postgres::Error> {
    let statement = "
      with taken as (delete from supabase_functions.outbox returning *)
      select url, method, headers, body, timeout_ms from taken order by id";
    client
        .query(statement, &[])
        .await?
        .iter()
        .map(|row| {
            Ok(Delivery {
                url: row.try_get(0)?,
                method: row.try_get(1)?,
                headers: row.try_get(2)?,
                body: row.try_get(3)?,
                timeout: Duration::from_millis(
                    u64::try_from(row.try_get::<_, i32>(4)?).unwrap_or(1000),
                ),
            })
        })
        .collect()
}

/// Sends once. A failure is nobody's to handle: hosted webhooks are not repeated either.
async fn send(http: reqwest::Client, delivery: Delivery) {
    let method =
        if delivery.method == "GET" { reqwest::Method::GET } else { reqwest::Method::POST };
    let mut request = http.request(method, &delivery.url).timeout(delivery.timeout);
    if let Some(headers) = delivery.headers.as_object() {
        for (name, value) in headers {
            request = request.header(name, value.as_str().unwrap_or_default());
        }
    }
    if let Some(body) = delivery.body {
        request = request.body(body.to_string());
    }
    if let Err(error) = request.send().await {
        eprintln!("a database webhook was lost: {error}");
    }
}
