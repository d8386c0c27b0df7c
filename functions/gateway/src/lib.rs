//! The Worker. It mounts the functions and gives them the platform they run on; nothing else.

#[cfg(target_arch = "wasm32")]
mod exchange;
mod openapi;
#[cfg(target_arch = "wasm32")]
mod platform;
#[cfg(target_arch = "wasm32")]
mod worker;

use axum::Router;
use edge::App;
pub use openapi::openapi;

/// Every route of every function.
pub fn routes() -> Router<App> {
    Router::new()
        .merge(health::routes())
        .merge(generate_questions::routes())
        .merge(send_whatsapp::routes())
        .merge(hooks::routes())
        .merge(account::routes())
        .merge(admin::routes())
        .merge(documentation::routes())
}
