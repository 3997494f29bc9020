//! What it means when TLS fails, in words: which certificate is wrong and how, what an alert says, and whose move it is.
//! Refuses to decide anything: rustls has decided.

use rustls::{AlertDescription, CertificateError, PeerIncompatible};

use crate::http::retry::AttemptOutcome;
use crate::http::tls::certificate_words;
use crate::http::tls::handshake_limit::HandshakeTimeout;
use crate::http::tls::trust::{RefusedChain, Trust};
use crate::platform::error::{Error, ErrorKind};
use crate::platform::url::{Url, is_loopback};

/// The error to tell. `what` is method and URL as shown; `trust` is who was trusted when `host` was connected to.
pub fn explained(tls: &rustls::Error, what: &str, trust: Option<&Trust>, host: &str) -> Error {
    if let rustls::Error::AlertReceived(alert) = tls
        && let Some((message, hint)) = refused_client(*alert)
    {
        return Error::new(ErrorKind::CredentialsRejected, message)
            .cause_quoted(what.to_owned(), tls.to_string())
            .hint(hint);
    }
    let error = Error::new(ErrorKind::Unreachable, "no secure connection could be made (TLS)");
    let chain = trust.and_then(|trust| trust.refused(host).map(|chain| (trust, chain)));
    let error = match (tls, chain) {
        (rustls::Error::InvalidCertificate(CertificateError::UnknownIssuer), Some((trust, chain))) => {
            untrusted(error, trust, &chain)
        }
        (rustls::Error::InvalidCertificate(CertificateError::BadSignature), Some((trust, chain))) => {
            other_key(error, trust, &chain)
        }
        (rustls::Error::InvalidCertificate(CertificateError::NotValidForNameContext { presented, .. }), _)
            if !presented.is_empty() =>
        {
            let why = "the certificate belongs to another name: it is for";
            error.cause_quoted(why, presented.join(", ")).hint("check the host in the URL")
        }
        _ => match words(tls) {
            Some((why, hint)) => error.cause(why).hint(hint),
            None => error,
        },
    };
    error.cause_quoted(what.to_owned(), library_words(tls))
}

/// What rustls says, less what only its developers read.
fn library_words(tls: &rustls::Error) -> String {
    use CertificateError as Bad;
    let short = match tls {
        rustls::Error::InvalidCertificate(Bad::UnsupportedSignatureAlgorithmContext { .. }) => {
            "UnsupportedSignatureAlgorithm".to_owned()
        }
        rustls::Error::InvalidCertificate(Bad::UnsupportedSignatureAlgorithmForPublicKeyContext { .. }) => {
            "UnsupportedSignatureAlgorithmForPublicKey".to_owned()
        }
        rustls::Error::InvalidCertificate(Bad::Other(other)) => other.0.to_string(),
        _ => return tls.to_string(),
    };
    format!("invalid peer certificate: {short}")
}

/// A port that takes connections and says nothing. On this machine nothing gets lost, so that trying again is of no use.
pub fn unanswered(timeout: &HandshakeTimeout, what: &str, url: &Url) -> (AttemptOutcome, Error) {
    let error = Error::new(ErrorKind::Unreachable, "the server does not answer the TLS handshake")
        .cause_quoted(what.to_owned(), timeout.to_string())
        .transient();
    if !is_loopback(url) {
        let hint = "is this a port for https? a firewall or a network with small packets may drop the handshake too (half of `--connect-timeout` is for it)";
        return (AttemptOutcome::NoAnswer, error.hint(hint));
    }
    let mut plain = url.clone();
    let port = url.port_or_known_default();
    let _ = plain.set_scheme("http");
    let _ = plain.set_port(port);
    let hint =
        format!("was http meant? then write `{}` (half of `--connect-timeout` is for the handshake)", origin(&plain));
    (AttemptOutcome::Final, error.hint(hint))
}

fn origin(url: &Url) -> String {
    url.origin().ascii_serialization()
}

/// What a server says in TLS itself about the certificate that it was shown, or not shown (RFC 8446 section 6.2). Such
/// alerts can only be about our certificate.
fn refused_client(alert: AlertDescription) -> Option<(&'static str, &'static str)> {
    match alert {
        AlertDescription::CertificateRequired => {
            Some(("the server wants a client certificate", "set `client_cert` and `client_key`"))
        }
        AlertDescription::CertificateExpired => Some((
            "the server refused the client certificate: it has expired",
            "renew the certificate in `client_cert` (or is the server's clock wrong?)",
        )),
        AlertDescription::AccessDenied
        | AlertDescription::BadCertificate
        | AlertDescription::CertificateRevoked
        | AlertDescription::CertificateUnknown
        // A signature that does not hold: an authority of the same name, with another key.
        | AlertDescription::DecryptError
        | AlertDescription::UnknownCA
        | AlertDescription::UnsupportedCertificate => Some((
            "the server refused the client certificate",
            "`client_cert` must be the one registered for this client, of an authority that the server trusts, with its intermediate certificates",
        )),
        _ => None,
    }
}

