//! Measures a traversal: `packwalk GIT_DIR [blob|tree|commit|all] [none|all|delta] [THREADS]`.
//!
//! The second word says what is searched for `mega_`: nothing, every byte, or only what deltas
//! change. Not a part of the program.
#![allow(clippy::print_stdout, clippy::unwrap_used)]

use std::path::Path;
use std::sync::atomic::AtomicBool;
use std::time::Instant;

use keytrawl::git::delta::{Changes, Reach};
use keytrawl::git::object::{Kind, Kinds, ObjectFormat};
use keytrawl::git::pack::Pack;
use keytrawl::git::traversal::{Inherited, Limits, NoBases, Object, Progress, Traversal, Visitor};
use memchr::memmem::Finder;

const NEEDLE: &[u8] = b"password";

struct Searcher {
    search: String,
    finder: Finder<'static>,
    changes: Changes,
    found: u64,
    searched: u64,
}

impl Visitor for Searcher {
    type Carry = Vec<usize>;

    fn visit(
        &mut self,
        object: Object<'_>,
        parent: Option<Inherited<'_, Vec<usize>>>,
    ) -> Vec<usize> {
        let mut hits = Vec::new();
        match (parent, self.search.as_str()) {
            (_, "none") => return hits,
            (Some(parent), "delta") => {
                self.changes.read(&parent.delta, Reach { before: 256, after: 256 });
                self.changes.carry(parent.carry, |at| *at, |_, at| hits.push(at));
                for window in self.changes.windows() {
                    let end = (window.anchors.end + NEEDLE.len() - 1).min(object.bytes.len());
                    let bytes = &object.bytes[window.anchors.start..end];
                    self.searched += bytes.len() as u64;
                    hits.extend(self.finder.find_iter(bytes).map(|at| at + window.anchors.start));
                }
                hits.sort_unstable();
            }
            _ => {
                self.searched += object.bytes.len() as u64;
                hits.extend(self.finder.find_iter(object.bytes));
            }
        }
        self.found += hits.len() as u64;
        hits
    }
}

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let argument = |at: usize, or: &str| arguments.get(at).cloned().unwrap_or(or.to_owned());
    let kinds = match argument(2, "blob").as_str() {
        "tree" => Kinds::from(Kind::Tree),
        "commit" => Kinds::from(Kind::Commit),
        "all" => Kinds::ALL,
        _ => Kinds::from(Kind::Blob),
    };
    let start = Instant::now();
    let folder = Path::new(&argument(1, ".")).join("objects/pack");
    let mut packs = Vec::new();
    for file in std::fs::read_dir(folder).unwrap() {
        let path = file.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "pack") {
            packs.push(Pack::open(&path, ObjectFormat::Sha1).unwrap());
        }
    }
    let opened = start.elapsed();
    let progress = Progress::default();
    let traversal = Traversal {
        packs: &packs,
        loose: &[],
        kinds,
        bases: &NoBases,
        limits: Limits::default(),
        threads: argument(4, "2").parse().unwrap(),
        cancel: &AtomicBool::new(false),
        progress: &progress,
    };
    let done = traversal.run(|| Searcher {
        search: argument(3, "none"),
        finder: Finder::new(NEEDLE),
        changes: Changes::new(),
        found: 0,
        searched: 0,
    });
    let sum = |of: fn(&Searcher) -> u64| done.visitors.iter().map(of).sum::<u64>();
    println!(
        "open {:.3} s, total {:.3} s, {:?}, searched {}, found {}, lost {}",
        opened.as_secs_f64(),
        start.elapsed().as_secs_f64(),
        progress,
        sum(|visitor| visitor.searched),
        sum(|visitor| visitor.found),
        done.damages.lost(),
    );
    for damage in done.damages.named().iter().take(3) {
        println!("{damage}");
    }
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    println!("{}", status.lines().find(|line| line.starts_with("VmHWM")).unwrap_or_default());
}
