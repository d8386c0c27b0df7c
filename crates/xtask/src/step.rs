//! One step of a command: a spinner while it runs, one line with its seconds when it ends.
//!
//! All of it goes to the error output, so that `demo --json` keeps the standard output for itself.

use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use indicatif::{ProgressBar, ProgressStyle};

impl Drop for Step {
    fn drop(&mut self) {
        // Whatever the reason, no spinner stays behind.
        self.bar.finish_and_clear();
    }
}

/// How much of a failed program's output is repeated on the screen; the log has the rest.
const LINES_SHOWN_ON_FAILURE: usize = 25;

/// A running step. Dropping it without [`Step::done`] leaves no line: the error that follows says
/// what went wrong.
pub struct Step {
    what: String,
    bar: ProgressBar,
    started: Instant,
}

impl Step {
    /// Shows that a step began.
    pub fn start(what: impl Into<String>) -> Self {
        let what = what.into();
        let bar = ProgressBar::new_spinner().with_message(what.clone());
        if let Ok(style) = ProgressStyle::with_template("{spinner} {wide_msg} {elapsed}") {
            bar.set_style(style);
        }
        bar.enable_steady_tick(Duration::from_millis(120));
        // In a log file there is no spinner; the line says why nothing moves for a while.
        if bar.is_hidden() {
            eprintln!("… {what}");
        }
        Self { what, bar, started: Instant::now() }
    }

    /// What it is called.
    pub fn name(&self) -> &str {
        &self.what
    }

    /// Shows what the step is at.
    pub fn say(&self, line: &str) {
        self.bar.set_message(format!("{}: {line}", self.what));
    }

    /// Ends the step, prints its line and returns how long it took.
    pub fn done(self, detail: &str) -> Duration {
        let took = self.started.elapsed();
        self.bar.finish_and_clear();
        let detail = if detail.is_empty() { String::new() } else { format!(" ({detail})") };
        eprintln!("✓ {}{detail} {:.1} s", self.what, took.as_secs_f64());
        took
    }

    /// Runs a program, its output in `log`, its latest line on the screen.
    ///
    /// # Errors
    /// When it cannot be started or ends with a failure: the error repeats the last lines.
    pub fn run(&self, command: &mut Command, log: &Path) -> Result<()> {
        let program = command.get_program().to_string_lossy().into_owned();
        if let Some(folder) = log.parent() {
            std::fs::create_dir_all(folder)
                .with_context(|| format!("{} cannot be made", folder.display()))?;
        }
        let mut file =
            File::create(log).with_context(|| format!("{} cannot be written", log.display()))?;
        let mut child = command
            .stdin(Stdio::null())
            .stdout(file.try_clone()?)
            .stderr(Stdio::piped())
            .spawn()
            .with_context(|| format!("{program} cannot be started"))?;
        if let Some(errors) = child.stderr.take() {
            // Not `lines()`: a program may print bytes that are not UTF-8, and that must not end it.
            for line in BufReader::new(errors).split(b'\n') {
                let line = line?;
                file.write_all(&line)?;
                file.write_all(b"\n")?;
                let text = String::from_utf8_lossy(&line);
                if !text.trim().is_empty() {
                    self.say(text.trim());
                }
            }
        }
        let status = child.wait()?;
        if !status.success() {
            let output = std::fs::read(log).unwrap_or_default();
            let output = String::from_utf8_lossy(&output);
            bail!(
                "{} failed: {program} ended with {status}\n{}\nAll of its output: {}",
                self.what,
                excerpt(&output),
                log.display()
            );
        }
        Ok(())
    }
}

/// What most likely tells why: from the first error on, else the end.
fn excerpt(output: &str) -> String {
    let lines: Vec<&str> = output.lines().collect();
    let end = lines.len().saturating_sub(LINES_SHOWN_ON_FAILURE);
    let start = lines.iter().position(|line| line.starts_with("error")).unwrap_or(end);
    lines.iter().skip(start).take(LINES_SHOWN_ON_FAILURE).copied().collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_is_shown_from_its_first_error_else_by_its_last_lines() {
        let long: String = (0..100).map(|number| format!("line {number}\n")).collect();
        assert!(excerpt(&long).ends_with("line 99"));
        let compiler = format!("Compiling a\nerror[E0432]: unresolved import\n{long}");
        assert!(excerpt(&compiler).starts_with("error[E0432]"));
        assert_eq!(excerpt(&compiler).lines().count(), LINES_SHOWN_ON_FAILURE);
    }
}
