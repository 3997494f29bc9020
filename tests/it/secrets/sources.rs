//! Secret sources of a profile: `{ env }`, `{ file }`, `{ value }`, and the variables and flags that compete with them.
//!
//! How the bytes of a secret are read is in `values`, programs and keyrings are in `commands`.

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::thread;
use std::time::Duration;

use rustix::fs::{CWD, FileType, Mode, mknodat};

use crate::support::account::TOKEN_PATH;
use crate::support::encodings::basic_parts;
use crate::support::failure::refused;
use crate::support::{Account, Cli, Home, Server};

/// A home with a profile whose client secret comes from `source`, and a server that says what was sent.
pub struct Vault {
    pub account: Account,
    pub home: Home,
    pub server: Server,
}

impl Vault {
    pub fn new(account: Account) -> Self {
        Self { server: account.server(), home: Home::new(), account }
    }

    /// `m2m token` with a profile whose secret is `source`.
    pub fn cli(&self, source: &str) -> Cli {
        self.home.config(&format!(
            "default_profile = \"p\"\n[profiles.p]\ntoken_url = \"{}\"\nclient_id = \"{}\"\nclient_secret = {source}\n",
            self.server.url(TOKEN_PATH),
            self.account.id
        ));
        self.account.watched(self.home.cli(["token"]))
    }

    /// Asserts that the only request so far carried the account's own secret.
    #[track_caller]
    pub fn sent_the_secret(&self, name: &str) {
        let request = self.server.only_request();
        let (id, secret) = basic_parts(request.header("authorization").expect("credentials"));
        assert_eq!((id.as_str(), secret.as_str()), (self.account.id.as_str(), self.account.secret.as_str()), "{name}");
    }
}

/// Asserts that the secret arrives unchanged, and that stderr is empty, at every verbosity.
#[track_caller]
pub fn arrives(name: &str, source: impl Fn(&Vault) -> String, with: impl Fn(&Vault, Cli) -> Cli) {
    for verbosity in [&[][..], &["-vv"]] {
        let vault = Vault::new(Account::fresh());
        let cli = with(&vault, vault.cli(&source(&vault)));
        let outcome = cli.args(verbosity.to_vec()).run();
        assert_eq!((outcome.code, &outcome.stdout), (0, &format!("{}\n", vault.account.token)), "{name}: {outcome:?}");
        if verbosity.is_empty() {
            assert_eq!(outcome.stderr, "", "{name}");
        }
        vault.sent_the_secret(name);
    }
}

/// Asserts that nothing is sent, and that the error names the setting and `words`.
#[track_caller]
pub fn is_unreadable(source: &str, words: &[&str], with: impl Fn(Cli) -> Cli) {
    let vault = Vault::new(Account::fresh());
    let refusal = refused(2, "usage", || with(vault.cli(source)));
    refusal.names("client_secret");
    for word in words {
        refusal.names(word);
    }
    assert_eq!(vault.server.connections(), 0, "{source}");
}

#[test]
fn a_secret_comes_from_the_variable_that_the_profile_names() {
    arrives("env", |_| "{ env = \"MY_SECRET\" }".into(), |vault, cli| cli.env("MY_SECRET", &vault.account.secret));
    let ends = |end: &'static str| {
        move |vault: &Vault, cli: Cli| cli.env("MY_SECRET", format!("{}{end}", vault.account.secret))
    };
    arrives("LF", |_| "{ env = \"MY_SECRET\" }".into(), ends("\n"));
    arrives("CRLF", |_| "{ env = \"MY_SECRET\" }".into(), ends("\r\n"));
}

#[test]
fn a_variable_that_is_not_set_or_empty_is_named() {
    is_unreadable("{ env = \"MY_SECRET\" }", &["MY_SECRET", "not set"], |cli| cli);
    is_unreadable("{ env = \"MY_SECRET\" }", &["MY_SECRET", "empty"], |cli| cli.env("MY_SECRET", ""));
    is_unreadable("{ env = \"MY_SECRET\" }", &["MY_SECRET", "empty"], |cli| cli.env("MY_SECRET", "\r\n"));
    is_unreadable("{ env = \"MY_SECRET\" }", &["MY_SECRET", "UTF-8"], |cli| {
        use std::os::unix::ffi::OsStringExt as _;
        cli.env("MY_SECRET", std::ffi::OsString::from_vec(vec![b'a', 0xff]))
    });
}

