//! `cargo xtask fuzz`: runs the fuzz targets, each for the same time.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};
use clap::Args;

use crate::{project, tools};

/// How long and which.
#[derive(Args)]
pub struct FuzzArgs {
    /// Seconds for each target
    #[arg(long, default_value_t = 60)]
    seconds: u32,
    /// Only this target
    target: Option<String>,
}

/// Runs the targets one after the other; a finding ends it, with its input under `artifacts/`.
///
/// # Errors
/// When a target finds something, or cannot be built.
pub fn run(args: &FuzzArgs) -> Result<()> {
    let root = project::root()?;
    let all = targets(&root)?;
    let chosen: Vec<_> = all
        .iter()
        .filter(|(_, name)| args.target.as_ref().is_none_or(|target| target == name))
        .collect();
    if chosen.is_empty() {
        let names: Vec<_> = all.iter().map(|(_, name)| name.as_str()).collect();
        bail!("no such fuzz target; there are: {}", names.join(", "));
    }
    let cargo_fuzz = tools::cargo_fuzz(&root)?;
    for (folder, name) in chosen {
        eprintln!("fuzzing {name} for {} s", args.seconds);
        let mut command = Command::new(&cargo_fuzz);
        command
            .args(["fuzz", "run", "--fuzz-dir"])
            .arg(folder)
            .arg(name)
            .arg("--")
            .arg(format!("-max_total_time={}", args.seconds))
            .current_dir(&root)
            // The sanitizer is an unstable option of the compiler; this lets any toolchain use it.
            .env("RUSTC_BOOTSTRAP", "1");
        let status = command.status().context("cargo-fuzz cannot be started")?;
        if !status.success() {
            bail!(
                "{name} found something or could not be built: the inputs that show it are in {}",
                folder.join("artifacts").join(name).display()
            );
        }
    }
    Ok(())
}

/// The fuzz targets of all crates: their `fuzz` folder and their name.
fn targets(root: &Path) -> Result<Vec<(PathBuf, String)>> {
    let mut found = Vec::new();
    for parent in ["crates", "functions"] {
        for entry in std::fs::read_dir(root.join(parent))? {
            let folder = entry?.path().join("fuzz");
            let Ok(sources) = std::fs::read_dir(folder.join("fuzz_targets")) else {
                continue;
            };
            for source in sources {
                let source = source?.path();
                if source.extension().is_some_and(|extension| extension == "rs")
                    && let Some(name) = source.file_stem()
                {
                    found.push((folder.clone(), name.to_string_lossy().into_owned()));
                }
            }
        }
    }
    found.sort();
    Ok(found)
}
