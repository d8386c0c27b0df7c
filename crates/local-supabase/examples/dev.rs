//! The stack alone: `cargo run -p local-supabase --example dev -- [--fresh] [--functions]`.

use local_supabase::{Options, Progress};

struct Lines(std::time::Instant);

impl Progress for Lines {
    fn begin(&self, step: &str) {
        println!("{:6.2} s  {step}", self.0.elapsed().as_secs_f64());
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let has = |name: &str| std::env::args().any(|argument| argument == name);
    let start = Lines(std::time::Instant::now());
    let options = Options {
        fresh: has("--fresh"),
        functions: has("--functions"),
        ..Options::new(std::env::current_dir()?)
    };
    let mut stack = match local_supabase::start(options, &start).await {
        Ok(stack) => stack,
        Err(error) => {
            eprintln!("{error}");
            std::process::exit(1);
        }
    };
    start.begin(&format!("ready at {}; Ctrl-C ends it", stack.env().supabase_url));
    let ended = stack.wait_for_ctrl_c().await;
    stack.stop().await;
    Ok(ended?)
}
