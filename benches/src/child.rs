//! Runs programs and measures what they use. What is run, and the targets, are in the files of the groups.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use nix::sys::resource::{UsageWho, getrusage};

/// The argument that turns this program into the measuring parent of another one.
pub(crate) const MEASURE: &str = "--measure";

/// What one run of a program used.
#[derive(Clone, Copy)]
pub(crate) struct Usage {
    pub(crate) wall: Duration,
    pub(crate) cpu: Duration,
    pub(crate) peak_kib: u64,
}

/// Runs a command whose output goes to `output`, and measures it. A separate process runs the command,
/// because the operating system reports the sum over all children of a process.
pub(crate) fn measured(command: &Command, output: &Path) -> Result<Usage> {
    let report = output.with_extension("usage");
    let mut parent = Command::new(std::env::current_exe()?);
    parent.arg(MEASURE).arg(&report).arg(command.get_program()).args(command.get_args());
    copy_env(&mut parent, command);
    let status = parent.stdin(Stdio::null()).stdout(File::create(output)?).status()?;
    if !status.success() {
        bail!("{command:?} failed: {status}");
    }
    let text = fs::read_to_string(&report)?;
    let mut numbers = text.split_whitespace().map(str::parse);
    let mut next = || anyhow::Ok(numbers.next().context("a measurement is incomplete")??);
    Ok(Usage { wall: Duration::from_micros(next()?), cpu: Duration::from_micros(next()?), peak_kib: next()? })
}

/// The measuring parent: runs the program that the arguments name, and writes its usage to a file.
pub(crate) fn measure(mut args: impl Iterator<Item = std::ffi::OsString>) -> Result<()> {
    let report = args.next().context("no file for the measurement")?;
    let program = args.next().context("no program to measure")?;
    let started = Instant::now();
    let status = Command::new(program).args(args).status()?;
    let wall = started.elapsed();
    let used = getrusage(UsageWho::RUSAGE_CHILDREN)?;
    let micros = |time: nix::sys::time::TimeVal| time.tv_sec() * 1_000_000 + time.tv_usec();
    let cpu = micros(used.user_time()) + micros(used.system_time());
    fs::write(report, format!("{} {cpu} {}\n", wall.as_micros(), used.max_rss()))?;
    if status.success() { Ok(()) } else { bail!("the program failed: {status}") }
}

/// The wall time of a command whose output is read through a pipe, as by a script.
pub(crate) fn wall(command: &mut Command) -> Result<Duration> {
    let started = Instant::now();
    let output = command.stdin(Stdio::null()).output()?;
    let wall = started.elapsed();
    if !output.status.success() {
        bail!("{command:?} failed: {}", String::from_utf8_lossy(&output.stderr));
    }
    Ok(wall)
}

/// The output of a command that must succeed.
pub(crate) fn output(command: &mut Command) -> Result<String> {
    let output = command.stdin(Stdio::null()).output().with_context(|| format!("cannot run {command:?}"))?;
    if !output.status.success() {
        bail!("{command:?} failed: {}", String::from_utf8_lossy(&output.stderr));
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// A command around another one, with its environment: `valgrind .. CMD..`.
pub(crate) fn wrapped(wrapper: &[&OsStr], command: &Command) -> Command {
    let mut outer = Command::new(wrapper[0]);
    outer.args(&wrapper[1..]).arg(command.get_program()).args(command.get_args());
    copy_env(&mut outer, command);
    outer
}

fn copy_env(outer: &mut Command, command: &Command) {
    outer.env_clear().envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
}

/// The tenth percentile: the time on a machine without other load.
pub(crate) fn p10(mut sample: Vec<Duration>) -> Duration {
    sample.sort();
    sample.get(sample.len() / 10).copied().unwrap_or_default()
}
