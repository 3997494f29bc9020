//! `m2m` against the PyPI package django-oauth-toolkit: an issuer with a path, two kinds of metadata, requests as a form or
//! as JSON, a redirect, and scopes that are granted without a request for them.

use crate::support::servers::process::django_oauth_toolkit;
use crate::support::servers::run::M2m;

#[test]
fn an_issuer_with_a_path_has_its_document_below_it() {
    let Some(server) = django_oauth_toolkit() else { return };
    assert!(server.issuer().ends_with("/o"), "{}", server.issuer());
    let run = M2m::new(&["discover", "--issuer", server.issuer(), "-v"]).run();
    assert_eq!(run.json()["token_endpoint"], server.ready["token_endpoint"]);
    run.assert_says(&["/o/.well-known/openid-configuration: answered 200"]);
}

/// The server's own idea of RFC 8414 section 3.1: the path of the issuer comes last.
#[test]
fn a_document_before_the_path_of_the_issuer_is_found_too() {
    let Some(server) = django_oauth_toolkit() else { return };
    let issuer = server.text("/rfc8414_issuer");
    let run = M2m::new(&["discover", "--issuer", issuer, "-v"]).run();
    assert_eq!(run.json()["issuer"], issuer);
    run.assert_says(&["/.well-known/oauth-authorization-server/tenant: answered 200"]);
    let run =
        M2m::new(&["token", "--issuer", issuer, "--client-id", "m2m-plain"]).secret(&server.secret("plain")).run();
    run.assert_token();
    assert_eq!(run.stderr, "");
}

#[test]
fn the_url_of_a_document_says_which_issuer_to_expect() {
    let Some(server) = django_oauth_toolkit() else { return };
    for (issuer, url) in [
        (server.issuer(), format!("{}/.well-known/openid-configuration", server.issuer())),
        (
            server.text("/rfc8414_issuer"),
            server.text("/rfc8414_issuer").replace("/tenant", "/.well-known/oauth-authorization-server/tenant"),
        ),
    ] {
        let run = M2m::new(&["discover", "--discovery-url", &url]).run();
        assert_eq!(run.json()["issuer"], issuer, "{url}");
    }
}

/// It names itself by the host that was asked for, so each name is the issuer for requests to it.
#[test]
fn the_issuer_is_what_it_is_called_by() {
    let Some(server) = django_oauth_toolkit() else { return };
    let other = server.issuer().replace("localhost", "127.0.0.1");
    let run =
        M2m::new(&["token", "--issuer", &other, "--client-id", "m2m-plain"]).secret(&server.secret("plain")).run();
    run.assert_token();
}

#[test]
fn a_token_endpoint_without_its_slash_redirects_and_nothing_follows() {
    let Some(server) = django_oauth_toolkit() else { return };
    let url = server.token_endpoint().trim_end_matches('/').to_owned();
    let run =
        M2m::new(&["token", "--token-url", &url, "--client-id", "m2m-plain"]).secret(&server.secret("plain")).run();
    run.assert_exit(7);
    assert_eq!(run.stdout, "");
    run.assert_says(&["redirects", "`/` at the end", "/o/token/"]);
}

#[test]
fn the_endpoint_that_reads_json_takes_json() {
    let Some(server) = django_oauth_toolkit() else { return };
    let url = server.text("/json_token_endpoint");
    let run =
        M2m::new(&["token", "--token-url", url, "--client-id", "m2m-special", "--body-format", "json", "-o", "json"]);
    let run = run.args(&["--scope", &server.scopes()]).secret(&server.secret("special")).run();
    assert_eq!(run.json()["scope"], server.scopes());
}

#[test]
fn the_wrong_body_format_is_refused_and_the_hint_names_the_setting() {
    let Some(server) = django_oauth_toolkit() else { return };
    let json = server.token("plain").args(&["--body-format", "json"]);
    let url = server.text("/json_token_endpoint");
    let form = M2m::new(&["token", "--token-url", url, "--client-id", "m2m-plain"]).secret(&server.secret("plain"));
    for run in [json, form] {
        let run = run.run();
        run.assert_refused();
        run.assert_says(&["unsupported_grant_type", "`body_format`"]);
    }
}

/// It reads a space in an encoded client id as either sign, and `%41` and `+` as what they stand for.
#[test]
fn an_odd_client_id_works_in_every_way_that_can_carry_it() {
    let Some(server) = django_oauth_toolkit() else { return };
    for args in
        [&["--basic-encoding", "form"], &["--basic-encoding", "strict"], &["--auth-method", "client_secret_post"]]
    {
        let run = server.token("odd_id").args(args).run();
        assert_eq!((run.exit, run.stderr.as_str()), (Some(0), ""), "{args:?}");
    }
    server.token("odd_id").args(&["--basic-encoding", "raw"]).run().assert_exit(2);
}

/// It would refuse an empty `scope`, and grants all scopes without one.
#[test]
fn an_empty_scope_is_not_sent() {
    let Some(server) = django_oauth_toolkit() else { return };
    let run = server.token("plain").args(&["--scope", "", "-o", "json"]).run();
    assert_eq!(run.json()["scope"], server.scopes());
}

#[test]
fn a_client_id_beside_basic_does_no_harm() {
    let Some(server) = django_oauth_toolkit() else { return };
    server.token("plain").args(&["--client-id-in-body"]).run().assert_token();
}

/// Its 401 asks for a Bearer token.
#[test]
fn a_wrong_secret_is_refused_and_the_hint_names_what_basic_may_have_changed() {
    let Some(server) = django_oauth_toolkit() else { return };
    let wrong = format!("{}x", server.secret("special"));
    let run = server.token_without_secret("special").secret(&wrong).run();
    run.assert_refused();
    run.assert_says(&["invalid_client", &server.token_endpoint(), "401", "basic_encoding", "client_secret_post"]);
}

#[test]
fn a_client_of_another_grant_is_refused_and_the_hint_names_the_grant() {
    let Some(server) = django_oauth_toolkit() else { return };
    let run = server.token("no_grant").run();
    run.assert_refused();
    run.assert_says(&["unauthorized_client", "may not use the client-credentials grant"]);
}

#[test]
fn an_unknown_scope_is_refused_and_the_hint_shows_it_with_its_origin() {
    let Some(server) = django_oauth_toolkit() else { return };
    let run = server.token("plain").args(&["--scope", "no:such-scope"]).run();
    run.assert_exit(4);
    run.assert_says(&["invalid_scope", "`no:such-scope` (from flag `--scope`)"]);
}

#[test]
fn check_finds_a_required_scope_that_was_not_asked_for() {
    let Some(server) = django_oauth_toolkit() else { return };
    let run = server.run("check", "plain").args(&["-o", "json", "--require-scope", "read:appointments"]).run();
    run.assert_exit(0);
    assert_eq!(run.check("token.scope").0, "pass", "{}", run.stdout);
}

/// The page comes from the framework itself, with no gateway in between.
#[test]
fn a_page_of_the_server_itself_is_not_blamed_on_an_intermediary() {
    let Some(server) = django_oauth_toolkit() else { return };
    let url = format!("{}/nowhere/", server.issuer());
    let run = M2m::new(&["token", "--token-url", &url, "--client-id", "m2m-plain"]).secret("any").run();
    run.assert_exit(7);
    run.assert_says(&["there is no token endpoint at this URL", "answered 404 with an HTML page"]);
    assert!(!run.stderr.contains("intermediary"), "{}", run.stderr);
}
