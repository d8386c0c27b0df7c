//! Lists: which entry belongs to it, and which term of a glossary is described.

use super::complement::finish;
use super::definition::term_form;
use super::phrase::is_anaphoric;
use super::{Context, Fact, Form, Pattern, Pool};
use crate::layout::{Block, BlockKind};
use crate::question::Language;
use crate::sentence::points_elsewhere;

/// A list with the line that introduces it.
struct List<'a> {
    introduction: Option<(&'a Block, String)>,
    items: Vec<(usize, &'a Block)>,
}

/// Reads the lists of the document.
pub(super) fn read(context: &Context<'_>, facts: &mut Vec<Fact>, pool: &mut Pool) {
    for list in lists(context) {
        glossary(&list, context, facts, pool);
        enumeration(&list, context, facts, pool);
    }
}

fn lists<'a>(context: &Context<'a>) -> Vec<List<'a>> {
    let blocks = &context.layout.blocks;
    let mut out: Vec<List<'a>> = Vec::new();
    let mut open: Option<List<'a>> = None;
    let mut before: Option<&'a Block> = None;
    for (index, block) in blocks.iter().enumerate() {
        let same_page = open
            .as_ref()
            .and_then(|list| list.items.last())
            .is_none_or(|(_, last)| last.page == block.page);
        if block.kind == BlockKind::Item && same_page {
            let introduction =
                before.filter(|before| before.page == block.page).and_then(introduce);
            open.get_or_insert(List { introduction, items: Vec::new() }).items.push((index, block));
        } else {
            out.extend(open.take().filter(|list| list.items.len() >= 2));
        }
        // An item that ends in a colon introduces the list inside it.
        if block.text.ends_with(':') {
            out.extend(open.take().filter(|list| list.items.len() >= 2));
        }
        before = Some(block);
    }
    out.extend(open.filter(|list| list.items.len() >= 2));
    out
}

/// The words of a block that introduce the list after it: its last sentence, if that ends in a colon.
fn introduce(block: &Block) -> Option<(&Block, String)> {
    let text = block.text.strip_suffix(':')?.trim_end();
    let last = text.rsplit_once(". ").map_or(text, |(_, last)| last);
    Some((block, last.to_owned()))
}

/// Bytes from a list's introduction to an entry: a longer quote is no longer read.
const LONGEST_PASSAGE: usize = 2_000;

/// How many entries of the same list are offered as distractors.
const NEAREST: usize = 12;

/// Entries of the form "term: description" or "term – description".
fn glossary(list: &List<'_>, context: &Context<'_>, facts: &mut Vec<Fact>, pool: &mut Pool) {
    let entries: Vec<(usize, &Block, String, String)> = list
        .items
        .iter()
        .filter_map(|(index, block)| {
            let (term, description) = [" : ", ": ", " – ", " — ", " - "]
                .iter()
                .find_map(|mark| block.text.split_once(mark))?;
            if points_elsewhere(&block.text) || is_label(term) {
                return None;
            }
            let term = finish(term, context)?;
            let description = finish(description, context)?;
            let fits = term.split_whitespace().count() <= 4
                && (3..=22).contains(&description.split_whitespace().count())
                && !description.contains(':')
                && description.split(". ").count() == 1
                && description.matches(',').count() * 3 <= description.split_whitespace().count();
            fits.then_some((*index, *block, term, description))
        })
        .collect();
    if entries.len() < 2 {
        return;
    }
    for (position, (index, block, term, description)) in entries.iter().enumerate() {
        let named = context.lexicon.content_stems(term);
        let described = context.lexicon.content_stems(description);
        let form = term_form(term, false);
        pool.add(form.clone(), term, block.page, *index, context.lexicon);
        if named.iter().any(|stem| described.contains(stem)) || described.len() < 3 {
            continue;
        }
        let description = context.uncapitalise(description);
        let stem = match context.language() {
            Language::Fr => {
                format!("Quel terme est ainsi défini : « {description} » ?")
            }
            Language::En => format!("Which of the following is described as “{description}”?"),
        };
        // The nearest entries are the most tempting, and enough.
        let first = position.saturating_sub(NEAREST / 2);
        let siblings = entries
            .iter()
            .skip(first)
            .take(NEAREST)
            .map(|(_, _, other, _)| other)
            .filter(|other| *other != term)
            .cloned()
            .collect();
        facts.push(Fact {
            pattern: Pattern::Definition,
            stem,
            key: term.clone(),
            form,
            subject: described,
            page: block.page,
            quote: block.text.clone(),
            block: *index,
            siblings,
            members: Vec::new(),
            bonus: 0,
        });
    }
}

