//! Tokens of a content stream, as ranges of its bytes.
//!
//! Only as much syntax as is needed to tell operators from operands: what an operand means is
//! left to the interpreter.

/// A token of a content stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Token<'c> {
    /// A number, name, string, array or dictionary, with its bytes.
    Operand(&'c [u8]),
    /// An operator.
    Operator(&'c [u8]),
}

/// Reads the tokens of a content stream; whatever is malformed ends the stream.
pub(crate) struct Scanner<'c> {
    content: &'c [u8],
    at: usize,
}

impl<'c> Scanner<'c> {
    pub(crate) fn new(content: &'c [u8]) -> Self {
        Self { content, at: 0 }
    }

    /// The next token.
    pub(crate) fn next(&mut self) -> Option<Token<'c>> {
        self.skip_blank();
        let start = self.at;
        let operand = match self.peek()? {
            b'(' => self.skip_string(),
            b'<' if self.peek_at(1) == Some(b'<') => self.skip_group(b"<<", b">>"),
            b'<' => self.skip_past(b'>'),
            b'[' => self.skip_group(b"[", b"]"),
            b'/' => {
                self.at += 1;
                self.skip_regular();
                true
            }
            b'+' | b'-' | b'.' | b'0'..=b'9' => {
                self.skip_number();
                true
            }
            // A closing bracket without an opening one: step over it.
            b')' | b'>' | b']' | b'{' | b'}' => {
                self.at += 1;
                return self.next_after_stray();
            }
            _ => {
                self.skip_regular();
                false
            }
        };
        let bytes = self.content.get(start..self.at)?;
        Some(if operand { Token::Operand(bytes) } else { Token::Operator(bytes) })
    }

    /// Steps over the data of an inline image, up to and with its `EI`; the scanner stands behind
    /// its `BI`.
    pub(crate) fn skip_inline_image(&mut self) {
        loop {
            match self.next() {
                None => return,
                Some(Token::Operator(b"ID")) => break,
                Some(_) => {}
            }
        }
        // One white space, then data that may hold anything, `EI` included.
        self.at += 1;
        while let Some(rest) = self.content.get(self.at..) {
            let Some(found) = rest.windows(2).position(|pair| pair == b"EI") else {
                self.at = self.content.len();
                return;
            };
            let end = self.at + found;
            self.at = end + 2;
            let before = end.checked_sub(1).and_then(|i| self.content.get(i));
            let ends = before.is_none_or(|byte| is_blank(*byte))
                && self.peek().is_none_or(is_blank)
                && self.looks_like_content();
            if ends {
                return;
            }
        }
    }

    /// Whether the next bytes are text rather than the data of an image.
    fn looks_like_content(&self) -> bool {
        let rest = self.content.get(self.at..).unwrap_or_default();
        rest.iter().take(12).all(|byte| is_blank(*byte) || byte.is_ascii_graphic())
    }

    /// Not recursion, so that a million stray brackets cost no stack.
    fn next_after_stray(&mut self) -> Option<Token<'c>> {
        loop {
            self.skip_blank();
            match self.peek()? {
                b')' | b'>' | b']' | b'{' | b'}' => self.at += 1,
                _ => return self.next(),
            }
        }
    }

    fn peek(&self) -> Option<u8> {
        self.content.get(self.at).copied()
    }

    fn peek_at(&self, ahead: usize) -> Option<u8> {
        self.content.get(self.at + ahead).copied()
    }

    fn skip_while(&mut self, wanted: impl Fn(u8) -> bool) {
        while self.peek().is_some_and(&wanted) {
            self.at += 1;
        }
    }

    fn skip_blank(&mut self) {
        loop {
            self.skip_while(is_blank);
            if self.peek() != Some(b'%') {
                return;
            }
            self.skip_while(|byte| byte != b'\n' && byte != b'\r');
        }
    }

    fn skip_regular(&mut self) {
        self.skip_while(|byte| !is_blank(byte) && !is_delimiter(byte));
    }

    fn skip_number(&mut self) {
        self.at += 1;
        self.skip_while(|byte| byte.is_ascii_digit() || byte == b'.' || byte == b'-');
    }

    fn skip_past(&mut self, last: u8) -> bool {
        self.skip_while(|byte| byte != last);
        self.at = (self.at + 1).min(self.content.len());
        true
    }

    /// A string in parentheses, which may be nested.
    fn skip_string(&mut self) -> bool {
        let mut depth = 0_usize;
        while let Some(byte) = self.peek() {
            self.at += 1;
            match byte {
                b'\\' => self.at = (self.at + 1).min(self.content.len()),
                b'(' => depth += 1,
                b')' => {
                    depth = depth.saturating_sub(1);
                    if depth == 0 {
                        break;
                    }
                }
                _ => {}
            }
        }
        true
    }

    /// An array or a dictionary, with everything in it.
    fn skip_group(&mut self, open: &[u8], close: &[u8]) -> bool {
        let mut depth = 0_usize;
        while let Some(byte) = self.peek() {
            // Most bytes are none of these, and nothing else is asked of them.
            let bracket: &[u8] = match byte {
                b'%' => {
                    self.skip_blank();
                    continue;
                }
                b'(' => {
                    self.skip_string();
                    continue;
                }
                b'<' if self.peek_at(1) == Some(b'<') => b"<<",
                // The bracket that ends it may stand right before those that end a dictionary.
                b'<' => {
                    self.skip_past(b'>');
                    continue;
                }
                b'>' if self.peek_at(1) == Some(b'>') => b">>",
                b'[' => b"[",
                b']' => b"]",
                _ => b" ",
            };
            self.at += bracket.len();
            if bracket == open {
                depth += 1;
            } else if bracket == close {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    break;
                }
            }
        }
        true
    }
}

