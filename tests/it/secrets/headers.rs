//! Secrets of the API, from every source: the subscription key and other headers. None is shown.

use serde_json::json;

use crate::support::account::metadata;
use crate::support::failure::{Refusal, refused};
use crate::support::lookup::Lookup;
use crate::support::random::alphanumeric;
use crate::support::{Account, Cli, Home, Reply, Request, Server};

/// A lookup through a profile.
struct Stage {
    lookup: Lookup,
    home: Home,
    server: Server,
    /// The value that is to arrive in a header.
    value: String,
}

impl Stage {
    fn new() -> Self {
        let lookup = Lookup::fresh();
        let server = lookup.answering(Reply::json(200, &json!([lookup.participant()])));
        Self { lookup, home: Home::new(), server, value: alphanumeric(30) }
    }

    /// `m2m participant` with these lines in its profile.
    fn cli(&self, lines: &str) -> Cli {
        let url = self.server.url("");
        self.home.config(&format!(
            "default_profile = \"p\"\n[profiles.p]\nissuer = \"{url}\"\napi_url = \"{url}\"\n{lines}\n"
        ));
        let cli = self.lookup.account.cli_at(&self.home, ["participant", "--login", &self.lookup.login]);
        self.lookup.watched(cli).secret("the header's value", &self.value)
    }

    /// The request to the API, after discovery and grant.
    #[track_caller]
    fn api_request(&self) -> Request {
        let mut requests = self.server.requests();
        assert_eq!(requests.len(), 3, "{:?}", self.server.lines());
        requests.remove(2)
    }
}

/// Puts a value where its source looks for it.
type Prepare = Box<dyn Fn(Cli) -> Cli>;

/// Every source of a value that a test can put there, with what makes the value come out of it.
fn sources(stage: &Stage) -> Vec<(String, Prepare)> {
    let value = stage.value.clone();
    let file = stage.home.file("secrets/value", format!("{value}\n"));
    let quoted = file.display();
    let keyring = stage.home.file("secrets/keyring.sh", format!("cat '{quoted}'"));
    vec![
        ("{ env = \"MY_VALUE\" }".into(), Box::new(move |cli| cli.env("MY_VALUE", &value))),
        (format!("{{ file = \"{quoted}\" }}"), Box::new(|cli| cli)),
        (format!("{{ command = [\"cat\", \"{quoted}\"] }}"), Box::new(|cli| cli)),
        (format!("{{ command = [\"/bin/sh\", \"{}\"] }}", keyring.display()), Box::new(|cli| cli)),
        (format!("{{ value = \"{}\" }}", stage.value), Box::new(|cli| cli)),
    ]
}

#[test]
fn the_subscription_key_comes_from_every_source() {
    for at in 0..5 {
        for verbosity in ["-q", "-vv"] {
            let stage = Stage::new();
            let (source, prepare) = sources(&stage).remove(at);
            let outcome = prepare(stage.cli(&format!("subscription_key = {source}"))).arg(verbosity).run();
            assert_eq!(outcome.code, 0, "{source}: {}", outcome.stderr);
            let request = stage.api_request();
            assert_eq!(request.header("ocp-apim-subscription-key"), Some(stage.value.as_str()), "{source}");
        }
    }
}

#[test]
fn a_header_comes_from_every_source() {
    for at in 0..5 {
        for verbosity in ["-q", "-vv"] {
            let stage = Stage::new();
            let (source, prepare) = sources(&stage).remove(at);
            let cli = stage.cli(&format!("headers = {{ X-Api-Key = {source}, X-Plain = \"plain\" }}"));
            let outcome = prepare(cli).arg(verbosity).run();
            assert_eq!(outcome.code, 0, "{source}: {}", outcome.stderr);
            let request = stage.api_request();
            assert_eq!(request.header("x-api-key"), Some(stage.value.as_str()), "{source}");
            assert_eq!(request.header("x-plain"), Some("plain"), "{source}");
        }
    }
}

#[test]
fn headers_go_to_the_api_only() {
    let stage = Stage::new();
    let cli = stage.cli("headers = { X-Api-Key = { env = \"MY_VALUE\" } }\nsubscription_key = { env = \"MY_VALUE\" }");
    let _ = cli.env("MY_VALUE", &stage.value).run().succeeds();
    for request in &stage.server.requests()[..2] {
        assert_eq!(request.header("x-api-key"), None, "{}", request.line());
        assert_eq!(request.header("ocp-apim-subscription-key"), None, "{}", request.line());
    }
}

/// What is refused of these lines, without any request.
#[track_caller]
fn unreadable(lines: &str, with: impl Fn(&Stage, Cli) -> Cli) -> Refusal {
    let stage = Stage::new();
    let lines = lines.replace("VALUE", &stage.value);
    let refusal = refused(2, "usage", || with(&stage, stage.cli(&lines)));
    assert_eq!(stage.server.connections(), 0, "a value that cannot be read costs no request");
    refusal
}

