//! Bodies as their sender meant them: `Content-Encoding` undone (RFC 9110 section 8.4.1), and text in an older charset made
//! UTF-8. m2m asks for neither; some servers do it all the same. The caller's limit counts decoded bytes.

use std::io::{Error, ErrorKind, Result, Write};

use flate2::write::{DeflateDecoder, MultiGzDecoder, ZlibDecoder};
use reqwest::header::{CONTENT_ENCODING, CONTENT_LENGTH, HeaderMap};

/// The first byte of every gzip member (RFC 1952 section 2.3.1).
const GZIP_MAGIC: u8 = 0x1f;

/// How a body is encoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Coding {
    /// Not at all, or in a way that is not known and passes through.
    Identity,
    /// `gzip`.
    Gzip,
    /// `deflate`, with or without its wrapper.
    Deflate,
}

impl Coding {
    /// The coding that these headers name. One that is undone here is taken out of them, together with the length, which
    /// counts encoded bytes.
    pub fn take_from(headers: &mut HeaderMap) -> Self {
        let named = headers.get(CONTENT_ENCODING).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let coding = match named.trim().to_ascii_lowercase().as_str() {
            "gzip" | "x-gzip" => Self::Gzip,
            "deflate" => Self::Deflate,
            _ => return Self::Identity,
        };
        headers.remove(CONTENT_ENCODING);
        headers.remove(CONTENT_LENGTH);
        coding
    }
}

/// Undoes one coding, piece by piece.
pub enum Decoder<W: Write> {
    /// Nothing to undo.
    Identity(W),
    /// Before the first bytes tell which form it is, and whether it is encoded at all: some servers only say so.
    Undecided(Coding, Option<W>),
    /// `gzip`.
    Gzip(Box<MultiGzDecoder<W>>),
    /// `deflate` as the RFC has it.
    Zlib(Box<ZlibDecoder<W>>),
    /// `deflate` as some servers have it, without the wrapper.
    RawDeflate(Box<DeflateDecoder<W>>),
}

impl<W: Write> Decoder<W> {
    /// A decoder that writes to `output`.
    pub fn new(coding: Coding, output: W) -> Self {
        match coding {
            Coding::Identity => Self::Identity(output),
            Coding::Gzip | Coding::Deflate => Self::Undecided(coding, Some(output)),
        }
    }

    /// Takes a piece of the body.
    ///
    /// # Errors
    /// The body is not what its coding says, or the output refuses more.
    pub fn push(&mut self, piece: &[u8]) -> Result<()> {
        if let (Self::Undecided(coding, output), Some(first)) = (&mut *self, piece.first()) {
            let output = output.take().ok_or(ErrorKind::InvalidData)?;
            *self = match coding {
                Coding::Gzip if *first == GZIP_MAGIC => Self::Gzip(Box::new(MultiGzDecoder::new(output))),
                Coding::Gzip | Coding::Identity => Self::Identity(output),
                // The low four bits of a zlib wrapper are always 8.
                Coding::Deflate if first & 0x0f == 8 => Self::Zlib(Box::new(ZlibDecoder::new(output))),
                Coding::Deflate if first.is_ascii_punctuation() => Self::Identity(output),
                Coding::Deflate => Self::RawDeflate(Box::new(DeflateDecoder::new(output))),
            };
        }
        match self {
            Self::Identity(output) => output.write_all(piece),
            Self::Gzip(decoder) => decoder.write_all(piece).and_then(|()| decoder.flush()),
            Self::Zlib(decoder) => decoder.write_all(piece).and_then(|()| decoder.flush()),
            Self::RawDeflate(decoder) => decoder.write_all(piece).and_then(|()| decoder.flush()),
            Self::Undecided(..) => Ok(()),
        }
    }

    /// Ends the body.
    ///
    /// # Errors
    /// It ended too early.
    pub fn finish(&mut self) -> Result<()> {
        match self {
            Self::Identity(_) | Self::Undecided(..) => Ok(()),
            Self::Gzip(decoder) => decoder.try_finish(),
            Self::Zlib(decoder) => decoder.try_finish(),
            Self::RawDeflate(decoder) => decoder.try_finish(),
        }
    }
}

/// A buffer that refuses to grow beyond its limit.
#[derive(Default)]
pub struct LimitedBuffer {
    /// What was written.
    pub bytes: Vec<u8>,
    /// The most that may be written.
    pub limit: usize,
    /// Whether it was more.
    pub exceeded: bool,
}

impl Write for &mut LimitedBuffer {
    fn write(&mut self, piece: &[u8]) -> Result<usize> {
        if self.bytes.len() + piece.len() > self.limit {
            self.exceeded = true;
            return Err(Error::other("more than the limit"));
        }
        self.bytes.extend_from_slice(piece);
        Ok(piece.len())
    }

