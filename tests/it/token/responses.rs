//! `m2m token` with valid responses of every shape (RFC 6749 section 5.1), and the warnings on stderr.

use serde_json::{Value, json};

use crate::support::{Account, Reply};

/// Prints the token that `reply` grants, and expects an empty stderr.
#[track_caller]
fn printed(account: &Account, reply: Reply) {
    assert_eq!(account.token_from(reply).run().succeeds(), format!("{}\n", account.token));
}

/// Prints the token that `answer` grants, beside a warning, which is returned.
#[track_caller]
fn printed_with_a_warning(account: &Account, reply: Reply) -> String {
    let (stdout, stderr) = account.token_from(reply).run().succeeds_with_a_warning();
    assert_eq!(stdout, format!("{}\n", account.token));
    stderr
}

/// Runs `-o json` on the usual answer with `expires_in` set to `value`, and returns what comes out, whatever is said beside it.
#[track_caller]
fn json_with_expires_in(value: Value) -> Value {
    let account = Account::fresh();
    let outcome =
        account.token_from(Reply::json(200, &account.answer_with("expires_in", value))).args(["-o", "json"]).run();
    assert_eq!(outcome.code, 0, "{outcome:#?}");
    let out: Value = serde_json::from_str(&outcome.stdout).unwrap();
    assert_eq!(out["access_token"], account.token);
    out
}

/// Asserts that `value` counts as `seconds`, a few of which may have passed.
#[track_caller]
fn expires_in(value: Value, seconds: i64) {
    let out = json_with_expires_in(value.clone());
    let left = out["expires_in"].as_i64().unwrap_or_else(|| panic!("an integer: {out}"));
    assert!((seconds - 30..=seconds).contains(&left), "{value} counts as {left}");
    assert!(out["expires_at"].is_string() && out["expires_at_unix"].is_i64(), "{out}");
}

/// Asserts that `value` tells no time.
#[track_caller]
fn expiry_unknown(value: Value) {
    let out = json_with_expires_in(value.clone());
    for name in ["expires_at", "expires_at_unix"] {
        assert!(out.get(name).is_none_or(Value::is_null), "{value}: {out}");
    }
}

#[test]
fn the_token_and_a_newline_are_all_that_is_printed() {
    let account = Account::fresh();
    let server = account.server();
    assert_eq!(account.token_cli(&server).run().succeeds(), format!("{}\n", account.token));
    assert_eq!(server.lines(), ["POST /oauth2/token"]);
}

#[test]
fn a_token_comes_by_discovery_in_two_requests() {
    let account = Account::fresh();
    let server = account.server_with_api(|_| Reply::new(404));
    let out = account.cli(["token", "--issuer", &server.url("")]).run().succeeds();
    assert_eq!(out, format!("{}\n", account.token));
    assert_eq!(server.lines(), ["GET /.well-known/openid-configuration", "POST /oauth2/token"]);
}

#[test]
fn expires_in_is_an_integer_a_fraction_rounded_down_or_a_decimal_string() {
    expires_in(json!(3600), 3600);
    expires_in(json!(3600.9), 3600);
    expires_in(json!("3600"), 3600);
    expires_in(json!(" 3600 "), 3600);
}

#[test]
fn any_other_expires_in_is_unknown_and_the_token_still_comes_out() {
    for value in [
        json!(null),
        json!("soon"),
        json!(""),
        json!("NaN"),
        json!("inf"),
        json!(true),
        json!([3600]),
        json!({ "s": 1 }),
    ] {
        expiry_unknown(value);
    }
}

#[test]
fn a_missing_expires_in_is_not_worth_a_word() {
    let account = Account::fresh();
    printed(&account, Reply::json(200, &account.answer_without("expires_in")));
}

#[test]
fn a_token_that_expires_at_once_comes_out_with_a_warning() {
    for seconds in [json!(0), json!(-1), json!(-86_400), json!("0")] {
        let account = Account::fresh();
        let warning = printed_with_a_warning(&account, Reply::json(200, &account.answer_with("expires_in", seconds)));
        assert!(warning.contains("expire"), "{warning}");
    }
}

