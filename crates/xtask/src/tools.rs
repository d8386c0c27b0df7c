//! What a fresh machine lacks, installed by our own commands.
//!
//! A prebuilt program is tried first. Where it cannot be fetched (no release for this machine, no
//! way to the host) cargo builds the same version from its registry. Either way the program stays
//! under `.griot/tools/<name>-<version>`, so neither is tried again. `wasm-opt` and `esbuild`
//! come prebuilt with the npm packages.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

use crate::step::Step;
use crate::{project, stamp};

/// The version whose output `functions/gateway/entry.mjs` is written for; in step with the
/// `worker` crate.
const WORKER_BUILD: &str = "0.8.7";
/// Checks licences, bans, sources and advisories.
const CARGO_DENY: &str = "0.20.2";
/// Measures line coverage.
const CARGO_LLVM_COV: &str = "0.9.1";
/// Drives libFuzzer.
const CARGO_FUZZ: &str = "0.13.2";

/// What the build of the Worker needs besides cargo.
pub struct BuildTools {
    /// Compiles `functions/gateway` and writes the JavaScript around it.
    pub worker_build: PathBuf,
    /// Exactly the version of the library in `Cargo.lock`.
    pub wasm_bindgen: PathBuf,
    /// From npm `binaryen`.
    pub wasm_opt: PathBuf,
    /// From npm.
    pub esbuild: PathBuf,
}

/// Prepares everything that building the Worker and running the stack need.
///
/// # Errors
/// When something is missing that this command cannot install: the message says what to do.
pub fn prepare(root: &Path) -> Result<BuildTools> {
    wasm_target()?;
    npm_packages(root)?;
    let version = locked_version(root, "wasm-bindgen")?;
    let tools = BuildTools {
        worker_build: cargo_tool(root, "worker-build", WORKER_BUILD, "worker-build", None)?,
        wasm_bindgen: cargo_tool(
            root,
            "wasm-bindgen-cli",
            &version,
            "wasm-bindgen",
            wasm_bindgen_release(&version).as_deref(),
        )?,
        wasm_opt: project::npm_program(root, "wasm-opt"),
        esbuild: project::npm_program(root, "esbuild"),
    };
    // Only of use while tools are compiled, and large.
    let scratch = scratch(root);
    if scratch.exists() {
        std::fs::remove_dir_all(&scratch)
            .with_context(|| format!("{} cannot be removed", scratch.display()))?;
    }
    Ok(tools)
}

/// cargo-deny, for `cargo xtask test` alone.
///
/// # Errors
/// When it can neither be fetched nor built.
pub fn cargo_deny(root: &Path) -> Result<PathBuf> {
    let release = linux_triple().map(|triple| {
        format!(
            "https://github.com/EmbarkStudios/cargo-deny/releases/download/{CARGO_DENY}/cargo-deny-{CARGO_DENY}-{triple}.tar.gz"
        )
    });
    cargo_tool(root, "cargo-deny", CARGO_DENY, "cargo-deny", release.as_deref())
}

/// cargo-llvm-cov, and the LLVM tools of this toolchain that it reads profiles with.
///
/// # Errors
/// When either cannot be installed.
pub fn cargo_llvm_cov(root: &Path) -> Result<PathBuf> {
    let installed = Command::new("rustup")
        .args(["component", "add", "llvm-tools"])
        .stdin(Stdio::null())
        .output();
    match installed {
        Ok(output) if output.status.success() => {}
        Ok(output) => bail!(
            "rustup cannot add the component llvm-tools: {}",
            String::from_utf8_lossy(&output.stderr).trim()
        ),
        Err(_) => bail!(
            "coverage needs the component llvm-tools, and rustup is not installed: get Rust from https://rustup.rs"
        ),
    }
    let release = linux_triple().map(|triple| {
        format!(
            "https://github.com/taiki-e/cargo-llvm-cov/releases/download/v{CARGO_LLVM_COV}/cargo-llvm-cov-{triple}.tar.gz"
        )
    });
    cargo_tool(root, "cargo-llvm-cov", CARGO_LLVM_COV, "cargo-llvm-cov", release.as_deref())
}

/// cargo-fuzz.
///
/// # Errors
/// When it cannot be built.
pub fn cargo_fuzz(root: &Path) -> Result<PathBuf> {
    cargo_tool(root, "cargo-fuzz", CARGO_FUZZ, "cargo-fuzz", None)
}

