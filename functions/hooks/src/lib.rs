//! `/api/hooks`: what others tell us. The database says that a message was written, Whapi what became
//! of one and what people answer, Supabase Auth which e-mail somebody needs. And the [`Dispatcher`],
//! which sends what is due.
//!
//! A hook never sends anything itself: it marks its answer with [`edge::LookNow`], and the messages go
//! after it.

mod auth_email;
mod database;
mod dispatch;
mod moment;
mod secret;
mod whatsapp;

pub use dispatch::{Budget, Dispatcher, Summary};

use axum::routing::post;
use edge::Routes;
use utoipa::OpenApi;

/// The routes of this function.
pub fn routes() -> Routes {
    vec![
        ("/api/hooks/database", post(database::database)),
        ("/api/hooks/whapi", post(whatsapp::whatsapp)),
        ("/api/hooks/auth-email", post(auth_email::auth_email)),
    ]
}

/// What `docs/openapi.json` says of them.
pub fn openapi() -> utoipa::openapi::OpenApi {
    #[derive(OpenApi)]
    #[openapi(paths(database::database, whatsapp::whatsapp, auth_email::auth_email))]
    struct Document;
    Document::openapi()
}
