//! What can go wrong, each in one line that says what to do.

use std::path::PathBuf;

/// Why the stack did not start, or why something asked of it failed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Another program listens where a server of the stack should.
    #[error(
        "port {port} ({what}) is taken: end what listens there, or `cargo xtask stop` if it is an earlier stack"
    )]
    PortTaken {
        /// The port.
        port: u16,
        /// What would listen on it.
        what: &'static str,
    },
    /// A stack of this project runs already.
    #[error("the stack already runs (process {pid}): use it, or end it with `cargo xtask stop`")]
    AlreadyRunning {
        /// The process that supervises it.
        pid: u32,
    },
    /// A program is missing.
    #[error("{what} is missing ({path}): run `npm ci`")]
    Missing {
        /// What it is.
        what: &'static str,
        /// Where it was looked for.
        path: PathBuf,
    },
    /// npm has no build of this program for this machine, and PATH has none either.
    #[error("{what} has no npm package for this machine: install it and put it on the PATH")]
    NoBuild {
        /// What it is.
        what: &'static str,
    },
    /// A program of the stack ended or did not become ready.
    #[error("{what} did not start: {reason} (log: {log})")]
    NotReady {
        /// Which one.
        what: &'static str,
        /// The last line it wrote, or how long was waited.
        reason: String,
        /// Its log.
        log: PathBuf,
    },
    /// A migration or the seed failed.
    #[error("the migrations failed: {reason} (log: {log})")]
    Migration {
        /// The line of the CLI that tells why.
        reason: String,
        /// Everything the CLI wrote.
        log: PathBuf,
    },
    /// The database refused something.
    #[error("the database refused {what}: {}", describe(source))]
    Database {
        /// What was asked of it.
        what: String,
        /// Its answer.
        source: tokio_postgres::Error,
    },
    /// A file could not be read or written.
    #[error("{path}: {source}")]
    File {
        /// Which one.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A process could not be started.
    #[error("{what} cannot be started: {source}")]
    Spawn {
        /// Which one.
        what: &'static str,
        /// Why.
        source: std::io::Error,
    },
    /// A file of the stack holds something else than it should.
    #[error("{path} is damaged ({reason}): start over with `cargo xtask dev --fresh`")]
    Damaged {
        /// Which one.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// Variables of a project of one's own are incomplete.
    #[error(
        "SUPABASE_URL is set, so {variable} must be set too; unset SUPABASE_URL to use the local stack"
    )]
    Incomplete {
        /// The missing variable.
        variable: &'static str,
    },
    /// A key could not be made or read.
    #[error("signing keys: {0}")]
    Keys(String),
    /// A demo account could not be made.
    #[error("the demo accounts could not be made: {0}")]
    DemoUsers(String),
    /// Ctrl-C, or another request to end, came during the start.
    #[error("told to end before the stack was ready")]
    Interrupted,
    /// Nothing to stop.
    #[error("no stack runs here")]
    NotRunning,
    /// pgTAP files failed.
    #[error("{failed} of {total} database test files failed")]
    Pgtap {
        /// Failed files.
        failed: usize,
        /// All files.
        total: usize,
    },
}

impl Error {
    pub(crate) fn file(path: impl Into<PathBuf>) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.into();
        move |source| Self::File { path, source }
    }

    pub(crate) fn database(what: impl Into<String>) -> impl FnOnce(tokio_postgres::Error) -> Self {
        let what = what.into();
        move |source| Self::Database { what, source }
    }
}

/// The server's own words; the client's are only "db error".
pub(crate) fn describe(error: &tokio_postgres::Error) -> String {
    match error.as_db_error() {
        Some(refused) => {
            let mut text = format!("{} ({})", refused.message(), refused.code().code());
            for more in [refused.detail(), refused.hint(), refused.where_()].into_iter().flatten() {
                text.push_str("; ");
                text.push_str(more);
            }
            text
        }
        None => error.to_string(),
    }
}
