//! The process as the program sees it: environment, streams, clock, and what must not be shown. Nothing below reads
//! a variable, a clock or a stream any other way, so a test can run the whole program with a `Host` of its own.

use std::borrow::Cow;
use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::ffi::{OsStr, OsString};
use std::io::{ErrorKind as IoKind, IsTerminal, Read, Write};
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use crate::platform::deadline;
use crate::platform::deadline::Deadline;
use crate::platform::error::{Error, ErrorKind, Result};
use crate::platform::local_input;
use crate::platform::redactor::{HIDDEN, Redactor};
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

/// The world outside, handed down from `main`.
pub struct Host {
    /// The arguments, the program's name first.
    pub argv: Vec<OsString>,
    env: BTreeMap<OsString, OsString>,
    clock: Box<dyn Fn() -> SystemTime>,
    stdin: RefCell<Option<Box<dyn Read + Send>>>,
    stdout: RefCell<Box<dyn Write>>,
    stderr: RefCell<Box<dyn Write>>,
    verbosity: Cell<Verbosity>,
    captured_warnings: RefCell<Option<Vec<String>>>,
    warned: RefCell<BTreeSet<String>>,
    /// Asks the system whether stdout and stderr are terminals; most commands never need to know.
    terminals: fn() -> (bool, bool),
    /// Waits until stdin has something to read.
    stdin_ready: fn(&Deadline) -> std::io::Result<()>,
    input_timeout: Cell<Duration>,
    stdin_terminal: fn() -> bool,
    /// What must never be shown.
    pub redactor: Redactor,
}

impl Host {
    /// The real process.
    pub fn system() -> Self {
        Self {
            stdin_terminal: || std::io::stdin().is_terminal(),
            terminals: || (std::io::stdout().is_terminal(), std::io::stderr().is_terminal()),
            stdin_ready: |deadline| local_input::wait(std::io::stdin(), deadline),
            ..Self::new(
                std::env::args_os().collect(),
                std::env::vars_os().collect(),
                Box::new(SystemTime::now),
                Box::new(local_input::Stdin),
                Box::new(std::io::stdout()),
                Box::new(std::io::stderr()),
            )
        }
    }

    /// A process of the caller's making.
    pub fn new(
        argv: Vec<OsString>,
        env: BTreeMap<OsString, OsString>,
        clock: Box<dyn Fn() -> SystemTime>,
        stdin: Box<dyn Read + Send>,
        stdout: Box<dyn Write>,
        stderr: Box<dyn Write>,
    ) -> Self {
        Self {
            argv,
            env,
            clock,
            stdin: RefCell::new(Some(stdin)),
            stdout: RefCell::new(stdout),
            stderr: RefCell::new(stderr),
            verbosity: Cell::default(),
            captured_warnings: RefCell::default(),
            warned: RefCell::default(),
            terminals: || (false, false),
            stdin_ready: |_| Ok(()),
            input_timeout: Cell::new(deadline::USUAL),
            stdin_terminal: || false,
            redactor: Redactor::default(),
        }
    }

    /// Whether stdin is a terminal.
    pub fn stdin_is_terminal(&self) -> bool {
        (self.stdin_terminal)()
    }

    /// Whether stdout is a terminal.
    pub fn stdout_is_terminal(&self) -> bool {
        (self.terminals)().0
    }

    /// Whether stderr is a terminal.
    pub fn stderr_is_terminal(&self) -> bool {
        (self.terminals)().1
    }

    /// The time now.
    pub fn now(&self) -> SystemTime {
        (self.clock)()
    }

    /// An environment variable, unchanged.
    pub fn var_os(&self, name: &str) -> Option<&OsStr> {
        self.env.get(OsStr::new(name)).map(OsString::as_os_str)
    }

    /// An environment variable that is set and not empty.
    ///
    /// # Errors
    /// Usage, when the value is not UTF-8.
    pub fn var(&self, name: &str) -> Result<Option<&str>> {
        match self.var_os(name) {
            None => Ok(None),
            Some(value) => match value.to_str() {
                Some("") => Ok(None),
                Some(text) => Ok(Some(text)),
                None => Err(Error::usage(format!("the environment variable `{name}` is not UTF-8"))),
            },
        }
    }

    /// All environment variables.
    pub fn env(&self) -> &BTreeMap<OsString, OsString> {
        &self.env
    }

    /// The user's folder for `kind`: `$XDG_<kind>_HOME`, else `$HOME/<fallback>`; none without a home. A relative
    /// path in the variable is ignored, as the XDG base directory specification asks.
    pub fn user_dir(&self, variable: &str, fallback: &str) -> Option<PathBuf> {
        let absolute = |name| self.var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
        absolute(variable).or_else(|| absolute("HOME").map(|home| home.join(fallback)))
    }

    /// How long to wait for local input that may never come.
    pub fn input_timeout(&self) -> Duration {
        self.input_timeout.get()
    }

    /// Sets how long is waited for local input.
    pub fn set_input_timeout(&self, input_timeout: Duration) {
        self.input_timeout.set(input_timeout);
    }

