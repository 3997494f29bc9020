//! Mutual TLS (RFC 8705) at oidc-provider, with a certificate authority made for the run. Its metadata is on a port without
//! TLS; only `mtls_endpoint_aliases` leads to the port that asks for certificates.

use serde_json::Value;

use crate::support::servers::process::{Server, oidc_provider};
use crate::support::servers::run::M2m;

/// `m2m COMMAND` as `client`, with the certificate `name`.
fn shown(server: &Server, command: &str, client: &str, method: &str, name: &str) -> M2m {
    let cert = server.text(&format!("/certificates/{name}/cert"));
    let key = server.text(&format!("/certificates/{name}/key"));
    asking(server, command, client, method).certificate(cert, Some(key))
}

fn asking(server: &Server, command: &str, client: &str, method: &str) -> M2m {
    let id = server.text(&format!("/clients/{client}/client_id"));
    let run = M2m::new(&[command, "--issuer", server.issuer(), "--client-id", id, "--auth-method", method]);
    run.args(&["--ca-file", server.text("/certificates/ca")])
}

#[test]
fn a_certificate_of_the_authority_gets_a_token() {
    let Some(server) = oidc_provider() else { return };
    let run = shown(server, "token", "tls", "tls_client_auth", "client").run();
    run.assert_token();
    assert_eq!(run.stderr, "");
}

#[test]
fn one_file_may_hold_certificate_and_key() {
    let Some(server) = oidc_provider() else { return };
    let run =
        asking(server, "token", "tls", "tls_client_auth").certificate(server.text("/certificates/combined"), None);
    let run = run.run();
    run.assert_token();
    assert_eq!(run.stderr, "");
}

#[test]
fn a_registered_certificate_of_ones_own_gets_a_token() {
    let Some(server) = oidc_provider() else { return };
    let run = shown(server, "token", "self_signed", "self_signed_tls_client_auth", "self_signed").run();
    run.assert_token();
    assert_eq!(run.stderr, "");
}

#[test]
fn the_token_endpoint_may_be_given_without_metadata() {
    let Some(server) = oidc_provider() else { return };
    let run = M2m::new(&["token", "--token-url", server.text("/mtls_token_endpoint"), "--client-id", "m2m-tls"]);
    let run = run.args(&["--auth-method", "tls_client_auth", "--ca-file", server.text("/certificates/ca")]);
    run.certificate(server.text("/certificates/combined"), None).run().assert_token();
}

#[test]
fn a_wrong_certificate_is_refused_and_the_hint_names_it() {
    let Some(server) = oidc_provider() else { return };
    for (client, method, name) in [
        ("tls", "tls_client_auth", "sibling"),
        ("tls", "tls_client_auth", "foreign"),
        ("tls", "tls_client_auth", "self_signed"),
        ("self_signed", "self_signed_tls_client_auth", "client"),
    ] {
        let run = shown(server, "token", client, method, name).run();
        run.assert_refused();
        let certificate = format!("the certificate from file `{}`", server.text(&format!("/certificates/{name}/cert")));
        for part in ["invalid_client", &certificate, "must be the one registered for this client"] {
            assert!(run.stderr.contains(part), "no `{part}` in\n{}", run.stderr);
        }
    }
}

#[test]
fn a_key_of_another_certificate_is_a_usage_error() {
    let Some(server) = oidc_provider() else { return };
    let run = asking(server, "token", "tls", "tls_client_auth");
    let run = run.certificate(server.text("/certificates/client/cert"), Some(server.text("/certificates/sibling/key")));
    let run = run.run();
    run.assert_exit(2);
    assert!(run.stderr.contains("`client_cert` and `client_key` do not belong together"), "{}", run.stderr);
}

#[test]
fn a_server_of_an_unknown_authority_is_not_shown_anything() {
    let Some(server) = oidc_provider() else { return };
    let run = M2m::new(&["token", "--issuer", server.issuer(), "--client-id", "m2m-tls", "--retries", "0"]);
    let run = run.args(&["--auth-method", "tls_client_auth"]).certificate(server.text("/certificates/combined"), None);
    let run = run.run();
    run.assert_exit(5);
    assert!(run.stderr.contains("--ca-file"), "{}", run.stderr);
}

#[test]
fn check_compares_the_certificate_that_the_token_is_bound_to() {
    let Some(server) = oidc_provider() else { return };
    let run = shown(server, "check", "tls", "tls_client_auth", "client");
    let run = run.args(&["-o", "json", "--resource", server.text("/resource"), "--scope", &server.scopes()]).run();
    run.assert_exit(0);
    let report: Value = serde_json::from_str(&run.stdout).unwrap();
    let checks = report["profiles"][0]["checks"].as_array().unwrap();
    let binding = checks.iter().find(|check| check["id"] == "jwt.binding").unwrap();
    assert_eq!(binding["status"], "pass", "{binding}");
    assert_eq!(binding["message"], "the token is bound to the client's certificate");
}
