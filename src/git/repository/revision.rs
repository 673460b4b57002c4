//! What HEAD and the names that people give revisions lead to.
//!
//! Ids, refs, parents (`~2`, `^2`) and peeling (`^{commit}`) are read here; whatever else git knows
//! (a short id, `@{upstream}`, `:/text`) is asked of git itself, if it is installed.
//!
//! Not here: listing refs.

use std::fs;
use std::path::PathBuf;

use super::files::{self, Target};
use super::{Ref, Repository, RepositoryError, refs, trim_line};
use crate::git::commit::{Commit, tag_target};
use crate::git::object::{Kind, ObjectId};
use crate::git::objects::Objects;

/// Symbolic refs that lead to one another; git stops at five.
const MOST_LINKS: usize = 8;
/// Tags that name tags.
const MOST_TAGS: usize = 64;

/// What HEAD leads to: read from its file, so that no other ref is looked at.
pub(super) fn head(repository: &Repository) -> Result<Option<ObjectId>, RepositoryError> {
    if !repository.files_backend {
        return Ok(through_git(repository, "HEAD"));
    }
    let mut name = match files::head(&repository.git_dir.join("HEAD"))? {
        Some(Target::Symbolic(name)) => name,
        Some(Target::Object(id)) => return Ok(Some(id)),
        None => return Ok(None),
    };
    for _ in 0..MOST_LINKS {
        let Some(text) = loose(repository, &name)? else { return Ok(packed(repository, &name)) };
        let Some(target) = text.strip_prefix(b"ref:") else {
            return Ok(ObjectId::from_hex(trim_line(&text)));
        };
        name = target.trim_ascii().to_vec();
    }
    Ok(None)
}

/// The file of a ref: of this work tree, or of all of them.
fn loose(repository: &Repository, name: &[u8]) -> Result<Option<Vec<u8>>, RepositoryError> {
    let inner: PathBuf = super::path_of(name);
    // A folder of that name has branches in it, and is none.
    let files = [&repository.git_dir, &repository.common_dir].map(|folder| folder.join(&inner));
    let file = files.iter().find(|file| file.is_file());
    file.map_or(Ok(None), |file| super::read_optional(file))
}

fn packed(repository: &Repository, name: &[u8]) -> Option<ObjectId> {
    let text = fs::read(repository.common_dir.join("packed-refs")).ok()?;
    let lines = text.split(|byte| *byte == b'\n').filter(|line| !line.starts_with(b"#"));
    let mut pairs = lines.filter_map(|line| line.split_at_checked(memchr::memchr(b' ', line)?));
    let (id, _) = pairs.find(|(_, rest)| rest.get(1..).map(trim_line) == Some(name))?;
    ObjectId::from_hex(id)
}

/// What a revision names.
pub(super) fn named(
    repository: &Repository,
    name: &str,
) -> Result<Option<ObjectId>, RepositoryError> {
    let (start, steps) = name.split_at(name.find(['~', '^']).unwrap_or(name.len()));
    let full = ObjectId::from_hex(start.as_bytes());
    let start = match full.filter(|id| id.format() == repository.format) {
        Some(id) => Some(id),
        None => reference(&repository.refs()?, start),
    };
    let objects = Objects::new(repository.object_dirs(), repository.format());
    match start.map(|start| follow(&objects, start, steps)) {
        Some(Followed::To(id)) => Ok(Some(id)),
        Some(Followed::Nowhere) => Ok(None),
        None | Some(Followed::Unknown) => Ok(through_git(repository, name)),
    }
}

/// The ref that a short name means, in git's order.
fn reference(refs: &[Ref], name: &str) -> Option<ObjectId> {
    let name = if name == "@" { "HEAD" } else { name };
    let rules = ["", "refs/", "refs/tags/", "refs/heads/", "refs/remotes/"];
    let full = rules.iter().map(|rule| format!("{rule}{name}"));
    let mut all = full.chain([format!("refs/remotes/{name}/HEAD")]);
    all.find_map(|full| refs.iter().find(|one| one.name == full)).map(|one| one.target)
}

