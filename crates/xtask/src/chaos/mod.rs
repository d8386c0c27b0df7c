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

use std::ops::RangeInclusive;
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
    /// A storm for each seed from A to B, one after the other, and their sums
    #[arg(long, value_name = "A..B", value_parser = seeds, conflicts_with = "seed")]
    seeds: Option<RangeInclusive<u64>>,
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
/// WhatsApp messages per second, in a storm of thousands.
const LARGE_PER_SECOND: u32 = 60;
/// Makes due what waits for the end of the night: waits between attempts are not so long.
const WAKE: &str = "update public.outbound_messages set due_at = now()
    where state = 'queued' and due_at > now() + interval '30 minutes'";
/// What a Worker may have under way at once.
const CONNECTIONS: usize = 6;
/// Bangkok's distance from UTC, in minutes; it has no summer time.
const BANGKOK: u64 = 7 * 60;
/// Runs the storms and says what came of them.
///
/// # Errors
/// When something could not be started, when a message was lost or doubled, a rule broken, or when
/// messages were still due in the end.
pub async fn run(args: ChaosArgs) -> Result<()> {
    let root = project::root()?;
    if args.calm {
        println!("{:#}", calm::measure(&root, args.messages).await?);
        return Ok(());
    }
    let mut runs = Vec::new();
    for seed in args.seeds.clone().unwrap_or(args.seed..=args.seed) {
        let (report, findings) = tokio::select! {
            outcome = storm(&root, &args, seed) => outcome?,
            interrupted = tokio::signal::ctrl_c() => {
                interrupted?;
                bail!("interrupted")
            }
        };
        if args.seeds.is_some() {
            eprintln!("  seed {seed}: {}", if findings.is_bad() { "BAD" } else { "good" });
        }
        runs.push((seed, report, findings));
    }
    let bad: Vec<u64> =
        runs.iter().filter(|(_, _, found)| found.is_bad()).map(|(seed, ..)| *seed).collect();
    let result = match (args.seeds, runs.as_slice()) {
        (None, [(_, report, _)]) => report.clone(),
        _ => summary(&runs, &bad),
    };
    if args.json {
        println!("{}", serde_json::to_string_pretty(&result)?);
    } else {
        println!("{result:#}");
    }
    refuse(&bad)
}

/// A short storm, for `cargo xtask test`.
///
/// # Errors
/// As [`run`].
pub async fn short(root: &Path) -> Result<()> {
    let args =
        ChaosArgs { messages: 400, seed: 7, seeds: None, minutes: 3, calm: false, json: true };
    let (report, findings) = storm(root, &args, args.seed).await?;
    println!("{report:#}");
    refuse(if findings.is_bad() { &[7] } else { &[] })
}

fn refuse(bad: &[u64]) -> Result<()> {
    if !bad.is_empty() {
        bail!("a message was lost, doubled or not done with, or a rule was broken: seeds {bad:?}");
    }
    Ok(())
}

/// `A..B`, both included, or one.
fn seeds(text: &str) -> Result<RangeInclusive<u64>, String> {
    let number = |text: &str| text.parse::<u64>().map_err(|error| format!("{text}: {error}"));
    let (first, last) = text.split_once("..").unwrap_or((text, text));
    let range = number(first)?..=number(last.trim_start_matches('='))?;
    if range.is_empty() { Err(format!("no seed in {text}")) } else { Ok(range) }
}

/// The sum of each count over the runs; of the seconds the most.
fn summary(runs: &[(u64, Value, Findings)], bad: &[u64]) -> Value {
    const SUMS: [&str; 12] = [
        "facts",
        "accepted",
        "accepted_emails",
        "lost",
        "duplicated",
        "duplicated_unknown",
        "uncertain_resolved",
        "uncertain_listed",
        "order_violations",
        "quiet_hour_violations",
        "pacing_violations",
        "opt_out_violations",
    ];
    let reports: Vec<&Value> = runs.iter().map(|(_, report, _)| report).collect();
    let numbers = |name: &'static str| reports.iter().filter_map(move |report| report.get(name));
    let sums = SUMS
        .map(|name| (name.to_owned(), json!(numbers(name).filter_map(Value::as_u64).sum::<u64>())));
    let mut all: serde_json::Map<String, Value> = sums.into_iter().collect();
    let most = numbers("drain_seconds").filter_map(Value::as_f64).fold(0.0, f64::max);
    all.insert("drain_seconds".into(), json!(most));
    all.insert("seeds".into(), json!(runs.iter().map(|(seed, ..)| seed).collect::<Vec<_>>()));
    all.insert("bad_seeds".into(), json!(bad));
    all.insert("runs".into(), json!(reports));
    Value::Object(all)
}

/// How long things last, and how fast they come.
struct Times {
    per_second: u32,
    storm: Duration,
    stall: Duration,
    settle: Duration,
    limit: Duration,
}

