//! Formulas on lines of their own: « Trésorerie nette = fonds de roulement − BFR ».

use super::{Context, Fact, Form, Pattern, Pool};
use crate::question::Language;

/// More formulas than these are a textbook of mathematics, not of words.
const MOST: usize = 40;

/// Reads the formulas of the document.
pub(super) fn read(context: &Context<'_>, facts: &mut Vec<Fact>, pool: &mut Pool) {
    let lines = context
        .layout
        .blocks
        .iter()
        .enumerate()
        .filter_map(|(index, block)| Some((index, block, formula(&block.text)?)));
    let mut text: Option<String> = None;
    for (index, block, (name, expression)) in lines.take(MOST) {
        let text = text.get_or_insert_with(|| lowercase_text(context));
        let name = context.uncapitalise(name);
        let stem = match (context.language(), article(&name, text)) {
            (Language::Fr, Some("les ")) => format!("Comment se calculent les {name} ?"),
            (Language::Fr, Some(article)) => format!("Comment se calcule {article}{name} ?"),
            (Language::Fr, None) => format!("Quelle formule donne « {name} » ?"),
            (Language::En, _) => format!("Which formula gives “{name}”?"),
        };
        let fact = Fact {
            pattern: Pattern::Formula,
            stem,
            key: expression.to_owned(),
            form: Form::Formula,
            subject: context.lexicon.content_stems(&name),
            page: block.page,
            quote: block.text.clone(),
            block: index,
            siblings: Vec::new(),
            members: Vec::new(),
            bonus: 0,
        };
        pool.add_key(&fact, context.lexicon);
        facts.push(fact);
    }
}

/// The two sides of a formula in words.
fn formula(text: &str) -> Option<(&str, &str)> {
    let (name, expression) = text.trim_end_matches('.').split_once(" = ")?;
    let in_words = |side: &str, least: usize| {
        let letters = side.chars().filter(|c| c.is_alphabetic()).count();
        let visible = side.chars().filter(|c| !c.is_whitespace()).count();
        letters >= least && letters * 100 >= visible * 75
    };
    let is_operator = |word: &str| matches!(word, "+" | "-" | "−" | "–" | "×" | "÷" | "/" | "*");
    let operators = expression.split(' ').filter(|word| is_operator(word)).count();
    let ends = [expression.split(' ').next(), expression.split(' ').next_back()];
    let fits = name.split(' ').count() <= 6
        && expression.split(' ').count() <= 16
        && (1..=4).contains(&operators)
        && !ends.into_iter().flatten().any(is_operator)
        && !expression.contains(['=', '(', '{', '[', '_', '"'])
        && !name.contains([':', '(', ',', '_', '"'])
        && name.chars().next().is_some_and(char::is_uppercase)
        && in_words(name, 3)
        && in_words(expression, 10);
    fits.then_some((name, expression))
}

fn lowercase_text(context: &Context<'_>) -> String {
    let mut out = String::new();
    for block in &context.layout.blocks {
        out.push(' ');
        out.push_str(&block.text.to_lowercase().replace('\u{2019}', "'"));
    }
    out
}

/// The article the document itself gives the name.
fn article(name: &str, lowercase_text: &str) -> Option<&'static str> {
    let name = name.to_lowercase().replace('\u{2019}', "'");
    [
        (" la ", "la "),
        (" le ", "le "),
        (" les ", "les "),
        (" l'", "l’"),
        (" du ", "le "),
        (" des ", "les "),
    ]
    .into_iter()
    .find(|(before, _)| lowercase_text.contains(&format!("{before}{name}")))
    .map(|(_, article)| article)
}
