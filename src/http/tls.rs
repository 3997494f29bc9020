//! TLS as this program trusts it: rustls with ring, TLS 1.2 or later, chain and name always verified. Owns which
//! certificate authorities count; there is no way to switch verification off.

use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rustls::client::WebPkiServerVerifier;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ClientConfig, RootCertStore};

use crate::http::certificate_file::CaFile;
use crate::http::expiry_observer::{ExpiryObservations, ExpiryObserver};
use crate::http::pem;
use crate::platform::error::{Error, ErrorKind, Result};

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

/// The SHA-256 thumbprint of a certificate, in base64url (RFC 8705 section 3.1).
pub fn thumbprint(certificate: &CertificateDer<'_>) -> String {
    let digest = ring::digest::digest(&ring::digest::SHA256, certificate);
    URL_SAFE_NO_PAD.encode(digest)
}

/// How far ahead the end of certificates is looked for.
const REORDER_WINDOW: Duration = Duration::from_secs(14 * 24 * 3600);

/// The client side of TLS. With `roots` the system's authorities, or Mozilla's where the system has none, and those of `ca_file`.
/// Certificates that end soon are reported to `observations`; `identity` is shown to servers that ask.
///
/// # Errors
/// Usage, when the identity is not one; internal, when ring offers
/// no TLS version.
pub fn client_config(
    roots: bool,
    ca_file: Option<&CaFile>,
    observations: Option<&Arc<ExpiryObservations>>,
    identity: Option<&Identity>,
) -> Result<ClientConfig> {
    let internal = |why: String| Error::new(ErrorKind::Internal, "cannot set up TLS").cause(why);
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let store = Arc::new(root_store(roots, ca_file)?);
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
        let certificates = bundle
            .and_then(|path| std::fs::read(path).ok())
            .map(|text| pem::parse(&text).certificates)
            .unwrap_or_default();
        if !certificates.is_empty() {
            return certificates;
        }
    }
    rustls_native_certs::load_native_certs().certs
}

fn root_store(roots: bool, ca_file: Option<&CaFile>) -> Result<RootCertStore> {
    let mut store = RootCertStore::empty();
    if roots {
        store.add_parsable_certificates(system_roots());
        if store.is_empty() {
            store.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
        }
    }
    for certificate in ca_file.iter().flat_map(|file| &file.certificates) {
        store
            .add(certificate.clone())
            .map_err(|e| Error::usage("a certificate of `ca_file` cannot be used as an authority").caused_by(e))?;
    }
    Ok(store)
}
