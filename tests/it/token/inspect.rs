//! `m2m inspect`: the content of a token, from a file, from stdin or from a new grant.

use serde_json::{Value, json};

use crate::support::jose::signer::encoded;
use crate::support::test_servers::{AUDIENCE, ISSUER};
use crate::support::{Account, Cli, TestServers};

/// `m2m inspect -` of a text on stdin.
fn inspected(text: impl Into<Vec<u8>>) -> Value {
    Cli::new(["inspect", "-"]).stdin(text).run().json()
}

#[test]
fn header_claims_and_times_are_printed() {
    let mut servers = TestServers::healthy();
    servers.claims["iat"] = 1_700_000_000.into();
    servers.claims["nbf"] = json!(1_700_000_000.5);
    servers.claims["exp"] = "soon".into();
    let token = servers.signed().account.token;
    let cli = Cli::new(["inspect", "-"]).token(&token).stdin(token.clone());
    let shown = cli.run().json();
    let claims = encoded(shown["claims"].to_string().as_bytes());
    assert_eq!(token.split('.').nth(1), Some(claims.as_str()), "the claims are those of the token");
    assert_eq!(shown["header"], json!({ "alg": "EdDSA", "kid": "key-1", "typ": "at+jwt" }));
    assert_eq!(shown["times"], json!({ "iat": "2023-11-14T22:13:20Z", "nbf": "2023-11-14T22:13:20Z" }));
    assert_eq!(shown["verified"], false);
}

