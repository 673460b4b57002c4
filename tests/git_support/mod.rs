//! Repositories that git makes for a test, and the program run on them with a clean environment.
//!
//! Not here: what the program should say.
#![allow(dead_code, reason = "each test file uses its own part")]
#![allow(clippy::unwrap_used)]

use std::cell::Cell;
use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use keytrawl::rule::armed;
use serde_json::Value;

/// A made-up key; another one for each name.
pub(crate) fn secret(name: &str) -> String {
    let text = armed(&format!("{name} mega_{{hex:64}}"));
    text.split_once(' ').unwrap().1.to_owned()
}

/// A repository in a folder of its own.
pub(crate) struct Repo {
    folder: tempfile::TempDir,
    clock: Cell<u64>,
}

/// What a run said, and how it ended.
pub(crate) struct Run {
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    pub(crate) code: i32,
}

impl Repo {
    pub(crate) fn new(arguments: &[&str]) -> Self {
        let repo = Self { folder: tempfile::tempdir().unwrap(), clock: Cell::new(1_700_000_000) };
        std::fs::create_dir(repo.path()).unwrap();
        repo.git(&[&["init", "-q", "-b", "main"], arguments].concat());
        repo
    }

    /// A clone, with options of `git clone`.
    pub(crate) fn clone_of(other: &Repo, options: &[&str]) -> Self {
        let repo = Self { folder: tempfile::tempdir().unwrap(), clock: other.clock.clone() };
        let url = format!("file://{}", other.path().display());
        let target = repo.path().display().to_string();
        let arguments = [&["clone", "-q"], options, &[&url, &target]].concat();
        git_at(&other.path(), repo.clock.get(), &arguments);
        repo
    }

    /// The root of the work tree.
    pub(crate) fn path(&self) -> PathBuf {
        self.folder.path().join("repo")
    }

    pub(crate) fn git(&self, arguments: &[&str]) -> String {
        git_at(&self.path(), self.clock.get(), arguments)
    }

    /// A git command that does not succeed.
    pub(crate) fn fails(&self, arguments: &[&str]) -> String {
        let output = git_command(&self.path(), self.clock.get(), arguments).output().unwrap();
        assert!(!output.status.success(), "git {arguments:?}: {output:?}");
        text(&output.stdout) + &text(&output.stderr)
    }

    pub(crate) fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        let path = self.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, content).unwrap();
    }

    /// Commits all that is there, a minute after the last commit; tells the id.
    pub(crate) fn commit(&self, message: &str) -> String {
        self.clock.set(self.clock.get() + 60);
        self.git(&["add", "-A"]);
        self.git(&["commit", "-q", "--allow-empty", "-m", message]);
        self.id("HEAD")
    }

    pub(crate) fn id(&self, name: &str) -> String {
        self.git(&["rev-parse", name]).trim().to_owned()
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Run {
        run(&self.path(), arguments)
    }

    pub(crate) fn run_in(&self, folder: &str, arguments: &[&str]) -> Run {
        run(&self.path().join(folder), arguments)
    }
}

impl Run {
    pub(crate) fn of(output: &Output) -> Self {
        let code = output.status.code().unwrap();
        Self { stdout: text(&output.stdout), stderr: text(&output.stderr), code }
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.stdout)
            .unwrap_or_else(|e| panic!("{e} in {}\n{}", self.stdout, self.stderr))
    }

    /// All occurrences.
    pub(crate) fn occurrences(&self) -> Vec<Value> {
        let report = self.json();
        let findings = report["findings"].as_array().unwrap().iter();
        findings.flat_map(|f| f["occurrences"].as_array().unwrap().clone()).collect()
    }

    /// The paths that hold secrets, each once, sorted.
    pub(crate) fn paths(&self) -> Vec<String> {
        let all = self.occurrences();
        let mut paths: Vec<String> =
            all.iter().map(|at| at["path"].as_str().unwrap().to_owned()).collect();
        paths.sort();
        paths.dedup();
        paths
    }

    /// The kinds of the warnings.
    pub(crate) fn warnings(&self) -> Vec<String> {
        let report = self.json();
        let all = report["warnings"].as_array().unwrap().iter();
        all.map(|warning| warning["kind"].as_str().unwrap().to_owned()).collect()
    }
}

