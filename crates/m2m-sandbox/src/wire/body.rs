//! Bodies of answers: complete ones and broken ones, and how a connection ends without an answer.

use std::error::Error;
use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use hyper::body::{Body as HttpBody, Bytes, Frame, SizeHint};
use tokio::time::{Interval, Sleep, interval, sleep};

/// The pause between two bytes of a dripping body.
const DRIP: Duration = Duration::from_millis(100);

/// The pause before a body is cut, so that its first part reaches the client.
const PAUSE: Duration = Duration::from_millis(50);

/// How a connection ends without a complete answer.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum BodyEnd {
    /// The connection is closed cleanly.
    Close,
    /// Bytes that are not HTTP, then the connection is closed.
    Garbage,
    /// The connection is reset: the client's next read fails.
    Reset,
    /// Nothing is sent and nothing is closed.
    Silence,
}

impl Error for BodyEnd {}

impl fmt::Display for BodyEnd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self:?} instead of an answer")
    }
}

/// The body of an answer.
pub(crate) enum Body {
    /// These bytes; empty when they have been sent.
    Whole(Bytes),
    /// `first`, a pause, then a reset, although `announced` bytes were announced.
    Cut { first: Bytes, announced: u64, pause: Option<Pin<Box<Sleep>>> },
    /// One space after another, forever. Spaces can precede any JSON, so a parser has no reason to stop.
    Drip(Interval),
}

impl Body {
    pub(crate) fn cut(first: &'static [u8], announced: u64) -> Self {
        Self::Cut { first: Bytes::from_static(first), announced, pause: None }
    }

    pub(crate) fn drip() -> Self {
        Self::Drip(interval(DRIP))
    }
}

impl HttpBody for Body {
    type Data = Bytes;
    type Error = BodyEnd;

    fn poll_frame(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BodyEnd>>> {
        match self.get_mut() {
            Self::Whole(bytes) if bytes.is_empty() => Poll::Ready(None),
            Self::Whole(bytes) => Poll::Ready(Some(Ok(Frame::data(std::mem::take(bytes))))),
            Self::Cut { first, pause: None, .. } if first.is_empty() => Poll::Ready(Some(Err(BodyEnd::Reset))),
            Self::Cut { first, pause, .. } => match pause {
                None => {
                    *pause = Some(Box::pin(sleep(PAUSE)));
                    Poll::Ready(Some(Ok(Frame::data(std::mem::take(first)))))
                }
                Some(pause) => {
                    ready!(pause.as_mut().poll(context));
                    Poll::Ready(Some(Err(BodyEnd::Reset)))
                }
            },
            Self::Drip(interval) => {
                ready!(interval.poll_tick(context));
                Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(b" ")))))
            }
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Whole(bytes) => SizeHint::with_exact(bytes.len() as u64),
            Self::Cut { announced, .. } => SizeHint::with_exact(*announced),
            Self::Drip(_) => SizeHint::default(),
        }
    }

    fn is_end_stream(&self) -> bool {
        matches!(self, Self::Whole(bytes) if bytes.is_empty())
    }
}
