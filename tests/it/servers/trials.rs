//! The same trials at every server in `tests/servers`, the exit code of each, and the table in `docs/servers.md`, which is
//! made from the results. `tests/servers/table` writes it.

use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::sync::OnceLock;

use serde_json::Value;

use crate::support::servers::process::Server;
use crate::support::servers::run::{M2m, Run};
use crate::support::servers::table::{Outcomes, summary, table};
use crate::support::servers::trial::{Outcome, SERVERS, Trial};

const GOOD: Option<i32> = Some(0);
const REFUSED: Option<i32> = Some(3);
const SCOPE: Option<i32> = Some(4);
const BAD: Option<i32> = Some(7);
/// This server has no such feature.
const NONE: Option<i32> = None;

// In the order of SERVERS. The second one, oauth2-mock-server, checks nothing about the client.
const TRIALS: &[Trial] = &[
    trial("metadata", [GOOD, GOOD, GOOD, GOOD], |s| M2m::new(&["discover", "--issuer", s.issuer(), "-v"]), document),
    trial("`token_url`, no metadata", [GOOD, GOOD, GOOD, GOOD], without_metadata, token),
    trial("Basic, `form`", [GOOD, GOOD, GOOD, GOOD], |s| basic(s, "plain", "form"), token),
    trial("Basic, `strict`", [GOOD, GOOD, GOOD, GOOD], |s| basic(s, "plain", "strict"), token),
    trial("Basic, `raw`", [GOOD, GOOD, GOOD, GOOD], |s| basic(s, "plain", "raw"), token),
    trial("Basic, `form`, special characters", [GOOD, GOOD, GOOD, GOOD], |s| basic(s, "special", "form"), token),
    trial("Basic, `strict`, special characters", [GOOD, GOOD, GOOD, GOOD], |s| basic(s, "special", "strict"), token),
    trial("Basic, `raw`, special characters", [REFUSED, GOOD, REFUSED, REFUSED], |s| basic(s, "special", "raw"), token),
    trial(
        "Basic, and `client_id` in the body",
        [GOOD, GOOD, GOOD, GOOD],
        |s| s.token("plain").args(&["--client-id-in-body"]),
        token,
    ),
    trial("`client_secret_post`", [GOOD, GOOD, GOOD, GOOD], |s| post(s.token("plain")), token),
    trial("`client_secret_post`, special characters", [GOOD, GOOD, GOOD, GOOD], |s| post(s.token("special")), token),
    trial("JSON body", [REFUSED, GOOD, REFUSED, REFUSED], |s| s.token("plain").args(&["--body-format", "json"]), token),
    trial("JSON body, at an endpoint of its own", [NONE, NONE, GOOD, NONE], json_endpoint, token),
    trial(
        "`client_secret_jwt`",
        [GOOD, NONE, NONE, GOOD],
        |s| method(s.token("secret_jwt"), "client_secret_jwt"),
        token,
    ),
    trial("`private_key_jwt`", [GOOD, NONE, NONE, GOOD], |s| private_key_jwt(s, "rsa"), token),
    trial("`tls_client_auth`", [GOOD, NONE, NONE, NONE], |s| mutual_tls(s, "tls", "tls_client_auth", "client"), token),
    trial("`self_signed_tls_client_auth`", [GOOD, NONE, NONE, NONE], own_certificate, token),
    trial("wrong secret, Basic", [REFUSED, GOOD, REFUSED, REFUSED], wrong_secret, token),
    trial("wrong secret, post", [REFUSED, GOOD, REFUSED, REFUSED], |s| post(wrong_secret(s)), token),
    trial("wrong key", [REFUSED, NONE, NONE, REFUSED], |s| private_key_jwt(s, "stranger"), token),
    trial(
        "wrong certificate",
        [REFUSED, NONE, NONE, NONE],
        |s| mutual_tls(s, "tls", "tls_client_auth", "foreign"),
        token,
    ),
    trial("unknown client", [REFUSED, GOOD, REFUSED, REFUSED], unknown_client, token),
    trial("client without the grant", [REFUSED, NONE, REFUSED, REFUSED], |s| s.token("no_grant"), token),
    trial("two scopes", [GOOD, GOOD, GOOD, GOOD], |s| asking(s, &[&s.scopes()]), scope),
    trial("no scope", [GOOD, GOOD, GOOD, GOOD], |s| asking(s, &[]), scope),
    trial("unknown scope", [GOOD, GOOD, SCOPE, SCOPE], |s| asking(s, &[UNKNOWN]), scope),
    trial("known and unknown scope", [GOOD, GOOD, SCOPE, SCOPE], |s| asking(s, &[s.text("/scopes/0"), UNKNOWN]), scope),
    trial(
        "unknown `resource`",
        [SCOPE, GOOD, GOOD, GOOD],
        |s| s.token("plain").args(&["--resource", "https://other.example.com/"]),
        token,
    ),
    trial("`m2m check`", [GOOD, GOOD, GOOD, GOOD], check, summary_of),
    trial("`m2m check --negative`", [GOOD, GOOD, GOOD, GOOD], |s| check(s).args(&["--negative"]), summary_of),
    trial("`m2m inspect`", [GOOD, GOOD, GOOD, GOOD], inspect, format_of_token),
    trial(
        "`m2m inspect --verify`",
        [GOOD, GOOD, BAD, GOOD],
        |s| inspect(s).args(&["--verify"]),
        |_, _| "verified".into(),
    ),
];

