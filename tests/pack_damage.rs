//! Damaged and hostile packs: never a panic, every loss reported, the rest visited.
#![allow(clippy::unwrap_used)]

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::atomic::AtomicBool;

use keytrawl::git::damages::Damages;
use keytrawl::git::object::{Kind, Kinds, ObjectFormat, ObjectId};
use keytrawl::git::pack::{Pack, Reason};
use keytrawl::git::traversal::{Inherited, Limits, NoBases, Object, Progress, Traversal, Visitor};
use proptest::prelude::*;

use pack_support::{Forge, Objects, Random, Repo, Run, distance, sizes};

mod pack_support;

struct Sample {
    pack: Vec<u8>,
    index: Vec<u8>,
    objects: Objects,
    /// Offset to name and base.
    entries: BTreeMap<usize, (ObjectId, Option<ObjectId>)>,
}

impl Sample {
    fn new() -> Self {
        Self::with_index(2)
    }

    fn with_index(version: u8) -> Self {
        let repo = Repo::new(&["--bare"]);
        repo.grow(&mut Random::new(77), 12);
        let index = format!("pack.indexVersion={version}");
        repo.git(&["-c", &index, "repack", "-adfq", "--depth=9"]);
        let path = repo.pack_paths().remove(0);
        let listed = repo.git(&["verify-pack", "-v", path.to_str().unwrap()]);
        let mut entries = BTreeMap::new();
        for line in String::from_utf8(listed).unwrap().lines() {
            let words: Vec<&str> = line.split_whitespace().collect();
            let Some(id) = ObjectId::from_hex(words[0].as_bytes()) else { continue };
            let base = words.get(6).and_then(|word| ObjectId::from_hex(word.as_bytes()));
            entries.insert(words[4].parse().unwrap(), (id, base));
        }
        let index = std::fs::read(path.with_extension("idx")).unwrap();
        Self { pack: std::fs::read(&path).unwrap(), index, objects: repo.objects(), entries }
    }

    /// What hangs on the entries that begin at or reach behind one of these offsets.
    fn hit(&self, offsets: impl Fn(usize, usize) -> bool) -> BTreeSet<ObjectId> {
        let starts: Vec<usize> = self.entries.keys().copied().collect();
        let ends = starts.iter().skip(1).copied().chain([self.pack.len() - 20]);
        let pairs = starts.iter().copied().zip(ends);
        let mut hit: BTreeSet<ObjectId> = pairs
            .filter(|(start, end)| offsets(*start, *end))
            .map(|(start, _)| self.entries[&start].0)
            .collect();
        for _ in 0..self.entries.len() {
            let more: Vec<ObjectId> = self
                .entries
                .values()
                .filter(|(_, base)| base.is_some_and(|base| hit.contains(&base)))
                .map(|(id, _)| *id)
                .collect();
            let before = hit.len();
            hit.extend(more);
            if hit.len() == before {
                break;
            }
        }
        hit
    }

    fn check(&self, pack: Vec<u8>, index: Vec<u8>, hit: &BTreeSet<ObjectId>) {
        let path = Path::new("x.pack");
        let Ok(pack) = Pack::from_bytes(path, pack, index, ObjectFormat::Sha1) else { return };
        let packs = [pack];
        let limits = Limits { object: 1 << 24, memory: 1 << 24, ..Limits::default() };
        let (found, _, damages) = Run { limits, ..Run::of(&packs) }.keep();
        told_once(&packs, limits, &damages);
        let (lost, named) = (damages.lost(), damages.named());
        assert!(named.iter().all(|damage| damage.to_string().starts_with("x.pack, offset ")));
        for (id, object) in &self.objects {
            if found.get(id) != Some(object) {
                assert!(lost > 0 && hit.contains(id), "{id} {hit:?} {named:?}");
            }
        }
    }
}

