//! CPF numbers, the Brazilian taxpayer registry: eleven digits, of which the last two check the first nine.
//!
//! This file generates valid ones. It checks none: the API looks up whatever it is given, as the real one does.

/// The CPF whose first nine digits are `stem`, which is below 1,000,000,000; leading zeros are kept.
pub(crate) fn from_stem(stem: u32) -> String {
    let mut cpf = format!("{stem:09}");
    for _ in 0..2 {
        let digit = check_digit(&cpf);
        cpf.push(digit);
    }
    cpf
}

/// The digit that follows `digits`: their sum, weighted 2, 3, 4 .. from the right, times ten, modulo 11, where 10
/// counts as 0.
fn check_digit(digits: &str) -> char {
    let sum: u32 = digits.bytes().rev().zip(2..).map(|(digit, weight)| u32::from(digit - b'0') * weight).sum();
    char::from_digit(sum * 10 % 11 % 10, 10).unwrap_or('0')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_numbers_get_their_check_digits() {
        for (stem, cpf) in [
            (529_982_247, "52998224725"),
            (123_456_789, "12345678909"),
            (111_444_777, "11144477735"),
            (1, "00000000191"),
            // Here the sum leaves 10, which counts as 0.
            (6, "00000000604"),
        ] {
            assert_eq!(from_stem(stem), cpf);
        }
    }
}
