//! Proxies: used for remote hosts, never for loopback; their passwords are secrets.

use crate::support::failure::refused;
use crate::support::lookup::Lookup;
use crate::support::random::alphanumeric;
use crate::support::{Account, Cli, Reply, Server};

const VARIABLES: [&str; 8] =
    ["HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy", "NO_PROXY", "no_proxy"];

#[test]
fn loopback_is_never_asked_through_a_proxy() {
    let lookup = Lookup::fresh();
    let server = lookup.answering(Reply::json(200, &serde_json::json!([lookup.participant()])));
    let proxy = Server::untouched();
    let with_proxies = |cli: Cli| VARIABLES[..6].iter().fold(cli, |cli, name| cli.env(name, proxy.url("")));
    let _ = with_proxies(lookup.by_login(&server)).run().succeeds();
    let _ = lookup.by_login(&server).args(["--proxy", &proxy.url("")]).run().succeeds();
    let issuer = format!("http://localhost:{}", server.port());
    let _ =
        with_proxies(Cli::new(["discover", "--issuer", &issuer])).args(["--proxy", &proxy.url("")]).run().succeeds();
    assert_eq!(proxy.connections(), 0);
}

#[test]
fn loopback_over_tls_is_not_asked_through_a_proxy_either() {
    let account = Account::fresh();
    let proxy = Server::untouched();
    for host in ["127.0.0.1", "localhost", "LOCALHOST", "127.0.0.2", "[::1]"] {
        // What answers, if anything, does not speak TLS.
        let server = Server::greeting(b"no TLS here\r\n");
        let url = format!("https://{host}:{}/t", server.port());
        let cli = account.cli(["token", "--token-url", &url, "--retries", "0", "--timeout", "10s"]);
        let cli = VARIABLES[..6].iter().fold(cli, |cli, name| cli.env(name, proxy.url("")));
        let _ = cli.args(["--proxy", &proxy.url("")]).run().fails(5);
        assert_eq!(proxy.connections(), 0, "{host}");
    }
}

/// Asserts that `cli` reaches for `auth.m2m.invalid` through a proxy that refuses, and fails with exit 5.
#[track_caller]
fn refused_by_the_proxy(status: u16, cli: impl Fn(&Server) -> Cli) {
    refused(5, "unreachable", || {
        let proxy = Server::start(move |request| {
            assert_eq!(request.line(), "CONNECT auth.m2m.invalid:443");
            Reply::new(status)
        });
        cli(&proxy).args(["--retries", "0"]).keep(proxy)
    });
}

#[test]
fn a_proxy_that_refuses_to_connect_is_exit_5() {
    let account = Account::fresh();
    let token = || account.cli(["token", "--token-url", "https://auth.m2m.invalid/t"]);
    for status in [403, 407, 502, 503] {
        refused_by_the_proxy(status, |proxy| token().env("HTTPS_PROXY", proxy.url("")));
    }
    refused_by_the_proxy(403, |proxy| token().env("https_proxy", proxy.url("")));
    refused_by_the_proxy(403, |proxy| token().args(["--proxy", &proxy.url("")]));
}

#[test]
fn the_proxy_is_asked_for_the_name_and_learns_no_secret() {
    let account = Account::with_special("+ %");
    let proxy = Server::always(Reply::new(403));
    let cli = account.cli(["token", "--token-url", "https://auth.m2m.invalid/t", "--retries", "0"]);
    let _ = cli.env("HTTPS_PROXY", proxy.url("")).run().fails(5);
    // Once more, since the HTTP client keeps the status to itself.
    assert_eq!(proxy.lines(), ["CONNECT auth.m2m.invalid:443"; 2]);
    for request in proxy.requests() {
        assert_eq!(request.header("authorization"), None);
        assert!(request.body.is_empty());
    }
}

#[test]
fn the_password_of_a_proxy_is_sent_to_it_and_shown_nowhere() {
    let account = Account::fresh();
    let password = alphanumeric(24);
    for verbosity in [vec![], vec!["-v"], vec!["-vv"], vec!["-vv", "--error-format", "json"]] {
        let proxy = Server::always(Reply::new(403));
        let url = format!("http://proxy-user:{password}@127.0.0.1:{}", proxy.port());
        let cli = account.cli(["token", "--token-url", "https://auth.m2m.invalid/t", "--retries", "0"]);
        let outcome = cli.env("HTTPS_PROXY", &url).secret("the proxy's password", &password).args(verbosity).run();
        assert_eq!((outcome.code, outcome.stdout.as_str()), (5, ""), "{}", outcome.stderr);
        let expected = crate::support::encodings::basic("proxy-user", &password);
        let requests = proxy.requests();
        assert!(requests.iter().all(|request| request.header("proxy-authorization") == Some(expected.as_str())));
        assert_eq!(requests.len(), 2, "{:?}", proxy.lines());
    }
}

