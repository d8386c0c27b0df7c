//! Stand-ins for outside providers that check every request against our contract and can be told to fail.
//!
//! One module per provider. Each holds the provider's routes, the faults it can be told to show,
//! and its contract: our own JSON schemas of what we send and read (in `contracts/`), themselves
//! compared with the provider's published specification where that is at hand.
//!
//! A Rust test starts one in its own process ([`openai::OpenAi::start`]) and scripts it through its
//! handle; an end-to-end run starts the `providers` binary and scripts it over `/_control/…`.
//!
//! Those of messages ([`whapi`], [`resend`]) keep everything they accepted, so that their books can
//! be compared with ours, and have a port of their own each, so that it can be closed.

pub mod messages;
pub mod openai;
mod published;
pub mod resend;
pub mod sample;
mod server;
pub mod whapi;

pub use published::Published;
