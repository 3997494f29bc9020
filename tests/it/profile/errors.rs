//! Config files with mistakes: exit 2 with file, line, key and the nearest valid name, and never a line of the file.

use crate::support::account::TOKEN_PATH;
use crate::support::binary::home::set_mode;
use crate::support::failure::{Refusal, refused};
use crate::support::{Account, Cli, Home, Server};

/// Runs `m2m token` with this config file, in both error formats; no request may follow, and no secret be shown.
struct Broken {
    account: Account,
    home: Home,
    refusal: Refusal,
}

/// What is refused of `config`, in which `SECRET` stands for the client's own.
#[track_caller]
fn broken(config: &str) -> Broken {
    broken_with(config, &[])
}

#[track_caller]
fn broken_with(config: &str, args: &[&str]) -> Broken {
    let account = Account::fresh();
    let home = Home::new();
    home.config(&config.replace("SECRET", &account.secret));
    let server = Server::untouched();
    let url = server.url(TOKEN_PATH);
    let cli = || -> Cli { account.cli_at(&home, ["token", "--token-url", &url]).args(args.to_vec()) };
    let refusal = refused(2, "usage", cli);
    assert_eq!(server.connections(), 0);
    Broken { account, home, refusal }
}

impl Broken {
    /// Asserts that file and line are named.
    #[track_caller]
    fn at_line(&self, line: usize) -> &Self {
        let path = self.home.path("config/m2m/config.toml").display().to_string();
        let words = self.refusal.json.words();
        let places = [format!("{path}, line {line}"), format!("{path}:{line}")];
        let named = |text: &str| {
            places.iter().any(|place| {
                let rest = text.split_once(place.as_str()).map(|(_, rest)| rest);
                rest.is_some_and(|rest| !rest.starts_with(|c: char| c.is_ascii_digit()))
            })
        };
        assert!(named(&words) && named(&self.refusal.text), "line {line} of {path}: {}", self.refusal.text);
        self
    }

    #[track_caller]
    fn names(&self, words: &str) -> &Self {
        self.refusal.names(words);
        self
    }
}

#[test]
fn an_unknown_key_is_named_with_its_line_and_the_nearest_key() {
    for (key, nearest) in [
        ("client_secrets", "client_secret"),
        ("clientid", "client_id"),
        ("tokenurl", "token_url"),
        ("scopes", "scope"),
        ("time_out", "timeout"),
        ("discoveryurl", "discovery_url"),
    ] {
        broken(&format!("default_profile = \"p\"\n\n[profiles.p]\naudience = \"a\"\n{key} = \"x\"\n"))
            .at_line(5)
            .names(&format!("`{key}`"))
            .names(&format!("`{nearest}`"));
    }
}

#[test]
fn an_unknown_key_that_resembles_nothing_lists_the_keys() {
    let broken = broken("default_profile = \"p\"\n[profiles.p]\nzzz = 1\n");
    broken.at_line(3).names("`zzz`").names("`client_id`");
}

#[test]
fn an_unknown_key_outside_of_profiles_is_named_with_its_line() {
    broken("\ndefault_profil = \"p\"\n").at_line(2).names("`default_profil`").names("`default_profile`");
    broken("[profile.p]\nscope = \"a\"\n").at_line(1).names("`profile`").names("`profiles`");
    broken("client_id = \"x\"\n").at_line(1).names("`client_id`").names("[profiles.");
}

#[test]
fn a_wrong_type_is_named_with_its_line() {
    for (line, key) in [
        ("timeout = 30", "timeout"),
        ("client_id = 5", "client_id"),
        ("client_id = true", "client_id"),
        ("retries = \"2\"", "retries"),
        ("retries = 2.5", "retries"),
        ("client_id_in_body = \"yes\"", "client_id_in_body"),
        ("scope = 5", "scope"),
        ("scope = [1]", "scope"),
        ("scope = { a = \"b\" }", "scope"),
        ("params = \"a=b\"", "params"),
        ("params = { a = 1 }", "params"),
        ("headers = \"X: y\"", "headers"),
        ("headers = { X = 5 }", "headers"),
        ("client_secret = 5", "client_secret"),
        ("client_secret = [\"a\"]", "client_secret"),
        ("issuer = 1979-05-27", "issuer"),
    ] {
        broken(&format!("default_profile = \"p\"\n[profiles.p]\naudience = \"a\"\n{line}\n")).at_line(4).names(key);
    }
    broken("default_profile = \"p\"\n[profiles.p]\ntimeout = 30\n").at_line(3).names("\"30s\"");
    broken("default_profile = 5\n").at_line(1).names("default_profile");
    broken("profiles = 5\n").at_line(1).names("profiles");
    broken("default_profile = \"p\"\n[profiles]\np = 5\n").at_line(3).names("profiles.p");
}

