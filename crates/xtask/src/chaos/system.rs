//! The system under test: a stack of its own, the stand-ins of the providers, and three dispatchers,
//! each a Worker in a process of its own.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use local_supabase::{Options, Ports, Program, Stack, state_folder};
use serde_json::Value;
use tokio_postgres::{Client, NoTls};

use crate::step::Step;
use crate::{project, stack, tools, worker_build, workerd};

/// Dispatchers at once.
pub const WORKERS: usize = 3;
/// What the database and Whapi show the Workers.
pub const SECRET: &str = "chaos";

/// Everything that runs.
pub struct System {
    pub stack: Stack,
    pub providers: Providers,
    pub workers: Vec<Worker>,
    pub database_url: String,
    /// Those of the Workers.
    pub variables: BTreeMap<&'static str, String>,
    /// The folder of `.griot/` with the database, the keys and the logs.
    pub state: PathBuf,
    config: PathBuf,
    workerd: PathBuf,
}

/// One dispatcher.
pub struct Worker {
    pub port: u16,
    /// Where its cron is rung.
    pub cron: u16,
    program: Option<Program>,
}

/// The stand-ins' control.
#[derive(Clone)]
pub struct Providers {
    http: reqwest::Client,
    control: String,
}

impl System {
    /// Builds and starts all of it. Its files lie in the folder of this name in `.griot/`, its servers
    /// listen on free ports: several may run at once.
    pub async fn start(root: &Path, name: &str, workers: usize) -> Result<Self> {
        // Of several that begin at once one builds; the others find it built.
        let alone = project::lock(root, "chaos")?;
        worker_build::build(root, &tools::prepare(root)?)?;
        stack::build_providers(root)?;
        drop(alone);

        let step = Step::start("starting the stack");
        let state = state_folder(root).join(name);
        let mut options = Options::new(root);
        options.state.clone_from(&state);
        options.fresh = true;
        options.ports = Ports::free()?;
        options.functions = false;
        options.durable = true;
        let mut stack = local_supabase::start(options, &()).await?;
        let started = Self::start_rest(root, &state, &mut stack).await;
        let (providers, variables, config, workerd) = match started {
            Ok(started) => started,
            Err(error) => {
                stack.stop().await;
                return Err(error);
            }
        };
        let database_url = stack.env().database_url.clone().context("the stack has no database")?;
        let mut system = Self {
            stack,
            providers,
            workers: Vec::new(),
            database_url,
            variables,
            state,
            config,
            workerd,
        };
        for _ in 0..workers {
            let Ports { functions: port, gateway: cron, .. } = Ports::free()?;
            system.workers.push(Worker { port, cron, program: None });
        }
        for nth in 0..workers {
            system.start_worker(nth)?;
        }
        for nth in 0..workers {
            system.worker_is_ready(nth).await?;
        }
        step.done(&format!("{workers} Workers"));
        Ok(system)
    }

    async fn start_rest(
        root: &Path,
        state: &Path,
        stack: &mut Stack,
    ) -> Result<(Providers, BTreeMap<&'static str, String>, PathBuf, PathBuf)> {
        let (first, second) = (Ports::free()?, Ports::free()?);
        let command = stack::providers(root, first.gateway, first.database, second.functions);
        stack.start_program("the stand-ins of the providers", command, "providers")?;
        let providers = Providers {
            http: reqwest::Client::new(),
            control: format!("http://127.0.0.1:{}/_control", first.gateway),
        };
        providers.are_ready().await?;

        let env = stack.env();
        let variables = BTreeMap::from([
            ("SUPABASE_URL", env.supabase_url.clone()),
            ("SUPABASE_PUBLISHABLE_KEY", env.publishable_key.clone()),
            ("SUPABASE_SECRET_KEY", env.secret_key.clone()),
            ("WHAPI_TOKEN", "chaos".to_owned()),
            ("WHAPI_BASE_URL", format!("http://127.0.0.1:{}", first.database)),
            ("RESEND_API_KEY", "re_chaos".to_owned()),
            ("RESEND_BASE_URL", format!("http://127.0.0.1:{}", second.functions)),
            ("EMAIL_FROM", "Griot <griot@example.org>".to_owned()),
            ("WEBHOOK_SECRET", SECRET.to_owned()),
            ("WHAPI_WEBHOOK_SECRET", SECRET.to_owned()),
        ]);
        let config = state.join("workerd.capnp");
        std::fs::write(&config, workerd::griot(root, &variables)?)?;
        Ok((providers, variables, config, workerd::program(root)?))
    }

