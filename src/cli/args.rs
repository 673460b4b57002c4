//! The arguments, as clap reads them. What they come to is for each command to say.

mod commits;

pub(super) use commits::{HookArg, HookArgs, HookCommand, HookRunArgs, RangeArgs, StagedArgs};
mod memory;

pub(super) use memory::{BaselineArgs, BaselineCommand, RemarkArgs, SuppressionsArgs};

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand, ValueEnum};

use super::output::{Target, parse_target};
use crate::config::parse_size;
use crate::report::Format;
use crate::source::history::parse_date;

#[derive(Debug, Parser)]
#[command(
    name = "keytrawl",
    version,
    about = "Finds leaked API keys in files, folders, archives and git histories",
    args_conflicts_with_subcommands = true,
    after_help = EXAMPLES,
    max_term_width = 100
)]
pub(super) struct Cli {
    #[command(subcommand)]
    pub(super) command: Option<Command>,
    #[command(flatten)]
    pub(super) scan: ScanArgs,
}

const EXAMPLES: &str = "\
Examples:
  keytrawl                        scan the current folder
  keytrawl scan src config.yml    scan a folder and a file
  git diff | keytrawl -           scan standard input
  keytrawl history                scan every commit of the repository here
  keytrawl staged                 scan what the next commit would contain
  keytrawl range main..HEAD       scan what the commits of a branch add
  keytrawl --format json > r.json a report for machines, secrets redacted
  keytrawl --report sarif=r.sarif also write a report to a file, as often as wanted
  keytrawl --explain              also say what was not reported, and why
  keytrawl baseline create        note what is known; from then on only what is new is reported
  keytrawl --verify               also ask the providers which keys still work

Exit codes: 0 nothing found and everything read, 1 something found,
2 the job could not be done, or not wholly, and nothing was found.";

const HISTORY_EXAMPLES: &str = "\
Examples:
  keytrawl history                    the repository of the current folder
  keytrawl history --since 2024-03-01 what was introduced since then
  keytrawl history --branch main      what one branch reaches
  keytrawl history --unreachable      also what a force push has left behind
  keytrawl history --report html=audit.html   a page to hand on
  keytrawl history --replacements ../r.txt    what git filter-repo needs to take the secrets out";

const VERIFY_EXAMPLES: &str = "\
Examples:
  printf %s \"$LEADEY_API_KEY\" | keytrawl verify
  keytrawl verify --provider leadterra < key.txt

The secret is sent to its provider, and to nobody else. Exit codes: 0 it does not work any more,
1 it still works, 2 nobody was asked, or the answer does not tell.";

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Scan files and folders (the default)
    #[command(after_help = EXAMPLES)]
    Scan(ScanArgs),
    /// Scan every commit of every ref of a git repository
    #[command(after_help = HISTORY_EXAMPLES)]
    History(HistoryArgs),
    /// Scan what the next commit would contain
    #[command(after_help = commits::STAGED_EXAMPLES)]
    Staged(StagedArgs),
    /// Scan what the commits of a range add, such as those of a pull request
    #[command(after_help = commits::RANGE_EXAMPLES)]
    Range(RangeArgs),
    /// Do the job of the GitHub Action, as environment and event say
    #[command(after_help = commits::CI_HELP)]
    Ci,
    /// Run keytrawl before each commit or push
    #[command(after_help = commits::HOOK_EXAMPLES)]
    Hook {
        #[command(subcommand)]
        command: HookCommand,
    },
    /// Write down which secrets are known and may stay
    #[command(after_help = memory::BASELINE_EXAMPLES)]
    Baseline {
        #[command(subcommand)]
        command: BaselineCommand,
    },
    /// List what lets secrets stay, and whether it still suppresses anything
    #[command(after_help = memory::SUPPRESSIONS_EXAMPLES)]
    Suppressions(SuppressionsArgs),
    /// Print what a shell needs to complete arguments
    #[command(after_help = COMPLETIONS_EXAMPLES)]
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
    /// Print the manual page, of the whole or of one command
    #[command(after_help = MAN_EXAMPLES)]
    Man {
        /// The command, such as `history` or `baseline create`
        #[arg(value_name = "COMMAND", num_args = 0..)]
        command: Vec<String>,
        /// Write a page for each command into this folder instead
        #[arg(long, value_name = "DIR", conflicts_with = "command")]
        all: Option<PathBuf>,
    },
    /// Ask whether one secret, read from standard input, still works
    #[command(after_help = VERIFY_EXAMPLES)]
    Verify(VerifyArgs),
    /// List, show and prove the rules
    #[command(after_help = RULES_EXAMPLES)]
    Rules {
        #[command(subcommand)]
        command: RulesCommand,
    },
}

