//! The form in which a quote and a page are compared.
//!
//! Two extractors (or a person copying from a viewer) rarely agree on spaces, line-end hyphens,
//! ligatures or the shape of quotation marks; they agree on letters, digits, case and order. The
//! canonical form keeps exactly those.

use unicode_normalization::UnicodeNormalization;

/// Brings a text into the form in which quotes are looked up: NFKC (which opens ligatures),
/// one shape of quotes and dashes, no hyphen inside a word, spaces only between two
/// letters or digits. Case is kept. Takes time linear in the text.
pub(crate) fn canonical(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut space = false;
    let mut hyphen = false;
    for original in text.nfkc() {
        let c = unify(original);
        if c.is_whitespace() {
            space = true;
            continue;
        }
        if c == '\u{ad}' || is_zero_width(c) {
            continue;
        }
        if c == '-' {
            // Decided when the next visible character is known.
            if hyphen {
                out.push('-');
            }
            hyphen = true;
            space = false;
            continue;
        }
        let joins = out.chars().next_back().is_some_and(char::is_alphabetic) && c.is_alphabetic();
        if hyphen {
            if !joins {
                out.push('-');
            }
        } else if space
            && c.is_alphanumeric()
            && out.chars().next_back().is_some_and(char::is_alphanumeric)
        {
            out.push(' ');
        }
        out.push(c);
        hyphen = false;
        space = false;
    }
    if hyphen {
        out.push('-');
    }
    out
}

/// One shape for the variants of quotes, apostrophes and dashes.
fn unify(c: char) -> char {
    match c {
        '\u{2018}' | '\u{2019}' | '\u{201a}' | '\u{201b}' | '\u{2032}' | '`' | '\u{b4}' => '\'',
        '«' | '»' | '\u{201c}' | '\u{201d}' | '\u{201e}' | '\u{201f}' | '\u{2033}' => '"',
        '\u{2010}'..='\u{2015}' | '\u{2212}' | '\u{fe58}' | '\u{fe63}' | '\u{ff0d}' => '-',
        other => other,
    }
}

fn is_zero_width(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200f}' | '\u{2060}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::canonical;

    #[test]
    fn ligatures_spaces_and_quotes_do_not_matter() {
        assert_eq!(
            canonical("l’e\u{fb03}cacité  «\u{a0}totale »"),
            canonical("l'efficacité \"totale\"")
        );
    }

    #[test]
    fn a_hyphen_at_a_line_end_is_like_none_and_like_a_hard_one() {
        assert_eq!(canonical("distribu-\ntion"), "distribution");
        assert_eq!(canonical("peut-\nêtre"), canonical("peut-être"));
    }

    #[test]
    fn case_digits_and_order_matter() {
        assert_ne!(canonical("Le prix"), canonical("le prix"));
        assert_ne!(canonical("1 200"), canonical("12 00"));
        assert_ne!(canonical("10-12"), canonical("1012"));
    }

    #[test]
    fn a_decomposed_accent_equals_a_composed_one() {
        assert_eq!(canonical("e\u{301}tude"), canonical("étude"));
    }
}
