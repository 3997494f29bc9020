//! One lock per entry, on a file beside it: of many processes that miss, one asks the server. The lock belongs to the
//! open file, so the system frees it when its holder dies.

use std::fs::{File, TryLockError};
use std::time::Duration;

use anyhow::bail;

use crate::cache::dir::{Bucket, CacheDir};
use crate::platform::deadline::Deadline;
use crate::platform::host::Host;
use crate::platform::private_file;

/// How often a held lock is asked for again.
const PAUSE: Duration = Duration::from_millis(15);

/// Held until dropped.
#[derive(Debug)]
pub struct Guard(#[expect(dead_code, reason = "the lock lives as long as the file is open")] File);

/// How waiting for a lock ended.
pub enum LockOutcome<T> {
    /// We hold it.
    Held(Guard),
    /// Meanwhile its holder did the work.
    Done(T),
    /// The deadline passed while another process held it.
    TimedOut,
    /// There can be no lock here.
    Unavailable(anyhow::Error),
}

/// Waits for the lock of an entry until the deadline, looking at every turn whether the work has been done.
pub async fn acquire<T>(
    dir: &CacheDir,
    bucket: Bucket,
    name: &str,
    deadline: &Deadline,
    done: impl Fn() -> Option<T>,
) -> LockOutcome<T> {
    let file = match open(dir, bucket, name) {
        Ok(file) => file,
        Err(why) => return LockOutcome::Unavailable(why),
    };
    loop {
        match file.try_lock() {
            // Whoever held it before may have done the work.
            Ok(()) => return done().map_or(LockOutcome::Held(Guard(file)), LockOutcome::Done),
            Err(TryLockError::WouldBlock) => {}
            Err(TryLockError::Error(e)) => return LockOutcome::Unavailable(e.into()),
        }
        if let Some(value) = done() {
            return LockOutcome::Done(value);
        }
        if deadline.remaining().is_zero() {
            return LockOutcome::TimedOut;
        }
        tokio::time::sleep(PAUSE.min(deadline.remaining())).await;
    }
}

fn open(dir: &CacheDir, bucket: Bucket, name: &str) -> anyhow::Result<File> {
    let dir = dir.make_bucket(bucket)?;
    let mut options = private_file::options();
    options.write(true).create(true).truncate(false);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        // Not through a link, and not waiting for the other end of a pipe.
        let flags = rustix::fs::OFlags::NOFOLLOW | rustix::fs::OFlags::NONBLOCK;
        options.custom_flags(flags.bits().cast_signed());
    }
    let file = options.open(dir.join(format!("{name}.lock")))?;
    if !file.metadata()?.is_file() {
        bail!("the lock is not a file");
    }
    Ok(file)
}

/// Reports a lock that could not be used: a warning if another process is stuck, else only in the log.
pub fn report_failure<T>(host: &Host, outcome: &LockOutcome<T>) {
    match outcome {
        LockOutcome::TimedOut => host.ui.warn(
            "another process holds the lock of this cache entry and does not finish; asking the server without it",
        ),
        LockOutcome::Unavailable(why) => {
            host.ui.verbose(|| format!("no lock for this cache entry ({why:#}); asking the server without it"))
        }
        LockOutcome::Held(_) | LockOutcome::Done(_) => {}
    }
}
