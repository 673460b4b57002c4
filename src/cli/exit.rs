//! Exit codes: what a hook or a pipeline acts on.

use std::process::ExitCode;

use crate::finding::Outcome;

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Exit {
    /// Nothing was found, and everything was read.
    Clean = 0,
    /// Something was found.
    Found = 1,
    /// The job could not be done, or not wholly, and nothing was found.
    Failed = 2,
}

impl Exit {
    /// The code for an outcome: never clean if something was left unread.
    pub(super) fn of(outcome: &Outcome) -> Self {
        match (outcome.findings.is_empty(), outcome.complete) {
            (false, _) => Exit::Found,
            (true, true) => Exit::Clean,
            (true, false) => Exit::Failed,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        ExitCode::from(exit as u8)
    }
}
