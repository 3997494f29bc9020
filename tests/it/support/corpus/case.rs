//! The hostile responses in `tests/corpus`: the format of a file, and the bytes and pauses that it describes.
//! Does not interpret a response. The fuzz targets read their seeds through this file too, so it uses std alone.
//!
//! A file is a few lines `name: value`, a blank line, and a response. Lines of `#` before the blank line are comments.
//!
//! | line | says |
//! |---|---|
//! | `expect: exit 7 kind bad_response` | how the command ends; after `exit 0` there is no kind |
//! | `says: WORDS` | words that stderr must hold; may be repeated |
//! | `token: TEXT` | the token that is printed, if it is not the run's own |
//! | `with: ARGS` | arguments in addition, or instead of the same option's usual value |
//! | `command: ARGS` | another command than the usual one of the place |
//! | `signer: ALG`, `jose: JSON` | the key and the header of the token that is verified |
//!
//! The response is sent unchanged, except: up to its first blank line, line ends are CRLF; one line end at the end of the
//! file is not sent; and `${..}` stands for something else.
//!
//! | in the answer | stands for |
//! |---|---|
//! | `${\x1b\r\n}` | bytes: `\xNN`, `\r`, `\n`, `\t`, `\0`, `\\`, `\}` |
//! | `${repeat 1000 TEXT}` | TEXT that many times; it may contain the same escapes |
//! | `${length}` | how long the body is, in bytes |
//! | `${chunks 7}` | nothing; the rest is framed in chunks of that many bytes, and ended |
//! | `${pause 50ms}` | nothing; what follows is sent later |
//! | `${drip 5ms}` | nothing; what follows is sent one byte at a time, with this pause before each |
//! | `${stall}`, `${reset}`, `${close}` | the end: silence, a reset, a closed connection; the rest of the file is ignored |
//! | `${token}`, `${secret}`, .. | a value of the run |

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// What happens to the connection at the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Finish {
    Close,
    Reset,
    Stall,
}

/// One file.
#[derive(Clone, Debug)]
pub struct Case {
    /// `token/status/a-name`.
    pub name: String,
    /// The exit code.
    pub exit: i32,
    /// The kind of the error, where there is one.
    pub kind: Option<String>,
    pub says: Vec<String>,
    pub token: Option<String>,
    pub with: Vec<String>,
    pub command: Option<String>,
    pub signer: Option<String>,
    pub jose: Option<String>,
    answer: Vec<u8>,
}

/// What a server sends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Script {
    /// Each part with the pause before it.
    pub parts: Vec<(Duration, Vec<u8>)>,
    pub finish: Finish,
}

impl Script {
    /// All bytes, whatever their pace.
    pub fn bytes(&self) -> Vec<u8> {
        self.parts.iter().flat_map(|(_, bytes)| bytes.iter().copied()).collect()
    }

    /// What comes after the first blank line.
    pub fn body(&self) -> Vec<u8> {
        let bytes = self.bytes();
        let end = bytes.windows(4).position(|four| four == b"\r\n\r\n");
        end.map_or_else(Vec::new, |at| bytes[at + 4..].to_vec())
    }
}

/// Every file of a place and of the folders in it, in the order of their names.
pub fn load(corpus: &Path, place: &str) -> Vec<Case> {
    let read = |path: &PathBuf| {
        let relative = path.strip_prefix(corpus).expect("a file of the corpus").with_extension("");
        let name = relative.iter().map(|part| part.to_string_lossy()).collect::<Vec<_>>().join("/");
        let bytes = fs::read(path).unwrap_or_else(|error| panic!("{name}: {error}"));
        Case::parse(&name, &bytes).unwrap_or_else(|why| panic!("{name}: {why}"))
    };
    files(&corpus.join(place)).iter().map(read).collect()
}

/// Every file below a folder, in the order of their paths.
pub fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let paths = entries.map(|entry| entry.expect("an entry").path());
    let mut all: Vec<PathBuf> = paths.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect();
    all.sort();
    all
}

