//! The one HTTP client: no redirects, capped bodies, one deadline, repeats as `retry` says. It moves bytes and headers;
//! what they mean is for the layers above.

use std::cell::Cell;
use std::time::{Duration, Instant};

use crate::http::body;
use crate::http::chunks::Chunks;
use crate::http::connections::{ConnectionPool, Options};
use crate::http::failure;
use crate::http::log;
use crate::http::message;
use crate::http::message::{BodySink, Request, Response};
use crate::http::retry;
use crate::http::retry::AttemptOutcome;
use crate::http::tls::client_config::Identity;
use crate::http::tunnel;
use crate::platform::deadline::Deadline;
use crate::platform::error::{Error, Result};
use crate::platform::host::Host;
use crate::platform::url::Url;

/// Where the body of an answer goes.
enum Body<'b, 'p> {
    Buffered,
    /// With the number of bytes so far.
    Streamed(&'b mut BodySink<'p>, usize),
}

impl Body<'_, '_> {
    /// How many bytes went out instead of being kept.
    fn streamed(&self) -> usize {
        match self {
            Self::Buffered => 0,
            Self::Streamed(_, bytes) => *bytes,
        }
    }
}

/// The client, with its connections. Made when something is to be sent, not before.
pub struct Http {
    timeout: Duration,
    retries: u32,
    deadline: Cell<Deadline>,
    pool: ConnectionPool,
}

impl Http {
    /// Starts the clock; connects to nothing.
    pub fn new(options: Options) -> Self {
        let Options { timeout, retries, .. } = options;
        Self { timeout, retries, deadline: Cell::new(Deadline::after(timeout)), pool: ConnectionPool::new(options) }
    }

    /// By when everything must be over.
    pub fn deadline(&self) -> Deadline {
        self.deadline.get()
    }

    /// Restarts the deadline after waiting in vain for another process.
    pub fn restart_deadline(&self) {
        self.deadline.set(Deadline::after(self.timeout));
    }

    /// Whether an identity is shown to servers that ask.
    pub fn has_identity(&self) -> bool {
        self.pool.identity.get().is_some()
    }

    /// Shows this identity to servers that ask, from the first connection on.
    pub fn set_identity(&self, identity: Identity) {
        let _ = self.pool.identity.set(identity);
    }

    /// Opens a connection to this host in the background, for the first request to it. What goes wrong is left for that
    /// request to find out.
    pub fn preconnect(&self, host: &Host, url: &Url) {
        self.pool.preconnect(host, url);
    }

    /// The budget of a deadline, for work that counts one for each of many requests.
    pub fn timeout(&self) -> Duration {
        self.timeout
    }

    /// How many attempts may follow the first.
    pub fn retries(&self) -> u32 {
        self.retries
    }

    /// Sends a request within the deadline of the command and keeps the body: [`Self::send_with`] as most callers want
    /// it.
    pub async fn send(&self, host: &Host, request: &Request) -> Result<Response> {
        self.send_with(host, request, &self.deadline(), None).await
    }

    /// Sends a request, repeats it as its `retry` allows, and returns the last answer whatever its status. With a `sink`
    /// the body of a 2xx answer is streamed out as it comes instead of kept; once some of it has been streamed, the
    /// request is not repeated.
    ///
    /// # Errors
    /// Unreachable: DNS, connect, TLS, the connection broke, the deadline. Bad response: not HTTP, over the limit,
    /// broken off. Throttled or bad response: the server asks to wait beyond the deadline.
    pub async fn send_with(
        &self,
        host: &Host,
        request: &Request,
        deadline: &Deadline,
        sink: Option<&mut BodySink<'_>>,
    ) -> Result<Response> {
        let mut body = sink.map_or(Body::Buffered, |sink| Body::Streamed(sink, 0));
        let mut attempt = 0;
        loop {
            match self.attempt_once(host, request, deadline, &mut body, attempt).await? {
                Some(reply) => return Ok(reply),
                None => attempt += 1,
            }
        }
    }

    /// As [`Self::send`], with a request that is rebuilt for every attempt: an assertion may be used only once.
    ///
    /// # Errors
    /// As there, and what making a request fails with.
    pub async fn send_rebuilt(&self, host: &Host, make: impl AsyncFn() -> Result<Request>) -> Result<Response> {
        let deadline = self.deadline();
        let mut attempt = 0;
        loop {
            let request = deadline.bound("preparing the request", make()).await??;
            match self.attempt_once(host, &request, &deadline, &mut Body::Buffered, attempt).await? {
                Some(reply) => return Ok(reply),
                None => attempt += 1,
            }
        }
    }

