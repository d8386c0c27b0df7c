//! Figures: how much, how many.

use super::complement::finish;
use super::phrase::{Token, join, noun_form, subject, tokens, without_article, without_label};
use super::{Context, Fact, Form, Pattern};
use crate::question::Language;
use crate::sentence::Sentence;

/// Verbs that state a quantity of a thing counted, singular and plural.
#[rustfmt::skip]
const COUNTING_FR: &[&str] = &[
    "contient", "contiennent", "compte", "comptent", "comprend", "comprennent", "comporte", "comportent", "possède", "possèdent",
    "utilise", "utilisent", "nécessite", "nécessitent", "regroupe", "représente", "représentent", "produit", "produisent", "définit",
    "définissent", "propose", "proposent", "offre", "offrent", "fournit", "mobilise", "rassemble", "exige", "emploie", "reçoit",
];

/// English verbs with their base form.
#[rustfmt::skip]
const COUNTING_EN: &[(&str, &str)] = &[
    ("contains", "contain"), ("has", "have"), ("includes", "include"), ("defines", "define"), ("uses", "use"), ("requires", "require"),
    ("provides", "provide"), ("supports", "support"), ("takes", "take"), ("needs", "need"), ("offers", "offer"), ("produces", "produce"),
    ("accepts", "accept"), ("holds", "hold"), ("comprises", "comprise"), ("employs", "employ"),
];

/// Verbs that state a measure.
const MEASURING_FR: &[&str] = &["mesure", "pèse", "dure", "coûte", "vaut", "atteint"];

/// Numbers in words, so that « trois » has distractors of its own kind.
pub(crate) const WORDS_FR: [&str; 11] =
    ["deux", "trois", "quatre", "cinq", "six", "sept", "huit", "neuf", "dix", "onze", "douze"];
/// As [`WORDS_FR`].
pub(crate) const WORDS_EN: [&str; 11] =
    ["two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"];

/// Reads the figures of a sentence.
pub(super) fn read(sentence: &Sentence, context: &Context<'_>, found: &mut Vec<Fact>) {
    found.extend(labelled(sentence, context));
    let all = tokens(without_label(&sentence.text));
    for at in 1..all.len().min(13) {
        let Some((before, rest)) = all.split_at_checked(at) else { return };
        let fact = match context.language() {
            Language::Fr => french(sentence, context, before, rest),
            Language::En => english(sentence, context, before, rest),
        };
        if let Some(fact) = fact {
            found.push(fact);
            return;
        }
    }
}

/// « Coût total estimé : 12 500 € »: the value a label is given.
fn labelled(sentence: &Sentence, context: &Context<'_>) -> Option<Fact> {
    let (label, rest) = sentence.text.split_once(':')?;
    let label = finish(label.trim(), context)?;
    let (figure, unit, _) = measure(&tokens(rest))?;
    let count = label.split_whitespace().count();
    let names = (2..=8).contains(&count)
        && !label.contains([',', '('])
        && label.chars().next().is_some_and(char::is_uppercase);
    let stem = match context.language() {
        Language::Fr => format!("Quelle valeur est indiquée pour « {label} » ?"),
        Language::En => format!("What value is given for “{label}”?"),
    };
    names.then(|| figure_fact(sentence, context, stem, figure, unit, &label))
}

