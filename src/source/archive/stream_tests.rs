//! Compressed streams: one or several in a row, damaged, and with something after them.
//!
//! Not here: what is inside an archive (`tests`), bombs (`hostile_tests`).

use std::io::Write;

use super::tests::{TEXT, bzip2, gzip, lzma, one, tar, unpack, whole, xz, zstd};
use super::*;

#[test]
fn the_content_of_a_stream_goes_by_its_path() {
    for (pack, name) in [
        (gzip as fn(&[u8]) -> Vec<u8>, "d/x.log.gz"),
        (bzip2, "x.log.bz2"),
        (zstd, "x.log.zst"),
        (xz, "x.log.xz"),
        (lzma, "x.log.lzma"),
        (|bytes| gzip(&gzip(bytes)), "x.gz.gz"),
        (|bytes| bytes.to_vec(), "plain.gz"),
    ] {
        assert_eq!(whole(&pack(TEXT), name), one(name, TEXT));
    }
    let packed = zstd(&tar(&[("app.ini.gz", &gzip(TEXT))]));
    assert_eq!(whole(&packed, "a.tar.zst"), one("a.tar.zst!app.ini.gz", TEXT));
}

#[test]
fn gzip_headers_of_every_kind_are_passed_over() {
    let mut encoder = flate2::GzBuilder::new()
        .extra(&b"ab\x02\x00zz"[..])
        .filename("dir/app.log")
        .comment("about")
        .write(Vec::new(), flate2::Compression::fast());
    encoder.write_all(TEXT).unwrap();
    assert_eq!(whole(&encoder.finish().unwrap(), "a.gz"), one("a.gz", TEXT));
}

#[test]
fn streams_are_read_to_their_last_part() {
    let twice = [TEXT, TEXT].concat();
    for pack in [gzip, bzip2, zstd, xz] {
        let packed = [pack(TEXT), pack(b""), pack(TEXT)].concat();
        assert_eq!(whole(&packed, "x"), one("x", &twice));
        let padded = [pack(TEXT), vec![0; 70_000], pack(TEXT), vec![0; 7]].concat();
        assert_eq!(whole(&padded, "x"), one("x", &twice));
    }
    let skippable = b"\x5E\x2A\x4D\x18\x03\0\0\0abc";
    let packed = [&skippable[..], &zstd(TEXT), skippable].concat();
    assert_eq!(whole(&packed, "x"), one("x", TEXT));
}

#[test]
fn what_follows_a_container_is_given_too() {
    let notes = b"\x1F notes at the end";
    for (pack, format) in [
        (gzip as fn(&[u8]) -> Vec<u8>, Format::Gzip),
        (bzip2, Format::Bzip2),
        (zstd, Format::Zstd),
        (xz, Format::Xz),
        (|bytes| tar(&[("a", bytes)]), Format::Tar),
    ] {
        let path = if format == Format::Tar { "x!a" } else { "x" };
        let expected = [one(path, TEXT), one("x", notes)].concat();
        for padding in [0, 9, 40_000] {
            let bytes = [&pack(TEXT)[..], &vec![0; padding], notes].concat();
            let (members, outcome) = unpack(&bytes, "x", &Limits::default());
            // Only blocks are passed over in a tar.
            let trimmed = members.into_iter().map(|(path, bytes)| match &path[..] {
                "x" => (path, bytes.into_iter().skip_while(|&byte| byte == 0).collect()),
                _ => (path, bytes),
            });
            assert_eq!(trimmed.collect::<Vec<_>>(), expected, "{format:?} {padding}");
            let kinds: Vec<_> = outcome.problems.iter().map(|problem| &problem.kind).collect();
            assert_eq!(kinds, [&ProblemKind::TrailingData(format)], "{padding}");
            assert!(!outcome.incomplete());
        }
        let other = [pack(TEXT), lzma(TEXT)].concat();
        let (members, _) = unpack(&other, "x", &Limits::default());
        assert_eq!(members, [one(path, TEXT), one("x", TEXT)].concat(), "{format:?}");
    }
}

