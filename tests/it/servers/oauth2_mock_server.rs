//! `m2m` against the npm package oauth2-mock-server, which accepts every client and sends the response that the parameter
//! `answer` names (see its `server.mjs`): shapes of a response, and verification of JWTs.

use serde_json::{Value, json};

use crate::support::servers::process::{Server, oauth2_mock_server};
use crate::support::servers::run::M2m;

/// `m2m COMMAND` that gets this answer.
fn answered(server: &Server, command: &str, answer: &str) -> M2m {
    server.run(command, "plain").args(&["--param", &format!("answer={answer}")])
}

/// The token of this answer, as JSON.
fn json_of(server: &Server, answer: &str) -> Value {
    let run = answered(server, "token", answer).args(&["-o", "json"]).run();
    assert_eq!(run.stderr, "", "{answer}");
    run.json()
}

#[test]
fn expires_in_may_be_a_number_in_text_or_a_fraction() {
    let Some(server) = oauth2_mock_server() else { return };
    for answer in ["as-it-is", "expires-in-text", "expires-in-fraction"] {
        let left = json_of(server, answer)["expires_in"].as_i64().unwrap();
        assert!((3500..=3600).contains(&left), "{answer}: {left}");
    }
}

/// The token is a JWT, whose `exp` says as much.
#[test]
fn without_expires_in_the_token_itself_says_how_long_it_lives() {
    let Some(server) = oauth2_mock_server() else { return };
    for answer in ["no-expires-in", "expires-in-null"] {
        let token = json_of(server, answer);
        let left = token["expires_in"].as_i64().unwrap_or_else(|| panic!("{answer}: {token}"));
        assert!((3500..=3600).contains(&left), "{answer}: {left}");
    }
}

#[test]
fn token_type_is_compared_without_case_and_may_be_missing() {
    let Some(server) = oauth2_mock_server() else { return };
    let run = answered(server, "token", "token-type-lower-case").run();
    run.assert_token();
    assert_eq!(run.stderr, "");
    let run = answered(server, "token", "no-token-type").run();
    run.assert_token();
    assert!(run.stderr.starts_with("warning: ") && run.stderr.contains("token_type"), "{}", run.stderr);
}

#[test]
fn a_token_of_another_type_is_not_printed() {
    let Some(server) = oauth2_mock_server() else { return };
    let run = answered(server, "token", "token-type-mac").run();
    run.assert_exit(7);
    assert_eq!(run.stdout, "");
    run.assert_says(&["mac"]);
}

#[test]
fn members_that_no_standard_names_are_kept() {
    let Some(server) = oauth2_mock_server() else { return };
    let token = json_of(server, "extra-members");
    assert_eq!(token["created_at"], 1_795_186_499);
    assert_eq!(token["ext_expires_in"], 7200);
    assert_eq!(token["tenant"], json!({ "id": 40499 }));
}

#[test]
fn a_refresh_token_is_dropped_with_a_warning() {
    let Some(server) = oauth2_mock_server() else { return };
    let run = answered(server, "token", "refresh-token").args(&["-o", "json"]).run();
    assert_eq!(run.json().get("refresh_token"), None);
    assert!(run.stderr.starts_with("warning: ") && run.stderr.contains("refresh token"), "{}", run.stderr);
    run.assert_hides("refresh-token-of-the-mock");
    let run = answered(server, "check", "refresh-token").args(&["-o", "json"]).run();
    assert_eq!(run.check("token.extras").0, "warn", "{}", run.stdout);
    run.assert_hides("refresh-token-of-the-mock");
}

#[test]
fn an_error_beside_a_token_counts() {
    let Some(server) = oauth2_mock_server() else { return };
    let run = answered(server, "token", "error-in-200").run();
    run.assert_refused();
    run.assert_says(&["invalid_client", "answered 200"]);
}

#[test]
fn a_server_that_is_unavailable_is_asked_again_and_then_given_up() {
    let Some(server) = oauth2_mock_server() else { return };
    let run = answered(server, "token", "unavailable").args(&["--retries", "1", "-v"]).run();
    run.assert_exit(7);
    assert_eq!(run.stderr.matches("/token: answered 503").count(), 2, "{}", run.stderr);
}

#[test]
fn a_wrong_path_is_told_from_a_refusal() {
    let Some(server) = oauth2_mock_server() else { return };
    let url = format!("{}x", server.token_endpoint());
    let run = M2m::new(&["token", "--token-url", &url, "--client-id", "m2m-plain"]).secret("any").run();
    run.assert_exit(7);
    run.assert_says(&["there is no token endpoint at this URL", &url, "404"]);
}

#[test]
fn scope_and_audience_go_into_a_json_body_too() {
    let Some(server) = oauth2_mock_server() else { return };
    for format in ["form", "json"] {
        let run =
            server.run("inspect", "plain").args(&["--body-format", format, "--audience", "https://api.example.com/"]);
        let claims = run.args(&["--scope", "a:read b:write"]).run().json()["claims"].clone();
        assert_eq!(claims["aud"], "https://api.example.com/", "{format}");
        assert_eq!(claims["scope"], "a:read b:write", "{format}");
    }
}

#[test]
fn a_token_is_verified_for_its_audience() {
    let Some(server) = oauth2_mock_server() else { return };
    let run = server.run("inspect", "plain").args(&["--verify", "--audience", "https://api.example.com/"]).run();
    assert_eq!(run.json()["verified"], true, "{}", run.stdout);
}

#[test]
fn a_token_that_says_something_else_is_not_verified() {
    let Some(server) = oauth2_mock_server() else { return };
    for (answer, word) in [("expired", "exp"), ("other-issuer", "https://other.example.com"), ("unknown-key", "`kid`")]
    {
        let run = answered(server, "inspect", answer).args(&["--verify"]).run();
        run.assert_exit(7);
        run.assert_says(&[word]);
    }
}

#[test]
fn check_sees_what_is_wrong_with_a_token() {
    let Some(server) = oauth2_mock_server() else { return };
    for (answer, id, status) in [
        ("expired", "jwt.claims", "warn"),
        ("other-issuer", "jwt.claims", "warn"),
        ("unknown-key", "jwt.signature", "warn"),
        ("no-token-type", "token.type", "warn"),
        ("token-type-mac", "token.type", "fail"),
        ("expires-in-null", "token.lifetime", "warn"),
    ] {
        let run = answered(server, "check", answer).args(&["-o", "json"]).run();
        let (found, check) = run.check(id);
        assert_eq!(found, status, "{answer}: {check}");
    }
}

/// Its metadata lists `none` alone, and it accepts every method.
#[test]
fn check_says_that_the_metadata_does_not_list_the_method() {
    let Some(server) = oauth2_mock_server() else { return };
    let run = server.run("check", "plain").args(&["-o", "json"]).run();
    run.assert_exit(0);
    let (status, check) = run.check("discovery.auth_method");
    assert_eq!(status, "warn");
    assert!(check["message"].as_str().unwrap().contains("none"), "{check}");
}
