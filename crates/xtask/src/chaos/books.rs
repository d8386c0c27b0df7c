//! Three books, compared: the facts in the database, the rows of the outbox, what the providers
//! received. What a violation is, is defined here.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use anyhow::{Context, Result};
use messaging::{reference, reference_in};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio_postgres::Client;
use uuid::Uuid;

use super::system::Providers;

/// How a run was set up, as far as the rules need it.
pub struct Rules {
    /// WhatsApp messages per second.
    pub per_second: u32,
    /// Attempts that all Workers together may have under way.
    pub under_way: usize,
    /// A stand-in told to stall accepts so much later than it was asked, in milliseconds.
    pub stall_ms: u64,
    /// Quiet hours, in minutes of the recipient's day.
    pub quiet: (u32, u32),
    /// When they were lifted, in Unix milliseconds.
    pub quiet_until_ms: u64,
}

/// What came out.
#[derive(Debug, Default, Serialize)]
pub struct Findings {
    /// Facts.
    pub facts: usize,
    /// Accepted by WhatsApp's stand-in, and by that of e-mail.
    pub accepted: usize,
    pub accepted_emails: usize,
    /// Facts without a row; rows that were never finished; rows that say sent of which the provider
    /// knows nothing; rows that were given up though nobody refused them, or cancelled though nobody said
    /// STOP; rows without WhatsApp that no e-mail stands in for; rows that are uncertain and not in the
    /// list of staff.
    pub lost: usize,
    /// Messages that the provider has more than once though each of its answers was known, those it
    /// has of which the outbox knows nothing or says that they were not sent, and rows that no fact
    /// explains.
    pub duplicated: usize,
    /// The same where an attempt between the two was uncertain. It counts as much: what the stand-ins
    /// stall they accept within the time that a message is left to settle, so that the list's silence
    /// is a proof. Where a provider may take longer than that, nobody could promise it.
    pub duplicated_unknown: usize,
    /// Messages that were uncertain at some time and no longer are.
    pub uncertain_resolved: usize,
    /// Messages that are uncertain still, and that staff see as such.
    pub uncertain_listed: usize,
    /// A person's message that was accepted before one written earlier on the same channel (messages
    /// the person has just asked for may overtake).
    pub order_violations: usize,
    /// Accepted in the recipient's quiet hours, not having been asked for by them. An attempt that the
    /// provider stalled may be accepted as much later as it stalls.
    pub quiet_hour_violations: usize,
    /// Windows of one second, and of ten, that begin with a message and in which WhatsApp accepted more
    /// than its pace allows. An attempt may begin a quarter of a second late, and what is under way in
    /// all Workers may arrive at once: a busy machine bunches it.
    pub pacing_violations: usize,
    /// Claimed (for the attempt that was accepted) more than two seconds after a STOP of the
    /// recipient was recorded that no START had taken back. What was claimed before is on its way.
    pub opt_out_violations: usize,
    /// Whether nothing was due any more in the end. Set by whoever waited for it.
    pub drained: bool,
    /// The most messages WhatsApp accepted in one second.
    pub most_in_one_second: usize,
    /// Rows by state, and why rows failed or were cancelled.
    pub states: BTreeMap<String, usize>,
    pub reasons: BTreeMap<String, usize>,
    /// The first of what went wrong, in words.
    pub examples: Vec<String>,
}

impl Findings {
    /// Whether something happened that must not.
    pub fn is_bad(&self) -> bool {
        !self.drained
            || self.lost
                + self.duplicated
                + self.duplicated_unknown
                + self.order_violations
                + self.quiet_hour_violations
                + self.pacing_violations
                + self.opt_out_violations
                > 0
    }

    fn example(&mut self, text: String) {
        if self.examples.len() < 40 {
            self.examples.push(text);
        }
    }
}

struct Row {
    id: Uuid,
    dedupe_key: String,
    channel: String,
    recipient: String,
    urgent: bool,
    state: String,
    last_error: String,
    sequence: i64,
    fallback_for: Option<Uuid>,
    zone_minutes: i32,
    events: Vec<Event>,
}

struct Event {
    at_ms: u64,
    to_state: String,
    code: String,
}

#[derive(Deserialize)]
struct Accepted {
    #[serde(default)]
    key: String,
    #[serde(default)]
    body: String,
    accepted_at: u64,
    elapsed: u64,
}

