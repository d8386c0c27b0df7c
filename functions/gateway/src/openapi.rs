//! The OpenAPI document of all functions, made from their types and handlers. It lies in
//! `docs/openapi.json`, where `tests/openapi.rs` keeps it up to date.

use utoipa::OpenApi;
use utoipa::openapi::security::{ApiKey, ApiKeyValue, Http, HttpAuthScheme, SecurityScheme};

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Griot",
        version = env!("CARGO_PKG_VERSION"),
        license(name = "MIT", identifier = "MIT"),
        description = "The functions of Griot, beside the REST API of its Supabase project. Sign in with \
            Supabase Auth and send the access token as `Authorization: Bearer …`.\n\n\
            Every refusal has the body `Problem`; its `code` is stable, its `message` is French unless \
            `Accept-Language` prefers English. Every answer has the header `x-request-id`. Another method \
            than those listed is 405 `method_not_allowed`, another path 404 `not_found`.",
    ),
    servers((url = "/", description = "Where this document was read.")),
    tags(
        (name = "questions", description = "Questions out of the PDF of a masterclass."),
        (name = "messages", description = "Messages to people, and what became of them."),
        (name = "hooks", description = "What others tell us: the database, Whapi, Supabase Auth. Not for front ends."),
        (name = "admin", description = "What administrators and tutors see and change."),
        (name = "account", description = "The caller's own account, and what everybody is told about personal data."),
        (name = "operation", description = "Health and documentation."),
    ),
)]
struct Griot;

/// The document.
pub fn openapi() -> utoipa::openapi::OpenApi {
    let mut document = Griot::openapi();
    for function in [
        generate_questions::openapi(),
        send_whatsapp::openapi(),
        account::openapi(),
        admin::openapi(),
        hooks::openapi(),
        health::openapi(),
        documentation::openapi(),
    ] {
        document.merge(function);
    }
    // The access token of Supabase Auth.
    let mut token = Http::new(HttpAuthScheme::Bearer);
    token.bearer_format = Some("JWT".into());
    token.description = Some("The access token of a session of Supabase Auth.".into());
    let secret = |name: &str, description: &str| {
        SecurityScheme::ApiKey(ApiKey::Header(ApiKeyValue::with_description(name, description)))
    };
    let components = document.components.get_or_insert_default();
    components.add_security_scheme("access_token", SecurityScheme::Http(token));
    components.add_security_scheme(
        "webhook_secret",
        secret("x-webhook-secret", "The secret both sides were configured with."),
    );
    components.add_security_scheme(
        "standard_webhooks",
        secret(
            "webhook-signature",
            "Standard Webhooks, with `webhook-id` and `webhook-timestamp`.",
        ),
    );
    document
}
