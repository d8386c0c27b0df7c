//! The privacy policy as a page: no script, nothing from elsewhere, readable on a phone.

use crate::privacy::PrivacyPolicy;
use edge::Language;
use time::format_description::well_known::Rfc3339;
use time::{OffsetDateTime, UtcOffset};

/// The only style the page may have; a test compares it with [`POLICY`].
const STYLE: &str = "\
:root{color-scheme:light dark}\
body{font:1.0625rem/1.6 system-ui,sans-serif;max-width:42rem;margin:0 auto;padding:1rem 1.25rem 3rem;overflow-wrap:break-word}\
h1{line-height:1.2}\
h2{margin-top:2rem;font-size:1.25rem}\
nav{text-align:right}\
nav a{display:inline-block;padding:.5rem 0}\
footer{margin-top:3rem;border-top:1px solid;padding-top:.5rem}";

/// Content Security Policy of the page: this style and nothing else.
pub(crate) const POLICY: &str = "default-src 'none'; \
style-src 'sha256-BNtlDT7+SVm5g8dDUiUw5YB6cEVHteIA7zWZLaPPqTM='; \
base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// The page in this language.
pub(crate) fn write(policy: &PrivacyPolicy, language: Language) -> String {
    let (tag, text, other, link, since) = match language {
        Language::French => ("fr", &policy.content.fr, "en", "English", "en vigueur depuis le"),
        Language::English => ("en", &policy.content.en, "fr", "Français", "in force since"),
    };
    let title = escape(&text.title);
    let mut page = format!(
        "<!doctype html>\n<html lang=\"{tag}\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <title>{title}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n\
         <nav><a href=\"?lang={other}\" hreflang=\"{other}\" lang=\"{other}\">{link}</a></nav>\n\
         <main>\n<h1>{title}</h1>\n"
    );
    for section in &text.sections {
        page.push_str(&format!("<h2>{}</h2>\n", escape(&section.heading)));
        for paragraph in &section.paragraphs {
            page.push_str(&format!("<p>{}</p>\n", escape(paragraph)));
        }
    }
    page.push_str(&format!(
        "</main>\n<footer><p>Version {}, {since} {}.</p></footer>\n</body>\n</html>\n",
        escape(&policy.version),
        escape(&day(&policy.effective_at, language)),
    ));
    page
}

/// The day of a moment in Libreville, as one writes it.
fn day(moment: &str, language: Language) -> String {
    let libreville = UtcOffset::from_hms(1, 0, 0).unwrap_or(UtcOffset::UTC);
    let Ok(moment) = OffsetDateTime::parse(moment, &Rfc3339) else {
        return moment.to_owned();
    };
    let date = moment.to_offset(libreville).date();
    let month = match language {
        Language::English => return format!("{} {} {}", date.day(), date.month(), date.year()),
        Language::French => match date.month() {
            time::Month::January => "janvier",
            time::Month::February => "février",
            time::Month::March => "mars",
            time::Month::April => "avril",
            time::Month::May => "mai",
            time::Month::June => "juin",
            time::Month::July => "juillet",
            time::Month::August => "août",
            time::Month::September => "septembre",
            time::Month::October => "octobre",
            time::Month::November => "novembre",
            time::Month::December => "décembre",
        },
    };
    let first = if date.day() == 1 { "er" } else { "" };
    format!("{}{first} {month} {}", date.day(), date.year())
}

/// Text as HTML, inside an element or an attribute.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            other => escaped.push(other),
        }
    }
    escaped
}
