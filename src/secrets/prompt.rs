//! Asks for a secret at a terminal, without echo. Owns the terminal's echo: it is restored when this
//! is over, however that ends, short of a signal from another process.

#[cfg(unix)]
use crate::platform::error::Error;
use crate::platform::error::Result;
use crate::platform::host::Host;

/// A secret from stdin, at most `limit` bytes and one: all there is, or one line where a person types it. `what` names
/// it as settings do (`client_secret`).
///
/// # Errors
/// Usage: stdin was read before, or cannot be read. Interrupted: Ctrl-C.
pub fn secret(host: &Host, what: &str, limit: u64) -> Result<Vec<u8>> {
    #[cfg(unix)]
    if host.process.stdin_is_terminal() {
        let mut stdin = host.process.take_stdin(what)?;
        host.ui.write_prompt(&format!("{}: ", what.replace('_', " ")));
        let line = hidden_line(&mut stdin, limit);
        host.ui.write_prompt("\n");
        let line = line.map_err(|e| unreadable(what, e))?;
        return line.ok_or_else(crate::platform::runtime::interrupted);
    }
    host.read_stdin(what, limit)
}

#[cfg(unix)]
fn unreadable(what: &str, error: std::io::Error) -> Error {
    Error::usage(format!("cannot read the {what} from the terminal")).caused_by(error)
}

/// One line, its end included; nothing after Ctrl-C.
#[cfg(unix)]
fn hidden_line(stdin: &mut dyn std::io::Read, limit: u64) -> std::io::Result<Option<Vec<u8>>> {
    let guard = EchoGuard::begin()?;
    let (mut line, mut piece) = (Vec::new(), [0; 1024]);
    loop {
        let len = match stdin.read(&mut piece) {
            Err(e) if e.kind() == std::io::ErrorKind::Interrupted => continue,
            read => read?,
        };
        line.extend_from_slice(&piece[..len]);
        if line.last() == Some(&guard.interrupt) {
            return Ok(None);
        }
        if len == 0 || line.ends_with(b"\n") || line.len() as u64 > limit {
            return Ok(Some(line));
        }
    }
}

/// A terminal that shows nothing of what is typed, until this is dropped.
#[cfg(unix)]
struct EchoGuard {
    before: rustix::termios::Termios,
    /// What Ctrl-C types.
    interrupt: u8,
}

#[cfg(unix)]
impl EchoGuard {
    fn begin() -> std::io::Result<Self> {
        use rustix::termios::{LocalModes, OptionalActions, SpecialCodeIndex, tcgetattr, tcsetattr};
        let before = tcgetattr(std::io::stdin())?;
        let interrupt = before.special_codes[SpecialCodeIndex::VINTR];
        let mut silent = before.clone();
        // A signal would end the process and leave the terminal without echo, so Ctrl-C ends the line instead.
        silent.local_modes.remove(LocalModes::ECHO | LocalModes::ISIG);
        silent.special_codes[SpecialCodeIndex::VEOL] = interrupt;
        tcsetattr(std::io::stdin(), OptionalActions::Flush, &silent)?;
        Ok(Self { before, interrupt })
    }
}

#[cfg(unix)]
impl Drop for EchoGuard {
    fn drop(&mut self) {
        // A terminal that is gone needs no echo.
        let _ = rustix::termios::tcsetattr(std::io::stdin(), rustix::termios::OptionalActions::Now, &self.before);
    }
}
