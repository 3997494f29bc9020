//! The CI examples: their shell code runs against the sandbox, and reacts to each exit code as it says.

use std::env;
use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use tempfile::TempDir;

use crate::support;

const GITHUB: &str = include_str!("../../../examples/github-actions.yml");
const GITLAB: &str = include_str!("../../../examples/gitlab-ci.yml");

/// The block of shell that follows `key` in a YAML file, without its indentation.
fn shell_block(yaml: &str, key: &str) -> String {
    let mut lines = yaml.lines().skip_while(|line| line.trim() != key).skip(1).peekable();
    let first = lines.peek().expect("a block");
    let indent = first.len() - first.trim_start().len();
    let inside = |line: &&str| line.trim().is_empty() || line.len() - line.trim_start().len() >= indent;
    lines.take_while(inside).map(|line| format!("{}\n", line.get(indent..).unwrap_or_default())).collect()
}

/// Runs `shell` as CI does, in the sandbox with these faults and variables.
fn run(shell: &str, home: &Path, faults: &[&str], variables: &[(&str, &str)]) -> Output {
    let bin = Path::new(env!("CARGO_BIN_EXE_m2m")).parent().expect("a folder");
    let mut sandbox = Command::new(support::sandbox());
    for fault in faults {
        sandbox.args(["--fault", fault]);
    }
    sandbox.args(["--", "sh", "-e", "-c", shell]).current_dir(home).env_clear().env("HOME", home);
    sandbox.env("PATH", format!("{}:/usr/bin:/bin", bin.display())).env("PAUSE", "0");
    sandbox.envs(variables.iter().copied()).output().expect("the sandbox starts")
}

/// Faults, variables, the exit code, and words for it that all examples share.
type Case = (&'static [&'static str], &'static [(&'static str, &'static str)], i32, &'static str);

const CASES: [Case; 7] = [
    (&[], &[("M2M_PROVIDER", "no-such-provider")], 2, "Fix "),
    (&["wrong-secret"], &[], 3, "The credentials are refused: rotate them"),
    (&[], &[("M2M_SCOPE", "no-such-scope")], 4, "A scope or audience is missing"),
    (&["close"], &[], 5, "The server was not reached"),
    (&["429-long"], &[], 6, "The server throttles"),
    (&["html-403"], &[], 7, "something else answers in its place"),
    (&["discovery-html"], &[], 7, "something else answers in its place"),
];

#[track_caller]
fn acts_on_every_exit_code(shell: &str) {
    for (faults, variables, code, words) in CASES {
        let home = TempDir::new().unwrap();
        let output = run(shell, home.path(), faults, variables);
        let text = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert_eq!(output.status.code(), Some(code), "{faults:?}: {text}");
        assert!(text.contains(words), "{words:?}: {text}");
        assert!(text.contains("failed: "), "the report is shown: {text}");
    }
}

/// A healthy server gives no warning.
#[test]
fn nothing_is_wrong_with_the_sandbox() {
    let home = TempDir::new().unwrap();
    let shell = "m2m check --all --strict --negative --min-ttl 5m && m2m check --strict --cpf 529.982.247-25";
    let output = run(shell, home.path(), &[], &[]);
    let stdout = String::from_utf8_lossy(&output.stdout);
    assert_eq!((output.status.code(), output.stderr.as_slice()), (Some(0), &b""[..]), "{stdout}");
    assert!(stdout.contains(" profiles, all good: "), "{stdout}");
}

#[test]
fn the_workflow_and_the_job_act_on_every_exit_code() {
    for (yaml, key) in [(GITHUB, "run: |"), (GITLAB, "- |")] {
        let shell = shell_block(yaml, key);
        assert!(shell.starts_with("status=0\nm2m check ") && shell.ends_with("exit \"$status\"\n"), "{shell}");
        let home = TempDir::new().unwrap();
        let output = run(&shell, home.path(), &[], &[]);
        let stdout = String::from_utf8_lossy(&output.stdout);
        assert_eq!(output.status.code(), Some(0), "{stdout}");
        assert!(stdout.ends_with("The credentials work: deploy.\n"), "{stdout}");
        assert!(fs::read_to_string(home.path().join("m2m.xml")).unwrap().contains("<testsuite name=\"loyaltyone\""));
        acts_on_every_exit_code(&shell);
    }
}

#[test]
fn the_cron_script_is_silent_until_something_fails() {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/check-credentials.sh");
    let shell = format!("sh {script}");
    let home = TempDir::new().unwrap();
    let output = run(&shell, home.path(), &[], &[]);
    assert_eq!((output.status.code(), output.stdout, output.stderr), (Some(0), Vec::new(), Vec::new()));
    acts_on_every_exit_code(&shell);
}

/// A failure that passes by itself is tried again once, and is no news: here each of the two profiles meets it once.
#[test]
fn the_cron_script_tries_again_what_may_pass() {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/check-credentials.sh");
    let home = TempDir::new().unwrap();
    let output = run(&format!("sh {script}"), home.path(), &["429-long:2"], &[]);
    assert_eq!((output.status.code(), output.stdout), (Some(0), Vec::new()));
}

/// Every code that a check can end with has its line in every example.
#[test]
fn every_exit_code_is_in_every_example() {
    let script = include_str!("../../../examples/check-credentials.sh");
    for text in [GITHUB, GITLAB, script] {
        for code in ["0)", "2)", "3)", "4)", "5)", "6)", "7)", "8)", "*)"] {
            assert!(text.lines().any(|line| line.trim().starts_with(code)), "{code} in {text}");
        }
    }
}
