//! The two ends of a range, as people and programs write them.

use crate::git::commit::tag_target;
use crate::git::object::{Kind, ObjectId};
use crate::git::objects::Objects;
use crate::git::repository::{Repository, RepositoryError};

/// Tags that name tags.
const MOST_TAGS: usize = 64;

/// What keeps a range from being scanned.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no repository, or its refs cannot be read.
    #[error(transparent)]
    Repository(#[from] RepositoryError),
    /// It is no range.
    #[error("`{text}` is no range of commits")]
    Form {
        /// As it was asked for.
        text: String,
    },
    /// There is no such revision.
    #[error("`{name}` names no commit of this repository")]
    Unknown {
        /// As it was asked for.
        name: String,
        /// Whether the repository has only the newest commits.
        shallow: bool,
    },
    /// There is such a revision, and it is no commit: a tag may name a file or a folder.
    #[error("`{name}` names a {kind} and no commit")]
    NoCommit {
        /// As it was asked for.
        name: String,
        /// What it is instead.
        kind: Kind,
    },
    /// The commit is not there.
    #[error("the commit `{name}` is not in this repository")]
    Absent {
        /// As it was asked for.
        name: String,
    },
    /// The history ends before the base is reached.
    #[error(
        "this is a shallow clone whose history ends before the base of the range: what the range \
         adds cannot be told"
    )]
    Cut,
}

/// The ends of a range.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ends {
    /// The newest commits.
    pub tips: Vec<ObjectId>,
    /// Commits that are old, with everything they reach; the first is the base.
    pub old: Vec<ObjectId>,
    /// Whether the base is what both ends have in common.
    pub from_merge_base: bool,
    /// Annotated tags that lead to the tips, and not to what is old, each with its commit.
    pub tags: Vec<(ObjectId, ObjectId)>,
}

impl Ends {
    /// Reads `BASE..HEAD` or `BASE...HEAD`; an end that is left out is HEAD. A base of zeros, as hooks
    /// have it for a new branch, stands for no commit.
    ///
    /// # Errors
    /// If it is no range, or an end is not there.
    pub fn parse(text: &str, repository: &Repository) -> Result<Self, Error> {
        let (base, tip, from_merge_base) = match (text.split_once("..."), text.split_once("..")) {
            (Some((base, tip)), _) => (base, tip, true),
            (None, Some((base, tip))) => (base, tip, false),
            (None, None) => return Err(Error::Form { text: text.to_owned() }),
        };
        let objects = Objects::new(repository.object_dirs(), repository.format());
        let name = |end: &str| if end.is_empty() { "HEAD".to_owned() } else { end.to_owned() };
        let mut old = Vec::new();
        if base.is_empty() || !is_zeros(base) {
            old.push(end(&name(base), repository, &objects)?);
        }
        let tips = vec![end(&name(tip), repository, &objects)?];
        Ok(Self { from_merge_base, ..Self::between(&tips, &old) })
    }
}

impl Ends {
    /// What `tips` reach and `old` does not; of `old`, what is not there is passed over. Ids of zeros
    /// stand for no commit.
    ///
    /// # Errors
    /// If a tip is not there.
    pub fn of(tips: &[String], old: &[String], repository: &Repository) -> Result<Self, Error> {
        let objects = Objects::new(repository.object_dirs(), repository.format());
        let named = |name: &&String| !is_zeros(name);
        let find = |name: &String| end(name, repository, &objects);
        let tips: Vec<End> = tips.iter().filter(named).map(find).collect::<Result<_, _>>()?;
        let old: Vec<End> = old.iter().filter(named).filter_map(|name| find(name).ok()).collect();
        Ok(Self::between(&tips, &old))
    }

    fn between(tips: &[End], old: &[End]) -> Self {
        let commits = |ends: &[End]| ends.iter().map(|end| end.commit).collect();
        let known = |tag: &ObjectId| old.iter().any(|end| end.tags.contains(tag));
        let tags = tips.iter().flat_map(|end| end.tags.iter().map(|tag| (*tag, end.commit)));
        let mut tags: Vec<_> = tags.filter(|(tag, _)| !known(tag)).collect();
        tags.sort_unstable();
        tags.dedup();
        Self { tips: commits(tips), old: commits(old), from_merge_base: false, tags }
    }
}

/// What a revision names.
struct End {
    commit: ObjectId,
    /// Annotated tags on the way.
    tags: Vec<ObjectId>,
}

/// Whether an object id is all zeros: no object.
pub fn is_zeros(id: &str) -> bool {
    matches!(id.len(), 40 | 64) && id.bytes().all(|byte| byte == b'0')
}

/// The commit that a revision names, and the tags on the way to it.
///
/// # Errors
/// If there is none.
fn end(name: &str, repository: &Repository, objects: &Objects) -> Result<End, Error> {
    let unknown = || Error::Unknown { name: name.to_owned(), shallow: repository.is_shallow() };
    let mut id = repository.revision(name)?.ok_or_else(unknown)?;
    let mut tags = Vec::new();
    for _ in 0..MOST_TAGS {
        match objects.read(&id).ok().flatten() {
            Some((Kind::Commit, _)) => return Ok(End { commit: id, tags }),
            Some((Kind::Tag, bytes)) => {
                tags.push(id);
                id = tag_target(&bytes).ok_or_else(unknown)?;
            }
            Some((kind, _)) => return Err(Error::NoCommit { name: name.to_owned(), kind }),
            None => return Err(Error::Absent { name: name.to_owned() }),
        }
    }
    Err(unknown())
}
