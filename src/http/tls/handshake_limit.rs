//! A bound on the TLS handshake of its own: a port that takes the connection and never answers is no network that is slow.
//! A layer around a client's connector. Refuses to bound what comes before the handshake, which `connect_timeout` does.

use std::cell::Cell;
use std::error::Error as StdError;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::sync::Notify;
use tower_layer::Layer;
use tower_service::Service;

tokio::task_local! {
    /// Told when the connection that is being made says the first word of TLS.
    static BEGUN: Handshake;
}

#[derive(Default)]
struct Handshake {
    begun: Cell<bool>,
    notify: Arc<Notify>,
}

/// Says that the connection that is being made begins its handshake. Outside of one, nothing happens.
pub fn begun() {
    let _ = BEGUN.try_with(|handshake| {
        if !handshake.begun.replace(true) {
            handshake.notify.notify_one();
        }
    });
}

/// The server did not answer the handshake in time.
#[derive(Debug)]
pub struct HandshakeTimeout {
    /// How long it had.
    pub limit: Duration,
}

impl fmt::Display for HandshakeTimeout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "no answer to the TLS handshake within {}", humantime::format_duration(self.limit))
    }
}

impl StdError for HandshakeTimeout {}

/// The layer, with how long a handshake may take.
#[derive(Clone, Copy)]
pub struct HandshakeLimit(pub Duration);

impl<S> Layer<S> for HandshakeLimit {
    type Service = Connector<S>;

    fn layer(&self, inner: S) -> Connector<S> {
        Connector { inner, limit: self.0 }
    }
}

/// Connects, and gives up on a handshake that is not answered.
#[derive(Clone)]
pub struct Connector<S> {
    inner: S,
    limit: Duration,
}

impl<S, R> Service<R> for Connector<S>
where
    S: Service<R>,
    S::Future: Send + 'static,
    S::Error: From<Box<dyn StdError + Send + Sync>>,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<S::Response, S::Error>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: R) -> Self::Future {
        let limit = self.limit;
        let handshake = Handshake::default();
        let begun = handshake.notify.clone();
        let connecting = BEGUN.scope(handshake, self.inner.call(request));
        Box::pin(async move {
            tokio::select! {
                connected = connecting => connected,
                () = async {
                    begun.notified().await;
                    tokio::time::sleep(limit).await;
                } => Err(S::Error::from(Box::new(HandshakeTimeout { limit }))),
            }
        })
    }
}
