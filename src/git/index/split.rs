//! A split index: most entries are in a shared file, this one says what has changed since.
//!
//! The bitmaps are git's EWAH, see `gitformat-bitmap`, appendix A.

use super::{Entry, word};
use crate::git::object::ObjectId;

/// The extension `link`.
#[derive(Debug)]
pub(super) struct Link {
    /// Names the shared file; none: there is none.
    pub(super) base: Option<ObjectId>,
    deleted: Vec<usize>,
    replaced: Vec<usize>,
}

impl Link {
    pub(super) fn parse(data: &[u8], name_length: usize) -> Option<Self> {
        let (name, mut rest) = data.split_at_checked(name_length)?;
        let base = ObjectId::from_bytes(name).filter(|_| name.iter().any(|byte| *byte != 0));
        if rest.is_empty() {
            return Some(Self { base, deleted: Vec::new(), replaced: Vec::new() });
        }
        Some(Self { base, deleted: bitmap(&mut rest)?, replaced: bitmap(&mut rest)? })
    }

    /// The entries of the shared file, with the changes that the `own` ones are.
    pub(super) fn merge(&self, mut base: Vec<Entry>, own: Vec<Entry>) -> Option<Vec<Entry>> {
        let mut own = own.into_iter().peekable();
        for at in &self.replaced {
            // An entry that stands for another one has no path of its own.
            let new = own.next().filter(|entry| entry.path.is_empty())?;
            let old = base.get_mut(*at)?;
            *old = Entry { path: std::mem::take(&mut old.path), ..new };
        }
        let mut kept = vec![true; base.len()];
        for at in &self.deleted {
            *kept.get_mut(*at)? = false;
        }
        let mut kept = kept.into_iter();
        base.retain(|_| kept.next().unwrap_or(true));
        let added: Vec<Entry> = own.collect();
        let same = |a: &Entry, b: &Entry| a.path == b.path && a.stage == b.stage;
        base.retain(|old| {
            let place =
                added.binary_search_by(|new| (&new.path, new.stage).cmp(&(&old.path, old.stage)));
            place.ok().and_then(|at| added.get(at)).is_none_or(|new| !same(old, new))
        });
        base.extend(added);
        base.sort_by(|a, b| (&a.path, a.stage).cmp(&(&b.path, b.stage)));
        Some(base)
    }
}

/// The set bits of a bitmap.
fn bitmap(rest: &mut &[u8]) -> Option<Vec<usize>> {
    let bits = word(rest, 0)? as usize;
    let words = word(rest, 4)? as usize;
    let data = rest.get(8..8usize.checked_add(words.checked_mul(8)?)?)?;
    // Behind the words stands where the last marker is.
    *rest = rest.get(8 + words * 8 + 4..)?;
    let mut words = data.as_chunks::<8>().0.iter().map(|word| u64::from_be_bytes(*word));
    let (mut set, mut at) = (Vec::new(), 0usize);
    while let Some(marker) = words.next() {
        let run = usize::try_from(marker >> 1 & 0xffff_ffff).ok()?.checked_mul(64)?;
        if marker & 1 != 0 {
            set.extend(at..at.checked_add(run)?.min(bits));
        }
        at = at.checked_add(run)?;
        for _ in 0..marker >> 33 {
            let word = words.next()?;
            set.extend((0..64).filter(|bit| word >> bit & 1 != 0).map(|bit| at + bit));
            at = at.checked_add(64)?;
        }
    }
    Some(set)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bitmaps_have_runs_and_literal_words() {
        let mut bytes = 200u32.to_be_bytes().to_vec();
        bytes.extend(3u32.to_be_bytes());
        // One word of ones, then one literal word; then a run of zeros.
        for word in [1u64 | 1 << 1 | 1 << 33, 0b101, 1 << 1] {
            bytes.extend(word.to_be_bytes());
        }
        bytes.extend(2u32.to_be_bytes());
        let mut rest = bytes.as_slice();
        let set = bitmap(&mut rest).expect("valid");
        let expected: Vec<usize> = (0..64).chain([64, 66]).collect();
        assert_eq!((set, rest.len()), (expected, 0));
    }
}
