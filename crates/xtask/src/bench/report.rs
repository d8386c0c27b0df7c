//! What was measured, as `results.json` and as a page to read.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// `results.json`.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Results {
    /// By name.
    benches: BTreeMap<String, Entry>,
}

/// What one measurement found.
#[derive(Debug, Serialize, Deserialize)]
pub struct Entry {
    /// Above 1 Griot is ahead of its peer; the median of the rounds.
    ratio: Option<f64>,
    /// The least and the greatest ratio of a round.
    spread: Option<[f64; 2]>,
    #[serde(default)]
    figures: Vec<Figure>,
    #[serde(default)]
    targets: Vec<Target>,
    #[serde(default)]
    tables: Vec<Table>,
    #[serde(default)]
    notes: Vec<String>,
    #[serde(default)]
    versions: BTreeMap<String, String>,
    /// When and where; written here.
    #[serde(default)]
    run: BTreeMap<String, String>,
}

/// A figure behind the ratio.
#[derive(Debug, Serialize, Deserialize)]
struct Figure {
    name: String,
    /// The median.
    value: f64,
    min: Option<f64>,
    max: Option<f64>,
    unit: String,
}

/// What it should be.
#[derive(Debug, Serialize, Deserialize)]
struct Target {
    what: String,
    wanted: String,
    measured: Value,
    met: bool,
}

/// Details.
#[derive(Debug, Serialize, Deserialize)]
struct Table {
    title: String,
    columns: Vec<String>,
    rows: Vec<Vec<Value>>,
}

impl Entry {
    /// Reads what a script printed, and adds when and where it ran.
    ///
    /// # Errors
    /// When it is not of this shape.
    pub fn read(printed: Value) -> Result<Self> {
        let mut entry: Self =
            serde_json::from_value(printed).context("what the measurement printed")?;
        entry.run = machine();
        Ok(entry)
    }

    /// The ratio and the targets in a few words.
    pub fn headline(&self) -> String {
        let met = self.targets.iter().filter(|target| target.met).count();
        let targets = format!("{met} of {} targets met", self.targets.len());
        match self.ratio {
            Some(ratio) => format!("ratio {}, {targets}", short(ratio)),
            None => targets,
        }
    }
}

impl Results {
    /// Those of earlier runs.
    ///
    /// # Errors
    /// When the file is there and cannot be understood.
    pub fn read(folder: &Path) -> Result<Self> {
        let path = folder.join("results.json");
        if !path.is_file() {
            return Ok(Self::default());
        }
        serde_json::from_str(&std::fs::read_to_string(&path)?)
            .context("benches/results.json is not what this writes: delete it")
    }

    pub fn add(&mut self, name: &str, entry: Entry) {
        self.benches.insert(name.to_owned(), entry);
    }

    /// Writes both files; `order` is that of the page.
    ///
    /// # Errors
    /// When they cannot be written.
    pub fn write(&self, folder: &Path, order: &[&str]) -> Result<()> {
        std::fs::write(folder.join("results.json"), serde_json::to_string_pretty(self)? + "\n")?;
        std::fs::write(folder.join("RESULTS.md"), self.page(order)?)?;
        Ok(())
    }

    fn page(&self, order: &[&str]) -> Result<String> {
        let mut page = String::from(
            "# Measured beside its peers\n\n\
             Written by `cargo xtask bench`; the same in `results.json`. A ratio above 1 means that Griot is \
             ahead of its peer in the same run; in brackets the least and the greatest of the rounds. Times are \
             those of one run on one machine and compare with nothing else.\n\n\
             | bench | ratio | targets met | date | load after |\n|---|---|---|---|---|\n",
        );
        let entries = || order.iter().filter_map(|name| Some((name, self.benches.get(*name)?)));
        for (name, entry) in entries() {
            let met = entry.targets.iter().filter(|target| target.met).count();
            let run = |what: &str| entry.run.get(what).map_or("", String::as_str);
            writeln!(
                page,
                "| [{name}](#{name}) | {} | {met} of {} | {} | {} |",
                ratio(entry),
                entry.targets.len(),
                run("date"),
                run("load"),
            )?;
        }
        for (name, entry) in entries() {
            writeln!(page, "\n## {name}\n")?;
            section(&mut page, entry)?;
        }
        Ok(page)
    }
}

