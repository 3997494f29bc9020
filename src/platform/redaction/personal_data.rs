//! Personal data in text that is not ours: finds valid CPFs, the Brazilian taxpayer numbers, and masks them. Refuses to
//! know what a CPF is used for; parsing one that a user gives belongs in `participants::cpf`.

/// Whether the last two of eleven ASCII digits are the check digits of the first nine.
pub fn has_valid_check_digits(digits: &[u8; 11]) -> bool {
    let check = |upto: usize| {
        let sum: u32 =
            digits[..upto].iter().zip((2..=upto as u32 + 1).rev()).map(|(d, w)| u32::from(d - b'0') * w).sum();
        (sum * 10 % 11 % 10) as u8
    };
    check(9) == digits[9] - b'0' && check(10) == digits[10] - b'0'
}

/// Replaces every valid CPF in foreign text, whatever its punctuation, by `mask`.
pub fn mask_cpfs(text: &str, mask: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    while at < bytes.len() {
        let inside_number = at > 0 && bytes[at - 1].is_ascii_digit();
        if bytes[at].is_ascii_digit()
            && !inside_number
            && let Some(len) = cpf_length(&bytes[at..])
        {
            out.push_str(mask);
            at += len;
            continue;
        }
        let step = text[at..].chars().next().map_or(1, char::len_utf8);
        out.push_str(&text[at..at + step]);
        at += step;
    }
    out
}

/// The length in bytes of the valid CPF that starts here, if there is one.
fn cpf_length(bytes: &[u8]) -> Option<usize> {
    let mut digits = [0u8; 11];
    let mut count = 0;
    for (at, b) in bytes.iter().enumerate() {
        match b {
            b'0'..=b'9' if count < 11 => {
                digits[count] = *b;
                count += 1;
                let ends = bytes.get(at + 1).is_none_or(|next| !next.is_ascii_digit());
                if count == 11 {
                    return (ends && has_valid_check_digits(&digits)).then_some(at + 1);
                }
            }
            b'.' | b'-' | b' ' | b'/' if count > 0 => {}
            _ => return None,
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn masks_numbers_wherever_they_stand() {
        assert_eq!(mask_cpfs("doc 529.982.247-25, id 28631365 não", "*"), "doc *, id 28631365 não");
        assert_eq!(mask_cpfs("x52998224725y 52998224724", "*"), "x*y 52998224724");
        assert_eq!(mask_cpfs("352998224725", "*"), "352998224725");
    }
}