#[test]
fn flipped_and_cut_bytes_cost_only_what_hangs_on_them() {
    let sample = Sample::new();
    let mut random = Random::new(1);
    for _ in 0..600 {
        let at = 12 + random.below(sample.pack.len() - 32);
        let mut pack = sample.pack.clone();
        pack[at] ^= 1 << random.below(8);
        let hit = sample.hit(|start, end| (start..end).contains(&at));
        sample.check(pack, sample.index.clone(), &hit);
    }
    for _ in 0..100 {
        let len = random.below(sample.pack.len());
        let hit = sample.hit(|_, end| end > len.saturating_sub(20));
        sample.check(sample.pack[..len].to_vec(), sample.index.clone(), &hit);
    }
}

#[test]
fn a_damaged_index_never_panics() {
    for version in [1, 2] {
        damage_the_index(&Sample::with_index(version));
    }
}

/// The index of version 1 has no checksums of entries: the whole pack has one.
#[test]
fn a_flipped_bit_of_a_pack_with_an_old_index_is_told() {
    let sample = Sample::with_index(1);
    let open = |pack: Vec<u8>| {
        let index = sample.index.clone();
        Pack::from_bytes(Path::new("x.pack"), pack, index, ObjectFormat::Sha1).unwrap()
    };
    assert_eq!(open(sample.pack.clone()).damages().lost(), 0);
    let mut random = Random::new(3);
    for _ in 0..200 {
        let mut pack = sample.pack.clone();
        let at = 12 + random.below(pack.len() - 32);
        pack[at] ^= 1 << random.below(8);
        assert!(open(pack).damages().lost() > 0, "{at}");
    }
}

fn damage_the_index(sample: &Sample) {
    let mut random = Random::new(2);
    let all: BTreeSet<ObjectId> = sample.objects.keys().copied().collect();
    for _ in 0..600 {
        let mut index = sample.index.clone();
        for _ in 0..=random.below(3) {
            let at = random.below(index.len());
            index[at] = random.below(256) as u8;
        }
        let packs =
            Pack::from_bytes(Path::new("x.pack"), sample.pack.clone(), index, ObjectFormat::Sha1);
        let Ok(pack) = packs else { continue };
        for id in &all {
            let _ = pack.find(id.as_bytes()).map(|at| pack.read(at, 1 << 24, &NoBases));
        }
        let packs = [pack];
        let limits = Limits { object: 1 << 24, memory: 1 << 24, ..Limits::default() };
        Run { limits, ..Run::of(&packs) }.keep();
    }
    for len in (0..sample.index.len()).step_by(7) {
        let index = sample.index[..len].to_vec();
        let opened =
            Pack::from_bytes(Path::new("x.pack"), sample.pack.clone(), index, ObjectFormat::Sha1);
        assert!(opened.is_err());
    }
}

/// Traversals of some kinds, one after another, tell the damages that one of all kinds tells.
fn told_once(packs: &[Pack], limits: Limits, all: &Damages) {
    let contents = Kinds::from(Kind::Blob) | Kind::Commit | Kind::Tag;
    let mut parts = Run { limits, kinds: contents, ..Run::of(packs) }.keep().2;
    parts.merge(Run { limits, kinds: Kind::Tree.into(), ..Run::of(packs) }.keep().2);
    let told = |damages: &Damages| -> Vec<String> {
        damages.clone().named().iter().map(ToString::to_string).collect()
    };
    assert_eq!((parts.lost(), told(&parts)), (all.lost(), told(all)));
}

/// The reasons that a forged pack yields; a good object in it must be visited all the same.
fn reasons(mut forge: Forge, objects: usize) -> Vec<Reason> {
    let good = b"still here".repeat(9);
    forge.add(3, good.len(), &[], &good);
    let packs = [forge.open()];
    assert_eq!(packs[0].len(), objects + 1);
    let limits = Limits { object: 1 << 20, memory: 1 << 20, ..Limits::default() };
    let (found, _, damages) = Run { limits, ..Run::of(&packs) }.keep();
    told_once(&packs, limits, &damages);
    assert!(found.values().any(|(_, bytes)| *bytes == good));
    damages.named().into_iter().map(|damage| damage.reason).collect()
}

