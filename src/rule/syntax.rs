//! The rule schema: how a table of a rule file becomes a [`Rule`].
//!
//! gitleaks' keys mean here what they mean there; the rest are ours. Not here: reading files.

use std::ops::Range;

use super::names::Names;
use super::pattern::{MAX_MATCH, Pattern};
use super::provider::{Evidence, EvidenceKind, Provider, Revocation};
use super::{
    Allowlist, Checksum, Columns, Deviant, Encodings, Environment, Foreign, Issuer, Required, Rule,
    Severity, Target, Wordlike, Written, verify,
};
use crate::document::{Located, Table};
use crate::token::RUN;

/// The `[provider]` table.
pub(super) fn provider(table: &Table<'_, '_>) -> Option<Provider> {
    let id = required(table, "id")?;
    let name = table.string("name").map_or_else(|| id.value.clone(), |n| n.value);
    let evidence = evidence(table);
    let revocation = table.table("revoke").map(|revoke| {
        let url = revoke.string("url").map(|u| u.value);
        let steps = revoke.string("steps").map(|s| s.value).unwrap_or_default();
        revoke.finish(true);
        Revocation { url, steps }
    });
    table.finish(true);
    Some(Provider { id: id.value, name, evidence, revocation, ..Provider::default() })
}

fn evidence(table: &Table<'_, '_>) -> Vec<Evidence> {
    let Some(lists) = table.table("evidence") else { return Vec::new() };
    let mut all = Vec::new();
    let kinds = [
        ("hosts", EvidenceKind::Host),
        ("names", EvidenceKind::Env),
        ("texts", EvidenceKind::Text),
        ("words", EvidenceKind::Word),
    ];
    for (key, kind) in kinds {
        for text in lists.strings(key) {
            if text.value.len() < 3 {
                let message = format!("evidence `{}` is too short to prove anything", text.value);
                table.document().error(text.at, message, None);
                continue;
            }
            all.push(Evidence { kind, text: text.value.to_ascii_lowercase() });
        }
    }
    lists.finish(true);
    all
}

/// One `[[rules]]` table.
pub(super) fn rule(table: &Table<'_, '_>) -> Option<Rule> {
    let id = required(table, "id")?;
    // One that matches anything anywhere, and nothing in it, is none.
    let source = table.string("regex").filter(|source| !source.value.is_empty());
    let own = OWN_KEYS.iter().any(|key| table.place(key).is_some());
    let plain: Make = if own { Pattern::new } else { Pattern::foreign };
    let path = table.string("path").and_then(|p| pattern(table, &p, plain));
    let names = names(table);
    let boundary = table.boolean("boundary").unwrap_or(false);
    let foreign = (!own).then(|| Foreign { path_only: source.is_none(), ..foreign(table) });
    let pattern = match &source {
        Some(source) if own => expression(table, source, names.is_some(), boundary)?,
        Some(source) => pattern(table, source, Pattern::of_foreign_rule)?,
        None if path.is_some() && !own => Pattern::nothing(),
        None => {
            let message = format!("rule `{}` has no `regex`", id.value);
            table.document().error(table.at.clone(), message, None);
            return None;
        }
    };
    let secret_group = group(table, &pattern);
    let mut rule = Rule {
        description: table.string("description").map_or_else(|| id.value.clone(), |d| d.value),
        id: id.value,
        aliases: values(table.strings("aliases")),
        provider: table.string("provider").map(|p| p.value),
        severity: choice(table, "severity", SEVERITIES).unwrap_or_default(),
        environment: choice(table, "environment", ENVIRONMENTS),
        pattern,
        names,
        longest: longest(table),
        secret_group,
        keywords: table.strings("keywords").into_iter().map(|k| k.value.to_lowercase()).collect(),
        entropy: table.number("entropy"),
        form: table.string("form").and_then(|f| self::pattern(table, &f, Pattern::whole)),
        inside: table.string("inside").and_then(|i| self::pattern(table, &i, Pattern::whole)),
        more: table.string("more").and_then(|m| self::pattern(table, &m, Pattern::new)),
        deviant: choice(table, "deviant", DEVIANTS).unwrap_or_default(),
        random: table.boolean("random").unwrap_or(false),
        wordlike: choice(table, "wordlike", WORDLIKE).unwrap_or_default(),
        characters: characters(table),
        boundary,
        exact_end: table.boolean("exact_end").unwrap_or(false),
        checksum: choice(table, "checksum", CHECKSUMS),
        encodings: choice(table, "encodings", ENCODINGS),
        issuers: table.tables("issuers").iter().filter_map(issuer).collect(),
        path,
        tags: values(table.strings("tags")),
        allowlists: allowlists_with(table, plain),
        foreign,
        verify: Vec::new(),
        examples: values(table.strings("examples")),
        counter_examples: values(table.strings("counter_examples")),
    };
    rule.verify = verify::read(table, &rule);
    table.finish(true);
    Some(rule)
}