/// Every figure with a unit, so that one has others of its kind beside it.
pub(super) fn all(tokens: &[Token<'_>]) -> Vec<(Form, String)> {
    let mut out = Vec::new();
    let mut at = 0;
    while let Some(rest) = tokens.get(at..).filter(|rest| !rest.is_empty()) {
        match measure(rest) {
            Some((figure, unit, used)) => {
                out.push((Form::Figure { unit, word: false }, figure));
                at += used;
            }
            None => at += 1,
        }
    }
    out
}

/// The figure a sentence ends with, and the position of its first token.
pub(super) fn last(tokens: &[Token<'_>]) -> Option<(usize, Form, String)> {
    (tokens.len().saturating_sub(4)..tokens.len()).find_map(|at| {
        let (figure, unit, used) = measure(tokens.get(at..)?)?;
        (at + used == tokens.len()).then_some((at, Form::Figure { unit, word: false }, figure))
    })
}

/// What the sentence says after the figure, if it can close the question: « au Bénin et au Gabon ».
fn tail(rest: &[Token<'_>], context: &Context<'_>) -> String {
    const OPENINGS: [&str; 13] = [
        "au", "aux", "en", "dans", "par", "pour", "chez", "sur", "à", "pendant", "contre", "selon",
        "sous",
    ];
    let opens = rest.first().is_some_and(|token| OPENINGS.contains(&token.lower.as_str()));
    let end = rest.iter().position(|token| matches!(token.text, ":" | ";")).unwrap_or(rest.len());
    let rest = rest.get(..end).unwrap_or(rest);
    let text = join(rest);
    let plain = opens
        && rest.len() <= 14
        && !text.contains([';', ':', '('])
        && !text.contains(|c: char| c.is_ascii_digit());
    match finish(&text, context) {
        Some(text) if plain => format!(" {text}"),
        _ => String::new(),
    }
}

fn french(
    sentence: &Sentence,
    context: &Context<'_>,
    before: &[Token<'_>],
    rest: &[Token<'_>],
) -> Option<Fact> {
    let verb = rest.first()?;
    let next = rest.get(1)?;
    let word = verb.lower.as_str();
    // « s'élève à », « se monte à ».
    let amounts = matches!(word, "s'élève" | "s'élèvent") && next.lower == "à";
    let states = word == "est"
        && matches!(
            next.lower.as_str(),
            "de" | "d'environ" | "fixée" | "fixé" | "égale" | "égal" | "limitée" | "limité"
        );
    if amounts || states {
        let skip = if amounts || matches!(next.lower.as_str(), "de" | "d'environ") { 2 } else { 3 };
        let asked = subject(before, context)?;
        let (figure, unit, used) = measure(rest.get(skip..)?)?;
        let tail = tail(rest.get(skip + used..)?, context);
        let stem = match before.first()?.lower.as_str() {
            _ if amounts => format!("À combien {} {asked}{tail} ?", verb.text),
            "la" => format!("Quelle est {asked}{tail} ?"),
            "le" => format!("Quel est {asked}{tail} ?"),
            _ => format!("À combien s'élève {asked}{tail} ?"),
        };
        return Some(figure_fact(sentence, context, stem, figure, unit, &asked));
    }
    if MEASURING_FR.contains(&word) {
        let asked = subject(before, context)
            .filter(|asked| !matches!(word, "atteint" | "vaut") || has_complement(asked))?;
        let (figure, unit, used) = measure(rest.get(1..)?)?;
        let tail = tail(rest.get(1 + used..)?, context);
        let stem = match word {
            "atteint" => format!("À combien s'élève {asked}{tail} ?"),
            _ => format!("Combien {word} {asked}{tail} ?"),
        };
        return Some(figure_fact(sentence, context, stem, figure, unit, &asked));
    }
    if COUNTING_FR.contains(&word) {
        let asked = subject(before, context)?;
        let (number, counted) = count_of(rest.get(1..)?, context)?;
        let of = if super::definition::starts_with_vowel(&counted) {
            format!("d'{counted}")
        } else {
            format!("de {counted}")
        };
        let stem = format!("Combien {of} {word} {asked} ?");
        return Some(count_fact(sentence, context, stem, number, &counted, &asked));
    }
    None
}

/// « Le gain net » alone leaves open whose.
fn has_complement(asked: &str) -> bool {
    [" de ", " du ", " des ", " d'", " d’"].iter().any(|of| asked.contains(of))
}

fn english(
    sentence: &Sentence,
    context: &Context<'_>,
    before: &[Token<'_>],
    rest: &[Token<'_>],
) -> Option<Fact> {
    let verb = rest.first()?;
    let word = verb.lower.as_str();
    if matches!(word, "is" | "are") {
        let asked = subject(before, context)?;
        let skip = match rest.get(1)?.lower.as_str() {
            "about" | "approximately" | "around" => 2,
            _ => 1,
        };
        let (figure, unit, _) = measure(rest.get(skip..)?)?;
        let named = noun_form(&asked, Language::En).is_some();
        let stem = format!("What {word} {asked}?");
        return named.then(|| figure_fact(sentence, context, stem, figure, unit, &asked));
    }
    let (third, base) = COUNTING_EN.iter().find(|(third, base)| word == *third || word == *base)?;
    let asked = subject(before, context)?;
    let (number, counted) = count_of(rest.get(1..)?, context)?;
    let auxiliary = if word == *third { "does" } else { "do" };
    let stem = format!("How many {counted} {auxiliary} {asked} {base}?");
    Some(count_fact(sentence, context, stem, number, &counted, &asked))
}

/// A figure and its unit at the start of the tokens: the text of both, the unit alone, and how many
/// tokens they take. The unit may stand apart ("30 caractères", "12 500 €") or not ("5V").
fn measure(tokens: &[Token<'_>]) -> Option<(String, String, usize)> {
    let mut used = 0;
    while tokens.get(used).is_some_and(|token| is_number(token.text)) {
        used += 1;
    }
    if used == 0 || used > 3 {
        return None;
    }
    let last_number = tokens.get(used - 1)?;
    let clean = |text: &str| text.trim_end_matches(['.', ',', ';', ':']).to_owned();
    let ended = last_number.text.ends_with(['.', ',', ';']);
    let unit = tokens.get(used).map(|token| clean(token.text)).filter(|unit| {
        !ended
            && !unit.is_empty()
            && unit.chars().count() <= 14
            && unit.chars().all(|c| c.is_alphabetic() || "%€$°µΩ/²³".contains(c))
    })?;
    let figure = format!("{} {unit}", clean(&join(tokens.get(..used)?)));
    Some((figure, singular(&unit), used + 1))
}

fn is_number(text: &str) -> bool {
    let bare = text.trim_end_matches(['.', ',', ';']);
    !bare.is_empty()
        && bare.starts_with(|c: char| c.is_ascii_digit())
        && bare
            .chars()
            .all(|c| c.is_ascii_digit() || c == '.' || c == ',' || c == '\u{202f}' || c == '\u{a0}')
}

/// A number and the things it counts: "twelve field types".
fn count_of(tokens: &[Token<'_>], context: &Context<'_>) -> Option<(String, String)> {
    let first = tokens.first()?;
    let in_words = WORDS_FR.contains(&first.lower.as_str()) && context.language() == Language::Fr
        || WORDS_EN.contains(&first.lower.as_str()) && context.language() == Language::En;
    let in_digits = is_number(first.text) && first.text.len() <= 4;
    if !(in_words || in_digits) {
        return None;
    }
    let mut counted = Vec::new();
    for token in tokens.iter().skip(1).take(4) {
        let bare = token.text.trim_end_matches(['.', ',', ';', ':']);
        let chains = matches!(token.lower.as_str(), "de" | "d'" | "of") && !counted.is_empty();
        if bare.is_empty()
            || context.lexicon.is_stop_word(&token.lower) && !chains
            || token.text.starts_with('(')
        {
            break;
        }
        counted.push(bare);
        if bare.len() != token.text.len() {
            break;
        }
    }
    while counted.last().is_some_and(|word| context.lexicon.is_stop_word(&word.to_lowercase())) {
        counted.pop();
    }
    // One or two words: more may have run into a verb or a complement.
    let counted = finish(&counted.get(..counted.len().min(3))?.join(" "), context)?;
    let plural = counted.split_whitespace().any(|word| word.ends_with(['s', 'x']));
    plural.then(|| (first.lower.clone(), counted))
}

fn singular(unit: &str) -> String {
    let lower = unit.to_lowercase();
    if lower.chars().count() > 3 { lower.trim_end_matches('s').to_owned() } else { unit.to_owned() }
}

fn figure_fact(
    sentence: &Sentence,
    context: &Context<'_>,
    stem: String,
    figure: String,
    unit: String,
    asked: &str,
) -> Fact {
    let form = Form::Figure { unit, word: false };
    let asked = without_article(asked, context.language());
    Fact::of(sentence, Pattern::Figure, stem, figure, form).about(asked, context)
}

fn count_fact(
    sentence: &Sentence,
    context: &Context<'_>,
    stem: String,
    number: String,
    counted: &str,
    asked: &str,
) -> Fact {
    let word = !number.starts_with(|c: char| c.is_ascii_digit());
    let form = Form::Figure { unit: if word { String::new() } else { singular(counted) }, word };
    Fact::of(sentence, Pattern::Figure, stem, number, form).about(asked, context)
}
