//! The last resort: the end of a sentence is left out, to be completed.
//!
//! Only the end: a gap inside the stem is an item-writing flaw, a sentence to be completed is not.

use super::complement::final_noun;
use super::phrase::{Token, is_anaphoric, join, noun_form, tokens, without_label};
use super::{Context, Fact, Form, Pattern, figure};
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
    let of_noun = || {
        let (at, key) = final_noun(&all, context)?;
        let form = noun_form(&key, context.language())?;
        Some((at, form, key))
    };
    let Some((at, form, key)) = figure::last(&all).or_else(of_noun) else { return };
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
    let (pattern, focus) = match form {
        Form::Figure { .. } if can_be_worked_out(before) => (Pattern::Figure, focus - 12),
        Form::Figure { .. } => (Pattern::LastResort, focus),
        _ => (Pattern::Completion, focus),
    };
    found.push(
        Fact::of(sentence, pattern, stem, key, form).about(&opening, context).with_bonus(focus),
    );
}

/// Whether the last figure follows from others in the sentence: a sum to do, not a number to know.
fn can_be_worked_out(before: &[Token<'_>]) -> bool {
    const SIGNS: [&str; 12] = [
        "si",
        "soit",
        "coûte",
        "coûtent",
        "donc",
        "ainsi",
        "if",
        "so",
        "costs",
        "cost",
        "therefore",
        "thus",
    ];
    let possessive = before.first().is_some_and(|token| {
        matches!(token.lower.as_str(), "son" | "sa" | "ses" | "leur" | "leurs")
    });
    !possessive
        && before.iter().any(|token| token.text.starts_with(|c: char| c.is_ascii_digit()))
        && before.iter().any(|token| SIGNS.contains(&token.lower.as_str()))
}
