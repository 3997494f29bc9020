//! `m2m check`: the report in every format, and what no report may contain.

use std::fs;

use serde_json::json;

use crate::support::junit::Junit;
use crate::support::lookup::Lookup;
use crate::support::{Account, Cli, Outcome, Reply, TestServers};

/// Text that ends a CDATA section, starts a line, moves a cursor, or is a command to GitHub or Azure Pipelines.
const HOSTILE: &str =
    "]]><b>&\"' \u{1b}[31mred\u{9b}2J\u{202e}\r\n::error::x\n##vso[task.complete]##[error]\u{0}\u{fffe}end";

/// `m2m check ARGS..` at a server that refuses the client with `description`.
fn refused(description: &str, args: &[&str]) -> Cli {
    let body = json!({ "error": "invalid_client", "error_description": description });
    let servers = TestServers::granting(Reply::json(401, &body));
    let server = servers.server();
    let settings = ["--client-id", &servers.account.id, "--token-url", &server.url("/oauth2/token")];
    let cli = Cli::new(["check"]).args(settings).env("M2M_CLIENT_SECRET", &servers.account.secret);
    servers.account.watched(cli).args(args.iter().copied()).keep(server)
}

/// The lines of a run with what differs from run to run replaced.
fn normal(outcome: &Outcome) -> String {
    let mut text = outcome.stdout.clone();
    for (start, with) in [("http://127.0.0.1:", "http://SERVER"), ("the grant took ", "the grant took N")] {
        while let Some(at) = text.find(start) {
            let from = at + start.len();
            let len = text[from..].bytes().take_while(u8::is_ascii_digit).count();
            text.replace_range(at..from + len, &with.replace(' ', "\u{a0}"));
        }
    }
    text.replace('\u{a0}', " ")
}

#[test]
fn text_is_for_people() {
    let outcome = refused("Unknown client", &[]).run();
    assert_eq!((outcome.code, outcome.stderr.as_str()), (3, ""));
    assert_eq!(
        normal(&outcome),
        "(no profile)
  ok    config.settings         the settings are complete and well-formed
  info  config.scope            no scope is asked for; what that means depends on the server
  ok    secret.source           the client_secret comes from env `M2M_CLIENT_SECRET`
  ok    server.connection       the authorization server answered
  ok    server.clock            the server's clock and ours agree
  FAIL  token.grant             the authorization server refused the client credentials (invalid_client)
        cause: POST http://SERVER/oauth2/token answered 401: \"Unknown client\"
        hint: the client id comes from flag `--client-id`, the secret from env `M2M_CLIENT_SECRET`

1 profile, failed: 5 passed, 0 warned, 1 failed, 18 skipped (-v tells why)
"
    );
}

#[test]
fn v_tells_why_checks_were_skipped() {
    let outcome = refused("Unknown client", &["-v"]).run();
    let text = normal(&outcome);
    assert!(text.contains("\n  skip  token.type              not tried, since an earlier check failed\n"), "{text}");
    assert!(text.ends_with("1 profile, failed: 5 passed, 0 warned, 1 failed, 18 skipped\n"), "{text}");
    assert!(outcome.stderr.lines().all(|line| line.starts_with("m2m: ")), "{}", outcome.stderr);
}

#[test]
fn the_last_line_sums_up() {
    let last = |servers: &TestServers, args: &[&str]| {
        let server = servers.server();
        let settings = ["--scope", "read:a write:a", "--token-url", &server.url("/oauth2/token")];
        let outcome = servers.account.cli(["check"]).args(settings).args(args.iter().copied()).run();
        outcome.stdout.lines().last().unwrap().to_owned()
    };
    assert!(last(&TestServers::healthy(), &[]).starts_with("1 profile, all good: "));
    let odd = TestServers::answering("expires_in", "3600".into());
    assert!(last(&odd, &[]).starts_with("1 profile, usable, with warnings: "));
    assert!(last(&odd, &["--strict"]).starts_with("1 profile, failed: "));
}

#[test]
fn strict_makes_warnings_fail_with_the_class_of_their_check() {
    for (servers, code, id) in [
        (TestServers::answering("expires_in", "3600".into()), 7, "token.lifetime"),
        (TestServers::answering("scope", "read:a".into()), 4, "token.scope"),
    ] {
        servers.check([]).warns(id, "");
        servers.check(["--strict"]).fails(code, id, "");
    }
    TestServers::healthy().check(["--strict"]).passes();
}

#[test]
fn junit_has_a_suite_a_profile_and_a_case_a_check() {
    let outcome = refused("Unknown client", &["-o", "junit"]).run();
    assert_eq!(outcome.code, 3);
    let suites = Junit::parse(&outcome.stdout);
    assert_eq!(suites.len(), 1);
    assert_eq!(suites[0].name, "(no profile)");
    assert_eq!(suites[0].cases.len(), 24);
    assert_eq!(suites[0].outcomes("failure"), ["token.grant"]);
    assert_eq!(suites[0].outcomes("error"), Vec::<&str>::new());
    assert_eq!(suites[0].outcomes("skipped").len(), 18);
}

