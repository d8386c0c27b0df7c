//! Item-writing flaws that a program can find without a model.
//!
//! The list is the nineteen flaws of Tarrant, Knierim, Hayes and Ware, "The frequency of item
//! writing flaws in multiple-choice questions used in high stakes nursing assessments" (Nurse
//! Education in Practice 6, 2006), drawn from the guidelines of Haladyna, Downing and Rodriguez, "A review of
//! multiple-choice item-writing guidelines" (Applied Measurement in Education 15, 2002). The
//! automatic reading of each follows the idea of Moore et al., "Assessing the quality of
//! multiple-choice questions" (2023): count surface signs, keep a question with at most one flaw. The
//! thresholds are ours and stand beside each check.

mod options;
mod stem;

use std::collections::HashSet;

use serde::{Deserialize, Serialize};

use crate::evidence::figures;
use crate::facts::{WORDS_EN, WORDS_FR};
use crate::lexicon::{Lexicon, words};
use crate::question::{Language, Question};

/// A question with this many flaws is not kept.
pub const TOO_MANY_FLAWS: usize = 2;

/// One of the nineteen published item-writing flaws.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Flaw {
    /// The stem is too thin to be answered without the options, or asks "which is true?".
    UnfocusedStem,
    /// The stem asks for what is not so (Haladyna 17: word the stem positively).
    NegativeStem,
    /// The stem carries much text that the question does not need.
    GratuitousInformation,
    /// A gap inside the stem. A sentence completed at its end is an accepted format (Haladyna 7)
    /// and does not count.
    FillInTheBlank,
    /// An adverb of vague frequency ("often", « parfois ») in the stem or an option.
    VagueTerms,
    /// "All of the above".
    AllOfTheAbove,
    /// "None of the above".
    NoneOfTheAbove,
    /// Options that combine other options ("A and C", "1 and 3 only").
    KType,
    /// Options that are a true/false or yes/no pair.
    TrueFalse,
    /// "Always", "never", « aucun » in an option: rarely correct, so seldom chosen.
    AbsoluteTerms,
    /// The key is clearly the longest option.
    LongestOptionCorrect,
    /// The options differ widely in length.
    UnequalOptions,
    /// An option of another kind than the rest: no choice for anyone.
    ImplausibleDistractor,
    /// A word of the stem stands in the key and in no distractor.
    WordRepeat,
    /// A word of the key's family stands in the stem ("paralysis", "paralytic").
    LogicalCue,
    /// Article, number, capital or punctuation give the key away.
    GrammaticalCue,
    /// The key has most in common with the other options.
    ConvergenceCue,
    /// Numbers or dates in no order (Haladyna 20).
    LostSequence,
    /// Two options say the same.
    MoreThanOneCorrect,
}

impl Flaw {
    /// Every flaw that is looked for.
    pub const ALL: [Flaw; 19] = [
        Flaw::UnfocusedStem,
        Flaw::NegativeStem,
        Flaw::GratuitousInformation,
        Flaw::FillInTheBlank,
        Flaw::VagueTerms,
        Flaw::AllOfTheAbove,
        Flaw::NoneOfTheAbove,
        Flaw::KType,
        Flaw::TrueFalse,
        Flaw::AbsoluteTerms,
        Flaw::LongestOptionCorrect,
        Flaw::UnequalOptions,
        Flaw::ImplausibleDistractor,
        Flaw::WordRepeat,
        Flaw::LogicalCue,
        Flaw::GrammaticalCue,
        Flaw::ConvergenceCue,
        Flaw::LostSequence,
        Flaw::MoreThanOneCorrect,
    ];

    fn is_in(self, item: &Item<'_>) -> bool {
        match self {
            Flaw::UnfocusedStem => stem::is_unfocused(item),
            Flaw::NegativeStem => stem::is_negative(item),
            Flaw::GratuitousInformation => stem::has_gratuitous_information(item),
            Flaw::FillInTheBlank => stem::has_inner_blank(item),
            Flaw::VagueTerms => stem::has_vague_terms(item),
            Flaw::AllOfTheAbove => options::has_all_of_the_above(item),
            Flaw::NoneOfTheAbove => options::has_none_of_the_above(item),
            Flaw::KType => options::is_k_type(item),
            Flaw::TrueFalse => options::is_true_false(item),
            Flaw::AbsoluteTerms => options::has_absolute_terms(item),
            Flaw::LongestOptionCorrect => options::is_key_longest(item),
            Flaw::UnequalOptions => options::are_unequal(item),
            Flaw::ImplausibleDistractor => options::has_stranger(item),
            Flaw::WordRepeat => options::repeats_stem_word(item),
            Flaw::LogicalCue => options::has_family_word(item),
            Flaw::GrammaticalCue => options::has_grammatical_cue(item),
            Flaw::ConvergenceCue => options::converges_on_key(item),
            Flaw::LostSequence => options::is_out_of_sequence(item),
            Flaw::MoreThanOneCorrect => options::has_equal_options(item),
        }
    }
}

