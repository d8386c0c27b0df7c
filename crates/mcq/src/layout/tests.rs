use super::{BlockKind, bullet_length, read};
use crate::question::Page;

fn pages(texts: &[&str]) -> Vec<Page> {
    texts.iter().zip(1..).map(|(text, number)| Page { number, text: (*text).to_owned() }).collect()
}

fn texts(pages: &[Page]) -> Vec<(BlockKind, String)> {
    read(pages).blocks.into_iter().map(|block| (block.kind, block.text)).collect()
}

#[test]
fn wrapped_lines_become_one_paragraph() {
    let found = texts(&pages(&[
        "La distribu-\ntion est un ensemble de logiciels libres\nque chacun peut copier.\n",
    ]));
    assert_eq!(
        found,
        [(
            BlockKind::Paragraph,
            "La distribution est un ensemble de logiciels libres que chacun peut copier."
                .to_owned()
        )]
    );
}

#[test]
fn bullets_become_items_without_their_mark() {
    let found = texts(&pages(&[
        "Les étapes sont :\n• lire le texte ;\n• poser une question\n  qui a du sens ;\n1. relire.",
    ]));
    let items: Vec<_> = found
        .iter()
        .filter(|(kind, _)| *kind == BlockKind::Item)
        .map(|(_, text)| text.as_str())
        .collect();
    assert_eq!(items, ["lire le texte ;", "poser une question qui a du sens ;", "relire."]);
}

#[test]
fn headers_repeated_over_pages_are_dropped_and_their_numbers_do_not_hide_them() {
    let body = "Le sang circule dans tout le corps sans jamais s'arrêter.";
    let all: Vec<String> = (1..=5)
        .map(|n| format!("Cours de biologie, page {n} / 5\n\n{body} {n}e fois.\n\n{n}"))
        .collect();
    let all: Vec<&str> = all.iter().map(String::as_str).collect();
    let found = texts(&pages(&all));
    assert_eq!(found.len(), 5);
    assert!(found.iter().all(|(_, text)| text.starts_with("Le sang")), "{found:?}");
}

#[test]
fn contents_and_bibliography_are_dropped() {
    let found = texts(&pages(&[
        "Table des matières\n1 Le sang . . . . . . 4\n2 Le cœur . . . . . . 7\n3 Les veines . . . . . 9",
        "Le cœur est un muscle creux.\n\nRéférences\nDupont, Le cœur, Paris, 1999.\nMartin, Le sang, 2004.",
        "Encore un livre de la liste, 2011.",
        "Annexe A\n\nUne annexe donne le détail des mesures faites en classe.",
    ]));
    let all: Vec<_> = found.iter().map(|(_, text)| text.as_str()).collect();
    assert_eq!(
        all,
        [
            "Le cœur est un muscle creux.",
            "Annexe A",
            "Une annexe donne le détail des mesures faites en classe."
        ]
    );
}

#[test]
fn a_number_or_a_minus_sign_opens_no_item() {
    assert_eq!(bullet_length("-5 °C au matin"), None);
    assert_eq!(bullet_length("3.5 Le titre"), None);
    assert_eq!(bullet_length("12. Le titre"), Some(4));
    assert_eq!(bullet_length("(b) une idée"), Some(4));
    assert_eq!(bullet_length("• une idée"), Some("• ".len()));
}

#[test]
fn every_block_is_a_contiguous_passage_of_its_page() {
    let pages =
        pages(&["Titre\n\n• un premier point qui dure\nlongtemps.\n$ rm -rf /\nUne suite utile."]);
    let layout = read(&pages);
    for block in &layout.blocks {
        assert!(layout.passage(&pages[0], block.span).ends_with(&block.text), "{block:?}");
    }
}
