//! Finds a repository, its object directories and its refs.
//!
//! Both are found by reading git's own files, so that a repository that libgit2 cannot open (SHA-256
//! names, another owner) is found too; refs in a reftable come from `git for-each-ref`. Nothing of
//! the repository is ever executed: no hook, no filter, no configured command.
//!
//! Not here: objects ([`crate::git::store`]).

mod files;
mod place;
mod refs;
mod revision;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::object::{ObjectFormat, ObjectId};
pub use refs::Ref;

/// Alternates that may lead to further alternates; git itself stops at five.
const MAX_ALTERNATES: usize = 1000;

/// Why a repository, or its refs, cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum RepositoryError {
    /// Neither the path nor a directory above it is one.
    #[error("{path} is not in a git repository")]
    NotFound {
        /// Where the search began.
        path: PathBuf,
    },
    /// A file says where the repository is, and it is not there.
    #[error(
        "{file} says that the repository is at {target}, and there is none: was it moved (then \
         `git worktree repair` in it helps), or is its disk not mounted?"
    )]
    Astray {
        /// The file.
        file: PathBuf,
        /// What it names.
        target: PathBuf,
    },
    /// What should be a git directory, or name one, does neither.
    #[error("{path} is no git directory, and names none")]
    NoGitDir {
        /// Where it should be.
        path: PathBuf,
    },
    /// A file of the repository cannot be read.
    #[error("cannot read {path}: {source}")]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// An object format that does not exist yet.
    #[error("{path}: the object format {format} is not known")]
    Format {
        /// The repository.
        path: PathBuf,
        /// As the configuration has it.
        format: String,
    },
    /// libgit2 cannot read the configuration.
    #[error("cannot read the configuration of {path}: {source}")]
    Libgit2 {
        /// The repository.
        path: PathBuf,
        /// Why.
        source: git2::Error,
    },
    /// A ref's file holds neither a name of an object nor that of another ref.
    #[error("{path} is damaged: it names no object")]
    Ref {
        /// The file.
        path: PathBuf,
    },
    /// A line of `packed-refs` holds no ref.
    #[error(
        "{path} is damaged: line {line} names no ref, and which refs are lost cannot be told; git \
         cannot read it either"
    )]
    Packed {
        /// The file.
        path: PathBuf,
        /// The line.
        line: usize,
    },
    /// A line of the stash's log names no stash.
    #[error("{path} is damaged: line {line} names no stash; `git stash list` shows the others")]
    Stash {
        /// The log.
        path: PathBuf,
        /// The line.
        line: usize,
    },
    /// Only git itself can read these refs, and it failed.
    #[error(
        "only git can read the refs of {path} (they are in a reftable): {problem}; install git 2.45 or later"
    )]
    Git {
        /// The repository.
        path: PathBuf,
        /// What went wrong.
        problem: String,
    },
}

/// Where the parts of a repository are.
#[derive(Clone, Debug)]
pub struct Repository {
    git_dir: PathBuf,
    common_dir: PathBuf,
    object_dirs: Vec<PathBuf>,
    missing_alternates: Vec<PathBuf>,
    format: ObjectFormat,
    files_backend: bool,
    partial: bool,
    work_tree: Option<PathBuf>,
}

impl Repository {
    /// The repository that `path` is, or is in: a bare one, a work tree, a linked work tree.
    pub fn discover(path: &Path) -> Result<Self, RepositoryError> {
        let start = read(path, fs::canonicalize(path))?;
        for directory in start.ancestors() {
            if let Some(git_dir) = place::git_dir(directory)? {
                let inside = git_dir != directory;
                let found = Self::open(git_dir)?;
                // `core.worktree` comes before the place of `.git`.
                let own = inside.then(|| directory.to_owned());
                let work_tree = found.work_tree.clone().or(own);
                return Ok(Self { work_tree, ..found });
            }
        }
        Err(RepositoryError::NotFound { path: path.into() })
    }

    /// The repository whose git directory is named (`GIT_DIR`), with its work tree
    /// (`GIT_WORK_TREE`) if that is known.
    pub fn at(git_dir: &Path, work_tree: Option<&Path>) -> Result<Self, RepositoryError> {
        let found = Self::open(place::named(git_dir)?)?;
        let work_tree = work_tree.map(Path::to_owned).or_else(|| found.work_tree.clone());
        Ok(Self { work_tree, ..found })
    }

