//! What the commits of a range add: those that one commit reaches and another does not.
//!
//! A commit adds a secret at a path if none of its parents has it there, so that a secret which a
//! later commit of the range takes out again is found, one that a merge brings along from before the
//! range is not, and one that was born in the resolution of a merge is. Whoever wrote the range is
//! not its judge: an allow comment counts if the base has it already.
//!
//! Not here: which configuration is in force.

mod base;
mod ends;
mod past;
mod settlement;
mod trust;

use std::collections::{BTreeMap, HashMap, HashSet};

pub use ends::{Ends, Error, is_zeros};

use super::history::{COMMIT_MESSAGE, TAG_MESSAGE};
use super::version::{self, Allowed, Identity, Scanned, Versions, identity};
use super::{Found, Progress, Reading, shown_path};
use crate::blob::{Blob, Provenance};
use crate::finding::Warning;
use crate::git::commit::{Commit, tag_text};
use crate::git::object::{Kind, ObjectId};
use crate::git::objects::Objects;
use crate::git::repository::Repository;
use crate::git::trees::{Change, File, Trees};
use crate::git::walk::{Parent, Walked, walk};
use crate::scanner::{Comments, Scanner, Scratch, Sighting};
use past::{Moment, Past};

/// Files that say what is to be reported, whoever reads them.
const POWERFUL: [&str; 9] = [
    "keytrawl.toml",
    ".keytrawl.toml",
    ".keytrawl-baseline",
    ".gitleaks.toml",
    ".gitleaksignore",
    ".betterleaks.toml",
    ".betterleaksignore",
    ".secrets.baseline",
    ".kingfisher-baseline.yml",
];

/// What is scanned, and how.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// How contents are read.
    pub reading: Reading,
    /// Number of threads.
    pub threads: usize,
    /// Whether to tell of what an allow comment suppressed.
    pub explain: bool,
    /// Whether the range may allow its own secrets by comments, as its author wishes on his machine.
    pub trusted: bool,
    /// Paths of the files of the base that say what is to be reported.
    pub powerful: Vec<String>,
}

/// What a range holds.
#[derive(Debug, Default)]
pub struct Ranged {
    /// The secrets and what is to be said.
    pub found: Found,
    /// Number of commits.
    pub commits: usize,
}

/// The commits between two ends, before anything of them is scanned.
#[derive(Debug)]
pub struct Range {
    objects: Objects,
    walked: Walked,
    order: Vec<ObjectId>,
    base_tree: Option<ObjectId>,
    /// The trees of the other end and of HEAD: what may be in the work tree.
    shown_trees: Vec<ObjectId>,
    /// Annotated tags, each with its commit.
    tags: Vec<(ObjectId, ObjectId)>,
    partial: bool,
}

impl Range {
    /// Walks from one end to the other.
    ///
    /// # Errors
    /// If the history is cut off between them.
    pub fn new(repository: &Repository, ends: &Ends) -> Result<Self, Error> {
        let objects = Objects::new(repository.object_dirs(), repository.format());
        let walked = walk(&objects, &ends.tips, &ends.old);
        let guessed = !walked.cut_below.is_empty() && walked.has_root;
        if repository.is_shallow() && (guessed || !walked.cut.is_empty()) {
            return Err(Error::Cut);
        }
        let graph = &walked.graph;
        let order = graph.all_topological().into_iter().filter_map(|c| graph.id(c)).collect();
        let base = if ends.from_merge_base {
            walked.bases.first().or(ends.old.first())
        } else {
            ends.old.first()
        };
        let base_tree = base.and_then(|base| tree_of(&objects, base));
        let head = repository.head().ok().flatten();
        let shown = ends.tips.iter().chain(&head).filter_map(|id| tree_of(&objects, id));
        let shown_trees = shown.collect();
        let (tags, partial) = (ends.tags.clone(), repository.is_partial());
        Ok(Self { objects, walked, order, base_tree, shown_trees, tags, partial })
    }

    /// Number of commits.
    pub fn len(&self) -> usize {
        self.order.len()
    }

    /// Whether there is none, and no tag.
    pub fn is_empty(&self) -> bool {
        self.order.is_empty() && self.tags.is_empty()
    }

