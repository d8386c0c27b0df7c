use super::{Context, Fact, Pattern, read};
use crate::layout;
use crate::lexicon::Lexicon;
use crate::question::{Language, Page};
use crate::sentence::Sentences;

fn facts(language: Language, text: &str) -> Vec<Fact> {
    let pages = [Page { number: 1, text: text.to_owned() }];
    let lexicon = Lexicon::new(language);
    let layout = layout::read(&pages);
    let sentences = Sentences::of(&layout, &lexicon);
    let context = Context::of(&pages, &layout, &lexicon);
    read(&context, &sentences).0
}

#[track_caller]
fn asks(language: Language, text: &str, stem: &str, key: &str) {
    let found = facts(language, text);
    assert!(
        found.iter().any(|fact| fact.stem == stem && fact.key == key),
        "{:#?}",
        found.iter().map(|fact| (&fact.stem, &fact.key)).collect::<Vec<_>>()
    );
}

#[track_caller]
fn asks_nothing_but_completions(language: Language, text: &str) {
    let found: Vec<_> = facts(language, text)
        .into_iter()
        .filter(|fact| !matches!(fact.pattern, Pattern::Completion | Pattern::LastResort))
        .map(|fact| (fact.stem, fact.key))
        .collect();
    assert!(found.is_empty(), "{found:#?}");
}

#[test]
fn a_french_definition_is_asked_both_ways() {
    let text = "La mitochondrie est un organite qui produit l'énergie de la cellule.";
    asks(
        Language::Fr,
        text,
        "Qu'est-ce que la mitochondrie ?",
        "un organite qui produit l'énergie de la cellule",
    );
    asks(
        Language::Fr,
        text,
        "Quel terme désigne un organite qui produit l'énergie de la cellule ?",
        "mitochondrie",
    );
}

#[test]
fn que_is_elided_before_a_vowel_and_plural_definitions_are_asked_in_the_plural() {
    asks(
        Language::Fr,
        "Un encaissement est une somme reçue par l'entreprise.",
        "Qu'est-ce qu'un encaissement ?",
        "une somme reçue par l'entreprise",
    );
    asks(
        Language::Fr,
        "Les globules rouges sont des cellules qui transportent le dioxygène.",
        "Que sont les globules rouges ?",
        "des cellules qui transportent le dioxygène",
    );
}

#[test]
fn on_appelle_gives_a_definition_without_article() {
    asks(
        Language::Fr,
        "On appelle encaissement toute entrée d'argent dans l'entreprise.",
        "Qu'appelle-t-on « encaissement » ?",
        "toute entrée d'argent dans l'entreprise",
    );
}

#[test]
fn a_label_is_no_part_of_the_definition() {
    asks(
        Language::Fr,
        "Définition : la médiane est une valeur qui partage la série en deux.",
        "Qu'est-ce que la médiane ?",
        "une valeur qui partage la série en deux",
    );
}

#[test]
fn what_a_thing_is_called_is_asked_in_both_languages() {
    asks(
        Language::Fr,
        "La durée totale du mouvement est appelée période.",
        "Comment appelle-t-on la durée totale du mouvement ?",
        "période",
    );
    asks(
        Language::En,
        "The fluid part of the blood is called plasma.",
        "What is the fluid part of the blood called?",
        "plasma",
    );
}

#[test]
fn an_english_definition_is_asked_both_ways() {
    let text = "An enzyme is a protein that speeds up a chemical reaction.";
    asks(Language::En, text, "What is an enzyme?", "a protein that speeds up a chemical reaction");
    asks(
        Language::En,
        text,
        "Which term refers to a protein that speeds up a chemical reaction?",
        "enzyme",
    );
    asks(
        Language::En,
        "Latency refers to the time that a request waits in the queue. Low latency pays.",
        "What is latency?",
        "the time that a request waits in the queue",
    );
}

#[test]
fn what_points_outside_the_sentence_is_not_asked() {
    for text in [
        "Cette méthode est un outil qui simplifie le calcul des coûts.",
        "Elle permet de calculer le coût complet du produit.",
        "Le premier est un outil qui simplifie le calcul des coûts.",
        "Un bon exemple est un outil qui simplifie le calcul des coûts.",
    ] {
        asks_nothing_but_completions(Language::Fr, text);
    }
    for text in [
        "This method is a tool that simplifies the cost analysis.",
        "It provides a tool for the analysis of costs.",
    ] {
        asks_nothing_but_completions(Language::En, text);
    }
}

