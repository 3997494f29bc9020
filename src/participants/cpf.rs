//! CPF, the Brazilian taxpayer number: eleven digits, the last two of them check digits. Personal data: this module
//! never formats one into a message.

use crate::platform::error::{Error, Result};
use crate::platform::redaction::personal_data;

/// A CPF whose check digits are right, as eleven ASCII digits.
#[derive(Clone, PartialEq, Eq)]
pub struct Cpf([u8; 11]);

impl Cpf {
    /// Reads a CPF, with or without dots, dash and spaces.
    ///
    /// # Errors
    /// Usage: not eleven digits, the same digit eleven times, or wrong check digits. The message says which, and never
    /// holds the value.
    pub fn parse(text: &str) -> Result<Self> {
        let mut digits = [0u8; 11];
        let mut count = 0;
        for c in text.chars().filter(|c| !matches!(c, '.' | '-' | ' ')) {
            if !c.is_ascii_digit() {
                return Err(invalid("it holds a character that is neither a digit nor `.`, `-` or a space"));
            }
            if count == 11 {
                return Err(invalid("it has more than 11 digits"));
            }
            digits[count] = c as u8;
            count += 1;
        }
        if count < 11 {
            return Err(invalid(&format!("it has {count} digits, not 11")));
        }
        if digits.iter().all(|d| *d == digits[0]) {
            return Err(invalid("it is the same digit eleven times"));
        }
        if !personal_data::has_valid_check_digits(&digits) {
            return Err(invalid("its check digits are wrong"));
        }
        Ok(Self(digits))
    }

    /// The eleven digits, leading zeros kept.
    pub fn digits(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

/// Says why, not what: the value is personal data even when it is wrong.
fn invalid(reason: &str) -> Error {
    Error::usage("the CPF is not valid (not shown, it is personal data)")
        .cause(reason)
        .hint("nothing was sent; check the number")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accepts_valid_numbers_in_any_punctuation() {
        for text in ["529.982.247-25", "12345678909", "111 444 777 35", "000.000.001-91", "00000000604"] {
            assert!(Cpf::parse(text).is_ok(), "{text}");
        }
        assert_eq!(Cpf::parse("000.000.001-91").unwrap().digits(), "00000000191");
    }

    #[test]
    fn refuses_everything_else_without_showing_it() {
        for text in
            ["52998224724", "111.111.111-11", "5299822472", "529982247255", "5299822472a", "", "５29.982.247-25"]
        {
            let error = Cpf::parse(text).err().unwrap();
            assert!(text.is_empty() || !format!("{error:?}").contains(text), "{text}");
        }
    }

    #[test]
    fn every_single_digit_change_is_refused() {
        let good = "52998224725";
        for at in 0..11 {
            for digit in b'0'..=b'9' {
                let mut changed = good.as_bytes().to_vec();
                changed[at] = digit;
                let changed = String::from_utf8(changed).unwrap();
                assert_eq!(Cpf::parse(&changed).is_ok(), changed == good, "{changed}");
            }
        }
    }
}