/// The item-writing flaws of a question, in the order of [`Flaw::ALL`].
#[must_use]
pub fn find_flaws(question: &Question, language: Language) -> Vec<Flaw> {
    find_flaws_with(question, &Lexicon::new(language))
}

/// As [`find_flaws`], with a lexicon at hand.
pub(crate) fn find_flaws_with(question: &Question, lexicon: &Lexicon) -> Vec<Flaw> {
    let item = Item::of(question, lexicon);
    Flaw::ALL.into_iter().filter(|flaw| flaw.is_in(&item)).collect()
}

/// A question prepared for the checks.
pub(super) struct Item<'a> {
    lexicon: &'a Lexicon,
    stem: &'a str,
    /// The stem's words in lowercase, between spaces: `" which of these "`.
    stem_words: String,
    stem_stems: HashSet<String>,
    key: Choice<'a>,
    distractors: Vec<Choice<'a>>,
    /// The value of each option that is a figure, in the order of the letters.
    values: Vec<f64>,
}

/// One option prepared for the checks.
pub(super) struct Choice<'a> {
    text: &'a str,
    words: String,
    stems: HashSet<String>,
    length: usize,
}

impl<'a> Item<'a> {
    fn of(question: &'a Question, lexicon: &'a Lexicon) -> Self {
        let choice = |text: &'a str| Choice {
            text: text.trim(),
            words: spaced_words(text),
            stems: lexicon.content_stems(text).into_iter().collect(),
            length: text.trim().chars().count(),
        };
        Self {
            lexicon,
            stem: question.question_text.trim(),
            stem_words: spaced_words(&question.question_text),
            stem_stems: lexicon.content_stems(&question.question_text).into_iter().collect(),
            key: choice(question.key()),
            distractors: question.distractors().map(choice).collect(),
            values: question.choices.iter().filter_map(|(_, text)| value(text)).collect(),
        }
    }

    fn choices(&self) -> impl Iterator<Item = &Choice<'a>> {
        std::iter::once(&self.key).chain(&self.distractors)
    }
}

/// The number an option opens with, or is in words.
pub(crate) fn value(text: &str) -> Option<f64> {
    let text = text.trim();
    let in_words = |words: &[&str]| {
        words.iter().zip(2_u8..).find(|(word, _)| **word == text).map(|(_, value)| f64::from(value))
    };
    if let Some(value) = in_words(&WORDS_FR).or_else(|| in_words(&WORDS_EN)) {
        return Some(value);
    }
    let digits = text.trim_start_matches(['-', '−', '+']);
    if !digits.starts_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    let value: f64 = figures(digits).first()?.parse().ok()?;
    Some(if text.starts_with(['-', '−']) { -value } else { value })
}

/// Whether an option would bring a flaw of its own, whatever the question.
pub(crate) fn is_flawed_option(text: &str, language: Language) -> bool {
    let spaced = spaced_words(text);
    options::is_absolute(&spaced, language) || stem::is_vague(&spaced, language)
}

/// Lowercase words between single spaces, with one at each end, so that a phrase is found whole.
pub(super) fn spaced_words(text: &str) -> String {
    let mut out = String::from(" ");
    for word in words(text) {
        out.push_str(&word.to_lowercase());
        out.push(' ');
    }
    out
}

/// Whether one of the phrases stands in text made by [`spaced_words`].
pub(super) fn has_phrase(spaced: &str, phrases: &[&str]) -> bool {
    phrases.iter().any(|phrase| {
        spaced.match_indices(phrase).any(|(at, found)| {
            spaced.get(..at).is_some_and(|before| before.ends_with(' '))
                && spaced.get(at + found.len()..).is_some_and(|after| after.starts_with(' '))
        })
    })
}

#[cfg(test)]
mod tests;
