//! The one deadline of a command: everything it does on the network, retries and waits included, ends by then.

use std::future::Future;
use std::time::{Duration, Instant};

use crate::platform::error::{Error, ErrorKind, Result};

/// How long a command has unless `timeout` says otherwise.
pub const USUAL: Duration = Duration::from_secs(30);

/// No time limit is longer.
pub const LONGEST: Duration = Duration::from_secs(24 * 3600);

/// A duration as people write it.
///
/// # Errors
/// What it must be.
pub fn parse_duration(text: &str) -> Result<Duration, &'static str> {
    humantime::parse_duration(text.trim())
        .map_err(|_| "it must be a number with a unit, such as `500ms`, `30s`, `5m`, `1h` or `30d`")
}

/// A point in time and the budget it came from, for messages.
#[derive(Clone, Copy, Debug)]
pub struct Deadline {
    at: Instant,
    budget: Duration,
}

impl Deadline {
    /// A deadline `budget` from now.
    pub fn after(budget: Duration) -> Self {
        Self { at: Instant::now() + budget, budget }
    }

    /// The time that there was from the beginning.
    pub fn budget(&self) -> Duration {
        self.budget
    }

    /// What is left, zero when it has passed.
    pub fn remaining(&self) -> Duration {
        self.at.saturating_duration_since(Instant::now())
    }

    /// Runs a future until the deadline at most; of two that are bound by the same deadline, the inner one ends first.
    ///
    /// # Errors
    /// `Elapsed` if the deadline passes first.
    pub async fn race<T>(&self, future: impl Future<Output = T>) -> Result<T, tokio::time::error::Elapsed> {
        tokio::time::timeout_at(self.at.into(), future).await
    }

    /// Runs a future until the deadline at most.
    ///
    /// # Errors
    /// Unreachable (transient) when the deadline passes first; `doing` says what was under way.
    pub async fn bound<T>(&self, doing: &str, future: impl Future<Output = T>) -> Result<T> {
        self.race(future).await.map_err(|_| self.passed(doing))
    }

    /// The error for a deadline that passed.
    pub fn passed(&self, doing: &str) -> Error {
        Error::new(ErrorKind::Unreachable, format!("no answer within {}", humantime::format_duration(self.budget)))
            .cause(format!("the deadline passed: {doing}"))
            .hint("the deadline covers the whole command; raise it with `--timeout` if the server is merely slow")
            .code("deadline")
            .transient()
    }
}
