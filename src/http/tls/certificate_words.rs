//! What is wrong with a certificate that was refused, in words, and whose move it is. Owns the words that need nothing but the
//! error of rustls; those that need the chain and who is trusted are in `failure`.

use rustls::CertificateError;
use webpki::Error as Webpki;

const MALFORMED: (&str, &str) =
    ("the server's certificate is malformed", "its operator must replace it with one that follows RFC 5280");

/// What is wrong with a certificate, and what to try.
pub fn explained(error: &CertificateError) -> (&'static str, &'static str) {
    use CertificateError as Bad;
    match error {
        Bad::UnknownIssuer => (
            "the server's certificate is signed by itself, or by an authority that is not trusted here",
            "if it is your own or a corporate proxy's, name the authority's PEM file with `--ca-file` (`ca_file` in a profile)",
        ),
        Bad::Expired | Bad::ExpiredContext { .. } => {
            ("the server's certificate has expired", "its operator must renew it (or this machine's clock is wrong)")
        }
        Bad::NotValidYet | Bad::NotValidYetContext { .. } => {
            ("the server's certificate is not valid yet", "check this machine's clock")
        }
        // Names for which it is valid are handled before.
        Bad::NotValidForNameContext { .. } => (
            "the server's certificate names no host at all: it has a Common Name only, or nothing",
            "its operator must replace it with one that has the host as subjectAltName; Common Names no longer count",
        ),
        Bad::NotValidForName => ("the certificate belongs to another name", "check the host in the URL"),
        Bad::InvalidPurpose | Bad::InvalidPurposeContext { .. } => (
            "the server's certificate is not for servers",
            "its operator must replace it with one whose extended key usage has serverAuth",
        ),
        Bad::BadSignature => (
            "a signature of the server does not hold: its key does not fit its certificate, or is an RSA key below 2048 bits",
            "its operator must install the key that belongs to the certificate, or a new certificate with a longer key",
        ),
        Bad::Revoked => ("the server's certificate has been revoked", "its operator must replace it"),
        Bad::UnsupportedSignatureAlgorithmContext { signature_algorithm_id: id, .. } => unsupported(id),
        Bad::UnsupportedSignatureAlgorithmForPublicKeyContext { public_key_algorithm_id: id, .. } => unsupported(id),
        Bad::UnhandledCriticalExtension => UNKNOWN_EXTENSION,
        Bad::Other(other) => other.0.downcast_ref::<Webpki>().map_or(MALFORMED, webpki_words),
        _ => MALFORMED,
    }
}

const UNKNOWN_EXTENSION: (&str, &str) = (
    "the server's certificate or an authority's has a critical extension that is not known here",
    "its operator must replace it with one that has no such extension",
);

/// What webpki has a name for and rustls has not.
fn webpki_words(error: &Webpki) -> (&'static str, &'static str) {
    match error {
        // Mostly a self-signed one as `openssl req -x509` makes it.
        Webpki::CaUsedAsEndEntity => (
            "the server's certificate is not one for servers, but an authority's own (self-signed)",
            "give the server a certificate that an authority signed (basicConstraints CA:FALSE), and name that authority's PEM file with `--ca-file` (`ca_file` in a profile)",
        ),
        Webpki::UnsupportedCertVersion => (
            "the server's certificate is of X.509 version 1, which names no host",
            "its operator must replace it with one of version 3 that has the host as subjectAltName",
        ),
        Webpki::EndEntityUsedAsCa => (
            "the server's certificate is signed with a certificate that is not an authority's",
            "its operator must replace it, or sign it with a certificate that has basicConstraints CA:TRUE",
        ),
        Webpki::PathLenConstraintViolated => (
            "an authority in the server's chain may not have authorities below it (pathlen)",
            "whoever runs the authorities must make the intermediate one anew",
        ),
        Webpki::NameConstraintViolation => (
            "the authority that signed the server's certificate may not sign for this host (name constraints)",
            "the operator must get the certificate from an authority that may sign for this host",
        ),
        Webpki::UnsupportedCriticalExtension => UNKNOWN_EXTENSION,
        Webpki::MaximumPathBuildCallsExceeded
        | Webpki::MaximumPathDepthExceeded
        | Webpki::MaximumSignatureChecksExceeded => {
            ("the chain of certificates is too long", "the server must send its own chain only: ask its operator")
        }
        _ => MALFORMED,
    }
}

/// Object identifiers in DER of what is too weak.
pub(super) const WEAK: [&[u8]; 4] = [
    // md5WithRSAEncryption, sha1WithRSAEncryption
    &[6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 4],
    &[6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 5],
    // ecdsa-with-SHA1, dsa-with-SHA1
    &[6, 7, 0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 1],
    &[6, 7, 0x2a, 0x86, 0x48, 0xce, 0x38, 4, 3],
];

fn unsupported(algorithm: &[u8]) -> (&'static str, &'static str) {
    if WEAK.iter().any(|weak| algorithm.starts_with(weak)) {
        return (
            "the server's certificate or one in its chain is signed with SHA-1 or MD5, which is not safe",
            "its operator must replace it with one that is signed with SHA-256 or better",
        );
    }
    (
        "the server's certificate or one in its chain has a kind of key or signature that is not supported (such as P-521, DSA, Ed448)",
        "its operator must replace it with one of ECDSA (P-256, P-384), Ed25519 or RSA from 2048 bits",
    )
}
