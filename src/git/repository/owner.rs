//! Switches libgit2's check of a repository's owner off.
//!
//! That check protects programs that execute what a repository configures (hooks, filters,
//! `core.fsmonitor`). keytrawl executes nothing of it, and in a container the owner is seldom the
//! user; refusing such a repository is how others end with "0 commits".

use std::sync::OnceLock;

/// Switches it off, once for the process; says whether that worked.
pub(super) fn trust_any() -> bool {
    static DONE: OnceLock<bool> = OnceLock::new();
    *DONE.get_or_init(|| {
        // SAFETY: libgit2 keeps the setting in a global that is not synchronised. It is written
        // here alone, once, under the lock of the cell, before this module opens a repository.
        #[allow(unsafe_code)]
        let set = unsafe { git2::opts::set_verify_owner_validation(false) };
        set.is_ok()
    })
}
