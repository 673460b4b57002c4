//! From the edges of all trees to the paths of the wanted blobs below each tree.
//!
//! Worked from the blobs upwards, each tree once. Trees that hold the same wanted blobs at the same
//! paths, as nearly all versions of a directory do, share one list, and are known by the lists of
//! their entries before theirs is made. Not here: reading trees, and which of them belong to
//! commits.

use std::sync::atomic::{AtomicBool, Ordering};

use foldhash::{HashMap, HashMapExt};

use super::classes::Classes;
use super::forest::{Forest, Lookup, NONE};
use super::trees::{Key, KeyMap, Part};

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
    forest: Forest,
    /// The list of each tree and wanted blob.
    of_node: Vec<List>,
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

/// An entry of a tree: number of its name, and the list of what it names. One number, for a hash.
type Entry = u64;

fn entry(name: u32, list: List) -> Entry {
    u64::from(name) << 32 | u64::from(list)
}

/// What was worked out, so that it need not be again.
#[derive(Default)]
struct Memory {
    /// Lists as they are seen from a tree that has them under a name.
    moved: KeyMap<Box<[Pair]>>,
    /// The lists of trees, by their entries.
    joined: HashMap<Box<[Entry]>, List>,
}

impl Paths {
    /// Works out the lists, as many as it can until it is ended. Of contents that come to the same
    /// one stands for all.
    pub(super) fn new(
        parts: Vec<Part>,
        wanted: &[Key],
        classes: &Classes,
        cancelled: &AtomicBool,
    ) -> Self {
        let mut forest = Forest::new(parts, wanted);
        let mut paths = Self { of_node: vec![NONE; forest.len()], ..Self::default() };
        for blob in wanted {
            let pair = paths.pairs.number((Box::default(), classes.of(*blob)));
            let list = paths.lists.number([pair].into());
            let node =
                forest.numbers.get(blob).and_then(|node| paths.of_node.get_mut(*node as usize));
            if let Some(slot) = node {
                *slot = list;
            }
        }
        paths.climb(&forest, cancelled);
        forest.settle();
        paths.forest = forest;
        paths
    }

    /// The wanted blobs below a tree (or the blob that `name` itself is); `None` if there are none.
    pub(super) fn below(&self, name: Key) -> Option<List> {
        self.of_node(*self.forest.numbers.get(&name)?)
    }

