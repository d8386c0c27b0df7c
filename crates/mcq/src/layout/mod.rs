//! From laid-out lines to blocks of running text: headings, paragraphs and list items.
//!
//! Works in one pass over the lines of each page, after one pass over the document that finds
//! running headers and the words it writes without hyphens. Lines that are not prose (contents,
//! code, page numbers, bibliography, captions) end a block and never enter one, so every block is a
//! contiguous passage of its page and can be quoted.

mod join;
mod noise;

use crate::question::Page;
use join::Vocabulary;
use noise::Noise;

/// What a block is in the document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BlockKind {
    /// A title of a slide, a section or a list.
    Heading,
    /// Running prose.
    Paragraph,
    /// One entry of a bulleted or numbered list.
    Item,
}

/// A contiguous passage of one page.
#[derive(Clone, Debug)]
pub(crate) struct Block {
    /// Index into the pages given, not the page's number.
    pub(crate) page: usize,
    /// What it is.
    pub(crate) kind: BlockKind,
    /// Its text on one line, without bullet, hyphens at line ends rejoined.
    pub(crate) text: String,
    /// Byte offsets of the block in the page's text, bullet included.
    pub(crate) span: (usize, usize),
    /// Whether a word was rejoined across a line end: such a quote is harder to find by eye.
    pub(crate) rejoined: bool,
}

/// A document as the engine sees it.
pub(crate) struct Layout {
    /// All blocks in reading order.
    pub(crate) blocks: Vec<Block>,
    vocabulary: Vocabulary,
}

impl Layout {
    /// A passage of a page on one line, as blocks are.
    pub(crate) fn passage(&self, page: &Page, span: (usize, usize)) -> String {
        page.text
            .get(span.0..span.1)
            .map(|raw| join::one_line(raw, &self.vocabulary).0)
            .unwrap_or_default()
    }
}

/// One line of a page.
pub(crate) struct Line<'a> {
    /// Without surrounding spaces.
    pub(crate) text: &'a str,
    /// Byte offset of `text` in the page.
    pub(crate) start: usize,
    /// Whether a blank line stands before it.
    pub(crate) gap: bool,
}

/// The lines of a text that show something.
fn lines(text: &str) -> Vec<Line<'_>> {
    let mut out = Vec::new();
    let (mut offset, mut gap) = (0_usize, true);
    for raw in text.split('\n') {
        let trimmed = raw.trim_start();
        let start = offset + (raw.len() - trimmed.len());
        let trimmed = trimmed.trim_end();
        if trimmed.is_empty() {
            gap = true;
        } else {
            out.push(Line { text: trimmed, start, gap });
            gap = false;
        }
        offset += raw.len() + 1;
    }
    out
}

/// Reads the blocks out of the pages.
pub(crate) fn read(pages: &[Page]) -> Layout {
    let by_page: Vec<Vec<Line<'_>>> = pages.iter().map(|page| lines(&page.text)).collect();
    let vocabulary = Vocabulary::of(pages);
    let mut noise = Noise::of(&by_page);
    let mut blocks = Vec::new();
    for (index, page_lines) in by_page.iter().enumerate() {
        noise.begin_page(page_lines);
        if noise.is_reference_page(page_lines) {
            continue;
        }
        let width = usual_width(page_lines);
        let mut open: Option<Open> = None;
        let mut interrupted = true;
        let total = page_lines.len();
        for (position, line) in page_lines.iter().enumerate() {
            if noise.is_noise(line, position, total) {
                close(open.take(), index, pages, &vocabulary, &mut blocks);
                interrupted = true;
                continue;
            }
            let gap = line.gap || interrupted;
            interrupted = false;
            let bullet = bullet_length(line.text);
            let end = line.start + line.text.len();
            match open.as_mut() {
                Some(current) if bullet.is_none() && current.continues_with(line, gap, width) => {
                    current.end = end;
                    current.last = line.text.to_owned();
                    current.line_count += 1;
                }
                _ => {
                    close(open.take(), index, pages, &vocabulary, &mut blocks);
                    open = Some(Open {
                        start: line.start,
                        body: line.start + bullet.unwrap_or(0),
                        end,
                        item: bullet.is_some(),
                        last: line.text.to_owned(),
                        line_count: 1,
                    });
                }
            }
        }
        close(open.take(), index, pages, &vocabulary, &mut blocks);
    }
    Layout { blocks, vocabulary }
}

/// A block that may still grow.
struct Open {
    start: usize,
    body: usize,
    end: usize,
    item: bool,
    last: String,
    line_count: usize,
}

