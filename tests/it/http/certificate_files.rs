//! `ca_file` and `client_cert`: what is read as a certificate, and what people are told of a file that is something else.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::support::account::TOKEN_PATH;
use crate::support::failure::refused;
use crate::support::http::certificates::Authority;
use crate::support::http::tls::TlsFront;
use crate::support::{Account, Cli, Server};

const BOM: &str = "\u{feff}";

/// A server whose certificate is of `authority`.
struct SecureServer {
    account: Account,
    authority: Authority,
    _server: Server,
    front: TlsFront,
}

impl SecureServer {
    fn new() -> Self {
        let (account, authority) = (Account::fresh(), Authority::named("Authority of the test"));
        let server = account.server();
        let front = TlsFront::start(TlsFront::bind(), &authority.certify("127.0.0.1"), &server);
        Self { account, authority, _server: server, front }
    }

    /// `m2m token` with these bytes as `ca_file`.
    fn trusting(&self, file: impl AsRef<[u8]>) -> Cli {
        let cli = self.account.cli(["token", "--token-url", &self.front.url(TOKEN_PATH), "--retries", "0"]);
        cli.file("ca.pem", file).path_arg("--ca-file", "ca.pem")
    }
}

#[test]
fn a_ca_file_that_breaks_off_says_which_certificate_has_no_end() {
    let server = SecureServer::new();
    let whole = format!("{}{}", Authority::named("Another").pem, server.authority.pem);
    let cut = whole.trim_end().strip_suffix("-----END CERTIFICATE-----").unwrap();
    refused(2, "usage", || server.trusting(cut))
        .names("ca.pem")
        .names("certificate 2 breaks off: `-----END CERTIFICATE-----` is missing");
    let first = server.authority.pem.split("-----END").next().unwrap();
    let both = format!("{first}\n{}", Authority::named("Another").pem);
    refused(2, "usage", || server.trusting(&both)).names("certificate 1 breaks off");
}

#[test]
fn every_certificate_counts_however_files_were_saved_and_put_together() {
    let server = SecureServer::new();
    let (ours, another) = (&server.authority.pem, &Authority::named("Another").pem);
    for bundle in [
        format!("{BOM}{ours}{another}"),
        format!("{another}{BOM}{ours}"),
        format!("{}{}", another.trim_end(), ours),
        format!("subject=CN = Another\n{another}\n\nsubject=CN = Ours\n{ours}"),
        ours.lines().map(|line| format!("    {line}\n")).collect(),
        ours.replace('\n', "\r\n"),
        ours.replace("\r\n", "\n").replace('\n', "\r"),
        ours.replace("CERTIFICATE", "X509 CERTIFICATE"),
    ] {
        assert_eq!(server.trusting(&bundle).run().succeeds(), format!("{}\n", server.account.token), "{bundle}");
    }
}

#[test]
fn a_ca_file_of_another_format_is_named_with_the_way_to_convert_it() {
    let server = SecureServer::new();
    let pem = &server.authority.pem;
    let base64: String = pem.lines().filter(|line| !line.starts_with('-')).collect();
    let der = STANDARD.decode(&base64).unwrap();
    let utf16 = |text: &str| [vec![0xff, 0xfe], text.encode_utf16().flat_map(u16::to_le_bytes).collect()].concat();
    let block = |label: &str| pem.replace("CERTIFICATE", label);
    for (file, cause, hint) in [
        (der, "in DER", "openssl x509 -inform DER -in "),
        (b"\x30\x82\x09\x10\x02\x01\x03\x30\x82\x09".to_vec(), "PKCS #12", "openssl pkcs12 -nokeys -in "),
        (
            b"\x30\x82\x09\x10\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02\xa0".to_vec(),
            "PKCS #7",
            "openssl pkcs7 -print_certs -inform DER -in ",
        ),
        (b"\xfe\xed\xfe\xed\0\0\0\x02".to_vec(), "Java keystore", "keytool -exportcert -rfc"),
        (utf16(pem), "UTF-16", "iconv -f UTF-16 -t UTF-8 "),
        (block("TRUSTED CERTIFICATE").into_bytes(), "`TRUSTED CERTIFICATE`", "openssl x509 -in "),
        (
            format!("{pem}{}", block("TRUSTED CERTIFICATE")).into_bytes(),
            "certificate 2 is a `TRUSTED CERTIFICATE`",
            "openssl x509 -in ",
        ),
        (block("PKCS7").into_bytes(), "`PKCS7`", "openssl pkcs7 -print_certs -in "),
        (block("CERTIFICATE REQUEST").into_bytes(), "`CERTIFICATE REQUEST`", "is a PEM file"),
        (block("PRIVATE KEY").into_bytes(), "`PRIVATE KEY`", "is a PEM file"),
        (STANDARD.encode(pem).into_bytes(), "base64 of a PEM file", "base64 -d "),
        (pem.replace('\n', "\\n").into_bytes(), "write it with real line ends", "is a PEM file"),
        (base64.into_bytes(), "`-----BEGIN CERTIFICATE-----`", "is a PEM file"),
        (b"<!DOCTYPE html><html>Sign in</html>".to_vec(), "HTML page", "is a PEM file"),
        (Vec::new(), "it is empty", "is a PEM file"),
        (b"ca.example.com\n".to_vec(), "it holds no certificate", "is a PEM file"),
        (pem.replace("MI", "M*").into_bytes(), "certificate 1 is not base64", "is a PEM file"),
        (
            pem.replace(pem.lines().nth(2).unwrap(), "").into_bytes(),
            "certificate 1 cannot be used as an authority",
            "is a PEM file",
        ),
    ] {
        refused(2, "usage", || server.trusting(&file)).names("ca.pem").names(cause).hints_at(hint);
    }
}

#[test]
fn a_client_certificate_of_another_format_is_named_too() {
    let server = SecureServer::new();
    let certificate = server.authority.certify("client.example.com");
    let trusted = certificate.pem.replace("CERTIFICATE", "TRUSTED CERTIFICATE");
    refused(2, "usage", || {
        let url = server.front.url(TOKEN_PATH);
        let cli = server.account.cli(["token", "--token-url", &url, "--auth-method", "tls_client_auth"]);
        let cli = cli.file("client.pem", &trusted).file("client.key", &certificate.key);
        cli.path_arg("--client-cert", "client.pem").path_arg("--client-key", "client.key")
    })
    .names("`TRUSTED CERTIFICATE`")
    .hints_at("openssl x509 -in ");
}
