//! Hides by value what must never be shown: secrets in every encoding they travel in, and, in foreign text, the
//! personal data of this invocation. The last line of defense; the first is not to write them at all.

use std::borrow::Cow;
use std::cell::{Ref, RefCell};
use std::ops::Range;

use aho_corasick::{AhoCorasick, AhoCorasickKind};

use crate::platform::error::Cause;
use crate::platform::redaction::encodings::encodings;
use crate::platform::redaction::personal_data;
use crate::platform::secret::Secret;
use crate::platform::text;
use crate::platform::url;

pub use crate::platform::text::HIDDEN;

/// Shorter secrets would blank out ordinary words.
const SHORTEST: usize = 4;

/// Every encoding of every secret, and the automaton that finds where one may begin, in one pass. The automaton's copies
/// are not wiped when it is dropped; it lives as long as the process.
#[derive(Default)]
struct EncodedSecrets {
    /// Sorted, so that those with the same beginning are neighbors.
    all: Vec<Secret>,
    /// Finds beginnings: a secret may be a token of a megabyte, and an automaton of all of it would take far more.
    finder: Option<AhoCorasick>,
    /// For each beginning, the forms that have it.
    groups: Vec<Range<usize>>,
}

impl EncodedSecrets {
    /// The longest beginning that is put into the automaton, in bytes.
    const BEGINNING: usize = 24;

    /// `forms` must be sorted.
    fn of(forms: Vec<String>) -> Self {
        let beginning = |form: &str| form.as_bytes()[..form.len().min(Self::BEGINNING)].to_vec();
        let mut beginnings: Vec<Vec<u8>> = Vec::new();
        let mut groups: Vec<Range<usize>> = Vec::new();
        for (at, form) in forms.iter().enumerate() {
            match (beginnings.last(), groups.last_mut()) {
                (Some(last), Some(group)) if *last == beginning(form) => group.end = at + 1,
                _ => {
                    beginnings.push(beginning(form));
                    groups.push(at..at + 1);
                }
            }
        }
        // Of the kinds the quickest to build: most runs search a few lines. It fails only for more patterns than memory
        // holds.
        let finder = AhoCorasick::builder().kind(Some(AhoCorasickKind::NoncontiguousNFA)).build(&beginnings).ok();
        Self { all: forms.into_iter().map(Secret::new).collect(), finder, groups }
    }

    /// Where forms stand, in no order; they may overlap.
    fn find(&self, bytes: &[u8]) -> Vec<Range<usize>> {
        let mut found = Vec::new();
        if self.finder.is_none() {
            // Slower, but nothing goes unnoticed.
            for form in self.all.iter().map(|form| form.expose().as_bytes()).filter(|form| !form.is_empty()) {
                let hits = bytes.windows(form.len()).enumerate().filter(|(_, window)| *window == form);
                found.extend(hits.map(|(at, _)| at..at + form.len()));
            }
        }
        for hit in self.finder.iter().flat_map(|finder| finder.find_overlapping_iter(bytes)) {
            let rest = &bytes[hit.start()..];
            let group = &self.all[self.groups[hit.pattern().as_usize()].clone()];
            let whole = group.iter().map(|form| form.expose().as_bytes()).filter(|form| rest.starts_with(form));
            found.extend(whole.map(|form| hit.start()..hit.start() + form.len()));
        }
        found
    }
}

/// Everything known so far that must not be shown.
#[derive(Default)]
pub struct Redactor {
    /// Registered, but not yet encoded in every way: a command that writes no text never pays for that.
    pending: RefCell<Vec<(Secret, String)>>,
    forms: RefCell<EncodedSecrets>,
    /// What is in `forms`, with the names of the settings they come from.
    named: RefCell<Vec<(Secret, String)>>,
    /// The name of the first secret that was hidden in data; empty where it has none.
    found: RefCell<Option<String>>,
    personal: RefCell<Vec<String>>,
}

