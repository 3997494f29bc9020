//! One listening socket: accepts connections, reads requests, logs them, sends the answers of a server, and ends connections
//! as an answer says. What is answered is decided by each [`Server`].

use std::convert::Infallible;
use std::error::Error;
use std::future::pending;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use http_body_util::{BodyExt, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsAcceptor;

use super::answer::Answer;
use super::body::{Body, BodyEnd};
use super::request_log::RequestLog;
use crate::certificates::Thumbprint;

/// In bytes; more than any token request or API call needs.
const MAX_REQUEST_BYTES: usize = 256 * 1024;

/// The number of connections so far.
static CONNECTIONS: AtomicU64 = AtomicU64::new(0);

/// The time limit for a TLS handshake.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);

/// Answers requests.
pub(crate) trait Server: Send + Sync + 'static {
    /// The name of the server in the request log.
    const NAME: &'static str;

    /// The answer to one request.
    fn answer(&self, request: &Request<Bytes>) -> impl Future<Output = Answer> + Send;
}

/// What all listeners share.
#[derive(Clone)]
pub(crate) struct ListenerConfig {
    pub(crate) request_log: Arc<RequestLog>,
    /// The delay of every answer.
    pub(crate) latency: Duration,
}

/// Serves `listener` forever, with TLS if `tls` is given.
pub(crate) async fn serve<S: Server>(
    listener: TcpListener,
    tls: Option<TlsAcceptor>,
    server: Arc<S>,
    config: ListenerConfig,
) -> Infallible {
    loop {
        match listener.accept().await {
            Ok((stream, _peer)) => {
                let (server, config) = (Arc::clone(&server), config.clone());
                match tls.clone() {
                    Some(tls) => tokio::spawn(tls_connection(stream, tls, server, config)),
                    None => tokio::spawn(connection(stream, server, config)),
                };
            }
            // Most likely out of file descriptors: try again when some are free.
            Err(_) => sleep(Duration::from_millis(10)).await,
        }
    }
}

/// Serves one connection until either side ends it.
///
/// A handler or a body breaks the connection by failing with an [`BodyEnd`]. hyper then stops without sending anything, and
/// returns the socket.
async fn connection<S: Server>(stream: TcpStream, server: Arc<S>, config: ListenerConfig) {
    // Answers are written at once; Nagle's algorithm would only delay some of them by 40 ms.
    let _ = stream.set_nodelay(true);
    let number = CONNECTIONS.fetch_add(1, Ordering::Relaxed) + 1;
    let service = service_fn(|request| respond(request, None, &*server, &config, number));
    let mut connection = http1::Builder::new().serve_connection(TokioIo::new(stream), service);

    let Err(error) = (&mut connection).await else {
        return;
    };
    let ending = error.source().and_then(|source| source.downcast_ref());
    end(connection.into_parts().io.into_inner(), ending.copied()).await;
}

/// Serves one connection with TLS. Every [`BodyEnd`] closes it: the plain listeners show what else can happen to a
/// connection.
async fn tls_connection<S: Server>(stream: TcpStream, tls: TlsAcceptor, server: Arc<S>, config: ListenerConfig) {
    let _ = stream.set_nodelay(true);
    let number = CONNECTIONS.fetch_add(1, Ordering::Relaxed) + 1;
    let Ok(Ok(stream)) = timeout(HANDSHAKE_TIMEOUT, tls.accept(stream)).await else {
        return;
    };
    let certificate = stream.get_ref().1.peer_certificates().and_then(|chain| chain.first()).map(Thumbprint::of);
    let service = service_fn(|request| respond(request, certificate.as_ref(), &*server, &config, number));
    let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
}

