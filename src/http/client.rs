//! The one HTTP client: no redirects, capped bodies, one deadline, repeats as `retry` says. It moves bytes and headers;
//! what they mean is for the layers above.

use std::cell::Cell;
use std::time::{Duration, Instant};

use crate::http::connections::{Clients, Options};
use crate::http::failure;
use crate::http::log;
use crate::http::message;
use crate::http::message::{Part, Pour, Reply, Request};
use crate::http::retry;
use crate::http::retry::Ending;
use crate::http::tls::Identity;
use crate::http::tunnel;
use crate::platform::deadline::Deadline;
use crate::platform::error::{Error, ErrorKind, Result};
use crate::platform::host::Host;
use crate::platform::url::Url;

/// Where the body of an answer goes.
enum Body<'b, 'p> {
    Kept,
    /// With the number of bytes so far.
    Poured(&'b mut Pour<'p>, usize),
}

impl Body<'_, '_> {
    /// How many bytes went out instead of being kept.
    fn poured(&self) -> usize {
        match self {
            Self::Kept => 0,
            Self::Poured(_, bytes) => *bytes,
        }
    }
}

/// The client, with its connections. Made when something is to be sent, not before.
pub struct Http {
    timeout: Duration,
    retries: u32,
    deadline: Cell<Deadline>,
    clients: Clients,
}

impl Http {
    /// Starts the clock; connects to nothing.
    #[must_use]
    pub fn new(options: Options) -> Self {
        let Options { timeout, retries, .. } = options;
        Self { timeout, retries, deadline: Cell::new(Deadline::after(timeout)), clients: Clients::new(options) }
    }

    /// By when everything must be over.
    #[must_use]
    pub fn deadline(&self) -> Deadline {
        self.deadline.get()
    }

    /// Starts the clock anew: after a wait for somebody else that was in vain.
    pub fn renew_deadline(&self) {
        self.deadline.set(Deadline::after(self.timeout));
    }

    /// Whether an identity is shown to servers that ask.
    #[must_use]
    pub fn has_identity(&self) -> bool {
        self.clients.identity.get().is_some()
    }

    /// Shows this identity to servers that ask, from the first connection on.
    pub fn show_identity(&self, identity: Identity) {
        let _ = self.clients.identity.set(identity);
    }

    /// Opens a connection to this host in the background, for the first request to it. What goes wrong is left for that
    /// request to find out.
    pub fn warm_up(&self, host: &Host, url: &Url) {
        self.clients.warm_up(host, url);
    }

    /// The budget of a deadline, for work that counts one for each of many requests.
    #[must_use]
    pub fn timeout(&self) -> Duration {
        self.timeout
    }

    /// How many attempts may follow the first.
    #[must_use]
    pub fn retries(&self) -> u32 {
        self.retries
    }

    /// [`Self::send_by`] the deadline of the command.
    ///
    /// # Errors
    /// As there.
    pub async fn send(&self, host: &Host, request: &Request) -> Result<Reply> {
        self.send_by(host, request, &self.deadline()).await
    }

    /// Sends a request, repeats it as its `repeat` allows, and returns the last answer whatever its status.
    ///
    /// # Errors
    /// Unreachable: DNS, connect, TLS, the connection broke, the deadline. Bad response: not HTTP, over the limit, broken
    /// off. Throttled or bad response: the server asks to wait beyond the deadline.
    pub async fn send_by(&self, host: &Host, request: &Request, deadline: &Deadline) -> Result<Reply> {
        self.exchange(host, request, deadline, &mut Body::Kept).await
    }

    /// As [`Self::send`], with a request made anew for every attempt: one that may be used once only.
    ///
    /// # Errors
    /// As there, and what making a request fails with.
    pub async fn send_each(&self, host: &Host, make: impl AsyncFn() -> Result<Request>) -> Result<Reply> {
        let deadline = self.deadline();
        let mut attempt = 0;
        loop {
            let request = deadline.bound("preparing the request", make()).await??;
            match self.turn(host, &request, &deadline, &mut Body::Kept, attempt).await? {
                Some(reply) => return Ok(reply),
                None => attempt += 1,
            }
        }
    }

    /// As [`Self::send_by`], with the body of a 2xx answer poured out as it comes instead of kept. Once some of it has been
    /// poured, the request is not repeated.
    ///
    /// # Errors
    /// As there.
    pub async fn send_streaming(
        &self,
        host: &Host,
        request: &Request,
        deadline: &Deadline,
        pour: &mut Pour<'_>,
    ) -> Result<Reply> {
        self.exchange(host, request, deadline, &mut Body::Poured(pour, 0)).await
    }

