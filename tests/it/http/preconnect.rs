//! The API's connection is opened while the token is fetched, without extra requests or connections.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::json;

use crate::support::account::{TOKEN_PATH, metadata};
use crate::support::lookup::Lookup;
use crate::support::{Cli, Home, Reply, Request, Server};

/// An API that finds the participant.
fn api(lookup: &Lookup) -> Arc<Server> {
    Arc::new(Server::always(Reply::json(200, &json!([lookup.participant()]))))
}

/// An authorization server whose token endpoint answers `reply` only when a client is connected to `api`.
fn identity(api: &Arc<Server>, reply: Reply) -> Server {
    let api = Arc::clone(api);
    Server::start(move |request: &Request| {
        if request.path() != TOKEN_PATH {
            return Reply::json(200, &metadata(&request.origin()));
        }
        let begin = Instant::now();
        while api.connections() == 0 {
            assert!(
                begin.elapsed() < Duration::from_secs(10),
                "the API is not connected to while the token is fetched"
            );
            thread::sleep(Duration::from_millis(2));
        }
        reply.clone()
    })
}

fn lookup_at(lookup: &Lookup, home: &Home, identity: &Server, api: &Server) -> Cli {
    let (issuer, api) = (identity.url(""), api.url(""));
    let args = ["participant", "--issuer", &issuer, "--api-url", &api, "--login", &lookup.login];
    lookup.watched(lookup.account.cli_at(home, args)).env("M2M_SUBSCRIPTION_KEY", &lookup.key)
}

/// Asserts how many connections and requests a server has had.
#[track_caller]
fn assert_had(server: &Server, connections: usize, requests: usize) {
    assert_eq!((server.connections(), server.requests().len()), (connections, requests), "{:?}", server.lines());
}

fn succeeds(cli: Cli) {
    let _ = cli.run().succeeds();
}

#[test]
fn a_lookup_on_two_hosts_makes_two_connections_and_three_requests() {
    let (lookup, home) = (Lookup::fresh(), Home::new());
    let api = api(&lookup);
    let identity = identity(&api, lookup.account.grants());
    succeeds(lookup_at(&lookup, &home, &identity, &api));
    assert_had(&identity, 1, 2);
    assert_had(&api, 1, 1);
}

#[test]
fn with_a_cached_token_there_is_one_connection() {
    let (lookup, home) = (Lookup::fresh(), Home::new());
    let api = api(&lookup);
    let identity = identity(&api, lookup.account.grants());
    succeeds(lookup_at(&lookup, &home, &identity, &api));
    succeeds(lookup_at(&lookup, &home, &identity, &api));
    assert_had(&identity, 1, 2);
    assert_had(&api, 2, 2);
}

#[test]
fn one_host_for_both_is_connected_to_once() {
    let lookup = Lookup::fresh();
    let server = lookup.finding();
    succeeds(lookup.by_login(&server));
    assert_had(&server, 1, 3);
}

#[test]
fn without_a_token_nothing_is_sent_to_the_api() {
    let (lookup, home) = (Lookup::fresh(), Home::new());
    let api = api(&lookup);
    let refusal = Reply::json(401, &json!({ "error": "invalid_client" }));
    let identity = identity(&api, refusal);
    let _ = lookup_at(&lookup, &home, &identity, &api).run().fails(3);
    assert_had(&api, 1, 0);
}

/// A connection that cannot be made early is no error until the request needs one.
#[test]
fn an_api_that_is_not_there_is_told_of_after_the_token() {
    let (lookup, home) = (Lookup::fresh(), Home::new());
    let server = lookup.finding();
    let unused = Server::untouched().url("");
    let issuer = server.url("");
    let args = ["participant", "--issuer", &issuer, "--api-url", &unused, "--login", &lookup.login, "--retries", "0"];
    let stderr = lookup.watched(lookup.account.cli_at(&home, args)).run().fails(5);
    assert!(stderr.contains(unused.trim_start_matches("http://")), "{stderr}");
    assert_had(&server, 1, 2);
}

/// An API that closes a connection on which nothing comes for a short while, as load balancers do.
fn impatient_api() -> (String, thread::JoinHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let serve = thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            stream.set_read_timeout(Some(Duration::from_millis(100))).unwrap();
            let mut request = [0; 4096];
            let Ok(length) = stream.read(&mut request) else { continue };
            if length > 0 {
                stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\nok").unwrap();
                return;
            }
        }
    });
    (url, serve)
}

#[test]
fn a_write_never_goes_over_a_connection_that_the_api_may_have_closed_while_the_token_was_fetched() {
    for method in ["POST", "PUT", "PATCH", "DELETE", "GET"] {
        let lookup = Lookup::fresh();
        let grants = lookup.account.grants();
        let identity = Server::start(move |request: &Request| match request.path() {
            TOKEN_PATH => grants.clone().after(Duration::from_millis(400)),
            _ => Reply::json(200, &metadata(&request.origin())),
        });
        let (api, serve) = impatient_api();
        let issuer = identity.url("");
        let args = ["request", method, "/v1/things", "--issuer", &issuer, "--api-url", &api];
        assert_eq!(lookup.account.cli(args).run().succeeds(), "ok", "{method}");
        serve.join().unwrap();
    }
}
