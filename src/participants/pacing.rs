//! The pace of many lookups: how many are in flight, and when the next request may be sent.

use std::cell::Cell;
use std::pin::Pin;
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio::time::Instant;

/// How long the first lookup goes alone.
const FIRST_LOOKUP_HEAD_START: Duration = Duration::from_secs(1);

/// How many lookups are in flight. The first goes alone: it tells whether the server speaks HTTP/2, where one
/// connection serves all, and without it each of them would open its own.
pub struct ConcurrencyLimit {
    /// One permit for each lookup that may start.
    pub open: Semaphore,
    closed: Cell<usize>,
}

/// When the next request may be sent.
pub struct RateLimiter {
    opens_at: Cell<Instant>,
    next_turn: Cell<Instant>,
    interval: Duration,
}

impl ConcurrencyLimit {
    /// Allows one lookup, and `count` once it is known how the server is spoken to.
    pub fn new(count: usize) -> Self {
        Self { open: Semaphore::new(1), closed: Cell::new(count.saturating_sub(1)) }
    }

    /// Waits for a lookup; once the first is over, or takes long, the others may start. The lookup is boxed, since
    /// far more lines wait for their turn than are in flight.
    pub async fn run_first_alone<T>(&self, mut lookup: Pin<Box<impl Future<Output = T>>>) -> T {
        if self.closed.get() == 0 {
            return lookup.await;
        }
        let early = tokio::time::timeout(FIRST_LOOKUP_HEAD_START, &mut lookup).await;
        self.open.add_permits(self.closed.take());
        match early {
            Ok(found) => found,
            Err(_) => lookup.await,
        }
    }
}

impl RateLimiter {
    /// At most `rate` requests per second, if there is a limit.
    pub fn new(rate: Option<f64>) -> Self {
        let now = Instant::now();
        let interval = rate.map_or(Duration::ZERO, |rate| Duration::from_secs_f64(1.0 / rate));
        Self { opens_at: Cell::new(now), next_turn: Cell::new(now), interval }
    }

    /// Delays all requests for a while.
    pub fn close(&self, wait: Duration) {
        self.opens_at.set(self.opens_at.get().max(Instant::now() + wait));
    }

    /// Waits until requests may be sent and it is our turn.
    pub async fn wait_for_slot(&self) {
        while self.opens_at.get() > Instant::now() {
            tokio::time::sleep_until(self.opens_at.get()).await;
        }
        if self.interval.is_zero() {
            return;
        }
        // Slots are taken only while requests may be sent, so that those who waited do not all start at once.
        let turn = self.next_turn.get().max(Instant::now());
        self.next_turn.set(turn + self.interval);
        tokio::time::sleep_until(turn).await;
        while self.opens_at.get() > Instant::now() {
            tokio::time::sleep_until(self.opens_at.get()).await;
        }
    }
}
