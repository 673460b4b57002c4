//! Reads all objects: contents pack by pack, then trees, when it is known which blobs matter.
//!
//! What is known of a pack from an earlier run is not searched again; its trees are read if something
//! was found anywhere. Not here: what is sought in contents, and what is made of the trees.

use std::borrow::Cow;
use std::slice;

use super::Run;
use super::cache::Cache;
use super::search::{Hits, Plan};
use super::trees::{Completeness, Gaps, Key, Part, Survey, Wanted};
use crate::git::damages::Damages;
use crate::git::heads::{self, Heads};
use crate::git::object::{Kind, Kinds};
use crate::git::pack::Pack;
use crate::git::traversal::{Limits, LooseFile, Traversal};

/// Bytes of contents that are read of a pack before the memory of its file is given back. Little else
/// is in memory then; when the trees are read, there is.
const RESIDENT: u64 = 96 << 20;

/// What reading all objects came to.
#[derive(Debug)]
pub(super) struct Read<'a> {
    pub(super) hits: Hits,
    /// The packs of which an earlier run told what is in them.
    pub(super) known: Vec<&'a Pack>,
    /// Which trees lead to the blobs with a match; nothing if there are none.
    pub(super) edges: Vec<Part>,
    pub(super) damages: Damages,
}

/// Objects that are read together: what they name is looked for among themselves first.
struct Share<'a> {
    packs: &'a [Pack],
    loose: &'a [LooseFile],
    completeness: Completeness<'a>,
    hits: Hits,
    damages: Damages,
}

impl<'a> Run<'a> {
    /// Searches all blobs and messages, and reads the trees: for what is named and not there, and
    /// for what leads to blobs with a match.
    pub(super) fn read(&self) -> Read<'a> {
        let cache = self.cache();
        let (mut parts, mut known, mut shares) = (Vec::new(), Vec::new(), Vec::new());
        for pack in self.store.packs() {
            if let Some(hits) = cache.as_ref().and_then(|cache| cache.load(pack, self.store)) {
                known.push(pack);
                parts.push(hits);
                continue;
            }
            let names = Cow::Borrowed(pack.heads());
            shares.push(self.contents(slice::from_ref(pack), &[], names));
        }
        let loose = self.store.loose();
        if !loose.is_empty() {
            let names = loose.iter().map(|file| heads::head(file.id.as_bytes()));
            let names = Cow::Owned(Heads::new(names.collect()));
            shares.push(self.contents(&[], loose, names));
        }
        let hits = shares.iter().map(|share| &share.hits).chain(&parts);
        let wanted = Wanted::new(hits.flat_map(Hits::keys));
        let wanted = Some(&wanted).filter(|wanted| !wanted.is_empty());
        let (mut edges, mut damages) = (Vec::new(), Damages::default());
        for mut share in shares {
            edges.extend(self.trees(&mut share, wanted));
            let sound = share.damages.lost() == 0 && share.hits.gaps.damaged.is_empty();
            if let ([pack], Some(cache)) = (share.packs, &cache)
                && sound
                && !self.progress.is_cancelled()
            {
                cache.save(pack, &share.hits);
            }
            damages.merge(share.damages);
            parts.push(share.hits);
        }
        if let Some(wanted) = wanted {
            let survey = self.surveyed(wanted);
            let packs = known.iter().map(|pack| slice::from_ref(*pack));
            edges.extend(packs.flat_map(|packs| self.edges(packs, &[], survey)));
        }
        Read { hits: Hits::merge(parts.into_iter()), known, edges, damages }
    }

    /// Where what is known of packs is kept, unless every blob is to be looked at again.
    fn cache(&self) -> Option<Cache> {
        // Where paths may be findings, that is so too.
        let all = self.options.exhaustive || self.scanner.has_path_rules();
        let folder = self.options.cache.as_ref().filter(|_| !all)?;
        let rules = format!("{:?} {:?}", self.scanner.rules(), self.options.archives);
        Some(Cache::new(folder, &rules))
    }

    /// Searches blobs, commits and tags.
    fn contents(
        &self,
        packs: &'a [Pack],
        loose: &'a [LooseFile],
        names: Cow<'a, Heads>,
    ) -> Share<'a> {
        let completeness = Completeness::new(self.repository.format(), names);
        let kinds = Kinds::from(Kind::Blob) | Kind::Commit | Kind::Tag;
        let limits = Limits { resident: RESIDENT, ..self.limits };
        let traversal = Traversal { packs, loose, limits, ..self.traversal(kinds) };
        let (archives, exhaustive) = (self.options.archives.as_ref(), self.options.exhaustive);
        let (hits, damages) = {
            let plan = Plan::new(self.scanner, archives, exhaustive, &completeness, self.progress);
            let traversed = traversal.run(|| plan.visitor());
            let found = traversed.visitors.into_iter().map(|search| search.finish());
            (Hits::merge(found), traversed.damages)
        };
        packs.iter().for_each(Pack::release);
        Share { packs, loose, completeness, hits, damages }
    }

    /// Reads the trees of a share.
    fn trees(&self, share: &mut Share<'_>, wanted: Option<&Wanted>) -> Vec<Part> {
        let Share { packs, loose, .. } = *share;
        let completeness = Some(&share.completeness);
        let survey = Survey { format: self.repository.format(), completeness, wanted };
        let kinds = Kind::Tree.into();
        let traversal = Traversal { packs, loose, ..self.traversal(kinds) };
        let traversed = traversal.run(|| survey.visitor());
        let read = traversed.visitors.into_iter().map(|trees| trees.finish());
        let (edges, gaps): (Vec<Part>, Vec<Gaps>) = read.unzip();
        gaps.into_iter().for_each(|gaps| share.hits.gaps.merge(gaps));
        share.hits.gaps.sort();
        share.damages.merge(traversed.damages);
        edges
    }

    /// Reads which trees lead to blobs. What is wrong with trees was told before.
    pub(super) fn survey(&self, wanted: &[Key]) -> Vec<Part> {
        let wanted = Wanted::new(wanted.iter().copied());
        self.edges(self.store.packs(), self.store.loose(), self.surveyed(&wanted))
    }

    fn surveyed<'w>(&self, wanted: &'w Wanted) -> Survey<'w> {
        Survey { format: self.repository.format(), completeness: None, wanted: Some(wanted) }
    }

    fn edges(&self, packs: &[Pack], loose: &[LooseFile], survey: Survey<'_>) -> Vec<Part> {
        let kinds = Kind::Tree.into();
        let traversal = Traversal { packs, loose, ..self.traversal(kinds) };
        let traversed = traversal.run(|| survey.visitor());
        traversed.visitors.into_iter().map(|trees| trees.finish().0).collect()
    }
}
