//! CPFs with their check digits, logins of any shape, and the rule that neither is taken for the other.

use serde_json::json;

use crate::support::lookup::{Lookup, PATH, asked};
use crate::support::random::{cpf, formatted_cpf};
use crate::support::{Reply, Server};

/// An API whose answer names no person, so that it can be compared with no query.
fn answering_anyone(lookup: &Lookup) -> Server {
    lookup.answering(Reply::json(200, &json!([{ "id": 28_631_365 }])))
}

#[test]
fn the_formatting_of_a_cpf_is_removed() {
    let lookup = Lookup::fresh();
    let server = answering_anyone(&lookup);
    for cpf in [
        "529.982.247-25",
        "52998224725",
        "529 982 247 25",
        " 529.982.247-25 ",
        "52998224725-",
        "000.000.001-91",
        "000.000.006-04",
    ] {
        let digits: String = cpf.chars().filter(char::is_ascii_digit).collect();
        let request = asked(&server, lookup.cli(&server).arg(format!("--cpf={cpf}")).personal(&digits));
        assert_eq!(request.line(), format!("GET {PATH}?document={digits}"));
    }
}

#[test]
fn every_valid_cpf_is_asked_for() {
    let lookup = Lookup::fresh();
    let server = answering_anyone(&lookup);
    for valid in ["12345678909".to_owned(), "11144477735".to_owned(), cpf(), cpf(), cpf()] {
        let request = asked(&server, lookup.cli(&server).args(["--cpf", &formatted_cpf(&valid)]).personal(&valid));
        assert_eq!(request.query(), [("document".to_owned(), valid)]);
    }
}

#[test]
fn a_wrong_cpf_sends_nothing_and_is_not_shown() {
    let lookup = Lookup::fresh();
    for wrong in [
        "529.982.247-24",
        "52998224735",
        "11111111111",
        "000.000.000-00",
        "99999999999",
        "5299822472",
        "529982247250",
        "52998224725a",
        "S29.982.247-25",
        "５２９９８２２４７２５",
        "529/982/247/25",
        "+52998224725",
        "529982247.25e0",
        "abcdefghijk",
        "",
        "   ",
    ] {
        for format in ["text", "json"] {
            let server = Server::untouched();
            let cli = lookup.cli(&server).args(["--cpf", wrong, "--error-format", format]).personal(wrong);
            let outcome = cli.run();
            match format {
                "text" => drop(outcome.fails(2)),
                _ => assert_eq!(outcome.fails_in_json(2).kind, "usage"),
            }
            assert_eq!(server.connections(), 0, "{wrong}");
        }
    }
}

#[test]
fn a_login_of_eleven_digits_stays_a_login() {
    let lookup = Lookup::fresh();
    let server = answering_anyone(&lookup);
    for login in ["52998224725", "52998224724", "11111111111", "012.345.678-90"] {
        let request = asked(&server, lookup.cli(&server).args(["--login", login]).personal(login));
        assert_eq!(request.query(), [("login".to_owned(), login.to_owned())]);
    }
}

#[test]
fn a_login_is_encoded_into_the_query() {
    let lookup = Lookup::fresh();
    let server = answering_anyone(&lookup);
    for login in [
        "maria+tag@example.com",
        "a b c d e",
        "x&login=other&y=",
        "50%25 off",
        "joão.ção",
        "a/b?c#d;e",
        "{login}{cpf}",
        "..//..//",
        "a\"b'c<d>e",
    ] {
        let request = asked(&server, lookup.cli(&server).arg(format!("--login={login}")).personal(login));
        assert_eq!(request.path(), PATH);
        assert_eq!(request.query(), [("login".to_owned(), login.to_owned())], "{}", request.target);
        assert!(!request.target.contains('#') && request.target.is_ascii(), "{}", request.target);
    }
}

#[test]
fn a_login_that_looks_like_an_option_can_be_given() {
    let lookup = Lookup::fresh();
    let server = answering_anyone(&lookup);
    let request = asked(&server, lookup.cli(&server).arg("--login=--verbose").personal("--verbose"));
    assert_eq!(request.query(), [("login".to_owned(), "--verbose".to_owned())]);
}

#[test]
fn login_or_cpf_is_needed_and_not_both() {
    let lookup = Lookup::fresh();
    let server = Server::untouched();
    let _ = lookup.cli(&server).run().fails(2);
    let _ = lookup.by_login(&server).args(["--cpf", &lookup.cpf]).run().fails(2);
    assert_eq!(server.connections(), 0);
}
