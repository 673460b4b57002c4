//! What containers hold beside the content of their members is given, each byte where it stands.
//!
//! Not here: members (`tests`), and that what is given is searched (`tests/scan.rs`).

use std::io::{Cursor, Write};
use std::ops::ControlFlow;

use proptest::prelude::*;

use super::tests::{TEXT, gzip, tar, tar_entry, zip, zip_with, zstd};
use super::*;

type Frame = Vec<(String, Origin, Vec<u8>)>;

/// The frames of all containers in `bytes`, the same from a file.
fn frame(bytes: &[u8]) -> Frame {
    let mut found = [Vec::new(), Vec::new()];
    let [at_hand, from_file] = &mut found;
    let limits = Limits::default();
    let push = |found: &mut Frame, member: Member<'_>| {
        let part =
            member.frame.map(|origin| (member.path.to_owned(), origin, member.bytes.to_vec()));
        found.extend(part);
        ControlFlow::Continue(())
    };
    visit(bytes, "x", &limits, &mut |member| push(at_hand, member));
    visit_file(Cursor::new(bytes), "x", &limits, &mut |member| push(from_file, member));
    assert_eq!(at_hand, from_file);
    std::mem::take(at_hand)
}

/// The frame of the outermost container, each part of which must stand in `bytes` where it says.
fn outer(bytes: &[u8]) -> Vec<Vec<u8>> {
    let parts = frame(bytes).into_iter().filter(|(path, ..)| path == "x");
    let check = |(_, origin, part): (String, Origin, Vec<u8>)| {
        assert_eq!(origin, Origin::default().after(&bytes[..origin.offset]));
        assert_eq!(part, bytes[origin.offset..][..part.len()]);
        part
    };
    parts.map(check).collect()
}

fn holds(parts: &[Vec<u8>], text: &[u8]) -> usize {
    parts.iter().filter(|part| memchr::memmem::find(part, text).is_some()).count()
}

/// A zip with something in every place that has one.
fn talkative_zip() -> Vec<u8> {
    let mut writer = ::zip::ZipWriter::new(Cursor::new(Vec::new()));
    for name in ["first-name", "second-name"] {
        let options = ::zip::write::SimpleFileOptions::default()
            .compression_method(::zip::CompressionMethod::Stored);
        writer.start_file(name, options).unwrap();
        writer.write_all(TEXT).unwrap();
    }
    writer.set_comment("of the archive").unwrap();
    let zip = writer.finish().unwrap().into_inner();
    [b"#!/bin/sh\n", &zip[..], b"behind the end\n"].concat()
}

#[test]
fn the_frame_of_a_zip_is_its_names_comments_and_surroundings() {
    let parts = outer(&talkative_zip());
    let texts = ["#!/bin/sh\n", "first-name", "second-name", "of the archive", "behind the end\n"];
    assert_eq!(parts, texts.map(|text| text.as_bytes().to_vec()));
}

#[test]
fn texts_of_a_zip_that_touch_each_other_are_given_apart() {
    let mut bytes = zip(&[("the name", TEXT)]);
    let record = memchr::memmem::rfind(&bytes, b"PK\x01\x02").unwrap();
    bytes[record + 30] = 9;
    bytes[record + 32] = 11;
    bytes.splice(record + 54..record + 54, *b"the extrathe comment");
    let end = bytes.len() - 22;
    bytes[end + 12] += 20;
    assert_eq!(outer(&bytes), [&b"the name"[..], b"the extra", b"the comment"]);
    // A name before the data that is not the one of the directory.
    bytes[30] = b'T';
    assert_eq!(outer(&bytes), [&b"The name"[..], b"the name", b"the extra", b"the comment"]);
}

#[test]
fn data_of_a_folder_in_a_zip_is_a_part_of_the_frame() {
    let mut bytes = zip_with(&[("a folder_", TEXT)], ::zip::CompressionMethod::Stored);
    let record = memchr::memmem::rfind(&bytes, b"PK\x01\x02").unwrap();
    (bytes[38], bytes[record + 54]) = (b'/', b'/');
    bytes[record + 24..record + 28].fill(0);
    assert_eq!(outer(&bytes), [TEXT, b"a folder/"]);
}

