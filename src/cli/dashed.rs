//! Names of files that read like options, where a tool puts names behind the options of its user.
//!
//! pre-commit calls `keytrawl staged --or-files ARGS NAMES` and puts no `--` before the names. Whoever
//! commits a file `--fail-on=never` must not choose the options. Not here: what arguments mean.

use std::ffi::{OsStr, OsString};
use std::path::Path;

use super::message::Failure;
use super::repository;
use crate::git::index;

/// Refuses words that may be options and names of files. It is asked before anything else reads the
/// arguments: the name may be `--help`.
pub(super) fn refuse(arguments: &[OsString]) -> Result<(), Failure> {
    let words = arguments.get(1..).unwrap_or_default();
    let end = words.iter().position(|word| word == "--");
    let (options, rest) = words.split_at(end.unwrap_or(words.len()));
    let named = |name: &str| options.iter().any(|word| word == name);
    if !named("staged") || !named("--or-files") {
        return Ok(());
    }
    // A file may be called `--`, too; a second one of them is a name already.
    let alone = rest.iter().filter(|word| *word == "--").count() == 1;
    let marks = rest.first().filter(|_| alone);
    let dashed = |word: &&OsString| word.as_encoded_bytes().starts_with(b"-") && *word != "-";
    let doubtful: Vec<&OsString> = options.iter().filter(dashed).chain(marks).collect();
    if doubtful.is_empty() {
        return Ok(());
    }
    let staged = staged();
    let is_name = |word: &&OsString| is_there(word) || staged(word);
    match doubtful.into_iter().find(is_name) {
        None => Ok(()),
        Some(word) => Err(refused(&word.to_string_lossy())),
    }
}

fn refused(word: &str) -> Failure {
    let hint = match word {
        "--" => "nothing was scanned. Rename the file",
        _ => {
            "nothing was scanned. End the options with `--`, for pre-commit as in \
             `args: [\"--quiet\", \"--\"]`, or rename the file"
        }
    };
    Failure::new(format!("`{word}` may be an option, and a file is called so")).hint(hint)
}

/// Whether the work tree has something of that name.
fn is_there(word: &OsStr) -> bool {
    Path::new(word).symlink_metadata().is_ok()
}

/// Whether the index has a file of that name. Of a repository that cannot be read the scan tells.
fn staged() -> impl Fn(&OsStr) -> bool {
    let repository = repository::open(Path::new(".")).ok();
    let read = repository.as_ref().and_then(|repository| {
        let own = repository.git_dir().join("index");
        let place = repository::index().unwrap_or(own);
        index::read(&place, repository.git_dir(), repository.format().name_len()).ok()
    });
    let entries = read.map(|read| read.entries).unwrap_or_default();
    move |word: &OsStr| {
        let inner = |one| repository::inner_bytes(one, Path::new(word));
        let path = repository.as_ref().and_then(inner);
        path.is_some_and(|path| entries.iter().any(|entry| entry.path == path))
    }
}
