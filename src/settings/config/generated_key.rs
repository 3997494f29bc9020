//! The key pair of a new profile: written beside the config file, for its owner alone, never over another one.

use std::path::Path;

use crate::oauth::jose::key_pair;
use crate::platform::error::{Error, Result};
use crate::platform::private_file;

/// The public half of a key that was written.
pub struct GeneratedKey {
    /// The JWK to register with the authorization server.
    pub public_jwk: String,
    /// The key's name.
    pub kid: String,
}

/// Makes a key pair and writes the private half to `path`.
///
/// # Errors
/// Usage: the file exists, or cannot be written.
pub fn write(path: &Path) -> Result<GeneratedKey> {
    let key = key_pair::generate()?;
    let failed = |e: std::io::Error| {
        let exists = e.kind() == std::io::ErrorKind::AlreadyExists;
        let error = Error::usage(format!("cannot write the key `{}`", path.display())).caused_by(e);
        if exists {
            error.hint("a key is never overwritten; choose another profile name, or move it away")
        } else {
            error
        }
    };
    private_file::write_new(path, key.pem.expose().as_bytes()).map_err(failed)?;
    Ok(GeneratedKey { public_jwk: key.public_jwk, kid: key.kid })
}
