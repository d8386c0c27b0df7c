//! Every message the stand-in has: those it accepted, and those people wrote.

use std::collections::{HashMap, HashSet};
use std::sync::Mutex;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use serde::Serialize;
use serde_json::{Value, json};

use crate::messages::hash;
use crate::openai::lock;

/// The number of the stand-in's own account.
const OUR_NUMBER: &str = "24177000000";

/// A message of ours that was accepted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Accepted {
    /// Its identifier.
    pub id: String,
    /// The number it was sent to, as it was asked for.
    pub to: String,
    /// Its text.
    pub body: String,
    /// When, in milliseconds of Unix time; never before the one accepted before.
    pub accepted_at: u64,
    /// When, in milliseconds since the stand-in began; unmoved by changes of the clock.
    pub elapsed: u64,
    /// Which channel sent it: a hash of the token, not the token.
    pub channel: String,
    /// Its state now.
    pub status: &'static str,
}

/// A message as the lists show it.
#[derive(Debug, Clone)]
pub(crate) struct Message {
    pub(crate) id: String,
    pub(crate) chat: String,
    pub(crate) body: String,
    pub(crate) from_me: bool,
    pub(crate) at: u64,
    pub(crate) status: &'static str,
}

/// Which part of a list is wanted.
pub(crate) struct Part<'a> {
    pub(crate) chat: Option<&'a str>,
    pub(crate) from: u64,
    pub(crate) to: Option<u64>,
    pub(crate) from_me: Option<bool>,
    pub(crate) newest_first: bool,
    pub(crate) offset: usize,
    pub(crate) count: usize,
}

#[derive(Debug)]
struct Row {
    message: Message,
    to: String,
    elapsed: Duration,
    channel: String,
}

#[derive(Debug, Default)]
struct Pages {
    rows: Vec<Row>,
    /// Positions by chat and by identifier.
    chats: HashMap<String, Vec<usize>>,
    ids: HashMap<String, usize>,
    sent: HashMap<u64, u64>,
    lag: Duration,
    unknown: HashSet<String>,
    failing: HashSet<String>,
    known_as: HashMap<String, String>,
}

#[derive(Debug)]
pub(crate) struct Book {
    began: Instant,
    pages: Mutex<Pages>,
}

impl Default for Book {
    fn default() -> Self {
        Self { began: Instant::now(), pages: Mutex::default() }
    }
}

impl Book {
    pub(crate) fn set(
        &self,
        lag: Option<Duration>,
        unknown: Option<Vec<String>>,
        failing: Option<Vec<String>>,
        known_as: Option<Vec<(String, String)>>,
    ) {
        let mut pages = lock(&self.pages);
        if let Some(lag) = lag {
            pages.lag = lag;
        }
        if let Some(unknown) = unknown {
            pages.unknown = unknown.into_iter().collect();
        }
        if let Some(failing) = failing {
            pages.failing = failing.into_iter().collect();
        }
        if let Some(known_as) = known_as {
            pages.known_as = known_as.into_iter().collect();
        }
    }

    pub(crate) fn knows(&self, number: &str) -> bool {
        !lock(&self.pages).unknown.contains(number)
    }

    pub(crate) fn fails(&self, number: &str) -> bool {
        lock(&self.pages).failing.contains(number)
    }

    /// WhatsApp's identifier of a number.
    pub(crate) fn wa_id(&self, number: &str) -> String {
        lock(&self.pages).wa_id(number)
    }

    pub(crate) fn accept(&self, to: &str, body: &str, token: &str) -> Message {
        let mut pages = lock(&self.pages);
        let chat = format!("{}@s.whatsapp.net", pages.wa_id(to));
        let channel = format!("{:016x}", hash(0, &[token.as_bytes()]));
        self.add(&mut pages, &chat, body, true, to, channel)
    }

    pub(crate) fn receive(&self, from: &str, body: &str) -> Message {
        let mut pages = lock(&self.pages);
        let chat = format!("{}@s.whatsapp.net", pages.wa_id(from));
        self.add(&mut pages, &chat, body, false, OUR_NUMBER, String::new())
    }

