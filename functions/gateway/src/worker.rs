//! The events Cloudflare delivers.

use crate::exchange;
use crate::platform::WorkerPlatform;
use axum::body::Body;
use edge::{App, Config, Incident, LookNow, Service, report};
use hooks::{Budget, Dispatcher};
use http::{Response, StatusCode, header};
use std::cell::OnceCell;
use std::rc::Rc;
use worker::worker_sys::web_sys;
use worker::{Context, Env, Result, ScheduleContext, ScheduledEvent, console_error, event};

/// What lives as long as the isolate: configuration, routes, signing keys, and who sends messages.
struct Isolate {
    service: Service,
    dispatcher: Dispatcher,
}

thread_local! {
    static ISOLATE: OnceCell<Rc<Isolate>> = const { OnceCell::new() };
}

/// Makes a panic, which should not be, at least readable in the log.
#[event(start)]
fn start() {
    console_error_panic_hook::set_once();
}

/// One HTTP request. `entry.mjs` has the platform wait for it: it goes on, for the 30 s that are granted,
/// when the caller hangs up.
#[event(fetch)]
async fn fetch(request: web_sys::Request, env: Env, context: Context) -> Result<web_sys::Response> {
    let Some(isolate) = isolate(&env) else {
        return exchange::response(misconfigured()).await;
    };
    let mut response = isolate.service.serve(exchange::request(request).await?).await;
    let incident = response.extensions_mut().remove::<Incident>();
    let look =
        response.extensions_mut().remove::<LookNow>().is_some() && !isolate.dispatcher.look_again();
    if incident.is_some() || look {
        // Nobody should wait for it.
        context.wait_until(async move {
            let Isolate { service, dispatcher } = isolate.as_ref();
            if let Some(incident) = incident {
                report(service.app(), &incident).await;
            }
            if look {
                dispatcher.run(Budget::AFTER_ANSWER).await;
            }
        });
    }
    exchange::response(response).await
}

/// Every minute (`wrangler.toml`): messages whose webhook was lost, that were put off, or that another
/// invocation left behind.
#[event(scheduled)]
async fn scheduled(_: ScheduledEvent, env: Env, _: ScheduleContext) {
    if let Some(isolate) = isolate(&env) {
        isolate.dispatcher.run(Budget::CRON).await;
    }
}

/// This isolate; `None` when the configuration is not complete, which is said in the log.
fn isolate(env: &Env) -> Option<Rc<Isolate>> {
    ISOLATE.with(|cell| {
        if let Some(isolate) = cell.get() {
            return Some(isolate.clone());
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
                let dispatcher = Dispatcher::new(app.clone());
                let service = Service::new(app, crate::routes());
                exchange::prepare();
                Some(cell.get_or_init(|| Rc::new(Isolate { service, dispatcher })).clone())
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
