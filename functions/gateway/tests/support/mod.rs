//! The functions in this process: a native platform, and a project in memory that speaks the
//! parts of Supabase's HTTP the functions rely on. What policies allow is proven elsewhere,
//! against the real database.

#![allow(dead_code, reason = "each test file uses a part of it")]

use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, Method, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{any, get, post};
use axum::{Json, Router};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use edge::{App, Config, Limit, PdfFailure, PdfReader, Platform, PublicAnswer, Service};
use futures_util::future::BoxFuture;
use futures_util::stream;
use hmac::{Hmac, Mac};
use serde_json::{Value, json};
use sha2::Sha256;
use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;
use supabase::Download;
use url::Url;

/// The time in every test, Unix seconds.
pub const NOW: u64 = 1_800_000_000;
pub const TUTOR: &str = "11111111-1111-4111-8111-111111111111";
pub const STUDENT: &str = "22222222-2222-4222-8222-222222222222";
pub const MASTERCLASS: &str = "33333333-3333-4333-8333-333333333333";
const SECRET: &str = "a-legacy-secret-of-at-least-32-characters";

/// What the project holds and was asked.
#[derive(Default)]
pub struct Records {
    /// Objects of Storage by path.
    pub objects: HashMap<String, Vec<u8>>,
    /// `pdf_url` of the one masterclass.
    pub pdf_url: Option<String>,
    /// Arguments of each call of `store_generated_questions`.
    pub stored: Vec<Value>,
    /// Idempotency keys: fingerprint and answer.
    pub keys: HashMap<String, (Value, Option<Value>)>,
    /// Whether the REST API is down.
    pub rest_down: bool,
    /// Services (`rest`, `auth`, `storage`) that fail, or never answer.
    pub troubles: HashMap<&'static str, Trouble>,
    /// Versions of the privacy policy, the latest first.
    pub policies: Vec<Value>,
    /// Status and body that a SQL function answers; of a `message` or `hint` in French and in
    /// English the one that was asked for.
    pub answers: HashMap<&'static str, (u16, Value)>,
    /// The header `Link` of these.
    pub link: Option<&'static str>,
    /// Status, `Content-Range` and body that the table `questions` answers, in turn.
    pub questions: VecDeque<(u16, &'static str, Value)>,
    /// Method and body of each request to a table or a function.
    pub written: Vec<(String, Value)>,
    /// The path of every request, with its query.
    pub asked: Vec<String>,
    /// Who asked for what: path and bearer token.
    pub calls: Vec<(String, String)>,
}

/// What is wrong with a service.
#[derive(Clone, Copy)]
pub enum Trouble {
    Fails,
    Stalls,
}

/// The functions and the project they talk to.
pub struct World {
    pub service: Service,
    pub log: Arc<Mutex<Vec<String>>>,
    engine_fails: Arc<Mutex<Option<&'static str>>>,
    pub url: Url,
    /// The time, in milliseconds.
    pub clock: Arc<AtomicU64>,
    /// How many times faster deadlines run: less where a slow machine must not miss one.
    pub haste: Arc<AtomicU32>,
    records: Arc<Mutex<Records>>,
}

/// An answer, read.
pub struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: Value,
    pub text: String,
}

impl World {
    /// Starts a project; `variables` are added to the configuration.
    pub async fn start(variables: &[(&str, &str)]) -> Self {
        let records: Arc<Mutex<Records>> = Arc::default();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url: Url = format!("http://{}", listener.local_addr().unwrap()).parse().unwrap();
        let router = project(records.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        let mut values: BTreeMap<String, String> = BTreeMap::from([
            ("SUPABASE_URL".into(), url.to_string()),
            ("SUPABASE_PUBLISHABLE_KEY".into(), "sb_publishable_x".into()),
            ("SUPABASE_JWT_SECRET".into(), SECRET.into()),
            ("ALLOWED_ORIGINS".into(), "https://academy.example".into()),
        ]);
        for (name, value) in variables {
            values.insert((*name).into(), (*value).into());
        }
        let log: Arc<Mutex<Vec<String>>> = Arc::default();
        let engine_fails: Arc<Mutex<Option<&'static str>>> = Arc::default();
        let config = Config::read(|name| values.get(name).cloned()).unwrap();
        let haste = Arc::new(AtomicU32::new(100));
        let clock = Arc::new(AtomicU64::new(NOW * 1000));
        let platform = Native {
            log: log.clone(),
            uses: Mutex::default(),
            clock: clock.clone(),
            haste: haste.clone(),
            engine_fails: engine_fails.clone(),
        };
        let app = App::new(config, Box::new(platform));
        let service = Service::new(app, gateway::routes());
        Self { service, log, engine_fails, url, clock, haste, records }
    }

    pub fn records(&self) -> MutexGuard<'_, Records> {
        self.records.lock().unwrap()
    }

