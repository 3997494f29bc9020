//! Secrets from the environment, a file or stdin: which source wins, how the bytes are read, and what is refused or reported.

use crate::support::encodings::basic;
use crate::support::failure::refused;
use crate::support::lookup::Lookup;
use crate::support::random::alphanumeric;
use crate::support::{Account, Cli, Reply, Server};

const SECRET_FILE: &str = "secrets/client";

/// `m2m token` at `server`, with the secret in a file that holds `bytes`.
fn from_file(account: &Account, server: &Server, bytes: impl AsRef<[u8]>) -> Cli {
    let cli = account.token_cli(server).without_env("M2M_CLIENT_SECRET");
    cli.file(SECRET_FILE, bytes).path_arg("--client-secret-file", SECRET_FILE)
}

/// Asserts that the server was asked once, with the account's own secret.
#[track_caller]
fn sent_the_secret(account: &Account, server: &Server) {
    let expected = basic(&account.id, &account.secret);
    assert_eq!(server.only_request().header("authorization"), Some(expected.as_str()));
}

#[test]
fn the_secret_comes_from_the_environment_a_file_or_stdin() {
    let account = Account::fresh();
    let server = account.server();
    let _ = account.token_cli(&server).run().succeeds();
    sent_the_secret(&account, &server);

    let server = account.server();
    let _ = from_file(&account, &server, &account.secret).run().succeeds();
    sent_the_secret(&account, &server);

    let server = account.server();
    let cli = account.token_cli(&server).without_env("M2M_CLIENT_SECRET").args(["--client-secret-file", "-"]);
    let _ = cli.stdin(account.secret.as_str()).run().succeeds();
    sent_the_secret(&account, &server);

    let server = account.server();
    let cli = account.token_cli(&server).without_env("M2M_CLIENT_SECRET").file(SECRET_FILE, &account.secret);
    let path = cli.path(SECRET_FILE);
    let _ = cli.env("M2M_CLIENT_SECRET_FILE", path).run().succeeds();
    sent_the_secret(&account, &server);
}

#[test]
fn the_flag_wins_over_the_environment() {
    let account = Account::fresh();
    let server = account.server();
    let _ = from_file(&account, &server, &account.secret).env("M2M_CLIENT_SECRET", "another").run().succeeds();
    sent_the_secret(&account, &server);
}

#[test]
fn one_newline_at_the_end_is_stripped() {
    for end in ["\n", "\r\n"] {
        let account = Account::fresh();
        let bytes = format!("{}{end}", account.secret);
        let server = account.server();
        let _ = from_file(&account, &server, &bytes).run().succeeds();
        sent_the_secret(&account, &server);

        let server = account.server();
        let cli = account.token_cli(&server).without_env("M2M_CLIENT_SECRET").args(["--client-secret-file", "-"]);
        let _ = cli.stdin(bytes.clone()).run().succeeds();
        sent_the_secret(&account, &server);

        let server = account.server();
        let _ = account.token_cli(&server).env("M2M_CLIENT_SECRET", &bytes).run().succeeds();
        sent_the_secret(&account, &server);
    }
}

#[test]
fn other_white_space_at_an_edge_and_a_byte_order_mark_are_reported() {
    for (before, after) in
        [("", "\n\n"), ("", " "), (" ", ""), ("\t", ""), ("", " \n"), ("\u{feff}", ""), ("\n", ""), ("", "\r\n\r\n")]
    {
        let account = Account::fresh();
        let server = account.server();
        let outcome = from_file(&account, &server, format!("{before}{}{after}", account.secret)).run();
        assert!([0, 2].contains(&outcome.code), "{outcome:?}");
        assert!(outcome.stderr.contains(SECRET_FILE), "{before:?} {after:?}: {}", outcome.stderr);
        let server = account.server();
        let cli = account.token_cli(&server).env("M2M_CLIENT_SECRET", format!("{before}{}{after}", account.secret));
        let outcome = cli.run();
        assert!([0, 2].contains(&outcome.code), "{outcome:?}");
        assert!(outcome.stderr.contains("M2M_CLIENT_SECRET"), "{before:?} {after:?}: {}", outcome.stderr);
    }
}

#[test]
fn an_empty_secret_is_a_usage_error_that_names_its_origin() {
    let account = Account::fresh();
    for bytes in ["", "\n", "\r\n"] {
        let server = Server::untouched();
        let stderr = from_file(&account, &server, bytes).run().fails(2);
        assert!(stderr.contains(SECRET_FILE), "{stderr}");
        let stderr = account.token_cli(&server).env("M2M_CLIENT_SECRET", bytes).run().fails(2);
        assert!(stderr.contains("M2M_CLIENT_SECRET"), "{stderr}");
        let cli = account.token_cli(&server).without_env("M2M_CLIENT_SECRET").args(["--client-secret-file", "-"]);
        let _ = cli.stdin(bytes).run().fails(2);
        assert_eq!(server.connections(), 0);
    }
}

#[test]
fn a_secret_that_cannot_be_read_is_a_usage_error_that_names_its_origin() {
    let account = Account::fresh();
    let server = Server::untouched();
    for path in ["/nonexistent/secret", "."] {
        let cli = || account.token_cli(&server).without_env("M2M_CLIENT_SECRET").args(["--client-secret-file", path]);
        refused(2, "usage", cli).names(path);
    }
    let stderr = from_file(&account, &server, b"\xff\xfe\xff").run().fails(2);
    assert!(stderr.contains(SECRET_FILE), "{stderr}");
    assert_eq!(server.connections(), 0);
}

#[test]
#[cfg(unix)]
fn a_file_that_others_can_read_is_a_warning() {
    for mode in [0o640, 0o604, 0o644, 0o660] {
        let account = Account::fresh();
        let server = account.server();
        let outcome = from_file(&account, &server, &account.secret).mode(SECRET_FILE, mode).run();
        let (stdout, stderr) = outcome.succeeds_with_a_warning();
        assert_eq!(stdout, format!("{}\n", account.token));
        assert!(stderr.contains(SECRET_FILE) && stderr.lines().count() == 1, "{mode:o}: {stderr}");
    }
    for mode in [0o600, 0o400] {
        let account = Account::fresh();
        let server = account.server();
        let _ = from_file(&account, &server, &account.secret).mode(SECRET_FILE, mode).run().succeeds();
    }
}

#[test]
fn the_subscription_key_comes_from_the_environment_or_a_file() {
    let lookup = Lookup::fresh();
    let answer = Reply::json(200, &serde_json::json!([lookup.participant()]));
    for from_file in [false, true] {
        let server = lookup.answering(answer.clone());
        let mut cli = lookup.by_login(&server);
        if from_file {
            let other = alphanumeric(32);
            cli = cli
                .env("M2M_SUBSCRIPTION_KEY", other)
                .file("key", format!("{}\n", lookup.key))
                .path_arg("--subscription-key-file", "key");
        }
        let _ = cli.run().succeeds();
        assert_eq!(server.requests()[2].header("ocp-apim-subscription-key"), Some(lookup.key.as_str()));
    }
}
