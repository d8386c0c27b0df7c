//! Blocks to sentences, and which sentences can be asked about.

use std::collections::{HashMap, HashSet};

use unicode_segmentation::UnicodeSegmentation;

use crate::layout::{BlockKind, Layout};
use crate::lexicon::{Lexicon, is_in, words};
use crate::question::Language;

/// A longer run of text without a block's end is cut here, so that no step sees more at once.
const LONGEST_RUN: usize = 3_000;

/// How many sentences are looked at for two words together: in a longer list the words are so common
/// that the answer says nothing.
const MOST_LOOKED_AT: usize = 1_000;

/// One sentence of the document, or one list item that reads like one.
#[derive(Clone, Debug)]
pub(crate) struct Sentence {
    /// Index into the pages given.
    pub(crate) page: usize,
    /// Index of its block.
    pub(crate) block: usize,
    /// The sentence on one line.
    pub(crate) text: String,
    /// Whether it comes from a list item.
    pub(crate) is_item: bool,
    /// Whether its block holds a word rejoined over a line end.
    pub(crate) rejoined: bool,
    /// Stems of its content words.
    pub(crate) stems: HashSet<String>,
    /// Whether a question can be built on it.
    pub(crate) askable: bool,
}

/// All sentences of the document, and where each stem occurs.
pub(crate) struct Sentences {
    /// In reading order.
    pub(crate) all: Vec<Sentence>,
    by_stem: HashMap<String, Vec<u32>>,
}

impl Sentences {
    /// Reads the sentences out of the blocks.
    pub(crate) fn of(layout: &Layout, lexicon: &Lexicon) -> Self {
        let mut all = Vec::new();
        for (index, block) in layout.blocks.iter().enumerate() {
            if block.kind == BlockKind::Heading {
                continue;
            }
            for text in split(&block.text, lexicon.language) {
                let stems: HashSet<String> = lexicon.content_stems(&text).into_iter().collect();
                let is_item = block.kind == BlockKind::Item;
                let askable = is_askable(&text, is_item, lexicon);
                all.push(Sentence {
                    page: block.page,
                    block: index,
                    text,
                    is_item,
                    rejoined: block.rejoined,
                    stems,
                    askable,
                });
            }
        }
        let mut by_stem: HashMap<String, Vec<u32>> = HashMap::new();
        for (sentence, position) in all.iter().zip(0_u32..) {
            for stem in &sentence.stems {
                by_stem.entry(stem.clone()).or_default().push(position);
            }
        }
        Self { all, by_stem }
    }

    /// In how many sentences a stem occurs.
    pub(crate) fn frequency(&self, stem: &str) -> usize {
        self.by_stem.get(stem).map_or(0, Vec::len)
    }

    /// Whether some sentence speaks of all these stems together.
    pub(crate) fn co_occur<'a>(&self, stems: impl Iterator<Item = &'a String>) -> bool {
        let mut lists: Vec<&[u32]> = Vec::new();
        for stem in stems {
            match self.by_stem.get(stem) {
                Some(list) => lists.push(list),
                None => return false,
            }
        }
        lists.sort_by_key(|list| list.len());
        let Some((rarest, rest)) = lists.split_first() else { return false };
        rarest
            .iter()
            .take(MOST_LOOKED_AT)
            .any(|at| rest.iter().all(|list| list.binary_search(at).is_ok()))
    }
}

/// Splits a block into sentences: the boundaries of UAX 29, minus those after abbreviations,
/// initials and before a lowercase continuation.
pub(crate) fn split(text: &str, language: Language) -> Vec<String> {
    let mut out: Vec<String> = Vec::new();
    for run in runs(text) {
        let mut open = String::new();
        for piece in run.split_sentence_bounds() {
            let mut piece = piece;
            if let Some((closing, rest)) = closing_mark(&open, piece) {
                open.push_str(closing);
                piece = rest;
            }
            if !open.is_empty() && !continues(&open, piece, language) {
                push_trimmed(&mut out, &open);
                open.clear();
            }
            open.push_str(piece);
        }
        push_trimmed(&mut out, &open);
    }
    out
}

