//! Bombs end at the limits, and no bytes make the reading panic or run on.

use proptest::prelude::*;

use super::tests::{TEXT, bzip2, gzip, lzma, tar, unpack, xz, zip, zip_with, zstd};
use super::*;

fn limit_of(bytes: &[u8], limits: &Limits) -> (Vec<(String, Vec<u8>)>, Limit) {
    let (members, outcome) = unpack(bytes, "x", limits);
    match &outcome.problems[..] {
        [Problem { kind: ProblemKind::LimitReached(limit), incomplete: true, .. }] => {
            (members, *limit)
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn each_limit_ends_the_reading() {
    let plain = Limits::default();
    let nested = gzip(&zip(&[("a.gz", &gzip(TEXT))]));
    let (members, limit) = limit_of(&nested, &Limits { depth: 2, ..plain });
    assert_eq!((members[0].1.clone(), limit), (gzip(TEXT), Limit::Depth(2)));

    let packed =
        [gzip(&TEXT.repeat(50)), zip(&[("a", &TEXT.repeat(50))]), tar(&[("a", &TEXT.repeat(50))])];
    for bytes in &packed {
        let (members, limit) = limit_of(bytes, &Limits { member_bytes: 500, ..plain });
        assert_eq!((&members[0].1[..], limit), (&TEXT.repeat(50)[..500], Limit::Member(500)));
        let (members, limit) = limit_of(bytes, &Limits { total_bytes: 500, ..plain });
        assert_eq!(limit, Limit::Total(500));
        assert!(members.iter().map(|member| member.1.len()).sum::<usize>() <= 500);
    }
    let many: Vec<_> = (0..20).map(|n| (format!("f{n}"), b"x")).collect();
    let many: Vec<(&str, &[u8])> = many.iter().map(|(name, b)| (&name[..], &b[..])).collect();
    for bytes in [zip(&many), tar(&many), gzip(&tar(&many))] {
        let (members, limit) = limit_of(&bytes, &Limits { members: 7, ..plain });
        assert_eq!((members.len(), limit), (7, Limit::Members(7)));
    }
}

/// The innermost that is opened gives its content as it is, and that is said.
#[test]
fn nesting_past_the_depth_is_given_packed() {
    let limits = Limits::default();
    for pack in [gzip, zstd, bzip2, xz, lzma] {
        let layers: Vec<_> = std::iter::successors(Some(TEXT.to_vec()), |inner| Some(pack(inner)))
            .take(41)
            .collect();
        let (members, limit) = limit_of(&layers[40], &limits);
        assert_eq!((members, limit), (vec![("x".to_owned(), layers[32].clone())], Limit::Depth(8)));
    }
}

#[test]
fn bombs_end_early() {
    let zeros = vec![0; 4 << 20];
    let limits = Limits { ratio: 100, ..Limits::default() };
    for bytes in
        [gzip(&zeros), zstd(&zeros), bzip2(&zeros), xz(&zeros), lzma(&zeros), zip(&[("z", &zeros)])]
    {
        let mut lengths = Vec::new();
        let mut on_member = |member: Member<'_>| {
            lengths.extend(member.frame.is_none().then_some(member.bytes.len()));
            ControlFlow::Continue(())
        };
        let mut walk = walk::Walk::new(&limits, &mut on_member);
        walk.ratio_from = 1 << 20;
        let _ = walk.content(&bytes, "x", 0);
        let kinds: Vec<_> = walk.finish().problems.into_iter().map(|p| p.kind).collect();
        assert_eq!(kinds, [ProblemKind::LimitReached(Limit::Ratio(100))]);
        assert!(lengths.len() == 1 && lengths[0] < 3 << 20, "{lengths:?}");
    }
    // The same, from where a ratio counts outside tests.
    let (members, limit) = limit_of(&gzip(&vec![0; 19 << 20]), &limits);
    assert_eq!(limit, Limit::Ratio(100));
    assert!(members[0].1.len() < 18 << 20);
}

#[test]
fn nesting_ends_by_breadth_and_by_depth() {
    let mut wide = zip(&[("zeros", &vec![0; 200_000])]);
    for _ in 0..5 {
        let copies: Vec<_> = (0..16).map(|n| (n.to_string(), wide.clone())).collect();
        let copies: Vec<(&str, &[u8])> = copies.iter().map(|(n, b)| (&n[..], &b[..])).collect();
        wide = zip(&copies);
    }
    let (_, limit) = limit_of(&wide, &Limits { total_bytes: 20 << 20, ..Limits::default() });
    assert_eq!(limit, Limit::Total(20 << 20));
    for pack in [gzip, xz, |inner: &[u8]| zip(&[("z", inner)]), |inner: &[u8]| tar(&[("t", inner)])]
    {
        let deep = (0..70).fold(TEXT.to_vec(), |inner, _| pack(&inner));
        let (members, limit) = limit_of(&deep, &Limits { depth: u32::MAX, ..Limits::default() });
        assert_eq!((members.len(), limit), (1, Limit::Depth(64)));
    }
}

#[test]
fn giant_windows_are_refused() {
    let mut encoder = ::zstd::stream::Encoder::new(Vec::new(), 1).unwrap();
    encoder.window_log(28).unwrap();
    std::io::Write::write_all(&mut encoder, &TEXT.repeat(9)).unwrap();
    let (_, outcome) = unpack(&encoder.finish().unwrap(), "x", &Limits::default());
    assert_eq!(outcome.problems[0].kind, ProblemKind::Memory(Some(Format::Zstd)));

    let mut giant = lzma(TEXT);
    giant[1..5].copy_from_slice(&(1_u32 << 31).to_le_bytes());
    let (_, outcome) = unpack(&giant, "x", &Limits::default());
    assert_eq!(outcome.problems[0].kind, ProblemKind::Memory(Some(Format::Lzma)));
}

/// Every record of the directory points at the first member.
#[test]
fn overlapping_members_are_refused() {
    let data: Vec<u8> = (0..20_000_u32).map(|n| ((n * n) >> 7) as u8).collect();
    let members: Vec<_> = (0..50).map(|n| format!("f{n:02}")).collect();
    let listed: Vec<(&str, &[u8])> = members.iter().map(|name| (&name[..], &data[..])).collect();
    let bytes = zip_with(&listed, ::zip::CompressionMethod::Stored);
    let first_end = memchr::memmem::find_iter(&bytes, b"PK\x03\x04").nth(1).unwrap();
    let directory = memchr::memmem::find(&bytes, b"PK\x01\x02").unwrap();
    let mut overlapping = bytes[..first_end].to_vec();
    let start = overlapping.len();
    overlapping.extend(&bytes[directory..]);
    let records: Vec<_> = memchr::memmem::find_iter(&overlapping[start..], b"PK\x01\x02").collect();
    for record in records {
        overlapping[start + record + 42..start + record + 46].fill(0);
    }
    let end = overlapping.len() - 22;
    overlapping[end + 16..end + 20].copy_from_slice(&(start as u32).to_le_bytes());
    let (given, outcome) = unpack(&overlapping, "z", &Limits::default());
    assert_eq!(given.len(), 1);
    assert_eq!(outcome.problems[0].kind, ProblemKind::Overlap);
}

fn samples() -> Vec<Vec<u8>> {
    use ::zip::CompressionMethod as Method;
    let text = TEXT.repeat(20);
    let members: [(&str, &[u8]); 3] = [("a", TEXT), ("dir/b", &text), ("c.gz", &gzip(TEXT))];
    let mut all =
        vec![gzip(&text), bzip2(&text), zstd(&text), xz(&text), lzma(&text), tar(&members)];
    for method in [Method::Stored, Method::Deflated, Method::Bzip2, Method::Zstd, Method::Xz] {
        all.push(zip_with(&members, method));
    }
    all.push(gzip(&tar(&[("z.zip", &zip(&members)), ("t.tar.xz", &xz(&tar(&members)))])));
    all
}

fn bounded(bytes: &[u8]) {
    let limits =
        Limits { depth: 4, member_bytes: 1 << 16, total_bytes: 1 << 18, ratio: 50, members: 100 };
    let (members, outcome) = unpack(bytes, "x", &limits);
    let given: u64 = members.iter().map(|member| member.1.len() as u64).sum();
    assert_eq!((members.len() as u64, given), (outcome.members, outcome.bytes));
    assert!(given <= limits.total_bytes && outcome.problems.len() <= 1000);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_end(start in 0..12_usize, bytes in proptest::collection::vec(any::<u8>(), 0..2000)) {
        let magics: [&[u8]; 12] = [
            b"", b"PK\x03\x04", b"PK\x05\x06", b"\x1F\x8B\x08\x00", b"\x28\xB5\x2F\xFD", b"BZh9\x31\x41\x59\x26\x53\x59",
            b"\xFD7zXZ\0\0\x04\xE6\xD6\xB4\x46", b"\x5D\0\0\x10\0\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\0", b"MZ", b"\x50\x2A\x4D\x18\0\0\0\0",
            b"PK\x03\x04\x14\0\x08\0\x08\0", b"\xFD7zXZ\0\0\x01\x69\x22\xDE\x36\x02\0\x21\x01\x16\0\0\0\x74\x2F\xE5\xA3",
        ];
        bounded(&[magics[start], &bytes].concat());
    }

    #[test]
    fn any_change_ends(
        pick in any::<prop::sample::Index>(),
        changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..8),
        cut in any::<prop::sample::Index>(),
        is_cut in any::<bool>(),
    ) {
        thread_local!(static SAMPLES: Vec<Vec<u8>> = samples());
        let mut bytes = SAMPLES.with(|samples| pick.get(samples).clone());
        for (at, value) in changes {
            *at.get_mut(&mut bytes) = value;
        }
        if is_cut {
            bytes.truncate(cut.index(bytes.len()));
        }
        bounded(&bytes);
    }
}
