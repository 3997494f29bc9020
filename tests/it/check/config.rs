//! `m2m check`: the checks of settings and secret, which need no server.

use crate::support::test_servers::ISSUER;
use crate::support::{Account, CheckReport, Cli, Server, TestServers};

/// A profile `uat` at `server`, with `more` lines, checked by name.
fn profile(servers: &TestServers, server: &Server, secret: &str, more: &str) -> Cli {
    let config = format!(
        "[profiles.uat]\nclient_id = \"{}\"\nclient_secret = {secret}\nissuer = \"{ISSUER}\"\n\
         discovery_url = \"{}\"\nscope = [\"read:a\", \"write:a\"]\n{more}\n",
        servers.account.id,
        server.url("/.well-known/openid-configuration"),
    );
    let cli = Cli::new(["check", "uat", "-o", "json"]).file("config/m2m/config.toml", config);
    servers.account.watched(cli)
}

/// A healthy server, and a profile with `more` lines.
#[track_caller]
fn with(more: &str) -> CheckReport {
    let servers = TestServers::healthy();
    let server = servers.server();
    let cli = profile(&servers, &server, "{ env = \"UAT_SECRET\" }", more).env("UAT_SECRET", &servers.account.secret);
    CheckReport::of(cli.run())
}

#[test]
fn nothing_is_wrong_with_a_good_profile() {
    let report = with("");
    report.passes().says("config.settings", "pass", "complete").says("config.scope", "pass", "well-formed");
    report.says("secret.source", "pass", "env `UAT_SECRET`").says("secret.expiry", "skip", "`secret_expires`");
}

/// Whatever keeps a request from being made is the settings' failure: exit 2, and no server is contacted.
#[test]
fn bad_settings_fail_before_anything_is_sent() {
    let account = Account::fresh();
    let cli = |args: &[&str]| account.watched(Cli::new(["check", "-o", "json"]).args(args.iter().copied()));
    let id = ["--client-id", "an-id", "--token-url", "https://as.example.com/token"];
    for (cli, words) in [
        (cli(&["--token-url", "https://as.example.com/token"]), "`client_id` is not set"),
        (cli(&["--client-id", "an-id", "--token-url", "https://as.example.com/token"]), "`client_secret` is not set"),
        (account.cli(["check", "-o", "json"]), "it is not known where tokens are granted"),
        (account.cli(["check", "-o", "json", "--token-url", "http://as.example.com/token"]), "https://"),
        (account.cli(["check", "-o", "json", "--token-url", "https://u:p@as.example.com/t"]), "user name"),
        (account.cli(["check", "-o", "json", "--token-url", "https://as.example.com/t#x"]), "fragment"),
        (cli(&id).env("M2M_CLIENT_SECRET", &account.secret).args(["--timeout", "soon"]), "`timeout = \"soon\"`"),
        (cli(&id).env("M2M_CLIENT_SECRET", &account.secret).args(["--scope", "a\"b"]), "a scope cannot hold"),
        (cli(&id).env("M2M_CLIENT_SECRET", &account.secret).args(["--api", "/v1/status"]), "`api_url` is not set"),
    ] {
        CheckReport::of(cli.run()).fails(2, "config.settings", words).says("token.grant", "skip", "not tried");
    }
}

#[test]
fn a_client_id_from_a_sample_fails() {
    for id in ["your-client-id", "YOUR_CLIENT_ID", "<client id>", "{client_id}"] {
        let cli = Cli::new(["check", "-o", "json", "--token-url", "https://as.example.com/t", "--client-id", id]);
        let report = CheckReport::of(cli.env("M2M_CLIENT_SECRET", "not-a-secret-at-all").run());
        report.fails(2, "config.settings", &format!("`{id}` is a placeholder"));
    }
}

#[test]
fn an_unknown_profile_fails_and_the_nearest_is_named() {
    let cli = Cli::new(["check", "uta", "-o", "json"]).file("config/m2m/config.toml", "[profiles.uat]\n");
    let report = CheckReport::of(cli.run());
    report.fails(2, "config.settings", "uat");
    assert_eq!(report.json["profiles"][0]["profile"], "uta");
}

#[test]
fn scopes_that_look_like_a_slip_warn() {
    for (scope, words) in [
        ("read:{tenant}", "placeholder in braces"),
        ("read:a,write:a", "comma"),
        ("_read:a_", "Markdown"),
        ("your-scope", "samples"),
        ("all.read/", "ends in `/`"),
    ] {
        let mut servers = TestServers::opaque();
        servers.answer["scope"] = scope.into();
        let server = servers.server();
        let report = CheckReport::of(servers.cli(&server, ["--scope", scope]).run());
        report.warns("config.scope", words).says("config.scope", "warn", "flag `--scope`");
    }
}

