//! Searches every blob, commit and tag once, and keeps those in which text of a secret's shape
//! stands; looks for what commits and tags name and the pack has not.
//!
//! Of an object that is stored as a delta, only what the delta changes is searched; candidates in
//! the rest are its base's, moved. Whether a candidate is a match is asked of the whole object, so
//! the result is that of a search of every byte. Not here: where the objects are in the history,
//! and whether a match is a secret.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::trees::{Completeness, Gaps, Key, key};
use crate::blob::{Blob, Provenance};
use crate::git::commit::{Commit, tag_target, tag_text};
use crate::git::delta::{Changes, Reach};
use crate::git::graph;
use crate::git::object::{Kind, ObjectId};
use crate::git::store::Store;
use crate::git::traversal::{Inherited, Object, Visitor};
use crate::prefilter::Candidate;
use crate::scanner::{Constant, Glance, Scanner, Scratch};
use crate::source::Progress;
use crate::source::archive::{self, Limits};
use crate::source::content::is_archive;
use crate::source::is_unread;
use crate::span::Span;

/// Bytes of matched blobs that are kept, so that they need not be rebuilt to be judged.
const KEPT: usize = 24 << 20;

/// Contents after which the progress display is told.
const TOLD: u64 = 256;

/// What all threads of a search share.
#[derive(Debug)]
pub(super) struct Plan<'a> {
    scanner: &'a Scanner<'a>,
    archives: Option<&'a Limits>,
    exhaustive: bool,
    reach: Reach,
    kept: AtomicUsize,
    completeness: &'a Completeness<'a>,
    progress: &'a Progress,
}

impl<'a> Plan<'a> {
    pub(super) fn new(
        scanner: &'a Scanner<'a>,
        archives: Option<&'a Limits>,
        exhaustive: bool,
        completeness: &'a Completeness<'a>,
        progress: &'a Progress,
    ) -> Self {
        let (before, after) = scanner.reach();
        let reach = Reach { before, after };
        let kept = AtomicUsize::new(0);
        Self { scanner, archives, exhaustive, reach, kept, completeness, progress }
    }

    pub(super) fn visitor(&self) -> Search<'_> {
        Search {
            plan: self,
            changes: Changes::new(),
            candidates: Vec::new(),
            telling: Vec::new(),
            scratch: Scratch::default(),
            hits: Hits::default(),
            told: (0, 0),
        }
    }

    /// A copy of `bytes`, while there is room for copies.
    fn keep(&self, bytes: &[u8]) -> Option<Arc<[u8]>> {
        let before = self.kept.fetch_add(bytes.len(), Ordering::Relaxed);
        if before.saturating_add(bytes.len()) <= KEPT {
            return Some(bytes.into());
        }
        self.kept.fetch_sub(bytes.len(), Ordering::Relaxed);
        None
    }
}

/// A blob with a match.
#[derive(Debug)]
pub(super) struct Hit {
    pub(super) id: ObjectId,
    /// Its content, if there was room to keep it.
    pub(super) bytes: Option<Arc<[u8]>>,
    /// Whether text of a secret's shape is in it; else its path may be a finding.
    pub(super) matched: bool,
    /// The candidates that led to its matches, if they are known.
    pub(super) telling: Option<Box<[Candidate]>>,
    /// What it comes to, if that is the same at each path.
    pub(super) constant: Option<Constant>,
}

/// A commit's or a tag's message with a match.
#[derive(Debug)]
pub(super) struct Message {
    pub(super) id: ObjectId,
    pub(super) kind: Kind,
    pub(super) text: Box<[u8]>,
}

impl Message {
    /// Reads the message of a commit or a tag.
    pub(super) fn read(id: ObjectId, kind: Kind, store: &Store) -> Option<Self> {
        let (found, bytes) = store.read(&id).ok()??;
        let text = match kind {
            Kind::Tag => tag_text(&bytes).into(),
            _ => Commit::parse(&bytes)?.text().into(),
        };
        (found == kind).then_some(Self { id, kind, text })
    }
}

/// What a search found, and the commits and tags that it came by.
#[derive(Debug, Default)]
pub(super) struct Hits {
    pub(super) blobs: Vec<Hit>,
    pub(super) messages: Vec<Message>,
    pub(super) graph: graph::Builder,
    /// Annotated tags and what they name.
    pub(super) tags: Vec<(ObjectId, ObjectId)>,
    /// Commits and tags that cannot be understood.
    pub(super) odd: Vec<ObjectId>,
    /// What the trees tell.
    pub(super) gaps: Gaps,
    /// Blobs and messages searched.
    pub(super) contents: u64,
    pub(super) bytes: u64,
    pub(super) members: u64,
}

