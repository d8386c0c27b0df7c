//! All stand-ins on one port of 127.0.0.1, for end-to-end runs.

use std::net::Ipv4Addr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use anyhow::{Context as _, Result};
use axum::extract::Request;
use axum::middleware::{Next, from_fn};
use clap::Parser;
use tokio::net::TcpListener;

/// Stand-ins for outside providers. OpenAI's base URL is http://127.0.0.1:PORT/openai/v1; faults are
/// set by POST /_control/openai {"faults": ["refuse", {"rate_limited": {"retry_after": 2}}]}.
#[derive(Parser)]
struct Arguments {
    /// Port to listen on; 0 takes a free one. The address is the first line on the standard output.
    #[arg(long, default_value_t = 0)]
    port: u16,
    /// Ends once no request came for this many seconds (at the latest after twice as many), so that a
    /// forgotten one does not stay.
    #[arg(long, default_value_t = 1800)]
    idle_seconds: u64,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let arguments = Arguments::parse();
    let served = Arc::new(AtomicU64::new(0));
    let count = Arc::clone(&served);
    let router =
        providers::openai::router()?.layer(from_fn(move |request: Request, next: Next| {
            count.fetch_add(1, Ordering::Relaxed);
            next.run(request)
        }));
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, arguments.port))
        .await
        .with_context(|| format!("port {} is taken: choose another with --port", arguments.port))?;
    println!("http://{}", listener.local_addr()?);
    tokio::select! {
        served = axum::serve(listener, router) => served?,
        () = idle(&served, Duration::from_secs(arguments.idle_seconds)) => {}
        interrupted = tokio::signal::ctrl_c() => interrupted?,
    }
    Ok(())
}

/// Resolves once no request came for `limit`.
async fn idle(served: &AtomicU64, limit: Duration) {
    let mut before = None;
    loop {
        let now = served.load(Ordering::Relaxed);
        if before == Some(now) {
            return;
        }
        before = Some(now);
        tokio::time::sleep(limit).await;
    }
}
