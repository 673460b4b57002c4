//! From the edges of all trees to the paths of the wanted blobs below each tree.
//!
//! Worked from the blobs upwards, each tree once. Trees that hold the same wanted blobs at the same
//! paths, as nearly all versions of a directory do, share one list. Not here: reading trees, and
//! which of them belong to commits.

use std::collections::{HashMap, HashSet};

use super::trees::{Edge, Key, Part, Wanted};

/// Wanted blobs below one tree that are told apart; a hostile repository can name one blob in a
/// billion places.
const MOST_PLACES: usize = 1 << 16;
/// Places below all trees together.
const MOST_PAIRS: usize = 1 << 22;

/// Number of a list.
pub(super) type List = u32;
/// Number of a pair of path and blob.
pub(super) type Pair = u32;

/// What lies where below a tree.
#[derive(Debug, Default)]
pub(super) struct Paths {
    pairs: Numbered<(Box<[u8]>, Key)>,
    lists: Numbered<Box<[Pair]>>,
    by_name: HashMap<Key, List>,
    /// Whether places were left out.
    pub(super) cut: bool,
}

/// Things with numbers in the order in which they came.
#[derive(Debug)]
struct Numbered<T> {
    items: Vec<T>,
    numbers: HashMap<T, u32>,
}

impl<T> Default for Numbered<T> {
    fn default() -> Self {
        Self { items: Vec::new(), numbers: HashMap::new() }
    }
}

impl<T: Clone + Eq + std::hash::Hash> Numbered<T> {
    fn number(&mut self, item: T) -> u32 {
        if let Some(number) = self.numbers.get(&item) {
            return *number;
        }
        let number = u32::try_from(self.items.len()).unwrap_or(u32::MAX);
        self.items.push(item.clone());
        self.numbers.insert(item, number);
        number
    }
}

/// An edge on the way to a wanted blob, by number of the names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Step {
    parent: Key,
    name: u32,
    child: Key,
}

impl Paths {
    /// Works out the lists.
    pub(super) fn new(parts: &[Part], wanted: &[Key]) -> Self {
        let mut names: Numbered<&[u8]> = Numbered::default();
        let steps = steps(parts, wanted, &mut names);
        let mut paths = Self::default();
        for blob in wanted {
            let pair = paths.pairs.number((Box::default(), *blob));
            let list = paths.lists.number([pair].into());
            paths.by_name.insert(*blob, list);
        }
        paths.climb(&steps, &names.items, wanted);
        paths
    }

    /// The wanted blobs below a tree (or the blob that `name` itself is); `None` if there are none.
    pub(super) fn below(&self, name: Key) -> Option<List> {
        self.by_name.get(&name).copied()
    }

    /// The pairs of a list.
    pub(super) fn list(&self, list: List) -> &[Pair] {
        self.lists.items.get(list as usize).map_or(&[], |pairs| pairs)
    }

    /// Path, relative to the tree, and blob.
    pub(super) fn pair(&self, pair: Pair) -> Option<(&[u8], Key)> {
        self.pairs.items.get(pair as usize).map(|(path, blob)| (&**path, *blob))
    }

    /// Gives each tree its list as soon as all trees below it have theirs. Trees that contain
    /// themselves, which only a forged index can say, never get one.
    fn climb(&mut self, steps: &[Step], names: &[&[u8]], wanted: &[Key]) {
        let mut waits: HashMap<Key, usize> = HashMap::new();
        let mut parents: HashMap<Key, Vec<Key>> = HashMap::new();
        for step in steps {
            *waits.entry(step.parent).or_default() += 1;
            parents.entry(step.child).or_default().push(step.parent);
        }
        let mut moved: HashMap<(u32, List), Box<[Pair]>> = HashMap::new();
        let mut ready: Vec<Key> = wanted.to_vec();
        while let Some(child) = ready.pop() {
            for parent in parents.get(&child).into_iter().flatten() {
                let Some(left) = waits.get_mut(parent) else { continue };
                *left -= 1;
                if *left == 0 {
                    let from = steps.partition_point(|step| step.parent < *parent);
                    let own = steps.get(from..).unwrap_or_default().iter();
                    let own = own.take_while(|step| step.parent == *parent);
                    let list = self.join(own, names, &mut moved);
                    self.by_name.insert(*parent, list);
                    ready.push(*parent);
                }
            }
        }
    }

