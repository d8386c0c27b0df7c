//! Wrong answers of the same kind and form as the key, out of the document.

mod figures;

use rand::Rng;
use rand_chacha::ChaCha8Rng;

use crate::canonical::canonical;
use crate::evidence::contains_whole;
use crate::facts::{Fact, Form, Phrase, Pool};
use crate::flaws::is_flawed_option;
use crate::lexicon::Lexicon;
use crate::sentence::Sentences;

/// What distractors are chosen from and checked against.
pub(crate) struct Source<'a> {
    /// Phrases of the document by form.
    pub(crate) pool: &'a Pool,
    /// The document's sentences: what they link to the subject may be right too.
    pub(crate) sentences: &'a Sentences,
    /// Words and stems.
    pub(crate) lexicon: &'a Lexicon,
}

/// A phrase that may be taken, and what it costs.
struct Candidate<'a> {
    phrase: &'a Phrase,
    sibling: bool,
    cost: u32,
}

impl Source<'_> {
    /// Three distractors for a fact, or nothing if the document has not enough. The draw decides
    /// between phrases that fit about equally well.
    pub(crate) fn choose(&self, fact: &Fact, rng: &mut ChaCha8Rng) -> Option<[String; 3]> {
        match fact.form {
            Form::Figure { word: true, .. } => {
                return figures::in_words(&fact.key, self.lexicon.language, rng);
            }
            Form::Figure { word: false, .. } => {
                return figures::choose(fact, self.pool.of(&fact.form), rng);
            }
            _ => {}
        }
        let key = Phrase::of(&fact.key, fact.page, fact.block, self.lexicon);
        let siblings: Vec<Phrase> = fact
            .siblings
            .iter()
            .map(|text| Phrase::of(text, fact.page, fact.block, self.lexicon))
            .collect();
        let candidates = self.candidates(fact, &key, &siblings, rng);
        let refused = Refused {
            quote: canonical(&fact.quote).to_lowercase(),
            stem: canonical(&fact.stem).to_lowercase(),
            subject: self.rarest(&fact.subject, 2),
            members: fact.members.iter().map(|text| canonical(text).to_lowercase()).collect(),
            form: &fact.form,
            about: &fact.subject,
        };
        // The key must not be the longest: one distractor at least comes near its length.
        let enough = key.length * 90 / 100;
        let mut chosen: Vec<&Phrase> = Vec::new();
        for Candidate { phrase, sibling, .. } in candidates {
            let only_long = fact.form != Form::Formula
                && chosen.len() == 2
                && chosen.iter().all(|other| other.length < enough);
            if (only_long && phrase.length < enough)
                || !are_distinct(phrase, &key, &fact.form)
                || !chosen.iter().all(|other| are_distinct(other, phrase, &fact.form))
                || self.is_refused(phrase, sibling, &refused)
            {
                continue;
            }
            chosen.push(phrase);
            if chosen.len() == 3 {
                break;
            }
        }
        let mut texts = chosen.into_iter().map(|phrase| phrase.text.clone());
        Some([texts.next()?, texts.next()?, texts.next()?])
    }

    /// Phrases of comparable length, cheapest first.
    fn candidates<'a>(
        &'a self,
        fact: &Fact,
        key: &Phrase,
        siblings: &'a [Phrase],
        rng: &mut ChaCha8Rng,
    ) -> Vec<Candidate<'a>> {
        let mut out = Vec::new();
        let mut add = |phrase: &'a Phrase, sibling: bool, extra: u32| {
            if (sibling || phrase.block != fact.block)
                && is_comparable(phrase.length, key.length, &fact.form)
            {
                let cost = extra + cost(phrase, key, &fact.form) + rng.next_u32() % 14;
                out.push(Candidate { phrase, sibling, cost });
            }
        };
        siblings.iter().for_each(|phrase| add(phrase, true, 0));
        self.pool.of(&fact.form).iter().for_each(|phrase| add(phrase, false, STRANGER));
        for (form, rank) in fact.form.kindred().iter().zip(1..) {
            self.pool
                .of(form)
                .iter()
                .for_each(|phrase| add(phrase, false, STRANGER + rank * KINDRED));
        }
        out.sort_by(|one, other| {
            one.cost.cmp(&other.cost).then_with(|| one.phrase.text.cmp(&other.phrase.text))
        });
        out
    }

    /// Whether a phrase gives the question away, brings a flaw, or may be right itself.
    fn is_refused(&self, phrase: &Phrase, sibling: bool, refused: &Refused<'_>) -> bool {
        let bare = canonical(&phrase.text).to_lowercase();
        contains_whole(&refused.quote, &bare)
            || contains_whole(&refused.stem, &bare)
            || opens_with_owner(&bare)
            || is_flawed_option(&phrase.text, self.lexicon.language)
            || refused.members.iter().any(|member| contains_whole(member, &bare))
            || answers_the_same(phrase, refused)
            || (!sibling
                && *refused.form != Form::Formula
                && self.may_be_right(&refused.subject, phrase))
    }

    /// The stems that occur in the fewest sentences.
    fn rarest(&self, stems: &[String], count: usize) -> Vec<String> {
        let mut known: Vec<&String> =
            stems.iter().filter(|stem| self.sentences.frequency(stem) > 0).collect();
        known.sort_by_key(|stem| (self.sentences.frequency(stem), stem.as_str()));
        known.dedup();
        known.into_iter().take(count).cloned().collect()
    }

    /// Whether some sentence speaks of the question's subject and of this phrase together.
    fn may_be_right(&self, subject: &[String], phrase: &Phrase) -> bool {
        let phrase_stems = self.rarest(&phrase.stems, 2);
        !subject.is_empty()
            && !phrase_stems.is_empty()
            && self.sentences.co_occur(subject.iter().chain(phrase_stems.iter()))
    }
}