impl Redactor {
    /// Learns a secret, to be hidden in every encoding in which a server could send it back.
    pub fn register_secret(&self, secret: &Secret) {
        self.register_named_secret(secret, "");
    }

    /// As [`Self::register_secret`], with the name that people know the secret by, such as `client_secret`.
    pub fn register_named_secret(&self, secret: &Secret, name: &str) {
        if secret.expose().len() >= SHORTEST {
            self.pending.borrow_mut().push((secret.clone(), name.to_owned()));
        }
    }

    /// Every form of every secret registered so far.
    fn forms(&self) -> Ref<'_, EncodedSecrets> {
        let pending = self.pending.take();
        if !pending.is_empty() {
            let mut all: Vec<String> = pending.iter().flat_map(|(secret, _)| encodings(secret.expose())).collect();
            all.extend(self.forms.borrow().all.iter().map(|form| form.expose().to_owned()));
            all.retain(|form| form.len() >= SHORTEST);
            all.sort();
            all.dedup();
            self.named.borrow_mut().extend(pending);
            *self.forms.borrow_mut() = EncodedSecrets::of(all);
        }
        self.forms.borrow()
    }

    /// Registers a value that is personal data, to be hidden wherever foreign text repeats it.
    pub fn register_personal_data(&self, value: &str) {
        let mut personal = self.personal.borrow_mut();
        for form in [value.to_owned(), url::form_component(value), url::percent_encode_unreserved(value)] {
            if form.chars().count() >= 2 && !personal.contains(&form) {
                personal.push(form);
            }
        }
        personal.sort_by_key(|s| std::cmp::Reverse(s.len()));
    }

    /// Text with every known secret hidden.
    pub fn hide(&self, text: &str) -> String {
        let mut out = String::with_capacity(text.len());
        let mut from = 0;
        for found in self.spans(text.as_bytes()) {
            out.push_str(&text[from..found.start]);
            out.push_str(HIDDEN);
            from = found.end;
        }
        out.push_str(&text[from..]);
        out
    }

    /// A cause in one line: our words, then the quote, with secrets and personal data hidden.
    pub fn render(&self, cause: &Cause) -> String {
        match &cause.quote {
            Some(quote) => format!("{}: \"{}\"", cause.text, self.quote(quote)),
            None => cause.text.clone(),
        }
    }

    /// Foreign text made fit to be shown: secrets and personal data hidden, controls escaped, cut to
    /// [`text::QUOTE_LIMIT`] characters. In this order: a cut must not leave half a secret behind.
    pub fn quote(&self, foreign: &str) -> String {
        let mut out = self.hide(foreign);
        for value in self.personal.borrow().iter() {
            out = replace_ignoring_case(&out, value, HIDDEN);
        }
        let out = personal_data::mask_cpfs(&mask_jwts(&out), HIDDEN);
        text::truncate(&text::sanitize(&out), text::QUOTE_LIMIT).into_owned()
    }

    /// Data for stdout with every known secret hidden. That changes the data, so it is remembered for [`Self::found`].
    pub fn clean<'d>(&self, data: &'d [u8]) -> Cow<'d, [u8]> {
        let spans = self.spans(data);
        let Some(first) = spans.first() else { return Cow::Borrowed(data) };
        self.remember(&data[first.clone()]);
        let mut out = Vec::with_capacity(data.len());
        let mut from = 0;
        for found in spans {
            out.extend_from_slice(&data[from..found.start]);
            out.extend_from_slice(HIDDEN.as_bytes());
            from = found.end;
        }
        out.extend_from_slice(&data[from..]);
        Cow::Owned(out)
    }

    /// The name of the first secret that was hidden in data, if one was; empty where it has no name.
    pub fn found(&self) -> Option<String> {
        self.found.borrow().clone()
    }

    fn remember(&self, hidden: &[u8]) {
        if self.found.borrow().is_some() {
            return;
        }
        let stands = |form: &String| hidden.windows(form.len().max(1)).any(|part| part == form.as_bytes());
        let named = self.named.borrow();
        let mut candidates = named.iter().filter(|(_, name)| !name.is_empty());
        let whose = candidates.find(|(secret, _)| encodings(secret.expose()).iter().any(stands));
        self.found.replace(Some(whose.map(|(_, name)| name.clone()).unwrap_or_default()));
    }

    /// How much of a beginning can be shown before more of it is known: all but an end that may grow into a secret.
    pub fn safe_prefix_len(&self, bytes: &[u8]) -> usize {
        let forms = self.forms();
        let longest = forms.all.iter().map(|form| form.expose().len()).max().unwrap_or_default();
        let grows = |at: &usize| {
            let end = &bytes[*at..];
            forms.all.iter().any(|s| s.expose().len() > end.len() && s.expose().as_bytes().starts_with(end))
        };
        let cut = (bytes.len().saturating_sub(longest)..bytes.len()).find(grows).unwrap_or(bytes.len());
        drop(forms);
        // A secret that is whole already, and reaches into that end, is not torn either.
        self.spans(bytes).iter().find(|found| found.start < cut && cut < found.end).map_or(cut, |found| found.start)
    }

    /// Whether bytes hold a known secret: for data that normally passes through untouched.
    pub fn contains_secret(&self, bytes: &[u8]) -> bool {
        !self.spans(bytes).is_empty()
    }

    /// Where secrets stand, in order; those that overlap are one.
    fn spans(&self, bytes: &[u8]) -> Vec<Range<usize>> {
        let mut found = self.forms().find(bytes);
        found.sort_by_key(|span| span.start);
        let mut spans: Vec<Range<usize>> = Vec::new();
        for span in found {
            match spans.last_mut() {
                Some(last) if span.start < last.end => last.end = last.end.max(span.end),
                _ => spans.push(span),
            }
        }
        spans
    }
}

