//! The crate against a stand-in for the provider, over HTTP on this machine.

mod common;
mod contract;
mod faults;
