//! The trees of a repository by number, and which of them hold which.
//!
//! Names of objects are looked up once for each edge; whoever goes up or down from there counts in
//! numbers. Not here: paths.

use std::collections::hash_map::Entry::Vacant;

use foldhash::{HashMap, HashMapExt};

use super::trees::{Key, KeyMap, Part};

/// No number.
pub(super) const NONE: u32 = u32::MAX;

/// An entry of a tree, by the numbers of its name and of what it names.
#[derive(Clone, Copy, Debug)]
pub(super) struct Entry {
    pub(super) name: u32,
    pub(super) child: u32,
}

/// Wanted blobs and trees.
#[derive(Debug, Default)]
pub(super) struct Forest {
    /// The number of each: the blobs are the first.
    pub(super) numbers: KeyMap<u32>,
    /// Names of entries.
    pub(super) names: Vec<Box<[u8]>>,
    /// The wanted blobs, by number.
    blobs: Vec<Key>,
    /// The entries that name a tree or a wanted blob, each kept once for many trees.
    entries: Vec<Entry>,
    /// The entries of all trees, by number.
    of_trees: Vec<u32>,
    /// Where those of each number begin; one more at the end.
    starts: Vec<u32>,
    /// The trees that hold something, for all that is held, in its order.
    parents: Vec<u32>,
    /// Where those of each number begin; one more at the end.
    held: Vec<u32>,
}

impl Forest {
    /// Puts the trees of all parts together. A tree that comes twice is the same tree.
    pub(super) fn new(mut parts: Vec<Part>, wanted: &[Key]) -> Self {
        let mut forest = Self::default();
        let trees: usize = parts.iter().map(|part| part.trees.len()).sum();
        forest.numbers.reserve(wanted.len() + trees);
        for blob in wanted {
            let next = number(forest.numbers.len());
            if let Vacant(place) = forest.numbers.entry(*blob) {
                place.insert(next);
                forest.blobs.push(*blob);
            }
        }
        for part in &mut parts {
            part.trees.retain_mut(|tree| {
                let next = number(forest.numbers.len());
                let Vacant(place) = forest.numbers.entry(tree.key) else { return false };
                place.insert(next);
                true
            });
        }
        forest.fill(parts);
        forest.turn();
        forest
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.starts.len().saturating_sub(1)
    }

    /// The numbers of the wanted blobs.
    pub(super) fn blobs(&self) -> Vec<u32> {
        (0..number(self.blobs.len())).collect()
    }

    /// The entries of a tree.
    pub(super) fn entries(&self, tree: u32) -> impl DoubleEndedIterator<Item = Entry> {
        let numbers = slice(&self.of_trees, &self.starts, tree).iter();
        numbers.filter_map(|number| self.entries.get(*number as usize).copied())
    }

    /// The trees that hold something, once for each entry.
    pub(super) fn parents(&self, child: u32) -> &[u32] {
        slice(&self.parents, &self.held, child)
    }

    /// The name of an entry.
    fn name(&self, entry: Entry) -> &[u8] {
        self.names.get(entry.name as usize).map_or(&[], |name| name)
    }

    /// Lets go of what only the way up takes.
    pub(super) fn settle(&mut self) {
        (self.parents, self.held) = (Vec::new(), Vec::new());
    }

    /// For each number how many of its entries lead to a wanted blob.
    pub(super) fn waits(&self) -> Vec<u32> {
        let mut waits = vec![0u32; self.len()];
        let mut leading = self.blobs();
        while let Some(child) = leading.pop() {
            for parent in self.parents(child) {
                let Some(count) = waits.get_mut(*parent as usize) else { continue };
                *count += 1;
                if *count == 1 {
                    leading.push(*parent);
                }
            }
        }
        waits
    }

