//! The arguments of the commands that keep what is known: `baseline` and `suppressions`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::{SharedArgs, WalkArgs};
use crate::moment::Day;

pub(super) const BASELINE_EXAMPLES: &str = "\
Examples:
  keytrawl baseline create --reason 'revoked in March'   from now on only what is new is reported
  keytrawl baseline update                               add what is found now
  keytrawl baseline prune                                drop what is gone
  keytrawl baseline import .secrets.baseline             take over what another scanner knows";

const CREATE_EXAMPLES: &str = "\
Examples:
  keytrawl baseline create                     everything that is found now is known
  keytrawl baseline create --reason 'before the audit of May' --expires 2027-01-31
  keytrawl baseline create ci/known.txt        another file; scans name it with --baseline

The file .keytrawl-baseline at the root of a repository counts in every scan of it. It has a line for
each secret in each place, and no secrets. A copy of a known key in another file is reported.";

const UPDATE_EXAMPLES: &str = "\
Examples:
  keytrawl baseline update                     add what is found now; nothing is taken out
                                               (where there is no baseline yet, it is made)
  keytrawl baseline update --reason 'sandbox keys of the demo'";

const PRUNE_EXAMPLES: &str = "\
Examples:
  keytrawl baseline prune                      drop what neither files nor history hold any more";

const IMPORT_EXAMPLES: &str = "\
Examples:
  keytrawl baseline import .gitleaksignore
  keytrawl baseline import gitleaks-report.json
  keytrawl baseline import .secrets.baseline --expires 2027-01-31

Files of gitleaks, betterleaks, detect-secrets and kingfisher are also read as they are, by --baseline.";

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum BaselineCommand {
    /// Write a baseline of everything that is found
    #[command(after_help = CREATE_EXAMPLES)]
    Create {
        #[command(flatten)]
        args: BaselineArgs,
        #[command(flatten)]
        remarks: RemarkArgs,
        /// Begin anew if the file is there
        #[arg(long)]
        force: bool,
    },
    /// Add what is found and not listed yet
    #[command(after_help = UPDATE_EXAMPLES)]
    Update {
        #[command(flatten)]
        args: BaselineArgs,
        #[command(flatten)]
        remarks: RemarkArgs,
    },
    /// Drop what matches nothing any more
    #[command(after_help = PRUNE_EXAMPLES)]
    Prune {
        #[command(flatten)]
        args: BaselineArgs,
    },
    /// Take over what another scanner knows
    #[command(after_help = IMPORT_EXAMPLES)]
    Import {
        /// Its baseline or ignore file
        #[arg(value_name = "FROM")]
        from: PathBuf,
        #[command(flatten)]
        remarks: RemarkArgs,
        #[command(flatten)]
        args: BaselineArgs,
    },
}

pub(super) const SUPPRESSIONS_EXAMPLES: &str = "\
Examples:
  keytrawl suppressions                 every allow comment, allowlist and baseline entry
  keytrawl suppressions --unused        only those that suppress nothing; exit code 1 if there are any
  keytrawl suppressions --format json   for machines";

#[derive(Debug, Args)]
pub(in crate::cli) struct SuppressionsArgs {
    /// The repository that is scanned, or a folder in it
    #[arg(value_name = "DIR", default_value = ".")]
    pub(in crate::cli) folder: PathBuf,
    /// Only those that suppress nothing; exit code 1 if there are any
    #[arg(long)]
    pub(in crate::cli) unused: bool,
    /// Scan the files alone, not the history
    #[arg(long)]
    pub(in crate::cli) no_history: bool,
    #[command(flatten)]
    pub(in crate::cli) walk: WalkArgs,
    #[command(flatten)]
    pub(in crate::cli) shared: SharedArgs,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct BaselineArgs {
    /// The baseline [default: .keytrawl-baseline at the root of the repository]
    #[arg(value_name = "FILE")]
    pub(in crate::cli) file: Option<PathBuf>,
    /// The repository that is scanned, or a folder in it
    #[arg(long, value_name = "DIR", default_value = ".")]
    pub(in crate::cli) folder: PathBuf,
    /// Scan the files alone, not the history
    #[arg(long)]
    pub(in crate::cli) no_history: bool,
    #[command(flatten)]
    pub(in crate::cli) walk: WalkArgs,
    #[command(flatten)]
    pub(in crate::cli) shared: SharedArgs,
}

/// What is said of entries that are new.
#[derive(Debug, Args)]
pub(in crate::cli) struct RemarkArgs {
    /// Why the new entries may stay
    #[arg(long, value_name = "TEXT")]
    pub(in crate::cli) reason: Option<String>,
    /// The last day on which the new entries hold, such as 2027-01-31
    #[arg(long, value_name = "DATE", value_parser = parse_day)]
    pub(in crate::cli) expires: Option<Day>,
}

fn parse_day(text: &str) -> Result<Day, String> {
    Day::parse(text).ok_or_else(|| "write a day as YYYY-MM-DD".to_owned())
}
