//! Blocks of lines, and the order in which a reader meets them.
//!
//! Documents draw their text nearly always in reading order, columns included; what they draw
//! out of turn is the title of a slide, a page number, a floating table, a formula. So the order
//! of drawing is kept, except that text above other text of the same column comes first, and
//! that pieces of one line come from left to right.

use crate::glyph::Glyph;
use crate::lines::SPACE;

/// Pages with more blocks than this (plots with thousands of labels) stay in the order of
/// drawing: comparing all pairs would cost too much.
const MOST_BLOCKS: usize = 400;

/// Baselines closer than this part of an em are the same line.
const SAME_BASELINE: f64 = 0.5;

/// Pieces of one line further apart than this many ems belong to different columns.
const SAME_PHRASE: f64 = 1.0;

/// Pieces of one line may overlap by this part of an em: italics lean over what follows.
const OVERLAP: f64 = 0.3;

/// Lines drawn one after the other, each under the one before.
#[derive(Debug, Clone)]
pub(crate) struct Block {
    pub(crate) text: String,
    /// Baseline of the first line.
    pub(crate) first: f64,
    /// Baseline of the last line.
    pub(crate) last: f64,
    /// Left edge of all lines.
    pub(crate) left: f64,
    /// Right edge of all lines.
    pub(crate) right: f64,
    /// Where the first glyph begins.
    pub(crate) start: f64,
    /// Where the last glyph ends.
    pub(crate) end: f64,
    /// Em of the last glyph.
    pub(crate) em: f64,
    /// Whether the text runs from left to right; turned text is left where it was drawn.
    pub(crate) upright: bool,
}

impl Block {
    /// A block that starts with this glyph, whose text is not written yet.
    pub(crate) fn new(glyph: &Glyph) -> Self {
        let mut block = Self {
            text: String::new(),
            first: glyph.y,
            last: glyph.y,
            left: glyph.x,
            right: glyph.x,
            start: glyph.x,
            end: glyph.x,
            em: glyph.em,
            upright: glyph.direction.0 > 0.99,
        };
        block.reach(glyph);
        block
    }

    /// Widens the block to hold this glyph.
    pub(crate) fn reach(&mut self, glyph: &Glyph) {
        self.left = self.left.min(glyph.x);
        self.end = glyph.end().0;
        self.right = self.right.max(self.end);
        self.last = glyph.y;
        self.em = glyph.em;
    }

    /// Whether this block must be read before the other, whichever was drawn first.
    fn precedes(&self, other: &Self) -> bool {
        if !(self.upright && other.upright) {
            return false;
        }
        let em = self.em.min(other.em);
        let below = self.last - other.first;
        let shared = self.right.min(other.right) - self.left.max(other.left);
        if below > em {
            return shared > 0.0;
        }
        self.is_same_line(other)
            && other.left - self.right > -em * OVERLAP
            && other.left - self.right < em * SAME_PHRASE
    }

    /// Whether both are pieces of one line.
    fn is_same_line(&self, other: &Self) -> bool {
        let tolerance = SAME_BASELINE * self.em.max(other.em);
        (self.last - other.first).abs() < tolerance
            && (self.first - self.last).abs() < tolerance
            && (other.first - other.last).abs() < tolerance
    }

    /// What joins this block to the one read after it.
    fn separator(&self, next: &Self) -> &'static str {
        let em = self.em.max(next.em);
        let gap = next.start - self.end;
        let goes_on = self.upright
            && next.upright
            && (self.last - next.first).abs() < SAME_BASELINE * em
            && gap > -OVERLAP * em;
        match goes_on {
            true if gap < SPACE * em => "",
            true => " ",
            false => "\n\n",
        }
    }
}

/// The text of all blocks in the order of reading.
pub(crate) fn read(blocks: &[Block]) -> String {
    let mut text = String::with_capacity(blocks.iter().map(|block| block.text.len() + 2).sum());
    let mut before: Option<&Block> = None;
    for block in order(blocks) {
        let trimmed = block.text.trim();
        if trimmed.is_empty() {
            continue;
        }
        if let Some(before) = before {
            text.push_str(before.separator(block));
        }
        text.push_str(trimmed);
        before = Some(block);
    }
    text
}

/// The blocks in the order of drawing, changed no more than [`Block::precedes`] demands.
fn order(blocks: &[Block]) -> Vec<&Block> {
    let drawn: Vec<&Block> = blocks.iter().collect();
    if drawn.len() > MOST_BLOCKS {
        return drawn;
    }
    // For every block, those that wait for it, and for how many it waits itself.
    let mut followers: Vec<Vec<usize>> = vec![Vec::new(); drawn.len()];
    let mut waits = vec![0_usize; drawn.len()];
    let mut in_order = true;
    for (i, (block, followers)) in drawn.iter().zip(&mut followers).enumerate() {
        for (j, (other, waits)) in drawn.iter().zip(&mut waits).enumerate() {
            if i != j && block.precedes(other) {
                in_order &= i < j;
                followers.push(j);
                *waits += 1;
            }
        }
    }
    if in_order {
        return drawn;
    }
    let mut left: Vec<usize> = (0..drawn.len()).collect();
    let mut ordered = Vec::with_capacity(drawn.len());
    while !left.is_empty() {
        // Blocks that wait for each other in a circle are taken as they were drawn.
        let free = left.iter().position(|&index| waits.get(index) == Some(&0)).unwrap_or(0);
        let index = left.remove(free);
        ordered.extend(drawn.get(index));
        for &follower in followers.get(index).into_iter().flatten() {
            if let Some(waits) = waits.get_mut(follower) {
                *waits = waits.saturating_sub(1);
            }
        }
    }
    ordered
}