#[test]
fn lies_about_sizes_take_no_memory() {
    let mut forge = Forge::default();
    forge.add(3, usize::MAX / 4, &[], b"x");
    forge.add(3, 4000, &[], b"x");
    forge.add(3, 2, &[], b"much more than two");
    forge.add(3, 2 << 20, &[], &vec![0; 2 << 20]);
    forge.add_raw(vec![0xff; 40]);
    let found = reasons(forge, 5);
    assert!(
        matches!(
            found[..],
            [
                Reason::Implausible { .. },
                Reason::Size { stated: 4000, real: 1 },
                Reason::Longer { stated: 2 },
                Reason::TooLarge { size: 2_097_152, limit: 1_048_576 },
                Reason::Header
            ]
        ),
        "{found:?}"
    );
}

#[test]
fn bombs_cycles_and_missing_bases_are_named() {
    let mut forge = Forge::default();
    let base = forge.add(3, 60_000, &[], &vec![b'x'; 60_000]);
    // A thousand copies of the base: 60 MB from four kilobytes.
    let mut bomb = sizes(60_000, 60_000_000);
    bomb.extend([0xb0, 0x60, 0xea].repeat(1000));
    let at = forge.add(6, bomb.len(), &distance(0), b"");
    let _ = (base, at);
    forge.add(7, bomb.len(), &Forge::name(0), &bomb);
    // Two that are each other's base, and one on top; then one that is its own.
    let delta = [sizes(1, 1), vec![1, b'x']].concat();
    forge.add(7, delta.len(), &Forge::name(4), &delta);
    forge.add(7, delta.len(), &Forge::name(3), &delta);
    forge.add(7, delta.len(), &Forge::name(4), &delta);
    forge.add(7, delta.len(), &Forge::name(6), &delta);
    forge.add(7, delta.len(), &[9; 20], &delta);
    forge.add(6, delta.len(), &distance(1 << 40), &delta);
    let found = reasons(forge, 9);
    assert!(
        matches!(
            found[..],
            [
                Reason::Base,
                Reason::TooLarge { size: 60_000_000, .. },
                Reason::Cycle,
                Reason::Cycle,
                Reason::Cycle,
                Reason::Cycle,
                Reason::MissingBase { base: Some(_) },
                Reason::Base
            ]
        ),
        "{found:?}"
    );
}

#[test]
fn a_chain_of_thousands_is_walked() {
    let (mut forge, len) = (Forge::default(), 30_000);
    let mut last = forge.add(3, 9, &[], b"the start");
    for _ in 0..len {
        let delta = [sizes(9, 9), vec![0x90, 5, 4, b'l', b'i', b'n', b'k']].concat();
        let here = 12 + forge.len();
        last = forge.add(6, delta.len(), &distance(here - last), &delta);
    }
    let packs = [forge.open()];
    for memory in [0, 1 << 20] {
        let limits = Limits { object: 1 << 20, memory, ..Limits::default() };
        let (found, _, damages) = Run { limits, ..Run::of(&packs) }.keep();
        assert_eq!((found.len(), damages.lost()), (len + 1, 0));
    }
    let (_, bytes) = packs[0].read(len as u32, 100, &NoBases).unwrap();
    assert_eq!(bytes, b"the slink");
}

#[test]
fn a_base_in_another_pack_is_used_with_all_that_hangs_on_it() {
    let mut forge = Forge::default();
    let content = b"a base ".repeat(30);
    forge.add(3, content.len(), &[], &content);
    let delta = [sizes(210, 8), vec![0x90, 7, 1, b'!']].concat();
    forge.add(7, delta.len(), &[9; 20], &delta);
    let on_top = [sizes(8, 9), vec![0x90, 8, 1, b'?']].concat();
    forge.add(7, on_top.len(), &Forge::name(1), &on_top);
    let packs = [forge.open()];
    struct Other;
    impl keytrawl::git::traversal::Bases for Other {
        fn base(&self, name: &[u8]) -> Option<(Kind, Vec<u8>)> {
            (name == [9; 20]).then(|| (Kind::Blob, b"a base ".repeat(30)))
        }
    }
    for memory in [0, 1 << 30] {
        let limits = Limits { memory, ..Limits::default() };
        let (found, _, damages) = Run { limits, bases: &Other, ..Run::of(&packs) }.keep();
        let contents: Vec<&[u8]> = found.values().map(|object| object.1.as_slice()).collect();
        assert_eq!(contents, [&content[..], b"a base !", b"a base !?"]);
        assert_eq!(damages.lost(), 0);
        let trees = Run { limits, bases: &Other, kinds: Kind::Tree.into(), ..Run::of(&packs) };
        assert_eq!(trees.keep().1, 0);
    }
    let (found, _, damages) = Run::of(&packs).keep();
    assert_eq!((found.len(), damages.lost()), (1, 2));
    told_once(&packs, Limits::default(), &damages);
    let top = packs[0].find(&Forge::name(2)).unwrap();
    assert_eq!(packs[0].read(top, 1 << 20, &Other).unwrap().1, b"a base !?");
}

