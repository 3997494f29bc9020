//! Local input: files, pipes, devices, stdin. Owns how long is waited for what may never come, and how much of it is
//! read. Refuses to know what it is for.

use std::fs::{File, Metadata, OpenOptions};
use std::io::{Error, ErrorKind, Read, Result};
use std::path::Path;
use std::time::Duration;

use crate::platform::deadline::Deadline;

/// A file that is open, whatever kind it is.
pub struct LocalInput {
    file: File,
    /// What the system says of it.
    pub metadata: Metadata,
}

impl LocalInput {
    /// Opens a file. A pipe without a writer is opened too; reading it waits.
    ///
    /// # Errors
    /// What the operating system says; it is a directory.
    pub fn open(path: &Path) -> Result<Self> {
        let mut options = OpenOptions::new();
        options.read(true);
        #[cfg(unix)]
        {
            use std::os::unix::fs::OpenOptionsExt as _;
            options.custom_flags(rustix::fs::OFlags::NONBLOCK.bits().cast_signed());
        }
        let file = options.open(path)?;
        let metadata = file.metadata()?;
        if metadata.is_dir() {
            return Err(Error::new(ErrorKind::IsADirectory, "it is a directory"));
        }
        Ok(Self { file, metadata })
    }

    /// All of it. Regular files are read at once; pipes are awaited up to `timeout`; a terminal is awaited
    /// indefinitely.
    ///
    /// # Errors
    /// What the operating system says; nothing came in time; there is more than `limit` bytes.
    pub fn read(self, limit: u64, timeout: Duration) -> Result<Vec<u8>> {
        let size = self.metadata.len();
        // Files of the kernel's have no size until they are read.
        if self.metadata.is_file() && size > 0 {
            let mut bytes = Vec::with_capacity(usize::try_from(size.min(limit + 1)).unwrap_or_default());
            // One that grows meanwhile is read as far as it was.
            self.file.take(size.min(limit + 1)).read_to_end(&mut bytes)?;
            return within(bytes, limit);
        }
        #[cfg(unix)]
        rustix::fs::fcntl_setfl(&self.file, rustix::fs::OFlags::empty())?;
        let deadline = Deadline::after(timeout);
        read_slow(&self.file, limit, || wait(&self.file, &deadline))
    }
}

/// The text of a file.
///
/// # Errors
/// It is not UTF-8; what it is instead, where that can be told.
pub fn text(bytes: Vec<u8>) -> std::result::Result<String, &'static str> {
    let utf_16 = bytes.starts_with(b"\xff\xfe") || bytes.starts_with(b"\xfe\xff");
    String::from_utf8(bytes).map_err(|_| {
        if utf_16 { "it is UTF-16, as PowerShell's `>` writes it: save it as UTF-8" } else { "it is not UTF-8" }
    })
}

/// All of a stream of which each part is waited for by `ready`.
///
/// # Errors
/// What reading or waiting fails with; there is more than `limit` bytes.
pub fn read_slow(mut from: impl Read, limit: u64, ready: impl Fn() -> Result<()>) -> Result<Vec<u8>> {
    let (mut bytes, mut piece) = (Vec::new(), vec![0; 64 * 1024]);
    while bytes.len() as u64 <= limit {
        ready()?;
        match from.read(&mut piece) {
            Ok(0) => break,
            Ok(length) => bytes.extend_from_slice(&piece[..length]),
            Err(e) if e.kind() == ErrorKind::Interrupted => {}
            Err(e) => return Err(e),
        }
    }
    within(bytes, limit)
}

fn within(bytes: Vec<u8>, limit: u64) -> Result<Vec<u8>> {
    if bytes.len() as u64 <= limit {
        return Ok(bytes);
    }
    let limit = if limit < 1024 * 1024 { format!("{} KiB", limit >> 10) } else { format!("{} MiB", limit >> 20) };
    Err(Error::new(ErrorKind::FileTooLarge, format!("it holds more than {limit}")))
}

/// Waits until there is something to read, or an end. A person at a terminal may take longer.
///
/// # Errors
/// Timed out; what the operating system says.
#[cfg(unix)]
pub fn wait(from: impl std::os::fd::AsFd, deadline: &Deadline) -> Result<()> {
    use rustix::event::{PollFd, PollFlags, Timespec, poll};
    use rustix::io::Errno;
    use std::io::IsTerminal as _;
    let from = from.as_fd();
    let mut limit = Timespec::try_from(deadline.remaining()).ok();
    loop {
        match poll(&mut [PollFd::new(&from, PollFlags::IN)], limit.as_ref()) {
            Ok(0) if from.is_terminal() => limit = None,
            Ok(0) => {
                let waited = humantime::format_duration(deadline.budget());
                return Err(Error::new(
                    ErrorKind::TimedOut,
                    format!("its end did not come within {waited}: does anybody write to it, and close it?"),
                ));
            }
            Ok(_) => return Ok(()),
            Err(Errno::INTR) => limit = limit.and(Timespec::try_from(deadline.remaining()).ok()),
            Err(e) => return Err(e.into()),
        }
    }
}

/// There is no waiting with a limit here.
#[cfg(not(unix))]
pub fn wait<F>(_: F, _: &Deadline) -> Result<()> {
    Ok(())
}

/// The process's stdin, with nothing read ahead: what is waited for is what is read.
pub struct Stdin;

impl Read for Stdin {
    fn read(&mut self, bytes: &mut [u8]) -> Result<usize> {
        #[cfg(unix)]
        return rustix::io::read(std::io::stdin(), bytes).map_err(Into::into);
        #[cfg(not(unix))]
        std::io::stdin().read(bytes)
    }
}
