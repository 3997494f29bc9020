//! How long a cached token is used: the margin, `--min-ttl`, `default_ttl`, and responses without a lifetime.
//!
//! Tests age an entry by editing its times. Every case leaves at least ten seconds for a slow machine.

use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use crate::support::account::TOKEN_PATH;
use crate::support::binary::home::{age, read_json, rewrite};
use crate::support::{Account, Cli, Home, Reply, Server};

/// An account with a warm cache, and a server that would grant the next token.
struct Warm {
    account: Account,
    home: Home,
    server: Server,
    /// For reports.
    name: String,
}

impl Warm {
    /// Gets a token that lives `lifetime` seconds, and makes its entry `seconds` older.
    #[track_caller]
    fn aged(lifetime: i64, seconds: i64) -> Self {
        let account = Account::fresh();
        let server = account.counting_with(account.answer_with("expires_in", json!(lifetime)));
        let warm =
            Self { account, home: Home::new(), server, name: format!("a token of {lifetime} s, {seconds} s old") };
        assert_eq!(warm.cli().run().succeeds(), warm.account.nth_line(1));
        age(&warm.home.entry(), seconds);
        warm
    }

    fn cli(&self) -> Cli {
        self.account.token_at(&self.home, &self.server.url(TOKEN_PATH))
    }

    /// Asserts whether a run with these flags takes the token from the cache.
    #[track_caller]
    fn hits(&self, flags: &[&str], expected: bool) {
        let before = self.server.requests().len();
        let n = if expected { 1 } else { before + 1 };
        let outcome = self.cli().args(flags.to_vec()).run();
        assert_eq!((outcome.code, outcome.stdout), (0, self.account.nth_line(n)), "{} {flags:?}", self.name);
        assert_eq!(self.server.requests().len() - before, usize::from(!expected), "{} {flags:?}", self.name);
    }
}

/// Asserts that a server which answers `answer` is asked again by a second run, and that no entry was written.
#[track_caller]
fn never_cached(answer: Value) {
    let account = Account::fresh();
    let home = Home::new();
    let server = account.counting_with(answer.clone());
    for n in 1..=2 {
        let outcome = account.token_at(&home, &server.url(TOKEN_PATH)).run();
        assert_eq!((outcome.code, outcome.stdout), (0, account.nth_line(n)), "{answer}: {}", outcome.stderr);
    }
    assert_eq!(home.entries(), [] as [std::path::PathBuf; 0], "{answer}");
}

/// Asserts that a server which answers `reply` is asked once for two runs.
#[track_caller]
fn cached(account: &Account, reply: Reply, profile: &str) {
    let home = Home::new();
    let server = Server::script([reply]);
    let url = server.url(TOKEN_PATH);
    home.config(&format!("default_profile = \"p\"\n[profiles.p]\ntoken_url = \"{url}\"\n{profile}"));
    for _ in 0..2 {
        let out = account.cli_at(&home, ["token"]).run().succeeds();
        assert_eq!(out, format!("{}\n", account.token));
    }
}

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()
}

/// An account whose token is a JWT that expires in `seconds`.
fn account_with_jwt(seconds: i64) -> Account {
    let mut account = Account::fresh();
    let exp = i64::try_from(now()).unwrap() + seconds;
    let encode = |value: Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let signature = URL_SAFE_NO_PAD.encode(&account.token);
    account.token = format!("{}.{}.{signature}", encode(json!({ "alg": "RS256" })), encode(json!({ "exp": exp })));
    account
}

#[test]
fn a_token_is_fresh_until_a_minute_or_a_quarter_of_its_life_is_left() {
    for (lifetime, left, fresh) in [
        (3600, 3600, true),
        (3600, 100, true),
        (3600, 50, false),
        (3600, 1, false),
        (240, 100, true),
        (240, 45, false),
        (200, 80, true),
        (200, 40, false),
        (100, 45, true),
        (100, 20, false),
        (100, 0, false),
    ] {
        let warm = Warm::aged(lifetime, lifetime - left);
        warm.hits(&[], fresh);
    }
}

#[test]
fn an_expired_token_is_a_miss() {
    Warm::aged(3600, 3600).hits(&[], false);
    Warm::aged(3600, 1_000_000).hits(&[], false);
}

#[test]
fn an_entry_from_the_future_is_a_miss() {
    let warm = Warm::aged(3600, -7200);
    warm.hits(&[], false);
    assert_eq!(warm.cli().run().succeeds(), warm.account.nth_line(2), "it was replaced");
}

#[test]
fn times_as_rfc_3339_are_understood_or_a_miss() {
    let warm = Warm::aged(3600, 0);
    let entry = warm.home.entry();
    let text = read_json(&entry).to_string();
    let mut document: Value = serde_json::from_str(&text).unwrap();
    for value in document.as_object_mut().unwrap().values_mut() {
        if let Some(seconds) = value.as_u64().filter(|number| *number > 1_000_000_000) {
            *value = humantime::format_rfc3339_seconds(UNIX_EPOCH + Duration::from_secs(seconds)).to_string().into();
        }
    }
    rewrite(&entry, document.to_string());
    let out = warm.cli().run().succeeds();
    assert!([warm.account.nth_line(1), warm.account.nth_line(2)].contains(&out), "{out}");
}

