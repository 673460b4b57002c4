//! The arguments of what guards commits and pushes: the index, ranges, hooks, continuous integration.
//!
//! Not here: what they come to.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use super::SharedArgs;
use crate::config::parse_size;

pub(super) const STAGED_EXAMPLES: &str = "\
Examples:
  keytrawl staged              all that is staged, from any folder of the work tree
  keytrawl staged config       only files below a folder
  keytrawl hook install        do it before every commit";

pub(super) const RANGE_EXAMPLES: &str = "\
Examples:
  keytrawl range origin/main..HEAD       what this branch adds to main
  keytrawl range origin/main...HEAD      the same, with the configuration of where they part
  keytrawl range v1.0..v1.1              what a release adds

Configuration and allow comments count as the base has them: what a range adds can not allow itself.
A base that is not there, as in a shallow clone, is an error (exit code 2).";

pub(super) const CI_HELP: &str = "\
Examples:
  keytrawl ci                                      the step of a workflow that is not the Action's
  KEYTRAWL_MODE=history KEYTRAWL_FAIL_ON=never keytrawl ci
  KEYTRAWL_BASE=origin/main keytrawl ci            a range, whatever the event

Reads GITHUB_EVENT_NAME and GITHUB_EVENT_PATH, and the inputs of the Action from variables such as
KEYTRAWL_MODE, KEYTRAWL_BASE or KEYTRAWL_ARGS. Annotations go to standard output, the summary to
GITHUB_STEP_SUMMARY, the outputs to GITHUB_OUTPUT. Exit codes are those of all scans.";

pub(super) const HOOK_EXAMPLES: &str = "\
Examples:
  keytrawl hook install               before each commit of this repository
  keytrawl hook install --pre-push    before each push
  keytrawl hook install --global      before each commit of every repository
  keytrawl hook uninstall             takes it out again";

const INSTALL_EXAMPLES: &str = "\
Examples:
  keytrawl hook install               before each commit of this repository
  keytrawl hook install --pre-push    before each push
  keytrawl hook install --chain       keeps the hook that is there, and runs it first
  keytrawl hook install --global      before each commit of every repository";

const UNINSTALL_EXAMPLES: &str = "\
Examples:
  keytrawl hook uninstall                       takes out the hook before each commit
  keytrawl hook uninstall --pre-push --global   the one before each push of every repository";

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum HookCommand {
    /// Write the hook; another one that is there is never overwritten
    #[command(after_help = INSTALL_EXAMPLES)]
    Install(HookArgs),
    /// Take out the hook that `install` wrote, and no other
    #[command(after_help = UNINSTALL_EXAMPLES)]
    Uninstall(HookArgs),
    /// What the hooks run
    #[command(hide = true)]
    Run(Box<HookRunArgs>),
}

#[derive(Debug, Args)]
pub(in crate::cli) struct HookArgs {
    /// Before each push instead of each commit
    #[arg(long)]
    pub(in crate::cli) pre_push: bool,
    /// For all repositories of yours but those with a core.hooksPath of their own; their hooks run as before
    #[arg(long)]
    pub(in crate::cli) global: bool,
    /// Keep a hook that is there, and run it first
    #[arg(long)]
    pub(in crate::cli) chain: bool,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct HookRunArgs {
    /// Which hook
    #[arg(value_enum)]
    pub(in crate::cli) hook: HookArg,
    /// What git gives the hook
    #[arg(last = true)]
    pub(in crate::cli) arguments: Vec<OsString>,
    #[command(flatten)]
    pub(in crate::cli) shared: SharedArgs,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum HookArg {
    /// Before a commit
    PreCommit,
    /// Before a push
    PrePush,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct StagedArgs {
    /// Only files at or below these paths
    #[arg(value_name = "PATH")]
    pub(in crate::cli) paths: Vec<PathBuf>,
    /// Scan the named files themselves, if one of them is not staged: what pre-commit's --all-files
    /// and --from-ref want. A folder is staged if something below it is; else its files are scanned
    #[arg(long, requires = "paths", help_heading = "What is read")]
    pub(in crate::cli) or_files: bool,
    /// Leave out files larger than this, such as 10MB
    #[arg(long, value_name = "SIZE", value_parser = parse_size, help_heading = "What is read")]
    pub(in crate::cli) max_size: Option<u64>,
    #[command(flatten)]
    pub(in crate::cli) shared: SharedArgs,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct RangeArgs {
    /// BASE..HEAD: what HEAD reaches and BASE does not; BASE...HEAD: since they parted
    #[arg(value_name = "BASE..HEAD")]
    pub(in crate::cli) range: String,
    /// The repository, or a folder in it
    #[arg(value_name = "REPO", default_value = ".")]
    pub(in crate::cli) repository: PathBuf,
    /// Take configuration, baselines, rules and allow comments as the range itself has them, not as the base does
    #[arg(long, help_heading = "Rules and configuration")]
    pub(in crate::cli) trust_head: bool,
    /// Leave out files larger than this, such as 10MB
    #[arg(long, value_name = "SIZE", value_parser = parse_size, help_heading = "What is read")]
    pub(in crate::cli) max_size: Option<u64>,
    #[command(flatten)]
    pub(in crate::cli) shared: SharedArgs,
}
