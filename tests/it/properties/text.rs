//! Properties of form encoding, redaction and sanitizing, tried on generated text. Each oracle is written here or in the
//! support code, apart from the code under test.

use m2m::internals::oauth::client_auth;
use m2m::internals::oauth::grant;
use m2m::internals::oauth::grant::{BodyFormat, Grant};
use m2m::internals::oauth::scope::Scope;
use m2m::internals::output::clean_stream::CleanStream;
use m2m::internals::platform::redaction::redactor::Redactor;
use m2m::internals::platform::secret::Secret;
use m2m::internals::platform::{text, url};
use proptest::collection::vec;
use proptest::prelude::*;

use crate::support::binary::tripwire::Tripwire;
use crate::support::encodings;
use crate::support::property::holds;

/// A decoder for `application/x-www-form-urlencoded`, as the HTML standard describes it in words.
fn decoded_form(body: &str) -> Vec<(String, String)> {
    let decode = |text: &str| {
        let bytes = text.replace('+', " ").into_bytes();
        let (mut out, mut at) = (Vec::new(), 0);
        while at < bytes.len() {
            let hex = bytes.get(at + 1..at + 3).and_then(|two| std::str::from_utf8(two).ok());
            match hex.filter(|_| bytes[at] == b'%').and_then(|two| u8::from_str_radix(two, 16).ok()) {
                Some(byte) => {
                    out.push(byte);
                    at += 3;
                }
                None => {
                    out.push(bytes[at]);
                    at += 1;
                }
            }
        }
        String::from_utf8(out).expect("UTF-8")
    };
    let pair = |pair: &str| {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        (decode(name), decode(value))
    };
    body.split('&').filter(|pair| !pair.is_empty()).map(pair).collect()
}

#[test]
fn what_is_form_encoded_decodes_to_itself() {
    holds("form encoding: any text comes back", 4000, any::<String>(), |value| {
        for encoded in
            [url::form_component(&value), url::percent_encode_unreserved(&value), url::percent_encode_minimal(&value)]
        {
            prop_assert!(encoded.is_ascii());
            let alone = encoded.replace('&', "%26").replace('=', "%3D");
            let expected = if value.is_empty() { vec![] } else { vec![(value.clone(), String::new())] };
            prop_assert_eq!(decoded_form(&alone), expected);
        }
        Ok(())
    });
    let pairs = proptest::collection::btree_map("[a-z]{1,8}_p", "\\PC{1,20}|[\\x00-\\xff]{1,9}", 0..4);
    let inputs = (any::<String>(), any::<String>(), pairs, vec("https://[a-z]{1,9}/\\?[ -~]{0,9}", 0..3));
    holds("form encoding: a token request says what was meant", 2000, inputs, |(id, secret, params, resources)| {
        let params: Vec<(String, String)> = params.into_iter().collect();
        let grant = Grant {
            body_format: BodyFormat::Form,
            scope: Scope::parse("a/b c:d").expect("scopes"),
            audience: None,
            resources: resources.clone(),
            params: params.clone(),
        };
        let authentication = client_auth::post(&id, &Secret::new(secret.clone()));
        let endpoint = url::Url::parse("https://as.example/token").expect("a URL");
        let request = grant::build_request(&endpoint, &grant, &authentication).expect("a request");
        let body = String::from_utf8(request.body.expect("a body")).expect("ASCII");
        let fixed = [
            ("grant_type", "client_credentials"),
            ("client_id", &id),
            ("client_secret", &secret),
            ("scope", "a/b c:d"),
        ];
        let mut expected: Vec<(String, String)> =
            fixed.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        expected.extend(params);
        expected.extend(resources.into_iter().map(|resource| ("resource".to_owned(), resource)));
        expected.retain(|(_, value)| !value.is_empty());
        prop_assert_eq!(decoded_form(&body), expected);
        Ok(())
    });
}

/// A secret as people and generators make them, in an encoding in which a server may send it back.
fn echo() -> impl Strategy<Value = (String, String)> {
    let secret = prop_oneof!["[!-~]{6,40}", "[A-Za-z0-9+/=]{6,40}", "[ -~é€🔑\"\\\\/%+~*']{6,24}", "\\PC{6,20}"];
    let secret = secret.prop_filter("as a secret source gives it", |secret| secret.trim() == secret);
    (secret, 0..14usize, "[a-z:]{0,9}").prop_map(|(secret, encoding, lead)| {
        let ascii = encodings::json_ascii(&secret);
        let component = |c: char| {
            if c.is_ascii_alphanumeric() || "-_.!~*'()".contains(c) {
                c.to_string()
            } else {
                encodings::strict(&c.to_string())
            }
        };
        let sent = match encoding {
            0 => secret.clone(),
            1 => encodings::form(&secret, "*-._"),
            2 => encodings::form(&secret, ""),
            3 => encodings::form(&secret, "-._~"),
            4 => encodings::strict(&secret),
            5 => encodings::minimal(&secret, false),
            6 => encodings::json(&secret),
            7 => ascii.replace('/', "\\/"),
            8 => ascii,
            9 => encodings::hex(&secret).to_uppercase(),
            10 => encodings::basic(&lead, &secret),
            11 => encodings::basic(&lead, &encodings::form(&secret, "-._")),
            12 => secret.chars().map(component).collect(),
            _ => encodings::basic(&lead, &encodings::json(&secret)),
        };
        (secret, sent)
    })
}

