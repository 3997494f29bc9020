//! Measures m2m against its budget and prints one table; `docs/speed.md` says how to read it.
//!
//! It starts its own servers, a network with a round-trip time, and homes of users. Figures are counts, and ratios to a
//! reference measured in the same run, because absolute times depend mostly on the machine.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a program that prints a table")]

mod bulk;
mod child;
mod cold;
mod counts;
mod home;
mod program;
mod relay;
mod server;
mod stampede;
mod table;
mod warm;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use tempfile::TempDir;

use crate::home::Home;
use crate::program::Programs;
use crate::server::Servers;
use crate::table::{HEAD, Row};
use crate::warm::Warm;

const USAGE: &str = "usage: benches/run [warm|cold|bulk|stampede|size]... [--build-time]
       benches/run --guard    only counts; fails if one is over its budget
       benches/run --serve    prints the environment of a user and serves until stdin ends, for profiling by hand";

/// The groups of rows, in the order of the table.
const GROUPS: [&str; 5] = ["warm", "cold", "bulk", "stampede", "size"];

/// The servers and folders that all measurements share.
struct Bench {
    /// The repository.
    root: PathBuf,
    scratch: TempDir,
    servers: Servers,
}

impl Bench {
    fn new() -> Result<Self> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().context("the benchmarks are not in a repository")?;
        let scratch = TempDir::with_prefix("m2m-bench-")?;
        let servers = Servers::start(&scratch.path().join("ca.pem"))?;
        Ok(Self { root: root.to_owned(), scratch, servers })
    }

    /// A folder for temporary files.
    fn scratch(&self) -> &Path {
        self.scratch.path()
    }

    /// The authority that signed the servers' certificate.
    fn ca_file(&self) -> PathBuf {
        self.scratch().join("ca.pem")
    }

    fn identity_url(&self) -> String {
        format!("https://localhost:{}", self.servers.identity.port())
    }

    fn api_url(&self) -> String {
        format!("https://127.0.0.1:{}", self.servers.api.port())
    }

    /// A new home whose profile names the servers directly, without the relay.
    fn home_of(&self, m2m: &Path) -> Result<Home> {
        Home::new(m2m, &self.ca_file(), &self.identity_url(), &self.api_url())
    }
}

fn main() -> ExitCode {
    let mut args = std::env::args_os().skip(1).peekable();
    let outcome = if args.next_if(|arg| arg == child::MEASURE).is_some() {
        child::measure(args)
    } else {
        run(&args.map(|arg| arg.to_string_lossy().into_owned()).collect::<Vec<_>>())
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(args: &[String]) -> Result<()> {
    match args.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["--guard"] => guard(&Bench::new()?),
        ["--serve"] => serve(&Bench::new()?),
        ref words if words.iter().all(|word| *word == "--build-time" || GROUPS.contains(word)) => {
            table(&Bench::new()?, words)
        }
        _ => bail!(USAGE),
    }
}

/// Prints the rows of the requested groups, or of all, as they are measured.
fn table(bench: &Bench, words: &[&str]) -> Result<()> {
    let all = !words.iter().any(|word| GROUPS.contains(word));
    let wanted = |group| all || words.contains(&group);
    let Programs { m2m, hello } = Programs::build(&bench.root, bench.scratch(), None)?;
    println!("{HEAD}");
    if wanted("warm") {
        let warm = Warm::new(bench, &m2m, &hello, "warm token", &warm::GLIBC)?;
        print(&warm.counted()?);
        print(&warm.timed()?);
        match program::musl_is_missing() {
            None => {
                let Programs { m2m, hello } = Programs::build(&bench.root, bench.scratch(), Some(program::MUSL))?;
                let warm = Warm::new(bench, &m2m, &hello, "warm token, musl", &warm::MUSL)?;
                print(&warm.counted()?);
                print(&warm.timed()?);
            }
            Some(why) => print(&[Row::info("warm token, musl", format!("not measured: {why}"))]),
        }
    }
    if wanted("cold") {
        print(&cold::rows(bench, &m2m)?);
    }
    if wanted("bulk") {
        print(&bulk::rows(bench, &m2m)?);
    }
    if wanted("stampede") {
        print(&stampede::rows(bench, &m2m)?);
    }
    if wanted("size") {
        print(&[program::size(&m2m)?]);
        print(&program::crates(&bench.root)?);
    }
    if words.contains(&"--build-time") {
        print(&[program::build_time(&bench.root, bench.scratch())?]);
    }
    Ok(())
}

/// Prints the counts, and fails if one is over the limit for CI.
fn guard(bench: &Bench) -> Result<()> {
    let Programs { m2m, hello } = Programs::build(&bench.root, bench.scratch(), None)?;
    let mut rows = Warm::new(bench, &m2m, &hello, "warm token", &warm::GUARD)?.counted()?;
    rows.push(program::size(&m2m)?);
    rows.extend(program::crates(&bench.root)?);
    println!("{HEAD}");
    print(&rows);
    match rows.iter().filter(|row| row.falls_short()).count() {
        0 => Ok(()),
        count => bail!("{count} rows miss the budget; docs/speed.md explains them"),
    }
}

/// Prints the environment in which a user runs m2m with these servers, and serves until stdin ends.
fn serve(bench: &Bench) -> Result<()> {
    let home = bench.home_of(Path::new("m2m"))?;
    for (name, value) in home.m2m(&[]).get_envs() {
        if let Some(value) = value.filter(|_| name != "PATH") {
            println!("export {}={}", name.display(), value.display());
        }
    }
    std::io::copy(&mut std::io::stdin(), &mut std::io::sink())?;
    Ok(())
}

fn print(rows: &[Row]) {
    for row in rows {
        println!("{row}");
    }
}
