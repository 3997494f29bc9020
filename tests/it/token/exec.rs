//! `m2m exec`: runs a program with the token; exit status, stdin and signals are the program's own.

use std::fs;

use crate::support::account::TOKEN_PATH;
use crate::support::binary::home::set_mode;
use crate::support::binary::signal::{send, wait_for};
use crate::support::failure::refused;
use crate::support::{Account, Cli, Home, Reply, Server};

/// `m2m exec FLAGS.. -- COMMAND..` at a server that grants a token.
fn exec(account: &Account, flags: &[&str], command: &[&str]) -> Cli {
    let server = account.server();
    exec_at(account, &server, flags, command).keep(server)
}

fn exec_at(account: &Account, server: &Server, flags: &[&str], command: &[&str]) -> Cli {
    let cli = account.cli(["exec", "--token-url", &server.url(TOKEN_PATH), "--retries", "0"]);
    cli.args(flags.to_vec()).arg("--").args(command.to_vec())
}

/// `exec` of a line for the shell.
fn exec_sh(account: &Account, line: &str) -> Cli {
    exec(account, &[], &["sh", "-c", line])
}

#[test]
fn the_program_gets_the_token_in_its_environment() {
    let account = Account::fresh();
    let out = exec_sh(&account, "printf %s \"$M2M_ACCESS_TOKEN\"").run().succeeds();
    assert_eq!(out, account.token);
}

#[test]
fn the_token_may_have_another_name_and_then_only_that() {
    for name in ["API_TOKEN", "t", "_TOKEN", "T0KEN"] {
        let account = Account::fresh();
        let line = format!("printf '%s %s' \"${{{name}}}\" \"${{M2M_ACCESS_TOKEN-unset}}\"");
        let out = exec(&account, &["--as", name], &["sh", "-c", &line]).run().succeeds();
        assert_eq!(out, format!("{} unset", account.token), "{name}");
    }
}

#[test]
fn a_name_that_is_no_variable_is_refused_before_anything_is_sent() {
    for name in ["", "1A", "A-B", "A=B", "A B", "é", "A.B", "$A", "-A"] {
        let account = Account::fresh();
        let server = Server::untouched();
        let flag = format!("--as={name}");
        refused(2, "usage", || exec_at(&account, &server, &[&flag], &["true"])).names("--as");
        assert_eq!(server.connections(), 0);
    }
}

#[test]
fn arguments_reach_the_program_as_they_are() {
    let account = Account::fresh();
    let odd = ["--help", "-v", "--as", "x y", "$HOME", "*", "", "--", "é\n"];
    let command = [&["sh", "-c", "printf '%s|' \"$@\"", "sh"], &odd[..]].concat();
    let out = exec(&account, &[], &command).run().succeeds();
    assert_eq!(out, odd.map(|word| format!("{word}|")).concat());
}

#[test]
fn the_status_is_the_programs_own() {
    for status in [0, 1, 2, 7, 126, 127, 130, 255] {
        let account = Account::fresh();
        let outcome = exec_sh(&account, &format!("echo out; echo err >&2; exit {status}")).run();
        assert_eq!(
            (outcome.code, outcome.stdout.as_str(), outcome.stderr.as_str()),
            (status, "out\n", "err\n"),
            "nothing is added"
        );
    }
}

#[test]
fn the_program_reads_the_input() {
    let account = Account::fresh();
    let out = exec(&account, &[], &["cat"]).stdin("line 1\nline 2").run().succeeds();
    assert_eq!(out, "line 1\nline 2");
}

#[test]
fn a_secret_from_stdin_leaves_no_input_for_the_program() {
    let account = Account::fresh();
    let cli = exec(&account, &["--client-secret-file", "-"], &["cat"]).without_env("M2M_CLIENT_SECRET");
    assert_eq!(cli.stdin(account.secret.clone()).run().succeeds(), "");
}

#[test]
fn a_program_that_dies_of_a_signal_gives_128_and_its_number() {
    for (signal, number) in [("TERM", 15), ("KILL", 9), ("INT", 2), ("PIPE", 13), ("HUP", 1)] {
        let account = Account::fresh();
        let outcome = exec_sh(&account, &format!("kill -{signal} $$; sleep 10; echo survived")).run();
        assert_eq!((outcome.code, outcome.stdout.as_str()), (-number, ""), "{signal}: {outcome:?}");

        let cli = exec_sh(&account, &format!("kill -{signal} $$; sleep 10; echo survived"));
        let outcome = cli.in_shell("\"$0\" \"$@\"; status=$?; exit $status").run();
        assert_eq!((outcome.code, outcome.stdout.as_str()), (128 + number, ""), "{signal}: {outcome:?}");
    }
}