/// Hides everything that looks like a JWT: an error may repeat an assertion or a token that we never saw.
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

/// Whether a parameter of this name is likely to hold a credential.
pub fn is_sensitive_name(name: &str) -> bool {
    let name = name.to_lowercase();
    ["secret", "password", "token", "assertion", "key"].iter().any(|word| name.contains(word))
}

#[cfg(test)]
mod tests {
    use super::*;
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;

    #[test]
    fn secrets_with_the_same_beginning_are_told_apart_and_a_long_one_costs_little() {
        let redactor = Redactor::default();
        let beginning = "b".repeat(EncodedSecrets::BEGINNING);
        for end in ["-one", "-two-and-more", ""] {
            redactor.register_secret(&Secret::new(format!("{beginning}{end}")));
        }
        redactor.register_secret(&Secret::new("x".repeat(1024 * 1024)));
        assert_eq!(redactor.hide(&format!("a {beginning}-two-and-more z")), "a [hidden] z");
        assert_eq!(redactor.hide(&format!("a {beginning}-tw z")), "a [hidden]-tw z");
        assert_eq!(redactor.hide(&"x".repeat(1024 * 1024)), HIDDEN);
        assert_eq!(redactor.hide(&"x".repeat(1000)), "x".repeat(1000));
    }

    #[test]
    fn hides_a_secret_in_every_encoding() {
        let redactor = Redactor::default();
        let raw = "p+q%:é~/\"s3cr3t";
        redactor.register_secret(&Secret::new(raw.to_owned()));
        let basic = STANDARD.encode(format!("some-id:{raw}"));
        let basic_form = STANDARD.encode(format!("some-id:{}", url::percent_encode_minimal(raw)));
        redactor.register_secret(&Secret::new(basic_form.clone()));
        for form in [
            raw.to_owned(),
            url::form_component(raw),
            url::percent_encode_unreserved(raw).to_ascii_lowercase(),
            serde_json::to_string(raw).unwrap(),
            text::hex(raw.as_bytes()),
            STANDARD.encode(format!("x{raw}yz")),
            STANDARD.encode(format!("xy{raw}")),
            basic,
            basic_form,
        ] {
            let shown = redactor.quote(&format!("before {form} after"));
            assert!(shown.contains(HIDDEN), "{form} -> {shown}");
            assert!(redactor.contains_secret(form.as_bytes()), "{form}");
        }
    }

