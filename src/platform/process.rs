//! The process as the program sees it: arguments, environment, clock, user folders, standard input. Nothing else reads a
//! variable of the environment or the wall clock, so a test can run the whole program at another time and with another
//! environment. Refuses to write anything: that is `ui`'s.

use std::cell::{Cell, RefCell};
use std::ffi::{OsStr, OsString};
use std::io::{IsTerminal as _, Read};
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use crate::platform::deadline::{self, Deadline};
use crate::platform::error::{Error, Result};
use crate::platform::local_input;

/// The inputs of the process.
pub struct Process {
    /// The arguments, the program's name first.
    pub argv: Vec<OsString>,
    /// In no order: a run looks a few dozen names up, which is less work than sorting would be.
    env: Vec<(OsString, OsString)>,
    clock: Box<dyn Fn() -> SystemTime>,
    stdin: RefCell<Option<Box<dyn Read + Send>>>,
    stdin_terminal: fn() -> bool,
    /// Waits until stdin has something to read.
    stdin_ready: fn(&Deadline) -> std::io::Result<()>,
    input_timeout: Cell<Duration>,
}

impl Process {
    /// The real process.
    pub(super) fn system() -> Self {
        Self {
            stdin_terminal: || std::io::stdin().is_terminal(),
            stdin_ready: |deadline| local_input::wait(std::io::stdin(), deadline),
            ..Self::new(
                std::env::args_os().collect(),
                std::env::vars_os().collect(),
                Box::new(SystemTime::now),
                Box::new(local_input::Stdin),
            )
        }
    }

    /// A process with the given inputs.
    pub(super) fn new(
        argv: Vec<OsString>,
        env: Vec<(OsString, OsString)>,
        clock: Box<dyn Fn() -> SystemTime>,
        stdin: Box<dyn Read + Send>,
    ) -> Self {
        Self {
            argv,
            env,
            clock,
            stdin: RefCell::new(Some(stdin)),
            stdin_terminal: || false,
            stdin_ready: |_| Ok(()),
            input_timeout: Cell::new(deadline::USUAL),
        }
    }

    /// The time now.
    pub fn now(&self) -> SystemTime {
        (self.clock)()
    }

    /// An environment variable, unchanged.
    pub fn var_os(&self, name: &str) -> Option<&OsStr> {
        self.env.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_os_str())
    }

    /// An environment variable that is set and not empty.
    ///
    /// # Errors
    /// Usage, if the value is not UTF-8.
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
    pub fn env(&self) -> &[(OsString, OsString)] {
        &self.env
    }

    /// The user's folder that `variable` names, else `fallback` in the home folder; `None` without a home. A relative path
    /// in the variable is ignored, as the XDG base directory specification asks.
    pub fn user_dir(&self, variable: &str, fallback: &str) -> Option<PathBuf> {
        let absolute = |name| self.var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
        absolute(variable).or_else(|| absolute("HOME").map(|home| home.join(fallback)))
    }

    /// How long to wait for local input that may never come.
    pub fn input_timeout(&self) -> Duration {
        self.input_timeout.get()
    }

    /// Sets how long to wait for local input.
    pub fn set_input_timeout(&self, timeout: Duration) {
        self.input_timeout.set(timeout);
    }

    /// Whether stdin is a terminal.
    pub fn stdin_is_terminal(&self) -> bool {
        (self.stdin_terminal)()
    }

    /// Stdin as a stream, which can feed one thing only.
    ///
    /// # Errors
    /// Usage, if stdin was taken before.
    pub fn take_stdin(&self, purpose: &str) -> Result<Box<dyn Read + Send>> {
        self.stdin.borrow_mut().take().ok_or_else(|| {
            Error::usage(format!("stdin cannot feed {purpose}: it already feeds something else"))
                .hint("only one `-` can read stdin; put the other value in a file")
        })
    }

    /// Reads a stream that was taken from stdin to its end, at most `limit` bytes, within the input timeout.
    pub(super) fn read_to_end(&self, stdin: Box<dyn Read + Send>, limit: u64) -> std::io::Result<Vec<u8>> {
        let deadline = Deadline::after(self.input_timeout());
        local_input::read_slow(stdin, limit, || (self.stdin_ready)(&deadline))
    }
}
