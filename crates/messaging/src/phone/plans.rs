//! The numbering plans of the countries the academies serve.
//!
//! The library knows how long the numbers of every country are. Here it is told how they begin,
//! by the classes of the regulators' plans (fixed, mobile) and not by the blocks of operators,
//! which change every year. Its data (libphonenumber) also still holds plans that have ended.

use super::PhoneError;

/// The numbers of one country that a person can have.
struct Plan {
    calling_code: &'static str,
    /// Digits of the national significant number.
    length: usize,
    /// How those numbers begin.
    prefixes: &'static [&'static str],
}

/// Sources, all as of 2026:
/// - Gabon: ARCEP's plan of 2019 (fixed 011; mobile 06 and 07, without the 0 from abroad); the
///   numbers of eight digits ended on 6 April 2024 (ANINF, 29 February 2024,
///   <http://news.alibreville.com/h/114469.html>).
/// - Benin: ARCEP Bénin; 01 before every former number since 30 November 2024
///   (<https://fr.allafrica.com/stories/202411300249.html>).
/// - Côte d'Ivoire: ARTCI; since 31 January 2021, mobile 01, 05, 07 and fixed 21, 25, 27
///   (<https://fr.wikipedia.org/wiki/Liste_des_indicatifs_téléphoniques_en_Côte_d'Ivoire>).
/// - Senegal, Cameroon, France: the fixed and mobile ranges of libphonenumber 9.0.35.
const PLANS: [Plan; 6] = [
    Plan { calling_code: "241", length: 8, prefixes: &["11", "6", "7"] },
    Plan { calling_code: "229", length: 10, prefixes: &["01"] },
    Plan { calling_code: "225", length: 10, prefixes: &["01", "05", "07", "21", "25", "27"] },
    Plan { calling_code: "221", length: 9, prefixes: &["3", "7"] },
    Plan { calling_code: "237", length: 9, prefixes: &["2", "6"] },
    Plan { calling_code: "33", length: 9, prefixes: &["1", "2", "3", "4", "5", "6", "7", "9"] },
];

/// Rewrites or refuses a number that is written as it was before its country's renumbering.
///
/// Benin put 01 before every number, so nothing has to be guessed. Gabon's new digit and Côte
/// d'Ivoire's two depend on the operator, and an old number looks like a new one with a digit
/// missing: a message to somebody else costs more than asking again.
pub(super) fn renumber(calling_code: &str, typed: &str) -> Result<Option<String>, PhoneError> {
    match (calling_code, typed.len()) {
        ("229", 8) if typed.starts_with(['2', '4', '5', '6', '9']) => {
            Ok(Some(format!("01{typed}")))
        }
        ("241", 8) if typed.starts_with('0') => Err(PhoneError::OldGabon),
        ("225", 8) => Err(PhoneError::OldIvoryCoast),
        _ => Ok(None),
    }
}

/// Whether E.164 `digits` (without `+`) are of the plan of their country, where we know it.
pub(super) fn check(digits: &str) -> Result<(), PhoneError> {
    for plan in &PLANS {
        if let Some(national) = digits.strip_prefix(plan.calling_code) {
            if national.len() != plan.length {
                return Err(PhoneError::Length);
            }
            if !plan.prefixes.iter().any(|prefix| national.starts_with(prefix)) {
                return Err(PhoneError::Prefix);
            }
        }
    }
    Ok(())
}
