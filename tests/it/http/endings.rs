//! Answers over TLS that end with the connection, without a length and without close_notify.

use serde_json::json;

use crate::support::account::{TOKEN_PATH, metadata};
use crate::support::failure::refused;
use crate::support::http::certificates::Authority;
use crate::support::http::reply::End;
use crate::support::http::tls::TlsFront;
use crate::support::{Account, Cli, Reply, Request, Server};

/// An answer that ends with the connection. What is in front of the test servers sends no close_notify.
fn unannounced(body: &str) -> Reply {
    Reply::raw(format!("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n{body}"))
}

/// Runs what `cli` makes of the URL of a server behind TLS; its authority is trusted.
struct Secure {
    authority: Authority,
    front: TlsFront,
    _server: Server,
}

impl Secure {
    fn answering(reply: impl Fn(&Request) -> Reply + Send + Sync + 'static) -> Self {
        let (authority, server) = (Authority::named("Authority of the test"), Server::start(reply));
        let front = TlsFront::start(TlsFront::bind(), &authority.certify("127.0.0.1"), &server);
        Self { authority, front, _server: server }
    }

    fn trusted(&self, cli: Cli) -> Cli {
        cli.file("ca.pem", &self.authority.pem).path_arg("--ca-file", "ca.pem")
    }

    fn token(&self, account: &Account) -> Cli {
        self.trusted(account.cli(["token", "--token-url", &self.front.url(TOKEN_PATH), "--retries", "0"]))
    }
}

#[test]
fn a_complete_json_document_is_taken_with_a_warning_when_the_connection_ends_without_close_notify() {
    let account = Account::fresh();
    for space in ["", "\r\n"] {
        let body = format!("{}{space}", account.answer());
        let server = Secure::answering(move |_| unannounced(&body));
        let outcome = server.token(&account).run();
        assert_eq!((outcome.code, outcome.stdout), (0, format!("{}\n", account.token)), "{}", outcome.stderr);
        assert!(outcome.stderr.contains("warning: "), "{}", outcome.stderr);
        assert!(outcome.stderr.contains("ended without TLS close_notify"), "{}", outcome.stderr);
    }
}

#[test]
fn a_complete_answer_of_the_api_and_a_complete_document_of_metadata_are_taken_too() {
    let account = Account::fresh();
    let grants = account.grants();
    let server = Secure::answering(move |request| match request.path() {
        TOKEN_PATH => grants.clone(),
        "/v1/things" => unannounced("[{\"name\":\"a ] } in a \\\" string\"}]"),
        _ => unannounced(&metadata(&request.origin().replace("http://", "https://")).to_string()),
    });
    let url = server.front.url("");
    let cli = account.cli(["request", "/v1/things", "--issuer", &url, "--api-url", &url, "--retries", "0"]);
    let outcome = server.trusted(cli).run();
    assert_eq!(outcome.code, 0, "{}", outcome.stderr);
    assert_eq!(outcome.stdout, "[{\"name\":\"a ] } in a \\\" string\"}]");
    assert_eq!(outcome.stderr.matches("ended without TLS close_notify").count(), 2, "{}", outcome.stderr);
}

#[test]
fn an_answer_that_may_have_been_cut_is_refused_in_words() {
    let account = Account::fresh();
    let whole = account.answer().to_string();
    let cut = whole[..whole.len() - 1].to_owned();
    let sized = Reply::json_text(200, &whole).cut_after(whole.len() - 1, End::Close);
    let complete_but_short = Reply::json_text(200, &format!("{whole}   ")).cut_after(whole.len(), End::Close);
    for reply in [
        unannounced(&cut),
        unannounced("1234"),
        unannounced("plain text"),
        unannounced(""),
        unannounced(&format!("{whole}{whole}")),
        unannounced(&json!({ "access_token": "\"}" }).to_string().replace("\"}\"}", "\"}")),
        sized,
        complete_but_short,
    ] {
        let server = Secure::answering(move |_| reply.clone());
        let refusal = refused(7, "bad_response", || server.token(&account));
        refusal.names("the answer broke off").hints_at("closed the connection").never_says("docs.rs");
    }
}

#[test]
fn a_connection_that_ends_before_any_answer_links_to_no_manual() {
    let account = Account::fresh();
    let server = Secure::answering(|_| Reply::closed());
    refused(5, "unreachable", || server.token(&account)).names("close_notify").never_says("docs.rs");
}