#[test]
fn a_bad_value_is_named_with_its_key_and_its_line() {
    for (line, key, value) in [
        ("timeout = \"soon\"", "timeout", "soon"),
        ("min_ttl = \"soon\"", "min_ttl", "soon"),
        ("default_ttl = \"soon\"", "default_ttl", "soon"),
        ("auth_method = \"basic\"", "auth_method", "basic"),
        ("body_format = \"xml\"", "body_format", "xml"),
        ("basic_encoding = \"utf8\"", "basic_encoding", "utf8"),
        ("provider = \"auth1\"", "provider", "auth1"),
        ("retries = 1000", "retries", "1000"),
        ("resource = \"relative\"", "resource", "relative"),
    ] {
        broken(&format!("default_profile = \"p\"\n[profiles.p]\naudience = \"a\"\n{line}\n"))
            .at_line(4)
            .names(key)
            .names(value);
    }
}

#[test]
fn a_profile_that_does_not_exist_is_named_with_the_nearest_and_who_asked() {
    let config = "default_profile = \"uta\"\n[profiles.uat]\nscope = \"a\"\n[profiles.production]\nscope = \"b\"\n";
    broken(config).names("`uta`").names("`uat`").names("default_profile");
    broken_with(config, &["--profile", "prodution"]).names("`prodution`").names("`production`").names("--profile");
    let none = broken_with("", &["--profile", "uat"]);
    none.names("`uat`").names("config.toml");
}

#[test]
fn a_profile_that_is_an_argument_is_not_blamed_on_a_flag() {
    let config = "[profiles.uat]\nscope = \"a\"\n";
    let cli = |args: [&str; 3]| Cli::new(args).file("config/m2m/config.toml", config);
    refused(2, "usage", || cli(["profile", "show", "nope"])).names("`nope` (from the argument)");
    let outcome = cli(["check", "nope", "-q"]).run();
    assert!(outcome.code == 2 && outcome.stdout.contains("`nope` (from the argument)"), "{outcome:?}");
}

#[test]
fn a_profile_without_any_config_file_is_a_clear_error() {
    let account = Account::fresh();
    let server = Server::untouched();
    refused(2, "usage", || account.token_cli(&server).args(["--profile", "uat"])).names("`uat`");
    refused(2, "usage", || account.token_cli(&server).env("M2M_PROFILE", "uat")).names("`uat`").names("M2M_PROFILE");
    assert_eq!(server.connections(), 0);
}

#[test]
fn a_file_that_is_not_toml_is_named_with_its_line_which_is_not_shown() {
    // The tripwire of each run holds that no line is shown.
    for bad in [
        "client_secret = SECRET",
        "client_secret = \"SECRET",
        "client_secret = 'SECRET\"",
        "client_secret = { value = \"SECRET }",
        "client_secret \"SECRET\"",
        "client_secret = \"SECRET\" trailing",
        "\"SECRET\" = ",
        "client_secret = \"\\qSECRET\"",
        "client_secret = \"SECRET\"\nclient_secret = \"SECRET\"",
    ] {
        let broken = broken(&format!("default_profile = \"p\"\n[profiles.p]\n{bad}\n"));
        assert!(!broken.refusal.text.contains(&broken.account.secret));
        broken.names("config.toml").names("line ");
    }
}

#[test]
fn a_file_that_is_not_utf_8_is_a_clear_error() {
    let account = Account::fresh();
    let home = Home::new();
    let path = home.file("config/m2m/config.toml", b"default_profile = \"\xff\xfe\"\n");
    let server = Server::untouched();
    let url = server.url(TOKEN_PATH);
    refused(2, "usage", || account.token_at(&home, &url)).names(&path.display().to_string());
}

#[test]
fn a_plain_string_in_place_of_a_secret_is_refused_and_not_shown() {
    for key in ["client_secret", "subscription_key"] {
        let broken = broken(&format!("default_profile = \"p\"\n[profiles.p]\n{key} = \"SECRET\"\n"));
        broken.at_line(3).names(key).names("env = ");
    }
}

#[test]
fn a_secret_source_of_another_shape_is_refused_and_not_shown() {
    for source in [
        "{ envv = \"SECRET\" }",
        "{ Value = \"SECRET\" }",
        "{ env = \"A\", file = \"SECRET\" }",
        "{ value = \"SECRET\", env = \"A\" }",
        "{ command = \"echo SECRET\" }",
        "{ command = [] }",
        "{ command = [\"echo\", 5] }",
        "{ command = [[\"SECRET\"]] }",
        "{ env = \"\" }",
        "{ env = [\"SECRET\"] }",
        "{ file = \"\" }",
        "{ keyring = 5 }",
        "{ value = [\"SECRET\"] }",
        "{}",
        "[\"SECRET\"]",
    ] {
        for key in ["client_secret", "subscription_key", "headers.X-Key"] {
            let broken = broken(&format!("default_profile = \"p\"\n[profiles.p]\n{key} = {source}\n"));
            broken.at_line(3).names(key).names("env = ");
        }
    }
}

