//! `m2m check`: the probe of the API.

use serde_json::{Value, json};

use crate::support::lookup::{Lookup, cloudloyalty, gateway};
use crate::support::{CheckReport, Reply, TestServers};

#[test]
fn an_api_that_accepts_the_token_passes() {
    let servers = TestServers::healthy();
    let server = servers.server();
    let report = CheckReport::of(servers.cli(&server, ["--scope", "read:a write:a", "--api", "/v1/status"]).run());
    report.passes().says("api.probe", "pass", &format!("GET {}", server.url("/v1/status")));
    let calls: Vec<_> = server.requests().into_iter().filter(|request| request.path() == "/v1/status").collect();
    assert_eq!(calls.len(), 1);
    assert_eq!(calls[0].line(), "GET /v1/status");
    assert_eq!(calls[0].header("authorization"), Some(format!("Bearer {}", servers.account.token).as_str()));
    servers.check([]).passes().says("api.probe", "skip", "neither --api nor --cpf nor --login");
}

/// Each answer of the API, the exit code, and words of the report.
#[test]
fn a_refusal_fails_with_its_own_exit_code() {
    let challenge =
        |status: u16, error: &str| Reply::new(status).header("WWW-Authenticate", &format!("Bearer error=\"{error}\""));
    for (reply, code, words) in [
        (gateway(401, "Access denied due to missing subscription key."), 8, "refused the subscription key"),
        (gateway(401, "Access denied due to invalid subscription key."), 8, "the token is not the problem"),
        (gateway(401, "JWT not present."), 8, "refused the access token"),
        (challenge(401, "invalid_token"), 8, "refused the access token"),
        (challenge(403, "invalid_token"), 8, "refused the access token"),
        (challenge(403, "insufficient_scope"), 4, "the token's scope does not allow this call"),
        (Reply::new(403), 8, "the API refused the call"),
        (gateway(404, "Resource not found"), 8, "the API knows no such path"),
        (gateway(403, "Out of call volume quota. Quota will be replenished in 01:00:00."), 6, "quota"),
        (Reply::new(403).header("Retry-After", "60"), 6, "throttles"),
        (Reply::new(429), 6, "throttles"),
        (Reply::html(403, "Blocked"), 7, "an HTML page came"),
        (Reply::html(503, "Unavailable"), 7, "an HTML page came"),
        (Reply::new(500), 7, "the API keeps failing"),
        (Reply::new(503), 7, "the API keeps failing"),
        (Reply::redirect(302, "https://elsewhere.example.com/"), 7, "redirects"),
        (Reply::closed(), 5, "broke before an answer"),
    ] {
        let servers = TestServers { api: reply, ..TestServers::healthy() };
        let report = servers.check(["--api", "/v1/status"]);
        report.fails(code, "api.probe", words).says("token.grant", "pass", "granted");
    }
}

/// A page is an answer, but hardly the API's.
#[test]
fn a_page_instead_of_an_answer_warns() {
    let servers = TestServers { api: Reply::html(200, "Sign in"), ..TestServers::healthy() };
    servers.check(["--api", "/v1/status"]).warns("api.probe", "answered with an HTML page");
}

#[test]
fn a_probe_goes_to_the_api_only() {
    for path in ["v1/status", "//elsewhere.example.com/x", "https://elsewhere.example.com/x", "/x#y"] {
        TestServers::healthy().check(["--api", path]).fails(2, "api.probe", "is refused");
    }
}

/// A lookup by CPF or login with the subscription key, none of which may show.
fn looked_up(api: Reply, by: &str) -> (Lookup, CheckReport) {
    let (person, mut servers) = (Lookup::fresh(), TestServers::healthy());
    servers.api = api;
    let server = servers.server();
    let cli = servers.cli(&server, ["--scope", "read:a write:a", by]);
    let who = if by == "--cpf" { person.cpf.clone() } else { person.login.clone() };
    let cli = person.watched(cli.arg(&who)).env("M2M_SUBSCRIPTION_KEY", &person.key);
    let outcome = cli.run();
    for value in [&person.cpf, &person.login] {
        assert!(!outcome.stdout.contains(value.as_str()), "personal data in the report: {}", outcome.stdout);
    }
    let call = server.requests().into_iter().find(|request| request.path() == "/v1/participants").unwrap();
    assert_eq!(call.header("ocp-apim-subscription-key"), Some(person.key.as_str()));
    assert!(call.query().iter().any(|(_, value)| *value == who));
    (person, CheckReport::of(outcome))
}

#[test]
fn a_lookup_is_a_probe() {
    for by in ["--cpf", "--login"] {
        let (person, report) = looked_up(Reply::json(200, &json!([])), by);
        report.passes().says("api.probe", "pass", "the lookup found 0 participants");
        let (_, report) = looked_up(Reply::json(200, &json!([person.participant()])), by);
        report.passes().says("api.probe", "pass", "the lookup found 1 participant");
        let (_, report) = looked_up(cloudloyalty(404, "113".into(), "Participante não encontrado."), by);
        report.passes().says("api.probe", "pass", "found 0 participants");
    }
}

#[test]
fn a_refused_lookup_fails_and_names_nobody() {
    let person = Lookup::fresh();
    let echo = format!("no {} / {} / {}", person.cpf, person.login, "529.982.247-25");
    for (reply, code, words) in [
        (gateway(401, "Access denied due to missing subscription key."), 8, "refused the subscription key"),
        (cloudloyalty(401, "103".into(), "Token inválido"), 8, "refused the kind of token"),
        (cloudloyalty(422, Value::from(7), &echo), 8, "the API refused the call"),
        (Reply::json(200, &json!({ "not": "an array" })), 7, ""),
        (Reply::html(200, "Sign in"), 7, ""),
    ] {
        let (_, report) = looked_up(reply, "--cpf");
        report.fails(code, "api.probe", words);
    }
}

#[test]
fn a_cpf_with_wrong_check_digits_is_refused_before_anything_is_sent() {
    let servers = TestServers::healthy();
    let server = crate::support::Server::untouched();
    let _ = servers.cli(&server, ["--cpf", "529.982.247-26"]).personal("52998224726").run().fails(2);
    let _ = servers.cli(&server, ["--cpf", "529.982.247-25", "--login", "x"]).run().fails(2);
}

#[test]
fn a_key_that_others_can_read_warns() {
    let (servers, person) = (TestServers::healthy(), Lookup::fresh());
    let server = servers.server();
    let cli = servers.cli(&server, ["--scope", "read:a write:a", "--api", "/v1/status"]).file("key", &person.key);
    let cli = person.watched(cli.mode("key", 0o644)).path_arg("--subscription-key-file", "key");
    CheckReport::of(cli.run()).warns("api.probe", "can be read by others").says("api.probe", "warn", "all the same");
}
