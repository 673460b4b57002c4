//! The work that no thread has taken yet, and who waits for some.
//!
//! First all roots, in slices; then what busy threads give away while others wait.

use std::collections::VecDeque;
use std::ops::Range;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use super::Traversal;
use super::buffers::{Buffer, Live};
use crate::git::object::Kind;
use crate::git::pack::Pack;

/// Entries whose roots are taken at once.
const SLICE: u32 = 1024;
/// Loose files that are taken at once.
const FILES: usize = 16;

/// An object whose deltas are still to be visited.
#[derive(Debug)]
pub(super) struct Base<C> {
    /// `None` while memory is short; then it must be rebuilt. Only a base that is not shared.
    pub(super) bytes: Option<Buffer>,
    pub(super) carry: C,
    pub(super) entry: u32,
}

/// Something to do.
#[derive(Debug)]
pub(super) enum Work<'a, C> {
    /// The roots among these entries.
    Roots { pack: &'a Pack, entries: Range<u32> },
    /// The deltas of one base, by their slots.
    Deltas { pack: &'a Pack, kind: Kind, base: Arc<Base<C>>, slots: Range<u32> },
    /// These loose files.
    Loose { files: Range<usize> },
}

impl<C> Work<'_, C> {
    /// Splits the later half off, which for deltas holds the heaviest one. One thing to do is
    /// given away whole unless it is the last that its thread has.
    pub(super) fn split(&mut self, last: bool) -> Option<Self> {
        fn half(len: usize, last: bool) -> usize {
            if last { len / 2 } else { len.div_ceil(2) }
        }
        match self {
            Self::Roots { pack, entries } => {
                let given = half(entries.len(), last) as u32;
                let cut = entries.end - given;
                let given = cut..std::mem::replace(&mut entries.end, cut);
                (!given.is_empty()).then_some(Self::Roots { pack, entries: given })
            }
            Self::Deltas { pack, kind, base, slots } => {
                // Whoever gets few small objects costs more than he helps; a base that was
                // dropped must stay with the one thread that rebuilds it.
                let heaviest = slots.end.checked_sub(1).and_then(|slot| pack.child(slot));
                let weight = heaviest.map_or(0, |child| pack.weight(child) as usize) + slots.len();
                let bytes = base.bytes.as_ref()?.len();
                if weight.saturating_mul(bytes) < WORTH_GIVING {
                    return None;
                }
                let given = half(slots.len(), last) as u32;
                let cut = slots.end - given;
                let given = cut..std::mem::replace(&mut slots.end, cut);
                let base = base.clone();
                (!given.is_empty()).then_some(Self::Deltas {
                    pack,
                    kind: *kind,
                    base,
                    slots: given,
                })
            }
            Self::Loose { files } => {
                let cut = files.end - half(files.len(), last);
                let given = cut..std::mem::replace(&mut files.end, cut);
                (!given.is_empty()).then_some(Self::Loose { files: given })
            }
        }
    }
}

/// Bytes to rebuild for which it is worth to wake a thread.
const WORTH_GIVING: usize = 128 << 10;

struct State<'a, C> {
    work: VecDeque<Work<'a, C>>,
    waiting: usize,
    done: bool,
}

pub(super) struct Queue<'a, C> {
    state: Mutex<State<'a, C>>,
    wake: Condvar,
    threads: usize,
    /// Threads that wait and were given nothing yet.
    hungry: AtomicUsize,
    /// Allocated bytes of all threads.
    pub(super) live: Live,
    /// Held by the one thread that works with objects which would not fit beside others.
    pub(super) lane: Mutex<()>,
}

impl<'a, C> Queue<'a, C> {
    pub(super) fn new(traversal: &Traversal<'a>, threads: usize) -> Self {
        let mut work = VecDeque::new();
        for pack in traversal.packs {
            let count = u32::try_from(pack.len()).unwrap_or(u32::MAX);
            work.extend((0..count).step_by(SLICE as usize).map(|start| {
                let entries = start..start.saturating_add(SLICE).min(count);
                Work::Roots { pack, entries }
            }));
        }
        let files = traversal.loose.len();
        work.extend(
            (0..files)
                .step_by(FILES)
                .map(|start| Work::Loose { files: start..(start + FILES).min(files) }),
        );
        Self {
            state: Mutex::new(State { work, waiting: 0, done: false }),
            wake: Condvar::new(),
            threads,
            hungry: AtomicUsize::new(0),
            live: Live::default(),
            lane: Mutex::new(()),
        }
    }

    fn lock(&self) -> MutexGuard<'_, State<'a, C>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The next thing to do; waits while others may still give some away. `None`: all is done.
    pub(super) fn take(&self) -> Option<Work<'a, C>> {
        let mut state = self.lock();
        let mut waits = false;
        loop {
            if state.done {
                return None;
            }
            if let Some(work) = state.work.pop_front() {
                if waits {
                    state.waiting -= 1;
                }
                self.hungry.store(state.waiting.saturating_sub(state.work.len()), RELAXED);
                return Some(work);
            }
            if !waits {
                waits = true;
                state.waiting += 1;
                if state.waiting == self.threads {
                    state.done = true;
                    self.wake.notify_all();
                    return None;
                }
                self.hungry.store(state.waiting, RELAXED);
            }
            state = self.wake.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Whether a thread waits for work.
    pub(super) fn hungry(&self) -> bool {
        self.hungry.load(RELAXED) > 0
    }

    /// Gives work to a thread that waits.
    pub(super) fn give(&self, work: Work<'a, C>) {
        let mut state = self.lock();
        state.work.push_back(work);
        self.hungry.store(state.waiting.saturating_sub(state.work.len()), RELAXED);
        self.wake.notify_one();
    }

    /// Ends all threads: one of them panicked or was cancelled.
    pub(super) fn end(&self) {
        self.lock().done = true;
        self.wake.notify_all();
    }
}

const RELAXED: Ordering = Ordering::Relaxed;
