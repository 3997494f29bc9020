//! As much of HTTP/2 as it takes to refuse a stream (RFC 9113): frames in, and one frame out.

use std::io::{Read, Result, Write};
use std::sync::atomic::{AtomicUsize, Ordering};

/// Why a stream is refused (RFC 9113 section 7).
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Refusal {
    /// The stream ends with HTTP_1_1_REQUIRED.
    ResetForHttp1,
    /// The connection ends with HTTP_1_1_REQUIRED.
    GoAwayForHttp1,
    /// The stream ends with REFUSED_STREAM: it was not processed.
    Unprocessed,
}

const PREFACE: usize = 24;
const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
const SETTINGS: u8 = 4;
const GOAWAY: u8 = 7;

/// Reads frames until the other side closes. The first `refusals` requests are refused, all others answered `{}`.
pub fn serve(stream: &mut (impl Read + Write), refusal: Refusal, refusals: &AtomicUsize) -> Result<()> {
    stream.read_exact(&mut [0; PREFACE])?;
    stream.write_all(&frame(SETTINGS, 0, 0, &[]))?;
    stream.flush()?;
    loop {
        let mut head = [0; 9];
        stream.read_exact(&mut head)?;
        let length = u32::from_be_bytes([0, head[0], head[1], head[2]]) as usize;
        let mut payload = vec![0; length];
        stream.read_exact(&mut payload)?;
        let (kind, flags, id) = (head[3], head[4], u32::from_be_bytes([head[5], head[6], head[7], head[8]]));
        let answer = match kind {
            SETTINGS if flags & 1 == 0 => frame(SETTINGS, 1, 0, &[]),
            HEADERS => {
                let left = refusals.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1));
                match (left, refusal) {
                    (Err(_), _) => [frame(HEADERS, 4, id, &[0x88]), frame(0, 1, id, b"{}")].concat(),
                    (Ok(_), Refusal::ResetForHttp1) => frame(RST_STREAM, 0, id, &13u32.to_be_bytes()),
                    (Ok(_), Refusal::Unprocessed) => frame(RST_STREAM, 0, id, &7u32.to_be_bytes()),
                    (Ok(_), Refusal::GoAwayForHttp1) => {
                        frame(GOAWAY, 0, 0, &[0u32.to_be_bytes(), 13u32.to_be_bytes()].concat())
                    }
                }
            }
            _ => continue,
        };
        stream.write_all(&answer)?;
        stream.flush()?;
    }
}

fn frame(kind: u8, flags: u8, id: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).expect("a short frame").to_be_bytes();
    [&length[1..], &[kind, flags], &id.to_be_bytes(), payload].concat()
}
