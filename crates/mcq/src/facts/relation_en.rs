//! English sentences of the shape subject, verb, complement: "What does the package contain?"

use super::complement::{complement, finish, is_clause};
use super::phrase::{Token, head_is_plural, join, noun_form, subject, tokens, without_label};
use super::{Context, Fact, Form, Pattern};
use crate::question::Language;
use crate::sentence::Sentence;

/// Verbs that take a direct object: third person singular and base form.
#[rustfmt::skip]
const DIRECT: &[(&str, &str)] = &[
    ("accepts", "accept"), ("accesses", "access"), ("adds", "add"), ("affects", "affect"), ("analyzes", "analyze"), ("analyses", "analyse"),
    ("applies", "apply"), ("assigns", "assign"), ("avoids", "avoid"), ("builds", "build"), ("causes", "cause"), ("checks", "check"),
    ("computes", "compute"), ("calculates", "calculate"), ("combines", "combine"), ("connects", "connect"), ("contains", "contain"),
    ("controls", "control"), ("converts", "convert"), ("covers", "cover"), ("creates", "create"), ("defines", "define"), ("delivers", "deliver"),
    ("describes", "describe"), ("determines", "determine"), ("displays", "display"), ("enables", "enable"), ("ensures", "ensure"),
    ("executes", "execute"), ("exports", "export"), ("generates", "generate"), ("gives", "give"), ("guarantees", "guarantee"),
    ("handles", "handle"), ("holds", "hold"), ("implements", "implement"), ("improves", "improve"), ("includes", "include"),
    ("increases", "increase"), ("indicates", "indicate"), ("installs", "install"), ("introduces", "introduce"), ("involves", "involve"),
    ("limits", "limit"), ("manages", "manage"), ("measures", "measure"), ("modifies", "modify"), ("needs", "need"), ("offers", "offer"),
    ("performs", "perform"), ("prevents", "prevent"), ("produces", "produce"), ("protects", "protect"), ("provides", "provide"),
    ("receives", "receive"), ("reduces", "reduce"), ("removes", "remove"), ("replaces", "replace"), ("represents", "represent"),
    ("requires", "require"), ("returns", "return"), ("sends", "send"), ("separates", "separate"), ("shows", "show"), ("solves", "solve"),
    ("specifies", "specify"), ("stores", "store"), ("supports", "support"), ("takes", "take"), ("triggers", "trigger"), ("uses", "use"),
    ("verifies", "verify"), ("writes", "write"), ("reads", "read"), ("overrides", "override"), ("sets", "set"), ("lists", "list"),
    ("lets", "let"), ("allows", "allow"), ("helps", "help"), ("moves", "move"), ("follows", "follow"), ("makes", "make"), ("runs", "run"),
];

/// Verbs with their preposition.
#[rustfmt::skip]
const INDIRECT: &[(&str, &str, &str)] = &[
    ("depends", "depend", "on"), ("relies", "rely", "on"), ("consists", "consist", "of"), ("corresponds", "correspond", "to"),
    ("leads", "lead", "to"), ("results", "result", "in"), ("belongs", "belong", "to"), ("applies", "apply", "to"), ("contributes", "contribute", "to"),
    ("deals", "deal", "with"), ("focuses", "focus", "on"), ("acts", "act", "as"), ("operates", "operate", "on"), ("serves", "serve", "as"),
    ("communicates", "communicate", "via"), ("communicate", "communicate", "through"),
];

/// Whether a word is one of the verbs read here, third person.
pub(super) fn is_verb(lower: &str) -> bool {
    matches!(lower, "is" | "are" | "allows")
        || DIRECT.iter().any(|(third, _)| lower == *third)
        || INDIRECT.iter().any(|(third, _, _)| lower == *third)
}

