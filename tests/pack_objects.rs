//! What is read of packs and loose files equals what `git cat-file` says; what is found by deltas
//! equals what a search of every byte finds.
#![allow(clippy::unwrap_used)]

use std::sync::atomic::{AtomicUsize, Ordering};

use keytrawl::git::delta::{Changes, Reach};
use keytrawl::git::object::{Kind, Kinds, ObjectFormat};
use keytrawl::git::store::Store;
use keytrawl::git::traversal::{Inherited, Limits, Object, Visitor};
use proptest::prelude::*;

use pack_support::{Random, Repo, Run};

mod pack_support;

fn cases(cases: u32) -> ProptestConfig {
    ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() }
}

proptest! {
    #![proptest_config(cases(8))]

    #[test]
    fn packs_hold_what_git_says(
        seed: u64,
        depth in 1usize..60,
        named_bases: bool,
        sha256: bool,
        version in 1u8..=2,
        threads in 1usize..4,
        memory in prop::sample::select(vec![0u64, 20_000, 1 << 30]),
    ) {
        let format = if sha256 { ObjectFormat::Sha256 } else { ObjectFormat::Sha1 };
        let repo = Repo::new(if sha256 { &["--object-format=sha256"] } else { &[] });
        let mut random = Random::new(seed);
        for _ in 0..2 {
            repo.grow(&mut random, 12);
            let offsets = format!("repack.useDeltaBaseOffset={}", !named_bases);
            let depth = format!("--depth={depth}");
            let index = format!("pack.indexVersion={version}");
            let settings = ["-c", &offsets, "-c", &index];
            repo.git(&[&settings[..], &["repack", "-dfq", "--window=30", &depth]].concat());
        }
        let expected = repo.objects();
        let packs = repo.packs(format);
        prop_assert!(packs.len() > 1);
        let limits = Limits { memory, ..Limits::default() };
        let (found, count, damages) = Run { threads, limits, ..Run::of(&packs) }.keep();
        prop_assert_eq!(damages.lost(), 0, "{:?}", damages.named());
        prop_assert_eq!(count, packs.iter().map(|pack| pack.len()).sum::<usize>());
        prop_assert_eq!(&found, &expected);
        let blobs = Run { kinds: Kind::Blob.into(), ..Run::of(&packs) }.keep().0;
        prop_assert!(blobs.iter().eq(expected.iter().filter(|(_, object)| object.0 == Kind::Blob)));
        let store = Store::open(&[repo.objects_dir()], format, Limits::default());
        for (id, object) in &expected {
            prop_assert!(store.read(id).unwrap().as_ref() == Some(object));
        }
    }

    #[test]
    fn deltas_find_what_every_byte_finds(seed: u64, depth in 1usize..60, threads in 1usize..4) {
        let repo = Repo::new(&["--bare"]);
        repo.grow(&mut Random::new(seed), 40);
        repo.git(&["repack", "-adfq", "--window=50", &format!("--depth={depth}")]);
        let (carried, packs) = (AtomicUsize::new(0), repo.packs(ObjectFormat::Sha1));
        let run = Run { threads, kinds: Kind::Blob.into(), ..Run::of(&packs) };
        run.run(|| Toy { changes: Changes::new(), carried: &carried });
        prop_assert!(carried.load(Ordering::Relaxed) > 100);
    }
}

/// Looks for `K=` and up to eight letters or digits, not behind a letter and not before a ninth.
struct Toy<'a> {
    changes: Changes,
    carried: &'a AtomicUsize,
}

const LITERAL: &[u8] = b"K=";
/// The literal, nine bytes behind it; one byte in front.
const REACH: Reach = Reach { before: 1, after: 11 };

/// The match at an anchor, by the bytes around it and the ends of the object.
fn judge(bytes: &[u8], at: usize) -> Option<(usize, usize)> {
    if at > 0 && bytes[at - 1].is_ascii_alphabetic() {
        return None;
    }
    let body = &bytes[at + 2..];
    let len = body.iter().take_while(|byte| byte.is_ascii_alphanumeric()).count();
    (1..=8).contains(&len).then_some((at, at + 2 + len))
}

fn search(bytes: &[u8], anchors: std::ops::Range<usize>) -> Vec<(usize, usize)> {
    let end = (anchors.end + LITERAL.len() - 1).min(bytes.len());
    memchr::memmem::find_iter(&bytes[anchors.start..end], LITERAL)
        .filter_map(|at| judge(bytes, at + anchors.start))
        .collect()
}

impl Visitor for Toy<'_> {
    type Carry = Vec<(usize, usize)>;

    fn visit(
        &mut self,
        object: Object<'_>,
        parent: Option<Inherited<'_, Self::Carry>>,
    ) -> Self::Carry {
        let expected = search(object.bytes, 0..object.bytes.len());
        let Some(parent) = parent else { return expected };
        let mut found = Vec::new();
        self.changes.read(&parent.delta, REACH);
        self.changes.carry(
            parent.carry,
            |item| item.0,
            |item, at| {
                found.push((at, at + item.1 - item.0));
            },
        );
        self.carried.fetch_add(found.len(), Ordering::Relaxed);
        for window in self.changes.windows() {
            assert!(window.bytes.contains(window.anchors));
            // Only the window's bytes may be looked at; its ends are the object's or far enough.
            let part = &object.bytes[window.bytes.range()];
            let shift = window.bytes.start;
            let anchors = window.anchors.start - shift..window.anchors.end - shift;
            let matches = search(part, anchors);
            found.extend(matches.iter().map(|(start, end)| (start + shift, end + shift)));
        }
        found.sort_unstable();
        assert_eq!(found, expected);
        found
    }
}

