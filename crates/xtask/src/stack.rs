//! The local stack, or the hosted project that takes its place.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Result, bail};

/// A running project.
pub struct Stack {
    environment: BTreeMap<String, String>,
}

/// Starts a stack for tests.
pub async fn start_for_tests(_root: &Path) -> Result<Stack> {
    bail!("there is no local stack yet")
}

impl Stack {
    /// What programs need to reach it: the variables of `.griot/stack.env`.
    pub fn environment(&self) -> &BTreeMap<String, String> {
        &self.environment
    }
    /// The database's address, where it is known.
    pub fn database_url(&self) -> Option<&str> {
        self.environment.get("DATABASE_URL").map(String::as_str)
    }
    /// pgTAP.
    pub async fn run_pgtap(&self) -> Result<()> {
        Ok(())
    }
    /// Stops it.
    pub async fn stop(self) -> Result<()> {
        Ok(())
    }
}
