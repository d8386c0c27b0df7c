//! What the stand-ins of messages share: faults, storms, a port that can be closed, control.

mod control;
mod fault;
mod port;
mod stage;
mod storm;

pub use fault::Fault;
pub use stage::{Counts, Events, Request};
pub use storm::Storm;

pub(crate) use control::routes as control_routes;
pub(crate) use port::{Cut, Port, Site};
pub(crate) use stage::Stage;
pub(crate) use storm::{hash, unit};
