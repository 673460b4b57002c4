//! Options that all scans share and that one command has no use for: errors there, and not passed over.
//!
//! Not here: options that are of no use without another one.

use super::args::{FailOnArg, SharedArgs};
use super::message::Failure;

/// An option, and whether it was given.
pub(super) type Given = (bool, &'static str);

/// Refuses the first of `options` that was given.
pub(super) fn refuse(
    command: &str,
    options: impl IntoIterator<Item = Given>,
) -> Result<(), Failure> {
    match options.into_iter().find(|(given, _)| *given) {
        Some((_, option)) => Err(Failure::new(format!("`{command}` has no use for `{option}`"))
            .hint(format!("leave it out; `keytrawl {command} --help` lists the options"))),
        None => Ok(()),
    }
}

/// What asks providers.
pub(super) fn live(args: &SharedArgs) -> [Given; 5] {
    let (live, asking) = (&args.live, &args.live.asking);
    [
        (live.verify, "--verify"),
        (!live.verify_as.is_empty(), "--verify-as"),
        (!asking.verify_endpoint.is_empty(), "--verify-endpoint"),
        (asking.verify_timeout.is_some(), "--verify-timeout"),
        (!asking.ca_file.is_empty(), "--ca-file"),
    ]
}

/// What is about a report of findings, but where it goes and how it looks.
pub(super) fn reported(args: &SharedArgs) -> [Given; 5] {
    [
        (args.replacements.is_some(), "--replacements"),
        (args.live.fail_on != FailOnArg::Findings, "--fail-on"),
        (args.explain, "--explain"),
        (args.show_secrets, "--show-secrets"),
        (args.show_suppressed, "--show-suppressed"),
    ]
}
