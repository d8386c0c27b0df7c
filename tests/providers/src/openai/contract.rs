//! Our contract with the provider, and its comparison with the published specification.

use std::path::Path;

use anyhow::{Context, Result};
use jsonschema::Validator;
use serde_json::{Value, json};

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

/// Places only: the document inside a request is nobody's business.
fn faults(validator: &Validator, body: &Value) -> Vec<String> {
    validator
        .iter_errors(body)
        .map(|error| format!("{} breaks {}", error.instance_path(), error.schema_path()))
        .collect()
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

/// The provider's published specification, where a copy is at hand.
#[derive(Debug)]
pub struct Published {
    document: Value,
}

impl Published {
    /// Reads `../shared/specs/openai-subset.json`, seen from the project root. An ordinary clone has
    /// none: then this says so on the standard output and gives nothing.
    ///
    /// # Errors
    /// Where the file is there and unreadable.
    pub fn at_hand() -> Result<Option<Self>> {
        let path =
            Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/specs/openai-subset.json");
        if !path.exists() {
            println!(
                "NOT CHECKED: the published OpenAI specification is not at hand ({})",
                path.display()
            );
            return Ok(None);
        }
        let text = std::fs::read_to_string(&path).context("reading the published specification")?;
        Ok(Some(Self { document: serde_json::from_str(&text)? }))
    }

    /// What is wrong with `body` by the published schema `name`.
    ///
    /// # Errors
    /// Where the specification itself cannot be compiled.
    pub fn faults(&self, name: &str, body: &Value) -> Result<Vec<String>> {
        let schema = json!({
            "$ref": format!("#/components/schemas/{name}"),
            "components": self.document.get("components"),
        });
        Ok(faults(&jsonschema::validator_for(&schema)?, body))
    }

    /// Properties of `body` that the published schema `name` does not know: the published schemas
    /// are open, so that validating alone would accept a misspelt name.
    #[must_use]
    pub fn unknown_properties(&self, name: &str, body: &Value) -> Vec<String> {
        let mut unknown = Vec::new();
        let schema = json!({ "$ref": format!("#/components/schemas/{name}") });
        self.walk(&[&schema], body, "", &mut unknown);
        unknown
    }

    fn walk(&self, schemas: &[&Value], body: &Value, place: &str, unknown: &mut Vec<String>) {
        let mut alternatives = Vec::new();
        for schema in schemas {
            self.flatten(schema, &mut alternatives);
        }
        match body {
            Value::Object(members) => {
                // A schema that says nothing of its properties describes free data.
                if !alternatives.iter().any(|schema| schema.get("properties").is_some()) {
                    return;
                }
                for (name, member) in members {
                    let inside: Vec<_> = alternatives
                        .iter()
                        .filter_map(|schema| schema.get("properties")?.get(name))
                        .collect();
                    let place = format!("{place}/{name}");
                    if inside.is_empty() {
                        unknown.push(place);
                    } else {
                        self.walk(&inside, member, &place, unknown);
                    }
                }
            }
            Value::Array(elements) => {
                let items: Vec<_> =
                    alternatives.iter().filter_map(|schema| schema.get("items")).collect();
                for (index, element) in elements.iter().enumerate() {
                    self.walk(&items, element, &format!("{place}/{index}"), unknown);
                }
            }
            _ => {}
        }
    }

    /// The schema with its references followed and its alternatives side by side.
    fn flatten<'a>(&'a self, schema: &'a Value, found: &mut Vec<&'a Value>) {
        let target = schema
            .get("$ref")
            .and_then(Value::as_str)
            .and_then(|reference| self.document.pointer(reference.trim_start_matches('#')));
        if let Some(target) = target {
            self.flatten(target, found);
        }
        for keyword in ["allOf", "oneOf", "anyOf"] {
            for part in schema.get(keyword).and_then(Value::as_array).into_iter().flatten() {
                self.flatten(part, found);
            }
        }
        found.push(schema);
    }
}
