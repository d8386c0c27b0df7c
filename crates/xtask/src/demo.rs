//! `cargo xtask demo`: from a PDF to graded tests, on a machine that has only Rust and Node.js.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use clap::Args;
use local_supabase::StackEnv;

use crate::stack::{self, Stack};
use crate::story::{self, Told};
use crate::{project, tools, worker_build};

/// What the demo reads and how it answers.
#[derive(Args)]
pub struct DemoArgs {
    /// The course to make questions from; a French one of our own without it
    #[arg(long, value_name = "FILE")]
    pub pdf: Option<PathBuf>,
    /// Prints one JSON object and nothing else on the standard output
    #[arg(long)]
    pub json: bool,
    /// Leaves the stack running at the end
    #[arg(long)]
    pub keep: bool,
}

/// Prepares the machine, starts the stack, plays the story and stops what it started.
///
/// # Errors
/// The first step that failed, with what to do about it.
pub async fn run(args: DemoArgs) -> Result<()> {
    let root = project::root()?;
    let pdf = args.pdf.unwrap_or_else(|| root.join("masterclass/masterclass.pdf"));
    if !pdf.is_file() {
        bail!("there is no file {}", pdf.display());
    }

    let mut prepared = Vec::new();
    let started = Instant::now();
    let tools = tools::prepare(&root)?;
    prepared.push(("Tools are installed", started.elapsed()));
    let started = Instant::now();
    worker_build::build(&root, &tools)?;
    prepared.push(("The Worker is built", started.elapsed()));
    let started = Instant::now();
    let mut stack = start(&root, args.keep).await?;
    prepared.push(("The stack is started", started.elapsed()));

    let told = tell(&mut stack, &pdf, prepared).await;
    if args.keep {
        eprintln!("The stack runs until `cargo xtask stop`: {}", stack.env().supabase_url);
    }
    stack.stop().await;
    let told = told?;
    if args.json {
        println!("{}", serde_json::to_string(&told)?);
    } else {
        told.print();
    }
    Ok(())
}

/// The stack, as a process of its own if it is to stay.
async fn start(root: &Path, keep: bool) -> Result<Stack> {
    if keep && StackEnv::from_environment()?.is_none() {
        stack::leave_running(root).await?;
    }
    stack::start(root).await
}

async fn tell(
    stack: &mut Stack,
    pdf: &Path,
    prepared: Vec<(&'static str, Duration)>,
) -> Result<Told> {
    let environment = stack.environment().clone();
    let mut told = stack.serve(story::play(&environment, pdf)).await?;
    // What came before the story comes first.
    let after = std::mem::take(&mut told.steps);
    for (name, took) in prepared {
        told.record(name.to_owned(), took);
    }
    told.steps.extend(after);
    Ok(told)
}
