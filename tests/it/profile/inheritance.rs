//! Profiles that extend others: what is inherited, what is merged, where a value is said to come from, and selectors.

use serde_json::Value;

use crate::support::account::TOKEN_PATH;
use crate::support::failure::refused;
use crate::support::{Account, Cli, Home, Server};

const TENANTS: &str = r#"
default_profile = "ltm-1"

[profiles.base]
abstract = true
provider = "cloudloyalty"
client_secret = { env = "SECRET_{tenant_id}" }
timeout = "20s"
headers = { x-team = "loyalty", x-stage = "none" }

[profiles.uat]
abstract = true
extends = "base"
tags = ["uat"]
timeout = "25s"

[profiles.ltm-1]
extends = "uat"
tags = ["uat", "first"]
tenant_id = "40499"
tenant_domain = "one.example"
client_id = "one"
headers = { x-stage = "uat" }

[profiles.ltm-2]
extends = "base"
tenant_id = "40500"
tenant_domain = "two.example"
client_id = "two"
"#;

fn shown(profile: &str) -> Vec<(String, String, String)> {
    let cli = Cli::new(["profile", "show", profile, "-o", "json"]).file("config/m2m/config.toml", TENANTS);
    let json = cli.run().json();
    let text = |row: &Value, name: &str| row[name].as_str().unwrap_or_default().to_owned();
    let rows = json["settings"].as_array().unwrap().iter();
    rows.map(|row| (text(row, "key"), text(row, "value"), text(row, "origin"))).collect()
}

#[test]
fn a_profile_has_what_it_extends_and_says_where_each_value_is() {
    let rows = shown("ltm-1");
    let find = |key: &str| rows.iter().find(|(name, ..)| name == key).cloned().unwrap_or_default();
    assert_eq!(find("provider").1, "cloudloyalty");
    assert!(find("provider").2.starts_with("profile `base`"), "{:?}", find("provider"));
    assert_eq!(find("timeout").1, "25s");
    assert!(find("timeout").2.starts_with("profile `uat`"), "{:?}", find("timeout"));
    assert!(find("client_secret").1.starts_with("env `SECRET_40499`"), "{:?}", find("client_secret"));
    let headers = find("headers").1;
    assert!(headers.contains("x-stage") && headers.contains("x-team"), "tables are merged: {headers}");
}

#[test]
fn a_secret_of_an_abstract_profile_is_the_tenants_own() {
    let account = Account::fresh();
    let server = account.server();
    let home = Home::new();
    home.config(&format!(
        "[profiles.base]\nabstract = true\ntoken_url = \"{}\"\nclient_id = \"{}\"\nclient_secret = {{ env = \"SECRET_{{tenant_id}}\" }}\n[profiles.a]\nextends = \"base\"\ntenant_id = \"40499\"\n",
        server.url(TOKEN_PATH),
        account.id
    ));
    let cli = account.watched(home.cli(["token", "--profile", "a"])).env("SECRET_40499", &account.secret);
    assert_eq!(cli.run().succeeds(), format!("{}\n", account.token));
}

#[test]
fn what_could_lead_a_secret_elsewhere_is_refused() {
    let server = Server::untouched();
    for (tenant, words) in [
        ("tenant_id = \"../../etc\"", "cannot be part of `client_secret`"),
        ("tenant_id = \"\"", "cannot be part of `client_secret`"),
        ("", "the profile has no `tenant_id`"),
    ] {
        let config = format!(
            "[profiles.base]\nabstract = true\ntoken_url = \"{}\"\nclient_id = \"x\"\nclient_secret = {{ file = \"secrets/{{tenant_id}}\" }}\n[profiles.a]\nextends = \"base\"\n{tenant}\n",
            server.url(TOKEN_PATH)
        );
        let cli = || Cli::new(["token", "--profile", "a"]).file("config/m2m/config.toml", &config);
        // The environment cannot say it: whoever sets it would choose the file.
        refused(2, "usage", || cli().env("M2M_TENANT_ID", "40499")).names(words);
    }
    assert_eq!(server.connections(), 0);
}

#[test]
fn a_circle_a_missing_parent_and_an_abstract_profile_are_named() {
    let of = |profile: &'static str, config: &'static str| {
        refused(2, "usage", move || Cli::new(["token", "--profile", profile]).file("config/m2m/config.toml", config))
    };
    of("a", "[profiles.a]\nextends = \"b\"\n[profiles.b]\nextends = \"a\"\n").names("a -> b -> a");
    of("a", "[profiles.a]\nextends = \"bse\"\n[profiles.base]\n").names("no profile `bse`").names("line 2");
    of("base", "[profiles.base]\nabstract = true\n").names("is abstract").hints_at("extends = \"base\"");
    of("a", "[profiles.a]\nextends = 7\n").names("`extends` must be the name of a profile");
    of("a", "[profiles.a]\ntags = \"uat\"\n").names("`tags` must be an array of strings");
}

#[test]
fn lists_show_what_is_abstract_and_tagged() {
    let list = Cli::new(["profile", "list", "-o", "json"]).file("config/m2m/config.toml", TENANTS).run().json();
    let row = |name: &str| list.as_array().unwrap().iter().find(|row| row["profile"] == name).cloned().unwrap();
    assert_eq!(row("base")["abstract"], true);
    assert_eq!(row("ltm-1")["provider"], "cloudloyalty");
    assert_eq!(row("ltm-1")["tags"], serde_json::json!(["uat", "first"]));
}

#[test]
fn selectors_choose_profiles_and_what_matches_nothing_is_a_mistake() {
    let check = |args: &[&str]| {
        let cli = Cli::new(["check", "-o", "json", "--timeout", "2s"]).args(args.iter().copied());
        let outcome = cli.file("config/m2m/config.toml", TENANTS).run();
        let json: Value = serde_json::from_str(&outcome.stdout).unwrap_or_default();
        let names = json["profiles"].as_array().cloned().unwrap_or_default();
        (
            outcome.code,
            names.iter().map(|row| row["profile"].as_str().unwrap_or_default().to_owned()).collect::<Vec<_>>(),
        )
    };
    assert_eq!(check(&["ltm-*"]).1, ["ltm-1", "ltm-2"]);
    assert_eq!(check(&["tag:first"]).1, ["ltm-1"]);
    assert_eq!(check(&["--all"]).1, ["ltm-1", "ltm-2"]);
    assert_eq!(check(&["ltm-2", "*"]).1, ["ltm-2", "ltm-1"]);
    for selector in ["x-*", "tag:prod"] {
        let cli = || Cli::new(["check", selector]).file("config/m2m/config.toml", TENANTS);
        refused(2, "usage", cli).names(&format!("no profile matches `{selector}`"));
    }
    let several = || Cli::new(["token", "--profile", "ltm-*"]).file("config/m2m/config.toml", TENANTS);
    refused(2, "usage", several).names("means 2 profiles, and one is needed");
}
