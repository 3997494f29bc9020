//! When to send a request again, and after how long. Pure: the caller sends, waits and looks at the clock.

use std::time::{Duration, SystemTime};

use crate::platform::unix_time;

/// What a request may do again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RetryPolicy {
    /// Send once, whatever happens (POST and others to an API).
    Never,
    /// Again while nothing was answered, or on a status that asks for it: the token request, which is billed once
    /// it has been answered.
    UntilResponse,
    /// As long as nothing was answered, or on a status that says that nothing was done, never 500: a write whose key lets
    /// the server recognize it.
    Keyed,
    /// Again also when the answer broke off (GET).
    Idempotent,
}

/// How one attempt ended, as far as repeating is concerned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AttemptOutcome {
    /// A whole answer with this status.
    Status(u16),
    /// No byte of the request was sent: the connection had ended before.
    Unsent,
    /// No answer: no connection, or it broke before a status came.
    NoAnswer,
    /// The answer broke off.
    Broken,
    /// Not retryable: TLS, an answer that is not HTTP.
    Final,
}

/// Whether a failure may pass by itself.
pub fn is_transient(outcome: AttemptOutcome) -> bool {
    match outcome {
        AttemptOutcome::Status(status) => matches!(status, 408 | 429 | 500..),
        AttemptOutcome::Unsent | AttemptOutcome::NoAnswer | AttemptOutcome::Broken => true,
        AttemptOutcome::Final => false,
    }
}

/// Whether another attempt is worth it. `attempt` counts from 0; `allowed` is how many may follow the first.
pub fn should_retry(repeat: RetryPolicy, outcome: AttemptOutcome, attempt: u32, allowed: u32) -> bool {
    let wanted = match outcome {
        AttemptOutcome::Status(408 | 429 | 502 | 503 | 504) => true,
        // A server error may have had effects; once more is reasonable, a series is not.
        AttemptOutcome::Status(500) => attempt == 0 && repeat != RetryPolicy::Keyed,
        AttemptOutcome::Unsent | AttemptOutcome::NoAnswer => true,
        AttemptOutcome::Broken => repeat == RetryPolicy::Idempotent,
        AttemptOutcome::Status(_) | AttemptOutcome::Final => false,
    };
    // What was never sent cannot have had an effect, so any method may be sent.
    let may = repeat != RetryPolicy::Never || outcome == AttemptOutcome::Unsent;
    wanted && may && attempt < allowed
}

/// How long to wait: what the server asked for, else exponential with full jitter (RFC 9110 says nothing better).
/// `random` is uniform in 0..1.
pub fn delay(attempt: u32, retry_after: Option<Duration>, random: f64) -> Duration {
    let ceiling = Duration::from_millis(250) * 2u32.saturating_pow(attempt.min(6));
    retry_after.unwrap_or_else(|| Duration::from_millis(50) + ceiling.mul_f64(random))
}

/// Beyond this, a number is a time since 1970 and not a wait.
const UNIX_TIME: f64 = 1e9;

/// Reads Retry-After (RFC 9110 section 10.2.3): seconds or an HTTP date, which counts from the server's own `Date`
/// when it sent one. Some servers send a fraction, which is rounded up, or a Unix time. The past is zero; nonsense is
/// nothing.
pub fn retry_after(value: &str, date: Option<&str>, now: SystemTime) -> Option<Duration> {
    let value = value.trim();
    let from = date.and_then(|date| httpdate::parse_http_date(date).ok()).unwrap_or(now);
    let plain = !value.is_empty() && value.bytes().all(|b| b.is_ascii_digit() || b == b'.');
    let at = match value.parse::<f64>() {
        Ok(number) if plain && number < UNIX_TIME => return Some(Duration::from_secs(number.ceil() as u64)),
        // Beyond what a clock can tell is later than anybody waits.
        Ok(number) if plain => match unix_time::at(number.ceil() as u64) {
            Some(at) => at,
            None => return Some(Duration::from_secs(u64::from(u32::MAX))),
        },
        _ => httpdate::parse_http_date(value).ok()?,
    };
    Some(at.duration_since(from).unwrap_or_default())
}

/// Uniform in 0..1, for jitter.
pub fn jitter() -> f64 {
    use ring::rand::SecureRandom as _;
    let mut bytes = [0u8; 4];
    match ring::rand::SystemRandom::new().fill(&mut bytes) {
        Ok(()) => f64::from(u32::from_le_bytes(bytes)) / f64::from(u32::MAX),
        Err(_) => 0.5,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repeats_what_may_pass_and_nothing_else() {
        use AttemptOutcome::{Broken, Final, NoAnswer, Status, Unsent};
        use RetryPolicy::{Idempotent, Keyed, Never, UntilResponse};
        for (repeat, outcome, attempt, expected) in [
            (UntilResponse, Status(503), 0, true),
            (UntilResponse, Status(503), 2, false),
            (UntilResponse, Status(500), 0, true),
            (UntilResponse, Status(500), 1, false),
            (UntilResponse, Status(400), 0, false),
            (UntilResponse, Status(401), 0, false),
            (UntilResponse, Status(403), 0, false),
            (UntilResponse, Status(302), 0, false),
            (UntilResponse, NoAnswer, 1, true),
            (UntilResponse, Broken, 0, false),
            (Idempotent, Broken, 0, true),
            (Keyed, NoAnswer, 1, true),
            (Keyed, Status(503), 0, true),
            (Keyed, Status(500), 0, false),
            (Keyed, Broken, 0, false),
            (Never, Unsent, 0, true),
            (Never, Unsent, 2, false),
            (Idempotent, Final, 0, false),
            (Never, NoAnswer, 0, false),
            (Never, Status(503), 0, false),
        ] {
            assert_eq!(should_retry(repeat, outcome, attempt, 2), expected, "{repeat:?} {outcome:?} {attempt}");
        }
    }

    #[test]
    fn retry_after_reads_seconds_and_dates() {
        let now = httpdate::parse_http_date("Fri, 20 Nov 2026 10:00:00 GMT").unwrap();
        let secs = Duration::from_secs;
        for (value, date, expected) in [
            ("7", None, Some(secs(7))),
            (" 0 ", None, Some(secs(0))),
            ("Fri, 20 Nov 2026 10:00:09 GMT", None, Some(secs(9))),
            ("Fri, 20 Nov 2026 10:00:09 GMT", Some("Fri, 20 Nov 2026 10:00:04 GMT"), Some(secs(5))),
            ("Fri, 20 Nov 2026 09:00:00 GMT", None, Some(secs(0))),
            ("1.500", None, Some(secs(2))),
            ("1795168809", None, Some(secs(9))),
            ("1795168809", Some("Fri, 20 Nov 2026 10:00:04 GMT"), Some(secs(5))),
            ("1..5", None, None),
            ("99999999999999999999", None, Some(secs(u64::from(u32::MAX)))),
            ("-1", None, None),
            ("soon", None, None),
        ] {
            assert_eq!(retry_after(value, date, now), expected, "{value}");
        }
    }

    #[test]
    fn waits_grow_and_obey_the_server() {
        assert_eq!(delay(0, Some(Duration::from_secs(9)), 0.5), Duration::from_secs(9));
        assert!(delay(0, None, 1.0) < delay(3, None, 1.0));
    }

    #[test]
    fn only_what_may_pass_is_waited_for() {
        for (status, passes) in [(200, false), (307, false), (401, false), (408, true), (429, true), (503, true)] {
            assert_eq!(is_transient(AttemptOutcome::Status(status)), passes, "{status}");
        }
    }
}
