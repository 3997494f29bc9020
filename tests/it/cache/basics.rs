//! The token cache in normal use: `--refresh` and `--no-cache`, its directory, and the permissions and format of its files.

use std::fs;

use serde_json::json;

use crate::support::account::TOKEN_PATH;
use crate::support::binary::home::{CACHE, json_files, read_json, warm};
use crate::support::lookup::Lookup;
use crate::support::{Account, Home, Reply, Server};

#[test]
fn refresh_gets_a_new_token_and_keeps_it() {
    let account = Account::fresh();
    let (home, server, url) = warm(&account);
    let refreshed = account.token_at(&home, &url).arg("--refresh").run().succeeds();
    assert_eq!(refreshed, account.nth_line(2));
    assert_eq!(account.token_at(&home, &url).run().succeeds(), account.nth_line(2));
    assert_eq!(server.requests().len(), 2);
}

#[test]
fn refresh_replaces_the_file_and_does_not_edit_it() {
    let account = Account::fresh();
    let (home, _server, url) = warm(&account);
    let (entry, link) = (home.entry(), home.path("cache/m2m/tokens/old"));
    fs::hard_link(&entry, &link).unwrap();
    let old = fs::read(&link).unwrap();
    let _ = account.token_at(&home, &url).given([link.clone()]).arg("--refresh").run().succeeds();
    assert_eq!(fs::read(&link).unwrap(), old, "the old file is as it was");
    assert_ne!(fs::read(&entry).unwrap(), old);
}

#[test]
fn no_cache_neither_reads_nor_writes() {
    let account = Account::fresh();
    let (home, server, url) = warm(&account);
    let before = home.looks(CACHE);
    let uncached = account.token_at(&home, &url).arg("--no-cache").run().succeeds();
    assert_eq!(uncached, account.nth_line(2));
    assert_eq!(home.looks(CACHE), before);
    assert_eq!(account.token_at(&home, &url).run().succeeds(), account.nth_line(1));
    assert_eq!(server.requests().len(), 2);

    let home = Home::new();
    let _ = account.token_at(&home, &url).arg("--no-cache").run().succeeds();
    assert!(!home.path(CACHE).exists(), "not even a folder is made");
}

#[test]
fn refresh_and_no_cache_exclude_each_other() {
    let account = Account::fresh();
    let server = Server::untouched();
    let stderr = account.token_cli(&server).args(["--refresh", "--no-cache"]).run().fails(2);
    assert!(stderr.contains("--refresh") && stderr.contains("--no-cache"), "{stderr}");
}

#[test]
fn json_says_whether_the_token_was_cached() {
    let account = Account::fresh();
    let (home, _server, url) = warm(&account);
    let json = |flag: &[&str]| account.token_at(&home, &url).args(["-o", "json"]).args(flag.to_vec()).run().json();
    let hit = json(&[]);
    assert_eq!(
        (&hit["cached"], &hit["access_token"], &hit["token_type"]),
        (&json!(true), &json!(account.nth(1)), &json!("Bearer"))
    );
    let left = hit["expires_in"].as_i64().unwrap();
    assert!((3500..=3600).contains(&left), "{hit}");
    assert_eq!(json(&["--refresh"])["cached"], json!(false));
    assert_eq!(json(&["--no-cache"])["cached"], json!(false));
}

#[test]
#[cfg(unix)]
fn files_and_folders_are_private_under_any_umask_and_nothing_is_left_over() {
    let account = Account::fresh();
    let home = Home::new();
    let server = account.server_with_api(|_| Reply::new(404));
    let cli = account.cli_at(&home, ["token", "--issuer", &server.url("")]);
    let _ = cli.in_shell("umask 000; exec \"$0\" \"$@\"").run().succeeds();
    let _ = account.cli_at(&home, ["token", "--issuer", &server.url(""), "--refresh"]).run().succeeds();

    let looks = home.looks(CACHE);
    for (path, look) in &looks {
        let expected = if path.is_dir() { 0o700 } else { 0o600 };
        assert_eq!(look.mode, expected, "{} is {:o}", path.display(), look.mode);
    }
    let mut names: Vec<_> = looks
        .keys()
        .filter(|path| path.is_file())
        .map(|path| path.extension().unwrap_or(path.file_name().unwrap()).to_str().unwrap())
        .collect();
    names.sort_unstable();
    assert_eq!(names, ["json", "json", "key", "lock"], "{looks:#?}");
}

#[test]
fn an_entry_is_a_json_object_with_a_version_and_no_secret() {
    let account = Account::fresh();
    let (home, _server, _url) = warm(&account);
    let entry = read_json(&home.entry());
    assert!(entry["version"].is_u64(), "{entry}");
    assert!(entry.to_string().contains(&account.nth(1)), "{entry}");
}

#[test]
fn m2m_cache_dir_takes_the_place_of_the_usual_one() {
    let account = Account::fresh();
    let home = Home::new();
    let server = account.counting();
    let url = server.url(TOKEN_PATH);
    let elsewhere = home.path("elsewhere/cache");
    for _ in 0..2 {
        let cli = account.token_at(&home, &url).env("M2M_CACHE_DIR", &elsewhere);
        assert_eq!(cli.run().succeeds(), account.nth_line(1));
    }
    assert_eq!(json_files(&elsewhere.join("tokens")).len(), 1);
    assert!(!home.path(CACHE).exists());
}

#[test]
fn without_xdg_cache_home_the_cache_is_in_the_home() {
    let account = Account::fresh();
    let home = Home::new();
    let server = account.counting();
    let url = server.url(TOKEN_PATH);
    for relative in [None, Some("not/absolute")] {
        let cli = account.token_at(&home, &url);
        let cli = match relative {
            None => cli.without_env("XDG_CACHE_HOME"),
            Some(path) => cli.env("XDG_CACHE_HOME", path),
        };
        assert_eq!(cli.run().succeeds(), account.nth_line(1), "{relative:?}");
    }
    assert_eq!(json_files(&home.path(".cache/m2m/tokens")).len(), 1);
    assert!(!home.path("work/not").exists());
}

#[test]
fn commands_share_their_tokens() {
    let lookup = Lookup::fresh();
    let home = Home::new();
    let server = lookup.answering(Reply::json(200, &json!([lookup.participant()])));
    let (issuer, account) = (server.url(""), &lookup.account);
    let exec = account.cli_at(&home, ["exec", "--issuer", &issuer]).args(["--", "true"]);
    assert_eq!(exec.run().succeeds(), "");
    let participant =
        account.cli_at(&home, ["participant", "--issuer", &issuer, "--api-url", &issuer, "--login", &lookup.login]);
    let found = lookup.watched(participant).env("M2M_SUBSCRIPTION_KEY", &lookup.key).run().json();
    assert_eq!(found, json!([lookup.participant()]));
    let token = account.cli_at(&home, ["token", "--issuer", &issuer]).run().succeeds();
    assert_eq!(token, format!("{}\n", account.token));
    assert_eq!(server.lines()[..2], ["GET /.well-known/openid-configuration", "POST /oauth2/token"]);
    assert_eq!(server.requests().len(), 3, "one lookup beside them: {:?}", server.lines());
}
