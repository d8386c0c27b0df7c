//! « X est un … », "X refers to …", « On appelle X … »: what is it, and what is it called?

use super::complement::{complement, finish};
use super::phrase::{self, Token, head_is_plural, noun_form, subject, tokens, without_article};
use super::{Context, Fact, Form, Pattern};
use crate::question::Language;
use crate::sentence::Sentence;

/// A term with its description, as the sentence gives them.
struct Definition {
    term: String,
    description: String,
    plural: bool,
    /// Whether the term stands without its article: « On appelle trésorerie l'ensemble … ».
    bare: bool,
    /// Whether the verb is « désigner ».
    designates: bool,
}

/// Reads the definitions of a sentence.
pub(super) fn read(sentence: &Sentence, context: &Context<'_>, found: &mut Vec<Fact>) {
    let text = phrase::without_label(&sentence.text);
    let all = tokens(text);
    if let Some(definition) = defined(&all, context) {
        ask(sentence, context, &definition, found);
    }
    if let Some((thing, name)) = named(&all, context) {
        let stem = match context.language() {
            Language::Fr => format!("Comment appelle-t-on {thing} ?"),
            Language::En => format!("What is {thing} called?"),
        };
        let form = term_form(&name, false);
        found
            .push(Fact::of(sentence, Pattern::Definition, stem, name, form).about(&thing, context));
    }
}

/// The term a sentence defines, with its article and the form of its bare name: it tempts where another is asked for.
pub(super) fn term(sentence: &Sentence, context: &Context<'_>) -> Option<(Form, String)> {
    let definition = defined(&tokens(phrase::without_label(&sentence.text)), context)?;
    let term = definition.term.split_once(" (").map_or(definition.term.as_str(), |(long, _)| long);
    let name = without_article(term, context.language());
    let short = sentence.askable && name.split_whitespace().count() <= 5;
    short.then(|| (term_form(name, definition.plural), term.to_owned()))
}

fn ask(sentence: &Sentence, context: &Context<'_>, definition: &Definition, found: &mut Vec<Fact>) {
    let Definition { term, description, plural, bare, designates } = definition;
    let (what, which) = match (context.language(), plural) {
        (Language::Fr, false) if *bare => {
            (format!("Qu'appelle-t-on « {term} » ?"), format!("Quel terme désigne {description} ?"))
        }
        (Language::Fr, false) => {
            (format!("Qu'est-ce {} ?", que(term)), format!("Quel terme désigne {description} ?"))
        }
        (Language::Fr, true) => {
            let verb = if *designates { "désignent" } else { "sont" };
            (format!("Que {verb} {term} ?"), format!("Quel terme désigne {description} ?"))
        }
        (Language::En, false) => {
            (format!("What is {term}?"), format!("Which term refers to {description}?"))
        }
        (Language::En, true) => {
            (format!("What are {term}?"), format!("Which term refers to {description}?"))
        }
    };
    let form = Form::Description { plural: *plural };
    let definite = matches!(
        noun_form(description, context.language()),
        Some(Form::Noun { definite: true, .. })
    );
    let fact = Fact::of(sentence, Pattern::Definition, what, description.clone(), form)
        .about(term, context);
    found.push(fact.with_bonus(if definite { -12 } else { 0 }));
    let name = term.split_once(" (").map_or(term.as_str(), |(long, _)| long);
    let name = without_article(name, context.language()).to_owned();
    let described = context.lexicon.content_stems(description);
    let repeats = context.lexicon.content_stems(&name).iter().any(|stem| described.contains(stem));
    // « La ligne 1 est le nom du paquet » names nothing: only an indefinite description defines.
    let defines = matches!(
        noun_form(description, context.language()),
        Some(Form::Noun { definite: false, .. }) | None
    ) || name.chars().next().is_some_and(char::is_uppercase);
    if defines && !repeats && name.split_whitespace().count() <= 4 && described.len() >= 3 {
        let form = term_form(&name, *plural);
        let fact = Fact::of(sentence, Pattern::Definition, which, name, form);
        found.push(fact.about(description, context).with_bonus(2));
    }
}

/// A name's form.
pub(super) fn term_form(name: &str, plural: bool) -> Form {
    Form::Term { plural, capital: name.chars().next().is_some_and(char::is_uppercase) }
}

/// « que » before a word, elided where French elides.
pub(super) fn que(next: &str) -> String {
    if starts_with_vowel(next) { format!("qu'{next}") } else { format!("que {next}") }
}

/// Whether French elides before this word.
pub(super) fn starts_with_vowel(word: &str) -> bool {
    word.chars().next().is_some_and(|c| "aeiouyàâéèêëîïôûœhAEIOUÀÂÉÈÊÎÔÛŒ".contains(c))
        && !word.starts_with(['h', 'y'])
}

