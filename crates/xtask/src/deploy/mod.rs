//! `cargo xtask deploy`: the database, then the Worker, then a look at whether it answers.

mod checks;
mod programs;
#[cfg(test)]
mod tests;

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use clap::{Args, ValueEnum};
use serde_json::Value;

use crate::{project, tools, worker_build};
use programs::{Database, Programs};

/// What the Worker cannot run without; set on Cloudflare, never in `wrangler.toml`.
const REQUIRED_SECRETS: [&str; 2] = ["SUPABASE_URL", "SUPABASE_PUBLISHABLE_KEY"];
/// What it runs without, and what is then different.
const OPTIONAL_SECRETS: [(&str, &str); 9] = [
    ("ALLOWED_ORIGINS", "no front end may call it from a browser"),
    ("OPENAI_API_KEY", "the embedded engine writes the questions"),
    ("SENTRY_DSN", "faults are only in the log"),
    ("SUPABASE_SECRET_KEY", "no message is sent and no hook works"),
    ("WHAPI_TOKEN", "WhatsApp messages stay in the outbox"),
    ("RESEND_API_KEY", "e-mails stay in the outbox"),
    ("WEBHOOK_SECRET", "messages wait for the cron, up to a minute"),
    ("WHAPI_WEBHOOK_SECRET", "nobody learns what was delivered, and STOP is not heard"),
    ("AUTH_HOOK_SECRET", "Supabase Auth sends its own e-mails"),
];
/// All names under which something secret may be known.
const SECRETS: [&str; 13] = [
    "SUPABASE_URL",
    "SUPABASE_PUBLISHABLE_KEY",
    "SUPABASE_ANON_KEY",
    "SUPABASE_SECRET_KEY",
    "SUPABASE_JWT_SECRET",
    "ALLOWED_ORIGINS",
    "OPENAI_API_KEY",
    "SENTRY_DSN",
    "WHAPI_TOKEN",
    "RESEND_API_KEY",
    "WEBHOOK_SECRET",
    "WHAPI_WEBHOOK_SECRET",
    "AUTH_HOOK_SECRET",
];

/// How long a new address may take to answer with the new version: names and certificates spread.
const PATIENCE: Duration = Duration::from_secs(90);

/// Where to, and whether for real.
#[derive(Args)]
pub struct DeployArgs {
    /// The environment of wrangler.toml
    #[arg(long, value_enum, default_value_t = Environment::Staging)]
    env: Environment,
    /// Checks and bundles everything, without a network or an account, and changes nothing
    #[arg(long)]
    dry_run: bool,
}

/// An environment of `wrangler.toml`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Environment {
    /// To try a release.
    Staging,
    /// For people.
    Production,
}

impl Environment {
    /// Its name in `wrangler.toml`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Staging => "staging",
            Self::Production => "production",
        }
    }
}

/// Deploys, or says what would be done.
///
/// # Errors
/// The first step that failed, with what to do about it.
pub async fn run(args: DeployArgs) -> Result<()> {
    let root = project::root()?;
    if args.dry_run {
        return dry_run(&root, args.env);
    }
    let deployment = Deployment {
        root: &root,
        env: args.env,
        programs: Programs::find(&root)?,
        database: Database::of_environment(&root)?,
        url: std::env::var("GRIOT_URL").ok().filter(|url| !url.is_empty()),
        version: env!("CARGO_PKG_VERSION"),
        patience: PATIENCE,
    };
    deployment
        .run(|| {
            worker_build::build(&root, &tools::prepare(&root)?)?;
            Ok(())
        })
        .await
}

/// Everything that can be checked without an account.
///
/// # Errors
/// What is wrong with the configuration, or why the Worker cannot be bundled.
pub fn dry_run(root: &Path, env: Environment) -> Result<()> {
    let name = env.name();
    title(1, 3, &format!("checking the configuration of {name}"));
    let worker = check(root, env)?;
    title(2, 3, "building the Worker");
    worker_build::build(root, &tools::prepare(root)?)?;
    title(3, 3, &format!("bundling {worker} as wrangler will upload it"));
    Programs::find(root)?.bundle(env, &project::state(root).join("deploy").join(name))?;
    println!("\nNothing was changed. `cargo xtask deploy --env {name}` would now run:");
    println!("  wrangler secret list --env {name}      needs {}", REQUIRED_SECRETS.join(", "));
    println!("  supabase db push --dry-run --remote    lists the migrations that are new there");
    println!("  supabase db push --yes --remote");
    println!("  wrangler deploy --env {name}");
    println!("  GET <the Worker's address>/api/health?deep=1");
    Ok(())
}

