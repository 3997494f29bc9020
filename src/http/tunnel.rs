//! What it means when a proxy does not connect us: which proxy, who named it, what it answered, what to try. reqwest
//! keeps the status of a refusal to itself, so the proxy is asked once more for it.

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
/// The longest status line, in bytes.
const LINE: usize = 256;

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
    let status = match failed {
        TunnelError::Unauthorized => Some(407),
        TunnelError::Refused => tokio::time::timeout(LIMIT, status(target, proxy)).await.ok().flatten(),
        TunnelError::Unreached => None,
    };
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

/// The status with which the proxy refuses the target; nothing where it cannot be told.
async fn status(target: &Url, proxy: &ProxyInUse) -> Option<u16> {
    // A proxy that is reached over TLS is not worth a second TLS client.
    if proxy.url.scheme() != "http" {
        return None;
    }
    let host = proxy.url.host_str()?.trim_matches(['[', ']']);
    let mut stream = TcpStream::connect((host, proxy.url.port_or_known_default()?)).await.ok()?;
    let authority = authority(target);
    let credentials = credentials(&proxy.url).map(|basic| format!("Proxy-Authorization: Basic {basic}\r\n"));
    let credentials = credentials.unwrap_or_default();
    let ask = format!("CONNECT {authority} HTTP/1.1\r\nHost: {authority}\r\n{credentials}\r\n");
    stream.write_all(ask.as_bytes()).await.ok()?;
    let mut line = Vec::new();
    while line.len() < LINE && !line.contains(&b'\n') {
        if stream.read_buf(&mut line).await.ok()? == 0 {
            break;
        }
    }
    let line = String::from_utf8_lossy(&line);
    let refusal = line.strip_prefix("HTTP/1.")?.split(' ').nth(1)?.trim().parse().ok();
    refusal.filter(|status| (300..600).contains(status))
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
    fn credentials_are_decoded() {
        let of = |url: &str| credentials(&Url::parse(url).unwrap());
        assert_eq!(of("http://h:1"), None);
        assert_eq!(of("http://u:p%40+@h:1").as_deref(), Some("dTpwQCs="));
    }
}
