//! The HTTP clients of one invocation with their connections: made when something is to be sent, not before. Owns which
//! authorities, identity and proxy a connection has; refuses to know what is sent over it.

use std::cell::{OnceCell, RefCell};
use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use reqwest::header::{HeaderMap, HeaderValue, USER_AGENT};
use reqwest::{Client, ClientBuilder, redirect};
use rustls::ClientConfig;

use crate::http::preconnect::PreconnectedConnection;
use crate::http::proxy;
use crate::http::proxy::ProxyInUse;
use crate::http::tls::certificate_file::CaFile;
use crate::http::tls::client_config;
use crate::http::tls::client_config::Identity;
use crate::http::tls::expiry_observer::ExpiryObservations;
use crate::http::tls::handshake_limit::HandshakeLimit;
use crate::http::tls::trust::Trust;
use crate::platform::error::{Error, ErrorKind, Result};
use crate::platform::host::Host;
use crate::platform::url::{Origin, Url};

/// How to reach servers, from the settings.
pub struct Options {
    /// Over everything the command does.
    pub timeout: Duration,
    /// Over one connection attempt. Half of it is for TLS.
    pub connect_timeout: Duration,
    /// How many attempts may follow the first.
    pub retries: u32,
    /// Authorities to trust beside the system's.
    pub ca_file: Option<CaFile>,
    /// The `proxy` setting and its origin.
    pub proxy: Option<(String, String)>,
    /// Where to tell of certificates that end soon.
    pub observations: Option<Arc<ExpiryObservations>>,
}

/// A client for each way to connect.
pub(super) struct ConnectionPool {
    options: Options,
    pub(super) identity: OnceCell<Identity>,
    trust: OnceCell<Arc<Trust>>,
    secure_tls: OnceCell<ClientConfig>,
    pub(super) proxy_in_use: OnceCell<ProxyInUse>,
    warmed: OnceCell<(Origin, Client)>,
    plain: OnceCell<Client>,
    secure: OnceCell<Client>,
    /// For servers that refuse HTTP/2 after they have taken it.
    http1: OnceCell<Client>,
    requires_http1: RefCell<HashSet<Origin>>,
}

impl ConnectionPool {
    pub(super) fn new(options: Options) -> Self {
        Self {
            options,
            identity: OnceCell::new(),
            trust: OnceCell::new(),
            secure_tls: OnceCell::new(),
            proxy_in_use: OnceCell::new(),
            warmed: OnceCell::new(),
            plain: OnceCell::new(),
            secure: OnceCell::new(),
            http1: OnceCell::new(),
            requires_http1: RefCell::default(),
        }
    }

    /// Opens a connection to this host in the background, for the first request to it. What goes wrong is left for that
    /// request to find out.
    pub(super) fn preconnect(&self, host: &Host, url: &Url) {
        let kept = PreconnectedConnection::default();
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
    pub(super) fn client(&self, host: &Host, url: &Url) -> Result<&Client> {
        if self.requires_http1.borrow().contains(&url.origin()) {
            if let Some(client) = self.http1.get() {
                return Ok(client);
            }
            let mut tls = self.tls(host, true)?;
            tls.alpn_protocols = vec![b"http/1.1".to_vec()];
            let client = self.build(host, true, |builder| builder.http1_only().tls_backend_preconfigured(tls))?;
            return Ok(self.http1.get_or_init(|| client));
        }
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

    /// Has requests to this server go over HTTP/1.1 from now on. Returns whether that is new.
    pub(super) fn require_http1(&self, url: &Url) -> bool {
        url.scheme() == "https" && self.requires_http1.borrow_mut().insert(url.origin())
    }

    /// A client for this scheme. Plain http reaches loopback only, so it needs neither roots, which take milliseconds
    /// to load, nor a proxy.
    fn build(&self, host: &Host, secure: bool, layered: impl FnOnce(ClientBuilder) -> ClientBuilder) -> Result<Client> {
        let mut builder = Client::builder()
            .tls_backend_preconfigured(self.tls(host, secure)?)
            .redirect(redirect::Policy::none())
            .retry(reqwest::retry::never())
            .referer(false)
            // As curl and browsers write them: some servers and proxies compare names by case, against RFC 9110.
            .http1_title_case_headers()
            .no_proxy()
            .connect_timeout(self.options.connect_timeout)
            .connector_layer(HandshakeLimit(self.options.connect_timeout / 2))
            .default_headers(HeaderMap::from_iter([(
                USER_AGENT,
                HeaderValue::from_static(concat!("m2m/", env!("CARGO_PKG_VERSION"))),
            )]));
        let configured = self.options.proxy.as_ref().map(|(url, origin)| (url.as_str(), origin.clone()));
        if secure && let Some((proxy, proxy_in_use)) = proxy::choose(host, configured)? {
            host.ui.verbose(|| format!("https goes through the proxy {}", proxy_in_use.description));
            builder = builder.proxy(proxy);
            let _ = self.proxy_in_use.set(proxy_in_use);
        }
        layered(builder)
            .build()
            .map_err(|e| Error::new(ErrorKind::Internal, "cannot set up the HTTP client").caused_by(e))
    }

    /// Who is trusted, once that is known.
    pub(super) fn trust(&self) -> Option<&Trust> {
        self.trust.get().map(Arc::as_ref)
    }

    /// The TLS settings; with authorities, which are loaded once, for https alone.
    fn tls(&self, host: &Host, secure: bool) -> Result<ClientConfig> {
        let make = |trust| client_config::client_config(trust, self.options.observations.as_ref(), self.identity.get());
        if !secure {
            return make(None);
        }
        if let Some(config) = self.secure_tls.get() {
            return Ok(config.clone());
        }
        let loaded = Arc::new(Trust::load(host, self.options.ca_file.as_ref())?);
        let config = make(Some(self.trust.get_or_init(|| loaded)))?;
        Ok(self.secure_tls.get_or_init(|| config).clone())
    }
}
