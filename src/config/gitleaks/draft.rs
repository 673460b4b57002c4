//! A rule as one file has it: perhaps only what it changes of a rule that it extends.

use super::{Place, betterleaks};
use crate::document::{Located, Problem, Table};
use crate::rule::{
    Allowlist, Columns, Expression, Foreign, Make, Pattern, Required, Rule, Severity,
    allowlists_with, mistake_of,
};

/// What a file says of a rule.
#[derive(Clone, Debug, Default)]
pub(super) struct Draft {
    pub(super) id: String,
    pub(super) at: Place,
    pub(super) description: String,
    pub(super) regex: Option<String>,
    pub(super) path: Option<String>,
    /// The group and where it is written; none for 0, too.
    pub(super) group: Option<(usize, Place)>,
    pub(super) entropy: Option<f64>,
    pub(super) keywords: Vec<String>,
    pub(super) tags: Vec<String>,
    pub(super) allowlists: Vec<Allowlist>,
    /// What drops findings; none: nothing is said.
    pub(super) filter: Option<Expression>,
    /// Other rules that it requires in betterleaks' words; none: nothing is said.
    pub(super) components: Option<Vec<Required>>,
    pub(super) foreign: Foreign,
    /// Whether it is left out: what is wrong is told elsewhere.
    pub(super) severity: Severity,
}

impl Draft {
    /// Reads one `[[rules]]` table. Nothing need be there: a file may change one thing of a rule.
    pub(super) fn read(table: &Table<'_, '_>, name: &str, unapplied: &mut Vec<Problem>) -> Self {
        let text = |key| table.string(key).filter(|t| !t.value.is_empty());
        let id = text("id").map(|id| id.value.trim().to_owned()).unwrap_or_default();
        let group = whole(table, "secretGroup").or(whole(table, "valueGroup"));
        let group = group.filter(|group| group.value > 0);
        let mut draft = Self {
            id,
            at: Place::of(table, name, &table.place("id").unwrap_or(table.at.clone())),
            description: text("description").map(|d| d.value).unwrap_or_default(),
            regex: checked(table, text("regex"), Pattern::of_foreign_rule),
            path: checked(table, text("path"), Pattern::foreign),
            group: group.map(|g| (g.value, Place::of(table, name, &g.at))),
            entropy: number(table, "entropy").filter(|entropy| *entropy != 0.0),
            keywords: list(table, "keywords").iter().map(|k| k.to_lowercase()).collect(),
            tags: list(table, "tags"),
            allowlists: allowlists_with(table, Pattern::foreign),
            foreign: Foreign {
                required: required(table),
                skip_report: table.boolean("skipReport").unwrap_or(false),
                ..Foreign::default()
            },
            ..Self::default()
        };
        betterleaks::of_rule(table, name, &mut draft, unapplied);
        table.finish(true);
        draft
    }

    /// Takes over what `change` says, which wins.
    pub(super) fn change(&mut self, change: Draft) {
        if !change.description.is_empty() {
            self.description = change.description;
        }
        self.regex = change.regex.or(self.regex.take());
        self.path = change.path.or(self.path.take());
        self.group = change.group.or(self.group.take());
        self.entropy = change.entropy.or(self.entropy);
        self.tags.extend(change.tags);
        self.keywords.extend(change.keywords);
        self.allowlists.extend(change.allowlists);
        self.filter = change.filter.or(self.filter.take());
        self.components = change.components.or(self.components.take());
        self.foreign.confidence = change.foreign.confidence.or(self.foreign.confidence);
        self.foreign.specificity = change.foreign.specificity.or(self.foreign.specificity);
        self.foreign.required.extend(change.foreign.required);
        self.foreign.skip_report |= change.foreign.skip_report;
    }

    /// Its allowlists, and its expression as one of them.
    pub(super) fn take_allowlists(&mut self) -> Vec<Allowlist> {
        let mut lists = std::mem::take(&mut self.allowlists);
        lists.extend(self.filter.take().map(|filter| betterleaks::list("its `filter`", filter)));
        lists
    }

