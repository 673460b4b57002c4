//! Reads trees: what they name that is not there, and which of them lead to wanted blobs.
//!
//! Not here: the paths that come of it ([`super::paths`]).

use std::borrow::Cow;
use std::cmp::Ordering;
use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};
use std::ops::Range;

use crate::git::delta::{Delta, Segment, Segments};
use crate::git::heads::{Heads, head};
use crate::git::object::{ObjectFormat, ObjectId};
use crate::git::traversal::{Inherited, Object, Visitor};
use crate::git::tree::{EntryKind, TreeEntries, TreeEntry};

/// The first bytes of an object's name: enough to tell the objects of one repository apart, in a
/// quarter of the memory. Names are hashes; whoever makes two that begin alike confuses nothing but
/// the paths of his own repository.
pub(super) type Key = u64;

/// The key of a name.
pub(super) fn key(name: &[u8]) -> Key {
    head(name)
}

/// What there is for each of many keys.
pub(super) type KeyMap<T> = HashMap<Key, T, BuildHasherDefault<KeyHasher>>;

/// Hashes keys, which are hash values already.
#[derive(Debug, Default)]
pub(super) struct KeyHasher(u64);

impl Hasher for KeyHasher {
    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.write_u64(u64::from(*byte));
        }
    }

    #[inline]
    fn write_u64(&mut self, key: u64) {
        self.0 = (self.0 ^ key).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    }

    #[inline]
    fn finish(&self) -> u64 {
        self.0 ^ self.0 >> 32
    }
}

/// Which of many names may be wanted, in a few nanoseconds.
#[derive(Debug)]
pub(super) struct Wanted {
    keys: KeyMap<()>,
    bits: Vec<u64>,
}

/// Bits of [`Wanted::bits`], as a power of two.
const BITS: u32 = 18;

impl Wanted {
    pub(super) fn new(names: impl Iterator<Item = Key>) -> Self {
        let keys: KeyMap<()> = names.map(|name| (name, ())).collect();
        let mut bits = vec![0; 1 << (BITS - 6)];
        for key in keys.keys() {
            let (word, bit) = Self::bit(*key);
            if let Some(word) = bits.get_mut(word) {
                *word |= bit;
            }
        }
        Self { keys, bits }
    }

    fn bit(key: Key) -> (usize, u64) {
        let place = key & ((1 << BITS) - 1);
        ((place >> 6) as usize, 1 << (place & 63))
    }

    pub(super) fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    pub(super) fn contains(&self, key: Key) -> bool {
        let (word, bit) = Self::bit(key);
        self.bits.get(word).is_some_and(|word| word & bit != 0) && self.keys.contains_key(&key)
    }
}

/// A tree that names a sub-tree or a wanted blob.
#[derive(Clone, Copy, Debug)]
pub(super) struct Tree {
    pub(super) key: Key,
    /// Its edges: the first, and the one behind the last.
    pub(super) first: u32,
    pub(super) end: u32,
}

/// What one thread has read. Versions of a folder have most of their edges in common.
#[derive(Debug, Default)]
pub(super) struct Part {
    pub(super) trees: Vec<Tree>,
    /// The edges of all trees, by number.
    pub(super) numbers: Vec<u32>,
    /// What each edge leads to: a sub-tree, or a wanted blob.
    pub(super) children: Vec<Key>,
    /// By which name, by number.
    pub(super) named: Vec<u32>,
    /// All such names.
    pub(super) names: Vec<Box<[u8]>>,
    by_name: foldhash::HashMap<Box<[u8]>, u32>,
    /// What is left of the edges of the tree before.
    before: Range<usize>,
}

/// What is asked of the trees.
#[derive(Clone, Copy, Debug)]
pub(super) struct Survey<'a> {
    pub(super) format: ObjectFormat,
    /// What the trees may name, if it is asked whether all of it is there.
    pub(super) completeness: Option<&'a Completeness<'a>>,
    /// The blobs whose paths are asked for, if there are any.
    pub(super) wanted: Option<&'a Wanted>,
}

impl<'a> Survey<'a> {
    pub(super) fn visitor(self) -> Trees<'a> {
        Trees { survey: self, part: Part::default(), gaps: Gaps::default() }
    }
}

/// One thread of a survey.
#[derive(Debug)]
pub(super) struct Trees<'a> {
    survey: Survey<'a>,
    part: Part,
    gaps: Gaps,
}

