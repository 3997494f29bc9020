//! Hides by value what must never be shown: secrets in every encoding they travel in, and, in foreign text, the
//! personal data of this invocation. The last line of defence; the first is not to write them at all.

use std::cell::{Ref, RefCell};

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};

use crate::platform::cpf;
use crate::platform::secret::Secret;
use crate::platform::text;
use crate::platform::url;

/// What stands in place of something hidden.
pub const HIDDEN: &str = "[hidden]";

/// Shorter secrets would blank out ordinary words.
const SHORTEST: usize = 4;

/// Everything known so far that must not be shown.
#[derive(Default)]
pub struct Redactor {
    /// Learnt, and not yet brought into all its encodings: a command that says nothing never pays for that.
    learnt: RefCell<Vec<Secret>>,
    /// Every encoding of every secret, the longest first, so that one that contains another is replaced whole.
    forms: RefCell<Vec<Secret>>,
    personal: RefCell<Vec<String>>,
}

impl Redactor {
    /// Learns a secret, to be hidden in every encoding in which a server could send it back.
    pub fn learn(&self, secret: &Secret) {
        if secret.expose().len() >= SHORTEST {
            self.learnt.borrow_mut().push(secret.clone());
        }
    }

    /// Every form of every secret learnt so far.
    fn forms(&self) -> Ref<'_, Vec<Secret>> {
        let learnt = self.learnt.take();
        if !learnt.is_empty() {
            let mut all: Vec<String> = learnt.iter().flat_map(|secret| encodings(secret.expose())).collect();
            all.extend(self.forms.borrow().iter().map(|form| form.expose().to_owned()));
            all.retain(|form| form.len() >= SHORTEST);
            all.sort_by(|a, b| b.len().cmp(&a.len()).then_with(|| a.cmp(b)));
            all.dedup();
            *self.forms.borrow_mut() = all.into_iter().map(Secret::new).collect();
        }
        self.forms.borrow()
    }

    /// Learns a value that is personal data, to be hidden wherever foreign text repeats it.
    pub fn learn_personal(&self, value: &str) {
        let mut personal = self.personal.borrow_mut();
        for form in [value.to_owned(), url::form_component(value), url::percent_encode_unreserved(value)] {
            if form.chars().count() >= 2 && !personal.contains(&form) {
                personal.push(form);
            }
        }
        personal.sort_by_key(|s| std::cmp::Reverse(s.len()));
    }

    /// Our own text with every known secret hidden.
    #[must_use]
    pub fn hide(&self, text: &str) -> String {
        let mut out = text.to_owned();
        for secret in self.forms().iter() {
            if out.contains(secret.expose()) {
                out = out.replace(secret.expose(), HIDDEN);
            }
        }
        out
    }

    /// Foreign text made fit to be shown: secrets and personal data hidden, controls escaped, cut to
    /// [`text::QUOTE_LIMIT`] characters. In this order: a cut must not leave half a secret behind.
    #[must_use]
    pub fn quote(&self, foreign: &str) -> String {
        let mut out = self.hide(foreign);
        for value in self.personal.borrow().iter() {
            out = replace_ignoring_case(&out, value, HIDDEN);
        }
        let out = cpf::mask_all(&mask_jwts(&out), HIDDEN);
        text::cap(&text::sanitise(&out), text::QUOTE_LIMIT).into_owned()
    }

    /// Bytes with every known secret replaced.
    #[must_use]
    pub fn hide_bytes(&self, mut bytes: Vec<u8>, with: &[u8]) -> Vec<u8> {
        for secret in self.forms().iter() {
            let needle = secret.expose().as_bytes();
            let mut from = 0;
            while let Some(at) = find(&bytes[from..], needle) {
                bytes.splice(from + at..from + at + needle.len(), with.iter().copied());
                from += at + with.len();
            }
        }
        bytes
    }

    /// The length of the longest form of a known secret, in bytes.
    #[must_use]
    pub fn longest(&self) -> usize {
        self.forms().first().map_or(0, |longest| longest.expose().len())
    }

    /// Whether bytes hold a known secret: for data that normally passes through untouched.
    #[must_use]
    pub fn knows(&self, bytes: &[u8]) -> bool {
        self.forms().iter().any(|s| find(bytes, s.expose().as_bytes()).is_some())
    }
}

