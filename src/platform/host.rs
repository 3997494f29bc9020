//! The process and its user interface, handed down from `main` together: most functions need both.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io::{Read, Write};
use std::rc::Rc;
use std::time::SystemTime;

use crate::platform::error::{Error, Result};
use crate::platform::process::Process;
use crate::platform::ui::Ui;

/// The world outside the program.
pub struct Host {
    /// What the program reads: arguments, environment, clock, stdin.
    pub(crate) process: Rc<Process>,
    /// What the program writes: stdout, stderr.
    pub(crate) ui: Ui,
}

impl Host {
    /// The real process.
    #[must_use]
    pub fn system() -> Self {
        Self { process: Rc::new(Process::system()), ui: Ui::system() }
    }

    /// A process with the given arguments (the program's name first), environment, clock, and streams.
    #[must_use]
    pub fn new(
        argv: Vec<OsString>,
        env: BTreeMap<OsString, OsString>,
        clock: Box<dyn Fn() -> SystemTime>,
        stdin: Box<dyn Read + Send>,
        stdout: Box<dyn Write>,
        stderr: Box<dyn Write>,
    ) -> Self {
        Self {
            process: Rc::new(Process::new(argv, env.into_iter().collect(), clock, stdin)),
            ui: Ui::new(stdout, stderr),
        }
    }

    /// The same process, with warnings collected instead of written: see [`Ui::capturing`].
    pub(crate) fn capturing_warnings(&self) -> Self {
        Self { process: Rc::clone(&self.process), ui: self.ui.capturing() }
    }

    /// Stdin as a stream, which can feed one thing only. If it is a terminal, a note says that it is read.
    ///
    /// # Errors
    /// Usage, if stdin was taken before.
    pub(crate) fn stdin(&self, purpose: &str) -> Result<Box<dyn Read + Send>> {
        let stdin = self.process.take_stdin(purpose)?;
        if self.process.stdin_is_terminal() {
            self.ui.note(&format!("reading {purpose} from the terminal; Ctrl-D ends it"));
        }
        Ok(stdin)
    }

    /// All of stdin, which can feed one thing only.
    ///
    /// # Errors
    /// Usage, if stdin was taken before, cannot be read, does not end in time, or holds more than `limit` bytes.
    pub(crate) fn read_stdin(&self, purpose: &str, limit: u64) -> Result<Vec<u8>> {
        let stdin = self.stdin(purpose)?;
        self.process
            .read_to_end(stdin, limit)
            .map_err(|e| Error::usage(format!("cannot read stdin for {purpose}")).caused_by(e))
    }
}
