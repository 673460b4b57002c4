//! `keytrawl baseline`: writes down what is known, adds to it, drops what is gone, and takes over
//! what other scanners know.
//!
//! Each command scans the files and, in a repository, the whole history, so that one file serves both
//! kinds of scan.

use std::io::Write;
use std::path::{Path, PathBuf};

use super::args::{BaselineArgs, BaselineCommand, ConfidenceArg, FormatArg, RemarkArgs};
use super::everything::Everything;
use super::exit::Exit;
use super::message::{self, Failure};
use super::{idle, known, output};
use crate::baseline::{self, Baseline, Contents, Coverage, Format, Line};
use crate::config;
use crate::finding::Outcome;
use crate::moment::Day;
use crate::scanner::secrets_in_name;

/// Carries out one of the commands.
pub(super) fn run(command: BaselineCommand) -> Result<Exit, Failure> {
    let (name, shared) = match &command {
        BaselineCommand::Create { args, .. } => ("baseline create", &args.shared),
        BaselineCommand::Update { args, .. } => ("baseline update", &args.shared),
        BaselineCommand::Prune { args } => ("baseline prune", &args.shared),
        BaselineCommand::Import { args, .. } => ("baseline import", &args.shared),
    };
    idle::refuse(name, idle::live(shared))?;
    idle::refuse(name, idle::reported(shared))?;
    match command {
        BaselineCommand::Create { args, remarks, force } => create(args, &remarks, force),
        BaselineCommand::Update { args, remarks } => update(args, &remarks),
        BaselineCommand::Prune { args } => prune(args),
        BaselineCommand::Import { from, remarks, args } => import(args, &from, &remarks),
    }
}

fn create(args: BaselineArgs, remarks: &RemarkArgs, force: bool) -> Result<Exit, Failure> {
    let file = file(&args)?;
    if !force && file.exists() {
        return Err(Failure::new(format!("`{}` is there already", file.display()))
            .hint("`keytrawl baseline update` adds what is new; `--force` begins anew"));
    }
    let (mut outcome, others) = scanned(&args, &file)?;
    known::apply(&args.shared, &mut outcome, &others, Coverage::Part);
    let mut contents = Contents::default();
    unlock(&args, &file, &mut contents)?;
    // A list of what is known holds no secret, in no path of a file either.
    let outcome = outcome.masked(secrets_in_name).unwrap_or(outcome);
    add(&mut contents, &outcome, remarks);
    finish(&args, &file, &contents, &outcome, "")
}

fn update(args: BaselineArgs, remarks: &RemarkArgs) -> Result<Exit, Failure> {
    let file = file(&args)?;
    // Reports advise this command whether there is a baseline or not.
    let begins = args.file.is_none() && !file.exists();
    let mut contents = if begins { Contents::default() } else { contents(&file)? };
    unlock(&args, &file, &mut contents)?;
    let (mut outcome, others) = scanned(&args, &file)?;
    known::apply(&args.shared, &mut outcome, &others, Coverage::Part);
    let outcome = outcome.masked(secrets_in_name).unwrap_or(outcome);
    let added = add(&mut contents, &outcome, remarks);
    let today = Day::of(output::now());
    let expired = contents.entries.values().filter(|l| l.expires.is_some_and(|d| d < today));
    let remark = match expired.count() {
        0 => format!("{added} new"),
        number => format!("{added} new; {number} expired, which report again"),
    };
    finish(&args, &file, &contents, &outcome, &remark)
}

