//! Repositories that git makes from generated histories, packs made by hand, and a visitor that
//! keeps everything.
#![allow(dead_code, missing_docs, unreachable_pub, clippy::unwrap_used)]

use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::AtomicBool;

use keytrawl::git::damages::Damages;
use keytrawl::git::object::{Kind, Kinds, ObjectFormat, ObjectId};
use keytrawl::git::pack::Pack;
use keytrawl::git::traversal::{
    Bases, Inherited, Limits, LooseFile, NoBases, Object, Progress, Traversal, Traversed, Visitor,
};

pub type Objects = BTreeMap<ObjectId, (Kind, Vec<u8>)>;

/// A small generator: cases shrink by their seed alone.
pub struct Random(u64);

impl Random {
    pub fn new(seed: u64) -> Self {
        Self(seed | 1)
    }

    pub fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) as usize % limit.max(1)
    }
}

/// A repository in a folder of its own.
pub struct Repo {
    folder: tempfile::TempDir,
}

impl Repo {
    pub fn new(arguments: &[&str]) -> Self {
        let repo = Self { folder: tempfile::tempdir().unwrap() };
        let mut all = vec!["init", "-q", "-b", "main"];
        all.extend(arguments);
        repo.git(&all);
        repo
    }

    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    pub fn objects_dir(&self) -> PathBuf {
        let plain = self.path().join("objects");
        if plain.is_dir() { plain } else { self.path().join(".git/objects") }
    }

    pub fn git(&self, arguments: &[&str]) -> Vec<u8> {
        self.git_with(arguments, b"")
    }

    pub fn git_with(&self, arguments: &[&str], input: &[u8]) -> Vec<u8> {
        let mut child = command(self.path())
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stdin = child.stdin.take().unwrap();
        let input = input.to_vec();
        let writer = std::thread::spawn(move || stdin.write_all(&input));
        let output = child.wait_with_output().unwrap();
        let _ = writer.join();
        assert!(output.status.success(), "git {arguments:?} in {:?}", self.path());
        output.stdout
    }

    /// All objects, as git reads them.
    pub fn objects(&self) -> Objects {
        let text = self.git(&["cat-file", "--batch-all-objects", "--batch", "--buffer"]);
        let (mut objects, mut rest) = (Objects::new(), text.as_slice());
        while let Some(end) = rest.iter().position(|byte| *byte == b'\n') {
            let line = std::str::from_utf8(&rest[..end]).unwrap();
            let words: Vec<&str> = line.split(' ').collect();
            let size: usize = words[2].parse().unwrap();
            let id = ObjectId::from_hex(words[0].as_bytes()).unwrap();
            let kind = Kind::from_word(words[1].as_bytes()).unwrap();
            objects.insert(id, (kind, rest[end + 1..end + 1 + size].to_vec()));
            rest = &rest[end + 2 + size..];
        }
        objects
    }

    pub fn pack_paths(&self) -> Vec<PathBuf> {
        let files = std::fs::read_dir(self.objects_dir().join("pack")).unwrap();
        let mut paths: Vec<PathBuf> = files.map(|file| file.unwrap().path()).collect();
        paths.retain(|path| path.extension().is_some_and(|end| end == "pack"));
        paths.sort();
        paths
    }

    pub fn packs(&self, format: ObjectFormat) -> Vec<Pack> {
        self.pack_paths().iter().map(|path| Pack::open(path, format).unwrap()).collect()
    }

