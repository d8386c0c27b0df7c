//! Glyphs to lines: where a space, a line and a block end.

use crate::accents;
use crate::blocks::{self, Block};
use crate::glyph::{Glyph, Text};

/// A gap wider than this part of an em is a space. Narrower (0.12) tears letter-spaced titles
/// apart, wider (0.17) glues tightly set lines together.
pub(crate) const SPACE: f64 = 0.15;

/// The same beside signs: French sets some off by a thin space of a sixth of an em, which justified
/// lines make narrower still, and program text gives them cells wider than they are. Letters that
/// are spaced to fill a line stand as far apart within a word.
const SPACE_AT_SIGN: f64 = 0.1;

/// A baseline further away than this part of an em is another line; less is a superscript.
const NEW_BASELINE: f64 = 0.5;

/// A pen that goes back further than this part of an em starts another line.
const JUMP_BACK: f64 = 0.5;

/// A gap wider than this many ems separates the cells of a row or the pieces of a formula, which
/// may have been drawn in any order.
const WIDE_GAP: f64 = 1.0;

/// Baselines further apart than this many ems leave a blank line between blocks.
const BLOCK_GAP: f64 = 1.9;

/// Two equal glyphs closer than this part of an em along the line, and twice of it across, are
/// one glyph struck twice to look bold.
const SAME_PLACE: f64 = 0.1;

/// How many earlier glyphs are searched for one struck twice: a long line.
const STRUCK_TWICE_WINDOW: usize = 200;

/// Builds the text of a page from glyphs in the order in which they are drawn.
#[derive(Default)]
pub(crate) struct Lines {
    /// The blocks written so far; the last one is still growing.
    blocks: Vec<Block>,
    /// The last glyph that was written.
    last: Option<Glyph>,
    /// A spacing accent that waits for the letter under it.
    accent: Option<Glyph>,
    /// The glyphs written lately, to find those struck twice.
    recent: Vec<Glyph>,
}

/// What lies between two glyphs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Between {
    Nothing,
    Space,
    Line,
    Block,
}

impl Lines {
    /// Adds the next glyph.
    pub(crate) fn push(&mut self, glyph: Glyph) {
        if let Some(accent) = self.accent.take() {
            if let Some(composed) = accents::composed(&accent, &glyph) {
                self.write(Glyph { text: Text::Char(composed), ..glyph });
                return;
            }
            self.write(accent);
        }
        if glyph.char().and_then(accents::combining).is_none() {
            self.write(glyph);
            return;
        }
        let over_last = self.last.as_ref().and_then(|last| accents::composed(&glyph, last));
        match over_last {
            Some(composed) => {
                if let Some(block) = self.blocks.last_mut() {
                    block.text.pop();
                    block.text.push(composed);
                }
                if let Some(last) = &mut self.last {
                    last.text = Text::Char(composed);
                }
            }
            None => self.accent = Some(glyph),
        }
    }

    /// The text of all glyphs.
    pub(crate) fn into_text(mut self) -> String {
        if let Some(accent) = self.accent.take() {
            self.write(accent);
        }
        blocks::read(&self.blocks)
    }

    fn write(&mut self, glyph: Glyph) {
        let (between, back) = match &self.last {
            None => (Between::Block, false),
            Some(last) => between(last, &glyph),
        };
        if back && self.is_struck_twice(&glyph) {
            return;
        }
        match (between, self.blocks.last_mut()) {
            (Between::Block, _) | (_, None) => self.blocks.push(Block::new(&glyph)),
            (Between::Nothing, Some(block)) => block.reach(&glyph),
            (Between::Space, Some(block)) => {
                space(&mut block.text);
                block.reach(&glyph);
            }
            (Between::Line, Some(block)) => {
                end_line(&mut block.text);
                block.reach(&glyph);
            }
        }
        if let Some(block) = self.blocks.last_mut() {
            match &glyph.text {
                Text::Unknown => {}
                Text::Char(c) => character(&mut block.text, *c),
                Text::Many(s) => {
                    for c in s.chars() {
                        character(&mut block.text, c);
                    }
                }
            }
        }
        if self.recent.len() >= 2 * STRUCK_TWICE_WINDOW {
            self.recent.drain(..STRUCK_TWICE_WINDOW);
        }
        self.recent.push(glyph.clone());
        self.last = Some(glyph);
    }

    fn is_struck_twice(&self, glyph: &Glyph) -> bool {
        self.recent.iter().rev().any(|earlier| {
            let (along, across) = glyph.split(earlier.x - glyph.x, earlier.y - glyph.y);
            along.abs() < SAME_PLACE * glyph.em
                && across.abs() < 2.0 * SAME_PLACE * glyph.em
                && earlier.text == glyph.text
        })
    }
}

fn space(text: &mut String) {
    if !text.is_empty() && !text.ends_with([' ', '\n']) {
        text.push(' ');
    }
}

fn end_line(text: &mut String) {
    let end = text.trim_end_matches(' ').len();
    text.truncate(end);
    if !text.is_empty() && !text.ends_with('\n') {
        text.push('\n');
    }
}

fn character(text: &mut String, c: char) {
    match c {
        '\u{fb00}' => text.push_str("ff"),
        '\u{fb01}' => text.push_str("fi"),
        '\u{fb02}' => text.push_str("fl"),
        '\u{fb03}' => text.push_str("ffi"),
        '\u{fb04}' => text.push_str("ffl"),
        '\u{fb05}' | '\u{fb06}' => text.push_str("st"),
        '\u{fffd}' | '\u{feff}' => {}
        c if c.is_whitespace() => space(text),
        c if c.is_control() => {}
        c => text.push(c),
    }
}

/// What lies between two glyphs, and whether the pen went back.
fn between(last: &Glyph, next: &Glyph) -> (Between, bool) {
    let (ex, ey) = last.end();
    let (along, _) = last.split(next.x - ex, next.y - ey);
    let (_, across) = last.split(next.x - last.x, next.y - last.y);
    let em = last.em.max(next.em);
    let turn = last.direction.0 * next.direction.0 + last.direction.1 * next.direction.1;
    let back = along < -SAME_PLACE * em;
    let between = if turn < 0.9 {
        Between::Block
    } else if across.abs() > NEW_BASELINE * em {
        // Downwards is the next line; far down, or up to another column, is another block.
        if across > 0.0 || -across > BLOCK_GAP * em { Between::Block } else { Between::Line }
    } else if along < -JUMP_BACK * em || along > WIDE_GAP * em {
        Between::Block
    } else if along > space_between(last, next) * last.em.min(next.em) {
        Between::Space
    } else {
        Between::Nothing
    };
    (between, back)
}

/// The least gap, in ems, that is a space between these glyphs.
fn space_between(last: &Glyph, next: &Glyph) -> f64 {
    let is_sign = |glyph: &Glyph| glyph.char().is_some_and(|c| !c.is_alphanumeric());
    if is_sign(last) || is_sign(next) { SPACE_AT_SIGN } else { SPACE }
}
