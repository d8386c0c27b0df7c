//! All stand-ins on 127.0.0.1, for end-to-end runs.

use std::net::Ipv4Addr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use anyhow::{Context as _, Result};
use axum::extract::Request;
use axum::middleware::{Next, from_fn};
use clap::Parser;
use providers::resend::Resend;
use providers::whapi::Whapi;
use tokio::net::TcpListener;

/// Stand-ins for outside providers. OpenAI's base URL is http://127.0.0.1:PORT/openai/v1; Whapi and
/// Resend have a port of their own each, so that it can be closed. All are scripted on the first
/// port: POST /_control/openai {"faults": ["refuse"]}, POST /_control/whapi {"faults": ["cut_after"]}.
///
/// The standard output has three lines: the first port's address, `whapi=` and `resend=` with theirs.
#[derive(Parser)]
struct Arguments {
    /// Port of OpenAI and of control; 0 takes a free one.
    #[arg(long, default_value_t = 0)]
    port: u16,
    /// Port of Whapi; 0 takes a free one.
    #[arg(long, default_value_t = 0)]
    whapi_port: u16,
    /// Port of Resend; 0 takes a free one.
    #[arg(long, default_value_t = 0)]
    resend_port: u16,
    /// Ends once no request came for this many seconds (at the latest after twice as many), so that a
    /// forgotten one does not stay.
    #[arg(long, default_value_t = 1800)]
    idle_seconds: u64,
    /// Ends with the process that started it, however that ends.
    #[arg(long)]
    with_parent: bool,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let parent = parent();
    let arguments = Arguments::parse();
    let taken = |port: u16| format!("port {port} is taken: choose another");
    let whapi =
        Whapi::start_on(arguments.whapi_port).await.with_context(|| taken(arguments.whapi_port))?;
    let resend = Resend::start_on(arguments.resend_port)
        .await
        .with_context(|| taken(arguments.resend_port))?;
    let served = Arc::new(AtomicU64::new(0));
    let count = Arc::clone(&served);
    let router = providers::openai::router()?.merge(whapi.control()).merge(resend.control()).layer(
        from_fn(move |request: Request, next: Next| {
            count.fetch_add(1, Ordering::Relaxed);
            next.run(request)
        }),
    );
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, arguments.port))
        .await
        .with_context(|| taken(arguments.port))?;
    println!("http://{}\nwhapi={}\nresend={}", listener.local_addr()?, whapi.url, resend.url);
    let traffic = || {
        let elsewhere = whapi.counts().requests + resend.counts().requests;
        (served.load(Ordering::Relaxed), elsewhere)
    };
    tokio::select! {
        served = axum::serve(listener, router) => served?,
        () = idle(traffic, Duration::from_secs(arguments.idle_seconds)) => {}
        () = orphaned(parent), if arguments.with_parent => {}
        interrupted = tokio::signal::ctrl_c() => interrupted?,
    }
    Ok(())
}

/// Resolves once no request came for `limit`.
async fn idle<T: PartialEq>(traffic: impl Fn() -> T, limit: Duration) {
    let mut before = None;
    loop {
        let now = Some(traffic());
        if before == now {
            return;
        }
        before = now;
        tokio::time::sleep(limit).await;
    }
}

#[cfg(unix)]
fn parent() -> u32 {
    std::os::unix::process::parent_id()
}

/// Elsewhere the idle limit must do.
#[cfg(not(unix))]
fn parent() -> u32 {
    0
}

/// Resolves once the process that started this one is gone.
async fn orphaned(before: u32) {
    while parent() == before {
        tokio::time::sleep(Duration::from_millis(250)).await;
    }
}
