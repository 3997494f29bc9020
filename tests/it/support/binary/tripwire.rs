//! Finds a secret, or personal data, in bytes that a run left behind, in any encoding that a program might use.

use std::collections::BTreeMap;

use crate::support::encodings::{form, hex, inside_base64, json, json_ascii, minimal, strict};

/// Shorter forms than this are found by chance.
const SHORTEST_FORM: usize = 6;

/// One value to look for, in all its forms.
#[derive(Debug)]
pub struct Tripwire {
    name: String,
    /// Each form, with the words for it.
    forms: BTreeMap<String, String>,
}

impl Tripwire {
    /// Watches for `value`, called `name` in reports.
    pub fn new(name: &str, value: &str) -> Self {
        let plain = [
            ("raw", value.to_owned()),
            ("trimmed", value.trim().to_owned()),
            ("form-urlencoded (WHATWG)", form(value, "*-._")),
            ("form-urlencoded (all but letters and digits)", form(value, "")),
            ("form-urlencoded (RFC 3986)", form(value, "-._~")),
            ("strictly percent-encoded", strict(value)),
            ("percent-encoded where form-decoding changes it", minimal(value, false)),
            ("percent-encoded as an id", minimal(value, true)),
            ("escaped as JSON", json(value)),
            ("escaped as ASCII JSON", json_ascii(value)),
            ("escaped by Debug", format!("{value:?}").trim_matches('"').to_owned()),
        ];
        let mut forms = BTreeMap::new();
        for (words, text) in plain {
            for part in inside_base64(&text) {
                forms.entry(part).or_insert(format!("{words}, inside base64"));
            }
            forms.entry(hex(&text)).or_insert(format!("{words}, in hexadecimal"));
            forms.entry(hex(&text).to_uppercase()).or_insert(format!("{words}, in hexadecimal"));
            forms.entry(lower_percent(&text)).or_insert(format!("{words}, lower case"));
            forms.insert(text, words.to_owned());
        }
        forms.retain(|text, _| text.len() >= SHORTEST_FORM);
        Self { name: name.to_owned(), forms }
    }

    /// Says in which form the value stands in `text`, if it does.
    pub fn find(&self, text: &str) -> Option<String> {
        self.forms
            .iter()
            .find(|(form, _)| text.contains(form.as_str()))
            .map(|(_, words)| format!("{} ({words})", self.name))
    }
}

/// `%2B` as `%2b`; the rest unchanged.
fn lower_percent(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut in_escape = 0;
    for c in text.chars() {
        if c == '%' {
            in_escape = 3;
        }
        out.push(if in_escape > 0 { c.to_ascii_lowercase() } else { c });
        in_escape = u32::saturating_sub(in_escape, 1);
    }
    out
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD};

    use super::*;
    use crate::support::encodings::basic;

    const SECRET: &str = "Sx7+q%r s&é\"~/:Zk9?>";

    fn caught(text: &str) -> bool {
        Tripwire::new("the secret", SECRET).find(&format!("before {text} after")).is_some()
    }

    #[test]
    fn a_secret_is_caught_in_every_plain_form() {
        assert!(caught(SECRET));
        assert!(caught(&form(SECRET, "*-._")));
        assert!(caught(&form(SECRET, "")));
        assert!(caught(&form(SECRET, "-._~")));
        assert!(caught(&strict(SECRET)));
        assert!(caught(
            &strict(SECRET)
                .replace("%2B", "%2b")
                .replace("%C3%A9", "%c3%a9")
                .replace("%3A", "%3a")
                .replace("%2F", "%2f")
                .replace("%3F", "%3f")
                .replace("%3E", "%3e")
        ));
        assert!(caught(&minimal(SECRET, false)));
        assert!(caught(&json(SECRET)));
        assert!(caught(&json_ascii(SECRET)));
        assert!(caught(&format!("{SECRET:?}")));
        assert!(caught(&hex(SECRET)));
        assert!(caught(&hex(SECRET).to_uppercase()));
    }

    #[test]
    fn a_secret_is_caught_inside_base64_at_any_alignment() {
        for id in ["", "a", "ab", "abc", "a-client-id"] {
            for text in [SECRET.to_owned(), form(SECRET, "*-._"), strict(SECRET), minimal(SECRET, false), json(SECRET)]
            {
                let pair = format!("{id}:{text}");
                assert!(caught(&basic(id, &text)), "{pair}");
                for engine in [&STANDARD, &STANDARD_NO_PAD, &URL_SAFE, &URL_SAFE_NO_PAD] {
                    assert!(caught(&engine.encode(&pair)), "{pair}");
                    assert!(caught(&engine.encode(format!("{pair}\n"))), "{pair}");
                }
            }
        }
    }

    #[test]
    fn other_text_is_not_taken_for_a_leak() {
        assert!(!caught("error: the authorization server refused the client credentials (invalid_client)"));
        assert!(!caught(&basic("id", "another secret of some length")));
        assert!(!caught("Sx7"));
    }

    #[test]
    fn a_cpf_is_caught_as_digits() {
        let wire = Tripwire::new("the CPF", "52998224725");
        assert!(wire.find("GET /v1/participants?document=52998224725").is_some());
        assert!(wire.find("GET /v1/participants?document=***").is_none());
    }
}
