//! API keys and bearer tokens, as a hosted project's gateway reads them.

use axum::extract::Request;
use axum::response::Response;
use http::{HeaderMap, StatusCode, header};
use serde_json::json;

use super::{ApiKeys, problem};
use crate::jwt::Tokens;

/// The role that an API key stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum KeyRole {
    /// Anybody.
    Anon,
    /// The project's own servers.
    Service,
}

/// Who asks: the role of the key, and a user's token where there is one (not verified yet).
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Access {
    pub(super) role: KeyRole,
    pub(super) token: Option<String>,
}

/// Why a request is not let in.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    NoKey,
    UnknownKey,
}

impl Refusal {
    pub(super) fn into_response(self) -> Response {
        let body = match self {
            Self::NoKey => json!({
                "message": "No API key found in request",
                "hint": "No `apikey` request header or url param was found.",
            }),
            Self::UnknownKey => json!({
                "message": "Invalid API key",
                "hint": "Double check your Supabase `anon` or `service_role` API key.",
            }),
        };
        problem(StatusCode::UNAUTHORIZED, &body)
    }
}

impl Access {
    pub(super) fn of(keys: &ApiKeys, tokens: &Tokens, request: &Request) -> Result<Self, Refusal> {
        let from_query = request.uri().query().and_then(|query| {
            let mut pairs = url::form_urlencoded::parse(query.as_bytes());
            pairs.find(|(name, _)| name == "apikey").map(|(_, value)| value.into_owned())
        });
        Self::read(keys, tokens, request.headers(), from_query)
    }

    fn read(
        keys: &ApiKeys,
        tokens: &Tokens,
        headers: &HeaderMap,
        from_query: Option<String>,
    ) -> Result<Self, Refusal> {
        let bearer = bearer(headers);
        let from_header =
            headers.get("apikey").and_then(|value| value.to_str().ok()).map(str::to_owned);
        // A legacy key may stand in Authorization alone.
        let key = from_header.or(from_query);
        let key =
            key.or_else(|| bearer.clone().filter(|token| role_of(keys, tokens, token).is_some()));
        let key = key.filter(|key| !key.is_empty()).ok_or(Refusal::NoKey)?;
        let role = role_of(keys, tokens, &key).ok_or(Refusal::UnknownKey)?;
        match bearer {
            None => Ok(Self { role, token: None }),
            // supabase-js repeats its key there while nobody is signed in.
            Some(token) if token == key => Ok(Self { role, token: None }),
            // The other key of the pair decides, as it would if it were a token of that role.
            Some(token) => match role_of(keys, tokens, &token) {
                Some(role) => Ok(Self { role, token: None }),
                None if token.starts_with("sb_") => Err(Refusal::UnknownKey),
                None => Ok(Self { role, token: Some(token) }),
            },
        }
    }
}

/// The token of `Authorization: Bearer …`.
pub(super) fn bearer(headers: &HeaderMap) -> Option<String> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    let token = token.trim();
    (scheme.eq_ignore_ascii_case("bearer") && !token.is_empty()).then(|| token.to_owned())
}

fn role_of(keys: &ApiKeys, tokens: &Tokens, key: &str) -> Option<KeyRole> {
    if key == keys.publishable || key == keys.anon {
        return Some(KeyRole::Anon);
    }
    if key == keys.secret || key == keys.service_role {
        return Some(KeyRole::Service);
    }
    // Any other legacy key signed with the project's secret: a role and no user.
    let claims = tokens.verify_legacy_key(key).filter(|claims| !claims.contains_key("sub"))?;
    match claims.get("role").and_then(serde_json::Value::as_str) {
        Some("anon") => Some(KeyRole::Anon),
        Some("service_role") => Some(KeyRole::Service),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secrets::Secrets;

    fn project() -> (ApiKeys, Tokens) {
        let secrets = Secrets::generate().unwrap();
        let tokens = Tokens::new(&secrets, "http://127.0.0.1:1").unwrap();
        let now = 1_700_000_000;
        let keys = ApiKeys {
            publishable: secrets.publishable_key.clone(),
            secret: secrets.secret_key.clone(),
            anon: tokens.legacy_key("anon", now).unwrap(),
            service_role: tokens.legacy_key("service_role", now).unwrap(),
        };
        (keys, tokens)
    }

    fn read(keys: &ApiKeys, tokens: &Tokens, list: &[(&str, &str)]) -> Result<Access, Refusal> {
        let headers = list
            .iter()
            .map(|(name, value)| {
                (name.parse::<http::HeaderName>().unwrap(), value.parse().unwrap())
            })
            .collect();
        Access::read(keys, tokens, &headers, None)
    }

    #[test]
    fn both_forms_of_a_key_stand_for_the_same_role() {
        let (keys, tokens) = project();
        for (key, role) in [
            (&keys.publishable, KeyRole::Anon),
            (&keys.anon, KeyRole::Anon),
            (&keys.secret, KeyRole::Service),
            (&keys.service_role, KeyRole::Service),
        ] {
            assert_eq!(read(&keys, &tokens, &[("apikey", key)]), Ok(Access { role, token: None }));
            let repeated = format!("Bearer {key}");
            let both = [("apikey", key.as_str()), ("authorization", repeated.as_str())];
            assert_eq!(read(&keys, &tokens, &both), Ok(Access { role, token: None }));
        }
    }

    #[test]
    fn a_key_is_required_and_must_be_the_projects() {
        let (keys, tokens) = project();
        let foreign = project().0;
        assert_eq!(read(&keys, &tokens, &[]), Err(Refusal::NoKey));
        assert_eq!(read(&keys, &tokens, &[("authorization", "Bearer a.b.c")]), Err(Refusal::NoKey));
        for key in [&foreign.publishable, &foreign.anon, &foreign.service_role] {
            assert_eq!(read(&keys, &tokens, &[("apikey", key)]), Err(Refusal::UnknownKey));
        }
    }

    #[test]
    fn a_users_token_is_kept_beside_the_key_and_never_raises_its_role() {
        let (keys, tokens) = project();
        let headers = [("apikey", keys.publishable.as_str()), ("authorization", "bearer a.b.c")];
        let access = read(&keys, &tokens, &headers).unwrap();
        assert_eq!(access, Access { role: KeyRole::Anon, token: Some("a.b.c".into()) });
    }

    #[test]
    fn an_expired_legacy_key_is_refused() {
        let (keys, tokens) = project();
        let old = tokens.legacy_key("service_role", 0).unwrap();
        assert_eq!(read(&keys, &tokens, &[("apikey", &old)]), Err(Refusal::UnknownKey));
    }
}
