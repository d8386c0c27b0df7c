//! `cargo xtask bench`: measurements. They assert nothing: machines differ.

use std::collections::BTreeMap;

use anyhow::{Context, Result, bail};
use clap::{Args, Subcommand};
use local_supabase::{StackEnv, node};
use serde::Deserialize;
use serde_json::Value;
use tokio::process::Command;

use crate::{project, stack, tools, worker_build};

/// What is measured.
#[derive(Args)]
pub struct BenchArgs {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// How long each function takes over HTTP, with the seed and with many registrations
    Latency(LatencyArgs),
}

#[derive(Args)]
struct LatencyArgs {
    /// Prints one JSON object instead of the table
    #[arg(long)]
    json: bool,
    /// Registrations to measure the administrator's routes with
    #[arg(long, default_value_t = 100_000)]
    rows: u32,
}

#[derive(Deserialize)]
struct Measured {
    machine: String,
    node: String,
    seed: Vec<Row>,
    registrations: u64,
    many: Vec<Row>,
}

/// Milliseconds.
#[derive(Deserialize)]
struct Row {
    route: String,
    connections: u32,
    calls: u32,
    p50: f64,
    p95: f64,
    p99: f64,
}

/// Starts a stack of its own and measures on it.
///
/// # Errors
/// When it does not start, or a call was not answered with a success.
pub async fn run(args: BenchArgs) -> Result<()> {
    let What::Latency(args) = args.what;
    if StackEnv::from_environment()?.is_some() {
        bail!("SUPABASE_URL is set: this fills a database with invented people, so unset it");
    }
    let root = project::root()?;
    worker_build::build(&root, &tools::prepare(&root)?)?;
    let mut stack = stack::start_apart(&root, "bench", BTreeMap::new()).await?;
    let mut command = Command::new(node(&root)?);
    command
        .arg(root.join("benches/latency.mjs"))
        .envs(stack.environment())
        .env("GRIOT_BENCH_KEYS", project::state(&root).join("bench/keys.json"))
        .env("GRIOT_BENCH_ROWS", args.rows.to_string())
        .stderr(std::process::Stdio::inherit())
        .kill_on_drop(true);
    let output =
        stack.serve(async { command.output().await.context("Node.js cannot be started") }).await;
    stack.stop().await;
    let output = output?;
    if !output.status.success() {
        bail!("the measurement ended with {}", output.status);
    }
    if args.json {
        let value: Value = serde_json::from_slice(&output.stdout)?;
        println!("{value}");
        return Ok(());
    }
    let measured: Measured = serde_json::from_slice(&output.stdout)?;
    println!("{}, Node.js {} as the client on the same machine", measured.machine, measured.node);
    table("with the seed", &measured.seed);
    table(&format!("with {} registrations", measured.registrations), &measured.many);
    Ok(())
}

fn table(title: &str, rows: &[Row]) {
    println!("\n{title} (milliseconds)");
    println!("{:<52}{:>5}{:>7}{:>9}{:>9}{:>9}", "route", "conn.", "calls", "p50", "p95", "p99");
    for Row { route, connections, calls, p50, p95, p99 } in rows {
        println!("{route:<52}{connections:>5}{calls:>7}{p50:>9.1}{p95:>9.1}{p99:>9.1}");
    }
}
