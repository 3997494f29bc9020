//! `--timeout`: one deadline for everything that a command does, whatever the servers do.

use std::time::Duration;

use crate::support::lookup::Lookup;
use crate::support::{Account, Cli, Outcome, Reply, Server};

/// No deadline tested here is longer than a second; this much later it has been missed.
const LATE: Duration = Duration::from_secs(15);

/// Asserts that the run ended with exit 5 at its deadline.
#[track_caller]
fn ends_in_time(outcome: Outcome) -> String {
    assert!(outcome.took < LATE, "{outcome:?}");
    outcome.fails(5)
}

fn with_timeout(account: &Account, server: &Server, timeout: &str) -> Cli {
    account.token_cli(server).args(["--timeout", timeout])
}

#[test]
fn a_silent_token_endpoint_is_left_at_the_deadline() {
    let account = Account::fresh();
    let server = Server::always(Reply::silent());
    let stderr = ends_in_time(with_timeout(&account, &server, "300ms").run());
    assert!(stderr.contains("/oauth2/token"), "{stderr}");
}

#[test]
fn the_deadline_is_an_unreachable_server_in_json_too() {
    let account = Account::fresh();
    let server = Server::always(Reply::silent());
    let error = with_timeout(&account, &server, "300ms").args(["--error-format", "json"]).run().fails_in_json(5);
    assert_eq!(error.kind, "unreachable");
    assert!(error.url.is_some_and(|url| url.ends_with("/oauth2/token")));
}

#[test]
fn a_dripping_body_is_left_at_the_deadline() {
    let account = Account::fresh();
    let server = Server::always(account.grants().body(vec![b' '; 4096]).dripping(Duration::from_millis(50)));
    let _ = ends_in_time(with_timeout(&account, &server, "400ms").run());
}

#[test]
fn silent_and_dripping_metadata_are_left_at_the_deadline() {
    for reply in [Reply::silent(), Reply::new(200).body(vec![b' '; 4096]).dripping(Duration::from_millis(50))] {
        let account = Account::fresh();
        let server = Server::always(reply);
        let outcome = account.cli(["token", "--issuer", &server.url(""), "--timeout", "300ms"]).run();
        let stderr = ends_in_time(outcome);
        assert!(stderr.contains("/.well-known/"), "{stderr}");
    }
}

#[test]
fn a_silent_api_is_left_at_the_deadline() {
    let lookup = Lookup::fresh();
    let server = lookup.answering(Reply::silent());
    let _ = ends_in_time(lookup.by_login(&server).args(["--timeout", "400ms"]).run());
}

#[test]
fn the_deadline_spans_all_requests_together() {
    let account = Account::fresh();
    let grants = account.grants().after(Duration::from_millis(400));
    let server = Server::start(move |request| match request.method.as_str() {
        "GET" => {
            Reply::json(200, &crate::support::account::metadata(&request.origin())).after(Duration::from_millis(400))
        }
        _ => grants.clone(),
    });
    let _ = ends_in_time(account.cli(["token", "--issuer", &server.url(""), "--timeout", "600ms"]).run());
}

#[test]
fn the_deadline_spans_retries() {
    let account = Account::fresh();
    let server = Server::always(Reply::closed().after(Duration::from_millis(100)));
    let outcome = with_timeout(&account, &server, "400ms").args(["--retries", "10"]).run();
    let _ = ends_in_time(outcome);
    assert!(server.requests().len() <= 6, "{}", server.requests().len());
}

#[test]
fn a_greeting_that_never_comes_is_left_at_the_deadline() {
    // Over TLS the server has to speak after the client's hello; this one does not.
    let account = Account::fresh();
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("https://{}/t", listener.local_addr().unwrap());
    let _ = ends_in_time(account.cli(["token", "--token-url", &url, "--timeout", "300ms"]).run());
}

#[test]
fn a_slow_server_within_the_deadline_is_waited_for() {
    let account = Account::fresh();
    let server = Server::always(account.grants().after(Duration::from_millis(400)));
    let _ = with_timeout(&account, &server, "25s").run().succeeds();
    let length = account.answer().to_string().len();
    let pause = Duration::from_millis(400) / u32::try_from(length).unwrap();
    let server = Server::always(account.grants().dripping(pause));
    let _ = with_timeout(&account, &server, "25s").run().succeeds();
}

#[test]
fn the_environment_sets_the_deadline_too_and_the_flag_wins() {
    let account = Account::fresh();
    let server = Server::always(Reply::silent());
    let _ = ends_in_time(account.token_cli(&server).env("M2M_TIMEOUT", "300ms").run());
    let _ = ends_in_time(with_timeout(&account, &server, "300ms").env("M2M_TIMEOUT", "30s").run());
}

#[test]
fn a_timeout_that_is_no_duration_is_a_usage_error_that_sends_nothing() {
    let account = Account::fresh();
    for value in ["soon", "-1s", "", "5 parsecs"] {
        let server = Server::untouched();
        let stderr = account.token_cli(&server).arg(format!("--timeout={value}")).run().fails(2);
        assert!(stderr.contains("timeout") && stderr.contains(value), "{stderr}");
        let stderr = account.token_cli(&server).env("M2M_TIMEOUT", "soon").run().fails(2);
        assert!(stderr.contains("timeout") && stderr.contains("M2M_TIMEOUT") && stderr.contains("soon"), "{stderr}");
        assert_eq!(server.connections(), 0);
    }
}