impl Times {
    fn of(args: &ChaosArgs) -> Self {
        let large = args.messages >= 2000;
        let stall = Duration::from_secs(if large { 60 } else { 22 });
        // Faster, a large storm would be over before much had happened; and three Workers can.
        let per_second = if large { LARGE_PER_SECOND } else { 40 };
        // Fewer than the pace allows: what is tried again needs room.
        let facts_per_second = f64::from(per_second) * 0.75;
        Self {
            per_second,
            storm: Duration::from_secs_f64((args.messages as f64 / facts_per_second).max(20.0)),
            stall,
            // What stalls is accepted within this, so that absence then proves something.
            settle: stall + Duration::from_secs(5),
            limit: Duration::from_secs(args.minutes * 60),
        }
    }
}

async fn storm(root: &Path, args: &ChaosArgs, seed: u64) -> Result<(Value, Findings)> {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
    let proxy = format!("http://{}/api/hooks", listener.local_addr()?);
    // Several may run at once, also of one seed.
    let name = format!("chaos-{seed}-{}", std::process::id());
    let mut system = System::start(root, &name, WORKERS).await?;
    let outcome = in_storm(args, seed, &mut system, listener, &proxy).await;
    if outcome.as_ref().is_ok_and(|(_, findings)| !findings.is_bad()) {
        system.remove().await?;
    } else {
        eprintln!("  its files and logs are kept: {}", system.state.display());
        system.stop().await;
    }
    outcome
}

async fn in_storm(
    args: &ChaosArgs,
    seed: u64,
    system: &mut System,
    listener: TcpListener,
    proxy: &str,
) -> Result<(Value, Findings)> {
    let times = Times::of(args);
    let people = args.messages.div_ceil(MESSAGES_PER_PERSON);
    let weather = Arc::new(Weather {
        seed,
        tally: Tally::default(),
        blows: AtomicBool::new(true),
        ports: system.workers.iter().map(|worker| worker.port).collect(),
        crons: system.workers.iter().map(|worker| worker.cron).collect(),
    });
    let database = connect(&system.database_url).await?;
    // The night falls over Bangkok in the middle of the storm, on a full minute.
    let now = unix_ms()? / 1000;
    let night = (now + times.storm.as_secs() / 2).div_ceil(60) + BANGKOK;
    let quiet = ((night % 1440) as u32, ((night + 300) % 1440) as u32);
    let rules = Rules {
        per_second: times.per_second,
        under_way: WORKERS * CONNECTIONS,
        stall_ms: millis(times.stall),
        quiet,
        quiet_until_ms: u64::MAX,
    };

    let step = Step::start("preparing");
    prepare(&database, &times, &rules, people, proxy).await?;
    let storms = unruly(seed, people, &times, system, proxy).await;
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
    let plan = storm::plan(seed, people, args.messages);
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
        .batch_execute("update public.message_channels set quiet_from = null, quiet_until = null")
        .await?;
    // A claim that began before puts off once more what it finds.
    let began = Instant::now();
    while !drain(&database, Duration::ZERO, &step).await? || database.execute(WAKE, &[]).await? > 0
    {
        if began.elapsed() > Duration::from_secs(180) {
            drained = false;
            break;
        }
        sleep(Duration::from_millis(500)).await;
    }
    step.done(&format!("{waited} messages had waited for it"));

    statuses_have_come(system).await?;
    let mut findings = books::compare(&database, &system.providers, &rules).await?;
    findings.drained = drained;
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
            "seed": seed,
            "per_second": times.per_second,
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seeds_are_a_range_with_both_ends_or_one() {
        assert_eq!(seeds("3..5"), Ok(3..=5));
        assert_eq!(seeds("7"), Ok(7..=7));
        assert!(seeds("5..3").is_err() && seeds("one").is_err());
    }

    #[test]
    fn a_summary_adds_up_what_was_counted_and_names_what_was_bad() {
        let run = |seed: u64, lost: u64, drain: f64| {
            let report = json!({ "seed": seed, "lost": lost, "facts": 10, "drain_seconds": drain });
            (seed, report, Findings::default())
        };
        let summary = summary(&[run(1, 0, 3.5), run(2, 2, 1.0)], &[2]);
        assert_eq!(summary["lost"], 2);
        assert_eq!(summary["facts"], 20);
        assert_eq!(summary["drain_seconds"], 3.5);
        assert_eq!((&summary["seeds"], &summary["bad_seeds"]), (&json!([1, 2]), &json!([2])));
    }

    #[test]
    fn what_is_not_done_with_is_bad() {
        let done = Findings { drained: true, ..Findings::default() };
        assert!(!done.is_bad());
        assert!(Findings::default().is_bad());
        assert!(Findings { drained: true, duplicated_unknown: 1, ..Findings::default() }.is_bad());
    }
}
