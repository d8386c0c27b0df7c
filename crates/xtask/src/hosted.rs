//! The functions on this machine for a project that is not: `wrangler dev`, told where it is.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use local_supabase::{PASSED_ON, Ports, StackEnv, node, state_folder};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::process::{Child, Command};

use crate::project;
use crate::step::Step;

/// How long wrangler may take to answer: it bundles the Worker first.
const START: Duration = Duration::from_secs(60);

/// The functions, served from here.
pub struct Functions {
    wrangler: Child,
    log: PathBuf,
}

impl Functions {
    /// Starts them and answers when they do.
    ///
    /// # Errors
    /// When the port is taken, or wrangler ends or stays silent.
    pub async fn start(root: &Path, env: &StackEnv) -> Result<Self> {
        let port = Ports::default().functions;
        if TcpStream::connect(("127.0.0.1", port)).await.is_ok() {
            bail!(
                "port {port} is taken: end what listens there, or set FUNCTIONS_URL if it is the functions"
            );
        }
        let step = Step::start("starting the functions");
        let log = project::logs(root).join("functions.log");
        std::fs::create_dir_all(project::logs(root))?;
        let output = std::fs::File::create(&log)
            .with_context(|| format!("{} cannot be written", log.display()))?;
        let wrangler = Command::new(node(root)?)
            .arg(root.join("node_modules/wrangler/bin/wrangler.js"))
            .args(["dev", "--ip", "127.0.0.1", "--port", &port.to_string()])
            .args(["--inspector-port", "0", "--show-interactive-dev-session=false"])
            .arg("--env-file")
            .arg(variables(root, env)?)
            .env("WRANGLER_SEND_METRICS", "false")
            .env("CI", "1")
            .env("NO_COLOR", "1")
            .current_dir(root)
            .stdin(Stdio::null())
            .stdout(output.try_clone()?)
            .stderr(output)
            .kill_on_drop(true)
            .spawn()
            .context("wrangler cannot be started")?;
        let mut functions = Self { wrangler, log };
        let started = Instant::now();
        while !is_healthy(port).await {
            if functions.wrangler.try_wait()?.is_some() || started.elapsed() > START {
                bail!("the functions did not start: see {}", functions.log.display());
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        step.done("");
        Ok(functions)
    }

    /// Answers on Ctrl-C, and with an error when wrangler ends.
    ///
    /// # Errors
    /// That wrangler ended.
    pub async fn wait(&mut self) -> Result<()> {
        tokio::select! {
            interrupted = tokio::signal::ctrl_c() => Ok(interrupted?),
            _ = self.wrangler.wait() => bail!("wrangler ended: see {}", self.log.display()),
        }
    }

    /// Ends wrangler, which ends workerd.
    pub async fn stop(mut self) {
        if let Some(pid) = self.wrangler.id() {
            // SIGTERM lets it end its own children; tokio only knows SIGKILL.
            let told = Command::new("kill").arg(pid.to_string()).status().await;
            if told.is_ok() {
                let _ = tokio::time::timeout(Duration::from_secs(8), self.wrangler.wait()).await;
            }
        }
    }
}

/// What the Worker must know, in a file that only its owner may read.
fn variables(root: &Path, env: &StackEnv) -> Result<PathBuf> {
    use std::os::unix::fs::OpenOptionsExt;
    let mut text = String::new();
    for (name, value) in [
        ("SUPABASE_URL", &env.supabase_url),
        ("SUPABASE_PUBLISHABLE_KEY", &env.publishable_key),
        ("SUPABASE_SECRET_KEY", &env.secret_key),
    ] {
        text.push_str(&format!("{name}=\"{value}\"\n"));
    }
    for name in PASSED_ON {
        if let Ok(value) = std::env::var(name) {
            text.push_str(&format!("{name}=\"{value}\"\n"));
        }
    }
    let file = state_folder(root).join("dev.vars");
    std::fs::create_dir_all(state_folder(root))?;
    let written = std::fs::OpenOptions::new()
        .create(true)
        .write(true)
        .truncate(true)
        .mode(0o600)
        .open(&file)
        .and_then(|mut open| std::io::Write::write_all(&mut open, text.as_bytes()));
    written.with_context(|| format!("{} cannot be written", file.display()))?;
    Ok(file)
}

/// Whether `GET /api/health` answers 200.
async fn is_healthy(port: u16) -> bool {
    let ask = async {
        let mut stream = TcpStream::connect(("127.0.0.1", port)).await?;
        stream
            .write_all(b"GET /api/health HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n")
            .await?;
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await?;
        Ok::<_, std::io::Error>(answer.starts_with(b"HTTP/1.1 200"))
    };
    matches!(tokio::time::timeout(Duration::from_secs(5), ask).await, Ok(Ok(true)))
}
