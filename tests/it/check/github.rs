//! `m2m check` under GitHub Actions: annotations and the step summary.

use std::fs;

use serde_json::json;

use crate::support::{Cli, Outcome, Reply, TestServers};

/// `m2m check ARGS..` in a step, at a server that refuses with `description`; also returns the summary.
fn step(description: &str, args: &[&str]) -> (Outcome, String) {
    let body = json!({ "error": "invalid_client", "error_description": description });
    let servers = TestServers::granting(Reply::json(401, &body));
    let server = servers.server();
    let settings = ["--client-id", "an-id", "--token-url", &server.url("/oauth2/token")];
    let cli = Cli::new(["check"]).args(settings).args(args.iter().copied());
    let cli =
        servers.account.watched(cli).env("M2M_CLIENT_SECRET", &servers.account.secret).env("GITHUB_ACTIONS", "true");
    let cli = cli.file("summary.md", "# Before\n");
    let summary = cli.path("summary.md");
    let mut text = String::new();
    let outcome = cli.env("GITHUB_STEP_SUMMARY", &summary).run_and(|_| text = fs::read_to_string(&summary).unwrap());
    (outcome, text)
}

fn commands(text: &str) -> Vec<&str> {
    text.lines().filter(|line| line.trim_start().starts_with("::")).collect()
}

#[test]
fn what_fails_is_annotated() {
    let (outcome, _) = step("100% unknown", &[]);
    assert_eq!((outcome.code, outcome.stderr.as_str()), (3, ""));
    let found = commands(&outcome.stdout);
    assert_eq!(found.len(), 1, "{outcome:#?}");
    let (start, end) = (
        "::error title=m2m check (no profile)%3A token.grant::the authorization server refused the client credentials \
         (invalid_client)%0Acause: POST http://127.0.0.1:",
        "answered 401: \"100%25 unknown\"%0Ahint: the client id comes from flag `--client-id`, the secret from env \
         `M2M_CLIENT_SECRET`%0Ahint: if id and secret are right, the client may be registered for another method than \
         `client_secret_basic`: try `auth_method = \"client_secret_post\"`",
    );
    assert!(found[0].starts_with(start) && found[0].ends_with(end), "{outcome:#?}");
    assert!(outcome.stdout.find("1 profile, failed").unwrap() < outcome.stdout.find("::error").unwrap());
}

#[test]
fn what_warns_is_annotated_as_a_warning() {
    let servers = TestServers::answering("expires_in", "3600".into());
    let server = servers.server();
    let settings = ["--scope", "read:a write:a", "--token-url", &server.url("/oauth2/token")];
    let outcome = servers.account.cli(["check"]).args(settings).env("GITHUB_ACTIONS", "true").run();
    assert_eq!((outcome.code, outcome.stderr.as_str()), (0, ""));
    assert_eq!(
        commands(&outcome.stdout),
        [
            "::warning title=m2m check (no profile)%3A token.lifetime::the token lives 3600 s; `expires_in` is a string, \
          not a number%0Ahint: other clients fail on that (RFC 6749 section 5.1)"
        ]
    );
}

/// JSON and JUnit on stdout stay whole; the runner reads stderr too.
#[test]
fn annotations_stand_beside_a_report_for_machines() {
    for format in ["json", "junit"] {
        let (outcome, _) = step("unknown", &["-o", format]);
        assert!(commands(&outcome.stdout).is_empty(), "{outcome:#?}");
        assert_eq!(outcome.stderr.lines().count(), 1, "{outcome:#?}");
        assert!(outcome.stderr.starts_with("::error title=m2m check "), "{outcome:#?}");
    }
}

#[test]
fn a_server_cannot_write_a_command() {
    let hostile = "x\r\n::warning::y\n::set-output name=a::b\u{2028}::error::z%0A::add-mask::q ##[error]w";
    for args in [&[][..], &["-o", "json"], &["-v"]] {
        let (outcome, summary) = step(hostile, args);
        let all = format!("{}{}", outcome.stdout, outcome.stderr);
        assert_eq!(commands(&all).len(), 1, "{outcome:#?}");
        assert!(all.contains("%250A::add-mask") && !all.contains("##["), "{outcome:#?}");
        assert!(commands(&summary).is_empty(), "{summary}");
    }
}

#[test]
fn the_step_summary_is_appended_and_holds_no_markup_of_a_server() {
    let (_, summary) = step("<img src=x> | `code` [link](http://x) **b** @team", &[]);
    assert!(summary.starts_with("# Before\n### m2m check\n\n1 profile, failed: "), "{summary}");
    assert!(summary.contains("\n**(no profile)**\n\n| status | check | finding |\n|---|---|---|\n"), "{summary}");
    assert!(summary.contains("| FAIL | `token.grant` | "), "{summary}");
    assert!(summary.contains("&lt;img src=x&gt; \\| \\`code\\` \\[link\\](http://x) \\*\\*b\\*\\*"), "{summary}");
    assert!(!summary.contains("| skip |"), "{summary}");
}

#[test]
fn a_summary_that_cannot_be_written_is_a_warning() {
    let servers = TestServers::healthy();
    let server = servers.server();
    let settings = ["--scope", "read:a write:a", "--token-url", &server.url("/oauth2/token")];
    let cli = servers.account.cli(["check"]).args(settings).env("GITHUB_ACTIONS", "true");
    let outcome = cli.env("GITHUB_STEP_SUMMARY", "no/such/folder/summary.md").run();
    let (stdout, warning) = outcome.succeeds_with_a_warning();
    assert!(stdout.contains("1 profile, all good"), "{stdout}");
    assert!(warning.contains("`GITHUB_STEP_SUMMARY`"), "{warning}");
}

#[test]
fn elsewhere_nothing_is_annotated() {
    let servers = TestServers::granting(Reply::new(401));
    for value in ["", "false", "1"] {
        let server = servers.server();
        let cli = servers.account.cli(["check", "--token-url", &server.url("/oauth2/token")]);
        let cli = cli.env("GITHUB_ACTIONS", value).env("GITHUB_STEP_SUMMARY", "no/such/folder/summary.md");
        let outcome = cli.run();
        assert_eq!((outcome.code, outcome.stderr.as_str()), (3, ""));
        assert!(commands(&outcome.stdout).is_empty());
    }
}
