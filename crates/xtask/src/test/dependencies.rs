//! What others wrote: licences, sources, bans and known vulnerabilities.

use std::path::Path;

use anyhow::{Context, Result, bail};
use serde_json::Value;
use tokio::process::Command;

use super::{Outcome, run_shown};
use crate::{project, tools};

/// Checks the crates against `deny.toml` and the npm packages against the registry's advisories.
/// Advisories come from outside: where they cannot be had, the outcome says so.
pub async fn check(root: &Path) -> Result<Outcome> {
    let cargo_deny = tools::cargo_deny(root)?;
    let rules = run_shown(
        Command::new(&cargo_deny).args(["check", "bans", "licenses", "sources"]).current_dir(root),
    )
    .await;
    let crates = crate_advisories(root, &cargo_deny).await;
    let packages = npm_advisories(root).await;

    rules?;
    let mut missing = Vec::new();
    for outcome in [crates?, packages?] {
        if let Outcome::Partly(why) = outcome {
            missing.push(why);
        }
    }
    Ok(if missing.is_empty() { Outcome::Passed } else { Outcome::Partly(missing.join("; ")) })
}

async fn crate_advisories(root: &Path, cargo_deny: &Path) -> Result<Outcome> {
    let log = project::logs(root).join("cargo-deny-fetch.log");
    let fetched = Command::new(cargo_deny)
        .args(["fetch", "db"])
        .current_dir(root)
        .kill_on_drop(true)
        .output()
        .await
        .context("cargo-deny cannot be started")?;
    std::fs::create_dir_all(project::logs(root))?;
    std::fs::write(&log, &fetched.stderr)?;
    if !fetched.status.success() {
        return Ok(Outcome::Partly(
            "the advisories for crates could not be fetched from github.com".to_owned(),
        ));
    }
    run_shown(
        Command::new(cargo_deny).args(["check", "--disable-fetch", "advisories"]).current_dir(root),
    )
    .await
}

async fn npm_advisories(root: &Path) -> Result<Outcome> {
    println!("$ npm audit --json");
    let answer = Command::new("npm")
        .args(["audit", "--json"])
        .current_dir(root)
        .kill_on_drop(true)
        .output()
        .await
        .context("npm cannot be started")?;
    judge_npm_audit(&String::from_utf8_lossy(&answer.stdout))
}

/// Reads what `npm audit --json` printed. What is high or critical fails; the rest is counted.
fn judge_npm_audit(printed: &str) -> Result<Outcome> {
    let report: Value = serde_json::from_str(printed).unwrap_or_default();
    // The registry's refusal has no such member.
    let Some(counts) = report.pointer("/metadata/vulnerabilities") else {
        let why = report.get("message").and_then(Value::as_str).unwrap_or("no answer");
        return Ok(Outcome::Partly(format!(
            "the npm registry gives no advisories ({})",
            super::first_line(why)
        )));
    };
    let count = |severity| counts.get(severity).and_then(Value::as_u64).unwrap_or(0);
    let (high, critical) = (count("high"), count("critical"));
    println!(
        "npm advisories: {critical} critical, {high} high, {} moderate, {} low",
        count("moderate"),
        count("low")
    );
    if high + critical > 0 {
        bail!("{} npm packages have a severe advisory: see `npm audit`", high + critical);
    }
    Ok(Outcome::Passed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_severe_advisory_fails_and_a_moderate_one_does_not() {
        let severe = r#"{"metadata":{"vulnerabilities":{"moderate":0,"high":1,"critical":0}}}"#;
        assert!(judge_npm_audit(severe).is_err());
        let moderate = r#"{"metadata":{"vulnerabilities":{"moderate":3,"high":0,"critical":0}}}"#;
        assert!(matches!(judge_npm_audit(moderate), Ok(Outcome::Passed)));
    }

    #[test]
    fn a_registry_that_does_not_answer_is_not_taken_for_an_absence_of_advisories() {
        for printed in ["", r#"{"message":"405 Method Not Allowed"}"#, "{}"] {
            assert!(matches!(judge_npm_audit(printed), Ok(Outcome::Partly(_))));
        }
    }
}