fn prune(mut args: BaselineArgs) -> Result<Exit, Failure> {
    // What was not sought is not gone.
    idle::refuse("baseline prune", [(!args.shared.only.is_empty(), "--only")])?;
    args.shared.confidence = Some(ConfidenceArg::Low);
    let file = file(&args)?;
    let mut contents = contents(&file)?;
    if is_keyed(&args) && !contents.keyed && !contents.entries.is_empty() {
        let shown = file.display();
        let message = format!("`{shown}` was made without a key: with one, all of it seems gone");
        return Err(Failure::new(message).hint(
            "leave out `--fingerprint-key`; or go over to the key by `keytrawl baseline update` \
             with it, which adds what is there anew",
        ));
    }
    unlock(&args, &file, &mut contents)?;
    let (mut outcome, _) = scanned(&args, &file)?;
    if !outcome.complete {
        message::warnings(&outcome.warnings, args.shared.quiet);
        return Err(Failure::new("not everything could be read, so nobody knows what is gone")
            .hint("mend what the warnings name, and prune again"));
    }
    let own = [baseline::load(&file, None).map_err(|error| known::failure(&error))?];
    let hits = baseline::apply(&mut outcome, &own, known::today(&args.shared, Coverage::Part));
    let entries = own[0].entries.iter().enumerate();
    let gone: Vec<&str> =
        entries.filter(|(e, _)| !hits.contains(&(0, *e))).map(|(_, e)| e.shown.as_str()).collect();
    for name in &gone {
        contents.entries.remove(*name);
    }
    finish(&args, &file, &contents, &outcome, &format!("{} dropped", gone.len()))
}

fn import(args: BaselineArgs, from: &Path, remarks: &RemarkArgs) -> Result<Exit, Failure> {
    let file = file(&args)?;
    let mut contents = if file.exists() { contents(&file)? } else { Contents::default() };
    unlock(&args, &file, &mut contents)?;
    let root = config::root(&args.folder);
    let real = from.canonicalize().unwrap_or_else(|_| from.to_owned());
    let inside = root.and_then(|root| known::inside(&root, &real));
    let foreign = [baseline::load(from, inside).map_err(|error| known::failure(&error))?];
    let (mut outcome, _) = scanned(&args, &file)?;
    let hits = baseline::apply(&mut outcome, &foreign, known::today(&args.shared, Coverage::Part));
    let scanner = foreign[0].format.as_str();
    let before = contents.entries.len();
    let there = |path: &str| foreign[0].stable_path.as_deref() == Some(path);
    for one in std::mem::take(&mut outcome.suppressed) {
        // Where the file itself holds a secret in clear, it is a leak like any other.
        if one.finding.occurrences.iter().all(|place| there(&place.stable_path)) {
            continue;
        }
        let told = remarks.reason.clone().or_else(|| one.by.reason().map(str::to_owned));
        let line = Line {
            expires: remarks.expires,
            reason: Some(told.unwrap_or_else(|| format!("imported from {scanner}"))),
            above: Vec::new(),
        };
        let name = Line::name(&one.finding.fingerprint_at(&one.finding.occurrences[0]));
        contents.entries.entry(name).or_insert(line);
    }
    let added = contents.entries.len() - before;
    let idle = foreign[0].entries.len() - hits.len();
    let remark = match idle {
        0 => format!("{added} new"),
        1 => format!("{added} new; 1 entry of `{}` matches no secret found here", from.display()),
        _ => format!(
            "{added} new; {idle} entries of `{}` match no secret found here",
            from.display()
        ),
    };
    finish(&args, &file, &contents, &outcome, &remark)
}

/// The file that was named, or the one at the root of what is scanned.
fn file(args: &BaselineArgs) -> Result<PathBuf, Failure> {
    let shared = &args.shared;
    if !shared.report.is_empty() || shared.format != FormatArg::Human {
        return Err(Failure::new("this command writes a baseline, and no report")
            .hint("leave out `--format` and `--report`"));
    }
    if let Some(file) = &args.file {
        return Ok(file.clone());
    }
    let root = known::root(&args.folder)?;
    let short = root == Path::new(".");
    Ok(if short { PathBuf::from(baseline::NAME) } else { root.join(baseline::NAME) })
}