    #[test]
    fn secrets_that_overlap_are_hidden_whole() {
        let redactor = Redactor::default();
        redactor.register_secret(&Secret::new("abcdef".into()));
        redactor.register_secret(&Secret::new("efghij".into()));
        redactor.register_secret(&Secret::new("abcdefgh".into()));
        assert_eq!(redactor.hide("é abcdefghij abcdef é"), "é [hidden] [hidden] é");
        assert_eq!(*redactor.clean(b"\xffabcdef"), *b"\xff[hidden]");
        assert!(!redactor.contains_secret(b"abcde") && redactor.contains_secret(b"xefghijx"));
    }

    #[test]
    fn what_was_hidden_in_data_has_the_name_of_its_secret() {
        for (data, found) in
            [("x", None), ("0000", Some("")), ("x MTIzNDU2 x", Some("one")), ("a%2Fb%2Fc", Some("two"))]
        {
            let redactor = Redactor::default();
            redactor.register_secret(&Secret::new("0000".into()));
            redactor.register_named_secret(&Secret::new("123456".into()), "one");
            redactor.register_named_secret(&Secret::new("a/b/c".into()), "two");
            let _ = redactor.clean(data.as_bytes());
            assert_eq!(redactor.found().as_deref(), found, "{data}");
        }
    }

    #[test]
    fn only_an_end_that_may_grow_into_a_secret_waits() {
        let redactor = Redactor::default();
        redactor.register_secret(&Secret::new("abcdef".into()));
        redactor.register_secret(&Secret::new("abcdefghij".into()));
        for (bytes, settled) in [("", 0), ("xyz", 3), ("xya", 2), ("xabcd", 1), ("xabcdef", 1), ("xabcdefz", 8)] {
            assert_eq!(redactor.safe_prefix_len(bytes.as_bytes()), settled, "{bytes}");
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
        redactor.register_secret(&Secret::new("0123456789abcdef".into()));
        let shown = redactor.quote(&format!("{}0123456789abcdef", "x".repeat(text::QUOTE_LIMIT - 8)));
        assert!(!shown.contains("01234567"), "{shown}");
    }

    #[test]
    fn personal_data_is_hidden_in_quotes_in_any_case_and_punctuation() {
        let redactor = Redactor::default();
        redactor.register_personal_data("Maria.Silva@x");
        assert_eq!(redactor.quote("user MARIA.SILVA@X and 529.982.247-25"), "user [hidden] and [hidden]");
        assert_eq!(redactor.quote("user maria.silva%40x"), "user [hidden]");
    }

    #[test]
    fn hides_what_other_encoders_make_of_a_secret() {
        let redactor = Redactor::default();
        redactor.register_secret(&Secret::new("A~b*c-D_e.f g(h)!é+\u{1f511}".into()));
        for form in [
            "A~b*c-D_e.f%20g(h)!%C3%A9%2B%F0%9F%94%91",
            "A%7Eb*c-D_e.f+g%28h%29%21%C3%A9%2B%F0%9F%94%91",
            "A~b%2ac-D_e.f+g%28h%29%21%c3%a9%2b%f0%9f%94%91",
            "A%7Eb%2Ac%2DD%5Fe%2Ef%20g%28h%29%21%C3%A9%2B%F0%9F%94%91",
            "A~b*c-D_e.f g(h)!\\u00e9+\\ud83d\\udd11",
            "A~b*c-D_e.f g(h)!\\u00E9+\\uD83D\\uDD11",
        ] {
            assert_eq!(redactor.hide(form), HIDDEN, "{form}");
        }
    }
}
