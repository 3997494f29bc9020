//! Files with certificates that settings name: `ca_file` and `client_cert`. A file that is not read to its last block is
//! refused, never used in part. Refuses to know of the system's authorities, which are for `roots`.

use std::time::Duration;

use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;

use crate::http::tls::certificate_format;
use crate::http::tls::pem;
use crate::platform::error::{Error, Result};
use crate::platform::local_input::LocalInput;

/// More than any bundle of authorities, in bytes.
pub const PEM_LIMIT: u64 = 16 * 1024 * 1024;

/// The authorities that `ca_file` adds.
pub struct CaFile {
    /// Its certificates.
    pub certificates: Vec<CertificateDer<'static>>,
    /// The file's path.
    pub path: String,
}

impl CaFile {
    /// Reads the authorities of a PEM file; `origin` says who named it.
    ///
    /// # Errors
    /// Usage: the file cannot be read, is not PEM to its end, or holds what cannot be an authority.
    pub fn read(path: &str, origin: &str, timeout: Duration) -> Result<Self> {
        let certificates = read_certificates(path, "ca_file", origin, timeout)?;
        for (index, certificate) in certificates.iter().enumerate() {
            RootCertStore::empty().add(certificate.clone()).map_err(|e| {
                let why = format!("certificate {} cannot be used as an authority: {e}", index + 1);
                refused(path, "ca_file", origin, why).hint(pem_hint("ca_file"))
            })?;
        }
        Ok(Self { certificates, path: path.to_owned() })
    }
}

/// Reads the certificates of a PEM file. `setting` and `origin` name it in messages; a pipe is awaited for up to
/// `timeout`.
///
/// # Errors
/// Usage: the file cannot be read, holds no certificate, or one that cannot be read.
pub fn read_certificates(
    path: &str,
    setting: &str,
    origin: &str,
    timeout: Duration,
) -> Result<Vec<CertificateDer<'static>>> {
    let refused = |why: String| refused(path, setting, origin, why);
    let read = LocalInput::open(path.as_ref()).and_then(|file| file.read(PEM_LIMIT, timeout));
    let bytes = read.map_err(|e| refused(e.to_string()).hint(pem_hint(setting)))?;
    let pem = pem::parse(&bytes);
    match certificate_format::other_format(&bytes, &pem) {
        None => Ok(pem.certificates),
        Some(other) => Err(match other.convert {
            Some(command) => {
                let quoted = shlex::try_quote(path).unwrap_or_default();
                refused(other.what)
                    .hint(format!("convert it and name the new file: `{}`", command.replace("FILE", &quoted)))
            }
            None => refused(other.what).hint(pem_hint(setting)),
        }),
    }
}

fn refused(path: &str, setting: &str, origin: &str, why: String) -> Error {
    Error::usage(format!("cannot use `{setting} = \"{path}\"` (from {origin})")).cause(why)
}

fn pem_hint(setting: &str) -> String {
    format!("`{setting}` is a PEM file with one or more certificates")
}
