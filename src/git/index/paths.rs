//! The paths of an index in order, to be asked folder by folder: what is asked of a folder looks at
//! its own paths alone.

use std::ops::Range;

/// Paths in order, `/` between their parts.
#[derive(Debug, Default)]
pub struct Paths {
    names: Vec<u8>,
    /// Where each path ends in `names`.
    ends: Vec<usize>,
}

impl Paths {
    /// Adds the next path.
    pub(super) fn push(&mut self, path: &[u8]) {
        self.names.extend_from_slice(path);
        self.ends.push(self.names.len());
    }

    /// Numbers of all paths.
    pub fn all(&self) -> Range<usize> {
        0..self.ends.len()
    }

    /// Of `paths`, which all lie in the folder whose path is the first `folder` bytes of each, those
    /// below the folder `name` in it.
    pub fn below(&self, paths: Range<usize>, folder: usize, name: &[u8]) -> Range<usize> {
        let begin = [name, b"/"].concat();
        let cut = |path: usize| {
            let inner = self.inner(path, folder);
            &inner[..inner.len().min(begin.len())]
        };
        let start = first(paths.clone(), |path| cut(path) >= begin.as_slice());
        let end = first(start..paths.end, |path| cut(path) > begin.as_slice());
        start..end
    }

    /// Whether one of `paths` is `name` in that folder.
    pub fn holds(&self, paths: Range<usize>, folder: usize, name: &[u8]) -> bool {
        let found = first(paths.clone(), |path| self.inner(path, folder) >= name);
        found < paths.end && self.inner(found, folder) == name
    }

    /// A path without the first `folder` bytes; nothing if it has not so many, as in a damaged index.
    fn inner(&self, number: usize, folder: usize) -> &[u8] {
        let start = number.checked_sub(1).map_or(0, |before| self.ends[before]);
        self.names.get(start + folder..self.ends[number]).unwrap_or_default()
    }
}

impl<P: AsRef<[u8]>> FromIterator<P> for Paths {
    /// The paths must be in order, as those of an index are; those that are not are found or not.
    fn from_iter<I: IntoIterator<Item = P>>(paths: I) -> Self {
        let mut all = Self::default();
        paths.into_iter().for_each(|path| all.push(path.as_ref()));
        all
    }
}

/// The first number of `numbers` that `is_behind` says yes to, as it does to all after it.
fn first(numbers: Range<usize>, is_behind: impl Fn(usize) -> bool) -> usize {
    let (mut start, mut end) = (numbers.start, numbers.end);
    while start < end {
        let middle = start + (end - start) / 2;
        if is_behind(middle) {
            end = middle;
        } else {
            start = middle + 1;
        }
    }
    start
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn paths_in_any_order_make_no_panic(
            paths in proptest::collection::vec("[ab/]{0,6}", 0..20),
            folders in proptest::collection::vec("[ab]{1,2}", 0..4),
        ) {
            let all: Paths = paths.iter().collect();
            let (mut own, mut length) = (all.all(), 0);
            for folder in &folders {
                all.holds(own.clone(), length, folder.as_bytes());
                own = all.below(own, length, folder.as_bytes());
                length += folder.len() + 1;
            }
        }

        #[test]
        fn what_is_asked_of_a_folder_is_what_a_search_of_all_paths_says(
            paths in proptest::collection::btree_set("[ab]{1,2}(/[ab-]{1,2}){0,3}", 0..30),
            folder in "([ab]{1,2}/){0,2}",
            name in "[ab-]{1,2}",
        ) {
            let all: Paths = paths.iter().collect();
            let in_folder = |path: &&String| path.starts_with(&folder);
            let mut own = all.all();
            for (at, _) in folder.match_indices('/') {
                let start = folder[..at].rfind('/').map_or(0, |slash| slash + 1);
                own = all.below(own, start, &folder.as_bytes()[start..at]);
            }
            prop_assert_eq!(own.len(), paths.iter().filter(in_folder).count());
            let below = all.below(own.clone(), folder.len(), name.as_bytes());
            let start = format!("{folder}{name}/");
            prop_assert_eq!(below.len(), paths.iter().filter(|p| p.starts_with(&start)).count());
            let whole = format!("{folder}{name}");
            let held = all.holds(own, folder.len(), name.as_bytes());
            prop_assert_eq!(held, paths.contains(&whole));
        }
    }
}