/// Reads the relations of an English sentence.
pub(super) fn read(sentence: &Sentence, context: &Context<'_>, found: &mut Vec<Fact>) {
    let all = tokens(without_label(&sentence.text));
    for at in 1..all.len().min(11) {
        let Some((before, rest)) = all.split_at_checked(at) else { return };
        let Some(verb) = rest.first().filter(|verb| !verb.text.ends_with([',', ';', ':'])) else {
            continue;
        };
        // "The cache significantly reduces": the adverb is no part of the subject.
        let before = match before.split_last() {
            Some((last, others)) if last.lower.ends_with("ly") && !others.is_empty() => others,
            _ => before,
        };
        let Some(asked) = subject(before, context) else { continue };
        let plural = is_plural_subject(&asked);
        let fact = match verb.lower.as_str() {
            "is" | "are" => passive(sentence, context, &asked, rest),
            "can" | "must" | "should" | "may" => modal(sentence, context, &asked, rest),
            _ => active(sentence, context, &asked, plural, rest, found),
        };
        if let Some(fact) = fact {
            found.push(fact);
            return;
        }
    }
}

/// Whether a subject asks for "do": its head is plural.
fn is_plural_subject(subject: &str) -> bool {
    let lower = subject.to_lowercase();
    !lower.starts_with("a ") && !lower.starts_with("an ") && head_is_plural(subject)
}

