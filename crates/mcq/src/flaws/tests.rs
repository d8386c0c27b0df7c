use super::{Flaw, find_flaws};
use crate::question::{Choices, Evidence, Language, Letter, Question};

fn flaws(language: Language, stem: &str, choices: [&str; 4]) -> Vec<Flaw> {
    let question = Question {
        question_text: stem.to_owned(),
        choices: Choices::from(choices.map(str::to_owned)),
        correct_choice: Letter::A,
        evidence: Evidence { page: 1, quote: String::new() },
        flaws: Vec::new(),
    };
    find_flaws(&question, language)
}

/// The key comes first.
const ORGANS: [&str; 4] = ["le cœur", "le foie", "le rein", "le poumon"];
const PARTS: [&str; 4] = ["the heart", "the liver", "the kidney", "the lung"];
const FR: &str = "Quel organe fait circuler le sang ?";
const EN: &str = "Which organ makes the blood circulate?";

#[track_caller]
fn has(flaw: Flaw, language: Language, stem: &str, choices: [&str; 4]) {
    let found = flaws(language, stem, choices);
    assert!(found.contains(&flaw), "{stem} {choices:?}: {found:?}");
}

#[track_caller]
fn has_not(flaw: Flaw, language: Language, stem: &str, choices: [&str; 4]) {
    let found = flaws(language, stem, choices);
    assert!(!found.contains(&flaw), "{stem} {choices:?}: {found:?}");
}

#[test]
fn a_sound_question_has_no_flaw() {
    assert_eq!(flaws(Language::Fr, FR, ORGANS), []);
    assert_eq!(flaws(Language::En, EN, PARTS), []);
}

#[test]
fn every_flaw_has_its_own_snake_case_name() {
    let names: std::collections::BTreeSet<String> =
        Flaw::ALL.iter().map(|flaw| serde_json::to_string(flaw).unwrap()).collect();
    assert_eq!(names.len(), 19);
    assert!(names.contains("\"none_of_the_above\""));
}

#[test]
fn an_unfocused_stem() {
    has(Flaw::UnfocusedStem, Language::Fr, "Le cœur", ORGANS);
    has(Flaw::UnfocusedStem, Language::Fr, "Laquelle de ces affirmations est vraie ?", ORGANS);
    has(Flaw::UnfocusedStem, Language::En, "Which of the following is true?", PARTS);
    has_not(Flaw::UnfocusedStem, Language::Fr, "Qu'est-ce que le plasma ?", ORGANS);
    has_not(
        Flaw::UnfocusedStem,
        Language::En,
        "Complete the sentence: “The blood moves through _____”",
        PARTS,
    );
}

#[test]
fn a_negative_stem() {
    has(Flaw::NegativeStem, Language::Fr, "Quel organe ne filtre pas le sang ?", ORGANS);
    has(Flaw::NegativeStem, Language::Fr, "Tous filtrent le sang, sauf lequel ?", ORGANS);
    has(Flaw::NegativeStem, Language::En, "Which organ does not filter blood?", PARTS);
    has(Flaw::NegativeStem, Language::En, "All filter blood EXCEPT which?", PARTS);
    has(Flaw::NegativeStem, Language::En, "Which organ doesn't filter blood?", PARTS);
    has_not(Flaw::NegativeStem, Language::Fr, "Combien de pas fait un marcheur ?", ORGANS);
    has_not(Flaw::NegativeStem, Language::En, "Which note is played by the organ?", PARTS);
}

#[test]
fn gratuitous_information_in_the_stem() {
    let long = format!(
        "{} Quel organe est-ce ?",
        "Le patient marche. Il respire bien et dort la nuit sans se plaindre. ".repeat(3)
    );
    has(Flaw::GratuitousInformation, Language::Fr, &long, ORGANS);
    let long =
        format!("{}which organ is it?", "when the patient walks in the street and ".repeat(8));
    has(Flaw::GratuitousInformation, Language::En, &long, PARTS);
    has_not(
        Flaw::GratuitousInformation,
        Language::Fr,
        "Un homme a 40 ans. Quel organe filtre son sang ?",
        ORGANS,
    );
}

