//! Mutual TLS (RFC 8705): a client certificate at the token endpoint and at the API.

use serde_json::{Value, json};

use crate::support::account::{TOKEN_PATH, metadata};
use crate::support::http::certificates::{Authority, Certificate};
use crate::support::http::tls::{ClientCertificate, TlsFront};
use crate::support::jose::client_key::unsigned_jwt;
use crate::support::{Account, Cli, Reply, Server};

const AUTHORITY: &str = "Authority of the test";

/// An authority that both sides trust, a client with a certificate of it, and a server behind TLS that grants tokens.
struct MutualTlsServers {
    account: Account,
    authority: Authority,
    certificate: Certificate,
    server: Server,
    front: TlsFront,
}

impl MutualTlsServers {
    fn new(clients: ClientCertificate) -> Self {
        let account = Account::fresh();
        let grants = account.grants();
        let server = Server::start(move |request| match request.path() {
            TOKEN_PATH => grants.clone(),
            _ => Reply::json_text(200, "{}"),
        });
        let authority = Authority::named(AUTHORITY);
        let front = TlsFront::mutual(&authority, clients, &server);
        let certificate = authority.certify("client.example.com");
        Self { account, authority, certificate, server, front }
    }

    /// `m2m COMMAND` with the client's id and the authority, by `method`.
    fn cli(&self, command: &[&str], method: &str) -> Cli {
        let cli = Cli::new(command.iter().copied()).args(["--client-id", &self.account.id, "--auth-method", method]);
        let cli = self.account.watched(cli).file("ca.pem", &self.authority.pem);
        cli.path_arg("--ca-file", "ca.pem")
    }

    /// `m2m COMMAND` with the certificate at the token endpoint behind TLS.
    fn shown(&self, command: &[&str]) -> Cli {
        let cli = self.cli(command, "tls_client_auth").args(["--token-url", &self.front.url(TOKEN_PATH)]);
        self.certificate.given(cli)
    }

    fn thumbprint(&self) -> Option<String> {
        Some(self.certificate.thumbprint.clone())
    }
}

#[test]
fn the_body_names_the_client_and_the_certificate_proves_it() {
    for method in ["tls_client_auth", "self_signed_tls_client_auth"] {
        let servers = MutualTlsServers::new(ClientCertificate::Required);
        let cli = servers.cli(&["token", "--token-url", &servers.front.url(TOKEN_PATH)], method);
        // A secret that is set as well is not used.
        let cli = servers.certificate.given(cli).env("M2M_CLIENT_SECRET", &servers.account.secret);
        assert_eq!(cli.run().succeeds(), format!("{}\n", servers.account.token));
        let request = servers.server.only_request();
        assert_eq!(request.header("authorization"), None);
        assert_eq!(request.field_names(), ["client_id", "grant_type"]);
        assert_eq!(request.field("client_id").as_ref(), Some(&servers.account.id));
        assert_eq!(servers.front.shown(), [servers.thumbprint()]);
    }
}

#[test]
fn one_file_may_hold_both() {
    let servers = MutualTlsServers::new(ClientCertificate::Required);
    let cli = servers.cli(&["token", "--token-url", &servers.front.url(TOKEN_PATH)], "tls_client_auth");
    let combined = format!("{}{}", servers.certificate.key, servers.certificate.pem);
    let cli = servers.certificate.watched(cli).file("both.pem", combined).path_arg("--client-cert", "both.pem");
    let _ = cli.run().succeeds();
    assert_eq!(servers.front.shown(), [servers.thumbprint()]);
}

#[test]
fn the_metadata_may_name_an_endpoint_for_mutual_tls() {
    let servers = MutualTlsServers::new(ClientCertificate::Required);
    let alias = servers.front.url(TOKEN_PATH);
    let documents = Server::start(move |request| {
        assert_eq!(request.method, "GET", "the ordinary endpoint is not for certificates");
        let mut document = metadata(&request.origin());
        document["mtls_endpoint_aliases"] = json!({ "token_endpoint": alias });
        Reply::json(200, &document)
    });
    let cli = servers.cli(&["token", "--issuer", &documents.url("")], "tls_client_auth");
    let _ = servers.certificate.given(cli).run().succeeds();
    assert_eq!(servers.server.lines(), [format!("POST {TOKEN_PATH}")]);
}

