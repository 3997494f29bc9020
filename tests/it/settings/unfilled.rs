//! Values that a pipeline, a template or a sample left unfilled, and characters that no setting can mean.

use crate::support::account::TOKEN_PATH;
use crate::support::failure::refused;
use crate::support::{Account, Cli, Server};

/// `m2m token` with a profile `p` of this text, and a server that nothing may reach.
fn token(server: &Server, profile: &str) -> Cli {
    let config = format!("default_profile = \"p\"\n[profiles.p]\nclient_id = \"reports\"\n{profile}\n");
    Cli::new(["token"])
        .file("config/m2m/config.toml", config)
        .env("M2M_CLIENT_SECRET", Account::fresh().secret)
        .env("M2M_TEST_SERVER", server.url(TOKEN_PATH))
}

#[test]
fn a_placeholder_left_in_a_setting_is_a_mistake_of_the_setting_and_names_its_line() {
    let server = Server::untouched();
    for (profile, key, placeholder) in [
        ("token_url = \"https://${HOST}/token\"", "token_url", "${HOST}"),
        ("token_url = \"https://h.example/{tenant}/token\"", "token_url", "{tenant}"),
        ("issuer = \"https://$(Host)/\"", "issuer", "$(Host)"),
        ("token_url = \"https://h.example/token\"\naudience = \"${AUD}\"", "audience", "${AUD}"),
        ("token_url = \"https://h.example/token\"\nscope = [\"a\", \"$(Scope)\"]", "scope", "$(Scope)"),
    ] {
        let refusal = refused(2, "usage", || token(&server, profile));
        refusal.names(&format!("`{key} = ")).names(placeholder).names("config.toml:");
    }
    assert_eq!(server.connections(), 0);
}

#[test]
fn a_carriage_return_from_a_windows_file_is_named_in_every_variable() {
    let account = Account::fresh();
    for name in ["M2M_AUDIENCE", "M2M_CLIENT_ID", "M2M_TOKEN_URL", "M2M_CA_FILE", "M2M_ISSUER", "M2M_AUTH_METHOD"] {
        let refusal = refused(2, "usage", || {
            let args = ["token", "--token-url", "https://h.example/t", "--client-id", "reports"];
            Cli::new(args).env("M2M_CLIENT_SECRET", &account.secret).env(name, "value\r")
        });
        refusal.names(name).names("\\r").hints_at("Windows line ends");
    }
}

#[test]
fn the_url_of_a_document_pasted_as_an_issuer_leads_to_discovery_url() {
    let account = Account::fresh();
    for issuer in [
        "https://id.example/.well-known/openid-configuration",
        "https://id.example/a/.well-known/openid-configuration/",
        "https://id.example/.well-known/oauth-authorization-server/a",
    ] {
        let refusal = refused(2, "usage", || account.cli(["token", "--issuer", issuer]));
        refusal.names("the URL of a metadata document").hints_at("--discovery-url");
    }
}

#[test]
fn a_profile_without_a_config_file_says_where_it_was_looked_for_and_how_to_start_one() {
    let refusal = refused(2, "usage", || Cli::new(["token", "--profile", "uat"]));
    refusal.names("config/m2m/config.toml does not exist").hints_at("m2m profile init uat");
}
