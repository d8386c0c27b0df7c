//! Phone numbers: from what people type to E.164.

mod error;
mod plans;

pub use error::PhoneError;

use phonelib::{ParseError, country_by_code};

/// The region of a number without a country code: Gabon (ISO 3166-1).
pub const DEFAULT_REGION: &str = "GA";

/// E.164 allows 15 digits; the rest is `00`, a `0` nobody dials and separators.
const MAX_BYTES: usize = 64;

/// One phone number that its country's plan has.
///
/// `Debug` shows the country only: numbers are never logged.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PhoneNumber {
    /// `+` and at most 15 digits.
    e164: String,
    country: &'static str,
}

impl PhoneNumber {
    /// Reads what a person typed; without a country code it is a number of Gabon.
    ///
    /// # Errors
    /// See [`PhoneError`].
    pub fn parse(typed: &str) -> Result<Self, PhoneError> {
        Self::parse_in(typed, DEFAULT_REGION)
    }

    /// Reads what a person in `region` (ISO 3166-1 alpha-2) typed.
    ///
    /// `+` or `00` begins a number with its country code; anything else is a number of the region,
    /// with or without the `0` that is dialled inside it, or with the region's own country code.
    /// The library would try more readings (other countries' access codes, letters, extensions):
    /// they are guesses, and a guess may be somebody else's number.
    ///
    /// # Errors
    /// See [`PhoneError`]. An unknown region is [`PhoneError::Country`].
    pub fn parse_in(typed: &str, region: &str) -> Result<Self, PhoneError> {
        let (plus, digits) = read_digits(typed)?;
        // No country code begins with 0: "+00241" is +241.
        let international =
            if plus { Some(digits.trim_start_matches('0')) } else { digits.strip_prefix("00") };
        if let Some(digits) = international {
            // Renumbered countries are not +1, where a country code is no fixed number of digits.
            let renumbered = match digits.split_at_checked(3) {
                Some((code, national)) => {
                    plans::renumber(code, national)?.map(|national| format!("{code}{national}"))
                }
                None => None,
            };
            return Self::from_library(phonelib::PhoneNumber::try_parse(&format!(
                "+{}",
                renumbered.as_deref().unwrap_or(digits)
            )));
        }
        let code = country_by_code(region).ok_or(PhoneError::Country)?.prefix.to_string();
        let national = plans::renumber(&code, &digits)?.unwrap_or(digits);
        let number =
            Self::from_library(phonelib::PhoneNumber::try_parse_with_country(&national, region))?;
        if number.digits().starts_with(&code) { Ok(number) } else { Err(PhoneError::Length) }
    }

    /// Reads the digits by which WhatsApp names a person: an E.164 number without its `+`.
    ///
    /// # Errors
    /// See [`PhoneError`].
    pub fn from_digits(digits: &str) -> Result<Self, PhoneError> {
        Self::parse(&format!("+{digits}"))
    }

    fn from_library(result: Result<phonelib::PhoneNumber, ParseError>) -> Result<Self, PhoneError> {
        let number = result.map_err(|error| match error {
            ParseError::Empty => PhoneError::Missing,
            ParseError::InvalidCharacter => PhoneError::Character,
            ParseError::UnknownCountryCode
            | ParseError::UnknownCountry
            | ParseError::MissingCallingCode => PhoneError::Country,
            ParseError::InvalidAreaCode | ParseError::InvalidExchange => PhoneError::Prefix,
            // Too short, too long, and whatever a later version of the library may tell apart.
            _ => PhoneError::Length,
        })?;
        let parsed = Self { e164: number.e164().to_owned(), country: number.country().code };
        plans::check(parsed.digits())?;
        Ok(parsed)
    }

    /// `+24174000000`: what is stored.
    pub fn e164(&self) -> &str {
        &self.e164
    }

    /// `24174000000`: what Whapi takes.
    pub fn digits(&self) -> &str {
        self.e164.trim_start_matches('+')
    }

    /// The country, ISO 3166-1 alpha-2; `001` for the numbers of no country (satellites).
    pub const fn country(&self) -> &'static str {
        self.country
    }
}

impl std::fmt::Debug for PhoneNumber {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PhoneNumber").field("country", &self.country).finish_non_exhaustive()
    }
}

/// Whether a `+` came first, and the digits.
fn read_digits(typed: &str) -> Result<(bool, String), PhoneError> {
    if typed.len() > MAX_BYTES {
        return Err(PhoneError::Character);
    }
    let mut plus = false;
    let mut digits = String::new();
    for c in typed.chars() {
        match c {
            '0'..='9' => digits.push(c),
            '+' | '\u{ff0b}' if !plus && digits.is_empty() => plus = true,
            // What people put between digits, and the invisible marks that copied contacts hold.
            '.' | '/' | '(' | ')' | '-' | '\u{2010}'..='\u{2015}' => {}
            '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => {}
            '\u{feff}' | '\u{2060}' => {}
            c if c.is_whitespace() => {}
            _ => return Err(PhoneError::Character),
        }
    }
    if digits.is_empty() { Err(PhoneError::Missing) } else { Ok((plus, digits)) }
}
