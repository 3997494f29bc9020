//! `m2m check`: certificates, of real TLS servers.

use crate::support::tls::{Authority, TlsFront};
use crate::support::{Findings, Scene};

/// Checks a healthy server whose certificate is for `name` and ends in `days`; the authority is trusted if `trusted`.
#[track_caller]
fn served(name: &str, days: i32, trusted: bool) -> Findings {
    let authority = Authority::new();
    let listener = TlsFront::bind();
    let base = TlsFront::url_of(&listener);
    let scene = Scene { base: base.clone(), ..Scene::healthy() };
    let server = scene.server();
    let _front = TlsFront::start(listener, authority.certify(name, days), &server);
    let cli = scene.cli_at(&base, ["--scope", "read:a write:a"]).file("ca.pem", &authority.pem);
    let cli = if trusted { cli.path_arg("--ca-file", "ca.pem") } else { cli };
    Findings::of(cli.run())
}

#[test]
fn a_good_certificate_passes() {
    let findings = served("127.0.0.1", 90, true);
    findings.well().says("server.connection", "pass", "answered");
    findings.says("server.certificate", "pass", "no certificate ends within 14 days");
}

#[test]
fn an_expired_certificate_fails_the_connection() {
    let findings = served("127.0.0.1", -2, true);
    findings.fails(5, "server.connection", "the server's certificate has expired");
    findings.says("server.certificate", "skip", "no server has shown a certificate");
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
    let findings = served("127.0.0.1", 13, true);
    findings.warns("server.certificate", "a certificate of 127.0.0.1 ends on 20");
    findings.says("server.certificate", "warn", "its operator should have renewed it");
    served("127.0.0.1", 14, true).well();
}

/// The API's certificate is seen only once the API is called.
#[test]
fn the_certificate_of_the_api_counts_too() {
    let authority = Authority::new();
    let listener = TlsFront::bind();
    let scene = Scene { api_base: TlsFront::url_of(&listener), ..Scene::healthy() };
    let server = scene.server();
    let _front = TlsFront::start(listener, authority.certify("127.0.0.1", 3), &server);
    let cli = scene.cli(&server, ["--scope", "read:a write:a"]).file("ca.pem", &authority.pem);
    let cli = cli.path_arg("--ca-file", "ca.pem").args(["--api", "/v1/status"]);
    Findings::of(cli.run()).warns("server.certificate", "127.0.0.1").says("api.probe", "pass", "accepts the token");
}
