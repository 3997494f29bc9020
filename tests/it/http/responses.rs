//! Responses with unusual HTTP: what RFC 9112 allows is read, the rest is refused without a crash.

use crate::support::{Account, Outcome, Reply, Server};

/// Runs `m2m token` against a server that answers with exactly `text`, where `BODY` stands for the usual answer.
fn answered(account: &Account, text: &str) -> Outcome {
    let body = account.answer().to_string();
    let text = text.replace("LENGTH", &body.len().to_string()).replace("BODY", &body);
    let server = Server::always(Reply::raw(text));
    account.token_cli(&server).args(["--retries", "0"]).run()
}

#[test]
fn an_unusual_answer_is_read() {
    let account = Account::fresh();
    for text in [
        "HTTP/1.0 200 OK\r\n\r\nBODY",
        "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nBODY",
        "HTTP/1.1 200\r\nContent-Length: LENGTH\r\n\r\nBODY",
        "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: LENGTH\r\n\r\nBODY",
        "HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: LENGTH\r\n\r\nBODY",
        "HTTP/1.1 200 OK\r\ncontent-length:LENGTH\r\nX-Empty:\r\n\r\nBODY",
    ] {
        assert_eq!(answered(&account, text).succeeds(), format!("{}\n", account.token), "{text}");
    }
}

#[test]
fn an_answer_that_breaks_the_protocol_is_refused() {
    let account = Account::fresh();
    let flood = "X-Flood: flood flood flood\r\n".repeat(50_000);
    for text in [
        "HTTP/1.1 200 OK\r\nContent-Length: LENGTH\r\nContent-Length: 1\r\n\r\nBODY",
        "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\nBODY",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nBODY\r\n0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nBad Name: x\r\nContent-Length: LENGTH\r\n\r\nBODY",
        "HTTP/9.9 200 OK\r\nContent-Length: LENGTH\r\n\r\nBODY",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\nBODY",
        &format!("HTTP/1.1 200 OK\r\n{flood}Content-Length: LENGTH\r\n\r\nBODY"),
    ] {
        let outcome = answered(&account, text);
        assert!([5, 7].contains(&outcome.code), "{}: {outcome:?}", &text[..text.len().min(200)]);
        let code = outcome.code;
        assert!(outcome.fails(code).contains("/oauth2/token"));
    }
}

#[test]
fn a_success_without_content_is_no_token() {
    let account = Account::fresh();
    for text in [
        "HTTP/1.1 204 No Content\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 304 Not Modified\r\n\r\n",
    ] {
        let _ = answered(&account, text).fails(7);
    }
}

#[test]
fn a_compressed_answer_is_neither_asked_for_nor_taken_for_a_token() {
    let account = Account::fresh();
    let gzip = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03\xab\xae\x05\x00\x43\xbf\xa6\xa3\x02\x00\x00\x00";
    let server = Server::always(Reply::json_text(200, "").header("Content-Encoding", "gzip").body(gzip.to_vec()));
    let _ = account.token_cli(&server).run().fails(7);
    let asked = server.only_request();
    assert!(asked.header("accept-encoding").is_none_or(|value| value.contains("identity")), "{asked:?}");
}
