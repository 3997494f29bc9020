//! Going on where an earlier run of a bulk lookup ended: which lines its output has, with whole lines kept as they are and
//! a torn last one dropped.

use std::collections::HashMap;
use std::fs::{File, OpenOptions};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::io::{BufRead as _, BufReader, ErrorKind as IoKind, Seek as _, SeekFrom};
use std::path::Path;

use serde::Deserialize;

use crate::flows::bulk_input::Line;
use crate::platform::error::{Error, Result};
use crate::platform::redactor::HIDDEN;

/// The lines that an output has.
#[derive(Debug, Default)]
pub struct Done(HashMap<u64, Option<u64>>);

#[derive(Deserialize)]
struct Written {
    line: u64,
    #[serde(default)]
    query: HashMap<String, String>,
}

impl Done {
    /// How many lines there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether the output has this line already.
    ///
    /// # Errors
    /// Usage: it has it, with another value: the input is not the one of the earlier run.
    pub fn has(&self, line: &Line) -> Result<bool> {
        match self.0.get(&line.number) {
            None => Ok(false),
            Some(Some(hash)) if *hash != hash_of(line.shown()) => Err(Error::usage(format!(
                "line {} of the input is not the value that the output to be resumed has for it",
                line.number
            ))
            .hint("resume with the same input, or write to another file")),
            Some(_) => Ok(true),
        }
    }
}

/// Opens an output to go on with: whole lines stay, a torn last line is cut off. One that does not exist is made.
///
/// # Errors
/// Usage: it cannot be opened, or holds something else than the lines of a bulk lookup.
pub fn open(path: &Path) -> Result<(File, Done)> {
    let failed = |e: &std::io::Error| {
        Error::usage(format!("cannot use the output to be resumed, `{}`", path.display())).cause(e.to_string())
    };
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(0o600);
    }
    let mut file = options.open(path).map_err(|e| failed(&e))?;
    let (done, whole) = read(&file, path).map_err(|e| match e {
        Unreadable::Io(e) => failed(&e),
        Unreadable::Foreign(e) => e,
    })?;
    file.set_len(whole).and_then(|()| file.seek(SeekFrom::End(0))).map_err(|e| failed(&e))?;
    Ok((file, done))
}

enum Unreadable {
    Io(std::io::Error),
    Foreign(Error),
}

/// The lines, and how many bytes the whole ones are.
fn read(file: &File, path: &Path) -> Result<(Done, u64), Unreadable> {
    let mut input = BufReader::with_capacity(64 * 1024, file);
    let (mut done, mut whole, mut text) = (Done::default(), 0u64, Vec::new());
    loop {
        text.clear();
        match input.read_until(b'\n', &mut text) {
            Ok(0) => return Ok((done, whole)),
            // Torn: what is there must at least be how a line of ours begins, or it is somebody else's file.
            Ok(_) if !text.ends_with(b"\n") && begins_like_ours(&text) => return Ok((done, whole)),
            Ok(length) => whole += length as u64,
            Err(e) if e.kind() == IoKind::Interrupted => continue,
            Err(e) => return Err(Unreadable::Io(e)),
        }
        let written: Written = serde_json::from_slice(&text).map_err(|_| {
            let number = done.len() + 1;
            let message = format!("`{}` is not the output of a bulk lookup", path.display());
            Unreadable::Foreign(
                Error::usage(message).cause(format!("its line {number} is not one of ours; nothing was changed")),
            )
        })?;
        let value = written.query.into_values().next().filter(|value| value != HIDDEN);
        done.0.insert(written.line, value.map(|value| hash_of(&value)));
    }
}

fn begins_like_ours(text: &[u8]) -> bool {
    let beginning = b"{\"line\":";
    let length = text.len().min(beginning.len());
    text[..length] == beginning[..length]
}

fn hash_of(text: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_torn_line_is_dropped_and_the_rest_kept() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("out.ndjson");
        let whole = "{\"line\":1,\"query\":{\"cpf\":\"a\"}}\n{\"line\":3,\"query\":{\"cpf\":\"[hidden]\"}}\n";
        std::fs::write(&path, format!("{whole}{{\"line\":4,\"qu")).unwrap();
        let (_, done) = open(&path).unwrap();
        assert_eq!((done.len(), std::fs::read_to_string(&path).unwrap()), (2, whole.to_owned()));
    }

    #[test]
    fn something_else_is_not_touched() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("notes.txt");
        for notes in ["my notes\nwithout a last line end", "one line", "{}\n"] {
            std::fs::write(&path, notes).unwrap();
            assert!(open(&path).is_err());
            assert_eq!(std::fs::read_to_string(&path).unwrap(), notes);
        }
    }
}
