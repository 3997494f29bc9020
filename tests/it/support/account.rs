//! The client of one test: a fresh secret and a fresh token, registered with the tripwire of every run made here.

use serde_json::{Value, json};

use crate::support::binary::command::Cli;
use crate::support::http::reply::Reply;
use crate::support::http::request::Request;
use crate::support::http::server::Server;
use crate::support::random::{alphanumeric, secret_with};

/// Where the test servers grant tokens.
pub const TOKEN_PATH: &str = "/oauth2/token";

/// One client at an authorization server.
#[derive(Clone, Debug)]
pub struct Account {
    pub id: String,
    pub secret: String,
    pub token: String,
}

impl Account {
    /// A client whose credentials read the same in every encoding.
    pub fn fresh() -> Self {
        Self::with_secret(&alphanumeric(32))
    }

    /// A client whose secret holds `special` among random letters.
    pub fn with_special(special: &str) -> Self {
        Self::with_secret(&secret_with(special))
    }

    /// A client with this very secret.
    pub fn with_secret(secret: &str) -> Self {
        Self {
            id: format!("client-{}", alphanumeric(8)),
            secret: secret.to_owned(),
            token: format!("{}-._~+/=", alphanumeric(40)),
        }
    }

    /// The usual answer of a token endpoint.
    pub fn answer(&self) -> Value {
        json!({ "access_token": self.token, "token_type": "Bearer", "expires_in": 3600 })
    }

    /// The usual answer, with `name` set to `value`.
    pub fn answer_with(&self, name: &str, value: Value) -> Value {
        let mut answer = self.answer();
        answer[name] = value;
        answer
    }

    /// The usual answer, without `name`.
    pub fn answer_without(&self, name: &str) -> Value {
        let mut answer = self.answer();
        answer.as_object_mut().expect("an object").remove(name);
        answer
    }

    /// The usual answer, as HTTP.
    pub fn grants(&self) -> Reply {
        Reply::json(200, &self.answer())
    }

    /// A server that grants the token to every client, and serves nothing else.
    pub fn server(&self) -> Server {
        let grants = self.grants();
        Server::start(
            move |request| {
                if request.line() == format!("POST {TOKEN_PATH}") { grants.clone() } else { Reply::new(404) }
            },
        )
    }

    /// A server with metadata and the token, and `api` for every other request.
    pub fn server_with_api(&self, api: impl Fn(&Request) -> Reply + Send + Sync + 'static) -> Server {
        let grants = self.grants();
        Server::start(move |request| match request.path() {
            "/.well-known/openid-configuration" => Reply::json(200, &metadata(&request.origin())),
            TOKEN_PATH => grants.clone(),
            _ => api(request),
        })
    }

    /// `m2m ARGS..` with the client's credentials, watched for its secret and its token.
    pub fn cli<'a>(&self, args: impl IntoIterator<Item = &'a str>) -> Cli {
        let cli = Cli::new(args).arg("--client-id").arg(&self.id);
        self.watched(cli).env("M2M_CLIENT_SECRET", &self.secret)
    }

    /// `m2m token` at the token endpoint of `server`, without discovery.
    pub fn token_cli(&self, server: &Server) -> Cli {
        self.cli(["token", "--token-url", &server.url(TOKEN_PATH)])
    }

    /// `m2m token` at a server that answers every request with `reply`, without retries.
    pub fn token_from(&self, reply: Reply) -> Cli {
        let server = Server::always(reply);
        self.token_cli(&server).args(["--retries", "0"]).keep(server)
    }

    /// Registers the secret and the token with the tripwire of `cli`.
    pub fn watched(&self, cli: Cli) -> Cli {
        cli.secret("the client secret", &self.secret).token(&self.token)
    }
}

/// A server that answers every GET with a document made for the request, and to which a POST fails the test.
pub fn documents(make: impl Fn(&Request) -> Reply + Send + Sync + 'static) -> Server {
    Server::start(move |request| {
        assert_eq!(request.method, "GET", "nothing is posted after a bad document");
        make(request)
    })
}

/// The metadata of an authorization server at `issuer` (RFC 8414 section 2).
pub fn metadata(issuer: &str) -> Value {
    json!({
        "issuer": issuer,
        "token_endpoint": format!("{issuer}{TOKEN_PATH}"),
        "jwks_uri": format!("{issuer}/jwks.json"),
        "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
    })
}
