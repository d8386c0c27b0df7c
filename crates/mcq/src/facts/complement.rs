//! Complements and noun phrases: where an answer ends, and whether it can stand as an option.

use super::phrase::{Token, content_words, is_anaphoric, join, noun_form, tokens, without_label};
use super::{Context, Form, figure, relation_en, relation_fr};
use crate::lexicon::{en, fr, words};
use crate::question::Language;
use crate::sentence::Sentence;

/// The most words an option may have.
pub(super) const LONGEST_OPTION: usize = 16;

/// Reads a complement up to the first clause boundary; `relative` lets it run through relative clauses, as
/// definitions need. Returns nothing if it is empty, too long, or points elsewhere.
pub(super) fn complement(
    tokens: &[Token<'_>],
    relative: bool,
    context: &Context<'_>,
) -> Option<String> {
    let (boundary, relatives) = match context.language() {
        Language::Fr => (fr::BOUNDARIES, fr::RELATIVES),
        Language::En => (en::BOUNDARIES, en::RELATIVES),
    };
    let most = if relative { LONGEST_OPTION + 8 } else { LONGEST_OPTION };
    let mut kept: Vec<&str> = Vec::new();
    let mut cut = false;
    for (at, token) in tokens.iter().enumerate() {
        let bare = token.lower.split('\'').next().unwrap_or("");
        // A charge « qui reste la même quand le volume change » is not one « qui reste la même ».
        let belongs = relative
            && matches!(bare, "quand" | "lorsque" | "lorsqu" | "si" | "pendant" | "when" | "if");
        if at > 0
            && (boundary.contains(&bare) && !belongs
                || token.text.starts_with(['(', '–', '—', '[', '-']) && at > 1)
        {
            cut = true;
            break;
        }
        if at > 2 && !relative && relatives.contains(&bare) {
            // "en" opens a clause only before a participle: "en mesurant".
            let next = tokens.get(at + 1).map_or("", |next| next.lower.as_str());
            if bare != "en" || next.ends_with("ant") {
                cut = true;
                break;
            }
        }
        kept.push(token.text);
        if kept.len() > most {
            return None;
        }
        if token.text.ends_with([';', ':', '.', '!']) {
            cut = at + 1 < tokens.len();
            break;
        }
        let next = tokens.get(at + 1).map_or("", |next| next.lower.as_str());
        // A definition runs on through its commas, unless a new statement follows.
        let joined = matches!(next, "et" | "and" | "ou" | "or");
        let new_statement = next == "pas"
            || next == "not"
            || boundary.contains(&next)
            || joined
                && tokens.get(at + 2).is_some_and(|verb| is_verb(&verb.lower, context.language()))
            || tokens.get(at + 1).is_some_and(|next| next.text.starts_with(char::is_uppercase));
        if token.text.ends_with(',') && (!relative || new_statement) {
            // "optimization, integration and differentiation": half a list is half an answer.
            let goes_on = !relative
                && !context.lexicon.is_stop_word(next)
                && !next.is_empty()
                && !["ing", "ant", "ed", "ly", "ment"].iter().any(|ending| next.ends_with(ending));
            if goes_on {
                return None;
            }
            cut = true;
            break;
        }
        // "the capabilities and discusses": a second verb begins another fact.
        if !relative
            && is_verb(next, context.language())
            && matches!(bare, "and" | "or" | "et" | "ou")
        {
            kept.pop();
            cut = true;
            break;
        }
    }
    let ending = |word: &str| word.trim_end_matches(|c: char| !c.is_alphanumeric()).to_lowercase();
    while cut
        && kept.last().is_some_and(|word| {
            let bare = ending(word);
            let hollow = matches!(bare.as_str(), "moment" | "cas" | "fois" | "way" | "moins");
            bare.is_empty()
                || hollow
                || context.lexicon.is_stop_word(&bare) && !bare.ends_with("même") && bare != "tout"
        })
    {
        kept.pop();
    }
    // Cut before what the last word needs: "un outil pour mettre", "an article formatted".
    let last = kept.last().map(|word| ending(word)).unwrap_or_default();
    let hangs = match context.language() {
        Language::Fr => relation_fr::is_infinitive(&last),
        Language::En => last.ends_with("ed") || last.ends_with("ing"),
    };
    if cut && hangs && kept.len() > 1 {
        return None;
    }
    finish(&kept.join(" "), context)
}

fn is_verb(lower: &str, language: Language) -> bool {
    match language {
        Language::Fr => relation_fr::is_verb(lower),
        Language::En => relation_en::is_verb(lower),
    }
}

/// Whether a phrase that should name a thing holds a finite verb: the cut went wrong.
pub(super) fn is_clause(text: &str, language: Language) -> bool {
    let verbs: &[&str] = match language {
        Language::Fr => &[
            "est", "sont", "peut", "peuvent", "doit", "doivent", "sera", "seront", "ont", "était",
            "soit",
        ],
        Language::En => &[
            "is", "are", "was", "were", "will", "can", "must", "should", "has", "have", "does",
            "may",
        ],
    };
    words(text).skip(1).any(|word| verbs.contains(&word))
}

/// Strips closing punctuation, checks that the phrase is whole and stands alone.
pub(super) fn finish(text: &str, context: &Context<'_>) -> Option<String> {
    let text = text.trim_end_matches(['.', ',', ';', ':', '!', ' ', '\u{a0}']).trim();
    let balanced = text.matches('(').count() == text.matches(')').count()
        && text.matches('«').count() == text.matches('»').count()
        && text.matches('"').count().is_multiple_of(2)
        && text.matches('“').count() == text.matches('”').count();
    let has_content = !content_words(text, context).is_empty();
    let last = text.rsplit(' ').next().unwrap_or("").to_lowercase();
    let hangs = matches!(
        last.as_str(),
        "et" | "ou"
            | "de"
            | "du"
            | "des"
            | "le"
            | "la"
            | "les"
            | "un"
            | "une"
            | "à"
            | "au"
            | "aux"
            | "and"
            | "or"
            | "of"
            | "the"
            | "a"
            | "an"
            | "que"
            | "qui"
    );
    let odd = hangs
        || text.contains("..")
        || text.contains("(voir")
        || text.contains("(see")
        || text.ends_with(['-', '–', '/', '&', '\'', '’'])
        || text.starts_with([':', ')', '-', '–', '/'])
        || !text
            .chars()
            .all(|c| c.is_alphanumeric() || " \u{a0}\u{202f}'’-–/.,()%€$«»“”\"°+#:&!".contains(c))
        || text.chars().any(|c| ('\u{e000}'..='\u{f8ff}').contains(&c))
        || words(text).any(is_noted);
    (balanced && has_content && !odd && !is_anaphoric(text, context.language()))
        .then(|| text.to_owned())
}

/// A word with the number of a footnote stuck to it: "constante4".
fn is_noted(word: &str) -> bool {
    let letters = word.trim_end_matches(|c: char| c.is_ascii_digit());
    letters.len() != word.len()
        && letters.chars().count() >= 5
        && letters.chars().all(char::is_lowercase)
}

/// The noun phrase a sentence ends with, and the position of its first token.
pub(super) fn final_noun(tokens: &[Token<'_>], context: &Context<'_>) -> Option<(usize, String)> {
    // The last article within reach whose phrase runs on to the end of the sentence.
    const REACH: usize = 7;
    let last = tokens.len().checked_sub(1)?;
    let mut found = None;
    for at in (tokens.len().saturating_sub(REACH)..=last).rev() {
        let token = tokens.get(at)?;
        if at < last && token.text.ends_with([',', ';', ':', ')', '.']) {
            break;
        }
        let bare = token.lower.split('\'').next().unwrap_or("");
        if noun_form(token.text, context.language()).is_some() {
            found = Some(at);
            // "la qualité de la mesure": go on through "de" to the head noun.
            let before = at.checked_sub(1).and_then(|before| tokens.get(before));
            if before.is_some_and(|token| matches!(token.lower.as_str(), "de" | "d" | "of")) {
                continue;
            }
            // "la qualité des mesures": « des » after one noun with its article is « de les ».
            let head = at.checked_sub(2).and_then(|head| tokens.get(head));
            let contracted = token.lower == "des"
                && before.is_some_and(|noun| {
                    !context.lexicon.is_stop_word(&noun.lower)
                        && noun.text.ends_with(char::is_alphanumeric)
                })
                && head
                    .is_some_and(|article| noun_form(article.text, context.language()).is_some());
            if contracted {
                found = at.checked_sub(2);
            }
            break;
        }
        let linking = matches!(bare, "de" | "d" | "du" | "of" | "et" | "and");
        if context.lexicon.is_stop_word(bare) && !linking && !token.lower.contains('\'') {
            break;
        }
    }
    let at = found?;
    // « les fermer »: a pronoun before a verb, not an article.
    let second = tokens.get(at + 1).map_or("", |token| token.lower.as_str());
    if context.language() == Language::Fr && relation_fr::is_infinitive(second) {
        return None;
    }
    let text = finish(&join(tokens.get(at..)?), context)?;
    (text.split_whitespace().count() >= 2 || text.contains(['\'', '’'])).then_some((at, text))
}

/// Whether a phrase that only looks like a name is likely one: « l'installe », « son dû » and
/// « le fichier correctement » are not.
fn is_plausible_name(text: &str) -> bool {
    const ADVERBS: [&str; 9] = [
        "ellement", "alement", "ivement", "iquement", "amment", "emment", "ctement", "usement",
        "èrement",
    ];
    let possessive = ["son ", "sa ", "ses ", "leur ", "leurs ", "its ", "their "]
        .iter()
        .any(|word| text.starts_with(word));
    !possessive
        && text.contains(' ')
        && !ADVERBS.iter().any(|ending| text.ends_with(ending))
        && !text.ends_with("ly")
}

/// Phrases that are no fact's key but make plausible distractors.
pub(super) fn spare_phrases(sentence: &Sentence, context: &Context<'_>) -> Vec<(Form, String)> {
    let mut out = Vec::new();
    let text = without_label(&sentence.text);
    let text = text.trim_end_matches(['?', ' ', '\u{a0}']);
    let all = tokens(text);
    if let Some((_, noun)) = final_noun(&all, context)
        && is_plausible_name(&noun)
        && let Some(form) = noun_form(&noun, context.language())
    {
        out.push((form, noun));
    }
    // A whole clause: the sentence, or what stands before its first mark.
    let head = [" ;", " :", " (", "; ", ": "].iter().filter_map(|mark| text.find(mark)).min();
    let clause = head.and_then(|at| text.get(..at)).unwrap_or(text);
    let least = if head.is_some() { 6 } else { 4 };
    let count = clause.split_whitespace().count();
    if sentence.askable
        && (least..=LONGEST_OPTION).contains(&count)
        && text.ends_with(['.', ')'])
        && !clause.contains(',')
        && noun_form(clause, context.language()).is_some()
    {
        out.extend(
            finish(&context.uncapitalise(clause), context).map(|clause| (Form::Clause, clause)),
        );
    }
    out.extend(figure::all(&all));
    out
}
