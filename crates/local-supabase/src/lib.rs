//! A Supabase project on this machine, without Docker.
//!
//! Real servers from packages: PostgreSQL 17, PostgREST 12, Auth and Storage of Supabase's
//! lightweight server, the functions in workerd. In front of them a gateway gives them the paths,
//! keys and access tokens of a hosted project, so that the same clients and the same `supabase/`
//! folder work here and there.
//!
//! [`start`] brings it up and [`Stack::stop`] takes it down; [`detach`] and [`stop`] do so from
//! two commands. Everything it keeps lies in `.griot/` of the project; for root, whose PostgreSQL
//! runs as `nobody`, the database may lie in `/var/tmp/griot-<hash>` when that user cannot reach
//! the project folder.

mod demo_users;
mod detached;
mod env;
mod error;
mod gateway;
mod jwt;
mod migrations;
mod pgtap;
mod place;
mod postgres;
mod process;
mod restart;
mod secrets;
mod servers;
mod stack;
mod tools;
mod webhooks;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

pub use detached::{detach, stop};
pub use env::{Account, StackEnv};
pub use error::Error;
pub use pgtap::{FileSummary, PgtapSummary, run_pgtap};
pub use restart::Program;
pub use servers::PASSED_ON;
pub use stack::{Stack, start};
pub use tools::node;

/// Ports of the servers that clients speak to, all on 127.0.0.1. The servers behind the gateway
/// take free ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ports {
    /// The gateway: `SUPABASE_URL`.
    pub gateway: u16,
    /// PostgreSQL.
    pub database: u16,
    /// The functions.
    pub functions: u16,
}

impl Default for Ports {
    /// Those of the Supabase CLI and of wrangler.
    fn default() -> Self {
        Self { gateway: 54_321, database: 54_322, functions: 8787 }
    }
}

impl Ports {
    /// Ports that nobody listens on now, for tests.
    ///
    /// # Errors
    /// When the machine has none left.
    pub fn free() -> Result<Self, Error> {
        Ok(Self {
            gateway: servers::free_port()?,
            database: servers::free_port()?,
            functions: servers::free_port()?,
        })
    }
}

/// How the stack starts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// The project: `node_modules`, `supabase/`, `wrangler.toml`.
    pub root: PathBuf,
    /// Where it keeps its files: `.griot` of the project, another folder under test.
    pub state: PathBuf,
    /// Starts over: database, users and stored files are deleted first. Keys and passwords stay.
    pub fresh: bool,
    /// The ports.
    pub ports: Ports,
    /// Whether the functions are started too; `cargo xtask build` must have built them.
    pub functions: bool,
    /// Variables of the Worker besides the project's, such as `SENTRY_DSN`. They win over those of
    /// the environment.
    pub variables: BTreeMap<String, String>,
    /// Whether what is committed survives a crash of PostgreSQL, as on hosted projects. It costs time,
    /// so only who crashes it asks for it.
    pub durable: bool,
}

impl Options {
    /// The usual stack of a project, with the functions.
    pub fn new(root: impl Into<PathBuf>) -> Self {
        let root = root.into();
        Self {
            state: state_folder(&root),
            root,
            fresh: false,
            ports: Ports::default(),
            functions: true,
            variables: BTreeMap::new(),
            durable: false,
        }
    }
}

/// `.griot` of a project.
#[must_use]
pub fn state_folder(root: &Path) -> PathBuf {
    root.join(".griot")
}

/// Hears what the start is doing.
pub trait Progress: Send + Sync {
    /// A step begins. `step` is a short phrase for a person, such as "starting PostgreSQL".
    fn begin(&self, step: &str);
}

impl Progress for () {
    fn begin(&self, _step: &str) {}
}
