//! `m2m participant`: the three requests of a lookup, what each carries, and the array that is printed unchanged.

use std::collections::HashSet;

use serde_json::{Value, json};

use crate::support::lookup::{Lookup, PATH, asked};
use crate::support::{Reply, Server};

/// Asserts that the array `body` comes out as it came in.
#[track_caller]
fn passed_through(body: &str) {
    let lookup = Lookup::fresh();
    let out = lookup.answered(Reply::json_text(200, body)).run().succeeds();
    assert_eq!(out.trim_end_matches('\n'), body);
}

fn is_uuid(text: &str) -> bool {
    let groups: Vec<_> = text.split('-').collect();
    groups.iter().map(|group| group.len()).eq([8, 4, 4, 4, 12])
        && groups.concat().bytes().all(|byte| byte.is_ascii_hexdigit())
}

#[test]
fn a_lookup_is_exactly_three_requests() {
    let lookup = Lookup::fresh();
    let server = lookup.finding();
    let out = lookup.by_cpf(&server).run().json();
    assert_eq!(out, json!([lookup.participant()]));
    let get = format!("GET {PATH}?document={}", lookup.cpf);
    assert_eq!(server.lines(), ["GET /.well-known/openid-configuration", "POST /oauth2/token", get.as_str()]);
}

#[test]
fn the_lookup_carries_token_key_and_correlation_id() {
    let lookup = Lookup::fresh();
    let server = lookup.finding();
    let request = asked(&server, lookup.by_login(&server));
    assert_eq!(request.line(), format!("GET {PATH}?login={}", lookup.login));
    assert_eq!(request.header("authorization"), Some(format!("Bearer {}", lookup.account.token).as_str()));
    assert_eq!(request.header("ocp-apim-subscription-key"), Some(lookup.key.as_str()));
    assert!(request.header("x-correlation-id").is_some_and(is_uuid), "{request:?}");
    assert!(request.header("accept").is_some_and(|value| value.contains("json")), "{request:?}");
    assert!(request.header("user-agent").is_some_and(|value| value.starts_with("m2m")), "{request:?}");
    assert!(request.body.is_empty());
}

#[test]
fn the_correlation_id_is_new_in_each_run_and_one_in_each() {
    let lookup = Lookup::fresh();
    let server = lookup.finding();
    let mut seen = HashSet::new();
    for _ in 0..5 {
        let id = asked(&server, lookup.by_login(&server)).header("x-correlation-id").unwrap().to_owned();
        assert!(seen.insert(id));
    }
    let sent: HashSet<_> =
        server.requests().iter().filter_map(|request| request.header("x-correlation-id").map(str::to_owned)).collect();
    assert_eq!(sent, seen, "no request of a run carries another id");
}

#[test]
fn without_a_subscription_key_there_is_no_such_header() {
    let lookup = Lookup::fresh();
    let server = lookup.finding();
    let request = asked(&server, lookup.by_login(&server).without_env("M2M_SUBSCRIPTION_KEY"));
    assert_eq!(request.header("ocp-apim-subscription-key"), None);
}

#[test]
fn the_path_of_the_api_url_is_kept() {
    let lookup = Lookup::fresh();
    for base in ["/base", "/base/", "/a/b%20c"] {
        let server = lookup.finding();
        let account = &lookup.account;
        let cli = account.cli([
            "participant",
            "--issuer",
            &server.url(""),
            "--api-url",
            &server.url(base),
            "--login",
            &lookup.login,
        ]);
        let request = asked(&server, lookup.watched(cli));
        assert_eq!(request.path(), format!("{}{PATH}", base.trim_end_matches('/')));
    }
}

#[test]
fn numbers_keep_their_form() {
    passed_through(
        r#"[{"a":1.50,"b":1e3,"c":-0.0,"d":123456789012345678901234567890,"e":1E+2,"f":0.1000000000000000055511151231257827}]"#,
    );
}

#[test]
fn keys_keep_their_order_and_unknown_fields_their_place() {
    passed_through(r#"[{"zeta":1,"alpha":{"y":[],"x":{}},"id":"7","x-unknown":null,"id2":7}]"#);
}

#[test]
fn escapes_and_white_space_stay_as_they_are() {
    passed_through(r#"[{"name":"Jo\u00e3o \/ \"x\" \ud83d\ude00","emoji":"😀","empty":""}]"#);
    passed_through("[ { \"a\" : 1 ,\t\"b\":[ 1,2 ] } ]");
    passed_through("[{\"dup\":1,\"dup\":2}]");
}

#[test]
fn several_participants_come_out_as_they_came() {
    let lookup = Lookup::fresh();
    let both = json!([lookup.participant(), lookup.participant()]).to_string();
    assert_eq!(lookup.answered(Reply::json_text(200, &both)).run().succeeds().trim_end(), both);
}

#[test]
fn one_asks_for_a_single_participant() {
    let lookup = Lookup::fresh();
    let participant = lookup.participant();
    let out: Value = lookup.answered(Reply::json(200, &json!([participant]))).arg("--one").run().json();
    assert!(out == participant || out == json!([participant]), "{out}");
}

#[test]
fn an_api_url_is_needed() {
    let lookup = Lookup::fresh();
    let server = Server::untouched();
    let cli = lookup.account.cli(["participant", "--issuer", &server.url(""), "--login", &lookup.login]);
    let stderr = lookup.watched(cli).run().fails(2);
    assert!(stderr.contains("api_url") || stderr.contains("--api-url"), "{stderr}");
    assert_eq!(server.connections(), 0);
}