/// A French closing mark stands after a space, so UAX 29 gives it to the next sentence.
fn closing_mark<'a>(open: &str, piece: &'a str) -> Option<(&'a str, &'a str)> {
    if !open.trim_end().ends_with(['.', '!', '?', '…']) || !piece.starts_with('»') {
        return None;
    }
    piece.split_at_checked('»'.len_utf8())
}

fn push_trimmed(out: &mut Vec<String>, text: &str) {
    let trimmed = text.trim();
    if !trimmed.is_empty() {
        out.push(trimmed.to_owned());
    }
}

/// Cuts a text at spaces into runs of bounded length.
fn runs(text: &str) -> Vec<&str> {
    let mut out = Vec::new();
    let mut rest = text;
    while rest.len() > LONGEST_RUN {
        let mut limit = LONGEST_RUN;
        while !rest.is_char_boundary(limit) {
            limit -= 1;
        }
        let (head, _) = rest.split_at(limit);
        let cut = head.rfind(' ').map_or(limit, |space| space + 1);
        let (run, tail) = rest.split_at(cut);
        out.push(run);
        rest = tail;
    }
    out.push(rest);
    out
}

/// Whether `next` belongs to the sentence that `open` began.
fn continues(open: &str, next: &str, language: Language) -> bool {
    let open = open.trim_end();
    let first = next.trim_start().chars().next();
    if first.is_none_or(|c| c.is_lowercase() || matches!(c, '»' | ')' | ']' | ',' | ';')) {
        return true;
    }
    if !open.ends_with('.') {
        // "« Mot ! » Suite" is two sentences; "Yahoo! Inc" is rare enough to be lost.
        return !open.ends_with(['!', '?', '…', '»', '"', ')', '\u{201d}']);
    }
    let word = open.rsplit([' ', '(', '\'', '\u{2019}', '\u{a0}']).next().unwrap_or(open);
    let bare = word.trim_end_matches('.').to_lowercase();
    let letters = bare.chars().filter(|c| c.is_alphabetic()).count();
    let initial = letters == 1 && word.chars().next().is_some_and(char::is_uppercase);
    initial || is_abbreviation(&bare, language)
}

fn is_abbreviation(bare: &str, language: Language) -> bool {
    const BOTH: [&str; 28] = [
        "al", "art", "av", "cf", "chap", "dr", "e.g", "ed", "eq", "etc", "fig", "i.e", "inc", "jr",
        "ltd", "mr", "mrs", "ms", "no", "nos", "pp", "prof", "sect", "sr", "st", "tab", "vol",
        "vs",
    ];
    const FRENCH: [&str; 20] = [
        "apr", "c.-à-d", "c.à.d", "ch", "env", "ex", "hab", "j.-c", "m", "max", "min", "mm", "n",
        "p", "p.ex", "réf", "s", "ste", "éd", "éq",
    ];
    const ENGLISH: [&str; 8] = ["approx", "dept", "est", "p", "ref", "rev", "sec", "u.s"];
    // "etc." ends a sentence as often as not; before a capital it does.
    if bare == "etc" {
        return false;
    }
    BOTH.contains(&bare)
        || match language {
            Language::Fr => FRENCH.contains(&bare),
            Language::En => ENGLISH.contains(&bare),
        }
}

/// Whether a sentence can stand alone and state a fact.
fn is_askable(text: &str, is_item: bool, lexicon: &Lexicon) -> bool {
    let word_count = text.split_whitespace().count();
    if !(5..=48).contains(&word_count) || text.len() > 420 {
        return false;
    }
    let starts_well =
        text.chars().next().is_some_and(|c| c.is_uppercase() || c == '«' || c == '"' || c == '“');
    let ends_well =
        text.ends_with(['.', '!', '»', '”', ')']) || is_item && !text.ends_with([':', ',', '?']);
    if !starts_well || !ends_well || !is_balanced(text) || points_elsewhere(text) {
        return false;
    }
    let (mut visible, mut letters) = (0_usize, 0_usize);
    for c in text.chars().filter(|c| !c.is_whitespace()) {
        visible += 1;
        letters += usize::from(c.is_alphabetic());
    }
    if letters * 100 < visible * 74 {
        return false;
    }
    let (mut stop, mut capital, mut all) = (0_usize, 0_usize, 0_usize);
    for word in words(text) {
        all += 1;
        stop += usize::from(lexicon.is_stop_word(&word.to_lowercase()));
        capital += usize::from(word.chars().next().is_some_and(char::is_uppercase));
    }
    // Prose has function words; tables, menus and lists of names have not.
    stop * 100 >= all * 12 && capital * 2 <= all && is_in(text, lexicon.language)
}

