//! The last resort: the end of a sentence is left out, to be completed.
//!
//! Only the end: a gap inside the stem is an item-writing flaw, a sentence to be completed is not.

use super::complement::final_noun;
use super::phrase::{is_anaphoric, join, noun_form, tokens, without_label};
use super::{Context, Fact, Pattern};
use crate::question::Language;
use crate::sentence::Sentence;

/// The gap's mark.
const GAP: &str = "_____";

/// Stems of last words that test nothing.
const VAGUE_ENDS: [&str; 30] = [
    "fin", "début", "debut", "cas", "moment", "façon", "facon", "manièr", "manier", "fois", "temp",
    "plac", "lieu", "reste", "rest", "end", "begin", "way", "time", "case", "same", "thing",
    "start", "page", "paper", "text", "suit", "sourc", "tabl", "figur",
];

/// Reads the completion of a sentence.
pub(super) fn read(sentence: &Sentence, context: &Context<'_>, found: &mut Vec<Fact>) {
    let text = without_label(&sentence.text);
    if !text.ends_with('.') && !sentence.is_item {
        return;
    }
    let all = tokens(text);
    let Some((at, key)) = final_noun(&all, context) else { return };
    let Some(form) = noun_form(&key, context.language()) else { return };
    let Some(before) = all.get(..at) else { return };
    let opening = join(before);
    let count = before.len();
    if !(4..=28).contains(&count) || is_anaphoric(&opening, context.language()) {
        return;
    }
    let quoted = opening.contains(['«', '"', '“', '(']);
    let stem = match context.language() {
        Language::Fr if quoted => format!("Complétez : {opening} {GAP}"),
        Language::Fr => format!("Complétez : « {opening} {GAP} »"),
        Language::En if quoted => format!("Complete the sentence: {opening} {GAP}"),
        Language::En => format!("Complete the sentence: “{opening} {GAP}”"),
    };
    let content = context.lexicon.content_stems(&key);
    if content.len() == 1 && content.iter().any(|stem| VAGUE_ENDS.contains(&stem.as_str())) {
        return;
    }
    let focus =
        if count <= 18 { 0 } else { -6 } + i32::try_from(content.len().min(3)).unwrap_or(0) * 3;
    found.push(
        Fact::of(sentence, Pattern::Completion, stem, key, form)
            .about(&opening, context)
            .with_bonus(focus),
    );
}