impl Visitor for Trees<'_> {
    type Carry = ();

    fn visit(&mut self, object: Object<'_>, parent: Option<Inherited<'_, ()>>) {
        let Self { survey: Survey { format, completeness, wanted }, part, gaps } = self;
        let delta = parent.map(|parent| parent.delta);
        match (completeness, wanted) {
            (Some(completeness), Some(wanted)) => {
                let mut tree = part.tree(object, wanted);
                completeness.tree(object, delta, gaps, |entry| tree.add(entry));
            }
            (Some(completeness), None) => completeness.tree(object, delta, gaps, |_| ()),
            (None, Some(wanted)) => {
                let mut tree = part.tree(object, wanted);
                let entries = TreeEntries::new(object.bytes, *format).map_while(Result::ok);
                entries.for_each(|entry| tree.add(&entry));
            }
            (None, None) => {}
        }
    }
}

impl Trees<'_> {
    /// What it found.
    pub(super) fn finish(mut self) -> (Part, Gaps) {
        if let Some(completeness) = self.survey.completeness {
            completeness.settle(&mut self.gaps);
        }
        (self.part, self.gaps)
    }
}

/// A tree whose edges are being read.
struct Growing<'p, 'a> {
    part: &'p mut Part,
    key: Key,
    wanted: &'a Wanted,
    begun: bool,
}

impl Growing<'_, '_> {
    /// Adds an entry that is an edge.
    #[inline(always)]
    fn add(&mut self, entry: &TreeEntry<'_>) {
        let child = key(entry.id);
        if entry.kind() == EntryKind::Tree || self.wanted.contains(child) {
            if !self.begun {
                self.part.begin(self.key);
                self.begun = true;
            }
            self.part.add(entry.name, child);
        }
    }
}

impl Part {
    fn tree<'p, 'a>(&'p mut self, tree: Object<'_>, wanted: &'a Wanted) -> Growing<'p, 'a> {
        Growing { part: self, key: key(tree.name), wanted, begun: false }
    }

    /// Begins with another tree.
    pub(super) fn begin(&mut self, key: Key) {
        let first = self.trees.last().map_or(0, |tree| tree.first as usize);
        self.before = first..self.numbers.len();
        let first = u32::try_from(self.numbers.len()).unwrap_or(u32::MAX);
        self.trees.push(Tree { key, first, end: first });
    }

    /// Adds an edge of the last tree, in the order of their names.
    pub(super) fn add(&mut self, name: &[u8], child: Key) {
        let number = self.edge(name, child);
        self.numbers.push(number);
        if let Some(tree) = self.trees.last_mut() {
            tree.end = tree.end.saturating_add(1);
        }
    }

    /// The number of an edge: that of the tree before, if it had it.
    fn edge(&mut self, name: &[u8], child: Key) -> u32 {
        let mut known = None;
        while !self.before.is_empty()
            && let Some(edge) = self.numbers.get(self.before.start)
        {
            let number = self.named.get(*edge as usize).copied().unwrap_or_default();
            match self.names.get(number as usize).map(|text| (**text).cmp(name)) {
                Some(Ordering::Less) => self.before.start += 1,
                Some(Ordering::Equal) => {
                    self.before.start += 1;
                    if self.children.get(*edge as usize) == Some(&child) {
                        return *edge;
                    }
                    known = Some(number);
                    break;
                }
                _ => break,
            }
        }
        let name = known.unwrap_or_else(|| self.name(name));
        self.children.push(child);
        self.named.push(name);
        u32::try_from(self.children.len() - 1).unwrap_or(u32::MAX)
    }

    fn name(&mut self, name: &[u8]) -> u32 {
        if let Some(number) = self.by_name.get(name) {
            return *number;
        }
        let number = u32::try_from(self.names.len()).unwrap_or(u32::MAX);
        self.names.push(name.into());
        self.by_name.insert(name.into(), number);
        number
    }
}

/// Looks for what the trees and commits of a pack name and the pack does not have.
#[derive(Debug)]
pub(super) struct Completeness<'a> {
    format: ObjectFormat,
    /// The names of all objects that are looked at.
    present: Cow<'a, Heads>,
}

/// What one thread has seen of it.
#[derive(Debug, Default)]
pub(super) struct Gaps {
    /// Named by a tree.
    pub(super) below_trees: Vec<ObjectId>,
    /// Named by a commit or a tag.
    pub(super) below_commits: Vec<ObjectId>,
    /// Trees that end in the middle of an entry.
    pub(super) damaged: Vec<ObjectId>,
    /// Named by a tree, and not looked for yet.
    of_trees: Asked,
    /// The same of commits and tags.
    of_commits: Asked,
}

