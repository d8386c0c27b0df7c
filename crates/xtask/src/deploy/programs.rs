//! The programs that deploy: wrangler and the Supabase CLI, as npm installed them.

use std::fmt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use anyhow::{Context, Result, bail, ensure};
use local_supabase::node;

use super::{Environment, checks};

/// Which database the migrations go to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Database {
    /// `SUPABASE_PROJECT_REF`.
    Project(String),
    /// `DATABASE_URL`, which holds a password.
    Address(String),
    /// What `supabase link` wrote down.
    Linked(String),
}

impl fmt::Display for Database {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Project(project) => write!(f, "project {project}"),
            Self::Address(_) => f.write_str("the database of DATABASE_URL"),
            Self::Linked(project) => write!(f, "the linked project {project}"),
        }
    }
}

impl Database {
    /// The one the environment names, else the one the project is linked to.
    ///
    /// # Errors
    /// When there is none, or it is on this machine.
    pub fn of_environment(root: &Path) -> Result<Self> {
        let get = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
        let link = std::fs::read_to_string(root.join("supabase/.temp/project-ref")).ok();
        Self::choose(get("SUPABASE_PROJECT_REF"), get("DATABASE_URL"), link)
    }

    pub(super) fn choose(
        project: Option<String>,
        address: Option<String>,
        link: Option<String>,
    ) -> Result<Self> {
        if let Some(project) = project {
            return Ok(Self::Project(project));
        }
        if let Some(address) = address {
            let host = address.rsplit_once('@').map_or(address.as_str(), |(_, rest)| rest);
            // Somebody has read .griot/stack.env into the shell: those are the local stack's.
            let local = ["127.0.0.1", "localhost", "[::1]"];
            ensure!(
                !local.iter().any(|name| host.starts_with(name)),
                "DATABASE_URL names a database on this machine: unset it, or set SUPABASE_PROJECT_REF"
            );
            return Ok(Self::Address(address));
        }
        let link = link.map(|link| link.trim().to_owned()).filter(|link| !link.is_empty());
        link.map(Self::Linked).context(
            "which database? Run `npx supabase link --project-ref <ref>`, or set SUPABASE_PROJECT_REF (with SUPABASE_ACCESS_TOKEN and SUPABASE_DB_PASSWORD) or DATABASE_URL",
        )
    }

    /// The option that names it.
    fn argument(&self) -> String {
        match self {
            Self::Project(target) | Self::Address(target) => format!("--remote={target}"),
            Self::Linked(_) => "--remote".to_owned(),
        }
    }

    /// Takes what is secret out of a text.
    pub(super) fn redact(&self, text: &str) -> String {
        let Self::Address(address) = self else { return text.to_owned() };
        let text = text.replace(address.as_str(), "…");
        let password = address
            .rsplit_once('@')
            .and_then(|(login, _)| login.rsplit_once(':'))
            .map(|(_, password)| password)
            .filter(|password| !password.is_empty() && !password.starts_with("//"));
        password.map_or(text.clone(), |password| text.replace(password, "…"))
    }
}

/// Where the programs are.
pub struct Programs {
    /// Runs both.
    pub node: PathBuf,
    /// wrangler's JavaScript.
    pub wrangler: PathBuf,
    /// The Supabase CLI's JavaScript.
    pub supabase: PathBuf,
    /// The project.
    pub root: PathBuf,
}

impl Programs {
    /// Those of `node_modules`.
    ///
    /// # Errors
    /// When one is missing.
    pub fn find(root: &Path) -> Result<Self> {
        let modules = root.join("node_modules");
        let programs = Self {
            node: node(root)?,
            wrangler: modules.join("wrangler/bin/wrangler.js"),
            supabase: modules.join("supabase/dist/supabase.js"),
            root: root.to_owned(),
        };
        for file in [&programs.wrangler, &programs.supabase] {
            ensure!(file.is_file(), "{} is missing: run `npm ci`", file.display());
        }
        Ok(programs)
    }

    fn command(&self, program: &Path, arguments: &[&str]) -> Command {
        let name = program.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        println!("$ {name} {}", arguments.join(" "));
        let mut command = Command::new(&self.node);
        command
            .arg(program)
            .args(arguments)
            .current_dir(&self.root)
            .env("WRANGLER_SEND_METRICS", "false")
            .env("DO_NOT_TRACK", "1")
            .env("SUPABASE_TELEMETRY_DISABLED", "1");
        command
    }