#[test]
fn a_secret_comes_from_the_file_that_the_profile_names() {
    for end in ["", "\n", "\r\n"] {
        let source = |vault: &Vault| {
            let path = vault.home.file("secrets/client", format!("{}{end}", vault.account.secret));
            format!("{{ file = \"{}\" }}", path.display())
        };
        arrives(&format!("{end:?}"), source, |_, cli| cli);
    }
}

#[test]
fn a_relative_file_counts_from_the_config_file() {
    let source = |vault: &Vault| {
        vault.home.file("config/m2m/secrets/client", &vault.account.secret);
        "{ file = \"secrets/client\" }".to_owned()
    };
    arrives("relative", source, |_, cli| cli);
}

#[test]
fn a_file_may_count_from_the_home() {
    let source = |vault: &Vault| {
        vault.home.file("home/.secrets/client", &vault.account.secret);
        "{ file = \"~/.secrets/client\" }".to_owned()
    };
    arrives("home", source, |vault, cli| cli.env("HOME", vault.home.path("home").to_str().unwrap()));
}

#[test]
fn a_file_that_cannot_be_read_is_named() {
    is_unreadable("{ file = \"/proc/nonexistent/secret\" }", &["/proc/nonexistent/secret"], |cli| cli);
    is_unreadable("{ file = \"/\" }", &["`/`"], |cli| cli);
    is_unreadable("{ file = \"empty\" }", &["m2m/empty", "empty"], |cli| cli.file("config/m2m/empty", "\n"));
    is_unreadable("{ file = \"binary\" }", &["m2m/binary", "UTF-8"], |cli| cli.file("config/m2m/binary", b"a\xff"));
    is_unreadable("{ file = \"bom\" }", &["m2m/bom", "byte order mark"], |cli| {
        cli.file("config/m2m/bom", "\u{feff}secret")
    });
}

#[test]
fn a_file_without_end_is_given_up() {
    is_unreadable("{ file = \"/dev/zero\" }", &["/dev/zero"], |cli| cli);
    is_unreadable("{ file = \"large\" }", &["m2m/large"], |cli| cli.file("config/m2m/large", "x".repeat(1 << 20)));
}

#[test]
fn a_file_that_others_can_read_is_a_warning_that_names_it() {
    let vault = Vault::new(Account::fresh());
    let path = vault.home.file("secrets/client", &vault.account.secret);
    fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
    let outcome = vault.cli(&format!("{{ file = \"{}\" }}", path.display())).run();
    let (out, warning) = outcome.succeeds_with_one_warning();
    assert_eq!(out, format!("{}\n", vault.account.token));
    assert!(warning.contains(&path.display().to_string()) && warning.contains("chmod 600"), "{warning}");
    vault.sent_the_secret("0644");
}

/// As `<(pass show m2m)` gives it.
#[test]
fn a_pipe_is_a_file_too() {
    let account = Account::fresh();
    let home = Home::new();
    let server = account.server();
    let pipe = home.path("pipe");
    mknodat(CWD, &pipe, FileType::Fifo, Mode::from_raw_mode(0o644), 0).unwrap();
    let writer = thread::spawn({
        let (pipe, secret) = (pipe.clone(), account.secret.clone());
        move || fs::File::options().write(true).open(pipe).unwrap().write_all(secret.as_bytes()).unwrap()
    });
    let cli = account.token_at(&home, &server.url(TOKEN_PATH)).without_env("M2M_CLIENT_SECRET");
    let cli = cli.given([pipe.clone()]).arg("--client-secret-file").arg(pipe);
    assert_eq!(cli.run().succeeds(), format!("{}\n", account.token));
    writer.join().unwrap();
}

#[test]
fn a_secret_may_stand_in_a_private_config_file() {
    arrives("value", |vault| format!("{{ value = \"{}\" }}", vault.account.secret), |_, cli| cli);
    is_unreadable("{ value = \"\" }", &["empty"], |cli| cli);
}