#[test]
fn an_absurdly_long_life_overflows_nothing() {
    for text in ["1e300", "9223372036854775807", "18446744073709551616", "\"99999999999999999999999\"", "1e400"] {
        let account = Account::fresh();
        let body = account.answer_with("expires_in", json!("HERE")).to_string().replace("\"HERE\"", text);
        let outcome = account.token_from(Reply::json_text(200, &body)).args(["-o", "json"]).run();
        // A number that no parser of JSON has to take may also be refused.
        if text == "1e400" && outcome.code == 7 {
            continue;
        }
        assert_eq!(outcome.code, 0, "{text}: {outcome:#?}");
        assert!(outcome.stdout.contains(&account.token), "{text}");
    }
}

#[test]
fn the_case_of_bearer_does_not_matter() {
    for token_type in ["Bearer", "bearer", "BEARER", "bEaReR"] {
        let account = Account::fresh();
        printed(&account, Reply::json(200, &account.answer_with("token_type", json!(token_type))));
    }
}

#[test]
fn a_missing_token_type_is_a_warning() {
    let account = Account::fresh();
    let warning = printed_with_a_warning(&account, Reply::json(200, &account.answer_without("token_type")));
    assert!(warning.contains("token_type"), "{warning}");
}

#[test]
fn another_2xx_than_200_still_carries_a_token() {
    for status in [201, 202, 203] {
        let account = Account::fresh();
        let outcome = account.token_from(Reply::json(status, &account.answer())).run();
        assert_eq!((outcome.code, outcome.stdout), (0, format!("{}\n", account.token)), "{status}: {}", outcome.stderr);
    }
}

#[test]
fn a_byte_order_mark_before_the_json_is_skipped() {
    let account = Account::fresh();
    printed(&account, Reply::json_text(200, &format!("\u{feff}{}", account.answer())));
}

#[test]
fn json_is_read_whatever_its_content_type() {
    for content_type in
        ["application/json;charset=UTF-8", "APPLICATION/JSON", "text/html; charset=utf-8", "text/plain", ""]
    {
        let account = Account::fresh();
        let reply = Reply::new(200).header("Content-Type", content_type).body(account.answer().to_string());
        let outcome = account.token_from(reply).run();
        assert_eq!(
            (outcome.code, outcome.stdout),
            (0, format!("{}\n", account.token)),
            "{content_type}: {}",
            outcome.stderr
        );
    }
    let account = Account::fresh();
    let outcome = account.token_from(Reply::new(200).body(account.answer().to_string())).run();
    assert_eq!((outcome.code, outcome.stdout), (0, format!("{}\n", account.token)), "{}", outcome.stderr);
}

#[test]
fn duplicates_of_members_that_mean_nothing_are_no_fault() {
    let account = Account::fresh();
    let body = account.answer().to_string().replacen('{', r#"{"catalog_id":1,"catalog_id":2,".issued":"x","#, 1);
    printed(&account, Reply::json_text(200, &body));
}

#[test]
fn a_refresh_token_is_neither_printed_nor_kept() {
    let account = Account::fresh();
    let refresh = Account::fresh().secret;
    let reply = Reply::json(200, &account.answer_with("refresh_token", json!(refresh)));
    let out = account.token_from(reply).secret("the refresh token", &refresh).run();
    assert_eq!((out.code, out.stdout), (0, format!("{}\n", account.token)));
}

#[test]
fn a_large_answer_below_the_cap_is_read() {
    let account = Account::fresh();
    printed(&account, Reply::json(200, &account.answer_with("padding", json!("x".repeat(900 * 1024)))));
}

#[test]
fn an_answer_in_chunks_is_read() {
    let account = Account::fresh();
    printed(&account, account.grants().chunked());
}