fn section(page: &mut String, entry: &Entry) -> Result<()> {
    for note in &entry.notes {
        writeln!(page, "- {note}")?;
    }
    if entry.ratio.is_some() {
        writeln!(page, "- Ratio: {}", ratio(entry))?;
    }
    if !entry.targets.is_empty() {
        writeln!(page, "\n| target | wanted | measured | met |\n|---|---|---|---|")?;
        for Target { what, wanted, measured, met } in &entry.targets {
            let met = if *met { "yes" } else { "**no**" };
            writeln!(page, "| {what} | {wanted} | {} | {met} |", cell(measured))?;
        }
    }
    if !entry.figures.is_empty() {
        writeln!(page, "\n| figure | median | least | greatest | unit |\n|---|---|---|---|---|")?;
        for Figure { name, value, min, max, unit } in &entry.figures {
            let (min, max) = (min.map(short), max.map(short));
            writeln!(
                page,
                "| {name} | {} | {} | {} | {unit} |",
                short(*value),
                min.unwrap_or_default(),
                max.unwrap_or_default()
            )?;
        }
    }
    for Table { title, columns, rows } in &entry.tables {
        writeln!(page, "\n{title}\n\n| {} |", columns.join(" | "))?;
        writeln!(page, "|{}", "---|".repeat(columns.len()))?;
        for row in rows {
            let cells: Vec<String> = row.iter().map(cell).collect();
            writeln!(page, "| {} |", cells.join(" | "))?;
        }
    }
    let list = |map: &BTreeMap<String, String>| {
        map.iter().map(|(name, value)| format!("{name} {value}")).collect::<Vec<_>>().join(", ")
    };
    writeln!(page, "\n{}", list(&entry.run))?;
    if !entry.versions.is_empty() {
        writeln!(page, "\nVersions: {}", list(&entry.versions))?;
    }
    Ok(())
}

fn ratio(entry: &Entry) -> String {
    match (entry.ratio, entry.spread) {
        (Some(ratio), Some([least, greatest])) => {
            format!("**{}** ({} to {})", short(ratio), short(least), short(greatest))
        }
        (Some(ratio), None) => format!("**{}**", short(ratio)),
        _ => "–".to_owned(),
    }
}

fn cell(value: &Value) -> String {
    match value {
        Value::Null => "–".to_owned(),
        Value::Number(number) => number.as_f64().map_or_else(|| number.to_string(), short),
        Value::String(text) => text.replace('|', "\\|"),
        other => other.to_string(),
    }
}

/// Three digits that matter.
fn short(value: f64) -> String {
    match value.abs() {
        size if size >= 100.0 => format!("{value:.0}"),
        size if size >= 10.0 => format!("{value:.1}"),
        size if size >= 1.0 || value == 0.0 => format!("{value:.2}"),
        _ => format!("{value:.3}"),
    }
}

/// The machine and the moment. What cannot be found out is left out.
fn machine() -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    let mut add = |name: &str, value: Option<String>| {
        if let Some(value) = value.filter(|value| !value.is_empty()) {
            found.insert(name.to_owned(), value);
        }
    };
    let read = |path: &str| std::fs::read_to_string(path).ok();
    let said = |program: &str, argument: &str| {
        let output = Command::new(program).arg(argument).output().ok()?;
        Some(String::from_utf8_lossy(&output.stdout).trim().to_owned())
    };
    let after_colon = |text: &str, name: &str| {
        let line = text.lines().find(|line| line.starts_with(name))?;
        Some(line.split_once(':')?.1.trim().to_owned())
    };
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let model = read("/proc/cpuinfo").and_then(|text| after_colon(&text, "model name"));
    add("machine", Some(format!("{cores} × {}", model.unwrap_or_else(|| "processor".to_owned()))));
    add("memory", read("/proc/meminfo").and_then(|text| after_colon(&text, "MemTotal")));
    add("load", read("/proc/loadavg").and_then(|text| Some(text.split(' ').next()?.to_owned())));
    add("date", said("date", "-uI"));
    add("rustc", said("rustc", "--version").map(|text| text.replace("rustc ", "")));
    found
}
