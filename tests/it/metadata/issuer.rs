//! The issuer that a document may name: exactly the expected one, or Cognito's with the preset for it (RFC 8414 section 3.3).

use serde_json::json;

use crate::support::account::{TOKEN_PATH, metadata};
use crate::support::failure::{Refusal, refused};
use crate::support::{Account, Cli, Reply, Server};

const COGNITO: &str = "https://cognito-idp.us-east-1.amazonaws.com/us-east-1_AbCdEf123";

/// A server whose document names `issuer`, where `ORIGIN` stands for its own origin, and that grants the token.
fn naming(account: &Account, issuer: &str) -> Server {
    let (issuer, grants) = (issuer.to_owned(), account.grants());
    Server::start(move |request| {
        if request.method == "POST" {
            return grants.clone();
        }
        let mut document = metadata(&request.origin());
        document["issuer"] = json!(issuer.replace("ORIGIN", &request.origin()));
        Reply::json(200, &document)
    })
}

fn by_document(account: &Account, server: &Server) -> Cli {
    account.cli(["token", "--discovery-url", &server.url("/.well-known/openid-configuration")])
}

/// Asserts that a document naming `issuer` is refused, naming both values, and that no credential is sent.
#[track_caller]
fn mismatch(issuer: &str, cli: impl Fn(&Account, &Server) -> Cli) -> Refusal {
    let account = Account::fresh();
    let refusal = refused(7, "bad_response", || {
        let server = Server::start({
            let naming = issuer.to_owned();
            move |request| {
                assert_eq!(request.method, "GET", "nothing is posted after a mismatch");
                let mut document = metadata(&request.origin());
                document["issuer"] = json!(naming.replace("ORIGIN", &request.origin()));
                Reply::json(200, &document)
            }
        });
        cli(&account, &server).keep(server)
    });
    refusal.names(issuer.trim_start_matches("ORIGIN")).names("127.0.0.1");
    refusal
}

#[test]
fn an_issuer_that_differs_in_anything_is_refused() {
    for issuer in [
        "https://other.example.com",
        "ORIGIN/",
        "ORIGIN/other",
        "ORIGIN?x",
        "https://127.0.0.1",
        "HTTP://127.0.0.1",
        COGNITO,
    ] {
        mismatch(issuer, |account, server| account.cli(["token", "--issuer", &server.url("")]));
        mismatch(issuer, by_document);
    }
}

#[test]
fn a_missing_slash_at_the_end_is_a_difference() {
    mismatch("ORIGIN", |account, server| account.cli(["token", "--issuer", &server.url("/")]));
}

#[test]
fn no_preset_but_the_documented_ones_loosens_the_comparison() {
    for provider in ["generic", "loyaltyone"] {
        for issuer in ["ORIGIN/", COGNITO] {
            mismatch(issuer, |account, server| {
                account.cli(["token", "--provider", provider, "--issuer", &server.url("")])
            });
        }
    }
}

#[test]
fn the_issuer_of_a_discovery_url_is_the_url_less_its_suffix() {
    let account = Account::fresh();
    for (path, issuer) in [
        ("/.well-known/openid-configuration", "ORIGIN"),
        ("/p/q/.well-known/openid-configuration", "ORIGIN/p/q"),
        ("/.well-known/oauth-authorization-server", "ORIGIN"),
        ("/.well-known/oauth-authorization-server/p", "ORIGIN/p"),
    ] {
        let server = naming(&account, issuer);
        let out = account.cli(["token", "--discovery-url", &server.url(path)]).run().succeeds();
        assert_eq!(out, format!("{}\n", account.token), "{path}");
        assert_eq!(server.lines(), [format!("GET {path}"), format!("POST {TOKEN_PATH}")]);
    }
}

#[test]
fn an_issuer_can_be_pinned_beside_a_discovery_url() {
    let account = Account::fresh();
    let server = naming(&account, "https://issuer.example.com/x");
    let out = by_document(&account, &server).args(["--issuer", "https://issuer.example.com/x"]).run().succeeds();
    assert_eq!(out, format!("{}\n", account.token));
    assert_eq!(server.lines(), ["GET /.well-known/openid-configuration", "POST /oauth2/token"]);
}

#[test]
fn a_pinned_issuer_is_compared_exactly() {
    let account = Account::fresh();
    for issuer in ["https://issuer.example.com/x/", "https://issuer.example.com", "ORIGIN"] {
        let refusal = refused(7, "bad_response", || {
            let server = Server::start({
                let issuer = issuer.to_owned();
                move |request| {
                    assert_eq!(request.method, "GET");
                    let mut document = metadata(&request.origin());
                    document["issuer"] = json!(issuer.replace("ORIGIN", &request.origin()));
                    Reply::json(200, &document)
                }
            });
            by_document(&account, &server).args(["--issuer", "https://issuer.example.com/x"]).keep(server)
        });
        refusal.names("https://issuer.example.com/x");
    }
}

#[test]
fn cognitos_issuer_on_another_host_is_accepted_under_the_cloudloyalty_preset() {
    let account = Account::fresh();
    let server = naming(&account, COGNITO);
    let out = by_document(&account, &server).args(["--provider", "cloudloyalty"]).run();
    assert_eq!((out.code, out.stdout), (0, format!("{}\n", account.token)), "{}", out.stderr);
}

