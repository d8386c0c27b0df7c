//! Comparison with the specifications that providers publish.

use std::path::Path;

use anyhow::{Context as _, Result};
use jsonschema::Validator;
use serde_json::{Value, json};

/// Places only: what a request says is nobody's business.
pub(crate) fn faults(validator: &Validator, body: &Value) -> Vec<String> {
    validator
        .iter_errors(body)
        .map(|error| format!("{} breaks {}", error.instance_path(), error.schema_path()))
        .collect()
}

/// The provider's published specification, where a copy is at hand.
#[derive(Debug)]
pub struct Published {
    document: Value,
}

impl Published {
    /// Reads `../shared/specs/{file}`, seen from the project root: YAML, of which JSON is a part. An
    /// ordinary clone has none: then this says so on the standard output and gives nothing.
    pub(crate) fn read(file: &str) -> Result<Option<Self>> {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/specs").join(file);
        if !path.exists() {
            println!(
                "NOT CHECKED: the published specification is not at hand ({})",
                path.display()
            );
            return Ok(None);
        }
        let text = std::fs::read_to_string(&path).context("reading the published specification")?;
        let document = if file.ends_with(".json") {
            serde_json::from_str(&text)?
        } else {
            serde_saphyr::from_str(&text).map_err(|fault| anyhow::anyhow!("{file}: {fault}"))?
        };
        Ok(Some(Self { document }))
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

    /// What is wrong with the query of a GET request by the published parameters of `path`: unknown
    /// names, and values outside their schema.
    ///
    /// # Errors
    /// Where the specification does not know the path, or cannot be compiled.
    pub fn query_faults(&self, path: &str, query: &[(String, Value)]) -> Result<Vec<String>> {
        let operation = self.operation(path, "get").context("the path is not published")?;
        let parameters: Vec<&Value> = operation
            .get("parameters")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
            .map(|parameter| self.target(parameter))
            .filter(|parameter| parameter.get("in") == Some(&json!("query")))
            .collect();
        let mut found = Vec::new();
        for (name, value) in query {
            let named = parameters.iter().find(|one| one.get("name") == Some(&json!(name)));
            let Some(schema) = named.and_then(|one| one.get("schema")) else {
                found.push(format!("{name} is unknown"));
                continue;
            };
            let schema =
                json!({ "allOf": [schema], "components": self.document.get("components") });
            let inside = faults(&jsonschema::validator_for(&schema)?, value);
            found.extend(inside.into_iter().map(|fault| format!("{name}: {fault}")));
        }
        Ok(found)
    }

    /// Whether the specification lists this status among the answers of `path`.
    #[must_use]
    pub fn lists_status(&self, path: &str, method: &str, status: u16) -> bool {
        self.operation(path, method)
            .and_then(|operation| operation.get("responses")?.get(status.to_string()))
            .is_some()
    }

    fn operation(&self, path: &str, method: &str) -> Option<&Value> {
        self.document.get("paths")?.get(path)?.get(method)
    }

    fn target<'a>(&'a self, value: &'a Value) -> &'a Value {
        value
            .get("$ref")
            .and_then(Value::as_str)
            .and_then(|reference| self.document.pointer(reference.trim_start_matches('#')))
            .unwrap_or(value)
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
