//! HTTP Basic client authentication (RFC 6749 section 2.3.1): the exact bytes of each `basic_encoding`.

use crate::support::encodings::{basic, basic_parts, form_decoded, minimal, strict};
use crate::support::{Account, Cli, Request, Server};

/// Ids, and what stands inside the secrets, from plain to all that can go wrong. The last holds every printable character.
const TABLE: [(&str, &str); 14] = [
    ("my-client_1.x", "plain"),
    ("svc/a b", "p+q%:é~"),
    ("client", "+"),
    ("client", "%41"),
    ("client", "100%"),
    ("client", "a:b::c"),
    ("client", "a&b=c"),
    ("client", "two words"),
    ("client", "é€😀"),
    ("client", "\"quoted\\"),
    ("client", "~~~???>>>"),
    ("cliënt", "*-._~"),
    ("a+b%c&d=e f", "/?#[]@!$'(),;"),
    ("client~", " !\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~"),
];

fn account(id: &str, special: &str) -> Account {
    Account { id: id.to_owned(), ..Account::with_special(special) }
}

/// Runs `m2m token` with `args`, and returns the one request that came.
#[track_caller]
fn sent(account: &Account, args: &[&str]) -> Request {
    let server = account.server();
    let outcome = account.token_cli(&server).args(args.iter().copied()).run();
    assert_eq!((outcome.code, outcome.stdout), (0, format!("{}\n", account.token)), "{}", outcome.stderr);
    server.only_request()
}

#[track_caller]
fn authorization(account: &Account, args: &[&str]) -> String {
    sent(account, args).header("authorization").expect("an Authorization header").to_owned()
}

#[test]
fn form_encodes_only_what_form_decoding_would_change() {
    for (id, special) in TABLE {
        let account = account(id, special);
        let expected = basic(&minimal(&account.id, true), &minimal(&account.secret, false));
        assert_eq!(authorization(&account, &["--basic-encoding", "form"]), expected, "{id:?} {special:?}");
    }
}

#[test]
fn form_is_the_default() {
    let account = account("svc/a b:c", "p+q%:é~");
    let expected = basic(&minimal(&account.id, true), &minimal(&account.secret, false));
    assert_eq!(authorization(&account, &[]), expected);
}

#[test]
fn strict_encodes_all_but_unreserved_characters() {
    for (id, special) in TABLE {
        let account = account(id, special);
        let expected = basic(&strict(&account.id), &strict(&account.secret));
        assert_eq!(authorization(&account, &["--basic-encoding", "strict"]), expected, "{id:?} {special:?}");
    }
}

#[test]
fn raw_encodes_nothing() {
    for (id, special) in TABLE {
        let account = account(id, special);
        let expected = basic(&account.id, &account.secret);
        assert_eq!(authorization(&account, &["--basic-encoding", "raw"]), expected, "{id:?} {special:?}");
    }
}

#[test]
fn a_server_that_decodes_reads_the_very_credentials() {
    for encoding in ["form", "strict"] {
        for (id, special) in TABLE.into_iter().chain([("a:b:c", "d:e")]) {
            let account = account(id, special);
            let (user, password) = basic_parts(&authorization(&account, &["--basic-encoding", encoding]));
            assert_eq!((form_decoded(&user), form_decoded(&password)), (account.id, account.secret), "{encoding}");
        }
    }
}

#[test]
fn the_published_vectors_come_out() {
    let account = Account { id: "svc/a b".to_owned(), ..Account::with_secret("p+q%:é~") };
    assert_eq!(authorization(&account, &["--basic-encoding", "raw"]), "Basic c3ZjL2EgYjpwK3ElOsOpfg==");
    // The full form encoding of the same pair, which decodes to what ours decodes to.
    let (user, password) = basic_parts("Basic c3ZjJTJGYStiOnAlMkJxJTI1JTNBJUMzJUE5JTdF");
    let ours = basic_parts(&authorization(&account, &[]));
    assert_eq!((form_decoded(&ours.0), form_decoded(&ours.1)), (form_decoded(&user), form_decoded(&password)));
    assert_eq!(ours, ("svc/a%20b".to_owned(), "p%2Bq%25:%C3%A9~".to_owned()));
}

#[test]
fn a_colon_in_the_id_is_encoded_unless_raw_forbids_it() {
    let account = account("a:b", "c:d");
    assert_eq!(basic_parts(&authorization(&account, &[])).0, "a%3Ab");
    assert_eq!(basic_parts(&authorization(&account, &["--basic-encoding", "strict"])).0, "a%3Ab");

    let server = Server::untouched();
    let stderr = account.token_cli(&server).args(["--basic-encoding", "raw"]).run().fails(2);
    assert!(stderr.contains("client_id") || stderr.contains("client id"), "{stderr}");
    assert_eq!(server.connections(), 0);
}

#[test]
fn control_characters_are_encoded() {
    let account = Account::with_special("a\tb\u{1}c\u{7f}d");
    let (_, password) = basic_parts(&authorization(&account, &[]));
    assert_eq!(password, minimal(&account.secret, false));
    assert!(password.contains("a%09b%01c%7Fd"), "{password}");
}

#[test]
fn credentials_are_in_the_header_and_nowhere_else() {
    let account = Account::with_special("+ &=%");
    let request = sent(&account, &["--scope", "a b"]);
    assert_eq!(request.target, "/oauth2/token");
    assert_eq!(request.field_names(), ["grant_type", "scope"]);
    assert_eq!(request.field("grant_type").as_deref(), Some("client_credentials"));
}

#[test]
fn the_id_goes_into_the_body_too_only_when_asked() {
    let account = Account::fresh();
    let request = sent(&account, &["--client-id-in-body"]);
    assert_eq!(request.field_names(), ["client_id", "grant_type"]);
    assert_eq!(request.field("client_id"), Some(account.id.clone()));
    assert_eq!(request.header("authorization"), Some(basic(&account.id, &account.secret).as_str()));
}

#[test]
fn an_unknown_encoding_is_a_usage_error_that_sends_nothing() {
    let account = Account::fresh();
    let server = Server::untouched();
    let cli: Cli = account.token_cli(&server).args(["--basic-encoding", "base64"]);
    let stderr = cli.run().fails(2);
    assert!(stderr.contains("base64") && stderr.contains("strict"), "the value and the choices: {stderr}");
}
