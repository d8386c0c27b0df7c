//! `cargo xtask dev` and `stop`.

use anyhow::{Result, bail};
use clap::Args;

/// How the stack runs.
#[derive(Args)]
pub struct DevArgs {
    /// Returns once it runs; `cargo xtask stop` ends it
    #[arg(long)]
    detach: bool,
    /// Starts over: deletes the local database, users and files
    #[arg(long)]
    fresh: bool,
}

/// Starts it.
pub async fn run(args: DevArgs) -> Result<()> {
    bail!("{} {}", args.detach, args.fresh)
}

/// Stops it.
pub async fn stop() -> Result<()> {
    Ok(())
}