    fn flush(&mut self) -> Result<()> {
        Ok(())
    }
}

/// Text in UTF-8, if the `charset` of a Content-Type says that it is ISO-8859-1 or Windows-1252, and it is not UTF-8
/// already. The two are read alike, as browsers do (WHATWG Encoding).
pub fn to_utf8(body: Vec<u8>, content_type: &str) -> Vec<u8> {
    let charset = content_type.to_ascii_lowercase().split(';').find_map(|parameter| {
        parameter.trim().strip_prefix("charset=").map(|name| name.trim_matches('"').trim().to_owned())
    });
    let single_byte = ["iso-8859-1", "iso8859-1", "latin1", "latin-1", "windows-1252", "cp1252"];
    match charset {
        Some(name) if single_byte.contains(&name.as_str()) && std::str::from_utf8(&body).is_err() => {
            body.iter().map(|byte| windows_1252(*byte)).collect::<String>().into_bytes()
        }
        _ => body,
    }
}

fn windows_1252(byte: u8) -> char {
    const HIGH: [char; 32] = [
        '€', '\u{81}', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', '\u{8d}', 'Ž', '\u{8f}', '\u{90}', '‘',
        '’', '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', '\u{9d}', 'ž', 'Ÿ',
    ];
    match byte {
        0x80..=0x9f => HIGH[usize::from(byte - 0x80)],
        _ => char::from(byte),
    }
}

#[cfg(test)]
mod tests {
    use flate2::Compression;
    use flate2::write::{DeflateEncoder, GzEncoder, ZlibEncoder};

    use super::*;

    fn decode(coding: &str, body: &[u8], limit: usize) -> (Result<()>, LimitedBuffer) {
        let mut headers = HeaderMap::from_iter([(CONTENT_ENCODING, coding.parse().unwrap())]);
        let mut buffer = LimitedBuffer { limit, ..LimitedBuffer::default() };
        let outcome = {
            let mut decoder = Decoder::new(Coding::take_from(&mut headers), &mut buffer);
            body.chunks(7).try_for_each(|piece| decoder.push(piece)).and_then(|()| decoder.finish())
        };
        (outcome, buffer)
    }

    fn gzip(text: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(text).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn every_coding_is_undone_and_an_unknown_one_passes_through() {
        let text = br#"{"access_token":"abc"}"#;
        let mut zlib = ZlibEncoder::new(Vec::new(), Compression::default());
        zlib.write_all(text).unwrap();
        let mut raw = DeflateEncoder::new(Vec::new(), Compression::default());
        raw.write_all(text).unwrap();
        for (coding, body) in [
            ("gzip", gzip(text)),
            ("X-GZIP", gzip(text)),
            ("deflate", zlib.finish().unwrap()),
            ("deflate", raw.finish().unwrap()),
            ("gzip", text.to_vec()),
            ("deflate", text.to_vec()),
            ("identity", text.to_vec()),
            ("br", text.to_vec()),
        ] {
            let (outcome, buffer) = decode(coding, &body, 1000);
            assert!(outcome.is_ok(), "{coding}: {outcome:?}");
            assert_eq!(buffer.bytes, text, "{coding}");
        }
    }

    #[test]
    fn the_limit_counts_decoded_bytes() {
        let bomb = gzip(&vec![b' '; 10_000_000]);
        assert!(bomb.len() < 20_000);
        let (outcome, buffer) = decode("gzip", &bomb, 100_000);
        assert!(outcome.is_err() && buffer.exceeded);
        assert!(buffer.bytes.capacity() <= 200_000, "{}", buffer.bytes.capacity());
    }

    #[test]
    fn what_is_not_its_coding_or_ends_early_is_an_error() {
        assert!(decode("gzip", b"\x1f\x8bnot gzip after all", 1000).0.is_err());
        let whole = gzip(b"{\"access_token\":\"abc\"}");
        assert!(decode("gzip", &whole[..whole.len() / 2], 1000).0.is_err());
    }

    #[test]
    fn a_declared_older_charset_becomes_utf_8() {
        let latin1 = b"{\"name\":\"Jo\xe3o \x80\"}".to_vec();
        for (content_type, decoded) in [
            ("application/json; charset=ISO-8859-1", true),
            ("application/json;charset=\"windows-1252\"", true),
            ("application/json", false),
            ("application/json; charset=utf-8", false),
        ] {
            let body = to_utf8(latin1.clone(), content_type);
            assert_eq!(
                String::from_utf8(body).ok().as_deref() == Some("{\"name\":\"João €\"}"),
                decoded,
                "{content_type}"
            );
        }
        let already = "{\"name\":\"João\"}".as_bytes().to_vec();
        assert_eq!(to_utf8(already.clone(), "text/plain; charset=latin1"), already);
    }
}