#[test]
fn french_relations_ask_for_the_complement() {
    asks(
        Language::Fr,
        "Le plasma contient des protéines dissoutes.",
        "Que contient le plasma ?",
        "des protéines dissoutes",
    );
    asks(
        Language::Fr,
        "Le foie absorbe les sucres du sang.",
        "Qu'absorbe le foie ?",
        "les sucres du sang",
    );
    asks(
        Language::Fr,
        "Le débit dépend de la section du tuyau.",
        "De quoi dépend le débit ?",
        "la section du tuyau",
    );
    asks(
        Language::Fr,
        "Le prix dépend de la demande et de la qualité du produit.",
        "De quoi dépend le prix ?",
        "la demande et la qualité du produit",
    );
    asks(
        Language::Fr,
        "La surface influe fortement sur le flux thermique.",
        "Sur quoi influe la surface ?",
        "le flux thermique",
    );
    asks(
        Language::Fr,
        "Le cœur se compose de deux pompes distinctes.",
        "De quoi se compose le cœur ?",
        "deux pompes distinctes",
    );
    asks(
        Language::Fr,
        "Le sang est composé de cellules et de plasma.",
        "De quoi est composé le sang ?",
        "cellules et plasma",
    );
    asks(
        Language::Fr,
        "La pompe est commandée par un moteur électrique.",
        "Par qui ou par quoi est commandée la pompe ?",
        "un moteur électrique",
    );
}

#[test]
fn french_verbs_with_an_infinitive_ask_for_the_action() {
    asks(
        Language::Fr,
        "La pompe permet de remonter l'eau du puits.",
        "Que permet de faire la pompe ?",
        "remonter l'eau du puits",
    );
    asks(
        Language::Fr,
        "Le levier permet d'augmenter la force exercée.",
        "Que permet de faire le levier ?",
        "augmenter la force exercée",
    );
    asks(
        Language::Fr,
        "Le trésorier doit surveiller les échéances du mois.",
        "Que doit faire le trésorier ?",
        "surveiller les échéances du mois",
    );
}

#[test]
fn a_singular_subject_is_asked_for_too() {
    asks(
        Language::Fr,
        "La chaleur provoque la dilatation du métal.",
        "Qu'est-ce qui provoque la dilatation du métal ?",
        "la chaleur",
    );
    asks(
        Language::En,
        "The kidney removes the waste of the blood.",
        "Which of the following removes the waste of the blood?",
        "the kidney",
    );
}

#[test]
fn english_relations_ask_with_do_and_agree() {
    asks(
        Language::En,
        "The plasma contains the proteins of the blood.",
        "What does the plasma contain?",
        "the proteins of the blood",
    );
    asks(
        Language::En,
        "The valves prevent the return of the blood.",
        "What do the valves prevent?",
        "the return of the blood",
    );
    asks(
        Language::En,
        "The flow depends on the section of the pipe.",
        "What does the flow depend on?",
        "the section of the pipe",
    );
    asks(
        Language::En,
        "The cache significantly reduces the latency of the system.",
        "What does the cache reduce?",
        "the latency of the system",
    );
    asks(
        Language::En,
        "The engine is driven by a small turbine.",
        "What is the engine driven by?",
        "a small turbine",
    );
    asks(
        Language::En,
        "The pump is used to lift the water.",
        "What is the pump used to do?",
        "lift the water",
    );
    asks(
        Language::En,
        "The option allows the user to change the language.",
        "What does the option allow the user to do?",
        "change the language",
    );
    asks(
        Language::En,
        "The operator must close the main valve.",
        "What must the operator do?",
        "close the main valve",
    );
}

#[test]
fn half_a_list_is_no_answer() {
    let found =
        facts(Language::En, "The library provides tools, matrices and solvers for the analysis.");
    assert!(found.iter().all(|fact| fact.key != "tools"), "{found:#?}");
}

#[test]
fn causes_are_asked_for() {
    asks(
        Language::Fr,
        "La marge baisse parce que le coût du transport augmente.",
        "Comment s'explique le fait que la marge baisse ?",
        "le coût du transport augmente",
    );
    asks(
        Language::En,
        "The metal bar expands because the heat moves its atoms apart.",
        "Why is it that the metal bar expands?",
        "the heat moves its atoms apart",
    );
}

#[test]
fn conditions_and_purposes_are_asked_for() {
    asks(
        Language::Fr,
        "Si le niveau descend trop bas, la pompe s'arrête aussitôt.",
        "Que se passe-t-il si le niveau descend trop bas ?",
        "la pompe s'arrête aussitôt",
    );
    asks(
        Language::En,
        "If the level falls too low, then the pump stops at once.",
        "What happens if the level falls too low?",
        "the pump stops at once",
    );
    asks(
        Language::Fr,
        "Un processus est dit stationnaire si ses propriétés ne varient pas.",
        "À quelle condition peut-on dire qu'un processus est stationnaire ?",
        "ses propriétés ne varient pas",
    );
    asks(
        Language::Fr,
        "Pour vider la cuve, ouvrez la vanne du bas.",
        "Comment faire pour vider la cuve ?",
        "ouvrez la vanne du bas",
    );
    asks(
        Language::En,
        "To empty the tank, open the lower valve.",
        "How do you empty the tank?",
        "open the lower valve",
    );
}

