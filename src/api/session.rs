//! Requests to the API of one invocation: the gateway's headers, the correlation id, and a token that is renewed once
//! when it expires or the API says that it no longer accepts it.

use std::cell::{Cell, RefCell};

use reqwest::header::{AUTHORIZATION, HeaderMap, HeaderName, HeaderValue};

use crate::api::outcome;
use crate::api::refusal;
use crate::api::refusal::Call;
use crate::http::client::Http;
use crate::http::message::{BodySink, Request, Response, visible_ascii};
use crate::http::retry;
use crate::http::retry::RetryPolicy;
use crate::platform::deadline::Deadline;
use crate::platform::error::{Error, ErrorKind, Result};
use crate::platform::host::Host;
use crate::platform::secret::Secret;
use crate::platform::uuid;
use crate::settings::api::Api;
use crate::tokens::provider::{AccessToken, TokenProvider};

/// How deadlines count in a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeadlineScope {
    /// One deadline over everything.
    PerCommand,
    /// One deadline per request: there are many, and their sender retries them itself.
    PerRequest,
}

/// What every API request of this invocation shares.
pub struct ApiSession<'a> {
    host: &'a Host,
    http: &'a Http,
    provider: Option<&'a TokenProvider<'a>>,
    deadline_scope: DeadlineScope,
    headers: HeaderMap,
    token: RefCell<AccessToken>,
    /// The token as a header: made once, not for each of many requests.
    bearer: RefCell<HeaderValue>,
    accepted: Cell<bool>,
    /// Whether a new token was refused like the one before: what the API refuses then is not the token, and tokens
    /// cost.
    refresh_is_pointless: Cell<bool>,
    renewal: tokio::sync::Mutex<()>,
    refresh_failure: RefCell<Option<Error>>,
    /// What the API's own codes mean.
    codes: &'static str,
    /// The id that every call carries: the flow's, or a UUID, new in each run.
    pub correlation: String,
}

impl<'a> ApiSession<'a> {
    /// Reads the secret headers, then gets the token: a key that cannot be read must not cost a request. `first` is the
    /// policy of the first request: only one that may be repeated goes over a connection that is opened in advance, since
    /// the server may close an idle one before the token is there.
    ///
    /// # Errors
    /// Usage: a header's secret cannot be read. Else whatever keeps a token from being granted.
    pub async fn open(
        host: &'a Host,
        http: &'a Http,
        provider: &'a TokenProvider<'a>,
        api: &Api,
        deadline_scope: DeadlineScope,
        first: RetryPolicy,
    ) -> Result<Self> {
        let (headers, correlation) = read_headers(host, http, api).await?;
        provider.offer_certificate(http).await?;
        let token = match provider.read_fresh() {
            Some(token) => token,
            None => {
                // The API's connection is made while the token is.
                if first == RetryPolicy::Idempotent && !provider.shares_origin_with(&api.url) {
                    http.preconnect(host, &api.url);
                }
                provider.get(http).await?
            }
        };
        Self::new(host, http, Some(provider), deadline_scope, (headers, correlation), api.codes, token)
    }

    /// A session with a token in hand, which is never renewed.
    ///
    /// # Errors
    /// Usage: a header's secret cannot be read.
    pub async fn with_token(host: &'a Host, http: &'a Http, api: &Api, token: AccessToken) -> Result<Self> {
        let headers = read_headers(host, http, api).await?;
        Self::new(host, http, None, DeadlineScope::PerCommand, headers, api.codes, token)
    }

    fn new(
        host: &'a Host,
        http: &'a Http,
        provider: Option<&'a TokenProvider<'a>>,
        deadline_scope: DeadlineScope,
        (headers, correlation): (HeaderMap, String),
        codes: &'static str,
        token: AccessToken,
    ) -> Result<Self> {
        Ok(Self {
            host,
            http,
            provider,
            deadline_scope,
            headers,
            bearer: RefCell::new(bearer(&token)?),
            token: RefCell::new(token),
            accepted: Cell::new(false),
            refresh_is_pointless: Cell::new(false),
            renewal: tokio::sync::Mutex::new(()),
            refresh_failure: RefCell::new(None),
            codes,
            correlation,
        })
    }

    /// Sends a request with token, key and correlation id. A 401 about a token that came from the cache, or that was
    /// accepted before, is repeated once with a new one. Headers that the request has already are left alone. With a
    /// `sink` the body of a 2xx answer is passed on as it arrives.
    ///
    /// # Errors
    /// The network's errors, with the correlation id; whatever keeps a new token from being granted.
    pub async fn send(&self, request: &mut Request, mut sink: Option<&mut BodySink<'_>>) -> Result<Response> {
        for (name, value) in &self.headers {
            request.headers.entry(name).or_insert_with(|| value.clone());
        }
        if let Some(provider) =
            self.provider.filter(|_| self.deadline_scope == DeadlineScope::PerRequest && self.has_expired())
        {
            let expired = self.token.borrow().access_token.clone();
            self.renew(provider, &expired).await?;
        }
        let used = self.authorize(request);
        let reply = self.send_once(request, sink.as_deref_mut()).await?;
        if !refusal::is_about_token(&reply) {
            if self.is_current(&used) {
                self.accepted.set(true);
            }
            return Ok(reply);
        }
        let Some(provider) = self.provider.filter(|_| !self.refresh_is_pointless.get()) else { return Ok(reply) };
        let worth_another = self.token.borrow().cached || self.accepted.get() || !self.is_current(&used);
        if !worth_another {
            return Ok(reply);
        }
        self.renew(provider, &used).await?;
        self.authorize(request);
        let reply = self.send_once(request, sink).await?;
        self.refresh_is_pointless.set(refusal::is_about_token(&reply));
        Ok(reply)
    }

