//! Prints the text of a PDF, page by page: `cargo run -p pdf-text --example pages -- FILE [PAGE]`.

use pdf_text::{Budget, extract};
use std::error::Error;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let file = arguments.next().ok_or("which file?")?;
    let only: Option<u32> = arguments.next().map(|page| page.parse()).transpose()?;
    let document = extract(std::fs::read(file)?, &Budget::default())?;
    for page in document.pages {
        if only.is_none_or(|only| only == page.number) {
            println!("--- {} ---\n{}", page.number, page.text);
        }
    }
    for warning in document.warnings {
        eprintln!("{warning:?}");
    }
    Ok(())
}