const COMPLETIONS_EXAMPLES: &str = "\
Examples:
  keytrawl completions bash > ~/.local/share/bash-completion/completions/keytrawl
  keytrawl completions zsh > \"${fpath[1]}/_keytrawl\"
  keytrawl completions fish > ~/.config/fish/completions/keytrawl.fish";

const MAN_EXAMPLES: &str = "\
Examples:
  keytrawl man | man -l -                   read it
  keytrawl man baseline create | man -l -   of one command
  keytrawl man --all /usr/local/share/man/man1";

const RULES_EXAMPLES: &str = "\
Examples:
  keytrawl rules list                   one line a rule
  keytrawl rules show mega-api-key      everything about one
  keytrawl rules check ci/rules.toml    prove a file by its own examples";

#[derive(Debug, Subcommand)]
pub(super) enum RulesCommand {
    /// One line a rule
    #[command(after_help = RULES_EXAMPLES)]
    List {
        /// Rule files to add to the built-in ones
        #[arg(long, value_name = "FILE")]
        rules: Vec<PathBuf>,
    },
    /// Everything about one rule
    #[command(after_help = RULES_EXAMPLES)]
    Show {
        /// Id of the rule
        id: String,
        /// Rule files to add to the built-in ones
        #[arg(long, value_name = "FILE")]
        rules: Vec<PathBuf>,
    },
    /// Prove rule files by their own examples; without FILE, the built-in ones
    #[command(after_help = RULES_EXAMPLES)]
    Check {
        /// Rule files
        #[arg(value_name = "FILE")]
        files: Vec<PathBuf>,
    },
    /// The index of the built-in rules, for `src/rule/index.tsv`
    #[command(hide = true)]
    Index,
}

#[derive(Debug, Args)]
pub(super) struct ScanArgs {
    /// Files and folders; - is standard input
    #[arg(value_name = "PATH")]
    pub(super) paths: Vec<PathBuf>,
    #[command(flatten)]
    pub(super) shared: SharedArgs,
    #[command(flatten)]
    pub(super) walk: WalkArgs,
}

/// How files are found.
#[derive(Debug, Args)]
pub(super) struct WalkArgs {
    /// Also read what .gitignore hides
    #[arg(long, help_heading = "What is read")]
    pub(super) no_ignore: bool,
    /// Follow symbolic links
    #[arg(long, help_heading = "What is read")]
    pub(super) follow: bool,
    /// Leave out files larger than this, such as 10MB
    #[arg(long, value_name = "SIZE", value_parser = parse_size, help_heading = "What is read")]
    pub(super) max_size: Option<u64>,
}

#[derive(Debug, Args)]
pub(super) struct HistoryArgs {
    /// The repository, or a folder in it
    #[arg(value_name = "REPO", default_value = ".")]
    pub(super) repository: PathBuf,
    /// Only secrets that commits since this date introduced, such as 2024-03-01
    #[arg(long, value_name = "DATE", value_parser = parse_date, help_heading = "What is read")]
    pub(super) since: Option<i64>,
    /// Only what this branch, tag, ref or commit reaches; may be given more than once
    #[arg(long, value_name = "REF", help_heading = "What is read")]
    pub(super) branch: Vec<String>,
    /// Also show what no ref reaches: leftovers of force pushes, dropped stashes
    #[arg(long, help_heading = "What is read")]
    pub(super) unreachable: bool,
    /// Also scan the histories of submodules, and of theirs
    #[arg(long, help_heading = "What is read")]
    pub(super) submodules: bool,
    /// Take it that missing objects are meant to be missing
    #[arg(long, help_heading = "What is read")]
    pub(super) allow_missing: bool,
    /// Memory for rebuilt objects [default: 1GB]
    #[arg(long, value_name = "SIZE", value_parser = parse_size, help_heading = "What is read")]
    pub(super) memory: Option<u64>,
    /// Search packs anew that an earlier run has searched
    #[arg(long, help_heading = "What is read")]
    pub(super) no_cache: bool,
    /// Search every byte of every blob, for comparison
    #[arg(long, hide = true)]
    pub(super) exhaustive: bool,
    #[command(flatten)]
    pub(super) shared: SharedArgs,
}

