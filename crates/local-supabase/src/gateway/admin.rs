//! `/auth/v1/admin/users`: accounts managed with the secret key, which the Auth server lacks.
//!
//! Bodies and errors after <https://supabase.com/docs/reference/javascript/auth-admin-createuser>.

use axum::body::to_bytes;
use axum::extract::Request;
use axum::response::Response;
use http::{HeaderValue, Method, StatusCode};
use serde_json::{Value, json};
use tokio_postgres::error::SqlState;
use uuid::Uuid;

use super::auth::refuse;
use super::{BODY_LIMIT, Gateway, problem};

/// A user as Auth answers it.
const USER: &str = "
  jsonb_strip_nulls(jsonb_build_object(
    'id', u.id, 'aud', u.aud, 'role', u.role, 'email', u.email, 'phone', coalesce(u.phone, ''),
    'email_confirmed_at', u.email_confirmed_at, 'phone_confirmed_at', u.phone_confirmed_at,
    'confirmed_at', u.confirmed_at, 'last_sign_in_at', u.last_sign_in_at, 'banned_until', u.banned_until,
    'created_at', u.created_at, 'updated_at', u.updated_at, 'is_anonymous', u.is_anonymous))
  || jsonb_build_object(
    'app_metadata', coalesce(u.raw_app_meta_data, '{}'), 'user_metadata', coalesce(u.raw_user_meta_data, '{}'),
    'identities', coalesce((
      select jsonb_agg(jsonb_build_object(
        'identity_id', i.id, 'id', i.provider_id, 'user_id', i.user_id, 'identity_data', i.identity_data,
        'provider', i.provider, 'last_sign_in_at', i.last_sign_in_at, 'created_at', i.created_at,
        'updated_at', i.updated_at, 'email', i.email))
      from auth.identities i where i.user_id = u.id), '[]'))";

pub(super) async fn answer(gateway: &Gateway, path: &str, request: Request) -> Response {
    let Some(below) = path.strip_prefix("/users") else {
        return refuse(
            StatusCode::NOT_FOUND,
            "not_found",
            "this admin endpoint is not served locally",
        );
    };
    let query = request.uri().query().unwrap_or_default().to_owned();
    let method = request.method().clone();
    let body = match to_bytes(request.into_body(), BODY_LIMIT).await {
        Ok(bytes) if bytes.is_empty() => json!({}),
        Ok(bytes) => match serde_json::from_slice(&bytes) {
            Ok(body) => body,
            Err(_) => {
                return refuse(
                    StatusCode::BAD_REQUEST,
                    "bad_json",
                    "Could not parse request body as JSON",
                );
            }
        },
        Err(_) => return refuse(StatusCode::BAD_REQUEST, "bad_json", "the body broke off"),
    };
    let id = below.trim_matches('/');
    let result = if id.is_empty() {
        match method {
            Method::POST => create(gateway, &body).await,
            Method::GET => {
                return list(gateway, &query).await.unwrap_or_else(|error| failed(&error));
            }
            _ => return refuse(StatusCode::METHOD_NOT_ALLOWED, "bad_method", "method not allowed"),
        }
    } else {
        let Ok(id) = id.parse::<Uuid>() else {
            return refuse(StatusCode::NOT_FOUND, "validation_failed", "user_id must be an UUID");
        };
        match method {
            Method::GET => find_user(gateway, id).await,
            Method::PUT => update(gateway, id, &body).await,
            Method::DELETE => delete(gateway, id).await,
            _ => return refuse(StatusCode::METHOD_NOT_ALLOWED, "bad_method", "method not allowed"),
        }
    };
    match result {
        Ok(Some(user)) => problem(StatusCode::OK, &user),
        Ok(None) => refuse(StatusCode::NOT_FOUND, "user_not_found", "User not found"),
        Err(error) => failed(&error),
    }
}

/// Why nothing was changed.
pub(super) enum Failure {
    Invalid(&'static str, &'static str),
    Database(tokio_postgres::Error),
}

