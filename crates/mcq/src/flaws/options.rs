//! Flaws of the options, and cues that give the key away.

use super::{Choice, Item, has_phrase};
use crate::evidence::figures;
use crate::question::Language;

pub(super) fn has_all_of_the_above(item: &Item<'_>) -> bool {
    const PHRASES: [&str; 13] = [
        "all of the above",
        "all of these",
        "all the above",
        "all of them",
        "toutes ces réponses",
        "toutes les réponses",
        "tous les choix",
        "toutes les propositions",
        "tout ce qui précède",
        "toutes les réponses ci dessus",
        "tous les précédents",
        "toutes ces propositions",
        "tout cela",
    ];
    item.choices().any(|choice| has_phrase(&choice.words, &PHRASES))
}

pub(super) fn has_none_of_the_above(item: &Item<'_>) -> bool {
    const PHRASES: [&str; 13] = [
        "none of the above",
        "none of these",
        "none of them",
        "neither of these",
        "aucune de ces réponses",
        "aucune des réponses",
        "aucun de ces choix",
        "aucune de ces propositions",
        "aucun des choix",
        "aucune des propositions",
        "aucun des précédents",
        "rien de tout cela",
        "aucune réponse",
    ];
    item.choices().any(|choice| has_phrase(&choice.words, &PHRASES))
}

/// An option made of nothing but labels and connectives, two labels at least.
pub(super) fn is_k_type(item: &Item<'_>) -> bool {
    const LABELS: [&str; 14] =
        ["a", "b", "c", "d", "i", "ii", "iii", "iv", "v", "1", "2", "3", "4", "5"];
    const GLUE: [&str; 15] = [
        "et",
        "and",
        "ou",
        "or",
        "only",
        "seulement",
        "uniquement",
        "both",
        "à",
        "la",
        "fois",
        "les",
        "options",
        "réponses",
        "answers",
    ];
    item.choices().any(|choice| {
        let (mut labels, mut glue, mut others) = (0, 0, 0);
        for word in choice.words.split_whitespace() {
            if LABELS.contains(&word) {
                labels += 1;
            } else if GLUE.contains(&word) {
                glue += 1;
            } else {
                others += 1;
            }
        }
        labels >= 2 && glue >= 1 && others == 0
    })
}

pub(super) fn is_true_false(item: &Item<'_>) -> bool {
    const PAIRS: [(&str, &str); 4] =
        [("vrai", "faux"), ("true", "false"), ("oui", "non"), ("yes", "no")];
    PAIRS.iter().any(|(one, other)| {
        let opens = |word: &str| {
            item.choices().any(|choice| choice.words.split_whitespace().next() == Some(word))
        };
        opens(one) && opens(other)
    })
}

pub(super) fn has_absolute_terms(item: &Item<'_>) -> bool {
    item.choices().any(|choice| is_absolute(&choice.words, item.lexicon.language))
}

/// Whether words between spaces hold an absolute term.
pub(super) fn is_absolute(spaced: &str, language: Language) -> bool {
    let terms: &[&str] = match language {
        Language::Fr => &[
            "toujours",
            "jamais",
            "aucun",
            "aucune",
            "absolument",
            "exclusivement",
            "tous",
            "toutes",
            "systématiquement",
            "dans tous les cas",
            "personne",
            "partout",
        ],
        Language::En => &[
            "always",
            "never",
            "none",
            "absolutely",
            "exclusively",
            "all",
            "every",
            "completely",
            "nobody",
            "everyone",
            "everywhere",
            "in all cases",
        ],
    };
    has_phrase(spaced, terms)
}

/// By a quarter and by at least six characters: less is not seen by a reader.
pub(super) fn is_key_longest(item: &Item<'_>) -> bool {
    let longest = item.distractors.iter().map(|choice| choice.length).max().unwrap_or(0);
    item.key.length >= longest + 6 && item.key.length * 4 > longest * 5
}

/// By a factor of three and by at least twenty-five characters.
pub(super) fn are_unequal(item: &Item<'_>) -> bool {
    let longest = item.choices().map(|choice| choice.length).max().unwrap_or(0);
    let shortest = item.choices().map(|choice| choice.length).min().unwrap_or(0);
    longest >= shortest * 3 && longest >= shortest + 25
}

/// Figures among words, or an option without a letter or digit.
pub(super) fn has_stranger(item: &Item<'_>) -> bool {
    let is_figure = |choice: &Choice<'_>| {
        choice.text.starts_with(|c: char| c.is_ascii_digit() || c == '-' || c == '+')
            && !figures(choice.text).is_empty()
    };
    let in_figures = item.choices().filter(|choice| is_figure(choice)).count();
    let empty = item.choices().any(|choice| !choice.text.chars().any(char::is_alphanumeric));
    let symbolic = item.choices().all(|choice| !choice.text.chars().any(char::is_alphanumeric));
    in_figures == 1 || in_figures == 3 || (empty && !symbolic)
}

