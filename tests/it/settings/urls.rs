//! URL settings: https, or plain http on loopback, without userinfo and fragment. Other URLs end with exit 2 before any
//! request.

use crate::support::failure::{Refusal, refused};
use crate::support::lookup::Lookup;
use crate::support::{Account, Cli, Server};

/// Each URL setting: its option, its variable, and the command that uses it.
const SETTINGS: [(&str, &str, &str); 4] = [
    ("--issuer", "M2M_ISSUER", "token"),
    ("--discovery-url", "M2M_DISCOVERY_URL", "token"),
    ("--token-url", "M2M_TOKEN_URL", "token"),
    ("--api-url", "M2M_API_URL", "participant"),
];

/// Asserts that `url` is refused in each place, by option and by variable, and named with its origin.
#[track_caller]
fn refused_everywhere(url: &str) {
    for (option, variable, command) in SETTINGS {
        let by_option: Refusal = refused(2, "usage", || cli(command).args([option, url]));
        by_option.names(option);
        let by_variable = refused(2, "usage", || cli(command).env(variable, url));
        by_variable.names(variable);
    }
}

/// A command that lacks nothing but the URL under test.
fn cli(command: &'static str) -> Cli {
    let account = Account::fresh();
    match command {
        "participant" => {
            account.cli(["participant", "--login", "somebody", "--token-url", "https://auth.m2m.invalid/t"])
        }
        _ => account.cli([command]),
    }
}

#[test]
fn plain_http_is_refused_off_loopback() {
    for url in [
        "http://auth.example.com/x",
        "http://10.0.0.1/x",
        "http://0.0.0.0/x",
        "http://127.0.0.1.example.com/x",
        "http://localhost.example.com/x",
        "http://128.0.0.1/x",
        "http://[2001:db8::1]/x",
    ] {
        refused_everywhere(url);
    }
}

#[test]
fn other_schemes_and_other_texts_are_refused() {
    for url in ["ftp://127.0.0.1/x", "file:///etc/passwd", "auth.example.com", "https://", "not a url"] {
        refused_everywhere(url);
    }
}

#[test]
fn userinfo_and_fragments_are_refused() {
    for url in [
        "https://user@auth.example.com/x",
        "https://user:pass@auth.example.com/x",
        "http://user:pass@127.0.0.1/x",
        "https://:pass@auth.example.com/x",
        "https://auth.example.com/x#fragment",
        "https://auth.example.com/x#",
        "http://127.0.0.1/x#fragment",
    ] {
        refused_everywhere(url);
    }
}

#[test]
fn every_name_of_loopback_may_be_plain_http() {
    let account = Account::fresh();
    for host in ["127.0.0.1", "localhost", "LOCALHOST"] {
        let server = account.server();
        let url = format!("http://{host}:{}/oauth2/token", server.port());
        let _ = account.cli(["token", "--token-url", &url]).run().succeeds();
    }
}

#[test]
fn the_last_loopback_addresses_are_loopback() {
    let account = Account::fresh();
    for url in ["http://[::1]:1/t", "http://127.255.255.254:1/t"] {
        // Nothing listens there, which is not the same as a refused URL.
        let _ = account.cli(["token", "--token-url", url, "--retries", "0", "--timeout", "5s"]).run().fails(5);
    }
}

#[test]
fn a_refused_api_url_costs_no_token() {
    let lookup = Lookup::fresh();
    let server = Server::untouched();
    let cli = lookup.account.cli(["participant", "--issuer", &server.url(""), "--api-url", "http://api.example.com"]);
    let _ = lookup.watched(cli).args(["--login", &lookup.login]).run().fails(2);
    assert_eq!(server.connections(), 0);
}
