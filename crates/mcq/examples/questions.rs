//! Prints the questions the embedded engine makes of a document, with page, quote and flaws.
//!
//! `cargo run -p mcq --example questions -- FILE.pdf [COUNT] [SEED]`
//!
//! A `.txt` file is read as pages separated by form feeds.

use std::process::ExitCode;

use mcq::{Options, Page, detect_language, generate, verify_evidence};

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let Some(path) = arguments.next() else {
        eprintln!("usage: questions FILE.pdf|FILE.txt [COUNT] [SEED]");
        return ExitCode::FAILURE;
    };
    let count = arguments.next().and_then(|text| text.parse().ok()).unwrap_or(10);
    let seed = arguments.next().and_then(|text| text.parse().ok()).unwrap_or(1);
    let pages = match read_pages(&path) {
        Ok(pages) => pages,
        Err(problem) => {
            eprintln!("{path}: {problem}");
            return ExitCode::FAILURE;
        }
    };
    let started = std::time::Instant::now();
    let language = detect_language(&pages);
    let generated = generate(&pages, &Options { count, language, seed, avoid: Vec::new() });
    let took = started.elapsed();
    for (question, number) in generated.questions.iter().zip(1..) {
        println!("{number:2}. {}", question.question_text);
        for (letter, text) in question.choices.iter() {
            let mark = if letter == question.correct_choice { '*' } else { ' ' };
            println!("   {mark}{letter:?}) {text}");
        }
        let evidence = &question.evidence;
        println!("     p. {} « {} »", evidence.page, evidence.quote);
        if let Err(problem) = verify_evidence(question, &pages) {
            println!("     UNPROVED: {problem}");
        }
        if !question.flaws.is_empty() {
            println!("     flaws: {:?}", question.flaws);
        }
    }
    let flaws: usize = generated.questions.iter().map(|question| question.flaws.len()).sum();
    println!(
        "{path}: {} pages, {language:?}, {} questions, {flaws} flaws, {took:.0?}; {:?}",
        pages.len(),
        generated.questions.len(),
        generated.warnings
    );
    ExitCode::SUCCESS
}

fn read_pages(path: &str) -> Result<Vec<Page>, String> {
    let bytes = std::fs::read(path).map_err(|error| error.to_string())?;
    if !bytes.starts_with(b"%PDF") {
        let text = String::from_utf8_lossy(&bytes);
        return Ok(text
            .split('\u{c}')
            .zip(1..)
            .map(|(text, number)| Page { number, text: text.to_owned() })
            .collect());
    }
    let document = pdf_text::extract(bytes, &pdf_text::Budget::default())
        .map_err(|error| error.to_string())?;
    Ok(document
        .pages
        .into_iter()
        .map(|page| Page { number: page.number, text: page.text })
        .collect())
}