/// Reads the rest of one request and answers it. `certificate` is that of the connection.
async fn respond<S: Server>(
    request: Request<Incoming>,
    certificate: Option<&Thumbprint>,
    server: &S,
    config: &ListenerConfig,
    connection: u64,
) -> Result<Response<Body>, BodyEnd> {
    let (mut head, body) = request.into_parts();
    if let Some(certificate) = certificate {
        head.extensions.insert(certificate.clone());
    }
    let answer = match Limited::new(body, MAX_REQUEST_BYTES).collect().await {
        Ok(body) => {
            let request = Request::from_parts(head.clone(), body.to_bytes());
            server.answer(&request).await
        }
        Err(_) => Answer::empty(StatusCode::PAYLOAD_TOO_LARGE),
    };
    sleep(config.latency).await;

    // Written before the answer is sent, so that a client that has the answer finds the line.
    config.request_log.record((S::NAME, connection), &head.method, head.uri.path(), answer.status());

    match answer.into_result() {
        Err(BodyEnd::Silence) => pending().await,
        result => result,
    }
}

/// Ends a connection that hyper has returned.
async fn end(stream: TcpStream, ending: Option<BodyEnd>) {
    match ending {
        Some(BodyEnd::Garbage) => {
            if stream.writable().await.is_ok() {
                let _ = stream.try_write(b"SSH-2.0-OpenSSH_9.6 this is no HTTP server\r\n");
            }
        }
        Some(BodyEnd::Reset) => {
            let _ = stream.set_zero_linger();
        }
        Some(BodyEnd::Close | BodyEnd::Silence) | None => {}
    }
    drop(stream);
}

#[cfg(test)]
mod tests {
    use std::io::{self, Read, Write};
    use std::net::{self, SocketAddr};

    use tokio::task::spawn_blocking;

    use super::*;

    struct Scripted;

    impl Server for Scripted {
        const NAME: &'static str = "scripted";

        async fn answer(&self, request: &Request<Bytes>) -> Answer {
            match request.uri().path() {
                "/close" => Answer::none(BodyEnd::Close),
                "/garbage" => Answer::none(BodyEnd::Garbage),
                "/reset" => Answer::none(BodyEnd::Reset),
                "/silence" => Answer::none(BodyEnd::Silence),
                "/cut" => Answer::body(StatusCode::OK, Body::cut(b"half", 8)),
                _ => Answer::text(StatusCode::OK, "text/plain", request.body().clone()),
            }
        }
    }

    async fn start() -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let config = ListenerConfig { request_log: Arc::new(RequestLog::disabled()), latency: Duration::ZERO };
        tokio::spawn(serve(listener, None, Arc::new(Scripted), config));
        address
    }

    /// What a client reads until the connection ends, and how it ends.
    async fn exchange(address: SocketAddr, path: &'static str) -> (String, Option<io::ErrorKind>) {
        spawn_blocking(move || {
            let mut stream = net::TcpStream::connect(address).unwrap();
            stream.set_read_timeout(Some(Duration::from_millis(500))).unwrap();
            write!(stream, "POST {path} HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nConnection: close\r\n\r\nbody")
                .unwrap();
            let mut bytes = Vec::new();
            let end = stream.read_to_end(&mut bytes).err().map(|e| e.kind());
            (String::from_utf8(bytes).unwrap(), end)
        })
        .await
        .unwrap()
    }

    #[tokio::test]
    async fn an_ordinary_answer_is_sent_completely() {
        let (text, end) = exchange(start().await, "/").await;
        assert!(text.starts_with("HTTP/1.1 200 OK\r\n"), "{text}");
        assert!(text.ends_with("\r\n\r\nbody"), "{text}");
        assert_eq!(end, None);
    }

    #[tokio::test]
    async fn connections_end_as_the_answer_says() {
        let address = start().await;
        for (path, text, end) in [
            ("/close", "", None),
            ("/reset", "", Some(io::ErrorKind::ConnectionReset)),
            ("/silence", "", Some(io::ErrorKind::WouldBlock)),
            ("/garbage", "SSH-2.0-OpenSSH_9.6 this is no HTTP server\r\n", None),
        ] {
            assert_eq!(exchange(address, path).await, (text.to_owned(), end), "{path}");
        }
    }

    #[tokio::test]
    async fn a_cut_body_announces_more_than_it_sends() {
        let (text, end) = exchange(start().await, "/cut").await;
        assert!(text.contains("content-length: 8\r\n"), "{text}");
        assert!(text.ends_with("\r\n\r\nhalf"), "{text}");
        assert_eq!(end, Some(io::ErrorKind::ConnectionReset));
    }
}