    /// Commits of some files that are edited, moved and renamed again and again.
    pub fn grow(&self, random: &mut Random, commits: usize) {
        let mut files: Vec<Vec<u8>> = (0..4).map(|_| text(random, 2000)).collect();
        let mut stream = Vec::new();
        let from = if self.has_commit() { "from refs/heads/main^0\n" } else { "" };
        for number in 0..commits {
            let from = if number == 0 { from } else { "" };
            writeln!(stream, "commit refs/heads/main\ncommitter A <a@b> {number} +0000").unwrap();
            write!(stream, "data 2\nm\n{from}").unwrap();
            for (name, file) in files.iter_mut().enumerate() {
                if random.below(3) > 0 {
                    edit(random, file);
                }
                let folder = random.below(3);
                writeln!(stream, "M 100644 inline f{folder}/{name}\ndata {}", file.len()).unwrap();
                stream.extend_from_slice(file);
                stream.push(b'\n');
            }
        }
        stream.extend(b"tag v\nfrom refs/heads/main\ntagger A <a@b> 1 +0000\ndata 2\nt\n\ndone\n");
        self.git_with(&["fast-import", "--quiet", "--force", "--done"], &stream);
    }

    fn has_commit(&self) -> bool {
        let parse = command(self.path()).args(["rev-parse", "-q", "--verify", "main"]).output();
        parse.unwrap().status.success()
    }
}

pub fn command(folder: &Path) -> Command {
    let mut command = Command::new("git");
    command.current_dir(folder).env_clear();
    command.env("PATH", std::env::var_os("PATH").unwrap_or_default());
    command
        .env("HOME", folder)
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env("GIT_CONFIG_GLOBAL", "/dev/null");
    for who in ["AUTHOR", "COMMITTER"] {
        command.env(format!("GIT_{who}_NAME"), "A").env(format!("GIT_{who}_EMAIL"), "a@b");
    }
    command
}

/// Text in which the toy search of the tests finds much, and much that is nearly something.
pub fn text(random: &mut Random, len: usize) -> Vec<u8> {
    const PIECES: [&str; 12] =
        ["K=", "K", "=", "a", " ", "\n", "abcdefgh", "9", "lorem ipsum ", "dolor", "-", "K=abc "];
    let mut text = Vec::new();
    while text.len() < len {
        text.extend_from_slice(PIECES[random.below(PIECES.len())].as_bytes());
    }
    text
}

fn edit(random: &mut Random, file: &mut Vec<u8>) {
    for _ in 0..=random.below(3) {
        let at = random.below(file.len() + 1);
        let end = (at + random.below(400)).min(file.len());
        match random.below(7) {
            0 => drop(file.drain(at..end)),
            1 => {
                let block: Vec<u8> = file.drain(at..end).collect();
                let to = random.below(file.len() + 1);
                file.splice(to..to, block);
            }
            2 => {
                let block = file[at..end].to_vec();
                let to = random.below(file.len() + 1);
                file.splice(to..to, block);
            }
            3 => drop(file.splice(at..at, b"K".to_vec())),
            4 if at < file.len() => file[at] = b'=',
            5 if at < file.len() => drop(file.remove(at)),
            _ => {
                let len = random.below(60);
                let new = text(random, len);
                file.splice(at..at, new);
            }
        }
    }
}

/// Keeps all objects.
#[derive(Default)]
pub struct Keep(pub Vec<(ObjectId, Kind, Vec<u8>)>);

impl Visitor for Keep {
    type Carry = ();

    fn visit(&mut self, object: Object<'_>, _: Option<Inherited<'_, ()>>) {
        self.0.push((object.id().unwrap(), object.kind, object.bytes.to_vec()));
    }
}

pub struct Run<'a> {
    pub packs: &'a [Pack],
    pub loose: &'a [LooseFile],
    pub kinds: Kinds,
    pub bases: &'a dyn Bases,
    pub limits: Limits,
    pub threads: usize,
}

impl<'a> Run<'a> {
    pub fn of(packs: &'a [Pack]) -> Self {
        Self {
            packs,
            loose: &[],
            kinds: Kinds::ALL,
            bases: &NoBases,
            limits: Limits::default(),
            threads: 2,
        }
    }

    pub fn run<V: Visitor>(&self, visitor: impl Fn() -> V + Sync) -> Traversed<V> {
        let (cancel, progress) = (AtomicBool::new(false), Progress::default());
        let &Self { packs, loose, kinds, bases, limits, threads } = self;
        let (cancel, progress) = (&cancel, &progress);
        Traversal { packs, loose, kinds, bases, limits, threads, cancel, progress }.run(visitor)
    }