    /// The list of a tree, of those of its entries.
    fn join<'s>(
        &mut self,
        entries: impl Iterator<Item = &'s Step>,
        names: &[&[u8]],
        moved: &mut HashMap<(u32, List), Box<[Pair]>>,
    ) -> List {
        let mut joined = Vec::new();
        for step in entries {
            let Some(list) = self.below(step.child) else { continue };
            let deeper = moved.entry((step.name, list)).or_insert_with(|| {
                let name = names.get(step.name as usize).copied().unwrap_or_default();
                self.deeper(name, list)
            });
            joined.extend_from_slice(deeper);
        }
        joined.sort_unstable();
        joined.dedup();
        if joined.len() > MOST_PLACES {
            joined.truncate(MOST_PLACES);
            self.cut = true;
        }
        self.lists.number(joined.into())
    }

    /// A list as it is seen from a tree that has its tree under `name`.
    fn deeper(&mut self, name: &[u8], list: List) -> Box<[Pair]> {
        let below = self.list(list).to_vec();
        let mut deeper = Vec::with_capacity(below.len());
        for pair in below {
            if self.pairs.items.len() >= MOST_PAIRS {
                self.cut = true;
                break;
            }
            let Some((path, blob)) = self.pair(pair) else { continue };
            let path = if path.is_empty() { name.into() } else { [name, b"/", path].concat() };
            deeper.push(self.pairs.number((path.into(), blob)));
        }
        deeper.into()
    }
}

/// The edges that lead to wanted blobs, in order and each once.
fn steps<'p>(parts: &'p [Part], wanted: &[Key], names: &mut Numbered<&'p [u8]>) -> Vec<Step> {
    let all = leading(parts, wanted);
    let mut steps = Vec::new();
    for part in parts {
        let mut of_part: Vec<(u32, u32)> = Vec::new();
        let mut sorted: Vec<(&[u8], u32)> =
            part.names.iter().map(|(name, number)| (&**name, *number)).collect();
        sorted.sort_unstable();
        for (name, number) in sorted {
            of_part.push((number, names.number(name)));
        }
        of_part.sort_unstable();
        for edge in part.edges.iter().filter(|edge| all.contains(&edge.child)) {
            let parent = part.trees.get(edge.tree as usize).copied();
            let name = of_part.get(edge.name as usize).map(|(_, number)| *number);
            if let (Some(parent), Some(name)) = (parent, name) {
                steps.push(Step { parent, name, child: edge.child });
            }
        }
    }
    steps.sort_unstable();
    steps.dedup();
    steps
}

/// The wanted blobs and all trees that lead to them.
fn leading(parts: &[Part], wanted: &[Key]) -> HashSet<Key> {
    let mut all: HashSet<Key> = wanted.iter().copied().collect();
    let mut edge_of_level: Vec<Key> = wanted.to_vec();
    while !edge_of_level.is_empty() {
        let level = Wanted::new(edge_of_level.drain(..));
        for part in parts {
            let leads = |edge: &&Edge| level.contains(edge.child);
            for edge in part.edges.iter().filter(leads) {
                if let Some(parent) = part.trees.get(edge.tree as usize)
                    && all.insert(*parent)
                {
                    edge_of_level.push(*parent);
                }
            }
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part(edges: &[(Key, &str, Key)]) -> Part {
        let mut part = Part::default();
        for (parent, name, child) in edges {
            let next = part.names.len() as u32;
            let name = *part.names.entry(name.as_bytes().into()).or_insert(next);
            part.trees.push(*parent);
            let tree = part.trees.len() as u32 - 1;
            part.edges.push(Edge { child: *child, tree, name });
        }
        part
    }

    fn shown(paths: &Paths, tree: Key) -> Vec<(String, Key)> {
        let list = paths.below(tree).map(|list| paths.list(list)).unwrap_or_default();
        let pairs = list.iter().map(|pair| paths.pair(*pair).expect("a pair"));
        let mut shown: Vec<_> =
            pairs.map(|(path, blob)| (String::from_utf8_lossy(path).into_owned(), blob)).collect();
        shown.sort();
        shown
    }

    #[test]
    fn trees_know_what_is_below_them_whoever_read_them() {
        let one = part(&[(10, "a", 1), (20, "d", 10), (20, "e", 10), (30, "x", 31)]);
        let two =
            part(&[(20, "b", 2), (21, "d", 10), (20, "b", 2), (40, "loop", 40), (40, "a", 1)]);
        let paths = Paths::new(&[one, two], &[1, 2]);
        let root = [("b", 2), ("d/a", 1), ("e/a", 1)].map(|(path, blob)| (path.to_owned(), blob));
        assert_eq!(shown(&paths, 20), root);
        assert_eq!(shown(&paths, 21), [("d/a".to_owned(), 1)]);
        assert_eq!(shown(&paths, 1), [(String::new(), 1)]);
        assert!(paths.below(30).is_none() && paths.below(40).is_none());
    }
}
