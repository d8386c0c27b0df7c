//! Text of a document to multiple-choice questions, each bound to its evidence; item-writing checks.
//!
//! ```text
//! pages ─ layout ─ sentences ─ facts ─ distractors ─ selection ─ questions
//!                                                        │
//!             verify_evidence, find_flaws, review, balance_keys
//! ```
//!
//! [`generate`] is the embedded engine: it reads facts out of the document's own sentences and asks about
//! them, without network or model, the same for the same seed. [`review`] is the gate for questions
//! of any engine: a question is kept only with a quote that is really on its page and supports the
//! key, and with fewer than two item-writing flaws. Nothing here does I/O, reads a clock or draws
//! randomness of its own; time is linear in the length of the text.

mod balance;
mod call;
mod canonical;
mod distractors;
mod evidence;
mod facts;
mod flaws;
mod generate;
mod layout;
mod lexicon;
mod question;
mod review;
mod selection;
mod sentence;

pub use balance::balance_keys;
pub use call::{Call, answer};
pub use evidence::{EvidenceError, SHORTEST_QUOTE, verify_evidence};
pub use flaws::{Flaw, TOO_MANY_FLAWS, find_flaws};
pub use generate::{Stage, generate, generate_watched};
pub use lexicon::detect_language;
pub use question::{
    Choices, Evidence, Generated, Language, Letter, Options, Page, Question, Warning,
};
pub use review::{Reason, Reviewed, review};
