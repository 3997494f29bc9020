//! A cache that cannot be written: no home, no permission, no space. The token is still printed, with one warning at most.

use std::fs;
use std::process::Command;

use crate::support::account::TOKEN_PATH;
use crate::support::binary::home::{TOKENS, set_mode};
use crate::support::{Account, Cli, Home, Server};

/// Asserts that `cli` prints the token of `account` beside one warning, and returns the warning.
#[track_caller]
fn token_and_one_warning(name: &str, account: &Account, cli: Cli) -> String {
    let outcome = cli.run();
    assert_eq!((outcome.code, &outcome.stdout), (0, &format!("{}\n", account.token)), "{name}: {outcome:#?}");
    outcome.succeeds_with_one_warning().1
}

/// Whether a mount of our own is possible here.
fn can_mount() -> bool {
    let mount = "mount -t tmpfs none /mnt";
    Command::new("unshare").args(["-rm", "sh", "-c", mount]).output().is_ok_and(|output| output.status.success())
}

#[test]
fn a_place_where_no_folder_can_be_made_is_one_warning() {
    let account = Account::fresh();
    let server = account.server();
    for place in ["file/cache", "/proc/cache", "/dev/null", "/dev/null/cache"] {
        let cli = account.token_cli(&server).file("file", "a regular file");
        let place = if place.starts_with('/') { place.into() } else { cli.path(place) };
        let cli = cli.env("M2M_CACHE_DIR", &place);
        let warning = token_and_one_warning(&place.display().to_string(), &account, cli);
        assert!(warning.contains(&place.display().to_string()), "{warning}");
    }
}

#[test]
fn no_home_at_all_is_one_warning_and_none_without_a_cache() {
    let account = Account::fresh();
    let server = account.server();
    let warning = token_and_one_warning("no home", &account, account.token_cli(&server).homeless());
    assert!(warning.contains("M2M_CACHE_DIR"), "it says what to set: {warning}");
    let out = account.token_cli(&server).homeless().arg("--no-cache").run().succeeds();
    assert_eq!(out, format!("{}\n", account.token));
}

#[test]
fn a_home_that_does_not_exist_yet_is_made() {
    let account = Account::fresh();
    let home = Home::new();
    let server = Server::script([account.grants()]);
    for _ in 0..2 {
        let cli = account
            .token_at(&home, &server.url(TOKEN_PATH))
            .without_env("XDG_CACHE_HOME")
            .env("HOME", home.path("new/home"));
        assert_eq!(cli.run().succeeds(), format!("{}\n", account.token));
    }
}

#[test]
fn a_read_only_home_is_one_warning() {
    let account = Account::fresh();
    let server = account.server();
    if rustix::process::geteuid().is_root() {
        if !can_mount() {
            eprintln!("skipped: root may write anywhere, and there is no mounting here");
            return;
        }
        let line =
            "mount -t tmpfs none \"$XDG_CACHE_HOME\" && mount -o remount,ro \"$XDG_CACHE_HOME\" && exec \"$0\" \"$@\"";
        let cli = account.token_cli(&server).in_shell(&unshared(line));
        let _ = token_and_one_warning("a read-only file system", &account, cli);
        return;
    }
    let home = Home::new();
    let cli = account.token_at(&home, &server.url(TOKEN_PATH));
    set_mode(&home.path("cache"), 0o500);
    let _ = token_and_one_warning("mode 0500", &account, cli);
    set_mode(&home.path("cache"), 0o700);
}

#[test]
fn a_read_only_home_still_serves_what_was_cached_before() {
    let account = Account::fresh();
    let home = Home::new();
    let server = Server::script([account.grants()]);
    let _ = account.token_at(&home, &server.url(TOKEN_PATH)).run().succeeds();
    for dir in [TOKENS, "cache/m2m", "cache"] {
        set_mode(&home.path(dir), 0o500);
    }
    let cli = account.token_at(&home, &server.url(TOKEN_PATH));
    let cli = if rustix::process::geteuid().is_root() && can_mount() {
        cli.in_shell(&unshared(
            "mount --bind \"$XDG_CACHE_HOME\" \"$XDG_CACHE_HOME\" && mount -o remount,bind,ro \"$XDG_CACHE_HOME\" && exec \"$0\" \"$@\"",
        ))
    } else {
        cli
    };
    let outcome = cli.run();
    for dir in ["cache", "cache/m2m", TOKENS] {
        set_mode(&home.path(dir), 0o700);
    }
    assert_eq!(outcome.succeeds(), format!("{}\n", account.token));
}

#[test]
fn a_full_disk_is_one_warning() {
    if !can_mount() {
        eprintln!("skipped: there is no mounting here");
        return;
    }
    let account = Account::fresh();
    let server = account.server();
    // With room for nothing at all, and with room for folders and the key but not for an entry.
    for fill in [
        "cat /dev/zero > \"$XDG_CACHE_HOME/fill\" 2>/dev/null;",
        "mkdir -m 700 \"$XDG_CACHE_HOME/m2m\"; head -c 32 /dev/urandom > \"$XDG_CACHE_HOME/m2m/key\"; \
         chmod 600 \"$XDG_CACHE_HOME/m2m/key\"; cat /dev/zero > \"$XDG_CACHE_HOME/fill\" 2>/dev/null;",
    ] {
        let line = format!("mount -t tmpfs -o size=64k,mode=700 none \"$XDG_CACHE_HOME\" && {fill} exec \"$0\" \"$@\"");
        let cli = account.token_cli(&server).in_shell(&unshared(&line));
        let _ = token_and_one_warning(fill, &account, cli);
    }
}

#[test]
fn a_write_that_fails_is_one_warning_and_leaves_nothing_behind() {
    let account = Account::fresh();
    let server = account.server();
    let home = Home::new();
    let cli = account.token_at(&home, &server.url(TOKEN_PATH));
    // The folders and the key are there; then no file may grow.
    let _ = cli.run().succeeds();
    fs::remove_file(home.entry()).unwrap();
    let cli = account.token_at(&home, &server.url(TOKEN_PATH));
    let cli = cli.in_shell("trap '' XFSZ; ulimit -f 0; exec \"$0\" \"$@\"");
    let _ = token_and_one_warning("no file may grow", &account, cli);
    assert_no_leftovers(&home);
    let _ = account.token_at(&home, &server.url(TOKEN_PATH)).run().succeeds();
}

#[test]
fn a_rename_that_fails_is_one_warning_and_leaves_nothing_behind() {
    let account = Account::fresh();
    let server = account.server();
    let home = Home::new();
    let _ = account.token_at(&home, &server.url(TOKEN_PATH)).run().succeeds();
    let entry = home.entry();
    fs::remove_file(&entry).unwrap();
    fs::create_dir_all(entry.join("in the way")).unwrap();
    set_mode(&entry, 0o700);
    let cli = account.token_at(&home, &server.url(TOKEN_PATH));
    let _ = token_and_one_warning("a folder stands in the way", &account, cli);
    assert_no_leftovers(&home);
}

/// The line, in a mount namespace of its own.
fn unshared(line: &str) -> String {
    format!("exec unshare -rm sh -c '{line}' \"$0\" \"$@\"")
}

#[track_caller]
fn assert_no_leftovers(home: &Home) {
    let looks = home.looks(TOKENS);
    let odd: Vec<_> = looks
        .keys()
        .filter(|path| path.is_file())
        .filter(|path| path.extension().is_none_or(|extension| extension != "json" && extension != "lock"))
        .collect();
    assert!(odd.is_empty(), "left behind: {odd:?}");
}
