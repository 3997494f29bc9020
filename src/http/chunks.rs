//! The body of an answer as it comes, and whether it may end where it does. Refuses to keep it.

use std::ops::Deref;

use reqwest::header::{CONTENT_LENGTH, TRANSFER_ENCODING};
use reqwest::{Response, Result, Version};

use crate::http::complete_json::CompleteJson;
use crate::http::failure;
use crate::http::message::Request;
use crate::platform::host::Host;

/// Follows one body.
pub(super) struct Chunks<'r> {
    /// Whether the body may end here, if it ends with the connection.
    end: Option<CompleteJson>,
    request: &'r Request,
}

impl<'r> Chunks<'r> {
    pub(super) fn new(response: &Response, request: &'r Request) -> Self {
        Self { end: ends_with_connection(response).then(CompleteJson::default), request }
    }

    /// The next part, or nothing at the end. A JSON document that is complete cannot have been cut unseen, so a server
    /// that closes without TLS close_notify after one is only warned about.
    ///
    /// # Errors
    /// The connection broke, or the body ended too early.
    pub(super) async fn next(
        &mut self,
        response: &mut Response,
        host: &Host,
    ) -> Result<Option<impl Deref<Target = [u8]> + use<>>> {
        let chunk = response.chunk().await;
        match (&chunk, &mut self.end) {
            (Ok(Some(chunk)), Some(end)) => end.feed(chunk),
            (Err(e), Some(end)) if end.is_complete() && failure::is_without_close_notify(e) => {
                host.ui.warn(&format!(
                    "the answer to {} ended without TLS close_notify; it is a complete JSON document, and is used",
                    self.request.description()
                ));
                return Ok(None);
            }
            _ => {}
        }
        chunk
    }
}

/// Whether neither a length nor chunks say how long the body is (RFC 9112 section 6.3).
fn ends_with_connection(response: &Response) -> bool {
    let headers = response.headers();
    response.version() <= Version::HTTP_11
        && !headers.contains_key(CONTENT_LENGTH)
        && !headers.contains_key(TRANSFER_ENCODING)
}
