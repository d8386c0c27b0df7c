//! Our contract with the provider, and its comparison with the published specification.

use anyhow::Result;
use jsonschema::Validator;
use serde_json::Value;

pub use crate::published::Published;
use crate::published::faults;

/// Our own schemas of what we send and what we read.
#[derive(Debug)]
pub struct Contract {
    request: Validator,
    response: Validator,
    error: Validator,
}

impl Contract {
    /// Compiles the schemas of `contracts/`.
    ///
    /// # Errors
    /// Where one of them is no schema.
    pub fn new() -> Result<Self> {
        let compile = |text: &str| -> Result<Validator> {
            Ok(jsonschema::validator_for(&serde_json::from_str(text)?)?)
        };
        Ok(Self {
            request: compile(include_str!("../../contracts/openai-chat.request.schema.json"))?,
            response: compile(include_str!("../../contracts/openai-chat.response.schema.json"))?,
            error: compile(include_str!("../../contracts/openai-chat.error.schema.json"))?,
        })
    }

    /// What is wrong with a request, by place; empty where nothing is.
    #[must_use]
    pub fn request_faults(&self, body: &Value) -> Vec<String> {
        let mut faults = faults(&self.request, body);
        if let Some(schema) = body.pointer("/response_format/json_schema/schema") {
            incomplete_objects(schema, "", &mut faults);
        }
        faults
    }

    /// What is wrong with a 200 answer.
    #[must_use]
    pub fn response_faults(&self, body: &Value) -> Vec<String> {
        faults(&self.response, body)
    }

    /// What is wrong with the body of any other answer.
    #[must_use]
    pub fn error_faults(&self, body: &Value) -> Vec<String> {
        faults(&self.error, body)
    }
}

/// Strict mode requires each property of each object, which JSON Schema cannot say of a schema.
fn incomplete_objects(schema: &Value, place: &str, faults: &mut Vec<String>) {
    if let Some(properties) = schema.get("properties").and_then(Value::as_object) {
        let required = schema.get("required").and_then(Value::as_array);
        for (name, property) in properties {
            if !required.is_some_and(|names| names.iter().any(|one| one == name)) {
                faults.push(format!("schema{place}/{name} is not required"));
            }
            incomplete_objects(property, &format!("{place}/{name}"), faults);
        }
    }
    if let Some(items) = schema.get("items") {
        incomplete_objects(items, &format!("{place}/items"), faults);
    }
}

impl Published {
    /// OpenAI's specification, where a copy is at hand.
    ///
    /// # Errors
    /// Where the file is there and unreadable.
    pub fn at_hand() -> Result<Option<Self>> {
        Self::read("openai-subset.json")
    }
}