fn is_balanced(text: &str) -> bool {
    let count = |c: char| text.matches(c).count();
    count('(') == count(')')
        && count('«') == count('»')
        && count('“') == count('”')
        && count('"').is_multiple_of(2)
        && count('[') == count(']')
}

/// Addresses, and references to what a reader of the question cannot see.
pub(crate) fn points_elsewhere(text: &str) -> bool {
    const MARKS: [&str; 32] = [
        "http",
        "www.",
        "@",
        "ci-dess",
        "ci-après",
        "ci-contre",
        "ci-joint",
        "voir ",
        "voyez",
        "consultez",
        "cf.",
        "suivant",
        "précédent",
        " above",
        " below",
        "see ",
        "this document",
        "this manual",
        "this section",
        "this chapter",
        "following",
        "previous",
        "ce document",
        "ce manuel",
        "ce guide",
        "ce chapitre",
        "cette section",
        "cette page",
        "todo",
        "copyright",
        "rights reserved",
        "droits réservés",
    ];
    const NUMBERED: [&str; 16] = [
        "figure ",
        "fig. ",
        "tableau ",
        "table ",
        "page ",
        "chapitre ",
        "section ",
        "chapter ",
        "appendix ",
        "annexe ",
        "ligne ",
        "lignes ",
        "line ",
        "lines ",
        "étape ",
        "step ",
    ];
    let lower = text.to_lowercase();
    // "section 2" points at a part of the document; "la section du tuyau" does not.
    let numbered = |mark: &str| {
        lower.split(mark).skip(1).any(|after| after.starts_with(|c: char| c.is_ascii_digit()))
    };
    MARKS.iter().any(|mark| lower.contains(mark))
        || NUMBERED.iter().any(|mark| numbered(mark))
        || text.contains(['\\', '{', '}', '|', '☐', '\u{fffd}', '©'])
        // Keys, pictograms and arrows.
        || text.chars().any(|c| matches!(c, '\u{2190}'..='\u{21ff}' | '\u{2300}'..='\u{23ff}' | '\u{25a0}'..='\u{27bf}' | '\u{e000}'..='\u{f8ff}'))
        // "p < 0,05" compares; "<name>" is a placeholder.
        || text.split('<').skip(1).any(|after| after.starts_with(|c: char| c.is_alphanumeric() || c == '/'))
}

#[cfg(test)]
mod tests {
    use super::{runs, split};
    use crate::question::Language;

    #[test]
    fn french_abbreviations_initials_and_decimals_end_no_sentence() {
        let text = "M. Dupont mesure 3.5 m, p. ex. ici. Le réseau (cf. Fig. 2) est stable. J. Martin le dit.";
        assert_eq!(
            split(text, Language::Fr),
            [
                "M. Dupont mesure 3.5 m, p. ex. ici.",
                "Le réseau (cf. Fig. 2) est stable.",
                "J. Martin le dit."
            ]
        );
    }

    #[test]
    fn english_abbreviations_end_no_sentence() {
        let text = "Dr. Smith uses tools, e.g. Git. They are free. Is it so? Yes, i.e. Always.";
        assert_eq!(
            split(text, Language::En),
            ["Dr. Smith uses tools, e.g. Git.", "They are free.", "Is it so?", "Yes, i.e. Always."]
        );
    }

    #[test]
    fn a_french_quotation_stays_with_its_sentence() {
        let text = "Il dit : « Je viens. » Puis il part.";
        assert_eq!(split(text, Language::Fr), ["Il dit : « Je viens. »", "Puis il part."]);
    }

    #[test]
    fn a_text_without_end_is_cut_into_bounded_runs() {
        let text = "é".repeat(10_000);
        let runs = runs(&text);
        assert!(runs.iter().all(|run| run.len() <= 3_000));
        assert_eq!(runs.concat(), text);
    }
}
