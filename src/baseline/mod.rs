//! Baselines: secrets that are known and may stay, each in its place.
//!
//! A baseline is a file of ours (`own`) or of another scanner (`foreign`), read as it is; `apply`
//! takes what it lists out of an outcome. A new copy of a known secret in another place is none of
//! what it lists. Not here: scanning, and comments or allowlists, which work on each match.

mod apply;
mod entry;
mod foreign;
mod own;

pub use apply::{Coverage, Today, apply};
pub use entry::{Entry, Format};
pub use own::{Contents, HEADER, Line};

use std::path::{Path, PathBuf};

/// The file that a repository keeps its baseline in.
pub const NAME: &str = ".keytrawl-baseline";

/// The names that are looked for at the root of what is scanned, in this order.
pub const NAMES: [&str; 3] = [NAME, ".gitleaksignore", ".betterleaksignore"];

/// A baseline that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The file cannot be read.
    #[error("the baseline `{path}` could not be read: {source}")]
    Read {
        /// The file.
        path: String,
        /// Why.
        source: std::io::Error,
    },
    /// The file is not what it seems to be.
    #[error("the baseline `{path}` is wrong: {reason}")]
    Wrong {
        /// The file.
        path: String,
        /// What is wrong with it, with the line if there is one.
        reason: String,
    },
}

/// A baseline that was read.
#[derive(Debug)]
pub struct Baseline {
    /// The file, as the user would type it.
    pub name: String,
    /// Its path in the repository, if it is in there: what it lists in clear is no news in itself.
    pub stable_path: Option<String>,
    /// Whose file it is.
    pub format: Format,
    /// Whether it is one of ours whose fingerprints a key made.
    pub keyed: bool,
    /// What it lists, in the order of the file.
    pub entries: Vec<Entry>,
    /// Lines that say nothing: number and what is wrong.
    pub problems: Vec<(usize, String)>,
}

/// Reads a baseline, whoever wrote it: its content tells. `stable_path` is its path in the
/// repository.
///
/// # Errors
/// If it cannot be read, or is in no known form.
pub fn load(path: &Path, stable_path: Option<String>) -> Result<Baseline, Error> {
    let name = path.display().to_string();
    let read = std::fs::read(path);
    let bytes = read.map_err(|source| Error::Read { path: name.clone(), source })?;
    let text = String::from_utf8(bytes).map_err(|_| Error::Wrong {
        path: name.clone(),
        reason: "it is no UTF-8 text".to_owned(),
    })?;
    parse(&name, &text)
        .map(|baseline| Baseline { stable_path, ..baseline })
        .map_err(|reason| Error::Wrong { path: name, reason })
}

/// The same for a file that was read already, such as one of another commit.
///
/// # Errors
/// If it is in no known form.
pub fn of_text(name: &str, text: &str, stable_path: Option<String>) -> Result<Baseline, Error> {
    parse(name, text)
        .map(|baseline| Baseline { stable_path, ..baseline })
        .map_err(|reason| Error::Wrong { path: name.to_owned(), reason })
}

/// The baselines at the root of what is scanned.
pub fn found_at(root: &Path) -> Vec<PathBuf> {
    NAMES.iter().map(|name| root.join(name)).filter(|path| path.is_file()).collect()
}

fn parse(name: &str, text: &str) -> Result<Baseline, String> {
    let text = text.trim_start_matches('\u{feff}');
    let (format, entries, problems) = match text.trim_start().bytes().next() {
        Some(b'[' | b'{') => {
            let (format, entries) = foreign::json(text)?;
            (format, entries, Vec::new())
        }
        _ if foreign::is_kingfisher(text) => {
            let (entries, problems) = foreign::kingfisher(text);
            (Format::Kingfisher, entries, problems)
        }
        _ => lines(text),
    };
    let (name, keyed) = (name.to_owned(), format == Format::Own && own::is_keyed(text));
    Ok(Baseline { name, stable_path: None, format, keyed, entries, problems })
}

/// A list of fingerprints, ours or others'; each line tells by its form.
fn lines(text: &str) -> (Format, Vec<Entry>, Vec<(usize, String)>) {
    let (mut entries, mut problems): (Vec<Entry>, Vec<_>) = (Vec::new(), Vec::new());
    let mut format = if text.starts_with(HEADER) { Some(Format::Own) } else { None };
    for (number, line) in (1..).zip(text.lines()) {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let read = match own::read(line) {
            Some(read) => read.map(|entry| (Format::Own, entry)),
            None => foreign::line(line).ok_or_else(|| {
                "is neither a fingerprint of keytrawl nor one of gitleaks or betterleaks".to_owned()
            }),
        };
        match read {
            Ok((kind, mut entry)) => {
                entry.line = number;
                format.get_or_insert(kind);
                entries.push(entry);
            }
            Err(problem) => problems.push((number, problem)),
        }
    }
    (format.unwrap_or(Format::Own), entries, problems)
}