    /// From now on calls of the question engine with this name fail, as in an instance whose
    /// memory is full.
    pub fn fail_engine(&self, call: Option<&'static str>) {
        *self.engine_fails.lock().unwrap() = call;
    }

    /// Puts a PDF into Storage and gives the masterclass its address.
    pub fn upload(&self, pdf: Vec<u8>) {
        let path = format!("masterclass-pdfs/{MASTERCLASS}/cours.pdf");
        let mut records = self.records();
        records.objects.insert(path.clone(), pdf);
        records.pdf_url = Some(path);
    }

    pub fn token(&self, user: &str) -> String {
        let claims = json!({
            "iss": self.url.join("/auth/v1").unwrap(), "aud": "authenticated", "sub": user,
            "role": "authenticated", "exp": NOW + 3600,
        });
        let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let message = format!("{}.{}", part(&json!({"alg": "HS256"})), part(&claims));
        let mac = Hmac::<Sha256>::new_from_slice(SECRET.as_bytes()).unwrap();
        let signature = mac.chain_update(&message).finalize().into_bytes();
        format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature))
    }

    /// Sends a request through the functions' front door.
    pub async fn send(&self, request: http::Request<Body>) -> Answer {
        let response = self.service.serve(request).await;
        let (parts, body) = response.into_parts();
        let body = to_bytes(body, 1 << 22).await.unwrap();
        Answer {
            status: parts.status.as_u16(),
            headers: parts.headers,
            body: serde_json::from_slice(&body).unwrap_or(Value::Null),
            text: String::from_utf8(body.into()).unwrap(),
        }
    }

    /// Asks for questions as `user` with these headers.
    pub async fn generate(&self, user: &str, headers: &[(&str, &str)], body: Value) -> Answer {
        let mut request = http::Request::post("/api/generate-questions")
            .header("authorization", format!("Bearer {}", self.token(user)))
            .header("content-type", "application/json");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        self.send(request.body(Body::from(body.to_string())).unwrap()).await
    }
}

type Shared = Arc<Mutex<Records>>;

fn project(records: Shared) -> Router {
    Router::new()
        .route("/auth/v1/.well-known/jwks.json", get(async || Json(json!({"keys": []}))))
        .route("/rest/v1/user_roles", get(user_roles))
        .route("/rest/v1/masterclasses", get(masterclasses))
        .route("/rest/v1/questions", any(questions))
        .route("/rest/v1/rpc/{function}", post(rpc))
        .route("/rest/v1/privacy_policies", get(privacy_policies))
        .route("/storage/v1/object/authenticated/{*path}", get(object))
        .layer(axum::middleware::from_fn_with_state(records.clone(), trouble))
        .with_state(records)
}

/// Notes the request, then serves it unless its service is in trouble.
async fn trouble(
    State(records): State<Shared>,
    request: axum::extract::Request,
    next: axum::middleware::Next,
) -> Response {
    let path = request.uri().to_string();
    let service = path.split('/').nth(1).unwrap_or_default().to_owned();
    let trouble = {
        let mut records = records.lock().unwrap();
        records.asked.push(path);
        records.troubles.get(service.as_str()).copied()
    };
    match trouble {
        None => next.run(request).await,
        Some(Trouble::Fails) => {
            (StatusCode::BAD_GATEWAY, "<html>secret cause</html>").into_response()
        }
        Some(Trouble::Stalls) => std::future::pending().await,
    }
}

