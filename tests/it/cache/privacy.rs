//! Cache files with another owner, a looser mode or a symbolic link: they are not used, one warning says so, and the token
//! is still printed.

use std::fs;
use std::os::unix::fs::{chown, symlink};
use std::path::Path;

use rustix::fs::{FileType, Mode, mknodat};

use crate::support::account::TOKEN_PATH;
use crate::support::binary::home::{CACHE, METADATA, TOKENS, set_mode};
use crate::support::{Account, Home, Reply, Server};

/// A home with a warm cache.
struct Warm {
    account: Account,
    home: Home,
    server: Server,
}

impl Warm {
    fn new() -> Self {
        let account = Account::fresh();
        let server = account.counting();
        let home = Home::new();
        let out = account.token_at(&home, &server.url(TOKEN_PATH)).run().succeeds();
        assert_eq!(out, account.nth_line(1));
        Self { account, home, server }
    }

    /// Asserts that the next run does not use the cache, and says so in one warning that names `path`.
    #[track_caller]
    fn is_not_used(&self, name: &str, path: &Path) {
        let n = self.server.requests().len() + 1;
        let outcome = self.account.token_at(&self.home, &self.server.url(TOKEN_PATH)).run();
        assert_eq!((outcome.code, &outcome.stdout), (0, &self.account.nth_line(n)), "{name}: {outcome:#?}");
        let (_, warning) = outcome.succeeds_with_one_warning();
        assert!(warning.contains(&path.display().to_string()), "{name}: {path:?} in {warning}");
        assert_eq!(self.server.requests().len(), n, "{name}");
    }
}

#[test]
fn an_entry_with_a_looser_mode_is_not_used() {
    for mode in [0o640, 0o604, 0o620, 0o602, 0o666, 0o777] {
        let warm = Warm::new();
        let entry = warm.home.entry();
        set_mode(&entry, mode);
        warm.is_not_used(&format!("{mode:o}"), &entry);
    }
}

#[test]
fn a_folder_with_a_looser_mode_is_not_used() {
    for mode in [0o750, 0o705, 0o770, 0o777, 0o1777] {
        let warm = Warm::new();
        let dir = warm.home.path(TOKENS);
        set_mode(&dir, mode);
        let before = warm.home.looks(TOKENS);
        warm.is_not_used(&format!("{mode:o}"), &dir);
        assert_eq!(warm.home.looks(TOKENS), before, "{mode:o}: and nothing is written there");
    }
}

#[test]
fn a_key_with_a_looser_mode_is_not_used() {
    let warm = Warm::new();
    let key = warm.home.path("cache/m2m/key");
    set_mode(&key, 0o644);
    warm.is_not_used("0644", &key);
}

#[test]
fn what_belongs_to_another_user_is_not_used() {
    if !rustix::process::geteuid().is_root() {
        eprintln!("skipped: only root can give files away");
        return;
    }
    for name in ["key", "tokens", "entry"] {
        let warm = Warm::new();
        let path = match name {
            "entry" => warm.home.entry(),
            _ => warm.home.path(CACHE).join(name),
        };
        chown(&path, Some(65534), None).unwrap();
        warm.is_not_used(name, &path);
    }
}

#[test]
fn an_entry_behind_a_link_is_not_used_and_its_target_stays() {
    let warm = Warm::new();
    let (entry, target) = (warm.home.entry(), warm.home.path("elsewhere/tokens/real.json"));
    fs::create_dir_all(target.parent().unwrap()).unwrap();
    fs::rename(&entry, &target).unwrap();
    symlink(&target, &entry).unwrap();
    let bytes = fs::read(&target).unwrap();
    warm.is_not_used("an entry", &entry);
    assert_eq!(fs::read(&target).unwrap(), bytes);
}

#[test]
fn a_folder_behind_a_link_is_not_used_and_nothing_is_written_there() {
    let warm = Warm::new();
    let (dir, target) = (warm.home.path(TOKENS), warm.home.path("elsewhere/tokens"));
    fs::create_dir_all(target.parent().unwrap()).unwrap();
    fs::rename(&dir, &target).unwrap();
    symlink(&target, &dir).unwrap();
    let before = warm.home.looks("elsewhere");
    warm.is_not_used("a folder", &dir);
    assert_eq!(warm.home.looks("elsewhere"), before);
}

#[test]
fn a_key_behind_a_link_is_not_used() {
    let warm = Warm::new();
    let (key, target) = (warm.home.path("cache/m2m/key"), warm.home.path("elsewhere-key"));
    fs::rename(&key, &target).unwrap();
    symlink(&target, &key).unwrap();
    let bytes = fs::read(&target).unwrap();
    warm.is_not_used("a key", &key);
    assert_eq!(fs::read(&target).unwrap(), bytes);
}

#[test]
fn a_link_in_place_of_the_lock_is_not_followed() {
    let account = Account::fresh();
    let home = Home::new();
    let server = account.counting();
    let url = server.url(TOKEN_PATH);
    let _ = account.token_at(&home, &url).run().succeeds();
    let entry = home.entry();
    let lock = entry.with_extension("lock");
    let target = home.file("precious", "precious");
    fs::remove_file(&entry).unwrap();
    fs::remove_file(&lock).unwrap();
    symlink(&target, &lock).unwrap();
    let outcome = account.token_at(&home, &url).run();
    assert_eq!((outcome.code, outcome.stdout), (0, account.nth_line(2)));
    assert!(outcome.stderr.lines().count() <= 1, "one warning at most: {}", outcome.stderr);
    assert_eq!(fs::read(&target).unwrap(), b"precious");
}

#[test]
fn a_pipe_or_a_folder_in_place_of_an_entry_does_not_hold_a_run_up() {
    let warm = Warm::new();
    let entry = warm.home.entry();
    fs::remove_file(&entry).unwrap();
    mknodat(rustix::fs::CWD, &entry, FileType::Fifo, Mode::from_raw_mode(0o600), 0).unwrap();
    let outcome = warm.account.token_at(&warm.home, &warm.server.url(TOKEN_PATH)).run();
    assert_eq!((outcome.code, outcome.stdout), (0, warm.account.nth_line(2)));
    assert!(outcome.stderr.lines().count() <= 1, "{}", outcome.stderr);

    let warm = Warm::new();
    let entry = warm.home.entry();
    fs::remove_file(&entry).unwrap();
    fs::create_dir(&entry).unwrap();
    set_mode(&entry, 0o700);
    warm.is_not_used("a folder", &entry);
}

#[test]
fn a_metadata_document_that_others_could_have_written_is_not_used() {
    let account = Account::fresh();
    let home = Home::new();
    let server = account.server_with_api(|_| Reply::new(404));
    let issuer = server.url("");
    let cli = |scope| account.cli_at(&home, ["token", "--issuer", &issuer, "--scope", scope]);
    let _ = cli("a").run().succeeds();
    let document = home.document();

    set_mode(&document, 0o646);
    let (_, warning) = cli("b").run().succeeds_with_one_warning();
    assert!(warning.contains(&document.display().to_string()), "{warning}");

    set_mode(&home.path(METADATA), 0o777);
    let (_, warning) = cli("c").run().succeeds_with_one_warning();
    assert!(warning.contains(&home.path(METADATA).display().to_string()), "{warning}");
    let asked = server.lines().iter().filter(|line| line.starts_with("GET")).count();
    assert_eq!(asked, 3, "the document is fetched each time: {:?}", server.lines());
}