#[test]
fn a_signal_to_the_process_reaches_the_program() {
    for (signal, status) in [("TERM", 41), ("INT", 42), ("USR1", 43)] {
        let account = Account::fresh();
        let line = format!("trap 'echo caught; exit {status}' {signal}; : > ready; while :; do sleep 0.05; done");
        let cli = exec_sh(&account, &line);
        let ready = cli.path("work/ready");
        let running = cli.start();
        wait_for(&ready);
        send(&running, signal);
        let outcome = running.finish();
        assert_eq!(
            (outcome.code, outcome.stdout.as_str(), outcome.stderr.as_str()),
            (status, "caught\n", ""),
            "{signal}"
        );
    }
}

#[test]
fn a_program_that_does_not_exist_is_127() {
    let account = Account::fresh();
    for program in ["no-such-program", "/proc/nonexistent/program"] {
        let outcome = exec(&account, &[], &[program, "argument"]).run();
        let stderr = outcome.fails(127);
        assert!(stderr.contains(program), "{stderr}");
        let error = exec(&account, &["--error-format", "json"], &[program]).run();
        assert_eq!((error.code, error.stdout.as_str()), (127, ""));
        assert_eq!(error.stderr.lines().count(), 1, "{}", error.stderr);
    }
}

#[test]
fn a_program_that_cannot_be_started_is_126() {
    let account = Account::fresh();
    let home = Home::new();
    let plain = home.file("plain", "#!/bin/sh\n");
    let folder = home.path("folder");
    fs::create_dir(&folder).unwrap();
    set_mode(&folder, 0o700);
    for path in [plain, folder] {
        let path = path.display().to_string();
        let stderr = exec(&account, &[], &[&path]).run().fails(126);
        assert!(stderr.contains(&path), "{stderr}");
    }
}

#[test]
fn without_a_command_there_is_nothing_to_do() {
    let account = Account::fresh();
    let server = Server::untouched();
    let url = server.url(TOKEN_PATH);
    for args in [&["exec"][..], &["exec", "--"], &["exec", "--token-url", &url], &["exec", "--token-url", &url, "--"]] {
        let _ = account.watched(Cli::new(args.to_vec())).run().fails(2);
    }
    refused(2, "usage", || exec_at(&account, &server, &[], &[])).names("CMD");
    assert_eq!(server.connections(), 0);
}

#[test]
fn without_a_token_the_program_does_not_start() {
    for (reply, code) in [
        (Reply::json(401, &serde_json::json!({ "error": "invalid_client" })), 3),
        (Reply::json(400, &serde_json::json!({ "error": "invalid_scope" })), 4),
        (Reply::new(429), 6),
        (Reply::new(503), 7),
        (Reply::closed(), 5),
    ] {
        let account = Account::fresh();
        let server = Server::always(reply);
        let home = Home::new();
        let mark = home.path("started");
        let cli = exec_at(&account, &server, &[], &["touch", &mark.display().to_string()]);
        let _ = cli.run().fails(code);
        assert!(!mark.exists(), "{code}");
    }
}

#[test]
fn without_a_secret_the_program_does_not_start() {
    let account = Account::fresh();
    let server = Server::untouched();
    let home = Home::new();
    let mark = home.path("started").display().to_string();
    let cli = || exec_at(&account, &server, &[], &["touch", &mark]).without_env("M2M_CLIENT_SECRET");
    refused(2, "usage", cli).names("client_secret");
    assert!(!home.path("started").exists());
    assert_eq!(server.connections(), 0);
}

#[test]
fn a_cached_token_serves_the_program_too() {
    let account = Account::fresh();
    let home = Home::new();
    let server = account.counting();
    for _ in 0..2 {
        let cli = account.cli_at(&home, ["exec", "--token-url", &server.url(TOKEN_PATH)]);
        let cli = cli.args(["--", "sh", "-c", "printf %s \"$M2M_ACCESS_TOKEN\""]);
        assert_eq!(cli.run().succeeds(), account.nth(1));
    }
    assert_eq!(server.requests().len(), 1);
}