/// Nobody who is trusted has signed the certificate.
fn untrusted(error: Error, trust: &Trust, chain: &RefusedChain) -> Error {
    let why = if chain.self_signed {
        "the server's certificate is signed by itself, as"
    } else {
        "the server's certificate is signed by an authority that is not trusted here"
    };
    let mut error = error.cause_quoted(why, &*chain.issuer);
    if chain.in_ca_file && !chain.self_signed {
        error = error.cause("`ca_file` holds the server's own certificate, not the authority that signed it");
    } else if chain.alone && !chain.self_signed {
        error = error.cause("it sent no certificate beside its own");
    }
    let error = error.cause(format!("trusted here: {}", trust.description));
    let error = match &trust.ca_file {
        Some(path) => error.hint(format!("`ca_file` lacks that authority: if it is one of yours, add its certificate to {path}")),
        None => error.hint("if it is your own or a corporate proxy's, name the authority's PEM file with `--ca-file` (`ca_file` in a profile)"),
    };
    if chain.alone && !chain.self_signed {
        error.hint(
            "if it is an intermediate authority, the server must send its intermediate certificates: ask its operator",
        )
    } else {
        error
    }
}

/// An authority of the right name is known, and has not signed the certificate.
fn other_key(error: Error, trust: &Trust, chain: &RefusedChain) -> Error {
    let why = "the server's certificate names as its authority";
    let error = error.cause_quoted(why, &*chain.issuer);
    if chain.short_key {
        return error
            .cause("an authority of its chain has an RSA key below 2048 bits, which is not safe")
            .hint("whoever runs that authority must make it anew with a longer key, and sign the certificate again");
    }
    if !chain.issuer_is_trusted {
        return error
            .cause("a certificate that the server sent does not fit the next one: its signature is wrong")
            .hint("its operator must install the certificate and its intermediate certificates anew");
    }
    let error = error
        .cause("the authority of that name that is trusted here has another key: one of the two was made anew")
        .cause(format!("trusted here: {}", trust.description));
    match &trust.ca_file {
        Some(path) => {
            error.hint(format!("get the authority's new certificate and add it to {path}; the old one may stay"))
        }
        None => {
            error.hint("get the authority's new certificate, and name it with `--ca-file` (`ca_file` in a profile)")
        }
    }
}

const VERSION: (&str, &str) =
    ("the server offers no version of TLS that is safe", "the server must speak TLS 1.2 or later: ask its operator");
const NOTHING_IN_COMMON: (&str, &str) = (
    "the server has no cipher, key exchange or kind of key in common with this program, or wants a client certificate",
    "the server must offer ECDHE with AES-GCM or ChaCha20, and a certificate with an ECDSA key on P-256 or P-384, an Ed25519 key, or a plain RSA key: P-521 and RSA-PSS keys, RSA key exchange and DHE are not supported; ask its operator (or set `client_cert` and `client_key`)",
);
/// What it means, and what to try.
fn words(tls: &rustls::Error) -> Option<(&'static str, &'static str)> {
    use rustls::Error as Tls;
    Some(match tls {
        Tls::InvalidCertificate(error) => certificate_words::explained(error),
        Tls::AlertReceived(alert) => alert_words(*alert)?,
        Tls::PeerIncompatible(why) => incompatible(why),
        Tls::InvalidMessage(_) => ("the other side does not speak TLS", "check scheme and port"),
        Tls::NoCertificatesPresented => ("the server showed no certificate", "its operator must give it one"),
        _ => return None,
    })
}

fn alert_words(alert: AlertDescription) -> Option<(&'static str, &'static str)> {
    Some(match alert {
        AlertDescription::ProtocolVersion => VERSION,
        AlertDescription::HandshakeFailure | AlertDescription::InsufficientSecurity => NOTHING_IN_COMMON,
        AlertDescription::UnrecognisedName => (
            "the server knows no host of this name (SNI)",
            "check the host in the URL, and that its name leads to this server",
        ),
        AlertDescription::NoApplicationProtocol => {
            ("the server speaks neither HTTP/2 nor HTTP/1.1 at this port", "check host and port")
        }
        AlertDescription::InternalError => (
            "the server has an error of its own, before any request",
            "its operator finds the reason in the server's log",
        ),
        AlertDescription::BadRecordMac
        | AlertDescription::DecodeError
        | AlertDescription::IllegalParameter
        | AlertDescription::MissingExtension
        | AlertDescription::RecordOverflow
        | AlertDescription::UnexpectedMessage
        | AlertDescription::UnsupportedExtension => (
            "the server, or something in between, did not understand the TLS messages",
            "is there a proxy or firewall that inspects TLS? ask the server's operator otherwise",
        ),
        _ => return None,
    })
}

