//! Records certificates that expire soon. Verification stays rustls's own: this runs it a second time for a later date.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{CertificateError, DigitallySignedStruct, Error, SignatureScheme};

/// What was observed on the connections of one client.
#[derive(Debug, Default)]
pub struct ExpiryObservations {
    expiring: Mutex<Vec<ExpiringCertificate>>,
    saw_certificate: AtomicBool,
}

/// A certificate in the chain of a host that ends soon.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExpiringCertificate {
    /// The host.
    pub host: String,
    /// When it ends, in seconds since 1970.
    pub not_after: u64,
}

impl ExpiryObservations {
    /// The certificates that end soon, so far.
    pub fn expiring(&self) -> Vec<ExpiringCertificate> {
        self.expiring.lock().map(|all| all.clone()).unwrap_or_default()
    }

    /// Whether any server has shown a certificate that is trusted.
    pub fn saw_certificate(&self) -> bool {
        self.saw_certificate.load(Ordering::Relaxed)
    }
}

/// Wraps rustls's verifier and records certificates that expire soon.
#[derive(Debug)]
pub struct ExpiryObserver {
    /// The verifier that decides.
    pub verifier: Arc<WebPkiServerVerifier>,
    /// How far ahead to look.
    pub ahead: Duration,
    /// Where to tell.
    pub observations: Arc<ExpiryObservations>,
}

impl ServerCertVerifier for ExpiryObserver {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let at = |time| self.verifier.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, time);
        let verified = at(now)?;
        self.observations.saw_certificate.store(true, Ordering::Relaxed);
        let later = UnixTime::since_unix_epoch(Duration::from_secs(now.as_secs()) + self.ahead);
        if let Err(Error::InvalidCertificate(CertificateError::ExpiredContext { not_after, .. })) = at(later)
            && let Ok(mut all) = self.observations.expiring.lock()
        {
            let expiring =
                ExpiringCertificate { host: server_name.to_str().into_owned(), not_after: not_after.as_secs() };
            if !all.contains(&expiring) {
                all.push(expiring);
            }
        }
        Ok(verified)
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.verifier.verify_tls12_signature(message, cert, dss)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.verifier.verify_tls13_signature(message, cert, dss)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.verifier.supported_verify_schemes()
    }
}
