//! `keytrawl scan`: files, folders and standard input.

use std::io::{self, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::Ordering;

use clap::CommandFactory;

use super::args::{Cli, ColorArg, ConfidenceArg, ScanArgs, SharedArgs, WalkArgs};
use super::exit::Exit;
use super::message::{self, Failure};
use super::{known, output, progress, rules, start, verify};
use crate::config::gitleaks::Load;
use crate::config::{self, Config};
use crate::document::nearest;
use crate::finding::{Confidence, FingerprintKey, Outcome, Warning};
use crate::pipeline::Pipeline;
use crate::report;
use crate::rule::{Allowlist, RuleSet, builtin};
use crate::scanner::{self, Scanner, secrets_in_name};
use crate::source::archive::Limits;
use crate::source::{self, Progress, Reading};

/// Scans, reports, and says with the exit code what came of it.
pub(super) fn run(args: ScanArgs) -> Result<Exit, Failure> {
    let (outcome, rules) = outcome(&args)?;
    tell(&args.shared, &outcome, &rules)
}

/// The same for paths that no command stands before: a slip in a command reads as one of them.
pub(super) fn without_command(args: ScanArgs) -> Result<Exit, Failure> {
    let first = args.paths.first().filter(|_| args.paths.len() > 1);
    first.and_then(|first| slip(first)).map_or_else(|| run(args), Err)
}

/// What to say of a word in a command's place that is neither command nor path, but nearly a command.
pub(super) fn slip(word: &Path) -> Option<Failure> {
    let error = std::fs::symlink_metadata(word).err()?;
    let near = near_command(word)?;
    Some(missing(word, &error).hint(meant(&near)))
}

/// Scans.
pub(super) fn outcome(args: &ScanArgs) -> Result<(Outcome, RuleSet), Failure> {
    let shared = &args.shared;
    let start = start::of(&args.paths, shared)?;
    let mut config = configuration(shared, &start)?;
    let baselines = known::load(shared, &start)?;
    let rules = rule_set(shared, &mut config)?;
    let options = walk_options(&args.walk, shared, &config);
    let least = least(shared, &config);
    let allowlists = std::mem::take(&mut config.allowlists);
    let scanner = Scanner::new(&rules, asked(shared, allowlists)?);
    let progress = Arc::new(Progress::default());
    end_on_interrupt(&progress);
    let mut outcome = scan(args, &scanner, &options, &progress, least)?;
    known::apply(shared, &mut outcome, &baselines, known::coverage(&args.paths));
    drop(scanner);
    Ok((outcome, rules))
}

/// Says what came of a scan: warnings, the report, the exit code.
pub(super) fn tell(
    shared: &SharedArgs,
    outcome: &Outcome,
    rules: &RuleSet,
) -> Result<Exit, Failure> {
    let masked = if shared.show_secrets { None } else { outcome.masked(secrets_in_name) };
    let outcome = masked.as_ref().unwrap_or(outcome);
    message::warnings(&outcome.warnings, shared.quiet);
    let verified = verify::verified(&shared.live, !shared.quiet, outcome, rules)?;
    let outcome = verified.as_ref().unwrap_or(outcome);
    report(shared, outcome, rules)?;
    output::write(shared, outcome, rules)?;
    Ok(Exit::judged(outcome, shared.live.fail_on))
}

fn scan(
    args: &ScanArgs,
    scanner: &Scanner<'_>,
    options: &source::Options,
    progress: &Progress,
    least: Confidence,
) -> Result<Outcome, Failure> {
    let stdin = Path::new("-");
    let mut roots: Vec<PathBuf> = args.paths.iter().filter(|p| *p != stdin).cloned().collect();
    if args.paths.is_empty() {
        roots.push(PathBuf::from("."));
    }
    if let ([only], 1) = (roots.as_slice(), args.paths.len())
        && let Err(error) = std::fs::metadata(only)
    {
        return Err(missing(only, &error));
    }
    if let Some(root) = roots.iter().find(|root| root.is_relative())
        && let Err(error) = std::env::current_dir()
    {
        // The system shows a folder that was deleted as an empty one.
        return Err(missing(root, &error));
    }
    let pipeline = Pipeline::new(scanner);
    progress::shown(progress, !args.shared.quiet, || {
        if args.paths.iter().any(|p| p == stdin) {
            source::stdin(&options.reading, progress, &mut pipeline.worker());
        }
        let allowed = if args.shared.show_suppressed { &[] } else { scanner.allowlists() };
        source::walk(&roots, options, allowed, progress, &|| pipeline.worker())
    });
    let mut outcome = pipeline.finish(least);
    if progress.is_cancelled() {
        interrupted(&mut outcome);
    }
    Ok(outcome)
}

fn missing(path: &Path, error: &io::Error) -> Failure {
    let failure = Failure::new(format!("`{}` could not be read: {error}", path.display()));
    match near_command(path) {
        Some(near) => failure.hint(meant(&near)),
        None => failure.hint("check the path; `keytrawl --help` lists the commands"),
    }
}

fn meant(command: &str) -> String {
    format!("check the path; or did you mean `keytrawl {command}`?")
}

/// The command that a word is nearly the name of.
fn near_command(path: &Path) -> Option<String> {
    // `man.txt` is a file, whatever is near it.
    let word = path.to_str().filter(|word| !word.contains(['.', '/', '\\']))?;
    let mut command = Cli::command();
    // `help` comes with it.
    command.build();
    let known: Vec<&str> = command.get_subcommands().map(clap::Command::get_name).collect();
    nearest(word, &known).map(str::to_owned)
}

pub(super) fn interrupted(outcome: &mut Outcome) {
    outcome.complete = false;
    outcome.warnings.push(Warning {
        kind: "interrupted",
        path: None,
        message: "the run was interrupted; this is what was found so far".to_owned(),
        incomplete: true,
    });
}

/// The first Ctrl-C ends the run with what was found so far, the second one at once.
pub(super) fn end_on_interrupt(progress: &Arc<Progress>) {
    let progress = Arc::clone(progress);
    // Without a handler, Ctrl-C ends the program as it always does.
    let _ = ctrlc::set_handler(move || {
        verify::INTERRUPTED.store(true, Ordering::Relaxed);
        if progress.cancelled.swap(true, Ordering::Relaxed) {
            std::process::exit(130);
        }
    });
}

/// The configuration that was named, or that of the scanned folder. Every scan begins here, so
/// this is also where reports that could not be written in the end are told.
pub(super) fn configuration(args: &SharedArgs, start: &Path) -> Result<Config, Failure> {
    configuration_with(args, start, &config::extended)
}

/// The same for those who know better where to read what a configuration extends.
pub(super) fn configuration_with(
    args: &SharedArgs,
    start: &Path,
    load: Load<'_>,
) -> Result<Config, Failure> {
    output::check(args)?;
    if args.quiet {
        message::hush();
    }
    if args.no_config {
        return Ok(Config::default());
    }
    if let Some((name, text)) = inline(args) {
        return config::of_gitleaks(name, &text, load).map_err(|error| misconfigured(name, error));
    }
    let Some(path) = named(args).or_else(|| config::find(start)) else {
        return Ok(Config::default());
    };
    if let Some(other) = config::overruled(&path) {
        let (path, other) = (path.display(), other.display());
        let text = format!("`{path}` is the configuration, and `{other}` beside it does not count");
        message::note(&text);
    }
    config::load(&path, load).map_err(|error| misconfigured(&path.display().to_string(), error))
}

/// The configuration file that the user has named, on the command line or as for gitleaks.
pub(super) fn named(args: &SharedArgs) -> Option<PathBuf> {
    let set = || std::env::var_os("GITLEAKS_CONFIG").filter(|value| !value.is_empty());
    args.config.clone().or_else(|| set().map(PathBuf::from))
}

/// The configuration that the environment holds: its name for people, and its text.
pub(super) fn inline(args: &SharedArgs) -> Option<(&'static str, String)> {
    const NAME: &str = "GITLEAKS_CONFIG_TOML";
    let text = std::env::var(NAME).ok().filter(|text| !text.is_empty());
    text.filter(|_| named(args).is_none()).map(|text| (NAME, text))
}

/// What to say of a configuration that cannot be used.
pub(super) fn misconfigured(name: &str, error: config::Error) -> Failure {
    match error {
        config::Error::Wrong(problems) => {
            Failure::of_problems(format!("the configuration `{name}` is wrong"), &problems)
                .hint("mend the file, or scan with `--no-config`")
        }
        error @ config::Error::Read { .. } => Failure::new(error.to_string()),
    }
}

pub(super) fn rule_set(args: &SharedArgs, config: &mut Config) -> Result<RuleSet, Failure> {
    let mut set = assembled(rules::load(std::iter::empty())?, config)?;
    rules::add_scanned(&mut set, &scanned_files(args, config), args.live.verify)?;
    finish_rules(set, args, config)
}

/// The rule files that the configuration names, without those that the user names as well: they are
/// the user's.
pub(super) fn scanned_files(args: &SharedArgs, config: &Config) -> Vec<PathBuf> {
    let real = |path: &PathBuf| path.canonicalize().ok();
    let named: Vec<PathBuf> = args.rules.iter().filter_map(real).collect();
    let is_named = |path: &&PathBuf| real(path).is_some_and(|path| named.contains(&path));
    config.rules.iter().filter(|path| !is_named(path)).cloned().collect()
}

/// Parts of a configuration without effect that are said one by one.
const UNAPPLIED: usize = 5;

/// The rules of a configuration for gitleaks, if it is one; else the built-in ones.
pub(super) fn assembled(builtin: RuleSet, config: &mut Config) -> Result<RuleSet, Failure> {
    let Some(gitleaks) = config.gitleaks.take() else { return Ok(builtin) };
    let name = config
        .path
        .as_ref()
        .map_or_else(|| "GITLEAKS_CONFIG_TOML".to_owned(), |path| path.display().to_string());
    let all = gitleaks.assemble(builtin).map_err(|error| misconfigured(&name, error))?;
    let few = all.unapplied.iter().take(UNAPPLIED);
    few.for_each(|problem| message::note(&problem.to_string()));
    if let more @ 1.. = all.unapplied.len().saturating_sub(UNAPPLIED) {
        message::note(&format!("and {more} more; `keytrawl rules check {name}` lists them"));
    }
    Ok(all.set)
}

/// Adds what the user has named to the rules of what is scanned, and takes out what is not wanted.
pub(super) fn finish_rules(
    mut set: RuleSet,
    args: &SharedArgs,
    config: &Config,
) -> Result<RuleSet, Failure> {
    rules::add_named(&mut set, &args.rules)?;
    verify::check(&args.live, &set)?;
    for id in &config.disabled_rules {
        if !set.rules.iter().any(|rule| rule.is_called(id)) {
            let message = format!("`disabled-rules` names `{id}`, which is no rule");
            return Err(Failure::new(message).hint(rules::meant(id, &set)));
        }
    }
    set.disable(&config.disabled_rules);
    if let Some(id) = set.keep(&args.only) {
        if config.disabled_rules.contains(id) {
            let message = format!("`--only` names `{id}`, which the configuration disables");
            return Err(Failure::new(message)
                .hint("take it out of `disabled-rules`, or scan with `--no-config`"));
        }
        let message = format!("`--only` names `{id}`, which is no rule and no provider");
        return Err(Failure::new(message).hint(rules::meant(id, &builtin())));
    }
    // What nobody asks for costs nothing; who names a rule asks for it.
    if args.only.is_empty() && !args.explain && least(args, config) > Confidence::Low {
        set.disable_weak();
    }
    if set.rules.is_empty() {
        let message = "no rule is left, so that nothing could be found";
        return Err(Failure::new(message).hint(
            "a configuration for gitleaks has only its own rules, unless it says \
             `useDefault = true` in `[extend]`",
        ));
    }
    Ok(set)
}

pub(super) fn walk_options(
    args: &WalkArgs,
    shared: &SharedArgs,
    config: &Config,
) -> source::Options {
    source::Options {
        reading: Reading {
            max_size: args.max_size.or(config.max_size),
            archives: archives(shared, config),
        },
        no_ignore: args.no_ignore || config.no_ignore.unwrap_or(false),
        follow: args.follow || config.follow.unwrap_or(false),
        threads: threads(shared),
        from_root: false,
    }
}

/// What a scanner is asked beside finding.
pub(super) fn asked(
    args: &SharedArgs,
    allowlists: Vec<Allowlist>,
) -> Result<scanner::Options, Failure> {
    let (explain, audit) = (args.explain, args.show_suppressed);
    let key = args.fingerprint_key.as_deref().map(fingerprint_key).transpose()?;
    Ok(scanner::Options { allowlists, explain, audit, audits_rules: false, key })
}

fn fingerprint_key(path: &Path) -> Result<FingerprintKey, Failure> {
    let shown = path.display();
    let bytes = std::fs::read(path).map_err(|error| {
        Failure::new(format!("the key `{shown}` could not be read: {error}")).hint("check the path")
    })?;
    FingerprintKey::new(bytes.trim_ascii_end()).ok_or_else(|| {
        let least = FingerprintKey::LEAST;
        Failure::new(format!("the key `{shown}` has fewer than {least} bytes"))
            .hint("`openssl rand -hex 32` makes one")
    })
}

/// So many threads are never too many.
const FEW_THREADS: usize = 64;
/// More threads a core than this only wait for each other: with thousands, a walk hardly gets on.
const THREADS_A_CORE: usize = 4;

/// Number of threads to use.
pub(super) fn threads(args: &SharedArgs) -> usize {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let most = FEW_THREADS.max(THREADS_A_CORE * cores);
    args.threads.map_or(cores, usize::from).min(most)
}

/// Whether to look into archives, and how deep.
pub(super) fn archives(args: &SharedArgs, config: &Config) -> Option<Limits> {
    let wanted = !args.no_archives && config.archives.unwrap_or(true);
    wanted.then(|| limits(args, config))
}

fn limits(args: &SharedArgs, config: &Config) -> Limits {
    let usual = Limits::default();
    let depth = config.archive_depth.map(|d| u32::try_from(d).unwrap_or(u32::MAX));
    Limits {
        depth: args.max_archive_depth.or(depth).unwrap_or(usual.depth),
        total_bytes: args.max_archive_size.or(config.archive_size).unwrap_or(usual.total_bytes),
        member_bytes: args.max_archive_member_size.unwrap_or(usual.member_bytes),
        ratio: args.max_archive_ratio.unwrap_or(usual.ratio),
        members: args.max_archive_members.unwrap_or(usual.members),
    }
}

pub(super) fn least(args: &SharedArgs, config: &Config) -> Confidence {
    let asked = args.confidence.map(|confidence| match confidence {
        ConfidenceArg::Low => Confidence::Low,
        ConfidenceArg::Medium => Confidence::Medium,
        ConfidenceArg::High => Confidence::High,
    });
    asked.or(config.confidence).unwrap_or(Confidence::Medium)
}

/// Writes the report to standard output.
pub(super) fn report(args: &SharedArgs, outcome: &Outcome, rules: &RuleSet) -> Result<(), Failure> {
    let format = report::Format::from(args.format);
    let idle = outcome.findings.is_empty() && outcome.rejections.is_empty();
    if args.quiet && idle && format == report::Format::Human {
        return Ok(());
    }
    if format != report::Format::Human {
        message::rejections(&outcome.rejections);
    }
    let terminal = io::stdout().is_terminal();
    let width =
        terminal.then(terminal_size::terminal_size).flatten().map(|(w, _)| usize::from(w.0));
    let options = report::Options {
        color: wants_color(args.color, terminal),
        width,
        warnings_elsewhere: true,
        brief: args.quiet,
        show_suppressed: args.show_suppressed,
        ..output::options(args.show_secrets)
    };
    let mut out = io::BufWriter::new(io::stdout().lock());
    let written =
        report::write(format, &mut out, outcome, rules, &options).and_then(|()| out.flush());
    match written {
        // Whoever read the report has read enough of it.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        Err(error) => Err(Failure::new(format!("the report could not be written: {error}"))),
        Ok(()) => Ok(()),
    }
}

fn wants_color(color: ColorArg, terminal: bool) -> bool {
    let set = |name: &str| std::env::var_os(name).is_some_and(|v| !v.is_empty());
    match color {
        ColorArg::Always => true,
        ColorArg::Never => false,
        ColorArg::Auto => {
            terminal && !set("NO_COLOR") && std::env::var_os("TERM").is_none_or(|t| t != "dumb")
        }
    }
}
