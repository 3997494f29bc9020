//! `--as-cpf` and `--as-login`: the lookup, the headers made of its result, and the call itself.

use serde_json::{Value, json};

use crate::support::call::{call, calls};
use crate::support::failure::refused;
use crate::support::lookup::{Lookup, PATH};
use crate::support::{Cli, Reply, Request, Server};

const WHO: &str = "ops@example.com";

/// An API that knows `people`, and answers every other call with the five headers it got.
fn api(lookup: &Lookup, people: Value) -> Server {
    lookup.server(move |request| {
        if request.path() == PATH { Reply::json(200, &people) } else { Reply::json(200, &json!(five(request))) }
    })
}

fn five(request: &Request) -> Vec<Option<String>> {
    ["participantid", "catalogid", "customerid", "username", "impersonatoruser"]
        .map(|name| request.header(name).map(str::to_owned))
        .to_vec()
}

fn acting(lookup: &Lookup, server: &Server, args: &[&str]) -> Cli {
    call(lookup, server, ["/v1/participants/me/balance"]).args(args.iter().copied()).env("M2M_IMPERSONATOR", WHO)
}

#[test]
fn a_participant_is_looked_up_by_cpf_or_login() {
    let lookup = Lookup::fresh();
    let expected = json!(["28631365", "40599", "30599", lookup.login, WHO]);
    for (flag, value, query) in [("--as-cpf", &lookup.cpf, "document"), ("--as-login", &lookup.login, "login")] {
        let server = api(&lookup, json!([lookup.participant()]));
        assert_eq!(acting(&lookup, &server, &[flag, value]).run().json(), expected);
        let lines: Vec<String> = calls(&server).iter().map(Request::line).collect();
        assert_eq!(lines, [format!("GET {PATH}?{query}={value}"), "GET /v1/participants/me/balance".to_owned()]);
        let calls = calls(&server);
        assert_eq!(calls[0].header("x-correlation-id"), calls[1].header("x-correlation-id"));
        assert_eq!(calls[0].header("impersonatoruser"), None, "the lookup is our own");
    }
}

#[test]
fn several_are_ambiguous_until_a_filter_chooses() {
    let lookup = Lookup::fresh();
    let (gold, mut silver) = (lookup.participant(), lookup.participant());
    silver["segment"] = json!({ "clientId": "30600", "campaignId": 40500, "catalogId": 40600, "name": "Silver" });
    silver["id"] = json!("99");
    let server = api(&lookup, json!([gold, silver]));
    let refusal = refused(9, "not_found", || acting(&lookup, &server, &["--as-cpf", &lookup.cpf]));
    refusal.names("segment Silver").hints_at("--segment");
    assert!(calls(&server).iter().all(|call| call.path() == PATH), "no call is made for a participant");
    let out = acting(&lookup, &server, &["--as-cpf", &lookup.cpf, "--segment", "Silver"]).run().json();
    assert_eq!(out, json!(["99", "40600", "30600", lookup.login, WHO]));
}

#[test]
fn nobody_found_is_nobody_acted_for() {
    let lookup = Lookup::fresh();
    let server = api(&lookup, json!([]));
    let _ = acting(&lookup, &server, &["--as-login", &lookup.login]).run().fails(9);
    assert_eq!(calls(&server).len(), 1);
}

#[test]
fn a_saved_participant_needs_no_lookup() {
    let lookup = Lookup::fresh();
    let person = lookup.participant();
    for text in [person.to_string(), json!([person]).to_string(), format!("\u{feff}\n{person}\n")] {
        let server = api(&lookup, json!([]));
        let from_file = acting(&lookup, &server, &["--as-participant", "p.json"]).file("work/p.json", &text);
        let from_stdin = acting(&lookup, &server, &["--as-participant", "-"]).stdin(text.clone());
        for cli in [from_file, from_stdin] {
            assert_eq!(cli.run().json(), json!(["28631365", "40599", "30599", lookup.login, WHO]));
        }
        assert!(calls(&server).iter().all(|call| call.path() != PATH));
    }
}

