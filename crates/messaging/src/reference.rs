//! The mark by which a message is found again in the provider's list.

use uuid::Uuid;

/// Crockford's base 32: no I, L, O or U, so that it can be read out on the telephone.
/// Source: <https://www.crockford.com/base32.html>.
const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// Digits of a reference, without the hyphen.
const DIGITS: usize = 8;

/// The reference of the message with this id: its first 40 bits, as `7F3K-2Q9D`.
///
/// The ids must be random in those bits, as `gen_random_uuid()` makes them (RFC 9562, version 4;
/// version 7 begins with the time). Two of 10,000 messages then share a reference with a
/// probability of 5 in 100,000, and a look-up is also bounded by recipient and time.
pub fn reference(id: Uuid) -> String {
    let bits = id.as_u128() >> (128 - 5 * DIGITS as u32);
    let mut text = String::with_capacity(DIGITS + 1);
    for place in (0..DIGITS).rev() {
        let digit = (bits >> (5 * place)) as usize & 31;
        text.extend(ALPHABET.get(digit).map(|&symbol| char::from(symbol)));
        if place == DIGITS / 2 {
            text.push('-');
        }
    }
    text
}

/// The reference that ends `text`, where it is a message of ours.
///
/// Only the last line counts: what a person quotes or staff write above it does not. White space
/// around it is tolerated, because providers trim and re-wrap.
pub fn reference_in(text: &str) -> Option<&str> {
    let line = text.trim_end().rsplit('\n').next()?.trim_start();
    let mark = line.strip_prefix("Réf.").or_else(|| line.strip_prefix("Ref."))?.trim_start();
    let well_formed = mark.len() == DIGITS + 1
        && mark.bytes().enumerate().all(|(place, byte)| {
            if place == DIGITS / 2 { byte == b'-' } else { ALPHABET.contains(&byte) }
        });
    well_formed.then_some(mark)
}
