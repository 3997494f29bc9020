//! What `-v` tells of an exchange, and `-vv` of its headers. Owns which headers are never shown.

use std::time::Duration;

use reqwest::header::HeaderMap;

use crate::http::message::{Request, Response};
use crate::http::retry::AttemptOutcome;
use crate::platform::error::Error;
use crate::platform::host::Host;
use crate::platform::redaction::redactor::HIDDEN;
use crate::platform::ui::Verbosity;

/// One attempt and what came of it; `streamed` bytes of the body went out instead of being kept.
pub(super) fn outcome(
    request: &Request,
    outcome: &std::result::Result<Response, (AttemptOutcome, Error)>,
    streamed: usize,
    took: Duration,
) -> String {
    let ended = match outcome {
        Ok(reply) => format!("answered {}, {} bytes", reply.status, reply.body.len() + streamed),
        Err((_, error)) => error.message().to_owned(),
    };
    format!("{}: {ended}, after {} ms", request.description(), took.as_millis())
}

/// Tells what is about to be sent under `-vv`.
pub(super) fn request(host: &Host, request: &Request) {
    if host.ui.verbosity() >= Verbosity::Headers {
        host.ui.verbose(|| format!("> {}", request.description()));
        headers(host, ">", &request.headers);
    }
}

/// Tells the headers of an exchange under `-vv`.
pub(super) fn headers(host: &Host, direction: &str, headers: &HeaderMap) {
    if host.ui.verbosity() < Verbosity::Headers {
        return;
    }
    for (name, value) in headers {
        let shown = if value.is_sensitive() || HIDDEN_HEADERS.contains(&name.as_str()) {
            HIDDEN.to_owned()
        } else {
            host.ui.redactor.quote(&String::from_utf8_lossy(value.as_bytes()))
        };
        host.ui.verbose(|| format!("{direction} {name}: {shown}"));
    }
}

/// Never shown, in requests or responses.
pub const HIDDEN_HEADERS: [&str; 7] =
    ["authorization", "cookie", "set-cookie", "proxy-authorization", "ocp-apim-subscription-key", "dpop", "location"];