impl From<tokio_postgres::Error> for Failure {
    fn from(error: tokio_postgres::Error) -> Self {
        Self::Database(error)
    }
}

fn failed(failure: &Failure) -> Response {
    match failure {
        Failure::Invalid(code, message) => refuse(StatusCode::UNPROCESSABLE_ENTITY, code, message),
        Failure::Database(error) if error.code() == Some(&SqlState::UNIQUE_VIOLATION) => refuse(
            StatusCode::UNPROCESSABLE_ENTITY,
            "email_exists",
            "A user with this email address has already been registered",
        ),
        Failure::Database(error) => refuse(
            StatusCode::INTERNAL_SERVER_ERROR,
            "unexpected_failure",
            &crate::error::describe(error),
        ),
    }
}

fn text(body: &Value, name: &str) -> Option<String> {
    body.get(name).and_then(Value::as_str).map(str::to_owned)
}

fn password_of(body: &Value) -> Result<Option<String>, Failure> {
    match text(body, "password") {
        Some(password) if password.chars().count() < 6 => {
            Err(Failure::Invalid("weak_password", "Password should be at least 6 characters."))
        }
        password => Ok(password),
    }
}

async fn create(gateway: &Gateway, body: &Value) -> Result<Option<Value>, Failure> {
    let email = text(body, "email")
        .map(|email| email.trim().to_lowercase())
        .filter(|email| email.contains('@'));
    let Some(email) = email else {
        return Err(Failure::Invalid(
            "validation_failed",
            "Unable to validate email address: invalid format",
        ));
    };
    let exists = gateway
        .database
        .query_opt("select 1 from auth.users where lower(email) = $1", &[&email])
        .await?;
    if exists.is_some() {
        return Err(Failure::Invalid(
            "email_exists",
            "A user with this email address has already been registered",
        ));
    }
    let id = text(body, "id").and_then(|id| id.parse().ok()).unwrap_or_else(Uuid::new_v4);
    let confirmed = body.get("email_confirm").and_then(Value::as_bool).unwrap_or(false);
    let metadata = |name: &str| {
        body.get(name).filter(|value| value.is_object()).cloned().unwrap_or_else(|| json!({}))
    };
    let statement = "
      with made as (
        insert into auth.users (id, aud, role, email, encrypted_password, email_confirmed_at,
          raw_app_meta_data, raw_user_meta_data, is_sso_user, is_anonymous, created_at, updated_at)
        values ($1, 'authenticated', 'authenticated', $2,
          extensions.crypt($3::text, extensions.gen_salt('bf', 10)),
          case when $4 then now() end,
          '{\"provider\": \"email\", \"providers\": [\"email\"]}'::jsonb || $5::jsonb, $6::jsonb,
          false, false, now(), now())
        returning id, email)
      insert into auth.identities (id, provider, provider_id, user_id, identity_data, created_at, updated_at)
      select gen_random_uuid(), 'email', made.id::text, made.id,
        $6::jsonb || jsonb_build_object('sub', made.id, 'email', made.email, 'email_verified', false, 'phone_verified', false),
        now(), now()
      from made";
    let password = password_of(body)?;
    let (app, user) = (metadata("app_metadata"), metadata("user_metadata"));
    gateway.database.execute(statement, &[&id, &email, &password, &confirmed, &app, &user]).await?;
    find_user(gateway, id).await
}

/// Reads one user.
pub(super) async fn find_user(gateway: &Gateway, id: Uuid) -> Result<Option<Value>, Failure> {
    let statement = format!("select {USER} from auth.users u where u.id = $1");
    let row = gateway.database.query_opt(&statement, &[&id]).await?;
    Ok(row.map(|row| row.try_get(0)).transpose()?)
}

