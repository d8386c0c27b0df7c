//! The gate every question passes, whatever engine wrote it.

use std::collections::{HashMap, HashSet};

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::canonical::canonical;
use crate::evidence::{EvidenceError, verify_evidence};
use crate::flaws::{Flaw, TOO_MANY_FLAWS, find_flaws_with};
use crate::lexicon::Lexicon;
use crate::question::{Language, Page, Question};

/// Why a candidate was not kept.
#[derive(Clone, Debug, PartialEq, Eq, Error, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// The stem is empty.
    #[error("the question has no text")]
    NoStem,
    /// The choices are not four different texts.
    #[error("the choices are not four different texts")]
    MalformedChoices,
    /// The evidence does not hold.
    #[error("evidence: {0}")]
    Evidence(#[from] EvidenceError),
    /// An earlier candidate asks the same.
    #[error("an earlier question asks the same")]
    Duplicate,
    /// Two item-writing flaws or more.
    #[error("{} item-writing flaws", .0.len())]
    TooManyFlaws(Vec<Flaw>),
}

/// What the gate let through and what it did not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reviewed {
    /// Verified questions, their flaws filled in.
    pub kept: Vec<Question>,
    /// The others, each with its reason.
    pub dropped: Vec<(Question, Reason)>,
}

/// Checks candidates in order: form, evidence, duplicates, flaws. The first of two that ask the same
/// is kept.
#[must_use]
pub fn review(candidates: Vec<Question>, pages: &[Page], language: Language) -> Reviewed {
    let lexicon = Lexicon::new(language);
    let mut seen = Seen::default();
    let (mut kept, mut dropped) = (Vec::new(), Vec::new());
    for mut question in candidates {
        match check(&question, pages, &lexicon, &seen) {
            Ok(flaws) => {
                question.flaws = flaws;
                seen.add(&question, &lexicon);
                kept.push(question);
            }
            Err(reason) => dropped.push((question, reason)),
        }
    }
    Reviewed { kept, dropped }
}

fn check(
    question: &Question,
    pages: &[Page],
    lexicon: &Lexicon,
    seen: &Seen,
) -> Result<Vec<Flaw>, Reason> {
    if !question.question_text.chars().any(char::is_alphanumeric) {
        return Err(Reason::NoStem);
    }
    if !has_four_choices(question) {
        return Err(Reason::MalformedChoices);
    }
    verify_evidence(question, pages)?;
    if seen.has(question, lexicon) {
        return Err(Reason::Duplicate);
    }
    let flaws = find_flaws_with(question, lexicon);
    if flaws.len() >= TOO_MANY_FLAWS { Err(Reason::TooManyFlaws(flaws)) } else { Ok(flaws) }
}

/// Four choices, none empty, no two the same but for case, spaces and final marks.
pub(crate) fn has_four_choices(question: &Question) -> bool {
    let texts: HashSet<String> = question
        .choices
        .iter()
        .map(|(_, text)| {
            canonical(text).to_lowercase().trim_end_matches(['.', ';', ',']).to_owned()
        })
        .filter(|text| !text.is_empty())
        .collect();
    texts.len() == 4
}

/// What has been asked already.
#[derive(Default)]
pub(crate) struct Seen {
    stems: HashSet<Vec<String>>,
    /// The canonical key and the canonical quote it rests on.
    facts: HashMap<String, HashSet<String>>,
}

impl Seen {
    /// Remembers a question.
    pub(crate) fn add(&mut self, question: &Question, lexicon: &Lexicon) {
        self.stems.insert(stem_of(question, lexicon));
        self.facts
            .entry(canonical(&question.evidence.quote))
            .or_default()
            .insert(canonical(question.key()).to_lowercase());
    }

    /// Whether a question has the same stem up to word forms and order, or the same key from the same
    /// quote.
    pub(crate) fn has(&self, question: &Question, lexicon: &Lexicon) -> bool {
        self.stems.contains(&stem_of(question, lexicon))
            || self
                .facts
                .get(&canonical(&question.evidence.quote))
                .is_some_and(|keys| keys.contains(&canonical(question.key()).to_lowercase()))
    }
}

fn stem_of(question: &Question, lexicon: &Lexicon) -> Vec<String> {
    let mut stems = lexicon.content_stems(&question.question_text);
    stems.sort_unstable();
    stems.dedup();
    stems
}

#[cfg(test)]
mod tests;
