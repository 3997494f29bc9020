//! `m2m participant --login-file`: many lookups over TLS, with the server on this machine, where CPU time is the limit, and
//! 50 ms away, where the number of lookups in flight is.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, bail};

use crate::child::{self, Usage, measured, wall};
use crate::cold::ROUND_TRIP;
use crate::home::Home;
use crate::server::access_token;
use crate::table::{Row, megabytes};
use crate::{Bench, relay};

/// Lookups in flight.
const CONCURRENCIES: [usize; 3] = [8, 32, 64];
/// The concurrency that has targets.
const USUAL: usize = 32;
/// Few lookups and many; curl makes the few.
const FEW: usize = 10_000;
const MANY: usize = 100_000;
/// Lookups with the server far away.
const FAR: usize = 2_000;
/// Runs per measurement. The best is reported: other load on the machine can only make it worse.
const RUNS: usize = 3;

/// CPU time per request, in microseconds.
const CPU_MICROS: f64 = 16.0;
/// Peak memory, and the factor by which ten times the lines can raise it.
const PEAK_KIB: u64 = 10_000_000 / 1024;
const GROWTH: f64 = 1.1;
/// Requests per second with the server far away, relative to the possible round trips.
const OF_IDEAL: f64 = 0.85;

/// The rows of the bulk lookup.
pub(crate) fn rows(bench: &Bench, m2m: &Path) -> Result<Vec<Row>> {
    let home = bench.home_of(m2m)?;
    let far = Home::new(
        m2m,
        &bench.ca_file(),
        &bench.identity_url(),
        &format!("https://127.0.0.1:{}", relay::start(bench.servers.api, ROUND_TRIP)?.port()),
    )?;
    for home in [&home, &far] {
        wall(&mut home.m2m(&["token"]))?;
    }
    let mut rows = Vec::new();
    for concurrency in CONCURRENCIES {
        let few = Load { count: FEW, concurrency }.best(bench, &home)?;
        let many = Load { count: MANY, concurrency }.best(bench, &home)?;
        let curl = curl(bench, &home, concurrency)?;
        let wrk = wrk(bench, &home, concurrency)?;
        let what = |what: &str| format!("bulk, {concurrency} in flight: {what}");
        let both = |show: &dyn Fn(Usage, usize) -> String| format!("{}; {}", show(few, FEW), show(many, MANY));
        let rate = Row::info(what("requests/s, 10^4; 10^5 lines"), both(&|usage, n| format!("{:.0}", rate(usage, n))));
        rows.push(rate.compared_with(format!("curl --parallel {:.0}{wrk}", self::rate(curl, FEW))));
        let cpu = both(&|usage, n| format!("{:.1} us", cpu_micros(usage, n)));
        let peak = both(&|usage, _| megabytes(usage.peak_kib));
        let growth = many.peak_kib as f64 / few.peak_kib as f64;
        let [cpu, peak] = if concurrency == USUAL {
            [
                Row::with_target(
                    what("CPU per request"),
                    format!("<= {CPU_MICROS} us"),
                    cpu,
                    cpu_micros(few, FEW).max(cpu_micros(many, MANY)) <= CPU_MICROS,
                ),
                Row::with_target(
                    what("peak memory"),
                    "<= 10 MB, 10^5 lines within 10 % of 10^4",
                    peak,
                    few.peak_kib.max(many.peak_kib) <= PEAK_KIB && growth <= GROWTH,
                ),
            ]
        } else {
            [Row::info(what("CPU per request"), cpu), Row::info(what("peak memory"), peak)]
        };
        rows.push(cpu.compared_with(format!("curl {:.1} us", cpu_micros(curl, FEW))));
        rows.push(peak.compared_with(format!("curl {}", megabytes(curl.peak_kib))));
    }
    for concurrency in CONCURRENCIES {
        let ideal = concurrency as f64 / ROUND_TRIP.as_secs_f64();
        let reached = rate(Load { count: FAR, concurrency }.run(bench, &far)?, FAR);
        let what = format!("bulk, {concurrency} in flight, 50 ms away: requests/s of N/RTT");
        let figure = format!("{:.2}", reached / ideal);
        let row = if concurrency == USUAL {
            Row::with_target(what, format!(">= {OF_IDEAL}"), figure, reached / ideal >= OF_IDEAL)
        } else {
            Row::info(what, figure)
        };
        rows.push(row.compared_with(format!("{reached:.0} of {ideal:.0}")));
    }
    Ok(rows)
}