#[test]
fn min_ttl_asks_for_more_than_the_margin() {
    let warm = Warm::aged(3600, 2400);
    warm.hits(&[], true);
    warm.hits(&["--min-ttl", "19m"], true);
    warm.hits(&["--min-ttl", "1s"], true);
    warm.hits(&["--min-ttl", "21m"], false);
}

#[test]
fn min_ttl_never_asks_for_less_than_the_margin() {
    Warm::aged(3600, 3560).hits(&["--min-ttl", "1s"], false);
}

#[test]
fn min_ttl_may_stand_in_the_profile_and_a_flag_wins() {
    let warm = Warm::aged(3600, 2400);
    warm.home.config("default_profile = \"p\"\n[profiles.p]\nmin_ttl = \"21m\"\n");
    warm.hits(&["--min-ttl", "19m"], true);
    warm.hits(&[], false);
}

#[test]
fn a_min_ttl_that_no_token_meets_still_prints_the_new_token() {
    let warm = Warm::aged(3600, 0);
    for n in 2..=3 {
        let (out, warning) = warm.cli().args(["--min-ttl", "2h"]).run().succeeds_with_one_warning();
        assert_eq!(out, warm.account.nth_line(n));
        assert!(warning.contains("min_ttl"), "{warning}");
    }
}

#[test]
fn a_min_ttl_that_is_no_duration_is_named() {
    let account = Account::fresh();
    let server = Server::untouched();
    let stderr = account.token_cli(&server).args(["--min-ttl", "soon"]).run().fails(2);
    assert!(stderr.contains("soon") && stderr.contains("min_ttl") && stderr.contains("--min-ttl"), "{stderr}");
}

#[test]
fn a_lifetime_is_read_in_every_shape() {
    for value in [json!(3600), json!("3600"), json!(3600.7)] {
        let account = Account::fresh();
        cached(&account, Reply::json(200, &account.answer_with("expires_in", value)), "");
    }
}

#[test]
fn an_opaque_token_without_a_lifetime_is_not_cached() {
    let account = Account::fresh();
    never_cached(account.answer_without("expires_in"));
    never_cached(account.answer_with("expires_in", json!(null)));
    never_cached(account.answer_with("expires_in", json!("soon")));
}

#[test]
fn a_token_that_has_expired_is_not_cached() {
    let account = Account::fresh();
    for value in [json!(0), json!(-1), json!("0"), json!(0.9)] {
        never_cached(account.answer_with("expires_in", value));
    }
}

#[test]
fn default_ttl_stands_in_for_a_missing_lifetime() {
    let account = Account::fresh();
    cached(&account, Reply::json(200, &account.answer_without("expires_in")), "default_ttl = \"10m\"\n");
}

#[test]
fn default_ttl_does_not_revive_a_token_that_has_expired() {
    let account = Account::fresh();
    let home = Home::new();
    home.config("default_profile = \"p\"\n[profiles.p]\ndefault_ttl = \"10m\"\n");
    let server = account.counting_with(account.answer_with("expires_in", json!(0)));
    for n in 1..=2 {
        let (out, _) = account.token_at(&home, &server.url(TOKEN_PATH)).run().succeeds_with_one_warning();
        assert_eq!(out, account.nth_line(n));
    }
}

#[test]
fn a_default_ttl_of_seconds_is_obeyed() {
    let account = Account::fresh();
    let home = Home::new();
    home.config("default_profile = \"p\"\n[profiles.p]\ndefault_ttl = \"100s\"\n");
    let server = account.counting_with(account.answer_without("expires_in"));
    let run = || account.token_at(&home, &server.url(TOKEN_PATH)).run().succeeds();
    assert_eq!(run(), account.nth_line(1));
    age(&home.entry(), 50);
    assert_eq!(run(), account.nth_line(1));
    age(&home.entry(), 40);
    assert_eq!(run(), account.nth_line(2));
}

#[test]
fn the_expiry_of_a_jwt_stands_in_for_a_missing_lifetime() {
    let account = account_with_jwt(1800);
    cached(&account, Reply::json(200, &account.answer_without("expires_in")), "");
    let account = account_with_jwt(-10);
    let server = Server::always(Reply::json(200, &account.answer_without("expires_in")));
    let home = Home::new();
    let outcome = account.token_at(&home, &server.url(TOKEN_PATH)).run();
    assert_eq!((outcome.code, outcome.stdout), (0, format!("{}\n", account.token)));
    assert_eq!(home.entries(), [] as [std::path::PathBuf; 0], "it has expired");
}

#[test]
fn the_lifetime_counts_from_before_the_request() {
    let account = Account::fresh();
    let asked = Arc::new(Mutex::new(0));
    let server = Server::start({
        let (asked, answer) = (Arc::clone(&asked), account.answer_with("expires_in", json!(100)));
        move |_| {
            *asked.lock().unwrap() = now();
            Reply::json(200, &answer).after(Duration::from_secs(3))
        }
    });
    let home = Home::new();
    let run = |home: &Home| {
        let cli = account.token_at(home, &server.url(TOKEN_PATH));
        cli.args(["-o", "json"]).run().json()["expires_at_unix"].as_u64().unwrap()
    };
    let first = run(&home);
    let latest = *asked.lock().unwrap() + 100;
    assert!(first <= latest, "{first} is after {latest}, a hundred seconds from the request");
    assert_eq!(run(&home), first, "and the entry says the same");
}
