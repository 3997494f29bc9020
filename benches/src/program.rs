//! The programs that are measured: m2m as it is released, and a Rust hello, whose cost every Rust program has.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use anyhow::{Result, bail};

use crate::child;
use crate::table::Row;

/// The release profile of m2m, as flags for the hello.
const PROFILE: [&str; 10] =
    ["-C", "opt-level=2", "-C", "lto=fat", "-C", "codegen-units=1", "-C", "panic=abort", "-C", "strip=symbols"];
/// In bytes.
const SIZE: u64 = 5_500_000;
const CRATES: usize = 130;
/// Other TLS libraries: each costs every cold process tens of milliseconds.
const BANNED: [&str; 5] = ["aws-lc-rs", "aws-lc-sys", "native-tls", "openssl", "openssl-sys"];
/// The target of a static build, and the compiler that its C and assembly need.
pub(crate) const MUSL: &str = "x86_64-unknown-linux-musl";
const MUSL_LINKER: &str = "musl-gcc";

/// The two programs, for the host or for another target.
pub(crate) struct Programs {
    pub(crate) m2m: PathBuf,
    pub(crate) hello: PathBuf,
}

impl Programs {
    /// Builds both.
    pub(crate) fn build(root: &Path, scratch: &Path, target: Option<&str>) -> Result<Self> {
        let target_dir = root.join("target");
        run(build_command(root, &target_dir).args(flag(target)))?;
        let source = scratch.join("hello.rs");
        fs::write(&source, "fn main() {\n    println!(\"hello\");\n}\n")?;
        let hello = scratch.join(format!("hello-{}", target.unwrap_or("host")));
        run(Command::new("rustc")
            .args(["--edition", "2024"])
            .args(PROFILE)
            .args(flag(target))
            .arg(&source)
            .arg("-o")
            .arg(&hello))?;
        Ok(Self { m2m: target_dir.join(target.unwrap_or_default()).join("release/m2m"), hello })
    }
}

/// Whether the musl target can be built here; if not, why.
pub(crate) fn musl_is_missing() -> Option<String> {
    let linker = Command::new(MUSL_LINKER).arg("--version").output().is_ok();
    let library = child::output(Command::new("rustc").args(["--print", "target-libdir", "--target", MUSL]));
    let target = library.is_ok_and(|folder| Path::new(folder.trim()).exists());
    match (target, linker) {
        (true, true) => None,
        (false, _) => Some(format!("the target {MUSL} is not installed (`rustup target add {MUSL}`)")),
        (true, false) => Some(format!("{MUSL_LINKER} is not installed (Debian: musl-tools)")),
    }
}

/// The size of the binary.
pub(crate) fn size(m2m: &Path) -> Result<Row> {
    let size = fs::metadata(m2m)?.len();
    Ok(Row::with_target(
        "binary",
        format!("<= {:.1} MB", SIZE as f64 / 1e6),
        format!("{:.2} MB", size as f64 / 1e6),
        size <= SIZE,
    ))
}

/// The crates that m2m is built from.
pub(crate) fn crates(root: &Path) -> Result<Vec<Row>> {
    let mut tree = Command::new("cargo");
    tree.args(["tree", "--locked", "--package", "m2m", "-e", "normal", "--prefix", "none", "--format", "{p}"]);
    let tree = child::output(tree.current_dir(root))?;
    let mut crates: Vec<&str> = tree.lines().map(|line| line.trim_end_matches(" (*)")).skip(1).collect();
    crates.sort_unstable();
    crates.dedup();
    let name = |line: &&str| line.split(' ').next().unwrap_or_default().to_owned();
    let banned: Vec<String> = crates.iter().map(name).filter(|name| BANNED.contains(&name.as_str())).collect();
    Ok(vec![
        Row::with_target("crates", format!("<= {CRATES}"), crates.len().to_string(), crates.len() <= CRATES),
        Row::with_target(
            "TLS libraries beside rustls with ring",
            "none",
            if banned.is_empty() { "none".into() } else { banned.join(", ") },
            banned.is_empty(),
        ),
    ])
}

/// How long a build from nothing takes. Minutes.
pub(crate) fn build_time(root: &Path, scratch: &Path) -> Result<Row> {
    let started = Instant::now();
    run(&mut build_command(root, &scratch.join("clean-target")))?;
    let cores = std::thread::available_parallelism()?;
    Ok(Row::info("clean release build", format!("{:.0} s on {cores} cores", started.elapsed().as_secs_f64())))
}

fn build_command(root: &Path, target_dir: &Path) -> Command {
    let mut command = Command::new("cargo");
    command.args(["build", "--release", "--locked", "--package", "m2m", "--bin", "m2m", "--target-dir"]);
    command.arg(target_dir).current_dir(root);
    command
}

fn flag(target: Option<&str>) -> Vec<&str> {
    target.map_or_else(Vec::new, |target| vec!["--target", target])
}

/// Runs a build whose own output the user sees.
fn run(command: &mut Command) -> Result<()> {
    let status = command.status()?;
    if status.success() { Ok(()) } else { bail!("{command:?} failed: {status}") }
}