    /// Lets wrangler bundle the Worker into `folder` and print its size and bindings.
    ///
    /// # Errors
    /// When it refuses the configuration or the code.
    pub fn bundle(&self, env: Environment, folder: &Path) -> Result<()> {
        let arguments = ["deploy", "--dry-run", "--env", env.name(), "--outdir"];
        let mut command = self.command(&self.wrangler, &arguments);
        // Offline and without questions; the name of the folder would only be noise above.
        let status = command.arg(folder).env("CI", "1").stdin(Stdio::null()).status();
        ensure!(
            status.context("wrangler cannot be started")?.success(),
            "wrangler cannot bundle the Worker: see above"
        );
        Ok(())
    }

    /// The names of the secrets that the Worker has. None if there is no such Worker yet.
    ///
    /// # Errors
    /// When wrangler has no account to ask with.
    pub fn secrets(&self, env: Environment) -> Result<Vec<String>> {
        let arguments = ["secret", "list", "--format", "json", "--env", env.name()];
        let mut command = self.command(&self.wrangler, &arguments);
        let output = command
            .env("NO_COLOR", "1")
            .stdin(Stdio::null())
            .output()
            .context("wrangler cannot be started")?;
        if output.status.success() {
            return checks::secret_names(&String::from_utf8_lossy(&output.stdout));
        }
        let said = all_of(&output);
        // Cloudflare's code for a Worker that does not exist, as before the first deployment.
        if said.contains("10007") || said.contains("does not exist") {
            return Ok(Vec::new());
        }
        bail!(
            "wrangler cannot read the secrets: run `npx wrangler login`, or set CLOUDFLARE_API_TOKEN (and CLOUDFLARE_ACCOUNT_ID)\n{}",
            said.trim()
        )
    }

    /// Shows the migrations that are new to the database, then applies them.
    ///
    /// # Errors
    /// When the database cannot be reached or refuses one.
    pub fn push(&self, database: &Database) -> Result<()> {
        for (option, failed) in [
            (
                "--dry-run",
                "the migrations cannot be compared with the database, and nothing was changed: check SUPABASE_ACCESS_TOKEN (`npx supabase login`), the project and its database password",
            ),
            (
                "--yes",
                "a migration failed: those before it are applied, it is not, and the Worker was not deployed. Correct it and run this again",
            ),
        ] {
            let mut command = self.command(&self.supabase, &["db", "push", option]);
            let output = command
                .arg(database.argument())
                .stdin(Stdio::null())
                .output()
                .context("the Supabase CLI cannot be started")?;
            println!("{}", database.redact(all_of(&output).trim()));
            ensure!(output.status.success(), "{failed}");
        }
        Ok(())
    }

    /// Deploys the Worker. Answers with its address, if wrangler tells one.
    ///
    /// # Errors
    /// When Cloudflare refuses it.
    pub fn deploy(&self, env: Environment, folder: &Path) -> Result<Option<String>> {
        std::fs::create_dir_all(folder)?;
        let told = folder.join("wrangler-output.jsonl");
        // It appends, and an address of last time must not be taken for the new one.
        std::fs::write(&told, "")?;
        let mut command = self.command(&self.wrangler, &["deploy", "--env", env.name()]);
        let status = command.env("WRANGLER_OUTPUT_FILE_PATH", &told).status();
        ensure!(
            status.context("wrangler cannot be started")?.success(),
            "wrangler did not deploy: the version before still serves, and it understands the migrated database. See above, then run this again"
        );
        Ok(checks::deployed_to(&std::fs::read_to_string(&told)?))
    }
}

fn all_of(output: &Output) -> String {
    format!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    )
}

/// What would be deployed without being in the history, in one sentence.
pub fn uncommitted(root: &Path) -> Option<String> {
    let output =
        Command::new("git").args(["status", "--porcelain"]).current_dir(root).output().ok()?;
    let changed = String::from_utf8_lossy(&output.stdout).lines().count();
    (output.status.success() && changed > 0)
        .then(|| format!("{changed} files are not committed, so nobody can tell what this deploys"))
}
