//! Requests and answers as values, and how they may be display_url. Sending them is for `http`; what they mean is for
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
    /// The URL as it may be display_url: no personal data, no secret.
    pub display_url: String,
    /// All headers but User-Agent, which is always the same.
    pub headers: HeaderMap,
    /// The body, if any.
    pub body: Option<Vec<u8>>,
    /// The largest answer accepted, in bytes.
    pub limit: usize,
    /// Whether it may be sent again.
    pub retry: RetryPolicy,
}

impl Request {
    /// A GET for JSON.
    pub fn get(url: Url, display_url: String, limit: usize) -> Self {
        let headers = HeaderMap::from_iter([(reqwest::header::ACCEPT, HeaderValue::from_static("application/json"))]);
        Self { method: Method::GET, url, display_url, headers, body: None, limit, retry: RetryPolicy::Idempotent }
    }

    /// Method and URL, as messages name the request.
    pub fn description(&self) -> String {
        format!("{} {}", self.method, self.display_url)
    }

    /// Sets a header whose value must not be display_url.
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
/// Usage: `what` names the value, which is not display_url.
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
    /// What was asked, as display_url.
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
        let start: Vec<u8> = self
            .body
            .iter()
            .skip_while(|b| b.is_ascii_whitespace() || !b.is_ascii())
            .take(9)
            .map(u8::to_ascii_lowercase)
            .collect();
        start.starts_with(b"<!doctype")
            || start.starts_with(b"<html")
            || start.starts_with(b"<head")
            || start.starts_with(b"<?xml")
            || (start.starts_with(b"<") && self.header("content-type").is_some_and(|t| t.starts_with("text/html")))
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

/// What Retry-After asks for, from now.
pub fn retry_after(reply: &Response, now: SystemTime) -> Option<Duration> {
    retry::retry_after(reply.header(RETRY_AFTER.as_str())?, reply.header(DATE.as_str()), now)
}