#[test]
fn a_value_that_cannot_be_read_is_named_before_anything_is_sent() {
    for (source, words) in [
        ("{ env = \"NOT_SET\" }", "NOT_SET"),
        ("{ file = \"/proc/nonexistent/key\" }", "/proc/nonexistent/key"),
        ("{ command = [\"/proc/nonexistent/vault\"] }", "/proc/nonexistent/vault"),
        ("{ command = [\"false\"] }", "false"),
        ("{ command = [\"true\"] }", "empty"),
        ("{ keyring = \"entry\" }", "`entry`"),
        ("{ value = \"\" }", "empty"),
    ] {
        let with_path = |_: &Stage, cli: Cli| {
            let path = if source.contains("keyring") { "/proc/nonexistent" } else { "/usr/bin:/bin" };
            cli.env("PATH", path)
        };
        unreadable(&format!("subscription_key = {source}"), with_path).names("subscription_key").names(words);
        unreadable(&format!("headers = {{ X-Api-Key = {source} }}"), with_path).names(words).names("-key");
    }
}

#[test]
fn a_value_that_no_header_can_carry_is_named_and_not_shown() {
    for bad in ["a\nVALUE", "VALUE\r\nX-Injected: 1", "VALUE\0", "VALUE\u{7f}", "VALUEé"] {
        let in_toml = serde_json::to_string(bad).unwrap().replace('\u{7f}', "\\u007f");
        unreadable(&format!("subscription_key = {{ value = {in_toml} }}"), |_, cli| cli).names("subscription_key");
    }
}

#[test]
fn the_flag_wins_over_the_variable_and_that_over_the_profile() {
    let other = alphanumeric(30);
    let source = "subscription_key = { env = \"MY_VALUE\" }";
    let stage = Stage::new();
    let _ = stage.cli(source).env("MY_VALUE", &other).env("M2M_SUBSCRIPTION_KEY", &stage.value).run().succeeds();
    assert_eq!(stage.api_request().header("ocp-apim-subscription-key"), Some(stage.value.as_str()));

    let stage = Stage::new();
    let path = stage.home.file("key", &stage.value);
    let cli = stage.cli(source).env("MY_VALUE", &other).env("M2M_SUBSCRIPTION_KEY_FILE", &path);
    let _ = cli.run().succeeds();
    assert_eq!(stage.api_request().header("ocp-apim-subscription-key"), Some(stage.value.as_str()));

    let stage = Stage::new();
    let cli = stage.cli(source).env("M2M_SUBSCRIPTION_KEY", &other).args(["--subscription-key-file", "-"]);
    let _ = cli.stdin(stage.value.clone()).run().succeeds();
    assert_eq!(stage.api_request().header("ocp-apim-subscription-key"), Some(stage.value.as_str()));
}

#[test]
fn headers_of_the_request_itself_cannot_be_set() {
    for name in ["Authorization", "host", "Content-Length"] {
        unreadable(&format!("headers = {{ {name} = \"x\" }}"), |_, cli| cli).names(name);
    }
    unreadable("headers = { \"not a name\" = \"x\" }", |_, cli| cli).names("not a name");
}

#[test]
fn a_server_that_sends_a_key_back_does_not_make_us_print_it() {
    let mut stage = Stage::new();
    let (value, grants) = (stage.value.clone(), stage.lookup.account.grants());
    stage.server = Server::start(move |request| match request.path() {
        "/.well-known/openid-configuration" => Reply::json(200, &metadata(&request.origin())),
        "/oauth2/token" => grants.clone(),
        _ => Reply::json(403, &json!({ "message": format!("the key {value} may not do this") })),
    });
    let cli = stage.cli("subscription_key = { env = \"MY_VALUE\" }").env("MY_VALUE", &stage.value);
    let stderr = cli.arg("-vv").run();
    assert_eq!(stderr.code, 8, "{stderr:?}");
    assert!(stderr.stderr.contains("[hidden]"), "{}", stderr.stderr);
}

/// A gateway in front of the token endpoint may want a key of its own.
#[test]
fn headers_of_the_token_request_are_sent_there_and_nowhere_else() {
    let lookup = Lookup::fresh();
    let key = alphanumeric(24);
    let server = lookup.answering(Reply::new(200));
    let config = "[profiles.p]\ntoken_headers = { x-api-key = { env = \"GATEWAY_KEY\" } }\n";
    let cli = crate::support::call::call(&lookup, &server, ["/x", "--profile", "p"]).secret("the gateway's key", &key);
    let _ = cli.file("config/m2m/config.toml", config).env("GATEWAY_KEY", &key).run().succeeds();
    for request in server.requests() {
        let expected = (request.method == "POST").then_some(key.as_str());
        assert_eq!(request.header("x-api-key"), expected, "{}", request.line());
    }
}

#[test]
fn headers_that_belong_to_the_token_request_itself_are_refused() {
    let account = Account::fresh();
    for name in ["Content-Type", "Authorization", "Host"] {
        let config = format!("[profiles.p]\ntoken_headers = {{ {name} = \"x\" }}\n");
        let cli = || account.cli(["token", "--profile", "p", "--token-url", "https://h.example/t"]);
        refused(2, "usage", || cli().file("config/m2m/config.toml", &config)).names("token_headers");
    }
}
