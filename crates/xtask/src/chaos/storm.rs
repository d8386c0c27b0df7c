//! What happens to the system: facts are written, Workers and servers are killed, webhooks are lost,
//! repeated and put out of order, people say STOP.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{Instant, sleep, sleep_until};

use super::chance::Chance;
use super::system::{Providers, System, connect};

/// What was done, by name.
#[derive(Default)]
pub struct Tally(Mutex<BTreeMap<&'static str, usize>>);

impl Tally {
    pub fn add(&self, what: &'static str) {
        // A poisoned lock would only mean that something was not counted.
        if let Ok(mut counts) = self.0.lock() {
            *counts.entry(what).or_default() += 1;
        }
    }

    pub fn counts(&self) -> BTreeMap<&'static str, usize> {
        self.0.lock().map(|counts| counts.clone()).unwrap_or_default()
    }
}

/// What the parts of a storm share.
pub struct Weather {
    pub seed: u64,
    pub tally: Tally,
    /// Whether it still blows.
    pub blows: AtomicBool,
    pub ports: Vec<u16>,
    /// Where their crons are rung.
    pub crons: Vec<u16>,
}

impl Weather {
    fn blows(&self) -> bool {
        self.blows.load(Ordering::Relaxed)
    }
}

/// What one person does, in this order; the rounds of different people are mixed.
const ACTS: [&str; 5] = ["register", "custom1", "validate", "post", "custom2"];
/// A round of one person makes so many messages on the whole: a registration makes two, and every
/// fifth person asks for a password.
pub const MESSAGES_PER_PERSON: usize = 6;

/// Everything that will happen, in order.
pub fn plan(seed: u64, people: usize, messages: usize) -> Vec<(usize, &'static str)> {
    let mut chance = Chance::new(seed, 1);
    let mut left: Vec<Vec<&'static str>> = (1..=people)
        .map(|person| {
            let mut acts = ACTS.to_vec();
            if person % 5 == 0 {
                acts.insert(chance.below(acts.len()), "auth1");
            }
            acts.reverse();
            acts
        })
        .collect();
    let mut plan = Vec::new();
    let mut made = 0;
    let mut open: Vec<usize> = (0..people).collect();
    while made < messages && !open.is_empty() {
        let place = chance.below(open.len());
        let Some(person) = open.get(place).copied() else { break };
        match left.get_mut(person).and_then(Vec::pop) {
            Some(act) => {
                made += if act == "register" { 2 } else { 1 };
                plan.push((person + 1, act));
            }
            None => {
                open.swap_remove(place);
            }
        }
    }
    plan
}