    async fn exchange(
        &self,
        host: &Host,
        request: &Request,
        deadline: &Deadline,
        body: &mut Body<'_, '_>,
    ) -> Result<Reply> {
        let mut attempt = 0;
        loop {
            match self.turn(host, request, deadline, body, attempt).await? {
                Some(reply) => return Ok(reply),
                None => attempt += 1,
            }
        }
    }

    /// One attempt. Nothing means that another one is worth it, and that the wait before it is over.
    async fn turn(
        &self,
        host: &Host,
        request: &Request,
        deadline: &Deadline,
        body: &mut Body<'_, '_>,
        attempt: u32,
    ) -> Result<Option<Reply>> {
        let started = Instant::now();
        log::request(host, request);
        let outcome = tokio::time::timeout(deadline.remaining(), self.attempt(host, request, body))
            .await
            .map_err(|_| deadline.passed(&request.what()).url(&request.shown))?;
        let ending = match &outcome {
            Ok(reply) => Ending::Status(reply.status),
            Err((ending, _)) => *ending,
        };
        host.story(|| log::outcome(request, &outcome, body.poured(), started.elapsed()));
        if let Ok(reply) = &outcome {
            log::headers(host, "<", &reply.headers);
        }
        let asked = outcome.as_ref().ok().and_then(|reply| message::retry_after(reply, host.now()));
        // What is never repeated is not waited for: a wrong secret stays wrong.
        if asked.is_some_and(|wait| wait >= deadline.remaining()) && retry::may_pass(ending) {
            return outcome
                .map(|reply| Some(Reply { no_time_to_wait: true, ..reply }))
                .map_err(|(_, error)| error.url(&request.shown));
        }
        let wait = retry::delay(attempt, asked, retry::jitter());
        let again = retry::again(request.repeat, ending, attempt, self.retries);
        if !again || wait >= deadline.remaining() {
            return outcome.map(Some).map_err(|(_, error)| error.url(&request.shown));
        }
        host.story(|| format!("again in {} ms", wait.as_millis()));
        tokio::time::sleep(wait).await;
        Ok(None)
    }

    async fn attempt(
        &self,
        host: &Host,
        request: &Request,
        body: &mut Body<'_, '_>,
    ) -> std::result::Result<Reply, (Ending, Error)> {
        let client = self.clients.client(host, &request.url).map_err(|e| (Ending::Final, e))?;
        let mut builder = client.request(request.method.clone(), request.url.clone()).headers(request.headers.clone());
        if let Some(body) = &request.body {
            builder = builder.body(body.clone());
        }
        let sent_at = host.now();
        let failed = |e: reqwest::Error| failure::classify(&e, &request.what());
        let mut response = match builder.send().await {
            Ok(response) => response,
            Err(e) => match (failure::tunnel(&e), self.clients.via.get()) {
                (Some(tunnel), Some(via)) => {
                    let root = failure::root_cause(&e);
                    return Err(tunnel::explain(tunnel, &root, &request.what(), &request.url, via).await);
                }
                _ => return Err(failed(e)),
            },
        };
        let mut reply = Reply {
            status: response.status().as_u16(),
            headers: std::mem::take(response.headers_mut()),
            body: Vec::new(),
            sent_at,
            url: request.shown.clone(),
            no_time_to_wait: false,
        };
        let pour = match body {
            Body::Poured(pour, bytes) if response.status().is_success() => Some((pour, bytes)),
            _ => None,
        };
        match pour {
            Some((pour, bytes)) => {
                if pour(Part::Head(&reply)).is_break() {
                    return Ok(reply);
                }
                while let Some(chunk) = response.chunk().await.map_err(|e| (Ending::Final, failed(e).1))? {
                    *bytes += chunk.len();
                    if pour(Part::Piece(&chunk)).is_break() {
                        break;
                    }
                }
            }
            None => {
                while let Some(chunk) = response.chunk().await.map_err(failed)? {
                    if reply.body.len() + chunk.len() > request.limit {
                        return Err((Ending::Final, too_large(request)));
                    }
                    reply.body.extend_from_slice(&chunk);
                }
                // The connection goes back to the pool in a task of its own; a request that is sent before that task has
                // run opens another connection.
                tokio::task::yield_now().await;
            }
        }
        Ok(reply)
    }
}

fn too_large(request: &Request) -> Error {
    Error::new(ErrorKind::BadResponse, "the answer is too large")
        .cause(format!("{} answered more than {} KiB", request.what(), request.limit / 1024))
        .hint("this does not look like the server that was meant: check the URL")
}
