//! The lines of a bulk lookup: one value per line; blank lines and `#` comments are skipped. Read on its own thread,
//! since a pipe may be slow, through a small channel, since a file may be large.

use std::io::{BufRead, BufReader, Read};

use tokio::sync::mpsc;

use crate::platform::error::{Error, Result};

/// No login is longer, in bytes.
const LONGEST: usize = 4096;
/// Lines read ahead.
const CHANNEL: usize = 256;

/// A line of the input.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// Counted from 1, skipped lines included.
    pub number: u64,
    /// The value without white space around it; nothing where the line is not text or too long.
    text: Option<String>,
}

impl Line {
    /// A line that holds a value, for tests.
    #[cfg(any(test, feature = "internals"))]
    pub fn of(number: u64, text: &str) -> Self {
        Self { number, text: Some(text.to_owned()) }
    }

    /// The value to look up.
    ///
    /// # Errors
    /// Usage: the line is not UTF-8, or longer than 4096 bytes.
    pub fn value(&self) -> Result<&str> {
        self.text.as_deref().ok_or_else(|| Error::usage("the line is not UTF-8, or longer than 4096 bytes"))
    }

    /// The value as the output repeats it.
    pub fn shown(&self) -> &str {
        self.text.as_deref().unwrap_or_default()
    }
}

/// Reads lines on a thread until the input ends or the receiver is dropped. `wanted` says which lines are sent; it is
/// called a last time with `None` at the end of the input. An input that cannot be read on, or is not wanted, ends the
/// lines; the error is left in the returned handle.
pub fn spawn(
    input: Box<dyn Read + Send>,
    mut wanted: impl FnMut(Option<&Line>) -> Result<bool> + Send + 'static,
) -> (mpsc::Receiver<Line>, std::thread::JoinHandle<Result<()>>) {
    let (sender, receiver) = mpsc::channel(CHANNEL);
    let reader = std::thread::spawn(move || {
        for line in lines(input) {
            let line = line?;
            if wanted(Some(&line))? && sender.blocking_send(line).is_err() {
                return Ok(());
            }
        }
        wanted(None).map(|_| ())
    });
    (receiver, reader)
}

/// How many lines hold a value.
///
/// # Errors
/// Usage: the input cannot be read.
pub fn count(input: impl Read) -> Result<u64> {
    lines(input).try_fold(0, |count, line| line.map(|_| count + 1))
}

/// The lines that hold a value.
fn lines(input: impl Read) -> impl Iterator<Item = Result<Line>> {
    let mut input = BufReader::with_capacity(64 * 1024, input);
    let mut number = 0;
    std::iter::from_fn(move || {
        loop {
            let mut bytes = Vec::new();
            match read_line(&mut input, &mut bytes) {
                Err(e) => return Some(Err(Error::usage("cannot read the input").caused_by(e))),
                Ok(false) => return None,
                Ok(true) => number += 1,
            }
            let bytes = if number == 1 { bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&bytes) } else { &bytes };
            let text = std::str::from_utf8(bytes).ok().map(str::trim).filter(|_| bytes.len() <= LONGEST);
            if text.is_none_or(|text| !text.is_empty() && !text.starts_with('#')) {
                return Some(Ok(Line { number, text: text.map(str::to_owned) }));
            }
        }
    })
}

/// Reads one line, keeping no more of it than shows that it is too long. False at the end.
fn read_line(input: &mut impl BufRead, line: &mut Vec<u8>) -> std::io::Result<bool> {
    let mut any = false;
    loop {
        let available = input.fill_buf()?;
        if available.is_empty() {
            return Ok(any);
        }
        any = true;
        let end = available.iter().position(|b| *b == b'\n');
        let part = &available[..end.unwrap_or(available.len())];
        let room = (LONGEST + 1).saturating_sub(line.len());
        line.extend_from_slice(&part[..part.len().min(room)]);
        let used = end.map_or(available.len(), |at| at + 1);
        input.consume(used);
        if end.is_some() {
            return Ok(true);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn skipped_lines_count_and_line_ends_do_not() {
        let input = "\u{feff}a\r\n\n# no\n  b \nc";
        let read: Vec<_> =
            lines(input.as_bytes()).map(|l| l.unwrap()).map(|l| (l.number, l.shown().to_owned())).collect();
        assert_eq!(read, [(1, "a".into()), (4, "b".into()), (5, "c".into())]);
    }

    #[test]
    fn what_is_not_a_value_is_kept_as_invalid() {
        let mut input = b"ok\n\xff\xfe\n".to_vec();
        input.extend(std::iter::repeat_n(b'x', 10_000));
        input.extend(b"\nend\n");
        let read: Vec<_> = lines(input.as_slice()).map(|l| l.unwrap().value().is_ok()).collect();
        assert_eq!(read, [true, false, false, true]);
    }
}