/// The expression of a rule: of an assigned value, or with a literal to find it by, or neither.
fn expression(
    table: &Table<'_, '_>,
    source: &Located<String>,
    named: bool,
    boundary: bool,
) -> Option<Pattern> {
    if named {
        let whole = pattern(table, source, Pattern::whole)?;
        if whole.shortest() < RUN {
            let message = format!("a value that a name tells must have {RUN} characters or more");
            let hint = "shorter values are found by a literal only".to_owned();
            table.document().error(source.at.clone(), message, Some(hint));
        }
        return Some(whole);
    }
    let found = pattern(table, source, Pattern::of_rule)?;
    if found.lead().is_none() && boundary {
        return pattern(table, source, Pattern::around_literal);
    }
    Some(found)
}

/// The names of assigned values.
fn names(table: &Table<'_, '_>) -> Option<Names> {
    let listed = table.strings("names");
    if listed.is_empty() {
        return None;
    }
    let names = Names::new(listed.iter().map(|l| l.value.as_str()));
    if names.is_empty() {
        let message = "`names` holds no word".to_owned();
        table.document().error(table.at.clone(), message, None);
    }
    Some(names)
}

/// The longest match, in bytes.
fn longest(table: &Table<'_, '_>) -> usize {
    let Some(bytes) = table.unsigned("longest") else { return MAX_MATCH };
    let wanted = usize::try_from(bytes.value).unwrap_or(usize::MAX);
    if !(16..=LONGEST).contains(&wanted) {
        let message = format!("`longest` is {wanted}; it must be from 16 to {LONGEST} bytes");
        table.document().error(bytes.at, message, None);
        return MAX_MATCH;
    }
    wanted
}

/// Of how many characters a body is drawn that has signs.
fn characters(table: &Table<'_, '_>) -> Option<u32> {
    let wanted = table.unsigned("characters")?;
    let characters = u32::try_from(wanted.value).ok().filter(|n| (2..=256).contains(n));
    if characters.is_none() {
        let message = format!("`characters` is {}; it must be from 2 to 256", wanted.value);
        table.document().error(wanted.at, message, None);
    }
    characters
}

/// No match is longer, whatever its rule says.
const LONGEST: usize = 16 << 10;

/// Keys that a rule of ours may have; one that has none of them means what it means to gitleaks.
const OWN_KEYS: [&str; 20] = [
    "provider",
    "severity",
    "environment",
    "form",
    "inside",
    "deviant",
    "random",
    "names",
    "wordlike",
    "characters",
    "exact_end",
    "checksum",
    "more",
    "encodings",
    "longest",
    "boundary",
    "issuers",
    "verify",
    "examples",
    "counter_examples",
];

/// What only gitleaks' rules say.
fn foreign(table: &Table<'_, '_>) -> Foreign {
    let required = table.table_or_tables("required");
    let required = required.iter().filter_map(|table| {
        let id = required_id(table)?;
        let lines = table.unsigned("withinLines").map(|n| (n.value, n.value));
        let columns = table.unsigned("withinColumns").map(|n| Columns::Apart(n.value));
        table.finish(true);
        Some(Required { id, lines, columns })
    });
    Foreign {
        required: required.collect(),
        skip_report: table.boolean("skipReport").unwrap_or(false),
        ..Foreign::default()
    }
}

