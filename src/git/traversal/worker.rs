//! One thread of a traversal: takes work, rebuilds objects, has them visited.

use std::sync::atomic::Ordering;
use std::sync::{Arc, MutexGuard, PoisonError};

use super::buffers::{Buffer, Pool};
use super::queue::{Base, Queue, Work};
use super::{Inherited, Object, Traversal, Visitor};
use crate::git::damages::Damages;
use crate::git::delta::{Delta, Steps};
use crate::git::inflate::{Inflater, ROOM};
use crate::git::loose;
use crate::git::object::Kind;
use crate::git::pack::{Damage, Pack, Packed, Reason, Stored, within};

/// Objects after which the shared counters are brought up to date.
const COUNTED: u64 = 256;
/// Bytes read after which a pack is told of them.
const TOLD: u64 = 1 << 20;

pub(super) struct Worker<'a, 'q, V: Visitor> {
    traversal: &'q Traversal<'a>,
    queue: &'q Queue<'a, V::Carry>,
    visitor: V,
    stack: Vec<Work<'a, V::Carry>>,
    pool: Pool<'q>,
    inflater: Inflater,
    steps: Steps,
    damages: Damages,
    objects: u64,
    bytes: u64,
    /// Bytes read of the pack that is read, which it was not told yet.
    read: u64,
    lane: Option<MutexGuard<'q, ()>>,
    /// Objects from this size on are rebuilt by one thread at a time.
    large: usize,
}

/// Ends the other threads if this one panics.
struct Guard<'q, 'a, C>(&'q Queue<'a, C>);

impl<C> Drop for Guard<'_, '_, C> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.end();
        }
    }
}

impl<'a, 'q, V: Visitor> Worker<'a, 'q, V> {
    pub(super) fn new(
        traversal: &'q Traversal<'a>,
        queue: &'q Queue<'a, V::Carry>,
        visitor: V,
    ) -> Self {
        let memory = traversal.limits.memory;
        let share = memory / (4 * traversal.threads.max(1) as u64);
        Self {
            traversal,
            queue,
            visitor,
            stack: Vec::new(),
            pool: Pool::new(&queue.live, memory),
            inflater: Inflater::new(),
            steps: Steps::default(),
            damages: Damages::default(),
            objects: 0,
            bytes: 0,
            read: 0,
            lane: None,
            large: usize::try_from(share).unwrap_or(usize::MAX),
        }
    }

    pub(super) fn run(&mut self) {
        let _guard = Guard(self.queue);
        while let Some(work) = self.queue.take() {
            self.stack.push(work);
            while !self.stack.is_empty() {
                if self.traversal.cancel.load(Ordering::Relaxed) {
                    self.queue.end();
                    return;
                }
                if self.queue.hungry() {
                    self.share();
                }
                self.step();
            }
            self.lane = None;
        }
    }

    pub(super) fn finish(mut self) -> (V, Damages) {
        self.count_up();
        (self.visitor, self.damages)
    }

    /// Gives a part of the outermost work away that can be given.
    fn share(&mut self) {
        let count = self.stack.len();
        let given =
            self.stack.iter_mut().enumerate().find_map(|(i, work)| work.split(i + 1 == count));
        if let Some(work) = given {
            self.queue.give(work);
        }
    }

    /// Does one thing of the innermost work.
    fn step(&mut self) {
        match self.stack.last_mut() {
            None => {}
            Some(Work::Roots { pack, entries }) => {
                let (pack, next) = (*pack, entries.next());
                match next {
                    Some(entry) => self.root(pack, entry),
                    None => self.pop(),
                }
            }
            Some(Work::Loose { files }) => match files.next() {
                Some(file) => self.loose(file),
                None => self.pop(),
            },
            Some(Work::Deltas { pack, kind, base, slots }) => {
                let (pack, kind) = (*pack, *kind);
                match slots.next() {
                    None => self.pop(),
                    Some(slot) => {
                        let base = base.clone();
                        // Its last one: the base is free again as soon as that is rebuilt.
                        if slots.start >= slots.end {
                            self.stack.pop();
                        }
                        self.delta(pack, kind, base, slot);
                    }
                }
            }
        }
    }

    fn pop(&mut self) {
        if let Some(Work::Deltas { base, .. }) = self.stack.pop() {
            self.release(base);
        }
    }

    /// Takes a base's buffer back if nobody else needs it.
    fn release(&mut self, base: Arc<Base<V::Carry>>) {
        if let Some(buffer) = Arc::into_inner(base).and_then(|base| base.bytes) {
            self.pool.give(buffer);
        }
    }

