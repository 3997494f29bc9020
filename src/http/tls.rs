//! TLS as this program trusts it: rustls with ring, TLS 1.2 or later, chain and name always verified. Owns which
//! certificate authorities count; there is no way to switch verification off.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use rustls::client::WebPkiServerVerifier;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ClientConfig, RootCertStore};

use crate::http::expiry_observer::{ExpiryObservations, ExpiryObserver};
use crate::platform::error::{Error, ErrorKind, Result};
use crate::platform::local_input::LocalInput;

/// A certificate chain with its key: what a client shows in mutual TLS.
pub struct Identity {
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
}

impl Identity {
    /// Takes chain and key together.
    pub fn new(chain: Vec<CertificateDer<'static>>, key: PrivateKeyDer<'static>) -> Self {
        Self { chain, key }
    }
}

/// More than any bundle of authorities, in bytes.
const PEM_LIMIT: u64 = 16 * 1024 * 1024;

/// Reads the certificates of a PEM file. `setting` and `origin` name it in messages; a pipe is awaited for up to
/// `timeout`.
///
/// # Errors
/// Usage: the file cannot be read, or holds no certificate.
pub fn read_certificates(
    path: &str,
    setting: &str,
    origin: &str,
    timeout: Duration,
) -> Result<Vec<CertificateDer<'static>>> {
    let refused = |why: String| {
        Error::usage(format!("cannot use `{setting} = \"{path}\"` (from {origin})"))
            .cause(why)
            .hint(format!("`{setting}` is a PEM file with one or more certificates"))
    };
    let read = LocalInput::open(path.as_ref()).and_then(|file| file.read(PEM_LIMIT, timeout));
    let bytes = read.map_err(|e| refused(e.to_string()))?;
    let certificates = CertificateDer::pem_slice_iter(&bytes)
        .collect::<std::result::Result<Vec<_>, _>>()
        .map_err(|e| refused(format!("not PEM: {e}")))?;
    if certificates.is_empty() {
        return Err(refused("it holds no certificate".into()));
    }
    Ok(certificates)
}

/// The SHA-256 thumbprint of a certificate, in base64url (RFC 8705 section 3.1).
pub fn thumbprint(certificate: &CertificateDer<'_>) -> String {
    let digest = ring::digest::digest(&ring::digest::SHA256, certificate);
    URL_SAFE_NO_PAD.encode(digest)
}

/// How far ahead the end of certificates is looked for.
const REORDER_WINDOW: Duration = Duration::from_secs(14 * 24 * 3600);

/// The client side of TLS. With `roots` the system's authorities, or Mozilla's where the system has none, and `extra`.
/// Certificates that end soon are reported to `observations`; `identity` is shown to servers that ask.
///
/// # Errors
/// Usage, when a certificate of `extra` cannot be an authority, or the identity is not one; internal, when ring offers
/// no TLS version.
pub fn client_config(
    roots: bool,
    extra: &[CertificateDer<'static>],
    observations: Option<&Arc<ExpiryObservations>>,
    identity: Option<&Identity>,
) -> Result<ClientConfig> {
    let internal = |why: String| Error::new(ErrorKind::Internal, "cannot set up TLS").cause(why);
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let store = Arc::new(root_store(roots, extra)?);
    let builder = ClientConfig::builder_with_provider(provider.clone())
        .with_safe_default_protocol_versions()
        .map_err(|e| internal(e.to_string()))?;
    let builder = match observations {
        // A verifier without authorities cannot be built, and is for plain http alone.
        Some(observations) if !store.is_empty() => {
            let verifier = WebPkiServerVerifier::builder_with_provider(store, provider)
                .build()
                .map_err(|e| internal(e.to_string()))?;
            let watch = ExpiryObserver { verifier, ahead: REORDER_WINDOW, observations: observations.clone() };
            builder.dangerous().with_custom_certificate_verifier(Arc::new(watch))
        }
        _ => builder.with_root_certificates(store),
    };
    let mut config = match identity {
        None => builder.with_no_client_auth(),
        Some(identity) => {
            builder.with_client_auth_cert(identity.chain.clone(), identity.key.clone_key()).map_err(|e| {
                Error::usage("`client_cert` and `client_key` do not belong together, or cannot be used").caused_by(e)
            })?
        }
    };
    // reqwest fills this in only for configurations of its own making.
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(config)
}

/// The authorities that the system trusts. Linux has them as one file and again as a folder of files; reading both
/// takes twice as long and gives the same.
fn system_roots() -> Vec<CertificateDer<'static>> {
    if cfg!(target_os = "linux") && std::env::var_os("SSL_CERT_DIR").is_none() {
        let bundle = openssl_probe::probe().cert_file;
        let certificates =
            bundle.and_then(|path| std::fs::read(path).ok()).map(|pem| public_pem(&pem)).unwrap_or_default();
        if !certificates.is_empty() {
            return certificates;
        }
    }
    rustls_native_certs::load_native_certs().certs
}

/// The certificates of a PEM text, less what cannot be read. The library decodes every text as if it held a key, in
/// constant time; for a hundred public certificates that is a third of the work of a cold run.
fn public_pem(pem: &[u8]) -> Vec<CertificateDer<'static>> {
    // Checking costs a tenth of replacing, and comments in another encoding are rare.
    let text = std::str::from_utf8(pem).map_or_else(|_| String::from_utf8_lossy(pem), Cow::Borrowed);
    let bodies = text.split("-----BEGIN CERTIFICATE-----").skip(1);
    bodies
        .filter_map(|rest| {
            let lines = rest.split_once("-----END CERTIFICATE-----")?.0.split_ascii_whitespace();
            STANDARD.decode(lines.collect::<String>()).ok().map(CertificateDer::from)
        })
        .collect()
}

fn root_store(roots: bool, extra: &[CertificateDer<'static>]) -> Result<RootCertStore> {
    let mut store = RootCertStore::empty();
    if roots {
        store.add_parsable_certificates(system_roots());
        if store.is_empty() {
            store.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
        }
    }
    for certificate in extra {
        store
            .add(certificate.clone())
            .map_err(|e| Error::usage("a certificate of `ca_file` cannot be used as an authority").caused_by(e))?;
    }
    Ok(store)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A bundle as distributions write it: comments in any encoding, lines of 64, other objects, one that is broken.
    #[test]
    fn public_certificates_are_read_as_the_library_reads_them() {
        let object = |label: &str, bytes: &[u8]| {
            let text = STANDARD.encode(bytes);
            let lines: Vec<String> =
                text.as_bytes().chunks(64).map(|line| String::from_utf8_lossy(line).into_owned()).collect();
            format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\r\n", lines.join("\n")).into_bytes()
        };
        let certificates: Vec<Vec<u8>> = (1..200u8).map(|n| vec![n; usize::from(n) * 7]).collect();
        let mut pem = b"# Autoridade de Certifica\xe7\xe3o\n".to_vec();
        for certificate in &certificates {
            pem.extend(object("CERTIFICATE", certificate));
            pem.extend(object("PUBLIC KEY", b"no certificate"));
        }
        let read = public_pem(&pem);
        assert_eq!(read.iter().map(|certificate| certificate.to_vec()).collect::<Vec<_>>(), certificates);
        let library: Vec<_> = CertificateDer::pem_slice_iter(&pem).map(std::result::Result::unwrap).collect();
        assert_eq!(read, library);

        pem.extend(b"-----BEGIN CERTIFICATE-----\n*\n-----END CERTIFICATE-----\n-----BEGIN CERTIFICATE-----\nAAAA");
        assert_eq!(public_pem(&pem), read);
    }
}
