//! What is known of a call without an answer. A write may have been done although nobody said so: that is told in plain
//! words, and never met with advice to send it again.

use crate::http::message::Request;
use crate::platform::error::{Error, ErrorKind};

/// The code of a write whose answer never came.
pub const UNKNOWN: &str = "outcome_unknown";

/// The error of a call that failed on the network, with the ids by which its operator finds it.
pub fn of(error: Error, request: &Request, correlation: &str) -> Error {
    // What was not sent cannot have been done.
    let unanswered = matches!(error.own_code(), Some("no_answer" | "deadline"));
    let error = if unanswered && !request.method.is_safe() { unknown(&error, request) } else { error };
    let error = error.request_id(Some(correlation.to_owned())).correlation_id(correlation);
    match &request.idempotency_key {
        Some(key) => error.with_idempotency_key(key),
        None => error,
    }
}

fn unknown(error: &Error, request: &Request) -> Error {
    let told = Error::new(ErrorKind::Unreachable, "the request was sent and no answer came: it may have been done")
        .code(UNKNOWN)
        .url(request.display_url.clone())
        .with_causes_of(error);
    match &request.idempotency_key {
        Some(key) => told.hint(format!(
            "to go on, send it again with the same key: `--idempotent={key}`; the API then does it once at most, if it documents the key for this call"
        )),
        None => told
            .hint("before sending it again, ask the API whether it was done, or its operator, by the correlation id")
            .hint("where an API documents an idempotency key, `--idempotent` makes a repetition safe"),
    }
}
