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
use script::{Before, KEPT, MARK, PASSED};

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
    Ours,
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
        let place = self.folder.join(self.name);
        let there = self.at(&place)?;
        if there == There::Other && !args.chain {
            return Err(self.occupied(&place));
        }
        fs::create_dir_all(&self.folder).map_err(|e| unwritable(&self.folder, &e))?;
        let waiting = match there {
            There::Other => Some(place.clone()),
            There::Ours => self.waiting(&place)?,
            There::Nothing => None,
        };
        if let Some(old) = &waiting {
            self.keep(old)?;
        }
        let before = Before { own: self.global, kept: waiting.is_some() };
        if let Err(failure) = write_script(&place, &script::guard(self.name, before)) {
            // Better no guard than one that has switched off what was there.
            if there == There::Other {
                let _ = fs::rename(self.kept()?, &place);
            }
            return Err(failure);
        }
        if self.global {
            self.pass_on()?;
            git(&["config", "--global", "core.hooksPath", &self.folder.to_string_lossy()])?;
        }
        let scope = if self.global {
            "of every repository that has no `core.hooksPath` of its own, as husky sets it"
        } else {
            "here"
        };
        let when = if args.pre_push { "push" } else { "commit" };
        say(&format!("installed `{}`: keytrawl looks at each {when} {scope}", place.display()))?;
        if waiting.is_some() {
            say(&format!("`{}` runs before it", self.kept()?.display()))?;
        }
        Ok(Exit::Clean)
    }

    /// Where a hook waits that runs before keytrawl's.
    fn kept(&self) -> Result<PathBuf, Failure> {
        let real = self.folder.canonicalize().map_err(|e| unwritable(&self.folder, &e))?;
        let Some(name) = real.file_name() else {
            return Err(Failure::new(format!("`{}` has no place beside it", real.display()))
                .hint("call keytrawl from your own hook"));
        };
        let mut beside = name.to_os_string();
        beside.push(KEPT);
        Ok(real.with_file_name(beside).join(self.name))
    }

    /// Where the hook is that runs before this one of keytrawl's, if one does.
    fn waiting(&self, place: &Path) -> Result<Option<PathBuf>, Failure> {
        let text = fs::read_to_string(place).map_err(|e| unwritable(place, &e))?;
        let says = |line: String| text.lines().any(|own| own == line);
        let at = if says(script::kept_line(self.name)) {
            self.kept()?
        } else if says(script::older_line(self.name)) {
            place.with_file_name(format!("{}.chained", self.name))
        } else {
            return Ok(None);
        };
        let is_there = self.at(&at)? != There::Nothing;
        Ok(is_there.then_some(at))
    }

    /// Moves a hook to where it waits, under its own name: some find their work by it. What is
    /// beside it is beside it there, too.
    fn keep(&self, hook: &Path) -> Result<(), Failure> {
        let kept = self.kept()?;
        if kept == hook {
            return Ok(());
        }
        let folder = kept.parent().unwrap_or(&self.folder);
        fs::create_dir_all(folder).map_err(|e| unwritable(folder, &e))?;
        link_neighbours(&self.folder, folder).map_err(|e| unwritable(folder, &e))?;
        if kept.is_symlink() {
            fs::remove_file(&kept).map_err(|e| unwritable(&kept, &e))?;
        }
        if self.at(&kept)? != There::Nothing {
            return Err(Failure::new(format!("`{}` is there already", kept.display()))
                .hint("move it away, or call keytrawl from your own hook"));
        }
        fs::rename(hook, &kept).map_err(|e| unwritable(hook, &e))
    }

    fn uninstall(&self, args: &HookArgs) -> Result<Exit, Failure> {
        let place = self.folder.join(self.name);
        match self.at(&place)? {
            There::Nothing => {
                say(&format!("there is no hook `{}`", place.display()))?;
                return Ok(Exit::Clean);
            }
            There::Other => {
                return Err(Failure::new(format!("`{}` is not keytrawl's", place.display()))
                    .hint("take the line with `keytrawl hook run` out of it yourself"));
            }
            There::Ours => {}
        }
        if let Some(old) = self.waiting(&place)? {
            fs::rename(&old, &place).map_err(|e| unwritable(&place, &e))?;
            if self.kept()? == old
                && let Some(folder) = old.parent()
            {
                tidy(folder);
            }
        } else {
            fs::remove_file(&place).map_err(|e| unwritable(&place, &e))?;
        }
        if args.global {
            self.stop_passing_on()?;
        }
        say(&format!("removed keytrawl's hook `{}`", place.display()))?;
        Ok(Exit::Clean)
    }

    /// A folder of hooks for all repositories hides the hooks of each: every other hook is handed on.
    fn pass_on(&self) -> Result<(), Failure> {
        for name in PASSED {
            let place = self.folder.join(name);
            if self.at(&place)? == There::Nothing {
                write_script(&place, &script::passing(name))?;
            }
        }
        Ok(())
    }

    /// Once no guard is left, the folder is as it was before.
    fn stop_passing_on(&self) -> Result<(), Failure> {
        let mut left = false;
        for name in ["pre-commit", "pre-push"] {
            let place = self.folder.join(name);
            let text = fs::read(&place).unwrap_or_default();
            left |= self.at(&place)? == There::Ours && text != script::passing(name).as_bytes();
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
            if self.at(&place)? == There::Ours {
                fs::remove_file(&place).map_err(|e| unwritable(&place, &e))?;
            }
        }
        // Only a folder that is empty goes, and only then the setting that names it.
        if fs::remove_dir(&self.folder).is_ok() {
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
                Ok(if self.is_ours(&text, place) { There::Ours } else { There::Other })
            }
        }
    }

    /// Whether keytrawl wrote a hook, and nobody has added a line to it.
    fn is_ours(&self, text: &[u8], place: &Path) -> bool {
        let name = place.file_name().unwrap_or_default().to_string_lossy();
        let guards = Before::ALL.map(|before| script::guard(&name, before));
        let [passing, older] = [script::passing(&name), script::older_line(&name)];
        // The rest of what older versions wrote is what a repository's own hook is run by.
        let written: Vec<String> = guards.into_iter().chain([passing, older]).collect();
        let text = String::from_utf8_lossy(text);
        let known = |line: &str| written.iter().any(|script| script.lines().any(|own| own == line));
        text.contains(MARK) && text.lines().filter(|line| !line.trim().is_empty()).all(known)
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

/// Whether husky makes the files in a folder of hooks.
fn is_of_husky(folder: &Path) -> bool {
    let marked = ["h", "husky.sh"].iter().any(|name| folder.join(name).is_file());
    folder.file_name().is_some_and(|name| name == "_") && (marked || folder.ends_with(".husky/_"))
}

/// Makes links to all that is in the folder of hooks, for the hooks that are kept beside it.
#[cfg(unix)]
fn link_neighbours(hooks: &Path, kept: &Path) -> io::Result<()> {
    let real = hooks.canonicalize()?;
    let up = Path::new("..").join(real.file_name().unwrap_or_default());
    for entry in fs::read_dir(&real)? {
        let name = entry?.file_name();
        match std::os::unix::fs::symlink(up.join(&name), kept.join(&name)) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
            _ => {}
        }
    }
    Ok(())
}

