//! The output formats of `m2m token -o`: the token alone, JSON, a header, and a configuration for curl.

use std::process::Command;
use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::json;

use crate::support::{Account, Cli, Reply, Server, encodings};

fn now() -> i64 {
    i64::try_from(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()).unwrap()
}

fn with_output(account: &Account, format: &str) -> Cli {
    account.token_from(account.grants()).args(["-o", format])
}

#[test]
fn token_is_the_default_format() {
    let account = Account::fresh();
    assert_eq!(with_output(&account, "token").run().succeeds(), format!("{}\n", account.token));
}

#[test]
fn the_long_name_of_the_option_works_too() {
    let account = Account::fresh();
    let out = account.token_from(account.grants()).arg("--output=header").run().succeeds();
    assert_eq!(out, format!("Authorization: Bearer {}\n", account.token));
}

#[test]
fn header_spells_bearer_in_the_usual_way_whatever_the_server_wrote() {
    for token_type in ["Bearer", "bearer", "BEARER"] {
        let account = Account::fresh();
        let reply = Reply::json(200, &account.answer_with("token_type", json!(token_type)));
        let out = account.token_from(reply).args(["-o", "header"]).run().succeeds();
        assert_eq!(out, format!("Authorization: Bearer {}\n", account.token));
    }
}

#[test]
fn json_keeps_the_fields_of_the_server_and_adds_the_times() {
    let account = Account::fresh();
    let mut answer = account.answer_with("scope", json!("a b"));
    answer["vendor"] = json!({ "nested": [1, 2.5, null, "é"] });
    let before = now();
    let out = account.token_from(Reply::json(200, &answer)).args(["-o", "json"]).run().json();
    let after = now();

    for name in ["access_token", "token_type", "scope", "vendor"] {
        assert_eq!(out[name], answer[name], "{name}");
    }
    let at = out["expires_at_unix"].as_i64().unwrap();
    assert!((before + 3600 - 1..=after + 3600).contains(&at), "{at} is an hour from {before}");
    let left = out["expires_in"].as_i64().unwrap();
    assert!((at - after - 1..=at - before).contains(&left), "{left} seconds are left now");
    let rfc3339 = out["expires_at"].as_str().unwrap();
    let parsed = humantime::parse_rfc3339(rfc3339).unwrap().duration_since(UNIX_EPOCH).unwrap().as_secs();
    assert_eq!(i64::try_from(parsed).unwrap(), at, "{rfc3339}");
    assert_eq!(out["cached"], json!(false));
    let mut names: Vec<_> = out.as_object().unwrap().keys().map(String::as_str).collect();
    names.sort_unstable();
    assert_eq!(
        names,
        ["access_token", "cached", "expires_at", "expires_at_unix", "expires_in", "scope", "token_type", "vendor"]
    );
}

#[test]
fn json_takes_the_expiry_of_a_jwt_when_the_server_states_none() {
    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    let exp = now() + 1800;
    let mut account = Account::fresh();
    let encode = |text: String| URL_SAFE_NO_PAD.encode(text);
    let (header, claims) = (json!({ "alg": "RS256" }).to_string(), json!({ "exp": exp }).to_string());
    account.token = [header, claims, account.token].map(encode).join(".");
    let reply = Reply::json(200, &account.answer_without("expires_in"));
    let out = account.token_from(reply).args(["-o", "json"]).run().json();
    assert_eq!(out["expires_at_unix"], json!(exp), "{out}");
}

#[test]
fn curl_is_a_configuration_that_sets_the_header() {
    let account = Account::fresh();
    let out = with_output(&account, "curl").run().succeeds();
    assert!(out.contains(&format!("Authorization: Bearer {}", account.token)), "{out}");
}

/// Runs the real curl, where there is one, with the configuration on its stdin.
#[test]
#[cfg(unix)]
fn curl_sends_the_token_when_it_reads_the_configuration() {
    use std::io::Write as _;
    use std::process::Stdio;

    if Command::new("curl").arg("--version").output().is_err() {
        eprintln!("skipped: there is no curl here");
        return;
    }
    let account = Account::fresh();
    let config = with_output(&account, "curl").run().succeeds();
    let api = Server::always(Reply::new(204));
    let mut curl = Command::new("curl");
    curl.args(["-q", "-sS", "--noproxy", "*", "-K", "-", &api.url("/x")]).stdin(Stdio::piped());
    let mut child = curl.spawn().unwrap();
    child.stdin.take().unwrap().write_all(config.as_bytes()).unwrap();
    assert!(child.wait().unwrap().success(), "{config}");
    let expected = format!("Bearer {}", account.token);
    assert_eq!(api.only_request().header("authorization"), Some(expected.as_str()));
}

#[test]
fn an_unknown_format_is_a_usage_error_that_sends_nothing() {
    let account = Account::fresh();
    let server = Server::untouched();
    let stderr = account.token_cli(&server).args(["-o", "yaml"]).run().fails(2);
    assert!(stderr.contains("yaml") && stderr.contains("header"), "the value and the choices: {stderr}");
    assert_eq!(server.connections(), 0);
}

/// In every shape, the one of servers that escape all but ASCII included, and in the names of members too.
#[test]
fn a_secret_that_comes_back_beside_the_token_is_neither_printed_nor_kept() {
    let account = Account::with_special("é\u{1f511}/\" +");
    let plain = encodings::json(&account.secret);
    let ascii = encodings::json_ascii(&account.secret);
    let upper = ascii.replace("\\ud83d\\udd11", "\\uD83D\\uDD11").replace("\\u00e9", "\\u00E9");
    for echo in [&plain, &ascii, &upper, &ascii.replace('/', "\\/")] {
        for member in [format!("\"echo\":\"{echo}\""), format!("\"{echo}\":1")] {
            let body = account.answer().to_string().replacen('{', &format!("{{{member},"), 1);
            let out = account.token_from(Reply::json_text(200, &body)).args(["-o", "json"]).run().succeeds();
            assert!(out.contains("[hidden]") && !out.contains(echo.as_str()), "{out}");
        }
    }
}
