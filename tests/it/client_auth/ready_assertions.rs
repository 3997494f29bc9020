//! `client_assertion`: assertions that another program makes, read again for every request.

use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::json;

use crate::support::account::TOKEN_PATH;
use crate::support::jose::client_key::{JWT_BEARER, unsigned_jwt};
use crate::support::random::alphanumeric;
use crate::support::{Account, Cli, Reply, Server};

/// An assertion that expires in so many seconds.
fn expiring_in(secs: i64) -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs() as i64;
    unsigned_jwt(&json!({ "iss": "https://platform.example.com", "jti": alphanumeric(12), "exp": now + secs }))
}

/// `m2m token` at `server` with `client_assertion = SOURCE`.
fn federated(account: &Account, server: &Server, source: &str) -> Cli {
    let args = ["token", "--profile", "p", "--token-url", &server.url(TOKEN_PATH), "--client-id", &account.id];
    let config = format!("[profiles.p]\nclient_assertion = {source}\n");
    account.watched(Cli::new(args)).file("config/m2m/config.toml", config)
}

#[test]
fn an_assertion_comes_from_a_file_a_variable_or_a_command() {
    let account = Account::fresh();
    let assertion = expiring_in(600);
    for source in
        ["{ file = \"../../assertion\" }", "{ env = \"ASSERTION\" }", "{ command = [\"/bin/cat\", \"../assertion\"] }"]
    {
        let server = account.server();
        let cli = federated(&account, &server, source).secret("the assertion", &assertion);
        let cli = cli.file("assertion", format!("{assertion}\n")).env("ASSERTION", &assertion);
        assert_eq!(cli.run().succeeds(), format!("{}\n", account.token), "{source}");
        let request = server.only_request();
        assert_eq!(request.header("authorization"), None);
        assert_eq!(
            request.field_names(),
            ["client_assertion", "client_assertion_type", "client_id", "grant_type"],
            "{source}"
        );
        assert_eq!(request.field("client_id").as_ref(), Some(&account.id));
        assert_eq!(request.field("client_assertion_type").as_deref(), Some(JWT_BEARER));
        assert_eq!(request.field("client_assertion").as_ref(), Some(&assertion));
    }
}

/// Kubernetes renews the file in place while a program runs.
#[test]
fn a_file_is_read_again_for_every_attempt() {
    let account = Account::fresh();
    let (old, new) = (expiring_in(600), expiring_in(700));
    let home = tempfile::TempDir::new().unwrap();
    let file = home.path().join("token");
    std::fs::write(&file, &old).unwrap();
    let server = Server::start({
        let (file, old, new, grants) = (file.clone(), old.clone(), new.clone(), account.grants());
        move |request| {
            if request.field("client_assertion") == Some(old.clone()) {
                std::fs::write(&file, &new).unwrap();
                return Reply::new(503);
            }
            grants.clone()
        }
    });
    let cli = federated(&account, &server, &format!("{{ file = {:?} }}", file.to_str().unwrap()));
    // The file is for all to read, as Kubernetes has it: one warning, not one for every attempt.
    let (stdout, warnings) =
        cli.secret("the old one", &old).secret("the new one", &new).run().succeeds_with_a_warning();
    assert_eq!((stdout, warnings.lines().count()), (format!("{}\n", account.token), 1), "{warnings}");
    let sent: Vec<_> = server.requests().iter().map(|request| request.field("client_assertion").unwrap()).collect();
    assert_eq!(sent, [old, new]);
}

#[test]
fn a_renewed_file_finds_the_token_of_the_old_one_in_the_cache() {
    let account = Account::fresh();
    let home = tempfile::TempDir::new().unwrap();
    let file = home.path().join("token");
    let server = account.server();
    for _ in 0..2 {
        std::fs::write(&file, expiring_in(600)).unwrap();
        let cli = federated(&account, &server, &format!("{{ file = {:?} }}", file.to_str().unwrap()));
        assert_eq!(cli.env("M2M_CACHE_DIR", home.path().join("cache")).run().code, 0);
    }
    assert_eq!(server.requests().len(), 1);
    let other = home.path().join("other");
    std::fs::write(&other, expiring_in(600)).unwrap();
    let cli = federated(&account, &server, &format!("{{ file = {:?} }}", other.to_str().unwrap()));
    assert_eq!(cli.env("M2M_CACHE_DIR", home.path().join("cache")).run().code, 0);
    assert_eq!(server.requests().len(), 2, "another source is another entry");
}

