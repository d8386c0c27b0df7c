//! Applying `supabase/migrations` and `seed.sql` with the Supabase CLI, only when they changed.

use std::path::Path;
use std::process::Stdio;

use sha2::{Digest as _, Sha256};

use crate::place::Place;
use crate::process::last_line;
use crate::tools::Tools;
use crate::{Error, postgres};

/// Brings the database to the state of the files. Answers whether anything had to be done.
pub(crate) async fn apply(
    place: &Place,
    tools: &Tools,
    password: &str,
    port: u16,
) -> Result<bool, Error> {
    let hash = hash(&place.root.join("supabase"))?;
    let stamp = place.state.join("migrations.hash");
    if std::fs::read_to_string(&stamp).is_ok_and(|known| known == hash) {
        return Ok(false);
    }
    push(place, tools, password, port).await?;
    std::fs::write(&stamp, hash).map_err(Error::file(&stamp))?;
    Ok(true)
}

/// `supabase db push`: keeps its history in `supabase_migrations`, as on a hosted project.
async fn push(place: &Place, tools: &Tools, password: &str, port: u16) -> Result<(), Error> {
    let log = place.log("migrations");
    let output = tokio::process::Command::new(&tools.node)
        .arg(&tools.supabase)
        .args(["db", "push", "--yes", "--include-seed", "--include-all", "--db-url"])
        .arg(postgres::url("postgres", password, port))
        .current_dir(&place.root)
        .env("PGSSLMODE", "disable")
        .env("DO_NOT_TRACK", "1")
        .env("SUPABASE_TELEMETRY_DISABLED", "1")
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output()
        .await
        .map_err(|source| Error::Spawn { what: "the supabase CLI", source })?;
    let mut text = output.stdout;
    text.extend_from_slice(&output.stderr);
    std::fs::write(&log, &text).map_err(Error::file(&log))?;
    if output.status.success() {
        return Ok(());
    }
    let words = String::from_utf8_lossy(&text).into_owned();
    let line = words.lines().find(|line| line.contains("ERROR")).map(str::trim);
    Err(Error::Migration { reason: line.map_or_else(|| last_line(&log), str::to_owned), log })
}

/// One hash over the names and contents of the migrations, the seed and the configuration.
fn hash(folder: &Path) -> Result<String, Error> {
    let mut files = vec![folder.join("config.toml"), folder.join("seed.sql")];
    let migrations = folder.join("migrations");
    if migrations.is_dir() {
        for entry in std::fs::read_dir(&migrations).map_err(Error::file(&migrations))? {
            files.push(entry.map_err(Error::file(&migrations))?.path());
        }
    }
    files.sort();
    let mut hash = Sha256::new();
    for file in files.iter().filter(|file| file.is_file()) {
        let bytes = std::fs::read(file).map_err(Error::file(file))?;
        hash.update(file.file_name().unwrap_or_default().as_encoded_bytes());
        hash.update(bytes.len().to_le_bytes());
        hash.update(bytes);
    }
    Ok(hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_changed_renamed_or_added_migration_changes_the_hash() {
        let folder = tempfile::tempdir().unwrap();
        let migrations = folder.path().join("migrations");
        std::fs::create_dir(&migrations).unwrap();
        std::fs::write(migrations.join("1_a.sql"), "select 1;").unwrap();
        let first = hash(folder.path()).unwrap();
        assert_eq!(first, hash(folder.path()).unwrap());
        std::fs::write(migrations.join("1_a.sql"), "select 2;").unwrap();
        let changed = hash(folder.path()).unwrap();
        std::fs::rename(migrations.join("1_a.sql"), migrations.join("2_a.sql")).unwrap();
        let renamed = hash(folder.path()).unwrap();
        std::fs::write(migrations.join("3_b.sql"), "").unwrap();
        let added = hash(folder.path()).unwrap();
        let all = std::collections::BTreeSet::from([first, changed, renamed, added]);
        assert_eq!(all.len(), 4);
    }
}
