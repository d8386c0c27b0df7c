//! Dates, times and zones as a reader says them.

use time::{Date, Month};

use crate::Language;

/// `2026-12-01` as "mardi 1er décembre 2026" or "Tuesday 1 December 2026".
pub(super) fn date(text: &str, language: Language) -> Option<String> {
    let (year, month, day) = match text.as_bytes() {
        [_, _, _, _, b'-', _, _, b'-', _, _] => {
            (digits(text, 0, 4)?, digits(text, 5, 7)?, digits(text, 8, 10)?)
        }
        _ => return None,
    };
    let month = Month::try_from(u8::try_from(month).ok()?).ok()?;
    let date = Date::from_calendar_date(i32::from(year), month, u8::try_from(day).ok()?).ok()?;
    let weekday = usize::from(date.weekday().number_days_from_monday());
    let month = usize::from(u8::from(month)).checked_sub(1)?;
    Some(match language {
        Language::French => {
            let (weekday, month) = (WEEKDAYS_FR.get(weekday)?, MONTHS_FR.get(month)?);
            let ordinal = if day == 1 { "er" } else { "" };
            format!("{weekday} {day}{ordinal} {month} {year}")
        }
        Language::English => {
            format!("{} {day} {} {year}", WEEKDAYS_EN.get(weekday)?, MONTHS_EN.get(month)?)
        }
    })
}

/// `18:30` as "18 h 30" (spaces that do not break) or "18:30". Seconds, which SQL writes, are let
/// go.
pub(super) fn time(text: &str, language: Language) -> Option<String> {
    let (hour, minute) = match text.as_bytes() {
        [_, _, b':', _, _] => (digits(text, 0, 2)?, digits(text, 3, 5)?),
        [_, _, b':', _, _, b':', _, _] if digits(text, 6, 8)? < 60 => {
            (digits(text, 0, 2)?, digits(text, 3, 5)?)
        }
        _ => return None,
    };
    if hour > 23 || minute > 59 {
        return None;
    }
    Some(match language {
        Language::French if minute == 0 => format!("{hour}\u{a0}h"),
        Language::French => format!("{hour}\u{a0}h\u{a0}{minute:02}"),
        Language::English => format!("{hour:02}:{minute:02}"),
    })
}

/// `Africa/Libreville` as "heure de Libreville" or "Libreville time".
pub(super) fn time_zone(zone: &str, language: Language) -> Option<String> {
    let well_formed = |c: u8| c.is_ascii_alphanumeric() || matches!(c, b'/' | b'_' | b'-' | b'+');
    let starts_well = zone.as_bytes().first().is_some_and(u8::is_ascii_alphabetic);
    if !starts_well || !zone.bytes().all(well_formed) {
        return None;
    }
    if matches!(zone, "UTC" | "Etc/UTC") {
        return Some("UTC".to_owned());
    }
    let city = zone.rsplit_once('/')?.1.replace('_', " ");
    if city.is_empty() || zone.starts_with("Etc/") {
        return None;
    }
    Some(match language {
        Language::French if city.starts_with(['A', 'E', 'I', 'O', 'U']) => {
            format!("heure d’{city}")
        }
        Language::French => format!("heure de {city}"),
        Language::English => format!("{city} time"),
    })
}

fn digits(text: &str, from: usize, to: usize) -> Option<u16> {
    let part = text.get(from..to)?;
    if part.bytes().all(|byte| byte.is_ascii_digit()) { part.parse().ok() } else { None }
}

const WEEKDAYS_FR: [&str; 7] =
    ["lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi", "dimanche"];

const WEEKDAYS_EN: [&str; 7] =
    ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];

const MONTHS_FR: [&str; 12] = [
    "janvier",
    "février",
    "mars",
    "avril",
    "mai",
    "juin",
    "juillet",
    "août",
    "septembre",
    "octobre",
    "novembre",
    "décembre",
];

const MONTHS_EN: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
