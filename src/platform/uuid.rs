//! Random UUIDs (RFC 9562 section 5.4), for correlation ids.

use ring::rand::{SecureRandom as _, SystemRandom};

use crate::platform::error::{Error, ErrorKind, Result};

/// A new random UUID in its usual spelling.
///
/// # Errors
/// Internal: the operating system gives no random bytes.
pub fn random() -> Result<String> {
    let mut bytes = [0u8; 16];
    SystemRandom::new()
        .fill(&mut bytes)
        .map_err(|_| Error::new(ErrorKind::Internal, "the operating system gives no random bytes"))?;
    bytes[6] = bytes[6] & 0x0f | 0x40;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    let hex: String = bytes.iter().map(|b| format!("{b:02x}")).collect();
    Ok(format!("{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]))
}

#[cfg(test)]
mod tests {
    #[test]
    fn they_are_version_4_and_differ() {
        let (a, b) = (super::random().unwrap(), super::random().unwrap());
        assert!(a != b && a.len() == 36 && a.as_bytes()[14] == b'4' && b"89ab".contains(&a.as_bytes()[19]), "{a}");
    }
}
