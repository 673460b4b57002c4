//! The configuration file: `keytrawl.toml` or `.keytrawl.toml`, from the scanned folder upwards to
//! the root of its repository.
//!
//! It can widen or narrow what is reported. It has no word for where a secret is sent. Unknown keys
//! are mistakes. Not here: options of the command line, which come before it.

pub mod gitleaks;

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use crate::document::{Document, Problem, Table};
use crate::finding::Confidence;
use crate::rule::{Allowlist, allowlists};

/// The names that are looked for, in this order.
pub const NAMES: [&str; 2] = ["keytrawl.toml", ".keytrawl.toml"];
/// The names of configurations for gitleaks and its like, which are looked for if there is none of ours.
pub const FOREIGN_NAMES: [&str; 2] = [".betterleaks.toml", ".gitleaks.toml"];

/// What a configuration file says; none: it does not say.
#[derive(Debug, Default)]
pub struct Config {
    /// The file, if there is one.
    pub path: Option<PathBuf>,
    /// Findings that are less sure are left out.
    pub confidence: Option<Confidence>,
    /// Rule files beside the built-in ones, relative to the configuration file.
    pub rules: Vec<PathBuf>,
    /// Ids of rules that are not wanted.
    pub disabled_rules: Vec<String>,
    /// Files of more bytes are left out.
    pub max_size: Option<u64>,
    /// Whether to read what `.gitignore` hides.
    pub no_ignore: Option<bool>,
    /// Whether to follow symbolic links.
    pub follow: Option<bool>,
    /// Whether to look into archives.
    pub archives: Option<bool>,
    /// How many archives within each other are opened.
    pub archive_depth: Option<u64>,
    /// How many bytes one archive may unpack to.
    pub archive_size: Option<u64>,
    /// What is no secret here.
    pub allowlists: Vec<Allowlist>,
    /// Set if the file is one for gitleaks: where the rules come from.
    pub gitleaks: Option<gitleaks::Configuration>,
}

/// A configuration that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The file cannot be read.
    #[error("the configuration `{path}` could not be read: {source}")]
    Read {
        /// The file.
        path: String,
        /// Why.
        source: std::io::Error,
    },
    /// The file has mistakes.
    #[error("the configuration is wrong")]
    Wrong(
        /// All of them, in the order of the file.
        Vec<Problem>,
    ),
}

/// The configuration file for `start`, a file or folder: of the nearest folder from there up to the
/// work tree's root. Outside of a repository only the folder itself counts. One for gitleaks counts if
/// there is none of ours.
pub fn find(start: &Path) -> Option<PathBuf> {
    let root = root(start)?;
    let real = start.canonicalize().ok()?;
    let folder = if real.is_dir() { real.as_path() } else { real.parent()? };
    let folders: Vec<&Path> = folder.ancestors().take_while(|f| f.starts_with(&root)).collect();
    let nearest = |names: &[&str]| {
        let mut all = folders.iter().flat_map(|f| names.iter().map(move |name| f.join(name)));
        all.find(|path| path.is_file())
    };
    nearest(&NAMES).or_else(|| nearest(&FOREIGN_NAMES))
}

/// The configuration for gitleaks that stands beside one of ours and does not count.
pub fn overruled(path: &Path) -> Option<PathBuf> {
    let name = path.file_name()?.to_str()?;
    let folder = path.parent().filter(|_| NAMES.contains(&name))?;
    FOREIGN_NAMES.iter().map(|name| folder.join(name)).find(|path| path.is_file())
}

/// The root of the work tree that `start` is in; outside of a repository, the folder that it is, or
/// is in.
pub fn root(start: &Path) -> Option<PathBuf> {
    let real = start.canonicalize().ok()?;
    let folder = if real.is_dir() { real.as_path() } else { real.parent()? };
    let root = folder.ancestors().find(|f| f.join(".git").exists()).unwrap_or(folder);
    Some(root.to_owned())
}

/// Files that a configuration names are no larger: lists of rules have some hundred kilobytes.
const MOST: u64 = 16 << 20;

/// The text of a file that the configuration of what is scanned names. Whoever wrote that may have named
/// a device without an end, or a pipe that nobody writes to.
///
/// # Errors
/// If it is no regular file, too large, or cannot be read.
pub fn text_of(path: &Path) -> io::Result<String> {
    if !std::fs::metadata(path)?.is_file() {
        return Err(io::Error::other("it is no regular file"));
    }
    let mut text = String::new();
    if File::open(path)?.take(MOST + 1).read_to_string(&mut text)? as u64 > MOST {
        return Err(io::Error::other("it is larger than 16 MB"));
    }
    Ok(text)
}

