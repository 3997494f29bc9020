//! The async runtime: one thread, started by hand, so that a command which needs no network starts none.

use std::future::Future;

use crate::platform::error::{Error, ErrorKind, Result};

/// Runs a future to its end, or until Ctrl-C.
///
/// # Errors
/// What the future returns; interrupted; internal, when the runtime cannot start.
pub fn run<T>(future: impl Future<Output = Result<T>>) -> Result<T> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|e| Error::new(ErrorKind::Internal, "cannot start the async runtime").cause(e.to_string()))?;
    let outcome = runtime.block_on(async {
        tokio::select! {
            biased;
            _ = tokio::signal::ctrl_c() => Err(interrupted()),
            outcome = future => outcome,
        }
    });
    // A name lookup that hangs in its helper thread must not hold the exit up.
    runtime.shutdown_background();
    outcome
}

/// The error for Ctrl-C.
#[must_use]
pub fn interrupted() -> Error {
    Error::new(ErrorKind::Interrupted, "interrupted")
}