#[test]
fn a_gap_inside_the_stem_but_not_at_its_end() {
    has(
        Flaw::FillInTheBlank,
        Language::Fr,
        "Complétez : « Le _____ fait circuler le sang. »",
        ORGANS,
    );
    has(Flaw::FillInTheBlank, Language::En, "The _____ moves _____", PARTS);
    has_not(
        Flaw::FillInTheBlank,
        Language::Fr,
        "Complétez : « Le sang circule grâce à _____ »",
        ORGANS,
    );
    has_not(
        Flaw::FillInTheBlank,
        Language::En,
        "Complete the sentence: The blood is moved by _____.",
        PARTS,
    );
}

#[test]
fn vague_and_absolute_terms() {
    has(Flaw::VagueTerms, Language::Fr, "Quel organe filtre souvent le sang ?", ORGANS);
    has(
        Flaw::VagueTerms,
        Language::En,
        EN,
        ["usually the heart", "the liver", "the kidney", "the lung"],
    );
    has_not(Flaw::VagueTerms, Language::En, EN, PARTS);
    has(
        Flaw::AbsoluteTerms,
        Language::Fr,
        FR,
        ["le cœur", "toujours le foie", "le rein", "le poumon"],
    );
    has(
        Flaw::AbsoluteTerms,
        Language::En,
        EN,
        ["the heart", "never the liver", "the kidney", "the lung"],
    );
    has_not(Flaw::AbsoluteTerms, Language::Fr, "Quel organe bat toujours ?", ORGANS);
    has_not(
        Flaw::AbsoluteTerms,
        Language::En,
        EN,
        ["the heart", "the small wall", "the kidney", "the lung"],
    );
}

#[test]
fn all_and_none_of_the_above() {
    has(
        Flaw::AllOfTheAbove,
        Language::Fr,
        FR,
        ["le cœur", "le foie", "le rein", "Toutes ces réponses"],
    );
    has(
        Flaw::AllOfTheAbove,
        Language::En,
        EN,
        ["the heart", "the liver", "the kidney", "All of the above."],
    );
    has_not(
        Flaw::AllOfTheAbove,
        Language::En,
        EN,
        ["the heart above all", "the liver", "the kidney", "the lung"],
    );
    has(
        Flaw::NoneOfTheAbove,
        Language::Fr,
        FR,
        ["le cœur", "le foie", "le rein", "Aucune de ces réponses"],
    );
    has(
        Flaw::NoneOfTheAbove,
        Language::En,
        EN,
        ["the heart", "the liver", "the kidney", "None of these"],
    );
    has_not(Flaw::NoneOfTheAbove, Language::Fr, FR, ORGANS);
}

#[test]
fn combined_options_and_true_false_pairs() {
    has(Flaw::KType, Language::Fr, FR, ["A et B", "le foie", "le rein", "le poumon"]);
    has(Flaw::KType, Language::En, EN, ["the heart", "1 and 3 only", "the kidney", "the lung"]);
    has(Flaw::KType, Language::En, EN, ["the heart", "Both A and C", "the kidney", "the lung"]);
    has_not(
        Flaw::KType,
        Language::En,
        EN,
        ["vitamins A and C", "the liver", "the kidney", "the lung"],
    );
    has(Flaw::TrueFalse, Language::Fr, FR, ["Vrai", "Faux", "le rein", "le poumon"]);
    has(
        Flaw::TrueFalse,
        Language::En,
        EN,
        ["Yes, by the heart", "No, by the liver", "the kidney", "the lung"],
    );
    has_not(
        Flaw::TrueFalse,
        Language::Fr,
        FR,
        ["le vrai cœur", "le faux foie", "le rein", "le poumon"],
    );
}

#[test]
fn lengths_that_stand_out() {
    let long = "le cœur, qui bat dans le thorax entre les deux poumons";
    has(Flaw::LongestOptionCorrect, Language::Fr, FR, [long, "le foie", "le rein", "le poumon"]);
    has(Flaw::UnequalOptions, Language::Fr, FR, [long, "le foie", "le rein", "le poumon"]);
    has_not(
        Flaw::LongestOptionCorrect,
        Language::Fr,
        FR,
        ["le cœur", long, "le rein", "le poumon"],
    );
    has_not(
        Flaw::LongestOptionCorrect,
        Language::En,
        EN,
        ["the big heart", "the liver", "the kidney", "the lung"],
    );
    has_not(Flaw::UnequalOptions, Language::En, EN, PARTS);
}

