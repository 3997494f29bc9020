//! `m2m` against the PyPI package Authlib: RFC 8414 metadata, clients with one allowed method, assertions, and opaque and
//! JWT tokens.

use crate::support::servers::process::{Server, authlib};
use crate::support::servers::run::M2m;

/// `m2m token` as the client with a key, signing with the key `name`.
fn signed(server: &Server, client: &str, name: &str) -> M2m {
    let run = server.token_without_secret(client).args(&["--auth-method", "private_key_jwt"]);
    run.key(server.text(&format!("/keys/{name}/pkcs8")))
}

/// Its metadata lists both methods; only the client's registration tells them apart.
#[test]
fn a_client_of_another_method_is_refused_and_the_hint_names_the_method() {
    let Some(server) = authlib() else { return };
    for (client, ours, other) in [
        ("post_only", "client_secret_basic", "client_secret_post"),
        ("basic_only", "client_secret_post", "client_secret_basic"),
    ] {
        let run = server.token(client).args(&["--auth-method", ours]).run();
        run.assert_refused();
        run.assert_says(&["invalid_client", &format!("try `auth_method = \"{other}\"`")]);
        server.token(client).args(&["--auth-method", other]).run().assert_token();
    }
}

#[test]
fn an_odd_client_id_works_in_both_encodings() {
    let Some(server) = authlib() else { return };
    for encoding in ["form", "strict"] {
        let run = server.token("odd_id").args(&["--basic-encoding", encoding]).run();
        assert_eq!((run.exit, run.stderr.as_str()), (Some(0), ""), "{encoding}");
    }
}

/// It undoes every `%xx` that it finds, so a secret that is sent without encoding arrives changed.
#[test]
fn a_needless_decoding_is_refused_and_the_hint_names_the_encoding() {
    let Some(server) = authlib() else { return };
    let run = server.token("special").args(&["--basic-encoding", "raw"]).run();
    run.assert_refused();
    run.assert_says(&["`%`", "`basic_encoding = \"strict\"`"]);
}

#[test]
fn assertions_of_both_kinds_of_key_are_taken_for_both_audiences() {
    let Some(server) = authlib() else { return };
    for (client, name) in [("key", "rsa"), ("key_p256", "p256")] {
        for audience in ["issuer", "token_endpoint"] {
            let run = signed(server, client, name).settings(&format!("assertion_aud = \"{audience}\"")).run();
            assert_eq!((run.exit, run.stderr.as_str()), (Some(0), ""), "{name}, {audience}");
        }
    }
}

#[test]
fn a_secret_signs_an_assertion() {
    let Some(server) = authlib() else { return };
    let run = server.token("secret_jwt").args(&["--auth-method", "client_secret_jwt"]).run();
    run.assert_token();
    assert_eq!(run.stderr, "");
}

/// It answers 400 where others answer 401.
#[test]
fn an_assertion_for_somebody_else_is_refused_and_the_hint_shows_the_audience() {
    let Some(server) = authlib() else { return };
    let run = signed(server, "key", "rsa").settings("assertion_aud = \"https://other.example.com\"").run();
    run.assert_refused();
    run.assert_says(&["invalid_client", "answered 400", "assertion_aud = \"https://other.example.com\""]);
}

#[test]
fn an_assertion_of_an_unknown_key_is_refused() {
    let Some(server) = authlib() else { return };
    let run = signed(server, "key", "stranger").run();
    run.assert_refused();
    run.assert_says(&["the key from file `", "stranger.pem"]);
}

#[test]
fn a_jwt_is_verified_for_its_audience_and_for_no_other() {
    let Some(server) = authlib() else { return };
    let verify = |audience: &str| server.run("inspect", "jwt").args(&["--verify", "--audience", audience]).run();
    let run = verify(server.text("/resource"));
    let shown = run.json();
    assert_eq!(shown["verified"], true);
    assert_eq!(shown["header"]["typ"], "at+jwt");
    let run = verify("https://other.example.com/");
    run.assert_exit(7);
    run.assert_says(&["https://other.example.com/", server.text("/resource")]);
}

#[test]
fn check_is_content_with_a_jwt() {
    let Some(server) = authlib() else { return };
    let run = server.run("check", "jwt").args(&["-o", "json", "--require-aud", server.text("/resource")]);
    let run = run.args(&["--scope", &server.scopes()]).run();
    run.assert_exit(0);
    for id in ["token.scope", "jwt.claims", "jwt.audience", "jwt.signature"] {
        let (status, check) = run.check(id);
        assert_eq!(status, "pass", "{check}");
    }
}

/// A JWT without scopes says so with an empty text.
#[test]
fn check_says_so_when_no_scope_was_granted() {
    let Some(server) = authlib() else { return };
    let run = server.run("check", "jwt").args(&["-o", "json"]).run();
    run.assert_exit(0);
    let (status, check) = run.check("token.scope");
    assert_eq!((status.as_str(), check["message"].as_str()), ("info", Some("no scope was granted")), "{check}");
}

/// The page comes from the framework itself, with no gateway in between.
#[test]
fn a_page_of_the_server_itself_is_not_blamed_on_an_intermediary() {
    let Some(server) = authlib() else { return };
    let url = format!("{}/nowhere", server.issuer());
    let run = M2m::new(&["token", "--token-url", &url, "--client-id", "m2m-plain"]).secret("any").run();
    run.assert_exit(7);
    run.assert_says(&["there is no token endpoint at this URL", "answered 404 with an HTML page"]);
    assert!(!run.stderr.contains("intermediary"), "{}", run.stderr);
}
