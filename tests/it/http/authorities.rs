//! Which authorities are trusted: the system's, or those that `SSL_CERT_FILE` and `SSL_CERT_DIR` name, which never falls
//! back to more.

use std::fs;

use crate::support::account::TOKEN_PATH;
use crate::support::failure::refused;
use crate::support::http::certificates::Authority;
use crate::support::http::tls::TlsFront;
use crate::support::{Account, Cli, Server};

/// A server whose certificate is of `authority`.
struct SecureServer {
    account: Account,
    authority: Authority,
    server: Server,
    front: TlsFront,
}

impl SecureServer {
    fn new() -> Self {
        let (account, authority) = (Account::fresh(), Authority::named("Authority of the test"));
        let server = account.server();
        let front = TlsFront::start(TlsFront::bind(), &authority.certify("127.0.0.1"), &server);
        Self { account, authority, server, front }
    }

    fn token(&self) -> Cli {
        self.account.cli(["token", "--token-url", &self.front.url(TOKEN_PATH), "--retries", "0"])
    }

    #[track_caller]
    fn grants(&self, cli: Cli) {
        assert_eq!(cli.run().succeeds(), format!("{}\n", self.account.token));
    }
}

#[test]
fn a_variable_that_names_no_authority_is_refused_and_trust_never_falls_back_to_more() {
    let server = SecureServer::new();
    let folder = tempfile::TempDir::new().unwrap();
    let at = |name: &str| folder.path().join(name);
    fs::create_dir(at("empty")).unwrap();
    fs::write(at("words"), "ca.example.com").unwrap();
    fs::write(at("nothing"), "").unwrap();
    fs::write(at("der"), [b"\x30\x82\x01\x00\x30\x82".as_slice(), &[0; 256]].concat()).unwrap();
    fs::write(at("trusted.pem"), server.authority.pem.replace("CERTIFICATE", "TRUSTED CERTIFICATE")).unwrap();
    fs::write(at("broken.pem"), "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n").unwrap();
    for (variable, name, cause) in [
        ("SSL_CERT_FILE", "missing.pem", "No such file"),
        ("SSL_CERT_FILE", "empty", "it is a directory"),
        ("SSL_CERT_FILE", "words", "it holds no certificate"),
        ("SSL_CERT_FILE", "nothing", "it is empty"),
        ("SSL_CERT_FILE", "der", "it is in DER"),
        ("SSL_CERT_FILE", "trusted.pem", "`TRUSTED CERTIFICATE`"),
        ("SSL_CERT_FILE", "broken.pem", "none of its certificates can be an authority"),
        ("SSL_CERT_DIR", "missing", "No such file"),
        ("SSL_CERT_DIR", "empty", "no file in it holds a certificate"),
        ("SSL_CERT_DIR", "words", "Not a directory"),
    ] {
        // The authority of `ca_file` comes on top of the system's, and does not make up for them.
        let cli = || {
            let cli = server.token().file("ca.pem", &server.authority.pem).path_arg("--ca-file", "ca.pem");
            cli.env(variable, at(name))
        };
        refused(2, "usage", cli)
            .names(&format!("`{variable}`"))
            .names(at(name).to_str().unwrap())
            .names(cause)
            .hints_at("unset it");
    }
    assert_eq!(server.server.connections(), 0);
}

#[test]
fn variables_name_the_authorities_that_are_trusted() {
    let server = SecureServer::new();
    let folder = tempfile::TempDir::new().unwrap();
    let at = |name: &str| folder.path().join(name);
    let pem = &server.authority.pem;
    fs::create_dir(at("certs")).unwrap();
    fs::write(at("certs/0a1b2c3d.0"), pem).unwrap();
    fs::write(at("certs/README"), "not a certificate").unwrap();
    fs::write(at("bom.pem"), format!("\u{feff}{pem}")).unwrap();
    server.grants(server.token().env("SSL_CERT_FILE", at("bom.pem")));
    server.grants(server.token().env("SSL_CERT_DIR", at("certs")));
    let list = format!("{}:{}", at("missing").display(), at("certs").display());
    server.grants(server.token().env("SSL_CERT_DIR", list));
    // One of them is enough: `/nonexistent` in the other is how people switch it off.
    server.grants(server.token().env("SSL_CERT_FILE", "/nonexistent").env("SSL_CERT_DIR", at("certs")));
    server.grants(server.token().env("SSL_CERT_FILE", at("bom.pem")).env("SSL_CERT_DIR", "/nonexistent"));
}

#[test]
fn a_refused_certificate_says_who_is_trusted_and_by_what() {
    let server = SecureServer::new();
    let folder = tempfile::TempDir::new().unwrap();
    let file = folder.path().join("another.pem");
    fs::write(&file, Authority::named("Another").pem).unwrap();
    refused(5, "unreachable", || server.token().env("SSL_CERT_FILE", &file))
        .names(&format!("trusted here: 1 of `SSL_CERT_FILE` ({})", file.display()));
    // An empty variable is as good as unset.
    refused(5, "unreachable", || server.token().env("SSL_CERT_FILE", "").env("SSL_CERT_DIR", ""))
        .names("trusted here: ")
        .never_says("SSL_CERT_");
    let stderr = server.token().env("SSL_CERT_FILE", &file).args(["-v"]).run().fails(5);
    assert!(stderr.contains(&format!("authorities: 1 of `SSL_CERT_FILE` ({})", file.display())), "{stderr}");
}

#[test]
fn plain_http_needs_no_authorities() {
    let account = Account::fresh();
    let server = account.server();
    let _ = account.token_cli(&server).env("SSL_CERT_FILE", "/nonexistent").run().succeeds();
}
