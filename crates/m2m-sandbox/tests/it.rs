//! The sandbox as a program, and what it is kept apart from. What m2m makes of it is tested with m2m.

#![expect(clippy::unwrap_used, reason = "a panic in a test is its report")]

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

/// Runs `m2m-sandbox ARGS..` with an environment of its own.
fn sandbox(args: &[&str]) -> Output {
    let temp = env!("CARGO_TARGET_TMPDIR");
    let mut command = Command::new(env!("CARGO_BIN_EXE_m2m-sandbox"));
    command.args(args).env_clear().envs([("PATH", "/usr/bin:/bin"), ("TMPDIR", temp)]).output().unwrap()
}

/// The names of the packages that `package` is built from, itself included; `edges` as `cargo tree` takes them.
fn dependencies(package: &str, edges: &str) -> Vec<String> {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut tree = Command::new(env!("CARGO"));
    tree.args(["tree", "--locked", "--offline", "--prefix", "none", "--format", "{p}", "--edges", edges, "--package"]);
    let output = tree.arg(package).current_dir(workspace).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    text.lines().filter_map(|line| line.split(' ').next()).map(str::to_owned).collect()
}

/// They share no code, so that a mistake on one side is not made on the other.
#[test]
fn m2m_and_the_sandbox_do_not_depend_on_each_other() {
    for (package, other) in [("m2m", "m2m-sandbox"), ("m2m-sandbox", "m2m")] {
        let all = dependencies(package, "normal,build,dev");
        assert!(all.len() > 20 && all.iter().any(|name| name == package), "{all:?}");
        assert!(!all.iter().any(|name| name == other), "{other} is a dependency of {package}");
    }
}

/// Nor does a file of one belong to both, by a path out of its own folder.
#[test]
fn no_source_file_of_the_sandbox_is_taken_from_elsewhere() {
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("src")];
    let mut files = 0;
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let source = fs::read_to_string(&path).unwrap();
            assert!(!source.contains("#[path") && !source.contains("include!("), "{}", path.display());
            files += 1;
        }
    }
    assert!(files > 30, "{files} files found");
}

/// `rsa` has an open advisory (RUSTSEC-2023-0071): it may make keys for the sandbox and for tests, and goes into no m2m.
#[test]
fn what_is_installed_as_m2m_has_no_rsa_crate() {
    let installed = dependencies("m2m", "normal,build");
    assert!(!installed.iter().any(|name| name == "rsa"), "{installed:?}");
    assert!(dependencies("m2m-sandbox", "normal,build").iter().any(|name| name == "rsa"));
}

#[cfg(unix)]
#[test]
fn a_command_finds_its_settings_and_its_status_is_passed_on() {
    let output = sandbox(&["--", "/bin/sh", "-c", r#"cat "$M2M_CONFIG" && echo "$M2M_CACHE_DIR" && exit 9"#]);
    let text = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(9), "{}", String::from_utf8_lossy(&output.stderr));
    for expected in ["default_profile = \"cloudloyalty\"", "[profiles.loyaltyone]", "/m2m-sandbox-"] {
        assert!(text.contains(expected), "{expected}: {text}");
    }
}

#[test]
fn an_unknown_fault_is_a_usage_error_that_lists_the_faults() {
    let output = sandbox(&["--fault", "no-such-fault"]);
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{stderr}");
    assert!(stderr.contains("429-long") && stderr.contains("discovery-html"), "{stderr}");
}
