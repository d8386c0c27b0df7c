//! What the benches compare the wasm with: `bench-native pdf|questions|verify-token …`, started by
//! `benches/*.mjs`. Each prints one JSON object.

mod pdf;
mod questions;
mod token;

use anyhow::{Result, bail};

fn main() -> Result<()> {
    let mut arguments = std::env::args().skip(1);
    let what = arguments.next();
    let rest: Vec<String> = arguments.collect();
    let measured = match what.as_deref() {
        Some("pdf") => pdf::measure(&rest)?,
        Some("questions") => questions::measure(&rest)?,
        Some("verify-token") => token::measure(&rest)?,
        _ => bail!(
            "usage: bench-native pdf FILE…, questions PAGES.json COUNT RUNS, or verify-token ISSUER ROUNDS < TOKENS"
        ),
    };
    println!("{measured}");
    Ok(())
}
