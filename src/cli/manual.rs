//! `keytrawl completions` and `keytrawl man`: what the arguments themselves tell.
//!
//! Not here: the arguments.

use std::io::{self, Write};
use std::path::Path;

use clap::{Command, CommandFactory};

use super::args::Cli;
use super::exit::Exit;
use super::message::Failure;
use super::output::{self, Readers};

/// Prints a completion script.
pub(super) fn completions(shell: clap_complete::Shell) -> Result<Exit, Failure> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "keytrawl", &mut script);
    print(&script)
}

/// Prints the page of a command, or of the whole.
pub(super) fn page(names: &[String]) -> Result<Exit, Failure> {
    let mut root = Cli::command();
    root.build();
    let mut command = &root;
    for name in names {
        command = command.find_subcommand(name).ok_or_else(|| {
            Failure::new(format!("`{}` is no command", names.join(" ")))
                .hint("`keytrawl --help` lists the commands")
        })?;
    }
    print(&rendered(command)?)
}

/// Writes a page for each command.
pub(super) fn pages(folder: &Path) -> Result<Exit, Failure> {
    let mut root = Cli::command();
    root.build();
    let mut open = vec![root];
    while let Some(command) = open.pop() {
        let path = folder.join(format!("{}.1", file_name(&command)));
        let page = rendered(&command)?;
        let put = |out: &mut dyn Write| out.write_all(&page);
        output::whole(&path, Readers::All, &put).map_err(|error| {
            Failure::new(format!("`{}` could not be written: {error}", path.display()))
                .hint("name a folder that is there and may be written to")
        })?;
        open.extend(subcommands(&command));
    }
    Ok(Exit::Clean)
}

fn subcommands(command: &Command) -> Vec<Command> {
    let all = command.get_subcommands();
    all.filter(|c| c.get_name() != "help" && !c.is_hide_set()).cloned().collect()
}

/// `keytrawl-baseline-create`: how manual pages of commands are called.
fn file_name(command: &Command) -> String {
    command.get_display_name().unwrap_or_else(|| command.get_name()).to_owned()
}

fn rendered(command: &Command) -> Result<Vec<u8>, Failure> {
    let mut page = Vec::new();
    let name = file_name(command);
    let man = clap_mangen::Man::new(command.clone()).title(name.to_uppercase());
    // No date: the same program has the same pages.
    let done = man.manual("keytrawl").date("").render(&mut page);
    done.map_err(|error| Failure::new(format!("the page could not be made: {error}")))?;
    Ok(page)
}

fn print(text: &[u8]) -> Result<Exit, Failure> {
    let mut out = io::stdout().lock();
    match out.write_all(text).and_then(|()| out.flush()) {
        // Whoever read it has read enough of it.
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(Failure::new(format!("the text could not be written: {error}")))
        }
        _ => Ok(Exit::Clean),
    }
}
