//! Which authorities are trusted: the system's, or those that `SSL_CERT_FILE` and `SSL_CERT_DIR` name, or Mozilla's on a
//! machine that has none. Owns that trust which somebody narrowed is never widened: a variable that names no authority is
//! an error. Refuses to know how a certificate is verified.
//!
//! On Linux the system's authorities are read from their one file, with our own parser (see `pem`).
//! `rustls_native_certs::load_native_certs` also reads the folder that holds each of them again, and trusts whatever else lies
//! there: for the 144 of Debian 3.6 ms instead of 1.4 ms, process included, 974 system calls instead of 77, and 17.5 instead
//! of 4.7 million instructions (means of 200 runs of a release build with `perf stat`; strace; callgrind). It is used where there
//! is no such file, and on other systems.

use std::path::{Path, PathBuf};
use std::time::Duration;

use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;

use crate::http::tls::certificate_file::PEM_LIMIT;
use crate::http::tls::certificate_format;
use crate::http::tls::pem;
use crate::platform::error::{Error, Result};
use crate::platform::host::Host;
use crate::platform::local_input::LocalInput;

/// How long a named pipe is awaited.
const PIPE_LIMIT: Duration = Duration::from_secs(5);

/// Authorities, and where they come from.
pub struct Roots {
    /// The authorities.
    pub store: RootCertStore,
    /// Where they come from, with how many there are.
    pub description: String,
}

/// What one variable named.
#[derive(Default)]
struct Named {
    certificates: Vec<CertificateDer<'static>>,
    /// Why there is none, or which are missing.
    problems: Vec<String>,
}

/// The authorities to trust beside those of `ca_file`.
///
/// # Errors
/// Usage: `SSL_CERT_FILE` or `SSL_CERT_DIR` is set, and neither names an authority.
pub fn load(host: &Host) -> Result<Roots> {
    let set = |name| host.process.var_os(name).filter(|value| !value.is_empty());
    let (file, folders) = (set("SSL_CERT_FILE"), set("SSL_CERT_DIR"));
    if file.is_none() && folders.is_none() {
        return Ok(of_system());
    }
    let mut store = RootCertStore::empty();
    let (mut descriptions, mut problems) = (Vec::new(), Vec::new());
    let mut add = |variable: &str, value: String, named: Named| {
        let found = !named.certificates.is_empty();
        let (added, _) = store.add_parsable_certificates(named.certificates);
        descriptions.push(format!("{added} of `{variable}` ({value})"));
        problems.extend(named.problems.into_iter().map(|why| format!("`{variable}`: {why}")));
        if found && added == 0 {
            problems.push(format!("`{variable}`: {value}: none of its certificates can be an authority"));
        }
    };
    if let Some(path) = file {
        add("SSL_CERT_FILE", path.to_string_lossy().into_owned(), of_file(path.as_ref()));
    }
    if let Some(paths) = folders {
        add("SSL_CERT_DIR", paths.to_string_lossy().into_owned(), of_folders(std::env::split_paths(paths)));
    }
    if store.is_empty() {
        let names = [file.map(|_| "`SSL_CERT_FILE`"), folders.map(|_| "`SSL_CERT_DIR`")];
        let names = names.into_iter().flatten().collect::<Vec<_>>().join(" and ");
        let error = problems.into_iter().fold(Error::usage(format!("{names}: no authority is named")), Error::cause);
        return Err(error.hint("correct the variable, or unset it to trust the system's authorities"));
    }
    for problem in problems {
        host.ui.verbose(|| format!("authorities: {problem}"));
    }
    Ok(Roots { store, description: descriptions.join(", ") })
}

/// The authorities of a file, as far as they can be read.
fn of_file(path: &Path) -> Named {
    let shown = path.display();
    let bytes = match LocalInput::open(path).and_then(|file| file.read(PEM_LIMIT, PIPE_LIMIT)) {
        Ok(bytes) => bytes,
        Err(e) => return Named { problems: vec![format!("{shown}: {e}")], ..Named::default() },
    };
    let pem = pem::parse(&bytes);
    let problems = certificate_format::other_format(&bytes, &pem).map(|other| match other.convert {
        Some(command) => format!("{shown}: {} (`{command}` converts it)", other.what),
        None => format!("{shown}: {}", other.what),
    });
    Named { certificates: pem.certificates, problems: problems.into_iter().collect() }
}

/// The authorities of all files in folders. Other files are common there, and are passed over.
fn of_folders(folders: impl Iterator<Item = PathBuf>) -> Named {
    let mut named = Named::default();
    for folder in folders {
        let entries = match std::fs::read_dir(&folder) {
            Ok(entries) => entries,
            Err(e) => {
                named.problems.push(format!("{}: {e}", folder.display()));
                continue;
            }
        };
        let before = named.certificates.len();
        for path in entries.flatten().map(|entry| entry.path()).filter(|path| path.is_file()) {
            named.certificates.extend(of_file(&path).certificates);
        }
        if named.certificates.len() == before {
            named.problems.push(format!("{}: no file in it holds a certificate", folder.display()));
        }
    }
    // Most are there twice: by a name of their own, and as a link that is named by a hash.
    named.certificates.sort_by(|one, other| one.as_ref().cmp(other.as_ref()));
    named.certificates.dedup();
    named
}

/// The system's authorities, or Mozilla's.
fn of_system() -> Roots {
    let mut store = RootCertStore::empty();
    if cfg!(target_os = "linux")
        && let Some(file) = openssl_probe::probe().cert_file
    {
        let (added, _) = store.add_parsable_certificates(of_file(&file).certificates);
        if added > 0 {
            return Roots { store, description: format!("{added} of {}", file.display()) };
        }
    }
    let (added, _) = store.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    if added > 0 {
        return Roots { store, description: format!("{added} of the system's store") };
    }
    store.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
    let description = format!(
        "{} of Mozilla, because this machine has none installed (package `ca-certificates`)",
        webpki_roots::TLS_SERVER_ROOTS.len()
    );
    Roots { store, description }
}
