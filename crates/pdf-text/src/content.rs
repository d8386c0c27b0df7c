//! A content stream reduced to what makes text.
//!
//! The interpreter is only shown operators that place text. Paths, colours, images, shadings and
//! patterns cost time, and each is a way for a hostile document to make the interpreter work; and
//! forms are drawn by us (`page`), who count what they cost.

use crate::scan::{Scanner, Token, is_blank};

/// Graphics states saved inside each other. Real content saves a few dozen.
const MOST_SAVED_STATES: usize = 256;

/// The mark that stands where a form is drawn.
pub(crate) const FORM_MARK: &[u8] = b"PdfTextForm";

/// A matrix in the order of the `cm` operator.
pub(crate) type Matrix = [f64; 6];

pub(crate) const IDENTITY: Matrix = [1.0, 0.0, 0.0, 1.0, 0.0, 0.0];

/// What makes text in a content stream.
#[derive(Debug, Default)]
pub(crate) struct TextContent {
    /// Operators that place text, and a mark for each of `forms`.
    pub(crate) operators: Vec<u8>,
    /// The forms and images drawn, in order.
    pub(crate) forms: Vec<Form>,
    /// What interpreting this costs: operators, and bytes of strings.
    pub(crate) operations: u64,
}

/// A form or an image as it is drawn.
#[derive(Debug, PartialEq)]
pub(crate) struct Form {
    /// Its name in the resources, without the slash, as written.
    pub(crate) name: Vec<u8>,
    /// From its space to that of the content stream.
    pub(crate) matrix: Matrix,
}

impl TextContent {
    /// Reduces a content stream.
    pub(crate) fn new(content: &[u8]) -> Self {
        let mut reduced = Self::default();
        let mut scanner = Scanner::new(content);
        let mut operands: Vec<&[u8]> = Vec::new();
        let mut matrix = IDENTITY;
        let mut saved: Vec<Matrix> = Vec::new();
        while let Some(token) = scanner.next() {
            let operator = match token {
                Token::Operand(operand) => {
                    operands.push(operand);
                    continue;
                }
                Token::Operator(operator) => operator,
            };
            match operator {
                b"q" if saved.len() < MOST_SAVED_STATES => {
                    saved.push(matrix);
                    reduced.keep(&[], operator);
                }
                b"Q" => {
                    if let Some(restored) = saved.pop() {
                        matrix = restored;
                        reduced.keep(&[], operator);
                    }
                }
                b"cm" => {
                    if let Some(change) = read_matrix(&operands) {
                        matrix = multiply(matrix, change);
                        reduced.keep(&operands, operator);
                    }
                }
                b"Do" => {
                    if let Some([b'/', name @ ..]) = operands.last() {
                        reduced.mark(name, matrix);
                    }
                }
                b"BI" => scanner.skip_inline_image(),
                b"BMC" | b"BDC" if !is_mark(&operands) => reduced.keep(&operands, operator),
                b"BT" | b"ET" | b"T*" | b"Tc" | b"Td" | b"TD" | b"Tf" | b"Tj" | b"TJ" | b"TL"
                | b"Tm" | b"Ts" | b"Tw" | b"Tz" | b"'" | b"\"" | b"EMC" => {
                    reduced.keep(&operands, operator);
                }
                _ => {}
            }
            operands.clear();
        }
        reduced
    }

    fn keep(&mut self, operands: &[&[u8]], operator: &[u8]) {
        self.operations += 1;
        // No operator has more than six operands that matter.
        let needed = operands.len().saturating_sub(6);
        for operand in operands.get(needed..).unwrap_or_default() {
            if matches!(operand.first(), Some(b'(' | b'<' | b'[')) {
                self.operations += operand.len() as u64;
            }
            self.operators.extend_from_slice(operand);
            self.operators.push(b' ');
        }
        self.operators.extend_from_slice(operator);
        self.operators.push(b'\n');
    }

