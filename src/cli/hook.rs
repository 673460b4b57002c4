//! `keytrawl hook`: writes the hooks of git that run keytrawl, and takes them out again.
//!
//! The hooks are a few lines for any `sh`. A file that keytrawl did not write is never changed: it is
//! run first (`--chain`) or left alone. Not here: what a hook does when it runs (`guard`).

mod script;

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::args::{HookArgs, HookCommand};
use super::exit::Exit;
use super::guard;
use super::message::Failure;
use crate::report::sanitize::visible;
use script::{Before, MARK, PASSED};

/// Runs one of the commands.
pub(super) fn run(command: HookCommand) -> Result<Exit, Failure> {
    match command {
        HookCommand::Install(args) => Hooks::of(&args)?.install(&args),
        HookCommand::Uninstall(args) => Hooks::of(&args)?.uninstall(&args),
        HookCommand::Run(args) => guard::run(&args),
    }
}

/// The folder of hooks, and the hook that is meant.
struct Hooks {
    folder: PathBuf,
    name: &'static str,
    global: bool,
}

/// What is at the place of a hook.
#[derive(PartialEq, Eq)]
enum There {
    Nothing,
    /// With its text.
    Ours(String),
    Other,
}

impl Hooks {
    fn of(args: &HookArgs) -> Result<Self, Failure> {
        let folder = if args.global { global_folder()? } else { local_folder()? };
        let name = if args.pre_push { "pre-push" } else { "pre-commit" };
        Ok(Self { folder, name, global: args.global })
    }

    fn install(&self, args: &HookArgs) -> Result<Exit, Failure> {
        if !self.global && is_of_husky(&self.folder) {
            return Err(self.generated());
        }
        let (place, chained) = (self.place(), self.chained());
        let there = self.at(&place)?;
        self.check_reach(&there)?;
        let waits = self.at(&chained)? != There::Nothing;
        let kept = match &there {
            There::Other if !args.chain => return Err(self.occupied(&place)),
            There::Other if waits => {
                return Err(Failure::new(format!("`{}` is there already", chained.display()))
                    .hint("move it away, or call keytrawl from your own hook"));
            }
            There::Other => true,
            There::Ours(text) => waits && self.runs_kept(text),
            // Whoever was stopped between taking the hook away and writing the other one.
            There::Nothing => waits && args.chain,
        };
        fs::create_dir_all(&self.folder).map_err(|e| unwritable(&self.folder, &e))?;
        let guard = script::guard(self.name, Before { own: self.global, kept });
        self.put(&guard, there == There::Other)?;
        let woken = self.global && self.share()?;
        let when = if args.pre_push { "push" } else { "commit" };
        let (place, scope) = (place.display(), self.scope());
        say(&format!("installed `{place}`: keytrawl looks at each {when} {scope}"))?;
        if kept {
            say(&format!("`{}` runs before it", chained.display()))?;
        }
        if woken {
            say(
                "hooks in the repositories themselves, which your `core.hooksPath` hid, run again",
            )?;
        }
        Ok(Exit::Clean)
    }

    /// A hook that guards all repositories is not one repository's to change.
    fn check_reach(&self, there: &There) -> Result<(), Failure> {
        let own = script::own_line(self.name);
        match there {
            There::Ours(text) if !self.global && text.lines().any(|line| line == own) => {
                let message = format!("`{}` guards all repositories", self.place().display());
                Err(Failure::new(message).hint("nothing was changed: `--global` is about that one"))
            }
            _ => Ok(()),
        }
    }

    fn place(&self) -> PathBuf {
        self.folder.join(self.name)
    }

    /// Where a hook waits that runs before keytrawl's.
    fn chained(&self) -> PathBuf {
        self.folder.join(format!("{}.chained", self.name))
    }

