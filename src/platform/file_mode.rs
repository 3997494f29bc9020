//! Who can read a file with a secret. A mode that its owner cannot change, on a read-only mount or among systemd's
//! credentials, is not worth a warning on every run.

use std::fs::Metadata;
use std::path::Path;

use crate::platform::host::Host;

/// Warns if others can read a file; `what` names it. On a read-only mount and below `$CREDENTIALS_DIRECTORY` only reading by
/// everybody is remarked on, with `-v`.
pub fn warn_if_exposed(host: &Host, path: &Path, metadata: &Metadata, what: &str) {
    #[cfg(unix)]
    {
        let mode = mode(metadata);
        if !metadata.is_file() || mode & 0o077 == 0 {
            return;
        }
        if !is_given(host, path) {
            host.ui.warn(&format!("{what} can be read by others (mode {mode:04o}); `chmod 600` it"));
        } else if mode & 0o007 != 0 {
            host.ui.verbose(|| format!("{what} can be read by everybody on this machine (mode {mode:04o})"));
        }
    }
    #[cfg(not(unix))]
    let _ = (host, path, metadata, what);
}

/// Whether only its owner can read a file, or, where the mode is given, its owner and a group.
pub fn is_private(host: &Host, path: &Path, metadata: &Metadata) -> bool {
    #[cfg(unix)]
    {
        let mode = mode(metadata);
        mode & 0o077 == 0 || (mode & 0o037 == 0 && is_given(host, path))
    }
    #[cfg(not(unix))]
    {
        let _ = (host, path, metadata);
        true
    }
}

#[cfg(unix)]
fn mode(metadata: &Metadata) -> u32 {
    use std::os::unix::fs::PermissionsExt as _;
    metadata.permissions().mode() & 0o777
}

/// Whether the mode was decided by whoever mounted the file.
#[cfg(unix)]
fn is_given(host: &Host, path: &Path) -> bool {
    let credentials = host.process.var_os("CREDENTIALS_DIRECTORY").filter(|dir| !dir.is_empty());
    credentials.is_some_and(|dir| path.starts_with(dir))
        || rustix::fs::statvfs(path).is_ok_and(|fs| fs.f_flag.contains(rustix::fs::StatVfsMountFlags::RDONLY))
}
