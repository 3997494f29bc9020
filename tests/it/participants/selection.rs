//! Selecting among several participants: `--one` and the filters, in single and in bulk lookups.

use serde_json::{Value, json};

use crate::support::bulk_lookup::rows;
use crate::support::failure::refused;
use crate::support::lookup::Lookup;
use crate::support::{BulkLookup, Cli, Reply, Server};

/// Two accounts of one person; ids as numbers in one and as strings in the other.
fn accounts() -> [Value; 2] {
    [
        json!({ "segment": { "clientId": "30599", "campaignId": 40499, "catalogId": 40599, "name": "Gold" }, "id": 1, "status": "ACTIVE" }),
        json!({ "segment": { "clientId": "30600", "campaignId": "40500", "catalogId": "40600", "name": "Silver" }, "id": "2", "status": "INACTIVE" }),
    ]
}

fn both(lookup: &Lookup) -> Server {
    lookup.answering(Reply::json(200, &json!(accounts())))
}

fn chosen(args: &[&str]) -> Value {
    let lookup = Lookup::fresh();
    let server = both(&lookup);
    lookup.by_cpf(&server).args(args.iter().copied()).run().json()
}

#[test]
fn each_filter_leaves_those_that_match() {
    let [gold, silver] = accounts();
    for (args, expected) in [
        (&["--segment", "Gold"][..], &gold),
        (&["--segment", "Silver"], &silver),
        (&["--catalog-id", "40599"], &gold),
        (&["--catalog-id", "40600"], &silver),
        (&["--campaign-id", "40499"], &gold),
        (&["--campaign-id", "40500"], &silver),
        (&["--status", "ACTIVE"], &gold),
        (&["--status", "INACTIVE"], &silver),
        (
            &["--status", "ACTIVE", "--segment", "Gold", "--catalog-id", "40599", "--campaign-id", "40499", "--one"],
            &gold,
        ),
    ] {
        assert_eq!(chosen(args), json!([expected]), "{args:?}");
    }
}

#[test]
fn filters_that_leave_nobody_are_not_found_and_say_so() {
    for args in [&["--segment", "gold"][..], &["--catalog-id", "4059"], &["--status", "ACTIVE", "--segment", "Silver"]]
    {
        let lookup = Lookup::fresh();
        let refusal = refused(9, "not_found", || {
            let server = both(&lookup);
            lookup.by_cpf(&server).args(args.iter().copied()).keep(server)
        });
        refusal.hints_at("--segment");
    }
}

#[test]
fn several_where_one_is_asked_for_are_told_apart_without_personal_data() {
    let lookup = Lookup::fresh();
    let people: Vec<Value> = accounts()
        .into_iter()
        .map(|mut person| {
            person["name"] = json!("Fulana de Tal");
            person["username"] = json!(lookup.login);
            person["documentNumber"] = json!(lookup.cpf);
            person
        })
        .collect();
    let reply = Reply::json(200, &json!(people));
    let refusal = refused(9, "not_found", || {
        let server = lookup.answering(reply.clone());
        lookup.by_cpf(&server).arg("--one").keep(server)
    });
    refusal
        .names("2 participants match, not one")
        .names("segment Gold, catalog 40599, campaign 40499, status ACTIVE, id 1")
        .names("segment Silver, catalog 40600, campaign 40500, status INACTIVE, id 2")
        .hints_at("--segment")
        .never_says("Fulana");
}

#[test]
fn a_field_that_is_missing_matches_nothing() {
    let lookup = Lookup::fresh();
    let bare = Reply::json(200, &json!([{ "id": 1, "segment": null }, 7, "x"]));
    for args in [["--segment", "Gold"], ["--catalog-id", "1"], ["--status", "null"]] {
        let server = lookup.answering(bare.clone());
        let _ = lookup.by_cpf(&server).args(args).run().fails(9);
    }
}

/// What to try depends on what was asked for, and is named as the command names it.
#[test]
fn nobody_found_leads_to_the_other_way_of_asking_if_that_may_help() {
    let lookup = Lookup::fresh();
    let empty = Reply::json_text(200, "[]");
    let unknown = crate::support::lookup::cloudloyalty(404, json!("113"), "x");
    let told = |command: &str, flag: &str, value: &str, reply: &Reply| {
        let server = lookup.answering(reply.clone());
        let path = (command == "request").then_some("/x");
        let cli = lookup.account.cli([command].into_iter().chain(path)).args(["--issuer", &server.url("")]);
        let cli = cli.args(["--api-url", &server.url(""), flag, value, "--impersonator", "ops"]);
        cli.run().fails(9).lines().filter(|line| line.starts_with("  hint: ")).collect::<Vec<_>>().join("\n")
    };
    for reply in [empty, unknown] {
        for (command, prefix) in [("participant", "--"), ("request", "--as-")] {
            let (login, cpf) = (format!("{prefix}login"), format!("{prefix}cpf"));
            assert!(told(command, &cpf, &lookup.cpf, &reply).ends_with(&format!("is looked up with `{login}`")));
            assert!(told(command, &login, &lookup.cpf, &reply).ends_with(&format!("is looked up with `{cpf}`")));
            assert_eq!(told(command, &login, &lookup.login, &reply), "");
        }
    }
}

#[test]
fn a_cpf_that_is_none_leads_to_the_login_of_the_same_command() {
    let lookup = Lookup::fresh();
    let server = Server::untouched();
    let participant = lookup.cli(&server).args(["--cpf", "ana"]).run().fails(2);
    assert!(participant.contains("use `--login`"), "{participant}");
    let request = crate::support::call::call(&lookup, &server, ["/x", "--as-cpf", "ana"]).run().fails(2);
    assert!(request.contains("use `--as-login`"), "{request}");
}

#[test]
fn nobody_named_is_said_in_words() {
    let stderr = Cli::new(["participant"]).run().fails(2);
    assert!(
        stderr.starts_with("error: nobody is named: `--login`, `--cpf`, `--login-file` or `--cpf-file`"),
        "{stderr}"
    );
    assert!(!stderr.contains('<') && !stderr.contains('|'), "{stderr}");
}

fn many(batch: &BulkLookup, server: &Server, args: &[&str]) -> Cli {
    batch.cli(server).args(args.iter().copied())
}

#[test]
fn filters_hold_for_each_of_many() {
    let batch = BulkLookup::of(2);
    let server = batch.lookup.answering(Reply::json(200, &json!(accounts())));
    let out = many(&batch, &server, &["-q", "--segment", "Silver", "--one"]).run().succeeds();
    for row in rows(&out) {
        assert_eq!((&row["status"], &row["participants"]), (&json!("found"), &json!([accounts()[1]])));
    }
    let out = many(&batch, &server, &["-q", "--status", "GONE"]).run().succeeds();
    assert!(rows(&out).iter().all(|row| row["status"] == "not_found" && row["participants"] == json!([])), "{out}");
}

#[test]
fn several_of_many_where_one_is_asked_for_are_an_error_of_that_line() {
    let batch = BulkLookup::of(2);
    let server = batch.server_with(|at, found| if at == 0 { Reply::json(200, &json!(accounts())) } else { found });
    let outcome = many(&batch, &server, &["--one", "--concurrency", "1"]).run();
    assert_eq!(outcome.code, 9, "{outcome:#?}");
    let rows = rows(&outcome.stdout);
    assert_eq!((&rows[0]["status"], &rows[0]["error"]["kind"]), (&json!("error"), &json!("not_found")));
    assert_eq!(rows[0]["error"]["causes"].as_array().unwrap().len(), 2);
    assert_eq!(rows[1], batch.row(2));
}
