//! Random text from the system's generator. What it is used for is decided elsewhere.

use rand_core::{OsRng, RngCore};

/// The characters of identifiers and secrets of Amazon Cognito.
pub(crate) const LOWER_ALPHANUMERIC: &[u8] = b"abcdefghijklmnopqrstuvwxyz0123456789";

/// The characters of secrets of Auth0: the base64url alphabet.
pub(crate) const BASE64URL: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// The characters of subscription keys of Azure API Management.
pub(crate) const HEX: &[u8] = b"0123456789abcdef";

/// `length` characters drawn from `alphabet`, which is ASCII and not empty.
pub(crate) fn text(alphabet: &[u8], length: usize) -> String {
    (0..length)
        .filter_map(|_| alphabet.get(OsRng.next_u32() as usize % alphabet.len()))
        .map(|&byte| char::from(byte))
        .collect()
}

/// A version 4 UUID (RFC 9562 section 5.4).
pub(crate) fn uuid() -> String {
    let mut bytes = [0; 16];
    OsRng.fill_bytes(&mut bytes);
    bytes[6] = bytes[6] & 0x0f | 0x40;
    bytes[8] = bytes[8] & 0x3f | 0x80;

    let mut uuid = String::with_capacity(36);
    for (position, byte) in bytes.iter().enumerate() {
        if matches!(position, 4 | 6 | 8 | 10) {
            uuid.push('-');
        }
        uuid.push_str(&format!("{byte:02x}"));
    }
    uuid
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_has_the_length_and_the_alphabet_asked_for() {
        let secret = text(LOWER_ALPHANUMERIC, 51);
        assert_eq!(secret.len(), 51);
        assert!(secret.bytes().all(|byte| LOWER_ALPHANUMERIC.contains(&byte)));
        assert_ne!(secret, text(LOWER_ALPHANUMERIC, 51));
    }

    #[test]
    fn uuids_name_their_version_and_variant() {
        let uuid = uuid();
        assert_eq!(uuid.len(), 36);
        assert_eq!(&uuid[14..15], "4");
        assert!("89ab".contains(&uuid[19..20]));
    }
}