/// "Which of these is one of …": the other options come from other lists.
fn enumeration(list: &List<'_>, context: &Context<'_>, facts: &mut Vec<Fact>, pool: &mut Pool) {
    let entries: Vec<(usize, &Block, String)> = list
        .items
        .iter()
        .filter_map(|(index, block)| {
            let text = finish(&block.text, context)?;
            let fits = (2..=14).contains(&text.split_whitespace().count())
                && !text.contains([':', '('])
                && text.split(". ").count() == 1;
            fits.then_some((*index, *block, text))
        })
        .collect();
    for (index, block, entry) in &entries {
        pool.add(entry_form(entry), entry, block.page, *index, context.lexicon);
    }
    let Some((opening, introduction)) = &list.introduction else { return };
    let word_count = introduction.split_whitespace().count();
    if entries.len() < 3
        || !(3..=24).contains(&word_count)
        || is_anaphoric(introduction, context.language())
    {
        return;
    }
    let reads = introduction
        .split_whitespace()
        .any(|word| context.lexicon.is_stop_word(&word.to_lowercase()));
    if !reads
        || introduction.contains("--")
        || finish(introduction, context).is_none()
        || states_objectives(introduction)
        || points_elsewhere(introduction)
    {
        return;
    }
    let stem = match context.language() {
        Language::Fr => {
            format!("Lequel de ces éléments complète correctement « {introduction} : » ?")
        }
        Language::En => format!("Which of the following correctly completes “{introduction}:”?"),
    };
    // Every entry is right, whether or not it can be asked itself.
    let members: Vec<String> = list.items.iter().map(|(_, block)| block.text.clone()).collect();
    for (index, block, entry) in &entries {
        let Some(page) = context.pages.get(block.page) else { continue };
        // From the introduction to the entry, as it stands on the page.
        if block.span.1.saturating_sub(opening.span.0) > LONGEST_PASSAGE {
            continue;
        }
        let passage = context.layout.passage(page, (opening.span.0, block.span.1));
        let Some(quote) = passage.find(introduction.as_str()).and_then(|at| passage.get(at..))
        else {
            continue;
        };
        if quote.chars().count() > 500 {
            continue;
        }
        facts.push(Fact {
            pattern: Pattern::Enumeration,
            stem: stem.clone(),
            key: entry.clone(),
            form: entry_form(entry),
            subject: context.lexicon.content_stems(introduction),
            page: block.page,
            quote: quote.to_owned(),
            block: *index,
            siblings: Vec::new(),
            members: members.clone(),
            bonus: 0,
        });
    }
}

/// « À la fin de la séance, vous saurez » : what the course is for, not what it says.
fn states_objectives(introduction: &str) -> bool {
    const SIGNS: [&str; 9] = [
        "à la fin de",
        "objectif",
        "saurez",
        "saura",
        "serez capable",
        "sera capable",
        "you will",
        "objective",
        "by the end",
    ];
    let lower = introduction.to_lowercase();
    SIGNS.iter().any(|sign| lower.contains(sign))
}

/// « Définition », "Note": what the entry is, not what it names.
fn is_label(term: &str) -> bool {
    const LABELS: [&str; 32] = [
        "définition",
        "rappel",
        "attention",
        "exercice",
        "exemple",
        "remarque",
        "note",
        "question",
        "réponse",
        "objectif",
        "astuce",
        "important",
        "résumé",
        "conclusion",
        "à retenir",
        "nb",
        "n.b",
        "definition",
        "reminder",
        "warning",
        "exercise",
        "example",
        "answer",
        "hint",
        "tip",
        "key takeaway",
        "summary",
        "takeaway",
        "principle",
        "principe",
        "idea",
        "past",
    ];
    LABELS.contains(&term.trim().to_lowercase().as_str())
}

fn entry_form(entry: &str) -> Form {
    Form::Entry { capital: entry.chars().next().is_some_and(char::is_uppercase) }
}
