//! `m2m check`: the grant, and what the response says.

use std::time::Duration;

use serde_json::{Value, json};

use crate::support::account::TOKEN_PATH;
use crate::support::{CheckReport, Reply, Server, TestServers};

#[test]
fn nothing_is_wrong_with_a_good_grant() {
    let servers = TestServers::healthy();
    let report = servers.check([]);
    report.passes().says("token.grant", "pass", "granted").says("token.latency", "pass", " ms");
    report.says("token.type", "pass", "Bearer").says("token.syntax", "pass", "fits a header");
    report.says("token.lifetime", "pass", "lives 3600 s").says("token.scope", "pass", "read:a write:a");
    report.says("token.extras", "pass", "nothing but").says("token.response", "pass", "JSON");
    report.says("token.quota", "skip", "no quota").says("token.negative", "skip", "--negative");
}

/// Each refusal, the exit code, and words of the report.
#[test]
fn a_refusal_fails_the_grant_with_its_own_exit_code() {
    let error = |status: u16, code: &str| Reply::json(status, &json!({ "error": code, "error_description": "No." }));
    for (reply, code, words) in [
        (error(401, "invalid_client"), 3, "refused the client credentials (invalid_client)"),
        (error(200, "invalid_client"), 3, "invalid_client"),
        (error(401, "access_denied"), 3, "access_denied"),
        (error(400, "unauthorized_client"), 3, "unauthorized_client"),
        (error(400, "unsupported_grant_type"), 3, "`body_format`"),
        (Reply::new(401), 3, "refused the client credentials"),
        (error(400, "invalid_scope"), 4, "scope `read:a write:a` (from flag `--scope`)"),
        (error(400, "invalid_target"), 4, "asked for"),
        (Reply::new(429), 6, "throttles this client"),
        (Reply::new(403).header("Retry-After", "60"), 6, "throttles this client"),
        (Reply::html(403, "Blocked"), 7, "an HTML page came"),
        (Reply::redirect(302, "https://elsewhere.example.com/"), 7, "redirects"),
        (Reply::new(500), 7, "keeps failing"),
        (Reply::new(404), 7, "no token endpoint at this URL"),
        (Reply::json(200, &json!({})), 7, "no access token"),
        (Reply::json(200, &json!({ "access_token": "" })), 7, "`access_token` is empty"),
        (Reply::json_text(200, r#"{"access_token":"a","access_token":"b"}"#), 7, "ambiguous"),
        (Reply::json_text(200, "{"), 7, "cannot be read"),
        (Reply::json(200, &json!({ "padding": "x".repeat(2 * 1024 * 1024) })), 7, "too large"),
    ] {
        let report = TestServers::granting(reply).check([]);
        report.fails(code, "token.grant", words).says("token.type", "skip", "not tried");
        report.says("server.clock", if code == 7 && words == "too large" { "skip" } else { "pass" }, "");
    }
}

/// The settings that the refusal is about are named with their origin.
#[test]
fn a_refused_client_is_told_where_its_credentials_come_from() {
    let refused = Reply::json(401, &json!({ "error": "invalid_client" }));
    let report = TestServers::granting(refused).check([]);
    report.says("token.grant", "fail", "env `M2M_CLIENT_SECRET`");
}

#[test]
fn a_slow_grant_warns() {
    let mut servers = TestServers::healthy();
    let slow = json!({ "access_token": servers.account.token, "token_type": "Bearer", "expires_in": 3600 });
    servers.grant = Some(Reply::json(200, &slow).after(Duration::from_millis(5100)));
    servers.check([]).warns("token.latency", "fail at random");
}

#[test]
fn a_token_of_another_type_fails_and_one_without_a_type_warns() {
    TestServers::answering("token_type", "bearer".into()).check([]).passes();
    TestServers::answering("token_type", Value::Null).check([]).warns("token.type", "has no `token_type`");
    TestServers::answering("token_type", "".into()).check([]).warns("token.type", "has no `token_type`");
    for kind in ["DPoP", "mac", "BearerToken"] {
        let report = TestServers::answering("token_type", kind.into()).check([]);
        report.fails(7, "token.type", "not a Bearer token").says("token.grant", "pass", "granted");
    }
    TestServers::answering("token_type", 7.into()).check([]).fails(7, "token.type", "not a string");
}

#[test]
fn a_token_that_fits_no_header_fails_and_a_large_one_warns() {
    let granting = |token: &str| {
        let mut servers = TestServers::opaque();
        servers.account.token = token.to_owned();
        servers.check([])
    };
    for token in ["with a blank", "with\r\nX-Injected: yes", "caf\u{e9}-token-of-a-test"] {
        let report = granting(token);
        report.fails(7, "token.syntax", "RFC 6749 appendix A.12").says("token.grant", "pass", "granted");
    }
    granting(&"x".repeat(8192)).passes().says("token.syntax", "pass", "8192 characters");
    granting(&"x".repeat(8193)).warns("token.syntax", "refuse headers above 8 KiB");
}

#[test]
fn lifetimes_that_other_clients_trip_over_warn() {
    let lifetime = |value: Value, opaque: bool| {
        let mut servers = if opaque { TestServers::opaque() } else { TestServers::healthy() };
        servers.answer["expires_in"] = value;
        servers.check([])
    };
    lifetime(3599.5.into(), false).passes();
    lifetime(86_400.into(), true).passes().says("token.lifetime", "pass", "86400 s");
    lifetime(86_401.into(), true).passes().says("token.lifetime", "info", "more than a day");
    for (value, opaque, words) in [
        (Value::Null, true, "does not say how long"),
        (Value::Null, false, "no `expires_in`; going by its `exp`"),
        ("soon".into(), true, "is not a number"),
        (true.into(), false, "is not a number"),
        ("3600".into(), false, "is a string, not a number"),
        (0.into(), true, "expired already (`expires_in` is 0)"),
        ((-5).into(), true, "expired already (`expires_in` is -5)"),
    ] {
        lifetime(value, opaque).warns("token.lifetime", words);
    }
}

#[test]
fn a_lifetime_below_the_one_asked_for_fails() {
    let servers = TestServers::opaque();
    servers.check(["--min-ttl", "1h"]).passes();
    servers.check(["--min-ttl", "61m"]).fails(7, "token.lifetime", "less than the 1h 1m that `min_ttl` asks for");
    let unknown = TestServers { answer: json!({ "token_type": "Bearer" }), ..TestServers::opaque() };
    unknown.check(["--min-ttl", "1s"]).fails(7, "token.lifetime", "it is not known");
    let expired = TestServers { answer: json!({ "token_type": "Bearer", "expires_in": -1 }), ..TestServers::opaque() };
    expired.check(["--min-ttl", "1s"]).fails(7, "token.lifetime", "the token lives -1 s");
}

#[test]
fn a_required_scope_must_be_granted() {
    let servers = TestServers::healthy();
    servers.check(["--require-scope", "write:a", "--require-scope", "read:a"]).passes();
    servers.check(["--require-scope", "read:a admin"]).fails(4, "token.scope", "`admin` was not granted");
    let less = TestServers::answering("scope", "read:a".into());
    less.check([]).warns("token.scope", "less was granted than asked: `write:a` is missing");
    less.check(["--require-scope", "read:a"]).warns("token.scope", "`write:a` is missing");
    less.check(["--require-scope", "write:a"]).fails(4, "token.scope", "`write:a` was not granted");
    TestServers::answering("scope", "read:a write:a extra".into()).check([]).passes().says(
        "token.scope",
        "info",
        "extra",
    );
}

/// A scope that is not stated is the one asked for (RFC 6749 section 5.1), yet oidc-provider also leaves it out when it
/// ignored an unknown one.
#[test]
fn a_required_scope_that_is_not_stated_cannot_be_told() {
    let mut silent = TestServers::opaque();
    silent.answer["scope"] = Value::Null;
    silent.check([]).passes().says("token.scope", "info", "says what was granted");
    silent.check(["--require-scope", "read:a"]).warns("token.scope", "probe the API with --api");
    silent.check(["--require-scope", "admin"]).fails(4, "token.scope", "`admin` was not asked for");
    let mut told_by_the_token = TestServers::healthy();
    told_by_the_token.answer["scope"] = Value::Null;
    told_by_the_token.check(["--require-scope", "read:a"]).passes().says(
        "token.scope",
        "pass",
        "granted: read:a write:a",
    );
}

#[test]
fn tokens_of_other_kinds_warn() {
    let mut servers = TestServers::answering("refresh_token", "a-refresh-token".into());
    servers.check([]).warns("token.extras", "the server also sent a refresh token");
    servers.answer["id_token"] = "an-id-token".into();
    servers.check([]).warns("token.extras", "a refresh token and an ID token");
}

#[test]
fn a_response_that_a_cache_may_keep_or_that_is_not_json_warns() {
    let mut servers = TestServers::healthy();
    servers.headers[0].1 = "No-Store, max-age=0".to_owned();
    servers.check([]).passes();
    servers.headers.remove(0);
    servers.check([]).warns("token.response", "not marked `Cache-Control: no-store`");
    let grant = |status: u16, servers: &TestServers| {
        let body = json!({ "access_token": servers.account.token, "token_type": "Bearer", "expires_in": 3600 });
        Reply::new(status).body(body.to_string())
    };
    let mut unlabeled = TestServers::healthy();
    unlabeled.grant = Some(grant(200, &unlabeled));
    unlabeled.check([]).warns("token.response", "not labeled as JSON");
    unlabeled.grant = Some(grant(201, &unlabeled).header("Content-Type", "application/json"));
    unlabeled.check([]).warns("token.response", "status 201, not 200");
}

#[test]
fn a_quota_that_is_nearly_used_up_warns() {
    let with = |headers: &[(&'static str, &str)]| {
        let mut servers = TestServers::healthy();
        servers.headers.extend(headers.iter().map(|(name, value)| (*name, (*value).to_owned())));
        servers.check([])
    };
    let limit = ("x-ratelimit-limit", "100");
    with(&[limit, ("x-ratelimit-remaining", "10")]).passes().says("token.quota", "pass", "10 of 100");
    with(&[limit, ("x-ratelimit-remaining", "9")]).warns("token.quota", "9 of 100 token requests are left");
    with(&[limit, ("x-ratelimit-remaining", "many")]).passes().says("token.quota", "skip", "no quota");
    let auth0 = |value| with(&[("auth0-client-quota-limit", value)]);
    auth0("b=per_hour;q=50;r=40;t=1").passes().says("token.quota", "pass", "40 of 50");
    auth0("b=per_hour;q=50;r=4;t=1").warns("token.quota", "4 of 50");
    auth0("b=per_hour;q=50;r=40;t=1,b=per_day;q=200;r=3;t=1").warns("token.quota", "3 of 200");
}

#[test]
fn a_scope_that_does_not_exist_must_not_be_granted() {
    let asked = |second: Reply| {
        let servers = TestServers::opaque();
        let mut answer = servers.answer.clone();
        answer["access_token"] = servers.account.token.clone().into();
        let granted = servers.headers.iter().fold(Reply::json(200, &answer), |reply, (k, v)| reply.header(k, v));
        let server = Server::script([granted, second]);
        let cli = servers.account.cli(["check", "-o", "json", "--negative", "--retries", "0"]);
        let cli = cli.args(["--scope", "read:a write:a"]).arg("--token-url").arg(server.url(TOKEN_PATH));
        let report = CheckReport::of(cli.run());
        let scopes: Vec<_> = server.requests().iter().map(|request| request.field("scope")).collect();
        assert_eq!(scopes, [Some("read:a write:a".into()), Some("m2m-check/no-such-scope".into())]);
        report
    };
    let token =
        |scope: Value| Reply::json(200, &json!({ "access_token": "abcdefgh", "token_type": "Bearer", "scope": scope }));
    let refused = |status, error: &str| Reply::json(status, &json!({ "error": error }));
    asked(refused(400, "invalid_scope")).passes().says("token.negative", "pass", "is refused");
    asked(refused(403, "access_denied")).passes().says("token.negative", "pass", "is refused");
    asked(token("read:a".into())).passes().says("token.negative", "pass", "is not granted");
    asked(token("m2m-check/no-such-scope".into())).warns("token.negative", "does not check scopes");
    asked(token(Value::Null)).passes().says("token.negative", "info", "for which scope");
    asked(Reply::new(503)).warns("token.negative", "keeps failing");
    asked(Reply::new(429)).warns("token.negative", "throttles");
}
