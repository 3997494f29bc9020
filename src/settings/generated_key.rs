//! The key pair of a new profile: written beside the config file, for its owner alone, never over another one.

use std::io::Write as _;
use std::path::Path;

use crate::oauth::jose::key_pair;
use crate::platform::error::{Error, Result};

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
    if let Some(dir) = path.parent().filter(|dir| !dir.as_os_str().is_empty()) {
        std::fs::create_dir_all(dir).map_err(failed)?;
    }
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(0o600);
    }
    options.open(path).and_then(|mut file| file.write_all(key.pem.expose().as_bytes())).map_err(failed)?;
    Ok(GeneratedKey { public_jwk: key.public_jwk, kid: key.kid })
}
