//! Bodies of answers on their way in: decoded, and kept within a limit or streamed out. Refuses to know what they mean.

use std::cell::Cell;
use std::io::{ErrorKind as IoKind, Result as IoResult, Write};

use crate::http::chunks::Chunks;
use crate::http::decoding;
use crate::http::decoding::{Coding, Decoder, LimitedBuffer};
use crate::http::message::{BodySink, Request, Response, ResponseEvent};
use crate::http::retry::AttemptOutcome;
use crate::platform::error::{Error, ErrorKind};
use crate::platform::host::Host;

/// Why a body did not arrive whole.
pub enum BodyError {
    /// The connection broke.
    Broken(reqwest::Error),
    /// It is not what its Content-Encoding says.
    Undecodable(std::io::Error),
    /// It is larger than the request allows.
    TooLarge,
}

impl BodyError {
    /// The error for a person, and whether the request may be repeated. `broken` tells what a broken connection means.
    pub fn into_error(
        self,
        request: &Request,
        broken: impl Fn(reqwest::Error) -> (AttemptOutcome, Error),
    ) -> (AttemptOutcome, Error) {
        let description = request.description();
        match self {
            Self::Broken(e) => broken(e),
            Self::Undecodable(why) => {
                let error = Error::new(ErrorKind::BadResponse, "the answer cannot be decoded")
                    .cause(format!("what {description} answered is not what its Content-Encoding says: {why}"))
                    .hint("a proxy in between may have changed it");
                (AttemptOutcome::Final, error)
            }
            Self::TooLarge => {
                let error = Error::new(ErrorKind::BadResponse, "the answer is too large")
                    .cause(format!("{description} answered more than {} KiB", request.limit / 1024))
                    .hint("this does not look like the server that was meant: check the URL");
                (AttemptOutcome::Final, error)
            }
        }
    }
}

/// Reads the body into the reply, at most `limit` bytes of it, as UTF-8 where an older charset is declared.
///
/// # Errors
/// It did not arrive whole.
pub async fn keep(
    host: &Host,
    chunks: Chunks<'_>,
    response: &mut reqwest::Response,
    reply: &mut Response,
    limit: usize,
) -> Result<(), BodyError> {
    let mut buffer = LimitedBuffer { limit, ..LimitedBuffer::default() };
    let coding = Coding::take_from(&mut reply.headers);
    let outcome = decode(host, chunks, response, coding, &mut buffer).await;
    if buffer.exceeded {
        return Err(BodyError::TooLarge);
    }
    outcome?;
    reply.body = decoding::to_utf8(buffer.bytes, reply.header("content-type").unwrap_or_default());
    Ok(())
}

/// Streams head and body out, until the sink has enough. Counts the bytes.
///
/// # Errors
/// The body did not arrive whole; what did is with the sink.
pub async fn stream(
    host: &Host,
    chunks: Chunks<'_>,
    response: &mut reqwest::Response,
    reply: &mut Response,
    sink: &mut BodySink<'_>,
    bytes: &mut usize,
) -> Result<(), BodyError> {
    let coding = Coding::take_from(&mut reply.headers);
    if sink(ResponseEvent::Head(reply)).is_break() {
        return Ok(());
    }
    let stopped = Cell::new(false);
    match decode(host, chunks, response, coding, SinkWriter { sink, bytes, stopped: &stopped }).await {
        Err(BodyError::Undecodable(_)) if stopped.get() => Ok(()),
        outcome => outcome,
    }
}

async fn decode<W: Write>(
    host: &Host,
    mut chunks: Chunks<'_>,
    response: &mut reqwest::Response,
    coding: Coding,
    output: W,
) -> Result<(), BodyError> {
    let (mut decoder, mut is_empty) = (Decoder::new(coding, output), true);
    while let Some(chunk) = chunks.next(response, host).await.map_err(BodyError::Broken)? {
        is_empty &= chunk.is_empty();
        decoder.push(&chunk).map_err(BodyError::Undecodable)?;
    }
    // An answer to HEAD, and a 204, may name a coding and have no body.
    if is_empty { Ok(()) } else { decoder.finish().map_err(BodyError::Undecodable) }
}

/// A sink as something that can be written to, which fails once the sink has enough.
struct SinkWriter<'s, 'p> {
    sink: &'s mut BodySink<'p>,
    bytes: &'s mut usize,
    stopped: &'s Cell<bool>,
}

impl Write for SinkWriter<'_, '_> {
    fn write(&mut self, piece: &[u8]) -> IoResult<usize> {
        *self.bytes += piece.len();
        if (self.sink)(ResponseEvent::Chunk(piece)).is_break() {
            self.stopped.set(true);
            return Err(IoKind::BrokenPipe.into());
        }
        Ok(piece.len())
    }

    fn flush(&mut self) -> IoResult<()> {
        Ok(())
    }
}