fn required_id(table: &Table<'_, '_>) -> Option<String> {
    required(table, "id").map(|id| id.value)
}

fn issuer(table: &Table<'_, '_>) -> Option<Issuer> {
    let provider = required(table, "provider")?.value;
    let body = table.string("body").and_then(|b| pattern(table, &b, Pattern::whole));
    let rival = table.boolean("rival").unwrap_or(false);
    table.finish(true);
    Some(Issuer { provider, body, rival })
}

/// The allowlists of a table: `[[allowlists]]`, or the older single `[allowlist]`.
pub fn allowlists(table: &Table<'_, '_>) -> Vec<Allowlist> {
    allowlists_with(table, Pattern::new)
}

/// The same, the expressions being in the syntax that `make` reads.
pub fn allowlists_with(table: &Table<'_, '_>, make: Make) -> Vec<Allowlist> {
    let allowlist = |table: &Table<'_, '_>| allowlist(table, make);
    let listed = table.table_or_tables("allowlists");
    let mut all: Vec<_> = listed.iter().filter_map(allowlist).collect();
    if let Some(single) = table.table("allowlist") {
        if !listed.is_empty() {
            let message = "both `allowlist` and `allowlists`".to_owned();
            let hint = Some("keep `[[allowlists]]`".to_owned());
            table.document().error(single.at.clone(), message, hint);
        }
        all.extend(allowlist(&single));
    }
    all
}

fn allowlist(table: &Table<'_, '_>, make: Make) -> Option<Allowlist> {
    let patterns = |key| -> Vec<Pattern> {
        let listed = table.strings(key);
        listed.iter().filter_map(|p| pattern(table, p, make)).collect()
    };
    let target = choice(table, "regexTarget", TARGETS).or(choice(table, "regex-target", TARGETS));
    let all = choice(table, "condition", CONDITIONS);
    let mut rules = values(table.strings("targetRules"));
    rules.extend(values(table.strings("rules")));
    let list = Allowlist {
        description: described(table),
        rules,
        all: all.unwrap_or(false),
        paths: patterns("paths"),
        regexes: patterns("regexes"),
        target: target.unwrap_or_default(),
        stopwords: table.strings("stopwords").into_iter().map(|s| s.value.to_lowercase()).collect(),
        fingerprints: values(table.strings("fingerprints")),
        commits: table
            .strings("commits")
            .into_iter()
            .map(|c| c.value.trim().to_ascii_lowercase())
            .collect(),
        expression: None,
        written: Some(Written {
            file: table.document().name().to_owned(),
            line: table.document().position(table.at.start).0,
        }),
    };
    table.finish(true);
    let checks = list.paths.len()
        + list.regexes.len()
        + list.stopwords.len()
        + list.fingerprints.len()
        + list.commits.len();
    if checks == 0 {
        let message = "this allowlist checks nothing".to_owned();
        let hint = "give it `paths`, `regexes`, `stopwords`, `fingerprints` or `commits`";
        table.document().error(table.at.clone(), message, Some(hint.to_owned()));
        return None;
    }
    Some(list)
}

fn described(table: &Table<'_, '_>) -> String {
    let description = table.string("description").map(|d| d.value);
    let reason = table.string("reason").map(|r| r.value);
    reason.or(description).unwrap_or_default()
}

const SEVERITIES: &[(&str, Severity)] = &[
    ("low", Severity::Low),
    ("medium", Severity::Medium),
    ("high", Severity::High),
    ("critical", Severity::Critical),
];
const ENVIRONMENTS: &[(&str, Environment)] =
    &[("live", Environment::Live), ("test", Environment::Test)];
