//! A network with a round-trip time, without root: a relay on loopback that delays every byte by half of it in each direction.
//!
//! The kernel accepts a connection on loopback at once, so the round trip of a real handshake is added to the first bytes of
//! the client: they count as sent only when the connection is one round trip old.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::Result;

/// Starts a relay to `target`; it ends with the process.
pub(crate) fn start(target: SocketAddr, round_trip: Duration) -> Result<SocketAddr> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?;
    thread::spawn(move || {
        for client in listener.incoming().flatten() {
            // If the server cannot be reached, the client sees a closed connection.
            let _ = relay(client, target, round_trip);
        }
    });
    Ok(address)
}

fn relay(client: TcpStream, target: SocketAddr, round_trip: Duration) -> std::io::Result<()> {
    let connected = Instant::now() + round_trip;
    let server = TcpStream::connect(target)?;
    client.set_nodelay(true)?;
    server.set_nodelay(true)?;
    forward(client.try_clone()?, server.try_clone()?, connected, round_trip / 2);
    forward(server, client, connected, round_trip / 2);
    Ok(())
}

/// Forwards bytes in one direction, each piece `delay` after it was read or, if that is later, after `earliest`.
fn forward(mut from: TcpStream, mut to: TcpStream, earliest: Instant, delay: Duration) {
    let (sender, pieces) = mpsc::channel::<(Instant, Vec<u8>)>();
    thread::spawn(move || {
        let mut buffer = vec![0; 64 * 1024];
        while let Ok(count @ 1..) = from.read(&mut buffer) {
            let due = Instant::now().max(earliest) + delay;
            if sender.send((due, buffer[..count].to_vec())).is_err() {
                break;
            }
        }
    });
    thread::spawn(move || {
        for (due, piece) in pieces {
            thread::sleep(due.saturating_duration_since(Instant::now()));
            if to.write_all(&piece).is_err() {
                break;
            }
        }
        let _ = to.shutdown(Shutdown::Write);
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_connection_takes_a_round_trip_and_so_does_each_answer() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let echo = listener.local_addr().unwrap();
        thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut back = stream.try_clone().unwrap();
            std::io::copy(&mut stream, &mut back).unwrap();
        });
        let round_trip = Duration::from_millis(40);
        let mut stream = TcpStream::connect(start(echo, round_trip).unwrap()).unwrap();
        let started = Instant::now();
        for round_trips in [2, 3] {
            stream.write_all(b"x").unwrap();
            stream.read_exact(&mut [0]).unwrap();
            assert!(started.elapsed() >= round_trip * round_trips, "{:?}", started.elapsed());
        }
    }
}
