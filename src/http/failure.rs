//! What it means when no answer came: from reqwest's error to a kind, a sentence and a hint. Looks for known types in the
//! chain of sources, and at the text only where hyper-util does not export the type: a failed tunnel, a failed lookup; and rustls none for a missing close_notify.

use std::error::Error as StdError;
use std::io;

use crate::http::retry::AttemptOutcome;
use crate::http::tls::failure as tls_failure;
use crate::http::tls::handshake_limit::HandshakeTimeout;
use crate::http::tls::trust::Trust;
use crate::http::tunnel::TunnelError;
use crate::platform::error::{Error, ErrorKind};
use crate::platform::url::Url;

/// Turns a failed exchange into how it ended (for repeating) and what to tell. `what` is method and URL as shown;
/// `trust` is who was trusted when the server of `url` was connected to.
pub fn classify(error: &reqwest::Error, what: &str, trust: Option<&Trust>, url: &Url) -> (AttemptOutcome, Error) {
    if let Some(tls) = find::<rustls::Error>(error) {
        return (
            AttemptOutcome::Final,
            tls_failure::explained(tls, what, trust, url.host_str().unwrap_or_default().trim_matches(['[', ']'])),
        );
    }
    if let Some(timeout) = find::<HandshakeTimeout>(error) {
        return tls_failure::unanswered(timeout, what, url);
    }
    let root = root_cause(error);
    let in_body = error.is_body() || error.is_decode();
    if !in_body && find::<h2::Error>(error).is_some_and(is_unprocessed) {
        return (AttemptOutcome::Unsent, no_answer(error, what, &root));
    }
    if let Some(hyper) = find::<hyper::Error>(error)
        && !error.is_connect()
    {
        if hyper.is_canceled() {
            return (AttemptOutcome::Unsent, no_answer(error, what, &root));
        }
        if hyper.is_parse() {
            let error = Error::new(ErrorKind::BadResponse, "the answer is not HTTP")
                .cause_quoted(what.to_owned(), root)
                .hint("something else listens at this address, or a proxy answered in its place");
            return (AttemptOutcome::Final, error);
        }
        if error.is_body() || error.is_decode() {
            return (AttemptOutcome::Broken, broken_off(what, &root));
        }
    }
    if error.is_body() || error.is_decode() {
        return (AttemptOutcome::Broken, broken_off(what, &root));
    }
    if error.is_connect() || error.is_request() || error.is_timeout() {
        return (AttemptOutcome::NoAnswer, no_answer(error, what, &root));
    }
    (
        AttemptOutcome::Final,
        Error::new(ErrorKind::Internal, "the request could not be sent").cause_quoted(what.to_owned(), root),
    )
}

/// The answer began and did not end.
pub fn broken_off(what: &str, why: &str) -> Error {
    Error::new(ErrorKind::BadResponse, "the answer broke off")
        .cause_quoted(what.to_owned(), why)
        .hint("the server, or something in between, closed the connection before the answer was complete")
        .transient()
}

fn no_answer(error: &reqwest::Error, what: &str, root: &str) -> Error {
    let os = find::<io::Error>(error).map(io::Error::kind);
    let (code, message, hint) = if error.is_timeout() {
        (
            "connect_timeout",
            "no connection within the time limit",
            "is the host reachable from here? a firewall often drops without an answer (`--connect-timeout` sets the limit)",
        )
    } else if os == Some(io::ErrorKind::ConnectionRefused) {
        ("connection_refused", "the connection was refused", "nothing listens at this address: check host and port")
    } else if error.is_connect() && is_lookup(error) {
        (
            "name_not_resolved",
            "the host name could not be resolved",
            "check the name for typing errors, and that this machine's DNS knows it",
        )
    } else if error.is_connect() {
        (
            "connect_failed",
            "no connection could be made",
            "check host and port, and whether this machine needs a proxy (`HTTPS_PROXY`)",
        )
    } else {
        (
            "no_answer",
            "the connection broke before an answer came",
            "the server or something in between closed the connection",
        )
    };
    Error::new(ErrorKind::Unreachable, message).cause_quoted(what.to_owned(), root).hint(hint).code(code).transient()
}

/// How a tunnel through a proxy did not come about, if that is what failed. hyper-util does not export the type, so
/// this matches on its text.
pub fn tunnel(error: &reqwest::Error) -> Option<TunnelError> {
    let words = chain(error).map(ToString::to_string).find(|words| words.starts_with("tunnel error"))?;
    Some(match words.rsplit(": ").next() {
        Some("unsuccessful") => TunnelError::Refused,
        Some("proxy authorization required") => TunnelError::Unauthorized,
        _ => TunnelError::Unreached,
    })
}

fn is_lookup(error: &reqwest::Error) -> bool {
    chain(error).any(|e| e.to_string().starts_with("dns error"))
}

/// The innermost error's words.
pub fn root_cause(error: &reqwest::Error) -> String {
    if is_without_close_notify(error) {
        return "the connection was closed without TLS close_notify".to_owned();
    }
    chain(error).last().map(ToString::to_string).unwrap_or_default()
}

/// Whether a connection over TLS ended as if it had been cut. rustls has no type for it.
pub fn is_without_close_notify(error: &reqwest::Error) -> bool {
    chain(error).any(|e| e.to_string().starts_with("peer closed connection without sending TLS close_notify"))
}

/// Whether the server takes HTTP/2 and refuses this request over it (RFC 9113 section 7).
pub fn requires_http1(error: &reqwest::Error) -> bool {
    find::<h2::Error>(error).is_some_and(|e| e.is_remote() && e.reason() == Some(h2::Reason::HTTP_1_1_REQUIRED))
}

/// Whether the server says that it has not processed the request (RFC 9113 section 8.7): it refused the stream, or closed
/// the connection in good order before it.
fn is_unprocessed(error: &h2::Error) -> bool {
    let reason = error.reason();
    error.is_remote()
        && (error.is_reset() && reason == Some(h2::Reason::REFUSED_STREAM)
            || error.is_go_away() && reason == Some(h2::Reason::NO_ERROR))
}

/// The first error of this type in the chain. An `io::Error` hides what it wraps, so that is opened.
fn find<T: StdError + 'static>(error: &reqwest::Error) -> Option<&T> {
    chain(error).find_map(|e| e.downcast_ref::<T>())
}

fn chain(error: &reqwest::Error) -> impl Iterator<Item = &(dyn StdError + 'static)> {
    let first: &(dyn StdError + 'static) = error;
    std::iter::successors(Some(first), |e| next(*e))
}

/// What an error wraps.
fn next<'e>(error: &'e (dyn StdError + 'static)) -> Option<&'e (dyn StdError + 'static)> {
    match error.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
        Some(inner) => Some(inner),
        None => error.source(),
    }
}