/// A failure says that the credentials are bad, an error that nothing can be said of them.
#[test]
fn junit_tells_what_failed_from_what_could_not_be_told() {
    for (reply, kind) in [
        (Reply::json(401, &json!({ "error": "invalid_client" })), "failure"),
        (Reply::json(400, &json!({ "error": "invalid_scope" })), "failure"),
        (Reply::new(429), "error"),
        (Reply::new(503), "error"),
        (Reply::html(403, "Blocked"), "error"),
    ] {
        let servers = TestServers::granting(reply);
        let server = servers.server();
        let settings = ["check", "-o", "junit", "--retries", "0", "--token-url", &server.url("/oauth2/token")];
        let suites = Junit::parse(&servers.account.cli(settings).run().stdout);
        assert_eq!(suites[0].outcomes(kind), ["token.grant"]);
    }
    let keyless = TestServers { keys: Reply::new(503), ..TestServers::healthy() };
    let server = keyless.server();
    let cli = keyless.cli(&server, ["--strict"]);
    let report = format!("junit={}", cli.path("report.xml").display());
    let mut text = String::new();
    let outcome = cli.args(["--report", &report]).run_and(|home| {
        text = fs::read_to_string(home.join("report.xml")).unwrap();
    });
    assert_eq!(outcome.code, 7);
    assert_eq!(Junit::parse(&text)[0].outcomes("error"), ["jwt.signature"]);
}

#[test]
fn reports_go_to_files_beside_the_text() {
    let account = Account::fresh();
    let server = account.server();
    let cli = account.cli(["check", "--token-url", &server.url("/oauth2/token")]);
    let path = |name: &str| cli.path(name).display().to_string();
    let (xml, json, text) = (path("r.xml"), path("r.json"), path("r.txt"));
    let reports = [format!("junit={xml}"), format!("json={json}"), format!("text={text}")];
    fs::write(&text, "an older and much longer report\n".repeat(500)).unwrap();
    let mut files = Vec::new();
    let cli = reports.iter().fold(cli, |cli, report| cli.args(["--report", report]));
    let outcome = cli.run_and(|home| {
        files = ["r.xml", "r.json", "r.txt"].map(|name| fs::read_to_string(home.join(name)).unwrap()).to_vec();
    });
    assert_eq!(outcome.code, 0, "{outcome:#?}");
    assert_eq!(Junit::parse(&files[0])[0].cases.len(), 24);
    let report: serde_json::Value = serde_json::from_str(&files[1]).unwrap();
    assert_eq!(report["ok"], true);
    let shown: Vec<&str> = files[2].lines().filter(|line| !line.starts_with("  skip")).collect();
    let printed = outcome.stdout.replace(" (-v tells why)", "");
    assert_eq!(shown, printed.lines().collect::<Vec<_>>(), "the file has the skipped checks too");
    assert!(files[2].contains("\n  skip  "));
}

#[test]
fn a_report_that_cannot_be_written_costs_no_token() {
    let account = Account::fresh();
    for report in ["junit=no/such/folder/r.xml", "junit=", "xml=r.xml", "junit", "=r.xml"] {
        let cli = account.cli(["check", "--token-url", "http://127.0.0.1:9/token", "--report", report]);
        let stderr = cli.run().fails(2);
        assert!(stderr.contains("report"), "{stderr}");
    }
}

/// Whatever a server sends, in any format: nothing of it moves a cursor, starts a line, ends an element or is obeyed.
#[test]
fn a_report_holds_no_markup_commands_or_control_characters_of_a_server() {
    for format in ["text", "json", "junit"] {
        let outcome = refused(HOSTILE, &["-o", format]).run();
        assert_eq!(outcome.code, 3);
        assert!(!outcome.stdout.chars().any(|c| (c.is_control() && c != '\n') || c == '\u{202e}'), "{outcome:#?}");
        for (at, _) in outcome.stdout.match_indices("::error") {
            assert!(!outcome.stdout[..at].ends_with('\n'), "{outcome:#?}");
        }
        assert!(!outcome.stdout.contains("##"), "{outcome:#?}");
        if format == "junit" {
            let suites = Junit::parse(&outcome.stdout);
            assert!(suites[0].message("token.grant").contains("]]><b>&\"'"), "{outcome:#?}");
        }
    }
}

/// The leak check of every run applies; here the server sends back everything that it received.
#[test]
fn a_report_holds_no_secret_token_or_person_even_when_a_server_echoes_them() {
    let person = Lookup::fresh();
    let mut servers = TestServers::healthy();
    let echo = format!(
        "Basic {} / {} / {} / {} / {} / {}",
        crate::support::encodings::basic(&servers.account.id, &servers.account.secret),
        servers.account.secret,
        servers.account.token,
        person.key,
        person.cpf,
        person.login,
    );
    servers.api = Reply::json(403, &json!({ "message": echo }));
    for format in ["text", "json", "junit"] {
        let server = servers.server();
        let settings =
            ["--token-url", &server.url("/oauth2/token"), "--api-url", &server.url(""), "--login", &person.login];
        let cli = servers.account.cli(["check", "-o", format]).args(settings).env("M2M_SUBSCRIPTION_KEY", &person.key);
        let outcome = person.watched(cli).args(["-vv"]).run();
        assert_eq!(outcome.code, 8, "{outcome:#?}");
        for value in [&person.cpf, &person.login, &servers.account.token, &person.key] {
            assert!(!outcome.stdout.contains(value.as_str()), "{outcome:#?}");
        }
    }
    let refused = json!({ "error": "invalid_client", "error_description": echo });
    let servers = TestServers { grant: Some(Reply::json(401, &refused)), ..servers };
    let report = servers.check([]);
    assert_eq!(report.code, 3);
}
