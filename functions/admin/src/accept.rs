//! `Accept`: JSON or CSV.

use edge::Problem;
use http::header::ACCEPT;
use http::{HeaderMap, StatusCode};

/// The forms a list comes in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    Json,
    Csv,
}

impl Format {
    /// What the caller prefers (RFC 9110, section 12.5.1): by weight, then by who is named more
    /// exactly; JSON where that leaves both.
    ///
    /// # Errors
    /// 406 `not_acceptable` where neither will do.
    pub(crate) fn wanted(headers: &HeaderMap) -> Result<Self, Problem> {
        let lines: Vec<&str> =
            headers.get_all(ACCEPT).iter().filter_map(|line| line.to_str().ok()).collect();
        let accept = lines.join(",");
        if accept.trim().is_empty() {
            return Ok(Self::Json);
        }
        let json = weight(&accept, "application", "json");
        let csv = weight(&accept, "text", "csv");
        if json.0 == 0 && csv.0 == 0 {
            return Err(Problem::new(
                StatusCode::NOT_ACCEPTABLE,
                "not_acceptable",
                "Cette liste existe en JSON et en CSV. Demandez « Accept: application/json » ou \
                 « Accept: text/csv ».",
                "This list comes as JSON and as CSV. Ask for Accept: application/json or Accept: \
                 text/csv.",
            ));
        }
        Ok(if csv > json { Self::Csv } else { Self::Json })
    }
}

/// The weight of a media type in thousandths and how exactly it was named. The most exact range
/// counts, whatever its weight.
fn weight(accept: &str, kind: &str, subkind: &str) -> (u16, u8) {
    let mut found = (0, 0);
    for range in accept.split(',') {
        let mut parts = range.split(';').map(str::trim);
        let Some((a, b)) = parts.next().and_then(|name| name.split_once('/')) else { continue };
        let exactness = match (a, b) {
            ("*", "*") => 1,
            (a, "*") if a.eq_ignore_ascii_case(kind) => 2,
            (a, b) if a.eq_ignore_ascii_case(kind) && b.eq_ignore_ascii_case(subkind) => 3,
            _ => continue,
        };
        // A weight that cannot be read says nothing.
        let Some(weight) = edge::weight(parts) else { continue };
        if exactness > found.1 {
            found = (weight, exactness);
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wanted(accept: &str) -> Option<Format> {
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT, accept.parse().unwrap());
        Format::wanted(&headers).ok()
    }

    #[test]
    fn json_unless_csv_is_preferred() {
        assert_eq!(Format::wanted(&HeaderMap::new()).ok(), Some(Format::Json));
        for (accept, format) in [
            ("*/*", Format::Json),
            ("", Format::Json),
            ("application/json", Format::Json),
            ("application/*", Format::Json),
            ("text/csv", Format::Csv),
            ("Text/CSV; header=present", Format::Csv),
            ("text/*", Format::Csv),
            ("text/csv, */*", Format::Csv),
            ("text/csv, application/json", Format::Json),
            ("text/csv;q=0.5, application/json;q=0.4", Format::Csv),
            ("text/csv;q=0.5, application/json", Format::Json),
            ("text/csv;q=0.5, */*;q=0.1", Format::Csv),
            ("application/json;q=0, */*", Format::Csv),
            ("text/html, application/xhtml+xml, */*;q=0.8", Format::Json),
        ] {
            assert_eq!(wanted(accept), Some(format), "{accept}");
        }
    }

    #[test]
    fn what_names_neither_is_not_acceptable() {
        for accept in
            ["text/html", "application/xml, text/plain", "text/csv;q=0", "*/*;q=0", "json"]
        {
            assert_eq!(wanted(accept), None, "{accept}");
        }
    }
}
