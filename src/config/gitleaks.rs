//! Configurations for gitleaks: what their files say, and the rules that come of it.
//!
//! They load as they do there: keys without regard to case, unknown ones ignored, at most two files
//! extended by one another. Not here: where such a file is looked for.

mod assembly;
mod betterleaks;
mod draft;

use std::ops::Range;

pub use assembly::Assembled;
use draft::Draft;

use super::Error;
use crate::document::{Document, Problem, Table};
use crate::rule::{Allowlist, Pattern, allowlists_with};

/// How many files may be extended, one by another.
const DEPTH: usize = 2;

/// Reads the file that a configuration extends: given its path as it is written, and the name of the
/// file that says so, tells its name for people and its text, or why there is none.
pub type Load<'a> = &'a dyn Fn(&str, &str) -> Result<(String, String), String>;

/// A configuration and those that it extends.
#[derive(Debug, Default)]
pub struct Configuration {
    /// The file itself, then what it extends.
    levels: Vec<Level>,
    /// Oddities that do no harm, such as unknown keys.
    pub notices: Vec<Problem>,
    /// What is not applied as it is written.
    pub unapplied: Vec<Problem>,
    /// The path of the file in the repository: gitleaks does not look into it.
    pub itself: Option<String>,
    /// Rules that allowlists name.
    targets: Vec<Named>,
    /// Rules that rules require.
    requirements: Vec<Named>,
}

/// What one file says.
#[derive(Debug, Default)]
struct Level {
    extends_default: bool,
    disabled: Vec<Named>,
    drafts: Vec<Draft>,
}

/// A rule's id and where it is written.
#[derive(Clone, Debug)]
struct Named {
    id: String,
    at: Place,
}

/// A place in one of the files.
#[derive(Clone, Debug, Default)]
struct Place {
    file: String,
    line: usize,
    column: usize,
}

impl Place {
    fn of(table: &Table<'_, '_>, name: &str, at: &Range<usize>) -> Self {
        let (line, column) = table.document().position(at.start);
        Self { file: name.to_owned(), line, column }
    }

    fn problem(&self, message: String, hint: &str, harmless: bool) -> Problem {
        let Self { file, line, column } = self.clone();
        let hint = Some(hint.to_owned()).filter(|hint| !hint.is_empty());
        Problem { file, line, column, message, hint, harmless }
    }
}