const UNKNOWN: &str = "no:such-scope";

const fn trial(
    name: &'static str,
    exits: [Option<i32>; SERVERS.len()],
    run: fn(&Server) -> M2m,
    found: fn(&Server, &Run) -> String,
) -> Trial {
    Trial { name, exits, run, found }
}

// What is run.

fn without_metadata(server: &Server) -> M2m {
    M2m::new(&["token", "--token-url", &server.token_endpoint(), "--client-id", "m2m-plain"])
        .secret(&server.secret("plain"))
}

fn basic(server: &Server, client: &str, encoding: &str) -> M2m {
    server.token(client).args(&["--basic-encoding", encoding])
}

fn post(run: M2m) -> M2m {
    method(run, "client_secret_post")
}

fn method(run: M2m, name: &str) -> M2m {
    run.args(&["--auth-method", name])
}

fn json_endpoint(server: &Server) -> M2m {
    let url = server.text("/json_token_endpoint");
    let run = M2m::new(&["token", "--token-url", url, "--client-id", "m2m-plain", "--body-format", "json"]);
    run.secret(&server.secret("plain"))
}

fn private_key_jwt(server: &Server, key: &str) -> M2m {
    let run = method(server.token_without_secret("key"), "private_key_jwt");
    run.key(server.text(&format!("/keys/{key}/pkcs8")))
}

fn own_certificate(server: &Server) -> M2m {
    mutual_tls(server, "self_signed", "self_signed_tls_client_auth", "self_signed")
}

fn mutual_tls(server: &Server, client: &str, name: &str, certificate: &str) -> M2m {
    let file = |what: &str| server.text(&format!("/certificates/{certificate}/{what}"));
    let run = method(server.token_without_secret(client), name);
    run.args(&["--ca-file", server.text("/certificates/ca")]).certificate(file("cert"), Some(file("key")))
}

fn wrong_secret(server: &Server) -> M2m {
    server.token_without_secret("plain").secret("a-secret-that-is-wrong")
}

fn unknown_client(server: &Server) -> M2m {
    M2m::new(&["token", "--issuer", server.issuer(), "--client-id", "nobody"]).secret("a-secret-of-nobody")
}

fn asking(server: &Server, scopes: &[&str]) -> M2m {
    scopes.iter().fold(server.token("plain").args(&["-o", "json"]), |run, scope| run.args(&["--scope", scope]))
}

fn check(server: &Server) -> M2m {
    let run = M2m::new(&["check", "-o", "json", "--issuer", server.issuer(), "--client-id", "m2m-plain"]);
    run.args(&["--scope", &server.scopes()]).secret(&server.secret("plain"))
}

/// Of a JWT, where the server can be had to make one.
fn inspect(server: &Server) -> M2m {
    let clients = &server.ready["clients"];
    let client = if clients["jwt"].is_object() { "jwt" } else { "plain" };
    let id = server.text(&format!("/clients/{client}/client_id"));
    let run = M2m::new(&["inspect", "--issuer", server.issuer(), "--client-id", id]).secret(&server.secret(client));
    match server.ready["resource"].as_str() {
        Some(resource) => run.args(&["--resource", resource]),
        None => run,
    }
}

// What is shown of a success.

fn token(_: &Server, run: &Run) -> String {
    run.assert_token();
    "token".to_owned()
}

