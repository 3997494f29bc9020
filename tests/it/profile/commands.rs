//! `m2m profile list|show|path|init`: each value with its origin, secrets hidden, no file overwritten.

use std::fs;

use serde_json::{Value, json};

use crate::support::failure::refused;
use crate::support::random::alphanumeric;
use crate::support::{Account, Cli, Home};

const PROVIDERS: [&str; 8] = ["generic", "cloudloyalty", "cognito", "loyaltyone", "auth0", "entra", "okta", "keycloak"];

const TWO: &str = "default_profile = \"uat\"\n[profiles.uat]\nprovider = \"cloudloyalty\"\n[profiles.local]\n";

#[test]
fn list_names_each_profile_with_its_provider_and_marks_the_default() {
    let home = Home::new();
    home.config(TWO);
    let out = home.cli(["profile", "list"]).run().succeeds();
    let lines: Vec<Vec<&str>> = out.lines().map(|line| line.split_whitespace().collect()).collect();
    assert_eq!(lines, [vec!["local", "generic"], vec!["uat", "cloudloyalty", "default"]]);
    for line in out.lines() {
        assert_eq!(line, line.trim_end(), "no blanks at the end: {out:?}");
    }
}

#[test]
fn list_as_json() {
    let home = Home::new();
    home.config(TWO);
    assert_eq!(
        home.cli(["profile", "list", "-o", "json"]).run().json(),
        json!([
            { "profile": "local", "provider": "generic", "default": false, "abstract": false, "tags": [] },
            { "profile": "uat", "provider": "cloudloyalty", "default": true, "abstract": false, "tags": [] },
        ])
    );
}

#[test]
fn without_a_config_file_the_list_is_empty() {
    assert_eq!(Cli::new(["profile", "list"]).run().succeeds(), "");
    assert_eq!(Cli::new(["profile", "list", "-o", "json"]).run().succeeds(), "[]\n");
}

/// A home with a secret in every kind of source, and a run of `m2m profile show` watched for all of them.
fn with_secrets_everywhere(args: &[&str]) -> Cli {
    let account = Account::fresh();
    let home = Home::new();
    let (in_file, in_value, in_env) = (alphanumeric(30), alphanumeric(30), alphanumeric(30));
    let file = home.file("secrets/key", &in_file);
    home.config(&format!(
        "default_profile = \"p\"\n[profiles.p]\nclient_id = \"{}\"\nclient_secret = {{ env = \"MY_SECRET\" }}\n\
         subscription_key = {{ file = \"{}\" }}\n\
         headers = {{ X-Value = {{ value = \"{in_value}\" }}, X-Env = {{ env = \"MY_HEADER\" }}, X-Keyring = {{ keyring = \"entry\" }}, X-Plain = \"plain\" }}\n",
        account.id,
        file.display()
    ));
    let cli =
        home.cli([&["profile", "show"], args].concat()).env("MY_SECRET", &account.secret).env("MY_HEADER", &in_env);
    account.watched(cli).secret("the key", &in_file).secret("the value", &in_value).secret("the header", &in_env)
}

#[test]
fn show_gives_each_value_with_its_origin_and_each_secret_as_its_source() {
    let out = with_secrets_everywhere(&[]).run().succeeds();
    let line = |key: &str| {
        let mut found = out.lines().filter(|line| line.split_whitespace().next() == Some(key));
        let line = found.next().unwrap_or_else(|| panic!("{key}: {out}"));
        assert_eq!(found.next(), None, "{key} once: {out}");
        line.to_owned()
    };
    assert!(line("client_secret").contains("env `MY_SECRET`"), "{out}");
    assert!(line("subscription_key").contains("file `"), "{out}");
    assert!(line("headers").contains("X-Env: env `MY_HEADER`"), "{out}");
    assert!(line("headers").contains("X-Keyring: keyring entry `entry`"), "{out}");
    for (key, number) in [("client_id", 3), ("client_secret", 4), ("subscription_key", 5), ("headers", 6)] {
        let line = line(key);
        assert!(line.contains("profile `p`") && line.contains(&format!("config.toml:{number}")), "{line}");
    }
    assert!(line("timeout").contains("30s") && line("timeout").contains("default"), "{out}");
}

#[test]
fn show_hides_secrets_in_every_format_and_at_every_verbosity() {
    for args in [&["-v"][..], &["-vv"], &["-o", "json"], &["-o", "json", "-vv"], &["p", "-vv"], &["-q"]] {
        let outcome = with_secrets_everywhere(args).run();
        assert_eq!(outcome.code, 0, "{args:?}: {}", outcome.stderr);
    }
}