impl Open {
    /// Whether a line belongs to this block rather than starting the next.
    fn continues_with(&self, line: &Line<'_>, gap: bool, width: usize) -> bool {
        // A paragraph of a thousand lines is a dump, not prose.
        const MOST_LINES: usize = 60;
        if self.line_count >= MOST_LINES {
            return false;
        }
        let starts_lower = line.text.chars().next().is_some_and(char::is_lowercase);
        let ended = self.last.ends_with(['.', '!', '?', ':', ';', '…']);
        let length = self.last.chars().count();
        if gap {
            // A blank line inside a sentence: a page float or a column break.
            return starts_lower && !ended && length * 10 >= width * 6;
        }
        if self.last.ends_with('-') && starts_lower {
            return true;
        }
        if ended {
            return length * 100 >= width * 72
                && !(self.item && !starts_lower && self.last.ends_with(';'));
        }
        if starts_lower || self.last.ends_with(',') {
            return true;
        }
        length * 100 >= width * 62
    }
}

fn close(
    open: Option<Open>,
    index: usize,
    pages: &[Page],
    vocabulary: &Vocabulary,
    blocks: &mut Vec<Block>,
) {
    let Some(open) = open else { return };
    let raw = pages.get(index).and_then(|page| page.text.get(open.body..open.end));
    let Some(raw) = raw else { return };
    let (text, rejoined) = join::one_line(raw, vocabulary);
    if text.is_empty() || noise::is_caption(&text) {
        return;
    }
    // "4. The title": a number on the first line of a page counts slides, not entries.
    let opens_page = blocks.last().is_none_or(|last| last.page != index);
    let numbered = pages
        .get(index)
        .and_then(|page| page.text.get(open.start..open.body))
        .is_some_and(|mark| mark.starts_with(|c: char| c.is_ascii_digit()));
    let is_title = opens_page && numbered && !text.ends_with(['.', ';', ':']);
    let kind = if is_title {
        BlockKind::Heading
    } else if open.item && !is_numbered_heading(&text) {
        BlockKind::Item
    } else if is_heading(&text, open.line_count) {
        BlockKind::Heading
    } else {
        BlockKind::Paragraph
    };
    blocks.push(Block { page: index, kind, text, span: (open.start, open.end), rejoined });
}

/// A title: short, without the punctuation of a sentence.
fn is_heading(text: &str, line_count: usize) -> bool {
    line_count <= 2
        && text.split_whitespace().count() <= 12
        && !text.ends_with(['.', '!', '?', ';', ',', '…'])
        && text.chars().any(char::is_alphabetic)
}

fn is_numbered_heading(text: &str) -> bool {
    let mut digits = text.chars().take_while(|c| c.is_ascii_digit() || *c == '.');
    digits.next().is_some_and(|c| c.is_ascii_digit()) && digits.any(|c| c == '.')
}

/// Length in bytes of the bullet or number that opens a list item, with the spaces after it.
fn bullet_length(line: &str) -> Option<usize> {
    const BULLETS: &str = "•▶▷►➢➤‣⁃◦▪▫■□●○◆◇§✓✔❖→⇒·*–—-";
    let mut chars = line.char_indices();
    let (_, first) = chars.next()?;
    let after_mark = if BULLETS.contains(first) {
        chars.next().map_or(line.len(), |(at, _)| at)
    } else {
        enumerator_length(line)?
    };
    let rest = line.get(after_mark..)?;
    let spaces = rest.len() - rest.trim_start().len();
    // "-5" or "·S" is not a bullet: a space must follow, unless the mark stands alone.
    (spaces > 0 || rest.is_empty() || first == '•' || first == '▶').then_some(after_mark + spaces)
}

/// `1.`, `12)`, `a)`, `(b)`, `iv.` at the start of a line.
fn enumerator_length(line: &str) -> Option<usize> {
    let inner = line.strip_prefix('(').unwrap_or(line);
    let opened = line.len() - inner.len();
    let label = inner.chars().take_while(char::is_ascii_alphanumeric).count();
    let is_number = inner.chars().take(label).all(|c| c.is_ascii_digit());
    if label == 0 || label > 2 || (!is_number && label > 1) {
        return None;
    }
    let closing = inner.chars().nth(label)?;
    let closes =
        if opened > 0 || !is_number { closing == ')' } else { closing == '.' || closing == ')' };
    // After "1." a digit would make it a section number or a decimal.
    let next = inner.chars().nth(label + 1);
    (closes && next.is_none_or(char::is_whitespace)).then_some(opened + label + 1)
}

/// The length most full lines of a page have: its 85th percentile, in characters.
fn usual_width(lines: &[Line<'_>]) -> usize {
    let mut lengths: Vec<usize> = lines.iter().map(|line| line.text.chars().count()).collect();
    lengths.sort_unstable();
    lengths.get(lengths.len() * 85 / 100).copied().unwrap_or(0).max(24)
}

#[cfg(test)]
mod tests;
