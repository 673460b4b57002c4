//! What is found in archives of every kind, and what is said about those that cannot be read.
//!
//! Not here: compressed streams by themselves (`stream_tests`), bombs (`hostile_tests`).

use std::io::{Cursor, Write};
use std::ops::ControlFlow;

use super::*;

pub(super) const TEXT: &[u8] = b"a harmless line of text\nand another one\n";

/// Members by path, without the frames around them, and the outcome.
pub(super) fn unpack(
    bytes: &[u8],
    name: &str,
    limits: &Limits,
) -> (Vec<(String, Vec<u8>)>, Outcome) {
    let mut members = Vec::new();
    let outcome = visit(bytes, name, limits, &mut |member| {
        if member.frame.is_none() {
            members.push((member.path.to_owned(), member.bytes.to_vec()));
        }
        ControlFlow::Continue(())
    });
    let mut from_file = Vec::new();
    let file_outcome = visit_file(Cursor::new(bytes), name, limits, &mut |member| {
        if member.frame.is_none() {
            from_file.push((member.path.to_owned(), member.bytes.to_vec()));
        }
        ControlFlow::Continue(())
    });
    // A file is read in other steps: how much comes out of a damaged stream may differ.
    if !outcome.incomplete() {
        assert_eq!(members, from_file, "{name}");
        assert_eq!(outcome, file_outcome, "{name}");
    }
    assert_eq!(outcome.incomplete(), file_outcome.incomplete(), "{name}");
    (members, outcome)
}

pub(super) fn whole(bytes: &[u8], name: &str) -> Vec<(String, Vec<u8>)> {
    let (members, outcome) = unpack(bytes, name, &Limits::default());
    assert_eq!(outcome.problems, [], "{name}");
    members
}

pub(super) fn one(path: &str, bytes: &[u8]) -> Vec<(String, Vec<u8>)> {
    vec![(path.to_owned(), bytes.to_vec())]
}

pub(super) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

