//! The processes of the stack, and the promise that none of them outlives it.
//!
//! Three nets, because `unsafe` (and with it a parent-death signal) is not used here:
//! 1. an orderly end stops each service by its process group;
//! 2. a guard, a few lines of shell in a group of its own, reads the groups from a pipe held by
//!    this process; when the pipe closes, however this process ended, it ends them;
//! 3. a file with process ids and start times lets the next start, or `stop`, end what is left.

use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{ChildStdin, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal};
use serde::{Deserialize, Serialize};

use crate::Error;

const GUARD: &str = r#"
trap '' INT TERM HUP
groups=""
while read -r signal group; do
  [ "$signal" = done ] && exit 0
  groups="$groups $signal:$group"
done
for g in $groups; do kill -s "${g%%:*}" -- "-${g##*:}" 2>/dev/null; done
n=0
while [ $n -lt 50 ]; do
  alive=""
  for g in $groups; do kill -s 0 -- "-${g##*:}" 2>/dev/null && alive=yes; done
  [ -z "$alive" ] && exit 0
  sleep 0.1
  n=$((n + 1))
done
for g in $groups; do kill -s KILL -- "-${g##*:}" 2>/dev/null; done
"#;

/// How long a service may take to end before it is killed.
const GRACE: Duration = Duration::from_secs(8);

/// The shell that ends the services if this process dies.
#[derive(Debug)]
pub(crate) struct Guard {
    pipe: ChildStdin,
    child: std::process::Child,
}

impl Guard {
    pub(crate) fn start() -> Result<Self, Error> {
        use std::os::unix::process::CommandExt as _;
        let what = "the guard (sh)";
        let mut child = Command::new("sh")
            .args(["-c", GUARD])
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .process_group(0)
            .spawn()
            .map_err(|source| Error::Spawn { what, source })?;
        let pipe = child
            .stdin
            .take()
            .ok_or(Error::Spawn { what, source: std::io::ErrorKind::BrokenPipe.into() })?;
        Ok(Self { pipe, child })
    }

    fn watch(&mut self, signal: &str, group: u32) -> Result<(), Error> {
        writeln!(self.pipe, "{signal} {group}")
            .map_err(|source| Error::Spawn { what: "the guard (sh)", source })
    }

    /// Sends it home: the services have been stopped.
    pub(crate) fn dismiss(mut self) {
        // If it is gone already there is nobody to send home.
        let _ = writeln!(self.pipe, "done");
        let _ = self.child.wait();
    }
}

/// One server of the stack, leader of its own process group.
#[derive(Debug)]
pub(crate) struct Service {
    pub(crate) name: &'static str,
    pub(crate) log: PathBuf,
    child: std::process::Child,
    signal: Signal,
}

impl Service {
    /// Starts `command` in a process group of its own, its output going to `log`.
    pub(crate) fn start(
        name: &'static str,
        mut command: Command,
        log: &Path,
        signal: Signal,
        guard: &mut Guard,
    ) -> Result<Self, Error> {
        use std::os::unix::process::CommandExt as _;
        let out = open_log(log)?;
        let err = out.try_clone().map_err(Error::file(log))?;
        let child = command
            .stdin(Stdio::null())
            .stdout(out)
            .stderr(err)
            .process_group(0)
            .spawn()
            .map_err(|source| Error::Spawn { what: name, source })?;
        guard.watch(if signal == Signal::INT { "INT" } else { "TERM" }, child.id())?;
        Ok(Self { name, log: log.to_owned(), child, signal })
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Whether it has ended, and the last line it wrote.
    pub(crate) fn ended(&mut self) -> Option<String> {
        match self.child.try_wait() {
            Ok(Some(status)) => {
                let last = last_line(&self.log);
                Some(if last.is_empty() { status.to_string() } else { last })
            }
            _ => None,
        }
    }

    /// Polls `ready` until it holds, the process ends or the time is over.
    pub(crate) async fn wait_until<F, R>(
        &mut self,
        limit: Duration,
        mut ready: F,
    ) -> Result<(), Error>
    where
        F: FnMut() -> R,
        R: Future<Output = bool>,
    {
        let start = Instant::now();
        loop {
            if ready().await {
                return Ok(());
            }
            let reason = match self.ended() {
                Some(reason) => reason,
                None if start.elapsed() > limit => format!("no answer for {} s", limit.as_secs()),
                None => {
                    tokio::time::sleep(Duration::from_millis(20)).await;
                    continue;
                }
            };
            return Err(Error::NotReady { what: self.name, reason, log: self.log.clone() });
        }
    }

    /// Kills the whole group and waits until its leader is gone.
    pub(crate) fn kill(&mut self) {
        send(self.child.id(), Signal::KILL);
        let _ = self.child.wait();
    }

    /// Asks the whole group to end, waits, and kills what does not.
    pub(crate) async fn stop(&mut self) {
        end_group(self.child.id(), self.signal, || !matches!(self.child.try_wait(), Ok(None)))
            .await;
        let _ = self.child.wait();
    }
}

/// Ends a process group: a signal, some time, then a kill. `gone` tells whether its leader ended.
async fn end_group(group: u32, signal: Signal, mut gone: impl FnMut() -> bool) {
    send(group, signal);
    let start = Instant::now();
    while !gone() && start.elapsed() < GRACE {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    // The leader's own children, if they stayed behind, and the leader if it did not listen.
    send(group, Signal::KILL);
}

fn send(group: u32, signal: Signal) {
    if let Some(pid) = i32::try_from(group).ok().and_then(Pid::from_raw) {
        // A group that is gone already is what we want.
        let _ = rustix::process::kill_process_group(pid, signal);
    }
}

fn open_log(path: &Path) -> Result<File, Error> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).map_err(Error::file(folder))?;
    }
    OpenOptions::new().create(true).write(true).truncate(true).open(path).map_err(Error::file(path))
}

