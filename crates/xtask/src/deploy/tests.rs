//! Each way a deployment can go, with stand-ins for wrangler and the Supabase CLI that write down
//! what they were asked.

use std::cell::Cell;
use std::path::PathBuf;

use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::*;

const WRANGLER_TOML: &str = include_str!("../../../../wrangler.toml");

/// A project of its own with two programs that answer as they are told.
struct Place {
    root: PathBuf,
}

impl Place {
    /// `wrangler` and `supabase` are bodies of shell scripts that see the arguments in `$*`.
    fn new(wrangler: &str, supabase: &str) -> Self {
        static COUNT: std::sync::atomic::AtomicU32 = std::sync::atomic::AtomicU32::new(0);
        let count = COUNT.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let root =
            std::env::temp_dir().join(format!("griot-deploy-{}-{count}", std::process::id()));
        std::fs::create_dir_all(root.join("supabase/migrations")).unwrap();
        std::fs::write(root.join("supabase/migrations/20260101000000_a.sql"), "").unwrap();
        std::fs::write(root.join("wrangler.toml"), WRANGLER_TOML).unwrap();
        for (name, body) in [("wrangler", wrangler), ("supabase", supabase)] {
            let script = format!("echo \"{name} $*\" >> asked\n{body}\n");
            std::fs::write(root.join(format!("{name}.sh")), script).unwrap();
        }
        Self { root }
    }

    fn deployment(&self, url: Option<String>) -> Deployment<'_> {
        Deployment {
            root: &self.root,
            env: Environment::Staging,
            programs: Programs {
                node: "/bin/sh".into(),
                wrangler: self.root.join("wrangler.sh"),
                supabase: self.root.join("supabase.sh"),
                root: self.root.clone(),
            },
            database: Database::Address("postgres://postgres:s3cret@db.example.org/x".into()),
            url,
            version: "0.1.0",
            patience: Duration::ZERO,
        }
    }

    /// What the programs were asked, in order, without the folder of the bundle.
    fn asked(&self) -> Vec<String> {
        let asked = std::fs::read_to_string(self.root.join("asked")).unwrap_or_default();
        asked.lines().map(|line| line.split(" --outdir").next().unwrap().to_owned()).collect()
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.root);
    }
}

const SECRETS_ARE_SET: &str = r#"case "$*" in
  secret*) echo '[{"name":"SUPABASE_URL","type":"secret_text"},{"name":"SUPABASE_PUBLISHABLE_KEY","type":"secret_text"}]';;
esac"#;

/// A Worker that gives one answer to everything. Returns its address.
async fn worker(status: u16, body: serde_json::Value) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut request = [0; 4096];
            let read = stream.read(&mut request).await.unwrap();
            let asked = String::from_utf8_lossy(&request[..read]).into_owned();
            let status = if asked.starts_with("GET /api/health?deep=1 ") { status } else { 404 };
            let body = body.to_string();
            let answer = format!(
                "HTTP/1.1 {status} x\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
                body.len()
            );
            stream.write_all(answer.as_bytes()).await.unwrap();
        }
    });
    address
}

fn well() -> serde_json::Value {
    json!({ "status": "ok", "version": "0.1.0" })
}

async fn failure(place: &Place, url: Option<String>) -> String {
    format!("{:#}", place.deployment(url).run(|| Ok(())).await.unwrap_err())
}

#[tokio::test]
async fn the_database_comes_before_the_worker_and_the_worker_is_asked_how_it_is() {
    let place = Place::new(SECRETS_ARE_SET, "");
    let built = Cell::new(false);
    let url = worker(200, well()).await;
    let build = || {
        built.set(true);
        Ok(())
    };
    place.deployment(Some(url)).run(build).await.unwrap();
    assert!(built.get());
    assert_eq!(
        place.asked(),
        [
            "wrangler secret list --format json --env staging",
            "wrangler deploy --dry-run --env staging",
            "supabase db push --dry-run --remote=postgres://postgres:s3cret@db.example.org/x",
            "supabase db push --yes --remote=postgres://postgres:s3cret@db.example.org/x",
            "wrangler deploy --env staging",
        ]
    );
}

