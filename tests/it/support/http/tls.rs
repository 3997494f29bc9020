//! TLS in front of a scripted server: a relay that speaks TLS to the client, with or without client certificates, and plain
//! HTTP to the server behind it.

use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::server::danger::ClientCertVerifier;
use rustls::{RootCertStore, ServerConfig, ServerConnection, StreamOwned};

use super::certificates::{Authority, Certificate, thumbprint};
use super::http2::{self, Refusal};
use super::server::Server;

/// How long the relay waits for one side before it looks at the other.
const POLL_INTERVAL: Duration = Duration::from_millis(2);

/// What a server that asks clients for a certificate does without one.
#[derive(Clone, Copy, PartialEq)]
pub enum ClientCertificate {
    Optional,
    Required,
}

/// The name of HTTP/2 in the handshake (ALPN).
const HTTP2: &[u8] = b"h2";

/// What is done with requests over HTTP/2.
struct Http2 {
    refusal: Refusal,
    /// How many are still refused.
    left: AtomicUsize,
}

/// The thumbprint of the client certificate of each connection, in order.
type Shown = Arc<Mutex<Vec<Option<String>>>>;

/// A port that speaks TLS.
pub struct TlsFront {
    address: SocketAddr,
    stopped: Arc<AtomicBool>,
    shown: Shown,
    acceptor: Option<JoinHandle<()>>,
}

impl TlsFront {
    /// Reserves a port, so that what is served can name it.
    pub fn bind() -> TcpListener {
        TcpListener::bind("127.0.0.1:0").expect("a free port on loopback")
    }

    /// `https://127.0.0.1:PORT`.
    pub fn url_of(listener: &TcpListener) -> String {
        format!("https://{}", listener.local_addr().expect("an address"))
    }

    /// Relays connections of `listener` to `server`, without client certificates.
    pub fn start(listener: TcpListener, certificate: &Certificate, server: &Server) -> Self {
        Self::with_verifier(listener, certificate, WebPkiClientVerifier::no_client_auth(), server)
    }

    /// Speaks TLS as 127.0.0.1 by a certificate of `authority`, asks for one of the same authority, and relays to `server`.
    pub fn mutual(authority: &Authority, clients: ClientCertificate, server: &Server) -> Self {
        Self::with_verifier(Self::bind(), &authority.certify("127.0.0.1"), verifier(authority, clients), server)
    }

    /// Speaks HTTP/2 with clients that offer it, and refuses that many requests over it; relays all others to `server`.
    pub fn with_http2(certificate: &Certificate, refusal: Refusal, refusals: usize, server: &Server) -> Self {
        let mut config = config(certificate, WebPkiClientVerifier::no_client_auth());
        config.alpn_protocols = vec![HTTP2.to_vec(), b"http/1.1".to_vec()];
        Self::relaying(Self::bind(), config, Http2 { refusal, left: AtomicUsize::new(refusals) }, server)
    }

    fn with_verifier(
        listener: TcpListener,
        certificate: &Certificate,
        verifier: Arc<dyn ClientCertVerifier>,
        server: &Server,
    ) -> Self {
        let unused = Http2 { refusal: Refusal::Unprocessed, left: AtomicUsize::new(0) };
        Self::relaying(listener, config(certificate, verifier), unused, server)
    }

    fn relaying(listener: TcpListener, config: ServerConfig, http2: Http2, server: &Server) -> Self {
        let (config, http2) = (Arc::new(config), Arc::new(http2));
        let (address, upstream) = (listener.local_addr().expect("an address"), server.port());
        let (stopped, shown) = (Arc::new(AtomicBool::new(false)), Shown::default());
        let acceptor = thread::spawn({
            let (stopped, shown) = (Arc::clone(&stopped), Arc::clone(&shown));
            move || {
                let mut relays = Vec::new();
                for client in listener.incoming().flatten() {
                    if stopped.load(Ordering::SeqCst) {
                        break;
                    }
                    let (config, stopped, shown) = (Arc::clone(&config), Arc::clone(&stopped), Arc::clone(&shown));
                    let http2 = Arc::clone(&http2);
                    relays.push(thread::spawn(move || relay(client, config, &http2, upstream, &stopped, &shown)));
                }
                relays.into_iter().for_each(|relay| relay.join().expect("a relay"));
            }
        });
        Self { address, stopped, shown, acceptor: Some(acceptor) }
    }

