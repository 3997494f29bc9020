//! The async runtime: one thread, started by hand, so that a command which needs no network starts none. Owns what
//! Ctrl-C means.

use std::convert::Infallible;
use std::future::Future;
use std::time::Duration;

use tokio::sync::watch;

use crate::platform::error::{Error, ErrorKind, Result};

/// How long after Ctrl-C the process may still be there; more than what is in flight gets to finish.
const FORCED_EXIT_AFTER: Duration = Duration::from_secs(7);
/// The same after the second one.
const FORCED_EXIT_AFTER_SECOND: Duration = Duration::from_secs(1);

/// Runs a future to its end, or until Ctrl-C.
///
/// # Errors
/// What the future returns; interrupted; internal, when the runtime cannot start.
pub fn run<T>(future: impl Future<Output = Result<T>>) -> Result<T> {
    block_on(async {
        tokio::select! {
            biased;
            _ = tokio::signal::ctrl_c() => Err(interrupted()),
            outcome = future => outcome,
        }
    })
}

/// Tells a future that it should come to an end.
#[derive(Clone)]
pub struct Stop(watch::Receiver<bool>);

impl Stop {
    /// Waits for Ctrl-C.
    pub async fn requested(&mut self) {
        if self.0.wait_for(|stop| *stop).await.is_err() {
            std::future::pending::<()>().await;
        }
    }

    /// Runs a future that need not be finished after Ctrl-C.
    ///
    /// # Errors
    /// Interrupted.
    pub async fn unless<T>(&mut self, future: impl Future<Output = T>) -> Result<T> {
        tokio::select! {
            biased;
            () = self.requested() => Err(interrupted()),
            done = future => Ok(done),
        }
    }
}

/// Ends the process some seconds after Ctrl-C if it is still there: a write to a reader that does not read blocks the
/// very thread that would notice Ctrl-C. A command that writes as it goes calls this; the others have their short
/// output in a pipe's buffer before that. `end` does not return.
pub fn force_exit_after_interrupt(end: impl FnOnce() + Send + 'static) {
    // Without a thread there is no such help, and nothing else changes.
    let _ = std::thread::Builder::new().name("ctrl-c".into()).spawn(move || {
        let waited = block_on(async {
            let _ = tokio::signal::ctrl_c().await;
            tokio::select! {
                () = tokio::time::sleep(FORCED_EXIT_AFTER) => {}
                _ = tokio::signal::ctrl_c() => tokio::time::sleep(FORCED_EXIT_AFTER_SECOND).await,
            }
            Ok(())
        });
        if waited.is_ok() {
            end();
        }
    });
}

/// Runs a future that brings itself to an end after Ctrl-C; the second Ctrl-C does not wait for it.
///
/// # Errors
/// What the future returns; interrupted by the second Ctrl-C; internal, when the runtime cannot start.
pub fn run_with_graceful_shutdown<T, F: Future<Output = Result<T>>>(start: impl FnOnce(Stop) -> F) -> Result<T> {
    let (stop, stopped) = watch::channel(false);
    block_on(async {
        let twice = async {
            let _ = tokio::signal::ctrl_c().await;
            let _ = stop.send(true);
            let _ = tokio::signal::ctrl_c().await;
        };
        tokio::select! {
            biased;
            () = twice => Err(interrupted()),
            outcome = start(Stop(stopped)) => outcome,
        }
    })
}

fn block_on<T>(future: impl Future<Output = Result<T>>) -> Result<T> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|e| Error::new(ErrorKind::Internal, "cannot start the async runtime").caused_by(e))?;
    #[cfg(unix)]
    let guarded = async {
        let _limit = survive_file_size_limit();
        tokio::select! {
            biased;
            never = end_as_first_process() => match never {},
            outcome = future => outcome,
        }
    };
    #[cfg(not(unix))]
    let guarded = future;
    let outcome = runtime.block_on(guarded);
    // A name lookup that hangs in its helper thread must not hold the exit up.
    runtime.shutdown_background();
    outcome
}

/// The kernel ignores a signal to the first process of a container unless it is waited for, so `docker stop` would have
/// to kill it. Never comes back; elsewhere it only waits.
#[cfg(unix)]
async fn end_as_first_process() -> Infallible {
    use tokio::signal::unix::{SignalKind, signal};
    if std::process::id() == 1
        && let (Ok(mut terminate), Ok(mut hangup)) = (signal(SignalKind::terminate()), signal(SignalKind::hangup()))
    {
        tokio::select! {
            _ = terminate.recv() => std::process::exit(128 + 15),
            _ = hangup.recv() => std::process::exit(128 + 1),
        }
    }
    std::future::pending().await
}

/// Has a write beyond `ulimit -f` fail instead of ending the process (SIGXFSZ, which is 25 wherever this runs): a cache that
/// cannot be written must not cost the token.
#[cfg(unix)]
fn survive_file_size_limit() -> std::io::Result<tokio::signal::unix::Signal> {
    tokio::signal::unix::signal(tokio::signal::unix::SignalKind::from_raw(25))
}

/// The error for Ctrl-C.
pub fn interrupted() -> Error {
    Error::new(ErrorKind::Interrupted, "interrupted")
}
