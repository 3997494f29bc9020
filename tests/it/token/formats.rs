//! `m2m token -o env|kubectl|github`: formats for other programs, and what each needs from its environment.

use std::fs;
use std::process::Command;
use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};

use crate::support::account::TOKEN_PATH;
use crate::support::failure::refused;
use crate::support::{Account, Cli, Home, Reply, Server};

fn with_output(account: &Account, format: &str) -> Cli {
    account.token_from(account.grants()).args(["-o", format])
}

/// The token in a line for a shell, which may quote it.
fn exported(line: &str) -> &str {
    let value = line.strip_prefix("export M2M_ACCESS_TOKEN=").and_then(|rest| rest.strip_suffix('\n'));
    value.unwrap_or_else(|| panic!("one assignment: {line}")).trim_matches('\'')
}

#[test]
fn env_is_a_line_for_a_shell() {
    let account = Account::fresh();
    let out = with_output(&account, "env").run().succeeds();
    assert_eq!(exported(&out), account.token);
}

/// Every character that a Bearer token may hold (RFC 6750 section 2.1) must survive a shell, `~` at the beginning too.
#[test]
#[cfg(unix)]
fn a_shell_that_evaluates_the_line_has_the_token() {
    for begin in ["", "~/", "~root/", "~+/", "-", "+", "=", "/"] {
        let mut account = Account::fresh();
        account.token = format!("{begin}{}", account.token).trim_start_matches('=').to_owned();
        let line = with_output(&account, "env").run().succeeds();
        for shell in ["sh", "bash"] {
            let script = format!("{line}printf %s \"$M2M_ACCESS_TOKEN\"");
            let Ok(output) = Command::new(shell).env("HOME", "/elsewhere").args(["-c", &script]).output() else {
                continue;
            };
            let value = String::from_utf8(output.stdout).unwrap();
            assert_eq!(value, account.token, "{shell}: {line}");
        }
    }
}

/// What kubectl says to its credential plugins.
fn exec_info(version: &str) -> String {
    json!({ "apiVersion": version, "kind": "ExecCredential", "spec": { "interactive": false } }).to_string()
}

#[test]
fn kubectl_is_an_exec_credential_of_the_version_that_is_asked_for() {
    for (info, version) in [
        (None, "client.authentication.k8s.io/v1"),
        (Some(exec_info("client.authentication.k8s.io/v1")), "client.authentication.k8s.io/v1"),
        (Some(exec_info("client.authentication.k8s.io/v1beta1")), "client.authentication.k8s.io/v1beta1"),
    ] {
        let account = Account::fresh();
        let before = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
        let cli = with_output(&account, "kubectl");
        let mut out = match info {
            Some(info) => cli.env("KUBERNETES_EXEC_INFO", info),
            None => cli,
        }
        .run()
        .json();
        let expiry = out["status"]["expirationTimestamp"].take();
        let expiry = humantime::parse_rfc3339(expiry.as_str().unwrap()).unwrap();
        let left = expiry.duration_since(UNIX_EPOCH).unwrap().as_secs() - before;
        assert!((3599..3700).contains(&left), "{left} seconds are left");
        assert_eq!(
            out,
            json!({
                "apiVersion": version,
                "kind": "ExecCredential",
                "status": { "token": account.token, "expirationTimestamp": null },
            })
        );
    }
}

#[test]
fn kubectl_says_nothing_of_an_expiry_that_is_not_known() {
    let account = Account::fresh();
    let reply = Reply::json(200, &account.answer_without("expires_in"));
    let out = account.token_from(reply).args(["-o", "kubectl"]).run().json();
    assert_eq!(out["status"], json!({ "token": account.token }));
}

