//! A participant lookup as CloudLoyalty documents it: the participant, the API's response, and the command.

use serde_json::{Value, json};

use crate::support::account::Account;
use crate::support::binary::command::Cli;
use crate::support::failure::{Refusal, refused};
use crate::support::http::reply::Reply;
use crate::support::http::request::Request;
use crate::support::http::server::Server;
use crate::support::random::{alphanumeric, cpf};

/// An error of CloudLoyalty.
pub fn cloudloyalty(status: u16, code: Value, message: &str) -> Reply {
    Reply::json(status, &json!({ "errors": [{ "code": code, "message": message }] }))
}

/// An error of Azure API Management.
pub fn gateway(status: u16, message: &str) -> Reply {
    Reply::json(status, &json!({ "statusCode": status, "message": message }))
}

/// Asserts what an API that answers every lookup with `reply` amounts to, and that the run asks for one token and looks up
/// once.
#[track_caller]
pub fn answered(code: i32, kind: &str, reply: &Reply) -> Refusal {
    let lookup = Lookup::fresh();
    let refusal = refused(code, kind, || lookup.answered(reply.clone()));
    let server = lookup.answering(reply.clone());
    let _ = lookup.by_cpf(&server).args(["--retries", "0"]).run().fails(code);
    assert_eq!(server.requests().len(), 3, "{:?}", server.lines());
    refusal
}

/// Runs `cli`, which must succeed with an empty stderr, and returns the lookup's request, the third.
#[track_caller]
pub fn asked(server: &Server, cli: Cli) -> Request {
    let before = server.requests().len();
    let _ = cli.run().succeeds();
    let requests = server.requests().split_off(before);
    assert_eq!(requests.len(), 3, "{:?}", server.lines());
    requests.into_iter().next_back().expect("three requests")
}

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

    /// A server whose API finds the participant.
    pub fn finding(&self) -> Server {
        self.answering(Reply::json(200, &json!([self.participant()])))
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
        let cli = self.account.cli(["participant", "--issuer", &server.url(""), "--api-url", &server.url("")]);
        self.watched(cli).env("M2M_SUBSCRIPTION_KEY", &self.key)
    }

    /// A lookup by login whose API answers with `reply`, without retries.
    pub fn answered(&self, reply: Reply) -> Cli {
        let server = self.answering(reply);
        self.by_login(&server).args(["--retries", "0"]).keep(server)
    }

    /// Registers key, login and CPF with the tripwire of `cli`.
    pub fn watched(&self, cli: Cli) -> Cli {
        cli.secret("the subscription key", &self.key).personal(&self.login).personal(&self.cpf)
    }
}
