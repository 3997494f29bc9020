//! The one HTTP client: no redirects, capped bodies, one deadline, repeats as `retry` says. It moves bytes and headers;
//! what they mean is for the layers above.

use std::cell::{Cell, OnceCell};
use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use reqwest::header::{DATE, HeaderMap, HeaderName, HeaderValue, RETRY_AFTER, USER_AGENT};
use reqwest::{Client, ClientBuilder, Method, redirect};
use rustls::ClientConfig;
use rustls::pki_types::CertificateDer;

use crate::platform::certificate_watch::Noticed;
use crate::platform::deadline::Deadline;
use crate::platform::error::{Error, ErrorKind, Facts, Result};
use crate::platform::host::{Host, Verbosity};
use crate::platform::http_failure;
use crate::platform::proxy::{self, Via};
use crate::platform::proxy_failure;
use crate::platform::retry::{self, Ending, Repeat};
use crate::platform::tls::{self, Identity};
use crate::platform::url::{Origin, Url};
use crate::platform::warm_connection::KeptConnection;

/// How to reach servers, from the settings.
pub struct Options {
    /// Over everything the command does.
    pub timeout: Duration,
    /// Over one connection attempt, TLS included.
    pub connect_timeout: Duration,
    /// How many attempts may follow the first.
    pub retries: u32,
    /// Authorities to trust beside the system's.
    pub extra_roots: Vec<CertificateDer<'static>>,
    /// The `proxy` setting and its origin.
    pub proxy: Option<(String, String)>,
    /// Where to tell of certificates that end soon.
    pub noticed: Option<Arc<Noticed>>,
}

/// One request, ready to be sent as often as needed.
pub struct Request {
    /// The method.
    pub method: Method,
    /// Where it goes.
    pub url: Url,
    /// The URL as it may be shown: no personal data, no secret.
    pub shown: String,
    /// All headers but User-Agent, which is always the same.
    pub headers: HeaderMap,
    /// The body, if any.
    pub body: Option<Vec<u8>>,
    /// The largest answer accepted, in bytes.
    pub limit: usize,
    /// Whether it may be sent again.
    pub repeat: Repeat,
}

impl Request {
    /// A GET for JSON.
    #[must_use]
    pub fn get(url: Url, shown: String, limit: usize) -> Self {
        let headers = HeaderMap::from_iter([(reqwest::header::ACCEPT, HeaderValue::from_static("application/json"))]);
        Self { method: Method::GET, url, shown, headers, body: None, limit, repeat: Repeat::Freely }
    }

    /// Method and URL, as messages name the request.
    #[must_use]
    pub fn what(&self) -> String {
        format!("{} {}", self.method, self.shown)
    }

    /// Sets a header whose value must not be shown.
    ///
    /// # Errors
    /// Usage: the value holds something else than visible ASCII; `what` names it.
    pub fn secret_header(&mut self, name: HeaderName, value: &str, what: &str) -> Result<()> {
        let mut value = visible_ascii(value, what)?;
        value.set_sensitive(true);
        self.headers.insert(name, value);
        Ok(())
    }
}

/// A header value of visible ASCII and inner spaces: stricter than HTTP, which lets bytes through that servers trip over.
///
/// # Errors
/// Usage: `what` names the value, which is not shown.
pub fn visible_ascii(value: &str, what: &str) -> Result<HeaderValue> {
    let fits = value.bytes().all(|b| b.is_ascii_graphic() || b == b' ') && value.trim() == value;
    fits.then(|| HeaderValue::from_str(value).ok())
        .flatten()
        .ok_or_else(|| Error::usage(format!("{what} cannot be sent as a header: only visible ASCII characters can")))
}

/// A whole answer.
pub struct Reply {
    /// The HTTP status.
    pub status: u16,
    /// The headers.
    pub headers: HeaderMap,
    /// The body, within the request's limit.
    pub body: Vec<u8>,
    /// The clock just before the request was sent: lifetimes count from here.
    pub sent_at: SystemTime,
    /// What was asked, as shown.
    pub url: String,
    /// Whether the server asks to wait for longer than there is time.
    pub no_time_to_wait: bool,
}

impl Reply {
    /// A header's value, if it is there and readable.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|v| v.to_str().ok())
    }

    /// A header that is a list, which may stand on several lines and hold what is not ASCII.
    #[must_use]
    pub fn list(&self, name: &str) -> String {
        let values = self.headers.get_all(name).iter().map(|value| String::from_utf8_lossy(value.as_bytes()));
        values.collect::<Vec<_>>().join(", ")
    }

    /// The facts to put in an error about this answer.
    #[must_use]
    pub fn facts(&self) -> Facts {
        let ids = [
            "x-correlation-id",
            "x-request-id",
            "request-id",
            "x-ms-request-id",
            "x-amzn-requestid",
            "x-amz-cf-id",
            "x-auth0-requestid",
        ];
        Facts {
            http_status: Some(self.status),
            url: Some(self.url.clone()),
            request_id: ids.iter().find_map(|name| self.header(name)).map(str::to_owned),
            ..Facts::default()
        }
    }

    /// Whether an HTML page came: an intermediary or a login page answered, not the API.
    #[must_use]
    pub fn is_html(&self) -> bool {
        let start: Vec<u8> = self
            .body
            .iter()
            .skip_while(|b| b.is_ascii_whitespace() || !b.is_ascii())
            .take(9)
            .map(u8::to_ascii_lowercase)
            .collect();
        start.starts_with(b"<!doctype")
            || start.starts_with(b"<html")
            || start.starts_with(b"<head")
            || start.starts_with(b"<?xml")
            || (start.starts_with(b"<") && self.header("content-type").is_some_and(|t| t.starts_with("text/html")))
    }
}