#[test]
fn what_follows_is_bounded_too() {
    let bytes = [&gzip(TEXT)[..], &[b'x'; 900]].concat();
    let limits = Limits { member_bytes: 500, ..Limits::default() };
    let (members, outcome) = unpack(&bytes, "x", &limits);
    assert_eq!(members, [one("x", TEXT), one("x", &[b'x'; 500])].concat());
    assert_eq!(outcome.problems[1].kind, ProblemKind::LimitReached(Limit::Member(500)));
    assert!(outcome.incomplete());
    let chain = [gzip(b"g"), bzip2(b"b")].concat().repeat(100);
    let (members, outcome) = unpack(&chain, "x", &Limits::default());
    assert_eq!((members.len(), outcome.problems.len()), (9, 9));
    assert_eq!(outcome.problems[8].kind, ProblemKind::LimitReached(Limit::Depth(8)));
    assert!(chain.ends_with(&members[8].1) && outcome.incomplete());
}

#[test]
fn what_a_wrong_checksum_is_about_is_given_whole() {
    let mut first = gzip(TEXT);
    let crc = first.len() - 8;
    first[crc] ^= 1;
    let second = gzip(b"second");
    for (bytes, text) in [
        (first.clone(), TEXT.to_vec()),
        ([&first[..], &second].concat(), [TEXT, b"second"].concat()),
        ([&second[..], &first].concat(), [b"second", TEXT].concat()),
    ] {
        let (members, outcome) = unpack(&bytes, "x", &Limits::default());
        assert_eq!(members, one("x", &text));
        let kind = ProblemKind::Checksum(Format::Gzip);
        assert_eq!(outcome.problems, [Problem { path: "x".to_owned(), kind, incomplete: true }]);
    }
    // That of a gzip's header comes before the content, which is not had then.
    let mut header = gzip(TEXT);
    header[3] |= 2;
    header.splice(10..10, [0, 0]);
    header.extend(&second);
    let (members, outcome) = unpack(&header, "x", &Limits::default());
    assert_eq!(members, one("x", &header));
    assert!(outcome.incomplete());
}

#[test]
fn what_is_damaged_as_a_whole_is_given_raw() {
    let text: Vec<u8> = b"token = 'not one'\n".repeat(40);
    for start in [
        &b"PK\x03\x04"[..],
        b"\x1F\x8B\x08\x00",
        b"\x28\xB5\x2F\xFD",
        b"BZh9\x31\x41\x59\x26\x53\x59",
        b"\xFD7zXZ\0",
        b"\x5D\0\0\x80\0\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\0",
        b"\x5D\0\0\0\x80\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\0",
    ] {
        // A lone byte of deflate's fixed codes would already make content.
        let bytes = [start, &[0xFF; 12], &text].concat();
        assert!(detect(&bytes).is_some(), "{start:?}");
        let (members, outcome) = unpack(&bytes, "x", &Limits::default());
        assert!(outcome.incomplete() && outcome.problems[0].kind.is_damage(), "{start:?}");
        assert_eq!(members.last(), one("x", &bytes).last(), "{start:?}");
    }
}

#[test]
fn truncated_streams_give_what_is_there() {
    let text: Vec<u8> =
        (0..60_000_u32).flat_map(|n| (n.wrapping_mul(2_654_435_761)).to_le_bytes()).collect();
    for (pack, format) in
        [(gzip as fn(&[u8]) -> Vec<u8>, Format::Gzip), (zstd, Format::Zstd), (xz, Format::Xz)]
    {
        let packed = pack(&text);
        let (members, outcome) = unpack(&packed[..packed.len() - 9], "x", &Limits::default());
        assert!(text.starts_with(&members[0].1) && members[0].1.len() > 1000, "{format:?}");
        assert_eq!(outcome.problems[0].kind, ProblemKind::Truncated { format: Some(format) });
    }
}
