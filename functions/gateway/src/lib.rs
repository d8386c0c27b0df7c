//! The Worker. It mounts the functions and gives them the platform they run on; nothing else.

#[cfg(target_arch = "wasm32")]
mod exchange;
mod openapi;
#[cfg(target_arch = "wasm32")]
mod platform;
#[cfg(target_arch = "wasm32")]
mod worker;

use edge::Routes;
pub use openapi::openapi;

/// Every route of every function.
pub fn routes() -> Routes {
    [
        health::routes(),
        generate_questions::routes(),
        send_whatsapp::routes(),
        hooks::routes(),
        account::routes(),
        admin::routes(),
        documentation::routes(),
    ]
    .into_iter()
    .flatten()
    .collect()
}
