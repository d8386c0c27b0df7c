//! The way of one request through all functions: id, CORS, routing, error body, log line.

use crate::{App, Incident, Language, Problem, cors};
use axum::Router;
use axum::body::Body;
use axum::extract::{MatchedPath, Request};
use axum::response::{IntoResponse, Response};
use axum::routing::MethodRouter;
use http::header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE, ORIGIN};
use http::{HeaderName, HeaderValue, StatusCode};
use serde::Serialize;
use std::sync::Arc;
use tower::ServiceExt;
use uuid::Uuid;

static X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// What is read of a request's headers: in a Worker no others cross over to wasm (`functions/gateway/src/exchange.rs`),
/// and [`Service::serve`] takes the others away elsewhere too, so that tests see what a Worker sees. Browsers and
/// Cloudflare send some thirty.
pub const HEADERS: [&str; 14] = [
    "accept",
    "accept-language",
    "access-control-request-method",
    "authorization",
    "content-length",
    "content-type",
    "idempotency-key",
    "if-none-match",
    "origin",
    "webhook-id",
    "webhook-signature",
    "webhook-timestamp",
    "x-request-id",
    "x-webhook-secret",
];

/// The id of a request: in the answer's `x-request-id`, in every error body and log line.
#[derive(Clone, Debug)]
pub struct RequestId(pub Arc<str>);

/// In the extensions of a response: there may be messages to send. Whoever serves the request looks
/// after the answer is out, as nobody should wait for a provider.
#[derive(Clone, Copy, Debug)]
pub struct LookNow;

impl LookNow {
    /// The same answer, with this mark.
    pub fn after(answer: impl IntoResponse) -> Response {
        let mut response = answer.into_response();
        response.extensions_mut().insert(Self);
        response
    }
}

/// The routes of a function: what answers under each path.
///
/// A list and no [`Router`], which [`Service::new`] makes of all of them: each crate that calls the methods of
/// one has a copy of them in the Worker.
pub type Routes = Vec<(&'static str, MethodRouter<App>)>;

/// The functions' routes, with what all of them share around them. Made once per isolate.
#[derive(Clone, Debug)]
pub struct Service {
    app: App,
    router: Router,
}

impl Service {
    /// Mounts `routes`; unknown paths are 404 `not_found`.
    pub fn new(app: App, routes: Routes) -> Self {
        let mut router = Router::new();
        for (path, methods) in routes {
            router = router.route(path, methods);
        }
        let router = router
            .fallback(async || {
                Problem::new(
                    StatusCode::NOT_FOUND,
                    "not_found",
                    "Cette adresse n'existe pas. Vérifiez le chemin de l'URL.",
                    "There is nothing at this address. Check the path of the URL.",
                )
            })
            .layer(axum::middleware::map_response(keep_route))
            .with_state(app.clone());
        Self { app, router }
    }

    /// What the handlers see.
    pub fn app(&self) -> &App {
        &self.app
    }

    /// Serves one request.
    ///
    /// 1. Gives the request an id (the caller's `x-request-id` where it is harmless).
    /// 2. Answers a CORS preflight.
    /// 3. Routes; wrong methods are 405 `method_not_allowed`.
    /// 4. Writes the body of a [`Problem`] in the caller's language.
    /// 5. Writes one log line; a fault of ours is also an [`Incident`] in the response's extensions.
    pub async fn serve(&self, request: Request) -> Response {
        serve(&self.app, self.router.clone(), request).await
    }
}

/// The log line of a request.
#[derive(Serialize)]
struct Line<'a> {
    message: std::fmt::Arguments<'a>,
    level: &'static str,
    #[serde(rename = "request.id")]
    request_id: &'a str,
    #[serde(rename = "http.method")]
    method: &'a str,
    #[serde(rename = "http.route")]
    route: Option<&'a str>,
    #[serde(rename = "http.status")]
    status: u16,
    duration_ms: u64,
    #[serde(rename = "error.code")]
    code: Option<&'a str>,
    #[serde(rename = "error.cause")]
    cause: Option<&'a str>,
}

