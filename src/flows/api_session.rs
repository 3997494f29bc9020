//! Requests to the API of one invocation: the gateway's headers, the correlation id, and a token that is renewed once
//! when the API says that it no longer accepts it.

use std::cell::{Cell, RefCell};

use reqwest::header::{AUTHORIZATION, HeaderMap, HeaderName, HeaderValue};

use crate::flows::api_refusal;
use crate::flows::token_cache::{HeldToken, TokenKeeper};
use crate::platform::error::{Error, ErrorKind, Result};
use crate::platform::host::Host;
use crate::platform::http::{Http, Reply, Request};
use crate::platform::secret::Secret;
use crate::platform::uuid;
use crate::settings::api::Api;

/// What every API request of this invocation shares.
pub struct ApiSession<'a> {
    host: &'a Host,
    http: &'a Http,
    keeper: &'a TokenKeeper<'a>,
    headers: HeaderMap,
    token: RefCell<HeldToken>,
    accepted: Cell<bool>,
    renewal: tokio::sync::Mutex<()>,
    /// A UUID, new in each invocation.
    pub correlation: String,
}

impl<'a> ApiSession<'a> {
    /// Reads the secret headers, then gets the token: a key that cannot be read must not cost a request.
    ///
    /// # Errors
    /// Usage: a header's secret cannot be read. Else whatever keeps a token from being granted.
    pub async fn open(host: &'a Host, http: &'a Http, keeper: &'a TokenKeeper<'a>, api: &Api) -> Result<Self> {
        let mut headers = http
            .deadline()
            .bound("reading the API's headers", api.read_headers(host))
            .await??;
        let correlation = uuid::random()?;
        let value = HeaderValue::from_str(&correlation)
            .map_err(|e| Error::new(ErrorKind::Internal, "a UUID is not a header value").cause(e.to_string()))?;
        headers.insert(HeaderName::from_static("x-correlation-id"), value);
        let token = match keeper.fresh() {
            Some(token) => token,
            None => keeper.obtain(http).await?,
        };
        let renewal = tokio::sync::Mutex::new(());
        Ok(Self {
            host,
            http,
            keeper,
            headers,
            token: RefCell::new(token),
            accepted: Cell::new(false),
            renewal,
            correlation,
        })
    }

    /// Sends a request with token, key and correlation id. A 401 about a token that came from the cache, or that was
    /// accepted before, is repeated once with a new one.
    ///
    /// # Errors
    /// The network's errors, with the correlation id.
    pub async fn send(&self, request: &mut Request) -> Result<Reply> {
        for (name, value) in &self.headers {
            request.headers.entry(name).or_insert_with(|| value.clone());
        }
        let used = self.authorise(request)?;
        let reply = self.exchange(request).await?;
        let refused = api_refusal::is_about_the_token(&reply);
        if !refused {
            self.accepted.set(true);
            return Ok(reply);
        }
        if !self.token.borrow().cached && !self.accepted.get() {
            return Ok(reply);
        }
        self.renew(&used).await?;
        self.authorise(request)?;
        self.exchange(request).await
    }

    fn authorise(&self, request: &mut Request) -> Result<Secret> {
        let token = self.token.borrow().access_token.clone();
        request.secret_header(AUTHORIZATION, &format!("Bearer {}", token.expose()), "the access token")?;
        Ok(token)
    }

    async fn exchange(&self, request: &Request) -> Result<Reply> {
        self.http
            .send(self.host, request)
            .await
            .map_err(|e| e.request_id(Some(self.correlation.clone())))
    }

    /// Gets a token instead of a refused one, unless another request of this session has done so.
    async fn renew(&self, refused: &Secret) -> Result<()> {
        let _turn = self.renewal.lock().await;
        if self.token.borrow().access_token.expose() != refused.expose() {
            return Ok(());
        }
        let token = self.keeper.replace(self.http, refused).await?;
        self.accepted.set(false);
        self.token.replace(token);
        Ok(())
    }
}
