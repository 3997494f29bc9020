//! `m2m check`: connection, clock and metadata.

use std::net::TcpListener;
use std::time::{Duration, SystemTime};

use serde_json::{Value, json};

use crate::support::account::TOKEN_PATH;
use crate::support::test_servers::ISSUER;
use crate::support::{CheckReport, Reply, Server, TestServers};

#[test]
fn nothing_is_wrong_with_a_healthy_server() {
    let report = TestServers::healthy().check([]);
    report.passes().says("server.connection", "pass", "answered").says("server.clock", "pass", "agree");
    report.says("discovery.document", "pass", ISSUER).says("discovery.auth_method", "pass", "client_secret_basic");
    report.says("server.certificate", "skip", "no server has shown a certificate");
}

#[test]
fn every_check_of_the_list_is_in_every_report_in_its_order() {
    let listed = crate::support::Cli::new(["check", "--list"]).run().succeeds();
    let listed: Vec<&str> = listed.lines().filter_map(|line| line.split_whitespace().next()).collect();
    assert_eq!(TestServers::healthy().check([]).ids(), listed);
    assert_eq!(TestServers::granting(Reply::new(500)).check([]).ids(), listed);
    assert_eq!(CheckReport::of(crate::support::Cli::new(["check", "-o", "json"]).run()).ids(), listed);
}

#[test]
fn a_server_that_cannot_be_reached_fails_the_connection() {
    let servers = TestServers::healthy();
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let report = CheckReport::of(servers.cli_at(&format!("http://{closed}"), []).run());
    report.fails(5, "server.connection", "refused").says("discovery.document", "skip", "not reached");
    report.says("token.grant", "skip", "not tried");
    let nowhere = CheckReport::of(servers.cli_at("https://no-such-host.invalid", []).run());
    nowhere.fails(5, "server.connection", "no-such-host.invalid");
    let unencrypted = Server::greeting(b"HTTP/1.1 400 Bad Request\r\n\r\n");
    let report = CheckReport::of(servers.cli_at(&format!("https://127.0.0.1:{}", unencrypted.port()), []).run());
    report.fails(5, "server.connection", "does not speak TLS");
}

#[test]
fn a_token_endpoint_that_breaks_off_or_never_answers_fails_the_connection() {
    for (reply, words) in [
        (Reply::closed(), "broke before an answer"),
        (Reply::reset(), "broke before an answer"),
        (Reply::silent(), "no answer within 1s"),
    ] {
        let report = TestServers::granting(reply).check(["--timeout", "1s"]);
        report.fails(5, "server.connection", words).says("token.grant", "skip", "not reached");
        report.says("discovery.document", "pass", ISSUER);
    }
}

#[test]
fn clocks_that_differ_by_more_than_half_a_minute_warn() {
    let at = |offset: i64| {
        let mut servers = TestServers::healthy();
        let span = Duration::from_secs(offset.unsigned_abs());
        let date = if offset < 0 { SystemTime::now() - span } else { SystemTime::now() + span };
        servers.headers[1].1 = httpdate::fmt_http_date(date);
        servers.check([])
    };
    at(15).passes();
    at(-15).passes();
    at(3600).warns("server.clock", "differ by").says("server.clock", "warn", "NTP");
    at(-3600).warns("server.clock", "differ by");
    let mut silent = TestServers::healthy();
    silent.headers.truncate(1);
    silent.check([]).passes().says("server.clock", "skip", "did not tell its time");
    silent.headers.push(("Date", "yesterday".to_owned()));
    silent.check([]).passes().says("server.clock", "skip", "did not tell its time");
}

/// Each answer in place of the metadata, the exit code, and words of the report.
#[test]
fn a_metadata_document_that_cannot_be_used_fails() {
    let document = |name: &str, value: Value| {
        let mut document = json!({ "issuer": ISSUER, "token_endpoint": "https://as.example.com/token" });
        document[name] = value;
        Reply::json(200, &document)
    };
    for (reply, code, words) in [
        (Reply::new(404), 7, "no metadata document was found"),
        (Reply::html(200, "Welcome"), 7, "an HTML page"),
        (Reply::new(500), 7, "keeps failing"),
        (Reply::new(429), 6, "throttles"),
        (Reply::redirect(302, "https://elsewhere.example.com/"), 7, "redirects"),
        (Reply::json_text(200, "{"), 7, "cannot be read"),
        (Reply::json(200, &json!({ "padding": "x".repeat(300 * 1024) })), 7, "too large"),
        (Reply::raw("garbage\r\n\r\n"), 7, "not HTTP"),
        (document("issuer", "https://other.example.com".into()), 7, "belongs to another issuer"),
        (document("issuer", format!("{ISSUER}/").into()), 7, "the final `/`"),
        (document("issuer", Value::Null), 7, "`issuer` of the metadata document is not a string"),
        (document("token_endpoint", Value::Null), 7, "`token_endpoint` of the metadata document is not a string"),
        (document("token_endpoint", "http://as.example.com/token".into()), 7, "nothing was sent there"),
    ] {
        let servers = TestServers { document: Some(reply), ..TestServers::healthy() };
        let report = servers.check([]);
        report.fails(code, "discovery.document", words).says("token.grant", "skip", "not tried");
    }
}

#[test]
fn an_authentication_method_that_is_not_listed_warns() {
    let mut servers = TestServers::healthy();
    servers.metadata["token_endpoint_auth_methods_supported"] = json!(["private_key_jwt", "client_secret_post"]);
    let report = servers.check([]);
    report.warns("discovery.auth_method", "only: private_key_jwt, client_secret_post");
    servers.check(["--auth-method", "client_secret_post"]).passes();
    servers.metadata["token_endpoint_auth_methods_supported"] = Value::Null;
    servers.check([]).passes();
    servers.check(["--auth-method", "client_secret_post"]).warns("discovery.auth_method", "client_secret_basic");
}

#[test]
fn without_discovery_there_is_no_metadata_to_check() {
    let servers = TestServers::healthy();
    let server = servers.server();
    let cli = servers.account.cli(["check", "-o", "json", "--scope", "read:a write:a"]);
    let report = CheckReport::of(cli.arg("--token-url").arg(server.url(TOKEN_PATH)).run());
    report.passes().says("discovery.document", "skip", "`token_url`").says("jwt.signature", "skip", "no metadata");
    assert_eq!(server.lines(), [format!("POST {TOKEN_PATH}")]);
}
