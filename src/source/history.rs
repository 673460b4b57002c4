//! A repository's whole history: every blob and every message, each searched once, and for those
//! with a secret who introduced it and whether it is still there.
//!
//! One traversal searches all blobs, commits and tags (`search`). A second one reads the trees
//! (`trees`) for what is missing, and for the places of what was found (`paths`); the few blobs with
//! a match are judged under their paths (`judge`) and given their commits (`provenance`).
//!
//! One occurrence stands for a secret at a path, whatever the number of commits and versions that
//! hold it: the places are those of the version that introduced it. Messages have the paths
//! [`COMMIT_MESSAGE`] and [`TAG_MESSAGE`]. What only unreachable objects hold has no commit.
//!
//! Not here: how a repository is read, and grouping by secret.

mod cache;
mod classes;
mod dates;
mod forest;
mod judge;
mod ledger;
mod origins;
mod paths;
mod provenance;
mod reach;
mod read;
mod scope;
mod search;
mod submodules;
mod trees;

use std::path::{Path, PathBuf};
use std::slice;

pub use dates::parse_date;
pub(super) use provenance::shown_commit;

use super::archive::Limits;
use super::{Found, Progress};
use crate::finding::{Confidence, Warning};
use crate::git::graph::{self, Graph};
use crate::git::object::{Kind, Kinds, ObjectId};
use crate::git::pack::Pack;
use crate::git::repository::{Ref, Repository, RepositoryError};
use crate::git::store::Store;
use crate::git::traversal::{self, Traversal};
use crate::scanner::Scanner;
use classes::Classes;
use ledger::{Ledger, Scene};
use paths::Paths;
use provenance::Commits;
use read::Read;
use scope::Tips;
use search::{Hits, Links};
use submodules::{Listing, Submodule};
use trees::{Part, key};

pub use crate::blob::{COMMIT_MESSAGE, NO_PATH, TAG_MESSAGE};

/// What keeps a history from being scanned.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no repository, or its refs cannot be read.
    #[error(transparent)]
    Repository(#[from] RepositoryError),
    /// There is no such ref.
    #[error("`{name}` is no branch, tag, ref or full commit id of the repository")]
    Branch {
        /// As it was asked for.
        name: String,
    },
}

/// What is scanned, and how.
#[derive(Clone, Debug)]
pub struct Options {
    /// Only secrets that a commit since then introduced; seconds since 1970.
    pub since: Option<i64>,
    /// Only what these refs reach; none: all refs.
    pub branches: Vec<String>,
    /// Whether to show what no ref reaches.
    pub unreachable: bool,
    /// Whether to scan the histories of submodules too.
    pub submodules: bool,
    /// Whether missing objects are as they should be.
    pub allow_missing: bool,
    /// Whether to search every byte of every blob, for comparison.
    pub exhaustive: bool,
    /// Number of threads.
    pub threads: usize,
    /// Bytes that rebuilt objects may have together; none: a gigabyte.
    pub memory: Option<u64>,
    /// Whether to look into archives, and how deep.
    pub archives: Option<Limits>,
    /// Where what is known of packs is kept; none: nowhere.
    pub cache: Option<PathBuf>,
    /// The least confidence of a finding that is worth to be counted.
    pub least: Confidence,
}

/// Scans the history of a repository.
///
/// # Errors
/// If its refs cannot be read, or a branch is not there.
pub fn history(
    repository: &Repository,
    scanner: &Scanner<'_>,
    options: &Options,
    progress: &Progress,
) -> Result<Found, Error> {
    let mut found = scan(repository, scanner, options, progress)?;
    if options.submodules {
        let options = Options { branches: Vec::new(), ..options.clone() };
        let mut seen = vec![real(repository.common_dir())];
        below(repository, "", &mut seen, &mut found, &|repository| {
            scan(repository, scanner, &options, progress)
        });
    }
    Ok(found)
}

