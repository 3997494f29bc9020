//! Errors as text and as JSON, what else stderr may contain, and the end by a signal.

use serde_json::json;

use crate::support::account::TOKEN_PATH;
use crate::support::{Account, Reply, Server};

#[test]
fn the_flag_asks_for_json_as_the_variable_does() {
    let account = Account::fresh();
    let reply = Reply::json(401, &json!({ "error": "invalid_client" }));
    let error = account.token_from(reply.clone()).args(["--error-format", "json"]).run().fails_in_json(3);
    assert_eq!((error.kind.as_str(), error.oauth_error.as_deref()), ("credentials_rejected", Some("invalid_client")));
    // The flag wins over the variable.
    let cli = account.token_from(reply).env("M2M_ERROR_FORMAT", "json").args(["--error-format", "text"]);
    let _ = cli.run().fails(3);
}

#[test]
fn a_warning_may_stand_beside_the_json() {
    let account = Account::fresh();
    let server = Server::always(Reply::json(401, &json!({ "error": "invalid_client" })));
    let cli = account
        .token_cli(&server)
        .without_env("M2M_CLIENT_SECRET")
        .file("secret", &account.secret)
        .mode("secret", 0o644);
    let outcome = cli.path_arg("--client-secret-file", "secret").args(["--error-format", "json"]).run();
    assert_eq!(outcome.stderr.lines().count(), 2, "{}", outcome.stderr);
    assert_eq!(outcome.fails_in_json(3).kind, "credentials_rejected");
}

#[test]
fn quiet_silences_no_error() {
    let account = Account::fresh();
    let reply = Reply::json(401, &json!({ "error": "invalid_client" }));
    let loud = account.token_from(reply.clone()).run().fails(3);
    let quiet = account.token_from(reply).arg("-q").run().fails(3);
    assert_eq!(quiet.lines().count(), loud.lines().count(), "{quiet}");
}

#[test]
fn sigint_ends_the_run_with_130() {
    let account = Account::fresh();
    let server = Server::always(Reply::silent());
    let run = account.token_cli(&server).start();
    server.wait_for_request();
    let killed = std::process::Command::new("kill").args(["-INT", &run.pid().to_string()]).status().unwrap();
    assert!(killed.success());
    let outcome = run.finish();
    assert_eq!((outcome.code, outcome.stdout.as_str()), (130, ""), "{}", outcome.stderr);
    assert!(outcome.took.as_secs() < 15, "{:?}", outcome.took);
}

#[test]
fn the_documented_example_holds() {
    let account = Account::with_special("+");
    let body = json!({ "error": "invalid_client", "error_description": "Client authentication failed" });
    let server = Server::always(Reply::json(401, &body));
    let stderr = account.token_cli(&server).run().fails(3);
    let mut lines = stderr.lines();
    assert!(
        lines.next().is_some_and(|line| line.starts_with("error: ") && line.contains("invalid_client")),
        "{stderr}"
    );
    let cause = format!("  cause: POST {} answered 401: \"", server.url(TOKEN_PATH));
    let told = |line: &str| line.starts_with(&cause) && line.ends_with("Client authentication failed\"");
    assert!(lines.next().is_some_and(told), "{stderr}");
    assert!(lines.next().is_some_and(|line| line.starts_with("  hint: ")), "{stderr}");
}

/// Their escapes are those of JSON and of nothing else, wherever in an error they stand.
#[test]
fn an_error_about_control_characters_is_still_json() {
    for name in ["\u{9b}31m", "\u{202e}", "##vso[task.complete]", "\u{1b}[31m\n::error::"] {
        let account = Account::fresh();
        let cli = account.cli(["token", "--error-format", "json", "--profile", name]);
        let error = cli.run().fails_in_json(2);
        assert!(error.message.starts_with("there is no profile"), "{error:?}");
        assert!(!error.message.chars().any(|c| c.is_control() || c == '\u{202e}'), "{error:?}");
    }
}
