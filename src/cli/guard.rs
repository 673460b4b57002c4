//! What the hooks run: a scan whose answer is a few lines for whoever is about to commit or to push.
//!
//! Not here: the hooks themselves (`hook`).

use std::collections::BTreeSet;
use std::env;
use std::fmt::Write as _;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use super::args::{FormatArg, HookArg, HookRunArgs, SharedArgs, StagedArgs};
use super::exit::Exit;
use super::message::{self, Failure};
use super::range::{self, Asked};
use super::{idle, output, repository, scan, staged};
use crate::finding::{Finding, Occurrence, Outcome};
use crate::git::repository::Repository;
use crate::report::sanitize::visible;
use crate::rule::{Environment, RuleSet};
use crate::scanner::secrets_in_name;
use crate::source::history::TAG_MESSAGE;
use crate::source::range::{Ends, Error, is_zeros};

/// Places that are named.
const PLACES: usize = 3;

/// Runs a hook: nothing is said if there is nothing to say.
pub(super) fn run(args: &HookRunArgs) -> Result<Exit, Failure> {
    idle::refuse("hook run", idle::live(&args.shared))?;
    idle::refuse("hook run", [(args.shared.replacements.is_some(), "--replacements")])?;
    match args.hook {
        HookArg::PreCommit => commit(args),
        HookArg::PrePush => push(args),
    }
}

fn commit(args: &HookRunArgs) -> Result<Exit, Failure> {
    let asked = StagedArgs {
        paths: Vec::new(),
        or_files: false,
        max_size: None,
        shared: args.shared.clone(),
    };
    let done = staged::outcome(&asked)?;
    let undo = if done.has_head { "git restore --staged" } else { "git rm --cached" };
    let words = Words {
        heading: "commit blocked",
        passed: "commit not blocked",
        all: "keytrawl staged",
        why: "once committed, everybody who gets the repository can use it, and history keeps it",
        undo,
        skip: "git commit --no-verify",
        allow: "`git add` the file again",
        undo_takes_pathspecs: true,
    };
    say(&done.outcome, &done.rules, &args.shared, &words)
}

fn push(args: &HookRunArgs) -> Result<Exit, Failure> {
    let repository = repository::open(Path::new("."))?;
    let pushed = Pushed::read(&repository, args)?;
    if pushed.tips.is_empty() {
        return Ok(Exit::Clean);
    }
    let ends = Ends::of(&pushed.tips, &pushed.old, &repository).map_err(unpushed)?;
    let asked = Asked {
        start: PathBuf::from("."),
        // On one's own machine, a comment of today is as good as one of yesterday.
        trusted: true,
        name: "what is pushed".to_owned(),
        ..Asked::default()
    };
    let mut done = range::outcome(&repository, &ends, &asked, &args.shared)?;
    done.outcome.warnings.retain(|warning| warning.kind != "empty-range");
    let words = Words {
        heading: "push blocked",
        passed: "push not blocked",
        all: "keytrawl history",
        why: "once pushed, everybody who gets the repository can use it: revoke it, if it is out already",
        undo: "git rebase -i (or git commit --amend) to take it out of",
        skip: "git push --no-verify",
        allow: "`git add` the file, then `git commit --amend`; if a later commit is on top, \
                `git commit --fixup=COMMIT` and `git rebase -i --autosquash COMMIT^`",
        undo_takes_pathspecs: false,
    };
    say(&done.outcome, &done.rules, &args.shared, &words)
}

/// What to do about a push that cannot be scanned.
fn unpushed(error: Error) -> Failure {
    let told = Failure::new(error.to_string());
    match error {
        Error::NoCommit { name, kind } => told.hint(format!(
            "a push of commits alone is looked at; `{}` scans the {kind}, and `git push --no-verify` \
             pushes it by itself",
            range::command_for(&name, kind)
        )),
        error => range::failure(error),
    }
}

/// The commits that are about to be pushed, and those that are there.
#[derive(Default)]
struct Pushed {
    tips: Vec<String>,
    old: Vec<String>,
}

