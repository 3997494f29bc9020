//! Key sets: none verifies a token with an invalid signature. The first byte selects the token.

#![no_main]

use libfuzzer_sys::fuzz_target;
use m2m::internals::oauth::jose::jwks::KeySet;
use m2m::internals::oauth::jose::jwt::ParsedToken;

/// Headers for every kind of key; claims `{}`; 64 to 256 bytes of invalid signature.
const HEADERS: [(&str, usize); 6] = [
    ("eyJhbGciOiJFZERTQSIsImtpZCI6ImtleS0xIn0", 86),
    ("eyJhbGciOiJFUzI1NiIsImtpZCI6ImtleS0xIn0", 86),
    ("eyJhbGciOiJFUzM4NCIsImtpZCI6ImtleS0xIn0", 128),
    ("eyJhbGciOiJSUzI1NiIsImtpZCI6ImtleS0xIn0", 342),
    ("eyJhbGciOiJQUzUxMiIsImtpZCI6ImtleS0xIn0", 342),
    ("eyJhbGciOiJub25lIn0", 0),
];

fuzz_target!(|input: &[u8]| {
    let (first, set) = input.split_first().unwrap_or((&0, &[]));
    let (header, length) = HEADERS[usize::from(*first) % HEADERS.len()];
    // The unused bits of the last character must be zero.
    let signature = if length == 0 { String::new() } else { format!("{}A", "q".repeat(length - 1)) };
    let ParsedToken::Signed(jwt) = ParsedToken::read(&format!("{header}.e30.{signature}")) else { panic!("a JWT") };
    if let Ok(set) = KeySet::parse(set) {
        assert!(set.verify(&jwt).is_err(), "an invalid signature is accepted");
    }
    // Any text can be read as a token.
    if let Ok(text) = std::str::from_utf8(input) {
        let _ = ParsedToken::read(text);
    }
});
