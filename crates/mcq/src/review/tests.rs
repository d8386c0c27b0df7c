use super::{Reason, review};
use crate::evidence::EvidenceError;
use crate::question::{Choices, Evidence, Language, Letter, Page, Question};

const QUOTE: &str = "Le rein filtre le sang et produit l'urine.";

fn pages() -> Vec<Page> {
    vec![Page { number: 3, text: format!("{QUOTE} Le foie produit la bile de la digestion.") }]
}

fn question(stem: &str, key: &str) -> Question {
    Question {
        question_text: stem.to_owned(),
        choices: Choices::from([
            key.to_owned(),
            "la bile".into(),
            "le suc".into(),
            "la lymphe".into(),
        ]),
        correct_choice: Letter::A,
        evidence: Evidence { page: 3, quote: QUOTE.to_owned() },
        flaws: Vec::new(),
    }
}

fn reason(question: Question) -> Reason {
    let reviewed = review(vec![question], &pages(), Language::Fr);
    assert!(reviewed.kept.is_empty(), "{reviewed:?}");
    reviewed.dropped.into_iter().next().unwrap().1
}

#[test]
fn a_proved_question_is_kept() {
    let reviewed =
        review(vec![question("Que filtre le rein ?", "le sang")], &pages(), Language::Fr);
    assert_eq!(reviewed.kept.len(), 1);
    assert!(reviewed.dropped.is_empty());
}

#[test]
fn choices_that_are_not_four_texts_are_malformed() {
    let mut twice = question("Que filtre le rein ?", "le sang");
    twice.choices.b = "Le  sang.".into();
    assert_eq!(reason(twice), Reason::MalformedChoices);
    let mut empty = question("Que filtre le rein ?", "le sang");
    empty.choices.d = "  ".into();
    assert_eq!(reason(empty), Reason::MalformedChoices);
}

#[test]
fn an_empty_stem_is_refused() {
    assert_eq!(reason(question(" ? ", "le sang")), Reason::NoStem);
}

#[test]
fn an_invented_quote_and_an_unsupported_key_are_refused() {
    let mut invented = question("Que filtre le rein ?", "le sang");
    invented.evidence.quote = "Le rein filtre le sang et fabrique l'urine.".into();
    assert_eq!(reason(invented), Reason::Evidence(EvidenceError::QuoteNotOnPage));
    assert_eq!(
        reason(question("Que filtre le rein ?", "la bile jaune")),
        Reason::Evidence(EvidenceError::KeyNotSupported)
    );
}

#[test]
fn the_second_of_two_questions_that_ask_the_same_is_dropped() {
    let same_stem = question("Que filtrent les reins ?", "l'urine");
    let same_fact = question("Quel liquide passe par le rein ?", "Le sang");
    let other = question("Que produit le rein ?", "l'urine");
    let first = question("Que filtre le rein ?", "le sang");
    let reviewed = review(vec![first, same_stem, same_fact, other], &pages(), Language::Fr);
    assert_eq!(reviewed.kept.len(), 2);
    assert!(
        reviewed.dropped.iter().all(|(_, reason)| *reason == Reason::Duplicate),
        "{reviewed:?}"
    );
}

#[test]
fn one_flaw_is_noted_and_two_are_too_many() {
    let reviewed =
        review(vec![question("Que ne filtre pas le rein ?", "le sang")], &pages(), Language::Fr);
    assert_eq!(reviewed.kept[0].flaws.len(), 1);
    let mut flawed = question("Que ne filtre pas le rein ?", "le sang");
    flawed.choices.d = "Toutes ces réponses".into();
    assert!(matches!(reason(flawed), Reason::TooManyFlaws(flaws) if flaws.len() >= 2));
}

#[test]
fn reasons_say_what_happened() {
    assert_eq!(
        Reason::Evidence(EvidenceError::QuoteNotOnPage).to_string(),
        "evidence: the quote is not on that page"
    );
}
