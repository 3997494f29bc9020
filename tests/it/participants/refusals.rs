//! Lookups that find no participant or too many, refusals of the gateway and of CloudLoyalty, and invalid responses.

use serde_json::json;

use crate::support::failure::refused;
use crate::support::lookup::{Lookup, answered, cloudloyalty};
use crate::support::{Reply, Request};

#[test]
fn nobody_found_is_exit_9() {
    answered(9, "not_found", &Reply::json_text(200, "[]"));
    answered(9, "not_found", &Reply::json_text(200, " [ ]\n"));
    let lookup = Lookup::fresh();
    let _ = lookup.answered(Reply::json_text(200, "[]")).arg("--one").run().fails(9);
}

#[test]
fn cloudloyalty_says_113_for_nobody() {
    for status in [400, 404, 422] {
        for code in [json!("113"), json!(113)] {
            answered(9, "not_found", &cloudloyalty(status, code, "Participante não encontrado."));
        }
    }
}

#[test]
fn error_113_of_a_failing_server_finds_nobody_missing() {
    answered(7, "bad_response", &cloudloyalty(500, json!("113"), "x"));
}

#[test]
fn more_than_one_where_one_was_asked_for_is_exit_9_with_what_tells_them_apart() {
    let lookup = Lookup::fresh();
    let mut gold = lookup.participant();
    let mut silver = lookup.participant();
    gold["status"] = json!("ACTIVE");
    silver["segment"] = json!({ "clientId": 30600, "campaignId": "40500", "catalogId": "40601", "name": "Silver" });
    silver["id"] = json!("28631366");
    let body = json!([gold, silver]);
    let refusal = refused(9, "not_found", || lookup.answered(Reply::json(200, &body)).arg("--one"));
    for words in ["Gold", "40599", "ACTIVE", "Silver", "40601", "INACTIVE"] {
        refusal.names(words);
    }
    for personal in ["Fulano", "fulano@example.com", &lookup.login, &lookup.cpf] {
        refusal.never_says(personal);
    }
}

#[test]
fn participants_with_odd_fields_can_still_be_told_apart() {
    let lookup = Lookup::fresh();
    for body in [
        json!([{}, {}]),
        json!([{ "segment": null, "status": 7 }, { "segment": "Gold", "status": null }]),
        json!([1, "two"]),
        json!([{ "segment": { "name": "\u{1b}[31m\n::error::x", "catalogId": ["x"] } }, {}]),
    ] {
        let outcome = lookup.answered(Reply::json(200, &body)).arg("--one").run();
        assert!([7, 9].contains(&outcome.code), "{outcome:?}");
        assert!(!outcome.stderr.contains('\u{1b}') && !outcome.stderr.contains("\n::"), "{outcome:?}");
    }
}

#[test]
fn what_is_no_array_of_participants_is_exit_7() {
    for body in
        ["", "{}", "null", "\"[]\"", "[", "[{\"a\":1}", "[{\"a\":1}] trailing", "[{'a':1}]", "7", "[{\"a\":01}]"]
    {
        answered(7, "bad_response", &Reply::json_text(200, body));
    }
    answered(7, "bad_response", &Reply::html(200, "Sign in"));
    answered(7, "bad_response", &Reply::json_text(200, &"[".repeat(100_000)));
    answered(
        7,
        "bad_response",
        &Reply::new(200).header("Content-Type", "application/json").body(&b"[{\"a\":\"\xff\"}]"[..]),
    );
}

#[test]
fn a_token_that_is_refused_is_the_tokens_own_exit_code() {
    let lookup = Lookup::fresh();
    for (code, kind, reply) in [
        (3, "credentials_rejected", Reply::json(401, &json!({ "error": "invalid_client" }))),
        (4, "scope_rejected", Reply::json(400, &json!({ "error": "invalid_scope" }))),
        (6, "throttled", Reply::new(429)),
        (7, "bad_response", Reply::html(403, "Blocked")),
    ] {
        refused(code, kind, || {
            let reply = reply.clone();
            let server = crate::support::Server::start(move |request: &Request| match request.method.as_str() {
                "GET" => Reply::json(200, &crate::support::account::metadata(&request.origin())),
                _ => reply.clone(),
            });
            lookup.by_login(&server).args(["--retries", "0"]).keep(server)
        });
    }
}

#[test]
fn a_success_that_is_no_answer_to_a_lookup_is_not_taken_for_a_refusal() {
    let participants = json!([{ "id": 1 }]);
    for status in [201, 202, 203, 206] {
        answered(7, "bad_response", &Reply::json(status, &participants));
        answered(7, "bad_response", &Reply::json(status, &json!({ "message": "queued" })));
    }
    answered(8, "api_refused", &cloudloyalty(200, json!("7"), "an error all the same"));
}
