//! A healthy authorization server with an API, of which each test changes one part, and `m2m check` run against it.

use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};

use crate::support::account::{Account, TOKEN_PATH};
use crate::support::binary::command::Cli;
use crate::support::check_report::CheckReport;
use crate::support::http::reply::Reply;
use crate::support::http::server::Server;
use crate::support::jose::signer::Signer;
use crate::support::random::alphanumeric;

/// The issuer of the tokens. Its host is not the server's, as with Cognito, so that a token does not depend on a port.
pub const ISSUER: &str = "https://issuer.example.com";

/// What the token is for.
pub const AUDIENCE: &str = "https://api.example.com";

const DOCUMENT: &str = "/.well-known/openid-configuration";

/// The servers of one test. `account.token` is the token of `header` and `claims` unless `opaque` is set.
pub struct TestServers {
    pub account: Account,
    pub signer: Signer,
    pub header: Value,
    pub claims: Value,
    /// The token response, less the token.
    pub answer: Value,
    /// Headers of the token response.
    pub headers: Vec<(&'static str, String)>,
    /// Instead of the token response.
    pub grant: Option<Reply>,
    /// The metadata, less the endpoints.
    pub metadata: Value,
    /// Instead of the metadata.
    pub document: Option<Reply>,
    /// The key set.
    pub keys: Reply,
    /// What the API answers to everything.
    pub api: Reply,
    /// The base URL of all servers; the server's own address when empty.
    pub base: String,
    /// Where the API is; where the rest is when empty.
    pub api_base: String,
}

impl TestServers {
    /// Servers with which nothing is wrong.
    pub fn healthy() -> Self {
        let signer = Signer::new("EdDSA");
        let mut account = Account::fresh();
        let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("a clock").as_secs();
        let claims = json!({
            "iss": ISSUER, "sub": account.id, "client_id": account.id, "aud": AUDIENCE,
            "iat": now, "exp": now + 3600, "jti": alphanumeric(16), "scope": "read:a write:a",
        });
        account.token = signer.token(&signer.header(), &claims);
        Self {
            header: signer.header(),
            claims,
            answer: json!({ "token_type": "Bearer", "expires_in": 3600, "scope": "read:a write:a" }),
            headers: vec![
                ("Cache-Control", "no-store".to_owned()),
                ("Date", httpdate::fmt_http_date(SystemTime::now())),
            ],
            grant: None,
            metadata: json!({
                "issuer": ISSUER, "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
            }),
            document: None,
            keys: Reply::json(200, &signer.keys()),
            api: Reply::json(200, &json!([])),
            base: String::new(),
            api_base: String::new(),
            signer,
            account,
        }
    }

    /// As [`Self::healthy`], with an opaque token.
    pub fn opaque() -> Self {
        let mut servers = Self::healthy();
        servers.account.token = format!("{}-._~+/=", alphanumeric(40));
        servers
    }

    /// As [`Self::healthy`], with this token response.
    pub fn granting(reply: Reply) -> Self {
        Self { grant: Some(reply), ..Self::healthy() }
    }

    /// As [`Self::healthy`], with `name` of the token response set to `value`.
    pub fn answering(name: &str, value: Value) -> Self {
        let mut servers = Self::healthy();
        servers.answer[name] = value;
        servers
    }

    /// As [`Self::healthy`], with `name` of the claims set to `value`, or taken away when it is null.
    pub fn claiming(name: &str, value: Value) -> Self {
        let mut servers = Self::healthy();
        let claims = servers.claims.as_object_mut().expect("an object");
        if value.is_null() {
            claims.remove(name);
        } else {
            claims.insert(name.to_owned(), value);
        }
        servers.signed()
    }

    /// With a token of the present header and claims.
    pub fn signed(mut self) -> Self {
        self.account.token = self.signer.token(&self.header, &self.claims);
        self
    }

    /// The servers, all on one address.
    pub fn server(&self) -> Server {
        let mut answer = self.answer.clone();
        answer["access_token"] = self.account.token.clone().into();
        let healthy = Reply::json(200, &answer);
        let grant = self.grant.clone().unwrap_or(healthy);
        let grant = self.headers.iter().fold(grant, |reply, (name, value)| reply.header(name, value));
        let (document, metadata) = (self.document.clone(), self.metadata.clone());
        let (keys, api, base) = (self.keys.clone(), self.api.clone(), self.base.clone());
        Server::start(move |request| match request.path() {
            DOCUMENT => document.clone().unwrap_or_else(|| {
                let origin = if base.is_empty() { request.origin() } else { base.clone() };
                let mut document = metadata.clone();
                for (name, path) in [("token_endpoint", TOKEN_PATH), ("jwks_uri", "/jwks.json")] {
                    if document.get(name).is_none() {
                        document[name] = format!("{origin}{path}").into();
                    }
                }
                Reply::json(200, &document)
            }),
            TOKEN_PATH => grant.clone(),
            "/jwks.json" => keys.clone(),
            _ => api.clone(),
        })
    }

    /// `m2m check -o json ARGS..` at `base`.
    pub fn cli_at<'a>(&self, base: &str, args: impl IntoIterator<Item = &'a str>) -> Cli {
        let document = format!("{base}{DOCUMENT}");
        let api = if self.api_base.is_empty() { base } else { &self.api_base };
        let settings = ["--discovery-url", &document, "--issuer", ISSUER, "--api-url", api, "--retries", "0"];
        self.account.cli(["check", "-o", "json"]).args(settings).args(args)
    }

    /// `m2m check -o json ARGS..` at `server`.
    pub fn cli<'a>(&self, server: &Server, args: impl IntoIterator<Item = &'a str>) -> Cli {
        self.cli_at(&server.url(""), args)
    }

    /// Runs `m2m check ARGS..` with the scope that the server grants.
    #[track_caller]
    pub fn check<'a>(&self, args: impl IntoIterator<Item = &'a str>) -> CheckReport {
        let server = self.server();
        let report = CheckReport::of(self.cli(&server, ["--scope", "read:a write:a"]).args(args).run());
        let grants = server.requests().iter().filter(|request| request.path() == TOKEN_PATH).count();
        assert!(grants <= 2, "{:?}", server.lines());
        report
    }
}
