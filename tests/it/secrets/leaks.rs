//! Places where secrets must never appear: the command line, help, verbose output.

use crate::support::failure::refused;
use crate::support::lookup::Lookup;
use crate::support::{Account, Cli, Reply, Server};

#[test]
fn a_secret_on_the_command_line_is_refused_with_advice_and_not_repeated() {
    let account = Account::with_special("+ %:é");
    let secret = account.secret.as_str();
    let joined = format!("--client-secret={secret}");
    for args in [vec!["--client-secret", secret], vec![&joined]] {
        let server = Server::untouched();
        let cli =
            || account.token_cli(&server).without_env("M2M_CLIENT_SECRET").args(args.clone()).with_a_secret_in_argv();
        refused(2, "usage", cli).hints_at("--client-secret-file").hints_at("M2M_CLIENT_SECRET");
        assert_eq!(server.connections(), 0);
    }
}

#[test]
fn a_secret_is_not_repeated_wherever_the_flag_stands() {
    let account = Account::with_special("+ %:é");
    let secret = account.secret.as_str();
    let joined = format!("--client-secret={secret}");
    for args in [
        vec!["--client-secret", secret, "token"],
        vec![&joined, "token"],
        vec!["discover", "--client-secret", secret],
        vec!["participant", "--login", "x", &joined],
        vec!["token", "--issuer", "https://auth.m2m.invalid", "--client-secret", secret, "--no-such-flag"],
        vec!["token", "--no-such-flag", &joined],
        vec!["token", "--client-secret"],
        vec!["token", &format!("--client_secret={secret}")],
        vec!["token", &format!("--client-secrt={secret}")],
        vec!["token", &format!("--secret={secret}")],
        vec!["token", "--client-secret", secret, "--error-format", "json"],
    ] {
        let outcome = account.watched(Cli::new(args.clone())).with_a_secret_in_argv().run();
        assert_eq!((outcome.code, outcome.stdout.as_str()), (2, ""), "{args:?}: {}", outcome.stderr);
    }
}

#[test]
fn a_lone_client_secret_flag_gets_the_advice_too() {
    let stderr = Cli::new(["token", "--client-secret"]).run().fails(2);
    assert!(stderr.contains("--client-secret"), "{stderr}");
}

#[test]
fn no_help_shows_what_the_environment_holds() {
    let lookup = Lookup::fresh();
    for args in [
        vec!["--help"],
        vec!["help"],
        vec!["token", "--help"],
        vec!["participant", "--help"],
        vec!["discover", "--help"],
    ] {
        let cli = lookup.account.watched(Cli::new(args)).env("M2M_CLIENT_SECRET", &lookup.account.secret);
        let out = lookup.watched(cli).env("M2M_SUBSCRIPTION_KEY", &lookup.key).run().succeeds();
        assert!(!out.is_empty());
    }
}

#[test]
fn verbose_runs_log_requests_without_the_secrets() {
    let lookup = Lookup { account: Account::with_special("+ %:é"), ..Lookup::fresh() };
    let echo = format!("{} {}", lookup.key, lookup.account.token);
    for flags in [vec!["-v"], vec!["-vv"], vec!["-v", "-v"], vec!["--verbose"]] {
        let reply = Reply::json_text(200, &format!("[{}]", lookup.participant()))
            .header("X-Echo", &echo)
            .header("Set-Cookie", &echo);
        let server = lookup.answering(reply);
        for cli in [lookup.by_login(&server), lookup.by_cpf(&server)] {
            let outcome = cli.args(flags.clone()).run();
            assert_eq!(outcome.code, 0, "{outcome:?}");
            for words in ["/.well-known/openid-configuration", "/oauth2/token", "/v1/participants"] {
                assert!(outcome.stderr.contains(words), "{words}: {}", outcome.stderr);
            }
            let headers = outcome.stderr.to_lowercase().contains("content-type");
            assert_eq!(
                headers,
                flags.join("").matches("v").count() == 2 && flags != ["--verbose"],
                "headers at -vv: {}",
                outcome.stderr
            );
        }
    }
}

#[test]
fn credentials_in_a_body_are_not_shown_either() {
    let account = Account::with_special("+ %:é\"\\");
    for args in [["--auth-method", "client_secret_post"], ["--body-format", "json"]] {
        let server = account.server();
        let outcome = account.token_cli(&server).args(args).arg("-vv").run();
        assert_eq!((outcome.code, outcome.stdout), (0, format!("{}\n", account.token)));
    }
}