/// Reads a configuration file, ours or one for gitleaks; `load` reads what that extends.
///
/// # Errors
/// If it cannot be read, or has mistakes: all of them are told, with their places.
pub fn load(path: &Path, load: gitleaks::Load<'_>) -> Result<Config, Error> {
    let name = path.display().to_string();
    let text = std::fs::read_to_string(path)
        .map_err(|source| Error::Read { path: name.clone(), source })?;
    placed(path, &text, load)
}

/// The configuration that `text` is, which was read from `path`.
///
/// # Errors
/// As [`load`], of the text and of what it extends.
pub fn load_text(path: &Path, text: &str) -> Result<Config, Error> {
    placed(path, text, &extended)
}

fn placed(path: &Path, text: &str, load: gitleaks::Load<'_>) -> Result<Config, Error> {
    let mut config = parse(&path.display().to_string(), text, load)?;
    config.path = Some(path.to_owned());
    let folder = path.parent().unwrap_or(Path::new(""));
    for rules in &mut config.rules {
        *rules = folder.join(&*rules);
    }
    if let Some(gitleaks) = &mut config.gitleaks {
        gitleaks.itself = inside(path);
    }
    Ok(config)
}

/// The path of a file in its repository.
fn inside(path: &Path) -> Option<String> {
    let (real, root) = (path.canonicalize().ok()?, root(path)?);
    let parts = real.strip_prefix(root).ok()?.iter().map(std::ffi::OsStr::to_str);
    parts.collect::<Option<Vec<&str>>>().map(|parts| parts.join("/"))
}

/// Where a file may be that one for gitleaks extends: from that file on, or from the current folder.
pub fn extended_paths(path: &str, by: &str) -> [PathBuf; 2] {
    let folder = Path::new(by).parent().unwrap_or(Path::new(""));
    [folder.join(path), PathBuf::from(path)]
}

/// The file that one for gitleaks extends: its name and text.
///
/// # Errors
/// Why it cannot be read.
pub fn extended(path: &str, by: &str) -> Result<(String, String), String> {
    let [near, far] = extended_paths(path, by);
    let path = if near.is_file() { near } else { far };
    let text = text_of(&path).map_err(|error| error.to_string())?;
    Ok((path.display().to_string(), text))
}

/// Reads a configuration for gitleaks from a text that has no place of its own; `load` reads what it
/// extends.
///
/// # Errors
/// All mistakes, with their places.
pub fn of_gitleaks(name: &str, text: &str, load: gitleaks::Load<'_>) -> Result<Config, Error> {
    let (gitleaks, allowlists) = gitleaks::read(name, text, load)?;
    Ok(Config { gitleaks: Some(gitleaks), allowlists, ..Config::default() })
}

/// Reads a configuration from its text; `name` is what its mistakes are told with. Paths of rule
/// files stay as they are written; `load` reads what a configuration for gitleaks extends.
///
/// # Errors
/// All mistakes, with their places.
pub fn parse(name: &str, text: &str, load: gitleaks::Load<'_>) -> Result<Config, Error> {
    let document = Document::new(name, text);
    let mut config = Config::default();
    if let Some(parsed) = document.parse() {
        let root = document.root(&parsed);
        let file = name.split(" (").next().unwrap_or(name).rsplit(['/', '\\']).next();
        let own = file.is_some_and(|file| NAMES.contains(&file));
        if !own && gitleaks::is_foreign(file.unwrap_or(name), &root) {
            let (gitleaks, allowlists) = gitleaks::read(name, text, load)?;
            return Ok(Config { gitleaks: Some(gitleaks), allowlists, ..config });
        }
        read(&root, &mut config);
    }
    let problems = document.into_problems();
    if problems.is_empty() { Ok(config) } else { Err(Error::Wrong(problems)) }
}

fn read(root: &Table<'_, '_>, config: &mut Config) {
    config.confidence = confidence(root);
    config.rules = root.strings("rules").into_iter().map(|r| PathBuf::from(r.value)).collect();
    config.disabled_rules = root.strings("disabled-rules").into_iter().map(|r| r.value).collect();
    config.max_size = size(root, "max-size");
    config.no_ignore = root.boolean("no-ignore");
    config.follow = root.boolean("follow");
    if let Some(archives) = root.table("archives") {
        config.archives = archives.boolean("enabled");
        config.archive_depth = archives.unsigned("depth").map(|d| d.value);
        config.archive_size = size(&archives, "max-size");
        archives.finish(false);
    }
    config.allowlists = allowlists(root);
    refuse_sending(root);
    root.finish(false);
}

