//! What a message says, to which number, and what its recipient answers.
//!
//! - [`PhoneNumber`]: what a person typed, as one E.164 number or a sentence that says what to do.
//! - [`Template`]: the text of a message in French or English, for WhatsApp or for e-mail, from
//!   checked variables; [`reference()`]: the mark by which a sent message is found again.
//! - [`Keyword`]: STOP and START in what a recipient writes.
//! - [`safe_reason()`]: why a provider refused, without what must not be logged.
//!
//! Nothing here does I/O, reads a clock or draws a random number: the same arguments always give
//! the same text, so a message rendered again after a crash is the same message.
//!
//! ```
//! use messaging::{Channel, Language, MessageType, PhoneNumber, Rendered, Template};
//! use serde_json::json;
//! use uuid::Uuid;
//!
//! let number = PhoneNumber::parse("074 00 00 00")?;
//! assert_eq!((number.e164(), number.digits()), ("+24174000000", "24174000000"));
//!
//! let template = Template {
//!     message_type: MessageType::Validation,
//!     channel: Channel::WhatsApp,
//!     language: Language::French,
//!     academy: "Académie Griot",
//! };
//! let id = Uuid::from_u128(0x3f0f_328d_b78c_4a01_8000_0000_0000_0001);
//! let data = json!({"name": "Awa", "masterclass": "Gérer sa trésorerie"});
//! let Rendered::WhatsApp { text } = template.render(id, &data)? else { unreachable!() };
//! assert!(text.ends_with("Réf. 7W7K-53DQ"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod keyword;
mod language;
mod message_type;
mod phone;
mod reason;
mod reference;
mod template;

pub use keyword::Keyword;
pub use language::Language;
pub use message_type::{Channel, MessageType};
pub use phone::{DEFAULT_REGION, PhoneError, PhoneNumber};
pub use reason::safe_reason;
pub use reference::{reference, reference_in};
pub use template::{Expected, MAX_WHATSAPP_CHARACTERS, Rendered, Template, VariableError};
