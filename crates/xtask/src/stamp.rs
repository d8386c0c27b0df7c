//! Stamps: a step that is told by its inputs that nothing changed need not run again.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use sha2::{Digest, Sha256};

/// Folders that never change what is built.
const NOT_INPUTS: [&str; 7] =
    ["target", "node_modules", "tests", "benches", "fuzz", "snapshots", "proptest-regressions"];

/// A fingerprint of files: their paths and their bytes, in a fixed order.
pub struct Fingerprint(Sha256);

impl Fingerprint {
    /// An empty one.
    pub fn new() -> Self {
        Self(Sha256::new())
    }

    /// Adds something that is not a file, such as the version of a tool.
    pub fn add_text(&mut self, text: &str) {
        self.0.update(text.len().to_le_bytes());
        self.0.update(text.as_bytes());
    }

    /// Adds a file, or all files of a folder except [`NOT_INPUTS`]. What does not exist counts as
    /// empty, so that its appearing changes the fingerprint.
    ///
    /// # Errors
    /// When something that exists cannot be read.
    pub fn add(&mut self, path: &Path) -> Result<()> {
        if path.is_dir() {
            let mut entries = std::fs::read_dir(path)
                .and_then(|entries| {
                    entries
                        .map(|entry| entry.map(|entry| entry.path()))
                        .collect::<std::io::Result<Vec<PathBuf>>>()
                })
                .with_context(|| format!("{} cannot be read", path.display()))?;
            entries.sort();
            for entry in entries {
                let name = entry.file_name().unwrap_or_default().to_string_lossy();
                if !NOT_INPUTS.contains(&name.as_ref()) {
                    self.add(&entry)?;
                }
            }
        } else if path.exists() {
            self.add_text(&path.to_string_lossy());
            let bytes = std::fs::read(path)
                .with_context(|| format!("{} cannot be read", path.display()))?;
            self.0.update(bytes.len().to_le_bytes());
            self.0.update(&bytes);
        }
        Ok(())
    }

    /// The fingerprint in hexadecimal.
    pub fn finish(self) -> String {
        self.0.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

/// Whether `stamp` says that its step last ran with this fingerprint.
pub fn is_current(stamp: &Path, fingerprint: &str) -> bool {
    std::fs::read_to_string(stamp).is_ok_and(|written| written.trim() == fingerprint)
}

/// Remembers that the step ran with this fingerprint.
///
/// # Errors
/// When the stamp cannot be written.
pub fn write(stamp: &Path, fingerprint: &str) -> Result<()> {
    if let Some(folder) = stamp.parent() {
        std::fs::create_dir_all(folder)?;
    }
    std::fs::write(stamp, fingerprint)
        .with_context(|| format!("{} cannot be written", stamp.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fingerprint(path: &Path) -> String {
        let mut fingerprint = Fingerprint::new();
        fingerprint.add(path).unwrap();
        fingerprint.finish()
    }

    #[test]
    fn a_changed_a_new_and_a_renamed_file_each_change_the_fingerprint_and_tests_do_not() {
        let folder = std::env::temp_dir().join(format!("griot-stamp-{}", std::process::id()));
        std::fs::create_dir_all(folder.join("src")).unwrap();
        std::fs::write(folder.join("src/a.rs"), "one").unwrap();
        let first = fingerprint(&folder);
        assert_eq!(first, fingerprint(&folder));

        std::fs::write(folder.join("src/a.rs"), "two").unwrap();
        let changed = fingerprint(&folder);
        std::fs::write(folder.join("src/b.rs"), "").unwrap();
        let added = fingerprint(&folder);
        std::fs::rename(folder.join("src/b.rs"), folder.join("src/c.rs")).unwrap();
        let renamed = fingerprint(&folder);
        let all = [&first, &changed, &added, &renamed];
        for (at, one) in all.iter().enumerate() {
            assert!(all.iter().skip(at + 1).all(|other| other != one));
        }

        std::fs::create_dir_all(folder.join("tests")).unwrap();
        std::fs::write(folder.join("tests/a.rs"), "a test").unwrap();
        assert_eq!(renamed, fingerprint(&folder));
        std::fs::remove_dir_all(&folder).unwrap();
    }

    #[test]
    fn a_stamp_is_current_only_for_the_fingerprint_it_was_written_with() {
        let stamp = std::env::temp_dir().join(format!("griot-stamp-file-{}", std::process::id()));
        assert!(!is_current(&stamp, "a"));
        write(&stamp, "a").unwrap();
        assert!(is_current(&stamp, "a"));
        assert!(!is_current(&stamp, "b"));
        std::fs::remove_file(&stamp).unwrap();
    }
}
