//! Who is trusted by the connections of one command, and which server was refused. Verification stays rustls's own: this
//! looks at what it decided. Refuses to find words for it, which is for `failure`.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{DigitallySignedStruct, Error, RootCertStore, SignatureScheme};
use webpki::EndEntityCert;

use crate::http::tls::certificate_file::CaFile;
use crate::http::tls::distinguished_name;
use crate::http::tls::handshake_limit;
use crate::http::tls::roots;
use crate::platform::error::Result;
use crate::platform::host::Host;

/// The authorities that count, and what servers have shown that were refused.
pub struct Trust {
    /// All authorities.
    pub store: Arc<RootCertStore>,
    /// Where they come from, with how many there are.
    pub description: String,
    /// The path of `ca_file`, if it is set.
    pub ca_file: Option<String>,
    ca_certificates: Vec<CertificateDer<'static>>,
    refused: Mutex<HashMap<String, RefusedChain>>,
}

/// The certificates of a server that was refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefusedChain {
    /// The authority that would have to be trusted: who signed the last certificate that the server sent.
    pub issuer: String,
    /// Whether an authority of that name is trusted.
    pub issuer_is_trusted: bool,
    /// Whether an authority in the chain has an RSA key of less than 2048 bits.
    pub short_key: bool,
    /// Whether the server's certificate is signed by itself.
    pub self_signed: bool,
    /// Whether the server sent no certificate beside its own.
    pub alone: bool,
    /// Whether `ca_file` holds the server's own certificate.
    pub in_ca_file: bool,
}

impl Trust {
    /// Loads the system's authorities and adds those of `ca_file`.
    ///
    /// # Errors
    /// Usage: as [`roots::load`].
    pub fn load(host: &Host, ca_file: Option<&CaFile>) -> Result<Self> {
        let roots::Roots { mut store, mut description } = roots::load(host)?;
        if let Some(file) = ca_file {
            let (added, _) = store.add_parsable_certificates(file.certificates.iter().cloned());
            description.push_str(&format!(", {added} of `ca_file` ({})", file.path));
        }
        host.ui.verbose(|| format!("authorities: {description}"));
        Ok(Self {
            store: Arc::new(store),
            description,
            ca_file: ca_file.map(|file| file.path.clone()),
            ca_certificates: ca_file.map(|file| file.certificates.clone()).unwrap_or_default(),
            refused: Mutex::default(),
        })
    }

    /// What this host showed when it was last refused.
    pub fn refused(&self, host: &str) -> Option<RefusedChain> {
        self.refused.lock().unwrap_or_else(PoisonError::into_inner).get(host).cloned()
    }

    fn chain(&self, end_entity: &CertificateDer<'_>, intermediates: &[CertificateDer<'_>]) -> Option<RefusedChain> {
        let own = EndEntityCert::try_from(end_entity).ok()?;
        let sent: Vec<_> = intermediates.iter().filter_map(|one| EndEntityCert::try_from(one).ok()).collect();
        let mut last = &own;
        // At most as many steps as there are certificates: they may be signed in a circle.
        for _ in 0..sent.len() {
            match sent.iter().find(|one| one.subject() == last.issuer() && one.subject() != last.subject()) {
                Some(next) => last = next,
                None => break,
            }
        }
        let roots = || self.store.roots.iter().filter(|root| root.subject.as_ref() == last.issuer());
        Some(RefusedChain {
            issuer: distinguished_name::text(last.issuer()),
            issuer_is_trusted: roots().next().is_some(),
            short_key: roots().any(|root| is_short_rsa(&root.subject_public_key_info))
                || sent.iter().any(|one| is_short_rsa(&one.subject_public_key_info())),
            self_signed: own.issuer() == own.subject(),
            alone: intermediates.iter().all(|one| one == end_entity),
            in_ca_file: self.ca_certificates.iter().any(|one| one == end_entity),
        })
    }
}

/// Whether a public key in DER is of RSA with less than 2048 bits. The modulus alone has 256 bytes then.
fn is_short_rsa(key: &[u8]) -> bool {
    const RSA: &[u8] = &[6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 1];
    key.len() < 256 + 24 && key.windows(RSA.len()).any(|part| part == RSA)
}

/// Wraps a verifier and records what it refuses.
#[derive(Debug)]
pub struct RefusalObserver {
    /// The verifier that decides.
    pub verifier: Arc<dyn ServerCertVerifier>,
    /// Where to record.
    pub trust: Arc<Trust>,
}

impl std::fmt::Debug for Trust {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Trust").field("description", &self.description).finish_non_exhaustive()
    }
}

impl ServerCertVerifier for RefusalObserver {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> std::result::Result<ServerCertVerified, Error> {
        handshake_limit::answered();
        let verified = self.verifier.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now);
        let refused = verified.is_err().then(|| self.trust.chain(end_entity, intermediates)).flatten();
        let mut all = self.trust.refused.lock().unwrap_or_else(PoisonError::into_inner);
        match refused {
            Some(chain) => all.insert(server_name.to_str().into_owned(), chain),
            None => all.remove(server_name.to_str().as_ref()),
        };
        verified
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> std::result::Result<HandshakeSignatureValid, Error> {
        self.verifier.verify_tls12_signature(message, cert, dss)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> std::result::Result<HandshakeSignatureValid, Error> {
        self.verifier.verify_tls13_signature(message, cert, dss)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        // Asked for the first message of a handshake.
        handshake_limit::begun();
        self.verifier.supported_verify_schemes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rsa_keys_are_told_by_their_length() {
        let rsa = |bits: usize| {
            let mut key = vec![0x30, 13, 6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 1, 5, 0];
            // The rest of a key: headers, an exponent of 3 bytes, and the modulus.
            key.resize(key.len() + 5 + 4 + 5 + 5 + bits / 8, 0);
            key
        };
        assert!(is_short_rsa(&rsa(1024)));
        assert!(!is_short_rsa(&rsa(2048)));
        assert!(!is_short_rsa(&[0; 64]));
    }
}
