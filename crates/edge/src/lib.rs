//! What every function shares. A request passes through [`serve`]; a handler takes its caller
//! ([`Staff`]) and its body ([`Json`]) as arguments and answers with a value or a [`Problem`].

mod app;
mod caller;
mod config;
mod cors;
mod json;
mod platform;
mod problem;
mod public_url;
mod questions;
mod serve;

pub use app::App;
pub use caller::{Role, Staff};
pub use config::{Config, ConfigError};
pub use json::{Json, parse_json};
pub use platform::{PdfFailure, PdfReader, Platform, PublicAnswer, with_deadline};
pub use problem::{Language, Problem};
pub use public_url::{Refusal, fetch_public, public_url};
pub use serve::{RequestId, serve};
