//! The command line: arguments, commands, messages, exit codes.

mod args;
mod baseline;
mod ci;
mod configured;
mod dashed;
mod everything;
mod exit;
mod guard;
mod history;
mod hook;
mod idle;
mod known;
mod manual;
mod message;
mod order;
mod output;
mod progress;
mod range;
mod repository;
mod rules;
mod scan;
mod staged;
mod start;
mod suppressions;
mod verify;

use std::ffi::OsString;
use std::io::{self, Write};
use std::path::Path;
use std::process::ExitCode;

use clap::Parser;

use args::{Cli, Command};
use exit::Exit;

use crate::scanner::without_secrets;

/// Runs the program with the arguments of the process.
pub fn run() -> ExitCode {
    output::begin();
    let arguments: Vec<OsString> = std::env::args_os().collect();
    if let Err(failure) = dashed::refuse(&arguments) {
        message::failure(&failure);
        return Exit::Failed.into();
    }
    let cli = match Cli::try_parse_from(order::ordered(arguments.clone())) {
        Ok(cli) => cli,
        Err(error) => return unread(&error, &arguments),
    };
    let done = match cli.command {
        None => scan::without_command(cli.scan),
        Some(Command::Scan(args)) => scan::run(args),
        Some(Command::History(args)) => history::run(args),
        Some(Command::Staged(args)) => staged::run(args),
        Some(Command::Range(args)) => range::run(args),
        Some(Command::Ci) => ci::run(),
        Some(Command::Hook { command }) => hook::run(command),
        Some(Command::Baseline { command }) => baseline::run(command),
        Some(Command::Suppressions(args)) => suppressions::run(args),
        Some(Command::Completions { shell }) => manual::completions(shell),
        Some(Command::Man { all: Some(folder), .. }) => manual::pages(&folder),
        Some(Command::Man { command, .. }) => manual::page(&command),
        Some(Command::Verify(args)) => verify::run(args),
        Some(Command::Rules { command }) => rules::run(command),
    };
    match done {
        Ok(exit) => exit.into(),
        Err(failure) => {
            message::failure(&failure);
            Exit::Failed.into()
        }
    }
}

/// Says what is wrong with the arguments, or the help that they ask for.
fn unread(error: &clap::Error, arguments: &[OsString]) -> ExitCode {
    // Options of a command whose name has a slip are none of a scan.
    let word = order::no_command(arguments).filter(|_| error.use_stderr());
    if let Some(failure) = word.and_then(|word| scan::slip(Path::new(word))) {
        message::failure(&failure);
        return Exit::Failed.into();
    }
    // Help and version go to standard output and are no failure.
    let exit = if error.use_stderr() { Exit::Failed } else { Exit::Clean };
    // A secret in the place of an option is not said again.
    let text = error.render().to_string();
    let shown = if error.use_stderr() { without_secrets(text.clone()) } else { text.clone() };
    let written = match shown == text {
        true => error.print().and_then(|()| io::stdout().flush()),
        false => io::stderr().write_all(shown.as_bytes()),
    };
    match written {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            let text = format!("the help could not be written: {error}");
            message::failure(&message::Failure::new(text));
            Exit::Failed.into()
        }
        _ => exit.into(),
    }
}
