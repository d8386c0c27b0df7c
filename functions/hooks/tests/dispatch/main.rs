//! The dispatcher against the stand-ins of both providers, with the outbox replaced by one in memory
//! that keeps its rules: a lease, one message of a person at a time, what is uncertain is looked up.
//! The real one is tested in `supabase/tests`.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test ends with a panic where something is not as it should be"
)]

mod sending;
mod turns;
mod world;
