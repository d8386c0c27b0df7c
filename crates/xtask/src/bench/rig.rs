//! What runs while something is measured: a stack of its own, Griot and its peer in workerd, the
//! stand-ins of the providers.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use local_supabase::{Ports, Program, Stack};
use serde_json::{Value, json};

use crate::chaos::system::System;
use crate::step::Step;
use crate::{project, tools, worker_build, workerd};

/// What a measurement needs besides the built Worker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Needs {
    /// The native programs.
    Native,
    /// The whole stack.
    Stack,
    /// Several processes of each Worker: two of one may differ by a tenth for as long as they live.
    Processes,
}

/// So many.
const PROCESSES: usize = 3;

/// All of that.
pub struct Rig {
    /// What a script is told.
    pub given: Value,
    /// What runs beside Griot ends with the rest.
    system: Option<(System, Vec<Program>)>,
}

/// The twin, bundled.
const TWIN: &str = ".griot/bench/twin.js";

impl Rig {
    /// Builds and starts what is needed; in the quick form one process of each Worker.
    pub async fn start(root: &Path, needs: &[Needs], quick: bool) -> Result<Self> {
        std::fs::create_dir_all(folder(root))?;
        let tools = tools::prepare(root)?;
        worker_build::build(root, &tools)?;
        let native = match needs.contains(&Needs::Native) {
            true => Some(native(root)?),
            false => None,
        };
        let shared = root.parent().map(|folder| folder.join("shared"));
        let mut given = json!({
            "root": root,
            "shared": shared.filter(|folder| folder.join("corpus").is_dir()),
            "native": native,
            "workerd": workerd::program(root)?,
        });
        if !needs.contains(&Needs::Stack) {
            return Ok(Self { given, system: None });
        }
        bundle(root, &tools.esbuild)?;
        let processes = if needs.contains(&Needs::Processes) && !quick { PROCESSES } else { 1 };
        let mut system = System::start(root, "bench", processes).await?;
        let mut others = Vec::new();
        match serve(root, &mut system, processes, &mut others).await {
            Ok(Value::Object(more)) => {
                given.as_object_mut().context("not an object")?.extend(more);
                Ok(Self { given, system: Some((system, others)) })
            }
            failed => {
                others.iter_mut().for_each(Program::kill);
                system.stop().await;
                failed.and_then(|_| bail!("not an object"))
            }
        }
    }

    /// Ends it.
    pub async fn stop(self) {
        if let Some((system, mut others)) = self.system {
            others.iter_mut().for_each(Program::kill);
            system.stop().await;
        }
    }
}

fn folder(root: &Path) -> PathBuf {
    project::state(root).join("bench")
}

/// The same code outside of wasm: how fast it could be.
fn native(root: &Path) -> Result<PathBuf> {
    let step = Step::start("building the native programs");
    let mut build = Command::new("cargo");
    build.args(["build", "--quiet", "--release", "--package", "bench-native"]).current_dir(root);
    step.run(&mut build, &project::logs(root).join("build-bench-native.log"))?;
    step.done("");
    Ok(project::target(root).join("release/bench-native"))
}

/// Makes one file of the TypeScript peer, as wrangler would.
fn bundle(root: &Path, esbuild: &Path) -> Result<()> {
    let step = Step::start("bundling the peer");
    let mut command = Command::new(esbuild);
    command
        .args(["benches/peers/index.ts", "--bundle", "--minify", "--format=esm"])
        .args(["--target=es2024", "--platform=neutral", "--main-fields=browser,module,main"])
        .args(["--conditions=workerd,worker,browser", "--legal-comments=none"])
        .args(["--log-level=warning", &format!("--outfile={TWIN}")])
        .current_dir(root);
    step.run(&mut command, &project::logs(root).join("bundle-peer.log"))?;
    step.done("");
    Ok(())
}

