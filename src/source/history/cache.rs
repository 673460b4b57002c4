//! What earlier runs found in packs, so that a pack is searched once and not again.
//!
//! A pack never changes. Its checksum, length and times, the rules, the limits of archives and this
//! very program are the key: whatever could change an answer changes the key. Kept are counts and
//! names of objects, never content, and only of packs that were read whole and without damage; what
//! has a match is judged anew in every run. A file that is not understood is as one that is not
//! there.
//!
//! Not here: loose objects, and what becomes of the answers.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::search::{Hit, Hits, Message};
use crate::git::object::{Kind, ObjectId};
use crate::git::pack::Pack;
use crate::git::store::Store;
use crate::prefilter::Candidate;
use crate::scanner::Constant;

/// Named objects that are worth to be kept.
const MOST_NAMES: usize = 1 << 18;
/// Files in the folder, above which the older half goes.
const MOST_FILES: usize = 2000;

/// A folder of answers, for one set of rules and limits.
#[derive(Debug)]
pub(super) struct Cache {
    folder: PathBuf,
    /// A digest of the rules, the limits and the program.
    asked: Vec<u8>,
}

/// What a search of one pack came to.
#[derive(Debug, Serialize, Deserialize)]
struct Answer {
    contents: u64,
    bytes: u64,
    members: u64,
    /// Blobs with a match, and archives that were not wholly read.
    blobs: Vec<Match>,
    commits: Vec<String>,
    tags: Vec<String>,
    /// What its trees, and its commits and tags, name and the pack does not have.
    below_trees: Vec<String>,
    below_commits: Vec<String>,
}

/// A blob with a match. What its secrets are is not kept: only where they may begin, and what they
/// come to if there are none.
#[derive(Debug, Serialize, Deserialize)]
struct Match {
    id: String,
    /// Offset, anchor and form of candidates.
    telling: Option<Vec<(usize, u16, u16)>>,
    /// The number of its matches, if the rules refuse all of them.
    refused: Option<u64>,
}

impl Match {
    fn new(hit: &Hit) -> Self {
        let constant = hit.constant.as_ref();
        // What is allowed is for the configuration to say, which may be another one then.
        let none = constant.filter(|all| all.secrets.is_empty() && all.suppressed == 0);
        let telling = |all: &[Candidate]| all.iter().map(|c| (c.at, c.anchor, c.recipe)).collect();
        Self {
            id: hit.id.to_string(),
            telling: hit.telling.as_deref().map(telling),
            refused: none.map(|constant| constant.rejected),
        }
    }

    fn hit(self) -> Option<Hit> {
        let id = ObjectId::from_hex(self.id.as_bytes())?;
        let candidate = |(at, anchor, recipe)| Candidate { at, anchor, recipe };
        let telling = self.telling.map(|all| all.into_iter().map(candidate).collect());
        let constant = self.refused.map(|rejected| Constant { rejected, ..Constant::default() });
        Some(Hit { id, bytes: None, matched: true, telling, constant })
    }
}

impl Cache {
    /// The answers in `folder` to what `rules` describes.
    pub(super) fn new(folder: &Path, rules: &str) -> Self {
        let asked = Sha256::digest(format!("{rules}\0{}", program())).to_vec();
        Self { folder: folder.to_owned(), asked }
    }

    /// What is known of a pack.
    pub(super) fn load(&self, pack: &Pack, store: &Store) -> Option<Hits> {
        let text = fs::read(self.path(pack)?).ok()?;
        let answer: Answer = serde_json::from_slice(&text).ok()?;
        let ids = |names: &[String]| -> Option<Vec<ObjectId>> {
            names.iter().map(|name| ObjectId::from_hex(name.as_bytes())).collect()
        };
        let mut hits = Hits {
            contents: answer.contents,
            bytes: answer.bytes,
            members: answer.members,
            blobs: answer.blobs.into_iter().map(Match::hit).collect::<Option<_>>()?,
            ..Hits::default()
        };
        for (kind, names) in [(Kind::Commit, &answer.commits), (Kind::Tag, &answer.tags)] {
            for id in ids(names)? {
                hits.messages.push(Message::read(id, kind, store)?);
            }
        }
        hits.gaps.below_trees = ids(&answer.below_trees)?;
        hits.gaps.below_commits = ids(&answer.below_commits)?;
        Some(hits)
    }

    /// Keeps what was found in a pack, for the next run. Failing costs that run some time.
    pub(super) fn save(&self, pack: &Pack, hits: &Hits) {
        let named = hits.gaps.below_trees.len() + hits.gaps.below_commits.len();
        if named + hits.blobs.len() > MOST_NAMES || !hits.odd.is_empty() {
            return;
        }
        let hex = |ids: &[ObjectId]| ids.iter().map(ToString::to_string).collect();
        let messages = |kind: Kind| {
            let own = hits.messages.iter().filter(|message| message.kind == kind);
            own.map(|message| message.id.to_string()).collect()
        };
        let answer = Answer {
            contents: hits.contents,
            bytes: hits.bytes,
            members: hits.members,
            blobs: hits.blobs.iter().map(Match::new).collect(),
            commits: messages(Kind::Commit),
            tags: messages(Kind::Tag),
            below_trees: hex(&hits.gaps.below_trees),
            below_commits: hex(&hits.gaps.below_commits),
        };
        if let (Some(path), Ok(text)) = (self.path(pack), serde_json::to_vec(&answer)) {
            // Whoever reads it meanwhile sees all of it or nothing.
            let _ = self.write(&path, &text);
        }
    }

    fn write(&self, path: &Path, text: &[u8]) -> std::io::Result<()> {
        create_private(&self.folder)?;
        self.prune()?;
        let draft = path.with_extension(format!("{}.tmp", std::process::id()));
        let mut file = fs::File::create_new(&draft)?;
        let written = file.write_all(text).and_then(|()| fs::rename(&draft, path));
        if written.is_err() {
            fs::remove_file(&draft)?;
        }
        written
    }

    fn prune(&self) -> std::io::Result<()> {
        let mut files: Vec<_> = fs::read_dir(&self.folder)?.flatten().collect();
        if files.len() < MOST_FILES {
            return Ok(());
        }
        files.sort_by_key(|file| file.metadata().and_then(|about| about.modified()).ok());
        files.truncate(MOST_FILES / 2);
        files.iter().try_for_each(|file| fs::remove_file(file.path()))
    }

    fn path(&self, pack: &Pack) -> Option<PathBuf> {
        let mut hasher = Sha256::new();
        hasher.update(&self.asked);
        hasher.update(pack.checksum());
        for file in [pack.path().to_path_buf(), pack.path().with_extension("idx")] {
            hasher.update(stamp(&file)?.as_bytes());
        }
        let name: String = hasher.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
        Some(self.folder.join(format!("{name}.json")))
    }
}

/// Length and time of a file.
fn stamp(path: &Path) -> Option<String> {
    let about = fs::metadata(path).ok()?;
    let changed = about.modified().ok()?.duration_since(UNIX_EPOCH).ok()?;
    Some(format!("{} {}.", about.len(), changed.as_nanos()))
}

/// What tells this program from other versions and builds of it.
fn program() -> String {
    let own = std::env::current_exe().ok().and_then(|path| stamp(&path)).unwrap_or_default();
    format!("{} {own}", env!("CARGO_PKG_VERSION"))
}

/// Makes a folder that only its owner can read.
fn create_private(folder: &Path) -> std::io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}
