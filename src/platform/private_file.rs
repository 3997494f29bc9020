//! Files that only their owner can read, from the moment they exist. Refuses to judge files that were there before.

use std::fs::{File, OpenOptions};
use std::io::{Result, Write as _};
use std::path::Path;

/// Options with which a file that is created has mode 0600 (Unix; elsewhere the folder's permissions count).
pub fn options() -> OpenOptions {
    #[cfg_attr(not(unix), allow(unused_mut, reason = "only Unix has a mode to set"))]
    let mut options = OpenOptions::new();
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(0o600);
    }
    options
}

/// Creates a file and opens it for writing.
///
/// # Errors
/// It exists already, or cannot be created.
pub fn create_new(path: &Path) -> Result<File> {
    options().write(true).create_new(true).open(path)
}

/// Writes a new file, with the folders above it.
///
/// # Errors
/// It exists already, or cannot be written.
pub fn write_new(path: &Path, bytes: &[u8]) -> Result<()> {
    if let Some(dir) = path.parent().filter(|dir| !dir.as_os_str().is_empty()) {
        std::fs::create_dir_all(dir)?;
    }
    create_new(path)?.write_all(bytes)
}
