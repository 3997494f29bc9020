//! `m2m cache list` and `m2m cache clear`. The leak check makes sure that neither prints a token.

use std::fs;

use serde_json::{Value, json};

use crate::support::account::TOKEN_PATH;
use crate::support::binary::home::{CACHE, TOKENS, age, rewrite};
use crate::support::{Account, Cli, Home, Reply, Server};

/// A home with two cached tokens of one client: for `read write`, and for an audience.
fn two_tokens() -> (Account, Home, Server) {
    let account = Account::fresh();
    let home = Home::new();
    let server = account.counting();
    let url = server.url(TOKEN_PATH);
    let _ = account.token_at(&home, &url).args(["--scope", "read write"]).run().succeeds();
    let audience = ["--audience", "https://api.example.com"];
    let _ = account.token_at(&home, &url).args(audience).run().succeeds();
    (account, home, server)
}

/// `m2m cache ..`, watched for the tokens and the secret.
fn cache(account: &Account, home: &Home, args: &[&str]) -> Cli {
    account.watched(home.cli([&["cache"], args].concat()))
}

fn list(account: &Account, home: &Home) -> Vec<Value> {
    let out = cache(account, home, &["list", "-o", "json"]).run().json();
    out.as_array().expect("a list").clone()
}

#[test]
fn list_says_what_each_token_is_for_and_until_when() {
    let (account, home, server) = two_tokens();
    let out = cache(&account, &home, &["list"]).run().succeeds();
    assert_eq!(out.lines().count(), 2, "{out}");
    for line in out.lines() {
        assert!(line.contains(&server.url(TOKEN_PATH)) && line.contains(&account.id), "{line}");
    }
    assert_eq!(out.lines().filter(|line| line.contains("read write")).count(), 1, "{out}");
}

#[test]
fn list_tells_tokens_apart_by_their_audience() {
    let (account, home, _server) = two_tokens();
    let out = cache(&account, &home, &["list"]).run().succeeds();
    assert!(out.contains("https://api.example.com"), "{out}");
}

#[test]
fn list_as_json_has_a_member_for_each_token() {
    let (account, home, server) = two_tokens();
    let all = list(&account, &home);
    assert_eq!(all.len(), 2, "{all:?}");
    for one in &all {
        assert_eq!(one["server"], json!(server.url(TOKEN_PATH)));
        assert_eq!(one["client_id"], json!(account.id));
        assert_eq!(one["fresh"], json!(true));
        let left = one["expires_in"].as_i64().unwrap();
        assert!((3500..=3600).contains(&left), "{one}");
        let at = one["expires_at_unix"].as_u64().unwrap();
        let parsed = humantime::parse_rfc3339(one["expires_at"].as_str().unwrap()).unwrap();
        assert_eq!(parsed.duration_since(std::time::UNIX_EPOCH).unwrap().as_secs(), at, "{one}");
    }
    let mut what: Vec<_> = all.iter().map(|one| (one["scope"].to_string(), one["audience"].to_string())).collect();
    what.sort();
    let expected = [("\"\"", "\"https://api.example.com\""), ("\"read write\"", "null")];
    assert_eq!(what, expected.map(|(scope, audience)| (scope.to_owned(), audience.to_owned())));
}

#[test]
fn list_says_which_tokens_have_expired() {
    let (account, home, _server) = two_tokens();
    age(&home.entries()[0], 3570);
    age(&home.entries()[1], 4000);
    let out = cache(&account, &home, &["list"]).run().succeeds();
    assert_eq!(out.lines().filter(|line| line.contains("expired")).count(), 1, "{out}");
    let states: Vec<_> =
        list(&account, &home).iter().map(|one| (one["fresh"].clone(), one["expires_in"] == json!(0))).collect();
    assert_eq!(states, [(json!(false), false), (json!(false), true)]);
}

#[test]
fn an_empty_cache_is_an_empty_list() {
    let account = Account::fresh();
    let home = Home::new();
    assert_eq!(cache(&account, &home, &["list"]).run().succeeds(), "");
    assert_eq!(cache(&account, &home, &["list", "-o", "json"]).run().succeeds(), "[]\n");
    assert!(!home.path(CACHE).exists(), "nothing is made by looking");
}

#[test]
fn list_passes_over_what_is_no_entry() {
    let (account, home, _server) = two_tokens();
    rewrite(&home.entries()[0], "garbage\u{1b}[31m");
    fs::create_dir(home.path(TOKENS).join("folder.json")).unwrap();
    let outcome = cache(&account, &home, &["list", "-o", "json"]).run();
    assert_eq!(outcome.code, 0, "{outcome:#?}");
    let all: Value = serde_json::from_str(&outcome.stdout).unwrap();
    assert_eq!(all.as_array().unwrap().len(), 1, "{all}");
    assert!(!outcome.stderr.contains("garbage"), "{}", outcome.stderr);
}

#[test]
fn clear_removes_every_token_and_document() {
    let account = Account::fresh();
    let home = Home::new();
    let server = account.server_with_api(|_| Reply::new(404));
    let token = || account.cli_at(&home, ["token", "--issuer", &server.url("")]).run().succeeds();
    let _ = token();
    let outcome = cache(&account, &home, &["clear"]).run();
    assert_eq!((outcome.code, outcome.stdout.as_str()), (0, ""));
    assert!(outcome.stderr.starts_with("note: ") && outcome.stderr.lines().count() == 1, "{}", outcome.stderr);
    assert_eq!(list(&account, &home), [] as [Value; 0]);
    let files: Vec<_> = home.looks(CACHE).into_keys().filter(|path| path.is_file()).collect();
    assert_eq!(files, [home.path("cache/m2m/key")], "the key may stay");
    let _ = token();
    assert_eq!(server.requests().len(), 4, "everything is asked for again: {:?}", server.lines());
}

#[test]
fn clear_is_silent_when_asked_to_be_and_content_with_an_empty_cache() {
    let (account, home, _server) = two_tokens();
    for _ in 0..2 {
        assert_eq!(cache(&account, &home, &["clear", "-q"]).run().succeeds(), "");
    }
}

#[test]
fn clear_leaves_what_is_not_ours() {
    let (account, home, _server) = two_tokens();
    let notes = home.file("cache/m2m/tokens/notes.txt", "mine");
    let beside = home.file("cache/m2m/other.json", "mine");
    let _ = cache(&account, &home, &["clear", "-q"]).run().succeeds();
    assert!(notes.exists() && beside.exists());
}

#[test]
#[cfg(unix)]
fn clear_removes_nothing_behind_a_link() {
    let (account, home, _server) = two_tokens();
    let precious = home.file("elsewhere/tokens/precious.json", "mine");
    fs::remove_dir_all(home.path(TOKENS)).unwrap();
    std::os::unix::fs::symlink(precious.parent().unwrap(), home.path(TOKENS)).unwrap();
    let _ = cache(&account, &home, &["clear", "-q"]).run();
    assert!(precious.exists(), "a folder behind a link is not ours to empty");
}

#[test]
fn without_a_home_there_is_nothing_to_list_and_a_warning_says_why() {
    let (out, warning) = Cli::new(["cache", "list"]).homeless().run().succeeds_with_one_warning();
    assert_eq!(out, "");
    assert!(warning.contains("M2M_CACHE_DIR"), "{warning}");
}

#[test]
fn without_a_home_the_list_is_still_json() {
    let (out, _) = Cli::new(["cache", "list", "-o", "json"]).homeless().run().succeeds_with_one_warning();
    assert_eq!(out, "[]\n");
}
