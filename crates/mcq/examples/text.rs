//! Prints the text of a PDF, pages separated by form feeds.

use std::process::ExitCode;

fn main() -> ExitCode {
    let Some(path) = std::env::args().nth(1) else { return ExitCode::FAILURE };
    let Ok(bytes) = std::fs::read(path) else { return ExitCode::FAILURE };
    match pdf_text::extract(bytes, &pdf_text::Budget::default()) {
        Ok(document) => {
            for page in document.pages {
                print!("{}\u{c}", page.text);
            }
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}
