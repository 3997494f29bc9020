//! A participant lookup as CloudLoyalty documents it: the person, the API's answer, and the command that asks.

use serde_json::{Value, json};

use super::account::Account;
use super::command::Cli;
use super::random::{alphanumeric, cpf};
use super::reply::Reply;
use super::request::Request;
use super::server::Server;

/// The path of the default template, whose query is `login` or `document`.
pub const PATH: &str = "/v1/participants";

/// The client, the subscription key, and the person looked up in one test.
pub struct Lookup {
    pub account: Account,
    pub key: String,
    pub login: String,
    pub cpf: String,
}

impl Lookup {
    pub fn fresh() -> Self {
        Self {
            account: Account::fresh(),
            key: alphanumeric(32),
            login: format!("login.{}", alphanumeric(12)),
            cpf: cpf(),
        }
    }

    /// One participant, with the fields of the documents' example.
    pub fn participant(&self) -> Value {
        json!({
            "segment": { "clientId": "30599", "campaignId": 40499, "catalogId": 40599, "name": "Gold" },
            "id": 28_631_365,
            "name": "Fulano de Tal",
            "username": self.login,
            "documentNumber": self.cpf,
            "emails": [{ "address": "fulano@example.com" }],
            "status": "INACTIVE",
        })
    }

    /// A server with metadata, the token, and `api` for every other request.
    pub fn server(&self, api: impl Fn(&Request) -> Reply + Send + Sync + 'static) -> Server {
        self.account.server_with_api(api)
    }

    /// A server whose API answers every lookup with `reply`.
    pub fn answering(&self, reply: Reply) -> Server {
        self.server(move |_| reply.clone())
    }

    /// `m2m participant` by login, everything on `server`.
    pub fn by_login(&self, server: &Server) -> Cli {
        self.cli(server).args(["--login", &self.login])
    }

    /// `m2m participant` by CPF, everything on `server`.
    pub fn by_cpf(&self, server: &Server) -> Cli {
        self.cli(server).args(["--cpf", &self.cpf])
    }

    /// `m2m participant` without the person.
    pub fn cli(&self, server: &Server) -> Cli {
        let cli = self
            .account
            .cli(["participant", "--issuer", &server.url(""), "--api-url", &server.url("")]);
        self.watched(cli).env("M2M_SUBSCRIPTION_KEY", &self.key)
    }

    /// A lookup by login whose API answers with `reply`, without retries.
    pub fn answered(&self, reply: Reply) -> Cli {
        let server = self.answering(reply);
        self.by_login(&server).args(["--retries", "0"]).keep(server)
    }

    /// Registers key, login and CPF with the tripwire of `cli`.
    pub fn watched(&self, cli: Cli) -> Cli {
        cli.secret("the subscription key", &self.key)
            .personal(&self.login)
            .personal(&self.cpf)
    }
}
