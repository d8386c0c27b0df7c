//! The embedded engine: which facts are asked.
//!
//! 1. The document is read into blocks, sentences and facts.
//! 2. The pages that have facts are divided into as many strata as questions are wanted, so that
//!    the questions cover the document.
//! 3. The strata take turns; each gives its best fact that makes a sound question: three distractors,
//!    evidence that holds, no item-writing flaw, nothing asked before. Completions of sentences wait
//!    until the other patterns are used up; questions with one flaw wait until those are.
//! 4. Keys are spread over the letters.

use std::collections::{BTreeSet, HashMap, HashSet};

use rand::Rng;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;

use crate::balance::balance_keys;
use crate::canonical::canonical;
use crate::distractors::Source;
use crate::evidence::{contains_whole, holds_on};
use crate::facts::{self, Context, Fact, Form, Pattern};
use crate::flaws::{find_flaws_with, value};
use crate::layout;
use crate::lexicon::Lexicon;
use crate::question::{
    Choices, Evidence, Generated, Language, Letter, Options, Page, Question, Warning,
};
use crate::review::{Seen, has_four_choices};
use crate::sentence::Sentences;

/// How often a stem may fail before facts that ask the same are passed over: a sentence repeated
/// on every page is not tried on every page.
const FAILURES: u8 = 2;

/// How many facts are tried for each question wanted, so that a long document that yields too
/// little ends in good time.
const TRIALS: usize = 60;

/// How many draws of distractors a fact gets before it is given up.
const DRAWS: usize = 3;

/// Makes questions from the text alone: no network, no model, the same for the same seed. Fewer than
/// `count` come back, with a warning, if the document does not hold enough that can be asked.
///
/// A passage is asked about in its own language: where a document in two languages gives too few
/// questions in the one asked for, passages in the other complete them, and a warning says so.
#[must_use]
pub fn generate(pages: &[Page], options: &Options) -> Generated {
    let mut questions = generate_in(options.language, pages, options);
    let missing = options.count.saturating_sub(questions.len());
    let mut warnings = Vec::new();
    if missing > 0 {
        let mut avoid = options.avoid.clone();
        avoid.extend(questions.iter().cloned());
        let others = Options { count: missing, avoid, ..options.clone() };
        let others = generate_in(options.language.other(), pages, &others);
        if !others.is_empty() {
            warnings.push(Warning::OtherLanguage { count: others.len() });
        }
        questions.extend(others);
    }
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
fn generate_in(language: Language, pages: &[Page], options: &Options) -> Vec<Question> {
    let lexicon = Lexicon::new(language);
    let layout = layout::read(pages);
    let sentences = Sentences::of(&layout, &lexicon);
    let context = Context::of(pages, &layout, &lexicon);
    let (facts, pool) = facts::read(&context, &sentences);
    let source = Source { pool: &pool, sentences: &sentences, lexicon: &lexicon };
    let mut selection = Selection::new(pages, options, source);
    selection.fill(&facts);
    let mut questions = selection.questions;
    // The place of the key changes no flaw but the order of figures, which stays while it can.
    for question in &mut questions {
        question.flaws = find_flaws_with(question, &lexicon);
    }
    questions
}

/// The questions taken so far and what they rule out.
struct Selection<'a> {
    pages: &'a [Page],
    canonical_pages: Vec<Option<String>>,
    count: usize,
    source: Source<'a>,
    rng: ChaCha8Rng,
    seen: Seen,
    quotes: HashSet<String>,
    subjects: HashSet<Vec<String>>,
    keys: HashSet<Vec<String>>,
    by_pattern: Vec<Pattern>,
    failures: HashMap<String, u8>,
    trials_left: usize,
    questions: Vec<Question>,
}

impl<'a> Selection<'a> {
    fn new(pages: &'a [Page], options: &Options, source: Source<'a>) -> Self {
        let mut selection = Self {
            pages,
            canonical_pages: vec![None; pages.len()],
            count: options.count,
            source,
            rng: ChaCha8Rng::seed_from_u64(options.seed),
            seen: Seen::default(),
            quotes: HashSet::new(),
            subjects: HashSet::new(),
            keys: HashSet::new(),
            by_pattern: Vec::new(),
            failures: HashMap::new(),
            trials_left: 0,
            questions: Vec::new(),
        };
        for question in &options.avoid {
            selection.remember(question);
        }
        selection
    }

    fn remember(&mut self, question: &Question) {
        self.seen.add(question, self.source.lexicon);
        self.quotes.insert(canonical(&question.evidence.quote));
        self.keys.insert(sorted(self.source.lexicon.content_stems(question.key())));
    }

    fn fill(&mut self, facts: &[Fact]) {
        let weights: Vec<i64> = facts
            .iter()
            .map(|fact| {
                i64::from(fact.pattern.quality())
                    + i64::from(fact.bonus)
                    + i64::from(self.rng.next_u32() % 36)
            })
            .collect();
        let mut strata = strata(facts, self.count);
        for stratum in &mut strata {
            // Best last, so that it can be popped.
            stratum.sort_by_key(|at| (weights.get(*at).copied(), std::cmp::Reverse(*at)));
        }
        for (completions, flaws_allowed) in [(false, 0), (true, 0), (false, 1), (true, 1)] {
            self.failures.clear();
            self.trials_left = TRIALS * (self.count + 4);
            let mut open: Vec<Vec<usize>> = strata
                .iter()
                .map(|stratum| {
                    let of_kind = |at: &&usize| {
                        facts.get(**at).is_some_and(|fact| {
                            (fact.pattern == Pattern::Completion) == completions
                        })
                    };
                    stratum.iter().filter(of_kind).copied().collect()
                })
                .collect();
            while self.questions.len() < self.count
                && open.iter().any(|stratum| !stratum.is_empty())
            {
                for stratum in &mut open {
                    self.take_best(facts, stratum, flaws_allowed);
                }
            }
        }
    }

