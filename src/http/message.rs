//! Requests and answers as values, and how they may be shown. Sending them is for `http`; what they mean is for
//! the layers above.

use std::ops::ControlFlow;
use std::time::{Duration, SystemTime};

use reqwest::Method;
use reqwest::header::{DATE, HeaderMap, HeaderName, HeaderValue, RETRY_AFTER};

use crate::http::retry;
use crate::http::retry::RetryPolicy;
use crate::platform::error::{Error, HttpContext, Result};
use crate::platform::url::Url;

/// One request, ready to be sent as often as needed.
pub struct Request {
    /// The method.
    pub method: Method,
    /// Where it goes.
    pub url: Url,
    /// The URL as it may be shown: no personal data, no secret.
    pub display_url: String,
    /// All headers but User-Agent, which is always the same.
    pub headers: HeaderMap,
    /// The body, if any.
    pub body: Option<Vec<u8>>,
    /// The largest answer accepted, in bytes.
    pub limit: usize,
    /// Whether it may be sent again.
    pub retry: RetryPolicy,
    /// The key by which the server recognizes a repetition, if the request carries one.
    pub idempotency_key: Option<String>,
}

impl Request {
    /// A GET for JSON.
    pub fn get(url: Url, display_url: String, limit: usize) -> Self {
        let headers = HeaderMap::from_iter([(reqwest::header::ACCEPT, HeaderValue::from_static("application/json"))]);
        Self {
            method: Method::GET,
            url,
            display_url,
            headers,
            body: None,
            limit,
            retry: RetryPolicy::Idempotent,
            idempotency_key: None,
        }
    }

    /// Method and URL, as messages name the request.
    pub fn description(&self) -> String {
        format!("{} {}", self.method, self.display_url)
    }

    /// Sets a header whose value must not be shown.
    ///
    /// # Errors
    /// Usage: the value holds something else than visible ASCII; `what` names it.
    pub fn secret_header(&mut self, name: HeaderName, value: &str, what: &str) -> Result<()> {
        let mut value = visible_ascii(value, what)?;
        value.set_sensitive(true);
        self.headers.insert(name, value);
        Ok(())
    }
}

/// A header value of visible ASCII and inner spaces: stricter than HTTP, which lets bytes through that servers trip
/// over.
///
/// # Errors
/// Usage: `what` names the value, which is not shown.
pub fn visible_ascii(value: &str, what: &str) -> Result<HeaderValue> {
    let fits = value.bytes().all(|b| b.is_ascii_graphic() || b == b' ') && value.trim() == value;
    fits.then(|| HeaderValue::from_str(value).ok())
        .flatten()
        .ok_or_else(|| Error::usage(format!("{what} cannot be sent as a header: only visible ASCII characters can")))
}

/// A whole answer.
pub struct Response {
    /// The HTTP status.
    pub status: u16,
    /// The headers.
    pub headers: HeaderMap,
    /// The body, within the request's limit.
    pub body: Vec<u8>,
    /// The clock just before the request was sent: lifetimes count from here.
    pub sent_at: SystemTime,
    /// What was asked, as it may be shown.
    pub url: String,
    /// Whether the server asks to wait for longer than there is time.
    pub retry_after_exceeds_deadline: bool,
}

impl Response {
    /// Whether the status is 2xx.
    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// A header's value, if it is there and readable.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|v| v.to_str().ok())
    }

    /// A header that is a list, which may stand on several lines and hold what is not ASCII.
    pub fn list(&self, name: &str) -> String {
        let values = self.headers.get_all(name).iter().map(|value| String::from_utf8_lossy(value.as_bytes()));
        values.collect::<Vec<_>>().join(", ")
    }

    /// The facts to put in an error about this answer.
    pub fn http_context(&self) -> HttpContext {
        let ids = [
            "x-correlation-id",
            "x-request-id",
            "request-id",
            "x-ms-request-id",
            "x-amzn-requestid",
            "x-amz-cf-id",
            "x-auth0-requestid",
        ];
        HttpContext {
            http_status: Some(self.status),
            url: Some(self.url.clone()),
            request_id: ids.iter().find_map(|name| self.header(name)).map(str::to_owned),
            ..HttpContext::default()
        }
    }

    /// Whether an HTML page came: an intermediary or a login page answered, not the API.
    pub fn is_html(&self) -> bool {
        let start = self.markup_start();
        ["<!doctype html", "<html", "<head", "<body"].iter().any(|tag| start.starts_with(tag))
            || (start.starts_with('<') && self.media_type() == "text/html")
    }

    /// Whether XML came that is no page: gateways and older servers write their errors so.
    pub fn is_xml(&self) -> bool {
        self.markup_start().starts_with('<') && !self.is_html()
    }

    /// The media type of the body, in lower case and without parameters; empty if there is none.
    pub fn media_type(&self) -> String {
        let value = self.header("content-type").unwrap_or_default();
        value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
    }

    /// The beginning of the body in lower case, without an XML declaration and comments before the first element.
    fn markup_start(&self) -> String {
        let text = String::from_utf8_lossy(&self.body[..self.body.len().min(2048)]).to_ascii_lowercase();
        let mut rest = text.trim_start_matches(|c: char| c.is_ascii_whitespace() || !c.is_ascii());
        for (begin, end) in [("<?xml", "?>"), ("<!--", "-->")] {
            if let Some((_, after)) = rest.strip_prefix(begin).and_then(|inside| inside.split_once(end)) {
                rest = after.trim_start();
            }
        }
        rest.to_owned()
    }
}

/// A part of an answer on its way out.
pub enum ResponseEvent<'a> {
    /// Status and headers, before anything else.
    Head(&'a Response),
    /// A piece of the body.
    Chunk(&'a [u8]),
}

/// Takes an answer part by part, until it has enough.
pub type BodySink<'p> = dyn FnMut(ResponseEvent<'_>) -> ControlFlow<()> + 'p;

/// Headers that say when a quota is filled again, where servers leave Retry-After out (Okta among them).
const RESETS: [&str; 3] = ["x-rate-limit-reset", "x-ratelimit-reset", "ratelimit-reset"];

/// How long the server asks to wait, from now: Retry-After, else, with a 429, when the quota is filled again.
pub fn retry_after(reply: &Response, now: SystemTime) -> Option<Duration> {
    let date = reply.header(DATE.as_str());
    let resets = RESETS.iter().filter_map(|name| reply.header(name)).take_while(|_| reply.status == 429);
    let mut values = reply.header(RETRY_AFTER.as_str()).into_iter().chain(resets);
    values.find_map(|value| retry::retry_after(value, date, now))
}
