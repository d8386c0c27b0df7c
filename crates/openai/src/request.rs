//! The body of `POST /chat/completions`, as far as we use it.

use mcq::{Language, Page, Question};
use serde::Serialize;
use serde_json::{Value, json};

use crate::error::Error;
use crate::excerpt::Excerpt;
use crate::prompt;

/// The model asked where none is configured.
pub const DEFAULT_MODEL: &str = "gpt-4o";

/// Tokens one question takes in the answer, at most: about 200 in French with its quote.
const TOKENS_PER_QUESTION: usize = 320;

/// What `gpt-4o` can answer at most, by its documentation.
const MAX_ANSWER_TOKENS: usize = 16_384;

/// What a reasoning model may think before it answers; it counts as part of the answer.
const REASONING_TOKENS: usize = 8_192;

/// Low, as facts are wanted, but not zero, so that a second request does not repeat the first.
const TEMPERATURE: f64 = 0.4;

/// What a request asks for.
#[derive(Debug, Clone)]
pub struct NewQuestions<'a> {
    /// How many questions.
    pub count: usize,
    /// The language they are written in.
    pub language: Language,
    /// The model's name, see [`DEFAULT_MODEL`].
    pub model: &'a str,
    /// Tokens of the document that may be sent, page markers included.
    pub document_tokens: usize,
    /// Questions already kept, not to be asked again.
    pub avoid: &'a [Question],
    /// Sent as the sampling seed, and moves the excerpt of a document that is too long.
    pub seed: u64,
}

/// A request body. Only fields we send; each exists in the published specification.
#[derive(Debug, Clone, Serialize)]
pub struct ChatCompletionRequest {
    /// The model's name.
    pub model: String,
    /// Instructions, then material.
    pub messages: Vec<Message>,
    /// Strict JSON schema of the answer.
    pub response_format: ResponseFormat,
    /// Upper bound of the answer, in tokens.
    pub max_completion_tokens: usize,
    /// Best-effort repeatability.
    pub seed: i64,
    /// Left out for reasoning models, which accept only their default.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub temperature: Option<f64>,
    /// Whether the provider keeps the answer for its dashboard: never, a document may be private.
    pub store: bool,
}

/// One message of the conversation.
#[derive(Debug, Clone, Serialize)]
pub struct Message {
    /// Who speaks.
    pub role: Role,
    /// What is said.
    pub content: String,
}

/// Who speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Our instructions.
    System,
    /// The material.
    User,
}

/// `response_format`: structured output.
#[derive(Debug, Clone, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum ResponseFormat {
    /// The answer follows a JSON schema.
    JsonSchema {
        /// The schema and how strictly it holds.
        json_schema: JsonSchemaFormat,
    },
}

/// The schema of the answer.
#[derive(Debug, Clone, Serialize)]
pub struct JsonSchemaFormat {
    /// Its name, for the model.
    pub name: &'static str,
    /// The answer follows the schema exactly.
    pub strict: bool,
    /// The schema itself.
    pub schema: Value,
}

/// Builds the request for `wanted` questions about `pages`.
///
/// # Errors
/// [`Error::NoText`] where the pages hold no text, or the budget leaves room for none.
pub fn build_request(
    pages: &[Page],
    wanted: &NewQuestions<'_>,
) -> Result<ChatCompletionRequest, Error> {
    let excerpt = Excerpt::of(pages, wanted.document_tokens, wanted.seed);
    request_about(pages, &excerpt, wanted)
}

pub(crate) fn request_about(
    pages: &[Page],
    excerpt: &Excerpt,
    wanted: &NewQuestions<'_>,
) -> Result<ChatCompletionRequest, Error> {
    if excerpt.passages.is_empty() {
        return Err(Error::NoText);
    }
    let reasons = is_reasoning_model(wanted.model);
    let answer = (wanted.count * TOKENS_PER_QUESTION + 200).min(MAX_ANSWER_TOKENS);
    let user = prompt::user(pages, excerpt, wanted.count, wanted.language, wanted.avoid);
    Ok(ChatCompletionRequest {
        model: wanted.model.to_owned(),
        messages: vec![
            Message { role: Role::System, content: prompt::system(wanted.language).to_owned() },
            Message { role: Role::User, content: user },
        ],
        response_format: ResponseFormat::JsonSchema {
            json_schema: JsonSchemaFormat {
                name: "questions",
                strict: true,
                schema: answer_schema(),
            },
        },
        max_completion_tokens: if reasons { answer + REASONING_TOKENS } else { answer },
        // The specification allows any i64; JSON numbers are exact to 2^53 only.
        seed: i64::try_from(wanted.seed & ((1 << 53) - 1)).unwrap_or_default(),
        temperature: (!reasons).then_some(TEMPERATURE),
        store: false,
    })
}

/// `o1`, `o3`, `o4-mini`, `gpt-5` and their like: they reason first, at a fixed temperature.
fn is_reasoning_model(model: &str) -> bool {
    let digits_after = |prefix: &str| {
        model.strip_prefix(prefix).and_then(|rest| rest.chars().next()).filter(char::is_ascii_digit)
    };
    digits_after("o").is_some() || digits_after("gpt-").is_some_and(|digit| digit >= '5')
}