#[test]
fn no_scope_at_all_is_a_fact_to_know() {
    let servers = TestServers::healthy();
    let server = servers.server();
    CheckReport::of(servers.cli(&server, []).run()).passes().says("config.scope", "info", "no scope is asked for");
}

#[test]
fn a_secret_that_cannot_be_read_fails_before_anything_is_sent() {
    let servers = TestServers::healthy();
    for (secret, file, words) in [
        ("{ env = \"UNSET\" }", None, "env `UNSET`"),
        ("{ file = \"no/such/folder/secret\" }", None, "no/such/folder/secret"),
        ("{ file = \"secret\" }", Some(""), "it is empty"),
        ("{ file = \"secret\" }", Some("\n"), "it is empty"),
        ("{ file = \"secret\" }", Some("\u{feff}x"), "byte order mark"),
        ("{ command = [\"false\"] }", None, "`false` ended with exit status: 1"),
        ("{ command = [\"no-such-program\"] }", None, "is in no folder of `PATH`"),
    ] {
        let server = Server::untouched();
        let cli = profile(&servers, &server, secret, "")
            .env("PATH", "/usr/bin:/bin")
            .file("work/secret", file.unwrap_or("-"));
        let path = cli.path("work/secret").display().to_string();
        let config = cli.path("config/m2m/config.toml");
        let text = std::fs::read_to_string(&config).unwrap().replace("\"secret\"", &format!("\"{path}\""));
        std::fs::write(&config, text).unwrap();
        let report = CheckReport::of(cli.run());
        report.fails(2, "secret.source", words).says("config.settings", "pass", "complete");
    }
}

#[test]
fn a_secret_that_others_can_read_or_with_white_space_around_it_warns() {
    for (text, mode, words) in [("{}\n", 0o644, "can be read by others (mode 0644)"), (" {}\n", 0o600, "white space")] {
        let mut servers = TestServers::healthy();
        servers.account.secret = text.trim_end().replace("{}", &servers.account.secret);
        let server = servers.server();
        let cli = servers.cli(&server, ["--scope", "read:a write:a"]).without_env("M2M_CLIENT_SECRET");
        let cli = cli.file("secret", format!("{}\n", servers.account.secret)).mode("secret", mode);
        CheckReport::of(cli.path_arg("--client-secret-file", "secret").run()).warns("secret.source", words);
    }
}

#[test]
fn a_secret_of_a_command_is_read_once() {
    let servers = TestServers::healthy();
    let server = servers.server();
    let cli = profile(&servers, &server, "{ command = [\"./tell\"] }", "").env("PATH", "/usr/bin:/bin");
    let script = format!("#!/bin/sh\necho run >> runs\necho '{}'\n", servers.account.secret);
    let cli = cli.file("work/tell", script).mode("work/tell", 0o700);
    let mut runs = String::new();
    let outcome = cli.run_and(|home| runs = std::fs::read_to_string(home.join("work/runs")).unwrap());
    CheckReport::of(outcome).passes().says("secret.source", "pass", "command `./tell`");
    assert_eq!(runs, "run\n");
}

#[test]
fn a_secret_that_expires_soon_warns_and_an_expired_one_fails() {
    let day = |days: u64, back: bool| {
        let span = std::time::Duration::from_secs(days * 24 * 3600);
        let now = std::time::SystemTime::now();
        let at = if back { now - span } else { now + span };
        humantime::format_rfc3339_seconds(at).to_string()[..10].to_owned()
    };
    let expires = |days, back| with(&format!("secret_expires = {}", day(days, back)));
    expires(40, false).passes().says("secret.expiry", "pass", &day(40, false));
    expires(20, false).warns("secret.expiry", &format!("expires on {}", day(20, false)));
    expires(3, true).fails(2, "secret.expiry", &format!("expired on {}", day(3, true)));
    with(&format!("secret_expires = \"{}\"", day(20, false))).warns("secret.expiry", "rotate it in time");
    with("secret_expires = \"soon\"").fails(2, "config.settings", "`secret_expires = \"soon\"`");
    let servers = TestServers::healthy();
    let server = servers.server();
    for (before, code) in [("10d", "pass"), ("21d", "warn")] {
        let more = format!("secret_expires = {}", day(20, false));
        let cli =
            profile(&servers, &server, "{ env = \"UAT_SECRET\" }", &more).env("UAT_SECRET", &servers.account.secret);
        CheckReport::of(cli.args(["--warn-before", before]).run()).says("secret.expiry", code, "expires on");
    }
}
