//! `cargo xtask test`: every check and test, each with its seconds, and one verdict at the end.

mod dependencies;
mod docs;
mod error_codes;
mod openapi;
mod running;
mod rust;

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use clap::{Args, ValueEnum};
use tokio::process::Command;

use crate::deploy::{self, Environment};
use crate::{project, tools, worker_build};

/// The checks, in the order they run: what is quick and tells most comes first.
const CHECKS: [&str; 15] = [
    "format",
    "docs",
    "tools",
    "clippy",
    "unit",
    "build",
    "deploy",
    "database",
    "end-to-end",
    "openapi",
    "story",
    "advisors",
    "chaos",
    "bench",
    "dependencies",
];

/// Which checks.
#[derive(Args)]
pub struct TestArgs {
    /// Only this check, and what it depends on (repeat it for several)
    #[arg(long, value_name = "NAME", value_parser = CHECKS)]
    only: Vec<String>,
}

/// How a check that did not fail ended.
pub enum Outcome {
    /// Everything was checked.
    Passed,
    /// Something could not be checked on this machine: the reason.
    Partly(String),
}

/// What became of one check.
struct Row {
    name: &'static str,
    took: Duration,
    result: Result<Outcome>,
}

/// All that ran so far.
struct Report {
    only: Vec<String>,
    rows: Vec<Row>,
}

impl Report {
    fn wants(&self, name: &str) -> bool {
        self.only.is_empty() || self.only.iter().any(|only| only == name)
    }

    /// Whether this check ran and failed.
    fn failed(&self, name: &str) -> bool {
        self.rows.iter().any(|row| row.name == name && row.result.is_err())
    }

    /// Runs a check, if it is wanted, and remembers how it ended: the others run even if it fails.
    async fn check(&mut self, name: &'static str, check: impl Future<Output = Result<Outcome>>) {
        if !self.wants(name) {
            return;
        }
        println!("\n── {name}");
        let started = Instant::now();
        let result = check.await;
        let took = started.elapsed();
        match &result {
            Ok(Outcome::Passed) => println!("✓ {name} {:.1} s", took.as_secs_f64()),
            Ok(Outcome::Partly(why)) => println!("✓ {name} {:.1} s, but {why}", took.as_secs_f64()),
            Err(error) => println!("✗ {name} {:.1} s: {error:#}", took.as_secs_f64()),
        }
        self.rows.push(Row { name, took, result });
    }

    /// Prints the table.
    ///
    /// # Errors
    /// When a check failed.
    fn close(self, started: Instant) -> Result<()> {
        println!("\n── summary");
        for Row { name, took, result } in &self.rows {
            let (mark, verdict) = match result {
                Ok(Outcome::Passed) => ("✓", "passed".to_owned()),
                Ok(Outcome::Partly(why)) => ("✓", format!("passed, but {why}")),
                Err(error) => ("✗", format!("failed: {}", first_line(&format!("{error:#}")))),
            };
            println!("{mark} {name:<14}{:>8.1} s  {verdict}", took.as_secs_f64());
        }
        let failed = self.rows.iter().filter(|row| row.result.is_err()).count();
        println!(
            "{} of {} checks passed in {:.0} s",
            self.rows.len() - failed,
            self.rows.len(),
            started.elapsed().as_secs_f64()
        );
        if failed > 0 {
            bail!("{failed} of {} checks failed", self.rows.len());
        }
        Ok(())
    }
}

fn first_line(text: &str) -> &str {
    text.lines().next().unwrap_or_default()
}

/// Runs the checks.
///
/// # Errors
/// When at least one of them failed.
pub async fn run(args: TestArgs) -> Result<()> {
    let root = project::root()?;
    let started = Instant::now();
    let mut report = Report { only: args.only, rows: Vec::new() };

    report.check("format", rust::format(&root)).await;
    report.check("docs", docs::check(&root)).await;
    // The end-to-end checks need the build, and both need the tools: a failure there is theirs too.
    report.check("tools", async { prepare(&root) }).await;
    report.check("clippy", rust::clippy(&root)).await;
    report.check("unit", rust::unit(&root)).await;
    report.check("build", async { build(&root) }).await;
    report.check("deploy", async { deploy(&root) }).await;
    // Only an interruption is an error here: whoever pressed Ctrl-C does not wait for the rest.
    running::check(&root, &mut report).await?;
    report.check("chaos", running::storm(&root)).await;
    report.check("bench", running::measurements(&root)).await;
    report.check("dependencies", dependencies::check(&root)).await;
    report.close(started)
}

fn prepare(root: &Path) -> Result<Outcome> {
    tools::prepare(root)?;
    Ok(Outcome::Passed)
}

fn build(root: &Path) -> Result<Outcome> {
    worker_build::build(root, &tools::prepare(root)?)?;
    Ok(Outcome::Passed)
}

/// What `cargo xtask deploy --dry-run` does, for every environment.
fn deploy(root: &Path) -> Result<Outcome> {
    for env in Environment::value_variants() {
        deploy::dry_run(root, *env)?;
    }
    Ok(Outcome::Passed)
}

/// Runs a program whose output is shown as it is.
///
/// # Errors
/// When it cannot be started or ends with a failure.
async fn run_shown(command: &mut Command) -> Result<Outcome> {
    let line = command_line(command);
    println!("$ {line}");
    let status = command
        .kill_on_drop(true)
        .status()
        .await
        .map_err(|error| anyhow::anyhow!("{line} cannot be started: {error}"))?;
    if !status.success() {
        bail!("{line} ended with {status}");
    }
    Ok(Outcome::Passed)
}

/// A command as one would type it. Its arguments may hold a local password, so those of
/// `--remote` are left out.
fn command_line(command: &Command) -> String {
    let command = command.as_std();
    std::iter::once(command.get_program())
        .chain(command.get_args())
        .map(|word| {
            let word = word.to_string_lossy();
            match word.strip_prefix("--remote=") {
                Some(_) => "--remote=…".to_owned(),
                None => word.into_owned(),
            }
        })
        .collect::<Vec<_>>()
        .join(" ")
}
