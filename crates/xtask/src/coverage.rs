//! `cargo xtask coverage`: line coverage of the pure crates.

use std::process::Command;

use anyhow::{Context, Result, bail};
use clap::Args;

use crate::{project, tools};

/// The crates whose every line a test without a network can reach.
const PURE_CRATES: [&str; 4] = ["mcq", "messaging", "openai", "pdf-text"];

/// What must be reached.
#[derive(Args)]
pub struct CoverageArgs {
    /// Per cent of lines below which this fails
    #[arg(long, default_value_t = 90)]
    fail_under: u8,
    /// Writes an HTML report, line by line, too
    #[arg(long)]
    html: bool,
}

/// Runs the tests of the pure crates and prints which share of their lines ran.
///
/// # Errors
/// When a test fails, or too few lines ran.
pub fn run(args: &CoverageArgs) -> Result<()> {
    let root = project::root()?;
    let cargo_llvm_cov = tools::cargo_llvm_cov(&root)?;
    let mut command = Command::new(&cargo_llvm_cov);
    command
        .arg("llvm-cov")
        .args(["--fail-under-lines", &args.fail_under.to_string()])
        .current_dir(&root);
    for package in PURE_CRATES {
        command.args(["--package", package]);
    }
    // Other crates of the workspace that the tests pull in are not what is measured.
    command
        .args(["--ignore-filename-regex", "(crates/(edge|supabase|xtask|local-supabase)|tests)/"]);
    if args.html {
        command.arg("--html");
    }
    let status = command.status().context("cargo-llvm-cov cannot be started")?;
    if !status.success() {
        bail!(
            "a test failed, or fewer than {} % of the lines of {} ran",
            args.fail_under,
            PURE_CRATES.join(", ")
        );
    }
    Ok(())
}
