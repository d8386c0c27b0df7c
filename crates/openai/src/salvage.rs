//! Complete elements of an answer that was cut off.

/// The complete JSON objects inside the first array of a truncated `{"…": [ {…}, {…}, {…`.
///
/// Returns slices of the input; the unfinished last element is left out. The slices are balanced
/// in braces and strings, nothing more: the caller still parses each.
pub(crate) fn complete_elements(truncated: &str) -> Vec<&str> {
    let mut elements = Vec::new();
    let (mut depth, mut start) = (0usize, 0usize);
    let (mut in_string, mut escaped, mut in_array) = (false, false, false);
    for (at, byte) in truncated.bytes().enumerate() {
        if in_string {
            match byte {
                _ if escaped => escaped = false,
                b'\\' => escaped = true,
                b'"' => in_string = false,
                _ => {}
            }
            continue;
        }
        match byte {
            b'"' => in_string = true,
            b'[' if depth == 1 => in_array = true,
            b'{' => {
                if in_array && depth == 1 {
                    start = at;
                }
                depth += 1;
            }
            b'}' => {
                depth = depth.saturating_sub(1);
                if in_array && depth == 1 {
                    elements.extend(truncated.get(start..=at));
                }
            }
            b']' if depth == 1 => break,
            _ => {}
        }
    }
    elements
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::{Value, json};

    #[test]
    fn the_unfinished_element_is_left_out() {
        let text = r#"{"questions": [{"a": 1}, {"a": {"b": 2}}, {"a": "cut of"#;
        assert_eq!(complete_elements(text), [r#"{"a": 1}"#, r#"{"a": {"b": 2}}"#]);
    }

    #[test]
    fn braces_and_quotes_inside_strings_do_not_count() {
        let text = r#"{"questions": [{"a": "}\"]{"}, {"#;
        assert_eq!(complete_elements(text), [r#"{"a": "}\"]{"}"#]);
    }

    #[test]
    fn nothing_complete_gives_nothing() {
        for text in ["", "{", r#"{"questions": ["#, r#"{"questions": [{"a": 1"#, "}}}]", "not json"]
        {
            assert!(complete_elements(text).is_empty(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn a_cut_anywhere_gives_only_whole_elements(strings in prop::collection::vec("\\PC{0,20}", 1..6), cut in 0.0f64..1.0) {
            let elements: Vec<Value> = strings.iter().map(|s| json!({"t": s, "o": {"k": s}})).collect();
            let whole = json!({ "questions": elements }).to_string();
            #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss)]
            let mut at = (whole.len() as f64 * cut) as usize;
            while !whole.is_char_boundary(at) { at -= 1; }
            let found: Vec<Value> = complete_elements(&whole[..at]).iter().map(|s| serde_json::from_str(s).unwrap()).collect();
            prop_assert_eq!(&found[..], &elements[..found.len()]);
        }
    }
}