/// « X est un Y », « X désigne Y », "X is a Y", "X is defined as Y", « On appelle X un Y ».
fn defined(all: &[Token<'_>], context: &Context<'_>) -> Option<Definition> {
    let language = context.language();
    if language == Language::Fr
        && let Some(definition) = on_appelle(all, context)
    {
        return Some(definition);
    }
    let (at, length, plural) = (1..all.len().min(10)).find_map(|at| {
        let (length, plural) = copula(all.get(at..)?, language)?;
        Some((at, length, plural))
    })?;
    let term = term_of(all.get(..at)?, context)?;
    let designates = all.get(at).is_some_and(|verb| verb.lower.starts_with("désign"));
    let rest = all.get(at + length..)?;
    let first = rest.first()?;
    let opens = match language {
        Language::Fr => noun_form(first.text, language).is_some(),
        Language::En => {
            noun_form(first.text, language).is_some()
                || plural && phrase::head_is_plural(&phrase::join(rest.get(..3.min(rest.len()))?))
        }
    };
    let possessive = matches!(
        first.lower.as_str(),
        "son" | "sa" | "ses" | "leur" | "leurs" | "its" | "their" | "chaque"
    );
    if !opens || possessive || superlative(rest) {
        return None;
    }
    let description = complement(rest, true, context)?;
    let long_enough = description.split_whitespace().count() >= 4;
    long_enough.then_some(Definition { term, description, plural, bare: false, designates })
}

/// The term before the verb, with the abbreviation that follows it: « la taxe sur la valeur ajoutée
/// (TVA) ».
fn term_of(tokens: &[Token<'_>], context: &Context<'_>) -> Option<String> {
    let (last, before) = tokens.split_last()?;
    let short = last.text.strip_prefix('(').and_then(|text| text.strip_suffix(')'));
    let is_abbreviation = short.is_some_and(|text| {
        (2..=8).contains(&text.chars().count()) && text.chars().all(char::is_uppercase)
    });
    if !is_abbreviation {
        return subject(tokens, context);
    }
    // An abbreviated term may hold an « en » of its own: « besoin en fonds de roulement ».
    let long = match before.iter().position(|token| token.lower == "en") {
        Some(at) if at > 0 => {
            subject(before.get(..at)?, context)?;
            context.uncapitalise(&phrase::join(before))
        }
        _ => subject(before, context)?,
    };
    Some(format!("{long} {}", last.text))
}

/// The words that say "is", their number, and whether they are plural.
fn copula(tokens: &[Token<'_>], language: Language) -> Option<(usize, bool)> {
    let word = |at: usize| tokens.get(at).map_or("", |token| token.lower.as_str());
    match (language, word(0)) {
        (Language::Fr, "est") if word(1).starts_with("défini") && word(2) == "comme" => {
            Some((3, false))
        }
        (Language::Fr, "sont") if word(1).starts_with("défini") && word(2) == "comme" => {
            Some((3, true))
        }
        (Language::Fr, "est" | "désigne") => Some((1, false)),
        (Language::Fr, "sont" | "désignent") => Some((1, true)),
        (Language::En, "is") if word(1) == "defined" && word(2) == "as" => Some((3, false)),
        (Language::En, "are") if word(1) == "defined" && word(2) == "as" => Some((3, true)),
        (Language::En, "refers") if word(1) == "to" => Some((2, false)),
        (Language::En, "refer") if word(1) == "to" => Some((2, true)),
        (Language::En, "is" | "denotes") => Some((1, false)),
        (Language::En, "are" | "denote") => Some((1, true)),
        _ => None,
    }
}

/// « le premier », "the same": no definition.
fn superlative(rest: &[Token<'_>]) -> bool {
    const WORDS: [&str; 26] = [
        "premier",
        "première",
        "premiers",
        "même",
        "seul",
        "seule",
        "plus",
        "moins",
        "mieux",
        "suivant",
        "suivante",
        "suivants",
        "dernier",
        "dernière",
        "first",
        "same",
        "only",
        "most",
        "least",
        "best",
        "last",
        "case",
        "good",
        "lot",
        "cas",
        "few",
    ];
    rest.iter().take(3).any(|token| {
        let bare = token.lower.rsplit('\'').next().unwrap_or("");
        WORDS.contains(&bare)
    })
}

/// « On appelle X tout Y ».
fn on_appelle(all: &[Token<'_>], context: &Context<'_>) -> Option<Definition> {
    let word = |at: usize| all.get(at).map_or("", |token| token.lower.as_str());
    if word(0) != "on" || !matches!(word(1), "appelle" | "nomme") {
        return None;
    }
    let at = (3..all.len().min(8)).find(|at| {
        all.get(*at).is_some_and(|token| {
            matches!(token.lower.as_str(), "tout" | "toute")
                || noun_form(token.text, Language::Fr).is_some()
        })
    })?;
    let term = finish(&phrase::join(all.get(2..at)?), context)?;
    let description = complement(all.get(at..)?, true, context)?;
    let enough =
        description.split_whitespace().count() >= 3 && term.split_whitespace().count() <= 4;
    enough.then_some(Definition { term, description, plural: false, bare: true, designates: false })
}

/// « X est appelé Y », "X is called Y".
fn named(all: &[Token<'_>], context: &Context<'_>) -> Option<(String, String)> {
    let at = (1..all.len().min(10)).find(|at| {
        let word = |offset: usize| all.get(at + offset).map_or("", |token| token.lower.as_str());
        match context.language() {
            Language::Fr => {
                word(0) == "est" && (word(1).starts_with("appelé") || word(1).starts_with("nommé"))
            }
            Language::En => word(0) == "is" && (word(1) == "called" || word(1) == "named"),
        }
    })?;
    let thing = subject(all.get(..at)?, context)?;
    let name = complement(all.get(at + 2..)?, false, context)?;
    let name = without_article(&name, context.language()).to_owned();
    let plain = name.split_whitespace().count() <= 4 && !head_is_plural(&name);
    plain.then_some((thing, name))
}
