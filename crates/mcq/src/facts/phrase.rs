//! Words, articles and subjects: the front half of a sentence, read without a grammar.

use super::{Context, Form};
use crate::lexicon::{en, fr, words};
use crate::question::Language;

/// A word of a sentence with its punctuation, and its bare lowercase form.
pub(super) struct Token<'a> {
    pub(super) text: &'a str,
    pub(super) lower: String,
}

/// The words of a sentence, between spaces.
pub(super) fn tokens(text: &str) -> Vec<Token<'_>> {
    text.split_whitespace()
        .map(|text| Token {
            text,
            lower: text
                .trim_matches(|c: char| !c.is_alphanumeric())
                .to_lowercase()
                .replace('\u{2019}', "'"),
        })
        .collect()
}

/// Tokens back to text.
pub(super) fn join(tokens: &[Token<'_>]) -> String {
    tokens.iter().map(|token| token.text).collect::<Vec<_>>().join(" ")
}

/// The sentence without a label such as « Définition : » or "Note:".
pub(super) fn without_label(text: &str) -> &str {
    let Some((label, rest)) = text.split_once(':') else { return text };
    let is_label = label.split_whitespace().count() <= 2
        && label.chars().all(|c| c.is_alphabetic() || c == ' ' || c == '\u{a0}');
    let rest = rest.trim_start();
    if is_label && !rest.is_empty() { rest } else { text }
}

/// Words that point outside the sentence: a question that holds one cannot be answered alone.
pub(super) fn is_anaphoric(text: &str, language: Language) -> bool {
    words(text).any(|word| {
        let lower = word.to_lowercase();
        match language {
            Language::Fr => fr::ANAPHORA.contains(&lower.as_str()),
            Language::En => en::ANAPHORA.contains(&lower.as_str()),
        }
    })
}

/// The article or possessive a French or English phrase opens with, as its form.
pub(super) fn noun_form(text: &str, language: Language) -> Option<Form> {
    let first = text.split_whitespace().next()?.to_lowercase().replace('\u{2019}', "'");
    let noun = |definite, plural| Some(Form::Noun { definite, plural });
    match language {
        Language::Fr => match first.as_str() {
            "le" | "la" => noun(true, false),
            "les" => noun(true, true),
            "un" | "une" => noun(false, false),
            "des" | "plusieurs" | "certains" | "certaines" | "quelques" | "deux" | "trois"
            | "quatre" => noun(false, true),
            "de" if text
                .split_whitespace()
                .nth(1)
                .is_some_and(|word| word.ends_with(['s', 'x'])) =>
            {
                noun(false, true)
            }
            _ if first.starts_with("l'") => noun(true, false),
            "son" | "sa" => noun(true, false),
            "ses" | "leurs" => noun(true, true),
            "leur" | "chaque" => noun(true, false),
            _ => None,
        },
        Language::En => match first.as_str() {
            "the" | "its" | "their" => {
                let head = head_is_plural(text);
                noun(true, head)
            }
            "a" | "an" => noun(false, false),
            _ => None,
        },
    }
}

/// Whether an English phrase's head, the word before the first preposition, ends like a plural.
pub(super) fn head_is_plural(text: &str) -> bool {
    let mut head = "";
    for word in words(text) {
        if matches!(
            word,
            "of" | "for" | "in" | "on" | "to" | "with" | "from" | "by" | "that" | "which" | "and"
        ) {
            break;
        }
        head = word;
    }
    head.ends_with('s') && !head.ends_with("ss") && !head.ends_with("us") && !head.ends_with("is")
}

/// The article of a French or English noun phrase taken off, and the rest.
pub(super) fn without_article(text: &str, language: Language) -> &str {
    let articles: &[&str] = match language {
        Language::Fr => &["le ", "la ", "les ", "un ", "une ", "des ", "l'", "l’"],
        Language::En => &["the ", "a ", "an "],
    };
    let lower = text.to_lowercase();
    articles
        .iter()
        .find(|article| lower.starts_with(*article))
        .and_then(|article| text.get(article.len()..))
        .map_or(text, str::trim_start)
}

/// Whether the tokens can be the subject of a question: a short noun phrase that stands alone.
pub(super) fn subject(tokens: &[Token<'_>], context: &Context<'_>) -> Option<String> {
    let language = context.language();
    let generic_nouns = match language {
        Language::Fr => fr::GENERIC,
        Language::En => en::GENERIC,
    };
    if tokens.is_empty() || tokens.len() > 9 {
        return None;
    }
    let text = join(tokens);
    if text.contains([',', ';', ':', '(', ')', '«', '"', '“', '?', '!', '/', '='])
        || is_anaphoric(&text, language)
    {
        return None;
    }
    let banned = match language {
        Language::Fr => fr::NOT_IN_SUBJECT,
        Language::En => en::NOT_IN_SUBJECT,
    };
    if tokens
        .iter()
        .any(|token| banned.contains(&token.lower.as_str()) || starts_elided(&token.lower))
    {
        return None;
    }
    let stems = content_words(&text, context);
    let opens_well = match noun_form(&text, language) {
        Some(_) => {
            !text.to_lowercase().starts_with("its ") && !text.to_lowercase().starts_with("their ")
        }
        None => tokens.first().is_some_and(|token| {
            token.text.chars().next().is_some_and(char::is_uppercase)
                && !context.lexicon.is_stop_word(&token.lower)
        }),
    };
    let generic =
        stems.len() == 1 && stems.iter().all(|word| generic_nouns.contains(&word.as_str()));
    let first_generic = stems.first().is_some_and(|word| {
        matches!(
            word.as_str(),
            "premier" | "première" | "second" | "seconde" | "first" | "third" | "same"
        )
    });
    let possessive = tokens.first().is_some_and(|token| {
        matches!(token.lower.as_str(), "son" | "sa" | "ses" | "leur" | "leurs")
    });
    // « Deux décisions » announces a list.
    let announces = tokens.first().is_some_and(|token| {
        fr::ANNOUNCING.contains(&token.lower.as_str()) && language == Language::Fr
    });
    // "En TeXworks les" : the phrase must end on its noun.
    let ends_well = tokens.last().is_some_and(|token| {
        !context.lexicon.is_stop_word(&token.lower)
            && token.lower.chars().any(char::is_alphanumeric)
    });
    (opens_well
        && ends_well
        && !generic
        && !first_generic
        && !possessive
        && !announces
        && !stems.is_empty())
    .then(|| context.uncapitalise(&text))
}

fn starts_elided(lower: &str) -> bool {
    ["qu'", "n'", "c'", "s'", "j'", "m'", "t'", "lorsqu'", "puisqu'"]
        .iter()
        .any(|elided| lower.starts_with(elided))
}

/// The content words of a phrase, in lowercase.
pub(super) fn content_words(text: &str, context: &Context<'_>) -> Vec<String> {
    words(text)
        .map(str::to_lowercase)
        .filter(|lower| lower.chars().count() > 1 && !context.lexicon.is_stop_word(lower))
        .collect()
}
