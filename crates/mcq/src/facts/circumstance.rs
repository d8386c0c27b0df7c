//! Why, when and how: « parce que », "because", « Si …, … », "To …, run …".

use super::complement::{LONGEST_OPTION, finish};
use super::definition::que;
use super::phrase::{Token, is_anaphoric, join, noun_form, tokens, without_label};
use super::relation_fr::is_infinitive;
use super::{Context, Fact, Form, Pattern};
use crate::lexicon::fr::ANNOUNCING;
use crate::lexicon::words;
use crate::question::Language;
use crate::sentence::Sentence;

/// Reads the causes, conditions and purposes of a sentence.
pub(super) fn read(sentence: &Sentence, context: &Context<'_>, found: &mut Vec<Fact>) {
    let text = without_label(&sentence.text);
    let all = tokens(text);
    found.extend(cause(sentence, context, text));
    found.extend(requirement(sentence, context, text));
    if let Some(comma) = all.iter().position(|token| token.text.ends_with(',')) {
        let (opening, rest) =
            (all.get(..=comma).unwrap_or(&[]), all.get(comma + 1..).unwrap_or(&[]));
        found.extend(condition(sentence, context, opening, rest));
        found.extend(purpose(sentence, context, opening, rest));
    }
}

/// « A parce que B »: how is A explained?
fn cause(sentence: &Sentence, context: &Context<'_>, text: &str) -> Option<Fact> {
    let marks: &[&str] = match context.language() {
        Language::Fr => {
            &[" parce que ", " parce qu'", " parce qu’", ", car ", " car ", " puisque "]
        }
        Language::En => &[", because ", " because "],
    };
    let (effect, reason) = marks.iter().find_map(|mark| text.split_once(mark))?;
    let effect = clause(effect, context)?;
    let reason = finish(reason, context).filter(|reason| is_option_sized(reason))?;
    let reason = context.uncapitalise(&reason);
    if context.language() == Language::Fr && dangles(&reason) {
        return None;
    }
    let stem = match context.language() {
        Language::Fr => format!("Comment s'explique le fait {} ?", que(&effect)),
        Language::En => format!("Why is it that {effect}?"),
    };
    Some(
        Fact::of(sentence, Pattern::Circumstance, stem, reason, Form::Cause)
            .about(&effect, context),
    )
}

/// « car c'est lui », « peut en demander »: nobody knows what, outside the passage.
fn dangles(reason: &str) -> bool {
    let mut spaced = words(reason).peekable();
    while let Some(word) = spaced.next() {
        let before_verb = matches!(word, "en" | "l" | "la" | "le" | "les")
            && spaced.peek().is_some_and(|next| is_infinitive(next));
        if word == "c" || before_verb {
            return true;
        }
    }
    false
}

/// « A si B »: on what condition?
fn requirement(sentence: &Sentence, context: &Context<'_>, text: &str) -> Option<Fact> {
    let marks: &[&str] = match context.language() {
        Language::Fr => &[" si ", " lorsque ", " seulement si ", " uniquement si "],
        Language::En => &[" only if ", " if "],
    };
    let (claim, condition) = marks.iter().find_map(|mark| text.split_once(mark))?;
    let claim = clause(claim, context).filter(|claim| {
        let last = claim.rsplit(' ').next().unwrap_or("");
        let first = claim.split(' ').next().unwrap_or("").to_lowercase();
        !claim.contains(',')
            && !is_infinitive(&first)
            && !matches!(last, "est" | "sont" | "is" | "are")
    })?;
    // « est dit stationnaire » says what is called so.
    let claim = claim.replace(" est dite ", " est ").replace(" est dit ", " est ");
    let condition = finish(condition, context)
        .filter(|condition| is_option_sized(condition) && !condition.contains(','))?;
    let stands_alone = noun_form(&condition, context.language()).is_some()
        || ["aucun ", "aucune ", "tous ", "toutes ", "no ", "all "]
            .iter()
            .any(|word| condition.starts_with(word));
    if !stands_alone {
        return None;
    }
    let stem = match context.language() {
        Language::Fr => format!("À quelle condition peut-on dire {} ?", que(&claim)),
        Language::En => format!("Under what condition is it true that {claim}?"),
    };
    let fact = Fact::of(sentence, Pattern::Circumstance, stem, condition, Form::Condition)
        .about(&claim, context);
    Some(fact.with_bonus(-4))
}

