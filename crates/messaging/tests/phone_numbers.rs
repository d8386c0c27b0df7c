//! What people type, the numbers of every country, and the sentences that help.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use messaging::{PhoneError, PhoneNumber};

fn e164(typed: &str) -> String {
    match PhoneNumber::parse(typed) {
        Ok(number) => number.e164().to_owned(),
        Err(error) => panic!("{typed:?}: {error}"),
    }
}

#[test]
fn a_number_of_gabon_is_read_however_it_is_written() {
    for typed in [
        "074 00 00 00",
        "074000000",
        "74000000",
        "74 00 00 00",
        "74-00-00-00",
        "074.00.00.00",
        " 074/00/00/00 ",
        "+241 74 00 00 00",
        "+24174000000",
        "+241 074 00 00 00",
        "+241 (0)74 00 00 00",
        "(+241) 74 00 00 00",
        "00241 74 00 00 00",
        "00241074000000",
        // No country code begins with 0.
        "+00241 74 00 00 00",
        "241 74 00 00 00",
        // As copied from a contact, with invisible marks and a space that does not break.
        "\u{202a}+241\u{a0}74\u{a0}00\u{a0}00\u{a0}00\u{202c}",
        "\u{ff0b}241 74 00 00 00",
    ] {
        assert_eq!(e164(typed), "+24174000000", "{typed:?}");
    }
    assert_eq!(e164("011 44 12 34"), "+24111441234");
    assert_eq!(e164("060 00 00 00"), "+24160000000");
    assert_eq!(e164("066 12 34 56"), "+24166123456");
}

#[test]
fn the_digits_are_what_whapi_takes_and_gives() {
    let number = PhoneNumber::parse("074 00 00 00").unwrap();
    assert_eq!(number.digits(), "24174000000");
    assert_eq!(number.country(), "GA");
    assert_eq!(PhoneNumber::from_digits(number.digits()).unwrap(), number);
    // An account that was opened before Benin's renumbering keeps its name in WhatsApp.
    assert_eq!(PhoneNumber::from_digits("22997000000").unwrap().e164(), "+2290197000000");
}

/// Sources: `src/phone/plans.rs`.
#[test]
fn renumbered_countries_are_read_as_they_dial_today() {
    // Benin, 30 November 2024: 01 before the former number, which many still write.
    for typed in ["+229 01 97 00 00 00", "+229 97 00 00 00", "00229 97000000", "+0229 97000000"] {
        assert_eq!(e164(typed), "+2290197000000", "{typed}");
    }
    for typed in ["01 97 00 00 00", "97 00 00 00", "229 01 97 00 00 00"] {
        assert_eq!(PhoneNumber::parse_in(typed, "BJ").unwrap().e164(), "+2290197000000", "{typed}");
    }
    // Eleven digits without + could be anything.
    assert_eq!(PhoneNumber::parse_in("229 97 00 00 00", "BJ").unwrap_err(), PhoneError::Length);
    // Côte d'Ivoire, 31 January 2021: two digits that depend on the operator.
    assert_eq!(e164("+225 07 18 13 99 12"), "+2250718139912");
    assert_eq!(PhoneNumber::parse("+225 18 13 99 12").unwrap_err(), PhoneError::OldIvoryCoast);
    assert_eq!(PhoneNumber::parse_in("18139912", "CI").unwrap_err(), PhoneError::OldIvoryCoast);
    // Gabon, 15 November 2019, final on 6 April 2024: one digit that depends on the operator.
    for typed in ["07 28 01 50", "+241 07 28 01 50", "00241 06111111", "01 44 12 34"] {
        assert_eq!(PhoneNumber::parse(typed).unwrap_err(), PhoneError::OldGabon, "{typed}");
    }
    assert_eq!(e164("077 28 01 50"), "+24177280150");
}

#[test]
fn every_known_number_is_read_in_both_its_forms() {
    let mut read = 0;
    for line in include_str!("data/numbers.tsv").lines().filter(|line| !line.starts_with('#')) {
        let fields: Vec<&str> = line.split('\t').collect();
        let [region, international, national, expected] = fields[..] else { panic!("{line}") };
        assert_eq!(e164(international), expected, "{line}");
        if !national.is_empty() {
            let number = PhoneNumber::parse_in(national, region)
                .unwrap_or_else(|error| panic!("{line}: {error}"));
            assert_eq!(number.e164(), expected, "{line}");
            if ["GA", "BJ", "CI", "SN", "CM", "FR"].contains(&region) {
                assert_eq!(number.country(), region, "{line}");
            }
        }
        read += 1;
    }
    assert!(read > 850, "{read} numbers");
}

#[test]
fn numbers_that_nobody_has_are_refused_with_the_reason() {
    use PhoneError::{Character, Country, Length, Missing, OldGabon, Prefix};
    for (typed, error) in [
        ("", Missing),
        ("   ", Missing),
        ("+", Missing),
        ("( ) -", Missing),
        // A digit is missing, or a digit was never added: nobody but the writer knows.
        ("074 00 00 0", OldGabon),
        ("074 00 00 000", Length),
        ("74 00 00 0", Length),
        ("+241 74 00 00", Length),
        ("+229 12 97 00 00 00", Length),
        ("+229 81 00 00 00", Length),
        ("+221 55 123 45 67", Prefix),
        ("+237 88 01 23 45", Length),
        ("+33 8 91 12 34 56", Prefix),
        ("052 12 34 56", Prefix),
        ("+241 99 00 00 00", Prefix),
        ("+999 12 34 56 78", Country),
        ("+1 111 111 1111", Prefix),
        // Another country's access code is not tried: this could be the Netherlands, or a slip.
        ("011 31 11 09 65", Length),
        // A country code without + is not guessed.
        ("229 01 97 00 00 00", Length),
        ("12025550173", Length),
        // Letters, extensions, two numbers, other people's digits.
        ("1-800-FLOWERS", Character),
        ("074 00 00 00 ext 5", Character),
        ("074 00 00 00, 066 00 00 00", Character),
        ("074 00 00 00 / 066 00 00 00", Length),
        ("+241+74000000", Character),
        ("074 00 00 00+", Character),
        ("tel:+24174000000", Character),
        ("٠٧٤٠٠٠٠٠٠", Character),
    ] {
        assert_eq!(PhoneNumber::parse(typed).map(|n| n.e164().to_owned()), Err(error), "{typed:?}");
    }
    assert_eq!(PhoneNumber::parse_in("74000000", "XX").unwrap_err(), Country);
    assert_eq!(PhoneNumber::parse(&"0".repeat(10_000)).unwrap_err(), Character);
}

#[test]
fn every_refusal_says_what_to_do_in_both_languages() {
    use PhoneError::{Character, Country, Length, Missing, OldGabon, OldIvoryCoast, Prefix};
    for error in [Missing, Character, Country, Length, OldGabon, OldIvoryCoast, Prefix] {
        let [french, english] = error.message();
        assert!(error.code().starts_with("phone_number_"));
        assert!(french.ends_with('.') && english.ends_with('.'), "{error:?}");
        assert!(!french.contains(" :") && !french.contains(" ;"), "no plain space: {french}");
        assert_ne!(french, english);
    }
}

#[test]
fn a_number_is_not_shown_by_debug() {
    let shown = format!("{:?}", PhoneNumber::parse("074 00 00 00").unwrap());
    assert_eq!(shown, "PhoneNumber { country: \"GA\", .. }");
}