#[test]
fn without_that_endpoint_the_ordinary_one_is_asked() {
    let servers = MutualTlsServers::new(ClientCertificate::Required);
    let endpoint = servers.front.url(TOKEN_PATH);
    let documents = Server::start(move |request| {
        let mut document = metadata(&request.origin());
        document["token_endpoint"] = endpoint.clone().into();
        Reply::json(200, &document)
    });
    let cli = servers.cli(&["token", "--issuer", &documents.url("")], "tls_client_auth");
    let _ = servers.certificate.given(cli).run().succeeds();
    assert_eq!(servers.front.shown(), [servers.thumbprint()]);
}

#[test]
fn the_endpoint_for_mutual_tls_is_not_for_secrets() {
    let account = Account::fresh();
    let grants = account.grants();
    let server = Server::start(move |request| match request.path() {
        TOKEN_PATH => grants.clone(),
        _ => {
            let mut document = metadata(&request.origin());
            document["mtls_endpoint_aliases"] = json!({ "token_endpoint": "https://127.0.0.1:1/token" });
            Reply::json(200, &document)
        }
    });
    let _ = account.cli(["token", "--issuer", &server.url("")]).run().succeeds();
}

#[test]
fn without_tls_nothing_is_sent() {
    let servers = MutualTlsServers::new(ClientCertificate::Required);
    let server = Server::untouched();
    let cli = servers.cli(&["token", "--token-url", &server.url(TOKEN_PATH)], "tls_client_auth");
    let stderr = servers.certificate.given(cli).run().fails(2);
    assert!(stderr.contains("needs a token endpoint with https"), "{stderr}");
    assert_eq!(server.connections(), 0);
}

#[test]
fn a_certificate_or_key_that_cannot_be_used_sends_nothing() {
    let servers = MutualTlsServers::new(ClientCertificate::Required);
    let (other, base) = (servers.authority.certify("other.example.com"), servers.front.url(TOKEN_PATH));
    let plain = || servers.cli(&["token", "--token-url", &base], "tls_client_auth");
    let stderr = plain().run().fails(2);
    assert!(stderr.contains("`client_cert` is not set"), "{stderr}");
    let stderr = plain().path_arg("--client-cert", "missing.pem").run().fails(2);
    assert!(stderr.contains("missing.pem"), "{stderr}");
    let cli = plain().file("client.pem", &servers.certificate.pem).path_arg("--client-cert", "client.pem");
    let stderr = cli.run().fails(2);
    assert!(stderr.contains("it holds no private key in PEM"), "{stderr}");
    let mixed = Certificate { pem: other.pem, ..servers.authority.certify("third.example.com") };
    let stderr = mixed.given(plain()).run().fails(2);
    assert!(stderr.contains("`client_cert` and `client_key` do not belong together"), "{stderr}");
    assert_eq!(servers.server.connections(), 0);
}

#[test]
fn the_api_is_shown_the_same_certificate() {
    let servers = MutualTlsServers::new(ClientCertificate::Required);
    let cache = tempfile::TempDir::new().unwrap();
    for fetched in [2, 3] {
        let cli = servers.shown(&["request", "/v1/things", "--api-url", &servers.front.url("")]);
        assert_eq!(cli.env("M2M_CACHE_DIR", cache.path()).run().succeeds(), "{}");
        // The second time the token is in the cache.
        assert_eq!(servers.server.requests().len(), fetched);
    }
    let shown = servers.front.shown();
    assert!(!shown.is_empty() && shown.iter().all(|one| *one == servers.thumbprint()), "{shown:?}");
}

/// A gateway may want a certificate beside whatever the authorization server wants.
#[test]
fn a_certificate_is_shown_beside_a_secret_too() {
    let servers = MutualTlsServers::new(ClientCertificate::Required);
    let cli = servers.cli(&["token", "--token-url", &servers.front.url(TOKEN_PATH)], "client_secret_basic");
    let cli = servers.certificate.given(cli).env("M2M_CLIENT_SECRET", &servers.account.secret);
    assert_eq!(cli.run().succeeds(), format!("{}\n", servers.account.token));
    let request = servers.server.only_request();
    assert!(request.header("authorization").is_some_and(|value| value.starts_with("Basic ")));
    assert_eq!(servers.front.shown(), [servers.thumbprint()]);
}