/// Whether a document is a configuration for gitleaks and not one of ours: by keys that we do not have, by
/// a name that it is looked for under, by keys that we alone have, or by what else there is.
pub(super) fn is_foreign(name: &str, root: &Table<'_, '_>) -> bool {
    let own = ["confidence", "disabled-rules", "max-size", "no-ignore", "follow", "archives"];
    let foreign = ["allowlist", "prefilter", "filter"];
    let lists = root.peek_tables("allowlists");
    let rules = root.peek_tables("rules");
    let has = |keys: &[&'static str]| keys.iter().any(|key| root.has(key));
    let say = |keys: &[&'static str]| lists.iter().any(|l| keys.iter().any(|key| l.has(key)));
    let file = name.rsplit(['/', '\\']).next().unwrap_or_default();
    if has(&["extend", "title", "minVersion"])
        || !rules.is_empty()
        || super::FOREIGN_NAMES.contains(&file)
    {
        return true;
    }
    if has(&own) || say(&["rules", "reason", "regex-target", "fingerprints"]) {
        return false;
    }
    has(&foreign)
        || say(&["targetRules", "regexTarget", "description"])
        || name.contains("gitleaks")
        || name.contains("betterleaks")
}

/// Reads a configuration and what it extends.
///
/// # Errors
/// All mistakes, with their places.
pub(super) fn read(
    name: &str,
    text: &str,
    load: Load<'_>,
) -> Result<(Configuration, Vec<Allowlist>), Error> {
    let mut reader = Reader::new(load);
    reader.file(name, text);
    if reader.mistakes.is_empty() {
        Ok((reader.configuration, reader.allowlists))
    } else {
        Err(Error::Wrong(reader.mistakes))
    }
}

struct Reader<'a> {
    load: Load<'a>,
    configuration: Configuration,
    allowlists: Vec<Allowlist>,
    mistakes: Vec<Problem>,
    /// Keys that a file has said already, which then are not its own to say for those it extends.
    said: Vec<&'static str>,
}

impl<'a> Reader<'a> {
    fn new(load: Load<'a>) -> Self {
        let (allowlists, mistakes, said) = (Vec::new(), Vec::new(), Vec::new());
        Self { load, configuration: Configuration::default(), allowlists, mistakes, said }
    }

    fn file(&mut self, name: &str, text: &str) {
        let document = Document::weak(name, text);
        let mut next = None;
        if let Some(parsed) = document.parse() {
            let root = document.root(&parsed);
            let depth = self.configuration.levels.len();
            let (mut level, path) = extend(&root, name, depth);
            level.drafts = self.drafts(&root, name);
            self.configuration.levels.push(level);
            self.allowlists(&root, name);
            let unapplied = &mut self.configuration.unapplied;
            self.allowlists.extend(betterleaks::of_root(&root, name, &mut self.said, unapplied));
            for ignored in ["title", "description", "minVersion", "betterleaksMinVersion"] {
                let _ = root.place(ignored);
            }
            root.finish(true);
            if let Some((path, at)) = path {
                match (self.load)(&path, name) {
                    Ok(file) => next = Some(file),
                    Err(why) => {
                        let message = format!("`{path}` could not be read: {why}");
                        let hint = "the path counts from this file, or from the current folder";
                        document.error(at, message, Some(hint.to_owned()));
                    }
                }
            }
        }
        let (notices, mistakes): (Vec<_>, Vec<_>) =
            document.into_problems().into_iter().partition(|problem| problem.harmless);
        self.configuration.notices.extend(notices);
        self.mistakes.extend(mistakes);
        if let Some((name, text)) = next {
            self.file(&name, &text);
        }
    }

    /// The rules of a file. Of those that share an id, the last one counts.
    fn drafts(&mut self, root: &Table<'_, '_>, name: &str) -> Vec<Draft> {
        let mut drafts: Vec<Draft> = Vec::new();
        for table in root.table_or_tables("rules") {
            for one in table.peek_tables("required").iter().chain(&table.peek_tables("components"))
            {
                let Some(id) = one.string("id") else { continue };
                let named = Named { at: Place::of(one, name, &id.at), id: id.value };
                self.configuration.requirements.push(named);
            }
            let draft = Draft::read(&table, name, &mut self.configuration.unapplied);
            if let Some(old) = drafts.iter_mut().find(|d| d.id == draft.id && !d.id.is_empty()) {
                let message = format!("the id `{}` is used twice; the last one counts", draft.id);
                root.document().warning(table.at.clone(), message, None);
                *old = draft;
            } else {
                drafts.push(draft);
            }
        }
        drafts
    }

    fn allowlists(&mut self, root: &Table<'_, '_>, name: &str) {
        for list in root.peek_tables("allowlists").iter().chain(&root.peek_tables("allowlist")) {
            self.configuration.targets.extend(
                list.strings("targetRules")
                    .into_iter()
                    .map(|id| Named { at: Place::of(list, name, &id.at), id: id.value }),
            );
        }
        // gitleaks takes no notice of an empty table of the old form.
        let empty = root.peek_tables("allowlist").iter().any(Table::is_empty);
        if empty && !root.has("allowlists") {
            let _ = root.place("allowlist");
        } else {
            self.allowlists.extend(allowlists_with(root, Pattern::foreign));
        }
    }
}

/// What a file says about those that it extends: the path of the next one, and where that is written.
fn extend(
    root: &Table<'_, '_>,
    name: &str,
    depth: usize,
) -> (Level, Option<(String, Range<usize>)>) {
    let mut level = Level::default();
    let Some(table) = root.table("extend") else { return (level, None) };
    let extends_default = table.boolean("useDefault").unwrap_or(false);
    let path = table.string("path").filter(|path| !path.value.is_empty());
    level.disabled = table
        .strings("disabledRules")
        .into_iter()
        .map(|id| Named { at: Place::of(&table, name, &id.at), id: id.value })
        .collect();
    let _ = table.place("url");
    table.finish(true);
    if depth >= DEPTH {
        let message = format!("files that are extended over {DEPTH} others are not read");
        root.document().warning(table.at.clone(), message, None);
        return (level, None);
    }
    if let Some(path) = path.as_ref().filter(|_| extends_default) {
        let message = "both `path` and `useDefault`".to_owned();
        root.document().error(path.at.clone(), message, Some("keep one of them".to_owned()));
    }
    level.extends_default = extends_default;
    (level, path.map(|path| (path.value, path.at)))
}