#[test]
fn a_saved_participant_that_is_none_is_refused_before_anything_is_sent() {
    let lookup = Lookup::fresh();
    let server = Server::untouched();
    let person = lookup.participant();
    for text in ["", "{", "7", "[]", "{}", &json!([person, person]).to_string(), r#"{"id":1}"#] {
        let refusal = refused(2, "usage", || acting(&lookup, &server, &["--as-participant", "-"]).stdin(text));
        refusal.never_says("Fulano");
    }
    let _ = acting(&lookup, &server, &["--as-participant", "missing.json"]).run().fails(2);
    assert_eq!(server.connections(), 0);
}

/// What `--redact` has masked would be sent unchanged.
#[test]
fn a_participant_saved_with_redact_is_refused_before_anything_is_sent() {
    let lookup = Lookup::fresh();
    let server = api(&lookup, json!([lookup.participant()]));
    let saved = lookup.by_cpf(&server).args(["--one", "--redact"]).run().succeeds();
    let untouched = Server::untouched();
    refused(2, "usage", || acting(&lookup, &untouched, &["--as-participant", "-"]).stdin(saved.clone()))
        .names("`--redact`")
        .names("username");
    assert_eq!(untouched.connections(), 0);
}

/// The same header twice, or the one from the command line alone, would act for another participant.
#[test]
fn headers_that_say_for_whom_cannot_be_given_beside_the_participant() {
    let lookup = Lookup::fresh();
    let server = Server::untouched();
    for header in ["participantid: 5", "USERNAME: x", "impersonatoruser: me@example.com"] {
        let name = header.split(':').next().unwrap().to_lowercase();
        for args in [["--as-cpf", &lookup.cpf, "-H", header], ["--as-login", &lookup.login, "-H", header]] {
            let stderr = acting(&lookup, &server, &args).run().fails(2);
            assert!(stderr.to_lowercase().contains(&name), "{stderr}");
        }
    }
    assert_eq!(server.connections(), 0);
    let api = api(&lookup, json!([]));
    let out = call(&lookup, &api, ["/x", "-H", "participantid: 5"]).run().json();
    assert_eq!(out[0], "5", "without --as-.. it is a header as any other");
}

#[test]
fn who_acts_must_be_said() {
    let lookup = Lookup::fresh();
    let server = Server::untouched();
    for args in [["--as-cpf", &lookup.cpf], ["--as-login", &lookup.login]] {
        let refusal = refused(2, "usage", || acting(&lookup, &server, &args).without_env("M2M_IMPERSONATOR"));
        refusal.names("impersonator");
        let _ =
            acting(&lookup, &server, &args).args(["--impersonator", ""]).without_env("M2M_IMPERSONATOR").run().fails(2);
    }
    let _ = acting(&lookup, &server, &["--as-cpf", "11111111111"]).run().fails(2);
    let _ = acting(&lookup, &server, &["--as-cpf", &lookup.cpf, "--as-login", "x"]).run().fails(2);
    let cli = lookup.by_cpf(&server).args(["-o", "headers"]);
    assert!(cli.run().fails(2).contains("impersonator"));
    assert_eq!(server.connections(), 0);
}

#[test]
fn the_profile_maps_headers_to_fields() {
    let lookup = Lookup::fresh();
    let config = "[profiles.p]\nimpersonator = \"profile@example.com\"\nimpersonation = { participantid = \"id\", campaignid = \"segment.campaignId\", X-Status = \"status\" }\n";
    let server = lookup.server(move |request| {
        if request.path() == PATH {
            return Reply::json(200, &json!([{ "id": "7", "segment": { "campaignId": 40499 }, "status": "ACTIVE" }]));
        }
        let sent = ["participantid", "campaignid", "x-status", "impersonatoruser", "username", "catalogid"];
        Reply::json(200, &json!(sent.map(|name| request.header(name))))
    });
    let cli = call(&lookup, &server, ["/me", "--profile", "p", "--as-cpf", &lookup.cpf])
        .file("config/m2m/config.toml", config);
    // The answer does not say whose it is.
    let (out, stderr) = cli.run().succeeds_with_one_warning();
    assert_eq!(
        serde_json::from_str::<Value>(&out).unwrap(),
        json!(["7", "40499", "ACTIVE", "profile@example.com", null, null])
    );
    assert!(stderr.contains("whether this is the participant that was asked for cannot be told"), "{stderr}");
}

