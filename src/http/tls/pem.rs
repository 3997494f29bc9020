//! Certificates in PEM (RFC 7468). Owns which blocks of a text are certificates, and says of each one that is not read why.
//! Refuses to know what the certificates are for.
//!
//! Ours, because the parser of rustls drops blocks silently: the first one after a byte order mark, one that does not begin
//! its line, and every `TRUSTED CERTIFICATE`. Not for speed: a process that reads the 144 authorities of Debian takes 1.4 ms
//! with either (means of 200 runs of a release build), though callgrind counts 4.7 million instructions here and 8.2 there.

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rustls::pki_types::CertificateDer;

const BEGIN: &str = "-----BEGIN ";
const DASHES: &str = "-----";

/// What a text holds.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Pem {
    /// Its certificates, in order.
    pub certificates: Vec<CertificateDer<'static>>,
    /// The blocks that are or should be certificates and were not read, in order.
    pub unread: Vec<Unread>,
    /// The labels of all other blocks, such as `PRIVATE KEY`.
    pub other_labels: Vec<String>,
}

/// A block that is or should be a certificate, and was not read.
#[derive(Debug, PartialEq, Eq)]
pub struct Unread {
    /// Which of the certificates it is, from 1.
    pub number: usize,
    /// Why.
    pub why: UnreadReason,
}

/// Why a block was not read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UnreadReason {
    /// The line that ends it is missing.
    BreaksOff,
    /// What it holds is not base64.
    NotBase64,
    /// Its line ends are the two characters `\n`.
    EscapedLineEnds,
    /// A `TRUSTED CERTIFICATE` of OpenSSL: it also says what it is trusted for, or not, which is not understood here.
    Trusted,
}

impl Unread {
    /// As a sentence.
    pub fn words(&self) -> String {
        let number = self.number;
        match self.why {
            UnreadReason::BreaksOff => {
                format!("certificate {number} breaks off: `-----END CERTIFICATE-----` is missing")
            }
            UnreadReason::NotBase64 => format!("certificate {number} is not base64"),
            UnreadReason::EscapedLineEnds => {
                format!("certificate {number} has the two characters `\\n` in place of line ends")
            }
            UnreadReason::Trusted => {
                format!("certificate {number} is a `TRUSTED CERTIFICATE`, a format that only OpenSSL reads")
            }
        }
    }
}

/// Reads the blocks of a text, wherever on a line they begin.
pub fn parse(bytes: &[u8]) -> Pem {
    // Checking costs a tenth of replacing, and comments in another encoding are rare.
    let text = std::str::from_utf8(bytes).map_or_else(|_| String::from_utf8_lossy(bytes), Cow::Borrowed);
    let mut pem = Pem::default();
    let mut number = 0;
    for block in text.split(BEGIN).skip(1) {
        let Some((label, rest)) = block.split_once(DASHES) else { continue };
        let trusted = label == "TRUSTED CERTIFICATE";
        if !trusted && !matches!(label, "CERTIFICATE" | "X509 CERTIFICATE") {
            pem.other_labels.push(label.to_owned());
            continue;
        }
        number += 1;
        match if trusted { Err(UnreadReason::Trusted) } else { body(rest, label) } {
            Ok(certificate) => pem.certificates.push(certificate),
            Err(why) => pem.unread.push(Unread { number, why }),
        }
    }
    pem
}

fn body(rest: &str, label: &str) -> Result<CertificateDer<'static>, UnreadReason> {
    let (body, end) = rest.split_once("-----END ").ok_or(UnreadReason::BreaksOff)?;
    if !end.strip_prefix(label).is_some_and(|end| end.starts_with(DASHES)) {
        return Err(UnreadReason::BreaksOff);
    }
    let base64: String = body.split_ascii_whitespace().collect();
    STANDARD
        .decode(&base64)
        .map(CertificateDer::from)
        .map_err(|_| if base64.contains("\\n") { UnreadReason::EscapedLineEnds } else { UnreadReason::NotBase64 })
}

#[cfg(test)]
mod tests {
    use rustls::pki_types::pem::PemObject as _;

    use super::*;

    fn object(label: &str, bytes: &[u8]) -> Vec<u8> {
        let text = STANDARD.encode(bytes);
        let lines: Vec<String> =
            text.as_bytes().chunks(64).map(|line| String::from_utf8_lossy(line).into_owned()).collect();
        format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\r\n", lines.join("\n")).into_bytes()
    }

    /// A bundle as distributions write it: comments in any encoding, lines of 64, other objects.
    #[test]
    fn a_bundle_is_read_as_the_library_reads_it() {
        let certificates: Vec<Vec<u8>> = (1..200u8).map(|n| vec![n; usize::from(n) * 7]).collect();
        let mut text = b"# Autoridade de Certifica\xe7\xe3o\n".to_vec();
        for certificate in &certificates {
            text.extend(object("CERTIFICATE", certificate));
            text.extend(object("PUBLIC KEY", b"no certificate"));
        }
        let read = parse(&text);
        let library: Vec<_> = CertificateDer::pem_slice_iter(&text).map(Result::unwrap).collect();
        assert_eq!(read.certificates, library);
        assert_eq!(read.certificates.iter().map(|one| one.to_vec()).collect::<Vec<_>>(), certificates);
        assert_eq!((read.unread, read.other_labels.len()), (Vec::new(), certificates.len()));
    }

    #[test]
    fn what_is_not_read_is_counted_among_the_certificates() {
        let good = object("CERTIFICATE", b"good");
        let text = [
            good.clone(),
            b"-----BEGIN CERTIFICATE-----\n*\n-----END CERTIFICATE-----\n".to_vec(),
            object("TRUSTED CERTIFICATE", b"trusted"),
            b"-----BEGIN CERTIFICATE-----\\nAAAA\\n-----END CERTIFICATE-----".to_vec(),
            b"-----BEGIN CERTIFICATE-----\nAAAA\n".to_vec(),
            good,
            b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END PRIVATE KEY-----\n".to_vec(),
            b"-----BEGIN CERTIFICATE-----\nAAAA".to_vec(),
        ]
        .concat();
        let read = parse(&text);
        assert_eq!(read.certificates.len(), 2);
        use UnreadReason::{BreaksOff, EscapedLineEnds, NotBase64, Trusted};
        let expected =
            [(2, NotBase64), (3, Trusted), (4, EscapedLineEnds), (5, BreaksOff), (7, BreaksOff), (8, BreaksOff)];
        assert_eq!(read.unread.iter().map(|one| (one.number, one.why)).collect::<Vec<_>>(), expected);
    }
}
