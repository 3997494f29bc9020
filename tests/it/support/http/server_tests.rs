//! Tests of the scripted server itself, with a client made of a bare socket.

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

use crate::support::http::reply::{End, Reply};
use crate::support::http::server::Server;

const GET: &str = "GET /x HTTP/1.1\r\nHost: h\r\n\r\n";

/// Sends `request`, and returns what came back with how it ended.
fn converse(server: &Server, request: &str) -> (String, Result<(), ErrorKind>) {
    let mut stream = TcpStream::connect(("127.0.0.1", server.port())).unwrap();
    stream.set_read_timeout(Some(Duration::from_millis(400))).unwrap();
    stream.write_all(request.as_bytes()).unwrap();
    let mut bytes = Vec::new();
    let mut buffer = [0; 1024];
    let end = loop {
        match stream.read(&mut buffer) {
            Ok(0) => break Ok(()),
            Ok(len) => bytes.extend_from_slice(&buffer[..len]),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => break Err(error.kind()),
        }
    };
    (String::from_utf8(bytes).unwrap(), end)
}

#[test]
fn requests_on_one_connection_are_answered_in_turn_and_recorded() {
    let server = Server::script([Reply::json_text(200, "{}"), Reply::new(404).header("X-A", "b")]);
    let post = "POST /t HTTP/1.1\r\nhost: h\r\nContent-Length: 3\r\n\r\na=b";
    let (text, end) = converse(&server, &format!("{post}{GET}"));
    assert_eq!(
        text,
        "HTTP/1.1 200 Scripted\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}\
         HTTP/1.1 404 Scripted\r\nX-A: b\r\nContent-Length: 0\r\n\r\n"
    );
    assert_eq!(end, Err(ErrorKind::WouldBlock), "the connection stays open");
    assert_eq!(server.lines(), ["POST /t", "GET /x"]);
    assert_eq!(server.requests()[0].body, b"a=b");
    assert_eq!(server.requests()[0].headers[0], ("host".to_owned(), "h".to_owned()));
    assert_eq!(server.connections(), 1);
}

#[test]
fn a_request_too_many_fails_the_test() {
    let server = Server::untouched();
    let _ = converse(&server, GET);
    assert!(catch_unwind(AssertUnwindSafe(|| drop(server))).is_err());
}

#[test]
fn a_panic_in_a_handler_fails_the_test() {
    let server = Server::start(|request| panic!("unexpected {}", request.target));
    let _ = converse(&server, GET);
    assert!(catch_unwind(AssertUnwindSafe(|| drop(server))).is_err());
}

#[test]
fn a_connection_can_be_closed_before_any_byte() {
    let server = Server::always(Reply::closed());
    assert_eq!(converse(&server, GET), (String::new(), Ok(())));
}

#[test]
fn a_body_can_be_cut_short() {
    let server = Server::always(Reply::new(200).body("0123456789").cut_after(4, End::Close));
    let (text, end) = converse(&server, GET);
    assert_eq!(text, "HTTP/1.1 200 Scripted\r\nContent-Length: 10\r\n\r\n0123");
    assert_eq!(end, Ok(()));
}

#[test]
fn a_connection_can_be_reset_inside_a_body() {
    let server = Server::always(Reply::new(200).body("0123456789").cut_after(4, End::Reset));
    let (text, end) = converse(&server, GET);
    assert!(text.ends_with("\r\n\r\n0123"), "{text}");
    assert_eq!(end, Err(ErrorKind::ConnectionReset));
}

#[test]
fn a_silent_server_neither_answers_nor_closes_and_stops_when_dropped() {
    let start = Instant::now();
    let server = Server::always(Reply::silent());
    assert_eq!(converse(&server, GET), (String::new(), Err(ErrorKind::WouldBlock)));
    drop(server);
    assert!(start.elapsed() < Duration::from_secs(20));
}

#[test]
fn a_body_can_drip() {
    let server = Server::always(Reply::new(200).body("abcdefgh").dripping(Duration::from_millis(5)));
    let start = Instant::now();
    assert!(converse(&server, GET).0.ends_with("abcdefgh"));
    assert!(start.elapsed() >= Duration::from_millis(40));
}

#[test]
fn bodies_can_be_chunked_and_never_end() {
    let server = Server::script([
        Reply::new(200).body("abc").chunked(),
        Reply::new(200).body("abcdef").chunked().cut_after(2, End::Hang),
    ]);
    assert!(converse(&server, GET).0.ends_with("\r\n\r\n3\r\nabc\r\n0\r\n\r\n"));
    let (text, end) = converse(&server, GET);
    assert!(text.ends_with("\r\n\r\n6\r\nab"), "{text}");
    assert_eq!(end, Err(ErrorKind::WouldBlock));
}

#[test]
fn any_bytes_can_be_sent_even_before_a_request() {
    let server = Server::always(Reply::raw("garbage\0"));
    assert_eq!(converse(&server, GET).0, "garbage\0");
    let server = Server::greeting(b"hello");
    assert_eq!(converse(&server, "").0, "hello");
    assert_eq!((server.connections(), server.requests().len()), (1, 0));
}