fn incompatible(why: &PeerIncompatible) -> (&'static str, &'static str) {
    match why {
        PeerIncompatible::ServerDoesNotSupportTls12Or13
        | PeerIncompatible::ServerTlsVersionIsDisabledByOurConfig
        | PeerIncompatible::Tls12NotOffered
        | PeerIncompatible::Tls12NotOfferedOrEnabled => VERSION,
        PeerIncompatible::NoCertificateRequestSignatureSchemesInCommon => (
            "the server takes no signature that the key of the client certificate can make",
            "use a `client_key` of another kind: ECDSA on P-256 or RSA is taken nearly everywhere",
        ),
        _ => NOTHING_IN_COMMON,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use rustls::OtherError;

    use webpki::Error as Webpki;

    use super::*;
    use crate::http::tls::certificate_words::WEAK;

    fn told(tls: &rustls::Error) -> (Vec<String>, String) {
        let error = explained(tls, "POST https://id.example.com/t", None, "id.example.com");
        assert_eq!(error.kind(), ErrorKind::Unreachable);
        (error.causes().iter().map(|cause| cause.text.clone()).collect(), error.hints().join("\n"))
    }

    #[test]
    fn every_certificate_that_is_refused_is_explained_with_whose_move_it_is() {
        use CertificateError as Bad;
        let other = |error: Webpki| Bad::Other(OtherError(Arc::new(error)));
        let unsupported = |id: &[u8]| Bad::UnsupportedSignatureAlgorithmContext {
            signature_algorithm_id: id.to_vec(),
            supported_algorithms: Vec::new(),
        };
        let key = |id: &[u8]| Bad::UnsupportedSignatureAlgorithmForPublicKeyContext {
            signature_algorithm_id: Vec::new(),
            public_key_algorithm_id: id.to_vec(),
        };
        for (error, why, hint) in [
            (Bad::UnknownIssuer, "not trusted here", "--ca-file"),
            (Bad::Expired, "has expired", "must renew"),
            (Bad::NotValidYet, "not valid yet", "clock"),
            (Bad::Revoked, "revoked", "must replace"),
            (Bad::BadEncoding, "malformed", "RFC 5280"),
            (Bad::BadSignature, "its key does not fit", "install the key"),
            (Bad::InvalidPurpose, "not for servers", "serverAuth"),
            (other(Webpki::CaUsedAsEndEntity), "an authority's own", "CA:FALSE"),
            (other(Webpki::UnsupportedCertVersion), "X.509 version 1", "version 3"),
            (other(Webpki::EndEntityUsedAsCa), "not an authority's", "CA:TRUE"),
            (other(Webpki::PathLenConstraintViolated), "pathlen", "whoever runs the authorities"),
            (other(Webpki::NameConstraintViolation), "name constraints", "an authority that may sign"),
            (other(Webpki::UnsupportedCriticalExtension), "critical extension", "must replace"),
            (other(Webpki::MaximumPathDepthExceeded), "too long", "its own chain only"),
            (other(Webpki::ExtensionValueInvalid), "malformed", "RFC 5280"),
            (unsupported(WEAK[1]), "SHA-1", "SHA-256"),
            (unsupported(WEAK[2]), "SHA-1", "SHA-256"),
            (unsupported(&[6, 3, 0x2b, 0x65, 0x71]), "not supported", "P-256"),
            (key(&[6, 5, 0x2b, 0x81, 4, 0, 0x23]), "P-521", "P-256"),
        ] {
            let (causes, hints) = told(&rustls::Error::InvalidCertificate(error.clone()));
            assert!(causes[0].contains(why) && causes.len() == 2, "{error:?}: {causes:?}");
            assert!(hints.contains(hint), "{error:?}: {hints}");
        }
    }

    #[test]
    fn every_alert_about_the_connection_is_explained() {
        for (alert, why) in [
            (AlertDescription::ProtocolVersion, "version of TLS"),
            (AlertDescription::HandshakeFailure, "kind of key in common"),
            (AlertDescription::InsufficientSecurity, "kind of key in common"),
            (AlertDescription::UnrecognisedName, "SNI"),
            (AlertDescription::NoApplicationProtocol, "HTTP/2"),
            (AlertDescription::InternalError, "error of its own"),
            (AlertDescription::DecodeError, "did not understand"),
        ] {
            let (causes, hints) = told(&rustls::Error::AlertReceived(alert));
            assert!(causes[0].contains(why) && !hints.is_empty(), "{alert:?}: {causes:?}");
        }
    }

    #[test]
    fn what_both_sides_lack_is_told_from_an_old_version() {
        for (error, why) in [
            (PeerIncompatible::ServerDoesNotSupportTls12Or13, "version of TLS"),
            (PeerIncompatible::NoCipherSuitesInCommon, "no cipher"),
            (PeerIncompatible::NoKxGroupsInCommon, "key exchange"),
            (PeerIncompatible::NoCertificateRequestSignatureSchemesInCommon, "client certificate can make"),
        ] {
            let (causes, hints) = told(&rustls::Error::PeerIncompatible(error.clone()));
            assert!(causes[0].contains(why) && !hints.is_empty(), "{error:?}: {causes:?}");
        }
    }
}
