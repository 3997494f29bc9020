//! Damaged cache entries: each is a silent miss, and no output repeats its content.

use std::fs;
use std::path::Path;

use serde_json::json;

use crate::support::account::TOKEN_PATH;
use crate::support::binary::home::{read_json, rewrite};
use crate::support::random::alphanumeric;
use crate::support::{Account, Home};

/// Spoils a good entry with `spoil`, and asserts that the next run gets a new token silently, and keeps it.
#[track_caller]
fn is_a_miss(name: &str, spoil: impl Fn(&Path, &Account)) {
    let account = Account::fresh();
    let home = Home::new();
    let server = account.counting();
    let cli = || account.token_at(&home, &server.url(TOKEN_PATH));
    let _ = cli().run().succeeds();
    spoil(&home.entry(), &account);
    let outcome = cli().run();
    assert_eq!((outcome.code, outcome.stdout, outcome.stderr.as_str()), (0, account.nth_line(2), ""), "{name}");
    assert_eq!(cli().run().succeeds(), account.nth_line(2), "{name}: it was replaced");
    assert_eq!(server.requests().len(), 2, "{name}");
}

#[test]
fn what_is_no_entry_is_a_miss() {
    let marker = alphanumeric(20);
    let garbage = [0xff, 0xfe, 0, b'{', 0x1b, b'[', b'3', b'1', b'm'];
    let bodies: Vec<(&str, Vec<u8>)> = vec![
        ("empty", Vec::new()),
        ("white space", b" \n".to_vec()),
        ("null", b"null".to_vec()),
        ("an empty object", b"{}".to_vec()),
        ("a list", b"[1]".to_vec()),
        ("a string", format!("\"{marker}\"").into_bytes()),
        ("not JSON", format!("{marker}\nerror: x").into_bytes()),
        ("not UTF-8", garbage.to_vec()),
        ("nothing but zeros", vec![0; 4096]),
        ("deeper than any parser", "[".repeat(200_000).into_bytes()),
        ("deep objects", "{\"a\":".repeat(100_000).into_bytes()),
        ("larger than any entry", format!("\"{}\"", "x".repeat(8 << 20)).into_bytes()),
    ];
    for (name, bytes) in bodies {
        is_a_miss(name, |path, _| rewrite(path, &bytes));
    }
}

#[test]
fn a_truncated_entry_is_a_miss() {
    for kept in [1, 10, 50, 90, 99] {
        is_a_miss(&format!("{kept} %"), |path, _| {
            let bytes = fs::read(path).unwrap();
            let whole = bytes.trim_ascii_end().len();
            rewrite(path, &bytes[..whole * kept / 100]);
        });
    }
}

#[test]
fn another_version_is_a_miss() {
    for version in [json!(0), json!(999), json!("1"), json!(null), json!(1.5), json!(-1)] {
        is_a_miss(&version.to_string(), |path, _| {
            let mut entry = read_json(path);
            entry["version"] = version.clone();
            rewrite(path, entry.to_string());
        });
    }
    is_a_miss("no version", |path, _| {
        let mut entry = read_json(path);
        entry.as_object_mut().unwrap().remove("version");
        rewrite(path, entry.to_string());
    });
}

#[test]
fn a_token_that_no_header_can_carry_is_a_miss() {
    for bad in ["", " ", "a b", "a\\nb", "a\\u0000b", "a\\u001b[31mb", "\u{e9}"] {
        is_a_miss(bad, |path, account| {
            let text = fs::read_to_string(path).unwrap();
            assert!(text.contains(&account.nth(1)), "{text}");
            rewrite(path, text.replace(&account.nth(1), bad));
        });
    }
}

#[test]
fn times_that_make_no_sense_are_a_miss() {
    let entry_with = |value: serde_json::Value| {
        move |path: &Path, _: &Account| {
            let mut entry = read_json(path);
            for time in entry.as_object_mut().unwrap().values_mut() {
                if time.as_f64().is_some_and(|number| number > 1e9) {
                    *time = value.clone();
                }
            }
            rewrite(path, entry.to_string());
        }
    };
    for value in [json!(-1), json!(0), json!(1e300), json!(u64::MAX), json!("soon"), json!(null), json!([])] {
        is_a_miss(&value.to_string(), entry_with(value));
    }
}

#[test]
fn even_the_story_does_not_repeat_what_an_entry_holds() {
    let account = Account::fresh();
    let home = Home::new();
    let server = account.counting();
    let _ = account.token_at(&home, &server.url(TOKEN_PATH)).run().succeeds();
    let marker = alphanumeric(30);
    rewrite(&home.entry(), &marker);
    let outcome =
        account.token_at(&home, &server.url(TOKEN_PATH)).arg("-vv").secret("the garbage in the entry", &marker).run();
    assert_eq!((outcome.code, outcome.stdout), (0, account.nth_line(2)));
    assert!(outcome.stderr.contains("cache"), "the log tells of it: {}", outcome.stderr);
}

#[test]
fn members_that_a_later_version_may_add_do_no_harm() {
    let account = Account::fresh();
    let home = Home::new();
    let server = account.counting();
    let _ = account.token_at(&home, &server.url(TOKEN_PATH)).run().succeeds();
    let mut entry = read_json(&home.entry());
    entry["later"] = json!({ "a": [1, 2] });
    rewrite(&home.entry(), entry.to_string());
    let out = account.token_at(&home, &server.url(TOKEN_PATH)).run().succeeds();
    assert_eq!(out, account.nth_line(1));
}
