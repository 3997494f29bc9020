//! The environment of a program under `m2m exec`: the token is added, configured secrets are removed, the rest is unchanged.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt as _;

use crate::support::account::TOKEN_PATH;
use crate::support::encodings::{basic, strict};
use crate::support::random::alphanumeric;
use crate::support::{Account, Cli, Home, Server};

/// A profile of these lines beside the endpoint and the client id.
struct Stage {
    account: Account,
    home: Home,
    server: Server,
}

impl Stage {
    fn new() -> Self {
        let account = Account::fresh();
        Self { server: account.counting(), home: Home::new(), account }
    }

    /// `m2m exec -- env` with these lines in the profile.
    fn cli(&self, lines: &str) -> Cli {
        self.home.config(&format!(
            "default_profile = \"p\"\n[profiles.p]\ntoken_url = \"{}\"\nclient_id = \"{}\"\n{lines}\n",
            self.server.url(TOKEN_PATH),
            self.account.id
        ));
        self.account.watched(self.home.cli(["exec", "--", "env"])).env("PATH", "/usr/bin:/bin")
    }

    /// Asserts that none of `names` is left, neither with a new token nor with a cached one. The tripwire holds that
    /// no secret is left under any name.
    #[track_caller]
    fn removes(&self, names: &[&str], cli: impl Fn() -> Cli) {
        for what in ["a new token", "a cached token"] {
            let left = environment(cli());
            for name in names {
                assert!(!left.contains_key(*name), "{name} with {what}: {left:#?}");
            }
            assert_eq!(left["M2M_ACCESS_TOKEN"], self.account.nth(1), "{what}");
            assert_eq!(left["PATH"], "/usr/bin:/bin", "{what}");
        }
    }
}

/// What `env` printed.
#[track_caller]
fn environment(cli: Cli) -> BTreeMap<String, String> {
    let out = cli.run().succeeds();
    out.lines().filter_map(|line| line.split_once('=')).map(|(name, value)| (name.into(), value.into())).collect()
}

#[test]
fn everything_that_is_no_secret_stays() {
    let stage = Stage::new();
    let cli = stage.cli("").env("M2M_CLIENT_SECRET", &stage.account.secret);
    let cli = cli.env("LANG", "pt_BR.UTF-8").env("EMPTY", "").env("M2M_TIMEOUT", "20s").env("A_TOKEN", "another one");
    let left = environment(cli);
    for (name, value) in [("LANG", "pt_BR.UTF-8"), ("EMPTY", ""), ("M2M_TIMEOUT", "20s"), ("A_TOKEN", "another one")] {
        assert_eq!(left.get(name).map(String::as_str), Some(value), "{name}");
    }
    assert!(left.contains_key("HOME") && left.contains_key("XDG_CACHE_HOME"));
}

#[test]
fn our_own_variables_are_removed() {
    let stage = Stage::new();
    let key = alphanumeric(30);
    stage.removes(&["M2M_CLIENT_SECRET", "M2M_SUBSCRIPTION_KEY"], || {
        let cli = stage.cli("").secret("the key", &key);
        cli.env("M2M_CLIENT_SECRET", &stage.account.secret).env("M2M_SUBSCRIPTION_KEY", &key)
    });
}

#[test]
fn our_own_variables_are_removed_even_when_they_are_not_used() {
    let stage = Stage::new();
    let (unused, key) = (alphanumeric(30), alphanumeric(30));
    let path = stage.home.file("secret", &stage.account.secret);
    stage.removes(&["M2M_CLIENT_SECRET", "M2M_SUBSCRIPTION_KEY"], || {
        let cli = stage.cli("").secret("an unused secret", &unused).secret("the key", &key);
        let cli = cli.env("M2M_CLIENT_SECRET", &unused).env("M2M_SUBSCRIPTION_KEY", &key);
        // The flag comes before the program and its dashes.
        let flagged = cli.in_shell("exec \"$0\" exec --client-secret-file \"$SECRET_PATH\" -- env");
        flagged.env("SECRET_PATH", &path)
    });
}

#[test]
fn variables_that_sources_name_are_removed() {
    let stage = Stage::new();
    let (key, header) = (alphanumeric(30), alphanumeric(30));
    let lines = "client_secret = { env = \"UAT_SECRET\" }\nsubscription_key = { env = \"UAT_KEY\" }\n\
                 headers = { X-Api-Key = { env = \"UAT_HEADER\" } }";
    stage.removes(&["UAT_SECRET", "UAT_KEY", "UAT_HEADER"], || {
        let cli = stage.cli(lines).secret("the key", &key).secret("the header", &header);
        cli.env("UAT_SECRET", &stage.account.secret).env("UAT_KEY", &key).env("UAT_HEADER", &header)
    });
}

#[test]
fn variables_that_sources_of_the_profile_name_are_removed_even_when_a_variable_wins() {
    let stage = Stage::new();
    let other = alphanumeric(30);
    stage.removes(&["UAT_SECRET", "M2M_CLIENT_SECRET"], || {
        let cli = stage.cli("client_secret = { env = \"UAT_SECRET\" }").secret("the other secret", &other);
        cli.env("M2M_CLIENT_SECRET", &stage.account.secret).env("UAT_SECRET", &other)
    });
}

