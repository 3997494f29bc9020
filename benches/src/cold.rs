//! A cold `m2m participant`, with token server and API on two hosts 50 ms away. Round trips are the limit; wall time divided
//! by the round-trip time counts them.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::Result;

use crate::child::{Usage, measured, p10};
use crate::home::Home;
use crate::server::{Counts, access_token};
use crate::table::Row;
use crate::{Bench, relay};

/// The round-trip time of the network.
pub(crate) const ROUND_TRIP: Duration = Duration::from_millis(50);
/// Runs per measurement, in turn.
const RUNS: usize = 15;
/// The limit of CPU time of a lookup.
const CPU: Duration = Duration::from_millis(5);
/// Wall time relative to three curls.
const OF_THREE_CURLS: f64 = 0.55;

/// What is cached before a run, and how many round trips are left.
const CACHE_STATES: [(&str, bool, bool, u32); 3] =
    [("nothing cached", false, false, 5), ("metadata on disk", true, false, 4), ("token cached", true, true, 3)];

/// The runs of one way to look a participant up.
#[derive(Default)]
struct Sample {
    walls: Vec<Duration>,
    cpus: Vec<Duration>,
    reached: Counts,
}

impl Sample {
    fn add(&mut self, usages: &[Usage], reached: Counts) {
        self.walls.push(usages.iter().map(|usage| usage.wall).sum());
        self.cpus.push(usages.iter().map(|usage| usage.cpu).sum());
        self.reached = reached;
    }

    fn wall(&self) -> Duration {
        p10(self.walls.clone())
    }

    fn cpu(&self) -> Duration {
        p10(self.cpus.clone())
    }

    /// Whole round trips: all time that is not CPU time is waiting.
    fn round_trips(&self) -> u32 {
        (self.wall().saturating_sub(self.cpu()).as_secs_f64() / ROUND_TRIP.as_secs_f64()).round() as u32
    }

    fn describe(&self) -> String {
        format!(
            "{} ({:.0} ms, CPU {:.1} ms, {} connections, {} requests)",
            self.round_trips(),
            self.wall().as_secs_f64() * 1e3,
            self.cpu().as_secs_f64() * 1e3,
            self.reached.connections,
            self.reached.requests()
        )
    }
}

/// The rows of the cold lookup.
pub(crate) fn rows(bench: &Bench, m2m: &Path) -> Result<Vec<Row>> {
    let identity = format!("https://localhost:{}", relay::start(bench.servers.identity, ROUND_TRIP)?.port());
    let api = format!("https://127.0.0.1:{}", relay::start(bench.servers.api, ROUND_TRIP)?.port());
    let home = Home::new(m2m, &bench.ca_file(), &identity, &api)?;
    let curls = Curls::new(bench, &home, &identity, &api)?;
    let lookup = home.m2m(&["participant", "--login", "ana.souza"]);
    let output = bench.scratch().join("out");

    let mut samples: [Sample; CACHE_STATES.len()] = Default::default();
    let (mut three, mut one) = (Sample::default(), Sample::default());
    for _ in 0..RUNS {
        for (sample, (_, metadata, token, _)) in samples.iter_mut().zip(CACHE_STATES) {
            if !token {
                home.forget(!metadata)?;
            }
            let before = bench.servers.counts();
            let usage = measured(&lookup, &output)?;
            sample.add(&[usage], bench.servers.counts().since(before));
        }
        for (sample, commands) in [(&mut three, &curls.three[..]), (&mut one, &curls.one[..])] {
            let before = bench.servers.counts();
            let usages: Vec<Usage> = commands.iter().map(|curl| measured(curl, &output)).collect::<Result<_>>()?;
            sample.add(&usages, bench.servers.counts().since(before));
        }
    }

    let yardstick = format!("3 curls {}; curl --next {}", three.describe(), one.describe());
    let mut rows = Vec::new();
    for (sample, (start, _, _, target)) in samples.iter().zip(CACHE_STATES) {
        let met = sample.round_trips() <= target;
        let row =
            Row::with_target(format!("cold lookup, {start}: round trips"), format!("{target}"), sample.describe(), met);
        rows.push(if target == 5 { row.compared_with(&yardstick) } else { row });
    }
    let cold = &samples[0];
    let worst = samples.iter().map(Sample::cpu).max().unwrap_or_default();
    rows.push(
        Row::with_target(
            "cold lookup: highest CPU time",
            format!("<= {} ms", CPU.as_millis()),
            format!("{:.1} ms", worst.as_secs_f64() * 1e3),
            worst <= CPU,
        )
        .compared_with(format!("3 curls {:.1} ms", three.cpu().as_secs_f64() * 1e3)),
    );
    let ratio = cold.wall().as_secs_f64() / three.wall().as_secs_f64();
    rows.push(Row::with_target(
        "cold lookup, nothing cached: wall",
        format!("<= {OF_THREE_CURLS} x 3 curls"),
        format!("{ratio:.2} x"),
        ratio <= OF_THREE_CURLS,
    ));
    Ok(rows)
}

/// The same without m2m: metadata, token and lookup by curl, in three processes or in one.
struct Curls {
    three: Vec<Command>,
    one: Vec<Command>,
}

impl Curls {
    fn new(bench: &Bench, home: &Home, identity: &str, api: &str) -> Result<Self> {
        let bearer: PathBuf = bench.scratch().join("bearer");
        std::fs::write(&bearer, format!("Authorization: Bearer {}\n", access_token()))?;
        let bearer = format!("@{}", bearer.display());
        let steps: [&[&str]; 3] = [
            &[&format!("{identity}/.well-known/openid-configuration")],
            &["-u", "client:not-a-secret", "-d", "grant_type=client_credentials", &format!("{identity}/oauth2/token")],
            &["-H", &bearer, &format!("{api}/v1/participants?login=ana.souza")],
        ];
        let ca_file = bench.ca_file();
        let common = ["-sS", "--fail", "--cacert", &ca_file.to_string_lossy()].map(str::to_owned);
        let curl = || home.command("curl");
        let three = steps.iter().map(|step| {
            let mut command = curl();
            command.args(&common).args(*step);
            command
        });
        let mut one = curl();
        for (at, step) in steps.iter().enumerate() {
            one.args((at > 0).then_some("--next")).args(&common).args(*step);
        }
        Ok(Self { three: three.collect(), one: vec![one] })
    }
}
