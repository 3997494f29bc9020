//! TLS as this program trusts it: rustls with ring, TLS 1.2 or later, chain and name always verified. Owns which
//! certificate authorities count; there is no way to switch verification off.

use std::sync::Arc;
use std::time::Duration;

use rustls::client::WebPkiServerVerifier;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};

use crate::platform::certificate_watch::{CertificateWatch, Noticed};

use crate::platform::error::{Error, ErrorKind, Result};

/// Reads the certificates of a PEM file named by `ca_file`.
///
/// # Errors
/// Usage: the file cannot be read, or holds no certificate.
pub fn read_ca_file(path: &str, origin: &str) -> Result<Vec<CertificateDer<'static>>> {
    let refused = |why: String| {
        Error::usage(format!("cannot use `ca_file = \"{path}\"` (from {origin})"))
            .cause(why)
            .hint("`ca_file` is a PEM file with one or more certificates of authorities to trust beside the system's")
    };
    let bytes = std::fs::read(path).map_err(|e| refused(e.to_string()))?;
    let certificates = CertificateDer::pem_slice_iter(&bytes)
        .collect::<std::result::Result<Vec<_>, _>>()
        .map_err(|e| refused(format!("not PEM: {e}")))?;
    if certificates.is_empty() {
        return Err(refused("it holds no certificate".into()));
    }
    Ok(certificates)
}

/// How far ahead the end of certificates is looked for.
const AHEAD: Duration = Duration::from_secs(14 * 24 * 3600);

/// The client side of TLS. With `roots` the system's authorities, or Mozilla's where the system has none, and `extra`.
/// Certificates that end soon are told to `noticed`.
///
/// # Errors
/// Usage, when a certificate of `extra` cannot be an authority; internal, when ring offers no TLS version.
pub fn client_config(
    roots: bool,
    extra: &[CertificateDer<'static>],
    noticed: Option<&Arc<Noticed>>,
) -> Result<ClientConfig> {
    let internal = |why: String| Error::new(ErrorKind::Internal, "cannot set up TLS").cause(why);
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let store = Arc::new(root_store(roots, extra)?);
    let builder = ClientConfig::builder_with_provider(provider.clone())
        .with_safe_default_protocol_versions()
        .map_err(|e| internal(e.to_string()))?;
    let mut config = match noticed {
        // A verifier without authorities cannot be built, and is for plain http alone.
        Some(noticed) if !store.is_empty() => {
            let verifier = WebPkiServerVerifier::builder_with_provider(store, provider)
                .build()
                .map_err(|e| internal(e.to_string()))?;
            let watch = CertificateWatch { verifier, ahead: AHEAD, noticed: noticed.clone() };
            builder.dangerous().with_custom_certificate_verifier(Arc::new(watch)).with_no_client_auth()
        }
        _ => builder.with_root_certificates(store).with_no_client_auth(),
    };
    // reqwest fills this in only for configurations of its own making.
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(config)
}

fn root_store(roots: bool, extra: &[CertificateDer<'static>]) -> Result<RootCertStore> {
    let mut store = RootCertStore::empty();
    if roots {
        store.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        if store.is_empty() {
            store.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
        }
    }
    for certificate in extra {
        store.add(certificate.clone()).map_err(|e| {
            Error::usage("a certificate of `ca_file` cannot be used as an authority").cause(e.to_string())
        })?;
    }
    Ok(store)
}
