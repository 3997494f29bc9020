//! Secrets that are likely not what was meant: quotes that a file kept, variables that nothing expanded, other encodings,
//! paths with a `~`, programs that are not there.

use serde_json::json;

use crate::secrets::sources::Vault;
use crate::support::failure::refused;
use crate::support::{Account, Reply};

/// What the server would call a wrong secret.
fn wrong_secret() -> Reply {
    Reply::json(401, &json!({ "error": "invalid_client" }))
}

#[test]
fn a_secret_that_looks_like_something_else_is_named_before_any_encoding() {
    for (secret, words) in [
        ("\"s3cret-of-a-test\"", "begins and ends with a quote"),
        ("${CLIENT_SECRET_OF_A_TEST}", "looks like a variable that was not expanded"),
        ("$(ClientSecretOfATest)", "looks like a variable that was not expanded"),
        ("CLIENT_SECRET=abcdefghijklmnop", "looks like `NAME=VALUE`"),
        ("op://vault/item/field-of-a-test", "looks like a reference to a secret store"),
        ("<client secret of a test>", "looks like a placeholder"),
        (" leading-blank-of-a-test", "begins or ends with white space"),
        ("two\nlines-of-a-test", "holds a line end or another control character"),
    ] {
        let account = Account::with_secret(secret);
        let stderr = account.token_from(wrong_secret()).run().fails(3);
        assert!(
            stderr.contains(&format!("env `M2M_CLIENT_SECRET` {words}: is that part of it?")),
            "{secret}: {stderr}"
        );
        assert!(!stderr.contains("basic_encoding"), "{stderr}");
    }
}

#[test]
fn a_secret_file_in_utf_16_is_named() {
    let utf_16 = |text: &str| -> Vec<u8> {
        [0xff, 0xfe].into_iter().chain(text.encode_utf16().flat_map(u16::to_le_bytes)).collect()
    };
    let vault = Vault::new(Account::fresh());
    let secret = utf_16(&vault.account.secret);
    let path = vault.home.file("work/secret", secret);
    crate::support::binary::home::set_mode(&path, 0o600);
    let stderr = vault.cli(&format!("{{ file = \"{}\" }}", path.display())).run().fails(2);
    assert!(stderr.contains("UTF-16") && stderr.contains("save it as UTF-8"), "{stderr}");
    let refusal = refused(2, "usage", || {
        crate::support::Cli::new(["profile", "list"]).file("config/m2m/config.toml", utf_16("[profiles.a]\n"))
    });
    refusal.names("UTF-16").never_says("--config");
}

#[test]
fn a_path_that_only_a_shell_would_expand_is_named() {
    let account = Account::fresh();
    for (path, words) in [
        ("~/secret", "`~`"),
        ("$HOME/secret", "not expanded"),
        ("${CREDENTIALS_DIRECTORY}/s", "not expanded"),
        ("%d/s", "credential"),
    ] {
        let refusal = refused(2, "usage", || {
            account
                .cli(["token", "--token-url", "https://h.example/t", "--client-secret-file", path])
                .without_env("M2M_CLIENT_SECRET")
        });
        refusal.names(path).hints_at(words);
    }
}

#[test]
fn a_credential_of_systemd_is_read_from_its_folder() {
    let vault = Vault::new(Account::fresh());
    let path = vault.home.file("credentials/m2m-secret", &vault.account.secret);
    crate::support::binary::home::set_mode(&path, 0o440);
    let folder = path.parent().unwrap().to_owned();
    let outcome = vault.cli("{ credential = \"m2m-secret\" }").env("CREDENTIALS_DIRECTORY", folder).run();
    assert_eq!((outcome.code, outcome.stderr.as_str()), (0, ""), "{outcome:#?}");
    vault.sent_the_secret("credential");
    let stderr = vault.cli("{ credential = \"m2m-secret\" }").run().fails(2);
    assert!(stderr.contains("`CREDENTIALS_DIRECTORY` is not set") && stderr.contains("LoadCredential"), "{stderr}");
}

#[test]
fn an_agent_that_keeps_the_output_open_does_not_hold_up_the_secret() {
    let vault = Vault::new(Account::fresh());
    let script = format!("printf %s {}; sleep 30 & exit 0", vault.account.secret);
    let script = vault.home.file("work/print-secret", format!("#!/bin/sh\n{script}\n"));
    crate::support::binary::home::set_mode(&script, 0o700);
    let outcome = vault.cli(&format!("{{ command = [\"{}\"] }}", script.display())).args(["--timeout", "20s"]).run();
    assert_eq!(outcome.code, 0, "{outcome:#?}");
    vault.sent_the_secret("command");
}

#[test]
fn a_secret_that_was_rotated_is_read_again_before_a_renewal() {
    use crate::support::call::{call, granting};
    use crate::support::encodings::basic_parts;
    use crate::support::lookup::Lookup;
    let lookup = Lookup::fresh();
    let home = crate::support::Home::new();
    let path = home.file("secret", "first-secret-of-a-test");
    crate::support::binary::home::set_mode(&path, 0o600);
    let rotate = path.clone();
    let server = granting(&lookup.account, move |request| {
        // The API no longer takes the cached token, and meanwhile the secret has been rotated.
        if request.path() == "/ok" {
            return Reply::new(200);
        }
        std::fs::write(&rotate, "second-secret-of-a-test").unwrap();
        Reply::new(401).header("WWW-Authenticate", "Bearer error=\"invalid_token\"")
    });
    let run = |target: &'static str| {
        let cli = call(&lookup, &server, [target]).without_env("M2M_CLIENT_SECRET");
        cli.env("M2M_CLIENT_SECRET_FILE", &path).env("M2M_CACHE_DIR", home.path("cache"))
    };
    let _ = run("/ok").run().succeeds();
    let _ = run("/x").run();
    let secrets: Vec<String> = server
        .requests()
        .iter()
        .filter_map(|request| {
            request.header("authorization").filter(|value| value.starts_with("Basic ")).map(basic_parts)
        })
        .map(|(_, secret)| secret)
        .collect();
    assert_eq!(secrets, ["first-secret-of-a-test", "second-secret-of-a-test"]);
}