    /// Whose commits the hook sees.
    fn scope(&self) -> &'static str {
        if self.global {
            return "of every repository that has no `core.hooksPath` of its own, as husky sets it";
        }
        let told = git(&["config", "--show-scope", "--get", "core.hooksPath"]).unwrap_or_default();
        if told.starts_with("global\t") || told.starts_with("system\t") {
            return "of every repository whose `core.hooksPath` names that folder";
        }
        "here"
    }

    /// Whether keytrawl's hook runs the one that waits.
    fn runs_kept(&self, text: &str) -> bool {
        let lines = [script::kept_line(self.name), script::older_line(self.name)];
        // Older versions put one aside for all repositories and did not run it.
        self.global || text.lines().any(|line| lines.iter().any(|known| known == line))
    }

    /// Puts a hook in its place, and what is there to where it waits. It is written before anything
    /// moves: what cannot be done leaves all as it was.
    fn put(&self, text: &str, moves: bool) -> Result<(), Failure> {
        let (place, chained) = (self.place(), self.chained());
        let draft = self.folder.join(format!(".{}.keytrawl", self.name));
        let failed = |error: io::Error| {
            let _ = fs::remove_file(&draft);
            unwritable(&place, &error)
        };
        if moves && place.is_dir() {
            return Err(Failure::new(format!("`{}` is a folder and no hook", place.display()))
                .hint("move it away"));
        }
        write_executable(&draft, text).map_err(failed)?;
        if moves {
            fs::rename(&place, &chained).map_err(failed)?;
        }
        fs::rename(&draft, &place).map_err(|error| {
            if moves {
                let _ = fs::rename(&chained, &place);
            }
            failed(error)
        })
    }

    fn uninstall(&self, args: &HookArgs) -> Result<Exit, Failure> {
        let place = self.place();
        let there = self.at(&place)?;
        self.check_reach(&there)?;
        let text = match there {
            There::Nothing => {
                say(&format!("there is no hook `{}`", place.display()))?;
                return Ok(Exit::Clean);
            }
            There::Other => {
                return Err(Failure::new(format!("`{}` is not keytrawl's", place.display()))
                    .hint("take the line with `keytrawl hook run` out of it yourself"));
            }
            There::Ours(text) => text,
        };
        let chained = self.chained();
        if self.at(&chained)? != There::Nothing && self.runs_kept(&text) {
            fs::rename(&chained, &place).map_err(|e| unwritable(&place, &e))?;
        } else {
            fs::remove_file(&place).map_err(|e| unwritable(&place, &e))?;
        }
        if args.global {
            self.stop_passing_on()?;
        }
        say(&format!("removed keytrawl's hook `{}`", place.display()))?;
        Ok(Exit::Clean)
    }

    /// Makes the folder the one of all repositories. Says whether it was that before and hid hooks
    /// that run now.
    fn share(&self) -> Result<bool, Failure> {
        let handed_on = self.pass_on()?;
        // What the user has written there stays as it is written.
        if shared_folder().is_some_and(|folder| folder == self.folder) {
            return Ok(handed_on);
        }
        git(&["config", "--global", "core.hooksPath", &self.folder.to_string_lossy()])?;
        Ok(false)
    }

    /// A folder of hooks for all repositories hides the hooks of each: every other hook is handed on.
    /// Says whether any was not before.
    fn pass_on(&self) -> Result<bool, Failure> {
        let mut any = false;
        for name in PASSED {
            let place = self.folder.join(name);
            if self.at(&place)? == There::Nothing {
                write_script(&place, &script::passing(name))?;
                any = true;
            }
        }
        Ok(any)
    }

    /// Once no guard is left, the folder is as it was before.
    fn stop_passing_on(&self) -> Result<(), Failure> {
        let mut left = false;
        for name in ["pre-commit", "pre-push"] {
            let there = self.at(&self.folder.join(name))?;
            left |= matches!(there, There::Ours(text) if text != script::passing(name));
        }
        if left {
            // The other hook stays; this one is handed on again.
            let place = self.folder.join(self.name);
            if self.at(&place)? == There::Nothing {
                write_script(&place, &script::passing(self.name))?;
            }
            return Ok(());
        }
        for name in PASSED {
            let place = self.folder.join(name);
            if matches!(self.at(&place)?, There::Ours(_)) {
                fs::remove_file(&place).map_err(|e| unwritable(&place, &e))?;
            }
        }
        // Only a folder that is empty goes, and only then the setting that names it; both stay if the
        // setting is written as `install` does not write it.
        let written = git(&["config", "--global", "--get", "core.hooksPath"]);
        let is_ours = written.is_ok_and(|path| path == self.folder.to_string_lossy());
        if is_ours && fs::remove_dir(&self.folder).is_ok() {
            git(&["config", "--global", "--unset", "core.hooksPath"])?;
        }
        Ok(())
    }

    fn at(&self, place: &Path) -> Result<There, Failure> {
        match fs::symlink_metadata(place) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(There::Nothing),
            Err(error) => Err(unwritable(place, &error)),
            Ok(found) if !found.is_file() => Ok(There::Other),
            Ok(_) => {
                let text = fs::read(place).map_err(|e| unwritable(place, &e))?;
                let text = String::from_utf8_lossy(&text).into_owned();
                Ok(if is_ours(&text, place) { There::Ours(text) } else { There::Other })
            }
        }
    }

    fn occupied(&self, place: &Path) -> Failure {
        let message = format!("there is another hook already: `{}`", place.display());
        Failure::new(message).hint(format!(
            "nothing was changed. Add this line to it: {}; or let `keytrawl hook install --chain` \
             run it first",
            self.line()
        ))
    }

    /// husky writes its folder anew whenever it runs, and what it runs is one folder above.
    fn generated(&self) -> Failure {
        let folder = self.folder.display();
        let above = self.folder.parent().unwrap_or(&self.folder).join(self.name);
        Failure::new(format!("husky writes `{folder}` anew whenever it runs")).hint(format!(
            "nothing was changed. Add this line to {}: {}",
            above.display(),
            self.line()
        ))
    }

    /// What runs keytrawl from another hook.
    fn line(&self) -> String {
        format!("keytrawl hook run {} -- \"$@\" || exit 1", self.name)
    }
}

