//! Two short documents of our own, and the corpus of real ones where it is at hand.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

use std::fmt::Write as _;
use std::path::Path;

use mcq::{
    Language, Letter, Options, Page, Question, detect_language, find_flaws, generate,
    verify_evidence,
};

fn pages_of(text: &str) -> Vec<Page> {
    text.split('\u{c}')
        .zip(1..)
        .map(|(text, number)| Page { number, text: text.to_owned() })
        .collect()
}

fn fixture(name: &str) -> Vec<Page> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(name);
    pages_of(&std::fs::read_to_string(path).unwrap())
}

fn options(count: usize, language: Language, seed: u64) -> Options {
    Options { count, language, seed, avoid: Vec::new() }
}

fn print(questions: &[Question]) -> String {
    let mut out = String::new();
    for question in questions {
        writeln!(out, "{}", question.question_text).unwrap();
        for (letter, text) in question.choices.iter() {
            let mark = if letter == question.correct_choice { '*' } else { ' ' };
            writeln!(out, " {mark}{letter:?} {text}").unwrap();
        }
        writeln!(out, "  p. {} {}", question.evidence.page, question.evidence.quote).unwrap();
    }
    out
}

/// Compares with the committed text; `UPDATE_SNAPSHOTS=1` writes it anew.
#[track_caller]
fn assert_snapshot(name: &str, actual: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(name);
    if std::env::var_os("UPDATE_SNAPSHOTS").is_some() {
        std::fs::write(&path, actual).unwrap();
    }
    assert_eq!(std::fs::read_to_string(&path).unwrap_or_default(), actual, "{name} changed");
}

#[track_caller]
fn assert_sound(questions: &[Question], pages: &[Page], language: Language) {
    for question in questions {
        assert_eq!(verify_evidence(question, pages), Ok(()), "{question:#?}");
        assert!(find_flaws(question, language).len() < 2, "{question:#?}");
    }
}

#[test]
fn the_french_course_gives_these_questions() {
    let pages = fixture("sang.txt");
    assert_eq!(detect_language(&pages), Language::Fr);
    let generated = generate(&pages, &options(10, Language::Fr, 1));
    assert_eq!(generated.warnings, []);
    assert_sound(&generated.questions, &pages, Language::Fr);
    assert_snapshot("sang.questions.txt", &print(&generated.questions));
}

#[test]
fn the_english_course_gives_these_questions() {
    let pages = fixture("water.txt");
    assert_eq!(detect_language(&pages), Language::En);
    let generated = generate(&pages, &options(10, Language::En, 1));
    assert_eq!(generated.warnings, []);
    assert_sound(&generated.questions, &pages, Language::En);
    assert_snapshot("water.questions.txt", &print(&generated.questions));
}

#[test]
fn headers_references_and_code_are_never_asked() {
    for (name, language) in [("sang.txt", Language::Fr), ("water.txt", Language::En)] {
        let pages = fixture(name);
        for seed in 0..20 {
            for question in generate(&pages, &options(20, language, seed)).questions {
                let all = format!("{question:?}");
                for noise in ["Formation aux premiers", "Dupont", "short course", "sudo", "Page "] {
                    assert!(!all.contains(noise), "{noise}: {question:#?}");
                }
            }
        }
    }
}

#[test]
fn questions_kept_before_are_not_asked_again() {
    let pages = fixture("sang.txt");
    let first = generate(&pages, &options(5, Language::Fr, 1)).questions;
    let again = generate(&pages, &Options { avoid: first.clone(), ..options(20, Language::Fr, 1) })
        .questions;
    assert!(!again.is_empty());
    for question in &again {
        assert!(
            first.iter().all(|kept| kept.evidence.quote != question.evidence.quote),
            "{question:#?}"
        );
    }
}

#[test]
fn another_seed_gives_other_questions() {
    let pages = fixture("sang.txt");
    let one = generate(&pages, &options(8, Language::Fr, 1)).questions;
    let other = generate(&pages, &options(8, Language::Fr, 2)).questions;
    assert_ne!(one, other);
}

