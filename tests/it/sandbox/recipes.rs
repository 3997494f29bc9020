//! The recipes in `examples/`: each runs against the sandbox.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use tempfile::TempDir;

use crate::support::sandbox;

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// A home for one run of an example.
struct Stage(TempDir);

impl Stage {
    fn new() -> Self {
        Self(TempDir::new().unwrap())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// Runs `examples/NAME ARGS..` behind `m2m-sandbox OPTIONS.. --`.
    fn run(&self, options: &[&str], name: &str, args: &[&Path]) -> Output {
        let bin = Path::new(env!("CARGO_BIN_EXE_m2m")).parent().unwrap().display().to_string();
        let path = std::env::var("PATH").unwrap_or_default();
        let mut command = Command::new(sandbox());
        command.args(options).arg("--").arg(Path::new(ROOT).join("examples").join(name)).args(args).env_clear();
        command
            .env("PATH", format!("{bin}:{path}"))
            .env("HOME", self.0.path())
            .env("M2M_IMPERSONATOR", "ops@example.com");
        command.output().unwrap()
    }
}

#[track_caller]
fn succeeded(output: &Output) -> String {
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{stderr}");
    String::from_utf8(output.stdout.clone()).unwrap()
}

/// The examples pipe into jq, which is not everywhere.
fn has_jq() -> bool {
    let found = Command::new("jq").arg("--version").output().is_ok_and(|output| output.status.success());
    assert!(found || std::env::var_os("CI").is_none(), "jq is missing, and under CI nothing is skipped");
    if !found {
        let _ = writeln!(std::io::stderr(), "skipped: jq is not installed");
    }
    found
}

#[cfg(unix)]
#[test]
fn the_balance_of_one_cpf() {
    if !has_jq() {
        return;
    }
    let out = succeeded(&Stage::new().run(&[], "balance.sh", &[Path::new("529.982.247-25")]));
    assert!(out.trim().parse::<u64>().is_ok(), "{out}");
}

#[cfg(unix)]
#[test]
fn a_csv_of_logins_becomes_a_csv_without_personal_data() {
    if !has_jq() {
        return;
    }
    let stage = Stage::new();
    fs::write(stage.path("people.csv"), "login,note\n\"user0001\",x\nnobody,y\nuser0003,z\n").unwrap();
    let out = succeeded(&stage.run(&[], "logins.sh", &[&stage.path("people.csv")]));
    let rows = ["1,\"found\",30000001,\"Gold\"", "2,\"not_found\",,", "3,\"found\",30000003,\"Silver\""];
    assert_eq!(out.lines().collect::<Vec<_>>(), rows);
}

#[cfg(unix)]
#[test]
fn a_run_is_resumed_until_every_line_has_an_answer() {
    let stage = Stage::new();
    let (input, output) = (stage.path("cpfs.txt"), stage.path("out.ndjson"));
    fs::write(&input, "529.982.247-25\n111.444.777-35\n").unwrap();
    // The first lookups fail more often than they are repeated.
    let run = stage.run(&["--fault", "api-502:6"], "resume.sh", &[&input, &output]);
    assert_eq!(succeeded(&run), "");
    let stderr = String::from_utf8_lossy(&run.stderr);
    assert!(stderr.contains("2 of 2 lines have no answer"), "the first attempt fails: {stderr}");
    let text = fs::read_to_string(&output).unwrap();
    assert_eq!(text.lines().count(), 2, "{text}");
    assert!(!text.contains("\"status\":\"error\""), "{text}");
}
