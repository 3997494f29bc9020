//! Names the format of a file that should hold certificates in PEM and holds something else, with the command that
//! converts it. Looks at the first bytes only; refuses to read any of these formats.

use crate::http::tls::pem::{Pem, UnreadReason};

/// What a file is instead, and the command that makes PEM of it; `FILE` in the command stands for the file.
pub struct OtherFormat {
    /// What it is, as a cause.
    pub what: String,
    /// How to convert it; nothing if there is no way.
    pub convert: Option<&'static str>,
}

const X509: &str = "openssl x509 -in FILE -out NEW.pem";
const X509_DER: &str = "openssl x509 -inform DER -in FILE -out NEW.pem";
const PKCS7: &str = "openssl pkcs7 -print_certs -in FILE -out NEW.pem";
const PKCS7_DER: &str = "openssl pkcs7 -print_certs -inform DER -in FILE -out NEW.pem";
const PKCS12: &str = "openssl pkcs12 -nokeys -in FILE -out NEW.pem";
const JKS: &str = "keytool -exportcert -rfc -keystore FILE -alias NAME -file NEW.pem";
const UTF16: &str = "iconv -f UTF-16 -t UTF-8 FILE > NEW.pem";
const BASE64: &str = "base64 -d FILE > NEW.pem";

/// The first block that was not read, or what a file without certificates is; nothing if all of it was read.
pub fn other_format(bytes: &[u8], pem: &Pem) -> Option<OtherFormat> {
    if let Some(unread) = pem.unread.first() {
        let convert = (unread.why == UnreadReason::Trusted).then_some(X509);
        let mut what = unread.words();
        if unread.why == UnreadReason::EscapedLineEnds {
            what.push_str(": write it with real line ends");
        }
        return Some(OtherFormat { what, convert });
    }
    pem.certificates.is_empty().then(|| {
        let (what, convert) = of_content(bytes, pem);
        OtherFormat { what, convert }
    })
}

fn of_content(bytes: &[u8], pem: &Pem) -> (String, Option<&'static str>) {
    if let Some(label) = pem.other_labels.first() {
        let convert = label.starts_with("PKCS").then_some(PKCS7);
        return (format!("it holds no certificate, but a `{label}`"), convert);
    }
    let text = String::from_utf8_lossy(bytes);
    let text = text.trim_start_matches('\u{feff}').trim();
    let lower = text.get(..9).unwrap_or_default().to_ascii_lowercase();
    let (what, convert) = match bytes {
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] | [0, b'-', ..] | [b'-', 0, ..] => ("it is UTF-16, not UTF-8", Some(UTF16)),
        [0xfe, 0xed, 0xfe, 0xed, ..] => ("it is a Java keystore", Some(JKS)),
        [0x30, ..] if der_content(bytes).is_some() => match der_content(bytes).unwrap_or_default() {
            [2, 1, 3, ..] => ("it is PKCS #12, a store of keys and certificates", Some(PKCS12)),
            [6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 7, 2, ..] => {
                ("it is PKCS #7 in DER, not PEM", Some(PKCS7_DER))
            }
            _ => ("it is in DER, not PEM", Some(X509_DER)),
        },
        _ if text.is_empty() => ("it is empty", None),
        _ if lower.starts_with("<!doctype") || lower.starts_with("<html") => ("it is an HTML page", None),
        // `-----BEGIN ` in base64, as in a Kubernetes secret that was copied out of its YAML.
        _ if text.starts_with("LS0tLS1CRUdJTi") => ("it is base64 of a PEM file", Some(BASE64)),
        // A certificate begins with a SEQUENCE of two bytes of length.
        _ if text.starts_with("MII") => {
            ("it has no `-----BEGIN CERTIFICATE-----` and no `-----END CERTIFICATE-----` around the base64", None)
        }
        _ => ("it holds no certificate", None),
    };
    (what.to_owned(), convert)
}

/// What is in the SEQUENCE that a DER file is, if it looks like one with more than 127 bytes.
fn der_content(bytes: &[u8]) -> Option<&[u8]> {
    match *bytes {
        [0x30, 0x81, _, ref rest @ ..] | [0x30, 0x82, _, _, ref rest @ ..] | [0x30, 0x83, _, _, _, ref rest @ ..] => {
            Some(rest)
        }
        // Of indefinite length, as Windows writes PKCS #7 and PKCS #12.
        [0x30, 0x80, ref rest @ ..] => Some(rest),
        _ => None,
    }
}
