//! Where the question engine spends its time.

use std::collections::BTreeMap;
use std::time::Instant;

use anyhow::{Context, Result};
use mcq::{Options, Page, Stage, detect_language, generate_watched};
use serde_json::{Value, json};

/// Makes questions of the pages in a JSON file, so often, and gives the seconds of each stage each time.
pub fn measure(arguments: &[String]) -> Result<Value> {
    let [file, count, runs] = arguments else {
        anyhow::bail!("which pages, how many questions, how often?")
    };
    let pages: Vec<Page> = serde_json::from_slice(&std::fs::read(file).context(file.clone())?)?;
    let count: usize = count.parse()?;
    let mut measured = Vec::new();
    for _ in 0..runs.parse::<u32>()? {
        let mut stages: BTreeMap<Stage, f64> = BTreeMap::new();
        let started = Instant::now();
        let language = detect_language(&pages);
        let options = Options { count, language, seed: 1, avoid: Vec::new() };
        let detected = started.elapsed().as_secs_f64();
        let mut running: Option<(Stage, Instant)> = None;
        let mut ends = |next: Option<Stage>| {
            let now = Instant::now();
            if let Some((stage, since)) = running.take() {
                *stages.entry(stage).or_default() += (now - since).as_secs_f64();
            }
            running = next.map(|stage| (stage, now));
        };
        let generated = generate_watched(&pages, &options, &mut |stage| ends(Some(stage)));
        ends(None);
        let total = started.elapsed().as_secs_f64();
        let mut named: BTreeMap<String, f64> = BTreeMap::from([("Language".to_owned(), detected)]);
        named.extend(stages.into_iter().map(|(stage, seconds)| (format!("{stage:?}"), seconds)));
        measured.push(json!({
            "seconds": total,
            "stages": named,
            "questions": generated.questions.len(),
        }));
    }
    Ok(json!({ "runs": measured }))
}