    fn open(git_dir: PathBuf) -> Result<Self, RepositoryError> {
        let common_dir = place::common_dir(&git_dir)?;
        let config = config(&common_dir)?;
        let word = |key: &str| config.as_ref().and_then(|config| config.get_string(key).ok());
        let format = match word("extensions.objectformat").as_deref() {
            None | Some("sha1") => ObjectFormat::Sha1,
            Some("sha256") => ObjectFormat::Sha256,
            Some(other) => {
                return Err(RepositoryError::Format { path: git_dir, format: other.into() });
            }
        };
        let storage = word("extensions.refstorage");
        let partial = word("extensions.partialclone").is_some();
        let work_tree = word("core.worktree").map(|path| git_dir.join(path));
        let (object_dirs, missing_alternates) = object_dirs(common_dir.join("objects"))?;
        Ok(Self {
            git_dir,
            common_dir,
            object_dirs,
            missing_alternates,
            format,
            files_backend: storage.is_none_or(|name| name == "files"),
            partial,
            work_tree,
        })
    }

    /// Looks for objects in these directories first (`GIT_OBJECT_DIRECTORY` and its alternates: where
    /// a push waits for the hooks' consent).
    pub fn prefer_objects(&mut self, directories: impl IntoIterator<Item = PathBuf>) {
        let mut all: Vec<PathBuf> = directories.into_iter().collect();
        all.append(&mut self.object_dirs);
        self.object_dirs = all;
    }

    /// The root of the work tree, if there is one.
    pub fn work_tree(&self) -> Option<&Path> {
        self.work_tree.as_deref()
    }

    /// A value of the repository's own configuration.
    pub fn setting(&self, key: &str) -> Option<String> {
        config(&self.common_dir).ok()?.and_then(|config| config.get_string(key).ok())
    }

    /// The directory with `HEAD`: of the linked work tree, if it is one.
    pub fn git_dir(&self) -> &Path {
        &self.git_dir
    }

    /// The directory that all work trees share.
    pub fn common_dir(&self) -> &Path {
        &self.common_dir
    }

    /// Where objects are: its own directory first, then the alternates.
    pub fn object_dirs(&self) -> &[PathBuf] {
        &self.object_dirs
    }

    /// Alternates that are named and not there: objects may be missing.
    pub fn missing_alternates(&self) -> &[PathBuf] {
        &self.missing_alternates
    }

    /// The hash function of its names.
    pub fn format(&self) -> ObjectFormat {
        self.format
    }

    /// Whether its history was cut off when it was cloned.
    pub fn is_shallow(&self) -> bool {
        fs::metadata(self.common_dir.join("shallow")).is_ok_and(|file| file.len() > 0)
    }

    /// The commits at which a shallow clone ends: their parents are not there.
    pub fn shallow(&self) -> Vec<ObjectId> {
        let text = fs::read(self.common_dir.join("shallow")).unwrap_or_default();
        let lines = text.split(|byte| *byte == b'\n');
        lines.filter_map(|line| ObjectId::from_hex(line.trim_ascii())).collect()
    }

    /// Whether objects may be missing by intent: a partial clone, or packs of a promisor.
    pub fn is_partial(&self) -> bool {
        let promisor = |directory: &PathBuf| {
            let files = fs::read_dir(directory.join("pack")).ok()?;
            let mut names = files.filter_map(|file| Some(file.ok()?.path()));
            names.find(|path| path.extension().is_some_and(|end| end == "promisor"))
        };
        self.partial || self.object_dirs.iter().any(|directory| promisor(directory).is_some())
    }

    /// All refs and heads with what they name (tags are not peeled), in order of their names.
    pub fn refs(&self) -> Result<Vec<Ref>, RepositoryError> {
        refs::all(self)
    }

    /// The commit that HEAD names; none before the first commit.
    pub fn head(&self) -> Result<Option<ObjectId>, RepositoryError> {
        revision::head(self)
    }

