//! `m2m check` with several profiles: the exit code, and the number of requests per server.

use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use serde_json::json;

use crate::support::account::TOKEN_PATH;
use crate::support::{Account, CheckReport, Cli, Reply, Server};

/// `m2m check -o json ARGS..` with these profiles, each with its token endpoint.
fn profiles(account: &Account, endpoints: &[(&str, String)], args: &[&str]) -> Cli {
    let config: String = endpoints
        .iter()
        .map(|(name, url)| {
            let id = &account.id;
            format!(
                "[profiles.{name}]\nclient_id = \"{id}\"\nclient_secret = {{ env = \"S\" }}\ntoken_url = \"{url}\"\n"
            )
        })
        .collect();
    let cli = Cli::new(["check", "-o", "json", "--retries", "0"]).args(args.iter().copied());
    account.watched(cli).env("S", &account.secret).file("config/m2m/config.toml", config)
}

fn names(report: &CheckReport) -> Vec<(String, bool)> {
    let profiles = report.json["profiles"].as_array().unwrap();
    profiles.iter().map(|p| (p["profile"].as_str().unwrap().to_owned(), p["ok"].as_bool().unwrap())).collect()
}

fn grants(account: &Account) -> Reply {
    account.grants().header("Cache-Control", "no-store")
}

/// A server that answers a path for each outcome.
fn outcomes(account: &Account) -> Server {
    let good = grants(account);
    Server::start(move |request| match request.path() {
        "/good" => good.clone(),
        "/refused" => Reply::json(401, &json!({ "error": "invalid_client" })),
        "/scope" => Reply::json(400, &json!({ "error": "invalid_scope" })),
        "/busy" => Reply::new(429),
        "/broken" => Reply::new(503),
        _ => Reply::closed(),
    })
}

#[test]
fn the_first_failure_in_the_order_of_the_arguments_decides() {
    let account = Account::fresh();
    let server = outcomes(&account);
    let all =
        ["good", "refused", "scope", "away", "busy", "broken"].map(|name| (name, server.url(&format!("/{name}"))));
    for (args, code) in [
        (&["good"][..], 0),
        (&["good", "refused", "busy"], 3),
        (&["busy", "refused", "good"], 6),
        (&["scope", "away"], 4),
        (&["away", "scope"], 5),
        (&["broken", "refused"], 7),
        (&["good", "nonexistent", "busy"], 2),
    ] {
        let report = CheckReport::of(profiles(&account, &all, args).run());
        let order: Vec<String> = names(&report).into_iter().map(|(name, _)| name).collect();
        assert_eq!((report.code, order), (code, args.iter().map(ToString::to_string).collect()), "{report:#?}");
    }
}

#[test]
fn all_means_every_profile_of_the_file() {
    let account = Account::fresh();
    let server = outcomes(&account);
    let two = [("zulu", server.url("/good")), ("alpha", server.url("/refused"))];
    let report = CheckReport::of(profiles(&account, &two, &["--all"]).run());
    let mut found = names(&report);
    found.sort();
    assert_eq!(found, [("alpha".to_owned(), false), ("zulu".to_owned(), true)]);
    let none = Cli::new(["check", "--all"]).file("config/m2m/config.toml", "");
    assert!(none.run().fails(2).contains("no profiles"));
    for args in [&["zulu", "--all"][..], &["zulu", "--profile", "alpha"], &["--all", "--profile", "alpha"]] {
        let _ = profiles(&account, &two, args).run().fails(2);
    }
}

#[test]
fn without_a_name_the_usual_profile_is_checked() {
    let account = Account::fresh();
    let server = outcomes(&account);
    let two = [("one", server.url("/good")), ("two", server.url("/good"))];
    let checked = |cli: Cli| names(&CheckReport::of(cli.run()))[0].0.clone();
    assert_eq!(checked(profiles(&account, &two, &["--profile", "two"])), "two");
    assert_eq!(checked(profiles(&account, &two, &[]).env("M2M_PROFILE", "two")), "two");
    let default = profiles(&account, &two, &[]);
    let path = default.path("config/m2m/config.toml");
    let config = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, format!("default_profile = \"one\"\n{config}")).unwrap();
    assert_eq!(checked(default), "one");
}