    /// Scans what the commits add.
    pub fn scan(&self, scanner: &Scanner<'_>, options: &Options, progress: &Progress) -> Ranged {
        let trees = Trees::new(&self.objects);
        let versions =
            Versions::new(scanner, &self.objects, &options.reading, progress, options.threads);
        let steps = self.steps(&trees);
        let mut run = Run {
            range: self,
            steps: &steps,
            trees: &trees,
            versions: &versions,
            options,
            added: BTreeMap::new(),
            origins: HashMap::new(),
            found: Found::default(),
        };
        run.edited();
        let scanned = run.scan();
        for (number, step) in steps.iter().enumerate() {
            run.add(step, Moment::new(number), &scanned);
        }
        run.messages();
        run.settle();
        run.losses();
        Ranged { found: run.found, commits: self.order.len() }
    }

    /// The commits, parents first.
    fn steps(&self, trees: &Trees<'_>) -> Vec<Step> {
        let Self { walked, order, .. } = self;
        let graph = &walked.graph;
        let step = |id: &ObjectId| {
            let tree = graph.tree(graph.find(id)?)?;
            let parents = walked.parents.get(id).cloned().unwrap_or_default();
            let before: Vec<ObjectId> = parents.iter().map(|parent| parent.tree).collect();
            let changes = trees.changes(&tree, &before);
            Some(Step { id: *id, tree, parents, changes })
        };
        order.iter().filter_map(step).collect()
    }
}

/// One commit and what it changes.
struct Step {
    id: ObjectId,
    tree: ObjectId,
    parents: Vec<Parent>,
    changes: Vec<Change>,
}

/// A secret that the range adds at a path.
struct Added {
    /// Where in the content it stands, each time with the comment that would allow it.
    places: Vec<(Sighting, Option<Allowed>)>,
    commit: ObjectId,
    /// The file; none for a message.
    file: Option<Holder>,
}

/// A file that holds a secret.
#[derive(PartialEq, Eq)]
struct Holder {
    /// Its path and content.
    file: File,
    /// The path that it had when it got the secret: commits of the range may have moved it.
    origin: Vec<u8>,
}

struct Run<'a> {
    range: &'a Range,
    steps: &'a [Step],
    trees: &'a Trees<'a>,
    versions: &'a Versions<'a>,
    options: &'a Options,
    added: BTreeMap<Identity, Added>,
    /// The paths to which files with secrets were moved, each with the path at which the base has the file.
    origins: HashMap<Vec<u8>, Vec<u8>>,
    found: Found,
}

impl<'a> Run<'a> {
    fn comments(&self) -> Comments {
        if self.options.trusted { Comments::Honoured } else { Comments::Ignored }
    }

    /// Says which files the range edits that say what is to be reported.
    fn edited(&mut self) {
        if self.options.trusted {
            return;
        }
        let own = |path: &str| self.options.powerful.iter().any(|one| one == path);
        let all = self.steps.iter().flat_map(|step| &step.changes).map(|c| shown_path(&c.path));
        let edited: std::collections::BTreeSet<String> = all
            .filter(|path| {
                let name = path.rsplit('/').next().unwrap_or_default();
                POWERFUL.contains(&name) || own(path)
            })
            .collect();
        for path in edited {
            let message = match own(&path) {
                true => "is edited by the range; what the base has of it is in force",
                false => "is edited by the range; the edit is not in force",
            };
            self.found.warnings.push(Warning {
                kind: "edited-configuration",
                path: Some(path),
                message: message.to_owned(),
                incomplete: false,
            });
        }
    }

    /// Scans every version that the commits add, each once.
    fn scan(&mut self) -> HashMap<(&'a [u8], ObjectId), Scanned> {
        let all = self.steps.iter().flat_map(|step| &step.changes);
        let mut works: Vec<(&[u8], ObjectId)> = all.map(|c| (c.path.as_slice(), c.id)).collect();
        works.sort_unstable();
        works.dedup();
        let mut scanned = HashMap::new();
        let (mut lost, mut first) = (0, None);
        let comments = self.comments();
        for (work, mut one) in works.iter().zip(self.versions.all(&works, comments)) {
            if one.missing {
                lost += 1;
                first.get_or_insert_with(|| format!("`{}`", shown_path(work.0)));
            }
            if comments == Comments::Ignored {
                self.versions.note(work.0, &work.1, &one);
            }
            let sightings = std::mem::take(&mut one.found.sightings);
            self.found.take_rest(std::mem::take(&mut one.found));
            one.found.sightings = sightings;
            if !one.found.sightings.is_empty() {
                scanned.insert(*work, one);
            }
        }
        if let Some(first) = first {
            self.found.warnings.push(version::missing(lost, &first, self.range.partial));
        }
        scanned
    }