#[tokio::test]
async fn the_address_is_the_one_that_wrangler_tells() {
    let url = worker(200, well()).await;
    let tells = format!(
        "{SECRETS_ARE_SET}\necho '{{\"type\":\"deploy\",\"targets\":[\"{url}\"]}}' >> \"${{WRANGLER_OUTPUT_FILE_PATH:-asked}}\""
    );
    let place = Place::new(&tells, "");
    // Of an earlier deployment, elsewhere.
    std::fs::create_dir_all(place.root.join(".griot/deploy")).unwrap();
    let old = r#"{"type":"deploy","targets":["https://old.example.org"]}"#;
    std::fs::write(place.root.join(".griot/deploy/wrangler-output.jsonl"), old).unwrap();
    place.deployment(None).run(|| Ok(())).await.unwrap();

    let silent = Place::new(SECRETS_ARE_SET, "");
    assert!(failure(&silent, None).await.contains("set GRIOT_URL"));
}

#[tokio::test]
async fn without_its_secrets_nothing_is_touched_and_the_commands_that_set_them_are_told() {
    for (wrangler, lacks) in [
        ("echo '[]'", "SUPABASE_URL, SUPABASE_PUBLISHABLE_KEY"),
        // The Worker does not exist yet.
        ("echo 'not found [code: 10007]' >&2; exit 1", "SUPABASE_URL, SUPABASE_PUBLISHABLE_KEY"),
        (r#"echo '[{"name":"SUPABASE_URL"}]'"#, "griot-staging lacks SUPABASE_PUBLISHABLE_KEY."),
    ] {
        let place = Place::new(wrangler, "");
        let said = failure(&place, None).await;
        assert!(said.contains(lacks), "{said}");
        assert!(
            said.contains("npx wrangler secret put SUPABASE_PUBLISHABLE_KEY --env staging"),
            "{said}"
        );
        assert_eq!(place.asked().len(), 1);
    }
}

#[tokio::test]
async fn without_an_account_it_says_how_to_sign_in() {
    let place = Place::new("echo 'set a CLOUDFLARE_API_TOKEN' >&2; exit 1", "");
    assert!(failure(&place, None).await.contains("npx wrangler login"));
}

#[tokio::test]
async fn what_wrangler_cannot_bundle_reaches_no_database() {
    let refuses = format!("{SECRETS_ARE_SET}\ncase \"$*\" in *--dry-run*) exit 1;; esac");
    let place = Place::new(&refuses, "");
    assert!(failure(&place, None).await.contains("cannot bundle"));
    assert_eq!(place.asked().len(), 2);
}

#[tokio::test]
async fn a_database_that_refuses_keeps_the_worker_as_it_is() {
    for (supabase, said, calls) in [
        ("exit 1", "nothing was changed", 3),
        ("case \"$*\" in *--yes*) exit 1;; esac", "a migration failed", 4),
    ] {
        let place = Place::new(SECRETS_ARE_SET, supabase);
        let failure = failure(&place, None).await;
        assert!(failure.contains(said), "{failure}");
        assert_eq!(place.asked().len(), calls);
    }
}

#[tokio::test]
async fn a_deployment_that_cloudflare_refuses_is_not_asked_how_it_is() {
    let refuses =
        format!("{SECRETS_ARE_SET}\ncase \"$*\" in 'deploy --env staging') exit 1;; esac");
    let place = Place::new(&refuses, "");
    let said = failure(&place, Some(worker(200, well()).await)).await;
    assert!(said.contains("did not deploy"), "{said}");
}

#[tokio::test]
async fn a_worker_that_is_not_well_or_not_the_new_one_fails_and_the_way_back_is_told() {
    let old = json!({ "status": "ok", "version": "0.0.9" });
    let ill = json!({ "status": "degraded", "version": "0.1.0" });
    for (status, body, said) in [
        (503, ill.clone(), "it answered 503"),
        (200, ill, "it answered 200"),
        (200, old, "version 0.0.9 answers, not 0.1.0"),
    ] {
        let place = Place::new(SECRETS_ARE_SET, "");
        let failure = failure(&place, Some(worker(status, body).await)).await;
        assert!(failure.contains(said), "{failure}");
        assert!(failure.contains("npx wrangler rollback --env staging"), "{failure}");
    }
    let place = Place::new(SECRETS_ARE_SET, "");
    let nobody = failure(&place, Some("http://127.0.0.1:1".into())).await;
    assert!(nobody.contains("wrangler rollback"), "{nobody}");
}

#[test]
fn a_database_on_this_machine_is_refused_and_a_password_is_not_shown() {
    let local = "postgres://postgres:x@127.0.0.1:54322/postgres";
    assert!(Database::choose(None, Some(local.into()), None).is_err());
    assert!(Database::choose(None, None, None).is_err());
    assert_eq!(
        Database::choose(Some("abc".into()), Some(local.into()), None).unwrap(),
        Database::Project("abc".into())
    );
    assert_eq!(
        Database::choose(None, None, Some("abc\n".into())).unwrap(),
        Database::Linked("abc".into())
    );
    let place =
        Place::new("", "echo failed: s3cret at postgres://postgres:s3cret@db.example.org/x");
    let deployment = place.deployment(None);
    assert!(!deployment.database.to_string().contains("s3cret"));
    let said = "s3cret, postgres://postgres:s3cret@db.example.org/x";
    assert_eq!(deployment.database.redact(said), "…, …");
}

#[test]
fn the_configuration_of_this_project_is_complete() {
    assert_eq!(checks::configuration(WRANGLER_TOML, "staging").unwrap(), "griot-staging");
    assert_eq!(checks::configuration(WRANGLER_TOML, "production").unwrap(), "griot-production");
}

#[test]
fn what_is_wrong_in_the_configuration_is_named() {
    for (from, to, said) in [
        ("name = \"griot-staging\"\n", "", "needs a name"),
        ("[env.staging.vars]", "[env.staging.other]", "[env.staging.vars]"),
        ("ENVIRONMENT = \"staging\"", "ENVIRONMENT = \"production\"", "must be \"staging\""),
        (
            "ENVIRONMENT = \"staging\"",
            "ENVIRONMENT = \"staging\"\nSENTRY_DSN = \"x\"",
            "SENTRY_DSN",
        ),
        ("ENVIRONMENT = \"local\"", "OPENAI_API_KEY = \"x\"", "rotate it"),
        ("namespace_id = \"2001\"", "namespace_id = \"3001\"", "share one counter"),
        (
            "namespace_id = \"2002\"\nsimple = { limit = 10",
            "namespace_id = \"2002\"\nsimple = { limit = 11",
            "must be 10 in 60 s",
        ),
        ("main = ", "other = ", "needs main"),
        ("[env.staging]", "[env.elsewhere]", "[env.staging"),
    ] {
        assert!(WRANGLER_TOML.contains(from), "{from}");
        let text = WRANGLER_TOML.replacen(from, to, 1);
        let wrong = format!("{:#}", checks::configuration(&text, "staging").unwrap_err());
        assert!(wrong.contains(said), "{from} -> {wrong}");
    }
    let (without, _) = WRANGLER_TOML.split_once("[[env.staging.ratelimits]]").unwrap();
    assert!(checks::configuration(without, "staging").is_err());
}

#[test]
fn migrations_are_named_by_their_time_and_no_two_alike() {
    let check =
        |names: &[&str]| checks::migrations(names.iter().map(|name| (*name).to_owned()).collect());
    assert_eq!(check(&["20260101000001_b.sql", "20260101000000_a.sql"]).unwrap(), 2);
    for wrong in [
        &["20260101000000_a.sql", "20260101000000_b.sql"][..],
        &["20260101_a.sql"],
        &["20260101000000_A.sql"],
        &["20260101000000_.sql"],
        &["notes.md"],
        &[],
    ] {
        assert!(check(wrong).is_err(), "{wrong:?}");
    }
}

#[test]
fn the_address_is_found_in_every_form_in_which_wrangler_tells_it() {
    let told = |targets: &str| {
        checks::deployed_to(&format!(
            "{{\"type\":\"wrangler-session\"}}\n{{\"type\":\"deploy\",\"targets\":{targets}}}"
        ))
    };
    assert_eq!(told("[\"https://griot.a.workers.dev\"]").unwrap(), "https://griot.a.workers.dev");
    assert_eq!(told("[\"api.a.ga (custom domain)\"]").unwrap(), "https://api.a.ga");
    assert_eq!(
        told("[\"schedule: * * * * *\", \"a.ga/* (zone name: a.ga)\"]").unwrap(),
        "https://a.ga"
    );
    assert_eq!(told("[]"), None);
}
