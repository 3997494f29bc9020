//! Going on where an earlier run of a bulk lookup ended: which lines its output has, with whole lines kept as they are
//! and a torn last one dropped.

use std::collections::{BTreeSet, HashMap};
use std::fs::{File, TryLockError};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::io::{BufRead as _, BufReader, ErrorKind as IoKind, Seek as _, SeekFrom};
use std::path::Path;

use serde::Deserialize;

use crate::participants::bulk::Field;
use crate::participants::bulk_input::Line;
use crate::platform::error::{Error, Result};
use crate::platform::private_file;
use crate::platform::redaction::redactor::HIDDEN;

/// What an output has.
#[derive(Debug, Default)]
pub struct CompletedLines {
    /// The lines, each with a hash of its value where that is not masked.
    lines: HashMap<u64, Option<u64>>,
    /// How many of them have no answer.
    pub failed: u64,
    /// Why, as kinds of the table of exit codes.
    pub failures: BTreeSet<String>,
}

/// What matters of a line that was written.
#[derive(Deserialize)]
struct Written {
    line: u64,
    query: WrittenQuery,
    status: String,
    #[serde(default)]
    error: Option<WrittenError>,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum WrittenQuery {
    Cpf(String),
    Login(String),
}

#[derive(Deserialize)]
struct WrittenError {
    kind: String,
}

impl CompletedLines {
    /// How many lines there are.
    pub fn count(&self) -> usize {
        self.lines.len()
    }

    /// Whether the output has this line already. Each line of the input asks once.
    ///
    /// # Errors
    /// Usage: it has it, with another value: the input is not the one of the earlier run.
    pub fn take(&mut self, line: &Line) -> Result<bool> {
        match self.lines.remove(&line.number) {
            None => Ok(false),
            Some(Some(hash)) if hash != hash_of(line.shown()) => Err(other_input(format!(
                "line {} of the input is not the value that the output to be resumed has for it",
                line.number
            ))),
            Some(_) => Ok(true),
        }
    }

    /// Insists, at the end of the input, that every line of the output has been asked for.
    ///
    /// # Errors
    /// Usage: there are others: the input is not the one of the earlier run.
    pub fn finish(&self) -> Result<()> {
        self.lines.keys().min().map_or(Ok(()), |first| {
            Err(other_input(format!("the output to be resumed has line {first}, and the input has no value there")))
        })
    }

    fn add(&mut self, written: Written, field: Field) -> Result<(), &'static str> {
        let value = match (written.query, field) {
            (WrittenQuery::Cpf(value), Field::Cpf) | (WrittenQuery::Login(value), Field::Login) => value,
            (WrittenQuery::Cpf(_), Field::Login) => return Err("it holds CPFs, and the input is of logins"),
            (WrittenQuery::Login(_), Field::Cpf) => return Err("it holds logins, and the input is of CPFs"),
        };
        if written.status == "error" {
            self.failed += 1;
            self.failures.extend(written.error.map(|error| error.kind));
        }
        self.lines.insert(written.line, (value != HIDDEN).then(|| hash_of(&value)));
        Ok(())
    }
}

fn other_input(message: String) -> Error {
    Error::usage(message).hint("resume with the same input, or write to another file")
}

/// Opens an output to go on with: whole lines stay, a torn last line is cut off. One that does not exist is made.
/// Nobody else can resume it as long as the file is open.
///
/// # Errors
/// Usage: it cannot be opened, is in use, or holds something else than the lines of a bulk lookup by `field`.
pub fn open(path: &Path, field: Field) -> Result<(File, CompletedLines)> {
    let refused = || Error::usage(format!("cannot use the output to be resumed, `{}`", path.display()));
    let failed = |e: std::io::Error| refused().caused_by(e);
    let mut file =
        private_file::options().read(true).write(true).create(true).truncate(false).open(path).map_err(failed)?;
    if !file.metadata().map_err(failed)?.is_file() {
        return Err(refused().cause("it is a pipe or a device, not a file"));
    }
    // File systems without locks go without.
    if let Err(TryLockError::WouldBlock) = file.try_lock() {
        return Err(refused().cause("another run writes to it").hint("wait for its end"));
    }
    let (done, whole) = read(&file, field).map_err(|e| match e {
        Unreadable::Io(e) => failed(e),
        Unreadable::Foreign(why) => {
            Error::usage(format!("`{}` is not the output of such a bulk lookup", path.display())).cause(why)
        }
    })?;
    file.set_len(whole).and_then(|()| file.seek(SeekFrom::End(0))).map_err(failed)?;
    Ok((file, done))
}

enum Unreadable {
    Io(std::io::Error),
    Foreign(String),
}

/// The lines, and how many bytes the whole ones are.
fn read(file: &File, field: Field) -> Result<(CompletedLines, u64), Unreadable> {
    let mut input = BufReader::with_capacity(64 * 1024, file);
    let (mut done, mut number, mut whole, mut text) = (CompletedLines::default(), 0u64, 0u64, Vec::new());
    loop {
        text.clear();
        match input.read_until(b'\n', &mut text) {
            Ok(0) => return Ok((done, whole)),
            // Torn: it must at least begin as our lines do, or it is not our file.
            Ok(_) if !text.ends_with(b"\n") && begins_like_ours(&text) => return Ok((done, whole)),
            Ok(length) => whole += length as u64,
            Err(e) if e.kind() == IoKind::Interrupted => continue,
            Err(e) => return Err(Unreadable::Io(e)),
        }
        number += 1;
        let written: Result<Written, _> = serde_json::from_slice(&text);
        written
            .map_err(|_| "it is not one of ours")
            .and_then(|written| done.add(written, field))
            .map_err(|why| Unreadable::Foreign(format!("line {number}: {why}; nothing was changed")))?;
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
        let whole = "{\"line\":1,\"query\":{\"cpf\":\"a\"},\"status\":\"found\"}\n{\"line\":3,\"query\":{\"cpf\":\"[hidden]\"},\"status\":\"error\"}\n";
        std::fs::write(&path, format!("{whole}{{\"line\":4,\"qu")).unwrap();
        let (_file, done) = open(&path, Field::Cpf).unwrap();
        assert_eq!((done.count(), done.failed, std::fs::read_to_string(&path).unwrap()), (2, 1, whole.to_owned()));
    }

    #[test]
    fn something_else_is_not_touched() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("notes.txt");
        for notes in ["my notes\nwithout a last line end", "one line", "{}\n"] {
            std::fs::write(&path, notes).unwrap();
            assert!(open(&path, Field::Cpf).is_err());
            assert_eq!(std::fs::read_to_string(&path).unwrap(), notes);
        }
    }
}
