//! The whole stack, started in folders of its own, on ports of its own.

// All of this file is tests; the exception of clippy.toml knows only functions marked so.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use local_supabase::{Error, Options, Ports, Stack, detach, start, stop};
use serde_json::Value;
use tempfile::TempDir;

const MIGRATION: &str = "
  create table public.notes (id int primary key, body text);
  alter table public.notes enable row level security;
  create policy \"everybody reads\" on public.notes for select to anon using (true);
";
const WORKER: &str = "export default { fetch: (request, env) => Response.json({ path: new URL(request.url).pathname, project: env.SUPABASE_URL }) };";

/// A small project: one migration and one function.
struct Project {
    folder: TempDir,
}

impl Project {
    fn new(mode: u32) -> Self {
        use std::os::unix::fs::{PermissionsExt as _, symlink};
        let modules =
            Path::new(env!("CARGO_MANIFEST_DIR")).join("../../node_modules").canonicalize();
        let modules =
            modules.expect("these tests start the servers that npm installed: run `npm ci` first");
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        std::fs::set_permissions(root, std::fs::Permissions::from_mode(mode)).unwrap();
        symlink(modules, root.join("node_modules")).unwrap();
        std::fs::create_dir_all(root.join("supabase/migrations")).unwrap();
        std::fs::write(root.join("supabase/config.toml"), "project_id = \"test\"\n").unwrap();
        std::fs::write(root.join("supabase/migrations/20260101000000_notes.sql"), MIGRATION)
            .unwrap();
        std::fs::write(root.join("worker.mjs"), WORKER).unwrap();
        std::fs::write(
            root.join("wrangler.toml"),
            "name = \"test\"\nmain = \"worker.mjs\"\ncompatibility_date = \"2026-04-01\"\n",
        )
        .unwrap();
        Self { folder }
    }

    fn options(&self) -> Options {
        Options {
            ports: Ports::free().unwrap(),
            functions: false,
            ..Options::new(self.folder.path())
        }
    }

    /// The command that runs [`supervisor`].
    fn supervisor(&self) -> Command {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command
            .args(["--exact", "supervisor", "--ignored", "--nocapture"])
            .env("STACK_ROOT", self.folder.path());
        command
    }

    fn state(&self) -> PathBuf {
        self.folder.path().join(".griot")
    }
}

impl Drop for Project {
    fn drop(&mut self) {
        // Where root's database went because `nobody` cannot reach the folder.
        let elsewhere =
            std::fs::read_to_string(self.state().join("database-folder")).unwrap_or_default();
        if elsewhere.starts_with("/var/tmp/griot-") {
            std::fs::remove_dir_all(Path::new(&elsewhere).parent().unwrap()).unwrap();
        }
    }
}

fn pid_file(state: &Path) -> Value {
    std::fs::read(state.join("stack.pid"))
        .ok()
        .and_then(|text| serde_json::from_slice(&text).ok())
        .unwrap_or_default()
}

/// Process ids of the servers, from the file that the next start would clean up with.
fn servers(state: &Path) -> Vec<u64> {
    pid_file(state)["services"]
        .as_array()
        .unwrap()
        .iter()
        .map(|service| service["pid"].as_u64().unwrap())
        .collect()
}

/// Members of these process groups that are still there, zombies aside.
fn alive(groups: &[u64]) -> Vec<String> {
    let output = Command::new("ps").args(["-eo", "pgid=,stat=,args="]).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let of_group = |line: &&str| {
        let mut words = line.split_whitespace();
        let group = words.next().and_then(|group| group.parse().ok());
        group.is_some_and(|group| groups.contains(&group))
            && !words.next().unwrap_or("Z").starts_with('Z')
    };
    text.lines().filter(of_group).map(str::to_owned).collect()
}

