//! Verification of access tokens, without a request around it.

use std::io::read_to_string;
use std::sync::Arc;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};
use supabase::{Timer, Verifier};

/// Verifies the tokens on the standard input, a line each, in so many rounds, with the keys that `ISSUER`
/// publishes: `{"tokens_per_second": [a number for each round]}`.
///
/// # Errors
/// When a token is refused.
pub fn measure(arguments: &[String]) -> Result<Value> {
    let [issuer, rounds] = arguments else { bail!("usage: verify-token ISSUER ROUNDS") };
    let (issuer, rounds) = (issuer.parse()?, rounds.parse::<u32>()?);
    let tokens = read_to_string(std::io::stdin())?;
    let tokens: Vec<&str> = tokens.lines().collect();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let timer: Timer = Arc::new(|duration| Box::pin(tokio::time::sleep(duration)));
    let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs();
    let mut measured = Vec::new();
    runtime.block_on(async {
        for _ in 0..rounds {
            // One that has seen none of these tokens; for the first it fetches the keys.
            let verifier = Verifier::new(&issuer, None, reqwest::Client::new(), timer.clone());
            let (first, others) = tokens.split_first().context("no tokens")?;
            verifier.verify(first, now).await?;
            let began = Instant::now();
            for token in others {
                verifier.verify(token, now).await?;
            }
            measured.push(others.len() as f64 / began.elapsed().as_secs_f64());
        }
        anyhow::Ok(())
    })?;
    Ok(json!({ "tokens_per_second": measured }))
}
