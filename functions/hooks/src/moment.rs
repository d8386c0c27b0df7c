//! Moments as the database writes and reads them, without a calendar library: two formulas.

/// Days since 1 January 1970 of a day of the Gregorian calendar
/// (<https://howardhinnant.github.io/date_algorithms.html#days_from_civil>).
fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let of_era = year.rem_euclid(400);
    let of_year = (153 * (if month > 2 { month - 3 } else { month + 9 }) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

/// Unix seconds of `2026-11-21T08:00:00.123456+00:00`, to the second.
pub(crate) fn read(text: &str) -> Option<i64> {
    let number = |from: usize, to: usize| -> Option<i64> {
        let digits = text.get(from..to)?;
        digits.bytes().all(|byte| byte.is_ascii_digit()).then(|| digits.parse().ok())?
    };
    let date = days(number(0, 4)?, number(5, 7)?, number(8, 10)?);
    let time = number(11, 13)? * 3600 + number(14, 16)? * 60 + number(17, 19)?;
    let rest = text.get(19..)?.trim_start_matches(|c: char| c == '.' || c.is_ascii_digit());
    let offset = match rest.as_bytes() {
        [] | b"Z" => 0,
        [sign @ (b'+' | b'-'), ..] => {
            let start = text.len() - rest.len() + 1;
            let minutes = if rest.len() > 3 { number(start + 3, start + 5)? } else { 0 };
            let offset = number(start, start + 2)? * 3600 + minutes * 60;
            if *sign == b'-' { -offset } else { offset }
        }
        _ => return None,
    };
    Some(date * 86_400 + time - offset)
}

/// Unix seconds as `2026-11-21T08:00:00Z`; `None` outside the years 1970 to 9999.
pub(crate) fn write(at: i64) -> Option<String> {
    if !(0..253_402_300_800).contains(&at) {
        return None;
    }
    // <https://howardhinnant.github.io/date_algorithms.html#civil_from_days>
    let z = at / 86_400 + 719_468;
    let (era, of_era) = (z / 146_097, z % 146_097);
    let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    let second = at % 86_400;
    let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
    Some(format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::OffsetDateTime;
    use time::format_description::well_known::Rfc3339;

    #[test]
    fn a_calendar_library_agrees_on_every_day_and_offset() {
        for day in 0..40_000 {
            let at = day * 86_400 + day * 7 % 86_400;
            let known = OffsetDateTime::from_unix_timestamp(at).unwrap().format(&Rfc3339).unwrap();
            assert_eq!(write(at).as_deref(), Some(known.as_str()));
            assert_eq!(read(&known), Some(at));
        }
        for text in [
            "2026-11-21T08:00:00.123456+00:00",
            "2026-11-21T08:00:00+01:00",
            "2026-11-21T08:00:00.5-03:30",
            "2024-02-29T23:59:59Z",
        ] {
            let known = OffsetDateTime::parse(text, &Rfc3339).unwrap().unix_timestamp();
            assert_eq!(read(text), Some(known), "{text}");
        }
        assert_eq!(read("2026-11-21T08:00:00+01"), read("2026-11-21T08:00:00+01:00"));
        for wrong in
            ["", "infinity", "2026-11-21", "2026-11-21T08:00:00 ?", "2026-11-2\u{e9}T08:00:00Z"]
        {
            assert_eq!(read(wrong), None, "{wrong}");
        }
        assert_eq!((write(-1), write(i64::MAX)), (None, None));
    }
}
