//! Reading the material out of a request, as a model would.

use mcq::{Language, Page};

/// What a user message asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// How many questions.
    pub count: usize,
    /// In which language.
    pub language: Language,
    /// The passages shown; several can have one page number.
    pub pages: Vec<Page>,
    /// The stems that must not be asked again.
    pub already: Vec<String>,
}

/// Reads a user message; `None` where it does not keep to the agreed markers.
///
/// ```text
/// count: 10
/// language: fr
/// boundary: 0123456789ab
///
/// === DOCUMENT 0123456789ab ===
/// === PAGE 3 0123456789ab ===
/// …
/// === ALREADY ASKED 0123456789ab ===
/// - …
/// === END 0123456789ab ===
/// ```
#[must_use]
pub fn read(message: &str) -> Option<Asked> {
    let (head, rest) = message.split_once("\n\n")?;
    let field = |name: &str| {
        head.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": ").map(str::trim))
    };
    let boundary = field("boundary").filter(|word| word.len() >= 8)?;
    let language = match field("language")? {
        "fr" => Language::Fr,
        "en" => Language::En,
        _ => return None,
    };
    let mut asked = Asked {
        count: field("count")?.parse().ok()?,
        language,
        pages: Vec::new(),
        already: Vec::new(),
    };
    let (mut opened, mut listing) = (false, false);
    for line in rest.split_inclusive('\n') {
        match marker(line, boundary) {
            Some("DOCUMENT") if !opened => opened = true,
            Some("ALREADY ASKED") if opened => listing = true,
            Some("END") if opened => return Some(asked),
            Some(words) if opened && !listing => {
                let number = words.strip_prefix("PAGE ")?.parse().ok()?;
                asked.pages.push(Page { number, text: String::new() });
            }
            Some(_) => return None,
            None if listing => {
                asked.already.extend(line.strip_prefix("- ").map(|stem| stem.trim_end().to_owned()))
            }
            None => match asked.pages.last_mut() {
                Some(page) => page.text.push_str(line),
                None if line.trim().is_empty() => {}
                None => return None,
            },
        }
    }
    None
}

fn marker<'a>(line: &'a str, boundary: &str) -> Option<&'a str> {
    line.trim_end()
        .strip_prefix("=== ")?
        .strip_suffix(" ===")?
        .strip_suffix(boundary)?
        .strip_suffix(' ')
}

#[cfg(test)]
mod tests {
    use super::*;

    const MESSAGE: &str = "count: 2\nlanguage: en\nboundary: 0123456789ab\n\n\
        === DOCUMENT 0123456789ab ===\n=== PAGE 1 0123456789ab ===\nOne.\n=== PAGE 9 cafe ===\n\
        === PAGE 2 0123456789ab ===\nTwo.\n\nThree.\n=== ALREADY ASKED 0123456789ab ===\n- Which?\n\
        === END 0123456789ab ===\n";

    #[test]
    fn pages_and_stems_are_read_and_foreign_markers_are_text() {
        let asked = read(MESSAGE).unwrap();
        assert_eq!((asked.count, asked.language), (2, Language::En));
        let pages: Vec<_> = asked.pages.iter().map(|p| (p.number, p.text.as_str())).collect();
        assert_eq!(pages, [(1, "One.\n=== PAGE 9 cafe ===\n"), (2, "Two.\n\nThree.\n")]);
        assert_eq!(asked.already, ["Which?"]);
    }

    #[test]
    fn a_message_without_its_markers_is_not_understood() {
        for (from, to) in [
            ("count: 2", "count: two"),
            ("=== END", "=== FIN"),
            ("language: en", "language: xx"),
            ("boundary: 0123456789ab", "boundary: "),
        ] {
            assert_eq!(read(&MESSAGE.replace(from, to)), None, "{from}");
        }
        assert_eq!(read(""), None);
    }
}
