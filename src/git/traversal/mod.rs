//! Visits every object of some packs and loose files, each rebuilt exactly once, on all cores.
//!
//! Each delta tree is walked depth first with reused buffers. A thread that runs out of work is
//! given half of what another one still has to do, be that roots, or the children of one base: so
//! one tree that holds everything keeps all threads busy, and so do a few large objects. The child
//! that carries most is visited last, when its base is needed no more; so no path holds more bases
//! than the logarithm of the number of entries, however long its chains are.
//!
//! An object that is in several packs is visited once for each of them. Objects come in no order.
//!
//! Not here: what is done with an object ([`Visitor`]), and which packs there are.

mod buffers;
mod queue;
mod worker;

use std::sync::atomic::{AtomicBool, AtomicU64};

use super::damages::Damages;
use super::delta::Delta;
pub use super::loose::LooseFile;
use super::map::RELEASED;
use super::object::{Kind, Kinds, ObjectId};
use super::pack::Pack;
pub use super::pack::{Bases, NoBases};
use queue::Queue;
use worker::Worker;

/// An object as it is visited.
#[derive(Clone, Copy, Debug)]
pub struct Object<'a> {
    /// Its name, raw.
    pub name: &'a [u8],
    /// Its kind.
    pub kind: Kind,
    /// All of it.
    pub bytes: &'a [u8],
}

impl Object<'_> {
    /// The name to keep.
    pub fn id(&self) -> Option<ObjectId> {
        ObjectId::from_bytes(self.name)
    }
}

/// What an object that is stored as a delta has from its base.
#[derive(Debug)]
pub struct Inherited<'a, C> {
    /// What the visit of the base returned.
    pub carry: &'a C,
    /// How the object differs from the base: see [`crate::git::delta::Changes`].
    pub delta: Delta<'a>,
}

/// What is done with each object. One for each thread.
pub trait Visitor: Send {
    /// What the visits of an object's deltas get to know of its own visit.
    type Carry: Send + Sync;

    /// Called once for each object; for a delta after its base, if the base was visited too.
    fn visit(
        &mut self,
        object: Object<'_>,
        parent: Option<Inherited<'_, Self::Carry>>,
    ) -> Self::Carry;
}

/// Bounds of memory. Neither changes what is visited, save that objects above `object` are not.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Bytes that one object, or one delta, may have. Larger ones are damages.
    pub object: u64,
    /// Bytes that all live objects may have together, above which bases are dropped and rebuilt
    /// when they are needed again. Three objects a thread (base, delta, result) are always allowed,
    /// on top of it where other threads have taken the rest.
    pub memory: u64,
    /// Bytes that are read of a pack before the memory of its file is given back. The file is the
    /// system's, but what is in memory of it counts for whoever looks at the process.
    pub resident: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self { object: 1 << 30, memory: 1 << 30, resident: RELEASED }
    }
}

/// Counters that another thread may read during a traversal.
#[derive(Debug, Default)]
pub struct Progress {
    /// Objects visited.
    pub objects: AtomicU64,
    /// Their bytes.
    pub bytes: AtomicU64,
}

/// What to traverse, and how.
#[derive(Clone, Copy)]
pub struct Traversal<'a> {
    /// The packs.
    pub packs: &'a [Pack],
    /// The loose objects.
    pub loose: &'a [LooseFile],
    /// What to visit. Whole delta trees of other kinds are skipped. What has no kind that could be
    /// told, and cannot be visited, counts as a blob: traversals of all kinds, one after another, tell
    /// each damage once.
    pub kinds: Kinds,
    /// Where bases of thin packs are.
    pub bases: &'a dyn Bases,
    /// Memory bounds.
    pub limits: Limits,
    /// Number of threads; 0 is taken as 1.
    pub threads: usize,
    /// Set it to end early.
    pub cancel: &'a AtomicBool,
    /// Counts up.
    pub progress: &'a Progress,
}

/// What a traversal leaves behind.
#[derive(Debug)]
pub struct Traversed<V> {
    /// The visitors, in no order of the objects.
    pub visitors: Vec<V>,
    /// What could not be visited, the packs' own damages included.
    pub damages: Damages,
    /// Whether it was ended early.
    pub cancelled: bool,
    /// The most bytes that were allocated for objects at a time.
    pub peak: u64,
}

impl Traversal<'_> {
    /// Visits everything; `visitor` is called once a thread. A panic of a visitor goes on in the
    /// caller, after all threads have ended.
    pub fn run<V: Visitor>(&self, visitor: impl Fn() -> V + Sync) -> Traversed<V> {
        let threads = self.threads.max(1);
        let queue = Queue::new(self, threads);
        let run = || {
            let mut worker = Worker::new(self, &queue, visitor());
            worker.run();
            worker.finish()
        };
        let results: Vec<(V, Damages)> = std::thread::scope(|scope| {
            let others: Vec<_> = (1..threads).map(|_| scope.spawn(run)).collect();
            let mut results = vec![run()];
            for other in others {
                match other.join() {
                    Ok(result) => results.push(result),
                    Err(panic) => std::panic::resume_unwind(panic),
                }
            }
            results
        });
        let mut damages = Damages::default();
        for pack in self.packs.iter().filter(|_| self.kinds.contains(Kind::Blob)) {
            damages.merge(pack.damages().clone());
        }
        let mut visitors = Vec::with_capacity(results.len());
        for (visitor, found) in results {
            visitors.push(visitor);
            damages.merge(found);
        }
        let cancelled = self.cancel.load(std::sync::atomic::Ordering::Relaxed);
        Traversed { visitors, damages, cancelled, peak: queue.live.peak() }
    }
}