#[test]
fn odd_secrets_arrive_byte_for_byte_from_every_source() {
    let account = Account::with_special("+%:/ &=\"\\'$(id)`#é{}~");
    let in_toml = serde_json::to_string(&account.secret).unwrap();
    for source in
        ["{ env = \"MY_SECRET\" }".to_owned(), "{ file = \"odd\" }".to_owned(), format!("{{ value = {in_toml} }}")]
    {
        let vault = Vault::new(account.clone());
        vault.home.file("config/m2m/odd", &account.secret);
        let out = vault.cli(&source).env("MY_SECRET", &account.secret).run().succeeds();
        assert_eq!(out, format!("{}\n", account.token));
        let request = vault.server.only_request();
        let (_, secret) = basic_parts(request.header("authorization").unwrap());
        assert_eq!(crate::support::encodings::form_decoded(&secret), account.secret, "{source}");
    }
}

#[test]
fn variables_and_flags_win_over_the_source_of_the_profile() {
    let other = Account::fresh().secret;
    let source = "{ env = \"MY_SECRET\" }";
    let vault = Vault::new(Account::fresh());
    let cli = vault.cli(source).env("MY_SECRET", &other).env("M2M_CLIENT_SECRET", &vault.account.secret);
    let _ = cli.run().succeeds();
    vault.sent_the_secret("M2M_CLIENT_SECRET");

    let vault = Vault::new(Account::fresh());
    let path = vault.home.file("secret", &vault.account.secret);
    let _ = vault.cli(source).env("MY_SECRET", &other).env("M2M_CLIENT_SECRET_FILE", &path).run().succeeds();
    vault.sent_the_secret("M2M_CLIENT_SECRET_FILE");

    let vault = Vault::new(Account::fresh());
    let cli = vault.cli(source).env("M2M_CLIENT_SECRET", &other).args(["--client-secret-file", "-"]);
    let _ = cli.stdin(vault.account.secret.clone()).run().succeeds();
    vault.sent_the_secret("--client-secret-file");
}

/// A pipe without a writer.
fn silent_pipe(home: &Home) -> std::path::PathBuf {
    let pipe = home.path("silent");
    mknodat(CWD, &pipe, FileType::Fifo, Mode::from_raw_mode(0o600), 0).unwrap();
    pipe
}

/// Asserts that the run ends with its deadline of one second, and names `words`.
#[track_caller]
fn ends_in_time(cli: Cli, words: &str) {
    let outcome = cli.args(["--timeout", "1s"]).run();
    let took = outcome.took;
    let stderr = outcome.fails(2);
    assert!(stderr.contains(words) && stderr.contains("within 1s"), "{stderr}");
    assert!(took >= Duration::from_millis(900) && took < Duration::from_secs(15), "{took:?}");
}

#[test]
fn a_pipe_that_nobody_writes_to_ends_with_the_deadline() {
    let vault = Vault::new(Account::fresh());
    let pipe = silent_pipe(&vault.home);
    let path = pipe.display().to_string();
    ends_in_time(vault.cli(&format!("{{ file = \"{path}\" }}")).given([pipe.clone()]), &path);
    let flag = vault.cli("{ env = \"X\" }").given([pipe.clone()]).args(["--client-secret-file", &path]);
    ends_in_time(flag, &path);
    let config = vault.home.cli(["token", "--config", &path]).given([pipe.clone()]);
    ends_in_time(config, &path);
    let token = vault.home.cli(["inspect", &path]).given([pipe]);
    ends_in_time(token, &path);
    assert_eq!(vault.server.connections(), 0);
}

#[test]
fn a_stdin_that_stays_open_ends_with_the_deadline() {
    let vault = Vault::new(Account::fresh());
    for said in ["", "half a sec"] {
        let (reader, mut writer) = std::io::pipe().unwrap();
        writer.write_all(said.as_bytes()).unwrap();
        let cli = vault.cli("{ env = \"X\" }").args(["--client-secret-file", "-"]).stdin_from(reader);
        ends_in_time(cli, "stdin");
        drop(writer);
    }
    assert_eq!(vault.server.connections(), 0);
}

