//! A bound on the TLS handshake of its own: a port that takes the connection and never answers is no network that is slow.
//! A layer around a client's connector. Refuses to bound what comes before the handshake, which `connect_timeout` does.

use std::error::Error as StdError;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::Instant;
use tower_layer::Layer;
use tower_service::Service;

tokio::task_local! {
    /// Since when the connection that is being made waits for the first answer to a handshake.
    static WAITING_SINCE: watch::Sender<Option<Instant>>;
}

/// Says that the connection that is being made begins a handshake. Outside of one, nothing happens.
pub fn begun() {
    let _ = WAITING_SINCE.try_with(|since| since.send_replace(Some(Instant::now())));
}

/// Says that the server has answered the handshake: there may be another one, with a server behind a proxy.
pub fn answered() {
    let _ = WAITING_SINCE.try_with(|since| since.send_replace(None));
}

/// Ends when one handshake has waited for longer than `limit`.
async fn unanswered(mut since: watch::Receiver<Option<Instant>>, limit: Duration) {
    loop {
        let until = since.borrow_and_update().map(|begun| begun + limit);
        let changed = match until {
            Some(until) => match tokio::time::timeout_at(until, since.changed()).await {
                Ok(changed) => changed,
                Err(_) => return,
            },
            None => since.changed().await,
        };
        if changed.is_err() {
            std::future::pending::<()>().await;
        }
    }
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
        let (since, waiting) = watch::channel(None);
        let connecting = WAITING_SINCE.scope(since, self.inner.call(request));
        Box::pin(async move {
            tokio::select! {
                connected = connecting => connected,
                () = unanswered(waiting, limit) => Err(S::Error::from(Box::new(HandshakeTimeout { limit }))),
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Runs `steps` beside a wait of 50 ms for an answer, and says whether that wait is over after the steps.
    fn gives_up(steps: impl FnOnce(&watch::Sender<Option<Instant>>)) -> bool {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        runtime.block_on(async {
            let (since, waiting) = watch::channel(None);
            steps(&since);
            let waits = unanswered(waiting, Duration::from_millis(50));
            tokio::time::timeout(Duration::from_millis(200), waits).await.is_ok()
        })
    }

    #[test]
    fn only_a_handshake_that_is_not_answered_is_given_up() {
        assert!(gives_up(|since| {
            since.send_replace(Some(Instant::now()));
        }));
        assert!(!gives_up(|_| {}));
        assert!(!gives_up(|since| {
            since.send_replace(Some(Instant::now()));
            since.send_replace(None);
        }));
        assert!(gives_up(|since| {
            since.send_replace(None);
            since.send_replace(Some(Instant::now()));
        }));
    }
}