#[test]
fn no_proxy_takes_hosts_out() {
    let account = Account::fresh();
    let proxy = Server::untouched();
    for hosts in ["auth.m2m.invalid", "m2m.invalid", "*", "example.com,auth.m2m.invalid"] {
        let cli =
            account.cli(["token", "--token-url", "https://auth.m2m.invalid/t", "--retries", "0", "--timeout", "10s"]);
        let _ = cli.env("HTTPS_PROXY", proxy.url("")).env("NO_PROXY", hosts).run().fails(5);
    }
    assert_eq!(proxy.connections(), 0);
}

#[test]
fn the_tenant_domain_gives_the_address_of_the_identity_server() {
    let account = Account::fresh();
    let proxy = Server::always(Reply::new(403));
    let args = ["token", "--provider", "cloudloyalty", "--tenant-domain", "tenant.m2m.invalid", "--retries", "0"];
    let _ = account.cli(args).env("HTTPS_PROXY", proxy.url("")).run().fails(5);
    assert_eq!(proxy.lines()[0], "CONNECT auth.tenant.m2m.invalid:443");
}

#[test]
fn a_refusal_names_the_proxy_its_status_and_who_set_it() {
    let account = Account::fresh();
    let token = || account.cli(["token", "--token-url", "https://auth.m2m.invalid/t", "--retries", "0"]);
    for status in [401, 403, 407, 502] {
        let proxy = Server::always(Reply::new(status));
        let address = format!("http://127.0.0.1:{}", proxy.port());
        let refusal = refused(5, "unreachable", || token().env("HTTPS_PROXY", proxy.url("")));
        refusal.names(&format!("({status})")).names(&address).names("env `HTTPS_PROXY`");
        refusal.names(&format!("CONNECT auth.m2m.invalid:443 answered {status}"));
        let refusal = refused(5, "unreachable", || token().args(["--proxy", &proxy.url("")]));
        refusal.names(&format!("({status})")).names(&address).names("flag `--proxy`");
        let config = format!("[profiles.p]\nproxy = \"{address}\"\n");
        let by_profile = || token().args(["--profile", "p"]).file("config/m2m/config.toml", &config);
        refused(5, "unreachable", by_profile).names(&address).names("profile `p`");
    }
}

#[test]
fn a_proxy_that_wants_a_password_is_not_asked_again_and_the_hint_says_where_it_goes() {
    let account = Account::fresh();
    let token = || account.cli(["token", "--token-url", "https://auth.m2m.invalid/t"]);
    let proxy = Server::always(Reply::new(407));
    let stderr = token().env("HTTPS_PROXY", proxy.url("")).run().fails(5);
    assert!(stderr.contains("http://USER:PASSWORD@HOST:PORT"), "{stderr}");
    let password = alphanumeric(24);
    let url = format!("http://someone:{password}@127.0.0.1:{}", proxy.port());
    let stderr = token().env("M2M_PROXY", url).secret("the proxy's password", &password).run().fails(5);
    assert!(stderr.contains("check user name and password"), "{stderr}");
    let with_password = proxy.requests().iter().filter(|r| r.header("proxy-authorization").is_some()).count();
    assert_eq!(with_password, 1, "a wrong password may lock an account");
}

#[test]
fn what_a_proxy_forbids_is_not_tried_again_and_what_may_pass_is() {
    let account = Account::fresh();
    for (status, asked) in [(401, 2), (403, 2), (503, 4)] {
        let proxy = Server::always(Reply::new(status));
        let cli = account.cli(["token", "--token-url", "https://auth.m2m.invalid/t", "--retries", "1"]);
        let _ = cli.env("HTTPS_PROXY", proxy.url("")).run().fails(5);
        assert_eq!(proxy.requests().len(), asked, "{status}");
    }
}

#[test]
fn a_proxy_that_is_not_there_is_named() {
    let account = Account::fresh();
    let args = ["token", "--token-url", "https://auth.m2m.invalid/t", "--retries", "0", "--proxy", "127.0.0.1:1"];
    refused(5, "unreachable", || account.cli(args)).names("proxy could not be reached").names("http://127.0.0.1:1");
}

#[test]
fn a_password_on_the_command_line_is_refused_and_not_shown() {
    let account = Account::fresh();
    for url in ["http://user:PASS@127.0.0.1:1", "user:PASS@127.0.0.1:1", "http://user:PA#SS@h", "http://u:@PASS@h"] {
        let password = alphanumeric(24);
        let url = url.replace("PASS", &password).replace("PA#SS", &password);
        for command in ["token", "discover", "check"] {
            let refusal = refused(2, "usage", || {
                let cli = Cli::new([command, "--proxy", &url]).with_a_secret_in_argv();
                account.watched(cli).secret("the proxy's password", &password)
            });
            refusal.hints_at("M2M_PROXY").hints_at("HTTPS_PROXY").hints_at("profile");
        }
    }
    let proxy = Server::always(Reply::new(407));
    let url = format!("http://someone@127.0.0.1:{}", proxy.port());
    let cli = account.cli(["token", "--token-url", "https://auth.m2m.invalid/t", "--proxy", &url]);
    let _ = cli.run().fails(5);
    let with_user = proxy.requests().iter().filter(|r| r.header("proxy-authorization").is_some()).count();
    assert_eq!(with_user, 1);
}

