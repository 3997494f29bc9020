//! What it means when a proxy does not connect us: which proxy, who named it, what it answered, what to try. reqwest
//! keeps status and headers of a refusal to itself, so the proxy is asked once more for them.

use std::time::Duration;

use base64::Engine as _;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::http::proxy::ProxyInUse;
use crate::http::retry::AttemptOutcome;
use crate::platform::error::{Error, ErrorKind};
use crate::platform::url::Url;

/// How long the proxy may take to say its status again.
const LIMIT: Duration = Duration::from_secs(2);
/// The most that is read of the head of an answer, in bytes.
const HEAD: usize = 4096;

/// How a tunnel did not come about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TunnelError {
    /// The proxy wants credentials, or others.
    Unauthorized,
    /// The proxy answered something else than 200.
    Refused,
    /// The proxy was not reached, or broke off.
    Unreached,
}

/// Turns a tunnel that failed into how the exchange ended and what to tell. `root` is the innermost error's words.
pub async fn into_error(
    failed: TunnelError,
    root: &str,
    what: &str,
    target: &Url,
    proxy: &ProxyInUse,
) -> (AttemptOutcome, Error) {
    let refusal = match failed {
        TunnelError::Unreached => None,
        // A wrong password may lock an account, so it is not sent again.
        TunnelError::Unauthorized => tokio::time::timeout(LIMIT, refusal(target, proxy, None)).await.ok().flatten(),
        TunnelError::Refused => {
            let credentials = credentials(&proxy.url);
            tokio::time::timeout(LIMIT, refusal(target, proxy, credentials)).await.ok().flatten()
        }
    };
    let status = match failed {
        TunnelError::Unauthorized => Some(407),
        _ => refusal.as_ref().map(|refusal| refusal.status),
    };
    let schemes = refusal.map(|refusal| refusal.schemes).unwrap_or_default();
    let basic_is_useless = !schemes.is_empty() && !schemes.iter().any(|scheme| scheme.eq_ignore_ascii_case("basic"));
    let message = match (failed, status) {
        (TunnelError::Unreached, _) => "the proxy could not be reached".to_owned(),
        (_, Some(status)) => format!("the proxy refused to connect us ({status})"),
        (_, None) => "the proxy refused to connect us".to_owned(),
    };
    let error = Error::new(ErrorKind::Unreachable, message).cause(format!("the proxy is {}", proxy.description));
    let error = match status {
        Some(status) => error.cause(format!("{what}: CONNECT {} answered {status}", authority(target))),
        None => error.cause_quoted(what.to_owned(), root),
    };
    let elsewhere = "or add the host to `NO_PROXY`, if it can be reached without a proxy";
    match status {
        Some(407) if basic_is_useless => {
            let hint = "m2m can only send a user name and a password (Basic): ask for a proxy that takes them, or run a local one that speaks this scheme, such as cntlm or px";
            (AttemptOutcome::Final, error.cause_quoted("it wants the scheme", schemes.join(", ")).hint(hint).hint(elsewhere))
        }
        Some(407) if proxy.has_credentials() => {
            (AttemptOutcome::Final, error.hint("check user name and password in the proxy's URL; what is not a letter or digit is written as %XX there"))
        }
        Some(407) => (AttemptOutcome::Final, error.hint("the proxy wants a user name and a password: put them into its URL, `http://USER:PASSWORD@HOST:PORT`, in `M2M_PROXY`, `HTTPS_PROXY` or `proxy` in a profile")),
        Some(401 | 403) => {
            (AttemptOutcome::Final, error.hint("the proxy does not let this host through: ask whoever runs it").hint(elsewhere))
        }
        Some(500..) => {
            let hint = format!(
                "the proxy was reached and could not connect to {}: check that host, or ask whoever runs the proxy",
                authority(target)
            );
            (AttemptOutcome::NoAnswer, error.hint(hint).hint(elsewhere).transient())
        }
        _ => (AttemptOutcome::NoAnswer, error.hint("check the proxy's address").hint(elsewhere).transient()),
    }
}

