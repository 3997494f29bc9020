//! Fresh values for each test, so that a secret found anywhere can only have come from that test's run.

use std::hash::{BuildHasher, Hasher, RandomState};

const ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

/// Returns `len` random ASCII letters and digits.
pub fn alphanumeric(len: usize) -> String {
    let mut bits = 0u64;
    (0..len)
        .map(|i| {
            if i % 8 == 0 {
                bits = word();
            }
            let at = (bits & 0xff) as usize % ALPHABET.len();
            bits >>= 8;
            char::from(ALPHABET[at])
        })
        .collect()
}

/// Returns a random secret that holds `special` between letters and digits.
pub fn secret_with(special: &str) -> String {
    format!("{}{special}{}", alphanumeric(14), alphanumeric(14))
}

/// Returns a random CPF with valid check digits, as eleven digits, never all the same.
pub fn cpf() -> String {
    let mut digits: Vec<u32> = (0..9).map(|_| (word() % 10) as u32).collect();
    if digits.iter().all(|digit| *digit == digits[0]) {
        digits[0] = (digits[0] + 1) % 10;
    }
    for _ in 0..2 {
        let weight = digits.len() as u32 + 1;
        let sum: u32 = digits.iter().zip(0..).map(|(digit, i)| digit * (weight - i)).sum();
        digits.push(sum * 10 % 11 % 10);
    }
    digits.iter().map(u32::to_string).collect()
}

/// Returns `cpf`, eleven digits, the way people write it: `ddd.ddd.ddd-dd`.
pub fn formatted_cpf(cpf: &str) -> String {
    format!("{}.{}.{}-{}", &cpf[..3], &cpf[3..6], &cpf[6..9], &cpf[9..])
}

/// Returns a random number from 0 to 1.
pub fn fraction() -> f64 {
    f64::from((word() >> 32) as u32) / f64::from(u32::MAX)
}

/// The keys of a [`RandomState`] come from the system's generator, and differ for each one made.
fn word() -> u64 {
    RandomState::new().build_hasher().finish()
}

#[test]
fn values_are_fresh_and_of_the_length_asked() {
    let (one, two) = (alphanumeric(40), alphanumeric(40));
    assert_ne!(one, two);
    assert_eq!(one.len(), 40);
    assert!(one.bytes().all(|byte| byte.is_ascii_alphanumeric()));
}

#[test]
fn cpfs_are_written_as_people_write_them() {
    assert_eq!(formatted_cpf("52998224725"), "529.982.247-25");
    assert_eq!(cpf().len(), 11);
}
