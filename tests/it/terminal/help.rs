//! Help, completions and manual pages, all generated from the same definitions.

#![expect(clippy::unwrap_used, reason = "a panic in a test is its report")]

use std::io::Write;
use std::process::{Command, Stdio};

/// What `m2m` prints; it succeeds, and has nothing else to say.
fn said(args: &[&str]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_m2m")).env_clear().args(args).output().unwrap();
    assert_eq!((output.status.code(), String::from_utf8_lossy(&output.stderr).as_ref()), (Some(0), ""), "{args:?}");
    String::from_utf8(output.stdout).unwrap()
}

/// Every command below `path`, with the line that tells of it.
fn commands(path: &[&str]) -> Vec<(Vec<String>, String)> {
    let help = said(&[path, &["--help"]].concat());
    let Some((_, list)) = help.split_once("\nCommands:\n") else { return Vec::new() };
    let rows = list.lines().take_while(|line| !line.is_empty()).filter_map(|line| line.trim().split_once("  "));
    let mut all = Vec::new();
    for (name, about) in rows.filter(|(name, _)| *name != "help") {
        let below = [path, &[name]].concat();
        all.extend(commands(&below));
        all.push((below.into_iter().map(str::to_owned).collect(), about.trim().to_owned()));
    }
    all
}

#[test]
fn the_help_and_the_page_of_a_command_begin_with_what_the_list_says() {
    let all = commands(&[]);
    assert!(all.len() >= 15, "{all:?}");
    for (path, about) in all {
        let path: Vec<&str> = path.iter().map(String::as_str).collect();
        let help = said(&[&path[..], &["--help"]].concat());
        let first = help.lines().next().unwrap();
        assert!(about.starts_with(first), "{path:?}: the list says {about:?}, the help {first:?}");
        let page = said(&[&["man"], &path[..]].concat()).replace("\\-", "-").replace("\\*(Aq", "'");
        let name = format!("m2m-{} - {first}\n", path.join("-"));
        assert!(page.contains(&name), "{path:?}: {name:?} is not in\n{page}");
    }
}

#[test]
fn what_is_printed_ends_a_line() {
    for args in [&["--help"][..], &["token", "-h"], &["--version"], &["man"], &["completions", "fish"]] {
        let text = said(args);
        assert!(text.ends_with('\n') && !text.ends_with("\n\n"), "{args:?}");
    }
}

/// A shell that is not installed reads nothing, so only those that are there are asked.
#[test]
fn shells_understand_their_completions() {
    for shell in ["bash", "zsh", "fish"] {
        let script = said(&["completions", shell]);
        assert!(script.contains("--client-secret-file"), "{shell}");
        let checking = Command::new(shell).arg("-n").stdin(Stdio::piped()).stderr(Stdio::piped()).spawn();
        let Ok(mut checking) = checking else { continue };
        checking.stdin.take().unwrap().write_all(script.as_bytes()).unwrap();
        let output = checking.wait_with_output().unwrap();
        assert!(output.status.success(), "{shell}: {}", String::from_utf8_lossy(&output.stderr));
    }
}

#[test]
fn a_page_that_does_not_exist_is_a_usage_error() {
    for (path, hint) in [(&["toke"][..], "token, participant"), (&["token", "x"], "`m2m token` has no commands")] {
        let output = Command::new(env!("CARGO_BIN_EXE_m2m")).env_clear().arg("man").args(path).output().unwrap();
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert_eq!((output.status.code(), output.stdout), (Some(2), Vec::new()), "{stderr}");
        assert!(stderr.contains(&format!("`{}`", path.join(" "))) && stderr.contains(hint), "{stderr}");
    }
}