#[test]
fn under_the_cloudloyalty_preset_an_exact_issuer_is_accepted_as_well() {
    let account = Account::fresh();
    let server = naming(&account, "ORIGIN");
    let out = by_document(&account, &server).args(["--provider", "cloudloyalty"]).run();
    assert_eq!((out.code, out.stdout), (0, format!("{}\n", account.token)), "{}", out.stderr);
}

/// An issuer that is set explicitly counts, whatever the preset.
#[test]
fn an_issuer_that_is_set_is_compared_exactly_under_the_presets_too() {
    for provider in ["cloudloyalty", "cognito"] {
        mismatch(COGNITO, |account, server| {
            account.cli(["token", "--provider", provider, "--issuer", &server.url("")])
        });
        let pinned = ["--provider", provider, "--issuer", "https://pinned.example.com"];
        mismatch(COGNITO, |account, server| by_document(account, server).args(pinned));
        mismatch(COGNITO, |account, server| {
            let cli = by_document(account, server).args(["--provider", provider]);
            cli.env("M2M_ISSUER", "https://cognito-idp.us-east-1.amazonaws.com/us-east-1_Another")
        });
        mismatch(COGNITO, |account, server| {
            by_document(account, server).args(["--profile", "p"]).file(
                "config/m2m/config.toml",
                format!("[profiles.p]\nprovider = \"{provider}\"\nissuer = \"https://pinned.example.com\"\n"),
            )
        });
        let account = Account::fresh();
        let server = naming(&account, COGNITO);
        let out = by_document(&account, &server).args(["--provider", provider, "--issuer", COGNITO]).run();
        assert_eq!((out.code, out.stdout), (0, format!("{}\n", account.token)), "{}", out.stderr);
    }
}

#[test]
fn every_command_that_reads_metadata_compares_an_issuer_that_is_set_exactly() {
    let account = Account::fresh();
    let server = naming(&account, COGNITO);
    let document = server.url("/.well-known/openid-configuration");
    let pinned = ["--provider", "cognito", "--discovery-url", &document, "--issuer", "https://pinned.example.com"];
    let stderr = Cli::new(["discover"]).args(pinned).run().fails(7);
    assert!(stderr.contains("https://pinned.example.com") && stderr.contains(COGNITO), "{stderr}");
    let outcome = account.cli(["check"]).args(pinned).run();
    assert_eq!(outcome.code, 7, "{outcome:?}");
    let signer = crate::support::jose::signer::Signer::new("EdDSA");
    let token = signer.token(&signer.header(), &json!({ "iss": COGNITO }));
    let stderr = Cli::new(["inspect", "--verify", "-"]).args(pinned).stdin(token).run().fails(7);
    assert!(stderr.contains("https://pinned.example.com"), "{stderr}");
    assert!(server.lines().iter().all(|line| line.starts_with("GET ")), "{:?}", server.lines());
}

/// A token that was granted before the issuer was pinned is not handed out after it.
#[test]
fn pinning_the_issuer_does_not_find_the_token_of_another() {
    let account = Account::fresh();
    let home = crate::support::Home::new();
    let server = naming(&account, COGNITO);
    let document = server.url("/.well-known/openid-configuration");
    let cli = || account.cli_at(&home, ["token", "--provider", "cognito", "--discovery-url", &document]);
    assert_eq!(cli().run().code, 0);
    let _ = cli().args(["--issuer", &server.url("")]).run().fails(7);
}

#[test]
fn what_only_looks_like_cognitos_issuer_is_refused() {
    for issuer in [
        "https://cognito-idp.us-east-1.amazonaws.com",
        "https://cognito-idp.us-east-1.amazonaws.com/",
        "http://cognito-idp.us-east-1.amazonaws.com/us-east-1_AbCdEf123",
        "https://cognito-idp.us-east-1.amazonaws.com.example.com/us-east-1_AbCdEf123",
        "https://cognito-idp.example.com/.amazonaws.com/us-east-1_AbCdEf123",
        "https://example.com/cognito-idp.us-east-1.amazonaws.com/us-east-1_AbCdEf123",
        "https://cognito-idp.us-east-1.amazonaws.com@example.com/us-east-1_AbCdEf123",
        "https://cognito-idp.us-east-1.amazonaws.com:8443/us-east-1_AbCdEf123",
        "https://cognito-idp.us-east-1.amazonaws.com/us-east-1_AbCdEf123/more",
        "https://cognito-idp.us-east-1.amazonaws.com/us-east-1_AbCdEf123?x",
        "https://xcognito-idp.us-east-1.amazonaws.com/us-east-1_AbCdEf123",
        "https://cognito-idp..amazonaws.com/us-east-1_AbCdEf123",
    ] {
        mismatch(issuer, |account, server| by_document(account, server).args(["--provider", "cloudloyalty"]));
    }
}

#[test]
fn discover_refuses_a_mismatch_too() {
    let account = Account::fresh();
    let server = naming(&account, "https://other.example.com");
    let stderr = Cli::new(["discover", "--issuer", &server.url("")]).run().fails(7);
    assert!(stderr.contains("https://other.example.com") && stderr.contains(&server.url("")), "{stderr}");
}
