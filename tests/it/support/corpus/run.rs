//! One hostile response given to the binary: a server that is healthy except in one place, and the command that calls it.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::value::RawValue;
use serde_json::{Value, json};

use crate::support::account::{Account, TOKEN_PATH, metadata};
use crate::support::binary::command::Cli;
use crate::support::binary::outcome::Outcome;
use crate::support::corpus::case::{Case, Finish};
use crate::support::encodings;
use crate::support::http::reply::{End, Reply};
use crate::support::http::server::Server;
use crate::support::jose::signer::{ALGORITHMS, Signer, token};
use crate::support::lookup::Lookup;
use crate::support::test_servers::ISSUER;

const DOCUMENT: &str = "/.well-known/openid-configuration";

/// The deadline of a run that names none.
pub const DEADLINE_SECS: u64 = 15;

/// One case, with the values that its answer and the command share.
pub struct CorpusRun {
    case: Case,
    lookup: Lookup,
    signer: Option<Signer>,
}

impl CorpusRun {
    /// With fresh values.
    pub fn of(case: &Case) -> Self {
        let mut lookup = Lookup::fresh();
        lookup.account = Account { token: lookup.account.token, ..Account::with_special("+ &%:é\"\\/") };
        let signer = case.name.starts_with("jwks/").then(|| {
            let wanted = case.signer.as_deref().unwrap_or("EdDSA");
            Signer::new(ALGORITHMS.iter().find(|alg| **alg == wanted).expect("a known algorithm"))
        });
        if let Some(signer) = &signer {
            let header =
                case.jose.as_deref().map_or_else(|| signer.header(), |text| serde_json::from_str(text).expect("JSON"));
            let claims = json!({ "iss": ISSUER, "exp": 4_000_000_000_u64 });
            lookup.account.token = token(&header, &claims, |message| signer.sign(message));
        }
        Self { case: case.clone(), lookup, signer }
    }

    fn place(&self) -> &str {
        self.case.name.split_once('/').expect("a place").0
    }

    /// The value that `${name}` stands for.
    fn value(&self, name: &str, origin: &str) -> Option<String> {
        let account = &self.lookup.account;
        Some(match name {
            "token" => account.token.clone(),
            "id" => account.id.clone(),
            "secret" => encodings::json(&account.secret),
            "secret-form" => encodings::form(&account.secret, "*-._"),
            "secret-strict" => encodings::strict(&account.secret),
            "secret-hex" => encodings::hex(&account.secret),
            "secret-ascii" => encodings::json_ascii(&account.secret),
            "basic" => encodings::basic(&account.id, &account.secret),
            "login" => self.lookup.login.clone(),
            "cpf" => self.lookup.cpf.clone(),
            "key" => self.lookup.key.clone(),
            "origin" => origin.to_owned(),
            "jwk" => self.signer.as_ref()?.jwk().to_string(),
            _ => self.signer.as_ref()?.jwk()[name.strip_prefix("jwk.")?].as_str()?.to_owned(),
        })
    }

    fn reply(&self, origin: &str) -> Reply {
        let script = self.case.script(&|name| self.value(name, origin)).unwrap_or_else(|why| panic!("{why}"));
        let end = match script.finish {
            Finish::Close => End::Close,
            Finish::Reset => End::Reset,
            Finish::Stall => End::Hang,
        };
        Reply::paced(script.parts, end)
    }

    /// A server that is healthy except in one place.
    fn server(self: &Arc<Self>) -> Server {
        let run = Arc::clone(self);
        Server::start(move |request| {
            let origin = request.origin();
            let issuer = if run.place() == "jwks" { ISSUER } else { &origin };
            match (run.place(), request.path()) {
                ("token", _) => run.reply(&origin),
                ("metadata", _) if request.method == "GET" => run.reply(&origin),
                (_, DOCUMENT) => {
                    let mut document = metadata(&origin);
                    document["issuer"] = issuer.into();
                    Reply::json(200, &document)
                }
                ("api" | "jwks" | "metadata", TOKEN_PATH) => run.lookup.account.grants(),
                _ => run.reply(&origin),
            }
        })
    }

