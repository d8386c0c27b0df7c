//! The variables of each message: which, of what kind, and how they are written in a language.

use serde_json::{Map, Value};

use super::dates;
use super::error::{Expected, VariableError};
use crate::{Language, MessageType};

/// One variable of a message.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Variable {
    pub(crate) name: &'static str,
    pub(crate) required: bool,
    kind: Kind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// One line of at most this many characters.
    Line(usize),
    /// Lines of staff, at most this many characters in all.
    Text(usize),
    /// A score.
    Score,
    /// The highest score there is.
    Maximum,
    /// Hake's gain, (post - pre) / (max - pre): at most 1, and below 0 where something was lost.
    Gain,
    /// `YYYY-MM-DD` in the recipient's zone.
    Date,
    /// `HH:MM` in the recipient's zone.
    Time,
    /// The recipient's zone.
    TimeZone,
    /// An address to open.
    Link,
    /// A code to type.
    Code,
}

const fn required(name: &'static str, kind: Kind) -> Variable {
    Variable { name, required: true, kind }
}

const fn optional(name: &'static str, kind: Kind) -> Variable {
    Variable { name, required: false, kind }
}

/// What the database allows names and titles (`profiles.full_name`, `masterclasses.title`), so
/// that a message written by a trigger is never refused for its length.
const NAME: Kind = Kind::Line(200);

/// The longest address of a mailbox, RFC 5321, section 4.5.3.1.
const ADDRESS: Kind = Kind::Line(254);

/// Longer addresses break in mail programs.
const MAX_LINK_BYTES: usize = 2000;

/// No test is longer.
const MAX_SCORE: u64 = 1000;

/// `America/Argentina/ComodRivadavia` has 32 characters.
const MAX_TIME_ZONE_BYTES: usize = 64;

/// Every message and its variables.
pub(crate) static VARIABLES: [(MessageType, &[Variable]); 12] = {
    const REGISTERED: &[Variable] =
        &[required("name", NAME), required("masterclass", NAME), optional("link", Kind::Link)];
    const ACCOUNT: &[Variable] =
        &[optional("name", NAME), required("link", Kind::Link), optional("code", Kind::Code)];
    [
        (MessageType::RegistrationConfirmation, REGISTERED),
        (
            MessageType::PreTestResult,
            &[
                required("name", NAME),
                required("masterclass", NAME),
                required("score", Kind::Score),
                required("max_score", Kind::Maximum),
                optional("link", Kind::Link),
            ],
        ),
        (
            MessageType::PostTestResult,
            &[
                required("name", NAME),
                required("masterclass", NAME),
                required("score", Kind::Score),
                required("max_score", Kind::Maximum),
                optional("gain", Kind::Gain),
                optional("link", Kind::Link),
            ],
        ),
        (
            MessageType::MasterclassReminder,
            &[
                required("name", NAME),
                required("masterclass", NAME),
                required("date", Kind::Date),
                required("time", Kind::Time),
                required("time_zone", Kind::TimeZone),
                optional("link", Kind::Link),
            ],
        ),
        (MessageType::Validation, REGISTERED),
        (
            MessageType::Custom,
            &[
                required("text", Kind::Text(1000)),
                optional("name", NAME),
                optional("subject", Kind::Line(120)),
            ],
        ),
        (MessageType::VerifyEmail, ACCOUNT),
        (MessageType::ResetPassword, ACCOUNT),
        (MessageType::MagicLink, ACCOUNT),
        (MessageType::Invite, ACCOUNT),
        (
            MessageType::EmailChange,
            &[
                optional("name", NAME),
                optional("new_email", ADDRESS),
                required("link", Kind::Link),
                optional("code", Kind::Code),
            ],
        ),
        (MessageType::Reauthentication, &[optional("name", NAME), required("code", Kind::Code)]),
    ]
};

/// A variable as it is written in the message.
pub(super) struct Written {
    pub(super) name: &'static str,
    pub(super) text: String,
    /// Not to be touched: an address to open, or words of staff with their formatting.
    pub(super) verbatim: bool,
}

/// Checks `data` and writes each variable that is there.
///
/// # Errors
/// The first fault, in the order of the declaration; unknown variables last.
pub(super) fn write(
    message_type: MessageType,
    language: Language,
    data: &Value,
) -> Result<Vec<Written>, VariableError> {
    let data = data.as_object().ok_or(VariableError::NotAnObject)?;
    let mut written = Vec::new();
    for variable in message_type.declared() {
        let name = variable.name;
        match data.get(name).filter(|value| !value.is_null()) {
            None if variable.required => return Err(VariableError::Missing { name }),
            None => {}
            Some(value) => match one(variable, language, value, data)? {
                Some(text) => {
                    let verbatim = matches!(variable.kind, Kind::Link | Kind::Text(_));
                    written.push(Written { name, text, verbatim });
                }
                None if variable.required => return Err(VariableError::Missing { name }),
                None => {}
            },
        }
    }
    let known = |name: &str| message_type.declared().any(|variable| variable.name == name);
    match data.keys().find(|name| !known(name)) {
        Some(name) => Err(VariableError::Unknown {
            name: name.chars().filter(|c| !c.is_control()).take(40).collect(),
        }),
        None => Ok(written),
    }
}

