//! `keytrawl rules check` of a configuration for gitleaks: what was read, and what comes of it.
//!
//! Not here: rule files, which prove themselves by their examples.

use std::io::{self, Write};
use std::path::Path;

use super::message::Failure;
use super::scan::misconfigured;
use crate::config::gitleaks::Assembled;
use crate::config::{self, Config};
use crate::report::sanitize::visible;
use crate::rule::{Allowlist, Listed, Rule, builtin};
use crate::scanner::without_secrets;

/// Whether a file is a configuration and no mere list of rules.
pub(super) fn is_configuration(path: &Path, text: &str) -> bool {
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned());
    let named = name.is_some_and(|name| name.contains("gitleaks") || name.contains("betterleaks"));
    let keys = ["[extend]", "[allowlist]", "[[allowlists]]"];
    let mut lines = text.lines().map(str::trim_start);
    named || lines.any(|line| keys.iter().any(|key| line.to_ascii_lowercase().starts_with(key)))
}

/// Takes a configuration and says what it comes to.
///
/// # Errors
/// If it has mistakes; within, those of `out`.
pub(super) fn explain(
    out: &mut dyn Write,
    path: &Path,
    text: &str,
) -> Result<io::Result<()>, Failure> {
    let name = path.display().to_string();
    let config = config::load_text(path, text).map_err(|error| misconfigured(&name, error))?;
    let Config { gitleaks: Some(gitleaks), allowlists, .. } = config else {
        return Ok(writeln!(out, "{name}: a configuration of keytrawl, without a mistake"));
    };
    let all = gitleaks.assemble(builtin()).map_err(|error| misconfigured(&name, error))?;
    Ok(told(out, &name, &all, &allowlists))
}

fn told(
    out: &mut dyn Write,
    name: &str,
    all: &Assembled,
    allowlists: &[Allowlist],
) -> io::Result<()> {
    writeln!(out, "{}: a configuration for gitleaks", visible(name))?;
    let rules = &all.set.rules;
    let inherited = rules.len() - all.own;
    let from = if all.extends_default { "built in" } else { "built in (`useDefault` is not set)" };
    writeln!(out, "  rules       {}: {} of its own, {inherited} {from}", rules.len(), all.own)?;
    let line = |name: &str, ids: &[String]| match ids {
        [] => String::new(),
        _ => format!("  {name:10}  {}\n", visible(&ids.join(", "))),
    };
    write!(out, "{}{}", line("changed", &all.changed), line("disabled", &all.disabled))?;
    writeln!(out, "  allowlists  {} for all rules or some", allowlists.len())?;
    let own = || rules.iter().filter_map(Listed::own).filter(|rule| rule.foreign.is_some());
    let width = own().map(|rule| rule.id.len()).max().unwrap_or(0);
    for rule in own() {
        writeln!(out, "  {:width$}  {}", visible(&rule.id), sought(rule))?;
    }
    for notice in all.notices.iter().chain(&all.unapplied) {
        let hint = notice.hint.as_deref().map(|hint| format!(" ({hint})")).unwrap_or_default();
        let told = without_secrets(format!("{notice}{hint}"));
        writeln!(out, "note: {}", visible(&told))?;
    }
    if rules.is_empty() {
        writeln!(out, "note: no rule is left, so that nothing can be found")?;
    }
    Ok(())
}

/// How the matches of a rule are looked for.
fn sought(rule: &Rule) -> String {
    let silent = rule.foreign.as_ref().is_some_and(|foreign| foreign.skip_report);
    let ending = if silent { "; serves other rules only" } else { "" };
    match rule.pattern.prefixes() {
        _ if rule.is_about_paths() => "reports files by their paths".to_owned(),
        Some(prefixes) => {
            format!("begins with {}, in every encoding{ending}", beginnings(prefixes))
        }
        None => format!("sought in the whole content, plain and decoded{ending}"),
    }
}

/// What matches begin with, for people. Of an expression that takes capitals for small letters, all
/// ways to write its beginning are one.
pub(super) fn beginnings(prefixes: &[Vec<u8>]) -> String {
    let shown = |prefix: &Vec<u8>| {
        let text = String::from_utf8_lossy(prefix).into_owned();
        let ways = prefixes.iter().filter(|other| other.eq_ignore_ascii_case(prefix)).count();
        let letters = prefix.iter().filter(|b| b.is_ascii_alphabetic()).count();
        let any_case = letters > 0 && ways.checked_shr(letters as u32) == Some(1);
        match any_case {
            true if prefix.iter().any(u8::is_ascii_uppercase) => None,
            true => Some(format!("{text} in any case")),
            false => Some(text),
        }
    };
    let shown: Vec<String> = prefixes.iter().filter_map(shown).collect();
    visible(&shown.join(", ")).into_owned()
}

/// What it means that a rule of a rule file begins with no literal.
pub(super) fn slower(rule: &Rule) -> &'static str {
    if rule.is_about_paths() {
        "is about paths alone: it reports files"
    } else if rule.foreign.is_some() {
        "has no fixed beginning: it is sought in whole contents, and slower"
    } else {
        "begins with no literal: it is sought in plain text only, and slower"
    }
}