pub(super) fn bzip2(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = ::bzip2::write::BzEncoder::new(Vec::new(), ::bzip2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

pub(super) fn zstd(bytes: &[u8]) -> Vec<u8> {
    ::zstd::stream::encode_all(bytes, 1).unwrap()
}

pub(super) fn xz(bytes: &[u8]) -> Vec<u8> {
    let options = lzma_rust2::XzOptions::with_preset(0);
    let mut encoder = lzma_rust2::XzWriter::new(Vec::new(), options).unwrap();
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

pub(super) fn lzma(bytes: &[u8]) -> Vec<u8> {
    let options = lzma_rust2::LzmaOptions::with_preset(0);
    let mut encoder = lzma_rust2::LzmaWriter::new_use_header(Vec::new(), &options, None).unwrap();
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

pub(super) fn zip_with(members: &[(&str, &[u8])], method: ::zip::CompressionMethod) -> Vec<u8> {
    let mut writer = ::zip::ZipWriter::new(Cursor::new(Vec::new()));
    let options = ::zip::write::SimpleFileOptions::default().compression_method(method);
    for (name, bytes) in members {
        writer.start_file(*name, options).unwrap();
        writer.write_all(bytes).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

pub(super) fn zip(members: &[(&str, &[u8])]) -> Vec<u8> {
    zip_with(members, ::zip::CompressionMethod::Deflated)
}

pub(super) fn tar(members: &[(&str, &[u8])]) -> Vec<u8> {
    let mut builder = ::tar::Builder::new(Vec::new());
    for (name, bytes) in members {
        let mut header = ::tar::Header::new_gnu();
        header.set_size(bytes.len() as u64);
        header.set_mode(0o644);
        builder.append_data(&mut header, name, *bytes).unwrap();
    }
    builder.into_inner().unwrap()
}

/// A zip by hand, streamed: sizes after the data, in a descriptor, and an empty directory.
fn streamed_zip(name: &str, bytes: &[u8], method: u16) -> Vec<u8> {
    let data = match method {
        8 => {
            let mut encoder =
                flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::fast());
            encoder.write_all(bytes).unwrap();
            encoder.finish().unwrap()
        }
        _ => bytes.to_vec(),
    };
    let mut out = b"PK\x03\x04\x14\x00\x08\x00".to_vec();
    out.extend(method.to_le_bytes());
    out.extend([0; 16]);
    out.extend((name.len() as u16).to_le_bytes());
    out.extend([0; 2]);
    out.extend(name.as_bytes());
    out.extend(&data);
    out.extend(b"PK\x07\x08");
    out.extend(libdeflater::crc32(bytes).to_le_bytes());
    out.extend((data.len() as u32).to_le_bytes());
    out.extend((bytes.len() as u32).to_le_bytes());
    out
}

#[test]
fn every_zip_method_is_read() {
    use ::zip::CompressionMethod as Method;
    let many = TEXT.repeat(100);
    for method in [Method::Stored, Method::Deflated, Method::Bzip2, Method::Zstd, Method::Xz] {
        let bytes = zip_with(&[("d/a", &many), ("empty", b"")], method);
        let expected = vec![("z!d/a".to_owned(), many.clone()), ("z!empty".to_owned(), vec![])];
        assert_eq!(whole(&bytes, "z"), expected, "{method:?}");
    }
}

#[test]
fn zip_lzma_is_read() {
    let options = lzma_rust2::LzmaOptions::with_preset(0);
    for marker in [false, true] {
        let mut encoder =
            lzma_rust2::LzmaWriter::new_no_header(Vec::new(), &options, marker).unwrap();
        let properties = encoder.props();
        encoder.write_all(TEXT).unwrap();
        let mut data = vec![9, 20, 5, 0, properties];
        data.extend(options.dict_size.to_le_bytes());
        data.extend(encoder.finish().unwrap());
        let mut bytes = zip_with(&[("a", &data)], ::zip::CompressionMethod::Stored);
        let record = memchr::memmem::rfind(&bytes, b"PK\x01\x02").unwrap();
        bytes[record + 10] = 14;
        bytes[record + 8] |= if marker { 2 } else { 0 };
        bytes[record + 16..record + 20].copy_from_slice(&libdeflater::crc32(TEXT).to_le_bytes());
        bytes[record + 24..record + 28].copy_from_slice(&(TEXT.len() as u32).to_le_bytes());
        assert_eq!(whole(&bytes, "z"), one("z!a", TEXT), "{marker}");
    }
}

#[test]
fn zip_may_start_with_a_program_and_end_with_a_comment() {
    let inner = zip(&[("a", TEXT)]);
    let program = b"#!/bin/sh\nexec unzip \"$0\"\n";
    let mut bytes = [&program[..], &inner].concat();
    assert_eq!(whole(&bytes, "s"), one("s!a", TEXT));
    let length = bytes.len();
    bytes[length - 2..].copy_from_slice(&7_u16.to_le_bytes());
    bytes.extend(b"comment");
    assert_eq!(whole(&bytes, "s"), one("s!a", TEXT));
    assert_eq!(whole(&zip(&[]), "e.zip"), []);
    assert_eq!(detect(&zip(&[])), Some(Format::Zip));
}

#[test]
fn zip_members_of_the_same_name_are_both_given() {
    let mut bytes = zip(&[("a1", b"first"), ("a2", b"second")]);
    for at in 0..bytes.len() - 1 {
        if &bytes[at..at + 2] == b"a2" {
            bytes[at + 1] = b'1';
        }
    }
    let expected =
        vec![("z!a1".to_owned(), b"first".to_vec()), ("z!a1".to_owned(), b"second".to_vec())];
    assert_eq!(whole(&bytes, "z"), expected);
}

#[test]
fn zip64_is_read() {
    let mut writer = ::zip::ZipWriter::new(Cursor::new(Vec::new()));
    let options = ::zip::write::SimpleFileOptions::default().large_file(true);
    for number in 0..66_000 {
        writer.start_file(format!("{number}"), options).unwrap();
    }
    writer.write_all(TEXT).unwrap();
    let bytes = writer.finish().unwrap().into_inner();
    let members = whole(&[b"#!x\n", &bytes[..]].concat(), "z");
    assert_eq!(members.len(), 66_000);
    assert_eq!(members.last(), one("z!65999", TEXT).first());
}

#[test]
fn zip_without_its_directory_is_read_by_headers() {
    let bytes = zip(&[("a", TEXT), ("b", b"second")]);
    let cut = memchr::memmem::find(&bytes, b"PK\x01\x02").unwrap();
    let expected = vec![("z!a".to_owned(), TEXT.to_vec()), ("z!b".to_owned(), b"second".to_vec())];
    let mut broken = bytes.clone();
    broken[cut] = b'X';
    let mut second = bytes.clone();
    let at = memchr::memmem::rfind(&bytes, b"PK\x01\x02").unwrap();
    second[at] = b'X';
    for damaged in [&bytes[..cut], &bytes[..bytes.len() - 22], &broken, &second] {
        let (members, outcome) = unpack(damaged, "z", &Limits::default());
        assert_eq!(members, expected);
        assert!(outcome.incomplete() && outcome.problems[0].kind.is_damage());
    }
    for method in [0, 8] {
        let streamed =
            [streamed_zip("a", TEXT, method), streamed_zip("b", b"second", method)].concat();
        assert_eq!(unpack(&streamed, "z", &Limits::default()).0, expected, "{method}");
    }
}

/// One that another one follows, and one that was taken out of the directory alone.
#[test]
fn zip_members_that_the_directory_does_not_list_are_read() {
    let long = TEXT.repeat(9);
    let (first, last) = (zip(&[("hidden", &long)]), zip(&[("shown", TEXT)]));
    assert_eq!(
        whole(&[&first[..], &last].concat(), "x"),
        [("x!shown".to_owned(), TEXT.to_vec()), ("x!hidden".to_owned(), long.clone())]
    );

    let mut bytes = zip(&[("shown", TEXT), ("hidden", &long)]);
    let record = memchr::memmem::rfind(&bytes, b"PK\x01\x02").unwrap();
    let end = memchr::memmem::rfind(&bytes, b"PK\x05\x06").unwrap();
    let size = u32::from_le_bytes(bytes[end + 12..end + 16].try_into().unwrap());
    bytes[end + 8] = 1;
    bytes[end + 10] = 1;
    bytes[end + 12..end + 16].copy_from_slice(&(size - (end - record) as u32).to_le_bytes());
    bytes.drain(record..end);
    assert_eq!(
        whole(&bytes, "x"),
        [("x!shown".to_owned(), TEXT.to_vec()), ("x!hidden".to_owned(), long)]
    );

    // What is left of a member before a whole archive is no damage of it.
    let mut left = zip(&[("gone", &TEXT.repeat(9))]);
    left.truncate(60);
    let bytes = [&left[..], &[0xff; 400], &last].concat();
    assert_eq!(whole(&bytes, "x")[0], ("x!shown".to_owned(), TEXT.to_vec()));

    // A program that unpacks names the signature, and its archive is whole.
    let program = [&b"MZ PK\x03\x04 and some code that is no header at all\0"[..], &last].concat();
    assert_eq!(whole(&program, "x"), [("x!shown".to_owned(), TEXT.to_vec())]);
}

#[test]
fn zip_members_that_cannot_be_read_are_named() {
    let bytes = zip(&[("a", TEXT), ("b", b"second")]);
    let record = memchr::memmem::find(&bytes, b"PK\x01\x02").unwrap();
    let mut encrypted = bytes.clone();
    encrypted[record + 8] |= 1;
    let mut unsupported = bytes.clone();
    unsupported[record + 10] = 97;
    let mut checksum = bytes.clone();
    checksum[record + 16] ^= 1;
    let kinds = [encrypted, unsupported, checksum].map(|bytes| {
        let (members, outcome) = unpack(&bytes, "z", &Limits::default());
        assert_eq!(members.last(), one("z!b", b"second").first());
        assert_eq!((outcome.problems.len(), &*outcome.problems[0].path), (1, "z!a"));
        outcome.problems[0].kind.clone()
    });
    assert_eq!(kinds[..2], [ProblemKind::Encrypted, ProblemKind::UnsupportedMethod(97)]);
    assert_eq!(kinds[2], ProblemKind::Checksum(Format::Zip));
}

#[test]
fn zip_members_of_every_method_are_held_against_their_checksum() {
    use ::zip::CompressionMethod as Method;
    for method in [Method::Stored, Method::Deflated, Method::Bzip2, Method::Zstd, Method::Xz] {
        let mut bytes = zip_with(&[("a", TEXT)], method);
        let record = memchr::memmem::find(&bytes, b"PK\x01\x02").unwrap();
        bytes[record + 16] ^= 1;
        let (members, outcome) = unpack(&bytes, "z", &Limits::default());
        assert_eq!(members, one("z!a", TEXT), "{method:?}");
        let kinds: Vec<_> = outcome.problems.iter().map(|problem| &problem.kind).collect();
        assert_eq!(kinds, [&ProblemKind::Checksum(Format::Zip)], "{method:?}");
        assert!(outcome.incomplete(), "{method:?}");
    }
}

/// A v7 header by hand, with any name and type.
pub(super) fn tar_entry(name: &[u8], kind: u8, bytes: &[u8]) -> Vec<u8> {
    let mut block = vec![0; 512];
    block[..name.len()].copy_from_slice(name);
    block[100..108].copy_from_slice(b"0000644\0");
    block[124..136].copy_from_slice(format!("{:011o}\0", bytes.len()).as_bytes());
    block[156] = kind;
    block[148..156].fill(b' ');
    let sum: u32 = block.iter().map(|&byte| u32::from(byte)).sum();
    block[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    block.extend(bytes);
    block.resize(block.len().next_multiple_of(512), 0);
    block
}

#[test]
fn tar_of_every_kind_is_read() {
    let long = "directory/".repeat(30) + "end";
    let path = |name: &str| (format!("t!{name}"), TEXT.to_vec());
    assert_eq!(whole(&tar(&[(&long, TEXT)]), "t"), [path(&long)]);
    let v7 = [tar_entry(b"a", 0, TEXT), tar_entry(b"dir/", 0, b""), tar_entry(b"l", b'2', b"")];
    assert_eq!(whole(&v7.concat(), "t"), [path("a")]);
    let record = format!(" path={long}\n");
    let record = format!("{}{record}", record.len() + 3);
    let pax = [tar_entry(b"p", b'x', record.as_bytes()), tar_entry(b"short", b'0', TEXT)].concat();
    assert_eq!(whole(&pax, "t"), [path(&long)]);
    let odd = tar_entry(b"/../\xFF\xC3\xA9", b'0', TEXT);
    assert_eq!(whole(&odd, "t"), [path("/../\\xFF\u{e9}")]);
    let two = [tar(&[("a", TEXT)]), tar(&[("b", TEXT)])].concat();
    assert_eq!(whole(&two, "t"), [path("a"), path("b")]);
}

#[test]
fn tar_with_damage_is_read_around_it() {
    let mut bytes = tar(&[("a", TEXT), ("b", TEXT), ("c", TEXT)]);
    bytes[1024] ^= 1;
    let (members, outcome) = unpack(&bytes, "t", &Limits::default());
    let paths: Vec<_> = members.iter().map(|(path, _)| &path[..]).collect();
    assert_eq!(paths, ["t!a", "t!c"]);
    assert_eq!(outcome.problems.len(), 1);
    let (members, outcome) = unpack(&bytes[..520], "t", &Limits::default());
    assert_eq!(members, one("t!a", &TEXT[..8]));
    assert!(outcome.incomplete());
}

#[test]
fn containers_nest() {
    let tarred = tar(&[("d/f", TEXT)]);
    for pack in [gzip, bzip2, zstd, xz] {
        assert_eq!(whole(&pack(&tarred), "x.tar.gz"), one("x.tar.gz!d/f", TEXT));
    }
    let deep = xz(&tar(&[("in.zip", &zip(&[("b.tgz", &gzip(&tarred)), ("e", b"")]))]));
    let expected = vec![
        ("x.txz!in.zip!b.tgz!d/f".to_owned(), TEXT.to_vec()),
        ("x.txz!in.zip!e".to_owned(), vec![]),
    ];
    assert_eq!(whole(&deep, "x.txz"), expected);
    assert_eq!(whole(&gzip(&zip(&[("a", TEXT)])), "a.zip.gz"), one("a.zip.gz!a", TEXT));
}

#[test]
fn what_only_looks_like_a_container_is_given_raw() {
    let fake = [b"\x1F\x8B\x08\x00", &[0xFF; 60][..]].concat();
    let (members, outcome) = unpack(&zip(&[("f.gz", &fake), ("b", b"x")]), "z", &Limits::default());
    assert_eq!(members[0], ("z!f.gz".to_owned(), fake));
    assert_eq!(members[1].0, "z!b");
    assert!(outcome.incomplete());
}

#[test]
fn messages_say_what_to_do() {
    let problem = Problem {
        path: "a.zip!b".to_owned(),
        kind: ProblemKind::LimitReached(Limit::Depth(8)),
        incomplete: true,
    };
    let text = "a.zip!b: exceeds the limit of 8 nested containers; if you trust it, raise it with --max-archive-depth";
    assert_eq!(problem.to_string(), text);
}

#[test]
fn the_visitor_can_end_the_visit() {
    let bytes = gzip(&tar(&[("a", TEXT), ("b", TEXT)]));
    let outcome = visit(&bytes, "x", &Limits::default(), &mut |member| match member.frame {
        Some(_) => ControlFlow::Continue(()),
        None => ControlFlow::Break(()),
    });
    assert_eq!((outcome.members, outcome.problems.len()), (1, 0));
}
