//! One HTTP/1.1 request as it came over the socket. Parses no more than a client of this kind sends: no chunked bodies.

use serde_json::Value;

/// A recorded request.
#[derive(Clone, Debug)]
pub struct Request {
    pub method: String,
    /// The request target as sent: path and query.
    pub target: String,
    /// In the order sent, names in the case sent.
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
    /// Time since the server started.
    pub at: std::time::Duration,
}

impl Request {
    /// Parses the first request in `bytes`, and returns it with its length, or nothing while bytes are missing.
    ///
    /// Panics on what no HTTP client should send; that fails the test.
    pub fn parse(bytes: &[u8]) -> Option<(Self, usize)> {
        let head_len = bytes.windows(4).position(|four| four == b"\r\n\r\n")? + 4;
        let head = std::str::from_utf8(&bytes[..head_len - 4]).expect("a request head in UTF-8");
        let mut lines = head.split("\r\n");
        let mut start = lines.next().unwrap_or_default().split(' ');
        let (Some(method), Some(target), Some("HTTP/1.1"), None) =
            (start.next(), start.next(), start.next(), start.next())
        else {
            panic!("not a request line of HTTP/1.1: {head:?}");
        };
        let headers: Vec<_> = lines
            .map(|line| {
                let (name, value) = line.split_once(':').expect("a header line has a colon");
                (name.to_owned(), value.trim().to_owned())
            })
            .collect();
        let mut request = Self {
            method: method.to_owned(),
            target: target.to_owned(),
            headers,
            body: Vec::new(),
            at: std::time::Duration::ZERO,
        };
        assert_eq!(request.header("transfer-encoding"), None, "bodies of known length are not sent in chunks");
        let body_len: usize = request.header("content-length").map_or(0, |value| value.parse().expect("a length"));
        request.body = bytes.get(head_len..head_len + body_len)?.to_vec();
        Some((request, head_len + body_len))
    }

    /// The value of the header `name`, in any case. Panics when it was sent more than once.
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut found =
            self.headers.iter().filter(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str());
        let first = found.next();
        assert_eq!(found.next(), None, "{name} was sent twice");
        first
    }

    /// The target up to its query.
    pub fn path(&self) -> &str {
        self.target.split('?').next().unwrap_or_default()
    }

    /// The query, form-decoded, in order.
    pub fn query(&self) -> Vec<(String, String)> {
        pairs(self.target.split_once('?').map_or("", |(_, query)| query).as_bytes())
    }

    /// The body as a form, decoded, in order.
    pub fn form(&self) -> Vec<(String, String)> {
        pairs(&self.body)
    }

    /// The one value of the form field `name`. Panics when it was sent more than once.
    pub fn field(&self, name: &str) -> Option<String> {
        let mut found = self.form().into_iter().filter(|(key, _)| key == name).map(|(_, value)| value);
        let first = found.next();
        assert_eq!(found.next(), None, "{name} was sent twice");
        first
    }

    /// The names of the form's fields, sorted.
    pub fn field_names(&self) -> Vec<String> {
        let mut names: Vec<_> = self.form().into_iter().map(|(name, _)| name).collect();
        names.sort();
        names
    }

    /// The body as JSON.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).expect("a JSON body")
    }

    /// The method and the target, for comparing sequences of requests.
    pub fn line(&self) -> String {
        format!("{} {}", self.method, self.target)
    }

    /// The origin that the client asked for, by its Host header.
    pub fn origin(&self) -> String {
        format!("http://{}", self.header("host").expect("a Host header"))
    }
}

fn pairs(text: &[u8]) -> Vec<(String, String)> {
    url::form_urlencoded::parse(text).into_owned().collect()
}

#[test]
fn a_request_is_parsed_once_all_of_it_is_there() {
    let bytes = b"POST /a?b=c+d HTTP/1.1\r\nHost: h:1\r\nX-Odd-Case: v\r\nContent-Length: 5\r\n\r\nx=%2BGET";
    assert!(Request::parse(&bytes[..bytes.len() - 4]).is_none());
    let (request, len) = Request::parse(bytes).unwrap();
    assert_eq!(len, bytes.len() - 3);
    assert_eq!(request.line(), "POST /a?b=c+d");
    assert_eq!(request.query(), [("b".to_owned(), "c d".to_owned())]);
    assert_eq!(request.headers[1], ("X-Odd-Case".to_owned(), "v".to_owned()));
    assert_eq!(request.field("x").as_deref(), Some("+"));
    assert_eq!(request.origin(), "http://h:1");
}
