//! The results of the trials at the servers in `tests/servers`: `docs/servers.md`, and a summary for the terminal.

use std::fmt::Write as _;

use crate::support::servers::trial::{Outcome, SERVERS, Trial};

/// The outcomes at one server, in the order of the trials; `None` for what it lacks.
pub type Outcomes = [Option<Outcome>];

/// `docs/servers.md`, whole.
pub fn table(trials: &[Trial], all: &[&Outcomes]) -> String {
    let servers: Vec<_> = SERVERS.iter().map(|server| (server.registry, (server.start)().unwrap())).collect();
    let mut text = "# Servers that m2m is tested against\n\n\
        <!-- Written by `tests/servers/table` from a run. A test fails when a run says something else. -->\n\n\
        Each is started on loopback by a script of [tests/servers](../tests/servers), with its usual settings and secrets made for the run.\n\
        A cell says what came: a token, or the status and the error code of the server with the exit code that m2m made of it. A dash is what the server was not set up for.\n\
        \"Special characters\" are in the secret: all the punctuation of ASCII, and sequences such as `%41`. oauth2-mock-server checks nothing about the client.\n\n"
        .to_owned();
    let mut row = |cells: Vec<String>| writeln!(text, "| {} |", cells.join(" | ")).unwrap();
    let line = |first: &str, cell: &dyn Fn(usize) -> String| {
        [first.to_owned()].into_iter().chain((0..SERVERS.len()).map(cell)).collect::<Vec<_>>()
    };
    row(line("", &|place| servers[place].1.text("/name").to_owned()));
    row(line("---", &|_| "---".to_owned()));
    row(line("version", &|place| format!("{} ({})", servers[place].1.text("/version"), servers[place].0)));
    for (number, trial) in trials.iter().enumerate() {
        row(line(trial.name, &|place| {
            all[place][number].as_ref().map_or_else(|| "-".to_owned(), |it| it.cell.clone())
        }));
    }
    text
}

/// What was tried, and what held.
pub fn summary(trials: &[Trial], all: &[&Outcomes]) -> String {
    let mut text = String::new();
    let (mut all_tried, mut all_held) = (0, 0);
    for (server, outcomes) in SERVERS.iter().zip(all) {
        let server = (server.start)().unwrap();
        let tried = outcomes.iter().flatten().count();
        let held = outcomes.iter().flatten().filter(|outcome| outcome.fault.is_none()).count();
        (all_tried, all_held) = (all_tried + tried, all_held + held);
        let name = format!("{} {}", server.text("/name"), server.text("/version"));
        writeln!(text, "\n{name}: {tried} tried, {held} held").unwrap();
        for (trial, outcome) in trials.iter().zip(*outcomes) {
            let Some(Outcome { cell, fault }) = outcome else { continue };
            let mark = if fault.is_some() { "FAIL" } else { "ok" };
            writeln!(text, "  {mark:4}  {:40}  {cell}", trial.name).unwrap();
            if let Some(fault) = fault {
                writeln!(text, "        {}", fault.trim_end()).unwrap();
            }
        }
    }
    writeln!(text, "\n{} servers: {all_tried} tried, {all_held} held", all.len()).unwrap();
    text
}