#[test]
fn loose_objects_and_alternates_are_read() {
    let repo = Repo::new(&[]);
    let mut random = Random::new(5);
    repo.grow(&mut random, 10);
    repo.git(&["repack", "-adq"]);
    let old = String::from_utf8(repo.git(&["rev-parse", "main"])).unwrap();
    repo.grow(&mut random, 10);
    let new = format!("main\n^{old}");
    let full = repo.git_with(&["pack-objects", "--stdout", "--revs", "-q"], new.as_bytes());
    // Its objects loose, in a repository that borrows the rest.
    let borrower = Repo::new(&[]);
    let objects = repo.objects_dir();
    let info = borrower.objects_dir().join("info");
    std::fs::create_dir_all(&info).unwrap();
    std::fs::write(info.join("alternates"), format!("# x\n{}\n", objects.display())).unwrap();
    std::fs::write(
        objects.join("info/alternates"),
        format!("{}\n/nowhere\n", borrower.objects_dir().display()),
    )
    .unwrap();
    borrower.git_with(&["unpack-objects", "-q"], &full);
    let found = keytrawl::git::repository::Repository::discover(borrower.path()).unwrap();
    assert_eq!(found.object_dirs().len(), 2);
    assert_eq!(found.missing_alternates(), [std::path::PathBuf::from("/nowhere")]);
    let store = Store::open(found.object_dirs(), ObjectFormat::Sha1, Limits::default());
    assert!(!store.loose().is_empty() && store.unreadable().is_empty());
    let run = Run { loose: store.loose(), bases: &store, ..Run::of(store.packs()) };
    let (objects, _, damages) = run.keep();
    assert_eq!(damages.lost(), 0);
    let expected = borrower.objects();
    assert_eq!(objects, expected);
    for (id, object) in &expected {
        assert_eq!(store.read(id).unwrap().as_ref(), Some(object));
    }
}

#[test]
fn refs_are_found_in_files_and_through_git() {
    for arguments in [&[][..], &["--object-format=sha256"], &["--ref-format=reftable"]] {
        let repo = Repo::new(arguments);
        let found = keytrawl::git::repository::Repository::discover(repo.path()).unwrap();
        assert_eq!(found.refs().unwrap(), []);
        repo.grow(&mut Random::new(3), 3);
        repo.git(&["update-ref", "refs/notes/x", "main~1"]);
        repo.git(&["tag", "-a", "-m", "one", "one", "main~1"]);
        repo.git(&["update-ref", "refs/heads/deep/er", "main~1"]);
        repo.git(&["pack-refs", "--all"]);
        repo.git(&["update-ref", "refs/heads/deep/er", "main"]);
        repo.git(&["symbolic-ref", "refs/remotes/o/HEAD", "refs/heads/deep/er"]);
        repo.git(&["symbolic-ref", "refs/remotes/o/gone", "refs/heads/nowhere"]);
        repo.git(&["worktree", "add", "-q", "--detach", "linked", "main~2"]);
        let shown = repo.git(&["for-each-ref", "--format=%(objectname) %(refname)"]);
        let shown = String::from_utf8(shown).unwrap();
        let linked = keytrawl::git::repository::Repository::discover(&repo.path().join("linked"));
        for found in [found, linked.unwrap()] {
            let refs = found.refs().unwrap();
            for line in shown.lines() {
                let (hex, name) = line.split_once(' ').unwrap();
                assert!(
                    refs.iter().any(|r| r.name == name && r.target.to_string() == hex),
                    "{line}"
                );
            }
            let detached = String::from_utf8(repo.git(&["rev-parse", "main~2"])).unwrap();
            assert!(refs.iter().any(|r| r.target.to_string() == detached.trim()), "{refs:?}");
            assert!(refs.iter().any(|r| r.name == "HEAD"));
            assert_eq!(
                found.common_dir().canonicalize().unwrap(),
                repo.path().join(".git").canonicalize().unwrap()
            );
        }
    }
}

#[test]
fn kinds_combine() {
    let kinds = Kinds::from(Kind::Commit) | Kind::Tag;
    let repo = Repo::new(&["--bare"]);
    repo.grow(&mut Random::new(9), 6);
    repo.git(&["repack", "-adq"]);
    let packs = repo.packs(ObjectFormat::Sha1);
    let (found, _, _) = Run { kinds, ..Run::of(&packs) }.keep();
    let expected = repo.objects().into_iter().filter(|(_, (kind, _))| kinds.contains(*kind));
    assert!(found.into_iter().eq(expected));
}