/// White space of PDF syntax.
pub(crate) fn is_blank(byte: u8) -> bool {
    matches!(byte, b'\0' | b'\t' | b'\n' | b'\x0c' | b'\r' | b' ')
}

fn is_delimiter(byte: u8) -> bool {
    matches!(byte, b'(' | b')' | b'<' | b'>' | b'[' | b']' | b'{' | b'}' | b'/' | b'%')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tokens(content: &str) -> Vec<String> {
        let mut scanner = Scanner::new(content.as_bytes());
        let mut tokens = Vec::new();
        while let Some(token) = scanner.next() {
            let (kind, bytes) = match token {
                Token::Operand(bytes) => ("", bytes),
                Token::Operator(bytes) => ("!", bytes),
            };
            tokens.push(format!("{kind}{}", String::from_utf8_lossy(bytes)));
        }
        tokens
    }

    #[test]
    fn operators_are_told_from_operands_of_every_kind() {
        assert_eq!(
            tokens("/F1 12.5 Tf -3 .5 Td(a)Tj<0a>Tj[(b)-20<0c>]TJ/P<</M 1/N<</O(>>)>>>>BDC T*"),
            [
                "/F1",
                "12.5",
                "!Tf",
                "-3",
                ".5",
                "!Td",
                "(a)",
                "!Tj",
                "<0a>",
                "!Tj",
                "[(b)-20<0c>]",
                "!TJ",
                "/P",
                "<</M 1/N<</O(>>)>>>>",
                "!BDC",
                "!T*"
            ]
        );
    }

    #[test]
    fn brackets_within_strings_and_comments_count_for_nothing() {
        assert_eq!(tokens("(a\\)b(c)) Tj % (never\nET"), ["(a\\)b(c))", "!Tj", "!ET"]);
        assert_eq!(tokens("[(]) % ]\n 1] TJ"), ["[(]) % ]\n 1]", "!TJ"]);
    }

    #[test]
    fn a_string_may_end_right_before_its_dictionary() {
        assert_eq!(
            tokens("/P<</A<FEFF>>>BDC/P<</A<<FEFF>>>>BDC"),
            ["/P", "<</A<FEFF>>>", "!BDC", "/P", "<</A<<FEFF>>>>", "!BDC"]
        );
        assert_eq!(tokens("[<41>[<42>]<</B<43>>>]TJ"), ["[<41>[<42>]<</B<43>>>]", "!TJ"]);
    }

    #[test]
    fn what_is_not_closed_reaches_to_the_end() {
        for content in ["(abc", "<abc", "[1 2", "<< /A (", "/", "-"] {
            assert_eq!(tokens(content), [content]);
        }
    }

    #[test]
    fn stray_closing_brackets_are_stepped_over() {
        assert_eq!(tokens("] ) > }} { q"), ["!q"]);
        assert!(tokens(&")".repeat(1_000_000)).is_empty());
    }

    #[test]
    fn an_inline_image_ends_at_the_ei_that_content_follows() {
        let content = b"BI /W 1 ID \x00EI\x01 EI \x02\xff\x80 EI Q q";
        let mut scanner = Scanner::new(content);
        assert_eq!(scanner.next(), Some(Token::Operator(b"BI")));
        scanner.skip_inline_image();
        assert_eq!(scanner.next(), Some(Token::Operator(b"Q")));
    }

    #[test]
    fn an_inline_image_without_end_takes_everything() {
        for content in ["BI /W 1 ID abc", "BI /W 1", "BI ID"] {
            let mut scanner = Scanner::new(content.as_bytes());
            assert_eq!(scanner.next(), Some(Token::Operator(b"BI")));
            scanner.skip_inline_image();
            assert_eq!(scanner.next(), None, "{content}");
        }
    }
}
