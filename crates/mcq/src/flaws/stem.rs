//! Flaws of the stem.

use super::{Item, has_phrase};
use crate::question::Language;

/// A stem with more words than this is taken to carry what the question does not need.
const LONG_STEM: usize = 55;

/// Several sentences before the question make it gratuitous sooner.
const LONG_INTRODUCTION: usize = 35;

pub(super) fn is_unfocused(item: &Item<'_>) -> bool {
    const EMPTY_QUESTIONS: [&str; 14] = [
        "laquelle de ces affirmations est",
        "lequel de ces énoncés est",
        "quelle affirmation est vraie",
        "quelle affirmation est exacte",
        "laquelle des affirmations suivantes est",
        "laquelle des propositions suivantes est",
        "quelle proposition est",
        "which of the following is true",
        "which of the following is correct",
        "which of the following statements is",
        "which statement is true",
        "which statement is correct",
        "which one is true",
        "which of these is true",
    ];
    let asks =
        item.stem.ends_with('?') || item.stem.contains("__") || item.stem.ends_with([':', '…']);
    let word_count = item.stem_words.split_whitespace().count();
    // "Qu'est-ce que le plasma ?" has one content word: enough. None is too few.
    !asks
        || word_count < 3
        || item.stem_stems.is_empty()
        || (word_count <= 12 && has_phrase(&item.stem_words, &EMPTY_QUESTIONS))
}

pub(super) fn is_negative(item: &Item<'_>) -> bool {
    let text = item.stem_words.as_str();
    match item.lexicon.language {
        Language::Fr => {
            let particle = has_phrase(text, &["ne", "n"]);
            particle && has_phrase(text, &["pas", "jamais", "aucun", "aucune", "point", "rien"])
                || has_phrase(
                    text,
                    &["sauf", "excepté", "hormis", "incorrect", "incorrecte", "faux", "fausse"],
                )
        }
        Language::En => {
            has_phrase(text, &["not", "except", "never", "incorrect", "false", "least", "cannot"])
                || text.split(' ').any(|word| word.ends_with("n't") || word.ends_with("n’t"))
        }
    }
}

pub(super) fn has_gratuitous_information(item: &Item<'_>) -> bool {
    let word_count = item.stem_words.split_whitespace().count();
    let sentences = item.stem.matches(". ").count();
    word_count > LONG_STEM || sentences >= 2 && word_count > LONG_INTRODUCTION
}

pub(super) fn has_inner_blank(item: &Item<'_>) -> bool {
    let end = item.stem.trim_end_matches(|c: char| !c.is_alphanumeric() && c != '_');
    let blanks = item.stem.split("__").count() > 1;
    blanks && (!end.ends_with('_') || gaps(item.stem) > 1)
}

/// Number of separate runs of underscores.
fn gaps(text: &str) -> usize {
    text.split(|c| c != '_').filter(|run| run.len() >= 2).count()
}

pub(super) fn has_vague_terms(item: &Item<'_>) -> bool {
    let language = item.lexicon.language;
    is_vague(&item.stem_words, language)
        || item.choices().any(|choice| is_vague(&choice.words, language))
}

/// Whether words between spaces hold a term of vague frequency.
pub(super) fn is_vague(spaced: &str, language: Language) -> bool {
    let terms: &[&str] = match language {
        Language::Fr => &[
            "souvent",
            "parfois",
            "généralement",
            "fréquemment",
            "rarement",
            "habituellement",
            "quelquefois",
            "occasionnellement",
            "en général",
            "la plupart du temps",
            "d ordinaire",
        ],
        Language::En => &[
            "usually",
            "often",
            "sometimes",
            "generally",
            "frequently",
            "rarely",
            "seldom",
            "occasionally",
            "typically",
            "in general",
            "most of the time",
        ],
    };
    has_phrase(spaced, terms)
}