pub(crate) fn last_line(log: &Path) -> String {
    let text = std::fs::read(log).unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    text.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or_default().trim().to_owned()
}

/// A process, told from a later one that got the same number by when it started.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Identity {
    pub(crate) pid: u32,
    started: String,
}

impl Identity {
    pub(crate) fn of(pid: u32) -> Option<Self> {
        started(pid).map(|started| Self { pid, started })
    }

    pub(crate) fn is_alive(&self) -> bool {
        started(self.pid).as_ref() == Some(&self.started)
    }
}

/// When a process started: field 22 of `/proc/<pid>/stat`, and what `ps` says where there is none.
/// A zombie counts as ended.
fn started(pid: u32) -> Option<String> {
    if Path::new("/proc/self/stat").exists() {
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        // The name in parentheses may hold spaces.
        let mut fields = stat.rsplit_once(')')?.1.split_whitespace();
        if fields.next()? == "Z" {
            return None;
        }
        return fields.nth(18).map(str::to_owned);
    }
    let output =
        Command::new("ps").args(["-o", "lstart=", "-p", &pid.to_string()]).output().ok()?;
    let text = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    (!text.is_empty()).then_some(text)
}

/// What `.griot/stack.pid` holds.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct PidFile {
    pub(crate) supervisor: Identity,
    pub(crate) ready: bool,
    /// Leaders of the services' process groups, the database first.
    pub(crate) services: Vec<Identity>,
}

impl PidFile {
    pub(crate) fn read(path: &Path) -> Option<Self> {
        serde_json::from_slice(&std::fs::read(path).ok()?).ok()
    }

    pub(crate) fn write(&self, path: &Path) -> Result<(), Error> {
        let text = serde_json::to_vec_pretty(self)
            .map_err(|source| Error::File { path: path.to_owned(), source: source.into() })?;
        // Renamed into place: a reader never meets half a file.
        let partial = path.with_extension("pid.partial");
        std::fs::write(&partial, text).map_err(Error::file(&partial))?;
        std::fs::rename(&partial, path).map_err(Error::file(path))
    }

    /// Ends the services that a crashed supervisor left, the database last.
    pub(crate) async fn end_services(&self) {
        for service in self.services.iter().rev().filter(|service| service.is_alive()) {
            end_group(service.pid, Signal::INT, || !service.is_alive()).await;
        }
    }

    /// Asks the supervisor to end and waits until it has.
    pub(crate) async fn end_supervisor(&self) {
        let Some(pid) = i32::try_from(self.supervisor.pid).ok().and_then(Pid::from_raw) else {
            return;
        };
        if self.supervisor.is_alive() {
            let _ = rustix::process::kill_process(pid, Signal::TERM);
        }
        let start = Instant::now();
        while self.supervisor.is_alive() && start.elapsed() < Duration::from_secs(30) {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}
