//! What a person or a script sees: stdout for data, stderr for errors, warnings, notes, and the log of `-v`. Everything on
//! stderr but a prompt, which is our own words, is redacted and sanitized here. Refuses to read anything: that is `process`'s.

use std::borrow::Cow;
use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use std::io::{ErrorKind as IoKind, IsTerminal as _, Write};
use std::rc::Rc;

use crate::platform::error::{Error, ErrorKind, Result};
use crate::platform::redaction::redactor::{HIDDEN, Redactor};
use crate::platform::text;

/// How much is written to stderr.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verbosity {
    /// Only errors and warnings.
    Quiet,
    /// Notes as well.
    #[default]
    Normal,
    /// Requests, timings and decisions too (`-v`).
    Verbose,
    /// Headers too (`-vv`).
    Headers,
}

/// The outputs of the process. Warnings go to stderr at once, or are collected for a report: see [`Ui::capturing`].
pub struct Ui {
    streams: Rc<Streams>,
    captured: Option<RefCell<Vec<String>>>,
    /// What must never be shown.
    pub redactor: Rc<Redactor>,
}

/// What every [`Ui`] of the process shares.
struct Streams {
    stdout: RefCell<Box<dyn Write>>,
    stderr: RefCell<Box<dyn Write>>,
    verbosity: Cell<Verbosity>,
    warned: RefCell<BTreeSet<String>>,
    /// Asks the system whether stdout and stderr are terminals; most commands never need to know.
    terminals: fn() -> (bool, bool),
    columns: fn() -> Option<usize>,
}

impl Ui {
    /// The real streams.
    pub(super) fn system() -> Self {
        Self::with(
            Box::new(std::io::stdout()),
            Box::new(std::io::stderr()),
            || (std::io::stdout().is_terminal(), std::io::stderr().is_terminal()),
            || {
                let (terminal_size::Width(columns), _) = terminal_size::terminal_size_of(std::io::stdout())?;
                Some(usize::from(columns))
            },
        )
    }

    /// Streams of the caller's, which are no terminals.
    pub(super) fn new(stdout: Box<dyn Write>, stderr: Box<dyn Write>) -> Self {
        Self::with(stdout, stderr, || (false, false), || None)
    }

    fn with(
        stdout: Box<dyn Write>,
        stderr: Box<dyn Write>,
        terminals: fn() -> (bool, bool),
        columns: fn() -> Option<usize>,
    ) -> Self {
        let streams = Streams {
            stdout: RefCell::new(stdout),
            stderr: RefCell::new(stderr),
            verbosity: Cell::default(),
            warned: RefCell::default(),
            terminals,
            columns,
        };
        Self { streams: Rc::new(streams), captured: None, redactor: Rc::default() }
    }

    /// The same streams and redactor, but warnings are collected for [`Ui::take_warnings`]: a report has its own place for
    /// them, and each of several reports its own list.
    pub fn capturing(&self) -> Self {
        Self {
            streams: Rc::clone(&self.streams),
            captured: Some(RefCell::default()),
            redactor: Rc::clone(&self.redactor),
        }
    }

    /// The warnings collected since the last call.
    pub fn take_warnings(&self) -> Vec<String> {
        self.captured.as_ref().map(RefCell::take).unwrap_or_default()
    }

    /// Whether stdout is a terminal.
    pub fn stdout_is_terminal(&self) -> bool {
        (self.streams.terminals)().0
    }

    /// Whether stderr is a terminal.
    pub fn stderr_is_terminal(&self) -> bool {
        (self.streams.terminals)().1
    }

    /// How wide the terminal on stdout is, in characters; `None` for a pipe or a file.
    pub fn columns(&self) -> Option<usize> {
        (self.streams.columns)()
    }

    /// Writes data to stdout in one piece. A reader that went away is not an error.
    ///
    /// # Errors
    /// Internal, if stdout cannot be written for another reason, such as a full disk.
    pub fn print(&self, data: &[u8]) -> Result<()> {
        match self.write_stdout(data) {
            Err(e) if e.kind() == IoKind::BrokenPipe => Ok(()),
            other => other.map_err(|e| Error::new(ErrorKind::Internal, "cannot write to stdout").caused_by(e)),
        }
    }

    /// Writes data to stdout and reports a reader that went away, for commands that would otherwise go on. On a terminal,
    /// control characters in the data are escaped; the system is asked whether there is one only if that matters.
    ///
    /// # Errors
    /// What the operating system says.
    pub fn write_stdout(&self, data: &[u8]) -> std::io::Result<()> {
        // Scanning much data takes longer than asking.
        let to_pipe = data.len() > 4096 && !self.stdout_is_terminal();
        let shown = if to_pipe { Cow::Borrowed(data) } else { text::for_terminal(data) };
        let differs = matches!(shown, Cow::Owned(_));
        let mut out = self.streams.stdout.borrow_mut();
        out.write_all(if differs && self.stdout_is_terminal() { &shown } else { data })?;
        out.flush()
    }

    /// Sets how much is written to stderr.
    pub fn set_verbosity(&self, verbosity: Verbosity) {
        self.streams.verbosity.set(verbosity);
    }

    /// How much is written to stderr.
    pub fn verbosity(&self) -> Verbosity {
        self.streams.verbosity.get()
    }

    /// Something the user should know, though the command goes on.
    pub fn warn(&self, message: &str) {
        if let Some(captured) = &self.captured {
            captured.borrow_mut().push(message.to_owned());
            return;
        }
        // A file that is read for every attempt is worth one warning.
        if self.streams.warned.borrow_mut().insert(message.to_owned()) {
            self.write_stderr_line(&format!("warning: {message}"));
        }
    }

    /// Warns once all data is out, if a secret was hidden in it: a short one may be an ordinary word there.
    pub fn warn_of_hidden_data(&self) {
        let Some(name) = self.redactor.found() else { return };
        let what = if name.is_empty() { "a known secret".to_owned() } else { format!("the value of `{name}`") };
        self.warn(&format!("the output held {what}; `{HIDDEN}` stands in its place"));
    }

    /// A remark, silenced by `-q`.
    pub fn note(&self, message: &str) {
        if self.verbosity() >= Verbosity::Normal {
            self.write_stderr_line(&format!("note: {message}"));
        }
    }

    /// A line of the log that `-v` turns on. The text is made only if it is.
    pub fn verbose(&self, message: impl FnOnce() -> String) {
        if self.verbosity() >= Verbosity::Verbose {
            self.write_stderr_line(&format!("m2m: {}", message()));
        }
    }

    /// A prompt on stderr, without a line end.
    pub fn write_prompt(&self, words: &str) {
        let _ = self.streams.stderr.borrow_mut().write_all(words.as_bytes());
    }

    /// One line on stderr: secrets hidden, controls escaped, so that it stays one line. If stderr itself is gone, there is
    /// nowhere left to report it.
    pub fn write_stderr_line(&self, text: &str) {
        let clean = format!("{}\n", text::sanitize(&self.redactor.hide(text)));
        let _ = self.streams.stderr.borrow_mut().write_all(clean.as_bytes());
    }
}