pub(super) fn repeats_stem_word(item: &Item<'_>) -> bool {
    item.key.stems.iter().any(|stem| {
        stem.chars().count() >= 3
            && item.stem_stems.contains(stem)
            && !item.distractors.iter().any(|choice| choice.stems.contains(stem))
    })
}

/// Two different words that open with the same six letters are taken for one family.
pub(super) fn has_family_word(item: &Item<'_>) -> bool {
    const FAMILY: usize = 6;
    let opening = |stem: &String| -> Option<String> {
        let letters: String = stem.chars().take(FAMILY).collect();
        (letters.chars().count() == FAMILY && letters.chars().all(char::is_alphabetic))
            .then_some(letters)
    };
    item.key.stems.iter().filter(|stem| !item.stem_stems.contains(*stem)).any(|stem| {
        opening(stem).is_some_and(|family| {
            item.stem_stems.iter().any(|other| other.starts_with(&family))
                && !item
                    .distractors
                    .iter()
                    .any(|choice| choice.stems.iter().any(|other| other.starts_with(&family)))
        })
    })
}

pub(super) fn has_grammatical_cue(item: &Item<'_>) -> bool {
    let signs: [fn(&Choice<'_>) -> u8; 3] = [opening_article, opening_capital, closing_mark];
    let odd_one_out = signs.iter().any(|sign| {
        let of_key = sign(&item.key);
        let mut others = item.distractors.iter().map(sign);
        let first = others.next();
        first.is_some_and(|first| {
            first != of_key && first != 0 && of_key != 0 && others.all(|other| other == first)
        })
    });
    odd_one_out || indefinite_article_gives_away(item)
}

/// Gender and number as the article shows them; 0 where it shows nothing.
fn opening_article(choice: &Choice<'_>) -> u8 {
    match choice.words.split_whitespace().next() {
        Some("le" | "un" | "du" | "ce") => 1,
        Some("la" | "une" | "cette") => 2,
        Some("les" | "des" | "ces") => 3,
        Some("a" | "an") => 4,
        Some("these" | "those") => 5,
        _ => 0,
    }
}

fn opening_capital(choice: &Choice<'_>) -> u8 {
    match choice.text.chars().next() {
        Some(c) if c.is_lowercase() => 1,
        Some(c) if c.is_uppercase() => 2,
        _ => 0,
    }
}

fn closing_mark(choice: &Choice<'_>) -> u8 {
    if choice.text.ends_with(['.', ';', ',']) { 1 } else { 2 }
}

/// "… is called an": only the key opens as the article asks.
fn indefinite_article_gives_away(item: &Item<'_>) -> bool {
    if item.lexicon.language != Language::En {
        return false;
    }
    let before_gap = item.stem.trim_end_matches(|c: char| !c.is_alphanumeric());
    let wants_vowel = match before_gap.rsplit(' ').next() {
        Some("an") => true,
        Some("a") => false,
        _ => return false,
    };
    let fits = |choice: &Choice<'_>| {
        choice.text.starts_with(|c: char| "aeiouAEIOU".contains(c)) == wants_vowel
    };
    fits(&item.key) && !item.distractors.iter().any(fits)
}

/// The key shares a content word with two distractors or more, none of which share one with
/// another: it stands at the centre. Words of the stem are common to the subject and do not count.
pub(super) fn converges_on_key(item: &Item<'_>) -> bool {
    let related = |one: &Choice<'_>, other: &Choice<'_>| {
        one.stems.iter().any(|stem| other.stems.contains(stem) && !item.stem_stems.contains(stem))
    };
    let with_key = item.distractors.iter().filter(|choice| related(choice, &item.key)).count();
    let among = item
        .distractors
        .iter()
        .enumerate()
        .any(|(at, one)| item.distractors.iter().skip(at + 1).any(|other| related(one, other)));
    with_key >= 2 && !among
}

/// Four figures that neither rise nor fall.
pub(super) fn is_out_of_sequence(item: &Item<'_>) -> bool {
    let pairs = || item.values.windows(2);
    item.values.len() == 4
        && !pairs().all(|pair| matches!(pair, [one, other] if one <= other))
        && !pairs().all(|pair| matches!(pair, [one, other] if one >= other))
}

/// Two options with the same content words, or a distractor that says all the key says and more.
pub(super) fn has_equal_options(item: &Item<'_>) -> bool {
    let choices: Vec<&Choice<'_>> = item.choices().collect();
    let equal = choices.iter().enumerate().any(|(at, one)| {
        choices.iter().skip(at + 1).any(|other| {
            one.words == other.words && one.text.to_lowercase() == other.text.to_lowercase()
                || (one.stems.len() >= 2
                    && one.stems == other.stems
                    && figures(one.text) == figures(other.text))
        })
    });
    let contains_key = item.key.stems.len() >= 2
        && item.distractors.iter().any(|choice| choice.words.contains(item.key.words.as_str()));
    equal || contains_key
}
