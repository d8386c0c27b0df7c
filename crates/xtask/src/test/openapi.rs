//! schemathesis against the running Worker: everything `docs/openapi.json` allows, and much that it
//! does not, must be answered as the document says, and never with a fault.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use tokio::process::Command;

use super::{Outcome, run_shown};
use crate::{project, stamp};

/// What is checked of each answer. `unsupported_method` is not: preflights and HEAD are answered
/// for all routes and are not part of the document.
const CHECKS: &str = "not_a_server_error,status_code_conformance,content_type_conformance,\
response_headers_conformance,response_schema_conformance,negative_data_rejection,ignored_auth";
/// Random calls of each operation, besides those made for each constraint of the document.
const EXAMPLES: &str = "25";
/// The accounts are shared by all operations: were it longer, the rate limit would be what is tried.
const PATIENCE: Duration = Duration::from_secs(300);

/// How often an operation answered with which status.
type Statuses = BTreeMap<String, BTreeMap<u16, u32>>;

/// Installs schemathesis under `.griot`, runs it, and prints what was answered.
pub async fn check(root: &Path, environment: &BTreeMap<String, String>) -> Result<Outcome> {
    let program = match schemathesis(root).await? {
        Ok(program) => program,
        Err(why) => return Ok(Outcome::Partly(format!("not run: {why}"))),
    };
    let functions = environment.get("FUNCTIONS_URL").context("FUNCTIONS_URL is not set")?;
    let told = project::state(root).join("openapi-statuses.json");
    // What an earlier run wrote must not be taken for this one's.
    std::fs::write(&told, "{}")?;
    let mut command = Command::new(program);
    command
        .args(["run", &format!("{functions}/openapi.json")])
        .args(["--checks", CHECKS, "--phases", "examples,coverage,fuzzing"])
        .args(["--max-examples", EXAMPLES, "--generation-deterministic"])
        .args(["--continue-on-failure", "--request-timeout", "60", "--no-color"])
        .envs(environment)
        .env("SCHEMATHESIS_HOOKS", root.join("tests/openapi/hooks.py"))
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .env("GRIOT_OPENAPI_STATUSES", &told)
        .current_dir(root);
    let ran = tokio::time::timeout(PATIENCE, run_shown(&mut command)).await;
    let statuses: Statuses = serde_json::from_slice(&std::fs::read(&told)?)?;
    println!("{}", table(&statuses));
    ran.map_err(|_| anyhow::anyhow!("schemathesis did not end in {PATIENCE:?}"))??;
    judge(&statuses)?;
    Ok(Outcome::Passed)
}

/// schemathesis in an environment of its own; or why this machine cannot have it.
async fn schemathesis(root: &Path) -> Result<Result<PathBuf, String>> {
    let requirements = root.join("tests/openapi/requirements.txt");
    let folder = project::state(root).join("tools/schemathesis");
    let program = folder.join("bin/st");
    let mut fingerprint = stamp::Fingerprint::new();
    fingerprint.add(&requirements)?;
    let fingerprint = fingerprint.finish();
    let installed = folder.join("installed");
    if program.is_file() && stamp::is_current(&installed, &fingerprint) {
        return Ok(Ok(program));
    }
    let Some(python) = python().await else {
        return Ok(Err("there is no Python 3.11 or newer on this machine".to_owned()));
    };
    println!("installing schemathesis into {}", folder.display());
    let made = said(Command::new(python).args(["-m", "venv", "--clear"]).arg(&folder)).await?;
    if let Err(why) = made {
        return Ok(Err(format!("Python cannot make a virtual environment ({why})")));
    }
    let pip = said(
        Command::new(folder.join("bin/python"))
            .args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check"])
            .args(["--require-hashes", "--requirement"])
            .arg(&requirements),
    )
    .await?;
    match pip {
        Ok(()) => stamp::write(&installed, &fingerprint).map(|()| Ok(program)),
        // Not a machine without a network, but a package that is not the one it was.
        Err(why) if why.contains("HASHES") => bail!("{why}"),
        Err(why) => Ok(Err(format!("schemathesis cannot be installed from PyPI ({why})"))),
    }
}

/// The newest Python of this machine, if it is new enough.
async fn python() -> Option<&'static str> {
    for name in ["python3", "python3.14", "python3.13", "python3.12", "python3.11"] {
        let new = "import sys; sys.exit(sys.version_info < (3, 11))";
        let ran = Command::new(name).args(["-c", new]).output().await;
        if ran.is_ok_and(|output| output.status.success()) {
            return Some(name);
        }
    }
    None
}

/// Runs a program and keeps the most telling line it said if it failed.
async fn said(command: &mut Command) -> Result<Result<(), String>> {
    let output = command.kill_on_drop(true).output().await.context("Python cannot be started")?;
    if output.status.success() {
        return Ok(Ok(()));
    }
    let text = String::from_utf8_lossy(&output.stderr);
    let line = text.lines().find(|line| line.starts_with("ERROR")).or(text.lines().last());
    Ok(Err(line.unwrap_or("no reason given").trim().to_owned()))
}

/// One line for each operation.
fn table(statuses: &Statuses) -> String {
    statuses
        .iter()
        .map(|(operation, counts)| {
            let counts: Vec<_> =
                counts.iter().map(|(status, count)| format!("{status} × {count}")).collect();
            format!("{operation:<40} {}", counts.join(", "))
        })
        .collect::<Vec<_>>()
        .join("\n")
}

/// A body that was drawn at random has no signature: `tests/messages` has the right ones.
const SIGNED: &str = "POST /api/hooks/auth-email";

/// What was mostly throttled was hardly tried, nor was what never succeeded; and nothing at all
/// proves nothing.
fn judge(statuses: &Statuses) -> Result<()> {
    if statuses.is_empty() {
        bail!("schemathesis called nothing");
    }
    for (operation, counts) in statuses {
        let all: u32 = counts.values().sum();
        let throttled = counts.get(&429).copied().unwrap_or(0);
        if throttled * 2 > all {
            bail!(
                "{operation} was throttled {throttled} times of {all}: add accounts in tests/openapi/hooks.py"
            );
        }
        if operation != SIGNED && !counts.keys().any(|status| (200..300).contains(status)) {
            bail!(
                "{operation} never succeeded: the document lacks something that is demanded, or tests/openapi/hooks.py gives it nothing to work on"
            );
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn statuses(counts: &[(u16, u32)]) -> Statuses {
        [("GET /api/x".to_owned(), counts.iter().copied().collect())].into()
    }

    #[test]
    fn an_operation_that_was_mostly_throttled_or_never_succeeded_was_not_tried() {
        assert!(judge(&statuses(&[(200, 10), (429, 10)])).is_ok());
        assert!(judge(&statuses(&[(200, 10), (429, 11)])).is_err());
        assert!(judge(&statuses(&[(401, 10), (422, 10)])).is_err());
        assert!(judge(&Statuses::new()).is_err());
    }

    #[tokio::test]
    async fn the_reason_of_a_failure_is_kept() {
        let fails = "echo noise >&2; echo 'ERROR: no route' >&2; echo more >&2; exit 1";
        let said = said(Command::new("sh").args(["-c", fails])).await.unwrap();
        assert_eq!(said, Err("ERROR: no route".to_owned()));
    }
}