#[test]
fn figures_are_asked_for_with_their_unit() {
    asks(
        Language::Fr,
        "La longueur du champ est de 30 caractères.",
        "Quelle est la longueur du champ ?",
        "30 caractères",
    );
    asks(Language::Fr, "Le délai moyen est de 45 jours.", "Quel est le délai moyen ?", "45 jours");
    asks(
        Language::Fr,
        "Le trajet complet dure 12 minutes.",
        "Combien dure le trajet complet ?",
        "12 minutes",
    );
    asks(
        Language::Fr,
        "La cellule humaine contient 46 chromosomes.",
        "Combien de chromosomes contient la cellule humaine ?",
        "46",
    );
    asks(
        Language::Fr,
        "Coût total estimé : 12 500 € sur trois ans.",
        "Quelle valeur est indiquée pour « Coût total estimé » ?",
        "12 500 €",
    );
    asks(
        Language::En,
        "The official specification defines twelve different field types.",
        "How many different field types does the official specification define?",
        "twelve",
    );
    asks(
        Language::En,
        "The normal pressure is about 120 mmHg.",
        "What is the normal pressure?",
        "120 mmHg",
    );
}

#[test]
fn a_glossary_asks_which_entry_is_described() {
    let text = "Les rôles sont :\n• mentor : personne qui guide un débutant au quotidien\n• parrain : membre qui envoie les paquets du débutant\n";
    let found = facts(Language::Fr, text);
    let fact = found
        .iter()
        .find(|fact| {
            fact.stem
                == "Quel terme est ainsi défini : « personne qui guide un débutant au quotidien » ?"
        })
        .unwrap();
    assert_eq!(fact.key, "mentor");
    assert_eq!(fact.siblings, ["parrain"]);
}

#[test]
fn a_list_asks_which_entry_completes_its_introduction_and_quotes_both() {
    let text = "Les étapes de la coagulation sont les suivantes :\n• la contraction du vaisseau\n• la formation du clou\n• la prise du caillot\n";
    let found = facts(Language::Fr, text);
    let fact = found
        .iter()
        .find(|fact| fact.key == "la formation du clou" && fact.pattern == Pattern::Enumeration);
    // « suivantes » points at the list itself, which the stem replaces.
    assert!(fact.is_none());
    let text = text.replace("sont les suivantes", "comprennent");
    let found = facts(Language::Fr, &text);
    let fact = found
        .iter()
        .find(|fact| fact.key == "la formation du clou" && fact.pattern == Pattern::Enumeration)
        .unwrap();
    assert_eq!(
        fact.stem,
        "Lequel de ces éléments complète correctement « Les étapes de la coagulation comprennent : » ?"
    );
    assert!(fact.quote.starts_with("Les étapes de la coagulation comprennent :"));
    assert!(fact.quote.ends_with("la formation du clou"));
}

#[test]
fn a_sentence_is_completed_at_its_end_only() {
    asks(
        Language::Fr,
        "Plusieurs équipes travaillent déjà sur la qualité des mesures.",
        "Complétez : « Plusieurs équipes travaillent déjà sur _____ »",
        "la qualité des mesures",
    );
    asks(
        Language::En,
        "Most teams already work on the quality of the measures.",
        "Complete the sentence: “Most teams already work on _____”",
        "the quality of the measures",
    );
    let found = facts(Language::En, "Authors will be glad when it comes to the end.");
    assert!(found.is_empty(), "a vague end tests nothing: {found:#?}");
}

#[test]
fn names_keep_their_capital_and_sentence_openers_lose_it() {
    let text = "Debian est un système que chacun peut copier. Le système Debian plaît. Le projet Debian dure.\n\nVoir debian/rules ici.";
    asks(Language::Fr, text, "Qu'est-ce que Debian ?", "un système que chacun peut copier");
}

#[test]
fn addresses_code_and_references_are_not_asked() {
    for text in [
        "Le paquet est un dossier décrit sur http://example.org pour tous.",
        "La figure 2 est un schéma qui montre la pompe.",
        "Le fichier {name} est un dossier qui contient la liste.",
        "La touche ⌘ est un raccourci qui ouvre le menu.",
    ] {
        assert!(facts(Language::Fr, text).is_empty(), "{text}");
    }
}

