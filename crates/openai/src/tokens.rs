//! How many tokens a text is, without the tokeniser.

/// An upper estimate of the tokens of `text`.
///
/// The provider's tokenisers need tables of several megabytes, too much for a Worker. By their
/// documentation a token is about four characters of English and fewer of other languages; here
/// plain letters and spaces count a third of a token, digits, punctuation and accented Latin
/// letters a half, and every other script one token per character. That overstates French and
/// English prose, so a budget holds rather than breaks.
#[must_use]
pub fn estimate_tokens(text: &str) -> usize {
    let sixths: usize = text.chars().map(sixths_of_a_token).sum();
    sixths.div_ceil(6)
}

fn sixths_of_a_token(character: char) -> usize {
    match character {
        'a'..='z' | 'A'..='Z' | ' ' => 2,
        '\0'..='\u{24F}' => 3,
        _ => 6,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prose_costs_at_least_a_token_for_four_characters() {
        let english = "The griot keeps the memory of the village and tells it.";
        assert!(estimate_tokens(english) >= english.len() / 4);
        assert!(estimate_tokens(english) <= english.len() / 2);
    }

    #[test]
    fn accents_and_other_scripts_cost_more_than_plain_letters() {
        assert!(estimate_tokens("éééééé") > estimate_tokens("eeeeee"));
        assert_eq!(estimate_tokens("漢字漢字"), 4);
        assert_eq!(estimate_tokens(""), 0);
    }
}