/// One tree with many branches, as wide as deep.
fn bush(random: &mut Random) -> Forge {
    let (mut forge, content) = (Forge::default(), b"x".repeat(50_000));
    forge.add(3, content.len(), &[], &content);
    for number in 1..400 {
        let mut delta = sizes(50_000, 50_000);
        delta.extend([0xb0, 0x4c, 0xc3, 4]);
        delta.extend((number as u32).to_be_bytes());
        forge.add(7, delta.len(), &Forge::name(random.below(number)), &delta);
    }
    forge
}

#[test]
fn little_memory_and_many_threads_change_nothing() {
    let packs = [bush(&mut Random::new(4)).open()];
    let (expected, count, damages) = Run::of(&packs).keep();
    assert_eq!((expected.len(), count, damages.lost()), (400, 400, 0));
    for threads in [1, 2, 5] {
        for memory in [0, 150_000, 1_000_000] {
            let limits = Limits { memory, ..Limits::default() };
            let (found, count, damages) = Run { threads, limits, ..Run::of(&packs) }.keep();
            assert!(found == expected && count == 400 && damages.lost() == 0);
            let peak = Run { threads, limits, ..Run::of(&packs) }.run(|| Ignore).peak;
            // Each thread may hold three above the bound; 50,000 are rounded up to 65,536.
            let most = memory + 3 * 65_536 * threads as u64;
            assert!(peak <= most, "{peak} bytes with {threads} threads and {memory} of memory");
        }
    }
}

struct Ignore;

impl Visitor for Ignore {
    type Carry = ();

    fn visit(&mut self, _: Object<'_>, _: Option<Inherited<'_, ()>>) {}
}

struct Panics;

impl Visitor for Panics {
    type Carry = ();

    fn visit(&mut self, object: Object<'_>, _: Option<Inherited<'_, ()>>) {
        assert!(object.name[3] != 99, "as the test wants");
    }
}

#[test]
fn a_panic_of_a_visitor_ends_all_threads() {
    let packs = [bush(&mut Random::new(8)).open()];
    let run = || Run { threads: 4, ..Run::of(&packs) }.run(|| Panics);
    assert!(std::panic::catch_unwind(std::panic::AssertUnwindSafe(run)).is_err());
}

#[test]
fn cancelling_ends_with_what_was_visited() {
    let packs = [bush(&mut Random::new(8)).open()];
    let (cancel, progress) = (AtomicBool::new(true), Progress::default());
    let run = Run::of(&packs);
    let Run { packs, loose, kinds, bases, limits, threads } = run;
    let (cancel, progress) = (&cancel, &progress);
    let traversal = Traversal { packs, loose, kinds, bases, limits, threads, cancel, progress };
    let done = traversal.run(pack_support::Keep::default);
    assert!(done.cancelled && done.visitors.iter().all(|keep| keep.0.is_empty()));
}

proptest! {
    #[test]
    fn deltas_of_any_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..60), len in 0usize..300) {
        let base = vec![b'x'; len];
        if let Ok(delta) = keytrawl::git::delta::Delta::parse(&bytes, len) {
            let mut out = vec![0; delta.result_len().min(1 << 26)];
            let _ = delta.apply(&base, &mut out);
            let _ = delta.segments().count();
        }
    }
}
