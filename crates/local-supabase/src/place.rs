//! Where the stack keeps its files, and as whom PostgreSQL runs.
//!
//! Everything lies in `.griot/` of the project, with one exception. PostgreSQL refuses to run as
//! root, so for root it runs as the user 65534 (`nobody`). When that user cannot reach the project
//! folder (`/root/…`, a private folder under `/tmp`), the database and a copy of the server lie in
//! `/var/tmp/griot-<hash of the project's path>/` instead.

use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};

use crate::Error;

/// The user and group that PostgreSQL runs as for root: `nobody` and its group.
const UNPRIVILEGED: u32 = 65_534;

/// The folders of one stack.
#[derive(Debug, Clone)]
pub(crate) struct Place {
    /// The project: `node_modules`, `supabase/`.
    pub(crate) root: PathBuf,
    /// `.griot/`.
    pub(crate) state: PathBuf,
    /// Where the database's folder lies.
    pub(crate) database: PathBuf,
    /// Where the server must be copied to, if its user cannot reach `node_modules`.
    pub(crate) server_copy: Option<PathBuf>,
    /// The user that runs PostgreSQL, if it is not the one who started us.
    pub(crate) run_as: Option<u32>,
}

impl Place {
    pub(crate) fn find(root: &Path, state: &Path) -> Result<Self, Error> {
        let root = root.canonicalize().map_err(Error::file(root))?;
        std::fs::create_dir_all(state).map_err(Error::file(state))?;
        let state = state.canonicalize().map_err(Error::file(state))?;
        let mut place =
            Self { database: state.join("db"), state, root, server_copy: None, run_as: None };
        if !rustix::process::geteuid().is_root() {
            return Ok(place);
        }
        place.run_as = Some(UNPRIVILEGED);
        let modules = place.root.join("node_modules");
        let modules = modules.canonicalize().unwrap_or(modules);
        if !can_be_reached(&place.state) || !can_be_reached(&modules) {
            let hash = Sha256::digest(place.state.as_os_str().as_encoded_bytes());
            let short: String = hash.iter().take(6).map(|byte| format!("{byte:02x}")).collect();
            let elsewhere = PathBuf::from("/var/tmp").join(format!("griot-{short}"));
            own_folder(&elsewhere)?;
            place.database = elsewhere.join("db");
            place.server_copy = Some(elsewhere.join("postgresql"));
        }
        Ok(place)
    }

    pub(crate) fn log(&self, service: &str) -> PathBuf {
        self.state.join("logs").join(format!("{service}.log"))
    }

    /// Deletes the database and the objects; keys and passwords stay, so that clients need no change.
    pub(crate) fn forget(&self) -> Result<(), Error> {
        for path in
            [&self.database, &self.state.join("storage"), &self.state.join("migrations.hash")]
        {
            let removed = if path.is_dir() {
                std::fs::remove_dir_all(path)
            } else {
                std::fs::remove_file(path)
            };
            match removed {
                Err(source) if source.kind() != std::io::ErrorKind::NotFound => {
                    return Err(Error::File { path: path.clone(), source });
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// Deletes everything, for a stack that was made for one use.
    pub(crate) fn remove(&self) -> Result<(), Error> {
        let elsewhere = self.server_copy.as_deref().and_then(Path::parent);
        for folder in elsewhere.into_iter().chain([self.state.as_path()]) {
            std::fs::remove_dir_all(folder).map_err(Error::file(folder))?;
        }
        Ok(())
    }
}

/// A folder under a shared one that is ours alone: somebody else's, or a link, is refused.
fn own_folder(path: &Path) -> Result<(), Error> {
    match std::fs::create_dir(path) {
        Ok(()) => {}
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
            let found = std::fs::symlink_metadata(path).map_err(Error::file(path))?;
            if !found.is_dir() || found.uid() != rustix::process::geteuid().as_raw() {
                return Err(Error::Damaged {
                    path: path.to_owned(),
                    reason: "it belongs to somebody else".into(),
                });
            }
        }
        Err(source) => return Err(Error::File { path: path.to_owned(), source }),
    }
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o711))
        .map_err(Error::file(path))
}

/// Whether any user may pass through every folder down to this one.
fn can_be_reached(path: &Path) -> bool {
    path.ancestors().all(|folder| {
        std::fs::metadata(folder).is_ok_and(|metadata| metadata.permissions().mode() & 0o001 != 0)
    })
}

/// Writes a file that only its owner may read.
pub(crate) fn write_secret(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    use std::io::Write as _;
    use std::os::unix::fs::OpenOptionsExt as _;
    let mut file = std::fs::OpenOptions::new()
        .create(true)
        .write(true)
        .truncate(true)
        .mode(0o600)
        .open(path)
        .map_err(Error::file(path))?;
    file.set_permissions(std::fs::Permissions::from_mode(0o600)).map_err(Error::file(path))?;
    file.write_all(bytes).map_err(Error::file(path))
}
