//! `m2m token --dry-run`: the settings with their origins, and the request as a curl command. Nothing is sent, read or
//! written, and no secret is shown.

use serde_json::json;

use crate::support::account::TOKEN_PATH;
use crate::support::failure::refused;
use crate::support::random::alphanumeric;
use crate::support::{Account, Home, Server};

/// The lines of the curl command at the end.
fn command(out: &str) -> &str {
    let at = out.find("\ncurl ").unwrap_or_else(|| panic!("a curl command: {out}"));
    &out[at + 1..]
}

#[test]
fn the_request_is_shown_and_not_sent() {
    let account = Account::fresh();
    let server = Server::untouched();
    let args = ["--dry-run", "--scope", "a b", "--audience", "https://api.example.com", "--param", "org=o 1"];
    let out = account.token_cli(&server).args(args).run().succeeds();
    let command = command(&out);
    assert!(command.contains(&server.url(TOKEN_PATH)), "{command}");
    for part in ["POST", "grant_type=client_credentials", "scope=a", "audience=https%3A%2F%2Fapi.example.com", "org=o"]
    {
        assert!(command.contains(part), "{part}: {command}");
    }
    assert!(command.to_lowercase().contains("authorization: basic [hidden]"), "{command}");
    assert_eq!(server.connections(), 0);
}

#[test]
fn settings_are_shown_with_their_origins() {
    let account = Account::fresh();
    let home = Home::new();
    let path = home.config("default_profile = \"p\"\n[profiles.p]\nprovider = \"auth0\"\naudience = \"a\"\nclient_secret = { env = \"MY_SECRET\" }\n");
    let server = Server::untouched();
    let cli = account.watched(home.cli(["token", "--dry-run", "--token-url", &server.url(TOKEN_PATH)]));
    let out = cli.env("M2M_CLIENT_ID", &account.id).env("MY_SECRET", &account.secret).run().succeeds();
    let row = |key: &str| {
        let found = out.lines().find(|line| line.split_whitespace().next() == Some(key));
        found.unwrap_or_else(|| panic!("{key}: {out}")).to_owned()
    };
    assert!(out.contains("profile `p`"), "{out}");
    assert!(row("token_url").contains("flag `--token-url`"), "{out}");
    assert!(row("client_id").contains("env `M2M_CLIENT_ID`") && row("client_id").contains(&account.id), "{out}");
    assert!(row("audience").contains(&format!("{}:4", path.display())), "{out}");
    assert!(row("client_secret").contains("env `MY_SECRET`"), "{out}");
    assert!(row("body_format").contains("preset `auth0`"), "{out}");
    assert!(row("timeout").contains("default"), "{out}");
    assert_eq!(server.connections(), 0);
}

#[test]
fn columns_stand_below_each_other_however_long_a_value_is() {
    let account = Account::fresh();
    let home = Home::new();
    let long = format!("/run/{}/secret", "long-name/".repeat(9));
    home.config(&format!("default_profile = \"p\"\n[profiles.p]\nclient_secret = {{ file = \"{long}\" }}\n"));
    let url = "https://auth.m2m.invalid/token";
    let cli = account.watched(home.cli(["token", "--dry-run", "--client-id", "c", "--token-url", url]));
    let out = cli.run().succeeds();
    let rows = out.lines().skip(1).take_while(|line| !line.is_empty());
    let origin = |row: &str| row.find("  flag `").or_else(|| row.find("  default")).or_else(|| row.find("  profile `"));
    let columns: Vec<_> = rows.map(|row| origin(row).unwrap_or_else(|| panic!("{row}"))).collect();
    assert!(columns.len() > 5 && columns.iter().all(|at| *at == columns[0]), "{out}");
}

#[test]
fn what_is_hidden_is_spelt_the_same_everywhere() {
    let account = Account::fresh();
    for args in [["--auth-method", "client_secret_post"], ["--body-format", "json"]] {
        let out = account.token_cli(&Server::untouched()).arg("--dry-run").args(args).run().succeeds();
        let body = command(&out).lines().find(|line| line.contains("--data")).unwrap();
        assert!(body.contains("[hidden]") && !body.contains("HIDDEN") && !body.contains("stand-in"), "{body}");
    }
}

#[test]
fn secrets_are_hidden_in_every_method_and_format() {
    for flags in [
        &["--auth-method", "client_secret_basic"][..],
        &["--auth-method", "client_secret_post"],
        &["--body-format", "json"],
        &["--client-id-in-body"],
        &["-vv"],
    ] {
        let account = Account::with_special("+%:/ &=\"");
        let server = Server::untouched();
        let outcome = account.token_cli(&server).arg("--dry-run").args(flags.to_vec()).run();
        assert_eq!(outcome.code, 0, "{flags:?}: {}", outcome.stderr);
        assert!(command(&outcome.stdout).to_lowercase().contains("hidden"), "{flags:?}: {}", outcome.stdout);
    }
}

