//! The database tests alone: `cargo run -p local-supabase --example pgtap` while a stack runs.

use local_supabase::{StackEnv, run_pgtap, state_folder};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let root = std::env::current_dir()?;
    let env = StackEnv::read(&state_folder(&root).join("stack.env"))?;
    run_pgtap(&env, &root.join("supabase/tests/database")).await?.check()?;
    Ok(())
}