/// Adds which proxy was in between to a connection that could not be made: the fault may be there.
pub fn through(error: Error, proxy: &ProxyInUse) -> Error {
    let error = match proxy.url.scheme() {
        "socks5" => error.hint("with `socks5h://` in place of `socks5://` the proxy resolves the host's name"),
        "socks4" => error.hint("with `socks4a://` in place of `socks4://` the proxy resolves the host's name"),
        _ => error,
    };
    error
        .cause(format!("it goes through the proxy {}", proxy.description))
        .hint("check the proxy, or add the host to `NO_PROXY`, if it can be reached without one")
}

/// How a proxy refuses.
struct Refusal {
    status: u16,
    /// The schemes of Proxy-Authenticate (RFC 9110 section 11.7.1).
    schemes: Vec<String>,
}

/// How the proxy refuses the target; nothing where it cannot be told.
async fn refusal(target: &Url, proxy: &ProxyInUse, credentials: Option<String>) -> Option<Refusal> {
    // A proxy that is reached over TLS is not worth a second TLS client.
    if proxy.url.scheme() != "http" {
        return None;
    }
    let host = proxy.url.host_str()?.trim_matches(['[', ']']);
    let mut stream = TcpStream::connect((host, proxy.url.port_or_known_default()?)).await.ok()?;
    let authority = authority(target);
    let credentials = credentials.map(|basic| format!("Proxy-Authorization: Basic {basic}\r\n"));
    let credentials = credentials.unwrap_or_default();
    let ask = format!("CONNECT {authority} HTTP/1.1\r\nHost: {authority}\r\n{credentials}\r\n");
    stream.write_all(ask.as_bytes()).await.ok()?;
    let mut head = Vec::new();
    while head.len() < HEAD && !head.windows(4).any(|end| end == b"\r\n\r\n") {
        if stream.read_buf(&mut head).await.ok()? == 0 {
            break;
        }
    }
    read_refusal(&String::from_utf8_lossy(&head))
}

fn read_refusal(head: &str) -> Option<Refusal> {
    let mut lines = head.lines();
    let status = lines.next()?.strip_prefix("HTTP/1.")?.split(' ').nth(1)?.trim().parse().ok()?;
    let challenges = lines
        .filter_map(|line| line.split_once(':'))
        .filter(|(name, _)| name.trim().eq_ignore_ascii_case("proxy-authenticate"));
    let schemes =
        challenges.filter_map(|(_, value)| value.split_ascii_whitespace().next()).map(str::to_owned).collect();
    (300..600).contains(&status).then_some(Refusal { status, schemes })
}

/// Host and port, as a proxy is asked for them.
fn authority(target: &Url) -> String {
    format!("{}:{}", target.host_str().unwrap_or_default(), target.port_or_known_default().unwrap_or_default())
}

fn credentials(proxy: &Url) -> Option<String> {
    let decoded = |text: &str| {
        let pair = format!("={}", text.replace('+', "%2B"));
        ::url::form_urlencoded::parse(pair.as_bytes()).next().map(|(_, value)| value.into_owned()).unwrap_or_default()
    };
    let (name, password) = (proxy.username(), proxy.password().unwrap_or_default());
    let given = !name.is_empty() || !password.is_empty();
    given.then(|| base64::engine::general_purpose::STANDARD.encode(format!("{}:{}", decoded(name), decoded(password))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_names_its_schemes() {
        let read = |head: &str| read_refusal(head).map(|refusal| (refusal.status, refusal.schemes));
        let ntlm = "HTTP/1.1 407 No\r\nProxy-Authenticate: NTLM\r\nproxy-authenticate: Negotiate abc\r\n\r\n";
        assert_eq!(read(ntlm), Some((407, vec!["NTLM".to_owned(), "Negotiate".to_owned()])));
        assert_eq!(read("HTTP/1.0 403 Forbidden\r\n"), Some((403, Vec::new())));
        assert_eq!(read("HTTP/1.1 200 OK\r\n\r\n"), None);
        assert_eq!(read("220 smtp"), None);
    }

    #[test]
    fn credentials_are_decoded() {
        let of = |url: &str| credentials(&Url::parse(url).unwrap());
        assert_eq!(of("http://h:1"), None);
        assert_eq!(of("http://u:p%40+@h:1").as_deref(), Some("dTpwQCs="));
    }
}