    /// `https://127.0.0.1:PORT`, followed by `path`.
    pub fn url(&self, path: &str) -> String {
        format!("https://{}{path}", self.address)
    }

    /// The thumbprint of the certificate that each connection has shown, in order.
    pub fn shown(&self) -> Vec<Option<String>> {
        self.shown.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Drop for TlsFront {
    fn drop(&mut self) {
        self.stopped.store(true, Ordering::SeqCst);
        drop(TcpStream::connect(self.address));
        drop(self.acceptor.take().map(JoinHandle::join));
    }
}

fn verifier(authority: &Authority, clients: ClientCertificate) -> Arc<dyn ClientCertVerifier> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(authority.pem.as_bytes()).expect("PEM")).expect("an authority");
    let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::new(ring::default_provider()));
    let verifier = if clients == ClientCertificate::Optional { verifier.allow_unauthenticated() } else { verifier };
    verifier.build().expect("a verifier")
}

fn config(certificate: &Certificate, verifier: Arc<dyn ClientCertVerifier>) -> ServerConfig {
    let chain = CertificateDer::pem_slice_iter(certificate.pem.as_bytes()).map(|one| one.expect("PEM")).collect();
    let key = PrivateKeyDer::from_pem_slice(certificate.key.as_bytes()).expect("PEM");
    ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("TLS versions")
        .with_client_cert_verifier(verifier)
        .with_single_cert(chain, key)
        .expect("a usable certificate")
}

/// Copies both ways until one side closes. A handshake that fails tells the client why, and is not relayed.
fn relay(
    mut client: TcpStream,
    config: Arc<ServerConfig>,
    http2: &Http2,
    upstream: u16,
    stopped: &AtomicBool,
    shown: &Mutex<Vec<Option<String>>>,
) {
    let _ = client.set_read_timeout(Some(Duration::from_secs(10)));
    let mut tls = ServerConnection::new(config).expect("a connection");
    while tls.is_handshaking() {
        if tls.complete_io(&mut client).is_err() {
            while tls.wants_write() && tls.write_tls(&mut client).is_ok() {}
            // Reads on: closing a socket with unread bytes resets the connection, and the client would not see the alert.
            let _ = client.shutdown(Shutdown::Write);
            let _ = client.set_read_timeout(Some(Duration::from_secs(1)));
            let _ = client.read_to_end(&mut Vec::new());
            return;
        }
    }
    let certificate = tls.peer_certificates().and_then(|chain| chain.first());
    let thumbprint = certificate.map(|certificate| thumbprint(certificate));
    shown.lock().unwrap_or_else(PoisonError::into_inner).push(thumbprint);
    if tls.alpn_protocol() == Some(HTTP2) {
        // Ends with the client's connection.
        let _ = http2::serve(&mut StreamOwned::new(tls, client), http2.refusal, &http2.left);
        return;
    }
    let Ok(mut server) = TcpStream::connect(("127.0.0.1", upstream)) else { return };
    for socket in [&client, &server] {
        let _ = socket.set_read_timeout(Some(POLL_INTERVAL));
    }
    let mut tls = StreamOwned::new(tls, client);
    while !stopped.load(Ordering::SeqCst) {
        if !copy(&mut tls, &mut server) || !copy(&mut server, &mut tls) {
            return;
        }
    }
}

/// Copies what is there. Returns whether more may come.
fn copy(from: &mut impl Read, to: &mut impl Write) -> bool {
    let mut buffer = [0; 16 * 1024];
    match from.read(&mut buffer) {
        Ok(0) => false,
        Ok(len) => to.write_all(&buffer[..len]).and_then(|()| to.flush()).is_ok(),
        Err(error) => matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut),
    }
}
