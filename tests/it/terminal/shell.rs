//! The binary in a shell: help, versions, invalid arguments, closed pipes, no home, no color on a pipe.

use std::io;

use crate::support::failure::refused;
use crate::support::lookup::Lookup;
use crate::support::{Account, Cli, Outcome, Reply};

const COMMANDS: [&str; 3] = ["token", "discover", "participant"];

/// A stdout whose reader is gone.
fn closed_pipe() -> io::PipeWriter {
    let (reader, writer) = io::pipe().unwrap();
    drop(reader);
    writer
}

#[track_caller]
fn ended_quietly(outcome: &Outcome) {
    assert_eq!((outcome.code, outcome.stderr.as_str()), (0, ""));
}

#[test]
fn a_closed_stdout_is_no_error() {
    let account = Account::fresh();
    for format in ["token", "json", "header", "curl"] {
        ended_quietly(&account.token_from(account.grants()).args(["-o", format]).stdout_to(closed_pipe()).run());
    }
    let lookup = Lookup::fresh();
    let long = format!("[{}]", vec![lookup.participant().to_string(); 2000].join(","));
    ended_quietly(&lookup.answered(Reply::json_text(200, &long)).stdout_to(closed_pipe()).run());
    let server = account.server_with_api(|_| Reply::new(404));
    ended_quietly(&Cli::new(["discover", "--issuer", &server.url("")]).stdout_to(closed_pipe()).run());
    ended_quietly(&Cli::new(["--help"]).stdout_to(closed_pipe()).run());
    ended_quietly(&Cli::new(["--version"]).stdout_to(closed_pipe()).run());
}

#[test]
fn no_home_is_needed() {
    let account = Account::fresh();
    let server = account.server();
    let outcome = account.token_cli(&server).homeless().run();
    assert_eq!((outcome.code, outcome.stdout), (0, format!("{}\n", account.token)), "{}", outcome.stderr);
    let outcome = Cli::new(["--help"]).homeless().run();
    ended_quietly(&outcome);
}

#[test]
fn a_home_that_does_not_exist_stops_nothing() {
    let account = Account::fresh();
    let server = account.server();
    let cli = account.token_cli(&server).homeless().env("HOME", "/proc/nonexistent/home");
    let outcome = cli.run();
    assert_eq!((outcome.code, outcome.stdout), (0, format!("{}\n", account.token)), "{}", outcome.stderr);
}

#[test]
fn no_ansi_sequence_goes_to_a_pipe() {
    let account = Account::fresh();
    for (name, value) in [("NO_COLOR", "1"), ("TERM", "xterm-256color"), ("COLORTERM", "truecolor"), ("CI", "true")] {
        for args in [
            vec!["--help"],
            vec!["token", "--help"],
            vec!["token", "--no-such-flag"],
            vec!["no-such-command"],
            vec!["token"],
        ] {
            let outcome = Cli::new(args).env(name, value).run();
            assert!(!format!("{}{}", outcome.stdout, outcome.stderr).contains('\u{1b}'), "{outcome:?}");
        }
        let outcome = account.token_from(Reply::new(401)).arg("-vv").env(name, value).run();
        assert!(!outcome.stderr.contains('\u{1b}'), "{outcome:?}");
    }
}

#[test]
fn no_color_changes_no_text() {
    let account = Account::fresh();
    let plain = |cli: Cli| cli.run().fails(2);
    let cli = || account.cli(["token", "--timeout", "soon", "--token-url", "https://auth.m2m.invalid/t"]);
    assert_eq!(plain(cli().env("NO_COLOR", "1")), plain(cli()));
}

#[test]
fn help_goes_to_stdout_and_names_the_commands() {
    for args in [vec!["--help"], vec!["-h"], vec!["help"]] {
        let out = Cli::new(args).run().succeeds();
        for command in COMMANDS {
            assert!(out.contains(command), "{command}: {out}");
        }
    }
}

#[test]
fn each_command_has_help_that_names_its_settings() {
    for command in COMMANDS {
        for args in [vec![command, "--help"], vec!["help", command]] {
            let out = Cli::new(args).run().succeeds();
            assert!(out.contains("--issuer") && out.contains("--timeout"), "{out}");
        }
    }
    let out = Cli::new(["participant", "--help"]).run().succeeds();
    for option in ["--login", "--cpf", "--one", "--api-url", "--client-secret-file"] {
        assert!(out.contains(option), "{option}: {out}");
    }
}

