//! The cache's place on disk: private folders and files, whole or absent. What is not ours alone (another owner, a
//! looser mode, a symlink) is not used; what goes wrong is one warning.

use std::cell::Cell;
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{ErrorKind as IoKind, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, anyhow, bail};
use ring::rand::{SecureRandom as _, SystemRandom};

use crate::platform::error::{Error, ErrorKind, Result};
use crate::platform::host::Host;
use crate::platform::private_file;

/// Larger than any entry.
const SIZE_LIMIT: u64 = 4 * 1024 * 1024;
/// How old an abandoned temporary file must be before it is removed.
const ABANDONED: Duration = Duration::from_secs(600);

/// The cache dir.
pub struct CacheDir {
    root: PathBuf,
    complained: Cell<bool>,
}

/// What a subfolder is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bucket {
    /// Tokens.
    Tokens,
    /// Metadata documents.
    Metadata,
}

impl Bucket {
    fn name(self) -> &'static str {
        match self {
            Self::Tokens => "tokens",
            Self::Metadata => "metadata",
        }
    }
}

impl CacheDir {
    /// The dir: `M2M_CACHE_DIR`, else `$XDG_CACHE_HOME/m2m`. Nothing is made yet.
    pub fn locate(host: &Host) -> Option<Self> {
        let named = host.process.var_os("M2M_CACHE_DIR").filter(|dir| !dir.is_empty()).map(PathBuf::from);
        let root = named.or_else(|| host.process.user_dir("XDG_CACHE_HOME", ".cache").map(|dir| dir.join("m2m")));
        if root.is_none() {
            host.ui.warn("there is no place for the token cache: set `M2M_CACHE_DIR` or `HOME`");
        }
        root.map(|root| Self { root, complained: Cell::new(false) })
    }

    /// The path of a bucket.
    pub fn bucket(&self, bucket: Bucket) -> PathBuf {
        self.root.join(bucket.name())
    }

    /// The path of an entry.
    pub fn entry(&self, bucket: Bucket, name: &str) -> PathBuf {
        self.bucket(bucket).join(format!("{name}.json"))
    }

    /// The key that hashes entry names; created if missing. `None` if the cache cannot be used.
    pub fn key(&self, host: &Host) -> Option<Vec<u8>> {
        let path = self.root.join("key");
        match read_private(&path) {
            Ok(Some(key)) if key.len() == 32 => return Some(key),
            Ok(Some(_)) => drop(fs::remove_file(&path)),
            Ok(None) => {}
            Err(why) => return self.warn_once(host, &path, &why),
        }
        self.make_key(&path).or_else(|why| self.warn_once(host, &path, &why).ok_or(())).ok()
    }

    /// Makes the key so that of many processes one wins and all read the same: a link never replaces.
    fn make_key(&self, path: &Path) -> anyhow::Result<Vec<u8>> {
        make_private_dir(&self.root)?;
        let mut key = vec![0u8; 32];
        SystemRandom::new().fill(&mut key).map_err(|_| anyhow!("the operating system gives no random bytes"))?;
        let temporary = temporary_beside(path);
        let made = write_new(&temporary, &key).and_then(|()| match fs::hard_link(&temporary, path) {
            Err(e) if e.kind() != IoKind::AlreadyExists => fs::rename(&temporary, path),
            _ => Ok(()),
        });
        let _ = fs::remove_file(&temporary);
        made?;
        read_private(path)?.filter(|key| key.len() == 32).context("the key cannot be read back")
    }

    /// The bytes of an entry; `None` if it is missing or must not be used.
    pub fn read(&self, host: &Host, bucket: Bucket, name: &str) -> Option<Vec<u8>> {
        let dir = self.bucket(bucket);
        let read = match check_private(&dir) {
            Ok(true) => read_private(&self.entry(bucket, name)),
            Ok(false) => Ok(None),
            Err(why) => return self.warn_once(host, &dir, &why),
        };
        read.or_else(|why| self.warn_once(host, &self.entry(bucket, name), &why).ok_or(())).ok().flatten()
    }

    /// Replaces an entry: a whole new file, or the old one.
    pub fn write(&self, host: &Host, bucket: Bucket, name: &str, bytes: &[u8]) {
        let path = self.entry(bucket, name);
        let write = || -> anyhow::Result<()> {
            self.make_bucket(bucket)?;
            let temporary = temporary_beside(&path);
            let written = write_new(&temporary, bytes).and_then(|()| fs::rename(&temporary, &path));
            if written.is_err() {
                let _ = fs::remove_file(&temporary);
            }
            Ok(written?)
        };
        if let Err(why) = write() {
            let _: Option<()> = self.warn_once(host, &path, &why);
        }
        remove_stale_temp_files(&self.bucket(bucket), name);
    }

    /// Makes a bucket, private, or finds it so.
    pub(crate) fn make_bucket(&self, bucket: Bucket) -> anyhow::Result<PathBuf> {
        make_private_dir(&self.root)?;
        let dir = self.bucket(bucket);
        make_private_dir(&dir)?;
        check_private(&dir)?;
        Ok(dir)
    }

    /// Removes an entry that turned out to be unusable.
    pub fn remove(&self, bucket: Bucket, name: &str) {
        let _ = fs::remove_file(self.entry(bucket, name));
    }

