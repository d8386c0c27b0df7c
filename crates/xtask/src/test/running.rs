//! The checks that need a running project: pgTAP, end to end, and Supabase's own advisors.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use local_supabase::{StackEnv, node, run_pgtap};
use tokio::process::Command;

use super::{Outcome, Report, openapi, run_shown};
use crate::stack::{self, Stack};
use crate::{bench, chaos, project, story, tools, worker_build};

/// Where the tests are that Node.js runs: the compiled document module, the database over HTTP,
/// supabase-js, the Worker.
const END_TO_END: [&str; 3] = ["crates/document-module", "supabase/tests/http", "tests"];
/// Tests that run one file after the other, when the rest are done: they make a service fail, or script
/// what a provider answers to whatever comes next.
const ALONE: [&str; 2] = ["tests/messages", "tests/operation"];

/// The checks of this file.
const NAMES: [&str; 5] = ["database", "end-to-end", "openapi", "story", "advisors"];

/// Starts a stack of its own, apart from the one that `dev` runs, lets the checks use it, stops it.
///
/// # Errors
/// When it was interrupted: the checks that failed are in the report.
pub async fn check(root: &Path, report: &mut Report) -> Result<()> {
    if !NAMES.iter().any(|name| report.wants(name)) {
        return Ok(());
    }
    let ready = if report.failed("build") {
        Err(anyhow::anyhow!("the Worker was not built"))
    } else {
        start(root).await
    };
    let mut stack = match ready {
        Ok(stack) => stack,
        Err(error) => {
            // Each wanted check says so itself: none of them may seem to have passed.
            let why = format!("{error:#}");
            for name in NAMES {
                let why = why.clone();
                report.check(name, async move { bail!("the stack did not start: {why}") }).await;
            }
            return Ok(());
        }
    };
    let env = stack.env().clone();
    let environment = stack.environment().clone();
    let served = stack
        .serve(async {
            report.check("database", database(root, &env)).await;
            report.check("end-to-end", end_to_end(root, &environment)).await;
            report.check("openapi", openapi::check(root, &environment)).await;
            report.check("story", demo(root, &environment)).await;
            report.check("advisors", advisors(root, &env)).await;
            Ok(())
        })
        .await;
    stack.stop().await;
    served
}

async fn start(root: &Path) -> Result<Stack> {
    worker_build::build(root, &tools::prepare(root)?)?;
    stack::start_for_tests(root).await
}

/// pgTAP over `supabase/tests/database`.
async fn database(root: &Path, env: &StackEnv) -> Result<Outcome> {
    if env.database_url.is_none() {
        return Ok(Outcome::Partly("not run: DATABASE_URL is not set".to_owned()));
    }
    run_pgtap(env, &root.join("supabase/tests/database")).await?.check()?;
    Ok(Outcome::Passed)
}

/// supabase-js and plain HTTP against the stack, the Worker in workerd.
async fn end_to_end(root: &Path, environment: &BTreeMap<String, String>) -> Result<Outcome> {
    let mut together = Vec::new();
    for folder in END_TO_END {
        test_files(&root.join(folder), &mut together)?;
    }
    let (mut alone, together): (Vec<_>, Vec<_>) = together
        .into_iter()
        .partition(|file| ALONE.iter().any(|folder| file.starts_with(root.join(folder))));
    alone.sort();
    let mut outcome = node_tests(root, environment, together).await;
    for file in alone {
        outcome = outcome.and(node_tests(root, environment, vec![file]).await);
    }
    outcome
}

/// Runs these tests, several files at a time.
async fn node_tests(
    root: &Path,
    environment: &BTreeMap<String, String>,
    mut files: Vec<PathBuf>,
) -> Result<Outcome> {
    if files.is_empty() {
        bail!("there is no end-to-end test in {}", END_TO_END.join(", "));
    }
    files.sort();
    let files = files.iter().map(|file| file.strip_prefix(root).unwrap_or(file));
    run_shown(
        Command::new(node(root)?)
            .args(["--test", "--test-reporter=spec"])
            .args(files)
            .envs(environment)
            .current_dir(root),
    )
    .await
}

/// What `cargo xtask demo` plays, so that it cannot rot.
async fn demo(root: &Path, environment: &BTreeMap<String, String>) -> Result<Outcome> {
    let told = story::play(environment, &root.join("masterclass/masterclass.pdf")).await?;
    if told.questions.len() != 10 || told.students.len() != 2 {
        bail!("{} questions and {} students", told.questions.len(), told.students.len());
    }
    Ok(Outcome::Passed)
}

/// A short storm over the outbox, in a stack of its own.
pub async fn storm(root: &Path) -> Result<Outcome> {
    chaos::short(root).await?;
    Ok(Outcome::Passed)
}

/// Every measurement in its short form: that it runs, and that answers agree.
pub async fn measurements(root: &Path) -> Result<Outcome> {
    bench::quick(root).await?;
    Ok(Outcome::Passed)
}

/// All `*.test.mjs` of a folder and those inside it.
fn test_files(folder: &Path, found: &mut Vec<PathBuf>) -> Result<()> {
    let Ok(entries) = std::fs::read_dir(folder) else {
        return Ok(());
    };
    for entry in entries {
        let path = entry?.path();
        if path.is_dir() {
            test_files(&path, found)?;
        } else if path.to_string_lossy().ends_with(".test.mjs") {
            found.push(path);
        }
    }
    Ok(())
}

/// `supabase db advisors` and `supabase db lint`, which need no Docker when told the address.
async fn advisors(root: &Path, env: &StackEnv) -> Result<Outcome> {
    let Some(database) = env.database_url.as_deref() else {
        return Ok(Outcome::Partly("not run: DATABASE_URL is not set".to_owned()));
    };
    let advised = run_shown(&mut supabase(
        root,
        database,
        &["db", "advisors", "--level", "warn", "--fail-on", "warn"],
    ))
    .await;
    let linted = lint(root, database).await;
    advised?;
    linted
}

/// `supabase db lint` reads PL/pgSQL with the extension plpgsql_check, which this PostgreSQL may
/// lack.
async fn lint(root: &Path, database: &str) -> Result<Outcome> {
    println!("$ supabase db lint --remote=…");
    let output = supabase(root, database, &["db", "lint", "--fail-on", "warning"])
        .output()
        .await
        .context("the supabase CLI cannot be started")?;
    let said = format!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    println!("{}", said.trim());
    if output.status.success() {
        Ok(Outcome::Passed)
    } else if said.contains("plpgsql_check") {
        Ok(Outcome::Partly(
            "`supabase db lint` was not run: this PostgreSQL has no plpgsql_check".to_owned(),
        ))
    } else {
        bail!("`supabase db lint` ended with {}", output.status)
    }
}

fn supabase(root: &Path, database: &str, arguments: &[&str]) -> Command {
    let mut command = Command::new(project::npm_program(root, "supabase"));
    command
        .args(arguments)
        .arg(format!("--remote={database}"))
        .env("PGSSLMODE", "disable")
        .env("DO_NOT_TRACK", "1")
        .env("SUPABASE_TELEMETRY_DISABLED", "1")
        .current_dir(root)
        .kill_on_drop(true);
    command
}
