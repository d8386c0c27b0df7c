//! Every error code that the functions and the database answer is in `docs/ERRORS.md`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

/// How Rust makes a refusal; its code is the first text that follows.
const MAKERS: [&str; 3] = ["Problem::new(", "Problem::unprocessable(", "Self::new("];

/// Compares the sources with the document, both ways.
///
/// # Errors
/// The codes that are missing, with the file that has them, and those that nothing answers.
pub fn check(root: &Path) -> Result<usize> {
    let mut codes = BTreeMap::new();
    for folder in ["crates/edge/src", "functions", "supabase/migrations"] {
        collect(&root.join(folder), &mut codes)?;
    }
    let document = std::fs::read_to_string(root.join("docs/ERRORS.md"))
        .context("docs/ERRORS.md cannot be read")?;
    let documented = documented(&document);
    let missing = codes
        .iter()
        .filter(|(code, _)| !documented.contains(code))
        .map(|(code, file)| format!("docs/ERRORS.md lacks {code}, of {}", file.display()));
    // Codes of the pure crates pass through a function under their own names; a Worker that is not
    // configured has nothing to make a refusal with.
    let read = |file: &str| {
        std::fs::read_to_string(root.join(file)).with_context(|| format!("{file} cannot be read"))
    };
    let sources = [
        "crates/pdf-text/src/error.rs",
        "crates/messaging/src/phone/error.rs",
        "crates/messaging/src/template/error.rs",
        "functions/gateway/src/worker.rs",
    ]
    .into_iter()
    .map(read)
    .collect::<Result<String>>()?;
    let unknown = documented
        .iter()
        .filter(|code| !codes.contains_key(*code) && !sources.contains(&format!("\"{code}\"")))
        .map(|code| format!("docs/ERRORS.md has {code}, which nothing answers"));
    let wrong: Vec<String> = missing.chain(unknown).collect();
    if !wrong.is_empty() {
        bail!("{}", wrong.join("\n"));
    }
    Ok(documented.len())
}

fn collect(folder: &Path, codes: &mut BTreeMap<String, PathBuf>) -> Result<()> {
    for entry in
        std::fs::read_dir(folder).with_context(|| format!("{} cannot be read", folder.display()))?
    {
        let path = entry?.path();
        if path.is_dir() {
            // Tests make up codes of their own.
            if !path.ends_with("tests") && !path.ends_with("target") {
                collect(&path, codes)?;
            }
            continue;
        }
        let found = match path.extension().and_then(|extension| extension.to_str()) {
            Some("rs") => of_rust(&std::fs::read_to_string(&path)?),
            Some("sql") => of_sql(&std::fs::read_to_string(&path)?),
            _ => continue,
        };
        codes.extend(found.into_iter().map(|code| (code, path.clone())));
    }
    Ok(())
}

/// The first text after each maker; what is no code (a variable comes first) is left out.
fn of_rust(source: &str) -> Vec<String> {
    let source = source.split("#[cfg(test)]").next().unwrap_or_default();
    MAKERS
        .iter()
        .flat_map(|maker| source.match_indices(maker).map(|(at, found)| at + found.len()))
        .filter_map(|at| {
            let rest = source.get(at..)?;
            let (before, rest) = rest.split_once('"')?;
            let (text, _) = rest.split_once('"')?;
            // Nothing stands before it but the status.
            let status = before.trim().trim_end_matches(',');
            let bare = status.is_empty()
                || status.contains("StatusCode::") && !status.contains([',', '(', ')']);
            (bare && is_code(text)).then(|| text.to_owned())
        })
        .collect()
}

/// The rows of `private.error_messages`: `('code', 422,`.
fn of_sql(source: &str) -> Vec<String> {
    source
        .lines()
        .filter_map(|line| {
            let (code, rest) = line.trim_start().strip_prefix("('")?.split_once("', ")?;
            let status = rest.get(..3)?.parse::<u16>().ok()?;
            ((400..500).contains(&status) && is_code(code)).then(|| code.to_owned())
        })
        .collect()
}

/// The codes in the second column of the document's tables.
fn documented(document: &str) -> Vec<String> {
    document
        .lines()
        .filter_map(|line| line.strip_prefix("| ")?.split(" | ").nth(1))
        .flat_map(|cell| cell.split('`').skip(1).step_by(2).map(str::to_owned))
        .collect()
}

fn is_code(text: &str) -> bool {
    text.len() >= 4
        && text.starts_with(|first: char| first.is_ascii_lowercase())
        && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_found_where_they_are_made() {
        let rust = "Problem::new(\n  StatusCode::CONFLICT,\n  \"stale_version\",\n  \"Non.\");\n\
                    Problem::unprocessable(code, \"Une phrase.\", \"A sentence.\");\n\
                    #[cfg(test)] mod tests { Problem::unprocessable(\"made_up\", \"\", \"\") }";
        assert_eq!(of_rust(rust), ["stale_version"]);
        let sql = "  ('consent_required', 403,\n  ('whatever', 200,\n  ('7', 404,";
        assert_eq!(of_sql(sql), ["consent_required"]);
        let table = "| status | code | when |\n|---|---|---|\n| 404 | `a_b`, `c_d` | see `Allow` |";
        assert_eq!(documented(table), ["a_b", "c_d"]);
    }
}