    fn root(&mut self, pack: &'a Pack, entry: u32) {
        match pack.stored(entry) {
            Stored::Full(kind) if self.traversal.kinds.contains(kind) => {
                match self.full(pack, entry) {
                    Ok(bytes) => self.visit(pack, kind, entry, bytes, None),
                    Err(reason) => self.lose(pack, entry, reason),
                }
            }
            Stored::Thin => match self.thin(pack, entry) {
                Ok(Some((kind, bytes))) => self.visit(pack, kind, entry, bytes, None),
                Ok(None) => {}
                Err(reason) => self.lose(pack, entry, reason),
            },
            Stored::Full(_) | Stored::Delta { .. } | Stored::Broken => {}
        }
    }

    fn loose(&mut self, file: usize) {
        let Some(file) = self.traversal.loose.get(file) else { return };
        let limit = self.traversal.limits.object;
        match loose::read_if(file, self.traversal.kinds, limit, &mut self.inflater) {
            Ok(Some(loose)) => {
                let object =
                    Object { name: file.id.as_bytes(), kind: loose.kind(), bytes: loose.content() };
                self.count(object.bytes.len());
                self.visitor.visit(object, None);
            }
            Ok(None) => {}
            Err(reason) => self.damages.add(Damage {
                pack: file.path.as_path().into(),
                offset: 0,
                name: Some(file.id),
                reason,
            }),
        }
    }

    /// Rebuilds the delta in a slot of `base`, has it visited, and goes down into its own deltas.
    fn delta(&mut self, pack: &'a Pack, kind: Kind, base: Arc<Base<V::Carry>>, slot: u32) {
        let Some(entry) = pack.child(slot) else { return };
        let mut rebuilt = None;
        if base.bytes.is_none() {
            match self.rebuild(pack, base.entry) {
                Ok(bytes) => rebuilt = Some(bytes),
                Err(reason) => return self.lose(pack, entry, reason),
            }
        }
        let source = base.bytes.as_ref().or(rebuilt.as_ref()).map_or(&[][..], |bytes| bytes);
        let delta_bytes = match self.full(pack, entry) {
            Ok(bytes) => bytes,
            Err(reason) => return self.lose(pack, entry, reason),
        };
        let mut steps = std::mem::take(&mut self.steps);
        let result = Delta::read(&delta_bytes, source.len(), &mut steps)
            .map_err(Reason::from)
            .and_then(|delta| self.apply(&delta, source).map(|bytes| (delta, bytes)));
        match result {
            Ok((delta, bytes)) => {
                let inherited = Inherited { carry: &base.carry, delta };
                self.visit(pack, kind, entry, bytes, Some(inherited));
            }
            Err(reason) => self.lose(pack, entry, reason),
        }
        self.steps = steps;
        self.pool.give(delta_bytes);
        if let Some(bytes) = rebuilt {
            self.restore(base, bytes);
        } else {
            self.release(base);
        }
    }

    /// Keeps a base that had to be rebuilt, for its next delta; memory may have room again.
    fn restore(&mut self, base: Arc<Base<V::Carry>>, bytes: Buffer) {
        let entry = base.entry;
        drop(base);
        let works = self.stack.iter_mut().rev();
        let kept = works.filter_map(|work| match work {
            Work::Deltas { base, .. } if base.entry == entry => Arc::get_mut(base),
            _ => None,
        });
        match kept.take(1).next() {
            Some(base) => base.bytes = Some(bytes),
            None => self.pool.give(bytes),
        }
    }

    /// Visits an object; keeps it if deltas are built on it.
    fn visit(
        &mut self,
        pack: &'a Pack,
        kind: Kind,
        entry: u32,
        bytes: Buffer,
        parent: Option<Inherited<'_, V::Carry>>,
    ) {
        self.count(bytes.len());
        let object = Object { name: pack.name(entry).unwrap_or_default(), kind, bytes: &bytes };
        let slots = pack.children(entry);
        pack.fetch(slots.clone());
        let carry = self.visitor.visit(object, parent);
        if slots.start >= slots.end {
            self.pool.give(bytes);
        } else {
            let base = Arc::new(Base { bytes: Some(bytes), carry, entry });
            self.stack.push(Work::Deltas { pack, kind, base, slots });
        }
    }

    /// Inflates an entry: the object, or the delta.
    fn full(&mut self, pack: &Pack, entry: u32) -> Result<Buffer, Reason> {
        let packed = pack.entry(entry)?;
        self.read += packed.raw_len();
        if self.read >= TOLD {
            pack.count_read(std::mem::take(&mut self.read), self.traversal.limits.resident);
        }
        let inflated = self.inflate(&packed);
        // Its bytes are near now, whatever they are worth.
        if !pack.intact(&packed) {
            self.damages.add(pack.report(entry, Reason::Checksum));
        }
        inflated
    }

