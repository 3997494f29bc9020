//! The encodings in which a secret may travel, or leak. Written here by hand, apart from the code under test.

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};

/// Percent-encodes every byte but `A-Za-z0-9-._~` (RFC 3986 section 2.3): `basic_encoding = strict`.
pub fn strict(text: &str) -> String {
    percent(text, |byte| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte))
}

/// Percent-encodes only what form-decoding would change, and `:` in an id: `basic_encoding = form`.
pub fn minimal(text: &str, is_id: bool) -> String {
    percent(text, |byte| (0x21..0x7f).contains(&byte) && !b"%+".contains(&byte) && !(is_id && byte == b':'))
}

/// Form-urlencodes with `+` for a space, leaving `bare` beside letters and digits.
pub fn form(text: &str, bare: &str) -> String {
    percent(text, |byte| byte == b' ' || byte.is_ascii_alphanumeric() || bare.as_bytes().contains(&byte))
        .replace(' ', "+")
}

/// Escapes as JSON does, leaving non-ASCII unchanged.
pub fn json(text: &str) -> String {
    let quoted = serde_json::Value::from(text).to_string();
    quoted[1..quoted.len() - 1].to_owned()
}

/// Escapes as JSON does, non-ASCII as `\uXXXX`.
pub fn json_ascii(text: &str) -> String {
    let mut out = String::new();
    for unit in json(text).encode_utf16() {
        match u8::try_from(unit) {
            Ok(byte) if byte.is_ascii() => out.push(char::from(byte)),
            _ => write!(out, "\\u{unit:04x}").unwrap(),
        }
    }
    out
}

/// Lower-case hexadecimal.
pub fn hex(text: &str) -> String {
    text.bytes().map(|byte| format!("{byte:02x}")).collect()
}

/// The parts of base64 texts that depend on `text` alone, for the three places where it may begin in a group of three
/// bytes, in the standard and in the URL alphabet.
pub fn inside_base64(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    for lead in 0..3 {
        let mut bytes = vec![0; lead];
        bytes.extend_from_slice(text.as_bytes());
        let first = (lead * 8).div_ceil(6);
        let last = bytes.len() * 8 / 6;
        for engine in [&STANDARD, &URL_SAFE] {
            let encoded = engine.encode(&bytes);
            if first < last {
                found.push(encoded[first..last].to_owned());
            }
        }
    }
    found
}

/// The value of an `Authorization` header that carries `user` and `password`, both already encoded.
pub fn basic(user: &str, password: &str) -> String {
    format!("Basic {}", STANDARD.encode(format!("{user}:{password}")))
}

/// Decodes the user and the password of a Basic `Authorization` header, split at the first colon (RFC 7617 section 2).
pub fn basic_parts(header: &str) -> (String, String) {
    let encoded = header.strip_prefix("Basic ").expect("the scheme is spelled `Basic`");
    let text = String::from_utf8(STANDARD.decode(encoded).expect("base64 credentials")).expect("UTF-8 credentials");
    let (user, password) = text.split_once(':').expect("a colon between id and secret");
    (user.to_owned(), password.to_owned())
}

/// Decodes one form-urlencoded value (RFC 6749 appendix B).
pub fn form_decoded(text: &str) -> String {
    let pairs = format!("v={}", text.replace('&', "%26"));
    let (_, value) = url::form_urlencoded::parse(pairs.as_bytes()).next().expect("one value");
    value.into_owned()
}

fn percent(text: &str, keep: impl Fn(u8) -> bool) -> String {
    let mut out = String::new();
    for byte in text.bytes() {
        if keep(byte) {
            out.push(char::from(byte));
        } else {
            write!(out, "%{byte:02X}").unwrap();
        }
    }
    out
}

#[test]
fn encoders_agree_with_the_vectors_of_rfc_6749_appendix_b() {
    assert_eq!(form(" %&+£€", "*-._"), "+%25%26%2B%C2%A3%E2%82%AC");
    assert_eq!(strict(" %&+£€"), "%20%25%26%2B%C2%A3%E2%82%AC");
    assert_eq!(form_decoded("+%25%26%2B%C2%A3%E2%82%AC"), " %&+£€");
}

#[test]
fn the_minimal_encoding_changes_only_what_form_decoding_would() {
    assert_eq!(minimal(" %&+£€/:=", false), "%20%25&%2B%C2%A3%E2%82%AC/:=");
    assert_eq!(minimal("a:b", true), "a%3Ab");
    assert_eq!(form_decoded(&minimal("p+q%:é~ &", false)), "p+q%:é~ &");
}

#[test]
fn base64_is_recognised_at_any_alignment() {
    for before in ["", "a", "ab", "abc", "id:", "user:x"] {
        let whole = STANDARD.encode(format!("{before}s3cr3t-value/??>{}", "tail"));
        assert!(inside_base64("s3cr3t-value/??>").iter().any(|part| whole.contains(part)), "{before}");
    }
}

#[test]
fn json_escapes_are_those_of_json() {
    assert_eq!(json("a\"\\é"), "a\\\"\\\\é");
    assert_eq!(json_ascii("é€"), "\\u00e9\\u20ac");
}
