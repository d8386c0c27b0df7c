//! `cargo xtask dev` and `cargo xtask stop`: the local stack, to work against.

use anyhow::{Result, bail};
use clap::Args;
use local_supabase::{StackEnv, state_folder};

use crate::{project, stack, tools, worker_build};

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

/// Prepares what is missing, starts everything and holds it until Ctrl-C.
///
/// # Errors
/// When something cannot be prepared or does not start, or when a server ends by itself.
pub async fn run(args: DevArgs) -> Result<()> {
    let root = project::root()?;
    let tools = tools::prepare(&root)?;
    worker_build::build(&root, &tools)?;
    if args.detach {
        if StackEnv::from_environment()?.is_some() {
            bail!(
                "SUPABASE_URL is set, so there is no local stack to leave running: leave --detach out"
            );
        }
        let env = stack::detach(&root, args.fresh).await?;
        present(&env);
        eprintln!("\nIt runs until `cargo xtask stop`.");
        return Ok(());
    }
    let mut stack = stack::start_to_hold(&root, args.fresh).await?;
    present(stack.env());
    eprintln!("\nIt runs until Ctrl-C.");
    let ended = stack.wait().await;
    eprintln!("  stopping");
    stack.stop().await;
    ended
}

/// Ends the stack that `dev --detach` or `demo --keep` left, or what a crash left of one.
///
/// # Errors
/// When there is none.
pub async fn stop() -> Result<()> {
    let root = project::root()?;
    local_supabase::stop(&state_folder(&root)).await?;
    eprintln!("✓ stopped");
    Ok(())
}

/// Where everything is. Keys and passwords stay in the file.
fn present(env: &StackEnv) {
    println!("Supabase   {}", env.supabase_url);
    println!("Functions  {}", env.functions_url);
    for (who, account) in [("admin", &env.admin), ("tutor", &env.tutor), ("student", &env.student)]
    {
        if let Some(account) = account {
            println!("{who:<10} {}", account.email);
        }
    }
    println!("Keys and passwords are in .griot/stack.env, logs in .griot/logs.");
}
