//! Runs a command with the sandbox's settings in its environment, and returns its exit status.

use std::env;
use std::ffi::OsString;
use std::io;
use std::process::ExitStatus;

use tokio::process::{Child, Command};

use crate::home::Home;
use crate::signals::{Signal, Signals};

const CONFIG: &str = "M2M_CONFIG";
const CACHE_DIR: &str = "M2M_CACHE_DIR";

/// The exit statuses of a shell for commands that do not start.
const CANNOT_EXECUTE: u8 = 126;
const NOT_FOUND: u8 = 127;

/// Why a command did not start, and the exit status for it.
pub(crate) struct NotStarted {
    pub(crate) status: u8,
    pub(crate) cause: io::Error,
}

/// Runs `program`, waits for its end whatever signals arrive, and returns its exit status.
pub(crate) async fn run(
    program: &OsString,
    arguments: &[OsString],
    home: &Home,
    signals: &mut Signals,
) -> Result<u8, NotStarted> {
    let mut command = Command::new(program);
    command.args(arguments).env(CONFIG, home.config_path());
    if env::var_os(CACHE_DIR).is_none() {
        command.env(CACHE_DIR, home.cache_path());
    }
    let mut child = command.spawn().map_err(|cause| NotStarted {
        status: match cause.kind() {
            io::ErrorKind::NotFound => NOT_FOUND,
            _ => CANNOT_EXECUTE,
        },
        cause,
    })?;

    loop {
        tokio::select! {
            status = child.wait() => return Ok(status.map_or(1, status_code)),
            signal = signals.next() => match signal {
                // The terminal has sent it to the child as well.
                Signal::Interrupt => {}
                Signal::Terminate => terminate(&child).await,
            },
        }
    }
}

/// Passes SIGTERM on. The standard library cannot signal without `unsafe`; the shell's `kill` can.
async fn terminate(child: &Child) {
    if let Some(id) = child.id() {
        let _ = Command::new("sh").args(["-c", r#"kill -TERM "$1""#, "sh"]).arg(id.to_string()).status().await;
    }
}

/// The exit status that a shell would report: 128 plus the number of the signal if a signal ended the command.
fn status_code(status: ExitStatus) -> u8 {
    #[cfg(unix)]
    if let Some(signal) = std::os::unix::process::ExitStatusExt::signal(&status) {
        return u8::try_from(128 + signal).unwrap_or(u8::MAX);
    }
    status.code().and_then(|code| u8::try_from(code).ok()).unwrap_or(1)
}

#[cfg(unix)]
#[cfg(test)]
mod tests {
    use std::os::unix::process::ExitStatusExt;

    use super::*;

    #[test]
    fn statuses_are_those_of_a_shell() {
        // As wait(2) encodes them: the exit code in the second byte, a signal in the first.
        for (raw, code) in [(0, 0), (3 << 8, 3), (255 << 8, 255), (15, 143), (2, 130)] {
            assert_eq!(status_code(ExitStatus::from_raw(raw)), code);
        }
    }
}
