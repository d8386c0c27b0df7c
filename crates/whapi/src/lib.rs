//! WhatsApp messages through Whapi: build a request, read a response.
//!
//! Whapi has no idempotency key: a request that was sent twice is a message that arrives twice. So
//! [`Client::send_text`] never repeats anything and never guesses. It sorts what happened into what
//! is *known*: accepted, known not to be accepted, refused for good, a number that WhatsApp does
//! not know, or [uncertain](SendOutcome::Uncertain). What is uncertain is looked up afterwards with
//! [`Client::list_messages`], which says whether it has seen everything there is to see.
//!
//! [`webhook::parse`] reads what Whapi posts to us: states of our messages, and texts from people.
//!
//! The crate compiles for `wasm32-unknown-unknown`, reads no clock and waits only through the
//! caller's [`Timer`]. None of its errors and no `Debug` output holds the token, a number or a word
//! of a message.

mod client;
mod contacts;
mod error;
mod list;
mod send;
mod status;
pub mod webhook;

pub use client::{Client, DEADLINE, DEFAULT_BASE_URL, Token};
pub use contacts::{MAX_NUMBERS, NumberCheck, NumberStatus};
pub use error::Error;
pub use http_call::Timer;
pub use list::{ListQuery, ListedMessage, Listing, MAX_PAGES, PAGE};
pub use send::{Cause, MAX_BODY_CHARACTERS, SendOutcome};
pub use status::Status;
