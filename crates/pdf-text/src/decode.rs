//! Streams decoded inside a limit.
//!
//! The interpreter decodes whatever it is shown. What it will be shown is therefore decoded here
//! first, stopping as soon as a limit is passed. Filters are those of ISO 32000-2, 7.4.

use crate::lzw;
use flate2::read::{DeflateDecoder, ZlibDecoder};
use hayro_syntax::Filter;
use hayro_syntax::object::{Dict, Stream};
use std::borrow::Cow;
use std::io::Read;

/// A stream decodes to more than the limit.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct TooBig;

/// The decoded data of a stream that is not an image. What is damaged gives what could be
/// decoded before the damage.
pub(crate) fn decode<'a>(stream: &Stream<'a>, limit: usize) -> Result<Cow<'a, [u8]>, TooBig> {
    let filters = stream.filters();
    let mut data = stream.raw_data();
    if filters.is_empty() && data.len() > limit {
        return Err(TooBig);
    }
    for filter in filters {
        data = match filter {
            Filter::FlateDecode => Cow::Owned(inflate(&data, limit)?),
            Filter::LzwDecode => {
                let early = early_change(stream.dict());
                Cow::Owned(lzw::decode(&data, early, limit)?)
            }
            Filter::RunLengthDecode => Cow::Owned(run_length(&data, limit)?),
            Filter::AsciiHexDecode => Cow::Owned(hexadecimal(&data)),
            Filter::Ascii85Decode => Cow::Owned(ascii_85(&data)),
            Filter::Crypt => data,
            Filter::CcittFaxDecode
            | Filter::Jbig2Decode
            | Filter::DctDecode
            | Filter::JpxDecode => return Ok(Cow::Borrowed(&[])),
        };
    }
    // Predictors are left to the parser, now that the size is known to be harmless.
    if has_parameters(stream.dict()) {
        return Ok(stream.decoded_data().unwrap_or_default());
    }
    Ok(data)
}

fn has_parameters(dict: &Dict<'_>) -> bool {
    dict.contains_key("DecodeParms") || dict.contains_key("DP")
}

