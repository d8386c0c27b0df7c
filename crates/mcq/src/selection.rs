//! Which facts make the paper: a few of each kind, spread over the pages, none that tells another.

use std::collections::{BTreeSet, HashMap, HashSet};

use rand::Rng;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;

use crate::canonical::canonical;
use crate::distractors::Source;
use crate::evidence::{contains_whole, holds_on};
use crate::facts::{Fact, Form, Pattern};
use crate::flaws::{find_flaws_with, value};
use crate::question::{Choices, Evidence, Language, Letter, Options, Page, Question};
use crate::review::{Seen, has_four_choices};

/// How often a stem may fail before facts that ask the same are passed over: a sentence repeated
/// on every page is not tried on every page.
const FAILURES: u8 = 2;

/// How many facts are tried for each question wanted, so that a long document that yields too
/// little ends in good time.
const TRIALS: usize = 60;

/// How many draws of distractors a fact gets before it is given up.
const DRAWS: usize = 3;

/// What ten questions hold of each kind if the document has it; definitions are the rest.
const QUOTAS: [(Pattern, usize); 4] = [
    (Pattern::Formula, 1),
    (Pattern::Figure, 2),
    (Pattern::Circumstance, 2),
    (Pattern::Enumeration, 1),
];

/// As many questions as a paper has at least; below it, completions of any kind help out.
const SHORT_PAPER: usize = 10;

/// Which turn a kind waits for.
fn rank_of(pattern: Pattern) -> u8 {
    match pattern {
        Pattern::Completion => 1,
        Pattern::LastResort => 2,
        _ => 0,
    }
}

/// How choosy a turn is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Turn {
    /// One question per page, no kind beyond its share.
    Strict,
    /// Whatever is sound.
    Relaxed,
}

/// The questions taken so far and what they rule out.
pub(crate) struct Selection<'a> {
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
    asked_pages: HashSet<usize>,
    turn: Turn,
    /// The questions taken.
    pub(crate) questions: Vec<Question>,
}

