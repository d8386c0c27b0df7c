//! How fast `pdf-text` is without WebAssembly.

use std::time::Instant;

use anyhow::Result;
use pdf_text::{Budget, extract};
use serde_json::{Value, json};

/// Reads each file twice and gives the seconds of the second time, with what was read.
pub fn measure(files: &[String]) -> Result<Value> {
    let mut documents = Vec::new();
    for file in files {
        let bytes = std::fs::read(file)?;
        // What it says matters to nobody here; a scan is an error, and takes its time, too.
        let _ = extract(bytes.clone(), &Budget::default());
        let started = Instant::now();
        let read = extract(bytes, &Budget::default());
        let seconds = started.elapsed().as_secs_f64();
        let characters: usize = read
            .iter()
            .flat_map(|document| &document.pages)
            .map(|page| page.text.chars().count())
            .sum();
        documents.push(json!({ "file": file, "seconds": seconds, "characters": characters }));
    }
    Ok(json!({ "documents": documents }))
}
