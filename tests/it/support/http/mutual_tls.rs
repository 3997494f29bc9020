//! A TLS server that asks clients for a certificate, in front of a scripted server, with certificates made for one test.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig, ServerConnection, StreamOwned};

use crate::support::binary::command::Cli;
use crate::support::http::server::Server;

/// How long either side may be silent before the relay looks at the other.
const TURN: Duration = Duration::from_millis(2);

/// A certificate authority that nobody trusts by himself.
pub struct Authority {
    issuer: Issuer<'static, KeyPair>,
    /// Its certificate, for `--ca-file`.
    pub pem: String,
}

/// A certificate and its key, both in PEM.
pub struct Certificate {
    pub pem: String,
    pub key: String,
    /// SHA-256 of the certificate, in base64url (RFC 8705 section 3.1).
    pub thumbprint: String,
}

impl Authority {
    pub fn named(name: &str) -> Self {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().expect("a key");
        let pem = params.self_signed(&key).expect("a certificate").pem();
        Self { issuer: Issuer::new(params, key), pem }
    }

    /// A certificate for `name`.
    pub fn certify(&self, name: &str) -> Certificate {
        let params = CertificateParams::new([name.to_owned()]).expect("a name");
        let key = KeyPair::generate().expect("a key");
        let certificate = params.signed_by(&key, &self.issuer).expect("a certificate");
        let digest = ring::digest::digest(&ring::digest::SHA256, certificate.der());
        Certificate { pem: certificate.pem(), key: key.serialize_pem(), thumbprint: URL_SAFE_NO_PAD.encode(digest) }
    }
}

impl Certificate {
    /// Hands certificate and key to `cli`, and registers every line of the key with its tripwire.
    pub fn given(&self, cli: Cli) -> Cli {
        let cli = cli.file("client.pem", &self.pem).file("client.key", &self.key);
        self.watched(cli).path_arg("--client-cert", "client.pem").path_arg("--client-key", "client.key")
    }

    /// Registers every line of the key with the tripwire of `cli`.
    pub fn watched(&self, cli: Cli) -> Cli {
        let lines = self.key.lines().filter(|line| !line.starts_with('-'));
        lines.fold(cli, |cli, line| cli.secret("a line of the key", line))
    }
}

/// Whether a client must show a certificate.
#[derive(Clone, Copy, PartialEq)]
pub enum Clients {
    May,
    Must,
}

/// A port where mutual TLS is spoken.
pub struct MutualTls {
    address: SocketAddr,
    stopped: Arc<AtomicBool>,
    shown: Arc<Mutex<Vec<Option<String>>>>,
    acceptor: Option<JoinHandle<()>>,
}

impl MutualTls {
    /// Speaks TLS as 127.0.0.1 by a certificate of `authority`, asks for one of the same authority, and relays what comes to
    /// `server`.
    pub fn start(authority: &Authority, clients: Clients, server: &Server) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port on loopback");
        let address = listener.local_addr().expect("an address");
        let config = Arc::new(config(authority, clients));
        let (stopped, shown) = (Arc::new(AtomicBool::new(false)), Arc::new(Mutex::default()));
        let acceptor = thread::spawn({
            let (stopped, shown, behind) = (Arc::clone(&stopped), Arc::clone(&shown), server.port());
            move || {
                let mut relays = Vec::new();
                for client in listener.incoming().flatten() {
                    if stopped.load(Ordering::SeqCst) {
                        break;
                    }
                    let (config, stopped, shown) = (Arc::clone(&config), Arc::clone(&stopped), Arc::clone(&shown));
                    relays.push(thread::spawn(move || relay(client, config, behind, &stopped, &shown)));
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

    /// The thumbprint of the certificate that each connection has shown, in their order.
    pub fn shown(&self) -> Vec<Option<String>> {
        self.shown.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Drop for MutualTls {
    fn drop(&mut self) {
        self.stopped.store(true, Ordering::SeqCst);
        drop(TcpStream::connect(self.address));
        drop(self.acceptor.take().map(JoinHandle::join));
    }
}

fn config(authority: &Authority, clients: Clients) -> ServerConfig {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(authority.pem.as_bytes()).expect("PEM")).expect("an authority");
    let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider));
    let verifier = if clients == Clients::May { verifier.allow_unauthenticated() } else { verifier };
    let own = authority.certify("127.0.0.1");
    let chain = vec![CertificateDer::from_pem_slice(own.pem.as_bytes()).expect("PEM")];
    let key = PrivateKeyDer::from_pem_slice(own.key.as_bytes()).expect("PEM");
    ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("TLS versions")
        .with_client_cert_verifier(verifier.build().expect("a verifier"))
        .with_single_cert(chain, key)
        .expect("a usable certificate")
}

/// Copies both ways until one side closes. A handshake that fails tells the client why, and is not relayed.
fn relay(
    mut client: TcpStream,
    config: Arc<ServerConfig>,
    behind: u16,
    stopped: &AtomicBool,
    shown: &Mutex<Vec<Option<String>>>,
) {
    let _ = client.set_read_timeout(Some(Duration::from_secs(10)));
    let mut tls = ServerConnection::new(config).expect("a connection");
    while tls.is_handshaking() {
        if tls.complete_io(&mut client).is_err() {
            while tls.wants_write() && tls.write_tls(&mut client).is_ok() {}
            // Reads on, since a socket that is closed with bytes unread resets the connection, and the alert is lost.
            let _ = client.shutdown(Shutdown::Write);
            let _ = client.set_read_timeout(Some(Duration::from_secs(1)));
            let _ = client.read_to_end(&mut Vec::new());
            return;
        }
    }
    let certificate = tls.peer_certificates().and_then(|chain| chain.first());
    let digest = certificate.map(|one| ring::digest::digest(&ring::digest::SHA256, one));
    shown.lock().unwrap_or_else(PoisonError::into_inner).push(digest.map(|digest| URL_SAFE_NO_PAD.encode(digest)));
    let Ok(mut server) = TcpStream::connect(("127.0.0.1", behind)) else { return };
    for socket in [&client, &server] {
        let _ = socket.set_read_timeout(Some(TURN));
    }
    let mut outside = StreamOwned::new(tls, client);
    while !stopped.load(Ordering::SeqCst) {
        if !copy(&mut outside, &mut server) || !copy(&mut server, &mut outside) {
            return;
        }
    }
}

/// Copies what is there. Returns whether there may be more.
fn copy(from: &mut impl Read, to: &mut impl Write) -> bool {
    use std::io::ErrorKind::{TimedOut, WouldBlock};
    let mut buffer = [0; 16 * 1024];
    match from.read(&mut buffer) {
        Ok(0) => false,
        Ok(len) => to.write_all(&buffer[..len]).and_then(|()| to.flush()).is_ok(),
        Err(error) => matches!(error.kind(), WouldBlock | TimedOut),
    }
}
