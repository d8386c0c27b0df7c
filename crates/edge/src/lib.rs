//! What every function shares. A request passes through [`Service::serve`]; a handler takes its
//! caller ([`SignedIn`], [`Staff`]) and its input ([`Json`], [`Query`], [`Id`]) as arguments and
//! answers with a value or a [`Problem`].

mod app;
mod caller;
mod config;
mod cors;
mod incident;
mod input;
mod json;
pub mod openapi;
mod pass_on;
mod platform;
mod problem;
mod public_url;
mod questions;
mod serve;
mod weight;

pub use app::App;
pub use caller::{Role, SignedIn, Staff, throttle};
pub use config::{Config, ConfigError, Dsn, Messages};
pub use incident::{Incident, report};
pub use input::{Id, Query};
pub use json::{Json, parse_json};
pub use pass_on::PassOn;
pub use platform::{Limit, PdfFailure, PdfReader, Platform, PublicAnswer, with_deadline};
pub use problem::{Language, Problem};
pub use public_url::{Refusal, fetch_public, public_url};
pub use serve::{HEADERS, LookNow, RequestId, Routes, Service};
pub use weight::weight;