    /// For questions about the blobs at single paths.
    pub(super) fn lookup(&self) -> Lookup<'_> {
        Lookup::new(&self.forest)
    }

    fn of_node(&self, node: u32) -> Option<List> {
        self.of_node.get(node as usize).copied().filter(|list| *list != NONE)
    }

    /// The pairs of a list.
    pub(super) fn list(&self, list: List) -> &[Pair] {
        self.lists.items.get(list as usize).map_or(&[], |pairs| pairs)
    }

    /// How many lists there are: their numbers are the ones below.
    pub(super) fn lists(&self) -> usize {
        self.lists.items.len()
    }

    /// How many pairs there are: their numbers are the ones below.
    pub(super) fn count(&self) -> usize {
        self.pairs.items.len()
    }

    /// Path, relative to the tree, and the blob that is there, or one that stands for it.
    pub(super) fn pair(&self, pair: Pair) -> Option<(&[u8], Key)> {
        self.pairs.items.get(pair as usize).map(|(path, blob)| (&**path, *blob))
    }

    /// Gives each tree its list as soon as all trees below it have theirs. Trees that contain
    /// themselves, which only a forged index can say, never get one.
    fn climb(&mut self, forest: &Forest, cancelled: &AtomicBool) {
        let mut waits = forest.waits();
        let mut ready = forest.blobs();
        let mut memory = Memory::default();
        let mut entries: Vec<Entry> = Vec::new();
        while let Some(child) = ready.pop() {
            for parent in forest.parents(child) {
                let Some(left) = waits.get_mut(*parent as usize) else { continue };
                *left = left.saturating_sub(1);
                if *left == 0 {
                    if cancelled.load(Ordering::Relaxed) {
                        return;
                    }
                    entries.clear();
                    let own = forest.entries(*parent);
                    let below = own.filter_map(|e| Some(entry(e.name, self.of_node(e.child)?)));
                    entries.extend(below);
                    let list = self.join(&entries, &forest.names, &mut memory);
                    if let Some(slot) = self.of_node.get_mut(*parent as usize) {
                        *slot = list;
                    }
                    ready.push(*parent);
                }
            }
        }
    }

    /// The list of a tree, of those of its entries.
    fn join(&mut self, entries: &[Entry], names: &[Box<[u8]>], memory: &mut Memory) -> List {
        if let Some(list) = memory.joined.get(entries) {
            return *list;
        }
        let mut joined = Vec::new();
        for entry in entries {
            let deeper = memory.moved.entry(*entry).or_insert_with(|| {
                let name = names.get((*entry >> 32) as usize).map_or(&[][..], |name| name);
                self.deeper(name, *entry as u32)
            });
            joined.extend_from_slice(deeper);
        }
        // Runs of pairs that are in order, nearly all of them: faster than a sort that moves them about.
        joined.sort();
        joined.dedup();
        if joined.len() > MOST_PLACES {
            joined.truncate(MOST_PLACES);
            self.cut = true;
        }
        let list = self.lists.number(joined.into());
        memory.joined.insert(entries.into(), list);
        list
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

#[cfg(test)]
mod tests {
    use super::*;

    fn part(trees: &[(Key, &[(&str, Key)])]) -> Part {
        let mut part = Part::default();
        for (tree, entries) in trees {
            part.begin(*tree);
            for (name, child) in *entries {
                part.add(name.as_bytes(), *child);
            }
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
        let one =
            part(&[(10, &[("a", 1)]), (20, &[("b", 2), ("d", 10), ("e", 10)]), (30, &[("x", 31)])]);
        let two = part(&[
            (21, &[("d", 10)]),
            (20, &[("b", 2), ("d", 10), ("e", 10)]),
            (40, &[("a", 1), ("loop", 40)]),
            (22, &[("f", 21), ("x", 30)]),
        ]);
        let paths =
            Paths::new(vec![one, two], &[1, 2], &Classes::default(), &AtomicBool::new(false));
        let root = [("b", 2), ("d/a", 1), ("e/a", 1)].map(|(path, blob)| (path.to_owned(), blob));
        assert_eq!(shown(&paths, 20), root);
        assert_eq!(shown(&paths, 21), [("d/a".to_owned(), 1)]);
        assert_eq!(shown(&paths, 22), [("f/d/a".to_owned(), 1)]);
        assert_eq!(shown(&paths, 1), [(String::new(), 1)]);
        assert!(paths.below(30).is_none() && paths.below(40).is_none());
        let mut lookup = paths.lookup();
        let mut at = |tree: Key, path: &str| lookup.blobs(tree, path.as_bytes());
        assert_eq!((at(22, "f/d/a"), at(20, "b"), at(2, "")), (vec![1], vec![2], vec![2]));
        assert_eq!((at(22, "f/d"), at(22, "f/x/a")), (vec![], vec![]));
    }

    /// A forged tree can name whatever it wants, as often and in whatever order it wants.
    #[test]
    fn a_name_that_comes_twice_leads_to_all_that_has_it() {
        let few = [("f", 10), ("f", 2), ("f", 1), ("e", 3), ("f", 2)];
        let names: Vec<String> = (0..200).map(|number| format!("{number}")).collect();
        let many = names.iter().map(|name| (name.as_str(), 3)).chain(few);
        let many: Vec<(&str, Key)> = many.collect();
        let trees = part(&[(10, &[("a", 1), ("a", 2)]), (20, &few), (30, &many)]);
        let paths =
            Paths::new(vec![trees], &[1, 2, 3], &Classes::default(), &AtomicBool::new(false));
        let mut lookup = paths.lookup();
        for tree in [20, 30] {
            assert_eq!(lookup.blobs(tree, b"f"), [1, 2], "{tree}");
            assert_eq!(lookup.blobs(tree, b"f/a"), [1, 2], "{tree}");
            assert_eq!(lookup.blobs(tree, b"e"), [3], "{tree}");
        }
        assert_eq!((lookup.blobs(30, b"77"), lookup.blobs(30, b"777")), (vec![3], vec![]));
    }
}