/// What one of our own files holds.
fn contents(file: &Path) -> Result<Contents, Failure> {
    let loaded = baseline::load(file, None).map_err(|error| known::failure(&error))?;
    let shown = file.display();
    if loaded.format != Format::Own {
        let whose = loaded.format.as_str();
        return Err(Failure::new(format!("`{shown}` is a file of {whose}"))
            .hint(format!("`keytrawl baseline import {shown}` makes one of ours of it")));
    }
    let text = std::fs::read_to_string(file)
        .map_err(|error| Failure::new(format!("`{shown}` could not be read: {error}")))?;
    Contents::read(&text).map_err(|(line, problem)| {
        Failure::new(format!("`{shown}`, line {line}, {problem}"))
            .hint("mend the line, or take it out: it would be lost")
    })
}

/// Whether fingerprints are made with a key.
fn is_keyed(args: &BaselineArgs) -> bool {
    args.shared.fingerprint_key.is_some()
}

/// Makes sure that what a key made is not read, or added to, without it: nothing that is found would
/// have the fingerprint that the file has for it. With a key, the file is from now on one of a key.
fn unlock(args: &BaselineArgs, file: &Path, contents: &mut Contents) -> Result<(), Failure> {
    if contents.keyed && !is_keyed(args) {
        let shown = file.display();
        let message = format!("`{shown}` was made with a key: without it, all of it seems gone");
        return Err(Failure::new(message).hint(
            "name the file of the key with `--fingerprint-key FILE`; `keytrawl baseline create \
             --force` begins anew without one",
        ));
    }
    contents.keyed |= is_keyed(args);
    Ok(())
}

/// What the files and the history hold, and the baselines beside `file`.
fn scanned(args: &BaselineArgs, file: &Path) -> Result<(Outcome, Vec<Baseline>), Failure> {
    let others = others(args, file)?;
    // All of the repository: what lies outside of a folder is not gone.
    let everything = Everything {
        folder: &known::root(&args.folder)?,
        history: !args.no_history,
        walk: &args.walk,
        shared: &args.shared,
        audit: false,
    };
    Ok((everything.scan()?.outcome, others))
}

/// The baselines that count beside the file that is written.
fn others(args: &BaselineArgs, file: &Path) -> Result<Vec<Baseline>, Failure> {
    let mut others = known::load(&args.shared, &args.folder)?;
    let real = file.canonicalize().ok();
    let root = config::root(&args.folder);
    let own = real.and_then(|real| known::inside(&root?, &real));
    others.retain(|other| own.is_none() || other.stable_path != own);
    Ok(others)
}

/// Adds every place of every finding; says how many are new.
fn add(contents: &mut Contents, outcome: &Outcome, remarks: &RemarkArgs) -> usize {
    let before = contents.entries.len();
    let line = Line { expires: remarks.expires, reason: remarks.reason.clone(), above: Vec::new() };
    for finding in &outcome.findings {
        for place in &finding.occurrences {
            let name = Line::name(&finding.fingerprint_at(place));
            contents.entries.entry(name).or_insert_with(|| line.clone());
        }
    }
    contents.entries.len() - before
}

/// Writes the file and says so. What could not be read is no success.
fn finish(
    args: &BaselineArgs,
    file: &Path,
    contents: &Contents,
    outcome: &Outcome,
    remark: &str,
) -> Result<Exit, Failure> {
    let text = contents.write();
    let old = std::fs::read_to_string(file).unwrap_or_default();
    if old != text {
        let put = |out: &mut dyn Write| out.write_all(text.as_bytes());
        output::whole(file, output::Readers::All, &put).map_err(|error| {
            Failure::new(format!("`{}` could not be written: {error}", file.display()))
                .hint("what was there before is unchanged; check the folder's rights")
        })?;
    }
    message::warnings(&outcome.warnings, args.shared.quiet);
    if !args.shared.quiet {
        let entries = match contents.entries.len() {
            1 => "1 entry".to_owned(),
            number => format!("{number} entries"),
        };
        let remark = if remark.is_empty() { String::new() } else { format!(", {remark}") };
        let verb = if old == text { "unchanged" } else { "wrote" };
        message::say(&format!("{verb} {}: {entries}{remark}", file.display()));
    }
    Ok(if outcome.complete { Exit::Clean } else { Exit::Failed })
}