/// One variable in words; none where there is nothing to say.
fn one(
    variable: &Variable,
    language: Language,
    value: &Value,
    data: &Map<String, Value>,
) -> Result<Option<String>, VariableError> {
    let name = variable.name;
    let wrong = |expected| VariableError::Wrong { name, expected };
    let string = |expected| value.as_str().ok_or(wrong(expected));
    let text = match variable.kind {
        Kind::Line(max) => limited(name, line(string(Expected::Text)?), max)?,
        Kind::Text(max) => limited(name, lines(string(Expected::Text)?), max)?,
        Kind::Score => {
            let score = count(value).ok_or(wrong(Expected::Count))?;
            let maximum = data.get("max_score").and_then(count);
            if maximum.is_some_and(|maximum| score > maximum) {
                return Err(wrong(Expected::AtMostMaximum));
            }
            score.to_string()
        }
        Kind::Maximum => match count(value) {
            Some(maximum) if maximum > 0 => maximum.to_string(),
            _ => return Err(wrong(Expected::Maximum)),
        },
        Kind::Gain => match value.as_f64() {
            Some(gain) if gain.is_finite() && gain <= 1.0 => percentage(gain, language),
            _ => return Err(wrong(Expected::Gain)),
        },
        Kind::Date => {
            dates::date(string(Expected::Date)?, language).ok_or(wrong(Expected::Date))?
        }
        Kind::Time => {
            dates::time(string(Expected::Time)?, language).ok_or(wrong(Expected::Time))?
        }
        Kind::TimeZone => Some(string(Expected::TimeZone)?)
            .filter(|zone| zone.len() <= MAX_TIME_ZONE_BYTES)
            .and_then(|zone| dates::time_zone(zone, language))
            .ok_or(wrong(Expected::TimeZone))?,
        Kind::Link => match link(string(Expected::Link)?) {
            Some(link) => link,
            None => return Err(wrong(Expected::Link)),
        },
        Kind::Code => match string(Expected::Code)?.trim() {
            code if (4..=10).contains(&code.len())
                && code.bytes().all(|byte| byte.is_ascii_alphanumeric()) =>
            {
                code.to_owned()
            }
            _ => return Err(wrong(Expected::Code)),
        },
    };
    Ok(Some(text).filter(|text| !text.is_empty()))
}

fn limited(name: &'static str, text: String, max: usize) -> Result<String, VariableError> {
    if text.chars().nth(max).is_some() {
        Err(VariableError::TooLong { name, max })
    } else {
        Ok(text)
    }
}

/// One line: control characters and runs of white space become one space. Marks that reverse the
/// direction of what follows are dropped: they could reach the words around a name.
pub(super) fn line(text: &str) -> String {
    let plain: String = text
        .chars()
        .filter(|&c| !reverses(c))
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect();
    plain.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Lines of staff: their line breaks and formatting stay.
fn lines(text: &str) -> String {
    let text: String = text
        .replace("\r\n", "\n")
        .chars()
        .filter(|&c| !reverses(c) && (c == '\n' || !c.is_control()))
        .collect();
    text.trim().to_owned()
}

/// The formatting characters of Unicode's bidirectional algorithm (UAX #9, section 2).
const fn reverses(c: char) -> bool {
    matches!(c, '\u{200e}' | '\u{200f}' | '\u{61c}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

fn count(value: &Value) -> Option<u64> {
    value.as_u64().filter(|&count| count <= MAX_SCORE)
}

/// "76 %" (with the space that does not break) or "76%"; nothing where nothing was gained.
fn percentage(gain: f64, language: Language) -> String {
    let percent = (gain * 100.0).round();
    if percent < 1.0 {
        return String::new();
    }
    match language {
        Language::French => format!("{percent:.0}\u{a0}%"),
        Language::English => format!("{percent:.0}%"),
    }
}

/// The address as it was given, where it is one a person can be sent to: https, or http on the
/// same machine (the local stack); no user name, which could pass for the host.
fn link(text: &str) -> Option<String> {
    let text = text.trim();
    let printable = |c: char| !c.is_control() && !c.is_whitespace() && !reverses(c);
    if text.len() > MAX_LINK_BYTES || !text.chars().all(|c| printable(c) && !"<>\"\\`".contains(c))
    {
        return None;
    }
    let url = url::Url::parse(text).ok()?;
    let host = url.host_str()?;
    let allowed = match url.scheme() {
        "https" => true,
        "http" => matches!(host, "localhost" | "127.0.0.1" | "[::1]"),
        _ => false,
    };
    (allowed && url.username().is_empty() && url.password().is_none()).then(|| text.to_owned())
}