/// What all commands that scan can be asked.
#[derive(Clone, Debug, Args)]
pub(super) struct SharedArgs {
    /// How the report looks
    #[arg(long, value_enum, default_value_t = FormatArg::Human)]
    pub(super) format: FormatArg,
    /// Also write a report to a file, such as sarif=out.sarif; may be given more than once
    #[arg(long, value_name = "FORMAT=FILE", value_parser = parse_target)]
    pub(super) report: Vec<Target>,
    /// Also write what `git filter-repo --replace-text` needs to take the secrets out of a history; the
    /// file holds them in clear
    #[arg(long, value_name = "FILE")]
    pub(super) replacements: Option<PathBuf>,
    /// Show secrets in clear; without it, every output masks them
    #[arg(long)]
    pub(super) show_secrets: bool,
    /// Report findings that are at least this sure [default: medium]
    #[arg(long, value_enum)]
    pub(super) confidence: Option<ConfidenceArg>,
    /// Also say which candidates were not reported, and why: in the human report, beside others on standard error
    #[arg(long)]
    pub(super) explain: bool,
    /// Keep what is allowed in reports that can mark it so (sarif)
    #[arg(long)]
    pub(super) show_suppressed: bool,
    /// Only findings and what could not be read: no progress, no other warnings, no advice, no summary
    #[arg(long, short)]
    pub(super) quiet: bool,
    /// Colours in the report
    #[arg(long, value_enum, default_value_t = ColorArg::Auto)]
    pub(super) color: ColorArg,
    /// Rule files to add to the built-in ones
    #[arg(long, value_name = "FILE", help_heading = "Rules and configuration")]
    pub(super) rules: Vec<PathBuf>,
    /// Only these rules, by id or by provider, such as `mega,sk-live-key`
    #[arg(
        long,
        value_name = "ID",
        value_delimiter = ',',
        help_heading = "Rules and configuration"
    )]
    pub(super) only: Vec<String>,
    /// Configuration file, instead of the keytrawl.toml of the scanned folder
    #[arg(long, value_name = "FILE", help_heading = "Rules and configuration")]
    pub(super) config: Option<PathBuf>,
    /// Use no configuration file
    #[arg(long, conflicts_with = "config", help_heading = "Rules and configuration")]
    pub(super) no_config: bool,
    /// What is known and may stay: a baseline of ours or of another scanner; may be given more than once
    #[arg(long, value_name = "FILE", help_heading = "Rules and configuration")]
    pub(super) baseline: Vec<PathBuf>,
    /// Use no baseline or ignore file that is not named here
    #[arg(long, help_heading = "Rules and configuration")]
    pub(super) no_baseline: bool,
    /// Make fingerprints with the secret key in this file, so that a list of them tells nothing
    #[arg(long, value_name = "FILE", help_heading = "Rules and configuration")]
    pub(super) fingerprint_key: Option<PathBuf>,
    /// Number of threads; no more than 64, or than four a core, are started [default: one a core]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..), help_heading = "What is read")]
    pub(super) threads: Option<u16>,
    /// Do not look into archives
    #[arg(long, help_heading = "Archives")]
    pub(super) no_archives: bool,
    /// Archives within each other that are opened [default: 8]
    #[arg(long, value_name = "N", help_heading = "Archives")]
    pub(super) max_archive_depth: Option<u32>,
    /// Bytes that one archive may unpack to [default: 1GB]
    #[arg(long, value_name = "SIZE", value_parser = parse_size, help_heading = "Archives")]
    pub(super) max_archive_size: Option<u64>,
    /// Bytes that one member of an archive may unpack to [default: 256MB]
    #[arg(long, value_name = "SIZE", value_parser = parse_size, help_heading = "Archives")]
    pub(super) max_archive_member_size: Option<u64>,
    /// Bytes that one byte of an archive may unpack to [default: 1000]
    #[arg(long, value_name = "N", help_heading = "Archives")]
    pub(super) max_archive_ratio: Option<u64>,
    /// Members of one archive that are read [default: 100000]
    #[arg(long, value_name = "N", help_heading = "Archives")]
    pub(super) max_archive_members: Option<u64>,
    #[command(flatten)]
    pub(super) live: LiveArgs,
}

