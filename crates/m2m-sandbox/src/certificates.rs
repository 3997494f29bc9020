//! Throw-away certificates for mutual TLS (RFC 8705): an authority, the server's certificate, and a client's. Made at
//! start, gone at exit.

use std::error::Error;
use std::sync::Arc;

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
    /// The client's certificate, as the server knows it.
    pub(crate) client: Thumbprint,
    /// How the server speaks TLS: it asks for a certificate of the authority, and takes connections without one.
    pub(crate) server: Arc<ServerConfig>,
}

impl Certificates {
    /// Makes everything anew.
    pub(crate) fn new() -> Result<Self, Box<dyn Error>> {
        let authority_key = KeyPair::generate()?;
        let mut params = named("m2m-sandbox authority", &[])?;
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let authority = params.self_signed(&authority_key)?;
        let issuer = Issuer::new(params, authority_key);

        let (server_key, client_key) = (KeyPair::generate()?, KeyPair::generate()?);
        let server = named("m2m-sandbox", &["127.0.0.1", "localhost"])?.signed_by(&server_key, &issuer)?;
        let client = named("m2m-sandbox client", &["client.m2m-sandbox.test"])?.signed_by(&client_key, &issuer)?;

        let mut roots = RootCertStore::empty();
        roots.add(authority.der().clone())?;
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider))
            .allow_unauthenticated()
            .build()?;
        let key = PrivateKeyDer::try_from(server_key.serialize_der())?;
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

fn named(name: &str, alternatives: &[&str]) -> Result<CertificateParams, rcgen::Error> {
    let alternatives: Vec<String> = alternatives.iter().map(|&each| each.to_owned()).collect();
    let mut params = CertificateParams::new(alternatives)?;
    params.distinguished_name.push(DnType::CommonName, name);
    Ok(params)
}
