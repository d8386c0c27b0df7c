//! PostgREST, Auth and Storage, and the functions: how each is started and known to be ready.

use std::path::Path;
use std::process::Command;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::Duration;

use rustix::process::Signal;
use serde_json::json;
use uuid::Uuid;

use crate::env::StackEnv;
use crate::gateway::Upstreams;
use crate::jwt::Tokens;
use crate::place::{Place, write_secret};
use crate::process::{Guard, Service};
use crate::secrets::Secrets;
use crate::tools::Tools;
use crate::{Error, postgres};

/// The program that runs Auth and Storage.
const LITE_SERVER: &str = include_str!("lite/server.mjs");
/// Seconds an access token is valid, as on a new hosted project.
const TOKEN_LIFETIME: u32 = 3600;

/// Whether something answers `GET path` on a port, whatever the status below 500.
async fn answers(client: &reqwest::Client, port: u16, path: &str) -> bool {
    let answer = client
        .get(format!("http://127.0.0.1:{port}{path}"))
        .timeout(Duration::from_secs(2))
        .send()
        .await;
    answer.is_ok_and(|answer| answer.status().as_u16() < 500)
}

/// Starts PostgREST. `admin` is the port it tells its readiness on.
pub(crate) fn start_postgrest(
    place: &Place,
    tools: &Tools,
    secrets: &Secrets,
    tokens: &Tokens,
    ports: (u16, u16, u16),
    guard: &mut Guard,
) -> Result<Service, Error> {
    let (database, port, admin) = ports;
    let keys = place.state.join("jwks.json");
    write_secret(&keys, tokens.verifier_jwks().to_string().as_bytes())?;
    let mut command = Command::new(&tools.postgrest);
    command
        .env_clear()
        .env(
            "PGRST_DB_URI",
            postgres::url("authenticator", &secrets.authenticator_password, database),
        )
        .env("PGRST_DB_SCHEMAS", "public")
        .env("PGRST_DB_EXTRA_SEARCH_PATH", "public,extensions")
        .env("PGRST_DB_ANON_ROLE", "anon")
        .env("PGRST_DB_MAX_ROWS", "1000")
        .env("PGRST_DB_POOL", "10")
        .env("PGRST_JWT_SECRET", format!("@{}", keys.display()))
        // A token is verified once and remembered until it expires, which later versions do unasked.
        .env("PGRST_JWT_CACHE_MAX_LIFETIME", TOKEN_LIFETIME.to_string())
        .env("PGRST_SERVER_HOST", "127.0.0.1")
        .env("PGRST_SERVER_PORT", port.to_string())
        .env("PGRST_ADMIN_SERVER_PORT", admin.to_string())
        .env("PGRST_LOG_LEVEL", "error");
    Service::start("PostgREST", command, &place.log("postgrest"), Signal::TERM, guard)
}

/// Waits for PostgREST to have read the schema.
pub(crate) async fn postgrest_is_ready(
    service: &mut Service,
    client: &reqwest::Client,
    admin: u16,
) -> Result<(), Error> {
    let ready = || async {
        let answer = client.get(format!("http://127.0.0.1:{admin}/ready")).send().await;
        answer.is_ok_and(|answer| answer.status().is_success())
    };
    service.wait_until(Duration::from_secs(30), ready).await
}

/// Starts Auth and Storage; with `make_tables` it first makes the tables of `auth` and `storage`.
pub(crate) fn start_lite(
    place: &Place,
    tools: &Tools,
    secrets: &Secrets,
    ports: (u16, u16),
    make_tables: bool,
    guard: &mut Guard,
) -> Result<Service, Error> {
    let (database, port) = ports;
    let settings = place.state.join("lite.json");
    let program = place.state.join("lite-server.mjs");
    let text = json!({
        "root": place.root,
        "databaseUrl": postgres::url("postgres", &secrets.database_password, database),
        "jwtSecret": secrets.jwt_secret,
        "jwtExpiry": TOKEN_LIFETIME,
        "siteUrl": "http://127.0.0.1:3000",
        "publishableKey": secrets.publishable_key,
        "secretKey": secrets.secret_key,
        "storageFolder": place.state.join("storage"),
        "port": port,
        "makeTables": make_tables,
    });
    write_secret(&settings, text.to_string().as_bytes())?;
    std::fs::write(&program, LITE_SERVER).map_err(Error::file(&program))?;
    let mut command = Command::new(&tools.node);
    command
        .arg(&program)
        .current_dir(&place.state)
        .env("LITE_SETTINGS", &settings)
        .env("EXPERIMENTAL_STORAGE", "1")
        .env("DO_NOT_TRACK", "1")
        .env("NODE_NO_WARNINGS", "1");
    Service::start("Auth and Storage", command, &place.log("auth-and-storage"), Signal::TERM, guard)
}

/// Waits for Auth and Storage to answer.
pub(crate) async fn lite_is_ready(
    service: &mut Service,
    client: &reqwest::Client,
    port: u16,
) -> Result<(), Error> {
    service.wait_until(Duration::from_secs(30), || answers(client, port, "/auth/v1/health")).await
}