async fn serve(app: &App, router: Router, mut request: Request) -> Response {
    #[cfg(not(target_arch = "wasm32"))]
    only_what_is_read(request.headers_mut());
    let started = app.platform().now_ms();
    let id = request_id(&request);
    let method = request.method().clone();
    let origin = request.headers().get(ORIGIN).cloned();
    let language = Language::of(request.headers());
    let preflight = cors::is_preflight(&method, request.headers());
    request.extensions_mut().insert(RequestId(id.clone()));

    let mut response = if preflight {
        StatusCode::NO_CONTENT.into_response()
    } else {
        match router.oneshot(request).await {
            Ok(response) => response,
            Err(never) => match never {},
        }
    };

    if response.status() == StatusCode::METHOD_NOT_ALLOWED {
        // axum answers this itself, with the `Allow` header and no body.
        let allow = response.headers().get(ALLOW).cloned();
        let mut problem = Problem::new(
            StatusCode::METHOD_NOT_ALLOWED,
            "method_not_allowed",
            "Cette adresse n'accepte pas cette méthode HTTP ; voir l'en-tête « Allow ».",
            "This address does not take this HTTP method; see the Allow header.",
        );
        problem.headers = allow.map(|allow| (ALLOW, allow)).into_iter().collect();
        response = problem.into_response();
    }

    let problem = response.extensions_mut().remove::<Arc<Problem>>();
    if let Some(problem) = &problem {
        let headers = response.headers_mut();
        for (name, value) in &problem.headers {
            headers.insert(name.clone(), value.clone());
        }
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json; charset=utf-8"));
        *response.body_mut() = Body::from(problem.body(language, &id));
    }
    let route = response.extensions().get::<MatchedPath>().map(|path| path.as_str().to_owned());
    let headers = response.headers_mut();
    cors::allow(headers, origin.as_ref(), &app.config().allowed_origins, preflight);
    if let Ok(value) = HeaderValue::from_str(&id) {
        headers.insert(X_REQUEST_ID.clone(), value);
    }
    // Answers hold personal data unless a function says otherwise.
    headers.entry(CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));

    // Deep health answers 503 without a problem: who asked is watching already.
    if let Some(problem) = problem.as_ref().filter(|problem| problem.status.is_server_error()) {
        let incident = Incident {
            request_id: id.clone(),
            method: method.to_string(),
            route: route.clone(),
            status: response.status().as_u16(),
            code: problem.code.to_string(),
            cause: problem.cause.clone(),
        };
        response.extensions_mut().insert(incident);
    }
    let status = response.status();
    let line = Line {
        message: format_args!("{method} {} {}", route.as_deref().unwrap_or("-"), status.as_u16()),
        level: if status.is_server_error() { "error" } else { "info" },
        request_id: &id,
        method: method.as_str(),
        route: route.as_deref(),
        status: status.as_u16(),
        duration_ms: app.platform().now_ms().saturating_sub(started),
        code: problem.as_ref().map(|problem| problem.code.as_ref()),
        cause: problem.as_ref().and_then(|problem| problem.cause.as_deref()),
    };
    if let Ok(line) = serde_json::to_string(&line) {
        app.platform().log(&line);
    }
    response
}

#[cfg(not(target_arch = "wasm32"))]
fn only_what_is_read(headers: &mut http::HeaderMap) {
    let others: Vec<_> =
        headers.keys().filter(|name| !HEADERS.contains(&name.as_str())).cloned().collect();
    for name in others {
        headers.remove(name);
    }
}

/// Carries the matched route to the log line; the path itself may hold personal data.
async fn keep_route(path: Option<MatchedPath>, mut response: Response) -> Response {
    if let Some(path) = path {
        response.extensions_mut().insert(path);
    }
    response
}

/// The caller's id where it is one that can be logged, else a new one.
fn request_id(request: &Request) -> Arc<str> {
    request
        .headers()
        .get(&X_REQUEST_ID)
        .and_then(|value| value.to_str().ok())
        .filter(|id| {
            (8..=64).contains(&id.len())
                && id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
        })
        .map_or_else(|| Uuid::new_v4().to_string().into(), Into::into)
}
