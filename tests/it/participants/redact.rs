//! `--redact`: personal data is masked wherever participants are printed; only listed fields stay.

use serde_json::{Value, json};

use crate::support::bulk_lookup::rows;
use crate::support::lookup::Lookup;
use crate::support::{BulkLookup, Reply};

/// A participant with everything that the documents name, and a field that they do not.
fn person(lookup: &Lookup) -> Value {
    json!({
        "segment": { "clientId": "30599", "campaignId": 40499, "catalogId": 40599, "name": "Gold" },
        "id": 28_631_365,
        "name": "Fulano de Tal",
        "username": lookup.login,
        "documentNumber": lookup.cpf,
        "rg": "12.345.678-9",
        "birthDate": "1980-01-31",
        "emails": [{ "address": "fulano@example.com", "type": "HOME" }, "other@example.com"],
        "phones": [{ "areaCode": 11, "number": 955_551_234 }],
        "address": { "street": "Rua das Flores", "number": 7, "city": "São Paulo", "zip": "01000-000" },
        "nickname": "Fulaninho",
        "active": true,
        "deleted": null,
        "status": "INACTIVE",
    })
}

fn masked() -> Value {
    let hidden = "[hidden]";
    json!({
        "segment": { "clientId": "30599", "campaignId": 40499, "catalogId": 40599, "name": "Gold" },
        "id": 28_631_365,
        "name": hidden,
        "username": hidden,
        "documentNumber": hidden,
        "rg": hidden,
        "birthDate": hidden,
        "emails": [{ "address": hidden, "type": hidden }, hidden],
        "phones": [{ "areaCode": hidden, "number": hidden }],
        "address": { "street": hidden, "number": hidden, "city": hidden, "zip": hidden },
        "nickname": hidden,
        "active": hidden,
        "deleted": null,
        "status": "INACTIVE",
    })
}

#[test]
fn ids_segment_and_status_stay_and_all_else_is_masked() {
    let lookup = Lookup::fresh();
    let server = lookup.answering(Reply::json(200, &json!([person(&lookup), person(&lookup)])));
    assert_eq!(lookup.by_cpf(&server).arg("--redact").run().json(), json!([masked(), masked()]));
}

#[test]
fn many_are_masked_alike_and_their_queries_too() {
    let batch = BulkLookup::of(3);
    let mut person = person(&batch.lookup);
    person["documentNumber"] = json!(batch.cpfs[0]);
    let server = batch.server_with(move |at, found| match at {
        0 => Reply::json(200, &json!([person])),
        1 => Reply::json_text(200, "[]"),
        _ => found,
    });
    let input = format!("{}11111111111\n", batch.input());
    let out = batch.cli_with(&server, &input).args(["-q", "--redact", "--concurrency", "1"]).run().succeeds();
    let rows = rows(&out);
    assert_eq!(
        rows[0],
        json!({ "line": 1, "query": { "cpf": "[hidden]" }, "status": "found", "participants": [masked()] })
    );
    assert_eq!(
        rows[1],
        json!({ "line": 2, "query": { "cpf": "[hidden]" }, "status": "not_found", "participants": [] })
    );
    assert_eq!((&rows[3]["line"], &rows[3]["status"]), (&json!(4), &json!("invalid")));
    for secret in batch.cpfs.iter().map(String::as_str).chain(["11111111111", batch.lookup.login.as_str(), "Fulan"]) {
        assert!(!out.contains(secret), "{secret} in {out}");
    }
}

#[test]
fn an_error_that_repeats_the_query_is_masked() {
    let lookup = Lookup::fresh();
    let login = lookup.login.clone();
    let echo = format!("Valor inválido: {login} de fulano@example.com");
    let server = lookup.answering(Reply::json(422, &json!({ "errors": [{ "code": "7", "message": echo }] })));
    let outcome = lookup.cli(&server).args(["--login-file", "-", "--redact"]).stdin(format!("{login}\n")).run();
    assert_eq!(outcome.code, 8);
    assert!(!outcome.stdout.contains(&login) && !outcome.stdout.contains("fulano"), "{}", outcome.stdout);
}