#[test]
fn show_as_json_has_profile_and_settings() {
    let out = with_secrets_everywhere(&["-o", "json"]).run().json();
    assert_eq!(out["profile"], json!("p"));
    let settings = out["settings"].as_array().unwrap();
    let secret = settings.iter().find(|row| row["key"] == "client_secret").unwrap();
    assert_eq!(secret["value"], json!("env `MY_SECRET`"));
    let names = |row: &Value| row.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    assert!(settings.iter().all(|row| names(row) == ["key", "origin", "value"]), "{out}");
}

#[test]
fn show_says_when_a_source_holds_nothing() {
    let home = Home::new();
    home.config(
        "[profiles.p]\nclient_secret = { env = \"NOT_SET\" }\nsubscription_key = { file = \"/proc/nonexistent/key\" }\n",
    );
    let out = home.cli(["profile", "show", "p"]).run().succeeds();
    assert!(out.contains("env `NOT_SET` (not set)") && out.contains("/proc/nonexistent/key` (not found)"), "{out}");
}

#[test]
#[cfg(unix)]
fn show_runs_no_secret_command() {
    let home = Home::new();
    let mark = home.path("work/ran");
    home.config(&format!("[profiles.p]\nclient_secret = {{ command = [\"touch\", \"{}\"] }}\n", mark.display()));
    let out = home.cli(["profile", "show", "p"]).run().succeeds();
    assert!(out.contains("command `touch`"), "{out}");
    assert!(!mark.exists());
}

#[test]
fn show_hides_userinfo_and_parameters_that_sound_like_secrets() {
    let password = alphanumeric(30);
    let home = Home::new();
    home.config(&format!(
        "[profiles.p]\nproxy = \"http://user:{password}@proxy.example:8080\"\nparams = {{ my_password = \"{password}\", org = \"o\" }}\n"
    ));
    for args in [&["profile", "show", "p"][..], &["profile", "show", "p", "-o", "json", "-vv"]] {
        let out = home.cli(args.to_vec()).secret("a password", &password).run().succeeds();
        assert!(out.contains("proxy.example:8080") && out.contains("org=o"), "{out}");
    }
}

#[test]
fn show_refuses_two_names_and_names_that_do_not_exist() {
    let home = Home::new();
    home.config(TWO);
    let _ = home.cli(["profile", "show", "uat", "--profile", "local"]).run().fails(2);
    refused(2, "usage", || home.cli(["profile", "show", "uta"])).names("`uta`").names("`uat`");
}

#[test]
fn path_says_where_the_file_is_or_would_be() {
    let home = Home::new();
    let cli = || home.cli(["profile", "path"]);
    let expected = |path: &str| format!("{}\n", home.path(path).display());
    assert_eq!(cli().run().succeeds(), expected("config/m2m/config.toml"));
    assert_eq!(cli().without_env("XDG_CONFIG_HOME").run().succeeds(), expected(".config/m2m/config.toml"));
    assert_eq!(cli().env("M2M_CONFIG", "/a/b.toml").run().succeeds(), "/a/b.toml\n");
    assert_eq!(cli().env("M2M_CONFIG", "/a/b.toml").args(["--config", "/c.toml"]).run().succeeds(), "/c.toml\n");
    refused(2, "usage", || cli().homeless()).hints_at("M2M_CONFIG");
}

#[test]
fn init_writes_a_private_commented_profile_that_show_accepts() {
    for provider in PROVIDERS {
        let home = Home::new();
        let outcome = home.cli(["profile", "init", "--provider", provider]).run();
        assert_eq!((outcome.code, outcome.stdout.as_str()), (0, ""), "{provider}: {}", outcome.stderr);
        assert!(outcome.stderr.starts_with("note: "), "{provider}: {}", outcome.stderr);
        let path = home.path("config/m2m/config.toml");
        assert_eq!(home.looks("config/m2m/config.toml")[&path].mode, 0o600, "{provider}");
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.lines().any(|line| line.starts_with('#')), "{provider}: {text}");
        let found = home.cli(["profile", "show", "-o", "json"]).run().json();
        assert_eq!(found["profile"], json!(provider), "it is the default");
        let settings = found["settings"].as_array().unwrap();
        let of = |key: &str| settings.iter().find(|row| row["key"] == key).map(|row| row["value"].clone());
        assert_eq!(of("provider"), Some(json!(provider)));
        assert!(of("client_id").is_some() && of("client_secret").is_some(), "{provider}: {found}");
    }
}

