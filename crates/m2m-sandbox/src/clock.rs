//! The wall clock, in seconds.

use std::time::{SystemTime, UNIX_EPOCH};

/// Whole seconds since 1970, as JWT claims count them (RFC 7519 section 2, NumericDate).
pub(crate) fn unix_now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}
