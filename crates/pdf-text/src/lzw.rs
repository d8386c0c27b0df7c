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

#[cfg(test)]
mod tests {
    use super::*;

    /// Writes codes of these widths.
    fn pack(codes: &[(usize, u32)]) -> Vec<u8> {
        let bits: String = codes
            .iter()
            .map(|&(code, width)| format!("{code:0width$b}", width = width as usize))
            .collect();
        let mut padded = bits;
        while !padded.len().is_multiple_of(8) {
            padded.push('0');
        }
        (0..padded.len() / 8)
            .map(|byte| u8::from_str_radix(&padded[byte * 8..byte * 8 + 8], 2).unwrap())
            .collect()
    }

    #[test]
    fn the_example_of_the_standard_is_decoded() {
        // ISO 32000-2, 7.4.4.2, example 1.
        let encoded = [0x80, 0x0b, 0x60, 0x50, 0x22, 0x0c, 0x0c, 0x85, 0x01];
        let decoded = decode(&encoded, true, 100).unwrap();
        assert_eq!(decoded, [45, 45, 45, 45, 45, 65, 45, 45, 45, 66]);
    }

    #[test]
    fn the_limit_is_held() {
        let encoded = [0x80, 0x0b, 0x60, 0x50, 0x22, 0x0c, 0x0c, 0x85, 0x01];
        assert_eq!(decode(&encoded, true, 9), Err(TooBig));
        assert!(decode(&encoded, true, 10).is_ok());
    }

    #[test]
    fn codes_grow_one_early_or_not() {
        // 255 single bytes fill the table to 512 entries and one.
        for early in [true, false] {
            let mut codes = vec![(CLEAR, 9)];
            let mut known = END + 1;
            for index in 0..400_usize {
                codes.push((index % 200, width(known, early)));
                if index > 0 {
                    known += 1;
                }
            }
            let decoded = decode(&pack(&codes), early, 1000).unwrap();
            let expected: Vec<u8> = (0..400_usize).map(|index| (index % 200) as u8).collect();
            assert_eq!(decoded.get(..400), Some(expected.as_slice()), "early: {early}");
        }
    }

    #[test]
    fn impossible_codes_end_the_data() {
        assert_eq!(decode(&pack(&[(CLEAR, 9), (65, 9), (400, 9)]), true, 10), Ok(vec![65]));
        assert_eq!(decode(&pack(&[(CLEAR, 9), (258, 9)]), true, 10), Ok(Vec::new()));
    }

    #[test]
    fn a_full_table_is_used_without_growing() {
        let mut codes = vec![(CLEAR, 9)];
        let mut known = END + 1;
        for index in 0..6000_usize {
            codes.push((index % 251, width(known, true)));
            if index > 0 && known < MOST_ENTRIES {
                known += 1;
            }
        }
        assert_eq!(decode(&pack(&codes), true, 10_000).map(|d| d.len() >= 6000), Ok(true));
    }
}
