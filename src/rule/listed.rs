//! Built-in rules and providers that are read when they are first asked for. Reading all of their
//! files takes twenty milliseconds, and most runs need few of them or none.
//!
//! What the search needs of each rule stands in an index (`index.tsv`), which
//! `keytrawl rules index` writes and a test holds against the files. Not here: the rules' own syntax.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt::Write as _;
use std::ops::{Deref, DerefMut};
use std::sync::{LazyLock, OnceLock};

use super::load::{LoadError, RuleFile, parse};
use super::names::Names;
use super::pattern::Lead;
use super::provider::Provider;
use super::{Encodings, Rule};

/// The rule files that are part of the program, by name: all of `rules/`, listed by `build.rs`.
const FILES: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/rules.rs"));

/// What the search needs of the rules in [`FILES`].
const INDEX: &str = include_str!("index.tsv");

/// The files that were read so far.
static READ: LazyLock<Vec<OnceLock<RuleFile>>> =
    LazyLock::new(|| FILES.iter().map(|_| OnceLock::new()).collect());

/// Reads the built-in file number `file`.
fn read(file: usize) -> Result<RuleFile, LoadError> {
    let (name, text) = FILES[file];
    let mut read = parse(name, text)?;
    for rule in &mut read.rules {
        rule.encodings.get_or_insert(Encodings::Common);
        rule.allowlists.iter_mut().for_each(|list| list.written = None);
    }
    Ok(read)
}

fn built_in(file: usize) -> &'static RuleFile {
    READ[file].get_or_init(|| read(file).expect("a test reads every built-in file"))
}

/// A rule of a set; reads as [`Rule`].
#[derive(Debug)]
pub struct Listed {
    /// The rule's id.
    pub id: Cow<'static, str>,
    source: Source,
}

#[derive(Debug)]
enum Source {
    Own(Box<Rule>),
    BuiltIn { file: usize, at: usize, weak: bool, search: Search },
}

/// What the search needs of a rule: fields of the index, which are read when they are first asked for.
#[derive(Debug)]
struct Search {
    encodings: Encodings,
    /// Other ids, with commas between them.
    aliases: &'static str,
    names: Field<Names, 1>,
    lead: Field<Lead, 3>,
}

