//! The baselines of a scan: which files they are, and what they take out of its outcome.
//!
//! Not here: what a baseline says, and the commands that write one.

use std::path::{Path, PathBuf};

use super::args::SharedArgs;
use super::message::Failure;
use super::output;
use crate::baseline::{self, Baseline, Coverage, Today};
use crate::config;
use crate::finding::Outcome;
use crate::moment::Day;
use crate::scanner::without_secrets;

/// The baselines that were named, and those at the root of what is scanned, which `start` is or is
/// in.
pub(super) fn load(args: &SharedArgs, start: &Path) -> Result<Vec<Baseline>, Failure> {
    let root = config::root(start);
    let mut known: Vec<Baseline> = Vec::new();
    let mut seen: Vec<PathBuf> = Vec::new();
    for path in &args.baseline {
        let real = path.canonicalize().unwrap_or_else(|_| path.clone());
        if !seen.contains(&real) {
            let inside = root.as_deref().and_then(|root| inside(root, &real));
            known.push(baseline::load(path, inside).map_err(|error| failure(&error))?);
            seen.push(real);
        }
    }
    let Some(root) = root.filter(|_| !args.no_baseline) else { return Ok(known) };
    for path in baseline::found_at(&root) {
        let real = path.canonicalize().unwrap_or_else(|_| path.clone());
        if seen.contains(&real) {
            continue;
        }
        let name = inside(&root, &path);
        let mut found = baseline::load(&path, name.clone())
            .map_err(|error| failure(&error).hint("mend the file, or scan with `--no-baseline`"))?;
        // The same on every machine, wherever the checkout is.
        found.name = name.unwrap_or(found.name);
        known.push(found);
    }
    Ok(known)
}

/// A path relative to `root`, with `/` between its parts.
pub(super) fn inside(root: &Path, path: &Path) -> Option<String> {
    let parts = path.strip_prefix(root).ok()?.iter();
    let parts: Option<Vec<&str>> = parts.map(std::ffi::OsStr::to_str).collect();
    parts.map(|parts| parts.join("/"))
}

/// The root of what `folder` is in, as the user would type it where that is short.
pub(super) fn root(folder: &Path) -> Result<PathBuf, Failure> {
    let Some(root) = config::root(folder) else {
        return Err(Failure::new(format!("`{}` could not be read", folder.display()))
            .hint("check the path"));
    };
    let here = std::env::current_dir().and_then(|here| here.canonicalize());
    Ok(if here.is_ok_and(|here| here == root) { PathBuf::from(".") } else { root })
}

/// Takes what is known out of an outcome. `coverage` says how much the scan was asked to see.
pub(super) fn apply(
    args: &SharedArgs,
    outcome: &mut Outcome,
    baselines: &[Baseline],
    coverage: Coverage,
) {
    if !baselines.is_empty() {
        let whole = outcome.complete && args.only.is_empty();
        let coverage = if whole { coverage } else { Coverage::Part };
        baseline::apply(outcome, baselines, today(args, coverage));
    }
    mask_reasons(outcome);
}

/// What people write of a secret may be the secret, or another one.
fn mask_reasons(outcome: &mut Outcome) {
    let reasons = outcome.rejections.iter_mut().map(|one| &mut one.reason);
    let written = outcome.suppressed.iter_mut().flat_map(|one| one.by.texts_mut());
    for text in reasons.chain(written) {
        *text = without_secrets(std::mem::take(text));
    }
}

/// Now.
pub(super) fn today(args: &SharedArgs, coverage: Coverage) -> Today {
    let keyed = args.fingerprint_key.is_some();
    Today { day: Day::of(output::now()), coverage, explain: args.explain, keyed }
}

/// How much a scan of `paths` sees: all files of the repository, or of the folder outside of one, or
/// a part of them.
pub(super) fn coverage(paths: &[PathBuf]) -> Coverage {
    let here = PathBuf::from(".");
    let only = match paths {
        [] => &here,
        [only] => only,
        _ => return Coverage::Part,
    };
    let (Ok(real), Some(root)) = (only.canonicalize(), config::root(only)) else {
        return Coverage::Part;
    };
    match (root == real && real.is_dir(), real.join(".git").exists()) {
        (false, _) => Coverage::Part,
        (true, true) => Coverage::Files,
        (true, false) => Coverage::All,
    }
}

pub(super) fn failure(error: &baseline::Error) -> Failure {
    let failure = Failure::new(error.to_string());
    match error {
        baseline::Error::Read { .. } => {
            failure.hint("check the path; `keytrawl baseline create` writes a baseline")
        }
        baseline::Error::Wrong { .. } => failure.hint(
            "baselines of keytrawl, gitleaks, betterleaks, detect-secrets and kingfisher are read",
        ),
    }
}
