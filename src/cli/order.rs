//! Options that stand before a command: they are the command's, as they are behind it.
//!
//! Left as it is, clap takes them for those of a scan, and the command's name for a path. Not here:
//! what arguments mean.

use std::ffi::{OsStr, OsString};

use clap::{Arg, ArgAction, Command, CommandFactory};

use super::args::Cli;

/// The arguments with the command before its options; the first one is the program.
pub(super) fn ordered(mut arguments: Vec<OsString>) -> Vec<OsString> {
    let is_option = |word: &OsString| word.to_str().is_some_and(|word| word.starts_with('-'));
    if !arguments.get(1).is_some_and(is_option) {
        return arguments;
    }
    let mut cli = Cli::command();
    cli.build();
    let Some(mut at) = command_at(&cli, &arguments) else { return arguments };
    let mut place = 1;
    let mut commands = &cli;
    while let Some(inner) = arguments.get(at).and_then(|word| commands.find_subcommand(word)) {
        let word = arguments.remove(at);
        arguments.insert(place, word);
        (at, place, commands) = (at + 1, place + 1, inner);
    }
    arguments
}

/// The first word that is no option and no value of one, if it is no command.
pub(super) fn no_command(arguments: &[OsString]) -> Option<&OsStr> {
    let mut cli = Cli::command();
    cli.build();
    let word = arguments.get(first_at(&cli, arguments)?)?;
    cli.find_subcommand(word).is_none().then_some(word)
}

/// Where the first word is that is no option and no value of one, if it is a command.
fn command_at(cli: &Command, arguments: &[OsString]) -> Option<usize> {
    let at = first_at(cli, arguments)?;
    cli.find_subcommand(arguments.get(at)?).map(|_| at)
}

/// Where the first word is that is no option and no value of one.
fn first_at(cli: &Command, arguments: &[OsString]) -> Option<usize> {
    let mut at = 1;
    while let Some(word) = arguments.get(at) {
        let text = word.to_str()?;
        match text {
            // What follows is a path whatever it is called; standard input is one.
            "--" | "-" | "-V" | "--version" => return None,
            _ if text.starts_with('-') => at += 1 + usize::from(takes_next(cli, text)),
            _ => return Some(at),
        }
    }
    None
}

/// Whether the word after an option is its value.
fn takes_next(cli: &Command, option: &str) -> bool {
    let is_it = |arg: &Arg| match option.strip_prefix("--") {
        Some(long) => arg.get_long() == Some(long),
        None => arg.get_short().is_some_and(|short| option[1..].chars().eq([short])),
    };
    let takes = |arg: &Arg| matches!(arg.get_action(), ArgAction::Set | ArgAction::Append);
    everything(cli).iter().any(|command| command.get_arguments().any(|a| is_it(a) && takes(a)))
}

/// The program and all its commands.
fn everything(command: &Command) -> Vec<&Command> {
    let inner = command.get_subcommands().flat_map(everything);
    std::iter::once(command).chain(inner).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_come_before_their_options() {
        let cases = [
            ("-q staged", "staged -q"),
            ("--format json scan .", "scan --format json ."),
            ("--format=json -q scan . x", "scan --format=json -q . x"),
            ("--since 2024-03-01 history", "history --since 2024-03-01"),
            ("-q hook run pre-commit", "hook run -q pre-commit"),
            ("--pre-push hook install", "hook install --pre-push"),
            ("--help scan", "scan --help"),
            ("-q src staged", "-q src staged"),
            ("-q -- staged", "-q -- staged"),
            ("-q ./staged", "-q ./staged"),
            ("--config scan .", "--config scan ."),
            ("--config scan scan .", "scan --config scan ."),
            ("- staged", "- staged"),
            ("--version scan", "--version scan"),
        ];
        for (typed, expected) in cases {
            let words = |text: &str| {
                ["keytrawl"]
                    .into_iter()
                    .chain(text.split(' '))
                    .map(OsString::from)
                    .collect::<Vec<_>>()
            };
            assert_eq!(ordered(words(typed)), words(expected), "{typed}");
        }
    }
}