#[test]
fn a_server_that_refuses_the_certificate_refuses_the_client() {
    let servers = MutualTlsServers::new(ClientCertificate::Required);
    for authority in ["Another authority", AUTHORITY] {
        let stranger = Authority::named(authority).certify("client.example.com");
        let cli = servers.cli(&["token", "--token-url", &servers.front.url(TOKEN_PATH)], "tls_client_auth");
        let stderr = stranger.given(cli).run().fails(3);
        assert!(stderr.contains("the server refused the client certificate"), "{stderr}");
        assert!(stderr.contains("hint: `client_cert` must be the one registered"), "{stderr}");
    }
    assert!(servers.server.requests().is_empty());
}

#[test]
fn a_server_that_wants_a_certificate_says_so() {
    let servers = MutualTlsServers::new(ClientCertificate::Required);
    let url = servers.front.url(TOKEN_PATH);
    let cli = servers.cli(&["token", "--token-url", &url], "client_secret_basic");
    let stderr = cli.env("M2M_CLIENT_SECRET", &servers.account.secret).run().fails(3);
    assert!(stderr.contains("the server wants a client certificate"), "{stderr}");
    assert!(stderr.contains("hint: set `client_cert` and `client_key`"), "{stderr}");
}

#[test]
fn another_certificate_is_another_cache_entry() {
    let servers = MutualTlsServers::new(ClientCertificate::Required);
    let cache = tempfile::TempDir::new().unwrap();
    let run = |cli: Cli| cli.env("M2M_CACHE_DIR", cache.path()).run().succeeds();
    let plain = || servers.cli(&["token", "--token-url", &servers.front.url(TOKEN_PATH)], "tls_client_auth");
    run(servers.certificate.given(plain()));
    run(servers.certificate.given(plain()));
    assert_eq!(servers.server.requests().len(), 1);
    run(servers.authority.certify("other.example.com").given(plain()));
    assert_eq!(servers.server.requests().len(), 2);
}

/// Runs `m2m check` with a token that is bound to `thumbprint`, and returns what it says of the binding.
fn binding(thumbprint: Option<&str>, servers: &MutualTlsServers, method: &str) -> (i32, Value) {
    let mut claims = json!({ "iss": "https://issuer.example.com", "client_id": servers.account.id });
    if let Some(thumbprint) = thumbprint {
        claims["cnf"] = json!({ "x5t#S256": thumbprint });
    }
    let account = Account { token: unsigned_jwt(&claims), ..servers.account.clone() };
    let server = account.server();
    let front = TlsFront::mutual(&servers.authority, ClientCertificate::Optional, &server);
    let cli =
        servers.cli(&["check", "-o", "json", "--token-url", &front.url(TOKEN_PATH)], method).token(&account.token);
    let cli = if method == "tls_client_auth" {
        servers.certificate.given(cli)
    } else {
        cli.env("M2M_CLIENT_SECRET", &servers.account.secret)
    };
    let out = cli.run();
    let report: Value = serde_json::from_str(&out.stdout).unwrap();
    let checks = report["profiles"][0]["checks"].as_array().unwrap();
    (out.code, checks.iter().find(|check| check["id"] == "jwt.binding").unwrap().clone())
}

#[test]
fn check_compares_the_binding_of_the_token() {
    let servers = MutualTlsServers::new(ClientCertificate::Optional);
    let other = servers.authority.certify("other.example.com").thumbprint;
    for (bound_to, method, code, status, words) in [
        (Some(servers.certificate.thumbprint.as_str()), "tls_client_auth", 0, "pass", "the client's certificate"),
        (Some(&other), "tls_client_auth", 7, "fail", "another certificate"),
        (None, "tls_client_auth", 0, "info", "not bound"),
        (Some(&other), "client_secret_basic", 7, "fail", "a certificate that the client does not have"),
        (None, "client_secret_basic", 0, "skip", "not bound"),
    ] {
        let (exit, check) = binding(bound_to, &servers, method);
        assert_eq!((exit, check["status"].as_str()), (code, Some(status)), "{check}");
        assert!(check["message"].as_str().unwrap().contains(words), "{check}");
    }
}