#[test]
fn an_expired_assertion_is_said_to_be_so_and_nothing_is_sent() {
    let account = Account::fresh();
    for source in
        ["{ file = \"../../assertion\" }", "{ env = \"ASSERTION\" }", "{ command = [\"/bin/cat\", \"../assertion\"] }"]
    {
        let assertion = expiring_in(-90);
        let server = Server::untouched();
        let cli = federated(&account, &server, source).secret("the assertion", &assertion);
        let stderr = cli.file("assertion", &assertion).env("ASSERTION", &assertion).run().fails(2);
        assert!(stderr.contains("has expired") && stderr.contains("`exp` was 9"), "{stderr}");
        assert!(stderr.contains("subPath"), "{stderr}");
        assert_eq!(server.connections(), 0, "{source}");
    }
}

/// Not even the metadata is asked for.
#[test]
fn an_expired_or_missing_file_costs_no_discovery() {
    let account = Account::fresh();
    for text in [Some(expiring_in(-90)), Some(" \n".to_owned()), None] {
        let server = Server::untouched();
        let args = ["token", "--profile", "p", "--issuer", &server.url(""), "--client-id", &account.id];
        let config = "[profiles.p]\nclient_assertion = { file = \"../../assertion\" }\n";
        let cli = account.watched(Cli::new(args)).file("config/m2m/config.toml", config);
        let cli = if let Some(text) = &text { cli.file("assertion", text) } else { cli };
        let stderr = cli.run().fails(2);
        assert!(stderr.contains("client_assertion from file"), "{stderr}");
        assert_eq!(server.connections(), 0, "{text:?}");
    }
}

#[test]
fn an_assertion_that_is_no_jwt_is_sent_as_it_is() {
    let account = Account::fresh();
    let server = account.server();
    let cli = federated(&account, &server, "{ env = \"ASSERTION\" }").env("ASSERTION", " opaque-assertion \n");
    let _ = cli.run().succeeds();
    assert_eq!(server.only_request().field("client_assertion").as_deref(), Some("opaque-assertion"));
}

#[test]
fn github_gives_an_identity_token_for_each_request() {
    let account = Account::fresh();
    let bearer = alphanumeric(40);
    let given = [expiring_in(300), expiring_in(301)];
    let service = Server::script(given.iter().map(|jwt| Reply::json(200, &json!({ "count": 1, "value": jwt }))));
    let server = Server::script([Reply::new(503), account.grants()]);
    let cli = federated(&account, &server, "{ github_oidc = \"api://AzureADTokenExchange?x=1&y\" }");
    let cli = cli.env("ACTIONS_ID_TOKEN_REQUEST_URL", service.url("/token/1?api-version=2.0"));
    let cli = cli.env("ACTIONS_ID_TOKEN_REQUEST_TOKEN", &bearer).secret("GitHub's token", &bearer);
    let cli = given.iter().fold(cli, |cli, jwt| cli.secret("the identity token", jwt));
    assert_eq!(cli.run().succeeds(), format!("{}\n", account.token));
    for request in service.requests() {
        assert_eq!(request.method, "GET");
        assert_eq!(request.path(), "/token/1");
        let query = [("api-version", "2.0"), ("audience", "api://AzureADTokenExchange?x=1&y")];
        assert_eq!(request.query(), query.map(|(name, value)| (name.to_owned(), value.to_owned())));
        assert_eq!(request.header("authorization"), Some(format!("Bearer {bearer}").as_str()));
    }
    let sent: Vec<_> = server.requests().iter().map(|request| request.field("client_assertion").unwrap()).collect();
    assert_eq!(sent, given);
}

