//! `m2m request`: the token is sent to the origin of `api_url`, and to no other.

use crate::support::call::{at, call, calls};
use crate::support::failure::refused;
use crate::support::lookup::Lookup;
use crate::support::{Reply, Server};

#[test]
fn paths_go_below_the_api_url() {
    let lookup = Lookup::fresh();
    for (base, path, expected) in [
        ("", "/v1/x", "/v1/x"),
        ("/", "/v1/x", "/v1/x"),
        ("/base", "/v1/x?q=1&q=2", "/base/v1/x?q=1&q=2"),
        ("/base/", "/", "/base/"),
        ("/a%20b", "/c%2Fd", "/a%20b/c%2Fd"),
        ("/base", "/a/../b", "/base/b"),
        ("", "/a b", "/a%20b"),
        ("", "/é", "/%C3%A9"),
        ("", "/a//b", "/a//b"),
        ("", "/https://other.example/", "/https://other.example/"),
    ] {
        let server = lookup.answering(Reply::json_text(200, "{}"));
        let _ = at(&lookup, &server, base, [path]).run().succeeds();
        assert_eq!(calls(&server)[0].target, expected, "{base} + {path}");
    }
}

#[test]
fn a_url_on_the_origin_is_taken_as_it_is() {
    let lookup = Lookup::fresh();
    let server = lookup.answering(Reply::json_text(200, "{}"));
    let _ = at(&lookup, &server, "/base", [server.url("/elsewhere?x=1").as_str()]).run().succeeds();
    let upper = server.url("/y").replace("http:", "HTTP:");
    let _ = at(&lookup, &server, "/base", [upper.as_str()]).run().succeeds();
    assert_eq!(calls(&server).iter().map(|call| call.target.as_str()).collect::<Vec<_>>(), ["/elsewhere?x=1", "/y"]);
}

#[test]
fn everything_else_is_refused_before_anything_is_sent() {
    let lookup = Lookup::fresh();
    let (server, other) = (Server::untouched(), Server::untouched());
    let own = server.url("");
    let host = own.strip_prefix("http://").unwrap();
    let targets = [
        "//127.0.0.1/x".to_owned(),
        format!("//{host}/x"),
        "///x".to_owned(),
        "/\\127.0.0.1/x".to_owned(),
        "\\\\127.0.0.1\\x".to_owned(),
        "/\t/127.0.0.1/x".to_owned(),
        "/x\ny".to_owned(),
        "/x\r".to_owned(),
        "/x ".to_owned(),
        " /x".to_owned(),
        "x".to_owned(),
        "./x".to_owned(),
        "?x".to_owned(),
        String::new(),
        "/x#fragment".to_owned(),
        "/x#".to_owned(),
        other.url("/x"),
        "https://example.com/x".to_owned(),
        format!("https://{host}/x"),
        "http://127.0.0.1/x".to_owned(),
        format!("http://127.1:{}/x", other.port()),
        own.replace("127.0.0.1", "localhost") + "/x",
        own.replace("127.0.0.1", "127.0.0.1.example.com") + "/x",
        own.replace("http://", "http://user@") + "/x",
        own.replace("http://", "http://user:pass@") + "/x",
        format!("http://{host}@example.com/x"),
        format!("http://example.com\\@{host}/x"),
        format!("http://{host}\\@example.com/x"),
        format!("http:/{host}/x"),
        format!("http:\\\\{host}\\x"),
        format!("ht\ttp://{host}/x"),
        format!("{own}/x#fragment"),
        "ftp://127.0.0.1/x".to_owned(),
        "file:///etc/passwd".to_owned(),
        "javascript://x".to_owned(),
    ];
    for target in &targets {
        let refusal = refused(2, "usage", || call(&lookup, &server, ["GET", target.as_str()]));
        refusal.never_says("pass@");
    }
    assert_eq!((server.connections(), other.connections()), (0, 0));
}

#[test]
fn a_path_does_not_climb_out_of_the_api_url() {
    let lookup = Lookup::fresh();
    let server = Server::untouched();
    for path in ["/..", "/../x", "/../based/x", "/a/../../x", "/%2e%2e/x", "/.%2E/x", "/./../x"] {
        refused(2, "usage", || at(&lookup, &server, "/base", [path])).names("api_url");
    }
    assert_eq!(server.connections(), 0);
}

#[test]
fn a_redirect_is_not_followed() {
    let lookup = Lookup::fresh();
    let other = Server::untouched();
    for status in [301, 302, 303, 307, 308] {
        let server = lookup.answering(Reply::redirect(status, &other.url("/x")).body("moved"));
        let outcome = call(&lookup, &server, ["/x"]).run();
        assert_eq!((outcome.code, outcome.stdout.as_str(), calls(&server).len()), (7, "moved", 1), "{outcome:#?}");
    }
    assert_eq!(other.connections(), 0);
}

#[test]
fn a_cpf_in_the_path_or_query_is_not_shown() {
    let lookup = Lookup::fresh();
    for path in [format!("/p/{}", lookup.cpf), format!("/p?document={}", lookup.cpf)] {
        let server = lookup.answering(Reply::new(404));
        let outcome = call(&lookup, &server, [path.as_str(), "-vv"]).run();
        assert_eq!(outcome.code, 8);
        let _ = refused(2, "usage", || call(&lookup, &server, [format!("/{path}").as_str()]));
    }
}
