//! A cache stampede: fifty processes start at once with a cold cache. One requests a token, the others wait for it.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Result, bail};

use crate::child::{p10, wall};
use crate::cold::ROUND_TRIP;
use crate::home::Home;
use crate::table::Row;
use crate::{Bench, relay};

const PROCESSES: usize = 50;
const RUNS: usize = 5;
/// Wall time relative to one process, without the start-up of all.
const OF_ONE: f64 = 1.5;

/// The rows of this group.
pub(crate) fn rows(bench: &Bench, m2m: &Path) -> Result<Vec<Row>> {
    let identity = format!("https://localhost:{}", relay::start(bench.servers.identity, ROUND_TRIP)?.port());
    let home = Home::new(m2m, &bench.ca_file(), &identity, &bench.api_url())?;
    let mut one = Vec::new();
    for _ in 0..RUNS * 2 {
        home.forget(true)?;
        one.push(wall(&mut home.m2m(&["token"]))?);
    }
    let one = p10(one);
    // The tokens are in the cache: only starting and ending is left.
    let start_up = p10((0..RUNS).map(|_| at_once(&home, 1)).collect::<Result<Vec<Duration>>>()?);
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
        rows.push(Row::with_target(what("token requests"), keys.to_string(), most.to_string(), most == keys as u64));
        let of_one = |wall: Duration| wall.as_secs_f64() / one.as_secs_f64();
        rows.push(
            Row::with_target(
                what("wall"),
                format!("<= {OF_ONE} x one process + start-up"),
                format!("{:.2} x one process", of_one(wall)),
                wall <= limit,
            )
            .compared_with(format!("start-up of {PROCESSES}: {:.2} x one process", of_one(start_up))),
        );
    }
    Ok(rows)
}

/// Starts all processes, which share `keys` cache entries, and waits for all.
fn at_once(home: &Home, keys: usize) -> Result<Duration> {
    let started = Instant::now();
    let children = (0..PROCESSES)
        .map(|n| token(home, n % keys).stdin(Stdio::null()).stdout(Stdio::null()).spawn())
        .collect::<Result<Vec<_>, _>>()?;
    for mut child in children {
        if !child.wait()?.success() {
            bail!("one of the processes failed");
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
