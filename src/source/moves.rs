//! Whether a file that is new at its path came from another path.
//!
//! A secret that moved with its file is not a new secret. As git has it, a file that is gone and one
//! that is new are the same file if their contents are the same, or half of them.

use std::collections::HashMap;

use super::version::{Identity, Versions};
use crate::git::object::ObjectId;
use crate::git::trees::File;

/// Files that are gone and are looked at; a change that drops more is no rename.
const MOST: usize = 5_000;

/// Whether one of `removed` became the file `id`, and held `secret` (under its own path).
pub(super) fn moved(
    versions: &Versions<'_>,
    id: &ObjectId,
    removed: &[File],
    secret: &Identity,
) -> bool {
    if removed.iter().any(|file| file.id == *id) {
        return true;
    }
    let mut new = None;
    removed.iter().take(MOST).any(|file| {
        let held = versions.held(&file.path, &file.id);
        if !held.iter().any(|(_, rule, value)| (*rule, value) == (secret.1, &secret.2)) {
            return false;
        }
        let new = new.get_or_insert_with(|| versions.bytes(id).unwrap_or_default());
        versions.bytes(&file.id).is_some_and(|old| are_alike(&old, new))
    })
}

/// Whether at least half of the larger content is lines of the other.
fn are_alike(old: &[u8], new: &[u8]) -> bool {
    let mut lines: HashMap<&[u8], usize> = HashMap::new();
    for line in old.split_inclusive(|byte| *byte == b'\n') {
        *lines.entry(line).or_default() += 1;
    }
    let mut common = 0;
    for line in new.split_inclusive(|byte| *byte == b'\n') {
        if let Some(count) = lines.get_mut(line).filter(|count| **count > 0) {
            *count -= 1;
            common += line.len();
        }
    }
    2 * common >= old.len().max(new.len()) && common > 0
}

#[cfg(test)]
mod tests {
    use super::are_alike;

    #[test]
    fn half_of_the_lines_make_a_rename() {
        assert!(are_alike(b"a\nb\nc\nd\n", b"a\nb\nx\ny\n"));
        assert!(!are_alike(b"a\nb\nc\nd\n", b"a\nw\nx\ny\n"));
        assert!(!are_alike(b"", b""));
    }
}
