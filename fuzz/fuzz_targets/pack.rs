//! A pack of entries of any kind, size, base and content, with an index that lies: no panic, bounded
//! memory, and one thread finds what three find.
#![no_main]

use std::io::Write;
use std::path::Path;
use std::sync::atomic::AtomicBool;

use keytrawl::git::object::{Kinds, ObjectFormat};
use keytrawl::git::pack::Pack;
use keytrawl::git::traversal::{Inherited, Limits, NoBases, Object, Progress, Traversal, Visitor};
use libfuzzer_sys::arbitrary::{self, Arbitrary};
use libfuzzer_sys::fuzz_target;

#[derive(Arbitrary, Debug)]
struct Entry {
    kind: u8,
    /// What is added to the size that the header states.
    lie: i8,
    base: u8,
    content: Vec<u8>,
    /// Whether the content stands as it is, not deflated.
    raw: bool,
}

#[derive(Arbitrary, Debug)]
struct Input {
    entries: Vec<Entry>,
    /// Bytes of pack and index that are overwritten.
    edits: Vec<(bool, u16, u8)>,
    cut: Option<(bool, u16)>,
}

fn name(number: usize) -> [u8; 20] {
    let mut name = [0; 20];
    name[..2].copy_from_slice(&(number as u16).wrapping_mul(40503).to_be_bytes());
    name[2..4].copy_from_slice(&(number as u16).to_be_bytes());
    name
}

fn header(kind: u8, mut size: usize) -> Vec<u8> {
    let mut bytes = vec![kind << 4 | (size & 15) as u8];
    size >>= 4;
    while size > 0 {
        *bytes.last_mut().expect("one byte") |= 0x80;
        bytes.push((size & 127) as u8);
        size >>= 7;
    }
    bytes
}

fn distance(mut value: usize) -> Vec<u8> {
    let mut bytes = vec![(value & 127) as u8];
    value >>= 7;
    while value > 0 {
        value -= 1;
        bytes.insert(0, 0x80 | (value & 127) as u8);
        value >>= 7;
    }
    bytes
}

fn build(input: &Input) -> (Vec<u8>, Vec<u8>) {
    let count = input.entries.len() as u32;
    let mut pack = [b"PACK".as_slice(), &2u32.to_be_bytes(), &count.to_be_bytes()].concat();
    let mut offsets = Vec::new();
    for entry in &input.entries {
        let kind = entry.kind & 7;
        let start = pack.len();
        let size = entry.content.len().saturating_add_signed(entry.lie.into());
        pack.extend(header(kind, size));
        let base = usize::from(entry.base) % (offsets.len() + 1);
        match kind {
            6 => pack.extend(distance(start - offsets.get(base).copied().unwrap_or(start))),
            7 => pack.extend(name(usize::from(entry.base))),
            _ => {}
        }
        if entry.raw {
            pack.extend(&entry.content);
        } else {
            let mut zlib = flate2::write::ZlibEncoder::new(&mut pack, flate2::Compression::fast());
            zlib.write_all(&entry.content).expect("memory takes all");
            zlib.finish().expect("memory takes all");
        }
        offsets.push(start);
    }
    let mut numbers: Vec<usize> = (0..offsets.len()).collect();
    numbers.sort_by_key(|number| name(*number));
    let ends = offsets[1.min(offsets.len())..].iter().copied().chain([pack.len()]);
    let ends: Vec<usize> = ends.collect();
    let crc = |number: &usize| {
        let mut crc = flate2::Crc::new();
        crc.update(&pack[offsets[*number]..ends[*number]]);
        crc.sum()
    };
    let mut index = b"\xfftOc\0\0\0\x02".to_vec();
    for first in 0..=u8::MAX {
        let below = numbers.iter().filter(|number| name(**number)[0] <= first).count() as u32;
        index.extend(below.to_be_bytes());
    }
    index.extend(numbers.iter().flat_map(|number| name(*number)));
    index.extend(numbers.iter().flat_map(|number| crc(number).to_be_bytes()));
    index.extend(numbers.iter().flat_map(|number| (offsets[*number] as u32).to_be_bytes()));
    index.extend([1; 20]);
    index.extend([2; 20]);
    pack.extend([1; 20]);
    for (in_pack, at, byte) in &input.edits {
        let bytes = if *in_pack { &mut pack } else { &mut index };
        let len = bytes.len();
        bytes[usize::from(*at) % len] = *byte;
    }
    if let Some((in_pack, at)) = input.cut {
        let bytes = if in_pack { &mut pack } else { &mut index };
        bytes.truncate(usize::from(at) % bytes.len());
    }
    (pack, index)
}

/// Names and contents.
#[derive(Default)]
struct Keep(Vec<(Vec<u8>, Vec<u8>)>);

impl Visitor for Keep {
    type Carry = ();

    fn visit(&mut self, object: Object<'_>, _: Option<Inherited<'_, ()>>) {
        self.0.push((object.name.to_vec(), object.bytes.to_vec()));
    }
}

fuzz_target!(|input: Input| {
    if input.entries.len() > 64 {
        return;
    }
    let (pack, index) = build(&input);
    let Ok(pack) = Pack::from_bytes(Path::new("made.pack"), pack, index, ObjectFormat::Sha1) else {
        return;
    };
    let packs = [pack];
    let limits = Limits { object: 1 << 20, memory: 1 << 16, ..Limits::default() };
    let none = AtomicBool::new(false);
    let visit = |threads: usize| {
        let (cancel, progress) = (&none, &Progress::default());
        let (packs, loose, kinds, bases) = (&packs[..], &[][..], Kinds::ALL, &NoBases);
        let all = Traversal { packs, loose, kinds, bases, limits, threads, cancel, progress };
        let done = all.run(Keep::default);
        let mut objects: Vec<_> = done.visitors.into_iter().flat_map(|keep| keep.0).collect();
        objects.sort();
        (objects, done.damages.lost())
    };
    let one = visit(1);
    assert_eq!(visit(3), one);
    for (name, bytes) in &one.0 {
        if let Some(entry) = packs[0].find(name)
            && let Ok((_, read)) = packs[0].read(entry, limits.object, &NoBases)
        {
            // Names that a forged index gives twice may lead to either.
            assert!(
                &read == bytes || one.0.iter().any(|other| &other.0 == name && other.1 == read)
            );
        }
    }
});
