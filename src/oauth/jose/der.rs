//! The little DER (X.690) that JWKs need: writing the numbers of a private key, and opening the wrapper of a public one.
//! Reading whole certificates is rustls's.

/// A SEQUENCE.
pub const SEQUENCE: u8 = 0x30;
/// A BIT STRING.
pub const BIT_STRING: u8 = 0x03;
/// An OCTET STRING.
pub const OCTET_STRING: u8 = 0x04;
/// An OBJECT IDENTIFIER.
pub const OBJECT_IDENTIFIER: u8 = 0x06;
/// The first element that is told by its number.
pub const CONTEXT_0: u8 = 0xa0;
/// The second.
pub const CONTEXT_1: u8 = 0xa1;
const INTEGER: u8 = 0x02;

/// An element of less than 64 KiB.
pub fn element(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = content.len();
    let mut out = vec![tag];
    match length {
        0..=0x7f => out.push(length as u8),
        0x80..=0xff => out.extend([0x81, length as u8]),
        _ => out.extend([0x82, (length >> 8) as u8, length as u8]),
    }
    out.extend_from_slice(content);
    out
}

/// A number that is not negative: without leading zeros, but with one where its first bit is set.
pub fn integer(bytes: &[u8]) -> Vec<u8> {
    let first = bytes.iter().position(|b| *b != 0).unwrap_or(bytes.len().saturating_sub(1));
    let mut content = bytes[first..].to_vec();
    if content.first().is_none_or(|b| b & 0x80 != 0) {
        content.insert(0, 0);
    }
    element(INTEGER, &content)
}

/// The content of the first element, and what follows it.
pub fn content(input: &[u8]) -> Option<(&[u8], &[u8])> {
    let (_tag, rest) = input.split_first()?;
    let (first, rest) = rest.split_first()?;
    let (length, rest) = match usize::from(*first) {
        short @ 0..=0x7f => (short, rest),
        long @ 0x81..=0x83 => {
            let (bytes, rest) = rest.split_at_checked(long - 0x80)?;
            (bytes.iter().fold(0, |length, byte| length << 8 | usize::from(*byte)), rest)
        }
        _ => return None,
    };
    rest.split_at_checked(length)
}

/// A number with zeros before it, up to this length.
pub fn left_padded(bytes: &[u8], length: usize) -> Vec<u8> {
    let mut out = vec![0u8; length.saturating_sub(bytes.len())];
    out.extend_from_slice(bytes);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        for length in [0, 1, 127, 128, 255, 256, 65_535] {
            let inside = vec![7u8; length];
            let written = [element(SEQUENCE, &inside), vec![1, 2]].concat();
            assert_eq!(content(&written), Some((&inside[..], &[1u8, 2][..])), "{length}");
        }
        for broken in [&[][..], &[0x30], &[0x30, 5, 1], &[0x30, 0x82, 1], &[0x30, 0x84, 0, 0, 0, 1, 1]] {
            assert_eq!(content(broken), None, "{broken:?}");
        }
    }
}