/// Whether a program answers `--version`.
pub fn is_installed(program: &str) -> bool {
    Command::new(program)
        .arg("--version")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

/// Makes sure that Rust can compile for wasm32-unknown-unknown.
fn wasm_target() -> Result<()> {
    let library = Command::new("rustc")
        .args(["--print", "target-libdir", "--target", "wasm32-unknown-unknown"])
        .output()
        .context("rustc cannot be started: get Rust from https://rustup.rs")?;
    if Path::new(String::from_utf8_lossy(&library.stdout).trim()).is_dir() {
        return Ok(());
    }
    let step = Step::start("adding the Rust target wasm32-unknown-unknown");
    let added = Command::new("rustup")
        .args(["target", "add", "wasm32-unknown-unknown"])
        .stdin(Stdio::null())
        .output();
    match added {
        Ok(output) if output.status.success() => {
            step.done("");
            Ok(())
        }
        Ok(output) => bail!(
            "rustup cannot add the target wasm32-unknown-unknown: {}",
            String::from_utf8_lossy(&output.stderr).trim()
        ),
        Err(_) => bail!(
            "the Rust target wasm32-unknown-unknown is missing and rustup is not installed: get Rust from https://rustup.rs, or install your system's package of that target"
        ),
    }
}

/// Makes `node_modules` equal to `package-lock.json`; does nothing when it already is.
fn npm_packages(root: &Path) -> Result<()> {
    let mut fingerprint = stamp::Fingerprint::new();
    fingerprint.add(&root.join("package.json"))?;
    fingerprint.add(&root.join("package-lock.json"))?;
    let fingerprint = fingerprint.finish();
    // Inside the folder it speaks of: whoever deletes node_modules deletes it too.
    let stamp = root.join("node_modules").join(".griot-installed");
    if stamp::is_current(&stamp, &fingerprint) {
        return Ok(());
    }
    if !is_installed("npm") {
        bail!(
            "npm is not installed: get Node.js 20 or newer, which brings it, from https://nodejs.org or your system's packages"
        );
    }
    let step = Step::start("installing npm packages");
    step.run(
        Command::new("npm").args(["ci", "--no-audit", "--no-fund"]).current_dir(root),
        &project::logs(root).join("npm-ci.log"),
    )
    .context("the npm packages cannot be installed: is the npm registry within reach?")?;
    stamp::write(&stamp, &fingerprint)?;
    step.done("");
    Ok(())
}

/// A program of a crate, in exactly this version: the one on the PATH, the one installed before,
/// its release, or built by cargo, whichever comes first.
fn cargo_tool(
    root: &Path,
    package: &str,
    version: &str,
    program: &str,
    release: Option<&str>,
) -> Result<PathBuf> {
    let folder = tools(root).join(format!("{package}-{version}"));
    let installed = folder.join("bin").join(program);
    if installed.is_file() {
        return Ok(installed);
    }
    if let Some(found) = on_the_path(program, version) {
        return Ok(found);
    }
    let step = Step::start(format!("installing {package} {version}"));
    if let Some(url) = release {
        step.say("fetching its release");
        if fetch_release(url, &folder, program).is_ok() && installed.is_file() {
            step.done("its release");
            return Ok(installed);
        }
    }
    // Unoptimised and without debug information: it compiles in a third of the time, and what
    // these tools do takes them seconds. One folder for all, as they share dependencies.
    let log = project::logs(root).join(format!("install-{package}.log"));
    let install = |lock: &[&str]| {
        step.run(
            Command::new("cargo")
                .args(["install", "--debug", "--version", version, package])
                .args(lock)
                .arg("--root")
                .arg(&folder)
                .env("CARGO_TARGET_DIR", scratch(root))
                .env("CARGO_PROFILE_DEV_DEBUG", "0")
                .current_dir(root),
            &log,
        )
    };
    // A registry's mirror may lack a version that the tool's own lock file names: cargo says so
    // before it compiles anything, and then chooses others.
    install(&["--locked"]).or_else(|_| install(&[])).with_context(|| {
        format!("{package} {version} can neither be fetched nor built: is crates.io within reach?")
    })?;
    step.done("built by cargo");
    Ok(installed)
}

/// Downloads an archive and takes one program out of it. Gives up at once where there is no way
/// to the host, since the fallback is ready.
fn fetch_release(url: &str, folder: &Path, program: &str) -> Result<()> {
    let unpacked = folder.join("release");
    std::fs::create_dir_all(&unpacked)?;
    let archive = unpacked.join("archive.tar.gz");
    let fetched = Command::new("curl")
        .args(["--silent", "--fail", "--location", "--connect-timeout", "3"])
        .args(["--max-time", "120", "--output"])
        .arg(&archive)
        .arg(url)
        .status()?
        .success();
    let taken = fetched
        && Command::new("tar")
            .arg("-xzf")
            .arg(&archive)
            .arg("-C")
            .arg(&unpacked)
            .status()?
            .success();
    if taken && let Some(found) = find(&unpacked, program)? {
        std::fs::create_dir_all(folder.join("bin"))?;
        std::fs::rename(found, folder.join("bin").join(program))?;
    }
    std::fs::remove_dir_all(&unpacked)?;
    Ok(())
}

/// A file of this name in a folder or in those inside it.
fn find(folder: &Path, name: &str) -> Result<Option<PathBuf>> {
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            if let Some(found) = find(&path, name)? {
                return Ok(Some(found));
            }
        } else if path.file_name().is_some_and(|file| file == name) {
            return Ok(Some(path));
        }
    }
    Ok(None)
}