    /// One attempt. Nothing means that another one is worth it, and that the wait before it is over.
    async fn attempt_once(
        &self,
        host: &Host,
        request: &Request,
        deadline: &Deadline,
        body: &mut Body<'_, '_>,
        attempt: u32,
    ) -> Result<Option<Response>> {
        let started = Instant::now();
        log::request(host, request);
        let outcome = tokio::time::timeout(deadline.remaining(), self.attempt(host, request, body))
            .await
            .map_err(|_| deadline.passed(&request.description()).url(&request.display_url))?;
        let outcome_kind = match &outcome {
            Ok(reply) => AttemptOutcome::Status(reply.status),
            Err((outcome_kind, _)) => *outcome_kind,
        };
        host.ui.verbose(|| log::outcome(request, &outcome, body.streamed(), started.elapsed()));
        if let Ok(reply) = &outcome {
            log::headers(host, "<", &reply.headers);
        }
        let asked = outcome.as_ref().ok().and_then(|reply| message::retry_after(reply, host.process.now()));
        // Don't honor Retry-After on statuses that are not retryable.
        if asked.is_some_and(|wait| wait >= deadline.remaining()) && retry::is_transient(outcome_kind) {
            return outcome
                .map(|reply| Some(Response { retry_after_exceeds_deadline: true, ..reply }))
                .map_err(|(_, error)| error.url(&request.display_url));
        }
        let wait = retry::delay(attempt, asked, retry::jitter());
        let retry_again = retry::should_retry(request.retry, outcome_kind, attempt, self.retries);
        if !retry_again || wait >= deadline.remaining() {
            return outcome.map(Some).map_err(|(_, error)| error.url(&request.display_url));
        }
        host.ui.verbose(|| format!("retrying in {} ms", wait.as_millis()));
        tokio::time::sleep(wait).await;
        Ok(None)
    }

    async fn send_once(
        &self,
        host: &Host,
        request: &Request,
    ) -> std::result::Result<reqwest::Result<reqwest::Response>, (AttemptOutcome, Error)> {
        let client = self.pool.client(host, &request.url).map_err(|e| (AttemptOutcome::Final, e))?;
        let mut builder = client.request(request.method.clone(), request.url.clone()).headers(request.headers.clone());
        if let Some(body) = &request.body {
            builder = builder.body(body.clone());
        }
        Ok(builder.send().await)
    }

    async fn attempt(
        &self,
        host: &Host,
        request: &Request,
        body: &mut Body<'_, '_>,
    ) -> std::result::Result<Response, (AttemptOutcome, Error)> {
        let sent_at = host.process.now();
        let failed = |e: reqwest::Error| failure::classify(&e, &request.description(), self.pool.trust(), &request.url);
        let mut sent = self.send_once(host, request).await?;
        if sent.as_ref().is_err_and(failure::requires_http1) && self.pool.require_http1(&request.url) {
            host.ui.verbose(|| format!("{}: the server requires HTTP/1.1; sending again", request.description()));
            sent = self.send_once(host, request).await?;
        }
        let mut response = match sent {
            Ok(response) => response,
            Err(e) => match (failure::tunnel(&e), self.pool.proxy_in_use.get()) {
                (Some(tunnel), Some(proxy)) => {
                    let root = failure::root_cause(&e);
                    return Err(tunnel::into_error(tunnel, &root, &request.description(), &request.url, proxy).await);
                }
                (None, Some(proxy)) if e.is_connect() && proxy.serves(&request.url) => {
                    let (outcome, error) = failed(e);
                    return Err((outcome, tunnel::through(error, proxy)));
                }
                _ => return Err(failed(e)),
            },
        };
        let chunks = Chunks::new(&response, request);
        let mut reply = Response {
            status: response.status().as_u16(),
            headers: std::mem::take(response.headers_mut()),
            body: Vec::new(),
            sent_at,
            url: request.display_url.clone(),
            retry_after_exceeds_deadline: false,
        };
        match body {
            Body::Streamed(sink, bytes) if reply.is_success() => {
                let streamed = body::stream(host, chunks, &mut response, &mut reply, sink, bytes).await;
                streamed.map_err(|e| (AttemptOutcome::Final, e.into_error(request, failed).1))?;
            }
            _ => {
                let kept = body::keep(host, chunks, &mut response, &mut reply, request.limit).await;
                kept.map_err(|e| e.into_error(request, failed))?;
                // The connection goes back to the pool in a task of its own; a request that is sent before that task
                // has run opens another connection.
                tokio::task::yield_now().await;
            }
        }
        Ok(reply)
    }
}
