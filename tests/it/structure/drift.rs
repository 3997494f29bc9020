//! The documentation agrees with the program: exit codes, command lines, variables, check ids and config files.

#![expect(clippy::unwrap_used, reason = "a panic in a test is its report")]

use std::ffi::OsStr;
use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use m2m::ErrorKind;
use m2m::exit;
use serde_json::Value;
use tempfile::TempDir;

use crate::support::sandbox;

const README: &str = include_str!("../../../README.md");

/// Flags that the README names to say that they do not exist.
const EXPLAINED: [&str; 2] = ["--client-secret", "--insecure"];

/// Codes and kinds are the contract with scripts: one that changes breaks them.
#[test]
fn the_exit_table_is_the_contract() {
    let rows = README.lines().skip_while(|line| *line != "| Exit | kind | When |").skip(2);
    let documented: Vec<(String, String)> = rows
        .map_while(|row| {
            let mut cells = row.strip_prefix('|')?.split('|').map(str::trim);
            Some((cells.next()?.to_owned(), cells.next()?.trim_matches('`').to_owned()))
        })
        .collect();
    let success = ("0".to_owned(), String::new());
    let failures = exit::KINDS.map(|kind| {
        let exit = exit::of(kind);
        // What is interrupted has a code, and no kind that a script could rely on.
        let kind = if kind == ErrorKind::Interrupted { "" } else { exit.kind };
        (exit.code.to_string(), kind.to_owned())
    });
    assert_eq!(documented, [vec![success], failures.to_vec()].concat());
}

/// The ids are what scripts rely on, and the README is where they look them up.
#[test]
fn the_table_of_checks_is_the_list_of_the_binary() {
    let (_, rest) = README.split_once("<!-- checks -->\n| Check | Means |\n|---|---|\n").unwrap();
    let documented: Vec<(&str, &str)> =
        rest.lines().map_while(|row| row.strip_prefix("| `")?.strip_suffix(" |")?.split_once("` | ")).collect();
    let output = clean(env!("CARGO_BIN_EXE_m2m")).args(["check", "--list"]).output().unwrap();
    let list = text(&output.stdout);
    let listed: Vec<(&str, &str)> = list
        .lines()
        .map(|line| line.split_once(' ').map(|(id, meaning)| (id, meaning.trim_start())).unwrap())
        .collect();
    assert_eq!(documented, listed);
}

/// The JSON of the documentation has the members of a real report, in its order.
#[test]
fn the_json_report_is_as_documented() {
    let (_, rest) = include_str!("../../../docs/check.md").split_once("```json\n").unwrap();
    let documented = rest.split_once("```").unwrap().0;
    let output = clean(env!("CARGO_BIN_EXE_m2m")).args(["check", "-o", "json"]).output().unwrap();
    let report = text(&output.stdout);
    let members = |text: &str| -> Vec<String> {
        let keys = text.split('"').collect::<Vec<_>>();
        let named = keys.windows(2).filter(|pair| pair[1].trim_start().starts_with(':'));
        named.map(|pair| pair[0].to_owned()).take(8).collect()
    };
    assert_eq!(members(documented), members(&report));
    let document: Value = serde_json::from_str(documented).unwrap();
    assert_eq!(document["profiles"][0]["checks"][0]["status"], "fail");
}

#[test]
fn every_command_line_names_commands_and_flags_that_exist() {
    let calls: Vec<Vec<String>> = README.lines().flat_map(calls_of_line).collect();
    assert!(calls.len() >= 10, "{calls:?}");
    for call in calls {
        let [command, rest @ ..] = &call[..] else {
            continue;
        };
        let subcommand = rest.first().filter(|_| ["cache", "profile"].contains(&command.as_str()));
        let help = help_of(&[command.as_str()].into_iter().chain(subcommand.map(String::as_str)).collect::<Vec<_>>());
        for flag in rest.iter().filter(|word| word.starts_with('-') && word.len() > 1) {
            let name = flag.split('=').next().unwrap();
            assert!(lists(&help, name), "`m2m {}`: no {name} in\n{help}", call.join(" "));
        }
    }
}

#[test]
fn every_flag_in_the_prose_exists() {
    let help = help_of_all();
    let flags =
        code_spans().into_iter().filter_map(|span| span.split_whitespace().next().filter(|word| word.starts_with('-')));
    for flag in flags.filter(|flag| !EXPLAINED.contains(flag)) {
        assert!(lists(&help, flag), "no {flag} in the help of any command");
    }
}

