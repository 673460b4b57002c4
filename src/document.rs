//! A TOML document read with positions: every complaint says file, line and column.
//!
//! Keys are compared without regard to case, as gitleaks does. Reading never stops at the first
//! mistake; all of them are collected. Not here: what the keys mean.

use std::cell::RefCell;
use std::fmt;
use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::span::{Charset, LineTable};

/// Something wrong with a document, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The document's name for people.
    pub file: String,
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
    /// What is wrong.
    pub message: String,
    /// What to do about it.
    pub hint: Option<String>,
    /// Whether the document can be used all the same.
    pub harmless: bool,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}: {}", self.file, self.line, self.column, self.message)
    }
}

/// A value with its place in the document.
#[derive(Clone, Debug)]
pub struct Located<T> {
    /// The value.
    pub value: T,
    /// Its bytes in the document.
    pub at: Range<usize>,
}

/// A value without parts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Plain {
    /// A string.
    Text(String),
    /// A whole number.
    Number(i64),
    /// `true` or `false`.
    Flag(bool),
}

/// A key that is not known beforehand, and its values.
#[derive(Clone, Debug)]
pub struct Entry {
    /// The key as it is written.
    pub name: String,
    /// Where the key is.
    pub at: Range<usize>,
    /// Its values.
    pub values: Vec<Located<Plain>>,
}

/// One document and what is wrong with it so far.
#[derive(Debug)]
pub struct Document<'t> {
    name: &'t str,
    text: &'t str,
    lines: LineTable<'static>,
    problems: RefCell<Vec<Problem>>,
    /// Whether a value counts that is of another kind and says the same.
    weak: bool,
}

impl<'t> Document<'t> {
    /// The document `text`, called `name` in complaints.
    pub fn new(name: &'t str, text: &'t str) -> Self {
        let lines = LineTable::new(text.as_bytes(), Charset::Utf8);
        Self { name, text, lines, problems: RefCell::default(), weak: false }
    }

    /// The same where `1` is as good as `"1"` or `true`, as it is to gitleaks.
    pub fn weak(name: &'t str, text: &'t str) -> Self {
        Self { weak: true, ..Self::new(name, text) }
    }

    /// What it is called in complaints.
    pub fn name(&self) -> &'t str {
        self.name
    }

    /// Parses the syntax; a mistake of syntax is a problem and gives nothing.
    pub fn parse(&self) -> Option<Spanned<DeTable<'t>>> {
        DeTable::parse(self.text)
            .map_err(|error| {
                self.error(error.span().unwrap_or(0..0), error.message().to_owned(), None);
            })
            .ok()
    }

    /// The top table.
    pub fn root<'d>(&'d self, table: &'d Spanned<DeTable<'t>>) -> Table<'d, 't> {
        Table::new(self, table.get_ref(), 0..0)
    }

    /// Notes a mistake.
    pub fn error(&self, at: Range<usize>, message: String, hint: Option<String>) {
        self.push(at, message, hint, false);
    }

    /// Notes an oddity that does no harm.
    pub fn warning(&self, at: Range<usize>, message: String, hint: Option<String>) {
        self.push(at, message, hint, true);
    }

    /// Line and column of a byte.
    pub fn position(&self, offset: usize) -> (usize, usize) {
        let position = self.lines.locator(self.text.as_bytes()).locate(offset);
        (position.line, position.column)
    }

    /// The text at a place; empty for a place that is not one.
    pub fn slice(&self, at: Range<usize>) -> &'t str {
        self.text.get(at).unwrap_or_default()
    }

    /// All that is wrong, in the order of the document.
    pub fn into_problems(self) -> Vec<Problem> {
        let mut problems = self.problems.into_inner();
        problems.sort_by_key(|p| (p.line, p.column));
        problems
    }

    fn push(&self, at: Range<usize>, message: String, hint: Option<String>, harmless: bool) {
        let (line, column) = self.position(at.start);
        let file = self.name.to_owned();
        self.problems.borrow_mut().push(Problem { file, line, column, message, hint, harmless });
    }
}

