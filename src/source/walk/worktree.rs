//! The work trees that a walk comes through: what each of them tracks, and what it excludes.

use std::path::{Path, PathBuf};
use std::sync::{LazyLock, OnceLock};

use ignore::gitignore::{Gitignore, GitignoreBuilder};

use crate::finding::Warning;
use crate::git::index::{self, Paths};

/// The nearest folder from `path` upwards with a `.git` in it.
pub(super) fn holding(path: &Path) -> Option<&Path> {
    path.ancestors().find(|folder| folder.join(".git").exists())
}

/// The nearest folder from `path` upwards where a work tree begins, of git or of Jujutsu, which honours
/// `.gitignore` as well.
pub(super) fn around(path: &Path) -> Option<&Path> {
    path.ancestors().find(|folder| begins_at(folder))
}

/// Whether a work tree begins at `folder`.
pub(super) fn begins_at(folder: &Path) -> bool {
    MARKS.iter().any(|mark| folder.join(mark).exists())
}

/// What a work tree has in its folder.
pub(super) const MARKS: [&str; 2] = [".git", ".jj"];

/// What the user's git never wants to see, whatever the repository.
static GLOBAL: LazyLock<Gitignore> = LazyLock::new(|| GitignoreBuilder::new(HERE).build_global().0);

/// Rules are asked for paths as their own folder has them: nothing is to be cut off.
const HERE: &str = ".";

/// A folder with a `.git` in it, or with a `.jj`.
#[derive(Debug, Default)]
pub(super) struct WorkTree {
    pub(super) tracked: Paths,
    /// Its `info/exclude`.
    exclude: Option<PathBuf>,
    excluded: OnceLock<Gitignore>,
}

impl WorkTree {
    /// The work tree of the folder `root`, whose index is read.
    pub(super) fn open(root: &Path, warn: &mut dyn FnMut(Warning)) -> Self {
        if !root.join(".git").exists() {
            return Self::default();
        }
        Self::read(root).unwrap_or_else(|message| {
            warn(Warning {
                kind: "index",
                path: Some(root.display().to_string()),
                message: format!("tracked files that .gitignore names were not read: {message}"),
                incomplete: true,
            });
            Self::default()
        })
    }

    /// An error is what keeps it from being read, for people.
    fn read(root: &Path) -> Result<Self, String> {
        let folder = git_folder(root)?;
        let common = std::fs::read_to_string(folder.join("commondir"))
            .map_or_else(|_| folder.clone(), |common| folder.join(common.trim()));
        let tracked = index::paths(&folder.join("index"), &folder, name_length(&common))
            .map_err(|error| error.to_string())?;
        let exclude = Some(common.join("info/exclude"));
        Ok(Self { tracked, exclude, excluded: OnceLock::new() })
    }

    /// Whether `info/exclude` or the user's git hides what is at `path` in the work tree.
    pub(super) fn excludes(
        &self,
        path: &Path,
        is_folder: bool,
        warn: &mut dyn FnMut(Warning),
    ) -> bool {
        let own = self.excluded.get_or_init(|| {
            let file = self.exclude.as_deref().filter(|file| file.is_file());
            file.map_or_else(Gitignore::empty, |file| rules(file, warn))
        });
        own.matched(path, is_folder).or(GLOBAL.matched(path, is_folder)).is_ignore()
    }
}

/// The rules in a file of ignore rules.
pub(super) fn rules(file: &Path, warn: &mut dyn FnMut(Warning)) -> Gitignore {
    let mut builder = GitignoreBuilder::new(HERE);
    let unread = builder.add(file);
    let (rules, unclear) = match builder.build() {
        Ok(rules) => (rules, None),
        Err(error) => (Gitignore::empty(), Some(error)),
    };
    if let Some(error) = unread.or(unclear) {
        let message = format!("an ignore file is not wholly understood: {error}");
        let path = Some(file.display().to_string());
        warn(Warning { kind: "ignore-file", path, message, incomplete: false });
    }
    rules
}

/// `.git`, or the folder that a file of that name points to (worktrees, submodules).
fn git_folder(root: &Path) -> Result<PathBuf, String> {
    let folder = root.join(".git");
    if folder.is_dir() {
        return Ok(folder);
    }
    let text =
        std::fs::read_to_string(&folder).map_err(|e| format!("`{}`: {e}", folder.display()))?;
    let target = text.strip_prefix("gitdir:").map(str::trim);
    target
        .map(|t| root.join(t))
        .ok_or_else(|| format!("`{}` names no git folder", folder.display()))
}

/// Bytes of an object name: what the configuration of the repository says.
fn name_length(common: &Path) -> usize {
    let config = std::fs::read_to_string(common.join("config")).unwrap_or_default().to_lowercase();
    let sha256 = |line: &str| line.trim().replace(' ', "") == "objectformat=sha256";
    if config.lines().any(sha256) { 32 } else { 20 }
}
