//! What betterleaks added to the schema: expressions that narrow what is found, components of a
//! secret in several parts, how sure and how telling a rule is.
//!
//! What is not understood is named: the rule then finds more than it says, never less.

use std::ops::Range;

use super::Place;
use super::draft::Draft;
use crate::document::{Located, Problem, Table};
use crate::filter::expression::trouble;
use crate::rule::{Allowlist, Columns, Expression, Level, Required};

/// Keys that say nothing of what is found.
const ELSE: [&str; 3] = ["validate", "revoke", "analyze"];

/// The expressions of a file, as allowlists for all rules, unless a file that extends it has `said`
/// another one.
pub(super) fn of_root(
    root: &Table<'_, '_>,
    name: &str,
    said: &mut Vec<&'static str>,
    unapplied: &mut Vec<Problem>,
) -> Vec<Allowlist> {
    let mut lists = Vec::new();
    for key in ["prefilter", "filter"] {
        let Some(text) = root.string(key).filter(|text| !text.value.trim().is_empty()) else {
            continue;
        };
        if said.contains(&key) {
            continue;
        }
        said.push(key);
        let whose = format!("`{key}` of the configuration");
        let read = Reading { table: root, name, whose: &whose, unapplied: &mut *unapplied };
        let Some(one) = read.expression(&text) else { continue };
        if key == "prefilter" && one.is_about_findings() {
            let message =
                format!("{whose} is not applied: findings are not known before the search");
            unapplied.push(Place::of(root, name, &text.at).problem(message, MORE, true));
            continue;
        }
        lists.push(list(&whose, one));
    }
    lists
}

/// Reads into `draft` what a rule says beside what gitleaks knows.
pub(super) fn of_rule(
    table: &Table<'_, '_>,
    name: &str,
    draft: &mut Draft,
    unapplied: &mut Vec<Problem>,
) {
    for key in ["prefilter", "tokenEfficiency"] {
        let Some(at) = table.place(key) else { continue };
        let off = key == "tokenEfficiency" && table.boolean(key) == Some(false);
        if !off {
            let message = format!("`{key}` of rule `{}` is not applied", draft.id);
            unapplied.push(Place::of(table, name, &at).problem(message, MORE, true));
        }
    }
    let filter = table.string("filter").filter(|text| !text.value.trim().is_empty());
    if let Some(text) = filter {
        let whose = format!("`filter` of rule `{}`", draft.id);
        let read = Reading { table, name, whose: &whose, unapplied };
        draft.filter = read.expression(&text);
    }
    draft.foreign.confidence = level(table);
    draft.foreign.specificity = specificity(table);
    draft.components = table.place("components").map(|_| components(table));
    for key in ELSE {
        let _ = table.place(key);
    }
}

/// An allowlist that is an expression.
pub(super) fn list(description: &str, expression: Expression) -> Allowlist {
    Allowlist {
        description: description.to_owned(),
        expression: Some(expression),
        ..Allowlist::default()
    }
}

/// What it means that something is not applied.
const MORE: &str = "more is reported than it says";

/// An expression on its way out of a file.
struct Reading<'r, 'd, 't> {
    table: &'r Table<'d, 't>,
    name: &'r str,
    whose: &'r str,
    unapplied: &'r mut Vec<Problem>,
}

impl Reading<'_, '_, '_> {
    /// The expression, and notes about what it asks for in vain.
    fn expression(self, text: &Located<String>) -> Option<Expression> {
        let Self { table, name, whose, unapplied } = self;
        let place = |offset: usize| Place::of(table, name, &self::place(table, text, offset));
        let expression = match Expression::new(&text.value) {
            Ok(expression) => expression,
            Err(mistake) => {
                let message = format!("{whose} is not applied: {}", mistake.message);
                unapplied.push(place(mistake.at).problem(message, MORE, true));
                return None;
            }
        };
        for need in expression.needs() {
            let message = format!("{whose} asks for {}, which keytrawl has not", need.what);
            let hint = "a finding that depends on it is reported";
            unapplied.push(place(need.at).problem(message, hint, true));
        }
        if let Some(trouble) = trouble(&expression) {
            let message = format!("{whose} comes to nothing: {}", trouble.what);
            unapplied.push(place(trouble.at).problem(message, MORE, true));
        }
        Some(expression)
    }
}