/// One table of a document. Keys that were never asked for are unknown: see [`Table::finish`].
#[derive(Debug)]
pub struct Table<'d, 't> {
    document: &'d Document<'t>,
    table: &'d DeTable<'t>,
    /// Where the table is, for complaints about what it lacks.
    pub at: Range<usize>,
    asked: RefCell<Vec<&'static str>>,
}

impl<'d, 't> Table<'d, 't> {
    fn new(document: &'d Document<'t>, table: &'d DeTable<'t>, at: Range<usize>) -> Self {
        Self { document, table, at, asked: RefCell::default() }
    }

    /// The document.
    pub fn document(&self) -> &'d Document<'t> {
        self.document
    }

    fn get(&self, key: &'static str) -> Option<&'d Spanned<DeValue<'t>>> {
        self.asked.borrow_mut().push(key);
        self.table
            .iter()
            .find(|(k, _)| k.get_ref().eq_ignore_ascii_case(key))
            .map(|(_, value)| value)
    }

    /// Where the value of `key` is, if it has one.
    pub fn place(&self, key: &'static str) -> Option<Range<usize>> {
        self.get(key).map(Spanned::span)
    }

    fn wrong(&self, key: &str, value: &Spanned<DeValue<'t>>, wanted: &str) {
        let found = kind(value.get_ref());
        self.document.error(value.span(), format!("`{key}` is {found}, not {wanted}"), None);
    }

    /// Whether `key` has a string for its value.
    pub fn is_string(&self, key: &'static str) -> bool {
        matches!(self.get(key).map(Spanned::get_ref), Some(DeValue::String(_)))
    }

    /// A string.
    pub fn string(&self, key: &'static str) -> Option<Located<String>> {
        let value = self.get(key)?;
        let text = self.text_of(value);
        if text.is_none() {
            self.wrong(key, value, "a string");
        }
        text
    }

    fn text_of(&self, value: &Spanned<DeValue<'t>>) -> Option<Located<String>> {
        let text = match value.get_ref() {
            DeValue::String(text) => text.to_string(),
            DeValue::Integer(number) if self.document.weak => number.to_string(),
            DeValue::Float(number) if self.document.weak => number.to_string(),
            DeValue::Boolean(flag) if self.document.weak => u8::from(*flag).to_string(),
            _ => return None,
        };
        Some(Located { value: text, at: value.span() })
    }

    /// A list of strings; one string counts as a list of one.
    pub fn strings(&self, key: &'static str) -> Vec<Located<String>> {
        let Some(value) = self.get(key) else { return Vec::new() };
        match value.get_ref() {
            DeValue::Array(items) => items.iter().filter_map(|item| self.item(key, item)).collect(),
            _ => {
                let text = self.text_of(value);
                if text.is_none() {
                    self.wrong(key, value, "a list of strings");
                }
                text.into_iter().collect()
            }
        }
    }

    fn item(&self, key: &str, item: &Spanned<DeValue<'t>>) -> Option<Located<String>> {
        let text = self.text_of(item);
        if text.is_none() {
            self.wrong(&format!("{key}[]"), item, "a string");
        }
        text
    }

    /// `true` or `false`.
    pub fn boolean(&self, key: &'static str) -> Option<bool> {
        let value = self.get(key)?;
        let flag = match value.get_ref() {
            DeValue::Boolean(flag) => Some(*flag),
            DeValue::Integer(number) if self.document.weak => {
                Some(!number.as_str().trim_start_matches(['0', '_']).is_empty())
            }
            DeValue::String(text) if self.document.weak => match &**text {
                "1" | "t" | "T" | "true" | "True" | "TRUE" => Some(true),
                "0" | "f" | "F" | "false" | "False" | "FALSE" | "" => Some(false),
                _ => None,
            },
            _ => None,
        };
        if flag.is_none() {
            self.wrong(key, value, "true or false");
        }
        flag
    }