#[track_caller]
fn never_asks(text: &str, stem: &str) {
    let found = facts(Language::Fr, text);
    assert!(found.iter().all(|fact| !fact.stem.starts_with(stem)), "{found:#?}");
}

#[test]
fn verbs_of_variation_and_announcements_are_not_asked() {
    never_asks("La croissance des ventes augmente le besoin de l’entreprise.", "Qu'augmente");
    never_asks("Une hausse des prix rend la marge trop faible.", "Que rend");
    never_asks("Deux décisions contrôlent la trésorerie nette.", "Que contrôlent");
}

#[test]
fn an_abbreviated_term_is_defined_with_its_abbreviation() {
    asks(
        Language::Fr,
        "Le besoin en fonds de roulement (BFR) est la somme que l’entreprise doit avancer.",
        "Qu'est-ce que le besoin en fonds de roulement (BFR) ?",
        "la somme que l’entreprise doit avancer",
    );
}

#[test]
fn a_definition_keeps_its_circumstance() {
    asks(
        Language::Fr,
        "Une charge fixe est une charge qui reste la même quand le volume d’activité change.",
        "Qu'est-ce qu'une charge fixe ?",
        "une charge qui reste la même quand le volume d’activité change",
    );
}

#[test]
fn what_a_plural_term_designates_is_asked_with_that_verb() {
    asks(
        Language::Fr,
        "Les ressources stables désignent les capitaux propres et les emprunts de longue durée.",
        "Que désignent les ressources stables ?",
        "les capitaux propres et les emprunts de longue durée",
    );
}

#[test]
fn a_formula_asks_how_its_left_side_is_calculated() {
    let text = "La trésorerie nette se lit au bilan.\n\nTrésorerie nette = fonds de roulement − BFR\n\nLa suite explique comment.";
    asks(
        Language::Fr,
        text,
        "Comment se calcule la trésorerie nette ?",
        "fonds de roulement − BFR",
    );
    never_asks("Le code x = a + b ne dit rien.\n\nx = a + b", "Comment se calcule");
}

#[test]
fn a_figure_keeps_the_place_it_holds_for_and_needs_an_owner() {
    asks(
        Language::Fr,
        "Le taux normal de la TVA est de 18 % au Bénin, en Côte d’Ivoire et au Gabon.",
        "Quel est le taux normal de la TVA au Bénin, en Côte d’Ivoire et au Gabon ?",
        "18 %",
    );
    asks(
        Language::Fr,
        "Les charges fixes s’élèvent à 400 000 FCFA par mois : des salaires et un loyer.",
        "À combien s’élèvent les charges fixes par mois ?",
        "400 000 FCFA",
    );
    never_asks("Le gain net atteint 10 200 FCFA dans ce calcul.", "À combien");
}

#[test]
fn a_gap_stands_for_a_figure_that_can_be_worked_out() {
    let figure = |text: &str| {
        facts(Language::Fr, text)
            .into_iter()
            .any(|fact| fact.pattern == Pattern::Figure && fact.stem.contains("_____"))
    };
    assert!(figure(
        "La cession d’une facture de 2 000 000 FCFA à un affactureur qui prélève 3 % de commission coûte 60 000 FCFA."
    ));
    assert!(!figure("Ses clientes paient une part au bout de 45 jours."));
}

#[test]
fn a_cause_that_points_back_is_no_cause_to_choose() {
    never_asks(
        "Un équipement ne se finance pas par un découvert, car la banque peut en demander le remboursement.",
        "Comment s'explique",
    );
}

#[test]
fn the_objectives_of_a_course_are_no_list_to_ask_about() {
    let text = "À la fin de la séance, chaque participant saura :\n• distinguer le bénéfice et la trésorerie\n• construire un budget de caisse\n• choisir entre deux financements\n";
    never_asks(text, "Lequel de ces éléments");
}

#[test]
fn every_entry_of_a_list_is_known_as_right() {
    let text = "La trousse du secouriste contient :\n• des gants à usage unique\n• une paire de ciseaux ronds\n• une bande extensible large\n";
    let found = facts(Language::Fr, text);
    let listed: Vec<_> = found.iter().filter(|fact| fact.pattern == Pattern::Enumeration).collect();
    assert!(!listed.is_empty() && listed.iter().all(|fact| fact.members.len() == 3), "{found:#?}");
}

#[test]
fn one_common_word_without_its_context_is_not_defined() {
    never_asks(
        "L’écart est la différence entre le montant réalisé et le montant prévu.",
        "Qu'est-ce",
    );
}