/// The program in a folder.
pub(crate) fn command(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_keytrawl"));
    clean(&mut command, folder);
    command.current_dir(folder).args(arguments);
    command
}

pub(crate) fn run(folder: &Path, arguments: &[&str]) -> Run {
    Run::of(&command(folder, arguments).output().unwrap())
}

/// The program with something on its standard input.
pub(crate) fn run_on(command: &mut Command, input: &str) -> Run {
    let piped = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = piped.spawn().unwrap();
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    Run::of(&child.wait_with_output().unwrap())
}

pub(crate) fn git(folder: &Path, arguments: &[&str]) -> String {
    git_at(folder, 1_700_000_000, arguments)
}

fn git_at(folder: &Path, clock: u64, arguments: &[&str]) -> String {
    let output = git_command(folder, clock, arguments).output().unwrap();
    assert!(output.status.success(), "git {arguments:?}: {output:?}");
    text(&output.stdout)
}

/// `keytrawl range`, which writes nothing.
pub(crate) fn range(repo: &Repo, range: &str, more: &[&str]) -> Run {
    let before = snapshot(&repo.path().join(".git"));
    let run = repo.run(&[&["range", range, "--format", "json", "--show-secrets"], more].concat());
    assert_eq!(before, snapshot(&repo.path().join(".git")), "nothing is written");
    run
}

/// Each place as `path:line commit in_head`, sorted.
pub(crate) fn lines(run: &Run) -> Vec<String> {
    let found = run.json();
    let places = found["findings"].as_array().unwrap().iter().flat_map(|finding| {
        let places = finding["occurrences"].as_array().unwrap().iter();
        places.map(|place| {
            let text = |value: &Value| value.as_str().unwrap_or("-").to_owned();
            let commit = text(&place["commit"]["summary"]);
            format!("{}:{} {commit} {}", text(&place["path"]), place["line"], place["in_head"])
        })
    });
    let mut all: Vec<String> = places.collect();
    all.sort();
    all
}

/// git with nothing of the user's.
pub(crate) fn git_command(folder: &Path, clock: u64, arguments: &[&str]) -> Command {
    let date = format!("{clock} +0130");
    let mut command = Command::new("git");
    clean(&mut command, folder);
    command
        .args(arguments)
        .current_dir(folder)
        .env("GIT_AUTHOR_NAME", "Ann Author")
        .env("GIT_AUTHOR_EMAIL", "ann@acme.example")
        .env("GIT_COMMITTER_NAME", "Carl")
        .env("GIT_COMMITTER_EMAIL", "carl@acme.example")
        .env("GIT_AUTHOR_DATE", &date)
        .env("GIT_COMMITTER_DATE", &date);
    command
}

/// An environment in which the program under test is the only keytrawl.
fn clean(command: &mut Command, folder: &Path) {
    let own = Path::new(env!("CARGO_BIN_EXE_keytrawl")).parent().unwrap();
    let path = std::env::var_os("PATH").unwrap_or_default();
    let all = std::iter::once(own.to_path_buf()).chain(std::env::split_paths(&path));
    let home = folder.join("no-such-home");
    command
        .env_clear()
        .env("PATH", std::env::join_paths(all).unwrap())
        .env("HOME", home)
        .env("LC_ALL", "C")
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env("GIT_CONFIG_SYSTEM", "/dev/null");
}

/// Every file below a folder with its content.
pub(crate) fn snapshot(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut all = BTreeMap::new();
    let mut open = vec![folder.to_path_buf()];
    while let Some(folder) = open.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.symlink_metadata().unwrap().is_dir() {
                all.insert(path.clone(), Vec::new());
                open.push(path);
            } else {
                let content = std::fs::read(&path).unwrap_or_default();
                all.insert(path, content);
            }
        }
    }
    all
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// A name of a file as an argument.
pub(crate) fn shown(path: &impl AsRef<OsStr>) -> String {
    path.as_ref().to_str().unwrap().to_owned()
}