struct Keyword {
    at_ms: u64,
    stop: bool,
}

/// Reads the three books and compares them.
pub async fn compare(database: &Client, providers: &Providers, rules: &Rules) -> Result<Findings> {
    let facts: BTreeSet<String> = database
        .query("select dedupe_key from chaos.facts", &[])
        .await?
        .iter()
        .map(|row| row.try_get(0))
        .collect::<Result<_, _>>()?;
    let mut rows = read_rows(database).await?;
    read_events(database, &mut rows).await?;
    let keywords = read_keywords(database).await?;
    let listed = read_uncertain_list(database).await?;
    let whatsapp: Vec<Accepted> = accepted(providers.get("whapi/book").await?)?;
    let emails: Vec<Accepted> = accepted(providers.get("resend/book").await?)?;

    let mut found = Findings {
        facts: facts.len(),
        accepted: whatsapp.len(),
        accepted_emails: emails.len(),
        ..Findings::default()
    };
    for row in &rows {
        *found.states.entry(row.state.clone()).or_default() += 1;
        if matches!(row.state.as_str(), "failed" | "cancelled") {
            *found.reasons.entry(format!("{}: {}", row.state, row.last_error)).or_default() += 1;
        }
    }

    // Which row each accepted message is of, by what it carries.
    let by_reference: HashMap<String, usize> = rows
        .iter()
        .enumerate()
        .filter(|(_, row)| row.channel == "whatsapp")
        .map(|(place, row)| (reference(row.id), place))
        .collect();
    let by_key: HashMap<String, usize> =
        rows.iter().enumerate().map(|(place, row)| (row.id.to_string(), place)).collect();
    let mut received: Vec<Vec<&Accepted>> = rows.iter().map(|_| Vec::new()).collect();
    let named = whatsapp
        .iter()
        .map(|message| {
            (message, reference_in(&message.body).and_then(|name| by_reference.get(name)))
        })
        .chain(emails.iter().map(|email| (email, by_key.get(&email.key))));
    let mut in_order: Vec<(usize, u64)> = Vec::new();
    for (message, place) in named {
        let Some(list) = place.and_then(|place| received.get_mut(*place)) else {
            found.duplicated += 1;
            found.example(format!(
                "no row for what was accepted: {:.60} {}",
                message.body, message.key
            ));
            continue;
        };
        list.push(message);
        if let Some(place) = place {
            in_order.push((*place, message.accepted_at));
        }
    }

    look_for_lost(&facts, &rows, &received, &keywords, &mut found);
    look_for_duplicates(&facts, &rows, &received, &mut found);
    look_at_order(&rows, &in_order, &mut found);
    for (row, received) in rows.iter().zip(&received) {
        if row.events.iter().any(|event| event.to_state == "uncertain") {
            if row.state == "uncertain" {
                if listed.contains(&row.id) {
                    found.uncertain_listed += 1;
                } else {
                    found.lost += 1;
                }
                found.example(format!("uncertain still: {}", row.id));
            } else {
                found.uncertain_resolved += 1;
            }
        }
        if row.urgent || row.channel != "whatsapp" {
            continue;
        }
        for message in received {
            let at = message.accepted_at;
            if at < rules.quiet_until_ms && is_quiet(rules, at, row.zone_minutes) {
                found.quiet_hour_violations += 1;
                found.example(format!("accepted at night: {} at {at}", row.id));
            }
            let claimed = row.events.iter().rev();
            let claimed = claimed.filter(|event| event.at_ms <= at && event.to_state == "sending");
            let heard = keywords.get(&row.recipient).map(Vec::as_slice).unwrap_or_default();
            if let Some(claim) = claimed.map(|event| event.at_ms).next()
                && let Some(last) = heard.iter().rev().find(|word| word.at_ms <= claim)
                && last.stop
                && claim > last.at_ms + 2_000
            {
                found.opt_out_violations += 1;
                found.example(format!("claimed {} ms after STOP: {}", claim - last.at_ms, row.id));
            }
        }
    }
    look_at_pace(rules, &whatsapp, &mut found);
    Ok(found)
}

