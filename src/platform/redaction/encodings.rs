//! The encodings in which a secret may come back: percent-encoding in its dialects, JSON escapes, hex, and the inside of
//! Base64. Refuses to search: that is `redactor`'s.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::platform::text;
use crate::platform::url;

/// What percent-encoders encode: the strictest, `encodeURIComponent`, RFC 3986, and the forms of browsers and of Java.
const PERCENT_ENCODED: [&AsciiSet; 5] = [
    NON_ALPHANUMERIC,
    &NON_ALPHANUMERIC
        .remove(b'-')
        .remove(b'_')
        .remove(b'.')
        .remove(b'!')
        .remove(b'~')
        .remove(b'*')
        .remove(b'\'')
        .remove(b'(')
        .remove(b')'),
    url::NOT_UNRESERVED,
    &NON_ALPHANUMERIC.remove(b'*').remove(b'-').remove(b'.').remove(b'_'),
    &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_'),
];

/// A secret in every encoding in which it travels.
pub fn encodings(raw: &str) -> Vec<String> {
    let mut forms = vec![raw.to_owned(), text::hex(raw.as_bytes()), text::hex(raw.as_bytes()).to_ascii_uppercase()];
    let mut escaped: Vec<String> =
        PERCENT_ENCODED.iter().map(|set| utf8_percent_encode(raw, set).to_string()).collect();
    escaped.push(url::percent_encode_minimal(raw));
    escaped.dedup();
    for encoded in escaped {
        if encoded.contains('%') {
            let spaced = encoded.replace("%20", "+");
            forms.extend([lower_escapes(&encoded), lower_escapes(&spaced), spaced]);
        }
        forms.push(encoded);
    }
    if let Ok(quoted) = serde_json::to_string(raw) {
        let inner = &quoted[1..quoted.len() - 1];
        for escaped in [inner.to_owned(), ascii_json(inner, false), ascii_json(inner, true)] {
            forms.push(escaped.replace('/', "\\/"));
            forms.push(escaped);
        }
    }
    forms.sort();
    forms.dedup();
    // An intermediary may have decoded Basic credentials and encoded them its own way.
    let inside_base64: Vec<String> = forms.iter().flat_map(|form| base64_cores(form.as_bytes())).collect();
    forms.extend(inside_base64);
    forms
}

/// Percent-encoded text with its escapes in small letters.
fn lower_escapes(encoded: &str) -> String {
    let mut out = String::with_capacity(encoded.len());
    let mut in_escape = 0;
    for c in encoded.chars() {
        in_escape = if c == '%' { 3 } else { i32::max(in_escape - 1, 0) };
        out.push(if in_escape > 0 { c.to_ascii_lowercase() } else { c });
    }
    out
}

/// JSON text with everything beyond ASCII escaped, as Python, PHP and others write it.
fn ascii_json(inner: &str, upper: bool) -> String {
    let mut out = String::with_capacity(inner.len());
    let mut units = [0u16; 2];
    for c in inner.chars() {
        if c.is_ascii() {
            out.push(c);
            continue;
        }
        for unit in c.encode_utf16(&mut units) {
            out.push_str(&if upper { format!("\\u{unit:04X}") } else { format!("\\u{unit:04x}") });
        }
    }
    out
}

/// The parts of the Base64 of any text around `bytes` that depend on `bytes` alone: one per alignment and alphabet.
fn base64_cores(bytes: &[u8]) -> Vec<String> {
    let mut cores = Vec::new();
    for lead in 0..3usize {
        let padded: Vec<u8> = std::iter::repeat_n(0u8, lead).chain(bytes.iter().copied()).collect();
        // Characters that also carry bits of the lead, or of whatever follows, are left out.
        let skip = (lead * 8).div_ceil(6);
        let whole = padded.len() * 8 / 6;
        for encoded in [STANDARD_NO_PAD.encode(&padded), URL_SAFE_NO_PAD.encode(&padded)] {
            if whole > skip + 4 && !cores.contains(&encoded[skip..whole].to_owned()) {
                cores.push(encoded[skip..whole].to_owned());
            }
        }
    }
    cores
}
