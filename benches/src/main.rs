//! Measures m2m against its budget and prints one table; `docs/speed.md` says how to read it.
//!
//! Everything is made here: the servers, a network with a round-trip time, the users' homes. Figures are counts, and ratios
//! to a yardstick of the same run: bare times say more about the machine than about the program.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a program that prints a table")]

mod bulk;
mod child;
mod cold;
mod counts;
mod herd;
mod home;
mod program;
mod relay;
mod server;
mod table;
mod warm;

use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use tempfile::TempDir;

use crate::home::Home;
use crate::program::Programs;
use crate::server::Servers;
use crate::table::{HEAD, Row};
use crate::warm::Warm;

const USAGE: &str = "usage: benches/run [warm|cold|bulk|herd|size]... [--build-time]
       benches/run --guard    only what can be counted; fails where it leaves the budget
       benches/run --serve    serves until stdin ends and prints a user's environment, for profiling by hand";

/// The groups of rows, in the order of the table.
const GROUPS: [&str; 5] = ["warm", "cold", "bulk", "herd", "size"];

/// What goes wrong is told and ends the run.
type Outcome<T> = Result<T, Box<dyn Error>>;

/// What all measurements share.
struct Bench {
    /// The repository.
    root: PathBuf,
    scratch: TempDir,
    servers: Servers,
}

impl Bench {
    fn new() -> Outcome<Self> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().ok_or("the benchmarks are in no repository")?;
        let scratch = TempDir::with_prefix("m2m-bench-")?;
        let servers = Servers::start(&scratch.path().join("ca.pem"))?;
        Ok(Self { root: root.to_owned(), scratch, servers })
    }

    /// A folder for what lies about.
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

    /// A new home whose profile names the servers, with no network between.
    fn home_of(&self, m2m: &Path) -> Outcome<Home> {
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
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(args: &[String]) -> Outcome<()> {
    match args.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["--guard"] => guard(&Bench::new()?),
        ["--serve"] => serve(&Bench::new()?),
        ref words if words.iter().all(|word| *word == "--build-time" || GROUPS.contains(word)) => {
            table(&Bench::new()?, words)
        }
        _ => Err(USAGE.into()),
    }
}

/// Prints the rows of the groups asked for, all of them by default, as they are measured.
fn table(bench: &Bench, words: &[&str]) -> Outcome<()> {
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
            Some(why) => print(&[Row::told("warm token, musl", format!("not measured: {why}"))]),
        }
    }
    if wanted("cold") {
        print(&cold::rows(bench, &m2m)?);
    }
    if wanted("bulk") {
        print(&bulk::rows(bench, &m2m)?);
    }
    if wanted("herd") {
        print(&herd::rows(bench, &m2m)?);
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

/// Prints what can be counted, and fails where it leaves what CI holds.
fn guard(bench: &Bench) -> Outcome<()> {
    let Programs { m2m, hello } = Programs::build(&bench.root, bench.scratch(), None)?;
    let mut rows = Warm::new(bench, &m2m, &hello, "warm token", &warm::HELD)?.counted()?;
    rows.push(program::size(&m2m)?);
    rows.extend(program::crates(&bench.root)?);
    println!("{HEAD}");
    print(&rows);
    match rows.iter().filter(|row| row.falls_short()).count() {
        0 => Ok(()),
        count => Err(format!("{count} of the budget's rows fall short; docs/speed.md says what they mean").into()),
    }
}

/// Serves until stdin ends, and says with which environment a user of these servers runs m2m.
fn serve(bench: &Bench) -> Outcome<()> {
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
