//! The servers that m2m is measured against: an authorization server and a participant API, TLS on loopback, each with its
//! own address. They do as little as possible, count connections and requests, and run on one thread.

use std::convert::Infallible;
use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use anyhow::{Error, Result};
use http_body_util::{BodyExt as _, Full};
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode, header};
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;

/// The size of an access token, in bytes.
const TOKEN_SIZE: usize = 1400;
/// The size of a participant, in bytes.
const PARTICIPANT_SIZE: usize = 943;

/// Counts connections and requests.
#[derive(Default)]
pub(crate) struct Counters {
    connections: AtomicU64,
    metadata: AtomicU64,
    tokens: AtomicU64,
    lookups: AtomicU64,
}

/// The counters at one moment.
#[derive(Clone, Copy, Default)]
pub(crate) struct Counts {
    pub(crate) connections: u64,
    pub(crate) metadata: u64,
    pub(crate) tokens: u64,
    pub(crate) lookups: u64,
}

impl Counts {
    pub(crate) fn since(self, before: Self) -> Self {
        Self {
            connections: self.connections - before.connections,
            metadata: self.metadata - before.metadata,
            tokens: self.tokens - before.tokens,
            lookups: self.lookups - before.lookups,
        }
    }

    pub(crate) fn requests(self) -> u64 {
        self.metadata + self.tokens + self.lookups
    }
}

/// Both servers. They end with the process.
pub(crate) struct Servers {
    pub(crate) identity: SocketAddr,
    pub(crate) api: SocketAddr,
    counters: Arc<Counters>,
}

impl Servers {
    /// Starts both, and writes the authority that signed their certificate to `ca_file`.
    pub(crate) fn start(ca_file: &Path) -> Result<Self> {
        let acceptor = TlsAcceptor::from(Arc::new(server_config(ca_file)?));
        let counters = Arc::new(Counters::default());
        let listeners = [TcpListener::bind("127.0.0.1:0")?, TcpListener::bind("127.0.0.1:0")?];
        let [identity, api] = [listeners[0].local_addr()?, listeners[1].local_addr()?];
        let shared = counters.clone();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build()?;
        thread::spawn(move || {
            runtime.block_on(async {
                let [identity, api] = listeners.map(|listener| accept(listener, acceptor.clone(), shared.clone()));
                tokio::spawn(identity);
                api.await;
            });
        });
        Ok(Self { identity, api, counters })
    }

    pub(crate) fn counts(&self) -> Counts {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Counts {
            connections: read(&self.counters.connections),
            metadata: read(&self.counters.metadata),
            tokens: read(&self.counters.tokens),
            lookups: read(&self.counters.lookups),
        }
    }
}

/// A certificate for `localhost` and 127.0.0.1, signed by a new authority.
fn server_config(ca_file: &Path) -> Result<ServerConfig> {
    let mut authority = CertificateParams::new(Vec::new())?;
    authority.distinguished_name.push(DnType::CommonName, "m2m benchmarks");
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority_key = KeyPair::generate()?;
    std::fs::write(ca_file, authority.self_signed(&authority_key)?.pem())?;
    let issuer = Issuer::new(authority, authority_key);
    let key = KeyPair::generate()?;
    let leaf = CertificateParams::new(["localhost".to_owned(), "127.0.0.1".to_owned()])?.signed_by(&key, &issuer)?;
    let key = PrivateKeyDer::try_from(key.serialize_der()).map_err(Error::msg)?;
    let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(vec![leaf.der().clone()], key)?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(config)
}

async fn accept(listener: TcpListener, acceptor: TlsAcceptor, counters: Arc<Counters>) {
    let listener = listener.set_nonblocking(true).and_then(|()| tokio::net::TcpListener::from_std(listener));
    let Ok(listener) = listener else { return };
    while let Ok((stream, _)) = listener.accept().await {
        let (acceptor, counters) = (acceptor.clone(), counters.clone());
        tokio::spawn(async move {
            let _ = stream.set_nodelay(true);
            let Ok(stream) = acceptor.accept(stream).await else { return };
            counters.connections.fetch_add(1, Ordering::Relaxed);
            let service = service_fn(move |request| answer(request, counters.clone()));
            let _ = auto::Builder::new(TokioExecutor::new()).serve_connection(TokioIo::new(stream), service).await;
        });
    }
}

async fn answer(request: Request<Incoming>, counters: Arc<Counters>) -> Result<Response<Full<Bytes>>, Infallible> {
    let count = |counter: &AtomicU64| counter.fetch_add(1, Ordering::Relaxed);
    let (status, body) = match request.uri().path() {
        "/.well-known/openid-configuration" => {
            count(&counters.metadata);
            (StatusCode::OK, metadata(&authority(&request)))
        }
        "/oauth2/token" => {
            count(&counters.tokens);
            let _ = request.into_body().collect().await;
            (StatusCode::OK, token_response())
        }
        "/v1/participants" => {
            count(&counters.lookups);
            match request.headers().get(header::AUTHORIZATION).map(|value| value.as_bytes()) {
                Some(value) if value.starts_with(b"Bearer ") => (StatusCode::OK, format!("[{}]", participant())),
                _ => (StatusCode::UNAUTHORIZED, String::new()),
            }
        }
        _ => (StatusCode::NOT_FOUND, String::new()),
    };
    let mut response = Response::new(Full::new(Bytes::from(body)));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, header::HeaderValue::from_static("application/json"));
    Ok(response)
}

/// The host and port of the request: those of a relay, if it came through one.
fn authority(request: &Request<Incoming>) -> String {
    let named = request.uri().authority().map(|authority| authority.as_str());
    let host = || request.headers().get(header::HOST).and_then(|host| host.to_str().ok());
    named.or_else(host).unwrap_or_default().to_owned()
}

fn metadata(authority: &str) -> String {
    format!(
        r#"{{"issuer":"https://{authority}","token_endpoint":"https://{authority}/oauth2/token","jwks_uri":"https://{authority}/jwks","grant_types_supported":["client_credentials"],"token_endpoint_auth_methods_supported":["client_secret_basic"]}}"#
    )
}

fn token_response() -> String {
    format!(r#"{{"access_token":"{}","expires_in":3600,"token_type":"Bearer"}}"#, access_token())
}

/// Has the format of a JWT, and the size of a token of Cognito with a few scopes.
pub(crate) fn access_token() -> String {
    let (header, signature) = ("a".repeat(112), "s".repeat(342));
    let claims = "c".repeat(TOKEN_SIZE - header.len() - signature.len() - 2);
    format!("{header}.{claims}.{signature}")
}

fn participant() -> String {
    let start = r#"{"id":1234567,"name":"Ana Souza","username":"ana.souza","documentNumber":"52998224725","status":"Active","segment":{"id":7,"name":"Gold","catalogId":31,"campaignId":12,"clientId":40499},"emails":[{"email":"ana.souza@example.com","type":"Personal"}],"pointsFactor":1.50,"address":{"reference":""#;
    let end = r#""}}"#;
    format!("{start}{}{end}", "x".repeat(PARTICIPANT_SIZE - start.len() - end.len()))
}