impl Hits {
    /// Whether nothing has a match.
    pub(super) fn is_empty(&self) -> bool {
        self.blobs.is_empty() && self.messages.is_empty()
    }

    /// The keys of the blobs with a match.
    pub(super) fn keys(&self) -> Vec<Key> {
        self.blobs.iter().map(|hit| key(hit.id.as_bytes())).collect()
    }

    /// Takes over what another thread found; an object that came twice counts once.
    pub(super) fn merge(parts: impl Iterator<Item = Self>) -> Self {
        let mut all = Self::default();
        for part in parts {
            all.blobs.extend(part.blobs);
            all.messages.extend(part.messages);
            all.graph.merge(part.graph);
            all.tags.extend(part.tags);
            all.odd.extend(part.odd);
            all.gaps.merge(part.gaps);
            all.contents += part.contents;
            all.bytes += part.bytes;
            all.members += part.members;
        }
        all.blobs.sort_by_key(|hit| (hit.id, hit.bytes.is_none()));
        all.blobs.dedup_by_key(|hit| hit.id);
        all.messages.sort_by_key(|message| message.id);
        all.messages.dedup_by_key(|message| message.id);
        all.tags.sort_unstable();
        all.tags.dedup();
        all.odd.sort_unstable();
        all.odd.dedup();
        all.gaps.sort();
        all
    }
}

/// One thread of a search.
#[derive(Debug)]
pub(super) struct Search<'a> {
    plan: &'a Plan<'a>,
    changes: Changes,
    candidates: Vec<Candidate>,
    /// Those that lead to matches.
    telling: Vec<Candidate>,
    scratch: Scratch,
    hits: Hits,
    /// Contents and bytes that the progress display knows of.
    told: (u64, u64),
}

impl Visitor for Search<'_> {
    /// The candidates of a blob, by offset; of most blobs none, which takes no memory.
    type Carry = Box<[Candidate]>;

    fn visit(
        &mut self,
        object: Object<'_>,
        parent: Option<Inherited<'_, Self::Carry>>,
    ) -> Self::Carry {
        match object.kind {
            Kind::Blob => self.blob(object, parent),
            Kind::Commit => self.commit(object),
            Kind::Tag => self.tag(object),
            // The trees are read when it is known which blobs matter: see `trees`.
            Kind::Tree => Box::default(),
        }
    }
}

