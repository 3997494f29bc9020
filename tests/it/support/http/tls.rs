//! TLS in front of a scripted server: certificates that are made for one test, and a relay that speaks TLS to the client
//! and plain HTTP to the server behind it.

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, date_time_ymd};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, Stream};

use crate::support::http::server::Server;

const DAY: Duration = Duration::from_secs(24 * 3600);

/// A certificate authority that nobody trusts by himself.
pub struct Authority {
    issuer: Issuer<'static, KeyPair>,
    /// Its certificate, for `--ca-file`.
    pub pem: String,
}

/// A certificate with its chain and key.
pub struct Identity {
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
}

impl Authority {
    pub fn new() -> Self {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, "Authority of a test");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().expect("a key");
        let pem = params.self_signed(&key).expect("a certificate").pem();
        Self { issuer: Issuer::new(params, key), pem }
    }

    /// A certificate for `name`, from 30 days ago until `days` from now, which may be in the past.
    pub fn certify(&self, name: &str, days: i32) -> Identity {
        let mut params = CertificateParams::new([name.to_owned()]).expect("a name");
        let now = date_time_ymd(1970, 1, 1) + SystemTime::now().duration_since(UNIX_EPOCH).expect("a clock");
        params.not_before = now - 30 * DAY;
        // An hour more, so that a whole number of days is left however long the test takes.
        let length = days.unsigned_abs() * DAY;
        params.not_after = if days < 0 { now - length } else { now + length + Duration::from_secs(3600) };
        let key = KeyPair::generate().expect("a key");
        let certificate = params.signed_by(&key, &self.issuer).expect("a certificate");
        let key = PrivateKeyDer::try_from(key.serialize_der()).expect("PKCS #8");
        Identity { chain: vec![certificate.into()], key }
    }
}

/// A certificate for this machine that is signed by itself, as `openssl req -x509` makes one where `authority`, and its PEM.
pub fn signed_by_itself(authority: bool) -> (Identity, String) {
    let mut params = CertificateParams::new(["127.0.0.1".to_owned()]).expect("a name");
    if authority {
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    }
    let key = KeyPair::generate().expect("a key");
    let certificate = params.self_signed(&key).expect("a certificate");
    let pem = certificate.pem();
    let key = PrivateKeyDer::try_from(key.serialize_der()).expect("PKCS #8");
    (Identity { chain: vec![certificate.into()], key }, pem)
}

/// A port where TLS is spoken.
pub struct TlsFront {
    address: SocketAddr,
    stopped: Arc<AtomicBool>,
    acceptor: Option<JoinHandle<()>>,
}

impl TlsFront {
    /// Reserves a port, so that what is served can name it.
    pub fn bind() -> TcpListener {
        TcpListener::bind("127.0.0.1:0").expect("a free port on loopback")
    }

    /// Relays connections of `listener` to `server`.
    pub fn start(listener: TcpListener, identity: Identity, server: &Server) -> Self {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("TLS versions")
            .with_no_client_auth()
            .with_single_cert(identity.chain, identity.key)
            .expect("a usable certificate");
        let (address, behind) = (listener.local_addr().expect("an address"), server.port());
        let stopped = Arc::new(AtomicBool::new(false));
        let acceptor = thread::spawn({
            let (config, stopped) = (Arc::new(config), Arc::clone(&stopped));
            move || {
                let mut relays = Vec::new();
                for client in listener.incoming() {
                    if stopped.load(Ordering::SeqCst) {
                        break;
                    }
                    let (config, stopped) = (Arc::clone(&config), Arc::clone(&stopped));
                    let Ok(client) = client else { continue };
                    relays.push(thread::spawn(move || relay(client, config, behind, &stopped)));
                }
                relays.into_iter().for_each(|relay| relay.join().expect("a relay"));
            }
        });
        Self { address, stopped, acceptor: Some(acceptor) }
    }

    /// `https://127.0.0.1:PORT`.
    pub fn url_of(listener: &TcpListener) -> String {
        format!("https://{}", listener.local_addr().expect("an address"))
    }
}

impl Drop for TlsFront {
    fn drop(&mut self) {
        self.stopped.store(true, Ordering::SeqCst);
        drop(TcpStream::connect(self.address));
        drop(self.acceptor.take().map(JoinHandle::join));
    }
}

/// Copies both ways until one side closes. A handshake that fails ends the connection: the client tells why.
fn relay(mut client: TcpStream, config: Arc<ServerConfig>, behind: u16, stopped: &AtomicBool) {
    let Ok(mut server) = TcpStream::connect(("127.0.0.1", behind)) else { return };
    let Ok(mut tls) = ServerConnection::new(config) else { return };
    for socket in [&client, &server] {
        let _ = socket.set_read_timeout(Some(Duration::from_millis(2)));
    }
    let mut outside = Stream::new(&mut tls, &mut client);
    while !stopped.load(Ordering::SeqCst) {
        if !copy(&mut outside, &mut server) || !copy(&mut server, &mut outside) {
            return;
        }
    }
}

/// Copies what is there. Returns whether there may be more.
fn copy(from: &mut impl Read, to: &mut impl Write) -> bool {
    let mut buffer = [0; 16 * 1024];
    match from.read(&mut buffer) {
        Ok(0) => false,
        Ok(len) => to.write_all(&buffer[..len]).and_then(|()| to.flush()).is_ok(),
        Err(error) => matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut),
    }
}
