//! French sentences of the shape subject, verb, complement: « Que contient le paquet ? »

use super::complement::{complement, finish, is_clause};
use super::definition::starts_with_vowel;
use super::phrase::{join, noun_form, subject, tokens, without_label};
use super::verbs_fr::{DIRECT, INDIRECT, PASSIVE, REFLEXIVE, class_of, is_never_asked};
use super::{Context, Fact, Form, Pattern};
use crate::question::Language;
use crate::sentence::Sentence;

/// Whether a word is one of the verbs read here.
pub(super) fn is_verb(lower: &str) -> bool {
    matches!(lower, "est" | "sont" | "permet" | "permettent")
        || DIRECT.iter().any(|(one, many)| lower == *one || lower == *many)
        || INDIRECT.iter().any(|(one, many, _, _)| lower == *one || lower == *many)
}

/// Reads the relations of a French sentence.
pub(super) fn read(sentence: &Sentence, context: &Context<'_>, found: &mut Vec<Fact>) {
    let all = tokens(without_label(&sentence.text));
    for at in 1..all.len().min(11) {
        let Some((before, rest)) = all.split_at_checked(at) else { return };
        let Some(verb) = rest.first() else { return };
        let reflexive =
            before.last().is_some_and(|token| matches!(token.lower.as_str(), "se" | "s'"))
                || verb.lower.starts_with("s'");
        let relation = if reflexive {
            read_reflexive(before, rest)
        } else if matches!(verb.lower.as_str(), "est" | "sont") {
            read_passive(rest)
        } else {
            read_indirect(rest).or_else(|| read_modal(rest)).or_else(|| read_permet(rest))
        };
        let subject_tokens = if before.last().is_some_and(|token| token.lower == "se") {
            all.get(..at.saturating_sub(1)).unwrap_or(&[])
        } else {
            before
        };
        if let Some(Relation { ask, verb, after, form }) = relation {
            let Some(asked) = subject(subject_tokens, context) else { continue };
            let Some(rest) = rest.get(after..) else { continue };
            if push(sentence, context, found, &asked, &ask, &verb, rest, form) {
                return;
            }
            continue;
        }
        let direct = DIRECT.iter().find(|(one, many)| verb.lower == *one || verb.lower == *many);
        let Some((one, _)) = direct else { continue };
        if is_never_asked(one) {
            continue;
        }
        let class = class_of(one);
        let opens_object = rest.get(1).is_some_and(|token| {
            noun_form(token.text, context.language()).is_some() || is_partitive(&token.lower)
        });
        let Some(asked) =
            subject(before, context).filter(|_| opens_object && !verb.text.ends_with(','))
        else {
            continue;
        };
        let Some(object) = rest.get(1..) else { continue };
        let ask = if starts_with_vowel(&verb.lower) { "Qu'" } else { "Que " };
        let asked_back = verb.lower == *one && before.len() <= 6;
        if push(
            sentence,
            context,
            found,
            &asked,
            ask,
            verb.text,
            object,
            class.map(|class| Form::Object { class, definite: false, plural: false }),
        ) {
            if asked_back {
                ask_subject(sentence, context, found, &asked, verb.text, object);
            }
            if class.is_none() {
                // Objects of any other verb stand beside this one's: better than no question.
                for fact in found.iter_mut().filter(|fact| fact.pattern == Pattern::Relation) {
                    fact.pattern = Pattern::LastResort;
                }
            }
            return;
        }
    }
}

/// A verb that was recognised: how the question opens, the verb as it stands in it, and the number of
/// tokens before the complement.
struct Relation {
    ask: String,
    verb: String,
    after: usize,
    form: Option<Form>,
}

/// « influe fortement sur »: an adverb between the verb and what it governs.
fn is_adverb(lower: &str) -> bool {
    lower.ends_with("ment") && lower.chars().count() > 6
}

/// Whether a token is the preposition, alone, contracted or elided.
fn is_preposition(lower: &str, preposition: &str) -> bool {
    match preposition {
        "de" => matches!(lower, "de" | "du" | "des") || lower.starts_with("d'"),
        "à" => matches!(lower, "à" | "au" | "aux"),
        other => lower == other,
    }
}