#[test]
fn the_frame_of_a_tar_is_its_headers_and_what_extends_them() {
    let mut link = tar_entry(b"some link", b'2', b"");
    link[157..166].copy_from_slice(b"elsewhere");
    link[148..156].fill(b' ');
    let sum: u32 = link.iter().map(|&byte| u32::from(byte)).sum();
    link[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    let mut bytes = [
        tar_entry(b"pax", b'g', b"21 comment=of all it\n"),
        tar_entry(b"pax", b'x', b"22 SCHILY.xattr.k=own\n"),
        tar_entry(b"some file", b'0', TEXT),
        link,
        tar_entry(b"long", b'K', b"some long link"),
    ]
    .concat();
    // What is behind the data, up to the next block.
    let data = memchr::memmem::find(&bytes, TEXT).unwrap();
    bytes[data + TEXT.len() + 1..][..9].copy_from_slice(b"behind it");
    bytes.extend([0; 1024]);
    let parts = outer(&bytes);
    for text in [
        "21 comment=of all it\n",
        "22 SCHILY.xattr.k=own\n",
        "some file",
        "some link",
        "some long link",
    ] {
        assert_eq!(holds(&parts, text.as_bytes()), 1, "{text}");
    }
    assert!(parts.iter().any(|part| part.starts_with(b"elsewhere")));
    assert_eq!((holds(&parts, b"behind"), holds(&parts, TEXT)), (1, 0));
    assert_eq!(frame(&gzip(&bytes)).len(), parts.len());
}

#[test]
fn the_frame_of_a_stream_is_what_its_headers_say() {
    let mut encoder = flate2::GzBuilder::new()
        .extra(&b"ab\x02\x00zz"[..])
        .filename("dir/app.log")
        .comment("about")
        .write(Vec::new(), flate2::Compression::fast());
    encoder.write_all(TEXT).unwrap();
    let packed = encoder.finish().unwrap();
    let parts = outer(&packed);
    for text in [&b"zz"[..], b"dir/app.log", b"about"] {
        assert_eq!(holds(&parts, text), 1);
    }
    // Those of several in a row come as one.
    let twice = frame(&packed.repeat(2));
    let expected = [&parts[0][..], b"\0", &parts[0]].concat();
    assert_eq!((twice.len(), &twice[0].2), (1, &expected));
    assert_eq!(frame(&gzip(TEXT)), []);
    let skippable = b"\x5E\x2A\x4D\x18\x05\0\0\0notes";
    for bytes in [[&skippable[..], &zstd(TEXT)].concat(), [&zstd(TEXT)[..], skippable].concat()] {
        let parts = frame(&bytes);
        assert_eq!(parts.len(), 1);
        assert_eq!(parts[0].2, skippable);
    }
}

#[test]
fn the_frame_of_what_is_damaged_as_a_whole_is_not_given_twice() {
    let mut bytes = talkative_zip();
    let first = memchr::memmem::find(&bytes, b"PK\x03\x04").unwrap();
    for at in [first, memchr::memmem::rfind(&bytes, b"PK\x03\x04").unwrap()] {
        bytes[at] = b'X';
    }
    assert_eq!(frame(&bytes), []);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    /// Together with the data of the members, and what the format itself says, it is all there is.
    #[test]
    fn nothing_that_was_put_somewhere_is_passed_over(
        names in proptest::collection::vec("[a-z]{8,20}", 1..5),
        before in "[a-z]{8,20}|",
        behind in "[a-z]{8,20}|",
    ) {
        let members: Vec<(&str, &[u8])> = names.iter().map(|name| (&name[..], TEXT)).collect();
        let stored = zip_with(&members, ::zip::CompressionMethod::Stored);
        let zip = [before.as_bytes(), &stored, b"\0", behind.as_bytes()].concat();
        if detect_whole(&zip) == Some(Format::Zip) {
            let parts = outer(&zip);
            prop_assert_eq!(holds(&parts, TEXT), 0);
            for text in names.iter().chain([&before, &behind]).filter(|text| !text.is_empty()) {
                prop_assert!(holds(&parts, text.as_bytes()) > 0, "{}", text);
            }
        }
        let parts = outer(&tar(&members));
        prop_assert_eq!(holds(&parts, TEXT), 0);
        for name in &names {
            prop_assert!(holds(&parts, name.as_bytes()) > 0, "{}", name);
        }
    }
}