/// A program on the PATH, if it is of this version.
fn on_the_path(program: &str, version: &str) -> Option<PathBuf> {
    let output = Command::new(program)
        .arg("--version")
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .output()
        .ok()?;
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    (output.status.success() && said.split_whitespace().any(|word| word == version))
        .then(|| PathBuf::from(program))
}

/// The version of a package in `Cargo.lock`.
pub fn locked_version(root: &Path, package: &str) -> Result<String> {
    let lock = std::fs::read_to_string(root.join("Cargo.lock"))
        .context("Cargo.lock cannot be read: run `cargo generate-lockfile`")?;
    version_in(&lock, package)
        .with_context(|| format!("Cargo.lock names no {package}: does the gateway still use it?"))
}

/// Finds `version = "…"` below `name = "<package>"`, as cargo writes its lock file.
fn version_in(lock: &str, package: &str) -> Option<String> {
    let name = format!("name = \"{package}\"");
    lock.lines()
        .skip_while(|line| *line != name)
        .nth(1)?
        .strip_prefix("version = \"")?
        .strip_suffix('"')
        .map(str::to_owned)
}

/// Where wasm-bindgen publishes its programs for this machine.
fn wasm_bindgen_release(version: &str) -> Option<String> {
    let triple = match (std::env::consts::OS, std::env::consts::ARCH) {
        ("macos", "aarch64") => "aarch64-apple-darwin",
        ("macos", "x86_64") => "x86_64-apple-darwin",
        _ => linux_triple()?,
    };
    Some(format!(
        "https://github.com/wasm-bindgen/wasm-bindgen/releases/download/{version}/wasm-bindgen-{version}-{triple}.tar.gz"
    ))
}

/// The statically linked Linux target of this machine, under which Rust tools are published.
fn linux_triple() -> Option<&'static str> {
    match (std::env::consts::OS, std::env::consts::ARCH) {
        ("linux", "x86_64") => Some("x86_64-unknown-linux-musl"),
        ("linux", "aarch64") => Some("aarch64-unknown-linux-musl"),
        _ => None,
    }
}

fn tools(root: &Path) -> PathBuf {
    project::state(root).join("tools")
}

/// Cargo's output while tools are compiled.
fn scratch(root: &Path) -> PathBuf {
    tools(root).join("target")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_of_a_package_is_read_from_the_lock_file_and_not_that_of_a_longer_name() {
        let lock = "[[package]]\nname = \"wasm-bindgen-macro\"\nversion = \"0.1.0\"\n\n\
                    [[package]]\nname = \"wasm-bindgen\"\nversion = \"0.2.130\"\n";
        assert_eq!(version_in(lock, "wasm-bindgen").as_deref(), Some("0.2.130"));
        assert_eq!(version_in(lock, "worker"), None);
    }

    #[test]
    fn a_program_on_the_path_is_taken_only_in_the_version_that_is_asked_for() {
        assert!(on_the_path("cargo", "0.0.1").is_none());
        assert!(on_the_path("griot-no-such-program", "1.0.0").is_none());
    }
}