/// A part of an answer on its way out.
pub enum Part<'a> {
    /// Status and headers, before anything else.
    Head(&'a Reply),
    /// A piece of the body.
    Piece(&'a [u8]),
}

/// Takes an answer part by part, until it has enough.
pub type Pour<'p> = dyn FnMut(Part<'_>) -> ControlFlow<()> + 'p;

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
    options: Options,
    deadline: Cell<Deadline>,
    identity: OnceCell<Identity>,
    roots: OnceCell<ClientConfig>,
    via: OnceCell<Via>,
    warmed: OnceCell<(Origin, Client)>,
    plain: OnceCell<Client>,
    secure: OnceCell<Client>,
}

impl Http {
    /// Starts the clock; connects to nothing.
    #[must_use]
    pub fn new(options: Options) -> Self {
        let deadline = Cell::new(Deadline::after(options.timeout));
        Self {
            options,
            deadline,
            identity: OnceCell::new(),
            roots: OnceCell::new(),
            via: OnceCell::new(),
            warmed: OnceCell::new(),
            plain: OnceCell::new(),
            secure: OnceCell::new(),
        }
    }

    /// By when everything must be over.
    #[must_use]
    pub fn deadline(&self) -> Deadline {
        self.deadline.get()
    }

    /// Starts the clock anew: after a wait for somebody else that was in vain.
    pub fn renew_deadline(&self) {
        self.deadline.set(Deadline::after(self.options.timeout));
    }

    /// Whether an identity is shown to servers that ask.
    #[must_use]
    pub fn has_identity(&self) -> bool {
        self.identity.get().is_some()
    }

    /// Shows this identity to servers that ask, from the first connection on.
    pub fn show_identity(&self, identity: Identity) {
        let _ = self.identity.set(identity);
    }

    /// The budget of a deadline, for work that counts one for each of many requests.
    #[must_use]
    pub fn timeout(&self) -> Duration {
        self.options.timeout
    }

    /// How many attempts may follow the first.
    #[must_use]
    pub fn retries(&self) -> u32 {
        self.options.retries
    }

    /// [`Self::send_by`] the deadline of the command.
    ///
    /// # Errors
    /// As there.
    pub async fn send(&self, host: &Host, request: &Request) -> Result<Reply> {
        self.send_by(host, request, &self.deadline()).await
    }