#[test]
fn an_option_of_another_kind() {
    has(Flaw::ImplausibleDistractor, Language::Fr, FR, ["le cœur", "12 V", "le rein", "le poumon"]);
    has(
        Flaw::ImplausibleDistractor,
        Language::En,
        EN,
        ["the heart", "…", "the kidney", "the lung"],
    );
    has_not(
        Flaw::ImplausibleDistractor,
        Language::Fr,
        "Quelle est la tension ?",
        ["5 V", "12 V", "24 V", "48 V"],
    );
    has_not(
        Flaw::ImplausibleDistractor,
        Language::Fr,
        "Quel opérateur compare ?",
        ["<", "+", "×", "÷"],
    );
}

#[test]
fn words_shared_by_stem_and_key_alone() {
    has(
        Flaw::WordRepeat,
        Language::Fr,
        "Que filtre le rein ?",
        ["le sang du rein", "la bile", "la lymphe", "la salive"],
    );
    has(
        Flaw::WordRepeat,
        Language::En,
        "What do kidneys filter?",
        ["the blood of the kidney", "bile", "lymph", "saliva"],
    );
    has_not(
        Flaw::WordRepeat,
        Language::Fr,
        "Que filtre le rein ?",
        ["le sang du rein", "l'eau du rein", "la lymphe", "la salive"],
    );
    has(
        Flaw::LogicalCue,
        Language::Fr,
        "Quel trouble paralyse le bras ?",
        ["une atteinte paralytique", "une fièvre", "une toux", "un rhume"],
    );
    has(
        Flaw::LogicalCue,
        Language::En,
        "What does the electrician install?",
        ["electronics", "plumbing", "windows", "carpets"],
    );
    has_not(Flaw::LogicalCue, Language::En, EN, PARTS);
}

#[test]
fn grammar_that_gives_the_key_away() {
    has(Flaw::GrammaticalCue, Language::Fr, FR, ["les reins", "le foie", "le cœur", "le poumon"]);
    has(Flaw::GrammaticalCue, Language::Fr, FR, ["Le cœur", "foie", "rein", "poumon"]);
    has(
        Flaw::GrammaticalCue,
        Language::En,
        EN,
        ["the heart.", "the liver", "the kidney", "the lung"],
    );
    has(
        Flaw::GrammaticalCue,
        Language::En,
        "The ear is an _____",
        ["organ", "bone", "muscle", "cell"],
    );
    has_not(
        Flaw::GrammaticalCue,
        Language::En,
        "The ear is an _____",
        ["organ", "artery", "muscle", "cell"],
    );
    has_not(Flaw::GrammaticalCue, Language::Fr, FR, ["le cœur", "la rate", "le rein", "le poumon"]);
}

#[test]
fn options_that_converge_on_the_key() {
    let converging = ["petit rouge rond", "rouge carré", "petit ovale", "bleu pointu"];
    has(Flaw::ConvergenceCue, Language::Fr, "Quelle forme a le globule ?", converging);
    has_not(
        Flaw::ConvergenceCue,
        Language::Fr,
        "Quelle forme a le globule ?",
        ["petit rouge", "petit bleu", "petit vert", "petit noir"],
    );
    has_not(Flaw::ConvergenceCue, Language::En, EN, PARTS);
}

#[test]
fn figures_out_of_sequence() {
    has(
        Flaw::LostSequence,
        Language::Fr,
        "Quelle est la tension ?",
        ["12 V", "5 V", "48 V", "24 V"],
    );
    has_not(
        Flaw::LostSequence,
        Language::Fr,
        "Quelle est la tension ?",
        ["5 V", "12 V", "24 V", "48 V"],
    );
    has_not(
        Flaw::LostSequence,
        Language::En,
        "How many valves are there?",
        ["five", "four", "three", "two"],
    );
    has(
        Flaw::LostSequence,
        Language::En,
        "How many valves are there?",
        ["five", "two", "three", "four"],
    );
}

#[test]
fn options_that_say_the_same() {
    has(Flaw::MoreThanOneCorrect, Language::Fr, FR, ["le cœur", "le foie", "le foie", "le poumon"]);
    has(
        Flaw::MoreThanOneCorrect,
        Language::En,
        EN,
        ["the left heart valve", "the left heart valve and more", "the kidney", "the lung"],
    );
    has(
        Flaw::MoreThanOneCorrect,
        Language::En,
        EN,
        ["the red blood cell", "red blood cells", "the kidney", "the lung"],
    );
    has_not(
        Flaw::MoreThanOneCorrect,
        Language::Fr,
        "Quelle est la longueur ?",
        ["10 cm", "20 cm", "30 cm", "40 cm"],
    );
}