#[test]
#[cfg(unix)]
fn a_value_is_refused_where_others_can_read_the_file() {
    for mode in [0o644, 0o640, 0o604, 0o660, 0o606] {
        let account = Account::fresh();
        let home = Home::new();
        let text =
            format!("default_profile = \"p\"\n[profiles.p]\nclient_secret = {{ value = \"{}\" }}\n", account.secret);
        let path = home.config(&text);
        set_mode(&path, mode);
        let server = Server::untouched();
        let args = ["token", "--token-url", &server.url(TOKEN_PATH), "--client-id", "x"];
        let refusal = refused(2, "usage", || account.watched(home.cli(args)));
        refusal.names("client_secret").names(&path.display().to_string()).hints_at("chmod 600");
        assert_eq!(server.connections(), 0);
    }
}

#[test]
#[cfg(unix)]
fn a_value_is_used_where_only_the_owner_can_read_the_file() {
    for mode in [0o600, 0o400] {
        let account = Account::fresh();
        let home = Home::new();
        let text =
            format!("default_profile = \"p\"\n[profiles.p]\nclient_secret = {{ value = \"{}\" }}\n", account.secret);
        set_mode(&home.config(&text), mode);
        let server = account.server();
        let args = ["token", "--token-url", &server.url(TOKEN_PATH), "--client-id", &account.id];
        let out = account.watched(home.cli(args)).run().succeeds();
        assert_eq!(out, format!("{}\n", account.token));
    }
}

/// A user who can change the file decides where secrets are sent.
#[test]
#[cfg(unix)]
fn a_config_file_that_others_can_change_is_a_warning() {
    for (mode, warned) in [(0o664, true), (0o646, true), (0o620, true), (0o644, false), (0o600, false)] {
        let account = Account::fresh();
        let home = Home::new();
        let path = home.config("default_profile = \"p\"\n[profiles.p]\n");
        set_mode(&path, mode);
        let server = account.server();
        let outcome = account.token_at(&home, &server.url(TOKEN_PATH)).run();
        if warned {
            let (_, warning) = outcome.succeeds_with_one_warning();
            assert!(warning.contains(&path.display().to_string()) && warning.contains("chmod go-w"), "{warning}");
            let outcome = account.cli_at(&home, ["check", "-o", "json", "--token-url", &server.url(TOKEN_PATH)]).run();
            let checks: serde_json::Value = serde_json::from_str(&outcome.stdout).unwrap();
            let first = &checks["profiles"][0]["checks"][0];
            assert_eq!((first["id"].as_str(), first["status"].as_str()), (Some("config.settings"), Some("warn")));
        } else {
            let _ = outcome.succeeds();
        }
    }
}

#[test]
fn a_config_file_without_end_is_given_up() {
    for args in [["token", "--config", "/dev/zero"], ["check", "--config", "/dev/zero"]] {
        let outcome = Cli::new(args).run();
        assert_eq!(outcome.code, 2, "{outcome:?}");
        assert!(format!("{}{}", outcome.stdout, outcome.stderr).contains("/dev/zero"), "{outcome:?}");
    }
    let home = Home::new();
    home.config(&format!("# {}\n", "x".repeat(1 << 20)));
    let stderr = home.cli(["profile", "list"]).run().fails(2);
    assert!(stderr.contains("config.toml") && stderr.contains("1 MiB"), "{stderr}");
}

#[test]
fn a_member_that_is_no_string_is_named() {
    let with = |line: &str| broken(&format!("default_profile = \"p\"\n[profiles.p]\n{line}\n"));
    with("impersonation = { username = \"login\", customerId = 5 }")
        .names("`impersonation.customerId` must be a string");
    with("params = { a = [\"x\"] }").names("`params.a` must be a string; it is an array");
    with("scope = [\"a\", 7]").names("value 2 of `scope` must be a string; it is a whole number");
}

#[test]
fn a_date_that_is_none_is_refused_wherever_the_profile_is_used() {
    let config = "[profiles.p]\nsecret_expires = \"soon\"\n";
    for command in [["token"].as_slice(), &["profile", "show"], &["discover"], &["exec"]] {
        let rest: &[&str] = if command == ["exec"] { &["--", "true"] } else { &[] };
        let cli = || {
            let args = command.iter().chain(&["--profile", "p"]).chain(rest);
            Cli::new(args.copied()).file("config/m2m/config.toml", config)
        };
        refused(2, "usage", cli).names("`secret_expires = \"soon\"`").names("2027-01-31").names("config.toml:2");
    }
}