    /// Takes the best fact of a stratum that makes a question.
    fn take_best(&mut self, facts: &[Fact], stratum: &mut Vec<usize>, flaws_allowed: usize) {
        while self.questions.len() < self.count {
            let Some(fact) = stratum.pop().and_then(|at| facts.get(at)) else { return };
            if self.trials_left == 0
                || self.failures.get(&fact.stem).is_some_and(|failed| *failed >= FAILURES)
            {
                continue;
            }
            self.trials_left -= 1;
            if let Some(question) = self.ask(fact, flaws_allowed) {
                self.remember(&question);
                self.subjects.insert(sorted(fact.subject.clone()));
                self.by_pattern.push(fact.pattern);
                self.questions.push(question);
                return;
            }
            *self.failures.entry(fact.stem.clone()).or_default() += 1;
        }
    }

    /// Makes the question of a fact, if it is new and sound.
    fn ask(&mut self, fact: &Fact, flaws_allowed: usize) -> Option<Question> {
        let lexicon = self.source.lexicon;
        if self.has_enough_of(fact.pattern)
            || self.overlaps(&canonical(&fact.quote))
            || self.subjects.contains(&sorted(fact.subject.clone()))
            || !matches!(fact.form, Form::Figure { .. })
                && self.keys.contains(&sorted(lexicon.content_stems(&fact.key)))
            || !self.is_proved(fact)
        {
            return None;
        }
        for _ in 0..DRAWS {
            let distractors = self.source.choose(fact, &mut self.rng)?;
            let question = self.write(fact, distractors);
            let sound = has_four_choices(&question)
                && !self.seen.has(&question, lexicon)
                && !self.answers_another(&question);
            if sound && find_flaws_with(&question, lexicon).len() <= flaws_allowed {
                return Some(question);
            }
        }
        None
    }

    /// Whether a passage, or a part of it, has been quoted already.
    fn overlaps(&self, quote: &str) -> bool {
        self.quotes.contains(quote)
            || self
                .quotes
                .iter()
                .any(|other| other.contains(quote) || quote.contains(other.as_str()))
    }

    /// Whether one question would answer another: the key of one stands in the stem of the other.
    fn answers_another(&self, question: &Question) -> bool {
        let lexicon = self.source.lexicon;
        let tells = |one: &Question, other: &Question| {
            let key = canonical(one.key()).to_lowercase();
            lexicon.content_stems(one.key()).len() >= 2
                && contains_whole(&canonical(&other.question_text).to_lowercase(), &key)
        };
        self.questions.iter().any(|other| tells(question, other) || tells(other, question))
    }

    /// Variety: no pattern but the definitions and relations fills a paper alone.
    fn has_enough_of(&self, pattern: Pattern) -> bool {
        let most = match pattern {
            Pattern::Enumeration => self.count.div_ceil(4),
            Pattern::Figure => self.count.div_ceil(2),
            Pattern::Definition
            | Pattern::Circumstance
            | Pattern::Relation
            | Pattern::Completion => self.count,
        };
        self.by_pattern.iter().filter(|other| **other == pattern).count() >= most
    }

    fn is_proved(&mut self, fact: &Fact) -> bool {
        let Some(page) = self.pages.get(fact.page) else { return false };
        self.canonical_pages.get_mut(fact.page).is_some_and(|slot| {
            holds_on(slot.get_or_insert_with(|| canonical(&page.text)), &fact.quote, &fact.key)
        })
    }

    /// Puts key and distractors in their places: figures in rising order, the rest with the key first
    /// until the keys are spread.
    fn write(&self, fact: &Fact, distractors: [String; 3]) -> Question {
        let [first, second, third] = distractors;
        let mut texts = [fact.key.clone(), first, second, third];
        if matches!(fact.form, Form::Figure { .. }) {
            texts.sort_by(|one, other| {
                value(one).partial_cmp(&value(other)).unwrap_or(std::cmp::Ordering::Equal)
            });
        }
        let place = texts.iter().position(|text| *text == fact.key);
        let correct_choice =
            place.and_then(|place| Letter::ALL.get(place)).copied().unwrap_or(Letter::A);
        Question {
            question_text: fact.stem.clone(),
            choices: Choices::from(texts),
            correct_choice,
            evidence: Evidence {
                page: self.pages.get(fact.page).map_or(0, |page| page.number),
                quote: fact.quote.clone(),
            },
            flaws: Vec::new(),
        }
    }
}

fn sorted(mut stems: Vec<String>) -> Vec<String> {
    stems.sort_unstable();
    stems.dedup();
    stems
}

/// Divides the facts by page into as many groups as questions are wanted, each over about as many
/// pages that have facts.
fn strata(facts: &[Fact], count: usize) -> Vec<Vec<usize>> {
    let pages: Vec<usize> =
        facts.iter().map(|fact| fact.page).collect::<BTreeSet<_>>().into_iter().collect();
    let groups = count.min(pages.len());
    let mut out = vec![Vec::new(); groups];
    for (index, fact) in facts.iter().enumerate() {
        let Ok(rank) = pages.binary_search(&fact.page) else { continue };
        if let Some(group) = out.get_mut(rank * groups / pages.len()) {
            group.push(index);
        }
    }
    out
}