impl Case {
    /// Reads a file.
    pub fn parse(name: &str, file: &[u8]) -> Result<Self, String> {
        let at = find(file, b"\n\n").ok_or("no blank line before the answer")?;
        let head = std::str::from_utf8(&file[..at]).map_err(|_| "the lines before the answer are not UTF-8")?;
        let mut case = Self {
            name: name.to_owned(),
            exit: -1,
            kind: None,
            says: Vec::new(),
            token: None,
            with: Vec::new(),
            command: None,
            signer: None,
            jose: None,
            answer: file[at + 2..].to_vec(),
        };
        for line in head.lines().filter(|line| !line.starts_with('#')) {
            let (key, value) = line.split_once(": ").ok_or_else(|| format!("not `name: value`: {line}"))?;
            match key {
                "expect" => {
                    let words: Vec<&str> = value.split(' ').collect();
                    (case.exit, case.kind) = match words.as_slice() {
                        ["exit", "0"] => (0, None),
                        ["exit", code, "kind", kind] => {
                            (code.parse().map_err(|_| "not an exit code")?, Some((*kind).to_owned()))
                        }
                        _ => return Err(format!("not `exit N kind KIND`: {value}")),
                    };
                }
                "says" => case.says.push(value.to_owned()),
                "token" => case.token = Some(value.to_owned()),
                "with" => case.with.extend(value.split(' ').map(str::to_owned)),
                "command" => case.command = Some(value.to_owned()),
                "signer" => case.signer = Some(value.to_owned()),
                "jose" => case.jose = Some(value.to_owned()),
                _ => return Err(format!("`{key}` is not known")),
            }
        }
        if case.exit < 0 {
            return Err("it does not say what to expect".to_owned());
        }
        Ok(case)
    }

    /// The answer, with the values that `value` knows.
    pub fn script(&self, value: &dyn Fn(&str) -> Option<String>) -> Result<Script, String> {
        let at = find(&self.answer, b"\n\n");
        let (head, body) = match at {
            Some(at) => (&self.answer[..at], &self.answer[at + 2..]),
            None => (&self.answer[..], &b""[..]),
        };
        let body = expand(body.strip_suffix(b"\n").unwrap_or(body), None, value)?;
        let length = body.iter().map(Piece::len).sum();
        let mut lines = Vec::new();
        for byte in head.strip_suffix(b"\n").unwrap_or(head) {
            lines.extend_from_slice(if *byte == b'\n' { b"\r\n" } else { std::slice::from_ref(byte) });
        }
        let mut pieces = expand(&lines, Some(length), value)?;
        if at.is_some() {
            pieces.push(Piece::Bytes(b"\r\n\r\n".to_vec()));
        }
        pieces.extend(body);
        Ok(play(pieces))
    }
}

/// A stretch of an answer.
enum Piece {
    Bytes(Vec<u8>),
    Chunks(usize),
    Pause(Duration),
    Drip(Duration),
    End(Finish),
}

impl Piece {
    fn len(&self) -> usize {
        if let Self::Bytes(bytes) = self { bytes.len() } else { 0 }
    }
}

fn expand(
    mut source: &[u8],
    length: Option<usize>,
    value: &dyn Fn(&str) -> Option<String>,
) -> Result<Vec<Piece>, String> {
    let mut pieces = Vec::new();
    while let Some(at) = find(source, b"${") {
        pieces.push(Piece::Bytes(source[..at].to_vec()));
        let rest = &source[at + 2..];
        let end = closing(rest).ok_or("a `${` is not closed")?;
        let text = std::str::from_utf8(&rest[..end]).map_err(|_| "what stands in `${..}` is not UTF-8")?;
        source = &rest[end + 1..];
        let (word, argument) = text.split_once(' ').unwrap_or((text, ""));
        pieces.push(match word {
            _ if text.starts_with('\\') => Piece::Bytes(unescaped(text)?),
            "repeat" => {
                let (count, unit) = argument.split_once(' ').ok_or("`repeat` takes a number and a text")?;
                Piece::Bytes(unescaped(unit)?.repeat(count.parse().map_err(|_| "not a number")?))
            }
            "length" => Piece::Bytes(length.ok_or("`length` stands in the body")?.to_string().into_bytes()),
            "chunks" => Piece::Chunks(argument.parse().map_err(|_| "not a number")?),
            "pause" => Piece::Pause(milliseconds(argument)?),
            "drip" => Piece::Drip(milliseconds(argument)?),
            "stall" => Piece::End(Finish::Stall),
            "reset" => Piece::End(Finish::Reset),
            "close" => Piece::End(Finish::Close),
            _ => Piece::Bytes(value(text).ok_or_else(|| format!("`{text}` is not known"))?.into_bytes()),
        });
        if matches!(pieces.last(), Some(Piece::End(_))) {
            return Ok(pieces);
        }
    }
    pieces.push(Piece::Bytes(source.to_vec()));
    Ok(pieces)
}

