//! The "send e-mail" hook of Supabase Auth.
//!
//! Contract: <https://supabase.com/docs/guides/auth/auth-hooks/send-email-hook>. Auth waits five
//! seconds in all, and calls again after 503 with `Retry-After`.

use crate::secret;
use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::response::Response;
use edge::openapi::{AnyRefusal, ProblemBody};
use edge::{App, LookNow, Problem, with_deadline};
use futures_util::future::try_join_all;
use http::HeaderMap;
use messaging::{Channel, Language, MessageType, Template};
use serde_json::{Map, Value, json};
use signature::Signed;
use std::time::Duration;
use supabase::Identity;
use url::Url;
use utoipa::ToSchema;
use uuid::Uuid;

mod signature;

const WHY: &str = "Supabase Auth asks for an e-mail";
/// Auth gives up after five seconds.
const PATIENCE: Duration = Duration::from_secs(4);
const BODY_MAX_BYTES: usize = 64 * 1024;

/// What Supabase Auth posts, as far as it is read.
#[derive(ToSchema)]
#[schema(as = AuthEmail)]
pub(crate) struct Call {
    #[schema(inline)]
    user: User,
    #[schema(inline)]
    email_data: EmailData,
}

#[derive(ToSchema)]
#[schema(as = AuthEmailUser)]
struct User {
    id: Uuid,
    email: String,
    /// The address that is to replace `email`.
    #[schema(required = false)]
    new_email: String,
    /// What the front end gave at sign-up; `language` is read.
    #[schema(required = false, value_type = Object)]
    user_metadata: Value,
}

#[derive(ToSchema)]
#[schema(as = AuthEmailData)]
struct EmailData {
    /// `signup`, `recovery`, `magiclink`, `invite`, `email_change`, `reauthentication`.
    email_action_type: String,
    token: String,
    token_hash: String,
    #[schema(required = false)]
    token_new: String,
    #[schema(required = false)]
    token_hash_new: String,
    #[schema(required = false)]
    redirect_to: String,
}

impl Call {
    /// Reads it field by field; Auth may add others.
    fn read(body: &[u8]) -> Result<Self, Problem> {
        let body = secret::object(body)?;
        let text = |pointer: &str| {
            body.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned()
        };
        let missing = |field: &str| {
            Problem::unprocessable(
                "invalid_request",
                format!("Le champ « {field} » de la requête ne convient pas."),
                format!("The field {field:?} of the request does not fit."),
            )
            .details(json!({ "field": field, "reason": "missing or of another kind" }))
        };
        let id = Uuid::parse_str(&text("/user/id")).map_err(|_| missing("user.id"))?;
        let email_action_type = text("/email_data/email_action_type");
        if email_action_type.is_empty() {
            return Err(missing("email_data.email_action_type"));
        }
        Ok(Self {
            user: User {
                id,
                email: text("/user/email"),
                new_email: text("/user/new_email"),
                user_metadata: body.pointer("/user/user_metadata").cloned().unwrap_or_default(),
            },
            email_data: EmailData {
                email_action_type,
                token: text("/email_data/token"),
                token_hash: text("/email_data/token_hash"),
                token_new: text("/email_data/token_new"),
                token_hash_new: text("/email_data/token_hash_new"),
                redirect_to: text("/email_data/redirect_to"),
            },
        })
    }
}

/// One e-mail to write.
#[derive(Debug, PartialEq, Eq)]
struct Email<'a> {
    /// What tells it from the other e-mail of the same call.
    part: &'static str,
    to: &'a str,
    code: &'a str,
    token_hash: &'a str,
}