#[test]
fn a_job_that_may_not_ask_github_is_told_how() {
    let account = Account::fresh();
    for (url, token, missing) in [
        (None, None, "ACTIONS_ID_TOKEN_REQUEST_URL"),
        (Some("https://github.example.com/?v=1"), None, "ACTIONS_ID_TOKEN_REQUEST_TOKEN"),
    ] {
        let server = Server::untouched();
        let mut cli = federated(&account, &server, "{ github_oidc = \"urn:x\" }");
        for (name, value) in [("ACTIONS_ID_TOKEN_REQUEST_URL", url), ("ACTIONS_ID_TOKEN_REQUEST_TOKEN", token)] {
            cli = if let Some(value) = value { cli.env(name, value) } else { cli };
        }
        let stderr = cli.run().fails(2);
        assert!(stderr.contains(missing) && stderr.contains("id-token: write"), "{stderr}");
        assert_eq!(server.connections(), 0);
    }
}

#[test]
fn github_may_refuse() {
    let account = Account::fresh();
    for reply in [Reply::json(403, &json!({ "message": "no" })), Reply::json(200, &json!({ "count": 0 }))] {
        let (service, server) = (Server::always(reply), Server::untouched());
        let cli = federated(&account, &server, "{ github_oidc = \"urn:x\" }");
        let cli = cli.env("ACTIONS_ID_TOKEN_REQUEST_URL", service.url("/t?v=1"));
        let stderr = cli.env("ACTIONS_ID_TOKEN_REQUEST_TOKEN", "bearer-of-github").run().fails(7);
        assert!(stderr.contains("GitHub's identity service gave no token") && stderr.contains("hint: "), "{stderr}");
        assert_eq!(server.connections(), 0);
    }
}

/// As the webhook of Azure workload identity sets them.
fn azure(account: &Account, server: &Server, assertion: &str) -> Cli {
    let args = ["token", "--provider", "entra", "--token-url", &server.url(TOKEN_PATH)];
    let cli = account.watched(Cli::new(args)).file("azure-token", assertion).secret("the assertion", assertion);
    let path = cli.path("azure-token");
    cli.env("AZURE_FEDERATED_TOKEN_FILE", path).env("AZURE_CLIENT_ID", &account.id).env("AZURE_TENANT_ID", "tenant-1")
}

#[test]
fn entra_takes_the_identity_of_the_workload_when_nothing_else_is_set() {
    let account = Account::fresh();
    let (server, assertion) = (account.server(), expiring_in(600));
    assert_eq!(azure(&account, &server, &assertion).run().succeeds(), format!("{}\n", account.token));
    let request = server.only_request();
    assert_eq!(request.field("client_id").as_ref(), Some(&account.id));
    assert_eq!(request.field("client_assertion"), Some(assertion));
    assert_eq!(request.header("authorization"), None);
}

#[test]
fn what_is_set_goes_before_the_identity_of_the_workload() {
    let account = Account::fresh();
    let server = account.server();
    let cli = azure(&account, &server, &expiring_in(600)).env("M2M_CLIENT_SECRET", &account.secret);
    let _ = cli.args(["--client-id", "another"]).run().succeeds();
    let request = server.only_request();
    assert!(request.header("authorization").is_some_and(|value| value.starts_with("Basic ")));
    assert_eq!(request.field("client_assertion"), None);
    // Nor are id and tenant taken from there.
    let server = Server::untouched();
    let stderr = azure(&account, &server, &expiring_in(600)).env("M2M_CLIENT_SECRET", &account.secret).run().fails(2);
    assert!(stderr.contains("`client_id` is not set"), "{stderr}");
}

#[test]
fn other_providers_do_not_look_at_the_variables_of_azure() {
    let account = Account::fresh();
    let server = Server::untouched();
    let args = ["token", "--token-url", &server.url(TOKEN_PATH)];
    let stderr = Cli::new(args).env("AZURE_CLIENT_ID", &account.id).env("AZURE_TENANT_ID", "t").run().fails(2);
    assert!(stderr.contains("`client_id` is not set"), "{stderr}");
}
