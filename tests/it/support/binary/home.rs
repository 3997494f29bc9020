//! A home that several runs share, so that what one run caches is there for the next; and what a test does to the files
//! of that cache between runs.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use serde_json::Value;
use tempfile::TempDir;

use crate::support::account::{Account, TOKEN_PATH};
use crate::support::binary::command::Cli;
use crate::support::http::reply::Reply;
use crate::support::http::server::Server;

/// Where the cache is in a home.
pub const CACHE: &str = "cache/m2m";
/// Where the tokens are in a home.
pub const TOKENS: &str = "cache/m2m/tokens";
/// Where the metadata documents are in a home.
pub const METADATA: &str = "cache/m2m/metadata";

/// A shared home.
pub struct Home {
    dir: Arc<TempDir>,
    given: Mutex<Vec<PathBuf>>,
}

/// What a file or folder looks like from outside.
#[derive(Debug, PartialEq, Eq)]
pub struct Look {
    pub mode: u32,
    pub modified: SystemTime,
    pub bytes: Option<Vec<u8>>,
}

impl Home {
    pub fn new() -> Self {
        Self { dir: Arc::new(TempDir::new().expect("a temporary home")), given: Mutex::default() }
    }

    /// Prepares a run of `m2m ARGS..` here.
    pub fn cli<S: Into<OsString>>(&self, args: impl IntoIterator<Item = S>) -> Cli {
        let given = self.given.lock().unwrap_or_else(PoisonError::into_inner).clone();
        Cli::at(Arc::clone(&self.dir), args).given(given)
    }

    /// Where `name` is in this home.
    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// Writes a file, readable by its owner alone, which the leak check skips.
    pub fn file(&self, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        fs::create_dir_all(path.parent().expect("a parent")).expect("its directory");
        fs::write(&path, bytes).expect("the file");
        set_mode(&path, 0o600);
        let mut given = self.given.lock().unwrap_or_else(PoisonError::into_inner);
        given.push(path.clone());
        path
    }

    /// Writes the config file at its usual place.
    pub fn config(&self, text: &str) -> PathBuf {
        self.file("config/m2m/config.toml", text)
    }

    /// The cache entries of tokens.
    pub fn entries(&self) -> Vec<PathBuf> {
        json_files(&self.path(TOKENS))
    }

    /// The only cache entry of a token.
    #[track_caller]
    pub fn entry(&self) -> PathBuf {
        only(self.entries())
    }

    /// The only cached metadata document.
    #[track_caller]
    pub fn document(&self) -> PathBuf {
        only(json_files(&self.path(METADATA)))
    }

    /// Everything below `name`, by path.
    pub fn looks(&self, name: &str) -> BTreeMap<PathBuf, Look> {
        let mut found = BTreeMap::new();
        collect(&self.path(name), &mut found);
        found
    }
}

impl Account {
    /// As [`Account::cli`], in a shared home.
    pub fn cli_at<'a>(&self, home: &Home, args: impl IntoIterator<Item = &'a str>) -> Cli {
        let cli = home.cli(args).arg("--client-id").arg(&self.id);
        self.watched(cli).env("M2M_CLIENT_SECRET", &self.secret)
    }

    /// `m2m token` at this token endpoint, in a shared home.
    pub fn token_at(&self, home: &Home, token_url: &str) -> Cli {
        self.cli_at(home, ["token", "--token-url", token_url, "--retries", "0"])
    }

    /// The token that a server of [`Account::counting`] grants in answer to the request number `n`, from 1.
    pub fn nth(&self, n: usize) -> String {
        format!("{n}.{}", self.token)
    }

    /// What `m2m token` prints then.
    pub fn nth_line(&self, n: usize) -> String {
        format!("{}\n", self.nth(n))
    }

    /// `answer` with the token number `n`.
    pub fn grants_nth(&self, answer: &Value, n: usize) -> Reply {
        let mut answer = answer.clone();
        answer["access_token"] = self.nth(n).into();
        Reply::json(200, &answer)
    }

    /// A server that grants another token each time, with `answer` around it.
    pub fn counting_with(&self, answer: Value) -> Server {
        let account = self.clone();
        let count = AtomicUsize::new(0);
        Server::start(move |request| {
            if request.line() == format!("POST {TOKEN_PATH}") {
                account.grants_nth(&answer, count.fetch_add(1, Ordering::SeqCst) + 1)
            } else {
                Reply::new(404)
            }
        })
    }

    /// A server that grants another token each time, each for an hour.
    pub fn counting(&self) -> Server {
        self.counting_with(self.answer())
    }
}

