//! `cargo xtask chaos`: notifications that cannot be lost, proved by breaking everything at once.
//!
//! A stack of its own with three dispatchers and stand-ins of the providers; facts are written through
//! the project's SQL while a seeded storm blows; then it waits until nothing is due and compares three
//! books (`books.rs`). What the storm does depends on the seed; when exactly it strikes what depends on
//! the machine, too.
//!
//! Three things are faster than in production, or a run would take hours: the cron comes every second,
//! the waits between attempts are a fifteenth, and an uncertain message is settled in the time a
//! stand-in stalls and some seconds.

mod books;
mod calm;
mod chance;
mod storm;
pub mod system;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result, bail};
use clap::Args;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::time::{Instant, sleep};
use tokio_postgres::Client;

use crate::project;
use crate::step::Step;
use books::{Findings, Rules};
use chance::Chance;
use storm::{MESSAGES_PER_PERSON, Tally, Weather};
use system::{SECRET, System, WORKERS, connect};

/// How a storm is.
#[derive(Args)]
pub struct ChaosArgs {
    /// Messages, more or less
    #[arg(long, default_value_t = 1000)]
    messages: usize,
    /// Another seed, another storm
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Minutes after which it no longer waits for what is due
    #[arg(long, default_value_t = 20)]
    minutes: u64,
    /// No storm: how fast one Worker sends that many due messages, with pacing off and a provider that
    /// answers in 50 ms
    #[arg(long)]
    calm: bool,
    /// Prints the result as JSON on the standard output
    #[arg(long)]
    json: bool,
}

/// One person's time zone out of ten: where it is day, where night falls during the storm, where it is
/// night.
const ZONES: [&str; 10] = [
    "Africa/Libreville",
    "Africa/Libreville",
    "Asia/Bangkok",
    "Africa/Libreville",
    "Africa/Libreville",
    "Asia/Tokyo",
    "Africa/Libreville",
    "Africa/Libreville",
    "Africa/Libreville",
    "Europe/Paris",
];
/// Bangkok's distance from UTC, in minutes; it has no summer time.
const BANGKOK: u64 = 7 * 60;
/// WhatsApp messages per second.
const PER_SECOND: u32 = 40;

/// Runs a storm and says what came of it.
///
/// # Errors
/// When something could not be started, or when a message was lost or doubled or a rule broken.
pub async fn run(args: ChaosArgs) -> Result<()> {
    let root = project::root()?;
    if args.calm {
        println!("{:#}", calm::measure(&root, args.messages).await?);
        return Ok(());
    }
    let outcome = tokio::select! {
        outcome = storm(&root, &args) => outcome?,
        interrupted = tokio::signal::ctrl_c() => {
            interrupted?;
            bail!("interrupted")
        }
    };
    let (report, findings) = outcome;
    if args.json {
        println!("{}", serde_json::to_string_pretty(&report)?);
    } else {
        println!("{report:#}");
    }
    if findings.is_bad() {
        bail!("a message was lost or doubled, or a rule was broken: seed {}", args.seed);
    }
    Ok(())
}

/// A short storm, for `cargo xtask test`.
///
/// # Errors
/// As [`run`].
pub async fn short(root: &Path) -> Result<()> {
    let args = ChaosArgs { messages: 400, seed: 7, minutes: 3, calm: false, json: true };
    let (report, findings) = storm(root, &args).await?;
    println!("{report:#}");
    if findings.is_bad() {
        bail!("a message was lost or doubled, or a rule was broken: seed {}", args.seed);
    }
    Ok(())
}

/// How long things last.
struct Times {
    storm: Duration,
    stall: Duration,
    settle: Duration,
    limit: Duration,
}

impl Times {
    fn of(args: &ChaosArgs) -> Self {
        let large = args.messages >= 2000;
        let stall = Duration::from_secs(if large { 60 } else { 22 });
        Self {
            storm: Duration::from_secs_f64((args.messages as f64 / 30.0).max(20.0)),
            stall,
            // What stalls is accepted within this, so that absence then proves something.
            settle: stall + Duration::from_secs(5),
            limit: Duration::from_secs(args.minutes * 60),
        }
    }
}