fn active(
    sentence: &Sentence,
    context: &Context<'_>,
    asked: &str,
    plural: bool,
    rest: &[Token<'_>],
    found: &mut Vec<Fact>,
) -> Option<Fact> {
    let (verb, next) = (rest.first()?, rest.get(1)?);
    let auxiliary = if plural { "do" } else { "does" };
    let agrees =
        |third: &str, base: &str| if plural { verb.lower == base } else { verb.lower == third };
    if let Some((_, base, preposition)) = INDIRECT
        .iter()
        .find(|(third, base, preposition)| agrees(third, base) && next.lower == *preposition)
    {
        let key = complement(rest.get(2..)?, false, context)?;
        let stem = format!("What {auxiliary} {asked} {base} {preposition}?");
        return Some(fact(sentence, context, stem, key, asked));
    }
    let (_, base) = DIRECT.iter().find(|(third, base)| agrees(third, base))?;
    if matches!(*base, "allow" | "enable" | "help")
        && let Some(fact) = enabling(sentence, context, asked, auxiliary, base, rest)
    {
        return Some(fact);
    }
    let opens_object = noun_form(next.text, Language::En).is_some()
        || matches!(
            next.lower.as_str(),
            "all"
                | "both"
                | "several"
                | "many"
                | "any"
                | "two"
                | "three"
                | "four"
                | "some"
                | "only"
        )
        || !plural && next.lower.ends_with('s') && next.lower.chars().count() > 3
        || !plural
            && context.lexicon.stem(&next.lower).chars().count() > 4
            && !context.lexicon.is_stop_word(&next.lower)
            && !next.lower.ends_with("ly");
    if !opens_object {
        return None;
    }
    let key = complement(rest.get(1..)?, false, context)?;
    if key.split_whitespace().count() < 2 || is_clause(&key, Language::En) {
        return None;
    }
    let stem = format!("What {auxiliary} {asked} {base}?");
    ask_subject(sentence, context, asked, plural, rest, found);
    Some(fact(sentence, context, stem, key, asked))
}

/// "What does the option allow the user to do?"
fn enabling(
    sentence: &Sentence,
    context: &Context<'_>,
    asked: &str,
    auxiliary: &str,
    base: &str,
    rest: &[Token<'_>],
) -> Option<Fact> {
    let to =
        (2..rest.len().min(7)).find(|at| rest.get(*at).is_some_and(|token| token.lower == "to"))?;
    let whom = join(rest.get(1..to)?);
    if whom.contains([',', '(']) {
        return None;
    }
    let key = complement(rest.get(to + 1..)?, false, context)?;
    let stem = format!("What {auxiliary} {asked} {base} {whom} to do?");
    let opens = key
        .split_whitespace()
        .next()
        .is_some_and(|word| !context.lexicon.is_stop_word(&word.to_lowercase()));
    let enough = opens && key.split_whitespace().count() >= 2;
    enough.then(|| {
        Fact::of(sentence, Pattern::Relation, stem, key, Form::Action).about(asked, context)
    })
}

/// "Which of the following provides …?"
fn ask_subject(
    sentence: &Sentence,
    context: &Context<'_>,
    asked: &str,
    plural: bool,
    rest: &[Token<'_>],
    found: &mut Vec<Fact>,
) {
    let whole = join(rest);
    let Some(predicate) = finish(whole.trim_end_matches('.'), context) else { return };
    let length = predicate.split_whitespace().count();
    if plural || !(4..=20).contains(&length) || predicate.contains([',', '(', ':']) {
        return;
    }
    let Some(form) = noun_form(asked, Language::En) else { return };
    let stem = format!("Which of the following {predicate}?");
    let fact = Fact::of(sentence, Pattern::Relation, stem, asked.to_owned(), form);
    found.push(fact.about(&predicate, context).with_bonus(1));
}

/// "What is the tool used to do?", "What is the value controlled by?"
fn passive(
    sentence: &Sentence,
    context: &Context<'_>,
    asked: &str,
    rest: &[Token<'_>],
) -> Option<Fact> {
    let (auxiliary, participle, next) = (rest.first()?, rest.get(1)?, rest.get(2)?);
    let be = auxiliary.lower.as_str();
    if participle.lower == "used" && next.lower == "to" {
        let key = complement(rest.get(3..)?, false, context)?;
        let stem = format!("What {be} {asked} used to do?");
        let enough = key.split_whitespace().count() >= 2;
        return enough.then(|| {
            Fact::of(sentence, Pattern::Relation, stem, key, Form::Action).about(asked, context)
        });
    }
    let regular = participle.lower.ends_with("ed")
        || matches!(
            participle.lower.as_str(),
            "made"
                | "built"
                | "driven"
                | "drawn"
                | "known"
                | "shown"
                | "kept"
                | "sent"
                | "fed"
                | "bound"
                | "split"
                | "given"
                | "set"
                | "written"
                | "held"
        );
    let preposition = matches!(
        next.lower.as_str(),
        "by" | "of" | "on" | "for" | "from" | "to" | "with" | "as" | "into"
    );
    if !regular
        || !preposition
        || participle.lower == "used" && next.lower != "for"
        || matches!(participle.lower.as_str(), "needed" | "defined" | "located")
    {
        return None;
    }
    let key = complement(rest.get(3..)?, false, context)?;
    let opens =
        key.split_whitespace().next().is_some_and(|word| noun_form(word, Language::En).is_some());
    let enough = key.split_whitespace().count() >= 2 && (opens || next.lower != "to");
    let stem = format!("What {be} {asked} {} {}?", participle.lower, next.lower);
    enough.then(|| fact(sentence, context, stem, key, asked))
}

/// "What must the user do?"
fn modal(
    sentence: &Sentence,
    context: &Context<'_>,
    asked: &str,
    rest: &[Token<'_>],
) -> Option<Fact> {
    let (verb, next) = (rest.first()?, rest.get(1)?);
    let plain_verb = !context.lexicon.is_stop_word(&next.lower)
        && !next.lower.ends_with("ly")
        && !next.lower.ends_with("ed");
    if !plain_verb
        || matches!(next.lower.as_str(), "be" | "have" | "also" | "then" | "still" | "only")
    {
        return None;
    }
    let key = complement(rest.get(1..)?, false, context)?;
    let stem = format!("What {} {asked} do?", verb.lower);
    let enough = key.split_whitespace().count() >= 3;
    enough.then(|| {
        Fact::of(sentence, Pattern::Relation, stem, key, Form::Action).about(asked, context)
    })
}

fn fact(
    sentence: &Sentence,
    context: &Context<'_>,
    stem: String,
    key: String,
    asked: &str,
) -> Fact {
    let form = noun_form(&key, Language::En)
        .unwrap_or_else(|| Form::Bare { plural: head_is_plural(&key) });
    Fact::of(sentence, Pattern::Relation, stem, key, form).about(asked, context)
}
