//! Fifty cold processes at once, as when a fleet of jobs starts: one asks the server, the others wait for its token.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::child::{p10, wall};
use crate::cold::ROUND_TRIP;
use crate::home::Home;
use crate::table::Row;
use crate::{Bench, Outcome, relay};

const PROCESSES: usize = 50;
const RUNS: usize = 5;
/// Wall against one process, once the start-up of all is taken off.
const OF_ONE: f64 = 1.5;

/// The rows of the herd.
pub(crate) fn rows(bench: &Bench, m2m: &Path) -> Outcome<Vec<Row>> {
    let identity = format!("https://localhost:{}", relay::start(bench.servers.identity, ROUND_TRIP)?.port());
    let home = Home::new(m2m, &bench.ca_file(), &identity, &bench.api_url())?;
    let mut one = Vec::new();
    for _ in 0..RUNS * 2 {
        home.forget(true)?;
        one.push(wall(&mut home.m2m(&["token"]))?);
    }
    let one = p10(one);
    // Their tokens are in the cache: what is left is starting and ending.
    let start_up = p10((0..RUNS).map(|_| at_once(&home, 1)).collect::<Outcome<Vec<Duration>>>()?);
    let limit = one.mul_f64(OF_ONE) + start_up;

    let mut rows = Vec::new();
    for (keys, name) in [(1, "one key"), (10, "ten keys")] {
        let (mut walls, mut most) = (Vec::new(), 0);
        for _ in 0..RUNS {
            home.forget(true)?;
            let before = bench.servers.counts();
            walls.push(at_once(&home, keys)?);
            most = most.max(bench.servers.counts().since(before).tokens);
        }
        let wall = p10(walls);
        let what = |what: &str| format!("{PROCESSES} cold processes, {name}: {what}");
        rows.push(Row::held(what("token requests"), keys.to_string(), most.to_string(), most == keys as u64));
        let of_one = |wall: Duration| wall.as_secs_f64() / one.as_secs_f64();
        rows.push(
            Row::held(
                what("wall"),
                format!("<= {OF_ONE} x one process + start-up"),
                format!("{:.2} x one process", of_one(wall)),
                wall <= limit,
            )
            .beside(format!("start-up of {PROCESSES}: {:.2} x one process", of_one(start_up))),
        );
    }
    Ok(rows)
}

/// Starts all processes, which share `keys` cache entries, and waits for all.
fn at_once(home: &Home, keys: usize) -> Outcome<Duration> {
    let started = Instant::now();
    let children = (0..PROCESSES)
        .map(|n| token(home, n % keys).stdin(Stdio::null()).stdout(Stdio::null()).spawn())
        .collect::<Result<Vec<_>, _>>()?;
    for mut child in children {
        if !child.wait()?.success() {
            return Err("one of the processes failed".into());
        }
    }
    Ok(started.elapsed())
}

/// `m2m token` with the cache entry of this number.
fn token(home: &Home, key: usize) -> Command {
    match key {
        0 => home.m2m(&["token"]),
        _ => home.m2m(&["token", "--scope", &format!("scope.{key}")]),
    }
}