/// Writes the facts, spread over `during`. What fails is tried again until it is there: a fact is one
/// once it is committed.
pub async fn write_facts(
    weather: Arc<Weather>,
    url: String,
    plan: Vec<(usize, &'static str)>,
    during: Duration,
) -> Result<()> {
    // A person's facts stay in order, because one writer writes all of them.
    const WRITERS: usize = 2;
    let total = plan.len();
    let began = Instant::now();
    let mut writers = Vec::new();
    for writer in 0..WRITERS {
        let mine: Vec<(usize, (usize, &'static str))> = plan
            .iter()
            .copied()
            .enumerate()
            .filter(|(_, (person, _))| person % WRITERS == writer)
            .collect();
        let (weather, url) = (Arc::clone(&weather), url.clone());
        writers.push(tokio::spawn(async move {
            let mut client = None;
            for (nth, (person, act)) in mine {
                sleep_until(began + during.mul_f64(nth as f64 / total as f64)).await;
                let person = i32::try_from(person)?;
                let gives_up = Instant::now() + Duration::from_secs(60);
                loop {
                    if client.is_none() {
                        client = connect(&url).await.ok();
                    }
                    let done = match &client {
                        Some(client) => client
                            .execute("select chaos.act($1, $2)", &[&person, &act])
                            .await
                            .map(|_| ())
                            .map_err(anyhow::Error::from),
                        None => Err(anyhow::anyhow!("no connection")),
                    };
                    let Err(error) = done else { break };
                    weather.tally.add("facts written again");
                    client = None;
                    if Instant::now() > gives_up {
                        return Err(error.context(format!("person {person} could not {act}")));
                    }
                    sleep(Duration::from_millis(200)).await;
                }
            }
            anyhow::Ok(())
        }));
    }
    for writer in writers {
        writer.await??;
    }
    Ok(())
}

/// The cron, faster than the platform's: every Worker is asked to look about every second.
pub async fn cron(weather: Arc<Weather>) {
    let http = reqwest::Client::new();
    loop {
        for port in &weather.crons {
            let request = http.get(format!("http://127.0.0.1:{port}/"));
            let weather = Arc::clone(&weather);
            tokio::spawn(async move {
                weather.tally.add("cron events");
                // Ends with the run it began, or with the Worker.
                let _ = request.timeout(Duration::from_secs(120)).send().await;
            });
        }
        sleep(Duration::from_millis(1000)).await;
    }
}

/// Stands between the senders of webhooks and the Workers. Those of the database are lost, repeated and
/// delayed past one another while the storm blows; Whapi's go to any Worker, its stand-in being unruly
/// enough by itself.
pub async fn proxy(weather: Arc<Weather>, listener: TcpListener) {
    let http = reqwest::Client::new();
    let mut nth = 0;
    while let Ok((connection, _)) = listener.accept().await {
        nth += 1;
        tokio::spawn(pass_on(Arc::clone(&weather), http.clone(), connection, nth));
    }
}

async fn pass_on(
    weather: Arc<Weather>,
    http: reqwest::Client,
    mut connection: TcpStream,
    nth: u64,
) -> Result<()> {
    let (path, secret, body) = read_request(&mut connection).await?;
    let mut chance = Chance::new(weather.seed, 1000 + nth);
    let forward = |port: u16| {
        http.post(format!("http://127.0.0.1:{port}{path}"))
            .header("content-type", "application/json")
            .header("x-webhook-secret", secret.as_str())
            .timeout(Duration::from_secs(10))
            .body(body.clone())
    };
    let any = |chance: &mut Chance| {
        weather.ports.get(chance.below(weather.ports.len())).copied().unwrap_or_default()
    };
    let mut status = 202;
    if path == "/api/hooks/database" {
        // The sender hears nothing of it: hosted webhooks are not repeated either.
        let copies = match weather.blows() {
            true if chance.happens(0.4) => 0,
            true if chance.happens(0.2) => 2,
            _ => 1,
        };
        weather.tally.add(match copies {
            0 => "database webhooks lost",
            1 => "database webhooks passed on",
            _ => "database webhooks repeated",
        });
        for _ in 0..copies {
            let delay = chance.between(Duration::ZERO, Duration::from_secs(3));
            if weather.blows() && chance.happens(0.5) {
                weather.tally.add("database webhooks out of order");
                sleep(delay).await;
            }
            let _ = forward(any(&mut chance)).send().await;
        }
    } else {
        status = 503;
        if let Ok(answer) = forward(any(&mut chance)).send().await {
            status = answer.status().as_u16();
        }
    }
    let head = format!("HTTP/1.1 {status} -\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
    connection.write_all(head.as_bytes()).await?;
    connection.shutdown().await?;
    Ok(())
}

/// A request as our two senders write it: with a length, on a connection of its own.
async fn read_request(connection: &mut TcpStream) -> Result<(String, String, Vec<u8>)> {
    const MOST: usize = 2 * 1024 * 1024;
    let mut read = Vec::new();
    loop {
        let mut part = [0_u8; 16 * 1024];
        let length = connection.read(&mut part).await?;
        if length == 0 || read.len() > MOST {
            bail!("half a request");
        }
        read.extend_from_slice(part.get(..length).unwrap_or_default());
        let Some(end) = read.windows(4).position(|four| four == b"\r\n\r\n") else { continue };
        let head = String::from_utf8_lossy(read.get(..end).unwrap_or_default()).into_owned();
        let header = |name: &str| {
            head.lines().filter_map(|line| line.split_once(':')).find_map(|(found, value)| {
                found.eq_ignore_ascii_case(name).then(|| value.trim().to_owned())
            })
        };
        let length: usize =
            header("content-length").and_then(|value| value.parse().ok()).unwrap_or(0);
        let body = read.get(end + 4..).unwrap_or_default();
        if body.len() >= length {
            let path = head.split(' ').nth(1).context("no path")?.to_owned();
            return Ok((path, header("x-webhook-secret").unwrap_or_default(), body.to_vec()));
        }
    }
}

/// Some people say STOP, and some of these START later.
pub async fn keywords(
    weather: Arc<Weather>,
    providers: Providers,
    people: usize,
    during: Duration,
) {
    let mut chance = Chance::new(weather.seed, 2);
    let mut said = Vec::new();
    for person in 1..=people {
        let at = chance.between(during / 5, during);
        if chance.happens(0.08) {
            said.push((at, person, "ARRÊT"));
            if chance.happens(0.4) {
                said.push((at + during / 4, person, "START"));
            }
        }
    }
    said.sort_unstable();
    let began = Instant::now();
    for (at, person, text) in said {
        sleep_until(began + at).await;
        let body = json!({ "from": format!("24174{person:06}"), "text": text });
        if providers.post("whapi/incoming", &body).await.is_ok() {
            weather.tally.add(if text == "START" {
                "people who said START"
            } else {
                "people who said STOP"
            });
        }
    }
}

/// Kills Workers, PostgREST and PostgreSQL at moments of chance, until the storm ends.
pub async fn break_things(weather: &Weather, system: &mut System, during: Duration) -> Result<()> {
    let mut chance = Chance::new(weather.seed, 3);
    let end = Instant::now() + during;
    // Each at least once, however short the storm.
    let mut rest = Instant::now() + chance.between(during / 5, during / 2);
    let mut database = Instant::now() + chance.between(during / 3, during * 4 / 5);
    while Instant::now() < end {
        sleep(chance.between(Duration::from_millis(500), Duration::from_secs(5))).await;
        let nth = chance.below(system.workers.len());
        if system.kill_worker(nth).is_some() {
            weather.tally.add("Workers killed");
        }
        sleep(chance.between(Duration::ZERO, Duration::from_secs(2))).await;
        system.start_worker(nth)?;
        let now = Instant::now();
        if now >= rest {
            system.stack.restart_postgrest().await?;
            weather.tally.add("PostgREST killed");
            rest = now + chance.between(Duration::from_secs(15), Duration::from_secs(45));
        }
        if now >= database {
            system.stack.crash_database().await?;
            weather.tally.add("PostgreSQL crashed");
            database = now + chance.between(Duration::from_secs(30), Duration::from_secs(90));
        }
    }
    Ok(())
}