#[test]
fn every_variable_exists() {
    let help = help_of_all();
    for (at, _) in README.match_indices("M2M_") {
        let name =
            README[at..].split(|c: char| !(c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_')).next().unwrap();
        assert!(lists(&help, name), "no {name} in the help of any command");
    }
}

#[test]
fn the_first_command_prints_a_participant() {
    let command = block_after("<!-- first command -->").trim();
    let run = command.strip_prefix("cargo build && ").unwrap();
    let words: Vec<String> = run.split_whitespace().map(built).collect();
    let home = TempDir::new().unwrap();
    let output = clean(&words[0]).env("HOME", home.path()).args(&words[1..]).output().unwrap();
    let stderr = text(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{stderr}");
    let found: Value = serde_json::from_slice(&output.stdout).unwrap();
    let participants = found.as_array().unwrap();
    assert_eq!(participants.len(), 1, "{found}");
    assert_eq!(participants[0]["documentNumber"], "52998224725");
}

/// Every key of the example is known: what is missing in the end is the secret, and nothing was sent for that.
#[test]
fn the_config_file_of_the_readme_is_read() {
    let home = TempDir::new().unwrap();
    let file = home.path().join("config.toml");
    let whole = toml_blocks().find(|block| block.starts_with("default_profile")).unwrap();
    fs::write(&file, whole).unwrap();
    let mut token = clean(env!("CARGO_BIN_EXE_m2m"));
    token.args(["token", "--token-url", "http://127.0.0.1:1/token", "--config"]).arg(&file);
    let output = token.output().unwrap();
    let stderr = text(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{stderr}");
    assert!(stderr.contains("env `UAT_CLIENT_SECRET`"), "{stderr}");
}

#[test]
fn every_profile_of_the_readme_is_understood() {
    let home = TempDir::new().unwrap();
    let file = home.path().join("config.toml");
    for block in toml_blocks() {
        fs::write(&file, block).unwrap();
        let names = block.lines().filter_map(|line| line.strip_prefix("[profiles.")?.strip_suffix(']'));
        // An abstract profile is shown through those that extend it.
        let is_abstract = |name: &str| block.contains(&format!("[profiles.{name}]\nabstract = true"));
        for name in names.filter(|name| !name.contains('.') && !is_abstract(name)) {
            let mut show = clean(env!("CARGO_BIN_EXE_m2m"));
            show.args(["profile", "show", "--profile", name, "--config"]).arg(&file);
            let output = show.output().unwrap();
            assert_eq!(output.status.code(), Some(0), "{block}\n{}", text(&output.stderr));
        }
    }
}

fn toml_blocks() -> impl Iterator<Item = &'static str> {
    README.split("```toml\n").skip(1).map(|rest| rest.split_once("```").unwrap().0)
}

/// The binaries of this build for those that the README's reader builds.
fn built(word: &str) -> String {
    match word {
        "target/debug/m2m" => env!("CARGO_BIN_EXE_m2m").to_owned(),
        "target/debug/m2m-sandbox" => sandbox().to_string_lossy().into_owned(),
        _ => word.to_owned(),
    }
}

/// The arguments of every `m2m` call in a line of shell, in a code block or a code span.
fn calls_of_line(line: &str) -> Vec<Vec<String>> {
    let mut calls: Vec<Vec<String>> = Vec::new();
    let mut in_call = false;
    let spaced = line.replace('`', " ` ").replace('"', " ");
    for word in spaced.split_whitespace() {
        match word {
            "`" | "|" | "&&" | ";" | ">" => in_call = false,
            _ if in_call => calls.last_mut().unwrap().push(word.to_owned()),
            _ if Path::new(word).file_name().is_some_and(|name| name == "m2m") => {
                calls.push(Vec::new());
                in_call = true;
            }
            _ => {}
        }
    }
    calls
}

/// What stands between single backticks, outside the fenced blocks.
fn code_spans() -> Vec<&'static str> {
    let prose = README.split("```").step_by(2);
    prose.flat_map(|part| part.split('`').skip(1).step_by(2)).collect()
}

/// The body of the fenced block that follows `mark`.
fn block_after(mark: &str) -> &'static str {
    let (_, rest) = README.split_once(mark).unwrap();
    let (_, rest) = rest.split_once("```sh\n").unwrap();
    rest.split_once("```").unwrap().0
}

fn help_of(command: &[&str]) -> String {
    let output: Output = clean(env!("CARGO_BIN_EXE_m2m")).args(command).arg("--help").output().unwrap();
    assert_eq!(output.status.code(), Some(0), "`m2m {}` is not a command: {}", command.join(" "), text(&output.stderr));
    text(&output.stdout)
}

fn help_of_all() -> String {
    let commands: [&[&str]; 10] = [
        &["discover"],
        &["token"],
        &["participant"],
        &["request"],
        &["check"],
        &["inspect"],
        &["exec"],
        &["profile", "init"],
        &["cache", "list"],
        &["cache", "clear"],
    ];
    let sandbox = clean(sandbox()).arg("--help").output().unwrap();
    commands.map(help_of).concat() + &text(&sandbox.stdout)
}

/// Whether the help has this flag or variable as a word of its own, not as the beginning of another.
fn lists(help: &str, name: &str) -> bool {
    help.split(|c: char| !(c.is_ascii_alphanumeric() || c == '-' || c == '_')).any(|word| word == name)
}

/// A command with an empty environment.
fn clean(program: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new(program);
    command.env_clear();
    command
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}