    /// Runs the command of the place with these arguments besides, and asserts what success and failure look like there.
    pub fn run<'a>(self: &Arc<Self>, args: impl IntoIterator<Item = &'a str>) -> Outcome {
        let server = self.server();
        let (url, case) = (server.url(""), &self.case);
        let mut usual = vec![("--retries", "0".to_owned()), ("--timeout", format!("{DEADLINE_SECS}s"))];
        let cli = match self.place() {
            "token" | "metadata" => {
                let own =
                    if self.place() == "token" { ("--token-url", server.url(TOKEN_PATH)) } else { ("--issuer", url) };
                usual.push(own);
                self.lookup.account.cli(["token"])
            }
            "jwks" => {
                usual.extend([("--discovery-url", server.url(DOCUMENT)), ("--issuer", ISSUER.to_owned())]);
                let token = &self.lookup.account.token;
                Cli::new(["inspect", "--verify", "-"]).token(token).stdin(token.clone())
            }
            _ => {
                usual.extend([("--issuer", url.clone()), ("--api-url", url)]);
                let person = ["participant", "--login", &self.lookup.login];
                let words = case.command.as_deref().map_or(person.to_vec(), |line| line.split(' ').collect());
                self.lookup.watched(self.lookup.account.cli(words)).env("M2M_SUBSCRIPTION_KEY", &self.lookup.key)
            }
        };
        let usual = usual.into_iter().filter(|(name, _)| !case.with.iter().any(|arg| arg == name));
        let cli = usual.fold(cli, |cli, (name, value)| cli.arg(name).arg(value));
        let outcome = cli.args(case.with.iter().cloned()).args(args).run();
        if outcome.code == 0 {
            self.is_whole(&outcome);
        } else if self.place() == "metadata" {
            assert!(!server.lines().iter().any(|line| line.starts_with("POST")), "the secret was sent: {outcome:#?}");
        }
        outcome
    }

    /// Runs `m2m check -o json`, which asks for the same and for more.
    pub fn check(self: &Arc<Self>) -> Outcome {
        let server = self.server();
        let url = server.url("");
        let mut args = match self.place() {
            "token" => vec!["--token-url".to_owned(), server.url(TOKEN_PATH)],
            "metadata" => vec!["--issuer".to_owned(), url],
            "jwks" => ["--discovery-url", &server.url(DOCUMENT), "--issuer", ISSUER].map(str::to_owned).to_vec(),
            _ => ["--issuer", &url, "--api-url", &url].map(str::to_owned).to_vec(),
        };
        let timeout = self.case.with.iter().skip_while(|arg| *arg != "--timeout").nth(1).cloned();
        args.extend(["--timeout".to_owned(), timeout.unwrap_or_else(|| format!("{DEADLINE_SECS}s"))]);
        args.extend(["--retries", "0"].map(str::to_owned));
        let cli = self.lookup.watched(self.lookup.account.cli(["check", "-o", "json"]));
        cli.env("M2M_SUBSCRIPTION_KEY", &self.lookup.key).args(args).run()
    }

    /// Asserts that stdout holds what was asked for.
    fn is_whole(&self, outcome: &Outcome) {
        let stdout = &outcome.stdout;
        if self.place() == "token" && self.case.with.iter().any(|arg| arg == "json") || self.place() == "jwks" {
            // Not as values: a number may be beyond those.
            let printed: BTreeMap<String, &RawValue> = serde_json::from_str(stdout).expect("JSON on stdout");
            let (name, value) = match self.place() {
                "jwks" => ("verified", Value::from(true)),
                _ => ("access_token", self.lookup.account.token.clone().into()),
            };
            assert_eq!(printed[name].get(), value.to_string(), "{outcome:#?}");
        } else if self.place() == "api" {
            assert!(serde_json::from_str::<&RawValue>(stdout).is_ok() || self.case.command.is_some(), "{outcome:#?}");
        } else {
            let token = self.case.token.as_ref().unwrap_or(&self.lookup.account.token);
            assert_eq!(*stdout, format!("{token}\n"), "{outcome:#?}");
        }
    }
}
