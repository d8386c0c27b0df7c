//! `cargo xtask bench`: Griot measured beside what a team would otherwise use. Each measurement is a
//! script of `benches/`, run by Node.js apart from what it measures; this starts what they need, reads
//! what they found and writes it down. Nothing is asserted: machines differ.

mod report;
mod rig;

use std::path::Path;
use std::process::Stdio;

use anyhow::{Context, Result, anyhow, bail};
use clap::Args;
use local_supabase::{StackEnv, node};
use serde_json::{Value, json};
use tokio::process::Command;
use tokio::signal::unix::{SignalKind, signal};

use crate::project;
use crate::step::Step;
use report::{Entry, Results};
use rig::{Needs, Rig};

/// What can be measured, in the order of a whole run, and what it needs besides the built Worker.
const BENCHES: [(&str, &[Needs]); 13] = [
    ("pdf", &[Needs::Native]),
    ("pdf-quality", &[]),
    ("questions", &[Needs::Native]),
    ("cold", &[Needs::Stack]),
    ("auth", &[Needs::Native, Needs::Stack, Needs::Processes]),
    ("send", &[Needs::Stack, Needs::Processes]),
    ("submit", &[Needs::Stack]),
    ("cpu", &[Needs::Stack]),
    ("memory", &[Needs::Stack]),
    ("students", &[Needs::Stack, Needs::Processes]),
    ("overview", &[Needs::Stack, Needs::Processes]),
    ("latency", &[Needs::Stack]),
    ("growth", &[Needs::Stack]),
];

/// What to measure, and how.
#[derive(Args)]
pub struct BenchArgs {
    /// Only these; all without a name
    #[arg(value_name = "NAME", value_parser = BENCHES.map(|(name, _)| name))]
    names: Vec<String>,
    /// Prints benches/results.json on the standard output
    #[arg(long)]
    json: bool,
    /// As short and small as shows that it works: the figures mean nothing and are not kept
    #[arg(long)]
    quick: bool,
}

/// Measures, and writes `benches/RESULTS.md` and `benches/results.json`; what was not measured this
/// time stays as it was there.
///
/// # Errors
/// When something could not be started, a call was not answered with a success, or two answers that
/// should agree did not.
pub async fn run(args: BenchArgs) -> Result<()> {
    let root = project::root()?;
    let results = measure(&root, &args.names, args.quick).await?;
    if args.json {
        println!("{}", serde_json::to_string_pretty(&results)?);
    }
    Ok(())
}

/// All of it in its short form, for `cargo xtask test`.
///
/// # Errors
/// As [`run`].
pub async fn quick(root: &Path) -> Result<()> {
    measure(root, &[], true).await.map(|_| ())
}

async fn measure(root: &Path, names: &[String], quick: bool) -> Result<Results> {
    if StackEnv::from_environment()?.is_some() {
        bail!("SUPABASE_URL is set: this fills a database with invented people, so unset it");
    }
    let wanted: Vec<_> = BENCHES
        .into_iter()
        .filter(|(name, _)| names.is_empty() || names.iter().any(|wanted| wanted == name))
        .collect();
    let folder = match quick {
        true => project::state(root).join("bench"),
        false => root.join("benches"),
    };
    std::fs::create_dir_all(&folder)?;
    let mut results = match quick {
        true => Results::default(),
        false => Results::read(&folder)?,
    };
    let mut terminated = signal(SignalKind::terminate())?;
    // Each has a database of its own: what one leaves there would change what the next measures.
    let together = if quick { wanted.len() } else { 1 };
    for wanted in wanted.chunks(together) {
        let needs: Vec<_> = wanted.iter().flat_map(|(_, needs)| needs.iter().copied()).collect();
        let rig = Rig::start(root, &needs, quick).await?;
        let outcome = tokio::select! {
            outcome = all(root, &rig, wanted, quick, &folder, &mut results) => outcome,
            interrupted = tokio::signal::ctrl_c() => {
                interrupted.map_err(Into::into).and_then(|()| bail!("interrupted"))
            }
            // The stack takes this signal too, for its own end: without it here a measurement would go on beside it.
            _ = terminated.recv() => Err(anyhow!("terminated")),
        };
        rig.stop().await;
        outcome?;
    }
    eprintln!("  {}", folder.join("RESULTS.md").display());
    Ok(results)
}

async fn all(
    root: &Path,
    rig: &Rig,
    wanted: &[(&'static str, &[Needs])],
    quick: bool,
    folder: &Path,
    results: &mut Results,
) -> Result<()> {
    for (name, _) in wanted {
        let entry = one(root, rig, name, quick).await.with_context(|| format!("bench {name}"))?;
        results.add(name, entry);
        // What follows may fail.
        results.write(folder, &BENCHES.map(|(name, _)| name))?;
    }
    Ok(())
}

/// Runs one script and reads the object that it prints.
async fn one(root: &Path, rig: &Rig, name: &str, quick: bool) -> Result<Entry> {
    let mut given = rig.given.clone();
    if let Some(given) = given.as_object_mut() {
        given.insert("quick".to_owned(), json!(quick));
    }
    let step = Step::start(format!("measuring {name}"));
    let output = Command::new(node(root)?)
        .arg(root.join("benches").join(format!("{name}.mjs")))
        .env("GRIOT_BENCH", given.to_string())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        // `output` would keep what it tells on the way until it ends.
        .spawn()
        .context("Node.js cannot be started")?
        .wait_with_output()
        .await
        .context("Node.js cannot be started")?;
    if !output.status.success() {
        bail!("the measurement ended with {}", output.status);
    }
    let printed: Value =
        serde_json::from_slice(&output.stdout).context("the measurement printed no JSON")?;
    let entry = Entry::read(printed)?;
    step.done(&entry.headline());
    Ok(entry)
}
