//! A warm `m2m token`: config with five profiles, token of 1.4 KB in the cache. Most of its cost can be counted.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};

use crate::Bench;
use crate::child::{measured, p10, wall};
use crate::counts::{instructions, system_calls};
use crate::home::Home;
use crate::table::{Row, megabytes};

/// Runs per wall time, in turn with the reference.
const RUNS: usize = 300;

/// The limits of a build target.
pub(crate) struct Budget {
    /// Instructions: in addition to a Rust hello, or in all.
    instructions: u64,
    above_hello: bool,
    system_calls: usize,
    /// Wall time relative to `LC_ALL=C cat` of the entry.
    wall: f64,
}

/// For a binary that is linked to glibc.
pub(crate) const GLIBC: Budget = Budget { instructions: 400_000, above_hello: true, system_calls: 80, wall: 1.9 };
/// The limits for CI: the budget, or the present figure if that is over the budget, so that it cannot get worse unnoticed.
pub(crate) const GUARD: Budget = Budget { instructions: 580_000, ..GLIBC };
/// For a static one with musl.
pub(crate) const MUSL: Budget = Budget { instructions: 380_000, above_hello: false, system_calls: 40, wall: 0.9 };

/// Limit of files of the user that a cache hit opens: the config, the key that names entries are made with, the entry.
const FILES: usize = 3;

/// A home with a token in its cache, from a real token request.
pub(crate) struct Warm<'a> {
    bench: &'a Bench,
    home: Home,
    name: &'static str,
    hello: &'a Path,
    budget: &'static Budget,
}

impl<'a> Warm<'a> {
    pub(crate) fn new(
        bench: &'a Bench,
        m2m: &Path,
        hello: &'a Path,
        name: &'static str,
        budget: &'static Budget,
    ) -> Result<Self> {
        let home = bench.home_of(m2m)?;
        let warm = Self { bench, home, name, hello, budget };
        wall(&mut warm.command())?;
        Ok(warm)
    }

    fn command(&self) -> Command {
        self.home.m2m(&["token"])
    }

    fn what(&self, what: &str) -> String {
        format!("{}: {what}", self.name)
    }

    /// The rows that do not depend on the load of the machine; the guard checks them.
    pub(crate) fn counted(&self) -> Result<Vec<Row>> {
        let scratch = self.bench.scratch();
        let hello = instructions(&self.home.command(self.hello), scratch)?;
        let all = instructions(&self.command(), scratch)?;
        let calls = system_calls(&self.command(), scratch)?;
        let cat = system_calls(&self.cat()?, scratch)?.count();
        let Budget { instructions, above_hello, system_calls, .. } = *self.budget;
        let (figure, which) =
            if above_hello { (all.saturating_sub(hello), "above a Rust hello") } else { (all, "in all") };
        let files = calls.opened(Some(self.home.path()));
        let threads = calls.started();
        Ok(vec![
            Row::with_target(
                self.what("instructions"),
                format!("<= {} {which}", thousands(instructions)),
                thousands(figure),
                figure <= instructions,
            )
            .compared_with(format!("hello {}, m2m {} in all", thousands(hello), thousands(all))),
            Row::with_target(
                self.what("system calls"),
                format!("<= {system_calls}"),
                calls.count().to_string(),
                calls.count() <= system_calls,
            )
            .compared_with(format!("cat {cat}")),
            Row::with_target(
                self.what("files of the user opened"),
                format!("<= {FILES}"),
                files.to_string(),
                files <= FILES,
            )
            .compared_with(format!("{} with the loader's and the system's", calls.opened(None))),
            Row::with_target(self.what("threads and processes started"), "0", threads.to_string(), threads == 0),
        ])
    }

    /// The rows that do.
    pub(crate) fn timed(&self) -> Result<Vec<Row>> {
        let output = self.bench.scratch().join("out");
        let peak = measured(&self.command(), &output)?.peak_kib;
        let cat_peak = measured(&self.cat()?, &output)?.peak_kib;
        let (mut m2m, mut cat, mut hello) = (Vec::new(), Vec::new(), Vec::new());
        for _ in 0..RUNS {
            m2m.push(wall(&mut self.command())?);
            cat.push(wall(&mut self.cat()?)?);
            hello.push(wall(&mut self.home.command(self.hello))?);
        }
        let [m2m, cat, hello] = [m2m, cat, hello].map(|walls| p10(walls).as_secs_f64());
        let ratio = m2m / cat;
        Ok(vec![
            Row::info(self.what("peak memory"), megabytes(peak)).compared_with(format!("cat {}", megabytes(cat_peak))),
            Row::with_target(
                self.what("wall, p10"),
                format!("<= {:.1} x cat", self.budget.wall),
                format!("{ratio:.2} x cat"),
                ratio <= self.budget.wall,
            )
            .compared_with(format!("cat {:.0} us, hello {:.2} x", cat * 1e6, hello / cat)),
        ])
    }

    /// `cat` of the cache entry.
    fn cat(&self) -> Result<Command> {
        let mut entries = std::fs::read_dir(self.home.cache().join("tokens"))?.flatten().map(|entry| entry.path());
        let entry =
            entries.find(|path| path.extension().is_some_and(|e| e == "json")).context("no entry was written")?;
        let mut cat = self.home.command("cat");
        cat.arg(entry);
        Ok(cat)
    }
}

fn thousands(count: u64) -> String {
    format!("{} k", (count + 500) / 1000)
}