fn rate(usage: Usage, count: usize) -> f64 {
    count as f64 / usage.wall.as_secs_f64()
}

fn cpu_micros(usage: Usage, count: usize) -> f64 {
    usage.cpu.as_secs_f64() * 1e6 / count as f64
}

/// The number of lookups, and how many are in flight.
struct Load {
    count: usize,
    concurrency: usize,
}

impl Load {
    /// The lowest of each figure over some runs.
    fn best(&self, bench: &Bench, home: &Home) -> Result<Usage> {
        let runs = (0..RUNS).map(|_| self.run(bench, home)).collect::<Result<Vec<Usage>>>()?;
        let least = |pick: fn(&Usage) -> Duration| runs.iter().map(pick).min().unwrap_or_default();
        let peak_kib = runs.iter().map(|usage| usage.peak_kib).min().unwrap_or_default();
        Ok(Usage { wall: least(|usage| usage.wall), cpu: least(|usage| usage.cpu), peak_kib })
    }

    fn run(&self, bench: &Bench, home: &Home) -> Result<Usage> {
        let (input, output) = (bench.scratch().join("logins"), bench.scratch().join("found.ndjson"));
        fs::write(&input, (0..self.count).map(|n| format!("participant.{n}\n")).collect::<String>())?;
        let concurrency = self.concurrency.to_string();
        let lookup =
            home.m2m(&["participant", "-q", "--concurrency", &concurrency, "--login-file", &input.to_string_lossy()]);
        let usage = measured(&lookup, &output)?;
        let found = fs::read_to_string(&output)?.lines().filter(|line| line.contains("\"status\":\"found\"")).count();
        if found == self.count { Ok(usage) } else { bail!("{found} of {} lines were found", self.count) }
    }
}

/// The same lookups by one curl, which discards the answers.
fn curl(bench: &Bench, home: &Home, concurrency: usize) -> Result<Usage> {
    let config: PathBuf = bench.scratch().join("curl.config");
    let url = format!("{}/v1/participants?login=participant.", bench.api_url());
    let lines = (0..FEW).map(|n| format!("url = \"{url}{n}\"\noutput = /dev/null\n")).collect::<String>();
    fs::write(&config, format!("header = \"Authorization: Bearer {}\"\n{lines}", access_token()))?;
    let mut command = home.command("curl");
    command.args([
        "-sS",
        "--no-progress-meter",
        "--fail",
        "--parallel",
        "--parallel-max",
        &concurrency.to_string(),
        "--cacert",
    ]);
    command.arg(bench.ca_file()).arg("--config").arg(&config);
    measured(&command, &bench.scratch().join("curl.out"))
}

/// The rate of wrk, if it is installed.
fn wrk(bench: &Bench, home: &Home, concurrency: usize) -> Result<String> {
    let installed = Command::new("wrk").arg("-v").output().is_ok();
    if !installed {
        return Ok("; wrk is not installed".into());
    }
    let mut command = home.command("wrk");
    command.args(["-t", "1", "-c", &concurrency.to_string(), "-d", "3s", "-H"]);
    command.arg(format!("Authorization: Bearer {}", access_token()));
    command.arg(format!("{}/v1/participants?login=participant.1", bench.api_url()));
    let report = child::output(&mut command)?;
    let rate = report.lines().find_map(|line| line.trim().strip_prefix("Requests/sec:"));
    Ok(format!("; wrk {:.0}", rate.context("wrk reported no rate")?.trim().parse::<f64>()?))
}
