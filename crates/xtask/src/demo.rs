//! `cargo xtask demo`.

use std::path::PathBuf;

use clap::Args;

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

/// Runs the demo.
pub async fn run(args: DemoArgs) -> anyhow::Result<()> {
    let _ = (args.pdf, args.json, args.keep);
    Ok(())
}
