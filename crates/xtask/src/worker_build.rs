//! Builds what is deployed: the Worker (`build/index.js`, `build/index_bg.wasm`) and the document
//! module (`build/document.wasm`), and holds them to their sizes.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};
use flate2::Compression;
use flate2::write::GzEncoder;

use crate::step::Step;
use crate::tools::BuildTools;
use crate::{project, stamp};

/// All wasm, gzipped: start-up within a second and a paid plan's limit of 10 MB are both far away
/// at this size; the free plan's 3 MB stays in reach.
const MAX_TOTAL_GZIPPED: u64 = 2_000_000;
/// What is instantiated for a request that touches no document, gzipped.
const MAX_WORKER_GZIPPED: u64 = 700_000;

/// What rustc and wasm-bindgen use of wasm; nothing else, so that workerd knows what it gets.
const WASM_FEATURES: [&str; 7] = [
    "--enable-bulk-memory",
    "--enable-exception-handling",
    "--enable-multivalue",
    "--enable-mutable-globals",
    "--enable-nontrapping-float-to-int",
    "--enable-reference-types",
    "--enable-sign-ext",
];

/// What makes a module small once it is gzipped. Of one generic function there are many instances that
/// differ little: in the order of their names they lie side by side, where gzip finds what they have
/// in common. So large functions are not merged into the only one that calls them.
const SMALL: [&str; 4] = [
    "--one-caller-inline-max-function-size=20",
    "--reorder-functions-by-name",
    "--strip-debug",
    "--strip-producers",
];

/// Where the built Worker is, relative to the project.
const OUTPUT: &str = "build";

/// Builds the Worker and the document module unless their sources are those of the last build.
///
/// # Errors
/// When a compiler or one of its tools fails, or when the result is larger than declared.
pub fn build(root: &Path, tools: &BuildTools) -> Result<()> {
    let parts = [document_module(root, tools)?, worker(root, tools)?].concat();
    // Apart from the parts: what is too large is measured again each time, and not built again.
    let stamp = project::state(root).join("stamps/sizes");
    if !stamp::is_current(&stamp, &parts) {
        check_sizes(&root.join(OUTPUT))?;
        stamp::write(&stamp, &parts)?;
    }
    Ok(())
}

/// Compiles `crates/document-module`, a wasm module of its own, and lets wasm-opt shrink it.
/// Answers with the fingerprint of its sources.
fn document_module(root: &Path, tools: &BuildTools) -> Result<String> {
    let built = root.join(OUTPUT).join("document.wasm");
    let file = project::state(root).join("stamps/document");
    let fingerprint =
        fingerprint(root, &["crates/document-module", "crates/mcq", "crates/pdf-text"])?;
    if built.is_file() && stamp::is_current(&file, &fingerprint) {
        return Ok(fingerprint);
    }
    let step = Step::start("building the document module");
    step.run(
        Command::new("cargo")
            .args(["build", "--release", "--package", "document-module"])
            .args(["--target", "wasm32-unknown-unknown"])
            .env("CARGO_ENCODED_RUSTFLAGS", rustflags())
            .current_dir(root),
        &project::logs(root).join("build-document-module.log"),
    )?;
    let compiled =
        project::target(root).join("wasm32-unknown-unknown/release/document_module.wasm");
    std::fs::create_dir_all(root.join(OUTPUT))?;
    step.say("wasm-opt");
    step.run(
        Command::new(&tools.wasm_opt)
            .arg(&compiled)
            .arg("-O3")
            .args(SMALL)
            .args(WASM_FEATURES)
            .arg("-o")
            .arg(&built),
        &project::logs(root).join("wasm-opt-document-module.log"),
    )?;
    stamp::write(&file, &fingerprint)?;
    step.done("");
    Ok(fingerprint)
}