/// The bytes in their stretches, up to the end.
fn play(pieces: Vec<Piece>) -> Script {
    let mut script = Script { parts: vec![(Duration::ZERO, Vec::new())], finish: Finish::Close };
    let (mut drip, mut chunk) = (None, None);
    for piece in pieces {
        match piece {
            Piece::Bytes(bytes) => {
                let bytes = match chunk {
                    Some(size) => bytes
                        .chunks(size)
                        .flat_map(|part| [format!("{:x}\r\n", part.len()).as_bytes(), part, b"\r\n"].concat())
                        .collect(),
                    None => bytes,
                };
                match drip {
                    Some(pause) => script.parts.extend(bytes.into_iter().map(|byte| (pause, vec![byte]))),
                    None => {
                        if let Some((_, last)) = script.parts.last_mut() {
                            last.extend(bytes);
                        }
                    }
                }
            }
            Piece::Chunks(size) => chunk = Some(size),
            Piece::Pause(pause) => script.parts.push((pause, Vec::new())),
            Piece::Drip(pause) => drip = Some(pause),
            Piece::End(finish) => {
                script.finish = finish;
                return script;
            }
        }
    }
    if chunk.is_some() {
        script.parts.push((Duration::ZERO, b"0\r\n\r\n".to_vec()));
    }
    script
}

fn milliseconds(text: &str) -> Result<Duration, String> {
    let number = text.strip_suffix("ms").and_then(|number| number.parse().ok());
    number.map(Duration::from_millis).ok_or_else(|| format!("not milliseconds: {text}"))
}

/// Where the `}` is that closes, escaped ones passed over.
fn closing(text: &[u8]) -> Option<usize> {
    let mut escaped = false;
    text.iter().position(|byte| {
        let closes = *byte == b'}' && !escaped;
        escaped = *byte == b'\\' && !escaped;
        closes
    })
}

fn unescaped(text: &str) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::new();
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        if c != '\\' {
            bytes.extend(c.to_string().into_bytes());
            continue;
        }
        bytes.push(match chars.next() {
            Some('r') => b'\r',
            Some('n') => b'\n',
            Some('t') => b'\t',
            Some('0') => 0,
            Some('\\') => b'\\',
            Some('}') => b'}',
            Some('x') => {
                let hex: String = chars.by_ref().take(2).collect();
                u8::from_str_radix(&hex, 16).map_err(|_| format!("not two hex digits: {hex}"))?
            }
            other => return Err(format!("not an escape: {other:?}")),
        });
    }
    Ok(bytes)
}

fn find(bytes: &[u8], needle: &[u8]) -> Option<usize> {
    bytes.windows(needle.len()).position(|window| window == needle)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn script(answer: &str) -> Result<Script, String> {
        let file = format!("# why\nexpect: exit 0\n\n{answer}\n");
        Case::parse("token/x", file.as_bytes())?.script(&|name| (name == "token").then(|| "t0ken".to_owned()))
    }

    #[test]
    fn head_and_body_become_bytes() {
        let sent =
            script("HTTP/1.1 200 OK\nContent-Length: ${length}\n\n{\"a\":\n\"${token}${\\x1b\\}\\n}\"}").unwrap();
        assert_eq!(sent.bytes(), b"HTTP/1.1 200 OK\r\nContent-Length: 17\r\n\r\n{\"a\":\n\"t0ken\x1b}\n\"}");
        assert_eq!((sent.finish, sent.body().len()), (Finish::Close, 17));
        assert_eq!(script("HTTP/1.1 204 No Content\n").unwrap().bytes(), b"HTTP/1.1 204 No Content\r\n\r\n");
    }

    #[test]
    fn repetition_chunks_pauses_and_ends_are_obeyed() {
        let sent = script("A\n\n${chunks 3}${repeat 2 a\\n}").unwrap();
        assert_eq!(sent.bytes(), b"A\r\n\r\n3\r\na\na\r\n1\r\n\n\r\n0\r\n\r\n");
        let sent = script("A\n\nb${pause 5ms}c${drip 1ms}de${stall}f").unwrap();
        let ms = Duration::from_millis;
        let rest = [(ms(5), b"c".to_vec()), (ms(1), b"d".to_vec()), (ms(1), b"e".to_vec())];
        assert_eq!((&sent.parts[1..], sent.finish), (&rest[..], Finish::Stall));
        assert_eq!(script("HTT${reset}").unwrap().bytes(), b"HTT");
    }

    #[test]
    fn mistakes_are_told() {
        for answer in ["${nothing}", "${repeat x y}", "${\\q}", "${token"] {
            assert!(script(answer).is_err(), "{answer}");
        }
        for file in ["", "expect: exit 0", "says: x\n\n", "expect: 7\n\n", "odd: x\n\n"] {
            assert!(Case::parse("x", file.as_bytes()).is_err(), "{file}");
        }
    }
}
