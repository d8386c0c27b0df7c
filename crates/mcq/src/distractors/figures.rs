//! Wrong figures: the document's own of the same unit, completed by figures of the same make.

use rand::Rng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;

use crate::evidence::figures;
use crate::facts::{Fact, Phrase, WORDS_EN, WORDS_FR};
use crate::flaws::value;
use crate::question::Language;

/// Factors that give a plausible wrong figure.
const FACTORS: [f64; 8] = [0.5, 0.75, 1.5, 2.0, 0.6, 1.25, 2.5, 3.0];

/// Three figures of the key's unit.
pub(super) fn choose(fact: &Fact, pool: &[Phrase], rng: &mut ChaCha8Rng) -> Option<[String; 3]> {
    let key = value(&fact.key)?;
    let quoted = figures(&fact.quote);
    let mut taken = vec![key];
    let mut out = Vec::new();
    let mut own: Vec<&Phrase> = pool.iter().collect();
    own.shuffle(rng);
    // Of the same size first: 15 % tempts beside 18 %, 80 % does not.
    let far = |phrase: &Phrase| {
        value(&phrase.text).is_none_or(|other| other > key * 2.5 || other < key / 2.5)
    };
    own.sort_by_key(|phrase| far(phrase));
    for phrase in own {
        let Some(other) = value(&phrase.text) else { continue };
        // A figure a hundred times too large is no temptation.
        let plausible = other > key / 8.0 && other < key * 8.0;
        let in_quote = figures(&phrase.text).iter().any(|figure| quoted.contains(figure));
        if plausible && !in_quote && !is_taken(&taken, other) {
            taken.push(other);
            out.push(phrase.text.clone());
        }
        if out.len() == 3 {
            break;
        }
    }
    let made = Make::of(&fact.key)?;
    let mut factors = FACTORS;
    factors.shuffle(rng);
    for factor in factors {
        if out.len() == 3 {
            break;
        }
        let other = made.rounded(key, factor);
        let possible = other > 0.0 && !(made.is_percentage() && other > 100.0);
        if possible && !is_taken(&taken, other) && !quoted.contains(&made.digits(other)) {
            taken.push(other);
            out.push(made.write(other));
        }
    }
    let mut texts = out.into_iter();
    Some([texts.next()?, texts.next()?, texts.next()?])
}

fn is_taken(taken: &[f64], value: f64) -> bool {
    taken.iter().any(|other| (other - value).abs() < f64::EPSILON * value.abs().max(1.0) * 4.0)
}

/// How a figure is written: decimals, marks and unit.
struct Make<'a> {
    decimals: usize,
    comma: bool,
    grouped: Option<char>,
    small: bool,
    year: bool,
    unit: &'a str,
}

impl<'a> Make<'a> {
    fn of(text: &'a str) -> Option<Self> {
        let end = text.rfind(|c: char| c.is_ascii_digit())? + 1;
        let number = text.get(..end)?;
        let decimals = match number.rfind([',', '.']) {
            Some(at) if !(number.len() - at - 1 == 3 && number.len() > 5) => number.len() - at - 1,
            _ => 0,
        };
        let grouped = number.chars().find(|c| matches!(c, ' ' | '\u{a0}' | '\u{202f}'));
        let plain = number.chars().all(|c| c.is_ascii_digit());
        let known = value(text)?;
        Some(Self {
            decimals,
            comma: number.contains(',') && decimals > 0,
            grouped,
            small: plain && known < 10.0,
            year: plain && (1800.0..2100.0).contains(&known),
            unit: text.get(end..)?,
        })
    }

    fn is_percentage(&self) -> bool {
        self.unit.trim() == "%"
    }

    /// The key times a factor, as coarse as the key is written.
    fn rounded(&self, key: f64, factor: f64) -> f64 {
        if self.year {
            return key + ((factor - 1.0) * 12.0).round();
        }
        if self.small && self.decimals == 0 {
            return key + ((factor - 1.0) * 4.0).round();
        }
        let mut step = 1.0;
        let plain = self.decimals == 0;
        // 12 500 becomes 18 800, not 18 750.5: two significant digits, as people write.
        while plain && key / step >= 100.0 {
            step *= 10.0;
        }
        for _ in 0..self.decimals {
            step /= 10.0;
        }
        if plain && key >= 20.0 && key % 10.0 == 0.0 && step < 10.0 {
            step = if key >= 50.0 { 10.0 } else { 5.0 };
        }
        (key * factor / step).round() * step
    }

    fn digits(&self, value: f64) -> String {
        format!("{value:.0$}", self.decimals)
    }

    fn write(&self, value: f64) -> String {
        let mut number = self.digits(value);
        if let Some(mark) = self.grouped {
            let whole = number.split('.').next().unwrap_or("").chars().count();
            let mut grouped = String::new();
            for (at, c) in number.chars().enumerate() {
                if at > 0 && at < whole && (whole - at).is_multiple_of(3) {
                    grouped.push(mark);
                }
                grouped.push(c);
            }
            number = grouped;
        }
        if self.comma {
            number = number.replace('.', ",");
        }
        format!("{number}{}", self.unit)
    }
}

/// Three number words near the key.
pub(super) fn in_words(key: &str, language: Language, rng: &mut ChaCha8Rng) -> Option<[String; 3]> {
    let words = match language {
        Language::Fr => WORDS_FR,
        Language::En => WORDS_EN,
    };
    let at = words.iter().position(|word| *word == key)?;
    // Which place the key takes among four neighbours.
    let place = usize::try_from(rng.next_u32() % 4).ok()?;
    let start = at.saturating_sub(place).min(words.len().saturating_sub(4));
    let mut others = words
        .iter()
        .skip(start)
        .take(4)
        .filter(|word| **word != key)
        .map(|word| (*word).to_owned());
    Some([others.next()?, others.next()?, others.next()?])
}