/// Where a byte of an expression is in the file; the start of the text where it is written with escapes.
fn place(table: &Table<'_, '_>, text: &Located<String>, offset: usize) -> Range<usize> {
    let written = table.document().slice(text.at.clone());
    let start = written
        .find(text.value.as_str())
        .map_or(text.at.start, |start| text.at.start + start + offset.min(text.value.len()));
    start..start
}

fn level(table: &Table<'_, '_>) -> Option<Level> {
    let word = table.string("confidence").filter(|word| !word.value.is_empty())?;
    let level = match word.value.as_str() {
        "low" => Level::Low,
        "medium" => Level::Medium,
        "high" => Level::High,
        other => {
            let message = format!("`{other}` is no confidence");
            let hint = Some("one of: low, medium, high".to_owned());
            table.document().error(word.at, message, hint);
            return None;
        }
    };
    Some(level)
}

fn specificity(table: &Table<'_, '_>) -> Option<i64> {
    let at = table.place("specificity")?;
    let number = table.number("specificity")?;
    let whole = number.fract() == 0.0 && number.abs() < 1e9;
    if !whole {
        let message = "`specificity` is no whole number".to_owned();
        table.document().error(at, message, None);
    }
    whole.then_some(number as i64)
}

/// The rules that a rule needs findings of; one that may be missing is none of them.
fn components(table: &Table<'_, '_>) -> Vec<Required> {
    let one = |table: &Table<'_, '_>| {
        let id = table.string("id").map(|id| id.value).filter(|id| !id.is_empty());
        if id.is_none() {
            table.document().error(table.at.clone(), "`id` is missing".to_owned(), None);
        }
        let within = table.string("within").filter(|text| !text.value.trim().is_empty());
        let optional = table.boolean("optional").unwrap_or(false);
        table.finish(true);
        let mut required = Required { id: id?, lines: None, columns: None };
        if let Some(text) = within {
            let Some(read) = windows(&text.value) else {
                let message = format!("`{}` is no distance", text.value);
                let hint = "such as `5L` or `-2L,+4L,80C`".to_owned();
                table.document().error(text.at, message, Some(hint));
                return None;
            };
            (required.lines, required.columns) = read;
        }
        (!optional).then_some(required)
    };
    table.table_or_tables("components").iter().filter_map(one).collect()
}

/// So much before and so much after.
type Window = Option<(u64, u64)>;

/// What `within` says. The line of the match counts as one of the lines.
fn windows(text: &str) -> Option<(Window, Option<Columns>)> {
    let (mut lines, mut columns): (Window, Window) = (None, None);
    for part in text.split(',').map(str::trim) {
        let (sides, rest) = match part.as_bytes().first()? {
            b'-' => ((true, false), &part[1..]),
            b'+' => ((false, true), &part[1..]),
            _ => ((true, true), part),
        };
        let digits = rest.trim_end_matches(|c: char| c.is_ascii_alphabetic());
        if !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        let most: u64 = digits.parse().ok()?;
        let (window, most) = match &rest[digits.len()..] {
            "L" | "l" => (&mut lines, most.saturating_sub(1)),
            "" | "C" | "c" => (&mut columns, most),
            _ => return None,
        };
        let (before, after) = window.get_or_insert((0, 0));
        *before = if sides.0 { most.max(*before) } else { *before };
        *after = if sides.1 { most.max(*after) } else { *after };
    }
    let columns = columns.map(|(before, after)| match lines {
        Some(_) => Columns::Around(before, after),
        None => Columns::Near(before, after),
    });
    Some((lines, columns))
}
