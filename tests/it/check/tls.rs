//! `m2m check`: certificates, with servers that speak TLS.

use crate::support::failure::refused;
use crate::support::http::certificates::{Authority, Certificate};
use crate::support::http::tls::TlsFront;
use crate::support::{Account, CheckReport, Server, TestServers};

/// Checks a healthy server whose certificate is for `name` and ends in `days`; the authority is trusted if `trusted`.
#[track_caller]
fn served(name: &str, days: i32, trusted: bool) -> CheckReport {
    let authority = Authority::named("Authority of the test");
    let listener = TlsFront::bind();
    let base = TlsFront::url_of(&listener);
    let servers = TestServers { base: base.clone(), ..TestServers::healthy() };
    let server = servers.server();
    let _front = TlsFront::start(listener, &authority.certify_until(name, days), &server);
    let cli = servers.cli_at(&base, ["--scope", "read:a write:a"]).file("ca.pem", &authority.pem);
    let cli = if trusted { cli.path_arg("--ca-file", "ca.pem") } else { cli };
    CheckReport::of(cli.run())
}

#[test]
fn a_good_certificate_passes() {
    let report = served("127.0.0.1", 90, true);
    report.passes().says("server.connection", "pass", "answered");
    report.says("server.certificate", "pass", "no certificate ends within 14 days");
}

#[test]
fn an_expired_certificate_fails_the_connection() {
    let report = served("127.0.0.1", -2, true);
    report.fails(5, "server.connection", "the server's certificate has expired");
    report.says("server.certificate", "skip", "no server has shown a certificate");
}

#[test]
fn a_certificate_for_another_name_fails_the_connection() {
    served("other.example.com", 90, true).fails(5, "server.connection", "the certificate belongs to another name");
}

#[test]
fn an_unknown_authority_fails_the_connection() {
    served("127.0.0.1", 90, false).fails(5, "server.connection", "`--ca-file`");
}

#[test]
fn a_certificate_that_ends_within_two_weeks_warns() {
    let report = served("127.0.0.1", 13, true);
    report.warns("server.certificate", "a certificate of 127.0.0.1 ends on 20");
    report.says("server.certificate", "warn", "its operator should have renewed it");
    served("127.0.0.1", 14, true).passes();
}

/// The API's certificate is seen only once the API is called.
#[test]
fn the_certificate_of_the_api_counts_too() {
    let authority = Authority::named("Authority of the test");
    let listener = TlsFront::bind();
    let servers = TestServers { api_base: TlsFront::url_of(&listener), ..TestServers::healthy() };
    let server = servers.server();
    let _front = TlsFront::start(listener, &authority.certify_until("127.0.0.1", 3), &server);
    let cli = servers.cli(&server, ["--scope", "read:a write:a"]).file("ca.pem", &authority.pem);
    let cli = cli.path_arg("--ca-file", "ca.pem").args(["--api", "/v1/status"]);
    CheckReport::of(cli.run()).warns("server.certificate", "127.0.0.1").says("api.probe", "pass", "accepts the token");
}

/// Asserts what people are told of a server whose certificate is signed by itself; `named` says that it is in `ca_file`.
#[track_caller]
fn of_itself(authority: bool, named: bool, words: &str, hint: &str) {
    let listener = TlsFront::bind();
    let servers = TestServers { base: TlsFront::url_of(&listener), ..TestServers::healthy() };
    let server = servers.server();
    let certificate = Certificate::self_signed(authority);
    let _front = TlsFront::start(listener, &certificate, &server);
    let token_url = format!("{}/t", servers.base);
    let refusal = refused(5, "unreachable", || {
        let cli = servers
            .account
            .cli(["token", "--token-url", &token_url, "--retries", "0"])
            .file("ca.pem", &certificate.pem);
        if named { cli.path_arg("--ca-file", "ca.pem") } else { cli }
    });
    refusal.names(words).hints_at(hint);
}

#[test]
fn a_certificate_that_is_signed_by_itself_is_explained() {
    of_itself(false, false, "signed by itself", "--ca-file");
    of_itself(true, false, "an authority's own (self-signed)", "CA:FALSE");
    of_itself(true, true, "an authority's own (self-signed)", "CA:FALSE");
}

#[test]
fn a_server_of_old_versions_of_tls_is_explained() {
    let account = Account::fresh();
    // The alert `protocol_version` of a server that does not speak TLS 1.2.
    let server = Server::greeting(&[0x15, 3, 1, 0, 2, 2, 70]);
    let url = format!("https://127.0.0.1:{}/t", server.port());
    let cli = || account.cli(["token", "--token-url", &url, "--retries", "0"]);
    refused(5, "unreachable", cli).hints_at("TLS 1.2");
}