/// What is scanned has no say in whether, where and by whose word a secret is sent.
fn refuse_sending(root: &Table<'_, '_>) {
    for key in ["verify", "verify-endpoint", "verify-as", "verify-timeout", "ca-file"] {
        if let Some(at) = root.place(key) {
            let message =
                format!("`{key}` has no place here: what is scanned must not say where secrets go");
            let hint = Some("live checks are asked for on the command line".to_owned());
            root.document().error(at, message, hint);
        }
    }
}

fn confidence(root: &Table<'_, '_>) -> Option<Confidence> {
    let word = root.string("confidence")?;
    let all = [Confidence::Low, Confidence::Medium, Confidence::High];
    let found = all.into_iter().find(|c| c.as_str() == word.value);
    if found.is_none() {
        let message = format!("`{}` is no confidence", word.value);
        root.document().error(word.at, message, Some("one of: low, medium, high".to_owned()));
    }
    found
}

/// A number of bytes, or a text such as `"10MB"`.
fn size(table: &Table<'_, '_>, key: &'static str) -> Option<u64> {
    if table.is_string(key) {
        let text = table.string(key)?;
        return parse_size(&text.value)
            .map_err(|message| table.document().error(text.at, message, None))
            .ok();
    }
    table.unsigned(key).map(|n| n.value)
}

/// Reads a size such as `500`, `64k`, `10MB` or `1GiB`; the units are powers of 1024.
///
/// # Errors
/// What is wrong with the text, for people.
pub fn parse_size(text: &str) -> Result<u64, String> {
    let digits = text.trim().trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let unit = text.trim()[digits.len()..].to_ascii_lowercase();
    let factor: u64 = match unit.trim_end_matches('b').trim_end_matches('i') {
        "" => 1,
        "k" => 1 << 10,
        "m" => 1 << 20,
        "g" => 1 << 30,
        "t" => 1 << 40,
        _ => return Err(format!("`{text}` is no size; write `500`, `64k`, `10MB` or `1GiB`")),
    };
    let number: u64 = digits
        .trim()
        .parse()
        .map_err(|_| format!("`{text}` is no size; write `500`, `64k`, `10MB` or `1GiB`"))?;
    number.checked_mul(factor).ok_or_else(|| format!("`{text}` is too large"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_is_read() {
        let text = r#"
            confidence = "high"
            rules = ["own.toml"]
            disabled-rules = ["sk-test-key"]
            max-size = "10MB"
            no-ignore = true
            follow = true
            [archives]
            enabled = false
            depth = 3
            max-size = 1000
            [[allowlists]]
            reason = "fixtures"
            paths = ['^tests/']
            rules = ["sk-live-key"]
        "#;
        let config = parse("k.toml", text, &extended).expect("valid");
        assert_eq!(config.confidence, Some(Confidence::High));
        assert_eq!(config.max_size, Some(10 << 20));
        assert_eq!(
            (config.archives, config.archive_depth, config.archive_size),
            (Some(false), Some(3), Some(1000))
        );
        assert_eq!(config.allowlists[0].description, "fixtures");
        assert_eq!(config.allowlists[0].rules, ["sk-live-key"]);
    }

    #[test]
    fn unknown_keys_are_mistakes_with_a_suggestion() {
        let Err(Error::Wrong(problems)) =
            parse("k.toml", "confidense = \"low\"\n[verify]\nurl = \"x\"\n", &extended)
        else {
            panic!("mistakes were expected");
        };
        assert_eq!(problems[0].to_string(), "k.toml:1:1: unknown key `confidense`");
        assert_eq!(problems[0].hint.as_deref(), Some("did you mean `confidence`?"));
        assert_eq!(
            problems[1].to_string(),
            "k.toml:2:1: `verify` has no place here: what is scanned must not say where secrets go"
        );
    }

    #[test]
    fn sizes_have_units() {
        assert_eq!(parse_size("500"), Ok(500));
        assert_eq!(parse_size("64k"), Ok(64 << 10));
        assert_eq!(parse_size("10 MB"), Ok(10 << 20));
        assert_eq!(parse_size("1GiB"), Ok(1 << 30));
        assert!(parse_size("many").is_err());
        assert!(parse_size("99999999999G").is_err());
    }
}
