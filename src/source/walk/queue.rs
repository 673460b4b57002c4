//! The work of a walk that no thread has taken yet, and who waits for some.
//!
//! Each thread keeps what it finds and gives half of it away as soon as another one waits: a lock is
//! taken a few times in a walk, not for each file.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

/// Work for a number of threads.
pub(super) struct Queue<T> {
    state: Mutex<State<T>>,
    wake: Condvar,
    /// Threads that wait and were given nothing yet.
    hungry: AtomicUsize,
}

struct State<T> {
    tasks: Vec<T>,
    threads: usize,
    waiting: usize,
    done: bool,
}

impl<T> Queue<T> {
    /// A queue for `threads` threads that begins with one task.
    pub(super) fn new(first: T, threads: usize) -> Self {
        let state = State { tasks: vec![first], threads, waiting: 0, done: false };
        let (state, wake, hungry) = (Mutex::new(state), Condvar::new(), AtomicUsize::new(0));
        Self { state, wake, hungry }
    }

    /// The next task; waits while other threads may still give some away. None: all is done.
    pub(super) fn take(&self) -> Option<T> {
        let mut state = self.lock();
        let mut waits = false;
        loop {
            if state.done {
                return None;
            }
            if let Some(task) = state.tasks.pop() {
                state.waiting -= usize::from(waits);
                self.note_hunger(&state);
                return Some(task);
            }
            if !waits {
                (waits, state.waiting) = (true, state.waiting + 1);
                self.end_if_idle(&mut state);
                self.note_hunger(&state);
                continue;
            }
            state = self.wake.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Whether a thread waits for work.
    pub(super) fn is_wanted(&self) -> bool {
        self.hungry.load(Ordering::Relaxed) > 0
    }

    /// Gives tasks to threads that wait.
    pub(super) fn give(&self, tasks: impl IntoIterator<Item = T>) {
        let mut state = self.lock();
        state.tasks.extend(tasks);
        self.note_hunger(&state);
        self.wake.notify_all();
    }

    /// One of the threads will not come.
    pub(super) fn lack_one(&self) {
        let mut state = self.lock();
        state.threads -= 1;
        self.end_if_idle(&mut state);
    }

    fn end_if_idle(&self, state: &mut State<T>) {
        if state.waiting == state.threads && state.tasks.is_empty() {
            state.done = true;
            self.wake.notify_all();
        }
    }

    /// Ends all threads.
    pub(super) fn end(&self) {
        self.lock().done = true;
        self.wake.notify_all();
    }

    fn note_hunger(&self, state: &State<T>) {
        let hungry = state.waiting.saturating_sub(state.tasks.len());
        self.hungry.store(hungry, Ordering::Relaxed);
    }

    fn lock(&self) -> MutexGuard<'_, State<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Counts down from each number to nought, giving away what others ask for.
    fn work(queue: &Queue<u32>, done: &AtomicUsize) {
        let mut own = Vec::new();
        while let Some(number) = own.pop().or_else(|| queue.take()) {
            done.fetch_add(1, Ordering::Relaxed);
            own.extend((0..number).rev());
            if queue.is_wanted() {
                queue.give(own.drain(..own.len() / 2));
            }
        }
    }

    #[test]
    fn everything_is_done_once_whatever_the_number_of_threads() {
        for threads in [1, 2, 7] {
            let (queue, done) = (Queue::new(12, threads), AtomicUsize::new(0));
            std::thread::scope(|scope| {
                (0..threads).for_each(|_| drop(scope.spawn(|| work(&queue, &done))));
            });
            // A number makes one task of each smaller one: twice as many as the number before it.
            assert_eq!(done.into_inner(), 1 << 12, "{threads} threads");
        }
    }

    #[test]
    fn whoever_waits_ends_with_the_others() {
        let queue = Queue::new((), 2);
        assert_eq!(queue.take(), Some(()));
        std::thread::scope(|scope| {
            let waits = scope.spawn(|| queue.take());
            queue.end();
            assert_eq!(waits.join().expect("no panic"), None);
        });
    }

    #[test]
    fn a_thread_that_does_not_come_is_not_waited_for() {
        let queue = Queue::new(1, 3);
        queue.lack_one();
        queue.lack_one();
        assert_eq!((queue.take(), queue.take()), (Some(1), None));
        // Those that are there may be waiting already.
        let queue = Queue::new(1, 2);
        assert_eq!(queue.take(), Some(1));
        std::thread::scope(|scope| {
            let waits = scope.spawn(|| queue.take());
            queue.lack_one();
            assert_eq!(waits.join().expect("no panic"), None);
        });
    }
}