fn look_for_lost(
    facts: &BTreeSet<String>,
    rows: &[Row],
    received: &[Vec<&Accepted>],
    keywords: &HashMap<String, Vec<Keyword>>,
    found: &mut Findings,
) {
    let known: BTreeSet<&str> = rows.iter().map(|row| row.dedupe_key.as_str()).collect();
    for fact in facts.iter().filter(|fact| !known.contains(fact.as_str())) {
        found.lost += 1;
        found.example(format!("no row for the fact {fact}"));
    }
    let fallbacks: BTreeSet<Uuid> = rows.iter().filter_map(|row| row.fallback_for).collect();
    for (row, received) in rows.iter().zip(received) {
        let why = match row.state.as_str() {
            "sent" | "delivered" | "read" if received.is_empty() => "said sent, never received",
            "sent" | "delivered" | "read" | "uncertain" => continue,
            "cancelled" if row.last_error == "opted_out" => {
                let heard = keywords.get(&row.recipient).map(Vec::as_slice).unwrap_or_default();
                if heard.iter().any(|word| word.stop) {
                    continue;
                }
                "cancelled without a STOP"
            }
            "failed" if row.last_error == "unknown_number" && fallbacks.contains(&row.id) => {
                continue;
            }
            "queued" | "sending" => "never finished",
            _ => "given up",
        };
        found.lost += 1;
        found.example(format!(
            "{why}: {} ({}, {}: {})",
            row.id, row.dedupe_key, row.state, row.last_error
        ));
    }
}

fn look_for_duplicates(
    facts: &BTreeSet<String>,
    rows: &[Row],
    received: &[Vec<&Accepted>],
    found: &mut Findings,
) {
    for (row, received) in rows.iter().zip(received) {
        if !facts.contains(&row.dedupe_key) && row.fallback_for.is_none() {
            found.duplicated += 1;
            found.example(format!("no fact for the row {} ({})", row.id, row.dedupe_key));
        }
        if row.state == "cancelled" && !received.is_empty() {
            found.duplicated += 1;
            found.example(format!("said cancelled, and received: {}", row.id));
        }
        for pair in received.windows(2) {
            let [first, second] = pair else { continue };
            let unknown = row
                .events
                .iter()
                .any(|event| event.to_state == "uncertain" && event.at_ms <= second.accepted_at);
            let history: Vec<String> = row
                .events
                .iter()
                .map(|event| format!("{}:{}({})", event.at_ms, event.to_state, event.code))
                .collect();
            found.example(format!(
                "accepted at {} and {}: {} {}",
                first.accepted_at,
                second.accepted_at,
                row.id,
                history.join(" ")
            ));
            if unknown {
                found.duplicated_unknown += 1;
            } else {
                found.duplicated += 1;
            }
        }
    }
}

fn look_at_order(rows: &[Row], in_order: &[(usize, u64)], found: &mut Findings) {
    let mut last: HashMap<(&str, &str), (i64, Uuid)> = HashMap::new();
    for (row, at) in in_order.iter().filter_map(|(place, at)| Some((rows.get(*place)?, at))) {
        if row.urgent {
            continue;
        }
        let before = last.entry((&row.channel, &row.recipient)).or_insert((row.sequence, row.id));
        if row.sequence < before.0 {
            found.order_violations += 1;
            found.example(format!("{} was accepted at {at}, after the later {}", row.id, before.1));
        } else {
            *before = (row.sequence, row.id);
        }
    }
}

fn look_at_pace(rules: &Rules, accepted: &[Accepted], found: &mut Findings) {
    let mut times: Vec<u64> = accepted.iter().map(|message| message.elapsed).collect();
    times.sort_unstable();
    for seconds in [1_u32, 10] {
        let allowed = f64::from(rules.per_second) * (f64::from(seconds) + 0.25);
        let allowed = allowed as usize + rules.under_way;
        let mut end = 0;
        for (begin, time) in times.iter().enumerate() {
            while times.get(end).is_some_and(|later| *later < time + u64::from(seconds) * 1000) {
                end += 1;
            }
            if seconds == 1 {
                found.most_in_one_second = found.most_in_one_second.max(end - begin);
            }
            if end - begin > allowed {
                found.pacing_violations += 1;
                if found.pacing_violations % 50 == 1 {
                    found.example(format!("{} in {seconds} s from {time} on", end - begin));
                }
            }
        }
    }
}

