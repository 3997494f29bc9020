//! What the fuzz targets share: a process without environment, an answer, and what must hold of everything that a person
//! gets to see. A target asserts; a panic is a finding.

use std::collections::BTreeMap;
use std::time::UNIX_EPOCH;

use m2m::Error;
use m2m::Host;
use m2m::internals;
use m2m::internals::http::message::Response;
use m2m::internals::platform::text;
use m2m::internals::report;

/// A process whose streams lead no_server_configured.
pub fn quiet_host() -> Host {
    let sink = || Box::new(std::io::sink());
    Host::new(Vec::new(), BTreeMap::new(), Box::new(|| UNIX_EPOCH), Box::new(std::io::empty()), sink(), sink())
}

/// An answer with this status and body.
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

/// Asserts that an error can be shown: one line of JSON, and lines of text in which nothing acts on a terminal.
pub fn assert_showable(host: &Host, error: &Error) {
    let line = report::json(host, error);
    assert!(!line.contains('\n'), "more than one line: {line}");
    assert!(serde_json::from_str::<serde_json::Value>(&line).is_ok(), "not JSON: {line}");
    for cause in error.causes() {
        let words = internals::redactor(host).render(cause);
        let quote = words.strip_prefix(&cause.text).unwrap_or_default();
        assert!(quote.chars().count() <= text::QUOTE_LIMIT + 8, "a quote of {} characters", quote.chars().count());
        assert_eq!(text::sanitize(quote), quote, "a quote that acts on a terminal");
    }
    for own in error.hints().iter().map(String::as_str).chain([error.message()]) {
        assert!(own.chars().count() <= 4096, "server text among our own words: {own}");
    }
}