/// Starts the Worker in workerd, through `wrangler dev`.
pub(crate) fn start_functions(
    place: &Place,
    tools: &Tools,
    variables: &str,
    upstreams: Upstreams,
    guard: &mut Guard,
) -> Result<Service, Error> {
    for (what, path) in
        [("wrangler", &tools.wrangler), ("wrangler.toml", &place.root.join("wrangler.toml"))]
    {
        if !path.exists() {
            return Err(Error::Missing { what, path: path.clone() });
        }
    }
    let file = place.state.join("dev.vars");
    write_secret(&file, variables.as_bytes())?;
    let mut command = Command::new(&tools.node);
    command
        .arg(&tools.wrangler)
        .args(["dev", "--ip", "127.0.0.1", "--port", &upstreams.functions.to_string()])
        .args([
            "--inspector-port",
            "0",
            "--show-interactive-dev-session=false",
            "--log-level",
            "log",
        ])
        .arg("--persist-to")
        .arg(place.state.join("wrangler"))
        .arg("--env-file")
        .arg(&file)
        .current_dir(&place.root)
        .env("WRANGLER_SEND_METRICS", "false")
        .env("DO_NOT_TRACK", "1")
        .env("CI", "1")
        .env("NO_COLOR", "1");
    Service::start(
        "the functions (wrangler dev)",
        command,
        &place.log("functions"),
        Signal::TERM,
        guard,
    )
}

/// What the Worker on this machine takes from the environment of the command that starts it.
pub const PASSED_ON: [&str; 14] = [
    "ALLOWED_ORIGINS",
    "OPENAI_API_KEY",
    "OPENAI_BASE_URL",
    "OPENAI_MODEL",
    "SENTRY_DSN",
    "ACADEMY_NAME",
    "WHAPI_TOKEN",
    "WHAPI_BASE_URL",
    "RESEND_API_KEY",
    "RESEND_BASE_URL",
    "EMAIL_FROM",
    "WEBHOOK_SECRET",
    "WHAPI_WEBHOOK_SECRET",
    "AUTH_HOOK_SECRET",
];

/// Variables and secrets of the Worker on this machine. What the caller has set for the providers
/// is passed on.
pub(crate) fn worker_variables(env: &StackEnv, get: impl Fn(&str) -> Option<String>) -> String {
    let mut list = vec![
        ("SUPABASE_URL", env.supabase_url.clone()),
        ("SUPABASE_PUBLISHABLE_KEY", env.publishable_key.clone()),
        ("SUPABASE_SECRET_KEY", env.secret_key.clone()),
        (
            "ALLOWED_ORIGINS",
            "http://localhost:3000,http://127.0.0.1:3000,http://localhost:5173".to_owned(),
        ),
    ];
    for name in PASSED_ON {
        if let Some(value) = get(name) {
            list.retain(|(known, _)| *known != name);
            list.push((name, value));
        }
    }
    list.into_iter()
        .map(|(name, value)| format!("{name}=\"{}\"\n", value.replace('"', "")))
        .collect()
}

/// Waits for the Worker to answer.
pub(crate) async fn functions_are_ready(
    service: &mut Service,
    client: &reqwest::Client,
    port: u16,
) -> Result<(), Error> {
    let ready = || async {
        let answer = client
            .get(format!("http://127.0.0.1:{port}/api/health"))
            .timeout(Duration::from_secs(5))
            .send()
            .await;
        answer.is_ok_and(|answer| answer.status().is_success())
    };
    service.wait_until(Duration::from_secs(60), ready).await
}

/// A port that nobody listens on now, another one at each call. It is below those that systems give to outgoing
/// connections (from 32768 on Linux, 49152 elsewhere: RFC 6335): one of these would be somebody's before it is listened on.
pub(crate) fn free_port() -> Result<u16, Error> {
    const FIRST: u16 = 16_384;
    const COUNT: u16 = 16_384;
    // Several programs that begin at once begin at different places.
    static NEXT: LazyLock<AtomicU16> =
        LazyLock::new(|| AtomicU16::new(Uuid::new_v4().as_fields().1));
    (0..COUNT)
        .map(|_| FIRST + NEXT.fetch_add(1, Ordering::Relaxed) % COUNT)
        .find(|port| std::net::TcpListener::bind(("127.0.0.1", *port)).is_ok())
        .ok_or_else(|| std::io::ErrorKind::AddrNotAvailable.into())
        .map_err(Error::file(Path::new("127.0.0.1")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn free_ports_differ_and_are_none_that_a_connection_is_given() {
        let ports: std::collections::BTreeSet<_> = (0..100).map(|_| free_port().unwrap()).collect();
        assert_eq!(ports.len(), 100);
        assert!(ports.iter().all(|port| (16_384..32_768).contains(port)), "{ports:?}");
        let port = free_port().unwrap();
        let next = port + 1 - 16_384 * u16::from(port == 32_767);
        let _taken = std::net::TcpListener::bind(("127.0.0.1", next));
        assert_ne!(free_port().unwrap(), next, "somebody listens there");
    }
}
