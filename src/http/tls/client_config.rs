//! TLS as this program trusts it: rustls with ring, TLS 1.2 or later, chain and name always verified. There is no
//! way to switch verification off. Refuses to know which authorities count, which is for `roots`.

use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::ServerCertVerifier;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ClientConfig, RootCertStore};

use crate::http::tls::expiry_observer::{ExpiryObservations, ExpiryObserver};
use crate::http::tls::trust::{RefusalObserver, Trust};
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

/// The client side of TLS. Without `trust` no server is trusted, which is for plain http alone. Certificates that end
/// soon are reported to `observations`; `identity` is shown to servers that ask.
///
/// # Errors
/// Usage, when the identity is not one; internal, when ring offers no TLS version.
pub fn client_config(
    trust: Option<&Arc<Trust>>,
    observations: Option<&Arc<ExpiryObservations>>,
    identity: Option<&Identity>,
) -> Result<ClientConfig> {
    let internal = |why: String| Error::new(ErrorKind::Internal, "cannot set up TLS").cause(why);
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider.clone())
        .with_safe_default_protocol_versions()
        .map_err(|e| internal(e.to_string()))?;
    let builder = match trust {
        None => builder.with_root_certificates(RootCertStore::empty()),
        Some(trust) => {
            let verifier = WebPkiServerVerifier::builder_with_provider(trust.store.clone(), provider)
                .build()
                .map_err(|e| internal(e.to_string()))?;
            let verifier: Arc<dyn ServerCertVerifier> = match observations {
                None => verifier,
                Some(all) => Arc::new(ExpiryObserver { verifier, ahead: REORDER_WINDOW, observations: all.clone() }),
            };
            let verifier = Arc::new(RefusalObserver { verifier, trust: trust.clone() });
            builder.dangerous().with_custom_certificate_verifier(verifier)
        }
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