fn wait_until(what: &str, mut holds: impl FnMut() -> bool) {
    let start = Instant::now();
    while !holds() {
        assert!(start.elapsed() < Duration::from_secs(60), "{what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

async fn notes(stack: &Stack) -> Value {
    let answer = reqwest::Client::new()
        .get(format!("{}/rest/v1/notes?select=body&order=id", stack.env().supabase_url))
        .header("apikey", &stack.env().publishable_key)
        .send()
        .await
        .unwrap();
    assert_eq!(answer.status(), 200);
    answer.json().await.unwrap()
}

async fn execute(stack: &Stack, sql: &str) {
    let url = stack.env().database_url.as_deref().unwrap();
    let (client, connection) = tokio_postgres::connect(url, tokio_postgres::NoTls).await.unwrap();
    tokio::spawn(connection);
    client.batch_execute(sql).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn data_and_keys_survive_a_restart_and_fresh_starts_over() {
    let project = Project::new(0o755);
    let options = project.options();
    let stack = start(options.clone(), &()).await.unwrap();
    execute(&stack, "insert into public.notes values (1, 'kept')").await;
    let (env, groups) = (stack.env().clone(), servers(&project.state()));
    assert_eq!(alive(&groups).len(), groups.len());
    stack.stop().await;
    assert_eq!(alive(&groups), Vec::<String>::new());

    let stack = start(options.clone(), &()).await.unwrap();
    assert_eq!(stack.env(), &env);
    assert_eq!(notes(&stack).await, serde_json::json!([{ "body": "kept" }]));
    stack.stop().await;

    let stack = start(Options { fresh: true, ..options }, &()).await.unwrap();
    assert_eq!(notes(&stack).await, serde_json::json!([]));
    stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn it_runs_in_a_folder_that_others_cannot_enter_and_serves_the_functions() {
    let project = Project::new(0o700);
    let mut options = project.options();
    options.functions = true;
    let stack = start(options, &()).await.unwrap();
    assert_eq!(notes(&stack).await, serde_json::json!([]));
    let url = format!("{}/functions/v1/health", stack.env().supabase_url);
    let answer: Value = reqwest::get(url).await.unwrap().json().await.unwrap();
    assert_eq!(
        answer,
        serde_json::json!({ "path": "/api/health", "project": stack.env().supabase_url })
    );
    let groups = servers(&project.state());
    stack.stop().await;
    assert_eq!(alive(&groups), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_taken_port_a_second_start_and_a_bad_migration_each_say_what_to_do() {
    let project = Project::new(0o755);
    let options = project.options();
    let listener = std::net::TcpListener::bind(("127.0.0.1", options.ports.database)).unwrap();
    let error = start(options.clone(), &()).await.unwrap_err();
    assert!(
        matches!(error, Error::PortTaken { port, .. } if port == options.ports.database),
        "{error}"
    );
    assert!(!error.to_string().contains('\n') && error.to_string().contains("cargo xtask stop"));
    drop(listener);

    let bad = project.folder.path().join("supabase/migrations/20260102000000_bad.sql");
    std::fs::write(&bad, "alter table public.nowhere add column x int;").unwrap();
    let error = start(options.clone(), &()).await.unwrap_err();
    assert!(
        matches!(error, Error::Migration { .. }) && error.to_string().contains("nowhere"),
        "{error}"
    );
    std::fs::remove_file(&bad).unwrap();

    let stack = start(options.clone(), &()).await.unwrap();
    let error = start(options, &()).await.unwrap_err();
    assert!(matches!(error, Error::AlreadyRunning { .. }), "{error}");
    assert_eq!(notes(&stack).await, serde_json::json!([]), "the second start disturbed the first");
    stack.stop().await;
}

/// Not a test of its own: what the next one starts and ends.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "run by another test, in a process of its own"]
async fn supervisor() {
    let root = std::env::var("STACK_ROOT").unwrap();
    let options = Options { ports: Ports::free().unwrap(), functions: false, ..Options::new(root) };
    let mut stack = match start(options, &()).await {
        Err(Error::Interrupted) => return,
        started => started.unwrap(),
    };
    stack.wait_for_ctrl_c().await.unwrap();
    stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_server_outlives_a_supervisor_that_is_told_to_end_or_killed() {
    let project = Project::new(0o755);
    for signal in ["TERM", "INT", "HUP", "KILL"] {
        let mut child = project.supervisor().stdout(Stdio::null()).spawn().unwrap();
        wait_until("the stack does not start", || {
            let file = pid_file(&project.state());
            file["ready"] == true && file["supervisor"]["pid"] == child.id()
        });
        let groups = servers(&project.state());
        let told =
            Command::new("kill").args(["-s", signal, &child.id().to_string()]).status().unwrap();
        assert!(told.success());
        child.wait().unwrap();
        wait_until("servers are left", || alive(&groups).is_empty());
    }
    // The file of the killed one is still there and does not stop the next start.
    let stack = start(project.options(), &()).await.unwrap();
    stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_start_that_is_interrupted_leaves_nothing() {
    let project = Project::new(0o755);
    let mut child = project.supervisor().stdout(Stdio::null()).spawn().unwrap();
    let first =
        |file: Value| file["services"].as_array().is_some_and(|services| !services.is_empty());
    wait_until("PostgreSQL does not start", || first(pid_file(&project.state())));
    let groups = servers(&project.state());
    Command::new("kill").args(["-s", "INT", &child.id().to_string()]).status().unwrap();
    assert!(child.wait().unwrap().success());
    assert_eq!(alive(&groups), Vec::<String>::new());
    assert_eq!(pid_file(&project.state()), Value::Null);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_detached_stack_is_ready_when_its_command_returns_and_ends_when_told() {
    let project = Project::new(0o755);
    let env = detach(project.supervisor(), &project.state()).await.unwrap();
    let answer = reqwest::Client::new()
        .get(format!("{}/rest/v1/notes", env.supabase_url))
        .header("apikey", &env.publishable_key)
        .send()
        .await
        .unwrap();
    assert_eq!(answer.status(), 200);
    let again = detach(project.supervisor(), &project.state()).await.unwrap_err();
    assert!(matches!(again, Error::AlreadyRunning { .. }), "{again}");
    let groups = servers(&project.state());
    stop(&project.state()).await.unwrap();
    assert_eq!(alive(&groups), Vec::<String>::new());
    assert!(matches!(stop(&project.state()).await, Err(Error::NotRunning)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_detached_stack_that_cannot_start_says_why() {
    let project = Project::new(0o755);
    std::fs::remove_file(project.folder.path().join("node_modules")).unwrap();
    let error = detach(project.supervisor(), &project.state()).await.unwrap_err();
    assert!(
        matches!(error, Error::NotReady { .. }) && error.to_string().contains("stack.log"),
        "{error}"
    );
}