#[test]
fn a_participant_without_a_field_says_which_header_wants_it() {
    let lookup = Lookup::fresh();
    let mut person = lookup.participant();
    person["segment"] = json!({ "clientId": "30599" });
    let server = api(&lookup, json!([person]));
    refused(2, "usage", || acting(&lookup, &server, &["--as-cpf", &lookup.cpf]))
        .names("segment.catalogId")
        .names("catalogId")
        .hints_at("impersonation")
        .never_says("Fulano");
}

#[test]
fn a_field_that_is_no_header_is_refused() {
    let lookup = Lookup::fresh();
    for name in ["a\r\nX-Evil: 1", "joão", " x"] {
        let mut person = lookup.participant();
        person["username"] = json!(name);
        let server = api(&lookup, json!([person]));
        let _ = acting(&lookup, &server, &["--as-cpf", &lookup.cpf]).run().fails(2);
        assert_eq!(calls(&server).len(), 1, "only the lookup");
    }
}

#[test]
fn headers_are_printed_for_other_tools() {
    let lookup = Lookup::fresh();
    let expected = format!(
        "participantid: 28631365\ncatalogId: 40599\ncustomerId: 30599\nusername: {}\nimpersonatorUser: {WHO}\n",
        lookup.login
    );
    let server = api(&lookup, json!([lookup.participant()]));
    // The key belongs on stdout here, as the token does.
    let printed = |format: &str| {
        let cli = lookup.account.cli(["participant", "--issuer", &server.url(""), "--api-url", &server.url("")]);
        let cli = cli.env("M2M_SUBSCRIPTION_KEY", &lookup.key).token(&lookup.key).personal(&lookup.cpf);
        cli.args(["--cpf", &lookup.cpf, "-o", format, "--impersonator", WHO]).run().succeeds()
    };
    assert_eq!(printed("headers"), expected);
    let config: Vec<String> = printed("curl").lines().map(str::to_owned).collect();
    let quoted = |name: &str, value: &str| format!("header = \"{name}: {value}\"");
    assert_eq!(config[0], quoted("Authorization", &format!("Bearer {}", lookup.account.token)));
    for line in [
        quoted("ocp-apim-subscription-key", &lookup.key),
        quoted("username", &lookup.login),
        quoted("participantid", "28631365"),
    ] {
        assert!(config.contains(&line), "{line} in {} lines", config.len());
    }
    assert!(config.iter().any(|line| line.starts_with("header = \"x-correlation-id: ")));
}

#[test]
fn nobody_acts_for_another_person_than_the_one_that_was_asked_for() {
    let lookup = Lookup::fresh();
    let mut other = lookup.participant();
    for (member, value) in [("documentNumber", "11144477735"), ("username", "somebody.else")] {
        other[member] = json!(value);
    }
    let server = api(&lookup, json!([other]));
    for (flag, value) in [("--as-cpf", &lookup.cpf), ("--as-login", &lookup.login)] {
        let refusal = refused(7, "bad_response", || acting(&lookup, &server, &[flag, value]));
        refusal.names("another participant than the one that was asked for").never_says("11144477735");
    }
    assert!(calls(&server).iter().all(|call| call.path() == PATH), "no call is made for a participant");
    for format in ["headers", "curl"] {
        let cli = lookup.account.cli(["participant", "--issuer", &server.url(""), "--api-url", &server.url("")]);
        let cli = cli.env("M2M_SUBSCRIPTION_KEY", &lookup.key).personal(&lookup.cpf);
        let _ = cli.args(["--cpf", &lookup.cpf, "-o", format, "--impersonator", WHO]).run().fails(7);
    }
    let cli = lookup.account.cli(["participant", "--issuer", &server.url(""), "--api-url", &server.url("")]);
    let shown = cli.env("M2M_SUBSCRIPTION_KEY", &lookup.key).args(["--cpf", &lookup.cpf]).run();
    assert_eq!(shown.code, 0, "{shown:?}");
    assert!(shown.stderr.contains("warning: the API answered with another participant"), "{shown:?}");
    let cli = lookup.account.cli(["participant", "--issuer", &server.url(""), "--api-url", &server.url("")]);
    let many =
        cli.env("M2M_SUBSCRIPTION_KEY", &lookup.key).args(["--cpf-file", "-"]).stdin(format!("{}\n", lookup.cpf)).run();
    assert!(many.code == 0 && many.stdout.trim_end().ends_with("\"matches\":false}"), "{many:?}");
    assert!(many.stderr.contains("warning: the API answered with another participant"), "{many:?}");
}