impl Pushed {
    /// As git tells a hook, a line a ref; or as pre-commit tells its hooks, by the environment.
    fn read(repository: &Repository, args: &HookRunArgs) -> Result<Self, Failure> {
        let set = |name: &str| env::var(name).ok().filter(|value| !value.is_empty());
        if let (Some(from), Some(to)) = (set("PRE_COMMIT_FROM_REF"), set("PRE_COMMIT_TO_REF")) {
            return Ok(Self { tips: vec![to], old: vec![from] });
        }
        let first = args.arguments.first().map(|name| name.to_string_lossy().into_owned());
        let name = first.or_else(|| set("PRE_COMMIT_REMOTE_NAME"));
        let old = tracked(repository, name.as_deref())?;
        if set("PRE_COMMIT").is_some() {
            let tip = set("PRE_COMMIT_LOCAL_BRANCH").unwrap_or_else(|| "HEAD".to_owned());
            return Ok(Self { tips: vec![tip], old });
        }
        let mut text = String::new();
        let read = io::stdin().read_to_string(&mut text);
        read.map_err(|e| Failure::new(format!("what is pushed cannot be read: {e}")))?;
        let mut pushed = Self { tips: Vec::new(), old: Vec::new() };
        for line in text.lines().filter(|line| !line.trim().is_empty()) {
            let mut words = line.split_whitespace().skip(1);
            let (Some(local), Some(_), Some(remote)) = (words.next(), words.next(), words.next())
            else {
                return Err(Failure::new("what is pushed is not told as git tells its hooks").hint(
                    "a line for each ref is expected on standard input: LOCAL-REF ID REMOTE-REF ID",
                ));
            };
            // A branch that is deleted pushes nothing.
            if !is_zeros(local) {
                pushed.tips.push(local.to_owned());
                pushed.old.push(remote.to_owned());
            }
        }
        pushed.old.extend(old);
        Ok(pushed)
    }
}

/// What is known of the commits that a remote has; of one without a name, what any has.
fn tracked(repository: &Repository, remote: Option<&str>) -> Result<Vec<String>, Failure> {
    let refs = repository.refs().map_err(repository::failure)?;
    let below = |prefix: &str| -> Vec<String> {
        let all = refs.iter().filter(|one| one.name.starts_with(prefix));
        all.map(|one| one.target.to_string()).collect()
    };
    let is_url = remote.is_none_or(|name| name.contains([':', '/']));
    let prefix = match remote {
        Some(name) if !is_url => format!("refs/remotes/{name}/"),
        _ => "refs/remotes/".to_owned(),
    };
    Ok(below(&prefix))
}

/// The words that a hook has for its findings.
struct Words {
    heading: &'static str,
    /// The same where findings count for nothing.
    passed: &'static str,
    /// The command that shows everything.
    all: &'static str,
    why: &'static str,
    /// The command that takes a file out.
    undo: &'static str,
    skip: &'static str,
    /// What makes a comment count; COMMIT stands for the commit that brings the secret.
    allow: &'static str,
    /// Whether git reads what stands behind `undo`.
    undo_takes_pathspecs: bool,
}

fn say(
    outcome: &Outcome,
    rules: &RuleSet,
    shared: &SharedArgs,
    words: &Words,
) -> Result<Exit, Failure> {
    let masked = outcome.masked(secrets_in_name);
    let shown = masked.as_ref().unwrap_or(outcome);
    message::warnings(&shown.warnings, shared.quiet);
    let reported = if shared.show_secrets { outcome } else { shown };
    // People get the few lines below, unless they ask for more.
    if shared.explain || shared.format != FormatArg::Human {
        scan::report(shared, reported, rules)?;
    }
    output::write(shared, reported, rules)?;
    let exit = Exit::judged(shown, shared.live.fail_on);
    let mut text = blocked(shown, rules, words, exit);
    if exit == Exit::Failed {
        let _ = write!(
            text,
            "keytrawl: {}: not everything could be read, see above\n  skip   {} goes past this check\n",
            words.heading, words.skip
        );
    }
    let written = io::stderr().write_all(text.as_bytes());
    written.map_err(|e| Failure::new(e.to_string()))?;
    Ok(exit)
}