    /// A whole number, zero or more.
    pub fn unsigned(&self, key: &'static str) -> Option<Located<u64>> {
        let value = self.get(key)?;
        let number = match value.get_ref() {
            DeValue::Integer(i) => {
                u64::from_str_radix(&i.as_str().replace('_', ""), i.radix()).ok()
            }
            _ => None,
        };
        // What is below 0 asks for nothing, and a fraction is cut off.
        let number = number.or_else(|| match value.get_ref() {
            DeValue::Boolean(flag) if self.document.weak => Some(u64::from(*flag)),
            DeValue::Integer(i) if self.document.weak && i.as_str().starts_with('-') => Some(0),
            DeValue::Float(f) if self.document.weak => {
                let number: f64 = f.as_str().replace('_', "").parse().ok()?;
                Some(number as u64)
            }
            _ => None,
        });
        if number.is_none() {
            self.wrong(key, value, "a whole number from 0");
        }
        Some(Located { value: number?, at: value.span() })
    }

    /// A number.
    pub fn number(&self, key: &'static str) -> Option<f64> {
        let value = self.get(key)?;
        let text = match value.get_ref() {
            DeValue::Integer(i) if i.radix() == 10 => i.as_str(),
            DeValue::Float(f) => f.as_str(),
            DeValue::Boolean(flag) if self.document.weak => {
                return Some(f64::from(u8::from(*flag)));
            }
            _ => {
                self.wrong(key, value, "a number");
                return None;
            }
        };
        text.replace('_', "").parse().ok()
    }

    /// A table within this one.
    pub fn table(&self, key: &'static str) -> Option<Table<'d, 't>> {
        let value = self.get(key)?;
        let DeValue::Table(table) = value.get_ref() else {
            self.wrong(key, value, "a table");
            return None;
        };
        Some(Table::new(self.document, table, value.span()))
    }

    /// A list of tables, `[[key]]`.
    pub fn tables(&self, key: &'static str) -> Vec<Table<'d, 't>> {
        let Some(value) = self.get(key) else { return Vec::new() };
        let DeValue::Array(items) = value.get_ref() else {
            self.wrong(key, value, "a list of tables; write `[[…]]`");
            return Vec::new();
        };
        let mut tables = Vec::new();
        for item in items.iter() {
            match item.get_ref() {
                DeValue::Table(table) => {
                    tables.push(Table::new(self.document, table, item.span()));
                }
                _ => self.wrong(key, item, "a table"),
            }
        }
        tables
    }

    /// Whether there is no key.
    pub fn is_empty(&self) -> bool {
        self.table.is_empty()
    }

    /// Whether there is such a key, which does not count as asking for it.
    pub fn has(&self, key: &str) -> bool {
        self.table.keys().any(|k| k.get_ref().eq_ignore_ascii_case(key))
    }

    /// The tables of a list, looked at beforehand: nothing is asked for and nothing is a mistake.
    pub fn peek_tables(&self, key: &str) -> Vec<Table<'d, 't>> {
        let mut found = self.table.iter().filter(|(k, _)| k.get_ref().eq_ignore_ascii_case(key));
        let Some((_, value)) = found.next() else { return Vec::new() };
        let table = |item: &'d Spanned<DeValue<'t>>| match item.get_ref() {
            DeValue::Table(table) => Some(Table::new(self.document, table, item.span())),
            _ => None,
        };
        match value.get_ref() {
            DeValue::Array(items) => items.iter().filter_map(table).collect(),
            _ => table(value).into_iter().collect(),
        }
    }

    /// One table, or a list of tables.
    pub fn table_or_tables(&self, key: &'static str) -> Vec<Table<'d, 't>> {
        match self.get(key).map(Spanned::get_ref) {
            Some(DeValue::Array(_)) => self.tables(key),
            Some(_) => self.table(key).into_iter().collect(),
            None => Vec::new(),
        }
    }

