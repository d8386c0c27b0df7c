//! The local gateway: the paths of a hosted project, in front of PostgREST, Auth, Storage and the
//! functions.
//!
//! One request passes: CORS, API key, then by its first path segments to the server that answers,
//! with the credentials that server understands.

mod access;
mod admin;
mod auth;
mod proxy;
mod storage;

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::response::Response;
use http::{HeaderValue, Method, StatusCode, header};
use serde_json::json;

use crate::jwt::Tokens;
use access::{Access, KeyRole};
use proxy::Proxy;

/// Uploads are held in memory once; Storage's own limit is 50 MiB.
const BODY_LIMIT: usize = 64 * 1024 * 1024;

/// Ports of the servers behind the gateway.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Upstreams {
    pub(crate) rest: u16,
    pub(crate) lite: u16,
    pub(crate) functions: u16,
}

/// API keys in both forms.
#[derive(Debug, Clone)]
pub(crate) struct ApiKeys {
    pub(crate) publishable: String,
    pub(crate) secret: String,
    pub(crate) anon: String,
    pub(crate) service_role: String,
}

/// What every request needs.
pub(crate) struct Gateway {
    pub(crate) tokens: Tokens,
    pub(crate) keys: ApiKeys,
    pub(crate) upstreams: Upstreams,
    pub(crate) database: tokio_postgres::Client,
    proxy: Proxy,
}

impl Gateway {
    pub(crate) fn new(
        tokens: Tokens,
        keys: ApiKeys,
        upstreams: Upstreams,
        database: tokio_postgres::Client,
    ) -> Self {
        Self { tokens, keys, upstreams, database, proxy: Proxy::new() }
    }

    pub(crate) fn router(self) -> Router {
        Router::new()
            .fallback(handle)
            .layer(DefaultBodyLimit::max(BODY_LIMIT))
            .with_state(Arc::new(self))
    }
}

/// Which server a path belongs to, and the path there.
#[derive(Debug, PartialEq, Eq)]
enum Route {
    Rest(String),
    Auth(String),
    Storage(String),
    Functions(String),
    Unknown,
}

fn route(path: &str) -> Route {
    let below = |prefix: &str| {
        let rest = path.strip_prefix(prefix)?;
        (rest.is_empty() || rest.starts_with('/')).then(|| rest.to_owned())
    };
    if let Some(rest) = below("/rest/v1") {
        Route::Rest(if rest.is_empty() { "/".into() } else { rest })
    } else if let Some(rest) = below("/auth/v1") {
        Route::Auth(rest)
    } else if let Some(rest) = below("/storage/v1") {
        Route::Storage(rest)
    } else if let Some(rest) = below("/functions/v1") {
        Route::Functions(format!("/api{rest}"))
    } else {
        Route::Unknown
    }
}

async fn handle(State(gateway): State<Arc<Gateway>>, request: Request) -> Response {
    let route = route(request.uri().path());
    // A function answers preflights itself, as on hosted projects.
    if let Route::Functions(path) = &route {
        return gateway.proxy.forward(gateway.upstreams.functions, path, request).await;
    }
    let origin = request.headers().contains_key(header::ORIGIN);
    if request.method() == Method::OPTIONS && origin {
        return preflight(&request);
    }
    let response = match route {
        Route::Rest(path) => rest(&gateway, &path, request).await,
        Route::Auth(path) => auth::answer(&gateway, &path, request).await,
        Route::Storage(path) => storage::answer(&gateway, &path, request).await,
        _ => problem(
            StatusCode::NOT_FOUND,
            &json!({ "message": "no Route matched with those values" }),
        ),
    };
    with_cors(response)
}

async fn rest(gateway: &Gateway, path: &str, mut request: Request) -> Response {
    let access = match Access::of(&gateway.keys, &gateway.tokens, &request) {
        Ok(access) => access,
        Err(refusal) => return refusal.into_response(),
    };
    if path == "/" && access.role != KeyRole::Service {
        return problem(
            StatusCode::UNAUTHORIZED,
            &json!({
                "message": "Access to schema is forbidden",
                "hint": "Accessing the schema via the Data API is only allowed using a secret API key.",
            }),
        );
    }
    let token = access.token.as_deref().unwrap_or(match access.role {
        KeyRole::Anon => &gateway.keys.anon,
        KeyRole::Service => &gateway.keys.service_role,
    });
    proxy::authorize(request.headers_mut(), Some(token));
    request.headers_mut().remove("apikey");
    gateway.proxy.forward(gateway.upstreams.rest, path, request).await
}

fn preflight(request: &Request) -> Response {
    let mut response = Response::new(Body::empty());
    let headers = response.headers_mut();
    let asked = request.headers().get(header::ACCESS_CONTROL_REQUEST_HEADERS).cloned();
    headers.insert(
        header::ACCESS_CONTROL_ALLOW_HEADERS,
        asked.unwrap_or(HeaderValue::from_static("*")),
    );
    headers.insert(
        header::ACCESS_CONTROL_ALLOW_METHODS,
        HeaderValue::from_static("GET,HEAD,PUT,PATCH,POST,DELETE,OPTIONS"),
    );
    headers.insert(header::ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("3600"));
    with_cors(response)
}

fn with_cors(mut response: Response) -> Response {
    let headers = response.headers_mut();
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    headers.insert(
        header::ACCESS_CONTROL_EXPOSE_HEADERS,
        HeaderValue::from_static(
            "Content-Encoding, Content-Location, Content-Range, Content-Type, Date, Location, Server, \
             Transfer-Encoding, Range-Unit, Preference-Applied, Link, X-Total-Count, X-Supabase-Api-Version",
        ),
    );
    response
}

/// A JSON answer.
fn problem(status: StatusCode, body: &serde_json::Value) -> Response {
    let mut response = Response::new(Body::from(body.to_string()));
    *response.status_mut() = status;
    response
        .headers_mut()
        .insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_of_a_hosted_project_lead_to_their_servers() {
        assert_eq!(route("/rest/v1/masterclasses"), Route::Rest("/masterclasses".into()));
        assert_eq!(route("/rest/v1/"), Route::Rest("/".into()));
        assert_eq!(route("/rest/v1"), Route::Rest("/".into()));
        assert_eq!(route("/auth/v1/token"), Route::Auth("/token".into()));
        assert_eq!(route("/storage/v1/object/a/b.pdf"), Route::Storage("/object/a/b.pdf".into()));
        assert_eq!(route("/functions/v1/health"), Route::Functions("/api/health".into()));
        assert_eq!(route("/rest/v10/x"), Route::Unknown);
        assert_eq!(route("/"), Route::Unknown);
    }
}