async fn privacy_policies(State(records): State<Shared>) -> Json<Value> {
    Json(records.lock().unwrap().policies.iter().take(1).cloned().collect())
}

fn note(records: &Shared, path: &str, headers: &HeaderMap) {
    let token = headers.get("authorization").map_or("", |token| token.to_str().unwrap()).to_owned();
    records.lock().unwrap().calls.push((path.to_owned(), token));
}

async fn user_roles(
    State(records): State<Shared>,
    headers: HeaderMap,
    Query(query): Query<HashMap<String, String>>,
) -> Response {
    note(&records, "user_roles", &headers);
    if records.lock().unwrap().rest_down {
        return (StatusCode::BAD_GATEWAY, "<html>down</html>").into_response();
    }
    let staff = query["user_id"] == format!("eq.{TUTOR}");
    Json(if staff { json!([{"role": "tuteur"}]) } else { json!([]) }).into_response()
}

async fn masterclasses(
    State(records): State<Shared>,
    headers: HeaderMap,
    Query(query): Query<HashMap<String, String>>,
) -> Json<Value> {
    note(&records, "masterclasses", &headers);
    let known = query["id"] == format!("eq.{MASTERCLASS}");
    let pdf_url = records.lock().unwrap().pdf_url.clone();
    Json(if known { json!([{ "pdf_url": pdf_url }]) } else { json!([]) })
}

async fn object(
    State(records): State<Shared>,
    headers: HeaderMap,
    Path(path): Path<String>,
) -> Response {
    note(&records, "object", &headers);
    match records.lock().unwrap().objects.get(&path) {
        Some(bytes) => bytes.clone().into_response(),
        None => (
            StatusCode::BAD_REQUEST,
            Json(json!({"statusCode": "404", "error": "not_found", "message": "Object not found"})),
        )
            .into_response(),
    }
}

async fn questions(
    State(records): State<Shared>,
    method: Method,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    note(&records, "questions", &headers);
    let mut records = records.lock().unwrap();
    let body = serde_json::from_slice(&body).unwrap_or(Value::Null);
    records.written.push((format!("{method} questions"), body));
    let (status, range, rows) = records.questions.pop_front().expect("one answer for each request");
    (StatusCode::from_u16(status).unwrap(), [("content-range", range)], Json(rows)).into_response()
}

async fn rpc(
    State(records): State<Shared>,
    headers: HeaderMap,
    Path(function): Path<String>,
    body: Bytes,
) -> Response {
    note(&records, &function, &headers);
    // Only for this the project sends what a function answers as it stands.
    assert_eq!(headers["accept"], "application/json");
    let arguments: Value = serde_json::from_slice(&body).unwrap();
    let mut records = records.lock().unwrap();
    records.written.push((format!("POST {function}"), arguments.clone()));
    if let Some((status, body)) = records.answers.get(function.as_str()) {
        let status = StatusCode::from_u16(*status).unwrap();
        let mut body = body.clone();
        // What is done on behalf of nobody names no language.
        let english = headers.get("accept-language").is_some_and(|language| language == "en");
        let language = usize::from(english);
        for field in ["message", "hint"] {
            if let Some(words) = body.get(field).and_then(|words| words.get(language)).cloned() {
                body[field] = words;
            }
        }
        let link = records.link.map(|link| [("link", link)]);
        return match link {
            _ if body.is_null() => status.into_response(),
            Some(link) => (status, link, Json(body)).into_response(),
            None => (status, Json(body)).into_response(),
        };
    }
    let key = |name: &str| arguments[name].as_str().unwrap_or_default().to_owned();
    let fingerprint = &arguments["fingerprint"];
    let begun = match function.as_str() {
        "begin_idempotent_request" => match records.keys.get(&key("key")) {
            Some((known, _)) if known != fingerprint => json!({"state": "mismatch"}),
            Some((_, Some(answer))) => json!({"state": "done", "answer": answer}),
            Some((_, None)) => json!({"state": "in_progress"}),
            None => {
                records.keys.insert(key("key"), (fingerprint.clone(), None));
                json!({"state": "new"})
            }
        },
        "abandon_idempotent_request" => {
            records.keys.remove(&key("key"));
            return StatusCode::NO_CONTENT.into_response();
        }
        "store_generated_questions" => {
            if let Some(entry) = records.keys.get_mut(&key("idempotency_key")) {
                entry.1 = Some(arguments["answer"].clone());
            }
            records.stored.push(arguments);
            return StatusCode::NO_CONTENT.into_response();
        }
        "outbound_health" => return StatusCode::NOT_FOUND.into_response(),
        other => panic!("unknown function {other}"),
    };
    Json(begun).into_response()
}