async fn list(gateway: &Gateway, query: &str) -> Result<Response, Failure> {
    let number = |name: &str, otherwise: i64| {
        let mut pairs = url::form_urlencoded::parse(query.as_bytes());
        let found =
            pairs.find(|(key, _)| key == name).and_then(|(_, value)| value.parse::<i64>().ok());
        found.filter(|number| *number > 0).unwrap_or(otherwise)
    };
    let (page, per_page) = (number("page", 1), number("per_page", 50).min(1000));
    let statement = format!(
        "select coalesce(jsonb_agg({USER} order by u.created_at, u.id), '[]'), (select count(*) from auth.users)
         from (select * from auth.users order by created_at, id limit $1 offset $2) u"
    );
    let offset = (page - 1).saturating_mul(per_page);
    let row = gateway.database.query_one(&statement, &[&per_page, &offset]).await?;
    let (users, total): (Value, i64) = (row.try_get(0)?, row.try_get(1)?);
    let mut response = problem(StatusCode::OK, &json!({ "users": users, "aud": "authenticated" }));
    let last = ((total + per_page - 1) / per_page).max(1);
    let link = |page: i64, relation: &str| {
        format!("</admin/users?page={page}&per_page={per_page}>; rel=\"{relation}\"")
    };
    let mut links = Vec::new();
    if page < last {
        links.push(link(page + 1, "next"));
    }
    links.push(link(last, "last"));
    if let Ok(links) = HeaderValue::from_str(&links.join(", ")) {
        response.headers_mut().insert(http::header::LINK, links);
    }
    response.headers_mut().insert("x-total-count", HeaderValue::from(total));
    Ok(response)
}

async fn update(gateway: &Gateway, id: Uuid, body: &Value) -> Result<Option<Value>, Failure> {
    // A key with the value null is taken out, as Auth does.
    let statement = "
      update auth.users u set
        email = coalesce(lower($2), u.email),
        encrypted_password = coalesce(extensions.crypt($3::text, extensions.gen_salt('bf', 10)), u.encrypted_password),
        email_confirmed_at = case when $4 then coalesce(u.email_confirmed_at, now()) else u.email_confirmed_at end,
        raw_app_meta_data = (coalesce(u.raw_app_meta_data, '{}') || $5::jsonb)
          - array(select e.key from jsonb_each($5::jsonb) e where e.value = 'null'),
        raw_user_meta_data = (coalesce(u.raw_user_meta_data, '{}') || $6::jsonb)
          - array(select e.key from jsonb_each($6::jsonb) e where e.value = 'null'),
        banned_until = case when $7::text is null then u.banned_until
          when $7 = 'none' then null else now() + $7::interval end,
        role = coalesce($8, u.role),
        updated_at = now()
      where u.id = $1";
    let metadata = |name: &str| {
        body.get(name).filter(|value| value.is_object()).cloned().unwrap_or_else(|| json!({}))
    };
    let confirmed = body.get("email_confirm").and_then(Value::as_bool).unwrap_or(false);
    let (app, user) = (metadata("app_metadata"), metadata("user_metadata"));
    let (email, password) = (text(body, "email"), password_of(body)?);
    let (ban, role) = (text(body, "ban_duration"), text(body, "role"));
    gateway
        .database
        .execute(statement, &[&id, &email, &password, &confirmed, &app, &user, &ban, &role])
        .await?;
    if let Some(email) = email {
        let statement = "update auth.identities set email = lower($2),
            identity_data = identity_data || jsonb_build_object('email', lower($2)), updated_at = now()
          where user_id = $1 and provider = 'email'";
        gateway.database.execute(statement, &[&id, &email]).await?;
    }
    find_user(gateway, id).await
}

async fn delete(gateway: &Gateway, id: Uuid) -> Result<Option<Value>, Failure> {
    // The parts of one statement see the same snapshot and the foreign keys are checked at its end.
    let statement = "
      with tokens as (delete from auth.refresh_tokens where user_id = $1),
        sessions as (delete from auth.sessions where user_id = $1),
        identities as (delete from auth.identities where user_id = $1)
      delete from auth.users where id = $1";
    let deleted = gateway.database.execute(statement, &[&id]).await?;
    Ok((deleted > 0).then(|| json!({})))
}