#[test]
fn kubectl_of_an_unknown_version_is_refused_before_anything_is_sent() {
    for info in [
        exec_info("client.authentication.k8s.io/v1alpha1"),
        exec_info("client.authentication.k8s.io/v2"),
        exec_info("v1"),
        "{}".to_owned(),
        "not JSON".to_owned(),
        "[]".to_owned(),
    ] {
        let account = Account::fresh();
        let server = Server::untouched();
        let cli = || account.token_cli(&server).args(["-o", "kubectl"]).env("KUBERNETES_EXEC_INFO", &info);
        refused(2, "usage", cli).names("KUBERNETES_EXEC_INFO");
        assert_eq!(server.connections(), 0, "{info}");
    }
}

#[test]
fn what_kubectl_says_is_read_for_its_format_only() {
    let account = Account::fresh();
    let out = with_output(&account, "token").env("KUBERNETES_EXEC_INFO", "not JSON").run().succeeds();
    assert_eq!(out, format!("{}\n", account.token));
}

#[test]
fn github_masks_the_token_and_appends_it_to_the_output_of_the_step() {
    let account = Account::fresh();
    let home = Home::new();
    let output = home.file("output", "earlier=value\n");
    let server = account.server();
    let cli = account.token_at(&home, &server.url(TOKEN_PATH)).args(["-o", "github"]).env("GITHUB_OUTPUT", &output);
    assert_eq!(cli.run().succeeds(), format!("::add-mask::{}\n", account.token));
    assert_eq!(fs::read_to_string(output).unwrap(), format!("earlier=value\naccess_token={}\n", account.token));
}

#[test]
#[cfg(target_os = "linux")]
fn github_masks_the_token_before_it_is_an_output() {
    let account = Account::fresh();
    let out = with_output(&account, "github").env("GITHUB_OUTPUT", "/dev/stdout").run().succeeds();
    assert_eq!(out, format!("::add-mask::{0}\naccess_token={0}\n", account.token));
}

#[test]
fn github_without_an_output_file_is_refused_before_anything_is_sent() {
    let account = Account::fresh();
    let server = Server::untouched();
    let cli = || account.token_cli(&server).args(["-o", "github"]);
    refused(2, "usage", cli).names("GITHUB_OUTPUT");
    refused(2, "usage", || cli().env("GITHUB_OUTPUT", "")).names("GITHUB_OUTPUT");
    refused(2, "usage", || cli().env("GITHUB_OUTPUT", "/proc/nonexistent/output")).names("/proc/nonexistent/output");
    refused(2, "usage", || cli().env("GITHUB_OUTPUT", "/")).names("GITHUB_OUTPUT");
    assert_eq!(server.connections(), 0);
}

#[test]
fn a_refusal_leaves_the_output_of_the_step_as_it_was() {
    let account = Account::fresh();
    let home = Home::new();
    let output = home.file("output", "earlier=value\n");
    let server = Server::always(Reply::json(401, &json!({ "error": "invalid_client" })));
    let cli = account.token_at(&home, &server.url(TOKEN_PATH)).args(["-o", "github"]).env("GITHUB_OUTPUT", &output);
    let _ = cli.run().fails(3);
    assert_eq!(fs::read_to_string(output).unwrap(), "earlier=value\n");
}

#[test]
fn every_format_works_from_the_cache_too() {
    let account = Account::fresh();
    let home = Home::new();
    let server = Server::script([account.grants()]);
    let output = home.file("output", "");
    let run = |format: &str| {
        let cli = account.token_at(&home, &server.url(TOKEN_PATH)).args(["-o", format]);
        cli.env("GITHUB_OUTPUT", &output).run().succeeds()
    };
    let token = &account.token;
    assert_eq!(run("token"), format!("{token}\n"));
    assert_eq!(run("header"), format!("Authorization: Bearer {token}\n"));
    assert_eq!(run("curl"), format!("header = \"Authorization: Bearer {token}\"\n"));
    assert_eq!(exported(&run("env")), token);
    assert_eq!(run("github"), format!("::add-mask::{token}\n"));
    let json = |format: &str| -> Value { serde_json::from_str(&run(format)).unwrap() };
    assert_eq!(json("json")["cached"], json!(true));
    assert_eq!(json("kubectl")["status"]["token"], json!(token));
}