/// Six lines: what, where, why it matters, how to take it out, how to allow a false alarm.
fn blocked(outcome: &Outcome, rules: &RuleSet, words: &Words, exit: Exit) -> String {
    let Some(first) = outcome.findings.first() else { return String::new() };
    let count = outcome.findings.len();
    let (noun, more) = match count {
        1 => ("secret", String::new()),
        _ => ("secrets", format!("; and {} more: `{}` shows all", count - 1, words.all)),
    };
    let kind = match first.environment {
        Some(Environment::Live) => " (live key)",
        Some(Environment::Test) => " (sandbox key)",
        None => "",
    };
    let undo = match outcome.findings.iter().all(is_in_tag) {
        true => "git tag -f -a to make the tag anew without it".to_owned(),
        false => format!("{} {}", words.undo, files(&outcome.findings, words)),
    };
    let commit = first.occurrences.iter().find_map(|place| place.commit.as_ref());
    let allow = words.allow.replace("COMMIT", commit.map_or("COMMIT", |commit| short(&commit.id)));
    let heading = if exit == Exit::Clean { words.passed } else { words.heading };
    let lines = [
        format!("keytrawl: {heading}: {count} {noun}"),
        format!("  what   {} {}{kind}{more}", first.description, first.secret.redacted()),
        format!("  where  {}", places(&outcome.findings)),
        format!("  why    {}", words.why),
        format!(
            "  undo   {undo}, then read the key from the environment ({})",
            variable(first, rules)
        ),
        format!(
            "  allow  if it is no secret: a comment `keytrawl:allow {} -- REASON` on its line, and {}",
            first.rule, allow
        ),
    ];
    lines.iter().map(|line| format!("{}\n", visible(line))).collect()
}

/// Whether a secret stands in messages of tags alone, which no other commit takes it out of.
fn is_in_tag(finding: &Finding) -> bool {
    finding.occurrences.iter().all(|place| place.path == TAG_MESSAGE)
}

fn places(findings: &[Finding]) -> String {
    let all = findings.iter().flat_map(|finding| &finding.occurrences).map(|place| {
        let at = format!("{}:{}:{}", place.path, place.start.line, place.start.column);
        match &place.commit {
            Some(commit) => format!("{at} (commit {})", short(&commit.id)),
            None => at,
        }
    });
    listed(all, ", ")
}

fn short(id: &str) -> &str {
    id.get(..12).unwrap_or(id)
}

fn files(findings: &[Finding], words: &Words) -> String {
    let all = findings.iter().flat_map(|finding| &finding.occurrences);
    let outer = all.map(Occurrence::file);
    // git says where it was called, and runs the hook in the root.
    let inside = env::var_os("GIT_PREFIX").is_some_and(|prefix| !prefix.is_empty());
    // What git would take for a pattern or for magic would take other files along.
    let odd = |path: &str| path.starts_with(':') || path.contains(['*', '?', '[', '\\']);
    let literal = |path: &str| words.undo_takes_pathspecs && odd(path);
    let named = |path: &str| match (inside, literal(path), path.starts_with('-')) {
        (true, true, _) => quoted(&format!(":(top,literal){path}")),
        (true, false, _) => quoted(&format!(":/{path}")),
        (false, true, _) => quoted(&format!(":(literal){path}")),
        (false, false, true) => quoted(&format!("./{path}")),
        _ => quoted(path),
    };
    let names: BTreeSet<String> = outer.map(named).collect();
    listed(names.into_iter(), " ")
}

fn listed(all: impl Iterator<Item = String>, between: &str) -> String {
    let all: Vec<String> = all.collect();
    let shown = all[..all.len().min(PLACES)].join(between);
    match all.len().saturating_sub(PLACES) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}

/// A path as a shell reads it. Bytes that are no UTF-8 are escaped in paths that are shown, as the
/// quotes `$'…'` have them.
fn quoted(path: &str) -> String {
    if let Some(text) = with_bytes(path) {
        return text;
    }
    let plain = |c: char| c.is_alphanumeric() || "/._-+@%:".contains(c);
    if path.chars().all(plain) {
        return path.to_owned();
    }
    format!("'{}'", path.replace('\'', "'\\''"))
}

/// A path with escapes of bytes in it, for a shell.
fn with_bytes(path: &str) -> Option<String> {
    let is_byte = |rest: &str| {
        let digits = rest.strip_prefix('x').and_then(|rest| rest.get(..2));
        digits.is_some_and(|digits| u8::from_str_radix(digits, 16).is_ok_and(|byte| byte > 0x7f))
    };
    path.match_indices('\\').find(|(at, _)| is_byte(&path[at + 1..]))?;
    let mut text = String::from("$'");
    for (at, c) in path.char_indices() {
        if c == '\'' || c == '\\' && !is_byte(&path[at + 1..]) {
            text.push('\\');
        }
        text.push(c);
    }
    Some(text + "'")
}

/// What a variable for the key may be called: as the provider's own are.
fn variable(finding: &Finding, rules: &RuleSet) -> String {
    let provider = finding.provider.as_deref().or_else(|| {
        let rule = rules.rule(&finding.rule)?;
        rule.provider.as_deref()
    });
    let word = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_uppercase() } else { '_' };
    provider.map_or_else(
        || "API_KEY".to_owned(),
        |id| format!("{}_API_KEY", id.chars().map(word).collect::<String>()),
    )
}
