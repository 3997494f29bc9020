//! What people are told of a server whose certificate is refused: what is wrong with it, and whose move it is.

use crate::support::account::TOKEN_PATH;
use crate::support::failure::{Refusal, refused};
use crate::support::http::certificates::{Authority, Certificate};
use crate::support::http::tls::TlsFront;
use crate::support::{Account, Server};

/// Asserts that `m2m token` refuses a server with this certificate; `ca_file` is what it trusts beside the system's.
#[track_caller]
fn refusal(certificate: &Certificate, ca_file: Option<&str>) -> Refusal {
    let account = Account::fresh();
    let server = account.server();
    let front = TlsFront::start(TlsFront::bind(), certificate, &server);
    let refusal = refused(5, "unreachable", || {
        let cli = account.cli(["token", "--token-url", &front.url(TOKEN_PATH), "--retries", "0"]);
        match ca_file {
            Some(pem) => cli.file("ca.pem", pem).path_arg("--ca-file", "ca.pem"),
            None => cli,
        }
    });
    assert!(server.requests().is_empty());
    refusal
}

#[test]
fn without_a_ca_file_the_authority_that_is_missing_is_named() {
    let authority = Authority::named("Corporate root");
    refusal(&authority.certify("127.0.0.1"), None)
        .names("is signed by an authority that is not trusted here")
        .names("\"CN=Corporate root\"")
        .hints_at("`--ca-file`");
}

#[test]
fn a_ca_file_with_another_authority_is_said_to_lack_the_right_one() {
    let (authority, other) = (Authority::named("Corporate root"), Authority::named("Another root"));
    refusal(&authority.certify("127.0.0.1"), Some(&other.pem))
        .names("\"CN=Corporate root\"")
        .names("1 of `ca_file`")
        .names("ca.pem")
        .hints_at("`ca_file` lacks that authority")
        .never_says("name the authority's PEM file with");
}

#[test]
fn a_ca_file_with_the_certificate_of_the_server_itself_is_said_to_be_the_wrong_one() {
    let certificate = Authority::named("Corporate root").certify("127.0.0.1");
    refusal(&certificate, Some(&certificate.pem))
        .names("`ca_file` holds the server's own certificate")
        .names("\"CN=Corporate root\"")
        .hints_at("`ca_file` lacks that authority");
}

#[test]
fn a_server_that_leaves_out_its_intermediate_certificate_is_said_to() {
    let root = Authority::named("Corporate root");
    let intermediate = root.intermediate("Issuing authority");
    let certificate = intermediate.certify("127.0.0.1");
    refusal(&certificate, Some(&root.pem))
        .names("\"CN=Issuing authority\"")
        .names("it sent no certificate beside its own")
        .hints_at("the server must send its intermediate certificates");
    // The chain that is sent ends in an authority that is not trusted.
    let chain = Certificate { pem: format!("{}{}", certificate.pem, intermediate.pem), ..certificate };
    let refusal = refusal(&chain, Some(&Authority::named("Another root").pem));
    refusal.names("\"CN=Corporate root\"").never_says("it sent no certificate");
}

#[test]
fn an_intermediate_authority_in_the_ca_file_is_enough() {
    let intermediate = Authority::named("Corporate root").intermediate("Issuing authority");
    let account = Account::fresh();
    let server = account.server();
    let front = TlsFront::start(TlsFront::bind(), &intermediate.certify("127.0.0.1"), &server);
    let cli = account.cli(["token", "--token-url", &front.url(TOKEN_PATH)]);
    let cli = cli.file("ca.pem", &intermediate.pem).path_arg("--ca-file", "ca.pem");
    assert_eq!(cli.run().succeeds(), format!("{}\n", account.token));
}

#[test]
fn an_authority_that_was_made_anew_under_its_old_name_is_told_from_another_authority() {
    let (old, new) = (Authority::named("Corporate root"), Authority::named("Corporate root"));
    refusal(&new.certify("127.0.0.1"), Some(&old.pem))
        .names("the authority of that name that is trusted here has another key")
        .names("\"CN=Corporate root\"")
        .names("ca.pem")
        .hints_at("get the authority's new certificate");
}

#[test]
fn a_certificate_without_alternative_names_is_not_blamed_on_the_url() {
    let authority = Authority::named("Corporate root");
    refusal(&authority.certify_common_name("127.0.0.1"), Some(&authority.pem))
        .names("names no host at all: it has a Common Name only")
        .hints_at("subjectAltName")
        .never_says("check the host");
}

#[test]
fn a_certificate_for_other_names_says_which() {
    let authority = Authority::named("Corporate root");
    refusal(&authority.certify("api.example.com"), Some(&authority.pem))
        .names("belongs to another name")
        .names("api.example.com")
        .hints_at("check the host");
}

#[test]
fn a_certificate_for_clients_is_not_one_for_servers() {
    let authority = Authority::named("Corporate root");
    refusal(&authority.certify_for_clients("127.0.0.1"), Some(&authority.pem))
        .names("is not for servers")
        .hints_at("serverAuth")
        .hints_at("its operator");
}

#[test]
fn a_server_that_refuses_the_handshake_is_explained_with_all_that_it_may_mean() {
    for (alert, words, hint) in [
        (40, "no cipher, key exchange or kind of key in common", "P-521"),
        (71, "no cipher, key exchange or kind of key in common", "P-521"),
        (80, "an error of its own", "its operator"),
        (112, "knows no host of this name", "check the host"),
        (120, "speaks neither HTTP/2 nor HTTP/1.1", "check host and port"),
    ] {
        let account = Account::fresh();
        let server = Server::greeting(&[0x15, 3, 3, 0, 2, 2, alert]);
        let url = format!("https://127.0.0.1:{}/t", server.port());
        let cli = || account.cli(["token", "--token-url", &url, "--retries", "0"]);
        refused(5, "unreachable", cli).names(words).hints_at(hint);
    }
}