    /// Everything, and how often it came.
    pub fn keep(&self) -> (Objects, usize, Damages) {
        let done = self.run(Keep::default);
        let all: Vec<_> = done.visitors.into_iter().flat_map(|keep| keep.0).collect();
        let count = all.len();
        (
            all.into_iter().map(|(id, kind, bytes)| (id, (kind, bytes))).collect(),
            count,
            done.damages,
        )
    }
}

/// A pack made by hand, from raw entries.
#[derive(Default)]
pub struct Forge {
    entries: Vec<([u8; 20], Vec<u8>)>,
    len: usize,
}

impl Forge {
    /// A type, a stated size, a base as it is stored, and content to compress.
    pub fn add(&mut self, kind: u8, size: usize, base: &[u8], content: &[u8]) -> usize {
        let mut raw = vec![kind << 4 | (size & 15) as u8];
        let mut rest = size >> 4;
        while rest > 0 {
            *raw.last_mut().unwrap() |= 0x80;
            raw.push((rest & 127) as u8);
            rest >>= 7;
        }
        raw.extend_from_slice(base);
        let mut zlib = flate2::write::ZlibEncoder::new(raw, flate2::Compression::fast());
        zlib.write_all(content).unwrap();
        self.add_raw(zlib.finish().unwrap())
    }

    /// Bytes as they are.
    pub fn add_raw(&mut self, raw: Vec<u8>) -> usize {
        let offset = 12 + self.len;
        self.len += raw.len();
        self.entries.push((Self::name(self.entries.len()), raw));
        offset
    }

    pub fn len(&self) -> usize {
        self.len
    }

    /// The name of the entry with this number.
    pub fn name(number: usize) -> [u8; 20] {
        let mut name = [7; 20];
        name[..4].copy_from_slice(&(number as u32).to_be_bytes());
        name
    }

    pub fn build(self) -> (Vec<u8>, Vec<u8>) {
        let count = (self.entries.len() as u32).to_be_bytes();
        let mut pack = [b"PACK".as_slice(), &[0, 0, 0, 2], &count].concat();
        let (mut names, mut crcs, mut offsets) = (Vec::new(), Vec::new(), Vec::new());
        let mut fanout = [0u32; 256];
        for (name, raw) in &self.entries {
            names.extend_from_slice(name);
            crcs.extend(libdeflater::crc32(raw).to_be_bytes());
            offsets.extend((pack.len() as u32).to_be_bytes());
            pack.extend_from_slice(raw);
            fanout[usize::from(name[0])..].iter_mut().for_each(|count| *count += 1);
        }
        pack.extend([1; 20]);
        let fanout: Vec<u8> = fanout.iter().flat_map(|count| count.to_be_bytes()).collect();
        let head = b"\xfftOc\0\0\0\x02".to_vec();
        (pack, [head, fanout, names, crcs, offsets, vec![1; 20], vec![2; 20]].concat())
    }

    pub fn open(self) -> Pack {
        let (pack, index) = self.build();
        Pack::from_bytes(Path::new("made.pack"), pack, index, ObjectFormat::Sha1).unwrap()
    }
}

/// The distance to a base, as an entry holds it.
pub fn distance(mut value: usize) -> Vec<u8> {
    let mut bytes = vec![(value & 127) as u8];
    value >>= 7;
    while value > 0 {
        value -= 1;
        bytes.insert(0, 0x80 | (value & 127) as u8);
        value >>= 7;
    }
    bytes
}

/// The front of a delta.
pub fn sizes(base: usize, result: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    for mut size in [base, result] {
        while size > 127 {
            bytes.push(0x80 | (size & 127) as u8);
            size >>= 7;
        }
        bytes.push(size as u8);
    }
    bytes
}