    /// Notes what one commit adds.
    fn add(
        &mut self,
        step: &Step,
        mut moment: Moment,
        scanned: &HashMap<(&[u8], ObjectId), Scanned>,
    ) {
        for change in &step.changes {
            let Some(one) = scanned.get(&(change.path.as_slice(), change.id)) else { continue };
            for (number, sighting) in one.found.sightings.iter().enumerate() {
                let secret = identity(sighting);
                let file = File { path: change.path.clone(), id: change.id };
                let known = self.added.get_mut(&secret);
                let again = known.as_ref().is_some_and(|known| {
                    let held = known.file.as_ref().map(|holder| &holder.file);
                    known.commit == step.id && held == Some(&file)
                });
                if known.is_some() && !again {
                    continue;
                }
                if is_excused(sighting, &step.id) {
                    self.found.stats.suppressed += 1;
                    continue;
                }
                let place = (sighting.clone(), one.allowed.get(number).cloned().flatten());
                if let Some(known) = known {
                    known.places.push(place);
                    continue;
                }
                let Past { origin, is_held: false } = self.past(change, &secret, &mut moment)
                else {
                    continue;
                };
                let file = Some(Holder { file, origin });
                let added = Added { places: vec![place], commit: step.id, file };
                self.added.insert(secret, added);
            }
        }
        // Not before: files may have changed places.
        self.origins.extend(moment.origins);
    }

    /// Scans the messages of the commits and tags.
    fn messages(&mut self) {
        let mut scratch = Scratch::default();
        let objects = &self.range.objects;
        for id in &self.range.order {
            let read = objects.read_as(id, Kind::Commit).ok().flatten();
            let commit = read.as_deref().and_then(Commit::parse);
            let Some(text) = commit.as_ref().map(Commit::text) else { continue };
            self.message(&text, (COMMIT_MESSAGE, *id), *id, &mut scratch);
        }
        for (tag, commit) in &self.range.tags {
            let Some(bytes) = objects.read_as(tag, Kind::Tag).ok().flatten() else { continue };
            self.message(tag_text(&bytes), (TAG_MESSAGE, *tag), *commit, &mut scratch);
        }
    }

    /// Scans the message of an object that is, or is about, a commit.
    fn message(
        &mut self,
        text: &[u8],
        (path, id): (&str, ObjectId),
        commit: ObjectId,
        scratch: &mut Scratch,
    ) {
        let provenance = Provenance { blob: Some(id.to_string()), ..Provenance::named(path) };
        let mut one = Scanned::default();
        let blob = Blob::whole(text, &provenance);
        self.versions.content(&blob, self.comments(), scratch, &mut one);
        let sightings = std::mem::take(&mut one.found.sightings);
        for (number, sighting) in sightings.into_iter().enumerate() {
            if is_excused(&sighting, &commit) {
                self.found.stats.suppressed += 1;
                continue;
            }
            let place = (sighting, one.allowed.get(number).cloned().flatten());
            let new = || Added { places: Vec::new(), commit, file: None };
            let added = self.added.entry(identity(&place.0)).or_insert_with(new);
            if added.commit == commit && added.file.is_none() {
                added.places.push(place);
            }
        }
        one.found.stats.files += 1;
        one.found.stats.bytes += text.len() as u64;
        self.found.take_rest(one.found);
    }

    /// Says what could not be read.
    fn losses(&mut self) {
        let lost = self.trees.missing();
        let cut: HashSet<ObjectId> = self.range.walked.cut.iter().chain(&lost).copied().collect();
        if let Some(first) = cut.iter().min() {
            let partial = self.range.partial;
            self.found.warnings.push(version::missing(cut.len(), &first.to_string(), partial));
        }
        let damages = self.trees.damages();
        self.found.warnings.extend(damages.iter().map(|d| version::damaged("a tree", d)));
    }
}

/// Whether an allowlist allows a secret in a commit.
fn is_excused(sighting: &Sighting, commit: &ObjectId) -> bool {
    !sighting.excused.is_empty() && sighting.excused.contains(&commit.to_string())
}

fn tree_of(objects: &Objects, commit: &ObjectId) -> Option<ObjectId> {
    let bytes = objects.read_as(commit, Kind::Commit).ok().flatten()?;
    Commit::parse(&bytes).map(|commit| commit.tree)
}
