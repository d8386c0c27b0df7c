//! E-mails through Resend: build a request, read a response.
//!
//! Resend takes an idempotency key: a request that comes twice with the same key within
//! [`KEY_LIFETIME`] sends one e-mail, and gets the same answer twice. So nothing stays uncertain:
//! whatever passes (a timeout, a cut connection, a failing server, an unreadable answer) is a
//! [`Retry`](SendOutcome::Retry) with the same key. That holds no longer than the key does: an
//! e-mail whose first attempt is older must not be tried again unasked.
//!
//! The crate compiles for `wasm32-unknown-unknown`, reads no clock and waits only through the
//! caller's [`Timer`]. None of its errors and no `Debug` output holds the API key, an address or a
//! word of a message.

mod client;
mod send;

pub use client::{ApiKey, Client, ConfigurationError, DEADLINE, DEFAULT_BASE_URL};
pub use http_call::Timer;
pub use send::{Email, KEY_LIFETIME, MAX_KEY_BYTES, SendOutcome};
