//! The path templates `participant_by_login` and `participant_by_cpf`, which only a profile in a config file can set.

use crate::support::lookup::Lookup;
use crate::support::{Cli, Server};

/// `m2m participant` with a profile that sets `key` to `template`.
fn with_template(lookup: &Lookup, server: &Server, key: &str, template: &str) -> Cli {
    let config = format!("default_profile = \"t\"\n\n[profiles.t]\n{key} = \"{template}\"\n");
    lookup.cli(server).file("config/m2m/config.toml", config)
}

#[test]
fn a_template_replaces_path_and_query() {
    let lookup = Lookup::fresh();
    let server = lookup.finding();
    let cli = with_template(&lookup, &server, "participant_by_login", "/api/v2/people/by-login/{login}?full=true");
    let outcome = cli.args(["--login", "a/b c?d"]).run();
    assert_eq!(outcome.code, 0, "{outcome:?}");
    assert_eq!(server.lines()[2], "GET /api/v2/people/by-login/a%2Fb%20c%3Fd?full=true");
}

#[test]
fn each_kind_of_lookup_has_its_own_template() {
    let lookup = Lookup::fresh();
    let server = lookup.finding();
    let cli = with_template(&lookup, &server, "participant_by_cpf", "/people?cpf={cpf}");
    let _ = cli.args(["--cpf", &lookup.cpf]).run().succeeds();
    assert_eq!(server.lines()[2], format!("GET /people?cpf={}", lookup.cpf));

    let server = lookup.finding();
    let cli = with_template(&lookup, &server, "participant_by_cpf", "/people?cpf={cpf}");
    let _ = cli.args(["--login", &lookup.login]).run().succeeds();
    assert_eq!(server.lines()[2], format!("GET /v1/participants?login={}", lookup.login));
}