/// Whether keytrawl wrote a hook, and nobody has added a line to it.
fn is_ours(text: &str, place: &Path) -> bool {
    let name = place.file_name().unwrap_or_default().to_string_lossy();
    let guards = Before::ALL.map(|before| script::guard(&name, before));
    let [passing, older] = [script::passing(&name), script::older_line(&name)];
    // The rest of what older versions wrote is what a repository's own hook is run by.
    let written: Vec<String> = guards.into_iter().chain([passing, older]).collect();
    let known = |line: &str| written.iter().any(|script| script.lines().any(|own| own == line));
    text.contains(MARK) && text.lines().filter(|line| !line.trim().is_empty()).all(known)
}

/// Whether husky makes the files in a folder of hooks.
fn is_of_husky(folder: &Path) -> bool {
    let marked = ["h", "husky.sh"].iter().any(|name| folder.join(name).is_file());
    folder.file_name().is_some_and(|name| name == "_") && (marked || folder.ends_with(".husky/_"))
}

fn local_folder() -> Result<PathBuf, Failure> {
    let path = git(&["rev-parse", "--git-path", "hooks"])?;
    if git(&["config", "--get", "core.hooksPath"]).is_ok_and(|path| path.is_empty()) {
        return Err(Failure::new("`core.hooksPath` is empty: git runs no hook here")
            .hint("`git config --unset core.hooksPath` gives the repository its own hooks back"));
    }
    Ok(PathBuf::from(path))
}

/// The folder that the user has named for the hooks of all repositories.
fn shared_folder() -> Option<PathBuf> {
    let path = git(&["config", "--global", "--type=path", "--get", "core.hooksPath"]).ok()?;
    (!path.is_empty()).then(|| PathBuf::from(path))
}

/// The folder that the user has named for hooks, or the one beside git's configuration.
fn global_folder() -> Result<PathBuf, Failure> {
    if let Some(folder) = shared_folder() {
        return Ok(folder);
    }
    if let Ok(path) = git(&["config", "--system", "--type=path", "--get", "core.hooksPath"]) {
        return Err(Failure::new(format!(
            "the configuration of the system gives all repositories the hooks of `{path}`"
        ))
        .hint(
            "nothing was changed: a folder of yours would switch them off. Call keytrawl from them",
        ));
    }
    let set = |name: &str| std::env::var_os(name).filter(|v| !v.is_empty()).map(PathBuf::from);
    let home = || set("HOME").or_else(|| set("USERPROFILE")).map(|home| home.join(".config"));
    let folder = set("XDG_CONFIG_HOME").or_else(home);
    folder
        .map(|folder| folder.join("git").join("hooks"))
        .ok_or_else(|| Failure::new("there is no home folder to put hooks into").hint("set HOME"))
}

/// Runs git; hooks are of no use without it.
fn git(arguments: &[&str]) -> Result<String, Failure> {
    let output = Command::new("git").args(arguments).stdin(Stdio::null()).output();
    let output = output.map_err(|error| {
        Failure::new(format!("git cannot be started: {error}"))
            .hint("hooks are run by git: install it first")
    })?;
    if output.status.success() {
        let text = String::from_utf8_lossy(&output.stdout);
        return Ok(text.trim_end_matches(['\n', '\r']).to_owned());
    }
    let problem = String::from_utf8_lossy(output.stderr.trim_ascii()).into_owned();
    let failure = Failure::new(format!("`git {}` failed: {problem}", arguments.join(" ")));
    Err(failure.hint("run it in a git repository; `--global` needs none"))
}

fn write_script(place: &Path, text: &str) -> Result<(), Failure> {
    write_executable(place, text).map_err(|error| unwritable(place, &error))
}

fn write_executable(place: &Path, text: &str) -> io::Result<()> {
    fs::write(place, text)?;
    executable(place)
}

#[cfg(unix)]
fn executable(place: &Path) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(place, fs::Permissions::from_mode(0o755))
}

#[cfg(not(unix))]
fn executable(_: &Path) -> io::Result<()> {
    Ok(())
}

fn unwritable(place: &Path, error: &io::Error) -> Failure {
    Failure::new(format!("`{}`: {error}", place.display()))
        .hint("check the rights of the folder, and whether the disk is full")
}

fn say(text: &str) -> Result<(), Failure> {
    writeln!(io::stdout(), "{}", visible(text)).map_err(|e| Failure::new(e.to_string()))
}
