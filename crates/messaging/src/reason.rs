//! The provider's own words, without what must not be logged.

/// Longest reason that is kept: a sentence or two.
const MAX_CHARACTERS: usize = 200;

/// Numbers this long may be telephone numbers; status codes and limits are shorter.
const LONGEST_PLAIN_NUMBER: usize = 5;

/// A provider's sentence as it may be stored and logged: one line, short, and without what could be
/// a number, an address, an identifier or a token.
pub fn safe_reason(words: &str) -> String {
    let mut kept = String::new();
    for word in words.split(|c: char| c.is_whitespace() || c.is_control()) {
        if word.is_empty() {
            continue;
        }
        if !kept.is_empty() {
            kept.push(' ');
        }
        kept.push_str(if is_private(word) { "…" } else { word });
    }
    match kept.char_indices().nth(MAX_CHARACTERS) {
        Some((end, _)) => kept.get(..end).unwrap_or_default().to_owned(),
        None => kept,
    }
}

fn is_private(word: &str) -> bool {
    let digits = word.chars().filter(char::is_ascii_digit).count();
    digits > LONGEST_PLAIN_NUMBER || word.contains('@') || word.chars().count() > 40
}

#[cfg(test)]
mod tests {
    use super::safe_reason;

    #[test]
    fn words_stay_and_what_could_be_private_goes() {
        assert_eq!(safe_reason("Specified contact\nnot  found"), "Specified contact not found");
        assert_eq!(safe_reason("to: +241-74.00.00.00 is wrong (400)"), "to: … is wrong (400)");
        assert_eq!(safe_reason("24174000000@s.whatsapp.net awa@example.org"), "… …");
        assert_eq!(safe_reason(&format!("token {}", "x".repeat(41))), "token …");
        assert_eq!(safe_reason("\u{0}\u{7}"), "");
    }

    #[test]
    fn a_novel_is_cut() {
        assert_eq!(safe_reason(&"é ".repeat(900)).chars().count(), 200);
    }
}
