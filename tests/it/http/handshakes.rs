//! Ports that take a connection and never answer the TLS handshake.

use std::time::Duration;

use crate::support::failure::refused;
use crate::support::{Account, Reply, Server};

/// The silence of a port that waits for plain HTTP: it never answers the first message of TLS.
#[test]
fn a_port_that_does_not_answer_the_tls_handshake_is_asked_about_once_and_http_is_suggested() {
    let account = Account::fresh();
    let server = Server::always(Reply::silent().after(Duration::from_secs(60)));
    let url = format!("https://127.0.0.1:{}/t", server.port());
    let refusal =
        refused(5, "unreachable", || account.cli(["token", "--token-url", &url, "--connect-timeout", "600ms"]));
    refusal
        .names("the server does not answer the TLS handshake")
        .names("300ms")
        .hints_at(&format!("`http://127.0.0.1:{}`", server.port()))
        .never_says("firewall");
    // Once in each error format.
    assert_eq!(server.connections(), 2);
}

/// A proxy that is set as https and speaks plain http, as most do.
#[test]
fn a_proxy_that_does_not_answer_the_tls_handshake_is_named() {
    let account = Account::fresh();
    let proxy = Server::always(Reply::silent().after(Duration::from_secs(60)));
    refused(5, "unreachable", || {
        let cli = account.cli(["token", "--token-url", "https://id.example.com/t", "--connect-timeout", "600ms"]);
        cli.env("HTTPS_PROXY", format!("https://127.0.0.1:{}", proxy.port())).env("M2M_RETRIES", "0")
    })
    .names("does not answer the TLS handshake")
    .names(&format!("it goes through the proxy https://127.0.0.1:{}/ (from env `HTTPS_PROXY`)", proxy.port()));
}
