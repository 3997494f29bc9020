//! Tokens with characters that a shell, curl, or a workflow would read in their own way arrive as they are.

use std::io::Write as _;
use std::process::{Command, Stdio};

use crate::support::{Account, Reply, Server};

/// Characters that RFC 6749 allows in a token and RFC 6750 does not, with what shells and curl treat specially.
const ODD: &str = "v^1.1#i^1|a%2F!b\"c\\d$(id)`e'f;g&h<i>j*k?l[m]{n}~o=p,q:r@s";

fn granting(token: &str) -> (Account, Server) {
    let mut account = Account::fresh();
    account.token = token.to_owned();
    let server = Server::always(account.grants());
    (account, server)
}

#[test]
fn every_shell_reads_the_token_back_as_it_is() {
    for shell in ["sh", "bash", "dash"] {
        if Command::new(shell).arg("-c").arg(":").stdout(Stdio::null()).status().is_err() {
            continue;
        }
        let (account, server) = granting(ODD);
        let line = account.token_cli(&server).args(["-o", "env"]).run().succeeds();
        let mut child = Command::new(shell)
            .args(["-c", "eval \"$(cat)\"; printf %s \"$M2M_ACCESS_TOKEN\""])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        child.stdin.take().unwrap().write_all(line.as_bytes()).unwrap();
        let read = child.wait_with_output().unwrap();
        assert_eq!(String::from_utf8_lossy(&read.stdout), ODD, "{shell}");
    }
}

#[test]
fn curl_sends_the_token_as_it_is() {
    if Command::new("curl").arg("--version").stdout(Stdio::null()).status().is_err() {
        return;
    }
    let (account, server) = granting(ODD);
    let config = account.token_cli(&server).args(["-o", "curl"]).run().succeeds();
    let api = Server::always(Reply::new(200));
    let mut child = Command::new("curl").args(["-s", "-K", "-", &api.url("/x")]).stdin(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(config.as_bytes()).unwrap();
    assert!(child.wait().unwrap().success());
    assert_eq!(api.only_request().header("authorization"), Some(format!("Bearer {ODD}").as_str()));
}

#[test]
fn the_mask_of_a_workflow_is_the_token_as_the_runner_reads_it() {
    let (account, server) = granting("AAAA%2FAAA%3DAAAA-of-a-test");
    let cli = account.token_cli(&server).args(["-o", "github"]).file("work/output", "");
    let output = cli.path("work/output");
    let out = cli.env("GITHUB_OUTPUT", &output).run().succeeds();
    assert_eq!(out.replace("%25", "%"), format!("::add-mask::{}\n", account.token));
    assert_eq!(std::fs::read_to_string(output).unwrap_or_default(), "");
}

/// An earlier step may have left its line open: ours would become part of its value.
#[test]
fn the_output_of_a_workflow_begins_on_a_line_of_its_own() {
    let (account, server) = granting("generated-token-of-a-test");
    let home = crate::support::Home::new();
    for (before, after) in [("version=1.2.3", "version=1.2.3\n"), ("version=1.2.3\n", "version=1.2.3\n"), ("", "")] {
        let path = home.file("output", before);
        let _ = account.token_cli(&server).args(["-o", "github"]).env("GITHUB_OUTPUT", &path).run().succeeds();
        let written = std::fs::read_to_string(&path).unwrap();
        assert_eq!(written, format!("{after}access_token={}\n", account.token));
    }
}

#[test]
fn a_token_whose_life_nobody_tells_says_why_it_is_not_cached() {
    let account = Account::fresh();
    let server = Server::always(Reply::json(200, &account.answer_without("expires_in")));
    let outcome = account.token_cli(&server).args(["-v"]).run();
    assert!(outcome.stderr.contains("not cached") && outcome.stderr.contains("`default_ttl`"), "{}", outcome.stderr);
    assert_eq!(account.token_cli(&server).run().stderr, "");
}

#[test]
fn a_narrowed_scope_is_remarked_on_with_a_cached_token_too() {
    let account = Account::fresh();
    let server = Server::always(Reply::json(200, &account.answer_with("scope", "read".into())));
    let home = crate::support::Home::new();
    for _ in 0..2 {
        let cli =
            account.token_at(&home, &server.url(crate::support::account::TOKEN_PATH)).args(["--scope", "read write"]);
        let (_, stderr) = cli.run().succeeds_with_one_warning();
        assert!(stderr.contains("`write` is missing"), "{stderr}");
    }
    assert_eq!(server.requests().len(), 1);
}
