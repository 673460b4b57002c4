//! From refs to the commits that are asked about.
//!
//! Not here: reading refs.

use std::borrow::Cow;
use std::collections::BTreeSet;

use super::Error;
use crate::git::graph::Graph;
use crate::git::object::ObjectId;
use crate::git::repository::Ref;
use crate::git::store::Store;

/// Tags that name tags, one after the other.
const MOST_TAGS: usize = 64;

/// Where refs lead.
#[derive(Debug, Default)]
pub(super) struct Tips {
    pub(super) commits: Vec<u32>,
    /// The number of each ref and of the commit that it leads to.
    pub(super) ends: Vec<(usize, u32)>,
    /// Trees and blobs that a ref names, with the ref's name.
    pub(super) others: Vec<(String, ObjectId)>,
    /// Annotated tags on the way.
    pub(super) tags: BTreeSet<ObjectId>,
    /// What is named and not there.
    pub(super) missing: Vec<ObjectId>,
}

impl Tips {
    /// Follows `refs`.
    pub(super) fn new<'r>(
        refs: impl Iterator<Item = &'r Ref>,
        tags: &[(ObjectId, ObjectId)],
        graph: &Graph,
        store: &Store,
    ) -> Self {
        let mut tips = Self::default();
        for (number, one) in refs.enumerate() {
            let mut target = one.target;
            for _ in 0..MOST_TAGS {
                let Some(next) = tag_target(tags, &target) else { break };
                tips.tags.insert(target);
                target = next;
            }
            match graph.find(&target) {
                Some(commit) => {
                    tips.commits.push(commit);
                    tips.ends.push((number, commit));
                }
                None if store.contains(&target) => tips.others.push((one.name.clone(), target)),
                None => tips.missing.push(target),
            }
        }
        tips.commits.sort_unstable();
        tips.commits.dedup();
        tips
    }
}

/// What a tag names, if it is one.
pub(super) fn tag_target(tags: &[(ObjectId, ObjectId)], tag: &ObjectId) -> Option<ObjectId> {
    let at = tags.binary_search_by(|(id, _)| id.cmp(tag)).ok()?;
    tags.get(at).map(|(_, target)| *target)
}

/// The refs that `names` mean; all if there are no names.
pub(super) fn chosen<'r>(refs: &'r [Ref], names: &[String]) -> Result<Cow<'r, [Ref]>, Error> {
    if names.is_empty() {
        return Ok(refs.into());
    }
    let mut chosen = Vec::new();
    for name in names {
        let ways = ["", "refs/", "refs/heads/", "refs/tags/", "refs/remotes/"];
        let found = ways.iter().find_map(|way| {
            let full = format!("{way}{name}");
            refs.iter().find(|one| one.name == full)
        });
        let id = || {
            let target = ObjectId::from_hex(name.as_bytes())?;
            Some(Ref { name: name.clone(), target })
        };
        let found = found.cloned().or_else(id);
        chosen.push(found.ok_or_else(|| Error::Branch { name: name.clone() })?);
    }
    Ok(chosen.into())
}
