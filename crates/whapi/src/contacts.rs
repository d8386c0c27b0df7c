//! `POST /contacts`: who has WhatsApp.

use std::fmt;

use serde_json::{Value, json};

use crate::client::{self, Client, DEADLINE};
use crate::error::Error;

/// Numbers in one question. The contract has no limit, but warns that mass checks draw WhatsApp's
/// attention to the channel.
pub const MAX_NUMBERS: usize = 50;

const MAX_ANSWER_BYTES: usize = 256 << 10;

/// What WhatsApp says of a number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NumberStatus {
    /// It has WhatsApp.
    Valid {
        /// WhatsApp's identifier of the person (`{wa_id}@s.whatsapp.net` is their chat). It may be
        /// another number than the one asked about.
        wa_id: Option<String>,
    },
    /// It does not.
    Invalid,
    /// The answer says neither.
    Unknown,
}

/// The answer about one number.
#[derive(Clone, PartialEq, Eq)]
pub struct NumberCheck {
    /// The number as it was asked about.
    pub input: String,
    /// What is known.
    pub status: NumberStatus,
}

impl fmt::Debug for NumberCheck {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let status = match self.status {
            NumberStatus::Valid { .. } => "valid",
            NumberStatus::Invalid => "invalid",
            NumberStatus::Unknown => "unknown",
        };
        formatter.debug_struct("NumberCheck").field("status", &status).finish_non_exhaustive()
    }
}

impl Client {
    /// Asks which of at most [`MAX_NUMBERS`] numbers (digits without `+`) have WhatsApp; one answer
    /// for each, in their order.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn check_numbers(&self, numbers: &[&str]) -> Result<Vec<NumberCheck>, Error> {
        if numbers.is_empty() {
            return Ok(Vec::new());
        }
        if numbers.len() > MAX_NUMBERS {
            return Err(Error::Configuration { what: "too many numbers in one question" });
        }
        let request = json!({ "contacts": numbers });
        let address = self.address(&["contacts"]);
        let answer = self.post(address, &request, DEADLINE, MAX_ANSWER_BYTES).await;
        let body = client::json(answer)?;
        let told = body.get("contacts").and_then(Value::as_array).ok_or(Error::Unreadable)?;
        Ok(numbers.iter().map(|number| read(number, told)).collect())
    }
}

fn read(number: &str, told: &[Value]) -> NumberCheck {
    let text = |element: &Value, name: &str| -> Option<String> {
        Some(element.get(name)?.as_str()?.to_owned())
    };
    let answer = told.iter().find(|one| text(one, "input").as_deref() == Some(number));
    let status = match answer.and_then(|one| text(one, "status")).as_deref() {
        Some("valid") => {
            let digits = |id: &String| {
                (5..=20).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_digit())
            };
            NumberStatus::Valid { wa_id: answer.and_then(|one| text(one, "wa_id")).filter(digits) }
        }
        Some("invalid") => NumberStatus::Invalid,
        _ => NumberStatus::Unknown,
    };
    NumberCheck { input: number.to_owned(), status }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_number_gets_the_answer_that_names_it() {
        let told = [
            json!({"input": "22997000000", "status": "invalid"}),
            json!({"input": "2290197000000", "status": "valid", "wa_id": "22997000000"}),
            json!({"input": "24174000000", "status": "valid", "wa_id": "<script>"}),
            json!({"input": "24174000001", "status": "processing"}),
        ];
        let status = |number| read(number, &told).status;
        assert_eq!(status("22997000000"), NumberStatus::Invalid);
        let wa_id = Some("22997000000".to_owned());
        assert_eq!(status("2290197000000"), NumberStatus::Valid { wa_id });
        assert_eq!(status("24174000000"), NumberStatus::Valid { wa_id: None });
        assert_eq!(status("24174000001"), NumberStatus::Unknown);
        assert_eq!(status("24174000002"), NumberStatus::Unknown);
        assert!(!format!("{:?}", read("2290197000000", &told)).contains("229"));
    }
}
