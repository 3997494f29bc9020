//! The JSON report, for scripts: its members and their order are a contract.

use serde::Serialize;

use crate::check::report::{Check, Report};

/// The JSON of the contract, in its order.
#[derive(Serialize)]
struct Document<'a> {
    ok: bool,
    profiles: Vec<Profile<'a>>,
}

#[derive(Serialize)]
struct Profile<'a> {
    profile: &'a str,
    ok: bool,
    checks: Vec<Row>,
}

#[derive(Serialize)]
struct Row {
    id: &'static str,
    status: &'static str,
    message: String,
    hint: Option<String>,
    ms: u128,
}

/// The JSON of the contract, on one line.
pub fn json(reports: &[Report]) -> String {
    let row = |check: &Check| Row {
        id: check.id,
        status: check.status.word(),
        message: check.finding(),
        hint: check.hint(),
        ms: check.took.as_millis(),
    };
    let profiles: Vec<Profile<'_>> = reports
        .iter()
        .map(|report| Profile {
            profile: &report.profile,
            ok: report.is_ok(),
            checks: report.checks.iter().map(row).collect(),
        })
        .collect();
    let document = Document { ok: profiles.iter().all(|profile| profile.ok), profiles };
    format!("{}\n", serde_json::to_string(&document).unwrap_or_default())
}
