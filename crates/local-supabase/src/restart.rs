//! For those who break things on purpose: servers of a running stack that crash and come back, and
//! programs of the caller's that end with the stack.

use std::process::Command;

use rustix::process::{Pid, Signal};

use crate::jwt::Tokens;
use crate::place::Place;
use crate::process::Service;
use crate::secrets::Secrets;
use crate::tools::Tools;
use crate::{Error, Stack, postgres, servers, webhooks};

/// What the servers of a stack were started with.
#[derive(Debug)]
pub(crate) struct Parts {
    pub(crate) place: Place,
    pub(crate) tools: Tools,
    pub(crate) secrets: Secrets,
    pub(crate) http: reqwest::Client,
    pub(crate) database: u16,
    pub(crate) durable: bool,
    pub(crate) rest: u16,
    pub(crate) rest_admin: u16,
}

/// A program that was started with [`Stack::start_program`].
#[derive(Debug)]
pub struct Program(Service);

impl Program {
    /// The number of its process.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.0.pid()
    }

    /// Whether it has ended, and its last words.
    pub fn ended(&mut self) -> Option<String> {
        self.0.ended()
    }

    /// Ends it where it stands (SIGKILL), without a chance to tidy up.
    pub fn kill(&mut self) {
        self.0.kill();
    }
}

impl Stack {
    /// Starts a program beside the stack. It ends when this process does, or when the stack is dropped; whoever stops the
    /// stack ends it first. Its output goes to `<log>.log`.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn start_program(
        &mut self,
        name: &'static str,
        command: Command,
        log: &str,
    ) -> Result<Program, Error> {
        let log = self.parts()?.place.log(log);
        Service::start(name, command, &log, Signal::TERM, self.guard()?).map(Program)
    }

    /// Kills PostgREST and starts it again; answers when it is ready.
    ///
    /// # Errors
    /// When it does not come back.
    pub async fn restart_postgrest(&mut self) -> Result<(), Error> {
        let parts = self.parts.take().ok_or(Error::NotRunning)?;
        let restarted = self.postgrest_again(&parts).await;
        self.parts = Some(parts);
        restarted
    }

    async fn postgrest_again(&mut self, parts: &Parts) -> Result<(), Error> {
        let tokens = Tokens::new(&parts.secrets, &self.env.supabase_url)?;
        self.services.get_mut(2).ok_or(Error::NotRunning)?.kill();
        let ports = (parts.database, parts.rest, parts.rest_admin);
        let Parts { place, tools, secrets, .. } = parts;
        let mut again =
            servers::start_postgrest(place, tools, secrets, &tokens, ports, self.guard()?)?;
        let ready = servers::postgrest_is_ready(&mut again, &parts.http, parts.rest_admin).await;
        if let Some(place) = self.services.get_mut(2) {
            *place = again;
        }
        self.record(true)?;
        ready
    }

    /// Crashes PostgreSQL (an immediate shutdown: no checkpoint, connections cut, transactions
    /// lost) and starts it again; answers when it has recovered.
    ///
    /// Auth and Storage, and the gateway's own requests to the database, are not connected again.
    ///
    /// # Errors
    /// When it does not come back.
    pub async fn crash_database(&mut self) -> Result<(), Error> {
        let parts = self.parts.take().ok_or(Error::NotRunning)?;
        let restarted = self.database_again(&parts).await;
        self.parts = Some(parts);
        restarted
    }

    async fn database_again(&mut self, parts: &Parts) -> Result<(), Error> {
        let server = self.services.first_mut().ok_or(Error::NotRunning)?;
        if let Some(pid) = i32::try_from(server.pid()).ok().and_then(Pid::from_raw) {
            let _ = rustix::process::kill_process(pid, Signal::QUIT);
        }
        while server.ended().is_none() {
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
        let Parts { place, tools, secrets, database, durable, http, .. } = parts;
        let (again, _) =
            postgres::start(place, tools, secrets, *database, *durable, self.guard()?).await?;
        if let Some(place) = self.services.first_mut() {
            *place = again;
        }
        self.record(true)?;
        let address = postgres::url("postgres", &secrets.database_password, *database);
        let deliveries = webhooks::start(&address, http.clone()).await?;
        // The gateway is the first task, the deliveries of webhooks the second.
        if let Some(task) = self.tasks.get_mut(1) {
            std::mem::replace(task, deliveries).abort();
        }
        Ok(())
    }

    fn parts(&self) -> Result<&Parts, Error> {
        self.parts.as_ref().ok_or(Error::NotRunning)
    }
}