/// Adds what the submodules of a repository hold, and theirs. `prefix` is where it is itself.
fn below(
    repository: &Repository,
    prefix: &str,
    seen: &mut Vec<PathBuf>,
    found: &mut Found,
    scan: &dyn Fn(&Repository) -> Result<Found, Error>,
) {
    let Listing { submodules, problems } = submodules::of(repository);
    let warn = |path: String, message: String| Warning {
        kind: "submodule",
        path: Some(path),
        message,
        incomplete: true,
    };
    found.warnings.extend(problems.into_iter().map(|(place, message)| warn(place, message)));
    for Submodule { path, git_dir } in submodules {
        let place = format!("{prefix}{path}");
        let Some(git_dir) = git_dir else {
            let way = match repository.work_tree() {
                Some(_) => "`git submodule update --init` gets it",
                None => "scan its own repository, or a clone made with `--recurse-submodules`",
            };
            let message = format!("is a submodule that is not here: {way}");
            found.warnings.push(warn(place, message));
            continue;
        };
        let opened = Repository::at(&git_dir, None).map_err(Error::from);
        if opened.as_ref().is_ok_and(|inner| seen.contains(&real(inner.common_dir()))) {
            continue;
        }
        let inner = match opened.and_then(|inner| Ok((scan(&inner)?, inner))) {
            Ok((mut part, inner)) => {
                part.move_below(&format!("{place}/"));
                found.merge(part);
                inner
            }
            Err(error) => {
                let message = format!("is a submodule that was not scanned: {error}");
                found.warnings.push(warn(place, message));
                continue;
            }
        };
        seen.push(real(inner.common_dir()));
        below(&inner, &format!("{place}/"), seen, found, scan);
    }
}

/// The same path for the same directory.
fn real(path: &Path) -> PathBuf {
    path.canonicalize().unwrap_or_else(|_| path.to_owned())
}

fn scan(
    repository: &Repository,
    scanner: &Scanner<'_>,
    options: &Options,
    progress: &Progress,
) -> Result<Found, Error> {
    let usual = traversal::Limits::default();
    let limits = traversal::Limits { memory: options.memory.unwrap_or(usual.memory), ..usual };
    let (refs, store) = rayon::join(
        || repository.refs(),
        || Store::open(repository.object_dirs(), repository.format(), limits),
    );
    let refs = refs?;
    // A branch that is not there is said before the work, not after it.
    let chosen = scope::chosen(&refs, &options.branches, &store)?;
    let counted = traversal::Progress::default();
    let counted = &counted;
    let run = Run { repository, store: &store, scanner, options, limits, counted, progress };
    let Read { mut hits, known, edges, damages } = run.read();
    let mut ledger = Ledger::new(&run, &hits);
    if progress.is_cancelled() {
        ledger.unplaced(&hits);
    } else if run.needs_graph(&hits, &refs) {
        run.link(&mut hits, &known);
        let commits = std::mem::take(&mut hits.graph);
        run.place(&mut ledger, &hits, edges, commits, (&refs, &chosen));
    } else {
        ledger.lost(run.missing(&hits.gaps.below_trees));
    }
    ledger.damages(damages);
    Ok(ledger.finish())
}

/// What all steps of a scan need.
#[derive(Clone, Copy)]
struct Run<'a> {
    repository: &'a Repository,
    store: &'a Store,
    scanner: &'a Scanner<'a>,
    options: &'a Options,
    limits: traversal::Limits,
    /// Counts all objects, trees included; what is shown counts contents.
    counted: &'a traversal::Progress,
    progress: &'a Progress,
}