const ENCODINGS: &[(&str, Encodings)] = &[("common", Encodings::Common), ("all", Encodings::All)];
const WORDLIKE: &[(&str, Wordlike)] = &[
    ("reject", Wordlike::Reject),
    ("doubt", Wordlike::Doubt),
    ("chosen", Wordlike::Chosen),
    ("weak", Wordlike::Weak),
    ("accept", Wordlike::Accept),
];
const CHECKSUMS: &[(&str, Checksum)] = &[
    ("github", Checksum::GitHub),
    ("npm", Checksum::Npm),
    ("pypi", Checksum::Pypi),
    ("gitlab", Checksum::GitLab),
    ("grafana", Checksum::Grafana),
    ("age", Checksum::Age),
    ("aws", Checksum::Aws),
    ("jwt", Checksum::Jwt),
    ("sentry-org", Checksum::SentryOrg),
    ("discord", Checksum::Discord),
    ("1password", Checksum::OnePassword),
    ("der", Checksum::Der),
];
const DEVIANTS: &[(&str, Deviant)] =
    &[("reject", Deviant::Reject), ("accept", Deviant::Accept), ("evidence", Deviant::Evidence)];
const CONDITIONS: &[(&str, bool)] =
    &[("or", false), ("and", true), ("", false), ("||", false), ("&&", true)];
const TARGETS: &[(&str, Target)] = &[
    ("secret", Target::Secret),
    ("", Target::Secret),
    ("match", Target::Match),
    ("line", Target::Line),
];

pub(super) fn choice<T: Copy>(
    table: &Table<'_, '_>,
    key: &'static str,
    choices: &[(&'static str, T)],
) -> Option<T> {
    let word = table.string(key)?;
    let found = choices.iter().find(|(name, _)| name.eq_ignore_ascii_case(&word.value));
    if found.is_none() {
        let known: Vec<_> = choices
            .iter()
            .map(|(n, _)| *n)
            .filter(|n| n.starts_with(|c: char| c.is_alphabetic()))
            .collect();
        let message = format!("`{}` is no {key}", word.value);
        let hint = format!("one of: {}", known.join(", "));
        table.document().error(word.at, message, Some(hint));
    }
    found.map(|(_, value)| *value)
}

pub(super) fn required(table: &Table<'_, '_>, key: &'static str) -> Option<Located<String>> {
    let found = table.string(key).filter(|v| !v.value.is_empty());
    if found.is_none() {
        let message = format!("`{key}` is missing");
        table.document().error(table.at.clone(), message, None);
    }
    found
}

fn group(table: &Table<'_, '_>, pattern: &Pattern) -> usize {
    let Some(group) = table.unsigned("secretGroup") else { return 0 };
    let groups = pattern.groups();
    let wanted = usize::try_from(group.value).unwrap_or(usize::MAX);
    if wanted > groups {
        let message = format!("`secretGroup` is {wanted}, but the regex has {groups} groups");
        table.document().error(group.at, message, None);
        return 0;
    }
    wanted
}

/// Makes a pattern of an expression as it is written.
pub type Make = fn(&str) -> Result<Pattern, Box<regex_syntax::Error>>;

/// Makes a pattern; what is wrong with the expression is told with its place.
pub fn pattern(table: &Table<'_, '_>, source: &Located<String>, make: Make) -> Option<Pattern> {
    match make(&source.value) {
        Ok(pattern) => Some(pattern),
        Err(error) => {
            let (offset, what) = mistake_of(&error);
            let at = within(table, source, offset);
            table.document().error(at, format!("the regular expression is wrong: {what}"), None);
            None
        }
    }
}

/// What is wrong with an expression, and at which byte of it.
pub fn mistake_of(error: &regex_syntax::Error) -> (usize, String) {
    match error {
        regex_syntax::Error::Parse(e) => (e.span().start.offset, e.kind().to_string()),
        regex_syntax::Error::Translate(e) => (e.span().start.offset, e.kind().to_string()),
        other => (0, other.to_string()),
    }
}

/// The place of byte `offset` of a string, if the string stands in the document as it is; else
/// (escapes) the place of the string.
fn within(table: &Table<'_, '_>, source: &Located<String>, offset: usize) -> Range<usize> {
    let written = table.document().slice(source.at.clone());
    match written.find(&source.value) {
        Some(quotes) => {
            let at = source.at.start + quotes + offset;
            at..source.at.end.max(at)
        }
        None => source.at.clone(),
    }
}

fn values(listed: Vec<Located<String>>) -> Vec<String> {
    listed.into_iter().map(|l| l.value).collect()
}