#[test]
fn a_cpf_that_stands_in_an_id_is_masked() {
    let lookup = Lookup::fresh();
    let person =
        json!([{ "id": lookup.cpf, "externalId": lookup.cpf, "segment": { "name": lookup.cpf }, "status": "ACTIVE" }]);
    let server = lookup.answering(Reply::json(200, &person));
    let out = lookup.by_login(&server).arg("--redact").run().json();
    let hidden = "[hidden]";
    assert_eq!(out, json!([{ "id": hidden, "externalId": hidden, "segment": { "name": hidden }, "status": "ACTIVE" }]));
}

#[test]
fn names_of_members_are_not_data_and_odd_items_are() {
    let lookup = Lookup::fresh();
    let server = lookup
        .answering(Reply::json_text(200, r#"["Fulano", 5, null, true, [], {}, {"a\"b":"x","documentId":{"n":1}}]"#));
    let out = lookup.by_login(&server).arg("--redact").run().json();
    assert_eq!(
        out,
        json!(["[hidden]", "[hidden]", null, "[hidden]", [], {}, { "a\"b": "[hidden]", "documentId": { "n": "[hidden]" } }])
    );
}

/// What may stay does so where the documents have it, and not where another object has a member of the same name.
#[test]
fn members_called_id_status_or_segment_stay_only_where_they_belong() {
    let lookup = Lookup::fresh();
    let person = json!({
        "id": { "of": "Fulano" },
        "status": ["Fulano"],
        "externalId": "fulano.de.tal",
        "clientId": 7,
        "address": { "id": "fulano@example.com", "segment": "Rua das Flores", "status": "Fulano", "cityId": 3550308 },
        "segment": {
            "clientId": "30599", "name": "a@b.example", "status": "ACTIVE", "isActive": true, "owner": "Fulano",
            "manager": { "id": "fulano", "name": "Fulano" },
        },
    });
    let hidden = "[hidden]";
    let masked = json!({
        "id": { "of": hidden },
        "status": [hidden],
        "externalId": hidden,
        "clientId": 7,
        "address": { "id": hidden, "segment": hidden, "status": hidden, "cityId": 3550308 },
        "segment": {
            "clientId": "30599", "name": hidden, "status": "ACTIVE", "isActive": hidden, "owner": hidden,
            "manager": { "id": hidden, "name": hidden },
        },
    });
    let server = lookup.answering(Reply::json(200, &json!([person])));
    assert_eq!(lookup.by_cpf(&server).arg("--redact").run().json(), json!([masked]));
}

#[test]
fn cpfs_are_masked_as_names_of_members_and_behind_escapes() {
    let lookup = Lookup::fresh();
    let formatted = crate::support::random::formatted_cpf(&lookup.cpf);
    let escaped = format!("\\u{:04x}{}", u32::from(lookup.cpf.as_bytes()[0]), &lookup.cpf[1..]);
    let person = format!("[{{\"{}\":1,\"byCpf\":{{\"{formatted}\":\"x\"}},\"id\":\"{escaped}\"}}]", lookup.cpf);
    let server = lookup.answering(Reply::json_text(200, &person));
    let out = lookup.by_cpf(&server).arg("--redact").run().json();
    let hidden = "[hidden]";
    assert_eq!(out, json!([{ hidden: hidden, "byCpf": { hidden: hidden }, "id": hidden }]));
}

#[test]
fn headers_for_other_tools_hide_the_login() {
    let lookup = Lookup::fresh();
    let server = lookup.finding();
    let out = lookup
        .by_cpf(&server)
        .args(["--redact", "-o", "headers", "--impersonator", "ops@example.com"])
        .run()
        .succeeds();
    assert!(out.contains("username: [hidden]\n") && out.contains("participantid: 28631365\n"), "{out}");
    assert!(!out.contains(&lookup.login));
}

/// The map of a profile may put any field into a header.
#[test]
fn headers_for_other_tools_hide_every_field_that_is_masked_elsewhere() {
    let lookup = Lookup::fresh();
    let server = lookup.finding();
    let config =
        "[profiles.p]\nimpersonator = \"ops@example.com\"\nimpersonation = { X-Name = \"name\", X-Id = \"id\" }\n";
    let cli = lookup.by_cpf(&server).args(["--redact", "-o", "headers", "--profile", "p"]);
    let out = cli.file("config/m2m/config.toml", config).run().succeeds();
    assert!(out.contains("X-Name: [hidden]\n") && out.contains("X-Id: 28631365\n"), "{out}");
}
