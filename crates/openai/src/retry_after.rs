//! How long a provider asks to wait.

use std::time::Duration;

use time::OffsetDateTime;
use time::format_description::well_known::Rfc2822;

/// Reads `retry-after-ms` (the provider's own, in milliseconds) or `Retry-After` (RFC 9110,
/// section 10.2.3: seconds, or a date).
///
/// A date is measured from the response's own `Date`, so that no clock is read here.
pub(crate) fn retry_after(headers: &[(String, String)]) -> Option<Duration> {
    if let Some(milliseconds) = number(header(headers, "retry-after-ms")) {
        return Duration::try_from_secs_f64(milliseconds / 1000.0).ok();
    }
    let value = header(headers, "retry-after")?;
    if let Some(seconds) = number(Some(value)) {
        return Duration::try_from_secs_f64(seconds).ok();
    }
    let until = OffsetDateTime::parse(value, &Rfc2822).ok()?;
    let now = OffsetDateTime::parse(header(headers, "date")?, &Rfc2822).ok()?;
    Some((until - now).try_into().unwrap_or(Duration::ZERO))
}

fn header<'a>(headers: &'a [(String, String)], name: &str) -> Option<&'a str> {
    headers.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim())
}

fn number(value: Option<&str>) -> Option<f64> {
    // As JSON, which the Worker reads anyway: the tables of `str::parse` take 12 KB of it.
    serde_json::from_str::<f64>(value?).ok().filter(|number| number.is_finite() && *number >= 0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(headers: &[(&str, &str)]) -> Option<Duration> {
        let owned: Vec<_> =
            headers.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        retry_after(&owned)
    }

    #[test]
    fn seconds_and_milliseconds_are_read_whatever_the_case_of_the_name() {
        assert_eq!(read(&[("Retry-After", "7")]), Some(Duration::from_secs(7)));
        assert_eq!(read(&[("retry-after", " 0.5 ")]), Some(Duration::from_millis(500)));
        let both = [("retry-after", "9"), ("Retry-After-Ms", "250")];
        assert_eq!(read(&both), Some(Duration::from_millis(250)));
    }

    #[test]
    fn a_date_is_measured_from_the_date_of_the_response() {
        let date = ("date", "Sun, 06 Nov 1994 08:49:37 GMT");
        let later = ("retry-after", "Sun, 06 Nov 1994 08:50:07 GMT");
        let earlier = ("retry-after", "Sun, 06 Nov 1994 08:00:00 GMT");
        assert_eq!(read(&[date, later]), Some(Duration::from_secs(30)));
        assert_eq!(read(&[date, earlier]), Some(Duration::ZERO));
        assert_eq!(read(&[later]), None);
    }

    #[test]
    fn what_is_no_wait_is_no_wait() {
        for value in ["", "soon", "-3", "inf", "NaN", "1e300"] {
            assert_eq!(read(&[("retry-after", value)]), None, "{value}");
        }
        assert_eq!(read(&[]), None);
    }
}