/// Whether the codes of LZW grow one code early, as they do unless the stream says otherwise.
fn early_change(dict: &Dict<'_>) -> bool {
    dict.get::<Dict<'_>>("DecodeParms")
        .or_else(|| dict.get::<Dict<'_>>("DP"))
        .and_then(|parameters| parameters.get::<i32>("EarlyChange"))
        .is_none_or(|early| early != 0)
}

fn inflate(data: &[u8], limit: usize) -> Result<Vec<u8>, TooBig> {
    let with_header = read_at_most(ZlibDecoder::new(data), limit)?;
    if !with_header.is_empty() || data.is_empty() {
        return Ok(with_header);
    }
    // Some writers leave the header out, or damage it.
    read_at_most(DeflateDecoder::new(data), limit)
}

/// Reads to the end, to the first error or to the limit.
fn read_at_most(mut decoder: impl Read, limit: usize) -> Result<Vec<u8>, TooBig> {
    let mut decoded = Vec::new();
    let mut chunk = [0; 16 * 1024];
    while let Ok(count) = decoder.read(&mut chunk) {
        if count == 0 {
            break;
        }
        if decoded.len() + count > limit {
            return Err(TooBig);
        }
        decoded.extend_from_slice(chunk.get(..count).unwrap_or_default());
    }
    Ok(decoded)
}

fn run_length(data: &[u8], limit: usize) -> Result<Vec<u8>, TooBig> {
    let mut decoded = Vec::new();
    let mut rest = data;
    while let [length, after @ ..] = rest {
        let count = usize::from(*length);
        match count {
            0..=127 => {
                let end = (count + 1).min(after.len());
                let (literal, following) = after.split_at(end);
                decoded.extend_from_slice(literal);
                rest = following;
            }
            128 => break,
            _ => {
                let [byte, following @ ..] = after else { break };
                decoded.resize(decoded.len() + 257 - count, *byte);
                rest = following;
            }
        }
        if decoded.len() > limit {
            return Err(TooBig);
        }
    }
    Ok(decoded)
}

fn hexadecimal(data: &[u8]) -> Vec<u8> {
    let mut digits = data
        .iter()
        .take_while(|byte| **byte != b'>')
        .filter_map(|byte| char::from(*byte).to_digit(16))
        .filter_map(|digit| u8::try_from(digit).ok());
    let mut decoded = Vec::with_capacity(data.len() / 2);
    while let Some(high) = digits.next() {
        decoded.push(high << 4 | digits.next().unwrap_or(0));
    }
    decoded
}

fn ascii_85(data: &[u8]) -> Vec<u8> {
    let mut decoded = Vec::with_capacity(data.len() / 5 * 4);
    let mut group = 0_u32;
    let mut count = 0;
    for byte in data {
        match byte {
            b'z' if count == 0 => decoded.extend_from_slice(&[0; 4]),
            b'!'..=b'u' => {
                group = group.wrapping_mul(85).wrapping_add(u32::from(byte - b'!'));
                count += 1;
                if count == 5 {
                    decoded.extend_from_slice(&group.to_be_bytes());
                    (group, count) = (0, 0);
                }
            }
            b'~' => break,
            _ => {}
        }
    }
    if count > 1 {
        for _ in count..5 {
            group = group.wrapping_mul(85).wrapping_add(84);
        }
        decoded.extend(group.to_be_bytes().into_iter().take(count - 1));
    }
    decoded
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::Compression;
    use flate2::write::{DeflateEncoder, ZlibEncoder};
    use std::io::Write;

    const TEXT: &[u8] = b"BT (bonjour, bonjour, bonjour) Tj ET";

    fn zlib() -> Vec<u8> {
        let mut encoder = ZlibEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(TEXT).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn deflated_data_may_lack_its_header() {
        let mut encoder = DeflateEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(TEXT).unwrap();
        assert_eq!(inflate(&encoder.finish().unwrap(), 100), Ok(TEXT.to_vec()));
        assert_eq!(inflate(&zlib(), 100), Ok(TEXT.to_vec()));
    }

    #[test]
    fn deflated_data_stops_at_the_limit() {
        assert_eq!(inflate(&zlib(), TEXT.len()), Ok(TEXT.to_vec()));
        assert_eq!(inflate(&zlib(), TEXT.len() - 1), Err(TooBig));
    }

    #[test]
    fn damaged_data_gives_what_lies_before_the_damage() {
        let encoded = zlib();
        let cut = encoded.get(..encoded.len() - 8).unwrap();
        let decoded = inflate(cut, 100).unwrap();
        assert!(!decoded.is_empty() && TEXT.starts_with(&decoded), "{decoded:?}");
        assert_eq!(inflate(&[], 100), Ok(Vec::new()));
    }

    #[test]
    fn runs_are_repeated_and_literals_copied() {
        assert_eq!(run_length(&[1, b'a', b'b', 254, b'c', 128, 9], 5), Ok(b"abccc".to_vec()));
        assert_eq!(run_length(&[254, b'c', 254, b'c'], 5), Err(TooBig));
        assert_eq!(run_length(&[5, b'a'], 5), Ok(b"a".to_vec()), "a literal that is cut off");
        assert_eq!(run_length(&[200], 5), Ok(Vec::new()), "a run of nothing");
    }

    #[test]
    fn hexadecimal_may_be_odd_and_spaced() {
        assert_eq!(hexadecimal(b"61 6\n2 7>00"), b"ab\x70");
    }

    #[test]
    fn ascii_85_may_end_in_part_of_a_group() {
        assert_eq!(ascii_85(b"87cURD]i,\"Ebo80~>zz"), b"Hello World!");
        assert_eq!(ascii_85(b"z 87cUR\nD]i~>"), b"\0\0\0\0Hello ");
    }
}
