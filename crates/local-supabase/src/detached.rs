//! A stack that goes on after the command that started it, and the command that ends it.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use crate::Error;
use crate::env::StackEnv;
use crate::process::{PidFile, last_line};

/// Starts `command`, which must run a stack with its files in `state` until it is told to end, in
/// the background, and answers when that stack is ready.
///
/// # Errors
/// [`Error::NotReady`] with the last line the command wrote, when it ends before.
pub async fn detach(mut command: Command, state: &Path) -> Result<StackEnv, Error> {
    use std::os::unix::process::CommandExt as _;
    let pid_file = state.join("stack.pid");
    if let Some(earlier) = PidFile::read(&pid_file).filter(|earlier| earlier.supervisor.is_alive())
    {
        return Err(Error::AlreadyRunning { pid: earlier.supervisor.pid });
    }
    let what = "the stack";
    let log = state.join("logs/stack.log");
    std::fs::create_dir_all(state.join("logs")).map_err(Error::file(state))?;
    let out = std::fs::File::create(&log).map_err(Error::file(&log))?;
    let err = out.try_clone().map_err(Error::file(&log))?;
    let mut child = command
        .stdin(Stdio::null())
        .stdout(out)
        .stderr(err)
        // Out of the terminal's group: its Ctrl-C is not for the stack.
        .process_group(0)
        .spawn()
        .map_err(|source| Error::Spawn { what, source })?;
    loop {
        if PidFile::read(&pid_file)
            .is_some_and(|file| file.ready && file.supervisor.pid == child.id())
        {
            return StackEnv::read(&state.join("stack.env"));
        }
        if let Ok(Some(_)) = child.try_wait() {
            return Err(Error::NotReady { what, reason: last_line(&log), log });
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// Ends the stack whose files are in `state`, and whatever a crashed one left.
///
/// # Errors
/// [`Error::NotRunning`] when there was none.
pub async fn stop(state: &Path) -> Result<(), Error> {
    let pid_file = state.join("stack.pid");
    let Some(file) = PidFile::read(&pid_file) else { return Err(Error::NotRunning) };
    file.end_supervisor().await;
    file.end_services().await;
    match std::fs::remove_file(&pid_file) {
        Err(source) if source.kind() != std::io::ErrorKind::NotFound => {
            Err(Error::File { path: pid_file, source })
        }
        _ => Ok(()),
    }
}