/// The profile that `init` writes must be enough for a request, once id and secret are there.
#[test]
fn what_init_writes_is_complete() {
    for provider in PROVIDERS {
        let home = Home::new();
        let _ = home.cli(["profile", "init", "-q", "--provider", provider]).run().succeeds();
        let outcome = home.cli(["token", "--dry-run"]).run();
        assert_eq!(outcome.code, 0, "{provider}: {}", outcome.stderr);
        assert!(!outcome.stdout.contains("{tenant"), "placeholders are filled in: {}", outcome.stdout);
    }
}

#[test]
#[cfg(unix)]
fn init_writes_private_files_under_any_umask() {
    let home = Home::new();
    let cli = home.cli(["profile", "init", "-q", "--provider", "generic"]);
    let _ = cli.in_shell("umask 000; exec \"$0\" \"$@\"").run().succeeds();
    let path = home.path("config/m2m/config.toml");
    assert_eq!(home.looks("config/m2m/config.toml")[&path].mode, 0o600);
}

#[test]
fn init_never_overwrites() {
    let home = Home::new();
    let path = home.config("# mine\n");
    let before = home.looks("config");
    let cli = || home.cli(["profile", "init", "--provider", "auth0"]);
    refused(2, "usage", cli).names(&path.display().to_string()).hints_at("--print");
    assert_eq!(home.looks("config"), before);

    let link = home.path("linked.toml");
    #[cfg(unix)]
    std::os::unix::fs::symlink(home.path("work/target.toml"), &link).unwrap();
    #[cfg(unix)]
    refused(2, "usage", || cli().arg("--config").arg(&link)).names("linked.toml");
    assert!(!home.path("work/target.toml").exists(), "nothing is written through a link");
}

#[test]
fn init_prints_instead_when_asked_to() {
    let home = Home::new();
    let out = home.cli(["profile", "init", "--provider", "okta", "--print"]).run().succeeds();
    assert!(out.contains("[profiles.okta]\n") && out.contains("provider = \"okta\"\n"), "{out}");
    assert!(!home.path("config/m2m").exists());
}

#[test]
fn init_takes_a_name_and_a_place() {
    let home = Home::new();
    let path = home.path("new/place.toml");
    let cli = home.cli(["profile", "init", "-q", "uat", "--provider", "cloudloyalty", "--config"]).arg(&path);
    let _ = cli.run().succeeds();
    let out = home.cli(["profile", "list", "--config"]).arg(&path).run().succeeds();
    assert_eq!(out.split_whitespace().collect::<Vec<_>>(), ["uat", "cloudloyalty", "default"]);
}

#[test]
fn init_takes_the_name_from_the_profile_flag_too() {
    let out = Cli::new(["profile", "init", "--provider", "generic", "--profile", "uat", "--print"]).run().succeeds();
    assert!(out.contains("[profiles.uat]\n"), "{out}");
    let _ = Cli::new(["profile", "init", "one", "--provider", "generic", "--profile", "two"]).run().fails(2);
}

#[test]
fn init_refuses_providers_and_names_that_cannot_be() {
    refused(2, "usage", || Cli::new(["profile", "init", "--provider", "cloudloyality"]))
        .names("cloudloyality")
        .names("did you mean `cloudloyalty`?");
    for name in ["", "a b", "a\"b", "a.b", "a]\n[x", "é"] {
        let _ = Cli::new(["profile", "init", "--provider", "generic", name]).run().fails(2);
    }
}

#[test]
fn the_default_of_the_auth_method_names_what_it_follows_from() {
    let shown = |args: &[&str]| {
        let out = Cli::new(["profile", "show"].iter().chain(args).copied()).run().succeeds();
        out.lines()
            .find(|line| line.starts_with("auth_method"))
            .unwrap()
            .split_whitespace()
            .collect::<Vec<_>>()
            .join(" ")
    };
    assert_eq!(shown(&[]), "auth_method client_secret_basic default");
    let preset = "auth_method client_secret_post follows from `body_format` (preset `loyaltyone`)";
    assert_eq!(shown(&["--provider", "loyaltyone"]), preset);
    let flag = "auth_method client_secret_post follows from `body_format` (flag `--body-format`)";
    assert_eq!(shown(&["--body-format", "json"]), flag);
    assert_eq!(shown(&["--auth-method", "client_secret_jwt"]), "auth_method client_secret_jwt flag `--auth-method`");
}