/// What was written is shown as it was written: numbers beyond a double, order, repeated members of no meaning here.
#[test]
fn claims_are_shown_as_they_were_written() {
    let claims = r#"{"b":123456789012345678901234567890,"a":1.10,"a":2,"iss":"x"}"#;
    let token = format!("{}.{}.c2ln", encoded(br#"{"alg":"RS256"}"#), encoded(claims.as_bytes()));
    let stdout = Cli::new(["inspect", "-"]).stdin(token).run().succeeds();
    assert!(stdout.contains(&format!("\"claims\":{claims}")), "{stdout}");
}

#[test]
fn a_token_may_come_as_a_header_in_a_file_or_on_stdin() {
    let servers = TestServers::healthy();
    let token = &servers.account.token;
    for text in [
        token.clone(),
        format!("{token}\n"),
        format!("  {token}\r\n"),
        format!("Bearer {token}\n"),
        format!("bearer {token}"),
        format!("Authorization: Bearer {token}\n"),
        format!("authorization: bearer {token}\n"),
    ] {
        assert_eq!(inspected(text.clone())["claims"], servers.claims, "{text}");
        let cli = Cli::new(["inspect"]).file("work/token", text);
        assert_eq!(cli.arg("token").run().json()["claims"], servers.claims);
    }
}

#[test]
fn without_a_file_the_token_is_the_profiles_own() {
    let servers = TestServers::healthy();
    let server = servers.server();
    let cli = servers.account.cli(["inspect", "--token-url", &server.url("/oauth2/token")]);
    assert_eq!(cli.run().json()["claims"], servers.claims);
    assert_eq!(server.lines(), ["POST /oauth2/token"]);
}

#[test]
fn an_opaque_token_is_no_error() {
    for token in ["abcdefgh", "a.b", "a.b.c", "a.b.c.d.e", "e30.W10.c2ln", "not a token at all", "\u{1b}[31m"] {
        let shown = inspected(token);
        assert_eq!((&shown["header"], &shown["claims"]), (&Value::Null, &Value::Null), "{token}");
        assert!(shown["note"].as_str().unwrap().contains("opaque"), "{shown}");
    }
}

#[test]
fn a_damaged_jwt_is_not_called_opaque() {
    let token = TestServers::healthy().account.token;
    let (start, end) = token.split_at(40);
    let dots: Vec<usize> = token.match_indices('.').map(|(at, _)| at).collect();
    for (text, why) in [
        (format!("{start}\n{end}\n"), "broken over 2 lines"),
        (
            format!("{}\n{}\n{}", &token[..=dots[0]], &token[dots[0] + 1..=dots[1]], &token[dots[1] + 1..]),
            "broken over 3 lines",
        ),
        (token[..dots[1]].to_owned(), "2 parts"),
        (format!("{}.{}", &token[..dots[1] - 3], "c2ln"), "its claims are"),
    ] {
        let shown = inspected(text);
        let note = shown["note"].as_str().unwrap();
        assert!(note.starts_with("looks like a JWT, but ") && note.contains(why), "{note}");
        assert_eq!(shown["claims"], Value::Null);
    }
    let outcome = Cli::new(["inspect", "--verify", "-"]).stdin(&token[..dots[1]]).run();
    assert!(outcome.fails(7).contains("it looks like a JWT, but it has 2 parts, not three"));
}

#[test]
fn what_is_not_one_token_is_refused_with_what_to_try() {
    let (one, two) = (TestServers::healthy().account.token, TestServers::healthy().account.token);
    let answer = json!({ "access_token": one, "token_type": "Bearer" });
    for (text, hint) in [
        (answer.to_string(), "jq -r .access_token"),
        (format!("{answer:#}\n"), "jq -r .access_token"),
        (format!("{one}\n{two}\n"), "one token at a time"),
        (format!("{one}\r\nopaque"), "one token at a time"),
        ("opaque\n\nanother\n".to_owned(), "one token at a time"),
    ] {
        let stderr = Cli::new(["inspect", "-"]).token(&one).stdin(text).run().fails(2);
        assert!(stderr.contains(hint), "{stderr}");
    }
}

#[test]
fn times_are_shown_up_to_the_year_9999() {
    let servers = TestServers::claiming("exp", json!(253_402_300_799_u64));
    assert_eq!(inspected(servers.account.token)["times"]["exp"], "9999-12-31T23:59:59Z");
    for beyond in [json!(253_402_300_800_u64), json!(-1)] {
        let servers = TestServers::claiming("exp", beyond);
        assert_eq!(inspected(servers.account.token)["times"]["exp"], Value::Null);
    }
}

#[test]
fn an_encrypted_token_is_no_error() {
    let header = json!({ "alg": "RSA-OAEP-256", "enc": "A256GCM", "kid": "k" });
    let shown = inspected(format!("{}.a2V5.aXY.dGV4dA.dGFn", encoded(header.to_string().as_bytes())));
    assert_eq!((&shown["header"], &shown["claims"]), (&header, &Value::Null));
    assert!(shown["note"].as_str().unwrap().contains("encrypted"), "{shown}");
}

#[test]
fn what_is_no_text_or_nothing_or_too_much_is_refused() {
    for (bytes, words) in [
        (Vec::new(), "it is empty"),
        (b" \r\n".to_vec(), "it is empty"),
        (b"Bearer ".to_vec(), ""),
        (vec![0xff, 0xfe, 0x00], "it is not text"),
        (vec![b'x'; 1024 * 1024 + 1], "more than"),
    ] {
        let stderr = Cli::new(["inspect", "-"]).stdin(bytes.clone()).run();
        if words.is_empty() {
            continue;
        }
        assert!(stderr.fails(2).contains(words), "{words}");
        let stderr = Cli::new(["inspect", "token"]).file("work/token", bytes).run().fails(2);
        assert!(stderr.contains(words), "{stderr}");
    }
    let stderr = Cli::new(["inspect", "no-such-file"]).run().fails(2);
    assert!(stderr.contains("cannot read a token from `no-such-file`"), "{stderr}");
}

/// The argument is a file. A token in its place is not repeated in the error, which logs keep.
#[test]
fn a_token_as_an_argument_is_refused_and_not_shown() {
    let token = TestServers::healthy().account.token;
    for argument in [token.clone(), format!("Bearer {token}")] {
        for format in ["text", "json"] {
            let cli = Cli::new(["inspect", &argument, "--error-format", format]);
            let outcome = cli.run();
            assert_eq!((outcome.code, outcome.stdout.as_str()), (2, ""));
            assert!(outcome.stderr.contains("this argument is a token") && outcome.stderr.contains("m2m inspect -"));
            assert!(!outcome.stderr.contains(&token[..20]), "{}", outcome.stderr);
        }
    }
}

#[test]
fn a_header_line_of_m2m_token_can_be_inspected() {
    let servers = TestServers::healthy();
    let server = servers.server();
    let line =
        servers.account.cli(["token", "-o", "header", "--token-url", &server.url("/oauth2/token")]).run().succeeds();
    assert_eq!(inspected(line)["claims"]["aud"], AUDIENCE);
    assert_eq!(servers.claims["iss"], ISSUER);
}

#[test]
fn a_refused_client_is_told_as_everywhere() {
    let account = Account::fresh();
    let server = crate::support::Server::always(crate::support::Reply::new(401));
    let _ = account.cli(["inspect", "--token-url", &server.url("/t")]).run().fails(3);
}
