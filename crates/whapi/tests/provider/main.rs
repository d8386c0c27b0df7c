//! The crate against a stand-in for the provider, over HTTP on this machine.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may fail anywhere")]

mod common;
mod contract;
mod faults;
mod list;
mod webhook;
