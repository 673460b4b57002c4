//! How fast one provider is asked: so many requests at once, so many in a time, pauses that it asks
//! for, and an end when it does not answer.
//!
//! Not here: the requests.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::rule::Rate;

/// Requests under way at once.
pub(super) const AT_ONCE: usize = 4;
/// The longest single pause that is granted.
const MAX_PAUSE: Duration = Duration::from_secs(120);
/// All pauses of a run together.
const MAX_PAUSES: Duration = Duration::from_secs(600);
/// A provider from whom so many requests in a row bring nothing is not asked any more.
const MAX_FAILURES: u32 = 5;
/// What a window is longer than the documented one, since requests travel unevenly.
const MARGIN: Duration = Duration::from_millis(250);
/// How often a waiting thread looks whether the run was cancelled.
const LOOK: Duration = Duration::from_millis(50);

/// The gate that all requests to one provider pass.
#[derive(Debug)]
pub(super) struct Gate {
    rate: Option<Rate>,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug)]
struct State {
    /// When requests of the running window were sent.
    sent: VecDeque<Instant>,
    under_way: usize,
    /// How many may be under way; a provider that is asked too fast halves it.
    most: usize,
    paused_until: Option<Instant>,
    paused: Duration,
    failures: u32,
    closed: Option<String>,
}

/// A request under way; it is over when this is dropped.
#[derive(Debug)]
pub(super) struct Pass<'g>(&'g Gate);

impl Drop for Pass<'_> {
    fn drop(&mut self) {
        self.0.lock().under_way -= 1;
        self.0.changed.notify_all();
    }
}

/// Why nobody passes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Closed {
    /// The provider is not asked any more.
    GivenUp(String),
    /// The run was cancelled.
    Cancelled,
}

impl Gate {
    pub(super) fn new(rate: Option<Rate>) -> Self {
        let state = State {
            sent: VecDeque::new(),
            under_way: 0,
            most: AT_ONCE,
            paused_until: None,
            paused: Duration::ZERO,
            failures: 0,
            closed: None,
        };
        Self { rate, state: Mutex::new(state), changed: Condvar::new() }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until a request may be sent.
    pub(super) fn enter(&self, cancelled: &dyn Fn() -> bool) -> Result<Pass<'_>, Closed> {
        let mut state = self.lock();
        loop {
            if cancelled() {
                return Err(Closed::Cancelled);
            }
            if let Some(reason) = &state.closed {
                return Err(Closed::GivenUp(reason.clone()));
            }
            let now = Instant::now();
            let wait = self.wait(&mut state, now);
            if wait.is_zero() && state.under_way < state.most {
                state.under_way += 1;
                state.sent.push_back(now);
                return Ok(Pass(self));
            }
            let wait = if wait.is_zero() { LOOK } else { wait.min(LOOK) };
            let waited = self.changed.wait_timeout(state, wait);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// How long the pause or the rate asks to wait still.
    fn wait(&self, state: &mut State, now: Instant) -> Duration {
        let pause = state.paused_until.map_or(Duration::ZERO, |t| t.saturating_duration_since(now));
        let Some(rate) = self.rate else {
            state.sent.clear();
            return pause;
        };
        let window = rate.per + MARGIN;
        while state.sent.front().is_some_and(|sent| now.duration_since(*sent) >= window) {
            state.sent.pop_front();
        }
        let full = state.sent.len() >= rate.requests;
        let oldest = state.sent.front().filter(|_| full);
        let fresh =
            oldest.map_or(Duration::ZERO, |sent| window.saturating_sub(now.duration_since(*sent)));
        pause.max(fresh)
    }

    /// The provider has said something about a key.
    pub(super) fn answered(&self) {
        self.lock().failures = 0;
    }

    /// A request brought nothing, for `reason`, and will not be sent again.
    pub(super) fn failed(&self, reason: &str) {
        let mut state = self.lock();
        state.failures += 1;
        if state.failures >= MAX_FAILURES && state.closed.is_none() {
            let asked = state.failures;
            state.closed =
                Some(format!("given up, since {asked} requests in a row failed: {reason}"));
            self.changed.notify_all();
        }
    }

    /// The provider wants to be left alone for a time. False if that is too long.
    pub(super) fn pause(&self, time: Duration) -> bool {
        let mut state = self.lock();
        let until = Instant::now() + time.min(MAX_PAUSE);
        let before = state.paused_until.filter(|t| *t > Instant::now());
        // Requests that were under way together are told the same; it counts once.
        if before.is_none() {
            state.most = (state.most / 2).max(1);
            state.paused += time.min(MAX_PAUSE);
        }
        state.paused_until = Some(before.map_or(until, |t| t.max(until)));
        let granted = time <= MAX_PAUSE && state.paused <= MAX_PAUSES;
        if !granted && state.closed.is_none() {
            let reason = match time <= MAX_PAUSE {
                true => "the provider's limit leaves no time for more requests".to_owned(),
                false => format!("the provider asks to wait {} s", time.as_secs()),
            };
            state.closed = Some(reason);
        }
        self.changed.notify_all();
        granted
    }

    /// Why the provider is not asked any more, if so.
    pub(super) fn closed(&self) -> Option<String> {
        self.lock().closed.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pass(gate: &Gate) {
        gate.enter(&|| false).expect("open");
    }

    #[test]
    fn no_window_holds_more_than_the_rate() {
        let per = Duration::from_millis(50);
        let gate = Gate::new(Some(Rate { requests: 3, per }));
        let start = Instant::now();
        (0..7).for_each(|_| pass(&gate));
        assert!(start.elapsed() >= 2 * per);
    }

    #[test]
    fn a_long_pause_closes_it_and_a_short_one_does_not() {
        let gate = Gate::new(None);
        assert!(gate.pause(Duration::from_millis(20)));
        let start = Instant::now();
        pass(&gate);
        assert!(start.elapsed() >= Duration::from_millis(15));
        assert!(!gate.pause(Duration::from_secs(3600)));
        let reason = "the provider asks to wait 3600 s".to_owned();
        assert_eq!(gate.enter(&|| false).err(), Some(Closed::GivenUp(reason)));
        assert_eq!(gate.enter(&|| true).err(), Some(Closed::Cancelled));
    }

    #[test]
    fn failures_in_a_row_close_it() {
        let gate = Gate::new(None);
        for _ in 1..MAX_FAILURES {
            gate.failed("x");
        }
        gate.answered();
        gate.failed("x");
        pass(&gate);
        for _ in 1..MAX_FAILURES {
            gate.failed("x");
        }
        assert!(matches!(gate.enter(&|| false), Err(Closed::GivenUp(_))));
    }
}
