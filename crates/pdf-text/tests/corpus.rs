//! Text of a collection of real documents, compared with poppler's `pdftotext`.
//!
//! Runs where the collection (`../shared/corpus` beside the project) and `pdftotext` are at
//! hand, and says so aloud where they are not.

#![allow(clippy::indexing_slicing, clippy::panic, clippy::unwrap_used, reason = "helpers of tests")]

use pdf_text::{Budget, extract};
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// Mean over the documents, in per cent.
///
/// Poppler has two orders: that of reading, as it guesses it, and that of drawing (`-raw`). Its
/// guess reads tables by column, and both columns of a page at once around a figure. So a page in
/// either of its orders is in order; against its guess alone, the mean over all words must reach
/// the same.
const LEAST_RECALL: f64 = 98.5;
const LEAST_ORDER: f64 = 98.5;
const LEAST_ACCENTED: f64 = 98.0;
/// Of each document, in per cent.
const LEAST_RECALL_OF_ONE: f64 = 95.0;

/// How well one document was read, in per cent.
struct Score {
    /// Of poppler's words, those that were read on the same page.
    recall: f64,
    /// Of the words read, those that poppler reads on the same page.
    precision: f64,
    /// Of the words that both read, those in the longest common subsequence of their page.
    order: f64,
    /// The same, for each page with the better of poppler's two orders.
    either_order: f64,
    /// Poppler's words.
    words: usize,
    /// As `recall`, over the words with an accent; `None` in a document that has none.
    accented: Option<f64>,
}

#[test]
fn real_documents_give_the_words_that_poppler_gives_in_its_order() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/corpus");
    if !corpus.is_dir() {
        println!("NOT RUN: no documents at ../shared/corpus beside the project");
        return;
    }
    if Command::new("pdftotext").arg("-v").output().is_err() {
        println!("NOT RUN: no pdftotext (apt-get install poppler-utils)");
        return;
    }
    let mut scores = Vec::new();
    for file in documents(&corpus) {
        let name = file.file_name().unwrap().to_string_lossy().into_owned();
        let reference = poppler_pages(&file, &[]);
        let drawn = poppler_pages(&file, &["-raw"]);
        let bytes = std::fs::read(&file).unwrap();
        let started = std::time::Instant::now();
        let read = extract(bytes, &Budget::default());
        let seconds = started.elapsed().as_secs_f64();
        if reference.iter().all(Vec::is_empty) {
            let code = read.as_ref().err().map(pdf_text::Error::code);
            assert_eq!(code, Some("pdf_has_no_text"), "{name}");
            println!("{name:32} no text, as poppler says  {seconds:.2} s");
            continue;
        }
        let pages: Vec<Vec<String>> = read
            .unwrap_or_else(|error| panic!("{name}: {error}"))
            .pages
            .iter()
            .map(|page| words(&rejoin(&page.text)))
            .collect();
        let score = score(&reference, &drawn, &pages);
        println!(
            "{name:32} recall {:6.2}  precision {:6.2}  order {:6.2} ({:6.2})  accented {}  {seconds:.2} s",
            score.recall,
            score.precision,
            score.order,
            score.either_order,
            score.accented.map_or_else(|| "     -".into(), |v| format!("{v:6.2}")),
        );
        assert!(score.recall >= LEAST_RECALL_OF_ONE, "{name}: recall {}", score.recall);
        scores.push(score);
    }
    let recall = mean(scores.iter().map(|s| s.recall));
    let order = mean(scores.iter().map(|s| s.order));
    let accented = mean(scores.iter().filter_map(|s| s.accented));
    let weight: usize = scores.iter().map(|s| s.words).sum();
    let by_word = |value: fn(&Score) -> f64| {
        scores.iter().map(|s| value(s) * s.words as f64).sum::<f64>() / weight as f64
    };
    println!(
        "mean of {} documents: recall {recall:.2}  precision {:.2}  order {order:.2} ({:.2})  accented {accented:.2}",
        scores.len(),
        mean(scores.iter().map(|s| s.precision)),
        mean(scores.iter().map(|s| s.either_order)),
    );
    println!(
        "mean of {weight} words: recall {:.2}  order {:.2} ({:.2})",
        by_word(|s| s.recall),
        by_word(|s| s.order),
        by_word(|s| s.either_order),
    );
    assert!(recall >= LEAST_RECALL, "recall {recall}");
    let either_order = mean(scores.iter().map(|s| s.either_order));
    assert!(either_order >= LEAST_ORDER, "order {either_order}");
    let order_by_word = by_word(|s| s.order);
    assert!(order_by_word >= LEAST_ORDER, "order by word {order_by_word}");
    assert!(accented >= LEAST_ACCENTED, "accented words {accented}");
}