/// Which document it was.
fn document(_: &Server, run: &Run) -> String {
    let found = run.stderr.lines().find(|line| line.contains(": answered 200")).unwrap();
    let name = found.split("/.well-known/").nth(1).unwrap().split(':').next().unwrap();
    format!("`{name}`")
}

/// What the server said of the scope.
fn scope(_: &Server, run: &Run) -> String {
    let token: Value = serde_json::from_str(&run.stdout).unwrap();
    match token["scope"].as_str() {
        None => "token, no word of its scope".to_owned(),
        Some(scope) => format!("token, scope `{scope}`"),
    }
}

/// The problems. How long the grant took says more about this machine than about the server.
fn summary_of(_: &Server, run: &Run) -> String {
    let report: Value = serde_json::from_str(&run.stdout).unwrap();
    let checks = report["profiles"][0]["checks"].as_array().unwrap();
    let doubts: Vec<_> = checks
        .iter()
        .map(|check| (check["status"].as_str().unwrap(), check["id"].as_str().unwrap()))
        .filter(|(status, id)| ["warn", "fail"].contains(status) && *id != "token.latency")
        .map(|(status, id)| format!("{status} of `{id}`"))
        .collect();
    if doubts.is_empty() { "all good".to_owned() } else { doubts.join(", ") }
}

fn format_of_token(_: &Server, run: &Run) -> String {
    let shown: Value = serde_json::from_str(&run.stdout).unwrap();
    shown["header"]["alg"].as_str().map_or_else(|| "opaque token".to_owned(), |alg| format!("JWT, {alg}"))
}

// What came of it.

/// The outcomes at the server in this place of [`SERVERS`], tried once in a test process; `None` when it cannot run here.
fn outcomes(place: usize) -> Option<&'static Outcomes> {
    static OUTCOMES: [OnceLock<Vec<Option<Outcome>>>; SERVERS.len()] = [const { OnceLock::new() }; SERVERS.len()];
    let server = (SERVERS[place].start)()?;
    let tried = |trial: &Trial| trial.exits[place].map(|expected| trial.try_at(server, expected));
    Some(OUTCOMES[place].get_or_init(|| TRIALS.iter().map(tried).collect()))
}

/// Asserts that everything held.
fn hold(place: usize) {
    let Some(outcomes) = outcomes(place) else { return };
    let faults: Vec<_> = TRIALS
        .iter()
        .zip(outcomes)
        .filter_map(|(trial, outcome)| Some(format!("{}: {}", trial.name, outcome.as_ref()?.fault.as_ref()?)))
        .collect();
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn every_trial_holds_at_oidc_provider() {
    hold(0);
}

#[test]
fn every_trial_holds_at_oauth2_mock_server() {
    hold(1);
}

#[test]
fn every_trial_holds_at_django_oauth_toolkit() {
    hold(2);
}

#[test]
fn every_trial_holds_at_authlib() {
    hold(3);
}

/// Every run looks for the secret that it was given in what it prints.
#[test]
fn no_secret_shows_however_much_is_told() {
    for server in &SERVERS {
        let Some(server) = (server.start)() else { continue };
        for args in
            [&["--basic-encoding", "form"], &["--basic-encoding", "strict"], &["--auth-method", "client_secret_post"]]
        {
            let run = server.token("special").args(args).args(&["-vv"]).run();
            run.assert_token();
            run.assert_says(&["m2m: > content-type: application/x-www-form-urlencoded", ": answered 200"]);
        }
    }
}

/// With `M2M_SERVERS_TABLE=write`, which `tests/servers/table` sets, the document is written and a summary is printed.
#[test]
fn the_table_is_what_the_servers_answer() {
    let mut all = Vec::new();
    for place in 0..SERVERS.len() {
        let Some(outcomes) = outcomes(place) else { return };
        all.push(outcomes);
    }
    let table = table(TRIALS, &all);
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/servers.md");
    if std::env::var_os("M2M_SERVERS_TABLE").is_some() {
        std::io::stdout().write_all(summary(TRIALS, &all).as_bytes()).unwrap();
        fs::write(&path, &table).unwrap();
        (0..SERVERS.len()).for_each(hold);
    }
    let written = fs::read_to_string(&path).unwrap_or_default();
    let news: Vec<_> = table.lines().filter(|line| !written.lines().any(|old| old == *line)).collect();
    assert!(
        written == table,
        "docs/servers.md is not what the servers answer, `tests/servers/table` writes it anew:\n{}",
        news.join("\n")
    );
}