/// Starts `others` beside Griot, the peer and the least Worker, and says where everything is.
async fn serve(
    root: &Path,
    system: &mut System,
    processes: usize,
    others: &mut Vec<Program>,
) -> Result<Value> {
    let program = workerd::program(root)?;
    let config = |name: &str, modules: &[(&str, &str)], variables: &BTreeMap<_, _>| {
        let path = folder(root).join(format!("{name}.capnp"));
        std::fs::write(&path, workerd::config(root, modules, variables)?)?;
        anyhow::Ok(path)
    };
    // As little as a Worker of each kind can be.
    std::fs::write(
        folder(root).join("empty.js"),
        "export default { fetch() { return new Response('ok') } }",
    )?;
    std::fs::write(
        folder(root).join("empty-wasm.js"),
        "import module from './empty.wasm'\nconst { exports } = new WebAssembly.Instance(module)\n\
         export default { fetch() { return new Response(typeof exports) } }",
    )?;
    std::fs::write(folder(root).join("empty.wasm"), b"\0asm\x01\0\0\0")?;
    let none = BTreeMap::new();
    let variables = &system.variables;
    let griot = folder(root).join("griot.capnp");
    std::fs::write(&griot, workerd::griot(root, variables)?)?;
    let twin_config = config("twin", &[("esModule", TWIN)], variables)?;
    let least_config = config("least", &[("esModule", "benches/peers/least.js")], variables)?;
    let empty = config("empty", &[("esModule", ".griot/bench/empty.js")], &none)?;
    let empty_wasm = config(
        "empty-wasm",
        &[("esModule", ".griot/bench/empty-wasm.js"), ("wasm", ".griot/bench/empty.wasm")],
        &none,
    )?;

    let mut several = async |name, config: &Path| {
        let mut told = Vec::new();
        for nth in 1..=processes {
            let (program, url) = start(&mut system.stack, &program, name, config, nth).await?;
            told.push(json!({ "url": url, "pid": program.pid() }));
            others.push(program);
        }
        anyhow::Ok(told)
    };
    let twins = several("the peer", &twin_config).await?;
    let leasts = several("the least Worker", &least_config).await?;
    let griots: Vec<_> = (system.workers.iter())
        .map(|worker| json!({ "url": format!("http://127.0.0.1:{}", worker.port), "pid": worker.pid() }))
        .collect();
    let env = system.stack.env();
    let worker = system.workers.first().context("no Worker")?;
    let keys: Value =
        serde_json::from_str(&std::fs::read_to_string(system.state.join("keys.json"))?)?;
    let of = |name: &str| variables.get(name).cloned();
    Ok(json!({
        "database_url": env.database_url,
        "supabase_url": env.supabase_url,
        "postgrest_url": system.stack.postgrest_url()?,
        "publishable_key": env.publishable_key,
        "keys": { "signing_key": keys.get("signing_key"), "key_id": keys.get("key_id") },
        "griot": format!("http://127.0.0.1:{}", worker.port),
        "griot_pid": worker.pid(),
        "twin": twins.first().and_then(|twin| twin.get("url")),
        "processes": { "griot": griots, "twin": twins, "least": leasts },
        "provider": of("WHAPI_BASE_URL"),
        "provider_control": system.providers.control(),
        "webhook_secret": of("WEBHOOK_SECRET"),
        "configs": { "griot": griot, "twin": twin_config, "empty": empty, "empty_wasm": empty_wasm },
        "bundle": root.join(TWIN),
    }))
}

/// Starts a Worker and waits until it answers; where it does.
async fn start(
    stack: &mut Stack,
    workerd: &Path,
    name: &'static str,
    config: &Path,
    nth: usize,
) -> Result<(Program, String)> {
    let Ports { functions: port, gateway: cron, .. } = Ports::free()?;
    let log = config.file_stem().and_then(|stem| stem.to_str()).context("a file without a name")?;
    let command = workerd::serve(workerd, config, port, cron);
    let mut worker = stack.start_program(name, command, &format!("{log}-{nth}"))?;
    let url = format!("http://127.0.0.1:{port}");
    let http = reqwest::Client::new();
    let started = Instant::now();
    // Any answer will do.
    while http.get(format!("{url}/api")).send().await.is_err() {
        if let Some(reason) = worker.ended() {
            bail!("{name} ended: {reason}");
        }
        if started.elapsed() > Duration::from_secs(30) {
            worker.kill();
            bail!("{name} does not answer");
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    Ok((worker, url))
}
