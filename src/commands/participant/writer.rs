//! What a bulk lookup leaves behind: whole lines, written many at a time, and the count of what became of them.

use std::fs::File;
use std::io::{ErrorKind as IoKind, Write as _};

use kdam::{Bar, BarExt as _};

use crate::exit;
use crate::output::ndjson;
use crate::participants::bulk::{Answer, Field, Row};
use crate::participants::resume::CompletedLines;
use crate::platform::error::{Error, ErrorKind, Result};
use crate::platform::host::Host;
use crate::platform::runtime;

/// Lines are written together up to this many bytes.
const BUFFER: usize = 64 * 1024;

/// Where the lines go.
pub(super) enum Output {
    Stdout,
    File(File),
}

/// Writes whole lines only, many at a time.
pub(super) struct Writer<'a> {
    pub(super) host: &'a Host,
    pub(super) output: Output,
    pub(super) field: Field,
    pub(super) redact: bool,
    pub(super) summary: Summary,
    /// The first failure of this run: where, looking for what, and why.
    pub(super) first: Option<(u64, String, Error)>,
    pub(super) progress: Option<Bar>,
    /// Whether the reader of the output went away.
    pub(super) closed: bool,
    pub(super) buffer: Vec<u8>,
}

impl Writer<'_> {
    /// Accepts a row; `None` marks an idle moment, at which the buffer is flushed.
    ///
    /// # Errors
    /// Interrupted if the reader went away; internal if the output cannot be written.
    pub(super) fn take(&mut self, row: Option<Row>) -> Result<()> {
        let Some(row) = row else { return self.flush() };
        self.summary.count(&row.answer);
        if let (Answer::Failed(error), None) = (&row.answer, &self.first) {
            self.first = Some((row.line.number, row.line.shown().to_owned(), error.clone()));
        }
        let line = ndjson::line(&self.host.ui.redactor, self.field, &row, self.redact);
        self.buffer.extend_from_slice(&self.host.ui.redactor.clean(line.as_bytes()));
        if let Some(progress) = &mut self.progress {
            if self.summary.errors > 0 {
                progress.set_postfix(format!("{} failed", self.summary.errors));
            }
            // A terminal that went away must not end the run.
            let _ = progress.update(1);
        }
        if self.buffer.len() >= BUFFER { self.flush() } else { Ok(()) }
    }

    /// Whether every line has an answer, those of the earlier run included. The first that has none says why at length,
    /// as a single lookup would.
    pub(super) fn outcome(&self) -> Result<()> {
        let Some(error) = self.summary.outcome() else { return Ok(()) };
        let error = match &self.first {
            Some((line, value, first)) => {
                self.host.ui.redactor.register_personal_data(value);
                let error = error.cause(format!("the first, line {line}: {}", first.message()));
                let error = first.causes().iter().fold(error, |error, cause| match &cause.quote {
                    Some(quote) => error.cause_quoted(&cause.text, quote),
                    None => error.cause(&cause.text),
                });
                first.hints().iter().fold(error, Error::hint)
            }
            None => error,
        };
        Err(error
            .hint("each line's `error` in the output says why; the exit code is the class of the worst")
            .hint("to try them again, take them out of the output and `--resume` it"))
    }

    /// Writes what is buffered.
    ///
    /// # Errors
    /// As [`Self::take`].
    pub(super) fn flush(&mut self) -> Result<()> {
        if self.buffer.is_empty() || self.closed {
            return Ok(());
        }
        let written = match &mut self.output {
            Output::Stdout => self.host.ui.write_stdout(&self.buffer),
            Output::File(file) => file.write_all(&self.buffer),
        };
        self.buffer.clear();
        match written {
            Ok(()) => Ok(()),
            // Nobody reads on: the run ends, and that is no error.
            Err(e) if e.kind() == IoKind::BrokenPipe => {
                self.closed = true;
                Err(runtime::interrupted())
            }
            Err(e) => Err(Error::new(ErrorKind::Internal, "cannot write the output").caused_by(e)),
        }
    }
}

/// What became of the lines.
#[derive(Default)]
pub(super) struct Summary {
    found: u64,
    not_found: u64,
    ambiguous: u64,
    invalid: u64,
    errors: u64,
    /// Lines of the earlier run, and how many of them have no answer.
    already: (u64, u64),
    worst: Option<ErrorKind>,
}

impl Summary {
    /// Begins with what an earlier run has left.
    pub(super) fn after(done: &CompletedLines) -> Self {
        let kinds = exit::KINDS.into_iter().filter(|kind| done.failures.contains(exit::of(*kind).kind));
        let mut summary = Self { already: (done.count() as u64, done.failed), ..Self::default() };
        kinds.for_each(|kind| summary.raise_exit_kind(kind));
        summary
    }

    fn count(&mut self, answer: &Answer) {
        match answer {
            Answer::Found { .. } => self.found += 1,
            Answer::Ambiguous(_) => {
                self.ambiguous += 1;
                self.raise_exit_kind(ErrorKind::NotFound);
            }
            Answer::NotFound => self.not_found += 1,
            Answer::Invalid(_) => self.invalid += 1,
            Answer::Failed(error) => {
                self.errors += 1;
                self.raise_exit_kind(error.kind());
            }
        }
    }

    fn raise_exit_kind(&mut self, kind: ErrorKind) {
        self.worst = self.worst.into_iter().chain([kind]).max_by_key(|kind| exit::of(*kind).code);
    }

    fn total(&self) -> u64 {
        self.found + self.not_found + self.ambiguous + self.invalid + self.errors
    }

    pub(super) fn summary(&self) -> String {
        let earlier = match self.already {
            (0, _) => String::new(),
            (lines, 0) => format!(", {lines} were there already"),
            (lines, failed) => format!(", {lines} were there already, {failed} of them errors"),
        };
        format!(
            "{} {}: {} found, {} not found, {}{} invalid, {} errors{earlier}",
            self.total(),
            line_or_lines(self.total()),
            self.found,
            self.not_found,
            if self.ambiguous > 0 { format!("{} ambiguous, ", self.ambiguous) } else { String::new() },
            self.invalid,
            self.errors
        )
    }

    /// What is to be said of lines without an answer, if there are any.
    fn outcome(&self) -> Option<Error> {
        let (lines, failed) = self.already;
        let all = self.total() + lines;
        self.worst.map(|kind| {
            let failed = self.errors + self.ambiguous + failed;
            let verb = if failed == 1 { "has" } else { "have" };
            Error::new(kind, format!("{failed} of {all} {} {verb} no answer", line_or_lines(all)))
        })
    }
}

fn line_or_lines(count: u64) -> &'static str {
    if count == 1 { "line" } else { "lines" }
}