impl Search<'_> {
    fn blob(
        &mut self,
        object: Object<'_>,
        parent: Option<Inherited<'_, Box<[Candidate]>>>,
    ) -> Box<[Candidate]> {
        self.count(object.bytes);
        let local = self.plan.scanner.is_local();
        if local {
            self.find(object.bytes, parent);
        } else {
            self.candidates.clear();
        }
        let archive = self.plan.archives.filter(|_| is_archive(object.bytes));
        let Self { plan, candidates, telling, scratch, .. } = self;
        let scanner = plan.scanner;
        let seen = match archive {
            Some(limits) => glance(self.archive(object.bytes, limits)),
            None if local => scanner.glance(object.bytes, candidates, telling, scratch),
            None => glance(self.has_any(object.bytes)),
        };
        // What is not read is told with its path, too.
        let seen = if is_unread(object.bytes) { Glance::Open } else { seen };
        let matched = !matches!(seen, Glance::Nothing);
        if (matched || scanner.has_path_rules())
            && let Some(id) = object.id()
        {
            let open = matches!(seen, Glance::Open);
            let bytes = if open { self.plan.keep(object.bytes) } else { None };
            let known = matched && local && archive.is_none();
            let telling = known.then(|| self.telling.as_slice().into());
            let constant = match seen {
                Glance::Constant(constant) => Some(constant),
                _ => None,
            };
            self.hits.blobs.push(Hit { id, bytes, matched, telling, constant });
        }
        self.candidates.as_slice().into()
    }

    /// Leaves the candidates of `bytes` in `self.candidates`, in order.
    fn find(&mut self, bytes: &[u8], parent: Option<Inherited<'_, Box<[Candidate]>>>) {
        let Self { plan, changes, candidates, .. } = self;
        candidates.clear();
        let Some(parent) = parent.filter(|_| !plan.exhaustive) else {
            let all = Span::new(0, bytes.len());
            plan.scanner.candidates(bytes, all, candidates);
            candidates.sort_unstable();
            return;
        };
        changes.read(&parent.delta, plan.reach);
        for window in changes.windows() {
            plan.scanner.candidates(bytes, window.anchors, candidates);
        }
        changes.carry(
            parent.carry,
            |candidate| candidate.at,
            |candidate, at| candidates.push(Candidate { at, ..*candidate }),
        );
        candidates.sort_unstable();
    }

    /// Whether a content has a match; for rules that are no matter of candidates.
    fn has_any(&mut self, bytes: &[u8]) -> bool {
        has_any(self.plan.scanner, bytes, &mut self.scratch)
    }

    fn archive(&mut self, bytes: &[u8], limits: &Limits) -> bool {
        let mut matched = false;
        let Self { plan, scratch, hits, .. } = self;
        let outcome = archive::visit(bytes, "", limits, &mut |member| {
            hits.members += u64::from(member.frame.is_none());
            hits.bytes += member.bytes.len() as u64;
            matched |= is_unread(member.bytes) || has_any(plan.scanner, member.bytes, scratch);
            ControlFlow::Continue(())
        });
        // A problem is told with its path, which is known when the blob is judged.
        matched || outcome.incomplete()
    }

    fn commit(&mut self, object: Object<'_>) -> Box<[Candidate]> {
        let Some(id) = object.id() else { return Box::default() };
        match Commit::parse(object.bytes) {
            Some(commit) => {
                self.hits.graph.add(id, &commit);
                let named = commit.parents.iter().chain([&commit.tree]);
                self.plan.completeness.named(named, &mut self.hits.gaps);
                self.message(id, Kind::Commit, &commit.text());
            }
            None => self.hits.odd.push(id),
        }
        Box::default()
    }

    fn tag(&mut self, object: Object<'_>) -> Box<[Candidate]> {
        let Some(id) = object.id() else { return Box::default() };
        match tag_target(object.bytes) {
            Some(target) => {
                self.plan.completeness.named([&target].into_iter(), &mut self.hits.gaps);
                self.hits.tags.push((id, target));
            }
            None => self.hits.odd.push(id),
        }
        self.message(id, Kind::Tag, tag_text(object.bytes));
        Box::default()
    }

    fn message(&mut self, id: ObjectId, kind: Kind, text: &[u8]) {
        self.count(text);
        if self.has_any(text) {
            self.hits.messages.push(Message { id, kind, text: text.into() });
        }
    }

    fn count(&mut self, bytes: &[u8]) {
        self.hits.contents += 1;
        self.hits.bytes += bytes.len() as u64;
        if self.hits.contents >= self.told.0 + TOLD || bytes.len() > 1 << 20 {
            self.tell();
        }
    }

    fn tell(&mut self) {
        let progress = self.plan.progress;
        let (contents, bytes) = (self.hits.contents, self.hits.bytes);
        progress.files.fetch_add(contents - self.told.0, Ordering::Relaxed);
        progress.bytes.fetch_add(bytes - self.told.1, Ordering::Relaxed);
        self.told = (contents, bytes);
    }

    /// What it found.
    pub(super) fn finish(mut self) -> Hits {
        self.tell();
        self.plan.completeness.settle(&mut self.hits.gaps);
        self.hits
    }
}

/// What is known of a content by whether it has a match.
fn glance(matched: bool) -> Glance {
    if matched { Glance::Open } else { Glance::Nothing }
}

fn has_any(scanner: &Scanner<'_>, bytes: &[u8], scratch: &mut Scratch) -> bool {
    if scanner.is_local() {
        let mut candidates = Vec::new();
        scanner.candidates(bytes, Span::new(0, bytes.len()), &mut candidates);
        return scanner.has_match(bytes, &candidates);
    }
    let provenance = Provenance::named(String::new());
    let found = scanner.scan(&Blob::whole(bytes, &provenance), scratch);
    found.is_some_and(|found| {
        !found.sightings.is_empty() || found.rejected > 0 || found.suppressed > 0
    })
}

/// Reads commits and tags for the graph alone.
#[derive(Debug, Default)]
pub(super) struct Links {
    pub(super) graph: graph::Builder,
    pub(super) tags: Vec<(ObjectId, ObjectId)>,
}

impl Visitor for Links {
    type Carry = ();

    fn visit(&mut self, object: Object<'_>, _: Option<Inherited<'_, ()>>) {
        let Some(id) = object.id() else { return };
        match object.kind {
            Kind::Commit => {
                if let Some(commit) = Commit::parse(object.bytes) {
                    self.graph.add(id, &commit);
                }
            }
            _ => self.tags.extend(tag_target(object.bytes).map(|target| (id, target))),
        }
    }
}
