//! The answer of a server: a response, or how the connection ends without one. Sending it is in `listener.rs`.

use hyper::body::Bytes;
use hyper::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use hyper::{Response, StatusCode};
use serde::Serialize;

use super::body::{Body, BodyEnd};

/// An answer to send. The response is boxed because an answer often is the error of a `Result`.
pub(crate) struct Answer(Result<Box<Response<Body>>, BodyEnd>);

impl Answer {
    /// `value` as JSON.
    pub(crate) fn json(status: StatusCode, value: &impl Serialize) -> Self {
        match serde_json::to_string(value) {
            Ok(text) => Self::json_text(status, text),
            Err(_) => Self::empty(StatusCode::INTERNAL_SERVER_ERROR),
        }
    }

    /// `text`, labeled as JSON but not necessarily valid.
    pub(crate) fn json_text(status: StatusCode, text: impl Into<Bytes>) -> Self {
        Self::text(status, "application/json", text)
    }

    /// `text` of any media type.
    pub(crate) fn text(status: StatusCode, media_type: &'static str, text: impl Into<Bytes>) -> Self {
        Self::body(status, Body::Whole(text.into())).header(CONTENT_TYPE, media_type)
    }

    /// No body, no content type.
    pub(crate) fn empty(status: StatusCode) -> Self {
        Self::body(status, Body::Whole(Bytes::new()))
    }

    /// Any body, without a content type.
    pub(crate) fn body(status: StatusCode, body: Body) -> Self {
        let mut response = Response::new(body);
        *response.status_mut() = status;
        Self(Ok(Box::new(response)))
    }

    /// No response at all.
    pub(crate) fn none(ending: BodyEnd) -> Self {
        Self(Err(ending))
    }

    /// Adds a header, unless the value is not valid in a header.
    pub(crate) fn header(mut self, name: HeaderName, value: &str) -> Self {
        if let (Ok(response), Ok(value)) = (&mut self.0, HeaderValue::from_str(value)) {
            response.headers_mut().insert(name, value);
        }
        self
    }

    /// The status, unless no response is sent.
    pub(crate) fn status(&self) -> Option<StatusCode> {
        self.0.as_ref().ok().map(|response| response.status())
    }

    pub(crate) fn into_result(self) -> Result<Response<Body>, BodyEnd> {
        self.0.map(|response| *response)
    }
}
