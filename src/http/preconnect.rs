//! A connection opened before it is needed: while a token is fetched, the API's host is connected to, and the first
//! real request finds the connection ready. No request is sent to open it.
//!
//! reqwest connects only for a request. So a request is begun that never gets past its connection: the layer below
//! keeps what was connected and lets the request wait, until it is dropped. The next request is handed the kept
//! connection.

use std::any::Any;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use futures_util::FutureExt as _;
use tokio::sync::{Mutex, Notify};
use tower_layer::Layer;
use tower_service::Service;

/// A server may have closed what was kept for longer.
const KEPT_FOR: Duration = Duration::from_secs(5);

/// Keeps one connection; a layer around a client's connector.
#[derive(Clone, Default)]
pub struct PreconnectedConnection(Arc<Shared>);

#[derive(Default)]
struct Shared {
    /// Set while the request that only connects is begun; no other request can run then.
    beginning: AtomicBool,
    kept: Mutex<Option<(Instant, Box<dyn Any + Send>)>>,
    ready: Notify,
}

impl PreconnectedConnection {
    /// Begins the request that is never to get past its connection. False: it has not come to connecting, and must be
    /// dropped, or it would be sent.
    pub fn begin(&self, request: &mut (impl Future + Unpin)) -> bool {
        self.0.beginning.store(true, Ordering::Relaxed);
        let _ = request.now_or_never();
        !self.0.beginning.swap(false, Ordering::Relaxed)
    }

    /// Waits until a connection is kept.
    pub async fn ready(&self) {
        self.0.ready.notified().await;
    }
}

impl<S> Layer<S> for PreconnectedConnection {
    type Service = Connector<S>;

    fn layer(&self, inner: S) -> Connector<S> {
        Connector { inner, kept: self.clone() }
    }
}

/// Connects, or hands over what is kept.
#[derive(Clone)]
pub struct Connector<S> {
    inner: S,
    kept: PreconnectedConnection,
}

impl<S, R> Service<R> for Connector<S>
where
    S: Service<R>,
    S::Future: Send + 'static,
    S::Response: Send + 'static,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<S::Response, S::Error>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: R) -> Self::Future {
        let connecting = self.inner.call(request);
        let shared = self.kept.0.clone();
        let keep = shared.beginning.swap(false, Ordering::Relaxed);
        Box::pin(async move {
            // Held while connecting: who comes meanwhile waits for this connection instead of opening another.
            let mut kept = shared.kept.lock().await;
            if keep {
                let connection = connecting.await?;
                *kept = Some((Instant::now(), Box::new(connection)));
                drop(kept);
                shared.ready.notify_one();
                return std::future::pending().await;
            }
            let ready = kept.take().filter(|(since, _)| since.elapsed() < KEPT_FOR);
            drop(kept);
            match ready.map(|(_, connection)| connection.downcast::<S::Response>()) {
                Some(Ok(connection)) => Ok(*connection),
                _ => connecting.await,
            }
        })
    }
}