impl<'a> Selection<'a> {
    /// An empty paper; the questions to avoid count as asked.
    pub(crate) fn new(pages: &'a [Page], options: &Options, source: Source<'a>) -> Self {
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
            asked_pages: HashSet::new(),
            turn: Turn::Strict,
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

    /// Takes questions until there are enough or the facts are used up.
    pub(crate) fn fill(&mut self, facts: &[Fact]) {
        let weights: Vec<i64> = facts
            .iter()
            .map(|fact| {
                i64::from(fact.pattern.quality())
                    + i64::from(fact.bonus)
                    + i64::from(self.rng.next_u32() % 36)
            })
            .collect();
        // Best last, so that it can be popped.
        let order = |at: &usize| (weights.get(*at).copied(), std::cmp::Reverse(*at));
        self.take_shares(facts, order);
        let mut strata = strata(facts, self.count);
        for stratum in &mut strata {
            stratum.sort_by_key(order);
        }
        for (turn, rank, flaws_allowed) in [
            (Turn::Strict, 0, 0),
            (Turn::Relaxed, 0, 0),
            (Turn::Relaxed, 1, 0),
            (Turn::Relaxed, 2, 0),
            (Turn::Relaxed, 0, 1),
            (Turn::Relaxed, 1, 1),
            (Turn::Relaxed, 2, 1),
        ] {
            // A short paper is topped up, a long one is not watered down.
            if rank == 2 && self.questions.len() >= SHORT_PAPER {
                continue;
            }
            self.turn = turn;
            self.failures.clear();
            self.trials_left = TRIALS * (self.count + 4);
            let mut open: Vec<Vec<usize>> = strata
                .iter()
                .map(|stratum| {
                    let of_rank = |at: &&usize| {
                        facts.get(**at).is_some_and(|fact| rank_of(fact.pattern) == rank)
                    };
                    stratum.iter().filter(of_rank).copied().collect()
                })
                .collect();
            // Parts of the document not asked about yet come first.
            open.sort_by_key(|stratum: &Vec<usize>| {
                stratum
                    .iter()
                    .filter_map(|at| facts.get(*at))
                    .any(|fact| self.asked_pages.contains(&fact.page))
            });
            let most = if rank == 2 { self.count.min(SHORT_PAPER) } else { self.count };
            while self.questions.len() < most && open.iter().any(|stratum| !stratum.is_empty()) {
                for stratum in &mut open {
                    self.take_best(facts, stratum, flaws_allowed);
                }
            }
        }
    }

    /// Takes each kind's share of the paper, the best first.
    fn take_shares<K: Ord>(&mut self, facts: &[Fact], rank: impl Fn(&usize) -> K + Copy) {
        for (pattern, tenths) in QUOTAS {
            self.trials_left = TRIALS;
            let mut open: Vec<usize> = (0..facts.len())
                .filter(|at| facts.get(*at).is_some_and(|fact| fact.pattern == pattern))
                .collect();
            open.sort_by_key(rank);
            for _ in 0..share(self.count, tenths) {
                self.take_best(facts, &mut open, 0);
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
                self.asked_pages.insert(fact.page);
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
            || self.turn == Turn::Strict && self.asked_pages.contains(&fact.page)
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

    /// Variety: no kind beyond its share while the turn is strict.
    fn has_enough_of(&self, pattern: Pattern) -> bool {
        let tenths = match (self.turn, pattern) {
            (Turn::Strict, Pattern::Definition) => 5,
            (Turn::Strict, Pattern::Figure | Pattern::Relation) => 3,
            (Turn::Strict, Pattern::Circumstance) => 2,
            (_, Pattern::Enumeration | Pattern::Formula) => 1,
            (Turn::Relaxed, Pattern::Figure) => 5,
            (Turn::Strict, Pattern::Completion | Pattern::LastResort) | (Turn::Relaxed, _) => 10,
        };
        let most = (self.count * tenths).div_ceil(10);
        self.by_pattern.iter().filter(|other| **other == pattern).count() >= most
    }

    fn is_proved(&mut self, fact: &Fact) -> bool {
        let Some(page) = self.pages.get(fact.page) else { return false };
        self.canonical_pages.get_mut(fact.page).is_some_and(|slot| {
            holds_on(slot.get_or_insert_with(|| canonical(&page.text)), &fact.quote, &fact.key)
        })
    }

    /// A text as its language is typeset.
    fn set(&self, text: &str) -> String {
        match self.source.lexicon.language {
            Language::Fr => with_apostrophes(text),
            Language::En => text.to_owned(),
        }
    }

    /// Puts key and distractors in their places: figures in rising order, the rest with the key first
    /// until the keys are spread.
    fn write(&self, fact: &Fact, distractors: [String; 3]) -> Question {
        let [first, second, third] = distractors;
        let mut texts = [&fact.key, &first, &second, &third].map(|text| self.set(text));
        let key = self.set(&fact.key);
        if matches!(fact.form, Form::Figure { .. }) {
            texts.sort_by(|one, other| {
                value(one).partial_cmp(&value(other)).unwrap_or(std::cmp::Ordering::Equal)
            });
        }
        let place = texts.iter().position(|text| *text == key);
        let correct_choice =
            place.and_then(|place| Letter::ALL.get(place)).copied().unwrap_or(Letter::A);
        Question {
            question_text: self.set(&fact.stem),
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

/// A share of the questions wanted, rounded to the nearest.
fn share(count: usize, tenths: usize) -> usize {
    (count * tenths + 5) / 10
}

/// Apostrophes between letters as French typesets them.
fn with_apostrophes(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        let inside = out.chars().next_back().is_some_and(char::is_alphabetic)
            && chars.peek().is_some_and(|next| next.is_alphanumeric() || *next == '«');
        out.push(if c == '\'' && inside { '\u{2019}' } else { c });
    }
    out
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