/// Whether these are quiet hours where the clock is so many minutes before UTC's, and have been for
/// longer than the provider may have stalled.
fn is_quiet(rules: &Rules, at_ms: u64, zone_minutes: i32) -> bool {
    let inside = |ms: u64| {
        let minute = (ms as i64 / 60_000 + i64::from(zone_minutes)).rem_euclid(1440);
        let (from, until) = (i64::from(rules.quiet.0), i64::from(rules.quiet.1));
        if from < until {
            minute >= from && minute < until
        } else {
            minute >= from || minute < until
        }
    };
    inside(at_ms) && inside(at_ms.saturating_sub(rules.stall_ms))
}

fn accepted(book: Value) -> Result<Vec<Accepted>> {
    serde_json::from_value(book).context("a provider's book cannot be read")
}

async fn read_rows(database: &Client) -> Result<Vec<Row>> {
    let statement = "
      select m.id, m.dedupe_key, m.channel, m.recipient, m.urgent, m.state, coalesce(m.last_error, ''), m.sequence,
        m.fallback_for, (extract(epoch from now() at time zone coalesce(p.zone, 'Africa/Libreville'))
          - extract(epoch from now() at time zone 'UTC'))::int / 60
      from public.outbound_messages m left join chaos.people p on p.number = m.recipient
      order by m.sequence";
    let read = |row: &tokio_postgres::Row| -> Result<Row, tokio_postgres::Error> {
        Ok(Row {
            id: row.try_get(0)?,
            dedupe_key: row.try_get(1)?,
            channel: row.try_get(2)?,
            recipient: row.try_get(3)?,
            urgent: row.try_get(4)?,
            state: row.try_get(5)?,
            last_error: row.try_get(6)?,
            sequence: row.try_get(7)?,
            fallback_for: row.try_get(8)?,
            zone_minutes: row.try_get(9)?,
            events: Vec::new(),
        })
    };
    Ok(database.query(statement, &[]).await?.iter().map(read).collect::<Result<_, _>>()?)
}

async fn read_events(database: &Client, rows: &mut [Row]) -> Result<()> {
    let places: HashMap<Uuid, usize> =
        rows.iter().enumerate().map(|(place, row)| (row.id, place)).collect();
    let statement = "
      select e.message_id, (extract(epoch from e.at) * 1000)::int8, e.to_state, coalesce(e.code, '')
      from public.outbound_message_events e where e.from_state is distinct from e.to_state order by e.id";
    for event in database.query(statement, &[]).await? {
        let place = places.get(&event.try_get(0)?);
        if let Some(row) = place.and_then(|place| rows.get_mut(*place)) {
            let at_ms: i64 = event.try_get(1)?;
            row.events.push(Event {
                at_ms: at_ms.unsigned_abs(),
                to_state: event.try_get(2)?,
                code: event.try_get(3)?,
            });
        }
    }
    Ok(())
}

/// What staff see when they ask for uncertain messages.
async fn read_uncertain_list(database: &Client) -> Result<BTreeSet<Uuid>> {
    let sign_in = "
      select set_config('request.jwt.claims', json_build_object('sub', s.id, 'role', 'authenticated')::text, false)
      from chaos.staff s";
    database.query(sign_in, &[]).await?;
    let statement = "
      select (m ->> 'id')::uuid
      from jsonb_array_elements(
        public.list_outbound_messages(state => 'uncertain', per_page => 10000) -> 'messages') m";
    let rows = database.query(statement, &[]).await?;
    Ok(rows.iter().map(|row| row.try_get(0)).collect::<Result<_, _>>()?)
}

/// When each number's STOP and START were recorded.
async fn read_keywords(database: &Client) -> Result<HashMap<String, Vec<Keyword>>> {
    let statement = "
      select p.number, (extract(epoch from c.recorded_at) * 1000)::int8, not c.granted
      from public.consents c join chaos.people p on p.id = c.user_id
      where c.purpose = 'whatsapp_messages' order by c.recorded_at";
    let mut keywords: HashMap<String, Vec<Keyword>> = HashMap::new();
    for row in database.query(statement, &[]).await? {
        let at_ms: i64 = row.try_get(1)?;
        let keyword = Keyword { at_ms: at_ms.unsigned_abs(), stop: row.try_get(2)? };
        keywords.entry(row.try_get(0)?).or_default().push(keyword);
    }
    Ok(keywords)
}
