//! Faults on request: what a fault is, and how many requests it still affects. The faults themselves are in `catalog`; the
//! servers apply them.

use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

/// One way to misbehave. `E` is what it does; each kind of request has its own type.
pub(crate) struct Fault<E> {
    pub(crate) name: &'static str,
    /// What the client sees, in a few words.
    pub(crate) summary: &'static str,
    pub(crate) effect: E,
}

impl<E> Fault<E> {
    pub(crate) const fn new(name: &'static str, summary: &'static str, effect: E) -> Self {
        Self { name, summary, effect }
    }
}

/// The faults planned for one kind of request.
pub(crate) struct Plan<E: 'static>(Vec<PlannedFault<E>>);

struct PlannedFault<E: 'static> {
    effect: &'static E,
    /// How many more requests are affected; `None` for all of them.
    left: Option<AtomicU32>,
}

impl<E> Plan<E> {
    pub(crate) const fn new() -> Self {
        Self(Vec::new())
    }

    /// Plans `fault` for `times` requests, or for all, after the faults planned before it.
    pub(crate) fn add(&mut self, fault: &'static Fault<E>, times: Option<u32>) {
        self.0.push(PlannedFault { effect: &fault.effect, left: times.map(AtomicU32::new) });
    }

    /// The fault for the next request, if any.
    pub(crate) fn next(&self) -> Option<&'static E> {
        self.next_if(|_| true)
    }

    /// The fault for the next request of a kind that not all faults affect.
    pub(crate) fn next_if(&self, affects: impl Fn(&E) -> bool) -> Option<&'static E> {
        self.0.iter().find(|planned| affects(planned.effect) && planned.take()).map(|planned| planned.effect)
    }
}

impl<E> PlannedFault<E> {
    fn take(&self) -> bool {
        self.left.as_ref().is_none_or(|left| left.fetch_update(Relaxed, Relaxed, |left| left.checked_sub(1)).is_ok())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    static FIRST: Fault<u8> = Fault::new("first", "", 1);
    static SECOND: Fault<u8> = Fault::new("second", "", 2);

    #[test]
    fn faults_apply_in_order_as_often_as_asked() {
        let mut plan = Plan::new();
        assert_eq!(plan.next(), None);

        plan.add(&FIRST, Some(2));
        plan.add(&SECOND, Some(1));
        let met: Vec<_> = (0..4).map(|_| plan.next().copied()).collect();
        assert_eq!(met, [Some(1), Some(1), Some(2), None]);

        plan.add(&SECOND, None);
        let met: Vec<_> = (0..3).map(|_| plan.next().copied()).collect();
        assert_eq!(met, [Some(2); 3]);
    }
}
