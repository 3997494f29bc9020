//! Servers that take HTTP/2 in the handshake and then refuse requests over it.

use crate::support::account::TOKEN_PATH;
use crate::support::http::certificates::Authority;
use crate::support::http::http2::Refusal;
use crate::support::http::tls::TlsFront;
use crate::support::{Account, Cli, Reply, Server};

struct Http2Server {
    account: Account,
    authority: Authority,
    /// What answers over HTTP/1.1.
    server: Server,
    front: TlsFront,
}

impl Http2Server {
    fn refusing(refusal: Refusal, refusals: usize) -> Self {
        let account = Account::fresh();
        let grants = account.grants();
        let server = Server::start(move |request| match request.path() {
            TOKEN_PATH => grants.clone(),
            _ => Reply::json_text(200, "{\"over\":\"HTTP/1.1\"}"),
        });
        let authority = Authority::named("Authority of the test");
        let front = TlsFront::with_http2(&authority.certify("127.0.0.1"), refusal, refusals, &server);
        Self { account, authority, server, front }
    }

    fn trusted(&self, cli: Cli) -> Cli {
        cli.file("ca.pem", &self.authority.pem).path_arg("--ca-file", "ca.pem").env("M2M_RETRIES", "0")
    }

    /// `m2m request METHOD /v1/things` here, with a token from elsewhere.
    fn call(&self, method: &str, identity: &Server) -> Cli {
        let args = ["request", method, "/v1/things", "--token-url", &identity.url(TOKEN_PATH)];
        self.trusted(self.account.cli(args).args(["--api-url", &self.front.url("")]))
    }
}

#[test]
fn a_server_that_requires_http_1_1_after_all_is_asked_again_over_it() {
    for refusal in [Refusal::ResetForHttp1, Refusal::GoAwayForHttp1] {
        let server = Http2Server::refusing(refusal, usize::MAX);
        let url = server.front.url(TOKEN_PATH);
        let cli = server.trusted(server.account.cli(["token", "--token-url", &url]));
        assert_eq!(cli.run().succeeds(), format!("{}\n", server.account.token), "{refusal:?}");
        assert_eq!(server.server.lines(), [format!("POST {TOKEN_PATH}")]);
    }
}

/// The stream was refused before it was processed, so that nothing is done twice.
#[test]
fn so_is_every_method_of_an_api_call() {
    for method in ["GET", "POST", "DELETE"] {
        let server = Http2Server::refusing(Refusal::ResetForHttp1, usize::MAX);
        let identity = server.account.server();
        assert_eq!(server.call(method, &identity).run().succeeds(), "{\"over\":\"HTTP/1.1\"}", "{method}");
        assert_eq!(server.server.lines(), [format!("{method} /v1/things")]);
    }
}

#[test]
fn it_is_learned_once_for_all_requests_to_the_server() {
    let server = Http2Server::refusing(Refusal::ResetForHttp1, usize::MAX);
    let url = server.front.url("");
    let token_url = server.front.url(TOKEN_PATH);
    let cli = server.account.cli(["request", "/v1/things", "--token-url", &token_url, "--api-url", &url, "-v"]);
    let outcome = server.trusted(cli).run();
    assert_eq!(outcome.stdout, "{\"over\":\"HTTP/1.1\"}", "{}", outcome.stderr);
    assert_eq!(outcome.stderr.matches("requires HTTP/1.1").count(), 1, "{}", outcome.stderr);
}

#[test]
fn a_stream_that_was_not_processed_is_sent_again_whatever_its_method() {
    for method in ["GET", "POST", "DELETE"] {
        let server = Http2Server::refusing(Refusal::Unprocessed, 1);
        let identity = server.account.server();
        let cli = server.call(method, &identity).env("M2M_RETRIES", "1");
        assert_eq!(cli.run().succeeds(), "{}", "{method}");
        assert!(server.server.requests().is_empty());
        let again = Http2Server::refusing(Refusal::Unprocessed, 1);
        let _ = again.call(method, &identity).run().fails(5);
    }
}