/// Where the steps of a revision lead.
enum Followed {
    To(ObjectId),
    Nowhere,
    /// The steps are git's to understand.
    Unknown,
}

/// Goes from an object to what `~2`, `^`, `^2^{commit}` behind its name mean.
fn follow(objects: &Objects, start: ObjectId, steps: &str) -> Followed {
    let (mut id, mut rest) = (start, steps);
    while let Some(kind) = rest.chars().next() {
        rest = &rest[kind.len_utf8()..];
        if let Some(inner) = rest.strip_prefix('{') {
            let Some((word, after)) = inner.split_once('}') else { return Followed::Unknown };
            if kind != '^' || !matches!(word, "" | "commit") {
                return Followed::Unknown;
            }
            let Some(commit) = commit(objects, id) else { return Followed::Nowhere };
            (id, rest) = (commit.0, after);
            continue;
        }
        let digits = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        let (number, after) = rest.split_at(digits);
        let number = if number.is_empty() { Ok(1) } else { number.parse::<usize>() };
        let (Ok(number), '~' | '^') = (number, kind) else { return Followed::Unknown };
        rest = after;
        let Some((here, parents)) = commit(objects, id) else { return Followed::Nowhere };
        let next = match (kind, number) {
            (_, 0) => Some(here),
            ('^', number) => parents.get(number - 1).copied(),
            (_, number) => ancestor(objects, here, number),
        };
        let Some(next) = next else { return Followed::Nowhere };
        id = next;
    }
    Followed::To(id)
}

/// The ancestor that many first parents away.
fn ancestor(objects: &Objects, start: ObjectId, generations: usize) -> Option<ObjectId> {
    let mut at = start;
    for _ in 0..generations {
        at = *commit(objects, at)?.1.first()?;
    }
    Some(at)
}

/// The commit that an object is, or is a tag of, and its parents.
fn commit(objects: &Objects, start: ObjectId) -> Option<(ObjectId, Vec<ObjectId>)> {
    let mut id = start;
    for _ in 0..MOST_TAGS {
        match objects.read(&id).ok()?? {
            (Kind::Commit, bytes) => return Some((id, Commit::parse(&bytes)?.parents)),
            (Kind::Tag, bytes) => id = tag_target(&bytes)?,
            _ => return None,
        }
    }
    None
}

/// What git makes of a name; none if it knows none, or is not there.
fn through_git(repository: &Repository, name: &str) -> Option<ObjectId> {
    let arguments = ["rev-parse", "--verify", "--quiet", "--end-of-options", name];
    let found = refs::run_git(repository, &arguments).ok()?;
    ObjectId::from_hex(found.trim_ascii()).filter(refs::is_named)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_names_are_found_in_the_order_of_git() {
        let id = |digit: &str| ObjectId::from_hex(digit.repeat(40).as_bytes()).unwrap();
        let one = |name: &str, digit: &str| Ref { name: name.to_owned(), target: id(digit) };
        let refs = [
            one("HEAD", "1"),
            one("refs/heads/main", "2"),
            one("refs/heads/v1", "3"),
            one("refs/remotes/origin/HEAD", "4"),
            one("refs/remotes/origin/main", "5"),
            one("refs/tags/v1", "6"),
        ];
        for (name, digit) in [
            ("HEAD", "1"),
            ("@", "1"),
            ("main", "2"),
            ("heads/main", "2"),
            ("v1", "6"),
            ("origin", "4"),
            ("origin/main", "5"),
            ("refs/heads/v1", "3"),
        ] {
            assert_eq!(reference(&refs, name), Some(id(digit)), "{name}");
        }
        assert_eq!(reference(&refs, "nowhere"), None);
    }
}
