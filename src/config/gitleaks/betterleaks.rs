//! What betterleaks added to the schema: expressions that narrow what is found.
//!
//! They are not evaluated. What has such a key is named: it finds what it would find without it.

use super::Place;
use crate::document::{Problem, Table};

/// Keys of a file that narrow what it finds.
const OF_ROOT: [&str; 2] = ["prefilter", "filter"];
/// Keys of a rule that do.
const OF_RULE: [&str; 4] = ["prefilter", "filter", "components", "tokenEfficiency"];
/// Keys that say nothing of what is found.
const ELSE: [&str; 2] = ["validate", "confidence"];

pub(super) fn of_root(root: &Table<'_, '_>, name: &str, unapplied: &mut Vec<Problem>) {
    note(root, name, &OF_ROOT, "the configuration", unapplied);
}

pub(super) fn of_rule(table: &Table<'_, '_>, name: &str, id: &str, unapplied: &mut Vec<Problem>) {
    note(table, name, &OF_RULE, &format!("rule `{id}`"), unapplied);
    for key in ELSE {
        let _ = table.place(key);
    }
}

fn note(
    table: &Table<'_, '_>,
    name: &str,
    keys: &[&'static str],
    whose: &str,
    unapplied: &mut Vec<Problem>,
) {
    for key in keys {
        let Some(at) = table.place(key) else { continue };
        let message = format!("`{key}` of {whose} is not applied: more is reported than it says");
        let hint = "an allowlist can say the same";
        unapplied.push(Place::of(table, name, &at).problem(message, hint, true));
    }
}
