//! A line on standard error that says how far a long run is.
//!
//! It appears after half a second, and only on a terminal.

use std::io::{self, IsTerminal};
use std::sync::atomic::Ordering;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use indicatif::{HumanBytes, HumanCount, ProgressBar};

use crate::source::Progress;

const PATIENCE: Duration = Duration::from_millis(500);
const REFRESH: Duration = Duration::from_millis(100);

/// Runs `work`, with a progress line if `wanted` and standard error is a terminal.
pub(super) fn shown<T>(progress: &Progress, wanted: bool, work: impl FnOnce() -> T) -> T {
    let message = || {
        let files = HumanCount(progress.files.load(Ordering::Relaxed));
        let bytes = HumanBytes(progress.bytes.load(Ordering::Relaxed));
        format!("{files} files, {bytes}")
    };
    told(message, wanted, work)
}

/// The same with a message of one's own.
pub(super) fn told<T>(
    message: impl Fn() -> String + Sync,
    wanted: bool,
    work: impl FnOnce() -> T,
) -> T {
    if !wanted || !io::stderr().is_terminal() {
        return work();
    }
    thread::scope(|scope| {
        let (done, waiting) = mpsc::channel::<()>();
        let message = &message;
        scope.spawn(move || {
            let mut pause = PATIENCE;
            let mut bar = None;
            while waiting.recv_timeout(pause) == Err(RecvTimeoutError::Timeout) {
                pause = REFRESH;
                let bar = bar.get_or_insert_with(ProgressBar::new_spinner);
                bar.set_message(message());
                bar.tick();
            }
            if let Some(bar) = bar {
                bar.finish_and_clear();
            }
        });
        let result = work();
        drop(done);
        result
    })
}
