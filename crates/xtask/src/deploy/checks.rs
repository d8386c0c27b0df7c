//! What can be told from text alone: the configuration, names of files, answers.

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;
use toml_edit::{Document, Item, Table};

use super::{REQUIRED_SECRETS, SECRETS};

/// The variables an environment must repeat: it inherits none.
const VARIABLES: [&str; 3] = ["ENVIRONMENT", "OPENAI_BASE_URL", "OPENAI_MODEL"];
/// The rate limits `functions/gateway` binds, with their uses a minute.
const RATE_LIMITS: [(&str, i64); 2] =
    [("REQUESTS_PER_MINUTE", 100), ("GENERATIONS_PER_MINUTE", 10)];

/// Checks `wrangler.toml` for an environment. Answers with the name of its Worker.
pub fn configuration(text: &str, env: &str) -> Result<String> {
    let document: Document<_> = text.parse().context("wrangler.toml cannot be read")?;
    let all = document.as_table();
    let top = all
        .get("env")
        .and_then(|environments| environments.get(env))
        .and_then(Item::as_table)
        .with_context(|| format!("wrangler.toml has no [env.{env}]"))?;
    let name = string(top, "name").with_context(|| {
        format!("[env.{env}] of wrangler.toml needs a name, so that it replaces no other Worker")
    })?;
    for key in ["main", "compatibility_date"] {
        ensure!(string(all, key).is_some(), "wrangler.toml needs {key}");
    }
    let variables = top
        .get("vars")
        .and_then(Item::as_table)
        .with_context(|| format!("wrangler.toml needs [env.{env}.vars]: none is inherited"))?;
    for variable in VARIABLES {
        ensure!(
            string(variables, variable).is_some_and(|value| !value.is_empty()),
            "[env.{env}.vars] of wrangler.toml needs {variable}"
        );
    }
    ensure!(
        string(variables, "ENVIRONMENT") == Some(env),
        "ENVIRONMENT in [env.{env}.vars] of wrangler.toml must be {env:?}: reports name it"
    );
    for (place, table) in environments(all) {
        let secret = table
            .get("vars")
            .and_then(Item::as_table)
            .and_then(|variables| SECRETS.iter().find(|secret| variables.contains_key(secret)));
        if let Some(secret) = secret {
            bail!(
                "{place} of wrangler.toml sets {secret}: take it out and run `npx wrangler secret put {secret} --env {env}`; if it was committed, rotate it"
            );
        }
    }
    rate_limits(all, top, env)?;
    Ok(name.to_owned())
}

/// Both limits are there, with a counter of their own.
fn rate_limits(all: &Table, environment: &Table, env: &str) -> Result<()> {
    let mut counters = Vec::new();
    for (place, table) in environments(all) {
        for limit in limits(table) {
            let id = string(limit, "namespace_id").unwrap_or_default();
            ensure!(
                !id.is_empty() && !counters.contains(&id),
                "{place} of wrangler.toml: each rate limit needs a namespace_id of its own, or two share one counter"
            );
            counters.push(id);
        }
    }
    for (name, uses) in RATE_LIMITS {
        let simple = limits(environment)
            .find(|limit| string(limit, "name") == Some(name))
            .and_then(|limit| limit.get("simple"))
            .with_context(|| {
                format!("[[env.{env}.ratelimits]] of wrangler.toml needs {name}: none is inherited")
            })?;
        let number = |key: &str| simple.get(key).and_then(Item::as_integer);
        ensure!(
            number("limit") == Some(uses) && number("period") == Some(60),
            "{name} in [[env.{env}.ratelimits]] of wrangler.toml must be {uses} in 60 s, as docs/API.md promises"
        );
    }
    Ok(())
}

