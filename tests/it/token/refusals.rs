//! Responses with a 2xx status and no usable token: exit 7, and none of their content on stdout.

use std::time::Duration;

use serde_json::{Value, json};

use crate::support::account::TOKEN_PATH;
use crate::support::failure::{Refusal, refused};
use crate::support::http::reply::End;
use crate::support::{Account, Reply, Server};

/// Asserts that `reply` is a bad response, in both error formats.
#[track_caller]
fn bad_response(account: &Account, reply: &Reply) -> Refusal {
    let refusal = refused(7, "bad_response", || account.token_from(reply.clone()));
    refusal.names(TOKEN_PATH);
    refusal
}

#[track_caller]
fn bad_json(account: &Account, answer: &Value) -> Refusal {
    bad_response(account, &Reply::json(200, answer))
}

#[test]
fn an_error_in_a_200_is_an_error() {
    let account = Account::fresh();
    let reply = Reply::json(200, &json!({ "error": "invalid_client", "error_description": "no such client" }));
    let refusal = refused(3, "credentials_rejected", || account.token_from(reply.clone()));
    refusal.names("invalid_client").names("no such client");
    assert_eq!(refusal.json.oauth_error.as_deref(), Some("invalid_client"));
    assert_eq!(refusal.json.http_status, Some(200));
}

#[test]
fn an_error_beside_a_token_is_an_error() {
    let account = Account::fresh();
    let reply = Reply::json(200, &account.answer_with("error", json!("invalid_scope")));
    let refusal = refused(4, "scope_rejected", || account.token_from(reply.clone()));
    refusal.never_says(&account.token);
}

#[test]
fn a_missing_empty_or_non_text_token_is_refused() {
    let account = Account::fresh();
    bad_json(&account, &account.answer_without("access_token")).names("access token");
    for token in [json!(""), json!(null), json!(12345), json!(["a"]), json!({ "t": "a" })] {
        bad_json(&account, &account.answer_with("access_token", token));
    }
}

#[test]
fn a_token_that_a_header_cannot_carry_is_refused_and_not_shown() {
    for bad in ["a b", "a\nb", "a\r\nX-Injected: b", "a\u{1b}[31mb", "aéb"] {
        let mut account = Account::fresh();
        account.token = format!("{}{bad}{}", account.token.trim_end_matches('='), account.id);
        for format in ["token", "json", "header", "curl"] {
            let outcome = account.token_from(account.grants()).args(["-o", format]).run();
            let stderr = outcome.fails(7);
            assert!(!stderr.contains("X-Injected") && !stderr.contains("[31m"), "{stderr}");
        }
    }
}

#[test]
fn a_token_type_other_than_bearer_is_refused_and_named() {
    let account = Account::fresh();
    for token_type in ["DPoP", "mac", "N_A", "BearerToken"] {
        let refusal = bad_json(&account, &account.answer_with("token_type", json!(token_type)));
        refusal.names("token_type").names(token_type.trim());
    }
    bad_json(&account, &account.answer_with("token_type", json!(7)));
}

#[test]
fn duplicates_of_members_that_matter_are_refused() {
    let account = Account::fresh();
    for member in [
        r#""access_token":"other""#,
        r#""token_type":"Bearer""#,
        r#""expires_in":7200"#,
        r#""error":null,"error":null"#,
    ] {
        let body = account.answer().to_string().replacen('{', &format!("{{{member},"), 1);
        bad_response(&account, &Reply::json_text(200, &body));
    }
}

#[test]
fn what_is_not_a_json_object_is_refused() {
    let account = Account::fresh();
    let token = &account.token;
    for body in [
        String::new(),
        "null".to_owned(),
        "[]".to_owned(),
        format!("\"{token}\""),
        token.clone(),
        format!("{{\"access_token\":\"{token}\",\"token_type\":\"Bearer\""),
        format!("{} trailing", account.answer()),
    ] {
        bad_response(&account, &Reply::json_text(200, &body));
    }
}

#[test]
fn a_page_with_200_is_not_a_token() {
    let account = Account::fresh();
    bad_response(&account, &Reply::html(200, "Sign in"));
}

#[test]
fn json_nested_without_end_is_refused_without_a_crash() {
    let account = Account::fresh();
    let deep = "[".repeat(200_000);
    let body = account.answer().to_string().replacen('{', &format!("{{\"deep\":{deep},"), 1);
    bad_response(&account, &Reply::json_text(200, &body));
}

#[test]
fn an_answer_over_one_mebibyte_is_refused() {
    let account = Account::fresh();
    bad_json(&account, &account.answer_with("padding", json!("x".repeat(1024 * 1024))));
}

#[test]
fn an_answer_over_the_cap_is_given_up_before_it_ends() {
    let account = Account::fresh();
    let endless = Reply::new(200).body(vec![b' '; 2 * 1024 * 1024]).chunked().cut_after(1_200_000, End::Hang);
    let outcome = account.token_from(endless).args(["--timeout", "25s"]).run();
    assert!(outcome.took < Duration::from_secs(20), "given up at the cap, not at the deadline: {outcome:?}");
    let _ = outcome.fails(7);
}

#[test]
fn bytes_that_are_not_http_are_no_token() {
    let account = Account::fresh();
    for garbage in ["garbage\r\n\r\n", "SSH-2.0-OpenSSH_9.9\r\n", "HTTP/1.1 999999 No\r\n\r\n"] {
        let server = Server::always(Reply::raw(garbage));
        let outcome = account.token_cli(&server).args(["--retries", "0"]).run();
        assert!([5, 7].contains(&outcome.code), "{outcome:?}");
        let code = outcome.code;
        assert!(outcome.fails(code).contains(TOKEN_PATH));
    }
}

#[test]
fn a_body_cut_short_is_no_token() {
    let account = Account::fresh();
    for end in [End::Close, End::Reset] {
        let length = account.answer().to_string().len();
        for sent in [0, 10, length - 1] {
            let outcome = account.token_from(account.grants().cut_after(sent, end)).run();
            assert!([5, 7].contains(&outcome.code), "{outcome:?}");
            let code = outcome.code;
            assert!(outcome.fails(code).contains(TOKEN_PATH));
        }
    }
}
