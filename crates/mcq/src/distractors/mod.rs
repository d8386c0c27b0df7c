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
struct Candidate {
    phrase: Phrase,
    cost: u32,
}

impl Source<'_> {
    /// Three distractors for a fact, or nothing if the document has not enough. The draw decides
    /// between phrases that fit about equally well.
    pub(crate) fn choose(&self, fact: &Fact, rng: &mut ChaCha8Rng) -> Option<[String; 3]> {
        match fact.form {
            Form::Figure { word: true, .. } => return figures::in_words(&fact.key, self.lexicon.language, rng),
            Form::Figure { word: false, .. } => return figures::choose(fact, self.pool.of(&fact.form), rng),
            _ => {}
        }
        let mut candidates = self.candidates(fact, rng);
        candidates.sort_by(|one, other| {
            one.cost.cmp(&other.cost).then_with(|| one.phrase.text.cmp(&other.phrase.text))
        });
        // The key must not be the longest: one distractor at least comes near its length.
        let enough = fact.key.chars().count() * 90 / 100;
        let mut chosen: Vec<Phrase> = Vec::new();
        for Candidate { phrase, .. } in candidates {
            let is_long = |text: &str| text.chars().count() >= enough;
            let only_long = chosen.len() == 2 && !chosen.iter().any(|other| is_long(&other.text));
            if (only_long && !is_long(&phrase.text)) || !chosen.iter().all(|other| are_distinct(other, &phrase)) {
                continue;
            }
            chosen.push(phrase);
            if chosen.len() == 3 {
                break;
            }
        }
        let mut texts = chosen.into_iter().map(|phrase| phrase.text);
        Some([texts.next()?, texts.next()?, texts.next()?])
    }

    fn candidates(&self, fact: &Fact, rng: &mut ChaCha8Rng) -> Vec<Candidate> {
        let key = Phrase {
            text: fact.key.clone(),
            stems: self.lexicon.content_stems(&fact.key),
            page: fact.page,
            block: fact.block,
        };
        let quote = canonical(&fact.quote).to_lowercase();
        let stem = canonical(&fact.stem).to_lowercase();
        let rarest = self.rarest(&fact.subject, 2);
        let siblings = fact.siblings.iter().map(|text| Phrase {
            text: text.clone(),
            stems: self.lexicon.content_stems(text),
            page: fact.page,
            block: usize::MAX,
        });
        let is_sibling = |phrase: &Phrase| phrase.block == usize::MAX;
        siblings
            .chain(self.pool.of(&fact.form).iter().cloned())
            .chain(fact.form.kindred().into_iter().flat_map(|form| self.pool.of(&form).iter().cloned()).map(|mut phrase| {
                phrase.page = phrase.page.max(FAR);
                phrase
            }))
            .filter(|phrase| phrase.block != fact.block && is_comparable(&phrase.text, &fact.key))
            .filter(|phrase| are_distinct(phrase, &key) && !is_flawed_option(&phrase.text, self.lexicon.language))
            .filter_map(|phrase| {
                let bare = canonical(&phrase.text).to_lowercase();
                let stands_in_question = contains_whole(&quote, &bare) || contains_whole(&stem, &bare);
                if stands_in_question || (!is_sibling(&phrase) && self.may_be_right(&rarest, &phrase)) {
                    return None;
                }
                let cost = cost(&phrase, &key, is_sibling(&phrase)) + rng.next_u32() % 14;
                Some(Candidate { phrase, cost })
            })
            .collect()
    }

    /// The stems that occur in the fewest sentences.
    fn rarest(&self, stems: &[String], count: usize) -> Vec<String> {
        let mut known: Vec<&String> = stems.iter().filter(|stem| self.sentences.frequency(stem) > 0).collect();
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

/// A phrase of a kindred form is taken as if it stood this far away.
const FAR: usize = 1_000_000;

/// Length within reach of the key's.
fn is_comparable(text: &str, key: &str) -> bool {
    let (one, other) = (text.chars().count(), key.chars().count());
    one * 100 >= other * 45 && one * 100 <= other * 190 || one.abs_diff(other) <= 8
}

/// Lower is better: near in length (a little longer rather than shorter), near in the document.
fn cost(phrase: &Phrase, key: &Phrase, sibling: bool) -> u32 {
    let wanted = key.text.chars().count() * 105 / 100;
    let difference = phrase.text.chars().count().abs_diff(wanted) * 60 / wanted.max(1);
    let distance = phrase.page.abs_diff(key.page).min(30) / 3;
    let base = if sibling { 0 } else { 40 } + if phrase.page >= FAR { 25 } else { 0 };
    base + u32::try_from(difference + distance).unwrap_or(u32::MAX / 2)
}

/// Neither contains the other, and at most a third of their content is common.
fn are_distinct(one: &Phrase, other: &Phrase) -> bool {
    let (a, b) = (one.text.to_lowercase(), other.text.to_lowercase());
    if a.contains(&b) || b.contains(&a) {
        return false;
    }
    let common = one.stems.iter().filter(|stem| other.stems.contains(stem)).count();
    let fewer = one.stems.len().min(other.stems.len());
    // The last content word, or the head: the same one makes near synonyms.
    common * 3 <= fewer && (common == 0 || one.stems.first() != other.stems.first())
}