fn documents(corpus: &Path) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = std::fs::read_dir(corpus)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|e| e == "pdf"))
        .collect();
    files.sort();
    assert!(!files.is_empty(), "no PDF in {}", corpus.display());
    files
}

/// The words of every page, as poppler reads them.
fn poppler_pages(file: &Path, options: &[&str]) -> Vec<Vec<String>> {
    let output = Command::new("pdftotext")
        .args(["-enc", "UTF-8"])
        .args(options)
        .arg(file)
        .arg("-")
        .output()
        .unwrap();
    assert!(output.status.success(), "pdftotext {}", file.display());
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let mut pages: Vec<Vec<String>> = text.split('\u{c}').map(words).collect();
    // Every page ends with a form feed: nothing follows the last one.
    pages.pop();
    pages
}

/// Words broken at the end of a line, rejoined as poppler does; `pdf-text` leaves them as they
/// are printed.
fn rejoin(text: &str) -> String {
    let mut joined = String::with_capacity(text.len());
    let mut lines = text.split('\n').peekable();
    while let Some(line) = lines.next() {
        let word = line.strip_suffix(['-', '\u{ad}']).filter(|word| {
            word.ends_with(char::is_alphanumeric)
                && lines.peek().is_some_and(|next| !next.is_empty())
        });
        match word {
            Some(word) => joined.push_str(word),
            None => {
                joined.push_str(line);
                joined.push('\n');
            }
        }
    }
    joined
}

/// What stands between spaces and holds a letter or a digit: bullets are no words.
fn words(text: &str) -> Vec<String> {
    let normalised: String = text.nfkc().collect();
    normalised
        .split_whitespace()
        .filter(|word| word.contains(char::is_alphanumeric))
        .map(str::to_owned)
        .collect()
}

fn score(reference: &[Vec<String>], drawn: &[Vec<String>], read: &[Vec<String>]) -> Score {
    let (mut found, mut wanted, mut given, mut in_order) = (0, 0, 0, 0);
    // For each page, words in order and words in common with the better of the two orders.
    let mut better = (0, 0);
    let (mut accented_found, mut accented_wanted) = (0, 0);
    let empty = Vec::new();
    for number in 0..reference.len().max(read.len()) {
        let theirs = reference.get(number).unwrap_or(&empty);
        let as_drawn = drawn.get(number).unwrap_or(&empty);
        let ours = read.get(number).unwrap_or(&empty);
        let common = common_words(theirs, ours);
        let in_page = longest_common_subsequence(theirs, ours);
        let drawn_in_page = longest_common_subsequence(as_drawn, ours);
        wanted += theirs.len();
        given += ours.len();
        found += common.len();
        in_order += in_page;
        let (page_order, page_common) = if drawn_in_page > in_page {
            (drawn_in_page, common_words(as_drawn, ours).len())
        } else {
            (in_page, common.len())
        };
        better = (better.0 + page_order, better.1 + page_common);
        accented_wanted += theirs.iter().filter(|word| is_accented(word)).count();
        accented_found += common.iter().filter(|word| is_accented(word)).count();
    }
    Score {
        recall: per_cent(found, wanted),
        precision: per_cent(found, given),
        order: per_cent(in_order, found),
        either_order: per_cent(better.0, better.1),
        words: wanted,
        accented: (accented_wanted > 0).then(|| per_cent(accented_found, accented_wanted)),
    }
}

/// The words of the first that the second has, too, each as often as both have it.
fn common_words<'w>(theirs: &'w [String], ours: &[String]) -> Vec<&'w str> {
    let mut left: HashMap<&str, usize> = HashMap::new();
    for word in ours {
        *left.entry(word).or_default() += 1;
    }
    let mut common = Vec::new();
    for word in theirs {
        if let Some(count) = left.get_mut(word.as_str()).filter(|count| **count > 0) {
            *count -= 1;
            common.push(word.as_str());
        }
    }
    common
}

fn is_accented(word: &str) -> bool {
    word.nfd().any(is_combining_mark)
}

fn longest_common_subsequence(a: &[String], b: &[String]) -> usize {
    let mut row = vec![0; b.len() + 1];
    for left in a {
        let mut diagonal = 0;
        for (index, right) in b.iter().enumerate() {
            let above = row[index + 1];
            row[index + 1] = if left == right { diagonal + 1 } else { above.max(row[index]) };
            diagonal = above;
        }
    }
    row[b.len()]
}

fn per_cent(part: usize, whole: usize) -> f64 {
    if whole == 0 { 100.0 } else { 100.0 * part as f64 / whole as f64 }
}

fn mean(values: impl Iterator<Item = f64>) -> f64 {
    let values: Vec<f64> = values.collect();
    values.iter().sum::<f64>() / values.len().max(1) as f64
}