#[cfg(not(unix))]
fn link_neighbours(_: &Path, _: &Path) -> io::Result<()> {
    Ok(())
}

/// Takes the folder of kept hooks away once none is left in it.
fn tidy(folder: &Path) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    let all: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    if all.iter().all(|path| path.is_symlink()) {
        // One that stays does no harm.
        all.iter().for_each(|path| drop(fs::remove_file(path)));
        let _ = fs::remove_dir(folder);
    }
}

fn local_folder() -> Result<PathBuf, Failure> {
    let path = git(&["rev-parse", "--git-path", "hooks"])?;
    if git(&["config", "--get", "core.hooksPath"]).is_ok_and(|path| path.is_empty()) {
        return Err(Failure::new("`core.hooksPath` is empty: git runs no hook here")
            .hint("`git config --unset core.hooksPath` gives the repository its own hooks back"));
    }
    // What is put into a folder that all repositories share is no hook of this one.
    let scope = git(&["config", "--show-scope", "--get", "core.hooksPath"]).unwrap_or_default();
    if scope.starts_with("global\t") || scope.starts_with("system\t") {
        return Err(Failure::new(format!(
            "`core.hooksPath` gives all repositories the hooks of `{path}`"
        ))
        .hint(
            "nothing was changed. `--global` is about the hooks of all repositories; \
             `git config core.hooksPath .git/hooks` gives this one its own",
        ));
    }
    Ok(PathBuf::from(path))
}

/// The folder that the user has named for hooks, or the one beside git's configuration.
fn global_folder() -> Result<PathBuf, Failure> {
    if let Ok(path) = git(&["config", "--global", "--type=path", "--get", "core.hooksPath"])
        && !path.is_empty()
    {
        return Ok(PathBuf::from(path));
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
    let write = || {
        fs::write(place, text)?;
        executable(place)
    };
    write().map_err(|error| unwritable(place, &error))
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
    Failure::new(format!("`{}`: {error}", place.display())).hint("check the rights of the folder")
}

fn say(text: &str) -> Result<(), Failure> {
    writeln!(io::stdout(), "{}", visible(text)).map_err(|e| Failure::new(e.to_string()))
}
