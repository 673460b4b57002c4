//! Whether a file that is new at its path came from another path.
//!
//! A secret that moved with its file is not a new secret. As git has it, a file that is gone and one
//! that is new are the same file if their contents are the same, or half of them. What is gone has
//! become one file: any others like it are copies.

use std::collections::{HashMap, VecDeque};

use super::version::{Identity, Versions};
use crate::git::object::ObjectId;
use crate::git::trees::{Change, File};

/// Files that are gone and are looked at; a change that drops more is no rename.
const MOST: usize = 5_000;
/// Files with the same secret that are compared with a new one.
const COMPARED: usize = 64;

/// The files that a change drops, and what became of them.
pub(super) struct Moves {
    gone: Vec<Gone>,
    /// The new paths of files that moved as they were, each with the number of the old one.
    same: HashMap<Vec<u8>, usize>,
}

struct Gone {
    file: File,
    /// The path that it has become as it was.
    heir: Option<Vec<u8>>,
    /// Its secrets that have moved on, each with the path of the file that has got it: files are split.
    moved: Vec<(Identity, Vec<u8>)>,
}

impl Gone {
    /// Whether `secret` may have gone to `path`.
    fn is_free(&self, secret: &Identity, path: &[u8]) -> bool {
        let elsewhere = |(one, heir): &(Identity, Vec<u8>)| is_same(one, secret) && heir != path;
        self.heir.is_none() && !self.moved.iter().any(elsewhere)
    }
}

impl Moves {
    /// `new` are the files whose paths are new, in order.
    pub(super) fn new<'c>(
        removed: Vec<File>,
        new: impl Iterator<Item = &'c Change> + Clone,
    ) -> Self {
        let gone =
            removed.into_iter().map(|file| Gone { file, heir: None, moved: Vec::new() }).collect();
        let mut moves = Self { gone, same: HashMap::new() };
        // Of several that are the same, the one that has kept its name has moved.
        moves.pair(new.clone(), |path| name(path).to_vec());
        moves.pair(new, |_| Vec::new());
        moves
    }

    /// Pairs files of the same content and `key`.
    fn pair<'c>(&mut self, new: impl Iterator<Item = &'c Change>, key: impl Fn(&[u8]) -> Vec<u8>) {
        let mut free: HashMap<(ObjectId, Vec<u8>), VecDeque<usize>> = HashMap::new();
        let left = self.gone.iter().enumerate().filter(|(_, gone)| gone.heir.is_none());
        for (number, Gone { file, .. }) in left {
            free.entry((file.id, key(&file.path))).or_default().push_back(number);
        }
        for Change { path, id, .. } in new {
            if self.same.contains_key(path) {
                continue;
            }
            let old = free.get_mut(&(*id, key(path))).and_then(VecDeque::pop_front);
            let Some(number) = old else { continue };
            if let Some(gone) = self.gone.get_mut(number) {
                gone.heir = Some(path.clone());
                self.same.insert(path.clone(), number);
            }
        }
    }

    /// The file that became the one at `path` as it was.
    pub(super) fn same(&self, path: &[u8]) -> Option<&File> {
        self.gone.get(*self.same.get(path)?).map(|gone| &gone.file)
    }

    /// The file that became `new`: one of the same content, or one like it that held `secret` (under its
    /// own path).
    pub(super) fn source(
        &mut self,
        versions: &Versions<'_>,
        new: &Change,
        secret: &Identity,
    ) -> Option<&File> {
        if let Some(number) = self.same.get(&new.path) {
            return self.gone.get(*number).map(|gone| &gone.file);
        }
        let holds = |(_, gone): &(usize, &Gone)| {
            gone.is_free(secret, &new.path) && tells(versions, &gone.file, secret)
        };
        let mut content = None;
        let mut alike = |(number, gone): (usize, &Gone)| {
            let new = content.get_or_insert_with(|| versions.bytes(&new.id).unwrap_or_default());
            let old = versions.bytes(&gone.file.id)?;
            Some((likeness(&old, new)?, number))
        };
        let is_named = |(_, gone): &(usize, &Gone)| name(&gone.file.path) == name(&new.path);
        let gone = self.gone.iter().take(MOST).enumerate();
        // The one that has kept its name; else the one that is most like it.
        let mut best = gone.clone().filter(is_named).filter(holds).find_map(&mut alike);
        if best.is_none() {
            let others = gone.filter(|one| !is_named(one)).filter(holds);
            best = others.take(COMPARED).filter_map(&mut alike).max();
        }
        let found = self.gone.get_mut(best?.1)?;
        found.moved.push((secret.clone(), new.path.clone()));
        Some(&found.file)
    }
}

/// Whether a secret would be told of a file: it has it, and no allowlist holds at its path.
pub(super) fn tells(versions: &Versions<'_>, file: &File, secret: &Identity) -> bool {
    versions.held(&file.path, &file.id).iter().any(|one| is_same(one, secret))
}

/// Whether two are one secret, wherever.
pub(super) fn is_same(one: &Identity, other: &Identity) -> bool {
    (one.1, &one.2) == (other.1, &other.2)
}

fn name(path: &[u8]) -> &[u8] {
    path.rsplit(|byte| *byte == b'/').next().unwrap_or(path)
}

/// The bytes of lines that two contents have in common, if they are half of the larger one.
fn likeness(old: &[u8], new: &[u8]) -> Option<usize> {
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
    (2 * common >= old.len().max(new.len()) && common > 0).then_some(common)
}

#[cfg(test)]
mod tests {
    use super::likeness;

    #[test]
    fn half_of_the_lines_make_a_rename() {
        assert_eq!(likeness(b"a\nb\nc\nd\n", b"a\nb\nx\ny\n"), Some(4));
        assert_eq!(likeness(b"a\nb\nc\nd\n", b"a\nw\nx\ny\n"), None);
        assert_eq!(likeness(b"", b""), None);
    }
}