/// Write an e-mail of Supabase Auth
///
/// It goes through the outbox, before everything else. The same call again (`webhook-id`) writes nothing
/// new. Kinds of e-mail we have no words for are answered and not written.
#[utoipa::path(
    post,
    path = "/api/hooks/auth-email",
    operation_id = "hookAuthEmail",
    tag = "hooks",
    security(("standard_webhooks" = [])),
    params(
        ("webhook-id" = String, Header, description = "The call's own id, the same when it is repeated."),
        ("webhook-timestamp" = String, Header, description = "Unix seconds, within five minutes of now."),
        ("webhook-signature" = String, Header, description = "Standard Webhooks: `v1,<base64>`, one or more."),
    ),
    request_body = Call,
    responses(
        (status = 200, description = "It is written.", body = Object),
        (status = 400, description = "`malformed_json`: the body is not a JSON object.", body = ProblemBody),
        (status = 401, description = "`invalid_webhook_secret`: no signature fits, or it is too old.", body = ProblemBody),
        (status = 404, description = "`hook_not_configured`: no AUTH_HOOK_SECRET is set.", body = ProblemBody),
        (status = 413, description = "`body_too_large`: over 64 KiB.", body = ProblemBody),
        (status = 422, description = "`invalid_request`: a field is missing, or the e-mail cannot be written.", body = ProblemBody),
        AnyRefusal,
    )
)]
pub(crate) async fn auth_email(
    State(app): State<App>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    let secrets = &app.config().messages.auth_hook_secret;
    let secrets = secrets.as_deref().ok_or_else(secret::not_configured)?;
    let body = secret::read(body, BODY_MAX_BYTES).await?;
    let signed = Signed::read(&headers).ok_or_else(|| secret::refused("no signature"))?;
    signed.verify(secrets, &body, app.platform().now_ms() / 1000).map_err(secret::refused)?;
    let call = Call::read(&body)?;
    let done = with_deadline(app.platform(), PATIENCE, write(&app, signed.id, &call)).await;
    done.unwrap_or_else(|| Err(Problem::unavailable("no answer in time")))?;
    Ok(LookNow::after(Json(json!({}))))
}

async fn write(app: &App, webhook_id: &str, call: &Call) -> Result<(), Problem> {
    let action = call.email_data.email_action_type.as_str();
    let Some((message_type, kind)) = message_type(action) else {
        let line = json!({
            "message": "Supabase Auth asked for an e-mail we have no words for",
            "level": "warn",
            "email_action_type": action.chars().take(40).collect::<String>(),
        });
        app.platform().log(&line.to_string());
        return Ok(());
    };
    let emails = call.emails(message_type)?;
    let language = language(app, call).await;
    try_join_all(emails.iter().map(async |email| {
        let data = variables(app, call, message_type, kind, email);
        if let Err(error) = Template::check(message_type, Channel::Email, &data) {
            let [french, english] = error.message();
            return Err(Problem::unprocessable("invalid_request", french, english)
                .details(json!({ "field": error.variable(), "reason": error.to_string() })));
        }
        let arguments = json!({
            "webhook_id": format!("{webhook_id}{}", email.part),
            "user_id": call.user.id,
            "email": email.to,
            "message_type": message_type.name(),
            "language": language.code(),
            "data": data,
        });
        let written: Result<Value, _> =
            app.project().rpc(Identity::Service(WHY), "enqueue_auth_email", &arguments).await;
        written.map(drop).map_err(Problem::from)
    }))
    .await
    .map(drop)
}

/// Our message for an action of Auth, and the `type` of its link.
fn message_type(action: &str) -> Option<(MessageType, &'static str)> {
    Some(match action {
        "signup" => (MessageType::VerifyEmail, "signup"),
        "recovery" => (MessageType::ResetPassword, "recovery"),
        "magiclink" => (MessageType::MagicLink, "magiclink"),
        // A code for an address, new or known.
        "email" => (MessageType::MagicLink, "email"),
        "invite" => (MessageType::Invite, "invite"),
        "email_change" => (MessageType::EmailChange, "email_change"),
        "reauthentication" => (MessageType::Reauthentication, "reauthentication"),
        _ => return None,
    })
}

impl Call {
    /// One e-mail, or two where both addresses must agree to a change.
    ///
    /// Auth's names are crossed, and stay so: `token_hash_new` belongs with `token` and the current
    /// address, `token_hash` with `token_new` and the new one. Without a second pair `token` is that
    /// of the new address.
    fn emails(&self, message_type: MessageType) -> Result<Vec<Email<'_>>, Problem> {
        let Self { user, email_data: data } = self;
        let single =
            Email { part: "", to: &user.email, code: &data.token, token_hash: &data.token_hash };
        let emails = if message_type != MessageType::EmailChange {
            vec![single]
        } else if data.token_hash_new.is_empty() {
            vec![Email { to: &user.new_email, ..single }]
        } else {
            vec![
                Email { part: ":current", token_hash: &data.token_hash_new, ..single },
                Email {
                    part: ":new",
                    to: &user.new_email,
                    code: &data.token_new,
                    token_hash: &data.token_hash,
                },
            ]
        };
        if emails.iter().any(|email| email.to.is_empty()) {
            return Err(Problem::unprocessable(
                "invalid_request",
                "L'utilisateur n'a pas d'adresse.",
                "The user has no address.",
            )
            .details(json!({ "field": "user.email", "reason": "empty" })));
        }
        Ok(emails)
    }
}