#[test]
fn a_proxy_that_takes_no_password_is_told_from_one_that_refuses_it() {
    let account = Account::fresh();
    let token = || account.cli(["token", "--token-url", "https://auth.m2m.invalid/t"]);
    let proxy = Server::always(Reply::new(407).header("Proxy-Authenticate", "NTLM"));
    for url in [proxy.url(""), format!("http://someone:{}@127.0.0.1:{}", alphanumeric(24), proxy.port())] {
        let refusal = refused(5, "unreachable", || token().env("HTTPS_PROXY", &url));
        refusal.names("it wants the scheme: \"NTLM\"").hints_at("can only send a user name and a password");
    }
}

/// A SOCKS server that refuses every target, and what it was asked for.
fn refusing_socks_server() -> (u16, std::thread::JoinHandle<Vec<u8>>) {
    use std::io::{Read as _, Write as _};
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let asked = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut greeting = [0; 3];
        stream.read_exact(&mut greeting).unwrap();
        stream.write_all(&[5, 0]).unwrap();
        let mut asked = vec![0; 512];
        let length = stream.read(&mut asked).unwrap();
        asked.truncate(length);
        // Not allowed by the rules (RFC 1928 section 6).
        let _ = stream.write_all(&[5, 2, 0, 1, 0, 0, 0, 0, 0, 0]);
        asked
    });
    (port, asked)
}

#[test]
fn a_socks_proxy_is_asked_for_the_name_and_named_if_it_refuses() {
    let account = Account::fresh();
    let (port, asked) = refusing_socks_server();
    let args = ["token", "--token-url", "https://auth.m2m.invalid/t", "--retries", "0"];
    let stderr = account.cli(args).env("ALL_PROXY", format!("socks5h://127.0.0.1:{port}")).run().fails(5);
    assert!(stderr.contains(&format!("through the proxy socks5h://127.0.0.1:{port}")), "{stderr}");
    let asked = asked.join().unwrap();
    assert!(asked.windows(16).any(|bytes| bytes == b"auth.m2m.invalid"), "{asked:?}");
}

#[test]
fn an_empty_proxy_is_none_at_all() {
    let account = Account::fresh();
    let proxy = Server::untouched();
    let token = || {
        let args = ["token", "--token-url", "https://auth.m2m.invalid/t", "--retries", "0", "--timeout", "10s"];
        account.cli(args).env("HTTPS_PROXY", proxy.url(""))
    };
    let _ = token().args(["--proxy", ""]).run().fails(5);
    let _ = token().env("M2M_PROXY", "").run().fails(5);
    let _ =
        token().args(["--profile", "p"]).file("config/m2m/config.toml", "[profiles.p]\nproxy = \"\"\n").run().fails(5);
    assert_eq!(proxy.connections(), 0);
}

#[test]
fn no_part_of_a_broken_proxy_url_that_could_be_a_password_is_shown() {
    let account = Account::fresh();
    let password = alphanumeric(24);
    for url in [
        format!("http://u:#{password}@127.0.0.1:9"),
        format!("http://u:a/{password}@127.0.0.1:9"),
        format!("http://u:1/{password}@127.0.0.1:9"),
        format!("http://u:?{password}@127.0.0.1:9"),
        format!("http://u:{password}@127.0.0.1:99999"),
        format!("socks6://u:{password}@127.0.0.1:9"),
        format!("u:{password}/x@127.0.0.1:9"),
        format!("DOM\\u:{password}@h:x"),
    ] {
        for verbosity in ["-q", "-v", "-vv"] {
            let args = ["token", "--token-url", "https://auth.m2m.invalid/t", "--retries", "0", verbosity];
            let cli = account.cli(args).env("HTTPS_PROXY", &url).secret("the proxy's password", &password);
            let stderr = cli.run().fails(2);
            assert!(stderr.contains("the proxy from env `HTTPS_PROXY` is refused"), "{url}: {stderr}");
        }
    }
}

#[test]
fn a_windows_user_with_a_domain_is_sent_to_the_proxy() {
    let account = Account::fresh();
    let proxy = Server::always(Reply::new(403));
    let password = alphanumeric(24);
    let url = format!("http://DOM\\user:{password}@127.0.0.1:{}", proxy.port());
    let args = ["token", "--token-url", "https://auth.m2m.invalid/t", "--retries", "0"];
    let cli = account.cli(args).env("HTTPS_PROXY", url).secret("the proxy's password", &password);
    let stderr = cli.run().fails(5);
    assert!(stderr.contains(&format!("the proxy is http://127.0.0.1:{}/", proxy.port())), "{stderr}");
    assert!(!proxy.requests().is_empty());
}
