//! Distinguished names of X.509 (RFC 5280 section 4.1.2.4) as text, for messages. Owns nothing that is compared or trusted.

/// The attributes that people know, by the last byte of their object identifier 2.5.4.x.
const ATTRIBUTES: [(u8, &str); 6] = [(3, "CN"), (6, "C"), (7, "L"), (8, "ST"), (10, "O"), (11, "OU")];

/// The known attributes of a name, the most specific one first, such as `CN=Root CA, O=Example`. `der` is what is in the
/// outer SEQUENCE. What cannot be read is left out.
pub fn text(der: &[u8]) -> String {
    let mut parts = Vec::new();
    let mut sets = der;
    while let Some((set, rest)) = element(sets) {
        sets = rest;
        let mut attributes = set;
        while let Some((attribute, rest)) = element(attributes) {
            attributes = rest;
            parts.extend(known(attribute));
        }
    }
    parts.reverse();
    if parts.is_empty() { "(no name)".to_owned() } else { parts.join(", ") }
}

fn known(attribute: &[u8]) -> Option<String> {
    let (oid, rest) = element(attribute)?;
    let [0x55, 4, last] = *oid else { return None };
    let (_, label) = ATTRIBUTES.iter().find(|(number, _)| *number == last)?;
    let (value, _) = element(rest)?;
    Some(format!("{label}={}", String::from_utf8_lossy(value)))
}

/// What is in the first element, and what comes after it.
fn element(der: &[u8]) -> Option<(&[u8], &[u8])> {
    let (&length, rest) = der.get(1..)?.split_first()?;
    let (length, rest) = match length {
        0..=0x7f => (usize::from(length), rest),
        0x81 => (usize::from(*rest.first()?), &rest[1..]),
        0x82 => (usize::from(u16::from_be_bytes([*rest.first()?, *rest.get(1)?])), &rest[2..]),
        _ => return None,
    };
    rest.split_at_checked(length)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_told_and_nonsense_is_left_out() {
        let attribute = |last: u8, value: &str| {
            let value = [&[0x0c, u8::try_from(value.len()).unwrap()], value.as_bytes()].concat();
            let inner = [&[6, 3, 0x55, 4, last], value.as_slice()].concat();
            let sequence = [&[0x30, u8::try_from(inner.len()).unwrap()], inner.as_slice()].concat();
            [&[0x31, u8::try_from(sequence.len()).unwrap()], sequence.as_slice()].concat()
        };
        let name =
            [attribute(6, "BR"), attribute(10, "Exemplo"), attribute(5, "serial"), attribute(3, "Raiz")].concat();
        assert_eq!(text(&name), "CN=Raiz, O=Exemplo, C=BR");
        for end in 0..name.len() {
            assert!(!text(&name[..end]).contains("Raiz"));
        }
        for nonsense in [&[][..], &[0x31], &[0x31, 0x82], &[0x31, 0x82, 1], &[0x31, 0x84, 1, 1], &[0x31, 0x81, 2, 0x30]]
        {
            assert_eq!(text(nonsense), "(no name)");
        }
    }
}
