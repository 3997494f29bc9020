//! A scripted HTTP/1.1 server on loopback, over plain sockets, so that a test decides about every byte and every pause.
//!
//! It records the requests, and stops when it is dropped. A handler that panics, and a request after the end of a script,
//! fail the test.

use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use crate::support::http::reply::{End, Reply};
use crate::support::http::request::Request;

/// No connection lives longer, whatever the client does.
const LIMIT: Duration = Duration::from_secs(60);

/// A running server.
pub struct Server {
    address: SocketAddr,
    shared: Arc<Shared>,
    acceptor: Option<JoinHandle<()>>,
}

type Handler = Box<dyn Fn(&Request) -> Reply + Send + Sync>;

struct Shared {
    handler: Handler,
    /// Sent as soon as a client connects, before any request; then the connection is closed.
    greeting: Option<Vec<u8>>,
    started: Instant,
    connections: AtomicUsize,
    requests: Mutex<Vec<Request>>,
    faults: Mutex<Vec<String>>,
    /// Clones of the sockets, to wake their threads at the end.
    open: Mutex<Vec<TcpStream>>,
    stopped: Mutex<bool>,
    stopping: Condvar,
}

impl Server {
    /// Answers each request with what `handler` says.
    pub fn start(handler: impl Fn(&Request) -> Reply + Send + Sync + 'static) -> Self {
        Self::listen(Box::new(handler), None)
    }

    /// Answers every request with the same reply.
    pub fn always(reply: Reply) -> Self {
        Self::start(move |_| reply.clone())
    }

    /// Answers the first request with the first reply, and so on; one request more fails the test.
    pub fn script(replies: impl IntoIterator<Item = Reply>) -> Self {
        let replies: Vec<_> = replies.into_iter().collect();
        let next = AtomicUsize::new(0);
        Self::start(move |request| {
            let reply = replies.get(next.fetch_add(1, Ordering::SeqCst)).cloned();
            reply.unwrap_or_else(|| panic!("a request too many: {}", request.line()))
        })
    }

    /// Expects no request at all; one fails the test.
    pub fn untouched() -> Self {
        Self::script([])
    }

    /// Sends `bytes` to every client that connects, without waiting for a request, and closes.
    pub fn greeting(bytes: &[u8]) -> Self {
        Self::listen(Box::new(|_| Reply::closed()), Some(bytes.to_vec()))
    }

    fn listen(handler: Handler, greeting: Option<Vec<u8>>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port on loopback");
        let address = listener.local_addr().expect("its address");
        let shared = Arc::new(Shared {
            handler,
            greeting,
            started: Instant::now(),
            connections: AtomicUsize::new(0),
            requests: Mutex::default(),
            faults: Mutex::default(),
            open: Mutex::default(),
            stopped: Mutex::new(false),
            stopping: Condvar::new(),
        });
        let acceptor = thread::spawn({
            let shared = Arc::clone(&shared);
            move || shared.accept(&listener)
        });
        Self { address, shared, acceptor: Some(acceptor) }
    }

    /// `http://127.0.0.1:PORT`, followed by `path`.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// The requests so far, in order of arrival.
    pub fn requests(&self) -> Vec<Request> {
        lock(&self.shared.requests).clone()
    }

    /// The only request. Panics when there were none or several.
    pub fn only_request(&self) -> Request {
        let mut requests = self.requests();
        assert_eq!(requests.len(), 1, "one request: {:?}", self.lines());
        requests.remove(0)
    }

    /// Method and target of each request so far.
    pub fn lines(&self) -> Vec<String> {
        self.requests().iter().map(Request::line).collect()
    }

    /// How many connections were accepted so far.
    pub fn connections(&self) -> usize {
        self.shared.connections.load(Ordering::SeqCst)
    }

    /// Waits until a request has come. Panics when none does within ten seconds.
    pub fn wait_for_request(&self) {
        let start = Instant::now();
        while self.requests().is_empty() {
            assert!(start.elapsed() < Duration::from_secs(10), "no request came");
            thread::sleep(Duration::from_millis(2));
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        *lock(&self.shared.stopped) = true;
        self.shared.stopping.notify_all();
        // Wakes the acceptor, then every thread that waits for a client.
        drop(TcpStream::connect(self.address));
        for stream in lock(&self.shared.open).drain(..) {
            let _ = stream.shutdown(Shutdown::Both);
        }
        let joined = self.acceptor.take().map(JoinHandle::join);
        if !thread::panicking() {
            assert!(joined.is_some_and(|result| result.is_ok()), "the server's own thread failed");
            let faults = lock(&self.shared.faults);
            assert!(faults.is_empty(), "the server saw: {faults:#?}");
        }
    }
}

impl Shared {
    fn accept(self: Arc<Self>, listener: &TcpListener) {
        let mut workers = Vec::new();
        for stream in listener.incoming() {
            if *lock(&self.stopped) {
                break;
            }
            let Ok(stream) = stream else { continue };
            self.connections.fetch_add(1, Ordering::SeqCst);
            lock(&self.open).extend(stream.try_clone());
            let shared = Arc::clone(&self);
            workers.push(thread::spawn(move || shared.converse(stream)));
        }
        // Connections accepted after the sockets were shut down are shut down here.
        for stream in lock(&self.open).drain(..) {
            let _ = stream.shutdown(Shutdown::Both);
        }
        for worker in workers {
            if worker.join().is_err() {
                lock(&self.faults).push("a connection's thread failed".to_owned());
            }
        }
    }

