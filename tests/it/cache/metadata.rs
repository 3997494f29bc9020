//! Cached metadata: kept for one day at most, never when it failed validation, and validated again when read.

use std::fs;
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

use crate::support::account::metadata;
use crate::support::binary::home::{METADATA, age, json_files, read_json, rewrite};
use crate::support::{Account, Cli, Home, Reply, Server};

const DOCUMENT: &str = "GET /.well-known/openid-configuration";
const GRANT: &str = "POST /oauth2/token";

/// A home, and a server whose document comes with these `Cache-Control` directives.
struct Stage {
    account: Account,
    home: Home,
    server: Server,
    cache_control: Arc<Mutex<Option<&'static str>>>,
    runs: Mutex<usize>,
}

impl Stage {
    fn new(directives: Option<&'static str>) -> Self {
        let account = Account::fresh();
        let cache_control = Arc::new(Mutex::new(directives));
        let server = Server::start({
            let (grants, cache_control) = (account.grants(), Arc::clone(&cache_control));
            move |request| {
                if request.line() == GRANT {
                    return grants.clone();
                }
                let reply = Reply::json(200, &metadata(&request.origin()));
                let directives = *cache_control.lock().unwrap();
                directives.map_or(reply.clone(), |value| reply.header("Cache-Control", value))
            }
        });
        Self { account, home: Home::new(), server, cache_control, runs: Mutex::new(0) }
    }

    /// A run for a token that is in no cache, since its scope is new.
    fn cold(&self) -> Cli {
        let mut runs = self.runs.lock().unwrap();
        *runs += 1;
        let scope = format!("scope-{runs}");
        let issuer = self.server.url("");
        self.account.cli_at(&self.home, ["token", "--issuer", &issuer, "--scope", &scope])
    }

    /// Asserts that a cold token takes these requests.
    #[track_caller]
    fn takes(&self, name: &str, cli: Cli, lines: &[&str]) {
        let before = self.server.requests().len();
        assert_eq!(cli.run().succeeds(), format!("{}\n", self.account.token), "{name}");
        assert_eq!(self.server.lines()[before..], *lines, "{name}");
    }
}

#[test]
fn the_second_cold_token_makes_only_the_token_request() {
    let stage = Stage::new(None);
    stage.takes("first", stage.cold(), &[DOCUMENT, GRANT]);
    stage.takes("second", stage.cold(), &[GRANT]);
    stage.takes("third", stage.cold(), &[GRANT]);
}

#[test]
fn a_discovery_url_is_cached_too_and_shared_with_nothing_else() {
    let stage = Stage::new(None);
    let url = stage.server.url("/.well-known/openid-configuration");
    let cold = |scope: &str| {
        let args = ["token", "--discovery-url", &url, "--scope", scope];
        stage.account.cli_at(&stage.home, args)
    };
    stage.takes("first", cold("a"), &[DOCUMENT, GRANT]);
    stage.takes("second", cold("b"), &[GRANT]);
    let other = Stage::new(None);
    let _ = other.account.cli_at(&stage.home, ["token", "--issuer", &other.server.url("")]).run().succeeds();
    assert_eq!(other.server.lines(), [DOCUMENT, GRANT]);
}

#[test]
fn a_document_is_kept_as_long_as_its_server_allows_but_a_day_at_most() {
    for (directives, kept, gone) in [
        (None, 23 * 3600, 25 * 3600),
        (Some("public, max-age=600"), 300, 700),
        (Some("max-age=\"600\""), 300, 700),
        (Some("MAX-AGE=600"), 300, 700),
        (Some("max-age=2592000"), 23 * 3600, 25 * 3600),
    ] {
        let name = format!("{directives:?}");
        let stage = Stage::new(directives);
        stage.takes(&name, stage.cold(), &[DOCUMENT, GRANT]);
        age(&stage.home.document(), kept);
        stage.takes(&name, stage.cold(), &[GRANT]);
        age(&stage.home.document(), gone - kept);
        stage.takes(&name, stage.cold(), &[DOCUMENT, GRANT]);
        stage.takes(&name, stage.cold(), &[GRANT]);
    }
}