/// « Si A, B »: what happens if A?
fn condition(
    sentence: &Sentence,
    context: &Context<'_>,
    opening: &[Token<'_>],
    rest: &[Token<'_>],
) -> Option<Fact> {
    let first = opening.first()?;
    let word = first.lower.as_str();
    let condition = finish(&join(opening), context)?;
    let condition = context.uncapitalise(&condition);
    let ask = match (context.language(), word) {
        (Language::Fr, "si" | "quand" | "lorsque") => format!("Que se passe-t-il {condition} ?"),
        (Language::En, "if" | "when") => format!("What happens {condition}?"),
        _ => return None,
    };
    let outcome =
        rest.strip_prefix_word(if context.language() == Language::En { "then" } else { "alors" });
    let outcome = clause(&join(outcome), context).filter(|outcome| is_option_sized(outcome))?;
    // « Si les clients payaient, les créances descendraient »: the question follows the mood.
    let supposed = words(&outcome).any(|word| word.ends_with("rait") || word.ends_with("raient"));
    let ask = if supposed { ask.replace("Que se passe-t-il", "Que se passerait-il") } else { ask };
    let enough = condition.split_whitespace().count() >= 4;
    enough.then(|| {
        Fact::of(sentence, Pattern::Circumstance, ask, outcome, Form::Outcome { supposed })
            .about(&condition, context)
    })
}

/// "To create a package, run dh_make": how?
fn purpose(
    sentence: &Sentence,
    context: &Context<'_>,
    opening: &[Token<'_>],
    rest: &[Token<'_>],
) -> Option<Fact> {
    let (first, second) = (opening.first()?, opening.get(1)?);
    let aim = finish(&join(opening.get(1..)?), context)?;
    let ask = match (context.language(), first.lower.as_str()) {
        (Language::Fr, "pour") if is_infinitive(&second.lower) => {
            format!("Comment faire pour {aim} ?")
        }
        (Language::En, "to") => format!("How do you {aim}?"),
        _ => return None,
    };
    let instruction = rest.first()?;
    let is_instruction = match context.language() {
        Language::Fr => instruction.lower.ends_with("ez"),
        Language::En => {
            !context.lexicon.is_stop_word(&instruction.lower)
                && instruction.lower == instruction.text
                && !instruction.lower.ends_with("ly")
        }
    };
    let key =
        finish(&join(rest), context).filter(|key| is_option_sized(key) && !key.contains(','))?;
    let enough = is_instruction && aim.split_whitespace().count() >= 2;
    enough.then(|| {
        Fact::of(sentence, Pattern::Circumstance, ask, key, Form::Instruction).about(&aim, context)
    })
}

/// A clause that can stand alone: it opens with an article or a name.
fn clause(text: &str, context: &Context<'_>) -> Option<String> {
    let text = finish(text, context)?;
    let first = text.split_whitespace().next()?;
    let opens = noun_form(&text, context.language()).is_some()
        || first.chars().next().is_some_and(char::is_uppercase)
            && !context.lexicon.is_stop_word(&first.to_lowercase());
    let count = text.split_whitespace().count();
    let whole = opens
        && (3..=26).contains(&count)
        && !is_anaphoric(&text, context.language())
        && !text.contains([':', ';']);
    let announces =
        context.language() == Language::Fr && ANNOUNCING.contains(&first.to_lowercase().as_str());
    // « Grandir trop vite peut … »: an infinitive is no name.
    let text = if context.language() == Language::Fr && is_infinitive(&first.to_lowercase()) {
        text.chars().next()?.to_lowercase().chain(text.chars().skip(1)).collect()
    } else {
        context.uncapitalise(&text)
    };
    (whole && !announces).then_some(text)
}

fn is_option_sized(text: &str) -> bool {
    (3..=LONGEST_OPTION + 2).contains(&text.split_whitespace().count())
}

/// Taking a first word off a run of tokens.
trait StripPrefixWord {
    /// The tokens without their first, if that is the word.
    fn strip_prefix_word(&self, word: &str) -> &Self;
}

impl StripPrefixWord for [Token<'_>] {
    fn strip_prefix_word(&self, word: &str) -> &Self {
        match self.split_first() {
            Some((first, rest)) if first.lower == word => rest,
            _ => self,
        }
    }
}
