//! Lines that are on the page but are not its prose.

use std::collections::HashMap;

use super::Line;

/// How many lines at the top and at the bottom of a page may be running headers or footers.
const EDGE_LINES: usize = 3;

/// What is known about the whole document before its lines are judged.
pub(super) struct Noise {
    running: HashMap<String, u32>,
    repeats_needed: u32,
    in_bibliography: bool,
}

impl Noise {
    /// Counts the lines that stand at page edges.
    pub(super) fn of(pages: &[Vec<Line<'_>>]) -> Self {
        let mut running: HashMap<String, u32> = HashMap::new();
        for lines in pages {
            let total = lines.len();
            let mut seen: Vec<String> = Vec::new();
            for (position, line) in lines.iter().enumerate() {
                if at_edge(position, total) && may_run(line.text) {
                    let key = running_key(line.text);
                    if !seen.contains(&key) {
                        seen.push(key);
                    }
                }
            }
            for key in seen {
                *running.entry(key).or_default() += 1;
            }
        }
        let repeats_needed = if pages.len() < 4 { 2 } else { 3 };
        Self { running, repeats_needed, in_bibliography: false }
    }

    /// Begins a page. A bibliography goes on over it only if the page looks like one.
    pub(super) fn begin_page(&mut self, lines: &[Line<'_>]) {
        let cited = lines
            .iter()
            .filter(|line| {
                has_year(line.text) || line.text.contains("http") || line.text.starts_with('[')
            })
            .count();
        self.in_bibliography &= cited * 5 >= lines.len();
    }

    /// Whether a page is a table of contents, a list of figures or an index.
    pub(super) fn is_reference_page(&self, lines: &[Line<'_>]) -> bool {
        let total = lines.len();
        let leaders = lines.iter().filter(|line| has_dot_leader(line.text)).count();
        if leaders >= 3 && leaders * 5 >= total {
            return true;
        }
        let ends_in_number = lines
            .iter()
            .filter(|line| {
                line.text.ends_with(|c: char| c.is_ascii_digit()) && !line.text.contains(". ")
            })
            .count();
        let titled = lines.iter().take(4).any(|line| is_contents_title(line.text));
        (titled && ends_in_number * 4 >= total && ends_in_number > 2)
            || (total >= 12 && ends_in_number * 10 >= total * 7)
    }

    /// Whether a line is not prose. Lines must be asked in reading order.
    pub(super) fn is_noise(&mut self, line: &Line<'_>, position: usize, total: usize) -> bool {
        if is_bibliography_title(line.text) {
            self.in_bibliography = true;
            return true;
        }
        if self.in_bibliography && ends_bibliography(line.text) {
            self.in_bibliography = false;
        }
        self.in_bibliography
            || (at_edge(position, total)
                && may_run(line.text)
                && self
                    .running
                    .get(&running_key(line.text))
                    .is_some_and(|count| *count >= self.repeats_needed))
            || is_page_number(line.text)
            || has_dot_leader(line.text)
            || is_code(line.text)
            || is_bibliography_entry(line.text)
    }
}

fn at_edge(position: usize, total: usize) -> bool {
    position < EDGE_LINES || position + EDGE_LINES >= total
}

/// A running header is short and no sentence.
fn may_run(text: &str) -> bool {
    text.len() <= 160 && !(text.ends_with('.') && text.split_whitespace().count() > 8)
}

/// The same header on another page differs in its numbers only.
fn running_key(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut digits = false;
    for c in text.chars() {
        if c.is_ascii_digit() {
            if !digits {
                out.push('#');
            }
            digits = true;
        } else {
            digits = false;
            if !c.is_whitespace() {
                out.extend(c.to_lowercase());
            }
        }
    }
    out
}

/// `12`, `12 / 89`, `- 4 -`, `xiv`, `Page 3`.
fn is_page_number(text: &str) -> bool {
    if text.len() > 20 {
        return false;
    }
    let rest = text.trim_start_matches("Page").trim_start_matches("page");
    let digits = rest.chars().filter(char::is_ascii_digit).count();
    let letters = rest.chars().filter(|c| c.is_alphabetic()).count();
    (digits > 0 && letters == 0 && !rest.contains(['%', '€', '$', '=']))
        || (text.len() <= 7 && text.chars().all(|c| "ivxl".contains(c)))
}

/// Dots that lead the eye to a page number: four in a row, spaces between them allowed.
fn has_dot_leader(text: &str) -> bool {
    let mut run = 0_usize;
    for c in text.chars() {
        match c {
            '.' => {
                run += 1;
                if run >= 4 {
                    return true;
                }
            }
            ' ' => {}
            _ => run = 0,
        }
    }
    false
}

fn is_contents_title(text: &str) -> bool {
    const TITLES: [&str; 14] = [
        "table des matières",
        "sommaire",
        "contents",
        "table of contents",
        "liste des figures",
        "list of figures",
        "liste des tableaux",
        "list of tables",
        "index",
        "plan",
        "outline",
        "table des figures",
        "contents at a glance",
        "lexique des pages",
    ];
    let lower = text.to_lowercase();
    TITLES.contains(&lower.trim_matches(|c: char| !c.is_alphabetic()))
}

fn is_bibliography_title(text: &str) -> bool {
    const TITLES: [&str; 8] = [
        "références",
        "références bibliographiques",
        "bibliographie",
        "références et bibliographie",
        "references",
        "bibliography",
        "works cited",
        "literature cited",
    ];
    if text.len() > 60 {
        return false;
    }
    let lower = text.to_lowercase();
    TITLES.contains(&lower.trim_matches(|c: char| !c.is_alphabetic()))
}

/// What follows a bibliography: an appendix or the next chapter.
fn ends_bibliography(text: &str) -> bool {
    const OPENINGS: [&str; 8] =
        ["Annexe", "ANNEXE", "Appendix", "APPENDIX", "Chapitre", "CHAPITRE", "Chapter", "CHAPTER"];
    OPENINGS.iter().any(|opening| text.starts_with(opening))
}

/// `[12] Author. 2010. Title …`
fn is_bibliography_entry(text: &str) -> bool {
    let Some(rest) = text.strip_prefix('[') else { return false };
    let Some((label, after)) = rest.split_once(']') else { return false };
    label.len() <= 8 && !label.is_empty() && after.starts_with(' ') && has_year(after)
}

fn has_year(text: &str) -> bool {
    text.split(|c: char| !c.is_ascii_digit())
        .any(|run| run.len() == 4 && (run.starts_with("19") || run.starts_with("20")))
}

/// Program text and shell commands.
fn is_code(text: &str) -> bool {
    const OPENINGS: [&str; 14] = [
        "$ ", "# ", "% ", "> ", ">>> ", "//", "/*", "*/", "#!", "sudo ", "\\", "#include", "C:\\",
        "~/",
    ];
    const OPERATORS: [&str; 12] =
        ["::", "->", "=>", "==", "!=", "&&", "||", "();", "</", "/>", "<<", ":="];
    if OPENINGS.iter().any(|opening| text.starts_with(opening)) {
        return true;
    }
    let (mut visible, mut symbols) = (0_usize, 0_usize);
    for c in text.chars().filter(|c| !c.is_whitespace()) {
        visible += 1;
        symbols += usize::from("{}[]<>=$#\\|_;&@~^*/\"".contains(c));
    }
    let operators = OPERATORS.iter().filter(|operator| text.contains(*operator)).count();
    symbols * 100 >= visible * 14
        || (operators > 0 && symbols * 100 >= visible * 8)
        || (text.ends_with([';', '{', '}'])
            && text.contains(['(', '=', '{', '}'])
            && operators + symbols > 1)
}

/// `Figure 3 – …`, `Tableau 2 : …`, `Fig. 1.2`.
pub(super) fn is_caption(text: &str) -> bool {
    const OPENINGS: [&str; 10] = [
        "Figure",
        "Fig.",
        "FIGURE",
        "Table",
        "Tableau",
        "TABLE",
        "Tab.",
        "Listing",
        "Illustration",
        "Photo",
    ];
    OPENINGS.iter().any(|opening| {
        text.strip_prefix(opening).is_some_and(|rest| {
            rest.trim_start().chars().next().is_some_and(|c| c.is_ascii_digit())
                && rest.starts_with([' ', '\u{a0}'])
        })
    })
}

#[cfg(test)]
mod tests {
    use super::{has_dot_leader, is_bibliography_entry, is_caption, is_code, is_page_number};

    #[test]
    fn page_numbers_are_seen_in_their_usual_shapes() {
        for text in ["12", "12 / 89", "- 4 -", "xiv", "Page 3"] {
            assert!(is_page_number(text), "{text}");
        }
        for text in ["12 %", "347 € par mois", "3 étapes", "civil"] {
            assert!(!is_page_number(text), "{text}");
        }
    }

    #[test]
    fn dot_leaders_are_not_an_ellipsis() {
        assert!(has_dot_leader("9.5.1 dupload . . . . . . 102"));
        assert!(!has_dot_leader("dh-make-perl, dh-make-php, . . ."));
    }

    #[test]
    fn code_is_not_prose() {
        for text in [
            "$ dpkg --compare-versions ver1 op ver2",
            "some_port->some_method(some_data);",
            "module::process() {",
            "#include <stdio.h>",
        ] {
            assert!(is_code(text), "{text}");
        }
        for text in [
            "La tension (en volts) est égale à 5 V ; elle est stable.",
            "The file debian/control is required.",
            "L'efficacité d'un réseau",
        ] {
            assert!(!is_code(text), "{text}");
        }
    }

    #[test]
    fn captions_and_references_are_recognised() {
        assert!(is_caption("Figure 1: Seattle Mariners"));
        assert!(is_caption("Tableau 2 – Les mesures"));
        assert!(!is_caption("Figures and tables are numbered."));
        assert!(is_bibliography_entry("[3] Knuth, D. 1984. The TeXbook."));
        assert!(!is_bibliography_entry("[3] matrices are square."));
    }
}