    /// All of stdin, which can feed one thing only.
    ///
    /// # Errors
    /// Usage, when stdin was read before, cannot be read, does not come to its end in time, or holds more than `limit`
    /// bytes.
    pub fn read_stdin(&self, purpose: &str, limit: u64) -> Result<Vec<u8>> {
        let stdin = self.stdin(purpose)?;
        let deadline = Deadline::after(self.input_timeout());
        local_input::read_slow(stdin, limit, || (self.stdin_ready)(&deadline))
            .map_err(|e| Error::usage(format!("cannot read stdin for {purpose}")).caused_by(e))
    }

    /// Stdin as a stream, which can feed one thing only. If it is a terminal, a note says that it is read.
    ///
    /// # Errors
    /// Usage, when stdin was taken before.
    pub fn stdin(&self, purpose: &str) -> Result<Box<dyn Read + Send>> {
        let stdin = self.take_stdin(purpose)?;
        if self.stdin_is_terminal() {
            self.note(&format!("reading {purpose} from the terminal; Ctrl-D ends it"));
        }
        Ok(stdin)
    }

    pub(crate) fn take_stdin(&self, purpose: &str) -> Result<Box<dyn Read + Send>> {
        self.stdin.borrow_mut().take().ok_or_else(|| {
            Error::usage(format!("stdin cannot feed {purpose}: it already feeds something else"))
                .hint("only one `-` can read stdin; put the other value in a file")
        })
    }

    /// How wide the terminal on stdout is, in characters; nothing for a pipe or a file.
    pub fn columns(&self) -> Option<usize> {
        let (terminal_size::Width(columns), _) = terminal_size::terminal_size_of(std::io::stdout())?;
        Some(usize::from(columns))
    }

    /// Writes data to stdout in one piece. A reader that went away is not an error.
    ///
    /// # Errors
    /// Internal, when stdout cannot be written for another reason, such as a full disk.
    pub fn print(&self, data: &[u8]) -> Result<()> {
        match self.write_stdout(data) {
            Err(e) if e.kind() == IoKind::BrokenPipe => Ok(()),
            other => other.map_err(|e| Error::new(ErrorKind::Internal, "cannot write to stdout").caused_by(e)),
        }
    }

    /// Writes data to stdout and tells of a reader that went away, for commands that would otherwise go on. On a
    /// terminal, nothing in it acts; the system is asked whether there is one only where that matters.
    ///
    /// # Errors
    /// What the operating system says.
    pub fn write_stdout(&self, data: &[u8]) -> std::io::Result<()> {
        // Looking at much takes longer than asking.
        let to_pipe = data.len() > 4096 && !self.stdout_is_terminal();
        let shown = if to_pipe { Cow::Borrowed(data) } else { text::for_terminal(data) };
        let differs = matches!(shown, Cow::Owned(_));
        let mut out = self.stdout.borrow_mut();
        out.write_all(if differs && self.stdout_is_terminal() { &shown } else { data })?;
        out.flush()
    }

    /// Sets how much is written to stderr.
    pub fn set_verbosity(&self, verbosity: Verbosity) {
        self.verbosity.set(verbosity);
    }

    /// How much is written to stderr.
    pub fn verbosity(&self) -> Verbosity {
        self.verbosity.get()
    }

    /// Something the user should know, though the command goes on.
    pub fn warn(&self, message: &str) {
        if let Some(warnings) = self.captured_warnings.borrow_mut().as_mut() {
            warnings.push(message.to_owned());
            return;
        }
        // A file that is read for every attempt is worth one warning.
        if self.warned.borrow_mut().insert(message.to_owned()) {
            self.write_stderr_line(&format!("warning: {message}"));
        }
    }

    /// Warns once all data is out, if a secret was hidden in it: a short one may be an ordinary word there.
    pub fn warn_of_hidden_data(&self) {
        let Some(name) = self.redactor.found() else { return };
        let what = if name.is_empty() { "a known secret".to_owned() } else { format!("the value of `{name}`") };
        self.warn(&format!("the output held {what}; `{HIDDEN}` stands in its place"));
    }

    /// Collects warnings from now on instead of telling them, for a report that has its own place for them.
    pub fn capture_warnings(&self) {
        self.captured_warnings.borrow_mut().get_or_insert_default();
    }

    /// The warnings collected since the last call.
    pub fn take_warnings(&self) -> Vec<String> {
        self.captured_warnings.borrow_mut().as_mut().map(std::mem::take).unwrap_or_default()
    }

    /// A remark, silenced by `-q`.
    pub fn note(&self, message: &str) {
        if self.verbosity() >= Verbosity::Normal {
            self.write_stderr_line(&format!("note: {message}"));
        }
    }

    /// A prompt on stderr, without a line end.
    pub(crate) fn write_prompt(&self, words: &str) {
        let _ = self.stderr.borrow_mut().write_all(words.as_bytes());
    }

    /// A line of the log that `-v` turns on. The text is made only if it is.
    pub fn verbose(&self, message: impl FnOnce() -> String) {
        if self.verbosity() >= Verbosity::Verbose {
            self.write_stderr_line(&format!("m2m: {}", message()));
        }
    }

    /// One line on stderr: secrets hidden, controls escaped, so that it stays one line. Stderr itself may be gone;
    /// there is no_server_configured left to say so.
    pub fn write_stderr_line(&self, text: &str) {
        let clean = format!("{}\n", text::sanitize(&self.redactor.hide(text)));
        let _ = self.stderr.borrow_mut().write_all(clean.as_bytes());
    }
}
