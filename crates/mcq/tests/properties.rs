//! What holds for any document.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

use mcq::{
    Language, Letter, Options, Page, Question, balance_keys, detect_language, find_flaws, generate,
    review, verify_evidence,
};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

const SUBJECTS: [&str; 16] = [
    "le levier",
    "la poulie",
    "le moteur",
    "la turbine",
    "le ressort",
    "la vanne",
    "le piston",
    "la courroie",
    "le capteur",
    "la pompe",
    "le volant",
    "la chaudière",
    "le condenseur",
    "la bielle",
    "le rotor",
    "la soupape",
];
const COMPLEMENTS: [&str; 16] = [
    "la pression du fluide",
    "le débit de la conduite",
    "la chaleur de la vapeur",
    "le niveau du réservoir",
    "la vitesse de rotation",
    "le couple de démarrage",
    "la tension du câble",
    "le signal de sortie",
    "la course du tiroir",
    "le réglage du jeu",
    "la dilatation du tube",
    "le frottement des joints",
    "la charge de la batterie",
    "le refroidissement du bloc",
    "la position du curseur",
    "le dosage du mélange",
];

/// A sentence that can be asked about.
fn sentence() -> impl Strategy<Value = String> {
    let verbs = vec![
        "contrôle",
        "mesure",
        "réduit",
        "augmente",
        "détermine",
        "dépend de",
        "est un appareil qui règle",
        "sert à modifier",
    ];
    (select(SUBJECTS.to_vec()), select(verbs), select(COMPLEMENTS.to_vec()), 1..900_u32).prop_map(
        |(subject, verb, object, figure)| {
            let mut chars = subject.chars();
            let opening: String =
                chars.next().into_iter().flat_map(char::to_uppercase).chain(chars).collect();
            if figure % 5 == 0 {
                format!("{opening} pèse {figure} kg.")
            } else {
                format!("{opening} {verb} {object}.")
            }
        },
    )
}

/// Pages of such sentences, laid out in lines.
fn document() -> impl Strategy<Value = Vec<Page>> {
    vec(vec(sentence(), 1..9), 1..7).prop_map(|pages| {
        pages
            .into_iter()
            .zip(1..)
            .map(|(sentences, number)| Page { number, text: sentences.join("\n\n") })
            .collect()
    })
}

/// Pages of anything at all.
fn anything() -> impl Strategy<Value = Vec<Page>> {
    let text = prop_oneof![
        any::<String>(),
        "[ -~\n]{0,400}",
        "[\\PC\n]{0,200}",
        "([A-ZÉa-zé'’]{1,9}[ ,.:;\n•«»()-]{1,2}){0,120}",
        "[\u{300}-\u{36f}\u{590}-\u{6ff}. \n]{0,200}",
    ];
    vec(text, 0..5).prop_map(|texts| {
        texts.into_iter().zip(1..).map(|(text, number)| Page { number, text }).collect()
    })
}

fn options(count: usize, seed: u64) -> Options {
    Options { count, language: Language::Fr, seed, avoid: Vec::new() }
}

fn spread(questions: &[Question]) -> usize {
    let counts = Letter::ALL.map(|letter| {
        questions.iter().filter(|question| question.correct_choice == letter).count()
    });
    counts.iter().max().unwrap() - counts.iter().min().unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn every_question_is_proved_distinct_and_below_two_flaws(pages in document(), seed: u64) {
        let generated = generate(&pages, &options(8, seed));
        prop_assert!(generated.questions.len() <= 8);
        prop_assert!(spread(&generated.questions) <= 1);
        let reviewed = review(generated.questions.clone(), &pages, Language::Fr);
        prop_assert!(reviewed.dropped.is_empty(), "{:#?}", reviewed.dropped);
        for question in &generated.questions {
            prop_assert_eq!(verify_evidence(question, &pages), Ok(()));
            let texts: std::collections::HashSet<_> = question.choices.iter().map(|(_, text)| text).collect();
            prop_assert_eq!(texts.len(), 4);
        }
    }

    #[test]
    fn the_same_seed_gives_the_same_questions(pages in document(), seed: u64) {
        prop_assert_eq!(generate(&pages, &options(8, seed)), generate(&pages, &options(8, seed)));
    }

    #[test]
    fn without_its_quote_on_the_page_a_question_disappears(pages in document(), seed: u64) {
        for question in generate(&pages, &options(8, seed)).questions {
            let mut cut = pages.clone();
            for page in &mut cut {
                if page.number == question.evidence.page {
                    prop_assert!(page.text.contains(&question.evidence.quote));
                    page.text = page.text.replace(&question.evidence.quote, "");
                }
            }
            prop_assert!(verify_evidence(&question, &cut).is_err());
            let again = generate(&cut, &options(8, seed)).questions;
            prop_assert!(again.iter().all(|other| other.evidence != question.evidence));
        }
    }

    #[test]
    fn no_text_makes_it_panic(pages in anything(), seed: u64, language in select(vec![Language::Fr, Language::En])) {
        let generated = generate(&pages, &Options { count: 6, language, seed, avoid: Vec::new() });
        for question in &generated.questions {
            prop_assert_eq!(verify_evidence(question, &pages), Ok(()));
        }
        let _ = detect_language(&pages);
    }

    #[test]
    fn checks_never_panic_on_foreign_questions(texts in vec("\\PC{0,60}", 6), page in any::<String>(), seed: u64) {
        let question = Question {
            question_text: texts[0].clone(),
            choices: [texts[1].clone(), texts[2].clone(), texts[3].clone(), texts[4].clone()].into(),
            correct_choice: Letter::C,
            evidence: mcq::Evidence { page: 1, quote: texts[5].clone() },
            flaws: Vec::new(),
        };
        let pages = [Page { number: 1, text: page }];
        for language in [Language::Fr, Language::En] {
            let _ = find_flaws(&question, language);
            let reviewed = review(vec![question.clone(), question.clone()], &pages, language);
            prop_assert!(reviewed.kept.len() <= 1);
        }
        let mut all = vec![question.clone(); 9];
        balance_keys(&mut all, seed);
        prop_assert!(spread(&all) <= 1);
        prop_assert!(all.iter().all(|moved| moved.key() == question.key()));
    }
}

fn time_to_read(unit: &str, bytes: usize) -> std::time::Duration {
    let pages = [Page { number: 1, text: unit.repeat(bytes / unit.len()) }];
    let started = std::time::Instant::now();
    let _ = generate(&pages, &options(10, 1));
    started.elapsed()
}

/// Text made to be slow: four times the length may take about four times as long, not sixteen.
#[test]
fn one_long_line_of_anything_takes_time_in_proportion() {
    const UNITS: [&str; 11] = [
        "a ",
        "mot.",
        ".)",
        "-\n",
        "«",
        "\u{301}",
        "Le chat est un animal qui dort. ",
        "• Le rouge : une couleur du spectre visible\n",
        "\u{5d0}\u{5d1} ",
        ". . ",
        "x",
    ];
    for unit in UNITS {
        let (short, long) = (time_to_read(unit, 25_000), time_to_read(unit, 100_000));
        println!("{unit:?}: {short:.0?}, {long:.0?}");
        // The constant covers a busy machine; a quadratic step is far above it at this length.
        assert!(
            long < short * 10 + std::time::Duration::from_secs(1),
            "{unit:?}: {short:?}, {long:?}"
        );
    }
}