    /// The object that a revision names, as git reads revisions (`main~2`, `v1.0`, a short id); a tag
    /// is not followed. None if there is no such object.
    pub fn revision(&self, name: &str) -> Result<Option<ObjectId>, RepositoryError> {
        revision::named(self, name)
    }
}

/// The configuration of the repository alone: the user's own cannot change a format.
fn config(common_dir: &Path) -> Result<Option<git2::Config>, RepositoryError> {
    let path = common_dir.join("config");
    if !path.exists() {
        return Ok(None);
    }
    git2::Config::open(&path)
        .and_then(|mut config| config.snapshot())
        .map(Some)
        .map_err(|source| RepositoryError::Libgit2 { path: common_dir.into(), source })
}

/// An object directory and all its alternates, each once; those that are not there apart.
fn object_dirs(own: PathBuf) -> Result<(Vec<PathBuf>, Vec<PathBuf>), RepositoryError> {
    let (mut found, mut missing, mut seen) = (vec![own.clone()], Vec::new(), Vec::new());
    seen.push(fs::canonicalize(&own).unwrap_or(own));
    let mut next = 0;
    while let Some(directory) = found.get(next).cloned() {
        next += 1;
        let Some(text) = read_optional(&directory.join("info/alternates"))? else { continue };
        for line in text.split(|byte| *byte == b'\n') {
            let Some(name) = alternate(line) else { continue };
            let path = directory.join(path_of(&name));
            match fs::canonicalize(&path) {
                Ok(real) if seen.contains(&real) || seen.len() > MAX_ALTERNATES => {}
                Ok(real) => {
                    seen.push(real);
                    found.push(path);
                }
                Err(_) => missing.push(path),
            }
        }
    }
    Ok((found, missing))
}

/// A line of `alternates`: a path, or one in quotes with backslash escapes; `#` begins a comment.
fn alternate(line: &[u8]) -> Option<Vec<u8>> {
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    if line.is_empty() || line.starts_with(b"#") {
        return None;
    }
    let Some(quoted) = line.strip_prefix(b"\"").and_then(|line| line.strip_suffix(b"\"")) else {
        return Some(line.to_vec());
    };
    let (mut name, mut bytes) = (Vec::new(), quoted.iter().copied());
    while let Some(byte) = bytes.next() {
        name.push(match byte {
            b'\\' => match bytes.next()? {
                b'n' => b'\n',
                b't' => b'\t',
                digit @ b'0'..=b'3' => {
                    let mut value = digit - b'0';
                    for _ in 0..2 {
                        let digit = bytes.next().filter(|byte| (b'0'..=b'7').contains(byte))?;
                        value = value << 3 | (digit - b'0');
                    }
                    value
                }
                other => other,
            },
            byte => byte,
        });
    }
    Some(name)
}

fn trim_line(text: &[u8]) -> &[u8] {
    text.trim_ascii_end()
}

#[cfg(unix)]
fn path_of(bytes: &[u8]) -> PathBuf {
    use std::os::unix::ffi::OsStrExt;
    PathBuf::from(std::ffi::OsStr::from_bytes(bytes))
}

#[cfg(not(unix))]
fn path_of(bytes: &[u8]) -> PathBuf {
    PathBuf::from(String::from_utf8_lossy(bytes).into_owned())
}

fn read<T>(path: &Path, result: io::Result<T>) -> Result<T, RepositoryError> {
    result.map_err(|source| RepositoryError::Read { path: path.into(), source })
}

/// Reads a file, if it is there. Nothing else is opened: a FIFO would never end.
fn read_optional(path: &Path) -> Result<Option<Vec<u8>>, RepositoryError> {
    let content = fs::metadata(path).and_then(|found| match found.is_file() {
        true => fs::read(path),
        false => Err(io::Error::other("it is no file")),
    });
    match content {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(RepositoryError::Read { path: path.into(), source }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn alternates_are_paths_comments_or_quoted() {
        assert_eq!(alternate(b"../x y"), Some(b"../x y".to_vec()));
        assert_eq!(alternate(b"# no"), None);
        assert_eq!(alternate(b""), None);
        assert_eq!(alternate(br#""a\"b\\\303\274""#), Some(b"a\"b\\\xc3\xbc".to_vec()));
        assert_eq!(alternate(br#""cut\3""#), None);
    }
}