/// One deployment and what it works with.
struct Deployment<'a> {
    root: &'a Path,
    env: Environment,
    programs: Programs,
    database: Database,
    /// Where the Worker answers, if it is not the address wrangler tells.
    url: Option<String>,
    version: &'static str,
    patience: Duration,
}

impl Deployment<'_> {
    /// 1. the configuration in the repository
    /// 2. the secrets on Cloudflare
    /// 3. the build
    /// 4. the bundle: what wrangler refuses must be known before the database changes
    /// 5. the migrations, which the running version must understand too
    /// 6. the Worker
    /// 7. its health
    async fn run(&self, build: impl FnOnce() -> Result<()>) -> Result<()> {
        let name = self.env.name();
        title(1, 7, &format!("checking the configuration of {name}"));
        let worker = check(self.root, self.env)?;
        title(2, 7, &format!("looking for the secrets of {worker} on Cloudflare"));
        self.secrets(&worker)?;
        title(3, 7, "building the Worker");
        build()?;
        title(4, 7, &format!("bundling {worker}"));
        self.programs.bundle(self.env, &project::state(self.root).join("deploy").join(name))?;
        title(5, 7, &format!("bringing the database up to date: {}", self.database));
        self.programs.push(&self.database)?;
        title(6, 7, &format!("deploying {worker}"));
        let told = self.programs.deploy(self.env, &project::state(self.root).join("deploy"))?;
        let url = self.url.clone().or(told).with_context(|| {
            format!(
                "{worker} is deployed, but wrangler told no address for it: set GRIOT_URL to it and run this again, or turn on its workers.dev address"
            )
        })?;
        let health = format!("{}/api/health?deep=1", url.trim_end_matches('/'));
        title(7, 7, &format!("asking {health}"));
        self.verify(&health).await.with_context(|| {
            format!(
                "{worker} is deployed and not well. `npx wrangler tail --env {name}` shows why; `npx wrangler rollback --env {name}` brings the version before back. The database stays as it is: migrations only go forward, and the version before understands them"
            )
        })?;
        println!("✓ {worker} {} answers at {url}", self.version);
        Ok(())
    }

    /// Refuses to go on without what the Worker needs.
    fn secrets(&self, worker: &str) -> Result<()> {
        let set = self.programs.secrets(self.env)?;
        let name = self.env.name();
        let missing = checks::missing_secrets(&set);
        if !missing.is_empty() {
            let how: String = missing
                .iter()
                .map(|secret| format!("\n  npx wrangler secret put {secret} --env {name}"))
                .collect();
            bail!("{worker} lacks {}. Set with:{how}", missing.join(", "));
        }
        for (secret, without) in OPTIONAL_SECRETS {
            if !set.iter().any(|known| known == secret) {
                println!("  {secret} is not set: {without}");
            }
        }
        Ok(())
    }

    /// Waits until the deployed version answers that it and what it depends on are well.
    async fn verify(&self, url: &str) -> Result<()> {
        let http = reqwest::Client::builder().timeout(Duration::from_secs(15)).build()?;
        let started = Instant::now();
        loop {
            let seen = match ask(&http, url).await {
                Ok(answer) => match checks::health(answer.0, &answer.1, self.version) {
                    Ok(()) => return Ok(()),
                    Err(wrong) => wrong,
                },
                Err(error) => error.without_url().to_string(),
            };
            if started.elapsed() >= self.patience {
                bail!("{url}: {seen}");
            }
            tokio::time::sleep(Duration::from_secs(2).min(self.patience)).await;
        }
    }
}

async fn ask(http: &reqwest::Client, url: &str) -> reqwest::Result<(u16, Value)> {
    let answer = http.get(url).send().await?;
    let status = answer.status().as_u16();
    let body = answer.text().await?;
    Ok((status, serde_json::from_str(&body).unwrap_or(Value::Null)))
}

/// What the repository says about an environment. Answers with the name of the Worker.
fn check(root: &Path, env: Environment) -> Result<String> {
    let file = root.join("wrangler.toml");
    let text = std::fs::read_to_string(&file)
        .with_context(|| format!("{} cannot be read", file.display()))?;
    let worker = checks::configuration(&text, env.name())?;
    let folder = root.join("supabase/migrations");
    let names = std::fs::read_dir(&folder)
        .with_context(|| format!("{} cannot be read", folder.display()))?
        .map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()))
        .collect::<Result<Vec<_>>>()?;
    let migrations = checks::migrations(names)?;
    println!("  {worker}: its variables and both rate limits are there, and no secret");
    println!("  {migrations} migrations, in order");
    if let Some(warning) = programs::uncommitted(root) {
        println!("  warning: {warning}");
    }
    Ok(worker)
}

fn title(number: usize, of: usize, what: &str) {
    println!("\n{number}/{of} {what}");
}
