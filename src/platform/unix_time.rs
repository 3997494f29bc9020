//! Seconds since 1970, as JWTs, cache entries, and JSON output write times.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Whole seconds since 1970; zero before.
pub fn seconds(at: SystemTime) -> u64 {
    at.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs()
}

/// The time of so many seconds since 1970, if the clock can express it.
pub fn at(seconds: u64) -> Option<SystemTime> {
    UNIX_EPOCH.checked_add(Duration::from_secs(seconds))
}
