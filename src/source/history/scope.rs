//! From refs to the commits that are asked about.
//!
//! Not here: reading refs.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use super::Error;
use crate::git::graph::Graph;
use crate::git::object::ObjectId;
use crate::git::repository::Ref;
use crate::git::store::Store;

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
        let mut chains = Chains { tags, ends: BTreeMap::new() };
        for (number, one) in refs.enumerate() {
            let target = chains.end(one.target);
            match graph.find(&target) {
                Some(commit) => {
                    tips.commits.push(commit);
                    tips.ends.push((number, commit));
                }
                // Tags that lead to one another lead to nothing.
                None if store.contains(&target) && tag_target(tags, &target).is_none() => {
                    tips.others.push((one.name.clone(), target));
                }
                None => tips.missing.push(target),
            }
        }
        tips.tags = chains.ends.into_keys().collect();
        tips.commits.sort_unstable();
        tips.commits.dedup();
        tips
    }
}

/// Tags that name tags, of any number, each followed once.
struct Chains<'a> {
    tags: &'a [(ObjectId, ObjectId)],
    /// Where the tags lead that were followed.
    ends: BTreeMap<ObjectId, ObjectId>,
}

impl Chains<'_> {
    /// Where an object leads: itself, if it is no tag. Of tags that lead to one another, as only forged
    /// ones can, one of them.
    fn end(&mut self, start: ObjectId) -> ObjectId {
        let (mut target, mut way) = (start, Vec::new());
        while let Some(next) = tag_target(self.tags, &target) {
            if let Some(end) = self.ends.get(&target) {
                target = *end;
                break;
            }
            // Whoever comes by again has gone in a ring.
            self.ends.insert(target, target);
            way.push(target);
            target = next;
        }
        self.ends.extend(way.into_iter().map(|tag| (tag, target)));
        target
    }
}

/// What a tag names, if it is one.
pub(super) fn tag_target(tags: &[(ObjectId, ObjectId)], tag: &ObjectId) -> Option<ObjectId> {
    let at = tags.binary_search_by(|(id, _)| id.cmp(tag)).ok()?;
    tags.get(at).map(|(_, target)| *target)
}

/// The refs that `names` mean, and objects that the repository has; all refs if there are no names.
pub(super) fn chosen<'r>(
    refs: &'r [Ref],
    names: &[String],
    store: &Store,
) -> Result<Cow<'r, [Ref]>, Error> {
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
            let target = ObjectId::from_hex(name.as_bytes()).filter(|id| store.contains(id))?;
            Some(Ref { name: name.clone(), target })
        };
        let found = found.cloned().or_else(id);
        chosen.push(found.ok_or_else(|| Error::Branch { name: name.clone() })?);
    }
    Ok(chosen.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_are_followed_to_their_end_and_never_in_a_ring() {
        let id = |number: u32| {
            let name = [&number.to_be_bytes()[..], &[0; 16]].concat();
            ObjectId::from_bytes(&name).unwrap()
        };
        // A long chain to 1000, and three tags of which two make a ring.
        let mut tags: Vec<_> = (0..1000).map(|number| (id(number), id(number + 1))).collect();
        tags.extend([(2001, 2002), (2002, 2003), (2003, 2002)].map(|(a, b)| (id(a), id(b))));
        let mut chains = Chains { tags: &tags, ends: BTreeMap::new() };
        assert_eq!(
            [500, 0, 999, 1000, 3000].map(|n| chains.end(id(n))),
            [id(1000), id(1000), id(1000), id(1000), id(3000)]
        );
        assert_eq!([2001, 2003, 2002].map(|number| chains.end(id(number))), [id(2002); 3]);
        assert_eq!(chains.ends.len(), 1003);
    }
}