/// What a distractor must not be, for one fact.
struct Refused<'a> {
    quote: String,
    stem: String,
    subject: Vec<String>,
    members: Vec<String>,
    form: &'a Form,
    about: &'a [String],
}

/// « son dû », « chaque jour »: of something the question does not speak of.
fn opens_with_owner(bare: &str) -> bool {
    ["son ", "sa ", "ses ", "leur ", "leurs ", "chaque ", "its ", "their ", "each "]
        .iter()
        .any(|word| bare.starts_with(word))
}

/// Whether a phrase answers another question about the same thing: the cause of another rise of the
/// same need may be a cause of this one.
fn answers_the_same(phrase: &Phrase, refused: &Refused<'_>) -> bool {
    match refused.form {
        Form::Cause | Form::Outcome { .. } | Form::Condition => refused
            .about
            .iter()
            .any(|stem| phrase.about.contains(stem) || phrase.stems.contains(stem)),
        Form::Formula => refused.about.iter().all(|stem| phrase.about.contains(stem)),
        _ => false,
    }
}

/// What it costs not to stand in the key's own list.
const STRANGER: u32 = 40;

/// What it costs to be of another form, once for each step away.
const KINDRED: u32 = 25;

/// Length within reach of the key's.
fn is_comparable(one: usize, other: usize, form: &Form) -> bool {
    let free =
        matches!(form, Form::Formula | Form::Term { .. }) && one <= other * 4 && other <= one * 4;
    free || one * 100 >= other * 45 && one * 100 <= other * 190 || one.abs_diff(other) <= 8
}

/// Lower is better: near in length (a little longer rather than shorter), near in the document.
fn cost(phrase: &Phrase, key: &Phrase, form: &Form) -> u32 {
    let wanted = key.length * 105 / 100;
    // Terms tempt by their neighbourhood, not by their length.
    let is_term = matches!(form, Form::Term { .. });
    let difference = phrase.length.abs_diff(wanted) * if is_term { 12 } else { 60 } / wanted.max(1);
    let pages_apart = phrase.page.abs_diff(key.page).min(30);
    let distance = if is_term { pages_apart * 3 } else { pages_apart / 3 };
    // A figure beside phrases without one stands out.
    let has_figure = |phrase: &Phrase| phrase.text.contains(|c: char| c.is_ascii_digit());
    let stands_out = if has_figure(phrase) == has_figure(key) { 0 } else { 30 };
    u32::try_from(difference + distance + stands_out).unwrap_or(u32::MAX / 2)
}

/// Neither contains the other, and at most a third of their content is common.
fn are_distinct(one: &Phrase, other: &Phrase, form: &Form) -> bool {
    let (a, b) = (one.text.to_lowercase(), other.text.to_lowercase());
    if a.contains(&b) || b.contains(&a) {
        return false;
    }
    if *form == Form::Formula {
        let sorted = |phrase: &Phrase| {
            let mut stems = phrase.stems.clone();
            stems.sort_unstable();
            stems
        };
        return sorted(one) != sorted(other);
    }
    let common = one.stems.iter().filter(|stem| other.stems.contains(stem)).count();
    let fewer = one.stems.len().min(other.stems.len());
    // The last content word, or the head: the same one makes near synonyms.
    common * 3 <= fewer && (common == 0 || one.stems.first() != other.stems.first())
}
