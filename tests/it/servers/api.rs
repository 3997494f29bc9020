//! API calls with tokens of django-oauth-toolkit, which guards an API and records each token: tokens that `m2m` gets, caches
//! and replaces are valid or not by the server's own records.

use std::path::Path;
use std::thread;

use serde_json::json;
use tempfile::TempDir;

use crate::support::servers::process::{Server, django_oauth_toolkit};
use crate::support::servers::run::Run;

/// `m2m request ARGS..` as the client `api`, with a token for this scope.
fn call(server: &Server, cache: &Path, scope: &str, args: &[&str]) -> Run {
    let api = server.text("/api");
    let run = server.run("request", "api").cache(cache).args(&["--api-url", api, "--scope", scope]);
    run.args(args).run()
}

#[test]
fn a_token_opens_the_api() {
    let Some(server) = django_oauth_toolkit() else { return };
    let cache = TempDir::new().unwrap();
    let run = call(server, cache.path(), "read:appointments", &["/whoami"]);
    assert_eq!(run.stderr, "");
    assert_eq!(run.json()["client_id"], "m2m-api");
}

/// The answer has no body: its only explanation is the challenge (RFC 6750 section 3).
#[test]
fn a_token_of_another_scope_is_refused_and_the_challenge_is_shown() {
    let Some(server) = django_oauth_toolkit() else { return };
    let cache = TempDir::new().unwrap();
    let run = call(server, cache.path(), "webpremios.backoffice/all.read", &["/whoami"]);
    run.assert_exit(4);
    run.assert_says(&["answered 403", "its header `www-authenticate` says", "insufficient_scope"]);
}

/// The first call makes the server revoke the token that it carries.
#[test]
fn a_cached_token_that_the_server_has_forgotten_is_renewed() {
    let Some(server) = django_oauth_toolkit() else { return };
    let cache = TempDir::new().unwrap();
    let scopes = server.scopes();
    let run = call(server, cache.path(), &scopes, &["POST", "/forget"]);
    assert_eq!(run.json(), json!({ "forgotten": true }));
    let run = call(server, cache.path(), &scopes, &["/whoami", "-v"]);
    assert_eq!(run.json()["client_id"], "m2m-api");
    run.assert_says(&["/api/whoami: answered 401", "/o/token/: answered 200", "/api/whoami: answered 200"]);
}

#[test]
fn many_processes_with_an_empty_cache_ask_for_one_token() {
    let Some(server) = django_oauth_toolkit() else { return };
    let cache = TempDir::new().unwrap();
    let token = |command| server.run(command, "concurrent").cache(cache.path()).args(&["--scope", "read:appointments"]);
    let tokens: Vec<String> = thread::scope(|scope| {
        let runs: Vec<_> = (0..8).map(|_| scope.spawn(|| token("token").run())).collect();
        let print = |run: Run| {
            run.assert_token();
            run.stdout
        };
        runs.into_iter().map(|run| print(run.join().unwrap())).collect()
    });
    assert!(tokens.windows(2).all(|pair| pair[0] == pair[1]));
    let run = token("request").args(&["--api-url", server.text("/api"), "/whoami"]).run();
    assert_eq!(run.json(), json!({ "client_id": "m2m-concurrent", "tokens": 1 }));
}

#[test]
fn check_calls_the_api_too() {
    let Some(server) = django_oauth_toolkit() else { return };
    let run = server.run("check", "plain").args(&["-o", "json", "--api-url", server.text("/api"), "--api", "/whoami"]);
    let run = run.args(&["--scope", "read:appointments"]).run();
    run.assert_exit(0);
    assert_eq!(run.check("api.probe").0, "pass", "{}", run.stdout);
}