/// This process as a platform.
struct Native {
    uses: Mutex<HashMap<(Limit, String), u32>>,
    log: Arc<Mutex<Vec<String>>>,
    engine_fails: Arc<Mutex<Option<&'static str>>>,
    clock: Arc<AtomicU64>,
    haste: Arc<AtomicU32>,
}

impl Platform for Native {
    fn now_ms(&self) -> u64 {
        self.clock.load(Ordering::Relaxed)
    }

    fn log(&self, line: &str) {
        self.log.lock().unwrap().push(line.to_owned());
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        Box::pin(tokio::time::sleep(duration / self.haste.load(Ordering::Relaxed)))
    }

    fn open_pdf(&self) -> Result<Box<dyn PdfReader>, String> {
        Ok(Box::new(Reader(Vec::new())))
    }

    fn call_mcq(&self, call: &[u8]) -> Result<Vec<u8>, String> {
        let failing = self.engine_fails.lock().unwrap();
        let asked: Value = serde_json::from_slice(call).unwrap();
        if failing.is_some_and(|name| asked.get(name).is_some()) {
            return Err("out of memory".into());
        }
        mcq::answer(call).map_err(|error| error.to_string())
    }

    fn allow(&self, limit: Limit, key: String) -> BoxFuture<'static, bool> {
        let most = match limit {
            Limit::Requests => 100,
            Limit::Generations => 10,
        };
        let mut uses = self.uses.lock().unwrap();
        let used = uses.entry((limit, key)).or_insert(0);
        *used += 1;
        Box::pin(std::future::ready(*used <= most))
    }

    /// A public internet of one PDF, one redirect into a private network, and nothing else.
    fn get_public(&self, url: Url) -> BoxFuture<'static, Result<PublicAnswer, String>> {
        Box::pin(async move {
            let answer = |status, location: Option<&str>, body: Vec<u8>| PublicAnswer {
                status,
                location: location.map(str::to_owned),
                download: Download {
                    content_length: None,
                    bytes: Box::pin(stream::iter([Ok(body)])),
                },
            };
            match url.as_str() {
                "https://files.example.org/cours.pdf" => Ok(answer(200, None, masterclass_pdf())),
                "https://files.example.org/moved.pdf" => {
                    Ok(answer(302, Some("http://169.254.169.254/latest"), Vec::new()))
                }
                "https://files.example.org/endless.pdf" => Ok(PublicAnswer {
                    status: 200,
                    location: None,
                    download: Download { content_length: None, bytes: Box::pin(stream::pending()) },
                }),
                "https://files.example.org/huge.pdf" => Ok(PublicAnswer {
                    status: 200,
                    location: None,
                    download: Download {
                        content_length: None,
                        bytes: Box::pin(stream::repeat_with(|| Ok(vec![0; 1 << 20]))),
                    },
                }),
                "https://files.example.org/missing.pdf" => Ok(answer(404, None, Vec::new())),
                _ => Err("no such host".into()),
            }
        })
    }
}

struct Reader(Vec<u8>);

impl PdfReader for Reader {
    fn write(&mut self, piece: &[u8]) -> Result<(), PdfFailure> {
        self.0.extend_from_slice(piece);
        Ok(())
    }

    fn finish(self: Box<Self>) -> Result<pdf_text::Document, PdfFailure> {
        Ok(pdf_text::extract(self.0, &pdf_text::Budget::default())?)
    }
}

/// The project's own masterclass.
pub fn masterclass_pdf() -> Vec<u8> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../masterclass/masterclass.pdf");
    std::fs::read(path).unwrap()
}