#[test]
fn a_slow_stdin_is_waited_for() {
    let vault = Vault::new(Account::fresh());
    let (reader, mut writer) = std::io::pipe().unwrap();
    let secret = vault.account.secret.clone();
    let feeder = thread::spawn(move || {
        for part in secret.as_bytes().chunks(9) {
            thread::sleep(Duration::from_millis(100));
            writer.write_all(part).unwrap();
        }
    });
    let cli = vault.cli("{ env = \"X\" }").args(["--client-secret-file", "-"]).stdin_from(reader);
    assert_eq!(cli.run().succeeds(), format!("{}\n", vault.account.token));
    feeder.join().unwrap();
    vault.sent_the_secret("slow");
}

#[test]
fn a_variable_may_name_stdin_as_the_flag_does() {
    let vault = Vault::new(Account::fresh());
    let cli = vault.cli("{ env = \"X\" }").env("M2M_CLIENT_SECRET_FILE", "-").stdin(vault.account.secret.clone());
    assert_eq!(cli.run().succeeds(), format!("{}\n", vault.account.token));
    vault.sent_the_secret("M2M_CLIENT_SECRET_FILE=-");
}

#[test]
fn an_empty_variable_beside_the_other_one_counts_as_not_set() {
    let vault = Vault::new(Account::fresh());
    let path = vault.home.file("secret", &vault.account.secret);
    let cli = vault.cli("{ env = \"X\" }").env("M2M_CLIENT_SECRET", "").env("M2M_CLIENT_SECRET_FILE", path);
    let _ = cli.run().succeeds();
    vault.sent_the_secret("an empty value");
    let vault = Vault::new(Account::fresh());
    let cli = vault.cli("{ env = \"X\" }").env("M2M_CLIENT_SECRET_FILE", "");
    let _ = cli.env("M2M_CLIENT_SECRET", &vault.account.secret).run().succeeds();
    vault.sent_the_secret("an empty path");
    is_unreadable("{ file = \"/x\" }", &["M2M_CLIENT_SECRET", "empty"], |cli| {
        cli.env("M2M_CLIENT_SECRET", "").env("M2M_CLIENT_SECRET_FILE", "")
    });
    is_unreadable("{ file = \"/x\" }", &["M2M_CLIENT_SECRET", "empty"], |cli| cli.env("M2M_CLIENT_SECRET", ""));
}

#[test]
fn a_control_character_inside_a_secret_is_a_warning_that_names_the_source() {
    for inside in ["\n", "\r\n", "\u{1}"] {
        let account = Account::with_special(inside);
        let vault = Vault::new(account);
        let outcome = vault.cli("{ env = \"MY_SECRET\" }").env("MY_SECRET", &vault.account.secret).run();
        let (_, warning) = outcome.succeeds_with_one_warning();
        assert!(warning.contains("env `MY_SECRET`") && warning.contains("control character"), "{warning}");
    }
}

#[test]
fn two_variables_for_one_secret_are_refused() {
    let account = Account::fresh();
    let server = Server::untouched();
    refused(2, "usage", || account.token_cli(&server).env("M2M_CLIENT_SECRET_FILE", "/x"))
        .names("M2M_CLIENT_SECRET")
        .names("M2M_CLIENT_SECRET_FILE");
    refused(2, "usage", || {
        account.token_cli(&server).env("M2M_SUBSCRIPTION_KEY", "x").env("M2M_SUBSCRIPTION_KEY_FILE", "/x")
    })
    .names("M2M_SUBSCRIPTION_KEY_FILE");
}

#[test]
fn stdin_feeds_one_secret_only() {
    let account = Account::fresh();
    let server = Server::untouched();
    let args = ["--issuer", &server.url(""), "--api-url", &server.url(""), "--login", "someone"];
    let cli = || {
        let both = ["participant", "--client-secret-file", "-", "--subscription-key-file", "-"];
        let cli = account.cli(both).args(args).without_env("M2M_CLIENT_SECRET");
        cli.stdin(account.secret.clone())
    };
    refused(2, "usage", cli).names("stdin");
    assert_eq!(server.connections(), 0);
}