#[test]
fn a_json_body_is_shown_as_json() {
    let account = Account::fresh();
    let server = Server::untouched();
    let out = account.token_cli(&server).args(["--dry-run", "--body-format", "json", "--scope", "a"]).run().succeeds();
    let command = command(&out);
    assert!(command.to_lowercase().contains("content-type: application/json"), "{command}");
    let body = command.split_once("--data '").expect("a body").1;
    let mut body: serde_json::Value = serde_json::from_str(body.trim_end().trim_end_matches('\'')).unwrap();
    let stand_in = body["client_secret"].take();
    assert!(stand_in.as_str().unwrap().to_lowercase().contains("hidden"), "{stand_in}");
    let expected = json!({
        "grant_type": "client_credentials", "client_id": account.id, "client_secret": null, "scope": "a",
    });
    assert_eq!(body, expected);
}

#[test]
fn with_discovery_it_says_where_the_token_endpoint_would_come_from() {
    let account = Account::fresh();
    let server = Server::untouched();
    let out = account.cli(["token", "--dry-run", "--issuer", &server.url("")]).run().succeeds();
    assert!(out.contains(&server.url("/.well-known/openid-configuration")), "{out}");
    assert!(command(&out).contains("token_endpoint"), "{out}");
    assert_eq!(server.connections(), 0);
}

#[test]
#[cfg(unix)]
fn no_program_is_run_and_no_file_written() {
    let account = Account::fresh();
    let home = Home::new();
    let mark = home.path("mark");
    let server = Server::untouched();
    home.config(&format!(
        "default_profile = \"p\"\n[profiles.p]\nclient_secret = {{ command = [\"touch\", \"{}\"] }}\n",
        mark.display()
    ));
    let cli =
        account.watched(home.cli(["token", "--dry-run", "--client-id", "x", "--token-url", &server.url(TOKEN_PATH)]));
    let out = cli.run().succeeds();
    assert!(out.contains("command `touch`"), "{out}");
    assert!(!mark.exists());
    assert!(!home.path("cache/m2m").exists());
}

#[test]
fn a_secret_that_is_not_there_yet_does_not_matter() {
    let account = Account::fresh();
    let home = Home::new();
    let server = Server::untouched();
    for source in ["{ env = \"NOT_SET\" }", "{ file = \"/proc/nonexistent/secret\" }", "{ keyring = \"entry\" }"] {
        home.config(&format!("default_profile = \"p\"\n[profiles.p]\nclient_secret = {source}\n"));
        let args = ["token", "--dry-run", "--client-id", &account.id, "--token-url", &server.url(TOKEN_PATH)];
        let _ = home.cli(args).run().succeeds();
    }
}

#[test]
fn a_cached_token_is_neither_used_nor_shown() {
    let account = Account::fresh();
    let home = Home::new();
    let server = Server::script([account.grants()]);
    let url = server.url(TOKEN_PATH);
    let _ = account.token_at(&home, &url).run().succeeds();
    let out = account.token_at(&home, &url).arg("--dry-run").run().succeeds();
    assert!(!out.contains(&account.token), "{out}");
    assert_eq!(server.requests().len(), 1);
}

#[test]
fn a_parameter_that_sounds_like_a_secret_is_hidden_in_the_request_too() {
    let account = Account::fresh();
    let home = Home::new();
    let password = alphanumeric(30);
    let server = Server::untouched();
    home.config(&format!("default_profile = \"p\"\n[profiles.p]\nparams = {{ my_password = \"{password}\" }}\n"));
    for format in ["form", "json"] {
        let cli = account.token_at(&home, &server.url(TOKEN_PATH)).args(["--dry-run", "--body-format", format]);
        let out = cli.secret("a password", &password).run().succeeds();
        assert!(out.contains("my_password"), "{format}: {out}");
    }
}

#[test]
fn what_is_missing_or_wrong_is_said_as_without_it() {
    let account = Account::fresh();
    let server = Server::untouched();
    refused(2, "usage", || account.cli(["token", "--dry-run"])).names("issuer");
    refused(2, "usage", || account.token_cli(&server).arg("--dry-run").args(["--timeout", "soon"])).names("timeout");
    refused(2, "usage", || account.token_cli(&server).arg("--dry-run").args(["--param", "client_secret=x"]))
        .names("client_secret");
}
