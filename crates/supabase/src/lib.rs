//! A Supabase project over HTTP: PostgREST, Storage, and verification of the access tokens that
//! Supabase Auth signs. Nothing here knows what a Worker is.
//!
//! Every call names on whose behalf it is made ([`Identity`]). With [`Identity::Caller`] the
//! project's row-level security decides; that is the rule. [`Identity::Service`] goes past the
//! policies and is for jobs without a user; each use carries its reason.

mod deadline;
mod error;
mod project;
mod sendable;
mod signatures;
mod storage;
pub mod token;

pub use error::Error;
pub use http_call::{Timer, Unread};
pub use project::{Identity, Project};
pub use sendable::sendable;
pub use storage::{ByteStream, Download, ObjectPath};
pub use token::{AccessToken, Verifier};
