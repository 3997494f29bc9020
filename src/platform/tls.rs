//! TLS as this program trusts it: rustls with ring, TLS 1.2 or later, chain and name always verified. Owns which
//! certificate authorities count; there is no way to switch verification off.

use std::sync::Arc;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};

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

/// The client side of TLS. With `roots` the system's authorities, or Mozilla's where the system has none, and `extra`.
///
/// # Errors
/// Usage, when a certificate of `extra` cannot be an authority; internal, when ring offers no TLS version.
pub fn client_config(roots: bool, extra: &[CertificateDer<'static>]) -> Result<ClientConfig> {
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
    let mut config = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|e| Error::new(ErrorKind::Internal, "cannot set up TLS").cause(e.to_string()))?
        .with_root_certificates(store)
        .with_no_client_auth();
    // reqwest fills this in only for configurations of its own making.
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(config)
}
