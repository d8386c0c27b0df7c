//! `/auth/v1`: the Auth server, with the access tokens of a hosted project.
//!
//! Coming in, a bearer token (ES256) is verified and signed again for the server (HS256). Going
//! out, the tokens of a session get the claims and the signature of a hosted project.

use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::response::Response;
use http::{HeaderValue, Method, StatusCode, header};
use serde_json::{Value, json};

use super::access::{Access, KeyRole};
use super::{BODY_LIMIT, Gateway, admin, problem, proxy};

/// Paths that need no API key: browsers open them, or anybody may read them.
const OPEN: [&str; 4] = ["/verify", "/callback", "/authorize", "/.well-known/jwks.json"];

pub(super) async fn answer(gateway: &Gateway, path: &str, mut request: Request) -> Response {
    if path == "/.well-known/jwks.json" {
        return problem(StatusCode::OK, &gateway.tokens.public_jwks());
    }
    let access = match Access::of(&gateway.keys, &gateway.tokens, &request) {
        Ok(access) => access,
        Err(_) if OPEN.contains(&path) => Access { role: KeyRole::Anon, token: None },
        Err(refusal) => return refusal.into_response(),
    };
    let mut role = access.role;
    let mut inner = None;
    if let Some(token) = &access.token {
        match gateway.tokens.verify(token) {
            Ok(claims) => {
                if claims.get("role").and_then(Value::as_str) != Some("service_role") {
                    role = KeyRole::Anon;
                }
                inner = gateway.tokens.sign_for_servers(&claims).ok();
            }
            // Signing in again with an old token at hand must work.
            Err(_) if path == "/token" => {}
            Err(error) => return refuse(StatusCode::FORBIDDEN, "bad_jwt", &error.to_string()),
        }
    }
    if let Some(below) = path.strip_prefix("/admin") {
        if role != KeyRole::Service {
            return refuse(StatusCode::FORBIDDEN, "not_admin", "User not allowed");
        }
        return admin::answer(gateway, below, request).await;
    }
    let method = sign_in_method(path, request.uri().query().unwrap_or_default());
    proxy::authorize(request.headers_mut(), inner.as_deref());
    let key =
        if role == KeyRole::Service { &gateway.keys.secret } else { &gateway.keys.publishable };
    if let Ok(key) = HeaderValue::from_str(key) {
        request.headers_mut().insert("apikey", key);
    }
    let has_session = request.method() == Method::POST || path == "/verify" || path == "/callback";
    let answer =
        gateway.proxy.forward(gateway.upstreams.lite, &format!("/auth/v1{path}"), request).await;
    if has_session { sign_again(gateway, answer, method).await } else { answer }
}

/// The `amr` method. A refreshed session keeps that of its sign-in, which on this server was
/// nearly always a password; it does not tell.
fn sign_in_method(path: &str, query: &str) -> &'static str {
    match path {
        "/verify" | "/otp" | "/magiclink" => "otp",
        "/callback" => "oauth",
        _ if query.contains("grant_type=pkce") => "oauth",
        _ => "password",
    }
}

/// Signs the access token of a session anew, in a JSON body or in the fragment of a redirect.
async fn sign_again(gateway: &Gateway, answer: Response, method: &str) -> Response {
    let (mut parts, body) = answer.into_parts();
    if let Some(location) =
        parts.headers.get(header::LOCATION).and_then(|value| value.to_str().ok())
    {
        if let Some(location) = sign_fragment(gateway, location, method).await
            && let Ok(location) = HeaderValue::from_str(&location)
        {
            parts.headers.insert(header::LOCATION, location);
        }
        return Response::from_parts(parts, body);
    }
    let Ok(bytes) = to_bytes(body, BODY_LIMIT).await else {
        return problem(
            StatusCode::BAD_GATEWAY,
            &json!({ "message": "the Auth server's answer broke off" }),
        );
    };
    let Ok(mut session) = serde_json::from_slice::<Value>(&bytes) else {
        return Response::from_parts(parts, Body::from(bytes));
    };
    let token = session.get("access_token").and_then(Value::as_str).map(str::to_owned);
    let Some(token) = token else { return Response::from_parts(parts, Body::from(bytes)) };
    let user = session.get("user").cloned().unwrap_or(Value::Null);
    match gateway.tokens.sign_for_clients(&token, &user, method) {
        Ok(token) => {
            if let Some(field) = session.get_mut("access_token") {
                *field = Value::String(token);
            }
            parts.headers.remove(header::CONTENT_LENGTH);
            Response::from_parts(parts, Body::from(session.to_string()))
        }
        Err(error) => refuse(StatusCode::BAD_GATEWAY, "unexpected_failure", &error.to_string()),
    }
}

async fn sign_fragment(gateway: &Gateway, location: &str, method: &str) -> Option<String> {
    let (page, fragment) = location.split_once('#')?;
    let mut pairs: Vec<(String, String)> =
        url::form_urlencoded::parse(fragment.as_bytes()).into_owned().collect();
    let token = &mut pairs.iter_mut().find(|(name, _)| name == "access_token")?.1;
    let claims = gateway.tokens.verify(token).ok()?;
    let id = claims.get("sub").and_then(Value::as_str)?;
    let user = admin::find_user(gateway, id.parse().ok()?).await.ok()??;
    *token = gateway.tokens.sign_for_clients(token, &user, method).ok()?;
    let fragment: String =
        url::form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
    Some(format!("{page}#{fragment}"))
}

/// An error in the shape of Auth.
pub(super) fn refuse(status: StatusCode, code: &str, message: &str) -> Response {
    problem(status, &json!({ "code": status.as_u16(), "error_code": code, "msg": message }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_way_somebody_signed_in_is_read_from_the_request() {
        assert_eq!(sign_in_method("/token", "grant_type=password"), "password");
        assert_eq!(sign_in_method("/token", "grant_type=pkce"), "oauth");
        assert_eq!(sign_in_method("/verify", "type=recovery"), "otp");
        assert_eq!(sign_in_method("/signup", ""), "password");
    }
}