    /// The entries of a table within this one whose keys are not known beforehand: each with one
    /// plain value, or a list of such.
    pub fn entries(&self, key: &'static str) -> Vec<Entry> {
        let Some(value) = self.get(key) else { return Vec::new() };
        let DeValue::Table(table) = value.get_ref() else {
            self.wrong(key, value, "a table");
            return Vec::new();
        };
        let mut entries = Vec::new();
        for (name, value) in table.iter() {
            let items: Vec<_> = match value.get_ref() {
                DeValue::Array(items) => items.iter().collect(),
                _ => vec![value],
            };
            let plain = |item: &&'d Spanned<DeValue<'t>>| {
                let found = plain(item.get_ref());
                if found.is_none() {
                    self.wrong(name.get_ref(), item, "a text, a whole number, true or false");
                }
                Some(Located { value: found?, at: item.span() })
            };
            let values = items.iter().filter_map(plain).collect();
            entries.push(Entry { name: name.get_ref().to_string(), at: name.span(), values });
        }
        entries
    }

    /// Whole numbers; one counts as a list of one.
    pub fn numbers(&self, key: &'static str) -> Vec<Located<u64>> {
        match self.get(key).map(Spanned::get_ref) {
            None => Vec::new(),
            Some(DeValue::Array(items)) => {
                let number = |item: &Spanned<DeValue<'t>>| match plain(item.get_ref()) {
                    Some(Plain::Number(n)) => {
                        u64::try_from(n).ok().map(|value| Located { value, at: item.span() })
                    }
                    _ => {
                        self.wrong(key, item, "a whole number from 0");
                        None
                    }
                };
                items.iter().filter_map(number).collect()
            }
            Some(_) => self.unsigned(key).into_iter().collect(),
        }
    }

    /// Notes the keys that nobody asked for: `harmless` ones as warnings, else as mistakes.
    pub fn finish(&self, harmless: bool) {
        let asked = self.asked.borrow();
        for (key, _) in self.table.iter() {
            let name: &str = key.get_ref();
            if asked.iter().any(|a| a.eq_ignore_ascii_case(name)) {
                continue;
            }
            let message = format!("unknown key `{name}`");
            let hint = nearest(name, &asked).map(|near| format!("did you mean `{near}`?"));
            self.document.push(key.span(), message, hint, harmless);
        }
    }
}

fn plain(value: &DeValue<'_>) -> Option<Plain> {
    match value {
        DeValue::String(text) => Some(Plain::Text(text.to_string())),
        DeValue::Boolean(flag) => Some(Plain::Flag(*flag)),
        DeValue::Integer(i) => {
            i64::from_str_radix(&i.as_str().replace('_', ""), i.radix()).ok().map(Plain::Number)
        }
        _ => None,
    }
}

fn kind(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "a string",
        DeValue::Integer(_) | DeValue::Float(_) => "a number",
        DeValue::Boolean(_) => "true or false",
        DeValue::Datetime(_) => "a date",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a table",
    }
}

/// The known word that `word` is most likely a slip of.
pub fn nearest<'w>(word: &str, known: &[&'w str]) -> Option<&'w str> {
    let score = |k: &str| strsim::jaro_winkler(&k.to_lowercase(), &word.to_lowercase());
    let best = known.iter().max_by(|a, b| score(a).total_cmp(&score(b)))?;
    (score(best) > 0.8).then_some(*best)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn complaints_have_places_and_hints() {
        let text = "title = 1\n[[rules]]\n  regexx = \"a\"\n";
        let document = Document::new("x.toml", text);
        let parsed = document.parse().expect("valid syntax");
        let root = document.root(&parsed);
        assert!(root.string("title").is_none());
        for rule in root.tables("rules") {
            assert!(rule.string("regex").is_none());
            rule.finish(false);
        }
        let shown: Vec<_> = document
            .into_problems()
            .iter()
            .map(|p| format!("{p} {}", p.hint.clone().unwrap_or_default()))
            .collect();
        assert_eq!(
            shown,
            [
                "x.toml:1:9: `title` is a number, not a string ",
                "x.toml:3:3: unknown key `regexx` did you mean `regex`?",
            ]
        );
    }

    #[test]
    fn a_mistake_of_syntax_has_a_place() {
        let document = Document::new("x.toml", "a = 1\nb = = 2\n");
        assert!(document.parse().is_none());
        let problems = document.into_problems();
        assert_eq!((problems[0].line, problems[0].column), (2, 5));
    }
}