/// Whether found keys still work.
#[derive(Clone, Debug, Args)]
pub(super) struct LiveArgs {
    /// Ask each key's provider whether it still works; sends the key there, and nowhere else
    #[arg(long, help_heading = "Live checks")]
    pub(super) verify: bool,
    /// Ask PROVIDER about keys whose issuer nothing proves; may be given more than once
    #[arg(long, value_name = "PROVIDER", help_heading = "Live checks")]
    pub(super) verify_as: Vec<String>,
    /// What exit code 1 is for
    #[arg(long, value_enum, default_value_t = FailOnArg::Findings)]
    pub(super) fail_on: FailOnArg,
    #[command(flatten)]
    pub(super) asking: AskingArgs,
}

/// How providers are asked.
#[derive(Clone, Debug, Args)]
pub(super) struct AskingArgs {
    /// Ask PROVIDER at this scheme, host and port instead: https, or http to this machine
    #[arg(long, value_name = "PROVIDER=URL", value_parser = parse_override, help_heading = "Live checks")]
    pub(super) verify_endpoint: Vec<(String, String)>,
    /// The longest that one request may take, such as 10s or 500ms [default: 10s]
    #[arg(long, value_name = "TIME", value_parser = parse_time, help_heading = "Live checks")]
    pub(super) verify_timeout: Option<Duration>,
    /// Certificates to trust beside the system's, in PEM
    #[arg(long, value_name = "FILE", help_heading = "Live checks")]
    pub(super) ca_file: Vec<PathBuf>,
}

#[derive(Debug, Args)]
pub(super) struct VerifyArgs {
    /// The provider that issued it, where its form does not tell
    #[arg(long, value_name = "PROVIDER")]
    pub(super) provider: Option<String>,
    /// How the verdict looks
    #[arg(long, value_enum, default_value_t = VerdictFormatArg::Human)]
    pub(super) format: VerdictFormatArg,
    /// Rule files to add to the built-in ones
    #[arg(long, value_name = "FILE")]
    pub(super) rules: Vec<PathBuf>,
    #[command(flatten)]
    pub(super) asking: AskingArgs,
}

fn parse_override(text: &str) -> Result<(String, String), String> {
    let (provider, url) = text.split_once('=').ok_or("write PROVIDER=URL")?;
    Ok((provider.trim().to_owned(), url.trim().to_owned()))
}

/// Reads `10`, `10s`, `500ms` or `1m`.
fn parse_time(text: &str) -> Result<Duration, String> {
    let wrong = || format!("`{text}` is no time; write `10s` or `500ms`");
    let text = text.trim();
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let factor = match &text[digits.len()..] {
        "ms" => 1,
        "" | "s" => 1000,
        "m" => 60_000,
        _ => return Err(wrong()),
    };
    let number: u64 = digits.parse().map_err(|_| wrong())?;
    match number.checked_mul(factor) {
        Some(time @ 1..=3_600_000) => Ok(Duration::from_millis(time)),
        _ => Err(wrong()),
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum FormatArg {
    /// Text for people
    Human,
    /// One JSON document
    Json,
    /// One JSON object a line
    Jsonl,
    /// SARIF 2.1.0, for code scanning and editors
    Sarif,
    /// The secret detection report of GitLab
    Gitlab,
    /// JUnit XML, for dashboards that show tests
    Junit,
    /// A table for spreadsheets, a line a place
    Csv,
    /// One page for a browser, to hand on
    Html,
    /// Annotations of a GitHub workflow
    Github,
    /// Markdown, such as the summary of a GitHub job
    Markdown,
}

impl From<FormatArg> for Format {
    fn from(format: FormatArg) -> Self {
        match format {
            FormatArg::Human => Format::Human,
            FormatArg::Json => Format::Json,
            FormatArg::Jsonl => Format::Jsonl,
            FormatArg::Sarif => Format::Sarif,
            FormatArg::Gitlab => Format::Gitlab,
            FormatArg::Junit => Format::Junit,
            FormatArg::Csv => Format::Csv,
            FormatArg::Html => Format::Html,
            FormatArg::Github => Format::Github,
            FormatArg::Markdown => Format::Markdown,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum VerdictFormatArg {
    /// Text for people
    Human,
    /// One JSON object
    Json,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum FailOnArg {
    /// Any finding
    Findings,
    /// A key that still works; needs --verify
    Active,
    /// Nothing: findings are reported only
    Never,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum ConfidenceArg {
    /// Also guesses
    Low,
    /// The right prefix and a random body
    Medium,
    /// Documented forms only
    High,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum ColorArg {
    /// If standard output is a terminal
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}
