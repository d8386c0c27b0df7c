//! Format, clippy, and the tests that need nothing but cargo.

use std::path::Path;

use anyhow::Result;
use tokio::process::Command;

use super::{Outcome, run_shown};
use crate::tools;

/// What is compiled for the Worker, and so must be clean there too.
const WASM_PACKAGES: [&str; 2] = ["gateway", "document-module"];

/// Every file is as rustfmt writes it; those that are not are listed.
pub async fn format(root: &Path) -> Result<Outcome> {
    run_shown(Command::new("cargo").args(["fmt", "--all", "--check", "--", "-l"]).current_dir(root))
        .await
}

/// No warning, natively and for wasm32: code behind `cfg(target_arch)` is seen by only one of them.
pub async fn clippy(root: &Path) -> Result<Outcome> {
    let native = run_shown(
        Command::new("cargo")
            .args(["clippy", "--workspace", "--all-targets", "--locked", "--keep-going"])
            .args(["--", "-D", "warnings"])
            .current_dir(root),
    )
    .await;
    let mut wasm = Command::new("cargo");
    wasm.args(["clippy", "--locked", "--target", "wasm32-unknown-unknown"]);
    for package in WASM_PACKAGES {
        wasm.args(["--package", package]);
    }
    let wasm = run_shown(wasm.args(["--", "-D", "warnings"]).current_dir(root)).await;
    native.and(wasm)
}

/// Unit, property and in-process function tests of the whole workspace.
pub async fn unit(root: &Path) -> Result<Outcome> {
    let mut command = Command::new("cargo");
    if tools::is_installed("cargo-nextest") {
        command.args(["nextest", "run", "--workspace", "--locked", "--no-fail-fast"]);
        // A test that is retried until it passes is a test that fails.
        command.args(["--retries", "0"]);
    } else {
        command.args(["test", "--workspace", "--all-targets", "--locked", "--no-fail-fast"]);
    }
    run_shown(command.current_dir(root)).await?;
    run_shown(
        Command::new("cargo").args(["test", "--workspace", "--doc", "--locked"]).current_dir(root),
    )
    .await
}
