//! Accents drawn over letters.
//!
//! Documents of older LaTeX set "é" as the glyph of an acute accent and the glyph of "e" at the
//! same place. The two are one character to a reader.

use crate::glyph::Glyph;
use unicode_normalization::char::compose;

/// How far apart the centres of accent and letter may lie, in ems of the letter. Accents are
/// centred by TeX but follow the slant of italics.
const CENTRE_TOLERANCE: f64 = 0.25;

/// How far the baselines may differ, in ems: accents are raised over capitals.
const RAISE_TOLERANCE: f64 = 0.6;

/// The combining form of a spacing accent.
pub(crate) fn combining(accent: char) -> Option<char> {
    Some(match accent {
        '`' | '\u{2cb}' => '\u{300}',
        '´' | '\u{2ca}' => '\u{301}',
        '^' | 'ˆ' => '\u{302}',
        '~' | '˜' => '\u{303}',
        '¯' | '\u{2c9}' => '\u{304}',
        '˘' => '\u{306}',
        '˙' => '\u{307}',
        '¨' => '\u{308}',
        '˚' => '\u{30a}',
        '˝' => '\u{30b}',
        'ˇ' => '\u{30c}',
        '¸' => '\u{327}',
        '˛' => '\u{328}',
        '\u{300}'..='\u{328}' => accent,
        _ => return None,
    })
}

/// The one character that `accent` drawn over `letter` makes, or `None` when they do not overlap
/// or make no character.
pub(crate) fn composed(accent: &Glyph, letter: &Glyph) -> Option<char> {
    let mark = combining(accent.char()?)?;
    let base = match letter.char()? {
        'ı' => 'i',
        'ȷ' => 'j',
        other => other,
    };
    let (ax, ay) = accent.centre();
    let (lx, ly) = letter.centre();
    let (along, across) = letter.split(ax - lx, ay - ly);
    let near = along.abs() < CENTRE_TOLERANCE * letter.em
        && along.abs() < (accent.advance.max(letter.advance) / 2.0)
        && across.abs() < RAISE_TOLERANCE * letter.em;
    if near { compose(base, mark) } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::glyph::Text;

    fn glyph(c: char, x: f64, advance: f64) -> Glyph {
        Glyph { text: Text::Char(c), x, y: 0.0, direction: (1.0, 0.0), em: 10.0, advance }
    }

    #[test]
    fn every_spacing_accent_has_a_combining_form() {
        let composed: String = "`´ˆ˜¯˘˙¨˚˝ˇ¸˛"
            .chars()
            .zip("aeinageuuocca".chars())
            .map(|(accent, letter)| {
                composed(&glyph(accent, 1.0, 3.0), &glyph(letter, 0.0, 5.0)).unwrap_or('?')
            })
            .collect();
        assert_eq!(composed, "àéîñāğėüůőčçą");
    }

    #[test]
    fn an_accent_beside_the_letter_is_left_alone() {
        assert_eq!(composed(&glyph('´', 5.0, 3.0), &glyph('e', 0.0, 5.0)), None);
        let mut above = glyph('´', 1.0, 3.0);
        above.y = 8.0;
        assert_eq!(composed(&above, &glyph('e', 0.0, 5.0)), None, "of the line above");
    }

    #[test]
    fn dotless_letters_get_their_dot_back() {
        assert_eq!(composed(&glyph('¨', 0.0, 3.0), &glyph('ı', 0.0, 3.0)), Some('ï'));
        assert_eq!(composed(&glyph('ˆ', 0.0, 3.0), &glyph('ȷ', 0.0, 3.0)), Some('ĵ'));
    }

    #[test]
    fn what_is_no_letter_takes_no_accent() {
        assert_eq!(composed(&glyph('´', 0.0, 5.0), &glyph('+', 0.0, 5.0)), None);
        assert_eq!(composed(&glyph('e', 0.0, 5.0), &glyph('e', 0.0, 5.0)), None);
    }
}