    fn add(
        &self,
        pages: &mut Pages,
        chat: &str,
        body: &str,
        from_me: bool,
        to: &str,
        channel: String,
    ) -> Message {
        let content = hash(u64::from(from_me), &[chat.as_bytes(), body.as_bytes()]);
        let nth = pages.sent.entry(content).or_default();
        *nth += 1;
        // The same message gets the same identifier in every run, and its repetition another.
        let (first, second) = (hash(1, &[&content.to_le_bytes(), &nth.to_le_bytes()]), content);
        let id = format!("{first:016x}-{:010x}", second & 0xff_ffff_ffff);
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_millis();
        let at = u64::try_from(now).unwrap_or(u64::MAX);
        let at = at.max(pages.rows.last().map_or(0, |row| row.message.at));
        let status = if from_me { "pending" } else { "delivered" };
        let message =
            Message { id, chat: chat.to_owned(), body: body.to_owned(), from_me, at, status };
        let position = pages.rows.len();
        pages.chats.entry(chat.to_owned()).or_default().push(position);
        pages.ids.insert(message.id.clone(), position);
        pages.rows.push(Row {
            message: message.clone(),
            to: to.to_owned(),
            elapsed: self.began.elapsed(),
            channel,
        });
        message
    }

    pub(crate) fn set_status(&self, id: &str, status: &'static str) {
        let mut pages = lock(&self.pages);
        let position = pages.ids.get(id).copied();
        if let Some(row) = position.and_then(|position| pages.rows.get_mut(position)) {
            row.message.status = status;
        }
    }

    /// Our messages, from the n-th on.
    pub(crate) fn from(&self, nth: usize) -> Vec<Accepted> {
        let milliseconds =
            |elapsed: Duration| u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX);
        lock(&self.pages)
            .rows
            .iter()
            .filter(|row| row.message.from_me)
            .skip(nth)
            .map(|row| Accepted {
                id: row.message.id.clone(),
                to: row.to.clone(),
                body: row.message.body.clone(),
                accepted_at: row.message.at,
                elapsed: milliseconds(row.elapsed),
                channel: row.channel.clone(),
                status: row.message.status,
            })
            .collect()
    }

    /// A part of the list and the number of all messages it is a part of; nothing where there is no
    /// such chat.
    pub(crate) fn list(&self, part: &Part<'_>) -> Option<(Vec<Message>, usize)> {
        let pages = lock(&self.pages);
        let now = self.began.elapsed();
        let visible = |row: &&Row| {
            row.elapsed + pages.lag <= now
                && part.from_me.is_none_or(|from_me| row.message.from_me == from_me)
        };
        // Rows are in the order of their time, in whole seconds as the list tells it.
        let begin = pages.rows.partition_point(|row| row.message.at / 1000 < part.from);
        let end = match part.to {
            Some(to) => pages.rows.partition_point(|row| row.message.at / 1000 <= to),
            None => pages.rows.len(),
        };
        let rows: Vec<&Row> = match part.chat {
            Some(chat) => {
                let positions = pages.chats.get(chat)?;
                let first = positions.partition_point(|position| *position < begin);
                positions
                    .iter()
                    .skip(first)
                    .take_while(|position| **position < end)
                    .filter_map(|position| pages.rows.get(*position))
                    .filter(visible)
                    .collect()
            }
            None => pages.rows.get(begin..end).unwrap_or_default().iter().filter(visible).collect(),
        };
        let pick = |rows: &mut dyn Iterator<Item = &&Row>| -> Vec<Message> {
            rows.skip(part.offset).take(part.count).map(|row| row.message.clone()).collect()
        };
        let chosen =
            if part.newest_first { pick(&mut rows.iter().rev()) } else { pick(&mut rows.iter()) };
        Some((chosen, rows.len()))
    }

    pub(crate) fn forget(&self) {
        let mut pages = lock(&self.pages);
        pages.rows.clear();
        pages.chats.clear();
        pages.ids.clear();
        pages.sent.clear();
    }
}

impl Pages {
    fn wa_id(&self, number: &str) -> String {
        self.known_as.get(number).map_or_else(|| number.to_owned(), Clone::clone)
    }
}

impl Message {
    /// As the contract's `Message`.
    pub(crate) fn json(&self) -> Value {
        let owner = self.chat.split('@').next().unwrap_or_default();
        json!({
            "id": self.id,
            "from_me": self.from_me,
            "type": "text",
            "chat_id": self.chat,
            "timestamp": self.at / 1000,
            "source": if self.from_me { "api" } else { "mobile" },
            "status": self.status,
            "text": { "body": self.body },
            "from": if self.from_me { OUR_NUMBER } else { owner },
        })
    }
}