#[test]
fn a_document_from_the_future_is_a_miss() {
    let stage = Stage::new(None);
    stage.takes("first", stage.cold(), &[DOCUMENT, GRANT]);
    age(&stage.home.document(), -7200);
    stage.takes("second", stage.cold(), &[DOCUMENT, GRANT]);
}

#[test]
fn a_document_that_must_not_be_kept_is_fetched_each_time() {
    for directives in ["no-store", "No-Store", "private, no-store, max-age=600", "max-age=0"] {
        let stage = Stage::new(Some(directives));
        stage.takes(directives, stage.cold(), &[DOCUMENT, GRANT]);
        stage.takes(directives, stage.cold(), &[DOCUMENT, GRANT]);
        assert_eq!(json_files(&stage.home.path(METADATA)), [] as [std::path::PathBuf; 0], "{directives}");
    }
}

#[test]
fn a_document_that_must_no_longer_be_kept_is_removed() {
    let stage = Stage::new(None);
    stage.takes("first", stage.cold(), &[DOCUMENT, GRANT]);
    *stage.cache_control.lock().unwrap() = Some("no-store");
    stage.takes("refresh", stage.cold().arg("--refresh"), &[DOCUMENT, GRANT]);
    stage.takes("third", stage.cold(), &[DOCUMENT, GRANT]);
}

#[test]
fn no_cache_neither_reads_nor_writes_documents_and_refresh_does_not_read_them() {
    let stage = Stage::new(None);
    stage.takes("--no-cache", stage.cold().arg("--no-cache"), &[DOCUMENT, GRANT]);
    stage.takes("cold", stage.cold(), &[DOCUMENT, GRANT]);
    stage.takes("--no-cache", stage.cold().arg("--no-cache"), &[DOCUMENT, GRANT]);
    stage.takes("--refresh", stage.cold().arg("--refresh"), &[DOCUMENT, GRANT]);
    stage.takes("warm", stage.cold(), &[GRANT]);
}

/// Makes an answer to discovery at an origin.
type Make = fn(&str) -> Reply;

#[test]
fn a_document_that_fails_a_check_is_never_cached() {
    let bad: [(&str, Make); 6] = [
        ("another issuer", |_| Reply::json(200, &metadata("https://evil.example.com"))),
        ("no token endpoint", |origin| Reply::json(200, &json!({ "issuer": origin }))),
        ("an endpoint over http", |origin| {
            let mut document = metadata(origin);
            document["token_endpoint"] = json!("http://auth.example.com/token");
            Reply::json(200, &document)
        }),
        ("a page", |_| Reply::html(200, "Welcome")),
        ("not JSON", |_| Reply::json_text(200, "{")),
        ("503", |_| Reply::new(503)),
    ];
    for (name, make) in bad {
        let account = Account::fresh();
        let home = Home::new();
        let broken = Arc::new(Mutex::new(true));
        let server = Server::start({
            let (grants, broken) = (account.grants(), Arc::clone(&broken));
            move |request| match (request.method.as_str(), *broken.lock().unwrap()) {
                ("POST", false) => grants.clone(),
                ("POST", true) => panic!("nothing is posted after a bad document"),
                (_, false) => Reply::json(200, &metadata(&request.origin())),
                (_, true) => make(&request.origin()),
            }
        });
        let cli = || account.cli_at(&home, ["token", "--issuer", &server.url(""), "--retries", "0"]);
        let _ = cli().run().fails(7);
        assert_eq!(json_files(&home.path(METADATA)), [] as [std::path::PathBuf; 0], "{name}");
        *broken.lock().unwrap() = false;
        assert_eq!(cli().run().succeeds(), format!("{}\n", account.token), "{name}");
    }
}