/// Compiles `functions/gateway` with worker-build. Answers with the fingerprint of its sources.
fn worker(root: &Path, tools: &BuildTools) -> Result<String> {
    let built = root.join(OUTPUT).join("index.js");
    let file = project::state(root).join("stamps/worker");
    let fingerprint = fingerprint(
        root,
        &[
            "crates/edge",
            "crates/http-call",
            "crates/mcq",
            "crates/messaging",
            "crates/openai",
            "crates/pdf-text",
            "crates/resend",
            "crates/supabase",
            "crates/whapi",
            "docs/openapi.json",
            "functions",
        ],
    )?;
    if built.is_file() && stamp::is_current(&file, &fingerprint) {
        return Ok(fingerprint);
    }
    let step = Step::start("building the Worker");
    step.run(
        Command::new(&tools.worker_build)
            .args(["functions/gateway", "--release", "--out-dir", "../../build"])
            .env("WASM_BINDGEN_BIN", &tools.wasm_bindgen)
            .env("ESBUILD_BIN", &tools.esbuild)
            .env("CARGO_ENCODED_RUSTFLAGS", rustflags())
            // Its own call stack says nothing of why our code does not compile.
            .env("RUST_BACKTRACE", "0")
            .current_dir(root),
        &project::logs(root).join("build-worker.log"),
    )?;
    step.say("wasm-opt");
    let wasm = root.join(OUTPUT).join("index_bg.wasm");
    step.run(
        Command::new(&tools.wasm_opt)
            .arg(&wasm)
            .arg("-Os")
            .args(SMALL)
            .args(WASM_FEATURES)
            .arg("-o")
            .arg(&wasm),
        &project::logs(root).join("wasm-opt-worker.log"),
    )?;
    stamp::write(&file, &fingerprint)?;
    step.done("");
    Ok(fingerprint)
}

/// The environment's flags for rustc, and one for what is deployed to say nothing of the machine that built it: panics name
/// the file they are in, which for a crate is below Cargo's folder. Flags of Cargo's configuration do not hold beside these.
fn rustflags() -> String {
    let set = std::env::var("CARGO_ENCODED_RUSTFLAGS").unwrap_or_else(|_| {
        let flags = std::env::var("RUSTFLAGS").unwrap_or_default();
        flags.split_whitespace().collect::<Vec<_>>().join("\x1f")
    });
    let cargo = std::env::var_os("CARGO_HOME")
        .filter(|cargo| !cargo.is_empty())
        .map(PathBuf::from)
        .or_else(|| std::env::home_dir().map(|home| home.join(".cargo")));
    let remap = cargo.map(|cargo| format!("--remap-path-prefix={}=cargo", cargo.display()));
    [Some(set).filter(|set| !set.is_empty()), remap]
        .into_iter()
        .flatten()
        .collect::<Vec<_>>()
        .join("\x1f")
}

/// What a build depends on: the given folders, what every crate is compiled with, the compiler and this file.
fn fingerprint(root: &Path, folders: &[&str]) -> Result<String> {
    let mut fingerprint = stamp::Fingerprint::new();
    for shared in ["Cargo.toml", "Cargo.lock", ".cargo/config.toml"] {
        fingerprint.add(&root.join(shared))?;
    }
    for folder in folders {
        fingerprint.add(&root.join(folder))?;
    }
    let compiler = Command::new("rustc")
        .arg("--version")
        .output()
        .context("rustc cannot be started: get Rust from https://rustup.rs")?;
    fingerprint.add_text(&String::from_utf8_lossy(&compiler.stdout));
    fingerprint.add_text(&rustflags());
    // How it is built is written here.
    fingerprint.add_text(include_str!("worker_build.rs"));
    Ok(fingerprint.finish())
}

/// Prints what was built with its sizes, and refuses what has grown too large.
fn check_sizes(output: &Path) -> Result<()> {
    let worker = wasm_size(&output.join("index_bg.wasm"))?;
    let document = wasm_size(&output.join("document.wasm"))?;
    let total = worker.gzipped + document.gzipped;
    eprintln!(
        "  Worker {} KB, gzipped {} KB; document module {} KB, gzipped {} KB; together {} KB",
        worker.raw / 1000,
        worker.gzipped / 1000,
        document.raw / 1000,
        document.gzipped / 1000,
        total / 1000
    );
    if worker.gzipped > MAX_WORKER_GZIPPED {
        bail!(
            "the Worker is {} bytes gzipped, more than {MAX_WORKER_GZIPPED}: look at what it depends on with `cargo tree -p gateway --target wasm32-unknown-unknown`",
            worker.gzipped
        );
    }
    if total > MAX_TOTAL_GZIPPED {
        bail!("the wasm is {total} bytes gzipped in all, more than {MAX_TOTAL_GZIPPED}");
    }
    Ok(())
}

/// The size of a file, in bytes.
struct Size {
    raw: u64,
    gzipped: u64,
}

fn wasm_size(path: &Path) -> Result<Size> {
    let bytes = std::fs::read(path)
        .with_context(|| format!("{} is missing: run `cargo xtask build`", path.display()))?;
    // The default level, which is what the platform's own upload reports.
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(&bytes)?;
    Ok(Size { raw: bytes.len().try_into()?, gzipped: encoder.finish()?.len().try_into()? })
}
