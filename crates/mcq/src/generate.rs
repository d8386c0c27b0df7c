//! The embedded engine: which facts are asked.
//!
//! 1. The document is read into blocks, sentences and facts.
//! 2. The pages that have facts are divided into as many strata as questions are wanted, so that
//!    the questions cover the document.
//! 3. Formulas, figures, causes and lists are taken first, a few of each, so that a paper is not
//!    all vocabulary.
//! 4. The strata take turns; each gives its best fact that makes a sound question: three distractors,
//!    evidence that holds, no item-writing flaw, nothing asked before. Completions of sentences wait
//!    until the other patterns are used up; questions with one flaw wait until those are.
//! 5. Keys are spread over the letters.

use crate::balance::balance_keys;
use crate::distractors::Source;
use crate::facts::{self, Context};
use crate::flaws::find_flaws_with;
use crate::layout;
use crate::lexicon::Lexicon;
use crate::question::{Generated, Language, Options, Page, Question, Warning};
use crate::selection::Selection;
use crate::sentence::Sentences;

/// Makes questions from the text alone: no network, no model, the same for the same seed. Fewer than
/// `count` come back, with a warning, if the document does not hold enough that can be asked.
///
/// A passage is asked about in its own language: where a document in two languages gives too few
/// questions in the one asked for, passages in the other complete them, and a warning says so.
#[must_use]
pub fn generate(pages: &[Page], options: &Options) -> Generated {
    generate_watched(pages, options, &mut |_| {})
}

/// A part of the work of [`generate`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    /// Lines to blocks, without what is no prose.
    Layout,
    /// Blocks to sentences and the stems of their words.
    Sentences,
    /// Sentences to facts, and to phrases that distractors are drawn from.
    Facts,
    /// Facts to questions: distractors, evidence, flaws.
    Selection,
    /// Letters of the keys, order of the questions.
    Balance,
}

/// As [`generate`]; `begins` hears of each stage as it begins. A document that gives too few questions in
/// one language is read a second time, for the other.
#[must_use]
pub fn generate_watched(
    pages: &[Page],
    options: &Options,
    begins: &mut dyn FnMut(Stage),
) -> Generated {
    let mut questions = generate_in(options.language, pages, options, begins);
    let missing = options.count.saturating_sub(questions.len());
    let mut warnings = Vec::new();
    if missing > 0 {
        let mut avoid = options.avoid.clone();
        avoid.extend(questions.iter().cloned());
        let others = Options { count: missing, avoid, ..options.clone() };
        let others = generate_in(options.language.other(), pages, &others, begins);
        if !others.is_empty() {
            warnings.push(Warning::OtherLanguage { count: others.len() });
        }
        questions.extend(others);
    }
    begins(Stage::Balance);
    questions.sort_by_key(|question| question.evidence.page);
    balance_keys(&mut questions, options.seed);
    if questions.is_empty() {
        warnings.push(Warning::NoUsableText);
    } else if questions.len() < options.count {
        warnings.push(Warning::TooFewQuestions { asked: options.count, found: questions.len() });
    }
    Generated { questions, warnings }
}

/// Questions about the passages in one language.
fn generate_in(
    language: Language,
    pages: &[Page],
    options: &Options,
    begins: &mut dyn FnMut(Stage),
) -> Vec<Question> {
    let lexicon = Lexicon::new(language);
    begins(Stage::Layout);
    let layout = layout::read(pages);
    begins(Stage::Sentences);
    let sentences = Sentences::of(&layout, &lexicon);
    begins(Stage::Facts);
    let context = Context::of(pages, &layout, &lexicon);
    let (facts, pool) = facts::read(&context, &sentences);
    let source = Source { pool: &pool, sentences: &sentences, lexicon: &lexicon };
    begins(Stage::Selection);
    let mut selection = Selection::new(pages, options, source);
    selection.fill(&facts);
    let mut questions = selection.questions;
    // The place of the key changes no flaw but the order of figures, which stays while it can.
    for question in &mut questions {
        question.flaws = find_flaws_with(question, &lexicon);
    }
    questions
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stages_are_heard_of_in_their_order_and_again_for_the_other_language() {
        use Stage::{Balance, Facts, Layout, Selection, Sentences};
        let text = include_str!("../tests/fixtures/sang.txt").replace('\u{c}', "\n");
        let pages = [Page { number: 1, text }];
        let heard = |count| {
            let options = Options { count, language: Language::Fr, seed: 1, avoid: Vec::new() };
            let mut stages = Vec::new();
            let watched = generate_watched(&pages, &options, &mut |stage| stages.push(stage));
            assert_eq!(watched, generate(&pages, &options));
            stages
        };
        assert_eq!(heard(1), [Layout, Sentences, Facts, Selection, Balance]);
        let twice = heard(1000);
        assert_eq!(twice.iter().filter(|stage| **stage == Facts).count(), 2);
        assert_eq!(twice.last(), Some(&Balance));
    }
}