#[test]
fn no_secret_survives_in_any_encoding() {
    let inputs = (echo(), "\\PC{0,12}", "\\PC{0,12}", 0..600usize);
    holds("redaction: no secret survives in any encoding", 6000, inputs, |((secret, sent), before, after, pad)| {
        let redactor = Redactor::default();
        redactor.register_secret(&Secret::new(secret.clone()));
        let wire = Tripwire::new("the secret", &secret);
        let whole = format!("{before}{sent}{after}");
        prop_assert_eq!(wire.find(&redactor.hide(&whole)), None, "{}", redactor.hide(&whole));
        // Nor where the quote is cut.
        let quote = redactor.quote(&format!("{}{whole}", "-".repeat(pad)));
        prop_assert_eq!(wire.find(&quote), None, "{}", quote);
        prop_assert!(redactor.contains_secret(whole.as_bytes()) && redactor.hide(&whole).contains("[hidden]"));
        Ok(())
    });
    let inputs = (echo(), "\\PC{0,12}", "\\PC{0,12}", vec(1..9usize, 1..40));
    holds("redaction: a stream is hidden like its whole", 3000, inputs, |((secret, sent), before, after, cuts)| {
        let redactor = Redactor::default();
        redactor.register_secret(&Secret::new(secret));
        let whole = format!("{before}{sent}{after}");
        let (mut stream, mut out, mut rest) = (CleanStream::new(&redactor), Vec::new(), whole.as_bytes());
        for cut in cuts {
            let (piece, next) = rest.split_at(cut.min(rest.len()));
            out.extend(stream.push(piece));
            rest = next;
        }
        out.extend(stream.push(rest));
        out.extend(stream.finish());
        prop_assert_eq!(String::from_utf8_lossy(&out), redactor.hide(&whole));
        Ok(())
    });
}

/// Whether a terminal obeys a character, or does not show it: controls, and what Unicode calls format characters.
fn acts(c: char) -> bool {
    let format = [
        0xad..=0xad,
        0x600..=0x605,
        0x61c..=0x61c,
        0x6dd..=0x6dd,
        0x70f..=0x70f,
        0x890..=0x891,
        0x8e2..=0x8e2,
        0x180e..=0x180e,
        0x200b..=0x200f,
        0x2028..=0x202e,
        0x2060..=0x206f,
        0xfeff..=0xfeff,
        0xfff9..=0xfffb,
        0x110bd..=0x110bd,
        0x110cd..=0x110cd,
        0x13430..=0x1343f,
        0x1bca0..=0x1bca3,
        0x1d173..=0x1d17a,
        0xe0000..=0xe0fff,
    ];
    c.is_control() || format.iter().any(|range| range.contains(&u32::from(c)))
}

/// Any text, with more of what is dangerous than chance has.
fn hostile() -> impl Strategy<Value = String> {
    let odd = "\u{1b}\u{9b}\u{202e}\u{2066}\u{200b}\u{feff}\u{ad}\u{7f}\0\r\n\t #:\u{e0041}";
    let odd = proptest::sample::select(odd.chars().collect::<Vec<_>>());
    vec(prop_oneof![odd, any::<char>(), proptest::char::range(' ', '~')], 0..60)
        .prop_map(|all| all.into_iter().collect())
}

#[test]
fn sanitized_text_controls_no_terminal_and_no_runner() {
    holds("sanitizing: no control stays, nothing harmless is changed", 8000, hostile(), |raw| {
        let shown = text::sanitize(&raw);
        prop_assert!(!shown.chars().any(acts) && !shown.contains("##"), "{:?}", shown);
        prop_assert_eq!(text::sanitize(&shown), shown.clone());
        let harmless = !raw.chars().any(acts) && !raw.contains("##");
        prop_assert!(!harmless || shown == raw);
        // Escapes can be told from the text around them by readers who want to know what was sent.
        prop_assert!(raw.contains('\\') || unescaped(&shown) == raw, "{:?}", shown);
        Ok(())
    });
    let inputs = (hostile(), 1..40usize);
    holds("sanitizing: a quote is one short line", 3000, inputs, |(raw, times)| {
        let quote = Redactor::default().quote(&raw.repeat(times));
        prop_assert!(quote.chars().count() <= text::QUOTE_LIMIT + 1 && quote.lines().count() <= 1);
        prop_assert!(!quote.chars().any(acts));
        Ok(())
    });
    let inputs = (vec("[a-z:#]{0,30}", 0..30), 10..80usize);
    holds("sanitizing: text that hangs begins no line", 3000, inputs, |(words, width)| {
        let hung = text::wrap_hanging("> ", &words.join(" "), 4, width);
        let mut lines = hung.lines();
        prop_assert!(lines.next().is_some_and(|line| line.starts_with("> ")));
        prop_assert!(lines.all(|line| line.starts_with("  | ")), "{:?}", hung);
        Ok(())
    });
}

/// What an escaped text was before.
fn unescaped(shown: &str) -> String {
    let mut out = String::new();
    let mut rest = shown;
    while let Some((before, escape)) = rest.split_once('\\') {
        out.push_str(before);
        let (c, len) = match escape.as_bytes() {
            [b'n', ..] => ('\n', 1),
            [b'r', ..] => ('\r', 1),
            [b't', ..] => ('\t', 1),
            _ => {
                let (code, _) = escape[2..].split_once('}').expect("an escape ends");
                (
                    char::from_u32(u32::from_str_radix(code, 16).expect("hexadecimal")).expect("a character"),
                    code.len() + 3,
                )
            }
        };
        out.push(c);
        rest = &escape[len..];
    }
    out + rest
}