/// Names that are to be looked for together.
#[derive(Debug, Default)]
struct Asked {
    named: Vec<ObjectId>,
    heads: Vec<u64>,
}

impl Asked {
    #[inline(always)]
    fn add(&mut self, name: &[u8]) {
        self.heads.push(head(name));
        self.named.extend(ObjectId::from_bytes(name));
    }

    fn is_full(&self) -> bool {
        self.named.len() >= BATCH
    }

    /// Adds those that are not there to `absent`.
    fn settle(&mut self, present: &Heads, absent: &mut Vec<ObjectId>) {
        let Self { named, heads } = self;
        let before = absent.len();
        present.absent(heads, |at| absent.extend(named.get(at)));
        named.clear();
        heads.clear();
        if before / CROWD < absent.len() / CROWD {
            absent.sort_unstable();
            absent.dedup();
        }
    }
}

/// Names that are looked for at a time: each look waits for memory, and many can wait together.
const BATCH: usize = 512;
/// Names from which on those that came twice are thrown out.
const CROWD: usize = 1 << 16;

impl Gaps {
    /// Takes over what another thread has seen.
    pub(super) fn merge(&mut self, other: Self) {
        self.below_trees.extend(other.below_trees);
        self.below_commits.extend(other.below_commits);
        self.damaged.extend(other.damaged);
    }

    /// Puts each name in its place, once.
    pub(super) fn sort(&mut self) {
        for ids in [&mut self.below_trees, &mut self.below_commits, &mut self.damaged] {
            ids.sort_unstable();
            ids.dedup();
        }
    }
}

impl<'a> Completeness<'a> {
    pub(super) fn new(format: ObjectFormat, present: Cow<'a, Heads>) -> Self {
        Self { format, present }
    }

    /// Looks at the entries of a tree that its base did not have; tells all of them to `each`.
    #[inline(always)]
    fn tree(
        &self,
        object: Object<'_>,
        delta: Option<Delta<'_>>,
        gaps: &mut Gaps,
        mut each: impl FnMut(&TreeEntry<'_>),
    ) {
        let mut copied = Copied::new(delta);
        let mut end = 0;
        let width = self.format.name_len();
        for entry in TreeEntries::new(object.bytes, self.format) {
            let Ok(entry) = entry else {
                gaps.damaged.extend(object.id());
                break;
            };
            each(&entry);
            let start = end;
            // Where the entry ends is where the next one begins: its name tells.
            let name_at = entry.name.as_ptr() as usize - object.bytes.as_ptr() as usize;
            end = name_at + entry.name.len() + 1 + width;
            if entry.kind() != EntryKind::Commit && !copied.holds(start, end) {
                gaps.of_trees.add(entry.id);
            }
        }
        if gaps.of_trees.is_full() {
            self.settle(gaps);
        }
    }

    /// Looks for what a commit or a tag names: now, or with others later.
    pub(super) fn named<'i>(&self, ids: impl Iterator<Item = &'i ObjectId>, gaps: &mut Gaps) {
        ids.for_each(|id| gaps.of_commits.add(id.as_bytes()));
        if gaps.of_commits.is_full() {
            self.settle(gaps);
        }
    }

    /// Looks for what was named and not looked for yet.
    pub(super) fn settle(&self, gaps: &mut Gaps) {
        gaps.of_trees.settle(&self.present, &mut gaps.below_trees);
        gaps.of_commits.settle(&self.present, &mut gaps.below_commits);
    }
}

/// Which entries of a tree are its base's: those were looked at there.
struct Copied<'a> {
    delta: Option<Segments<'a>>,
    run: (usize, usize),
}

impl<'a> Copied<'a> {
    fn new(delta: Option<Delta<'a>>) -> Self {
        Self { delta: delta.map(|delta| delta.segments()), run: (0, 0) }
    }

    /// Whether the entry at `start..end` lies in one copied run; to be asked in order.
    fn holds(&mut self, start: usize, end: usize) -> bool {
        let Some(segments) = &mut self.delta else { return false };
        while self.run.1 <= start {
            match segments.next() {
                Some(Segment::Copy { to, len, .. }) => self.run = (to, to + len),
                Some(Segment::Insert { to, bytes }) => self.run = (usize::MAX, to + bytes.len()),
                None => return false,
            }
        }
        self.run.0 <= start && end <= self.run.1
    }
}