/// A home whose cache holds the first token of a server, which still runs.
#[track_caller]
pub fn warm(account: &Account) -> (Home, Server, String) {
    let home = Home::new();
    let server = account.counting();
    let url = server.url(TOKEN_PATH);
    let first = account.token_at(&home, &url).run().succeeds();
    assert_eq!(first, account.nth_line(1));
    (home, server, url)
}

/// The unix times of a cache file, which stand at its top level.
fn times(document: &mut Value) -> impl Iterator<Item = &mut Value> {
    let members = document.as_object_mut().expect("a cache file is a JSON object");
    members.values_mut().filter(|value| value.as_f64().is_some_and(|number| number > 1e9))
}

/// Makes a cache file look `seconds` older than it is; a negative number puts it into the future.
#[track_caller]
pub fn age(path: &Path, seconds: i64) {
    let mut document = read_json(path);
    let mut changed = 0;
    for time in times(&mut document) {
        let number = time.as_i64().expect("whole seconds");
        *time = (number - seconds).into();
        changed += 1;
    }
    assert!(changed >= 2, "a cache file says when it begins and ends: {document}");
    rewrite(path, document.to_string());
}

/// Replaces the bytes of a file, keeping its mode.
pub fn rewrite(path: &Path, bytes: impl AsRef<[u8]>) {
    fs::write(path, bytes).expect("a file to rewrite");
}

/// A file as JSON.
#[track_caller]
pub fn read_json(path: &Path) -> Value {
    let bytes = fs::read(path).expect("a readable file");
    serde_json::from_slice(&bytes)
        .unwrap_or_else(|error| panic!("{}: {error}: {}", path.display(), String::from_utf8_lossy(&bytes)))
}

/// The files of `dir` that end in `.json`, in order.
pub fn json_files(dir: &Path) -> Vec<PathBuf> {
    let mut found: Vec<_> = fs::read_dir(dir)
        .into_iter()
        .flatten()
        .map(|entry| entry.expect("a readable directory").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "json"))
        .collect();
    found.sort();
    found
}

#[track_caller]
fn only(mut paths: Vec<PathBuf>) -> PathBuf {
    assert_eq!(paths.len(), 1, "one file: {paths:?}");
    paths.remove(0)
}

fn collect(path: &Path, found: &mut BTreeMap<PathBuf, Look>) {
    let Ok(metadata) = fs::symlink_metadata(path) else {
        return;
    };
    let bytes = metadata.is_file().then(|| fs::read(path).expect("a readable file"));
    let look = Look { mode: mode(&metadata), modified: metadata.modified().expect("a time of modification"), bytes };
    found.insert(path.to_owned(), look);
    if metadata.is_dir() {
        for entry in fs::read_dir(path).expect("a readable directory") {
            collect(&entry.expect("an entry").path(), found);
        }
    }
}

#[cfg(unix)]
fn mode(metadata: &fs::Metadata) -> u32 {
    use std::os::unix::fs::PermissionsExt as _;
    metadata.permissions().mode() & 0o7777
}

#[cfg(not(unix))]
fn mode(_: &fs::Metadata) -> u32 {
    0
}

/// Gives a file or folder this mode.
#[cfg(unix)]
pub fn set_mode(path: &Path, mode: u32) {
    use std::os::unix::fs::PermissionsExt as _;
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("a mode that can be set");
}

#[cfg(not(unix))]
pub fn set_mode(_: &Path, _: u32) {}
