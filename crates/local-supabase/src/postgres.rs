//! The database server: PostgreSQL 17, reached over 127.0.0.1 with a password only.

use std::os::unix::fs::chown;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use rustix::process::Signal;
use tokio_postgres::{Client, NoTls};

use crate::Error;
use crate::place::{Place, write_secret};
use crate::process::{Guard, Service};
use crate::secrets::Secrets;
use crate::tools::{Tools, install_pgtap, link_libraries};

/// The address of the database for `role`.
pub(crate) fn url(role: &str, password: &str, port: u16) -> String {
    format!("postgres://{role}:{password}@127.0.0.1:{port}/postgres")
}

/// Prepares the server's files and starts it. Answers whether the cluster is new.
pub(crate) async fn start(
    place: &Place,
    tools: &Tools,
    secrets: &Secrets,
    port: u16,
    durable: bool,
    guard: &mut Guard,
) -> Result<(Service, bool), Error> {
    let native = prepare_server(place, tools)?;
    let new = !place.database.join("PG_VERSION").exists();
    if new {
        init(place, &native, secrets)?;
    }
    remove_stale_lock(&place.database);
    let mut command = program(place, &native, "postgres");
    command.arg("-D").arg(&place.database);
    for setting in [
        "listen_addresses=127.0.0.1",
        // Sockets would need a folder with a short path that both users reach.
        "unix_socket_directories=",
        "wal_level=logical",
        "max_connections=60",
        // What a hosted project with 1 GB of memory has. It is taken as it is used.
        "shared_buffers=256MB",
        "timezone=UTC",
        // A development database: a crash may lose the last second.
        if durable { "synchronous_commit=on" } else { "synchronous_commit=off" },
        "log_min_messages=warning",
    ] {
        command.args(["-c", setting]);
    }
    command.args(["-c", &format!("port={port}")]);
    // SIGINT is PostgreSQL's fast shutdown.
    let mut service =
        Service::start("PostgreSQL", command, &place.log("postgresql"), Signal::INT, guard)?;
    let address = url("postgres", &secrets.database_password, port);
    service
        .wait_until(Duration::from_secs(30), || async { connect(&address).await.is_ok() })
        .await?;
    Ok((service, new))
}

/// Opens a connection that lives as long as the client.
pub(crate) async fn connect(url: &str) -> Result<Client, Error> {
    let (client, connection) =
        tokio_postgres::connect(url, NoTls).await.map_err(Error::database("a connection"))?;
    tokio::spawn(connection);
    Ok(client)
}

/// Where the server's files are that the database's user can read.
fn prepare_server(place: &Place, tools: &Tools) -> Result<PathBuf, Error> {
    let native = match &place.server_copy {
        None => tools.postgresql.clone(),
        Some(copy) => {
            // Another size is another version.
            let size = |folder: &Path| {
                std::fs::metadata(folder.join("bin/postgres")).map(|file| file.len()).ok()
            };
            if size(&copy.join("native")) != size(&tools.postgresql) {
                let _ = std::fs::remove_dir_all(copy);
                let partial = copy.with_extension("partial");
                let _ = std::fs::remove_dir_all(&partial);
                copy_folder(&tools.postgresql, &partial.join("native"))?;
                std::fs::rename(&partial, copy).map_err(Error::file(copy))?;
            }
            copy.join("native")
        }
    };
    link_libraries(&native)?;
    install_pgtap(&tools.pgtap, &native)?;
    Ok(native)
}

fn copy_folder(from: &Path, to: &Path) -> Result<(), Error> {
    std::fs::create_dir_all(to).map_err(Error::file(to))?;
    for entry in std::fs::read_dir(from).map_err(Error::file(from))? {
        let entry = entry.map_err(Error::file(from))?;
        let (source, target) = (entry.path(), to.join(entry.file_name()));
        let kind = entry.file_type().map_err(Error::file(&source))?;
        if kind.is_dir() {
            copy_folder(&source, &target)?;
        } else if kind.is_file() {
            std::fs::copy(&source, &target).map_err(Error::file(&target))?;
        }
    }
    Ok(())
}

/// A program of the server, run as the database's user.
fn program(place: &Place, native: &Path, name: &str) -> Command {
    let mut command = Command::new(native.join("bin").join(name));
    command.env_clear().env("LC_ALL", "C").env("PATH", "/usr/bin:/bin");
    command.env("LD_LIBRARY_PATH", native.join("lib"));
    // Not the caller's folder, which that user may not be able to read.
    command.current_dir("/");
    if let Some(user) = place.run_as {
        command.uid(user).gid(user);
    }
    command
}

fn init(place: &Place, native: &Path, secrets: &Secrets) -> Result<(), Error> {
    let folder = &place.database;
    // What a start that was cut off left behind.
    let _ = std::fs::remove_dir_all(folder);
    std::fs::create_dir_all(folder).map_err(Error::file(folder))?;
    let password = folder.with_extension("password");
    write_secret(&password, secrets.database_password.as_bytes())?;
    if let Some(user) = place.run_as {
        for path in [folder, &password] {
            chown(path, Some(user), Some(user)).map_err(Error::file(path))?;
        }
    }
    let what = "initdb";
    let output = program(place, native, what)
        .args(["--username=postgres", "--auth=scram-sha-256", "--encoding=UTF8", "--no-sync"])
        // The same order of text on every machine.
        .args(["--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"])
        .arg(format!("--pwfile={}", password.display()))
        .arg("-D")
        .arg(folder)
        .output()
        .map_err(|source| Error::Spawn { what, source });
    std::fs::remove_file(&password).map_err(Error::file(&password))?;
    let output = output?;
    if output.status.success() {
        return Ok(());
    }
    let log = place.log("initdb");
    let _ = std::fs::create_dir_all(place.state.join("logs"));
    std::fs::write(&log, &output.stderr).map_err(Error::file(&log))?;
    let _ = std::fs::remove_dir_all(folder);
    let words = String::from_utf8_lossy(&output.stderr);
    let reason = words
        .lines()
        .find(|line| line.contains("error") || line.contains("could not"))
        .unwrap_or("initdb failed")
        .to_owned();
    Err(Error::NotReady { what, reason, log })
}

/// A lock file whose server was killed would name a process number that may be somebody else's.
fn remove_stale_lock(folder: &Path) {
    let lock = folder.join("postmaster.pid");
    let Ok(text) = std::fs::read_to_string(&lock) else { return };
    let pid = text.lines().next().unwrap_or_default();
    let runs = std::fs::read_to_string(format!("/proc/{pid}/comm"))
        .is_ok_and(|name| name.trim() == "postgres");
    if Path::new("/proc/self").exists() && !runs {
        let _ = std::fs::remove_file(&lock);
    }
}
