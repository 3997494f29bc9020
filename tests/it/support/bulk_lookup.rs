//! A bulk lookup of participants: their CPFs, an API that finds all of them, and the expected output.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::{Value, json};

use crate::support::account::TOKEN_PATH;
use crate::support::binary::command::Cli;
use crate::support::binary::outcome::Outcome;
use crate::support::http::reply::Reply;
use crate::support::http::request::Request;
use crate::support::http::server::Server;
use crate::support::lookup::Lookup;
use crate::support::random::cpf;

/// The participants of one test.
pub struct BulkLookup {
    pub lookup: Lookup,
    pub cpfs: Vec<String>,
}

impl BulkLookup {
    /// `count` participants, each with its own CPF.
    pub fn of(count: usize) -> Self {
        let mut cpfs: Vec<String> = Vec::new();
        while cpfs.len() < count {
            let fresh = cpf();
            if !cpfs.contains(&fresh) {
                cpfs.push(fresh);
            }
        }
        Self { lookup: Lookup::fresh(), cpfs }
    }

    /// The input: one CPF per line.
    pub fn input(&self) -> String {
        self.cpfs.iter().map(|cpf| format!("{cpf}\n")).collect()
    }

    /// A server that finds every participant.
    pub fn server(&self) -> Server {
        self.server_with(|_, found| found)
    }

    /// A server whose lookups `change` what would have been found; it gets the number of the lookup, from 0.
    pub fn server_with(&self, change: impl Fn(usize, Reply) -> Reply + Send + Sync + 'static) -> Server {
        let count = AtomicUsize::new(0);
        self.lookup.server(move |request| change(count.fetch_add(1, Ordering::SeqCst), found(request)))
    }

    /// `m2m participant --cpf-file -`, everything on `server`, with all CPFs on stdin.
    pub fn cli(&self, server: &Server) -> Cli {
        self.cli_with(server, &self.input())
    }

    /// `m2m participant --cpf-file -`, everything on `server`, with `input` on stdin.
    pub fn cli_with(&self, server: &Server, input: &str) -> Cli {
        self.watched(self.lookup.cli(server).args(["--cpf-file", "-"]).stdin(input))
    }

    /// Registers the first CPFs with the tripwire of `cli`: searching for all of them would take long.
    pub fn watched(&self, cli: Cli) -> Cli {
        self.cpfs.iter().take(4).fold(cli, |cli, cpf| cli.personal(cpf))
    }

    /// What the output says of line `number`, counted from 1, when the input is [`Self::input`].
    pub fn row(&self, number: usize) -> Value {
        row(number, &self.cpfs[number - 1])
    }

    /// Asserts that `output` has every line of [`Self::input`] once, each found, in whatever order.
    #[track_caller]
    pub fn all_once(&self, output: &str) {
        let mut seen: HashMap<usize, Value> = HashMap::new();
        for row in rows(output) {
            let number = usize::try_from(row["line"].as_u64().expect("a line number")).expect("a small number");
            assert_eq!(seen.insert(number, row), None, "line {number} is there twice");
        }
        assert_eq!(seen.len(), self.cpfs.len(), "every line is there");
        for number in 1..=self.cpfs.len() {
            assert_eq!(seen[&number], self.row(number));
        }
    }

    /// Asserts that `output` is every line of [`Self::input`], found, in order.
    #[track_caller]
    pub fn all_in_order(&self, output: &str) {
        let expected: Vec<Value> = (1..=self.cpfs.len()).map(|number| self.row(number)).collect();
        assert_eq!(rows(output), expected);
    }
}

/// The row of a CPF that is found.
pub fn row(number: usize, cpf: &str) -> Value {
    json!({ "line": number, "query": { "cpf": cpf }, "status": "found", "participants": [person(cpf)] })
}

/// A participant with this document.
pub fn person(document: &str) -> Value {
    json!({ "segment": { "catalogId": 40599, "name": "Gold" }, "documentNumber": document, "status": "ACTIVE" })
}

/// The lines of an output, each of which must be whole.
#[track_caller]
pub fn rows(output: &str) -> Vec<Value> {
    assert!(output.is_empty() || output.ends_with('\n'), "the last line is whole: {output:?}");
    output.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|e| panic!("JSON ({e}): {line}"))).collect()
}

/// How many tokens were asked for.
pub fn grants(server: &Server) -> usize {
    server.requests().iter().filter(|request| request.path() == TOKEN_PATH).count()
}

/// The lookups so far, in order of arrival.
pub fn lookups(server: &Server) -> Vec<Request> {
    let mut requests = server.requests();
    requests.retain(|request| request.path() == crate::support::lookup::PATH);
    requests
}

/// Asserts success with the summary alone on stderr, and returns stdout.
#[track_caller]
pub fn summed_up(outcome: Outcome, summary: &str) -> String {
    assert_eq!((outcome.code, outcome.stderr.as_str()), (0, format!("note: {summary}\n").as_str()), "{outcome:#?}");
    outcome.stdout
}

/// The answer of an API that finds every participant.
pub fn found(request: &Request) -> Reply {
    let query = request.query();
    let [(_, value)] = query.as_slice() else { panic!("a lookup has one key: {}", request.line()) };
    Reply::json(200, &json!([person(value)]))
}
