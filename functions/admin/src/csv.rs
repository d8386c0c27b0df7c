//! Students as CSV (RFC 4180), as spreadsheets open it: UTF-8 with a byte order mark.

use crate::students::Student;
use edge::Language;
use std::fmt::Display;

const HEADER: [[&str; 2]; 14] = [
    ["Inscription", "Registration"],
    ["Étudiant", "Student"],
    ["Nom", "Name"],
    ["E-mail", "E-mail"],
    ["Numéro WhatsApp", "WhatsApp number"],
    ["Masterclass", "Masterclass"],
    ["Validée", "Validated"],
    ["Inscrit le", "Registered at"],
    ["Score PRE", "PRE score"],
    ["Score POST", "POST score"],
    ["Score maximal", "Maximum score"],
    ["Gain", "Gain"],
    ["PRE rendu le", "PRE taken at"],
    ["POST rendu le", "POST taken at"],
];

/// What a formula begins with.
const FORMULA: [char; 8] = ['=', '+', '-', '@', '＝', '＋', '－', '＠'];

/// A header line in `language`, then a line for each student.
pub(crate) fn students(students: &[Student], language: Language) -> String {
    let say = |french, english| if language == Language::French { french } else { english };
    let mut csv = Csv(String::with_capacity(256 * (students.len() + 1)));
    csv.0.push('\u{feff}');
    for [french, english] in HEADER {
        csv.text(Some(say(french, english)));
    }
    csv.end_line();
    for student in students {
        csv.text(Some(&student.inscription_id));
        csv.text(student.student_id.as_deref());
        csv.text(student.full_name.as_deref());
        csv.text(student.email.as_deref());
        csv.text(student.whatsapp_number.as_deref());
        csv.text(Some(&student.masterclass_title));
        csv.text(Some(if student.validated { say("oui", "yes") } else { say("non", "no") }));
        csv.text(Some(&student.registered_at));
        csv.number(student.pre_score);
        csv.number(student.post_score);
        csv.number(student.max_score);
        csv.number(student.gain);
        csv.text(student.pre_taken_at.as_deref());
        csv.text(student.post_taken_at.as_deref());
        csv.end_line();
    }
    csv.0
}

struct Csv(String);

impl Csv {
    /// A field of text. What a spreadsheet would take for a formula gets an apostrophe in front:
    /// <https://owasp.org/www-community/attacks/CSV_Injection>. A French Excel parts cells at
    /// semicolons, and quotes do not protect within a cell: what follows one begins a cell there.
    fn text(&mut self, text: Option<&str>) {
        let text = text.unwrap_or_default();
        let formula =
            text.starts_with(['\t', '\r', '\n']) || text.trim_start().starts_with(FORMULA);
        let quoted = text.contains([',', '"', '\r', '\n']);
        if quoted {
            self.0.push('"');
        }
        if formula {
            self.0.push('\'');
        }
        let mut begins = false;
        for character in text.chars() {
            if begins && FORMULA.contains(&character) {
                self.0.push('\'');
            }
            begins = [';', '\t', '\r', '\n'].contains(&character)
                || begins && (character == '"' || character.is_whitespace());
            if character == '"' {
                self.0.push('"');
            }
            self.0.push(character);
        }
        self.0.push_str(if quoted { "\"," } else { "," });
    }

    /// A field we computed: a minus sign in front is one.
    fn number(&mut self, number: Option<impl Display>) {
        if let Some(number) = number {
            self.0.push_str(&number.to_string());
        }
        self.0.push(',');
    }

    fn end_line(&mut self) {
        self.0.pop();
        self.0.push_str("\r\n");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn student(name: &str) -> Student {
        Student {
            inscription_id: "i".into(),
            student_id: None,
            full_name: Some(name.into()),
            email: Some("a@b.ga".into()),
            whatsapp_number: Some("+24174000000".into()),
            masterclass_id: "m".into(),
            masterclass_title: "Le sang, la vie".into(),
            validated: true,
            registered_at: "2026-11-21T08:00:00+00:00".into(),
            pre_score: Some(5),
            post_score: Some(4),
            max_score: Some(10),
            gain: Some(-0.2),
            pre_taken_at: None,
            post_taken_at: None,
        }
    }

    fn field(text: &str) -> String {
        let mut csv = Csv(String::new());
        csv.text(Some(text));
        csv.0.pop();
        csv.0
    }

    #[test]
    fn a_line_for_each_student_under_a_header_in_the_callers_language() {
        let french = students(&[student("Élodie")], Language::French);
        let lines: Vec<_> = french.split("\r\n").collect();
        assert!(lines[0].starts_with("\u{feff}Inscription,Étudiant,Nom,"), "{french}");
        assert_eq!(
            lines[1],
            "i,,Élodie,a@b.ga,'+24174000000,\"Le sang, la vie\",oui,2026-11-21T08:00:00+00:00,5,4,10,\
             -0.2,,"
        );
        assert_eq!((lines[2], lines.len()), ("", 3));
        let english = students(&[student("Élodie")], Language::English);
        assert!(english.contains(",PRE score,") && english.contains(",yes,"), "{english}");
    }

    #[test]
    fn formulas_are_text() {
        for harmful in
            ["=1+1", "+1", "-1", "@SUM(A1)", "\tx", "\rx", "  =1+1", "＝1+1", "=cmd|' /C calc'!A0"]
        {
            let written = field(harmful);
            assert!(written.trim_start_matches('"').starts_with('\''), "{written:?}");
        }
        assert_eq!(field("=HYPERLINK(\"x\",1)"), "\"'=HYPERLINK(\"\"x\"\",1)\"");
        assert_eq!(field(";=1+1;"), ";'=1+1;");
        assert_eq!(field("a; +1"), "a; '+1");
        assert_eq!(field(";\"=1+1"), "\";\"\"'=1+1\"");
        assert_eq!(field("Jean-Pierre; Ali"), "Jean-Pierre; Ali");
    }

    /// A reader as RFC 4180, section 2, describes it.
    fn read(csv: &str) -> Vec<Vec<String>> {
        let (mut rows, mut row, mut cell) = (Vec::new(), Vec::new(), String::new());
        let (mut quoted, mut left) = (false, csv.chars().peekable());
        while let Some(c) = left.next() {
            match (quoted, c) {
                (true, '"') if left.peek() == Some(&'"') => cell.extend(left.next()),
                (_, '"') => quoted = !quoted,
                (false, ',') => row.push(std::mem::take(&mut cell)),
                (false, '\r') if left.peek() == Some(&'\n') => {
                    left.next();
                    row.push(std::mem::take(&mut cell));
                    rows.push(std::mem::take(&mut row));
                }
                (_, c) => cell.push(c),
            }
        }
        rows
    }

    proptest::proptest! {
        #[test]
        fn whatever_the_name_a_reader_gets_it_back(name in ".*|[=+,;\"\r\n a-c]*") {
            let csv = students(&[student(&name)], Language::French);
            let rows = read(&csv);
            proptest::prop_assert_eq!(rows.len(), 2);
            proptest::prop_assert_eq!(rows[1].len(), HEADER.len());
            proptest::prop_assert_eq!(rows[1][2].replace('\'', ""), name.replace('\'', ""));
        }
    }
}
