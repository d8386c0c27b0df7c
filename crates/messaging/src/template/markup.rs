//! The small markup templates are written in, and its three outputs.
//!
//! - `{name}`: a variable. A paragraph that names one which is not there is left out.
//! - `||` between alternatives of a paragraph: the first that has all its variables is taken.
//! - `*words*`: strong.
//! - `[words]{link}`: an address to open under these words.
//! - an empty line: a new paragraph.

use super::variables::Written;
use crate::Language;

/// What a paragraph is written for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Output {
    /// WhatsApp, with its `*bold*`.
    WhatsApp,
    /// The text part of an e-mail, or its subject.
    Text,
    /// The HTML part of an e-mail.
    Html,
}

/// The paragraphs of `template` that have all their variables.
pub(super) fn paragraphs(
    template: &str,
    variables: &[Written],
    language: Language,
    output: Output,
) -> Vec<String> {
    template
        .split("\n\n")
        .filter_map(|alternatives| first(alternatives, variables, language, output))
        .collect()
}

/// The first alternative that has all its variables.
pub(super) fn first(
    alternatives: &str,
    variables: &[Written],
    language: Language,
    output: Output,
) -> Option<String> {
    alternatives.split("||").find_map(|one| paragraph(one, variables, language, output))
}

fn paragraph(
    template: &str,
    variables: &[Written],
    language: Language,
    output: Output,
) -> Option<String> {
    let value = |name: &str| variables.iter().find(|variable| variable.name == name);
    let mut text = String::new();
    let mut strong = false;
    let mut rest = template;
    while let Some(place) = rest.find(['*', '{', '[']) {
        let (before, marked) = rest.split_at(place);
        literal(&mut text, before, output);
        if let Some(inner) = marked.strip_prefix('{') {
            let (name, after) = inner.split_once('}')?;
            variable(&mut text, value(name)?, output);
            rest = after;
        } else if let Some(inner) = marked.strip_prefix('[') {
            let (label, target) = inner.split_once("]{")?;
            let (name, after) = target.split_once('}')?;
            link(&mut text, label, &value(name)?.text, language, output);
            rest = after;
        } else {
            strong = !strong;
            text.push_str(match output {
                Output::WhatsApp => "*",
                Output::Text => "",
                Output::Html if strong => "<strong>",
                Output::Html => "</strong>",
            });
            rest = marked.strip_prefix('*')?;
        }
    }
    literal(&mut text, rest, output);
    Some(text)
}

fn literal(text: &mut String, words: &str, output: Output) {
    match output {
        Output::Html => escape(text, words),
        Output::WhatsApp | Output::Text => text.push_str(words),
    }
}

fn variable(text: &mut String, variable: &Written, output: Output) {
    match output {
        Output::Html => escape(text, &variable.text),
        Output::WhatsApp if !variable.verbatim => text.extend(variable.text.chars().map(neutral)),
        Output::WhatsApp | Output::Text => text.push_str(&variable.text),
    }
}

fn link(text: &mut String, label: &str, address: &str, language: Language, output: Output) {
    match output {
        Output::WhatsApp | Output::Text => {
            text.push_str(label);
            text.push_str(match language {
                Language::French => "\u{a0}: ",
                Language::English => ": ",
            });
            text.push_str(address);
        }
        Output::Html => {
            text.push_str("<a href=\"");
            escape(text, address);
            text.push_str("\" style=\"color:#0b57d0\">");
            escape(text, label);
            text.push_str("</a>");
        }
    }
}

/// The characters WhatsApp formats with, as others that look like them, so that a name or a title
/// shows as it was written (<https://faq.whatsapp.com/539178204879377>). What it formats at the
/// start of a line only needs nothing: no template begins a line with a variable of one line.
const fn neutral(c: char) -> char {
    match c {
        '*' => '\u{2217}',
        '_' => '\u{2cd}',
        '~' => '\u{223c}',
        '`' => '\u{2cb}',
        other => other,
    }
}

/// HTML, where every text and attribute is between tags or double quotes.
pub(super) fn escape(text: &mut String, words: &str) {
    for c in words.chars() {
        match c {
            '&' => text.push_str("&amp;"),
            '<' => text.push_str("&lt;"),
            '>' => text.push_str("&gt;"),
            '"' => text.push_str("&quot;"),
            '\'' => text.push_str("&#39;"),
            '\n' => text.push_str("<br>\n"),
            other => text.push(other),
        }
    }
}