/// The variables of the message. The name is left out: at this moment anybody may have typed it, for
/// somebody else's address.
fn variables(
    app: &App,
    call: &Call,
    message_type: MessageType,
    kind: &str,
    email: &Email<'_>,
) -> Value {
    let mut data = Map::new();
    if !email.code.is_empty() {
        data.insert("code".into(), email.code.into());
    }
    if message_type != MessageType::Reauthentication {
        let link = link(&app.config().supabase_url, kind, email, &call.email_data.redirect_to);
        data.insert("link".into(), link.into());
    }
    if message_type == MessageType::EmailChange {
        data.insert("new_email".into(), call.user.new_email.as_str().into());
    }
    data.into()
}

fn link(project: &Url, kind: &str, email: &Email<'_>, redirect_to: &str) -> String {
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    query.append_pair("token", email.token_hash).append_pair("type", kind);
    if !redirect_to.is_empty() {
        query.append_pair("redirect_to", redirect_to);
    }
    let project = project.as_str().trim_end_matches('/');
    format!("{project}/auth/v1/verify?{}", query.finish())
}

/// The language the front end named at sign-up, else that of the profile, else French.
async fn language(app: &App, call: &Call) -> Language {
    let named = call.user.user_metadata.get("language").and_then(Value::as_str);
    // `fr-GA` is French.
    let code = |tag: &str| Language::from_code(tag.split(['-', '_']).next()?);
    if let Some(language) = named.and_then(code) {
        return language;
    }
    let project = app.project();
    let Ok(query) = project.from(Identity::Service(WHY), "profiles") else {
        return Language::default();
    };
    let query = query.select("language").eq("id", call.user.id.to_string());
    // Who has no profile yet, or cannot be looked up, is written to in French.
    let rows: Vec<Value> = project.rows(query).await.unwrap_or_default();
    let language = rows.first().and_then(|row| row.get("language")).and_then(Value::as_str);
    language.and_then(code).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(data: Value) -> Call {
        let user =
            json!({"id": Uuid::nil(), "email": "old@example.org", "new_email": "new@example.org"});
        let call = json!({"user": user, "email_data": data, "new": 1}).to_string();
        Call::read(call.as_bytes()).unwrap()
    }

    #[test]
    fn a_change_of_address_is_confirmed_from_both_with_the_hash_of_each() {
        let both = call(json!({"email_action_type": "email_change", "token": "111111",
            "token_hash": "of-new", "token_new": "222222", "token_hash_new": "of-current"}));
        let emails = both.emails(MessageType::EmailChange).unwrap();
        let parts: Vec<_> =
            emails.iter().map(|one| (one.part, one.to, one.code, one.token_hash)).collect();
        assert_eq!(
            parts,
            [
                (":current", "old@example.org", "111111", "of-current"),
                (":new", "new@example.org", "222222", "of-new"),
            ]
        );
        let one = call(json!({"email_action_type": "email_change", "token": "111111",
            "token_hash": "of-new"}));
        let emails = one.emails(MessageType::EmailChange).unwrap();
        assert_eq!(emails.len(), 1);
        assert_eq!((emails[0].to, emails[0].token_hash), ("new@example.org", "of-new"));
    }

    #[test]
    fn what_is_in_the_link_cannot_leave_its_place() {
        let email = Email { part: "", to: "", code: "", token_hash: "pkce_a&type=x" };
        let project = Url::parse("https://abc.supabase.co").unwrap();
        assert_eq!(
            link(&project, "signup", &email, "https://academy.example/?a=1&b=2#c"),
            "https://abc.supabase.co/auth/v1/verify?token=pkce_a%26type%3Dx&type=signup\
             &redirect_to=https%3A%2F%2Facademy.example%2F%3Fa%3D1%26b%3D2%23c"
        );
    }
}
