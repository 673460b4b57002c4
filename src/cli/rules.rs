//! `keytrawl rules`: what is looked for, and the proof that it is found.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::args::RulesCommand;
use super::configured;
use super::exit::Exit;
use super::message::{self, Failure};
use crate::config;
use crate::document::Problem;
use crate::proof;
use crate::report::sanitize::visible;
use crate::rule::{LoadError, Origin, Rule, RuleFile, RuleSet, builtin, index, parse};
use crate::scanner::without_secrets;

/// Runs one of the commands.
pub(super) fn run(command: RulesCommand) -> Result<Exit, Failure> {
    let mut out = io::stdout().lock();
    let done = match command {
        RulesCommand::List { rules } => list(&mut out, &load(rules.iter())?),
        RulesCommand::Show { id, rules } => {
            let set = load(rules.iter())?;
            let Some(rule) = set.rule(&id) else { return Err(unknown(&id, &set)) };
            show(&mut out, rule, &set)
        }
        RulesCommand::Index => {
            let index = index().map_err(|e| wrong("the built-in rules are wrong", &e))?;
            out.write_all(index.as_bytes())
        }
        RulesCommand::Check { files } => return check(&mut out, &files),
    };
    written(done).map(|()| Exit::Clean)
}

/// The built-in rules and those of `files`.
///
/// # Errors
/// If a file cannot be read, or has mistakes.
pub(super) fn load<'p>(files: impl Iterator<Item = &'p PathBuf>) -> Result<RuleSet, Failure> {
    let mut set = builtin();
    for path in files {
        set.add(told(read(path)?, path));
    }
    Ok(set)
}

/// Adds the rules of files that the configuration of what is scanned names. They may say what is
/// found, and nothing of where it is sent.
///
/// # Errors
/// If a file cannot be read, has mistakes, or says how a provider is asked; with `asking`, also if it
/// says what proves a provider that is known already.
pub(super) fn add_scanned(
    set: &mut RuleSet,
    files: &[PathBuf],
    asking: bool,
) -> Result<(), Failure> {
    for path in files {
        let text = config::text_of(path).map_err(|error| unreadable(path, &error))?;
        add_scanned_file(
            set,
            &path.display().to_string(),
            told(parsed(path, &text)?, path),
            asking,
        )?;
    }
    Ok(())
}

/// The same for files that were read already: name and text.
pub(super) fn add_scanned_texts(
    set: &mut RuleSet,
    texts: &[(String, String)],
    asking: bool,
) -> Result<(), Failure> {
    for (name, text) in texts {
        let file = parse(name, text)
            .map_err(|e| wrong(&format!("the rule file `{name}` is wrong"), &e))?;
        add_scanned_file(set, name, file, asking)?;
    }
    Ok(())
}

fn add_scanned_file(
    set: &mut RuleSet,
    name: &str,
    mut file: RuleFile,
    asking: bool,
) -> Result<(), Failure> {
    let hint = format!("name it with `--rules {name}`, if you trust it");
    if let Some(rule) = file.rules.iter().find(|r| !r.verify.is_empty()) {
        let id = &rule.id;
        let message = format!(
            "the rule file `{name}` says in rule `{id}` where secrets are sent, which what is scanned must not"
        );
        return Err(
            Failure::new(message).hint(format!("take `[rules.verify]` out of it, or {hint}"))
        );
    }
    if let Some(provider) = &mut file.provider {
        if asking && set.provider(&provider.id).is_some() {
            let id = &provider.id;
            let message = format!(
                "the rule file `{name}` says anew what proves the issuer `{id}`: live checks would follow it"
            );
            return Err(Failure::new(message).hint(format!("{hint}, or use `--no-config`")));
        }
        provider.origin = Origin::Scanned;
    }
    set.add(file);
    Ok(())
}

/// Adds the rules of files that the user has named.
pub(super) fn add_named(set: &mut RuleSet, files: &[PathBuf]) -> Result<(), Failure> {
    for path in files {
        set.add(told(read(path)?, path));
    }
    Ok(())
}