    fn inflate(&mut self, packed: &Packed<'_>) -> Result<Buffer, Reason> {
        let size = packed.size_within(self.traversal.limits.object)?;
        let mut out = self.buffer(size);
        match self.inflater.inflate_roomy(packed.with_room(), out.with_room(ROOM)) {
            Ok(()) => Ok(out),
            Err(reason) => {
                self.pool.give(out);
                Err(reason)
            }
        }
    }

    fn apply(&mut self, delta: &Delta<'_>, base: &[u8]) -> Result<Buffer, Reason> {
        let size = within(delta.result_len() as u64, self.traversal.limits.object)?;
        let mut out = self.buffer(size);
        if delta.apply(base, out.as_mut()).is_some() {
            return Ok(out);
        }
        self.pool.give(out);
        Err(Reason::Base)
    }

    /// A delta whose base is in another pack. `None`: not of a kind that is wanted.
    fn thin(&mut self, pack: &Pack, entry: u32) -> Result<Option<(Kind, Buffer)>, Reason> {
        let (kind, base) = match self.thin_base(pack, entry) {
            Ok((kind, base)) if self.traversal.kinds.contains(kind) => (kind, base),
            // Without its base it has no kind that could be told.
            Err(reason) if self.traversal.kinds.contains(Kind::Blob) => return Err(reason),
            Ok(_) | Err(_) => return Ok(None),
        };
        let base = self.pool.adopt(base);
        let delta = self.full(pack, entry);
        let rebuilt = self.next(delta, &base);
        self.pool.give(base);
        Ok(Some((kind, rebuilt?)))
    }

    fn thin_base(&self, pack: &Pack, entry: u32) -> Result<(Kind, Vec<u8>), Reason> {
        let name = pack.entry(entry)?.base.ok_or(Reason::Base)?;
        self.traversal.bases.base(name).ok_or_else(|| Reason::missing_base(name))
    }

    /// What a delta makes of its base.
    fn next(&mut self, delta: Result<Buffer, Reason>, base: &[u8]) -> Result<Buffer, Reason> {
        let delta = delta?;
        let parsed = Delta::parse(&delta, base.len()).map_err(Reason::from);
        let rebuilt = parsed.and_then(|parsed| self.apply(&parsed, base));
        self.pool.give(delta);
        rebuilt
    }

    /// Rebuilds a base that was dropped when memory was short.
    fn rebuild(&mut self, pack: &Pack, entry: u32) -> Result<Buffer, Reason> {
        let (chain, root) = pack.chain(entry)?;
        let (mut bytes, rest) = match pack.stored(root) {
            Stored::Thin => {
                let (_, bytes) = self.thin(pack, root)?.ok_or(Reason::Base)?;
                (bytes, chain.len().saturating_sub(1))
            }
            _ => (self.inflate(&pack.entry(root)?)?, chain.len()),
        };
        for &at in chain.iter().take(rest).rev() {
            // Its checksum was compared when it was visited.
            let delta = pack.entry(at).and_then(|packed| self.inflate(&packed));
            let next = self.next(delta, &bytes);
            self.pool.give(std::mem::take(&mut bytes));
            bytes = next?;
        }
        Ok(bytes)
    }

    /// Memory for an object, within the bound: bases that are not needed now make room.
    fn buffer(&mut self, len: usize) -> Buffer {
        if len >= self.large && self.lane.is_none() {
            let lane = self.queue.lane.lock();
            self.lane = Some(lane.unwrap_or_else(PoisonError::into_inner));
        }
        if self.pool.exceeds(len) {
            self.pool.clear();
            for work in &mut self.stack {
                if !self.pool.exceeds(len) {
                    break;
                }
                if let Work::Deltas { base, .. } = work
                    && let Some(base) = Arc::get_mut(base)
                    && let Some(bytes) = base.bytes.take()
                {
                    self.pool.give(bytes);
                    self.pool.clear();
                }
            }
        }
        self.pool.take(len)
    }

    /// Counts an entry that could not be rebuilt, and all that hangs on it.
    fn lose(&mut self, pack: &Pack, entry: u32, reason: Reason) {
        self.damages.add(pack.report(entry, reason));
        self.damages.lose(u64::from(pack.weight(entry)).saturating_sub(1));
    }

    fn count(&mut self, bytes: usize) {
        self.objects += 1;
        self.bytes += bytes as u64;
        if self.objects >= COUNTED || bytes > 1 << 20 {
            self.count_up();
        }
    }

    fn count_up(&mut self) {
        let progress = self.traversal.progress;
        progress.objects.fetch_add(std::mem::take(&mut self.objects), Ordering::Relaxed);
        progress.bytes.fetch_add(std::mem::take(&mut self.bytes), Ordering::Relaxed);
    }
}
