//! What the fuzz targets share: a host without environment, a response, and the checks of every error that is shown. A target
//! asserts; a panic is a finding. What each parser must guarantee is in `targets/`.

use std::collections::BTreeMap;
use std::time::UNIX_EPOCH;

use m2m::Error;
use m2m::Host;
use m2m::internals;
use m2m::internals::http::message::Response;
use m2m::internals::platform::text;
use m2m::internals::report;

/// A host with an empty environment and input, which discards its output.
pub fn quiet_host() -> Host {
    let sink = || Box::new(std::io::sink());
    Host::new(Vec::new(), BTreeMap::new(), Box::new(|| UNIX_EPOCH), Box::new(std::io::empty()), sink(), sink())
}

/// A response with this status and body.
pub fn reply(status: u16, body: &[u8]) -> Response {
    Response {
        status,
        headers: reqwest::header::HeaderMap::new(),
        body: body.to_vec(),
        sent_at: UNIX_EPOCH,
        url: "https://as.example.com/token".to_owned(),
        retry_after_exceeds_deadline: false,
    }
}

/// Asserts that an error can be shown: one line of JSON, and text without control characters.
pub fn assert_showable(host: &Host, error: &Error) {
    let line = report::json(host, error);
    assert!(!line.contains('\n'), "more than one line: {line}");
    assert!(serde_json::from_str::<serde_json::Value>(&line).is_ok(), "not JSON: {line}");
    for cause in error.causes() {
        let words = internals::redactor(host).render(cause);
        let quote = words.strip_prefix(&cause.text).unwrap_or_default();
        assert!(quote.chars().count() <= text::QUOTE_LIMIT + 8, "a quote of {} characters", quote.chars().count());
        assert_eq!(text::sanitize(quote), quote, "a quote with control characters");
    }
    for own in error.hints().iter().map(String::as_str).chain([error.message()]) {
        assert!(own.chars().count() <= 4096, "text of the server in a message of our own: {own}");
    }
}