async fn storm(root: &Path, args: &ChaosArgs) -> Result<(Value, Findings)> {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
    let proxy = format!("http://{}/api/hooks", listener.local_addr()?);
    let mut system = System::start(root, "chaos", WORKERS).await?;
    let outcome = in_storm(args, &mut system, listener, &proxy).await;
    system.stop().await;
    outcome
}

async fn in_storm(
    args: &ChaosArgs,
    system: &mut System,
    listener: TcpListener,
    proxy: &str,
) -> Result<(Value, Findings)> {
    let times = Times::of(args);
    let people = args.messages.div_ceil(MESSAGES_PER_PERSON);
    let weather = Arc::new(Weather {
        seed: args.seed,
        tally: Tally::default(),
        blows: AtomicBool::new(true),
        ports: system.workers.iter().map(|worker| worker.port).collect(),
    });
    let database = connect(&system.database_url).await?;
    // The night falls over Bangkok in the middle of the storm, on a full minute.
    let now = unix_ms()? / 1000;
    let night = (now + times.storm.as_secs() / 2).div_ceil(60) + BANGKOK;
    let quiet = ((night % 1440) as u32, ((night + 300) % 1440) as u32);
    let rules = Rules {
        per_second: PER_SECOND,
        stall_ms: millis(times.stall),
        quiet,
        quiet_until_ms: u64::MAX,
    };

    let step = Step::start("preparing");
    prepare(&database, &times, &rules, people, proxy).await?;
    let storms = unruly(args.seed, people, &times, system, proxy).await;
    storms?;
    step.done(&format!("{people} people"));

    let step = Step::start("storm");
    let began = Instant::now();
    let mut background = tokio::task::JoinSet::new();
    background.spawn(storm::proxy(Arc::clone(&weather), listener));
    background.spawn(storm::cron(Arc::clone(&weather)));
    background.spawn(storm::keywords(
        Arc::clone(&weather),
        system.providers.clone(),
        people,
        times.storm,
    ));
    let plan = storm::plan(args.seed, people, args.messages);
    let facts = tokio::spawn(storm::write_facts(
        Arc::clone(&weather),
        system.database_url.clone(),
        plan,
        times.storm,
    ));
    storm::break_things(&weather, system, times.storm).await?;
    facts.await??;
    weather.blows.store(false, Ordering::Relaxed);
    for provider in ["whapi", "resend"] {
        system.providers.delete(&format!("{provider}/storm")).await?;
    }
    let storm_seconds = step.done("").as_secs_f64();

    let step = Step::start("waiting until nothing is due");
    let database = connect(&system.database_url).await?;
    let ended = Instant::now();
    let left = times.limit.saturating_sub(began.elapsed());
    let mut drained = drain(&database, left, &step).await?;
    let drain_seconds = ended.elapsed().as_secs_f64();
    step.done("");

    // What waits for the end of the night would take hours: the quiet hours are lifted.
    let step = Step::start("morning");
    let waited: i64 = database
        .query_one("select count(*) from public.outbound_messages where state = 'queued'", &[])
        .await?
        .try_get(0)?;
    let rules = Rules { quiet_until_ms: unix_ms()?, ..rules };
    database
        .batch_execute(
            "update public.message_channels set quiet_from = null, quiet_until = null;
             update public.outbound_messages set due_at = now() where state = 'queued' and due_at > now();",
        )
        .await?;
    drained &= drain(&database, Duration::from_secs(180), &step).await?;
    step.done(&format!("{waited} messages had waited for it"));

    statuses_have_come(system).await?;
    let findings = books::compare(&database, &system.providers, &rules).await?;
    background.shutdown().await;
    let faults = json!({
        "whapi": system.providers.get("whapi/counts").await?,
        "resend": system.providers.get("resend/counts").await?,
        "statuses": system.providers.get("whapi/webhook").await?,
    });
    let mut report = serde_json::to_value(&findings)?;
    if let Some(report) = report.as_object_mut() {
        let more = json!({
            "messages": args.messages,
            "seed": args.seed,
            "drained": drained,
            "drain_seconds": round(drain_seconds),
            "storm_seconds": round(storm_seconds),
            "put_off_by_night": waited,
            "done_to_the_system": weather.tally.counts(),
            "providers": faults,
        });
        report.extend(more.as_object().cloned().unwrap_or_default());
    }
    Ok((report, findings))
}

