//! Redirects are never followed: the target gets neither a secret nor a token.

use serde_json::json;

use crate::support::account::metadata;
use crate::support::failure::{Refusal, refused};
use crate::support::lookup::Lookup;
use crate::support::{Account, Cli, Reply, Server};

const STATUSES: [u16; 6] = [300, 301, 302, 303, 307, 308];

/// Asserts that a redirect with each status ends the run with exit 7, and that its target is never contacted.
///
/// `run` gets the reply and keeps the server that gives it.
#[track_caller]
fn never_followed(run: impl Fn(Reply) -> Cli) -> Refusal {
    let refusals = STATUSES.map(|status| {
        let target = Server::untouched();
        let location = target.url("/elsewhere?x=1");
        let refusal = refused(7, "bad_response", || run(Reply::redirect(status, &location)));
        assert_eq!(target.connections(), 0, "{status}");
        assert_eq!(refusal.json.http_status, Some(i64::from(status)));
        refusal.names(&format!("127.0.0.1:{}", target.port()));
        refusal
    });
    refusals.into_iter().next().unwrap()
}

#[test]
fn a_redirect_from_the_token_endpoint_is_never_followed() {
    let account = Account::with_special("+ %");
    never_followed(|reply| {
        let server = Server::script([reply]);
        account.token_cli(&server).keep(server)
    });
    never_followed(|reply| {
        let server = Server::script([reply]);
        account.token_cli(&server).args(["--auth-method", "client_secret_post"]).keep(server)
    });
}

#[test]
fn a_redirect_from_the_discovery_url_is_never_followed() {
    let account = Account::fresh();
    never_followed(|reply| {
        let server = Server::script([reply]);
        account.cli(["token", "--discovery-url", &server.url("/.well-known/openid-configuration")]).keep(server)
    });
}

#[test]
fn a_redirect_from_the_api_is_never_followed() {
    let lookup = Lookup::fresh();
    never_followed(|reply| {
        let server = lookup.answering(reply);
        lookup.by_cpf(&server).keep(server)
    });
}

#[test]
fn a_redirect_to_the_same_origin_is_not_followed_either() {
    let account = Account::fresh();
    for location in ["/token/", "token/", "//127.0.0.1/", "", "::nonsense"] {
        let server = Server::script([Reply::redirect(307, location)]);
        let _ = account.token_cli(&server).run().fails(7);
        assert_eq!(server.lines(), ["POST /oauth2/token"]);
    }
    let server = Server::script([Reply::new(302)]);
    let _ = account.token_cli(&server).run().fails(7);
}

#[test]
fn a_redirect_with_a_token_in_its_body_grants_nothing() {
    let account = Account::fresh();
    let server = Server::always(Reply::json(302, &account.answer()).header("Location", "/x"));
    let _ = account.token_cli(&server).run().fails(7);
}

#[test]
fn the_token_goes_to_the_api_alone_and_the_secret_to_the_token_endpoint_alone() {
    let lookup = Lookup::fresh();
    let account = &lookup.account;
    let grants = account.grants();
    let tokens = Server::start(move |_| grants.clone());
    let token_url = tokens.url("/t");
    let issuer = Server::start(move |request| {
        let mut document = metadata(&request.origin());
        document["token_endpoint"] = json!(token_url);
        Reply::json(200, &document)
    });
    let api = Server::always(Reply::json(200, &json!([lookup.participant()])));
    let cli =
        account.cli(["participant", "--issuer", &issuer.url(""), "--api-url", &api.url(""), "--login", &lookup.login]);
    let _ = lookup.watched(cli).env("M2M_SUBSCRIPTION_KEY", &lookup.key).run().succeeds();

    let (asked, granted, looked_up) = (issuer.only_request(), tokens.only_request(), api.only_request());
    let text = |request: &crate::support::Request| format!("{request:?}\n{}", String::from_utf8_lossy(&request.body));
    for (request, confidential) in [
        (&asked, vec![&account.secret, &account.token, &lookup.key, &lookup.login]),
        (&granted, vec![&account.token, &lookup.key, &lookup.login]),
        (&looked_up, vec![&account.secret]),
    ] {
        for value in confidential {
            assert!(!text(request).contains(value.as_str()), "{value} in {request:?}");
        }
    }
    assert_eq!(asked.header("authorization"), None);
    assert!(granted.header("authorization").is_some_and(|value| value.starts_with("Basic ")));
    assert_eq!(looked_up.header("authorization"), Some(format!("Bearer {}", account.token).as_str()));
    assert!(!looked_up.target.contains(&account.token), "never in a query");
}
