//! Faults on request: what a fault is, and how often it still has to strike. The faults themselves are in
//! `catalog`; the servers decide where a fault strikes.

use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

/// One way to misbehave. `E` says how; each kind of request has its own.
pub(crate) struct Fault<E> {
    pub(crate) name: &'static str,
    /// What the client meets, in a few words.
    pub(crate) summary: &'static str,
    pub(crate) effect: E,
}

impl<E> Fault<E> {
    pub(crate) const fn new(name: &'static str, summary: &'static str, effect: E) -> Self {
        Self { name, summary, effect }
    }
}

/// The faults that one kind of request is to suffer.
pub(crate) struct Plan<E: 'static>(Vec<Armed<E>>);

struct Armed<E: 'static> {
    effect: &'static E,
    /// How many more requests are hit; `None` for all of them.
    left: Option<AtomicU32>,
}

impl<E> Plan<E> {
    pub(crate) const fn new() -> Self {
        Self(Vec::new())
    }

    /// Lets `fault` hit `times` requests, or all, after the faults that were armed before it.
    pub(crate) fn arm(&mut self, fault: &'static Fault<E>, times: Option<u32>) {
        self.0.push(Armed { effect: &fault.effect, left: times.map(AtomicU32::new) });
    }

    /// What the request that has just come in has to suffer, if anything.
    pub(crate) fn strike(&self) -> Option<&'static E> {
        self.0.iter().find(|armed| armed.strikes()).map(|armed| armed.effect)
    }
}

impl<E> Armed<E> {
    fn strikes(&self) -> bool {
        self.left.as_ref().is_none_or(|left| left.fetch_update(Relaxed, Relaxed, |left| left.checked_sub(1)).is_ok())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    static FIRST: Fault<u8> = Fault::new("first", "", 1);
    static SECOND: Fault<u8> = Fault::new("second", "", 2);

    #[test]
    fn faults_strike_in_order_as_often_as_asked() {
        let mut plan = Plan::new();
        assert_eq!(plan.strike(), None);

        plan.arm(&FIRST, Some(2));
        plan.arm(&SECOND, Some(1));
        let met: Vec<_> = (0..4).map(|_| plan.strike().copied()).collect();
        assert_eq!(met, [Some(1), Some(1), Some(2), None]);

        plan.arm(&SECOND, None);
        let met: Vec<_> = (0..3).map(|_| plan.strike().copied()).collect();
        assert_eq!(met, [Some(2); 3]);
    }
}
