//! How fast messages go when nothing fails.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use anyhow::{Context, Result};
use serde_json::{Value, json};
use tokio::time::{Duration, Instant, sleep};

use super::storm::{self, Tally, Weather};
use super::system::{System, connect};
use crate::step::Step;

/// Messages that are due at once, each to somebody else, through one Worker.
///
/// # Errors
/// When something could not be started, or when they are not gone after ten minutes.
pub async fn measure(root: &Path, messages: usize) -> Result<Value> {
    let mut system = System::start(root, "calm", 1).await?;
    let measured = send(&mut system, messages).await;
    system.stop().await;
    measured
}

async fn send(system: &mut System, messages: usize) -> Result<Value> {
    const LATENCY_MS: u64 = 50;
    let step = Step::start("writing");
    let settings = json!({ "latency_milliseconds": LATENCY_MS });
    system.providers.post("whapi/settings", &settings).await?;
    let database = connect(&system.database_url).await?;
    database
        .batch_execute(&format!(
            "update public.message_channels set per_second = null, per_day = null, quiet_from = null, quiet_until = null;
             select count(private.enqueue_message('calm:' || n, 'pre_test_result', 'whatsapp', '+24174' || lpad(n::text, 6, '0'), 'fr',
               '{{\"name\": \"Mesure\", \"masterclass\": \"Banc\", \"score\": 4, \"max_score\": 10}}'))
             from generate_series(1, {messages}) n;
             analyze public.outbound_messages;"
        ))
        .await?;
    step.done("");

    let step = Step::start("sending");
    let weather = Arc::new(Weather {
        seed: 0,
        tally: Tally::default(),
        blows: AtomicBool::new(false),
        ports: system.workers.iter().map(|worker| worker.port).collect(),
        crons: system.workers.iter().map(|worker| worker.cron).collect(),
    });
    let cron = tokio::spawn(storm::cron(weather));
    let began = Instant::now();
    loop {
        let left: i64 = database
            .query_one("select count(*) from public.outbound_messages where state in ('queued', 'sending')", &[])
            .await?
            .try_get(0)?;
        if left == 0 {
            break;
        }
        anyhow::ensure!(began.elapsed() < Duration::from_secs(600), "{left} messages are left");
        step.say(&format!("{left} left"));
        sleep(Duration::from_millis(500)).await;
    }
    cron.abort();
    step.done("");
    let book = system.providers.get("whapi/book").await?;
    let times: Vec<u64> = book
        .as_array()
        .context("no book")?
        .iter()
        .filter_map(|message| message.get("elapsed")?.as_u64())
        .collect();
    let (first, last) = times.iter().min().zip(times.iter().max()).context("nothing was sent")?;
    let seconds = (last - first) as f64 / 1000.0;
    Ok(json!({
        "messages": times.len(),
        "seconds": super::round(seconds),
        "messages_per_second": super::round(times.len() as f64 / seconds),
        "bound_per_second": super::CONNECTIONS as u64 * 1000 / LATENCY_MS,
    }))
}
