//! Running the command that prints a secret: no shell, no stdin, its stderr passed through, half a minute at most. Owns
//! when it is ended, and who is ended with it.

use std::ffi::OsStr;
use std::process::Stdio;
use std::time::Duration;

use tokio::io::AsyncReadExt as _;
use tokio::process::{Child, Command};

use crate::platform::deadline::Deadline;

/// The longest a secret command may take.
const TIME_LIMIT: Duration = Duration::from_secs(30);

/// How long output may still come once the command has ended.
const GRACE: Duration = Duration::from_millis(200);

/// What kept a command from printing a secret.
pub struct Failure {
    /// In words.
    pub why: String,
    /// What to try.
    pub hint: Option<&'static str>,
}

impl From<String> for Failure {
    fn from(why: String) -> Self {
        Self { why, hint: None }
    }
}

/// What the command prints, at most `limit` bytes. `search_path` is `PATH`, for messages.
///
/// # Errors
/// It cannot be started, fails, does not end in time, or prints what no secret is.
pub async fn run(
    argv: &[String],
    limit: u64,
    search_path: Option<&OsStr>,
    deadline: &Deadline,
) -> Result<String, Failure> {
    let (program, args) = argv.split_first().ok_or_else(|| "it names no program".to_owned())?;
    let mut command = Command::new(program);
    command.args(args).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::inherit()).kill_on_drop(true);
    let has_group = has_group_of_its_own(&mut command);
    let child = command.spawn().map_err(|e| cannot_start(program, search_path, &e))?;
    let mut running = Running { child, has_group };
    let time_limit = Deadline::after(TIME_LIMIT);
    let ended = deadline.race(time_limit.race(running.end(limit))).await;
    let (printed, ended_by_itself) = match ended {
        Err(_) => {
            return Err(Failure { hint: Some("`--timeout` raises the deadline"), ..still_running(program, deadline) });
        }
        Ok(Err(_)) => return Err(still_running(program, &time_limit)),
        Ok(Ok(outcome)) => outcome.map_err(|e| e.to_string())?,
    };
    running.has_group &= ended_by_itself.is_none();
    match ended_by_itself {
        None => Err(format!("`{program}` printed more than {} KiB, which no secret has", limit / 1024).into()),
        Some(status) if !status.success() => Err(Failure {
            why: format!("`{program}` ended with {status}"),
            hint: Some("what it said about it, if anything, stands above"),
        }),
        Some(_) => String::from_utf8(printed).map_err(|_| format!("what `{program}` printed is not UTF-8").into()),
    }
}

fn cannot_start(program: &str, search_path: Option<&OsStr>, error: &std::io::Error) -> Failure {
    let not_found = error.kind() == std::io::ErrorKind::NotFound;
    let hint = if program.starts_with('~') {
        Some("`~` is not expanded here: write the whole path")
    } else if not_found && !program.contains('/') {
        Some("cron, systemd and CI have another `PATH` than a login shell: write the program's whole path")
    } else {
        None
    };
    let place = match search_path.filter(|_| not_found && !program.contains('/')) {
        Some(path) => format!("`{program}` is in no folder of `PATH` ({})", path.to_string_lossy()),
        None => format!("`{program}` cannot be started: {error}"),
    };
    Failure { why: place, hint }
}

fn still_running(program: &str, deadline: &Deadline) -> Failure {
    format!("`{program}` did not end within {}", humantime::format_duration(deadline.budget())).into()
}

/// Puts the command into a group of processes of its own, so that all of it can be ended. Not where there is a
/// terminal: only the group in front may ask a person for a password there, and Ctrl-C reaches that group whole.
fn has_group_of_its_own(command: &mut Command) -> bool {
    let alone = cfg!(unix) && std::fs::File::open("/dev/tty").is_err();
    #[cfg(unix)]
    if alone {
        command.process_group(0);
    }
    alone
}

/// A command that runs; ended with its group when it is dropped before its end.
struct Running {
    child: Child,
    has_group: bool,
}

impl Running {
    /// What it prints, and how it ends; one that prints on and on is not waited for. A process that it left behind, such as
    /// an agent, may hold its output open: what came until a moment after its end is what it printed.
    async fn end(&mut self, limit: u64) -> std::io::Result<(Vec<u8>, Option<std::process::ExitStatus>)> {
        let Some(stdout) = self.child.stdout.take() else {
            return self.child.wait().await.map(|status| (Vec::new(), Some(status)));
        };
        let (mut printed, mut stdout, mut piece) = (Vec::new(), stdout.take(limit + 1), vec![0; 4096]);
        let mut ended = None;
        loop {
            let grace = if ended.is_some() { GRACE } else { TIME_LIMIT };
            tokio::select! {
                biased;
                read = stdout.read(&mut piece) => match read? {
                    0 => break,
                    length => printed.extend_from_slice(&piece[..length]),
                },
                status = self.child.wait(), if ended.is_none() => ended = Some(status?),
                () = tokio::time::sleep(grace) => break,
            }
        }
        if printed.len() as u64 > limit {
            return Ok((printed, None));
        }
        let status = match ended {
            Some(status) => status,
            None => self.child.wait().await?,
        };
        Ok((printed, Some(status)))
    }
}

#[cfg(unix)]
impl Drop for Running {
    fn drop(&mut self) {
        use rustix::process::{Pid, Signal, kill_process_group};
        // Without a number it has been waited for, and the number may be another's.
        let group = self.child.id().filter(|_| self.has_group).and_then(|id| Pid::from_raw(id.cast_signed()));
        if let Some(group) = group {
            let _ = kill_process_group(group, Signal::KILL);
        }
    }
}
