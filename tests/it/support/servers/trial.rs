//! One trial that is run at every server in `tests/servers`: the command, the expected exit code, and the result.

use std::fmt::Write as _;

use serde_json::Value;

use crate::support::servers::process::{self, Server};
use crate::support::servers::run::{M2m, Run};

/// A server, and where its package comes from.
pub struct RealServer {
    pub registry: &'static str,
    pub start: fn() -> Option<&'static Server>,
}

pub const SERVERS: [RealServer; 4] = [
    RealServer { registry: "npm", start: process::oidc_provider },
    RealServer { registry: "npm", start: process::oauth2_mock_server },
    RealServer { registry: "PyPI", start: process::django_oauth_toolkit },
    RealServer { registry: "PyPI", start: process::authlib },
];

/// What is tried, and how it must end at each of [`SERVERS`].
pub struct Trial {
    /// Its row in the table.
    pub name: &'static str,
    /// `None` where the server has no such thing.
    pub exits: [Option<i32>; SERVERS.len()],
    pub run: fn(&Server) -> M2m,
    /// What a success showed.
    pub found: fn(&Server, &Run) -> String,
}

/// The result of a trial at one server.
pub struct Outcome {
    /// What stands in the table.
    pub cell: String,
    /// Why it did not hold.
    pub fault: Option<String>,
}

impl Trial {
    pub fn try_at(&self, server: &Server, expected: i32) -> Outcome {
        let run = (self.run)(server).args(&["--error-format", "json"]).run();
        let exit = run.exit.unwrap_or(-1);
        let cell = if exit == 0 { (self.found)(server, &run) } else { refusal(&run, exit) };
        let fault = (exit != expected)
            .then(|| format!("exit {exit} instead of {expected}: {}{}", run.stdout, run.stderr))
            .or_else(|| unhelpful(&run, exit));
        Outcome { cell, fault }
    }
}

/// The error of a run with `--error-format json`.
fn error(run: &Run) -> Option<Value> {
    let report: Value = serde_json::from_str(run.stderr.lines().last()?).ok()?;
    Some(report["error"].clone())
}

/// What the server answered, and what `m2m` made of it.
fn refusal(run: &Run, exit: i32) -> String {
    let error = error(run).unwrap_or_default();
    let mut cell = String::new();
    if let Some(status) = error["http_status"].as_u64() {
        write!(cell, "{status} ").unwrap();
    }
    if let Some(code) = error["oauth_error"].as_str() {
        write!(cell, "`{code}` ").unwrap();
    }
    cell + &format!("→ exit {exit}")
}

/// A refusal leaves stdout empty, and says what to try.
fn unhelpful(run: &Run, exit: i32) -> Option<String> {
    let error = (exit == 3 || exit == 4).then(|| error(run).unwrap_or_default())?;
    let hints = error["hints"].as_array().map_or(0, Vec::len);
    (hints == 0 || !run.stdout.is_empty()).then(|| format!("no help: {}{}", run.stdout, run.stderr))
}
