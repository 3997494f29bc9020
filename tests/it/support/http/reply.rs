//! What the scripted server answers: the bytes, their pace, and the end of the connection.

use std::time::Duration;

use serde_json::Value;

/// What happens to the connection after the bytes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum End {
    /// Closed with data still expected, or at once when there is nothing to send.
    Close,
    /// Left open and silent.
    Hang,
    /// Ready for the next request.
    KeepAlive,
    /// Reset (RST), as when a server crashes.
    Reset,
}

/// One scripted answer.
#[derive(Clone, Debug)]
pub struct Reply {
    status: u16,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
    chunked: bool,
    /// All that is sent, instead of the above.
    raw: Option<Vec<u8>>,
    /// Only so many bytes of the body are sent.
    cut: Option<usize>,
    pub(super) delay: Duration,
    /// The body is sent one byte at a time, with this pause before each.
    pub(super) drip: Option<Duration>,
    /// What follows all else, each part after its pause.
    pub(super) later: Vec<(Duration, Vec<u8>)>,
    pub(super) end: End,
}

impl Reply {
    /// An empty answer.
    pub fn new(status: u16) -> Self {
        Self {
            status,
            headers: Vec::new(),
            body: Vec::new(),
            chunked: false,
            raw: None,
            cut: None,
            delay: Duration::ZERO,
            drip: None,
            later: Vec::new(),
            end: End::KeepAlive,
        }
    }

    /// A JSON answer.
    pub fn json(status: u16, body: &Value) -> Self {
        Self::json_text(status, &body.to_string())
    }

    /// A JSON answer, byte for byte.
    pub fn json_text(status: u16, body: &str) -> Self {
        Self::new(status).header("Content-Type", "application/json").body(body)
    }

    /// A page, as intermediaries send it.
    pub fn html(status: u16, title: &str) -> Self {
        let page =
            format!("<!DOCTYPE html>\n<html><head><title>{title}</title></head><body><h1>{title}</h1></body></html>\n");
        Self::new(status).header("Content-Type", "text/html; charset=utf-8").body(page)
    }

    /// A redirect to `location`.
    pub fn redirect(status: u16, location: &str) -> Self {
        Self::new(status).header("Location", location)
    }

    /// Exactly these bytes, then the end of the connection.
    pub fn raw(bytes: impl Into<Vec<u8>>) -> Self {
        Self { raw: Some(bytes.into()), end: End::Close, ..Self::new(0) }
    }

    /// Exactly these bytes, each part after its pause, and then `end`.
    pub fn paced(parts: Vec<(Duration, Vec<u8>)>, end: End) -> Self {
        Self { later: parts, end, ..Self::raw("") }
    }

    /// No byte at all, the connection left open.
    pub fn silent() -> Self {
        Self { end: End::Hang, ..Self::raw("") }
    }

    /// No byte at all, the connection closed.
    pub fn closed() -> Self {
        Self::raw("")
    }

    /// No byte at all, the connection reset.
    pub fn reset() -> Self {
        Self { end: End::Reset, ..Self::raw("") }
    }

    /// Adds a header line.
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Sets the body.
    pub fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        self
    }

    /// Sends the body in one chunk and, when cut, without its end: the length is not known beforehand.
    pub fn chunked(mut self) -> Self {
        self.chunked = true;
        self
    }

    /// Waits before the first byte.
    pub fn after(mut self, delay: Duration) -> Self {
        self.delay = delay;
        self
    }

    /// Sends the head at once, then the body one byte at a time, with `pause` before each.
    pub fn dripping(mut self, pause: Duration) -> Self {
        self.drip = Some(pause);
        self
    }

    /// Announces the whole body, sends `len` bytes of it, and ends so.
    pub fn cut_after(mut self, len: usize, end: End) -> Self {
        self.cut = Some(len);
        self.end = end;
        self
    }

    /// The bytes of the head and those of the body.
    pub(super) fn wire(&self) -> (Vec<u8>, Vec<u8>) {
        if let Some(raw) = &self.raw {
            return (raw.clone(), Vec::new());
        }
        let mut head = format!("HTTP/1.1 {} Scripted\r\n", self.status);
        for (name, value) in &self.headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        let mut body = self.body.clone();
        body.truncate(self.cut.unwrap_or(usize::MAX));
        if self.chunked {
            head.push_str("Transfer-Encoding: chunked\r\n");
            let mut framed = format!("{:x}\r\n", self.body.len()).into_bytes();
            framed.extend(body);
            if self.cut.is_none() {
                framed.extend(b"\r\n0\r\n\r\n");
            }
            body = framed;
        } else {
            head.push_str(&format!("Content-Length: {}\r\n", self.body.len()));
        }
        head.push_str("\r\n");
        (head.into_bytes(), body)
    }
}