/// The same for a file that was read already.
pub(super) fn add_named_text(set: &mut RuleSet, name: &str, text: &str) -> Result<(), Failure> {
    let path = Path::new(name);
    set.add(told(parsed(path, text)?, path));
    Ok(())
}

/// Oddities of a file that are said one by one.
const NOTICES: usize = 5;

/// A file that was read; says what of it does not count.
fn told(file: RuleFile, path: &Path) -> RuleFile {
    for notice in file.notices.iter().take(NOTICES) {
        message::note(&notice.to_string());
    }
    if file.notices.len() > NOTICES {
        let more = file.notices.len() - NOTICES;
        let path = path.display();
        message::note(&format!("and {more} more; `keytrawl rules check {path}` lists them"));
    }
    file
}

fn read(path: &Path) -> Result<RuleFile, Failure> {
    parsed(path, &text(path)?)
}

fn text(path: &Path) -> Result<String, Failure> {
    std::fs::read_to_string(path).map_err(|error| unreadable(path, &error))
}

fn unreadable(path: &Path, error: &io::Error) -> Failure {
    Failure::new(format!("the rule file `{}` could not be read: {error}", path.display()))
}

fn parsed(path: &Path, text: &str) -> Result<RuleFile, Failure> {
    let name = path.display().to_string();
    parse(&name, text).map_err(|e| wrong(&format!("the rule file `{name}` is wrong"), &e))
}

fn wrong(message: &str, error: &LoadError) -> Failure {
    Failure::of_problems(message, &error.0).hint("the place of each mistake is line:column; `keytrawl rules show ID` shows a rule that works")
}

fn unknown(id: &str, set: &RuleSet) -> Failure {
    Failure::new(format!("there is no rule `{id}`")).hint(meant(id, set))
}

/// What whoever named a rule or provider that is not there may have meant.
pub(super) fn meant(id: &str, set: &RuleSet) -> String {
    let rules = set.rules.iter().map(|rule| &*rule.id);
    let known: Vec<&str> = rules.chain(set.providers.iter().map(|p| &*p.id)).collect();
    match crate::document::nearest(id, &known) {
        Some(near) => format!("did you mean `{near}`?"),
        None => "`keytrawl rules list` lists them".to_owned(),
    }
}

fn list(out: &mut dyn Write, set: &RuleSet) -> io::Result<()> {
    let width = set.rules.iter().map(|r| r.id.len()).max().unwrap_or(0);
    for rule in &set.rules {
        let (id, severity) = (&rule.id, rule.severity.as_str());
        let (id, description) = (visible(id), visible(&rule.description));
        writeln!(out, "{id:width$}  {severity:8}  {description}")?;
    }
    Ok(())
}

fn show(out: &mut dyn Write, rule: &Rule, set: &RuleSet) -> io::Result<()> {
    let mut line = |name: &str, value: &str| writeln!(out, "{name:12}  {}", visible(value));
    line("id", &rule.id)?;
    line("description", &rule.description)?;
    line("severity", rule.severity.as_str())?;
    line("environment", rule.environment.map_or("not told by the form", |e| e.as_str()))?;
    line("regex", rule.pattern.as_written())?;
    if let Some(form) = &rule.form {
        line("form", form.as_written())?;
    }
    line("keywords", &rule.keywords.join(", "))?;
    match rule.pattern.prefixes() {
        Some(prefixes) => {
            let shown = configured::beginnings(prefixes);
            line("begins with", &format!("{shown} (in every encoding)"))?;
        }
        None if rule.is_about_paths() => line("begins with", "nothing: it is about paths")?,
        None if rule.foreign.is_some() => {
            line("begins with", "no literal: sought in whole contents, plain and decoded")?;
        }
        None => line("begins with", "no literal: sought in plain text only")?,
    }
    for id in rule.provider.iter().chain(rule.issuers.iter().map(|i| &i.provider)) {
        let Some(provider) = set.provider(id) else { continue };
        let on = if rule.provider.as_ref() == Some(id) { "issued by" } else { "issuer" };
        line(on, &provider.name)?;
        if let Some(revocation) = &provider.revocation {
            let url = revocation.url.as_deref().unwrap_or_default();
            line("  revoke", format!("{url} {}", revocation.steps).trim())?;
        }
    }
    for verify in &rule.verify {
        line("live check", &format!("{} at {}", verify.provider, verify.probe.url))?;
    }
    line(
        "examples",
        &format!("{} and {} of what it is not", rule.examples.len(), rule.counter_examples.len()),
    )
}

