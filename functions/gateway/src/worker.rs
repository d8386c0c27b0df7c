//! The events Cloudflare delivers.

use crate::platform::WorkerPlatform;
use axum::body::Body;
use edge::{App, Config, serve};
use futures_channel::oneshot;
use http::{Response, StatusCode, header};
use std::cell::OnceCell;
use worker::{Context, Env, Error, HttpRequest, Result, console_error, event};

thread_local! {
    /// One application per isolate: configuration and signing keys live as long as it does.
    static APP: OnceCell<App> = const { OnceCell::new() };
}

/// Makes a panic, which should not be, at least readable in the log.
#[event(start)]
fn start() {
    console_error_panic_hook::set_once();
}

/// One HTTP request. It goes on, for the 30 s the platform grants, when the caller hangs up:
/// without `wait_until` the platform would drop it where it stands.
#[event(fetch)]
async fn fetch(request: HttpRequest, env: Env, context: Context) -> Result<Response<Body>> {
    let Some(app) = app(&env) else {
        return Ok(misconfigured());
    };
    let (answer, answered) = oneshot::channel();
    context.wait_until(async move {
        let response = serve(&app, crate::routes(), request.map(Body::new)).await;
        // Nobody listens any more when the caller has hung up.
        let _ = answer.send(response);
    });
    answered.await.map_err(|_| Error::RustError("the request was dropped".into()))
}

/// The application of this isolate; `None` when the configuration is not complete, which is said
/// in the log.
fn app(env: &Env) -> Option<App> {
    APP.with(|cell| {
        if let Some(app) = cell.get() {
            return Some(app.clone());
        }
        let read = |name: &str| {
            env.var(name)
                .map(|value| value.to_string())
                .or_else(|_| env.secret(name).map(|value| value.to_string()))
                .ok()
        };
        match Config::read(read) {
            Ok(config) => {
                let app = App::new(config, Box::new(WorkerPlatform));
                Some(cell.get_or_init(|| app).clone())
            }
            Err(error) => {
                console_error!("{{\"level\":\"error\",\"message\":\"misconfigured: {error}\"}}");
                None
            }
        }
    })
}

/// The error body of every function, before there is an application that could write it.
fn misconfigured() -> Response<Body> {
    const BODY: &str = r#"{"code":"misconfigured","message":"Le service n'est pas configuré ; l'administrateur trouvera la cause dans le journal.","details":null,"hint":null,"request_id":null}"#;
    let mut response = Response::new(Body::from(BODY));
    *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
    response.headers_mut().insert(
        header::CONTENT_TYPE,
        header::HeaderValue::from_static("application/json; charset=utf-8"),
    );
    response
}