    /// Starts a Worker that is not running.
    pub fn start_worker(&mut self, nth: usize) -> Result<()> {
        let worker = self.workers.get_mut(nth).context("no such Worker")?;
        let command = workerd::serve(&self.workerd, &self.config, worker.port, worker.cron);
        worker.program =
            Some(self.stack.start_program("a Worker", command, &format!("worker-{nth}"))?);
        Ok(())
    }

    /// Kills a Worker's process.
    pub fn kill_worker(&mut self, nth: usize) -> Option<u32> {
        let mut program = self.workers.get_mut(nth)?.program.take()?;
        program.kill();
        Some(program.pid())
    }

    async fn worker_is_ready(&mut self, nth: usize) -> Result<()> {
        let worker = self.workers.get_mut(nth).context("no such Worker")?;
        let started = Instant::now();
        let http = reqwest::Client::new();
        loop {
            let url = format!("http://127.0.0.1:{}/api/health", worker.port);
            if http.get(url).send().await.is_ok_and(|answer| answer.status().is_success()) {
                return Ok(());
            }
            if let Some(reason) = worker.program.as_mut().and_then(Program::ended) {
                bail!("a Worker ended: {reason}");
            }
            if started.elapsed() > Duration::from_secs(30) {
                bail!("a Worker does not answer");
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// Ends all of it; its files and logs stay.
    pub async fn stop(mut self) {
        self.kill_workers();
        self.stack.stop().await;
    }

    /// Ends all of it and deletes its files.
    pub async fn remove(mut self) -> Result<()> {
        self.kill_workers();
        Ok(self.stack.remove().await?)
    }

    fn kill_workers(&mut self) {
        for nth in 0..self.workers.len() {
            self.kill_worker(nth);
        }
    }
}

impl Worker {
    /// The number of its process, if it runs.
    pub fn pid(&self) -> Option<u32> {
        self.program.as_ref().map(Program::pid)
    }
}

impl Providers {
    /// Where they are told what to do.
    pub fn control(&self) -> &str {
        &self.control
    }

    async fn are_ready(&self) -> Result<()> {
        let started = Instant::now();
        while self.get("whapi/counts").await.is_err() {
            if started.elapsed() > Duration::from_secs(20) {
                bail!("the stand-ins of the providers do not answer");
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        Ok(())
    }

    pub async fn post(&self, path: &str, body: &Value) -> Result<()> {
        let answer = self.http.post(format!("{}/{path}", self.control)).json(body).send().await?;
        if !answer.status().is_success() {
            let status = answer.status();
            bail!("the stand-ins refuse {path}: {status} {}", answer.text().await?);
        }
        Ok(())
    }

    pub async fn delete(&self, path: &str) -> Result<()> {
        self.http.delete(format!("{}/{path}", self.control)).send().await?.error_for_status()?;
        Ok(())
    }

    pub async fn get(&self, path: &str) -> Result<Value> {
        let answer = self.http.get(format!("{}/{path}", self.control)).send().await?;
        Ok(answer.error_for_status()?.json().await?)
    }
}

/// A connection as the owner of the database.
pub async fn connect(url: &str) -> Result<Client> {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await?;
    tokio::spawn(connection);
    Ok(client)
}