    /// The names of all entries of a bucket.
    pub fn names(&self, bucket: Bucket) -> Vec<String> {
        let files = fs::read_dir(self.bucket(bucket)).into_iter().flatten().flatten();
        let mut names: Vec<String> =
            files.filter_map(|file| Some(file.file_name().to_str()?.strip_suffix(".json")?.to_owned())).collect();
        names.sort();
        names
    }

    /// Removes every entry with its sidecar files and returns the count. Locks that are held stay.
    ///
    /// # Errors
    /// Internal: a file cannot be removed.
    pub fn clear(&self) -> Result<usize> {
        let mut removed = 0;
        for bucket in [Bucket::Tokens, Bucket::Metadata] {
            let dir = self.bucket(bucket);
            // What is behind a link is not ours to remove.
            if fs::symlink_metadata(&dir).is_ok_and(|m| m.file_type().is_symlink()) {
                continue;
            }
            for file in fs::read_dir(dir).into_iter().flatten().flatten() {
                let path = file.path();
                let kind = path.extension().and_then(|e| e.to_str()).unwrap_or_default();
                let held = kind == "lock" && File::open(&path).is_ok_and(|lock| lock.try_lock().is_err());
                if !matches!(kind, "json" | "tmp" | "lock") || held {
                    continue;
                }
                fs::remove_file(&path).map_err(|e| {
                    Error::new(ErrorKind::Internal, format!("cannot remove `{}`", path.display())).caused_by(e)
                })?;
                removed += usize::from(kind == "json");
            }
        }
        Ok(removed)
    }

    /// Says once that the cache does not work.
    pub(crate) fn warn_once<T>(&self, host: &Host, path: &Path, why: &anyhow::Error) -> Option<T> {
        if !self.complained.replace(true) {
            host.ui.warn(&format!("the cache is not used: {}: {why:#}", path.display()));
        }
        None
    }
}

/// Makes a dir that only its owner can enter; an existing one is left unchanged.
fn make_private_dir(path: &Path) -> anyhow::Result<()> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::DirBuilderExt as _;
        builder.mode(0o700);
    }
    Ok(builder.create(path)?)
}

/// Whether something is there, and ours alone.
fn check_private(path: &Path) -> anyhow::Result<bool> {
    match fs::symlink_metadata(path) {
        Ok(metadata) => check_owner_and_mode(&metadata).map(|()| true),
        Err(e) if e.kind() == IoKind::NotFound => Ok(false),
        Err(e) => Err(e.into()),
    }
}

fn check_owner_and_mode(metadata: &fs::Metadata) -> anyhow::Result<()> {
    if metadata.file_type().is_symlink() {
        bail!("it is a symbolic link");
    }
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt as _;
        if metadata.uid() != effective_uid() {
            bail!("it belongs to another user");
        }
        if metadata.mode() & 0o077 != 0 {
            bail!("others can use it (mode {:04o}); `chmod go-rwx` it", metadata.mode() & 0o7777);
        }
    }
    Ok(())
}

/// The user that this process acts for.
#[cfg(unix)]
fn effective_uid() -> u32 {
    static USER: std::sync::OnceLock<u32> = std::sync::OnceLock::new();
    *USER.get_or_init(|| rustix::process::geteuid().as_raw())
}

/// Reads a private file; `None` if it does not exist.
fn read_private(path: &Path) -> anyhow::Result<Option<Vec<u8>>> {
    let mut options = OpenOptions::new();
    options.read(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        // Not through a link, and not waiting for a pipe's other end.
        let flags = rustix::fs::OFlags::NOFOLLOW | rustix::fs::OFlags::NONBLOCK;
        options.custom_flags(flags.bits().cast_signed());
    }
    let mut file = match options.open(path) {
        Ok(file) => file,
        Err(e) if e.kind() == IoKind::NotFound => return Ok(None),
        Err(_) if fs::symlink_metadata(path).is_ok_and(|m| m.file_type().is_symlink()) => {
            bail!("it is a symbolic link");
        }
        Err(e) => return Err(e.into()),
    };
    let metadata = file.metadata()?;
    check_owner_and_mode(&metadata)?;
    if !metadata.is_file() {
        bail!("it is not a file");
    }
    // Files here are replaced, never changed, so the size is what there is to read.
    let mut bytes = vec![0; usize::try_from(metadata.len().min(SIZE_LIMIT)).unwrap_or_default()];
    file.read_exact(&mut bytes)?;
    Ok(Some(bytes))
}

fn write_new(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let mut file = private_file::create_new(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

/// A name beside `path` that no other process uses.
fn temporary_beside(path: &Path) -> PathBuf {
    let mut random = [0u8; 8];
    let _ = SystemRandom::new().fill(&mut random);
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    path.with_file_name(format!("{stem}.{}.{:016x}.tmp", std::process::id(), u64::from_le_bytes(random)))
}

/// Removes temporary files of an entry whose writer died.
fn remove_stale_temp_files(dir: &Path, name: &str) {
    for file in fs::read_dir(dir).into_iter().flatten().flatten() {
        let file_name = file.file_name();
        let ours = file_name.to_str().is_some_and(|n| n.starts_with(name) && n.ends_with(".tmp"));
        let old = || {
            file.metadata()
                .and_then(|m| m.modified())
                .ok()
                .and_then(|at| at.elapsed().ok())
                .is_some_and(|age| age > ABANDONED)
        };
        if ours && old() {
            let _ = fs::remove_file(file.path());
        }
    }
}
