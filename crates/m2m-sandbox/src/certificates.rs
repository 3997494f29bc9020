//! Certificates for mutual TLS (RFC 8705): of an authority, the server, and a client. Generated at start, never kept. How a
//! certificate authenticates a client is in `identity/client_auth.rs`.

use std::sync::Arc;

use anyhow::Error;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};
use ring::digest;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig};

/// The SHA-256 thumbprint of a certificate in base64url (RFC 8705 section 3.1).
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Thumbprint(pub(crate) String);

impl Thumbprint {
    pub(crate) fn of(certificate: &CertificateDer<'_>) -> Self {
        Self(URL_SAFE_NO_PAD.encode(digest::digest(&digest::SHA256, certificate)))
    }
}

/// What the TLS listener and the client's profile need.
pub(crate) struct Certificates {
    /// The authority, for `ca_file`.
    pub(crate) authority_pem: String,
    /// The client's certificate and key in one file.
    pub(crate) client_pem: String,
    /// The client's certificate, as it is registered at the server.
    pub(crate) client: Thumbprint,
    /// The TLS settings of the server: it asks for a certificate of the authority, and accepts connections without one.
    pub(crate) server: Arc<ServerConfig>,
}

impl Certificates {
    /// Generates all keys and certificates.
    pub(crate) fn new() -> anyhow::Result<Self> {
        let authority_key = KeyPair::generate()?;
        let mut params = certificate_params("m2m-sandbox authority", &[])?;
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let authority = params.self_signed(&authority_key)?;
        let issuer = Issuer::new(params, authority_key);

        let (server_key, client_key) = (KeyPair::generate()?, KeyPair::generate()?);
        let server = certificate_params("m2m-sandbox", &["127.0.0.1", "localhost"])?.signed_by(&server_key, &issuer)?;
        let client =
            certificate_params("m2m-sandbox client", &["client.m2m-sandbox.test"])?.signed_by(&client_key, &issuer)?;

        let mut roots = RootCertStore::empty();
        roots.add(authority.der().clone())?;
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider))
            .allow_unauthenticated()
            .build()?;
        let key = PrivateKeyDer::try_from(server_key.serialize_der()).map_err(Error::msg)?;
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_client_cert_verifier(verifier)
            .with_single_cert(vec![server.der().clone()], key)?;

        Ok(Self {
            authority_pem: authority.pem(),
            client_pem: format!("{}{}", client.pem(), client_key.serialize_pem()),
            client: Thumbprint::of(client.der()),
            server: Arc::new(config),
        })
    }
}

fn certificate_params(name: &str, alternatives: &[&str]) -> Result<CertificateParams, rcgen::Error> {
    let alternatives: Vec<String> = alternatives.iter().map(|&each| each.to_owned()).collect();
    let mut params = CertificateParams::new(alternatives)?;
    params.distinguished_name.push(DnType::CommonName, name);
    Ok(params)
}