/// What some fields of a line say. Most runs ask for few.
#[derive(Debug)]
struct Field<T, const N: usize> {
    written: [&'static str; N],
    read: OnceLock<Option<T>>,
}

impl<T, const N: usize> Field<T, N> {
    fn new(written: [&'static str; N]) -> Self {
        Self { written, read: OnceLock::new() }
    }

    /// Whether there is nothing to read.
    fn is_empty(&self) -> bool {
        self.written[0].is_empty()
    }

    fn get(&self, read: impl FnOnce([&'static str; N]) -> Option<T>) -> Option<&T> {
        self.read.get_or_init(|| read(self.written)).as_ref()
    }
}

impl Search {
    fn lead(&self) -> Option<&Lead> {
        self.lead.get(|[literals, back, runs]| Lead::listed(literals, back, runs))
    }
}

impl Listed {
    /// Whether `id` is its id, or another one under which users may know it.
    pub fn is_called(&self, id: &str) -> bool {
        self.id == id
            || match &self.source {
                Source::Own(rule) => rule.aliases.iter().any(|alias| alias == id),
                Source::BuiltIn { search, .. } => {
                    // Most have none, and nothing is no alias.
                    !id.is_empty() && search.aliases.split(',').any(|alias| alias == id)
                }
            }
    }

    /// Whether its provider is `id`, as which `providers` are known; of a built-in one, whether its file
    /// is that provider's.
    pub fn is_of(&self, id: &str, providers: &[&ListedProvider]) -> bool {
        match &self.source {
            Source::Own(rule) => rule.provider.as_deref() == Some(id),
            Source::BuiltIn { file, .. } => {
                providers.iter().any(|p| p.own.is_none() && p.file == *file)
            }
        }
    }

    /// The rule, if it is not built in.
    pub fn own(&self) -> Option<&Rule> {
        match &self.source {
            Source::Own(rule) => Some(rule),
            Source::BuiltIn { .. } => None,
        }
    }

    /// The same, to be changed.
    pub fn own_mut(&mut self) -> Option<&mut Rule> {
        match &mut self.source {
            Source::Own(rule) => Some(rule),
            Source::BuiltIn { .. } => None,
        }
    }

    /// The rule, to be made another one.
    pub fn into_rule(self) -> Rule {
        match self.source {
            Source::Own(rule) => *rule,
            Source::BuiltIn { file, at, .. } => built_in(file).rules[at].clone(),
        }
    }

    /// The literals by which it is found.
    pub fn lead(&self) -> Option<&Lead> {
        match &self.source {
            Source::Own(rule) => rule.pattern.lead(),
            Source::BuiltIn { search, .. } => search.lead(),
        }
    }

    /// What the name of an assigned value must say.
    pub fn names(&self) -> Option<&Names> {
        match &self.source {
            Source::Own(rule) => rule.names.as_ref(),
            Source::BuiltIn { search, .. } => search.names.get(|[names]| Names::listed(names)),
        }
    }

    /// The encodings in which its literals are sought.
    pub fn encodings(&self) -> Encodings {
        match &self.source {
            Source::Own(rule) => rule.encodings.unwrap_or(Encodings::All),
            Source::BuiltIn { search, .. } => search.encodings,
        }
    }

    /// Whether it is about what anyone guesses; see [`Rule::is_weak`].
    pub fn is_weak(&self) -> bool {
        match &self.source {
            Source::Own(rule) => rule.is_weak(),
            Source::BuiltIn { weak, .. } => *weak,
        }
    }

    /// Whether it is sought by a literal or a name; see [`Rule::is_anchored`].
    pub fn is_anchored(&self) -> bool {
        self.has_names()
            || match &self.source {
                Source::Own(rule) => rule.pattern.lead().is_some(),
                Source::BuiltIn { search, .. } => !search.lead.is_empty(),
            }
    }

    /// Whether it is sought by the name of what is assigned.
    pub fn has_names(&self) -> bool {
        match &self.source {
            Source::Own(rule) => rule.names.is_some(),
            Source::BuiltIn { search, .. } => !search.names.is_empty(),
        }
    }
}

impl From<Rule> for Listed {
    fn from(rule: Rule) -> Self {
        Self { id: rule.id.clone().into(), source: Source::Own(Box::new(rule)) }
    }
}

impl Deref for Listed {
    type Target = Rule;

    fn deref(&self) -> &Rule {
        match &self.source {
            Source::Own(rule) => rule,
            Source::BuiltIn { file, at, .. } => &built_in(*file).rules[*at],
        }
    }
}

/// A provider of a set; reads as [`Provider`].
#[derive(Debug)]
pub struct ListedProvider {
    /// The provider's id.
    pub id: Cow<'static, str>,
    /// Whether there is evidence that proves it.
    pub has_evidence: bool,
    /// None: of the built-in file `file`.
    own: Option<Box<Provider>>,
    file: usize,
}

impl From<Provider> for ListedProvider {
    fn from(provider: Provider) -> Self {
        let (id, has_evidence) = (provider.id.clone().into(), !provider.evidence.is_empty());
        Self { id, has_evidence, own: Some(Box::new(provider)), file: 0 }
    }
}

impl Deref for ListedProvider {
    type Target = Provider;

    fn deref(&self) -> &Provider {
        static NOBODY: LazyLock<Provider> = LazyLock::new(Provider::default);
        match &self.own {
            Some(provider) => provider,
            None => built_in(self.file).provider.as_ref().unwrap_or(&NOBODY),
        }
    }
}

impl DerefMut for ListedProvider {
    fn deref_mut(&mut self) -> &mut Provider {
        let own = (**self).clone();
        self.own.get_or_insert_with(|| Box::new(own))
    }
}

/// The fields of the lines of a text, which tabs divide: both found in one pass over it.
struct Fields<'t> {
    text: &'t str,
    ends: memchr::Memchr2<'t>,
    start: usize,
    /// Whether the line has more of them.
    more: bool,
}

impl<'t> Fields<'t> {
    fn of(text: &'t str) -> Self {
        let ends = memchr::memchr2_iter(b'\t', b'\n', text.as_bytes());
        Self { text, ends, start: 0, more: false }
    }

    /// Goes to the next line; false if there is none.
    fn next_line(&mut self) -> bool {
        while self.more {
            self.next();
        }
        self.more = self.start < self.text.len();
        self.more
    }

    /// The next field of the line; nothing behind its end.
    fn next(&mut self) -> &'t str {
        if !self.more {
            return "";
        }
        let end = self.ends.next().unwrap_or(self.text.len());
        let field = &self.text[self.start..end];
        self.more = self.text.as_bytes().get(end) == Some(&b'\t');
        self.start = end + 1;
        field
    }
}

/// All built-in rules and providers, out of the index.
pub(super) fn all() -> (Vec<Listed>, Vec<ListedProvider>) {
    // About two rules a file: lists that grow are copied.
    let mut rules = Vec::with_capacity(2 * FILES.len());
    let mut providers = Vec::with_capacity(FILES.len());
    let (mut file, mut at) = (0, 0);
    let mut fields = Fields::of(INDEX);
    while fields.next_line() {
        let mut next = || fields.next();
        let kind = next();
        match kind {
            "file" => {
                let name = next();
                file = FILES.binary_search_by_key(&name, |(name, _)| name).unwrap_or(usize::MAX);
                at = 0;
            }
            "provider" if file < FILES.len() => {
                let (id, has_evidence) = (next().into(), next() == "evidence");
                providers.push(ListedProvider { id, has_evidence, own: None, file });
            }
            "rule" | "weak" if file < FILES.len() => {
                let id = next().into();
                let is_common = next() != "all";
                let search = Search {
                    encodings: if is_common { Encodings::Common } else { Encodings::All },
                    aliases: next(),
                    names: Field::new([next()]),
                    lead: Field::new([next(), next(), next()]),
                };
                let weak = kind == "weak";
                rules.push(Listed { id, source: Source::BuiltIn { file, at, weak, search } });
                at += 1;
            }
            _ => {}
        }
    }
    (rules, providers)
}

/// The ids of all built-in rules, and which of them are weak.
static IDS: LazyLock<HashMap<&str, bool>> = LazyLock::new(|| {
    let fields = INDEX.lines().filter_map(|line| {
        let (kind, rest) = line.split_once('\t')?;
        let (id, _) = rest.split_once('\t')?;
        ["rule", "weak"].contains(&kind).then_some((id, kind == "weak"))
    });
    fields.collect()
});

/// Whether a built-in rule has this id.
pub fn is_built_in(id: &str) -> bool {
    IDS.contains_key(id)
}

/// Whether a built-in rule of this id is about what anyone guesses; see [`Rule::is_weak`].
pub fn is_weak(id: &str) -> bool {
    IDS.get(id).is_some_and(|weak| *weak)
}

/// Reads all built-in files and writes the index of what they hold.
///
/// # Errors
/// The mistakes of all files.
pub fn index() -> Result<String, LoadError> {
    let mut index = String::new();
    let mut problems = Vec::new();
    for (file, (name, _)) in FILES.iter().enumerate() {
        match read(file) {
            Ok(read) => describe(&mut index, name, &read),
            Err(LoadError(mistakes)) => problems.extend(mistakes),
        }
    }
    if problems.is_empty() { Ok(index) } else { Err(LoadError(problems)) }
}

fn describe(index: &mut String, name: &str, file: &RuleFile) {
    let mut line = |text: String| {
        index.push_str(&text);
        index.push('\n');
    };
    line(format!("file\t{name}"));
    if let Some(provider) = &file.provider {
        let evidence = if provider.evidence.is_empty() { "" } else { "evidence" };
        line(format!("provider\t{}\t{evidence}", provider.id));
    }
    for rule in &file.rules {
        let encodings = if rule.encodings == Some(Encodings::All) { "all" } else { "common" };
        let kind = if rule.is_weak() { "weak" } else { "rule" };
        let mut fields = format!("{kind}\t{}\t{encodings}\t{}", rule.id, rule.aliases.join(","));
        let names = rule.names.as_ref().map(Names::describe).unwrap_or_default();
        let lead = rule.pattern.lead().filter(|_| rule.names.is_none());
        let lead = lead.map_or_else(|| "\t\t".to_owned(), Lead::describe);
        let _ = write!(fields, "\t{names}\t{lead}");
        line(fields);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_index_is_what_the_files_say() {
        let now = index().expect("built-in rules");
        let stale = now.lines().zip(INDEX.lines()).find(|(now, then)| now != then);
        assert!(
            now == INDEX,
            "`cargo run -- rules index > src/rule/index.tsv` makes it new: {stale:?}"
        );
    }

    #[test]
    fn what_the_index_says_of_a_rule_is_what_the_rule_says() {
        let (rules, providers) = all();
        for listed in &rules {
            let rule: &Rule = listed;
            assert_eq!(listed.id, rule.id);
            assert!(!listed.is_called(""), "{} is called nothing", rule.id);
            assert!(rule.aliases.iter().all(|alias| listed.is_called(alias)));
            assert_eq!(Some(listed.encodings()), rule.encodings);
            assert_eq!(listed.is_weak(), rule.is_weak(), "{}", rule.id);
            assert_eq!(listed.names(), rule.names.as_ref());
            let lead = rule.pattern.lead().filter(|_| rule.names.is_none());
            assert_eq!(listed.lead().map(Lead::describe), lead.map(Lead::describe), "{}", rule.id);
        }
        for listed in &providers {
            assert_eq!(listed.id, (**listed).id);
            assert_eq!(listed.has_evidence, !listed.evidence.is_empty());
        }
    }
}