    /// Serves one connection; a client that goes away ends it.
    fn converse(&self, mut stream: TcpStream) {
        let _ = stream.set_nodelay(true);
        let _ = stream.set_read_timeout(Some(LIMIT));
        if let Some(greeting) = &self.greeting {
            let _ = stream.write_all(greeting);
        } else {
            let mut end = Ok(End::KeepAlive);
            while let Ok(End::KeepAlive) = end {
                end = self.exchange(&mut stream);
            }
            if let Ok(End::Reset) = end {
                // A byte of the request is still unread, so closing the last handle resets the connection.
                let peer = stream.peer_addr().ok();
                lock(&self.open).retain(|other| other.peer_addr().ok() != peer);
                return;
            }
        }
        // A clone of this socket is still held elsewhere: dropping it would not close it.
        let _ = stream.shutdown(Shutdown::Both);
    }

    /// Reads a request and answers it. Returns what is to become of the connection.
    fn exchange(&self, stream: &mut TcpStream) -> io::Result<End> {
        let Some(mut request) = read_request(stream)? else {
            return Ok(End::Close);
        };
        request.at = self.started.elapsed();
        lock(&self.requests).push(request.clone());
        let reply = match catch_unwind(AssertUnwindSafe(|| (self.handler)(&request))) {
            Ok(reply) => reply,
            Err(payload) => {
                let words = payload.downcast_ref::<String>().cloned();
                lock(&self.faults).push(words.unwrap_or_else(|| format!("a handler panicked at {}", request.line())));
                return Ok(End::Close);
            }
        };
        if reply.end != End::Reset {
            stream.read_exact(&mut [0])?;
        }
        self.send(stream, &reply)?;
        self.pause(match reply.end {
            End::Hang => LIMIT,
            // Lets the client read what was sent.
            End::Reset => Duration::from_millis(50),
            End::Close | End::KeepAlive => Duration::ZERO,
        });
        Ok(reply.end)
    }

    fn send(&self, stream: &mut TcpStream, reply: &Reply) -> io::Result<()> {
        self.pause(reply.delay);
        let (head, body) = reply.wire();
        match reply.drip {
            None => stream.write_all(&[head, body].concat())?,
            Some(pause) => {
                stream.write_all(&head)?;
                let bytes = body.into_iter().map(|byte| (pause, vec![byte]));
                self.send_later(stream, bytes)?;
            }
        }
        self.send_later(stream, reply.later.iter().cloned())
    }

    /// Sends each part after its pause, until the server stops.
    fn send_later(&self, stream: &mut TcpStream, parts: impl Iterator<Item = (Duration, Vec<u8>)>) -> io::Result<()> {
        for (pause, bytes) in parts {
            if self.pause(pause) {
                break;
            }
            stream.write_all(&bytes)?;
        }
        Ok(())
    }

    /// Waits, less when the server stops. Returns whether it has stopped.
    fn pause(&self, time: Duration) -> bool {
        let stopped = lock(&self.stopped);
        let (stopped, _) = self
            .stopping
            .wait_timeout_while(stopped, time, |stopped| !*stopped)
            .unwrap_or_else(PoisonError::into_inner);
        *stopped
    }
}

/// Reads a request, all but its last byte, which stays in the socket. Returns nothing when the client has gone.
fn read_request(stream: &mut TcpStream) -> io::Result<Option<Request>> {
    let mut taken = Vec::new();
    let mut buffer = vec![0; 64 * 1024];
    loop {
        let seen = stream.peek(&mut buffer)?;
        if seen == 0 {
            return Ok(None);
        }
        let so_far = [&taken, &buffer[..seen]].concat();
        let request = Request::parse(&so_far);
        let take = request.as_ref().map_or(seen, |(_, len)| len - taken.len() - 1);
        stream.read_exact(&mut buffer[..take])?;
        if let Some((request, _)) = request {
            return Ok(Some(request));
        }
        taken = so_far;
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