/// A secret in every encoding in which it travels.
fn encodings(raw: &str) -> Vec<String> {
    let mut forms = vec![raw.to_owned(), hex(raw), hex(raw).to_ascii_uppercase()];
    for encoded in [url::form_component(raw), url::percent_encode_unreserved(raw), url::percent_encode_minimal(raw)] {
        forms.push(encoded.to_ascii_lowercase());
        forms.push(encoded);
    }
    if let Ok(quoted) = serde_json::to_string(raw) {
        let inner = quoted[1..quoted.len() - 1].to_owned();
        forms.push(inner.replace('/', "\\/"));
        forms.push(inner);
    }
    forms.sort();
    forms.dedup();
    // An intermediary may have decoded Basic credentials and encoded them its own way.
    let inside_base64: Vec<String> = forms.iter().flat_map(|form| base64_cores(form.as_bytes())).collect();
    forms.extend(inside_base64);
    forms
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

/// Hides whatever looks like a JWT, whoever's it is: an error may repeat an assertion or a token that was never ours.
fn mask_jwts(text: &str) -> String {
    let is_part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    // A JWT begins with an object (`{"`) in Base64.
    while let Some(at) = rest.find("eyJ") {
        let end = rest[at..].find(|c| !is_part(c)).map_or(rest.len(), |len| at + len);
        let is_jwt = rest[at..end].split('.').filter(|part| part.len() >= 8).count() >= 2;
        out.push_str(&rest[..at]);
        out.push_str(if is_jwt { HIDDEN } else { &rest[at..end] });
        rest = &rest[end..];
    }
    out.push_str(rest);
    out
}

/// Where a needle begins in a haystack.
fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    memchr::memmem::find(haystack, needle)
}

fn hex(text: &str) -> String {
    text.bytes().map(|b| format!("{b:02x}")).collect()
}

fn replace_ignoring_case(text: &str, needle: &str, with: &str) -> String {
    let (hay, needle) = (text.to_ascii_lowercase(), needle.to_ascii_lowercase());
    let mut out = String::with_capacity(text.len());
    let mut from = 0;
    while let Some(found) = hay[from..].find(&needle) {
        out.push_str(&text[from..from + found]);
        out.push_str(with);
        from += found + needle.len();
    }
    out.push_str(&text[from..]);
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use base64::engine::general_purpose::STANDARD;

    #[test]
    fn hides_a_secret_in_every_encoding() {
        let redactor = Redactor::default();
        let raw = "p+q%:é~/\"s3cr3t";
        redactor.learn(&Secret::new(raw.to_owned()));
        let basic = STANDARD.encode(format!("some-id:{raw}"));
        let basic_form = STANDARD.encode(format!("some-id:{}", url::percent_encode_minimal(raw)));
        redactor.learn(&Secret::new(basic_form.clone()));
        for form in [
            raw.to_owned(),
            url::form_component(raw),
            url::percent_encode_unreserved(raw).to_ascii_lowercase(),
            serde_json::to_string(raw).unwrap(),
            hex(raw),
            STANDARD.encode(format!("x{raw}yz")),
            STANDARD.encode(format!("xy{raw}")),
            basic,
            basic_form,
        ] {
            let shown = redactor.quote(&format!("before {form} after"));
            assert!(shown.contains(HIDDEN), "{form} -> {shown}");
            assert!(redactor.knows(form.as_bytes()), "{form}");
        }
    }

    #[test]
    fn tokens_of_strangers_are_hidden_in_quotes() {
        let redactor = Redactor::default();
        for (raw, shown) in [
            ("bad eyJhbGciOiJub25lIn0.eyJpc3MiOiJ4In0. here", "bad [hidden] here"),
            ("(eyJhbGciOiJub25lIn0.eyJpc3MiOiJ4In0.c2ln), x", "([hidden]), x"),
            ("eyJhbGciOiJkaXIifQ..aXZpdml2aXY.dGV4dA.dGFn", "[hidden]"),
            ("keyJoin.example.com eyJ", "keyJoin.example.com eyJ"),
        ] {
            assert_eq!(redactor.quote(raw), shown);
        }
    }

    #[test]
    fn a_cut_never_leaves_half_a_secret() {
        let redactor = Redactor::default();
        redactor.learn(&Secret::new("0123456789abcdef".into()));
        let shown = redactor.quote(&format!("{}0123456789abcdef", "x".repeat(text::QUOTE_LIMIT - 8)));
        assert!(!shown.contains("01234567"), "{shown}");
    }

    #[test]
    fn personal_data_is_hidden_in_quotes_in_any_case_and_punctuation() {
        let redactor = Redactor::default();
        redactor.learn_personal("Maria.Silva@x");
        assert_eq!(redactor.quote("user MARIA.SILVA@X and 529.982.247-25"), "user [hidden] and [hidden]");
        assert_eq!(redactor.quote("user maria.silva%40x"), "user [hidden]");
    }
}