/// The top level, which is the local environment, and each other environment.
fn environments(all: &Table) -> impl Iterator<Item = (String, &Table)> {
    let others = all.get("env").and_then(Item::as_table).into_iter().flat_map(|environments| {
        environments
            .iter()
            .filter_map(|(name, item)| Some((format!("[env.{name}]"), item.as_table()?)))
    });
    std::iter::once(("the top level".to_owned(), all)).chain(others)
}

fn limits(table: &Table) -> impl Iterator<Item = &Table> {
    table.get("ratelimits").and_then(Item::as_array_of_tables).into_iter().flatten()
}

fn string<'a>(table: &'a Table, key: &str) -> Option<&'a str> {
    table.get(key).and_then(Item::as_str)
}

/// Checks the names of the migrations. Answers with how many there are.
pub fn migrations(mut names: Vec<String>) -> Result<usize> {
    names.sort();
    ensure!(!names.is_empty(), "supabase/migrations is empty");
    let mut before = String::new();
    for name in &names {
        let version = name
            .strip_suffix(".sql")
            .and_then(|stem| stem.split_once('_'))
            .filter(|(version, what)| {
                version.len() == 14
                    && version.bytes().all(|byte| byte.is_ascii_digit())
                    && !what.is_empty()
                    && what.bytes().all(|byte| {
                        byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_'
                    })
            })
            .map(|(version, _)| version);
        let Some(version) = version else {
            bail!(
                "supabase/migrations/{name}: a migration is named YYYYMMDDHHMMSS_<what>.sql, in lower case"
            );
        };
        ensure!(
            version != before,
            "two migrations have the version {version}: give the newer one a later time"
        );
        before = version.to_owned();
    }
    Ok(names.len())
}

/// The required secrets that are not set.
pub fn missing_secrets(set: &[String]) -> Vec<&'static str> {
    let is_set = |name: &str| set.iter().any(|known| known == name);
    REQUIRED_SECRETS
        .into_iter()
        // The older name of the publishable key serves as well.
        .filter(|name| {
            let older = *name == "SUPABASE_PUBLISHABLE_KEY" && is_set("SUPABASE_ANON_KEY");
            !is_set(name) && !older
        })
        .collect()
}

/// The names in the answer of `wrangler secret list`.
pub fn secret_names(printed: &str) -> Result<Vec<String>> {
    // Whatever else it may say stands before the list.
    let list = printed.find('[').and_then(|at| printed.get(at..)).unwrap_or(printed);
    let list: Vec<Value> =
        serde_json::from_str(list).context("`wrangler secret list` did not answer a list")?;
    Ok(list
        .iter()
        .filter_map(|secret| secret.get("name").and_then(Value::as_str))
        .map(str::to_owned)
        .collect())
}

/// The address in what wrangler writes about a deployment, one JSON object a line.
pub fn deployed_to(written: &str) -> Option<String> {
    written
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok())
        .filter(|event| event.get("type").and_then(Value::as_str) == Some("deploy"))
        .filter_map(|event| event.get("targets")?.as_array().cloned())
        .flatten()
        .find_map(|target| {
            // `https://…workers.dev`, `name (custom domain)`, `name/* (zone …)`, `schedule: …`.
            let address = target.as_str()?.split_whitespace().next()?.trim_end_matches("/*");
            let named = address.contains('.') && !address.contains('*');
            named.then(|| match address.contains("://") {
                true => address.to_owned(),
                false => format!("https://{address}"),
            })
        })
}

/// Whether an answer of the deep health check is that of this version, and well.
pub fn health(status: u16, body: &Value, version: &str) -> Result<(), String> {
    let text = |key: &str| body.get(key).and_then(Value::as_str);
    if status != 200 || text("status") != Some("ok") {
        let shown = if body.is_null() { String::new() } else { format!(": {body}") };
        return Err(format!("it answered {status}{shown}"));
    }
    match text("version") {
        Some(found) if found == version => Ok(()),
        found => Err(format!("version {} answers, not {version}", found.unwrap_or("unknown"))),
    }
}