    /// Numbers the entries of all trees, which come in the order of their numbers.
    fn fill(&mut self, parts: Vec<Part>) {
        let mut numbers: HashMap<Box<[u8]>, u32> = HashMap::new();
        self.starts = vec![0; self.blobs.len()];
        self.of_trees.reserve_exact(parts.iter().map(|part| part.numbers.len()).sum());
        for part in parts {
            let names = part.names.into_iter().map(|name| {
                *numbers.entry(name).or_insert_with_key(|name| {
                    self.names.push(name.clone());
                    number(self.names.len() - 1)
                })
            });
            let names: Vec<u32> = names.collect();
            let before = number(self.entries.len());
            for (child, name) in part.children.iter().zip(&part.named) {
                let child = self.numbers.get(child).copied().unwrap_or(NONE);
                let name = names.get(*name as usize).copied().unwrap_or(NONE);
                self.entries.push(Entry { name, child });
            }
            for tree in &part.trees {
                self.starts.push(number(self.of_trees.len()));
                let own = part.numbers.get(tree.first as usize..tree.end as usize);
                let own = own.into_iter().flatten().map(|edge| before.saturating_add(*edge));
                let is_known = |edge: &u32| {
                    self.entries.get(*edge as usize).is_some_and(|entry| entry.child != NONE)
                };
                self.of_trees.extend(own.filter(is_known));
            }
        }
        self.starts.push(number(self.of_trees.len()));
    }

    /// Finds out for each by which trees it is held.
    fn turn(&mut self) {
        let mut held = vec![0u32; self.numbers.len() + 1];
        let child = |edge: &u32| self.entries.get(*edge as usize).map(|entry| entry.child);
        for child in self.of_trees.iter().filter_map(child) {
            if let Some(count) = held.get_mut(child as usize) {
                *count += 1;
            }
        }
        let mut sum = 0;
        for count in &mut held {
            sum += *count;
            *count = sum;
        }
        // From the end of its place to the start, for each.
        let mut parents = vec![NONE; self.of_trees.len()];
        for tree in (number(self.blobs.len())..number(self.len())).rev() {
            for entry in self.entries(tree).rev() {
                let Some(end) = held.get_mut(entry.child as usize) else { continue };
                *end -= 1;
                if let Some(slot) = parents.get_mut(*end as usize) {
                    *slot = tree;
                }
            }
        }
        (self.held, self.parents) = (held, parents);
    }
}

/// Entries from which on those of a tree are sorted, to be searched.
const MANY: usize = 64;

/// Finds what lies at paths, many times over.
#[derive(Debug)]
pub(super) struct Lookup<'f> {
    forest: &'f Forest,
    /// The entries of trees that have many, by name.
    sorted: HashMap<u32, Vec<Entry>>,
}

impl<'f> Lookup<'f> {
    pub(super) fn new(forest: &'f Forest) -> Self {
        Self { forest, sorted: HashMap::new() }
    }

    /// The wanted blobs at a path below a tree; one that is asked for itself has no path. They are
    /// several where a forged tree has a name twice.
    pub(super) fn blobs(&mut self, name: Key, path: &[u8]) -> Vec<Key> {
        let mut at: Vec<u32> = self.forest.numbers.get(&name).copied().into_iter().collect();
        for part in path.split(|byte| *byte == b'/').filter(|part| !part.is_empty()) {
            let mut below = Vec::new();
            for tree in at {
                self.children(tree, part, &mut below);
            }
            below.sort_unstable();
            below.dedup();
            at = below;
        }
        at.iter().filter_map(|blob| self.forest.blobs.get(*blob as usize).copied()).collect()
    }

    /// Adds what a tree has under a name.
    fn children(&mut self, tree: u32, name: &[u8], found: &mut Vec<u32>) {
        let forest = self.forest;
        if slice(&forest.of_trees, &forest.starts, tree).len() < MANY {
            let named = forest.entries(tree).filter(|entry| forest.name(*entry) == name);
            found.extend(named.map(|entry| entry.child));
            return;
        }
        let sorted = self.sorted.entry(tree).or_insert_with(|| {
            let mut entries: Vec<Entry> = forest.entries(tree).collect();
            entries.sort_by_key(|entry| (forest.name(*entry), entry.child));
            entries.dedup_by_key(|entry| (entry.name, entry.child));
            entries
        });
        let start = sorted.partition_point(|entry| forest.name(*entry) < name);
        let named = sorted.iter().skip(start).take_while(|entry| forest.name(**entry) == name);
        found.extend(named.map(|entry| entry.child));
    }
}

/// A count as a number; what has more than four billion entries has been cut long before.
fn number(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(NONE)
}

/// The part of `all` that belongs to `number`.
fn slice<'a, T>(all: &'a [T], starts: &[u32], number: u32) -> &'a [T] {
    let bounds = starts.get(number as usize..).and_then(|rest| rest.first_chunk::<2>());
    let bounds = bounds.map(|[start, end]| *start as usize..*end as usize);
    bounds.and_then(|bounds| all.get(bounds)).unwrap_or_default()
}