#[test]
fn a_copy_of_the_client_secret_is_removed_whatever_its_name() {
    let stage = Stage::new();
    let secret = &stage.account.secret;
    stage.removes(&["COPY", "IN_A_URL", "ENCODED", "IN_BASIC"], || {
        let cli = stage.cli("").env("M2M_CLIENT_SECRET", secret).env("COPY", secret);
        let cli = cli.env("IN_A_URL", format!("https://user:{secret}@host/")).env("ENCODED", strict(secret));
        cli.env("IN_BASIC", basic(&stage.account.id, secret))
    });
}

#[test]
fn a_copy_of_a_secret_from_a_file_is_removed() {
    let stage = Stage::new();
    let path = stage.home.file("secret", format!("{}\n", stage.account.secret));
    stage.removes(&["COPY"], || {
        let cli = stage.cli(&format!("client_secret = {{ file = \"{}\" }}", path.display()));
        cli.env("COPY", &stage.account.secret)
    });
}

#[test]
fn a_copy_of_a_secret_in_the_config_file_is_removed() {
    let stage = Stage::new();
    stage.removes(&["COPY"], || {
        let cli = stage.cli(&format!("client_secret = {{ value = \"{}\" }}", stage.account.secret));
        cli.env("COPY", &stage.account.secret)
    });
}

#[test]
fn the_story_names_what_is_removed_and_a_warning_what_is_missed() {
    let stage = Stage::new();
    let cli = || stage.cli("").env("M2M_CLIENT_SECRET", &stage.account.secret).env("COPY", &stage.account.secret);
    let told =
        |name: &str| format!("the program runs without the variable `{name}`, which holds a configured secret\n");
    let stderr = cli().in_shell("exec \"$0\" exec -v -- env").run().stderr;
    assert!(stderr.contains(&format!("m2m: {}", told("COPY"))), "{stderr}");
    assert!(stderr.contains(&format!("m2m: {}", told("M2M_CLIENT_SECRET"))), "{stderr}");
    let path = format!("/usr/bin:/bin:/opt/{}", stage.account.secret);
    let outcome = cli().env("PATH", path).in_shell("exec \"$0\" exec -- /usr/bin/env").run();
    assert_eq!((outcome.code, outcome.stderr), (0, format!("warning: {}", told("PATH"))));
}

/// A cache hit does not run the program, so only the first run can know.
#[test]
fn a_copy_of_a_secret_that_a_program_printed_is_removed() {
    let stage = Stage::new();
    let path = stage.home.file("secret", &stage.account.secret);
    let cli = stage.cli(&format!("client_secret = {{ command = [\"cat\", \"{}\"] }}", path.display()));
    let left = environment(cli.env("COPY", &stage.account.secret));
    assert!(!left.contains_key("COPY"), "{left:#?}");
}

#[test]
fn a_copy_of_the_subscription_key_is_removed() {
    for source in ["env", "file", "value"] {
        let stage = Stage::new();
        let key = alphanumeric(30);
        let path = stage.home.file("key", &key);
        let source = match source {
            "env" => "{ env = \"UAT_KEY\" }".to_owned(),
            "file" => format!("{{ file = \"{}\" }}", path.display()),
            _ => format!("{{ value = \"{key}\" }}"),
        };
        stage.removes(&["COPY"], || {
            let cli = stage.cli(&format!("subscription_key = {source}")).secret("the key", &key);
            cli.env("M2M_CLIENT_SECRET", &stage.account.secret).env("UAT_KEY", &key).env("COPY", &key)
        });
    }
}

#[test]
fn a_copy_of_a_headers_value_is_removed() {
    let stage = Stage::new();
    let value = alphanumeric(30);
    let path = stage.home.file("value", &value);
    stage.removes(&["COPY"], || {
        let lines = format!("headers = {{ X-Api-Key = {{ file = \"{}\" }} }}", path.display());
        let cli = stage.cli(&lines).secret("the header", &value);
        cli.env("M2M_CLIENT_SECRET", &stage.account.secret).env("COPY", &value)
    });
}

#[test]
fn an_older_token_in_the_environment_is_replaced() {
    let stage = Stage::new();
    let cli = stage.cli("").env("M2M_CLIENT_SECRET", &stage.account.secret).env("M2M_ACCESS_TOKEN", "stale");
    assert_eq!(environment(cli)["M2M_ACCESS_TOKEN"], stage.account.nth(1));
}

#[test]
fn a_copy_among_bytes_that_are_no_text_is_removed() {
    let stage = Stage::new();
    let mut bytes = vec![0xff];
    bytes.extend(stage.account.secret.as_bytes());
    let cli = stage.cli("").env("M2M_CLIENT_SECRET", &stage.account.secret).env("COPY", OsString::from_vec(bytes));
    let cli = cli.in_shell("exec \"$0\" exec -- sh -c 'echo \"${COPY+left}\"'");
    assert_eq!(cli.run().succeeds(), "\n");
}

#[test]
fn a_proxys_password_is_removed() {
    for source in ["variable", "profile"] {
        let stage = Stage::new();
        let password = alphanumeric(30);
        let url = format!("http://user:{password}@proxy.example:3128");
        let lines = if source == "profile" { format!("proxy = \"{url}\"") } else { String::new() };
        stage.removes(&["M2M_PROXY", "COPY"], || {
            let cli = stage.cli(&lines).secret("the proxy's password", &password).env("COPY", &password);
            let cli = cli.env("M2M_CLIENT_SECRET", &stage.account.secret);
            if source == "variable" { cli.env("M2M_PROXY", &url) } else { cli }
        });
    }
}