    /// Sends a request, repeats it as its [`Repeat`] allows, and returns the last answer whatever its status.
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
        tell_request(host, request);
        let outcome = tokio::time::timeout(deadline.remaining(), self.attempt(host, request, body))
            .await
            .map_err(|_| deadline.passed(&request.what()).url(&request.shown))?;
        let ending = match &outcome {
            Ok(reply) => Ending::Status(reply.status),
            Err((ending, _)) => *ending,
        };
        host.story(|| story(request, &outcome, body.poured(), started.elapsed()));
        if let Ok(reply) = &outcome {
            tell_headers(host, "<", &reply.headers);
        }
        let asked = outcome.as_ref().ok().and_then(|reply| retry_after(reply, host.now()));
        // What is never repeated is not waited for: a wrong secret stays wrong.
        if asked.is_some_and(|wait| wait >= deadline.remaining()) && retry::may_pass(ending) {
            return outcome
                .map(|reply| Some(Reply { no_time_to_wait: true, ..reply }))
                .map_err(|(_, error)| error.url(&request.shown));
        }
        let wait = retry::delay(attempt, asked, random());
        let again = retry::again(request.repeat, ending, attempt, self.options.retries);
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
        let client = self.client(host, &request.url).map_err(|e| (Ending::Final, e))?;
        let mut builder = client.request(request.method.clone(), request.url.clone()).headers(request.headers.clone());
        if let Some(body) = &request.body {
            builder = builder.body(body.clone());
        }
        let sent_at = host.now();
        let failed = |e: reqwest::Error| http_failure::classify(&e, &request.what());
        let mut response = match builder.send().await {
            Ok(response) => response,
            Err(e) => match (http_failure::tunnel(&e), self.via.get()) {
                (Some(tunnel), Some(via)) => {
                    let root = http_failure::root_cause(&e);
                    return Err(proxy_failure::explain(tunnel, &root, &request.what(), &request.url, via).await);
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

    /// Opens a connection to this host in the background, for the first request to it. What goes wrong is left for that
    /// request to find out.
    pub fn warm_up(&self, host: &Host, url: &Url) {
        let kept = KeptConnection::default();
        let built = self.build(host, url.scheme() == "https", |builder| builder.connector_layer(kept.clone()));
        let Ok(client) = built else { return };
        if self.warmed.set((url.origin(), client.clone())).is_ok() {
            let mut request = Box::pin(client.get(url.clone()).send());
            if kept.begin(&mut request) {
                tokio::spawn(async move {
                    tokio::select! {
                        _ = request => {}
                        () = kept.ready() => {}
                    }
                });
            }
        }
    }

    /// The client for this URL.
    fn client(&self, host: &Host, url: &Url) -> Result<&Client> {
        if let Some((_, client)) = self.warmed.get().filter(|(origin, _)| *origin == url.origin()) {
            return Ok(client);
        }
        let secure = url.scheme() == "https";
        let cell = if secure { &self.secure } else { &self.plain };
        if let Some(client) = cell.get() {
            return Ok(client);
        }
        let client = self.build(host, secure, |builder| builder)?;
        Ok(cell.get_or_init(|| client))
    }

    /// A client for this scheme. Plain http reaches loopback only, so it needs neither roots, which take milliseconds to
    /// load, nor a proxy.
    fn build(&self, host: &Host, secure: bool, layered: impl FnOnce(ClientBuilder) -> ClientBuilder) -> Result<Client> {
        let mut builder = Client::builder()
            .tls_backend_preconfigured(self.tls(secure)?)
            .redirect(redirect::Policy::none())
            .retry(reqwest::retry::never())
            .referer(false)
            .no_proxy()
            .connect_timeout(self.options.connect_timeout)
            .default_headers(HeaderMap::from_iter([(
                USER_AGENT,
                HeaderValue::from_static(concat!("m2m/", env!("CARGO_PKG_VERSION"))),
            )]));
        let configured = self.options.proxy.as_ref().map(|(url, origin)| (url.as_str(), origin.clone()));
        if secure && let Some((proxy, via)) = proxy::choose(host, configured)? {
            host.story(|| format!("https goes through the proxy {}", via.shown));
            builder = builder.proxy(proxy);
            let _ = self.via.set(via);
        }
        layered(builder)
            .build()
            .map_err(|e| Error::new(ErrorKind::Internal, "cannot set up the HTTP client").cause(e.to_string()))
    }

    /// The TLS settings; with system roots, which are loaded once, for https alone.
    fn tls(&self, secure: bool) -> Result<ClientConfig> {
        let make = |roots| {
            tls::client_config(roots, &self.options.extra_roots, self.options.noticed.as_ref(), self.identity.get())
        };
        if !secure {
            return make(false);
        }
        if let Some(config) = self.roots.get() {
            return Ok(config.clone());
        }
        let config = make(true)?;
        Ok(self.roots.get_or_init(|| config).clone())
    }
}

/// What Retry-After asks for, from now.
#[must_use]
pub fn retry_after(reply: &Reply, now: SystemTime) -> Option<Duration> {
    retry::retry_after(reply.header(RETRY_AFTER.as_str())?, reply.header(DATE.as_str()), now)
}

fn too_large(request: &Request) -> Error {
    Error::new(ErrorKind::BadResponse, "the answer is too large")
        .cause(format!("{} answered more than {} KiB", request.what(), request.limit / 1024))
        .hint("this does not look like the server that was meant: check the URL")
}

fn story(
    request: &Request,
    outcome: &std::result::Result<Reply, (Ending, Error)>,
    poured: usize,
    took: Duration,
) -> String {
    let ended = match outcome {
        Ok(reply) => format!("answered {}, {} bytes", reply.status, reply.body.len() + poured),
        Err((_, error)) => error.message().to_owned(),
    };
    format!("{}: {ended}, after {} ms", request.what(), took.as_millis())
}

/// Uniform in 0..1, for jitter.
#[must_use]
pub fn random() -> f64 {
    use ring::rand::SecureRandom as _;
    let mut bytes = [0u8; 4];
    match ring::rand::SystemRandom::new().fill(&mut bytes) {
        Ok(()) => f64::from(u32::from_le_bytes(bytes)) / f64::from(u32::MAX),
        Err(_) => 0.5,
    }
}

/// Tells what is about to be sent under `-vv`.
fn tell_request(host: &Host, request: &Request) {
    if host.verbosity() >= Verbosity::Headers {
        host.story(|| format!("> {}", request.what()));
        tell_headers(host, ">", &request.headers);
    }
}

/// Tells the headers of an exchange under `-vv`.
fn tell_headers(host: &Host, direction: &str, headers: &HeaderMap) {
    if host.verbosity() < Verbosity::Headers {
        return;
    }
    for (name, value) in headers {
        let shown = if value.is_sensitive() || HIDDEN_HEADERS.contains(&name.as_str()) {
            crate::platform::redactor::HIDDEN.to_owned()
        } else {
            host.redactor.quote(&String::from_utf8_lossy(value.as_bytes()))
        };
        host.story(|| format!("{direction} {name}: {shown}"));
    }
}

/// Never shown, whoever sends them.
pub const HIDDEN_HEADERS: [&str; 7] =
    ["authorization", "cookie", "set-cookie", "proxy-authorization", "ocp-apim-subscription-key", "dpop", "location"];
