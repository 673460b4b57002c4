//! Exit codes: what a hook or a pipeline acts on.

use std::process::ExitCode;

use super::args::FailOnArg;
use crate::finding::{Outcome, Verdict};

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

    /// The code for an outcome, if findings count only so far as `fail_on` says.
    pub(super) fn judged(outcome: &Outcome, fail_on: FailOnArg) -> Self {
        let is = |verdict| outcome.findings.iter().any(|f| f.verification.verdict == verdict);
        let missed = outcome.findings.iter().any(|f| f.verification.missed);
        let whole = if outcome.complete { Exit::Clean } else { Exit::Failed };
        match fail_on {
            FailOnArg::Findings => Exit::of(outcome),
            FailOnArg::Active if is(Verdict::Active) => Exit::Found,
            // A key of which the provider was asked in vain, or not any more, may be a live one.
            FailOnArg::Active if is(Verdict::Unknown) || missed => Exit::Failed,
            FailOnArg::Active | FailOnArg::Never => whole,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        ExitCode::from(exit as u8)
    }
}