/// Proves rules; exit 1 if an example comes out otherwise than its rule says.
fn check(out: &mut dyn Write, files: &[PathBuf]) -> Result<Exit, Failure> {
    let (mut set, mut notices) = (builtin(), Vec::new());
    let mut wanted: Vec<String> = Vec::new();
    // Each is read once: it may be a pipe.
    let files: Vec<(&PathBuf, String)> =
        files.iter().map(|path| Ok((path, text(path)?))).collect::<Result<_, Failure>>()?;
    let (configurations, files): (Vec<_>, Vec<_>) =
        files.into_iter().partition(|(path, text)| configured::is_configuration(path, text));
    for (path, text) in &configurations {
        written(configured::explain(out, path, text)?)?;
    }
    if files.is_empty() && !configurations.is_empty() {
        return Ok(Exit::Clean);
    }
    for (path, text) in &files {
        let mut file = parsed(path, text)?;
        notices.append(&mut file.notices);
        wanted.extend(file.rules.iter().map(|r| r.id.clone()));
        set.add(file);
    }
    let is_wanted = |rule: &Rule| files.is_empty() || wanted.contains(&rule.id);
    let failures = proof::failures(&set, is_wanted);
    let inconsistencies = set.inconsistencies();
    let proved = checked(out, &set, &notices, &inconsistencies, &failures, is_wanted);
    written(proved)?;
    Ok(if failures.is_empty() && inconsistencies.is_empty() { Exit::Clean } else { Exit::Found })
}

fn checked(
    out: &mut dyn Write,
    set: &RuleSet,
    notices: &[Problem],
    inconsistencies: &[String],
    failures: &[proof::Failure],
    is_wanted: impl Fn(&Rule) -> bool,
) -> io::Result<()> {
    for notice in notices {
        let hint = notice.hint.as_deref().map(|h| format!(" ({h})")).unwrap_or_default();
        let told = without_secrets(format!("{notice}{hint}"));
        writeln!(out, "note: {}", visible(&told))?;
    }
    for problem in inconsistencies {
        writeln!(out, "wrong: {}", visible(problem))?;
    }
    for failure in failures {
        let told = format!("rule `{}`: {}: {}", failure.rule, failure.reason, failure.example);
        writeln!(out, "wrong: {}", visible(&told))?;
    }
    let rules: Vec<&Rule> = set.rules.iter().map(|r| &**r).filter(|r| is_wanted(r)).collect();
    for rule in rules.iter().filter(|r| !r.is_anchored()) {
        writeln!(out, "note: rule `{}` {}", visible(&rule.id), configured::slower(rule))?;
    }
    for rule in rules.iter().filter(|r| r.examples.is_empty()) {
        let id = visible(&rule.id);
        writeln!(out, "note: rule `{id}` has no examples, so that nothing proves it")?;
    }
    let examples: usize = rules.iter().map(|r| r.examples.len() + r.counter_examples.len()).sum();
    let wrong = failures.len() + inconsistencies.len();
    let plural = if rules.len() == 1 { "rule" } else { "rules" };
    writeln!(out, "{} {plural}, {examples} examples, {wrong} wrong", rules.len())
}

pub(super) fn written(done: io::Result<()>) -> Result<(), Failure> {
    match done {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        Err(error) => Err(Failure::new(format!("the output could not be written: {error}"))),
        Ok(()) => Ok(()),
    }
}
