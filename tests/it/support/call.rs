//! A call of `m2m request` against an API that the test scripts.

use crate::support::account::Account;
use crate::support::binary::command::Cli;
use crate::support::http::reply::Reply;
use crate::support::http::request::Request;
use crate::support::http::server::Server;
use crate::support::lookup::Lookup;

/// `m2m request ARGS..`, everything on `server`.
pub fn call<'a>(lookup: &Lookup, server: &Server, args: impl IntoIterator<Item = &'a str>) -> Cli {
    at(lookup, server, "", args)
}

/// `m2m request ARGS..`, with the API below `base` on `server`.
pub fn at<'a>(lookup: &Lookup, server: &Server, base: &str, args: impl IntoIterator<Item = &'a str>) -> Cli {
    let cli = lookup.account.cli(["request", "--issuer", &server.url(""), "--api-url", &server.url(base)]).args(args);
    lookup.watched(cli).env("M2M_SUBSCRIPTION_KEY", &lookup.key)
}

/// Runs a call of an API that answers 200 to everything, and returns the request that the API got.
#[track_caller]
pub fn sent<'a>(args: impl IntoIterator<Item = &'a str>, prepare: impl FnOnce(Cli) -> Cli) -> Request {
    let lookup = Lookup::fresh();
    let server = lookup.answering(Reply::json_text(200, "{}"));
    let out = prepare(call(&lookup, &server, args)).run().succeeds();
    assert_eq!(out, "{}");
    server.requests().pop().expect("a request")
}

/// The calls so far, metadata and token requests apart.
pub fn calls(server: &Server) -> Vec<Request> {
    let mut requests = server.requests();
    requests.retain(|request| {
        ![crate::support::account::TOKEN_PATH, "/.well-known/openid-configuration"].contains(&request.path())
    });
    requests
}

/// A server that grants `first`, then tokens of other names, and answers calls with `api`.
pub fn granting(account: &Account, api: impl Fn(&Request) -> Reply + Send + Sync + 'static) -> Server {
    use std::sync::atomic::{AtomicUsize, Ordering};
    let (granted, first) = (AtomicUsize::new(0), account.answer());
    Server::start(move |request| match request.path() {
        crate::support::account::TOKEN_PATH => {
            let mut answer = first.clone();
            let number = granted.fetch_add(1, Ordering::SeqCst);
            if number > 0 {
                answer["access_token"] = format!("renewed-{number}").into();
            }
            Reply::json(200, &answer)
        }
        "/.well-known/openid-configuration" => Reply::json(200, &crate::support::account::metadata(&request.origin())),
        _ => api(request),
    })
}