fn read_indirect(rest: &[super::phrase::Token<'_>]) -> Option<Relation> {
    let verb = rest.first()?;
    let skip = usize::from(rest.get(1).is_some_and(|token| is_adverb(&token.lower)));
    let next = rest.get(1 + skip)?;
    let (_, _, _, ask) = INDIRECT.iter().find(|(one, many, preposition, _)| {
        (verb.lower == *one || verb.lower == *many) && is_preposition(&next.lower, preposition)
    })?;
    Some(Relation {
        ask: format!("{ask} "),
        verb: verb.text.to_owned(),
        after: 1 + skip,
        form: None,
    })
}

fn read_reflexive(
    before: &[super::phrase::Token<'_>],
    rest: &[super::phrase::Token<'_>],
) -> Option<Relation> {
    let verb = rest.first()?;
    let next = rest.get(1)?;
    let elided = verb.lower.starts_with("s'");
    let bare = verb.lower.strip_prefix("s'").unwrap_or(&verb.lower);
    let (_, _, _, ask) = REFLEXIVE.iter().find(|(one, many, preposition, _)| {
        (bare == *one || bare == *many) && is_preposition(&next.lower, preposition)
    })?;
    let verb = if elided || before.is_empty() {
        verb.text.to_owned()
    } else {
        format!("se {}", verb.text)
    };
    Some(Relation { ask: format!("{ask} "), verb, after: 1, form: None })
}

fn read_passive(rest: &[super::phrase::Token<'_>]) -> Option<Relation> {
    let (auxiliary, participle, next) = (rest.first()?, rest.get(1)?, rest.get(2)?);
    let ask = if next.lower == "par" && is_participle(&participle.lower) {
        "Par qui ou par quoi"
    } else {
        PASSIVE
            .iter()
            .find(|(opening, preposition, _)| {
                participle
                    .lower
                    .strip_prefix(opening)
                    .is_some_and(|ending| matches!(ending, "" | "e" | "s" | "es" | "aux"))
                    && is_preposition(&next.lower, preposition)
            })?
            .2
    };
    let verb = format!("{} {}", auxiliary.text, participle.text);
    let after = if next.lower == "par" { 3 } else { 2 };
    Some(Relation { ask: format!("{ask} "), verb, after, form: None })
}

fn is_participle(lower: &str) -> bool {
    [
        "é", "ée", "és", "ées", "i", "ie", "is", "ies", "u", "ue", "us", "ues", "it", "ite", "its",
        "ites",
    ]
    .iter()
    .any(|ending| lower.ends_with(ending))
}

/// « peut lancer », « doit contenir ».
fn read_modal(rest: &[super::phrase::Token<'_>]) -> Option<Relation> {
    let (verb, next) = (rest.first()?, rest.get(1)?);
    let modal = matches!(verb.lower.as_str(), "doit" | "doivent" | "peut" | "peuvent");
    (modal
        && is_infinitive(&next.lower)
        && !matches!(next.lower.as_str(), "être" | "avoir" | "faire"))
    .then(|| Relation {
        ask: "Que ".to_owned(),
        verb: format!("{} faire", verb.text),
        after: 1,
        form: Some(Form::Action),
    })
}

/// « permet de lancer », « sert à trier » with an infinitive.
fn read_permet(rest: &[super::phrase::Token<'_>]) -> Option<Relation> {
    let (verb, next) = (rest.first()?, rest.get(1)?);
    let permits = matches!(verb.lower.as_str(), "permet" | "permettent");
    let (after, infinitive) = match next.lower.strip_prefix("d'") {
        Some(infinitive) => (1, infinitive.to_owned()),
        None if next.lower == "de" => (2, rest.get(2)?.lower.clone()),
        None => return None,
    };
    (permits && is_infinitive(&infinitive)).then(|| Relation {
        ask: "Que ".to_owned(),
        verb: format!("{} de faire", verb.text),
        after,
        form: Some(Form::Action),
    })
}

/// Whether a word has the ending of an infinitive.
pub(super) fn is_infinitive(lower: &str) -> bool {
    let long = lower.chars().count() >= 4;
    long && ["er", "ir", "re", "oir"].iter().any(|ending| lower.ends_with(ending))
        && !matches!(
            lower,
            "leur"
                | "notre"
                | "votre"
                | "autre"
                | "entre"
                | "contre"
                | "premier"
                | "dernier"
                | "fichier"
                | "dossier"
                | "papier"
        )
}

fn is_partitive(lower: &str) -> bool {
    matches!(lower, "du" | "de" | "deux" | "trois" | "quatre") || lower.starts_with("d'")
}

/// « du flux » answers as « le flux », « d'un flux » as « un flux ».
fn without_preposition(text: &str) -> Option<String> {
    const OPENINGS: [(&str, &str); 12] = [
        ("du ", "le "),
        ("des ", "les "),
        ("de ", ""),
        ("d'", ""),
        ("d’", ""),
        ("au ", "le "),
        ("aux ", "les "),
        ("à ", ""),
        ("sur ", ""),
        ("en ", ""),
        ("par ", ""),
        ("dans ", ""),
    ];
    /// The same preposition again after « et ».
    const AGAIN: [(&str, &str); 9] = [
        (" et de la ", " et la "),
        (" et de l'", " et l'"),
        (" et de l’", " et l’"),
        (" et du ", " et le "),
        (" et des ", " et les "),
        (" et à la ", " et la "),
        (" et à l'", " et l'"),
        (" et au ", " et le "),
        (" et aux ", " et les "),
    ];
    let Some(mut answer) = OPENINGS.iter().find_map(|(opening, article)| {
        text.strip_prefix(opening).map(|rest| format!("{article}{rest}"))
    }) else {
        return Some(text.to_owned());
    };
    for (again, once) in AGAIN {
        answer = answer.replace(again, once);
    }
    // « d'un noyau et d'électrons »: only the second half lacks an article, and neither form reads well.
    let mixed =
        answer.contains(" et de ") || answer.contains(" et d'") || answer.contains(" et d’");
    if mixed && noun_form(&answer, Language::Fr).is_some() {
        return None;
    }
    Some(answer.replace(" et de ", " et ").replace(" et d'", " et ").replace(" et d’", " et "))
}

#[expect(clippy::too_many_arguments, reason = "the parts of one sentence, used in this file only")]
fn push(
    sentence: &Sentence,
    context: &Context<'_>,
    found: &mut Vec<Fact>,
    asked: &str,
    ask: &str,
    verb: &str,
    rest: &[super::phrase::Token<'_>],
    form: Option<Form>,
) -> bool {
    let Some(phrase) = complement(rest, false, context) else { return false };
    let indirect = !ask.starts_with("Qu");
    let key = if indirect {
        let Some(key) = without_preposition(&phrase) else { return false };
        key
    } else {
        phrase
            .strip_prefix("d'")
            .or_else(|| phrase.strip_prefix("d’"))
            .filter(|_| form == Some(Form::Action))
            .unwrap_or(&phrase)
            .to_owned()
    };
    let first_word = key.split_whitespace().next().unwrap_or("").to_lowercase();
    // The class is given, article and number are read off the key.
    let form = match form {
        Some(Form::Object { class, .. }) => match noun_form(&key, context.language()) {
            Some(Form::Noun { definite, plural }) => Some(Form::Object { class, definite, plural }),
            _ => return false,
        },
        other => other,
    };
    let form = form
        .or_else(|| is_infinitive(&first_word).then_some(Form::Action))
        .or_else(|| noun_form(&key, context.language()))
        .unwrap_or(Form::Bare { plural: first_word.ends_with('s') });
    if key.split_whitespace().count() < 2 && !matches!(form, Form::Noun { .. })
        || is_clause(&key, context.language())
    {
        return false;
    }
    let stem = format!("{ask}{verb} {asked} ?");
    found.push(Fact::of(sentence, Pattern::Relation, stem, key, form).about(asked, context));
    true
}

/// « Qu'est-ce qui provoque la chute de tension ? »
fn ask_subject(
    sentence: &Sentence,
    context: &Context<'_>,
    found: &mut Vec<Fact>,
    asked: &str,
    verb: &str,
    object: &[super::phrase::Token<'_>],
) {
    let whole = join(object);
    let object = whole.trim_end_matches('.');
    let Some(object) = finish(object, context)
        .filter(|object| (3..=18).contains(&object.split_whitespace().count()))
    else {
        return;
    };
    let Some(form) = noun_form(asked, context.language()) else { return };
    if object.contains([',', '(', ':']) || matches!(form, Form::Noun { plural: true, .. }) {
        return;
    }
    let stem = format!("Qu'est-ce qui {verb} {object} ?");
    let fact = Fact::of(sentence, Pattern::Relation, stem, asked.to_owned(), form);
    found.push(fact.about(&object, context).with_bonus(1));
}