    /// A request of this session, as errors about its answer name it.
    pub fn call<'s>(&'s self, what: &'s str) -> Call<'s> {
        Call { what, correlation: &self.correlation, codes: self.codes }
    }

    /// Whether the client repeats a GET by itself.
    pub fn repeat(&self) -> RetryPolicy {
        match self.deadline_scope {
            DeadlineScope::PerCommand => RetryPolicy::Idempotent,
            DeadlineScope::PerRequest => RetryPolicy::Never,
        }
    }

    /// Why there is no token any more, once getting a new one has failed.
    pub fn refresh_error(&self) -> Option<Error> {
        self.refresh_failure.borrow().clone()
    }

    /// The Authorization header and the gateway's headers, for tools that send requests themselves.
    pub fn shared_headers(&self) -> Vec<(String, Secret)> {
        let token = format!("Bearer {}", self.token.borrow().access_token.expose());
        let text = |value: &HeaderValue| Secret::new(value.to_str().unwrap_or_default().to_owned());
        let gateway = self.headers.iter().map(|(name, value)| (name.as_str().to_owned(), text(value)));
        std::iter::once(("Authorization".to_owned(), Secret::new(token))).chain(gateway).collect()
    }

    /// Puts the token on the request, and returns it.
    fn authorize(&self, request: &mut Request) -> Secret {
        request.headers.insert(AUTHORIZATION, self.bearer.borrow().clone());
        self.token.borrow().access_token.clone()
    }

    async fn send_once(&self, request: &Request, mut sink: Option<&mut BodySink<'_>>) -> Result<Response> {
        let deadline = match self.deadline_scope {
            DeadlineScope::PerCommand => self.http.deadline(),
            DeadlineScope::PerRequest => Deadline::after(self.http.timeout()),
        };
        let mut attempt = 0;
        loop {
            let sent = self.http.send_with(self.host, request, &deadline, sink.as_deref_mut()).await;
            let reply = sent.map_err(|error| outcome::of(error, request, &self.correlation))?;
            // The API says by a code of its own that it may pass.
            let may_pass = refusal::meaning(&reply, self.codes).is_some_and(|meaning| meaning.may_pass);
            let wait = retry::delay(attempt, None, retry::jitter());
            let again = may_pass && request.retry == RetryPolicy::Idempotent && attempt < self.http.retries();
            if !again || wait >= deadline.remaining() {
                return Ok(reply);
            }
            self.host.ui.verbose(|| format!("the API says that this may pass; retrying in {} ms", wait.as_millis()));
            tokio::time::sleep(wait).await;
            attempt += 1;
        }
    }

    fn is_current(&self, token: &Secret) -> bool {
        self.token.borrow().access_token.expose() == token.expose()
    }

    fn has_expired(&self) -> bool {
        self.token.borrow().expires_at.is_some_and(|at| at <= self.host.process.now())
    }

    /// Gets a token instead of a refused one, unless another request of this session has done so.
    async fn renew(&self, provider: &TokenProvider<'_>, refused: &Secret) -> Result<()> {
        let _turn = self.renewal.lock().await;
        if !self.is_current(refused) {
            return Ok(());
        }
        if let Some(error) = self.refresh_error() {
            return Err(error);
        }
        if self.deadline_scope == DeadlineScope::PerRequest {
            self.http.restart_deadline();
        }
        let token = provider.replace(self.http, refused).await.inspect_err(|error| {
            self.refresh_failure.replace(Some(error.clone()));
        })?;
        self.accepted.set(false);
        self.bearer.replace(bearer(&token)?);
        self.token.replace(token);
        Ok(())
    }
}

fn bearer(token: &AccessToken) -> Result<HeaderValue> {
    let mut value = visible_ascii(&format!("Bearer {}", token.access_token.expose()), "the access token")?;
    value.set_sensitive(true);
    Ok(value)
}

/// The gateway's headers and a new correlation id.
async fn read_headers(host: &Host, http: &Http, api: &Api) -> Result<(HeaderMap, String)> {
    let mut headers = api.headers.read(host, &http.deadline()).await?;
    let correlation = match &api.correlation_id {
        Some(id) => id.clone(),
        None => uuid::random()?,
    };
    host.ui.verbose(|| format!("correlation id {correlation}"));
    let value = HeaderValue::from_str(&correlation)
        .map_err(|e| Error::new(ErrorKind::Internal, "the correlation id is not a header value").caused_by(e))?;
    headers.insert(HeaderName::from_static("x-correlation-id"), value);
    Ok((headers, correlation))
}