impl Run<'_> {
    /// Those of some objects that nobody has.
    fn missing(&self, named: &[ObjectId]) -> Vec<ObjectId> {
        const FEW: usize = 1000;
        let named = named.iter().copied();
        if named.len() < FEW {
            return named.filter(|id| !self.store.contains(id)).collect();
        }
        named.filter(|id| !self.store.contains_alike(id)).collect()
    }

    /// Whether it takes the commits to tell what there is to tell.
    fn needs_graph(&self, hits: &Hits, refs: &[Ref]) -> bool {
        if !hits.is_empty() || self.options.allow_missing {
            return !hits.is_empty();
        }
        let mut targets: Vec<ObjectId> = refs.iter().map(|one| one.target).collect();
        targets.sort_unstable();
        targets.dedup();
        let lost = |ids: &[ObjectId]| !self.missing(ids).is_empty();
        // A partial clone has not pruned: what its trees name, its history names.
        let whole = self.repository.is_partial() || !lost(&hits.gaps.below_trees);
        !whole || lost(&hits.gaps.below_commits) || lost(&targets)
    }

    /// Reads the commits and tags of packs that were not read.
    fn link(&self, hits: &mut Hits, packs: &[&Pack]) {
        for pack in packs {
            let (packs, loose) = (slice::from_ref(*pack), &[][..]);
            let kinds = Kinds::from(Kind::Commit) | Kind::Tag;
            let traversal = Traversal { packs, loose, ..self.traversal(kinds) };
            for links in traversal.run(Links::default).visitors {
                hits.graph.merge(links.graph);
                hits.tags.extend(links.tags);
            }
        }
        hits.tags.sort_unstable();
        hits.tags.dedup();
    }

    fn traversal(&self, kinds: Kinds) -> Traversal<'_> {
        Traversal {
            packs: self.store.packs(),
            loose: self.store.loose(),
            kinds,
            bases: self.store,
            limits: self.limits,
            threads: self.options.threads,
            cancel: &self.progress.cancelled,
            progress: self.counted,
        }
    }

    /// Whether all contents are asked about, and of those that come to the same any.
    fn is_plain(&self) -> bool {
        let Options { since, branches, unreachable, .. } = self.options;
        let all = since.is_none() && branches.is_empty() && !unreachable;
        all && self.scanner.only_counts() && !self.scanner.asks_for_places()
    }

    /// Finds out where the hits are, and what is missing.
    fn place(
        &self,
        ledger: &mut Ledger<'_>,
        hits: &Hits,
        mut edges: Vec<Part>,
        commits: graph::Builder,
        (refs, chosen): (&[Ref], &[Ref]),
    ) {
        let mut wanted = hits.keys();
        // A partial clone has not pruned: what its trees name, its history names. Elsewhere it
        // matters who names what is missing.
        if !self.options.allow_missing && !self.repository.is_partial() {
            let missing = self.missing(&hits.gaps.below_trees);
            if !missing.is_empty() {
                wanted.extend(missing.iter().map(|id| key(id.as_bytes())));
                edges = self.survey(&wanted);
            }
        }
        let classes = if self.is_plain() { Classes::new(hits) } else { Classes::default() };
        // Neither keeps more than one core busy, and neither needs the other.
        let (paths, lines) = rayon::join(
            || Paths::new(edges, &wanted, &classes, &self.progress.cancelled),
            || Lines::new(hits, commits, (refs, chosen), self.store),
        );
        if self.progress.is_cancelled() {
            // The paths may be some of them.
            return ledger.unplaced(hits);
        }
        let Lines { graph, order, everything, tips, reachable, reached } = &lines;
        let since = self.options.since;
        let lists = &provenance::lists(graph, &paths);
        let scene = Scene {
            hits,
            paths: &paths,
            classes: &classes,
            commits: Commits { graph, order, reached, lists, since },
            all: Commits { graph, order, reached: reachable, lists, since: None },
            tips,
            everything,
            head: head(refs).and_then(|head| graph.find(&head.target)),
            refs,
        };
        ledger.missing(&scene);
        if !hits.is_empty() {
            ledger.place(&scene);
            ledger.mask_refs();
        }
        // Millions of small pieces: who waits for the report need not wait until they are freed.
        rayon::spawn(move || drop((paths, lines)));
    }
}

/// The commits, and which of them the refs reach.
struct Lines {
    graph: Graph,
    /// All commits, parents first; none if there is nothing to place.
    order: Vec<u32>,
    /// Where all refs lead.
    everything: Tips,
    /// Where the chosen ones lead.
    tips: Tips,
    /// What `everything` reaches.
    reachable: Vec<bool>,
    /// What `tips` reach.
    reached: Vec<bool>,
}

impl Lines {
    fn new(
        hits: &Hits,
        commits: graph::Builder,
        (refs, chosen): (&[Ref], &[Ref]),
        store: &Store,
    ) -> Self {
        let graph = commits.build();
        let order = if hits.is_empty() { Vec::new() } else { graph.all_topological() };
        let everything = Tips::new(refs.iter(), &hits.tags, &graph, store);
        let tips = Tips::new(chosen.iter(), &hits.tags, &graph, store);
        let reachable = graph.ancestors(&everything.commits);
        let reached = graph.ancestors(&tips.commits);
        Self { graph, order, everything, tips, reachable, reached }
    }
}

/// What HEAD names.
fn head(refs: &[Ref]) -> Option<&Ref> {
    refs.iter().find(|one| one.name == "HEAD")
}