/// Documents of the corpus whose text allows ten questions.
const WITH_TEXT: [&str; 13] =
    ["02", "06", "07", "09", "10", "12", "15", "18", "19", "21", "23", "26", "masterclass"];

#[test]
fn every_document_with_text_gives_ten_proved_questions_spread_over_keys_and_pages() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut files: Vec<_> = ["masterclass", "../shared/corpus"]
        .iter()
        .filter_map(|folder| std::fs::read_dir(root.join(folder)).ok())
        .flat_map(|entries| entries.map(|entry| entry.unwrap().path()))
        .filter(|path| path.extension().is_some_and(|extension| extension == "pdf"))
        .collect();
    files.sort();
    if files.len() < 2 {
        println!("the corpus of real documents is absent: only {files:?} is looked at");
    }
    for path in files {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let bytes = std::fs::read(&path).unwrap();
        let Ok(document) = pdf_text::extract(bytes, &pdf_text::Budget::default()) else {
            println!("{name}: no text");
            continue;
        };
        let pages: Vec<Page> = document
            .pages
            .into_iter()
            .map(|page| Page { number: page.number, text: page.text })
            .collect();
        let language = detect_language(&pages);
        let generated = generate(&pages, &options(10, language, 1));
        let questions = &generated.questions;
        let flaws: usize = questions.iter().map(|question| question.flaws.len()).sum();
        println!("{name}: {} questions, {flaws} flaws, {:?}", questions.len(), generated.warnings);
        for question in questions {
            assert_eq!(verify_evidence(question, &pages), Ok(()), "{name}: {question:#?}");
            assert!(question.flaws.len() < 2, "{name}: {question:#?}");
        }
        if WITH_TEXT.iter().any(|start| name.starts_with(start)) {
            assert!(questions.len() >= 10, "{name} gave {}", questions.len());
        }
        let counts = Letter::ALL.map(|letter| {
            questions.iter().filter(|question| question.correct_choice == letter).count()
        });
        assert!(
            counts.iter().max().unwrap() - counts.iter().min().unwrap() <= 1,
            "{name}: {counts:?}"
        );
        let asked_pages: std::collections::BTreeSet<u32> =
            questions.iter().map(|question| question.evidence.page).collect();
        assert!(
            pages.len() < 20 || asked_pages.len() * 2 > questions.len(),
            "{name}: {asked_pages:?}"
        );
    }
}

/// A course of our own that holds something of every kind.
fn varied_course() -> Vec<Page> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../masterclass/masterclass.pdf");
    let document =
        pdf_text::extract(std::fs::read(path).unwrap(), &pdf_text::Budget::default()).unwrap();
    document.pages.into_iter().map(|page| Page { number: page.number, text: page.text }).collect()
}

#[test]
fn ten_questions_are_not_ten_definitions() {
    let pages = varied_course();
    for seed in 1..=10 {
        let questions = generate(&pages, &options(10, Language::Fr, seed)).questions;
        assert_eq!(questions.len(), 10);
        let of = |openings: &[&str]| {
            questions
                .iter()
                .filter(|question| {
                    openings.iter().any(|opening| question.question_text.starts_with(opening))
                })
                .count()
        };
        let definitions = of(&["Qu’est-ce", "Qu’appelle", "Quel terme", "Que sont", "Que désign"]);
        assert!(definitions <= 5, "seed {seed}: {definitions} definitions");
        assert_eq!(of(&["Comment se calcul", "Quelle formule"]), 1, "seed {seed}");
        assert!(of(&["Comment s’explique"]) >= 1, "seed {seed}");
        let figures = questions
            .iter()
            .filter(|question| question.key().starts_with(|c: char| c.is_ascii_digit()))
            .count();
        assert!(figures >= 2, "seed {seed}: {figures} figures");
        for question in &questions {
            assert!(question.flaws.is_empty(), "seed {seed}: {question:#?}");
            assert!(!question.question_text.contains('\''), "seed {seed}: {question:#?}");
        }
        let twins = of(&["Qu’appelle-t-on « encaissement", "Qu’appelle-t-on « décaissement"]);
        assert!(twins <= 1, "seed {seed}");
    }
}
