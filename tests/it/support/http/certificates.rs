//! X.509 certificates made for one test: a certificate authority, what it signs, and self-signed certificates.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    date_time_ymd,
};

use crate::support::Cli;

const DAY: Duration = Duration::from_secs(24 * 3600);

/// A certificate authority that no machine trusts by default.
pub struct Authority {
    issuer: Issuer<'static, KeyPair>,
    /// Its certificate, for `--ca-file`.
    pub pem: String,
}

/// A certificate and its key, both in PEM.
pub struct Certificate {
    pub pem: String,
    pub key: String,
    /// SHA-256 of the certificate, in base64url (RFC 8705 section 3.1).
    pub thumbprint: String,
}

impl Authority {
    pub fn named(name: &str) -> Self {
        let params = Self::params(name);
        let key = KeyPair::generate().expect("a key");
        let pem = params.self_signed(&key).expect("a certificate").pem();
        Self { issuer: Issuer::new(params, key), pem }
    }

    /// A certificate for `name`, without a validity period that matters.
    pub fn certify(&self, name: &str) -> Certificate {
        self.sign(CertificateParams::new([name.to_owned()]).expect("a name"))
    }

    /// A certificate for `name`, from 30 days ago until `days` from now; negative `days` are in the past.
    pub fn certify_until(&self, name: &str, days: i32) -> Certificate {
        let mut params = CertificateParams::new([name.to_owned()]).expect("a name");
        let now = date_time_ymd(1970, 1, 1) + SystemTime::now().duration_since(UNIX_EPOCH).expect("a clock");
        params.not_before = now - 30 * DAY;
        // One hour more, so that a whole number of days is left however long the test takes.
        let length = days.unsigned_abs() * DAY;
        params.not_after = if days < 0 { now - length } else { now + length + Duration::from_secs(3600) };
        self.sign(params)
    }

    /// A certificate that names its host in the Common Name only.
    pub fn certify_common_name(&self, name: &str) -> Certificate {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, name);
        self.sign(params)
    }

    /// A certificate for `name` with which only clients may identify themselves.
    pub fn certify_for_clients(&self, name: &str) -> Certificate {
        let mut params = CertificateParams::new([name.to_owned()]).expect("a name");
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        self.sign(params)
    }

    /// An authority that this one has signed.
    pub fn intermediate(&self, name: &str) -> Self {
        let params = Self::params(name);
        let key = KeyPair::generate().expect("a key");
        let pem = params.signed_by(&key, &self.issuer).expect("a certificate").pem();
        Self { issuer: Issuer::new(params, key), pem }
    }

    fn params(name: &str) -> CertificateParams {
        let mut params = CertificateParams::default();
        params.distinguished_name = DistinguishedName::new();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params
    }

    fn sign(&self, params: CertificateParams) -> Certificate {
        let key = KeyPair::generate().expect("a key");
        Certificate::new(&params.signed_by(&key, &self.issuer).expect("a certificate"), &key)
    }
}

impl Certificate {
    fn new(certificate: &rcgen::Certificate, key: &KeyPair) -> Self {
        Self { pem: certificate.pem(), key: key.serialize_pem(), thumbprint: thumbprint(certificate.der()) }
    }

    /// A self-signed certificate for 127.0.0.1; with `authority`, one with `CA:TRUE`, as `openssl req -x509` makes it.
    pub fn self_signed(authority: bool) -> Self {
        let mut params = CertificateParams::new(["127.0.0.1".to_owned()]).expect("a name");
        if authority {
            params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        }
        let key = KeyPair::generate().expect("a key");
        Self::new(&params.self_signed(&key).expect("a certificate"), &key)
    }

    /// Passes certificate and key to `cli`, and registers every line of the key with its tripwire.
    pub fn given(&self, cli: Cli) -> Cli {
        let cli = cli.file("client.pem", &self.pem).file("client.key", &self.key);
        self.watched(cli).path_arg("--client-cert", "client.pem").path_arg("--client-key", "client.key")
    }

    /// Registers every line of the key with the tripwire of `cli`.
    pub fn watched(&self, cli: Cli) -> Cli {
        let lines = self.key.lines().filter(|line| !line.starts_with('-'));
        lines.fold(cli, |cli, line| cli.secret("a line of the key", line))
    }
}

/// The thumbprint of a certificate in DER.
pub fn thumbprint(der: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(ring::digest::digest(&ring::digest::SHA256, der))
}