/// The schema of the answer, inside the subset that strict mode accepts: every object closed, every
/// property required, no limits on numbers or lengths.
fn answer_schema() -> Value {
    let text = json!({ "type": "string" });
    let object = |properties: Value| {
        let required: Vec<_> =
            properties.as_object().map(|map| map.keys().cloned().collect()).unwrap_or_default();
        json!({
            "type": "object",
            "properties": properties,
            "required": required,
            "additionalProperties": false
        })
    };
    let question = object(json!({
        "question_text": text,
        "choices": object(json!({ "A": text, "B": text, "C": text, "D": text })),
        "correct_choice": { "type": "string", "enum": ["A", "B", "C", "D"] },
        "evidence": object(json!({ "page": { "type": "integer" }, "quote": text })),
    }));
    object(json!({ "questions": { "type": "array", "items": question } }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tokens::estimate_tokens;

    fn wanted(model: &str, document_tokens: usize) -> NewQuestions<'_> {
        NewQuestions {
            count: 10,
            language: Language::Fr,
            model,
            document_tokens,
            avoid: &[],
            seed: u64::MAX,
        }
    }

    fn pages(count: u32) -> Vec<Page> {
        (1..=count)
            .map(|number| Page {
                number,
                text: format!("Le fait numéro {number} est vrai. ").repeat(80),
            })
            .collect()
    }

    fn assert_strict(schema: &Value) {
        let object = schema.as_object().unwrap();
        if object.get("type") == Some(&json!("object")) {
            assert_eq!(object["additionalProperties"], json!(false));
            let properties = object["properties"].as_object().unwrap();
            let required = object["required"].as_array().unwrap();
            assert_eq!(required.len(), properties.len());
            for (name, property) in properties {
                assert!(required.contains(&json!(name)));
                assert_strict(property);
            }
        }
        if let Some(items) = object.get("items") {
            assert_strict(items);
        }
    }

    #[test]
    fn every_object_of_the_schema_is_closed_and_requires_all_its_properties() {
        assert_strict(&answer_schema());
    }

    #[test]
    fn the_body_asks_for_strict_json_and_is_not_stored() {
        let body = json!(build_request(&pages(2), &wanted(DEFAULT_MODEL, 4_000)).unwrap());
        assert_eq!(body["model"], "gpt-4o");
        assert_eq!(body["store"], false);
        assert_eq!(body["response_format"]["type"], "json_schema");
        assert_eq!(body["response_format"]["json_schema"]["strict"], true);
        assert_eq!(body["max_completion_tokens"], 3_400);
        assert_eq!(body["seed"], (1u64 << 53) - 1);
        assert_eq!(body["messages"][0]["role"], "system");
        assert_eq!(body["messages"][1]["role"], "user");
    }

    #[test]
    fn reasoning_models_get_no_temperature_and_room_to_think() {
        for model in ["o1", "o3-mini", "o4-mini", "gpt-5", "gpt-5.4-mini"] {
            let request = build_request(&pages(1), &wanted(model, 4_000)).unwrap();
            assert_eq!(
                (request.temperature, request.max_completion_tokens),
                (None, 11_592),
                "{model}"
            );
        }
        for model in ["gpt-4o", "gpt-4.1-mini", "omni", "mistral-large"] {
            let request = build_request(&pages(1), &wanted(model, 4_000)).unwrap();
            assert_eq!(request.temperature, Some(TEMPERATURE), "{model}");
        }
    }

    #[test]
    fn fifty_questions_stay_within_what_the_model_can_answer() {
        let many = NewQuestions { count: 60, ..wanted(DEFAULT_MODEL, 4_000) };
        assert_eq!(
            build_request(&pages(1), &many).unwrap().max_completion_tokens,
            MAX_ANSWER_TOKENS
        );
    }

    #[test]
    fn the_document_in_the_message_stays_inside_its_budget() {
        let request = build_request(&pages(300), &wanted(DEFAULT_MODEL, 5_000)).unwrap();
        let content = &request.messages[1].content;
        let shown = content.split_once("=== DOCUMENT").unwrap().1;
        // The two lines around the document itself are ours.
        assert!(estimate_tokens(shown) <= 5_000 + 48);
        let shown: Vec<u32> = content
            .lines()
            .filter_map(|line| line.strip_prefix("=== PAGE ")?.split(' ').next()?.parse().ok())
            .collect();
        assert!(shown.len() > 10 && shown[0] <= 15 && shown[shown.len() - 1] >= 285, "{shown:?}");
    }

    #[test]
    fn a_document_without_text_or_a_budget_without_room_is_an_error() {
        let blank = [Page { number: 1, text: "\n \n".into() }];
        assert!(matches!(build_request(&blank, &wanted("m", 4_000)), Err(Error::NoText)));
        assert!(matches!(build_request(&pages(1), &wanted("m", 3)), Err(Error::NoText)));
    }
}
