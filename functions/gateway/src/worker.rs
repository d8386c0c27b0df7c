//! The events Cloudflare delivers.

use crate::platform::WorkerPlatform;
use axum::body::Body;
use edge::{App, Config, Incident, Service, report};
use futures_channel::oneshot;
use http::{Response, StatusCode, header};
use std::cell::OnceCell;
use worker::{Context, Env, Error, HttpRequest, Result, console_error, event};

thread_local! {
    /// One service per isolate: configuration, routes and signing keys live as long as it does.
    static SERVICE: OnceCell<Service> = const { OnceCell::new() };
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
    let Some(service) = service(&env) else {
        return Ok(misconfigured());
    };
    let (answer, answered) = oneshot::channel();
    context.wait_until(async move {
        let mut response = service.serve(request.map(Body::new)).await;
        let incident = response.extensions_mut().remove::<Incident>();
        // Nobody listens any more when the caller has hung up.
        let _ = answer.send(response);
        if let Some(incident) = incident {
            report(service.app(), &incident).await;
        }
    });
    answered.await.map_err(|_| Error::RustError("the request was dropped".into()))
}

/// The service of this isolate; `None` when the configuration is not complete, which is said
/// in the log.
fn service(env: &Env) -> Option<Service> {
    SERVICE.with(|cell| {
        if let Some(service) = cell.get() {
            return Some(service.clone());
        }
        let read = |name: &str| {
            env.var(name)
                .map(|value| value.to_string())
                .or_else(|_| env.secret(name).map(|value| value.to_string()))
                .ok()
        };
        match Config::read(read) {
            Ok(config) => {
                let app = App::new(config, Box::new(WorkerPlatform::new(env)));
                Some(cell.get_or_init(|| Service::new(app, crate::routes())).clone())
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
