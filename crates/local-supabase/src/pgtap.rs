//! Running pgTAP files without psql.
//!
//! Each file is one session: its statements are sent as they are, the lines they answer are TAP
//! (<https://testanything.org/tap-specification.html>), and what is left open is rolled back.

use std::path::{Path, PathBuf};
use std::pin::pin;
use std::time::{Duration, Instant};

use futures_util::TryStreamExt as _;
use tokio_postgres::SimpleQueryMessage;

use crate::env::StackEnv;
use crate::{Error, postgres};

/// How one file went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileSummary {
    /// Its name.
    pub name: String,
    /// Tests its plan announced.
    pub planned: Option<usize>,
    /// Tests that were run.
    pub run: usize,
    /// Descriptions of those that failed.
    pub failures: Vec<String>,
    /// An SQL error that ended it early, or a broken plan.
    pub error: Option<String>,
    /// How long it took.
    pub time: Duration,
}

impl FileSummary {
    /// Whether all planned tests ran and passed.
    #[must_use]
    pub fn passed(&self) -> bool {
        self.failures.is_empty() && self.error.is_none()
    }
}

/// How all files went.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PgtapSummary {
    /// One per file, in order.
    pub files: Vec<FileSummary>,
}

impl PgtapSummary {
    /// Tests that were run.
    #[must_use]
    pub fn tests(&self) -> usize {
        self.files.iter().map(|file| file.run).sum()
    }

    /// The error that a test command ends with, if a file failed.
    ///
    /// # Errors
    /// [`Error::Pgtap`].
    pub fn check(&self) -> Result<(), Error> {
        let failed = self.files.iter().filter(|file| !file.passed()).count();
        if failed == 0 { Ok(()) } else { Err(Error::Pgtap { failed, total: self.files.len() }) }
    }
}

/// Runs every `*.sql` of a folder in the order of their names against `DATABASE_URL`, and prints
/// the TAP of files that fail and one line for each file.
///
/// # Errors
/// When there is no database address, no file, or no connection. A failing test is not an error
/// of this function: see [`PgtapSummary::check`].
pub async fn run_pgtap(env: &StackEnv, folder: &Path) -> Result<PgtapSummary, Error> {
    let url = env.database_url.as_deref().ok_or(Error::Incomplete { variable: "DATABASE_URL" })?;
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder)
        .map_err(Error::file(folder))?
        .filter_map(|entry| entry.ok().map(|entry| entry.path()))
        .filter(|path| path.extension().is_some_and(|extension| extension == "sql"))
        .collect();
    files.sort();
    if files.is_empty() {
        return Err(Error::File {
            path: folder.to_owned(),
            source: std::io::ErrorKind::NotFound.into(),
        });
    }
    let mut summary = PgtapSummary::default();
    for path in files {
        let file = run_file(url, &path).await?;
        print_file(&file);
        summary.files.push(file);
    }
    let failed = summary.files.iter().filter(|file| !file.passed()).count();
    println!(
        "pgTAP: {} tests in {} files, {failed} files failed",
        summary.tests(),
        summary.files.len()
    );
    Ok(summary)
}

async fn run_file(url: &str, path: &Path) -> Result<FileSummary, Error> {
    let sql = std::fs::read_to_string(path).map_err(Error::file(path))?;
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let start = Instant::now();
    if let Some(line) = sql.lines().find(|line| line.starts_with('\\')) {
        let error = Some(format!("`{line}` is a command of psql, not SQL"));
        return Ok(FileSummary {
            name,
            planned: None,
            run: 0,
            failures: vec![],
            error,
            time: start.elapsed(),
        });
    }
    let client = postgres::connect(url).await?;
    client
        .batch_execute("set client_min_messages = warning")
        .await
        .map_err(Error::database("a session for pgTAP"))?;
    let (mut lines, mut sql_error) = (Vec::new(), None);
    let read = async {
        // As a stream, so that the tests before an error are still counted.
        let mut messages = pin!(client.simple_query_raw(&sql).await?);
        while let Some(message) = messages.try_next().await? {
            if let SimpleQueryMessage::Row(row) = message {
                let text = row.try_get(0).ok().flatten().unwrap_or_default();
                lines.extend(text.lines().map(str::to_owned));
            }
        }
        Ok::<(), tokio_postgres::Error>(())
    };
    if let Err(error) = read.await {
        sql_error = Some(crate::error::describe(&error));
    }
    Ok(judge(name, &lines, sql_error, start.elapsed()))
}

/// Reads the TAP lines of a file.
fn judge(name: String, lines: &[String], sql_error: Option<String>, time: Duration) -> FileSummary {
    let (mut planned, mut run, mut failures) = (None, 0, Vec::new());
    for line in lines {
        if let Some(count) = line.strip_prefix("1..") {
            planned = count.split_whitespace().next().and_then(|count| count.parse().ok());
        } else if line.starts_with("ok ") || line.starts_with("not ok ") {
            run += 1;
            if line.starts_with("not ok ") && !line.contains("# TODO") {
                failures.push(line.clone());
            }
        } else if line.starts_with('#') && !failures.is_empty() {
            // What was expected and what came instead.
            failures.push(line.clone());
        }
    }
    let error = sql_error.or_else(|| match planned {
        None => Some("no plan".to_owned()),
        Some(planned) if planned != run => Some(format!("planned {planned} tests and ran {run}")),
        Some(_) => None,
    });
    FileSummary { name, planned, run, failures, error, time }
}

fn print_file(file: &FileSummary) {
    for line in &file.failures {
        println!("  {line}");
    }
    if let Some(error) = &file.error {
        println!("  Bail out! {error}");
    }
    let mark = if file.passed() { "ok" } else { "FAILED" };
    println!("{} .. {mark} ({} tests, {:.2} s)", file.name, file.run, file.time.as_secs_f64());
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(lines: &[&str], error: Option<&str>) -> FileSummary {
        let lines: Vec<String> = lines.iter().map(|line| (*line).to_owned()).collect();
        judge("a.sql".into(), &lines, error.map(str::to_owned), Duration::ZERO)
    }

    #[test]
    fn a_file_passes_when_all_planned_tests_ran_and_passed() {
        assert!(judged(&["1..2", "ok 1 - a", "ok 2 - b"], None).passed());
        assert!(judged(&["1..1", "not ok 1 - later # TODO"], None).passed());
        assert!(judged(&["ok 1 - a", "1..1"], None).passed());
    }

    #[test]
    fn a_failure_a_broken_plan_and_an_sql_error_fail_it() {
        let failed = judged(&["1..2", "ok 1", "not ok 2 - b", "# have: 1"], None);
        assert_eq!(failed.failures, ["not ok 2 - b", "# have: 1"]);
        assert!(!failed.passed());
        assert!(!judged(&["1..2", "ok 1 - a"], None).passed());
        assert!(!judged(&["ok 1 - a"], None).passed());
        assert!(!judged(&[], None).passed());
        assert!(!judged(&["1..1", "ok 1 - a"], Some("syntax error")).passed());
    }
}
