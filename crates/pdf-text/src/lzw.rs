//! LZW as PDF uses it (ISO 32000-2, 7.4.4), stopping at a limit.

use crate::decode::TooBig;

const CLEAR: usize = 256;
const END: usize = 257;
const MOST_ENTRIES: usize = 4096;

/// One string of the table: another one, and a byte more.
#[derive(Clone, Copy)]
struct Entry {
    prefix: usize,
    byte: u8,
}

/// Decodes up to the end mark, the end of the data or an impossible code.
pub(crate) fn decode(data: &[u8], early: bool, limit: usize) -> Result<Vec<u8>, TooBig> {
    let mut decoded = Vec::new();
    let mut table: Vec<Entry> = Vec::with_capacity(MOST_ENTRIES);
    let mut previous: Option<usize> = None;
    let mut text = Vec::new();
    let mut bits = Bits { data, at: 0, held: 0, count: 0 };
    // Codes 0 to 255 are bytes; the table begins after the two marks.
    let known = |table: &[Entry]| table.len() + END + 1;
    while let Some(code) = bits.next(width(known(&table), early)) {
        match code {
            CLEAR => {
                table.clear();
                previous = None;
                continue;
            }
            END => break,
            code if code < known(&table) => spell(&table, code, &mut text),
            // The string being defined just now: the previous one and its own first byte.
            code if code == known(&table) => match previous {
                Some(previous) => {
                    spell(&table, previous, &mut text);
                    text.extend(text.first().copied());
                }
                None => break,
            },
            _ => break,
        }
        if decoded.len() + text.len() > limit {
            return Err(TooBig);
        }
        decoded.extend_from_slice(&text);
        if let (Some(prefix), Some(byte)) = (previous, text.first().copied())
            && known(&table) < MOST_ENTRIES
        {
            table.push(Entry { prefix, byte });
        }
        previous = Some(code);
    }
    Ok(decoded)
}

/// Writes the string of a code into `text`.
fn spell(table: &[Entry], code: usize, text: &mut Vec<u8>) {
    text.clear();
    let mut code = code;
    while let Some(entry) = code.checked_sub(END + 1).and_then(|index| table.get(index)) {
        text.push(entry.byte);
        code = entry.prefix;
    }
    text.extend(u8::try_from(code));
    text.reverse();
}

/// How many bits the next code has.
fn width(known: usize, early: bool) -> u32 {
    match known + usize::from(early) {
        2048.. => 12,
        1024.. => 11,
        512.. => 10,
        _ => 9,
    }
}

/// Bits, the highest first.
struct Bits<'d> {
    data: &'d [u8],
    at: usize,
    held: u32,
    count: u32,
}

impl Bits<'_> {
    fn next(&mut self, width: u32) -> Option<usize> {
        while self.count < width {
            self.held = self.held << 8 | u32::from(*self.data.get(self.at)?);
            self.at += 1;
            self.count += 8;
        }
        self.count -= width;
        let code = self.held >> self.count & ((1 << width) - 1);
        usize::try_from(code).ok()
    }
}
