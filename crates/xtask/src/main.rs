//! `cargo xtask`: Griot's own commands.

mod bench;
mod chaos;
mod coverage;
mod demo;
mod deploy;
mod dev;
mod fuzz;
mod hosted;
mod project;
mod stack;
mod stamp;
mod step;
mod story;
mod test;
mod tools;
mod worker_build;
mod workerd;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Griot's own commands.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", version, about)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// From a PDF to graded tests: prepares this machine, starts the stack and plays the story
    Demo(demo::DemoArgs),
    /// Starts the local stack: a Supabase without Docker and the functions
    Dev(dev::DevArgs),
    /// Stops the stack that `dev --detach` left running
    Stop,
    /// Builds the Worker and the document module into build/
    Build,
    /// Brings the database and the Worker of an environment up to date, and asks whether it is well
    Deploy(deploy::DeployArgs),
    /// Runs every check and test
    Test(test::TestArgs),
    /// Measures how long the functions take
    Bench(bench::BenchArgs),
    /// Breaks everything at once and counts what becomes of the messages
    Chaos(chaos::ChaosArgs),
    /// Runs the fuzz targets
    Fuzz(fuzz::FuzzArgs),
    /// Measures the line coverage of the pure crates
    Coverage(coverage::CoverageArgs),
}

#[tokio::main]
async fn main() -> ExitCode {
    let result = match Cli::parse().command {
        Command::Demo(args) => demo::run(args).await,
        Command::Dev(args) => dev::run(args).await,
        Command::Stop => dev::stop().await,
        Command::Build => build(),
        Command::Deploy(args) => deploy::run(args).await,
        Command::Test(args) => test::run(args).await,
        Command::Bench(args) => bench::run(args).await,
        Command::Chaos(args) => chaos::run(args).await,
        Command::Fuzz(args) => fuzz::run(&args),
        Command::Coverage(args) => coverage::run(&args),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("✗ {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn build() -> anyhow::Result<()> {
    let root = project::root()?;
    let tools = tools::prepare(&root)?;
    worker_build::build(&root, &tools)
}
