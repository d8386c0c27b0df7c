//! Our contract with Whapi, and its comparison with the published specification.

use anyhow::{Context as _, Result};
use jsonschema::Validator;
use serde_json::{Value, json};

use crate::published::{Published, faults};

/// Our own schemas of what we send and what we read.
#[derive(Debug)]
pub struct Contract {
    text_request: Validator,
    sent: Validator,
    list_query: Validator,
    list: Validator,
    contacts_request: Validator,
    contacts: Validator,
    error: Validator,
    webhook: Validator,
}

impl Contract {
    /// Compiles the schemas of `contracts/`.
    ///
    /// # Errors
    /// Where one of them is no schema.
    pub fn new() -> Result<Self> {
        let document: Value =
            serde_json::from_str(include_str!("../../contracts/whapi.schema.json"))?;
        let definitions = document.get("$defs").context("the contract has no definitions")?;
        let compile = |name: &str| -> Result<Validator> {
            let schema = json!({ "$ref": format!("#/$defs/{name}"), "$defs": definitions });
            Ok(jsonschema::validator_for(&schema)?)
        };
        Ok(Self {
            text_request: compile("text_request")?,
            sent: compile("sent")?,
            list_query: compile("list_query")?,
            list: compile("list")?,
            contacts_request: compile("contacts_request")?,
            contacts: compile("contacts")?,
            error: compile("error")?,
            webhook: compile("webhook")?,
        })
    }

    /// What is wrong with the body of `POST /messages/text`, by place.
    #[must_use]
    pub fn text_request_faults(&self, body: &Value) -> Vec<String> {
        faults(&self.text_request, body)
    }

    /// What is wrong with its 200 answer.
    #[must_use]
    pub fn sent_faults(&self, body: &Value) -> Vec<String> {
        faults(&self.sent, body)
    }

    /// What is wrong with the query of a list.
    #[must_use]
    pub fn list_query_faults(&self, query: &Value) -> Vec<String> {
        faults(&self.list_query, query)
    }

    /// What is wrong with a list.
    #[must_use]
    pub fn list_faults(&self, body: &Value) -> Vec<String> {
        faults(&self.list, body)
    }

    /// What is wrong with the body of `POST /contacts`.
    #[must_use]
    pub fn contacts_request_faults(&self, body: &Value) -> Vec<String> {
        faults(&self.contacts_request, body)
    }

    /// What is wrong with its 200 answer.
    #[must_use]
    pub fn contacts_faults(&self, body: &Value) -> Vec<String> {
        faults(&self.contacts, body)
    }

    /// What is wrong with the body of any other answer.
    #[must_use]
    pub fn error_faults(&self, body: &Value) -> Vec<String> {
        faults(&self.error, body)
    }

    /// What is wrong with a webhook's payload.
    #[must_use]
    pub fn webhook_faults(&self, body: &Value) -> Vec<String> {
        faults(&self.webhook, body)
    }
}

/// Whapi's specification, where a copy is at hand.
///
/// # Errors
/// Where the file is there and unreadable.
pub fn published() -> Result<Option<Published>> {
    Published::read("whapi-openapi.yaml")
}