    fn mark(&mut self, name: &[u8], matrix: Matrix) {
        self.operations += 1;
        self.operators.push(b'/');
        self.operators.extend_from_slice(FORM_MARK);
        self.operators.extend_from_slice(b" BMC EMC\n");
        self.forms.push(Form { name: name.to_vec(), matrix });
    }
}

/// Whether a document uses our mark for itself.
fn is_mark(operands: &[&[u8]]) -> bool {
    operands.iter().any(|operand| operand.get(1..) == Some(FORM_MARK))
}

/// The last six operands as a matrix.
fn read_matrix(operands: &[&[u8]]) -> Option<Matrix> {
    let first = operands.len().checked_sub(6)?;
    let mut matrix = IDENTITY;
    for (value, operand) in matrix.iter_mut().zip(operands.get(first..)?) {
        let digits = std::str::from_utf8(operand).ok()?;
        *value = digits.trim_matches(|c: char| is_blank(c as u8)).parse().ok()?;
    }
    Some(matrix)
}

/// The matrix that applies `second`, then `first`: what `cm` makes of the current one.
pub(crate) fn multiply(first: Matrix, second: Matrix) -> Matrix {
    let [a, b, c, d, e, f] = first;
    let [g, h, i, j, k, l] = second;
    [
        g * a + h * c,
        g * b + h * d,
        i * a + j * c,
        i * b + j * d,
        k * a + l * c + e,
        k * b + l * d + f,
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn operators(content: &str) -> String {
        String::from_utf8(TextContent::new(content.as_bytes()).operators).unwrap()
    }

    #[test]
    fn only_what_places_text_is_kept() {
        let content = "0 0 1 rg /G gs 1 2 m 3 4 l S BT /F 9 Tf (a) Tj ET /S sh 0 0 5 5 re W n";
        assert_eq!(operators(content), "BT\n/F 9 Tf\n(a) Tj\nET\n");
    }

    #[test]
    fn text_is_always_filled_so_that_it_is_given_once_and_never_clips() {
        assert_eq!(operators("7 Tr (a) Tj"), "(a) Tj\n");
    }

    #[test]
    fn a_form_is_marked_and_placed_by_the_matrices_before_it() {
        let content =
            TextContent::new(b"q 2 0 0 2 10 20 cm q 1 0 0 1 5 5 cm /A Do Q /B Do Q /C Do");
        let forms: Vec<_> = content.forms.iter().map(|f| (f.name.as_slice(), f.matrix)).collect();
        assert_eq!(
            forms,
            [
                (b"A".as_slice(), [2.0, 0.0, 0.0, 2.0, 20.0, 30.0]),
                (b"B", [2.0, 0.0, 0.0, 2.0, 10.0, 20.0]),
                (b"C", IDENTITY),
            ]
        );
        assert_eq!(
            String::from_utf8_lossy(&content.operators).matches("PdfTextForm BMC").count(),
            3
        );
    }

    #[test]
    fn our_own_mark_in_a_document_is_dropped() {
        assert_eq!(operators("/PdfTextForm BMC /PdfTextForm <</A 1>> BDC"), "");
        assert_eq!(operators("/Span <</A 1>> BDC EMC"), "/Span <</A 1>> BDC\nEMC\n");
    }

    #[test]
    fn states_are_restored_as_often_as_they_were_saved() {
        assert_eq!(operators("Q Q q Q Q"), "q\nQ\n");
        assert_eq!(operators(&"q ".repeat(1000)).matches('q').count(), MOST_SAVED_STATES);
    }

    #[test]
    fn a_matrix_that_is_none_is_ignored() {
        assert_eq!(operators("1 0 0 1 cm 1 0 (a) 1 0 0 cm"), "");
    }

    #[test]
    fn operations_count_operators_and_the_bytes_of_strings() {
        assert_eq!(TextContent::new(b"BT (abc) Tj ET").operations, 3 + 5);
        assert_eq!(TextContent::new(b"/X Do /X Do 1 2 m").operations, 2);
    }

    #[test]
    fn only_the_last_operands_are_kept() {
        assert_eq!(operators(&format!("{}(a) Tj", "1 ".repeat(1000))), "1 1 1 1 1 (a) Tj\n");
    }
}