#[test]
fn every_profile_costs_one_token_however_often_it_is_named() {
    let account = Account::fresh();
    let server = outcomes(&account);
    let two = [("one", server.url("/good")), ("two", server.url("/good?two"))];
    let report = CheckReport::of(profiles(&account, &two, &["one", "two", "one"]).run());
    assert_eq!(names(&report), [("one".to_owned(), true), ("two".to_owned(), true)]);
    let mut lines = server.lines();
    lines.sort();
    assert_eq!(lines, ["POST /good", "POST /good?two"]);
}

/// A token in the cache proves nothing about the credentials, and no other command uses the token of a check.
#[test]
fn the_cache_is_neither_read_nor_written() {
    let account = Account::fresh();
    let server = account.server_with_api(|_| Reply::new(404));
    let files = |home: &std::path::Path| std::fs::read_dir(home.join("cache")).unwrap().count();
    let cli = account.cli(["check", "--issuer", &server.url("")]);
    let mut left = usize::MAX;
    let outcome = cli.run_and(|home| left = files(home));
    assert_eq!((outcome.code, left), (0, 0), "{outcome:#?}");
    let shared = tempfile::TempDir::new().unwrap();
    let with_cache = |command: &str| {
        let cli = account.cli([command, "--issuer", &server.url("")]);
        cli.env("M2M_CACHE_DIR", shared.path()).run()
    };
    let _ = with_cache("token").succeeds();
    let _ = with_cache("token").succeeds();
    let before = server.lines().len();
    assert_eq!(with_cache("check").code, 0);
    let asked = server.lines().split_off(before);
    assert_eq!(asked.iter().filter(|line| line.ends_with(TOKEN_PATH)).count(), 1, "{asked:?}");
}

/// The server answers only when all twenty have asked: requests one by one would never end.
#[test]
fn twenty_profiles_are_checked_at_the_same_time() {
    let account = Account::fresh();
    let good = grants(&account).after(Duration::from_millis(200));
    let room = Arc::new((Mutex::new(0), Condvar::new()));
    let server = Server::start({
        let room = Arc::clone(&room);
        move |_| {
            let (present, arrived) = &*room;
            let mut present = present.lock().unwrap();
            *present += 1;
            arrived.notify_all();
            let wait = arrived.wait_timeout_while(present, Duration::from_secs(20), |present| *present < 20);
            let (present, _) = wait.unwrap();
            assert!(*present >= 20, "only {present} requests were open at the same time");
            good.clone()
        }
    });
    let names: Vec<String> = (0..20).map(|n| format!("p{n}")).collect();
    let twenty: Vec<(&str, String)> = names.iter().map(|name| (name.as_str(), server.url("/good"))).collect();
    let report = CheckReport::of(profiles(&account, &twenty, &["--all"]).run());
    report.passes();
    assert_eq!((report.json["profiles"].as_array().unwrap().len(), server.requests().len()), (20, 20));
}

/// A warning of one profile does not appear under another.
#[test]
fn warnings_stay_with_their_profile() {
    let account = Account::fresh();
    let server = outcomes(&account);
    let three = ["one", "two", "three"].map(|name| (name, server.url("/good")));
    let cli = profiles(&account, &three, &["one", "two", "three"]);
    let cli = cli.file("loose", &account.secret).mode("loose", 0o644);
    let (path, config) = (cli.path("loose"), cli.path("config/m2m/config.toml"));
    let text = std::fs::read_to_string(&config).unwrap();
    let loose = format!("{{ file = \"{}\" }}", path.display());
    let (one, rest) = text.split_at(text.find("[profiles.two]").unwrap());
    std::fs::write(&config, format!("{one}{}", rest.replacen("{ env = \"S\" }", &loose, 1))).unwrap();
    let report = CheckReport::of(cli.run());
    let status = |at: usize| report.json["profiles"][at]["checks"][2]["status"].as_str().unwrap().to_owned();
    assert_eq!([status(0), status(1), status(2)], ["pass", "warn", "pass"], "{report:#?}");
    assert_eq!(report.problems(), ["warn secret.source"]);
}