#[test]
fn a_cached_document_is_checked_against_the_issuer_that_is_expected_now() {
    let stage = Stage::new(None);
    let url = stage.server.url("/.well-known/openid-configuration");
    let args = ["token", "--discovery-url", &url, "--scope", "a"];
    stage.takes("first", stage.account.cli_at(&stage.home, args), &[DOCUMENT, GRANT]);

    let pinned = ["token", "--discovery-url", &url, "--issuer", "https://other.example.com", "--retries", "0"];
    let stderr = stage.account.cli_at(&stage.home, pinned).run().fails(7);
    assert!(stderr.contains("https://other.example.com") && stderr.contains(&stage.server.url("")), "{stderr}");
    assert_eq!(stage.server.lines().iter().filter(|line| *line == GRANT).count(), 1, "no secret was sent");
}

/// Edits the document inside the cache file, wherever it stands: as JSON, or as a string of JSON.
fn tamper(text: &str, edit: impl Fn(&mut Value)) -> String {
    let mut file: Value = serde_json::from_str(text).unwrap();
    for member in file.as_object_mut().unwrap().values_mut() {
        if let Some(mut inner) = member.as_str().and_then(|text| serde_json::from_str::<Value>(text).ok()) {
            if inner.get("token_endpoint").is_some() {
                edit(&mut inner);
                *member = inner.to_string().into();
            }
        } else if member.get("token_endpoint").is_some() {
            edit(member);
        }
    }
    file.to_string()
}

/// Changes a document.
type Edit = fn(&mut Value);

#[test]
fn a_cached_document_that_was_tampered_with_is_fetched_anew() {
    let edits: [(&str, Edit); 3] = [
        ("issuer", |document| document["issuer"] = json!("https://evil.example.com")),
        ("endpoint", |document| document["token_endpoint"] = json!("http://evil.example.com/token")),
        ("userinfo", |document| document["token_endpoint"] = json!("https://a@evil.example.com/token")),
    ];
    for (name, edit) in edits {
        let stage = Stage::new(None);
        stage.takes(name, stage.cold(), &[DOCUMENT, GRANT]);
        let path = stage.home.document();
        let before = fs::read_to_string(&path).unwrap();
        let after = tamper(&before, edit);
        assert_ne!(before.trim(), after, "{name}");
        rewrite(&path, after);
        stage.takes(name, stage.cold(), &[DOCUMENT, GRANT]);
    }
}

#[test]
fn a_cached_document_that_cannot_be_read_is_fetched_anew() {
    for bytes in ["", "null", "{}", "garbage", "{\"version\":999}"] {
        let stage = Stage::new(None);
        stage.takes(bytes, stage.cold(), &[DOCUMENT, GRANT]);
        rewrite(&stage.home.document(), bytes);
        stage.takes(bytes, stage.cold(), &[DOCUMENT, GRANT]);
        assert!(read_json(&stage.home.document())["version"].is_u64(), "it was replaced");
    }
}

/// As with Azure AD B2C, whose documents differ by `?p=POLICY` alone. The query is not shown, and counts.
#[test]
fn documents_that_differ_in_their_query_alone_are_kept_apart() {
    let stage = Stage::new(None);
    let issuer = stage.server.url("");
    for (policy, lines) in [("one", 2), ("two", 2), ("one", 1), ("two", 1)] {
        let before = stage.server.requests().len();
        let url = stage.server.url(&format!("/.well-known/openid-configuration?p={policy}"));
        let scope = format!("scope-{before}");
        let args = ["token", "--discovery-url", &url, "--issuer", &issuer, "--scope", &scope];
        let _ = stage.account.cli_at(&stage.home, args).run().succeeds();
        assert_eq!(stage.server.lines().len() - before, lines, "{policy}: {:?}", stage.server.lines());
    }
}

#[test]
fn a_directive_on_a_second_line_counts() {
    let account = Account::fresh();
    let grants = account.grants();
    let server = Server::start(move |request| match request.method.as_str() {
        "POST" => grants.clone(),
        _ => Reply::json(200, &metadata(&request.origin()))
            .header("Cache-Control", "public")
            .header("Cache-Control", "no-store"),
    });
    let home = Home::new();
    let _ = account.cli_at(&home, ["token", "--issuer", &server.url("")]).run().succeeds();
    assert_eq!(json_files(&home.path(METADATA)), [] as [std::path::PathBuf; 0]);
}
