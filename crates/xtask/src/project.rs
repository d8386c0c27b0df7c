//! Where things are: the project's folders, as every command sees them.

use std::fs::File;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

/// The folder that holds the workspace's `Cargo.toml`.
///
/// Cargo tells a program it runs where its package is; whoever starts the binary by hand is served
/// by walking up from the current folder.
///
/// # Errors
/// When neither leads to a folder with `wrangler.toml` and `Cargo.toml` in it.
pub fn root() -> Result<PathBuf> {
    let start = match std::env::var_os("CARGO_MANIFEST_DIR") {
        Some(package) => PathBuf::from(package),
        None => std::env::current_dir().context("the current folder cannot be read")?,
    };
    start
        .ancestors()
        .find(|folder| folder.join("Cargo.lock").is_file() && folder.join("crates").is_dir())
        .map(Path::to_path_buf)
        .context("this is not inside the Griot project: run it from the folder you cloned")
}

/// What the commands make and keep between runs: tools, logs, the local database. Never committed.
pub fn state(root: &Path) -> PathBuf {
    root.join(".griot")
}

/// Where long steps write what they would otherwise print.
pub fn logs(root: &Path) -> PathBuf {
    state(root).join("logs")
}

/// Waits until no other process holds this lock; holds it until what it answers with is dropped.
///
/// # Errors
/// When its file cannot be made.
pub fn lock(root: &Path, name: &str) -> Result<File> {
    std::fs::create_dir_all(state(root))?;
    let path = state(root).join(format!("{name}.lock"));
    let file = File::create(&path).with_context(|| format!("{} cannot be made", path.display()))?;
    file.lock()?;
    Ok(file)
}

/// A program that npm installed.
pub fn npm_program(root: &Path, name: &str) -> PathBuf {
    root.join("node_modules").join(".bin").join(name)
}

/// Cargo's output folder, which `CARGO_TARGET_DIR` may have moved.
pub fn target(root: &Path) -> PathBuf {
    match std::env::var_os("CARGO_TARGET_DIR") {
        Some(folder) => root.join(folder),
        None => root.join("target"),
    }
}
