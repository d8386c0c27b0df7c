//! The commands, the links and the routes that the documents name exist.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use clap::CommandFactory;
use serde_json::Value;

use super::Outcome;
use crate::Cli;

/// Checks `README.md`, `CONTRIBUTING.md` and everything in `docs/`.
pub async fn check(root: &Path) -> Result<Outcome> {
    let mut files: Vec<PathBuf> = ["README.md", "README.fr.md", "CONTRIBUTING.md"]
        .iter()
        .map(|name| root.join(name))
        .filter(|file| file.is_file())
        .collect();
    for entry in std::fs::read_dir(root.join("docs")).context("docs/ cannot be read")? {
        let file = entry?.path();
        if file.extension().is_some_and(|extension| extension == "md") {
            files.push(file);
        }
    }
    files.sort();
    let mut wrong = Vec::new();
    for file in &files {
        let text = std::fs::read_to_string(file)
            .with_context(|| format!("{} cannot be read", file.display()))?;
        let name = file.strip_prefix(root).unwrap_or(file).display();
        let folder = file.parent().unwrap_or(root);
        wrong.extend(
            unknown_commands(&text)
                .into_iter()
                .chain(dead_links(&text, folder))
                .map(|what| format!("{name}: {what}")),
        );
    }
    if !wrong.is_empty() {
        bail!("{}", wrong.join("\n"));
    }
    println!("{} documents: their commands and links exist", files.len());
    let read = |name: &str| {
        std::fs::read_to_string(root.join(name)).with_context(|| format!("{name} cannot be read"))
    };
    let document = serde_json::from_str(&read("docs/openapi.json")?)?;
    let differences = examples_and_routes(&read("requests.http")?, &document);
    if !differences.is_empty() {
        bail!("{}", differences.join("\n"));
    }
    println!("requests.http: an example of every route, and of no other");
    println!("docs/ERRORS.md: {} codes, those that are answered", super::error_codes::check(root)?);
    Ok(Outcome::Passed)
}

/// What `requests.http` shows that is no route of the OpenAPI document, and the other way round.
fn examples_and_routes(requests: &str, document: &Value) -> Vec<String> {
    let parts = |path: &str| -> Vec<String> {
        // A variable of the one is a parameter of the other.
        path.split('/')
            .map(|part| if part.starts_with('{') { "{}" } else { part }.to_owned())
            .collect()
    };
    let shown: Vec<(&str, &str)> = requests
        .lines()
        .filter_map(|line| {
            let (method, address) = line.split_once(' ')?;
            let path = address.strip_prefix("{{functions}}")?;
            Some((method, path.split('?').next().unwrap_or(path)))
        })
        .collect();
    let routes: Vec<(String, &str)> = document["paths"]
        .as_object()
        .into_iter()
        .flatten()
        .flat_map(|(path, methods)| {
            methods
                .as_object()
                .into_iter()
                .flatten()
                .map(|(method, _)| (method.to_uppercase(), path.as_str()))
        })
        .collect();
    let same = |shown: &(&str, &str), route: &(String, &str)| {
        shown.0 == route.0 && parts(shown.1) == parts(route.1)
    };
    let unknown = shown.iter().filter(|shown| !routes.iter().any(|route| same(shown, route))).map(
        |(method, path)| format!("requests.http: {method} {path} is not in docs/openapi.json"),
    );
    let missing = routes
        .iter()
        .filter(|route| !shown.iter().any(|shown| same(shown, route)))
        .map(|(method, path)| format!("requests.http has no example of {method} {path}"));
    unknown.chain(missing).collect()
}

/// Each `cargo xtask <command> --flag` in a text that this program would not understand.
fn unknown_commands(text: &str) -> Vec<String> {
    let cli = Cli::command();
    let mut wrong = Vec::new();
    for (at, found) in text.match_indices("cargo xtask ") {
        let rest = text.get(at + found.len()..).unwrap_or_default();
        let end = rest.find(['`', '\n', '#', '"', ')']).unwrap_or(rest.len());
        let mut words = rest.get(..end).unwrap_or_default().split_whitespace();
        let Some(name) = words.next() else { continue };
        let name = name.trim_end_matches(|c: char| !c.is_alphanumeric());
        let Some(command) = cli.find_subcommand(name) else {
            wrong.push(format!("there is no `cargo xtask {name}`"));
            continue;
        };
        for word in words {
            let flag = word.trim_matches(|c: char| !c.is_alphanumeric() && c != '-');
            let Some(flag) = flag.strip_prefix("--") else {
                continue;
            };
            let flag = flag.split('=').next().unwrap_or(flag);
            let known = command.get_arguments().any(|argument| argument.get_long() == Some(flag));
            if !known {
                wrong.push(format!("`cargo xtask {name}` has no --{flag}"));
            }
        }
    }
    wrong
}

/// Each `[text](path)` whose path, relative to the document, does not exist.
fn dead_links(text: &str, folder: &Path) -> Vec<String> {
    text.match_indices("](")
        .filter_map(|(at, found)| {
            let rest = text.get(at + found.len()..)?;
            let target = rest.get(..rest.find(')')?)?;
            let path = target.split('#').next()?;
            let outside = path.is_empty() || path.contains("://") || path.starts_with("mailto:");
            (!outside && !folder.join(path).exists()).then(|| format!("{path} does not exist"))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_or_a_flag_that_does_not_exist_is_found() {
        assert!(
            unknown_commands("`cargo xtask test --only unit` and `cargo xtask stop`").is_empty()
        );
        assert!(unknown_commands("`cargo xtask demo [--pdf FILE] [--json]`").is_empty());
        assert_eq!(
            unknown_commands("run `cargo xtask frobnicate`\nor cargo xtask dev --loudly"),
            ["there is no `cargo xtask frobnicate`", "`cargo xtask dev` has no --loudly"]
        );
    }

    #[test]
    fn an_example_without_a_route_and_a_route_without_an_example_are_found() {
        let document = serde_json::json!({ "paths": {
            "/api/a": { "get": {} },
            "/api/b/{id}": { "put": {}, "delete": {} },
        } });
        let requests = "GET {{functions}}/api/a?x=1\n\nPUT {{functions}}/api/b/{{question}}\n\
                        DELETE {{functions}}/api/b/{{question}}\nGET {{supabase}}/rest/v1/x\n";
        assert!(examples_and_routes(requests, &document).is_empty());
        let other = requests.replace("DELETE", "POST");
        assert_eq!(
            examples_and_routes(&other, &document),
            [
                "requests.http: POST /api/b/{{question}} is not in docs/openapi.json",
                "requests.http has no example of DELETE /api/b/{id}",
            ]
        );
    }

    #[test]
    fn a_link_to_a_file_that_does_not_exist_is_found_and_an_address_is_left_alone() {
        let text = "[a](https://example.org/x) [b](#part) [c](Cargo.toml#deps) [d](no-such.md)";
        let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
        assert_eq!(dead_links(text, folder), ["no-such.md does not exist"]);
    }
}