#[test]
fn version_is_that_of_the_crate() {
    for args in ["--version", "-V"] {
        assert_eq!(Cli::new([args]).run().succeeds(), format!("m2m {}\n", env!("CARGO_PKG_VERSION")));
    }
}

#[test]
fn mistakes_in_the_arguments_are_exit_2_in_both_formats() {
    for (args, named) in [
        (vec!["token", "--no-such-flag"], "--no-such-flag"),
        (vec!["--no-such-flag"], "--no-such-flag"),
        (vec!["no-such-command"], "no-such-command"),
        (vec!["participant", "--login"], "--login"),
        (vec!["discover", "--client-id-in-body=x"], "--client-id-in-body"),
    ] {
        refused(2, "usage", || Cli::new(args.clone())).names(named);
        for place in [0, args.len()] {
            let mut with_flag = args.clone();
            with_flag.splice(place..place, ["--error-format", "json"]);
            if place == 0 && !args.is_empty() && !args[0].starts_with('-') {
                continue;
            }
            let outcome = Cli::new(with_flag).run();
            assert_eq!((outcome.code, outcome.stdout.as_str()), (2, ""), "{}", outcome.stderr);
        }
    }
}

#[test]
fn the_flag_for_json_errors_counts_after_a_mistake_too() {
    for args in [
        vec!["token", "--no-such-flag", "--error-format", "json"],
        vec!["token", "--error-format", "json", "--no-such-flag"],
        vec!["token", "--error-format=json", "--no-such-flag"],
        vec!["token", "--timeout", "soon", "--error-format=json"],
    ] {
        assert_eq!(Cli::new(args).run().fails_in_json(2).kind, "usage");
    }
}

#[test]
fn a_near_miss_is_met_with_the_nearest_name() {
    let stderr = Cli::new(["tokn"]).run().fails(2);
    assert!(stderr.contains("token"), "{stderr}");
    let stderr = Cli::new(["token", "--issuers", "x"]).run().fails(2);
    assert!(stderr.contains("--issuer"), "{stderr}");
}

#[test]
fn an_unknown_error_format_is_a_usage_error() {
    let stderr = Cli::new(["token", "--error-format", "xml"]).run().fails(2);
    assert!(stderr.contains("xml") && stderr.contains("json"), "{stderr}");
    let outcome = Cli::new(["token"]).env("M2M_ERROR_FORMAT", "xml").run();
    assert_eq!((outcome.code, outcome.stdout.as_str()), (2, ""), "{}", outcome.stderr);
    assert!(outcome.stderr.contains("M2M_ERROR_FORMAT"), "{}", outcome.stderr);
}

#[test]
fn arguments_that_are_not_unicode_crash_nothing() {
    if cfg!(unix) {
        use std::os::unix::ffi::OsStringExt as _;
        let odd = std::ffi::OsString::from_vec(b"\xff\xfe".to_vec());
        for lead in [vec!["token", "--issuer"], vec!["token"], vec![]] {
            let outcome = Cli::new(lead).arg(odd.clone()).run();
            assert_eq!((outcome.code, outcome.stdout.as_str()), (2, ""), "{}", outcome.stderr);
        }
    }
}

#[test]
fn only_what_is_close_to_the_mistake_is_suggested() {
    for (args, near) in [
        (["token", "--scop"], Some("`--scope`")),
        (["token", "--token-ulr"], Some("`--token-url`")),
        (["tokne", "-q"], Some("`token`")),
        (["token", "--url"], None),
        (["token", "--body"], None),
        (["participants-of-all", "-q"], None),
    ] {
        let stderr = Cli::new(args).run().fails(2);
        match near {
            Some(near) => assert!(stderr.contains(&format!("did you mean {near}?")), "{stderr}"),
            None => assert!(!stderr.contains("did you mean"), "{stderr}"),
        }
    }
}

#[test]
fn a_program_without_dashes_before_it_is_told_where_they_go() {
    for args in [["exec", "echo", "hi"], ["exec", "./deploy.sh", "--now"]] {
        refused(2, "usage", || Cli::new(args)).hints_at("put `--` before the program").hints_at("m2m exec --help");
    }
    refused(2, "usage", || Cli::new(["exec", "--no-such-flag"])).never_says("put `--`");
}

/// It is no flag of that command.
#[test]
fn a_list_without_a_place_for_a_cache_does_not_suggest_going_without() {
    let outcome = Cli::new(["cache", "list"]).homeless().run();
    let (_, warning) = outcome.succeeds_with_one_warning();
    assert!(warning.contains("M2M_CACHE_DIR") && !warning.contains("--no-cache"), "{warning}");
}