    /// The rule of its own that it is.
    ///
    /// # Errors
    /// What it lacks, or what does not fit together.
    pub(super) fn finish(mut self) -> Result<Rule, Problem> {
        let wrong = |message: String| Err(self.at.problem(message, "", false));
        if self.id.is_empty() {
            return wrong("`id` is missing".to_owned());
        }
        let made = |source: &Option<String>, make: Make| source.as_deref().map(make).transpose();
        let (pattern, path) =
            match (made(&self.regex, Pattern::of_foreign_rule), made(&self.path, Pattern::foreign))
            {
                (Ok(None), Ok(None)) => {
                    return wrong(format!("rule `{}` has neither `regex` nor `path`", self.id));
                }
                (Ok(pattern), Ok(path)) => (pattern, path),
                (Err(error), _) | (_, Err(error)) => {
                    return wrong(format!(
                        "the regular expression is wrong: {}",
                        mistake_of(&error).1
                    ));
                }
            };
        let path_only = pattern.is_none();
        let pattern = pattern.unwrap_or_else(Pattern::nothing);
        check_group(self.group.as_ref(), &pattern, path_only)?;
        let allowlists = self.take_allowlists();
        self.foreign.required.extend(self.components.take().unwrap_or_default());
        let described = !self.description.is_empty();
        Ok(Rule {
            description: if described { self.description } else { self.id.clone() },
            id: self.id,
            aliases: Vec::new(),
            provider: None,
            severity: self.severity,
            environment: None,
            pattern,
            secret_group: self.group.map_or(0, |(group, _)| group),
            keywords: self.keywords,
            entropy: self.entropy,
            form: None,
            inside: None,
            deviant: crate::rule::Deviant::default(),
            random: false,
            names: None,
            longest: crate::rule::MAX_MATCH,
            wordlike: crate::rule::Wordlike::default(),
            more: None,
            characters: None,
            boundary: false,
            exact_end: false,
            checksum: None,
            encodings: None,
            issuers: Vec::new(),
            path,
            tags: self.tags,
            allowlists,
            foreign: Some(Foreign { path_only, ..self.foreign }),
            verify: Vec::new(),
            examples: Vec::new(),
            counter_examples: Vec::new(),
        })
    }
}

/// # Errors
/// If the expression has not that many groups.
pub(super) fn check_group(
    group: Option<&(usize, Place)>,
    pattern: &Pattern,
    path_only: bool,
) -> Result<(), Problem> {
    let groups = pattern.groups();
    match group {
        Some((group, at)) if *group > groups && !path_only => {
            let message = format!("`secretGroup` is {group}, but the regex has {groups} groups");
            Err(at.problem(message, "", false))
        }
        _ => Ok(()),
    }
}

/// An expression that is one; else the mistake is told.
fn checked(table: &Table<'_, '_>, source: Option<Located<String>>, make: Make) -> Option<String> {
    let source = source?;
    crate::rule::pattern(table, &source, make).map(|_| source.value)
}

fn required(table: &Table<'_, '_>) -> Vec<Required> {
    let all = table.table_or_tables("required");
    let one = |table: &Table<'_, '_>| {
        let id = table.string("id").map(|id| id.value).filter(|id| !id.is_empty());
        if id.is_none() {
            table.document().error(table.at.clone(), "`id` is missing".to_owned(), None);
        }
        let most = |key| whole(table, key).map(|n| n.value as u64);
        let lines = most("withinLines").map(|most| (most, most));
        let columns = most("withinColumns").map(Columns::Apart);
        table.finish(true);
        Some(Required { id: id?, lines, columns })
    };
    all.iter().filter_map(one).collect()
}

/// A list of texts; one text is a list with commas.
fn list(table: &Table<'_, '_>, key: &'static str) -> Vec<String> {
    let is_text = table.is_string(key);
    let all = table.strings(key).into_iter().map(|text| text.value);
    match is_text {
        true => all.flat_map(|t| t.split(',').map(str::to_owned).collect::<Vec<_>>()).collect(),
        false => all.collect(),
    }
}

/// A number, which may be written as a text.
fn number(table: &Table<'_, '_>, key: &'static str) -> Option<f64> {
    if !table.is_string(key) {
        return table.number(key);
    }
    let text = table.string(key)?;
    let number = text.value.trim().parse().ok();
    if number.is_none() {
        table.document().error(text.at, format!("`{key}` is no number"), None);
    }
    number
}

/// A whole number, which may be written as a text.
fn whole(table: &Table<'_, '_>, key: &'static str) -> Option<Located<usize>> {
    if !table.is_string(key) {
        let number = table.unsigned(key)?;
        let value = usize::try_from(number.value).unwrap_or(usize::MAX);
        return Some(Located { value, at: number.at });
    }
    let text = table.string(key)?;
    let value = text.value.trim().parse().ok();
    if value.is_none() {
        table.document().error(text.at.clone(), format!("`{key}` is no whole number"), None);
    }
    Some(Located { value: value?, at: text.at })
}
