//! `m2m` against oidc-provider, a certified OpenID Provider, with client secrets. `support::servers::process` starts it.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use serde_json::Value;
use tempfile::TempDir;

use crate::support::servers::process::oidc_provider;
use crate::support::servers::run::M2m;

#[test]
fn discover_prints_the_metadata() {
    let Some(server) = oidc_provider() else { return };
    let run = M2m::new(&["discover", "--issuer", server.issuer()]).run();
    run.assert_exit(0);
    let metadata: Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!(metadata["issuer"], server.ready["issuer"]);
    assert_eq!(metadata["token_endpoint"], server.ready["token_endpoint"]);
    assert_eq!(run.stderr, "");
}

#[test]
fn basic_works_with_a_secret_full_of_special_characters() {
    let Some(server) = oidc_provider() else { return };
    for encoding in [&[][..], &["--basic-encoding", "strict"]] {
        let run = server.token("special").args(encoding).run();
        run.assert_token();
        assert_eq!(run.stderr, "");
    }
}

#[test]
fn post_works_with_a_secret_full_of_special_characters() {
    let Some(server) = oidc_provider() else { return };
    let run = server.token("post").args(&["--auth-method", "client_secret_post"]).run();
    run.assert_token();
    assert_eq!(run.stderr, "");
}

#[test]
fn a_plain_secret_works_whatever_the_encoding() {
    let Some(server) = oidc_provider() else { return };
    for encoding in ["form", "strict", "raw"] {
        server.token("plain").args(&["--basic-encoding", encoding]).run().assert_token();
    }
}

#[test]
fn the_secret_may_come_from_a_file_or_from_stdin() {
    let Some(server) = oidc_provider() else { return };
    let secret = server.secret("special");
    let dir = TempDir::new().unwrap();
    let file = dir.path().join("secret");
    fs::write(&file, format!("{secret}\n")).unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();

    let from_file =
        server.token_without_secret("special").args(&["--client-secret-file", file.to_str().unwrap()]).run();
    from_file.assert_token();
    assert_eq!(from_file.stderr, "");
    let from_stdin = server.token_without_secret("special").args(&["--client-secret-file", "-"]).stdin(&secret).run();
    from_stdin.assert_token();
    assert_eq!(from_stdin.stderr, "");
}

#[test]
fn json_output_keeps_what_the_server_said() {
    let Some(server) = oidc_provider() else { return };
    let scopes = server.scopes();
    let run = server.token("special").args(&["--scope", &scopes, "-o", "json"]).run();
    run.assert_exit(0);
    let token: Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!(token["scope"], scopes);
    assert_eq!(token["token_type"], "Bearer");
    let left = token["expires_in"].as_i64().unwrap();
    assert!((500..=600).contains(&left), "{left} seconds left of 600");
}

#[test]
fn a_wrong_secret_is_refused_and_the_hint_names_what_basic_may_have_changed() {
    let Some(server) = oidc_provider() else { return };
    let wrong = format!("{}x", server.secret("special"));
    let run = server.token_without_secret("special").secret(&wrong).run();
    run.assert_refused();
    for part in ["invalid_client", &server.token_endpoint(), "401", "basic_encoding", "client_secret_post"] {
        assert!(run.stderr.contains(part), "no `{part}` in\n{}", run.stderr);
    }
}

#[test]
fn a_refusal_as_json_has_its_kind() {
    let Some(server) = oidc_provider() else { return };
    let run = server.token_without_secret("plain").secret("wrong").args(&["--error-format", "json"]).run();
    run.assert_exit(3);
    let report: Value = serde_json::from_str(run.stderr.trim_end()).unwrap();
    let error = &report["error"];
    assert_eq!(error["kind"], "credentials_rejected");
    assert_eq!(error["exit_code"], 3);
    assert_eq!(error["oauth_error"], "invalid_client");
    assert_eq!(error["http_status"], 401);
    assert_eq!(error["url"], server.ready["token_endpoint"]);
}

/// This server reads encoded credentials only, and calls raw ones an `invalid_request`.
#[test]
fn a_wrong_basic_encoding_is_refused_and_the_hint_names_it() {
    let Some(server) = oidc_provider() else { return };
    let run = server.token("special").args(&["--basic-encoding", "raw"]).run();
    run.assert_refused();
    assert!(run.stderr.contains("basic_encoding"), "{}", run.stderr);
}

/// This server calls it an `invalid_request`, where RFC 6749 has `unauthorized_client`.
#[test]
fn a_client_that_may_not_use_the_grant_is_refused() {
    let Some(server) = oidc_provider() else { return };
    let run = server.token("no_grant").run();
    run.assert_refused();
    assert!(run.stderr.contains("requested grant type is not allowed for this client"), "{}", run.stderr);
}

#[test]
fn a_scope_that_was_not_granted_is_a_warning() {
    let Some(server) = oidc_provider() else { return };
    let known = server.ready["scopes"][0].as_str().unwrap();
    let run = server.token("plain").args(&["--scope", known, "--scope", "no:such-scope"]).run();
    run.assert_token();
    assert!(run.stderr.starts_with("warning: ") && run.stderr.contains("no:such-scope"), "{}", run.stderr);
}

/// This server then grants none and leaves `scope` out, which others do when they grant what was asked (RFC 6749 5.1):
/// nothing can be concluded from it.
#[test]
fn an_unknown_scope_alone_still_gives_a_token() {
    let Some(server) = oidc_provider() else { return };
    server.token("plain").args(&["--scope", "no:such-scope"]).run().assert_token();
}

#[test]
fn an_issuer_by_another_name_is_a_mismatch_that_shows_both() {
    let Some(server) = oidc_provider() else { return };
    let other = server.issuer().replace("localhost", "127.0.0.1");
    let run =
        M2m::new(&["token", "--issuer", &other, "--client-id", "m2m-plain"]).secret(&server.secret("plain")).run();
    run.assert_exit(7);
    assert_eq!(run.stdout, "");
    for issuer in [&other, server.issuer()] {
        assert!(run.stderr.contains(issuer), "no `{issuer}` in\n{}", run.stderr);
    }
}

#[test]
fn an_unknown_resource_is_refused_and_the_hint_shows_it() {
    let Some(server) = oidc_provider() else { return };
    let run = server.token("plain").args(&["--resource", "https://other.example.com/"]).run();
    run.assert_exit(4);
    run.assert_says(&["invalid_target", "https://other.example.com/"]);
}

#[test]
fn a_token_for_a_resource_is_verified_for_it_and_for_no_other() {
    let Some(server) = oidc_provider() else { return };
    let resource = server.text("/resource");
    let verify = |audience: &str| {
        server.run("inspect", "plain").args(&["--resource", resource, "--verify", "--audience", audience]).run()
    };
    assert_eq!(verify(resource).json()["verified"], true);
    let run = verify("https://other.example.com/");
    run.assert_exit(7);
    run.assert_says(&["https://other.example.com/", resource]);
}

/// It says 415 in words only: the status is 400, the error `invalid_request`.
#[test]
fn a_json_body_is_refused_and_the_hint_names_the_setting() {
    let Some(server) = oidc_provider() else { return };
    let run = server.token("plain").args(&["--body-format", "json"]).run();
    run.assert_refused();
    run.assert_says(&["invalid_request", "`body_format`"]);
}
