//! workerd itself, without `wrangler dev`, which would put two processes of Node.js around each Worker;
//! what runs in it is the same.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};
use serde_json::json;

/// Where npm put it.
///
/// # Errors
/// When it did not.
pub fn program(root: &Path) -> Result<PathBuf> {
    let packages = root.join("node_modules/@cloudflare");
    std::fs::read_dir(&packages)?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| {
            path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("workerd-"))
        })
        .map(|path| path.join("bin/workerd"))
        .find(|program| program.is_file())
        .context("workerd is not installed: run npm ci")
}

/// Serves a configuration on ports of this machine: one for requests, one for the cron's events.
pub fn serve(program: &Path, config: &Path, http: u16, cron: u16) -> Command {
    let mut command = Command::new(program);
    command
        .arg("serve")
        .arg(config)
        .arg("--experimental")
        .arg(format!("--socket-addr=http=127.0.0.1:{http}"))
        .arg(format!("--socket-addr=cron=127.0.0.1:{cron}"));
    command
}

/// The configuration of Griot's Worker as `wrangler.toml` has it, but for the rate limits; it must lie
/// in a folder of `.griot/`. On a port of its own a few lines turn a request into the cron's event, as
/// wrangler does.
///
/// # Errors
/// When `wrangler.toml` cannot be read.
pub fn griot(root: &Path, variables: &BTreeMap<&str, String>) -> Result<String> {
    let modules = [
        ("esModule", "functions/gateway/entry.mjs"),
        ("esModule", "crates/document-module/instance.mjs"),
        ("wasm", "build/document.wasm"),
        ("esModule", "build/index.js"),
        ("wasm", "build/index_bg.wasm"),
    ];
    config(root, &modules, variables)
}

/// The configuration of a Worker of these modules, `(kind, path from the project's root)`, the first of
/// which is where it begins; it must lie in a folder of `.griot/`.
///
/// # Errors
/// When `wrangler.toml`, whose compatibility date holds for all, cannot be read.
pub fn config(
    root: &Path,
    modules: &[(&str, &str)],
    variables: &BTreeMap<&str, String>,
) -> Result<String> {
    let text = |value: &str| json!(value).to_string();
    let bindings: String = variables
        .iter()
        .map(|(name, value)| format!("(name = {}, text = {}), ", text(name), text(value)))
        .collect();
    let modules: String = modules
        .iter()
        .map(|(kind, path)| format!("(name = \"{path}\", {kind} = embed \"../../{path}\"), "))
        .collect();
    let wrangler = std::fs::read_to_string(root.join("wrangler.toml"))?;
    let date = wrangler
        .lines()
        .find_map(|line| line.strip_prefix("compatibility_date = "))
        .context("wrangler.toml has no compatibility_date")?;
    let cron = "export default { async fetch(request, env) {\n\
        await env.WORKER.scheduled({ cron: '* * * * *', scheduledTime: new Date() });\n\
        return new Response(null, { status: 204 });\n} }";
    Ok(format!(
        "using Workerd = import \"/workerd/workerd.capnp\";\n\
         const config :Workerd.Config = (\n\
         services = [(name = \"cron\", worker = .cron), (name = \"worker\", worker = .worker),\n\
         (name = \"internet\", network = (allow = [\"public\", \"private\"], tlsOptions = (trustBrowserCas = true)))],\n\
         sockets = [(name = \"http\", address = \"127.0.0.1:0\", http = (), service = \"worker\"),\n\
         (name = \"cron\", address = \"127.0.0.1:0\", http = (), service = \"cron\")]);\n\
         const cron :Workerd.Worker = (modules = [(name = \"cron.mjs\", esModule = {})], compatibilityDate = {date},\n\
         compatibilityFlags = [\"service_binding_extra_handlers\"], bindings = [(name = \"WORKER\", service = \"worker\")]);\n\
         const worker :Workerd.Worker = (modules = [{modules}], compatibilityDate = {date}, bindings = [{bindings}]);\n",
        text(cron)
    ))
}
