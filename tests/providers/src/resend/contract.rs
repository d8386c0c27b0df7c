//! Our contract with Resend, and its comparison with the published specification.

use anyhow::{Context as _, Result};
use jsonschema::Validator;
use serde_json::{Value, json};

use crate::published::{Published, faults};

/// Our own schemas of what we send and what we read.
#[derive(Debug)]
pub struct Contract {
    request: Validator,
    key: Validator,
    email: Validator,
    error: Validator,
}

impl Contract {
    /// Compiles the schemas of `contracts/`.
    ///
    /// # Errors
    /// Where one of them is no schema.
    pub fn new() -> Result<Self> {
        let document: Value =
            serde_json::from_str(include_str!("../../contracts/resend.schema.json"))?;
        let definitions = document.get("$defs").context("the contract has no definitions")?;
        let compile = |name: &str| -> Result<Validator> {
            let schema = json!({ "$ref": format!("#/$defs/{name}"), "$defs": definitions });
            Ok(jsonschema::validator_for(&schema)?)
        };
        Ok(Self {
            request: compile("email_request")?,
            key: compile("idempotency_key")?,
            email: compile("email")?,
            error: compile("error")?,
        })
    }

    /// What is wrong with a request, by place; the key is null where there is none.
    #[must_use]
    pub fn request_faults(&self, body: &Value, key: &Value) -> Vec<String> {
        let mut found = faults(&self.request, body);
        found.extend(faults(&self.key, key).iter().map(|fault| format!("Idempotency-Key{fault}")));
        found
    }

    /// What is wrong with a 200 answer.
    #[must_use]
    pub fn email_faults(&self, body: &Value) -> Vec<String> {
        faults(&self.email, body)
    }

    /// What is wrong with the body of any other answer.
    #[must_use]
    pub fn error_faults(&self, body: &Value) -> Vec<String> {
        faults(&self.error, body)
    }
}

/// Resend's specification, where a copy is at hand.
///
/// # Errors
/// Where the file is there and unreadable.
pub fn published() -> Result<Option<Published>> {
    Published::read("resend-openapi.yaml")
}