async fn prepare(
    database: &Client,
    times: &Times,
    rules: &Rules,
    people: usize,
    proxy: &str,
) -> Result<()> {
    database.batch_execute(include_str!("setup.sql")).await?;
    let zones: Vec<&str> = ZONES.to_vec();
    database
        .execute("select chaos.make_people($1, $2)", &[&i32::try_from(people)?, &zones])
        .await?;
    let time = |minute: u32| format!("{:02}:{:02}", minute / 60, minute % 60);
    let (from, until) = rules.quiet;
    database
        .batch_execute(&format!(
            "update public.message_channels set settle = interval '{} seconds', per_day = 1000000;
             update public.message_channels set per_second = {}, quiet_from = '{}', quiet_until = '{}'
             where channel = 'whatsapp';
             select private.connect_webhook('{proxy}/database', '{SECRET}');",
            times.settle.as_secs(),
            rules.per_second,
            time(from),
            time(until)
        ))
        .await?;
    Ok(())
}

/// Tells the stand-ins what to do wrong.
async fn unruly(
    seed: u64,
    people: usize,
    times: &Times,
    system: &System,
    proxy: &str,
) -> Result<()> {
    let mut chance = Chance::new(seed, 4);
    let unknown: Vec<String> = (1..=people)
        .filter(|_| chance.happens(0.04))
        .map(|person| format!("24174{person:06}"))
        .collect();
    let providers = &system.providers;
    let settings =
        json!({ "unknown": unknown, "latency_milliseconds": 40, "list_lag_milliseconds": 500 });
    providers.post("whapi/settings", &settings).await?;
    providers.post("resend/settings", &json!({ "latency_milliseconds": 40 })).await?;
    let storm = json!({
        "seed": seed, "throttle": 0.01, "error_before": 0.02, "error_after": 0.03, "cut_before": 0.02,
        "cut_after": 0.03, "cut_answer": 0.01, "malformed": 0.01, "outage": 0.002,
        "stall_then_drop": 0.002, "stall_then_accept": 0.002, "accept_then_stall": 0.002,
        "stall_milliseconds": millis(times.stall), "retry_after": 1,
    });
    for provider in ["whapi", "resend"] {
        providers.post(&format!("{provider}/storm"), &storm).await?;
    }
    let webhook = json!({
        "url": format!("{proxy}/whapi"), "header": ["x-webhook-secret", SECRET], "seed": seed,
        "twice": 0.2, "backwards": 0.3, "dropped": 0.05, "delay_milliseconds": [50, 2000],
    });
    providers.post("whapi/webhook", &webhook).await
}

/// Waits until nothing is due: nothing is sent or looked up, and what is queued is for much later, or
/// comes after such a message of the same person.
/// Answers whether that came to pass within the limit.
async fn drain(database: &Client, limit: Duration, step: &Step) -> Result<bool> {
    let began = Instant::now();
    loop {
        let left = database
            .query_one(
                "select count(*) from public.outbound_messages m
                 where m.state in ('sending', 'uncertain')
                   or m.state = 'queued' and not exists (
                     select from public.outbound_messages earlier
                     where earlier.recipient = m.recipient and earlier.channel = m.channel
                       and earlier.sequence <= m.sequence and earlier.state = 'queued'
                       and earlier.due_at > now() + interval '30 minutes')",
                &[],
            )
            .await?;
        let left: i64 = left.try_get(0)?;
        if left == 0 {
            return Ok(true);
        }
        if began.elapsed() > limit {
            return Ok(false);
        }
        step.say(&format!("{left} left"));
        sleep(Duration::from_millis(500)).await;
    }
}

/// What Whapi still has to say.
async fn statuses_have_come(system: &System) -> Result<()> {
    let began = Instant::now();
    while began.elapsed() < Duration::from_secs(30) {
        let state = system.providers.get("whapi/webhook").await?;
        if state.get("pending").and_then(Value::as_u64) == Some(0) {
            break;
        }
        sleep(Duration::from_millis(200)).await;
    }
    Ok(())
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

fn unix_ms() -> Result<u64> {
    Ok(millis(SystemTime::now().duration_since(UNIX_EPOCH).context("the clock is before 1970")?))
}

fn round(seconds: f64) -> f64 {
    (seconds * 10.0).round() / 10.0
}
