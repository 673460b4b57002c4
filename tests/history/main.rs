//! `keytrawl history` on repositories that git makes.
//!
//! Here: the repositories and what a report says of them. Not here: packs and their damages
//! (`pack_objects.rs`, `pack_damage.rs`).
#![allow(clippy::unwrap_used)]

mod introduced;
mod refs;
mod same;
mod submodules;
mod versions;
mod whole;

use std::path::Path;
use std::process::{Command, Output};

use keytrawl::rule::armed;
use serde_json::Value;

/// A made-up key; another one for each name.
fn secret(name: &str) -> String {
    let text = armed(&format!("{name} mega_{{hex:64}}"));
    text.split_once(' ').unwrap().1.to_owned()
}

struct Repo {
    folder: tempfile::TempDir,
    clock: std::cell::Cell<u64>,
}

impl Repo {
    fn new(arguments: &[&str]) -> Self {
        let clock = std::cell::Cell::new(1_700_000_000);
        let repo = Self { folder: tempfile::tempdir().unwrap(), clock };
        repo.git(&[&["init", "-q", "-b", "main"], arguments].concat());
        repo
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    fn git(&self, arguments: &[&str]) -> String {
        git(self.path(), self.clock.get(), arguments)
    }

    fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        let path = self.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, content).unwrap();
    }

    /// Commits all that is there, a minute after the last commit; tells the id.
    fn commit(&self, message: &str) -> String {
        self.clock.set(self.clock.get() + 60);
        self.git(&["add", "-A"]);
        self.git(&["commit", "-q", "--allow-empty", "-m", message]);
        self.id("HEAD")
    }

    fn id(&self, name: &str) -> String {
        self.git(&["rev-parse", name]).trim().to_owned()
    }
}

fn git(folder: &Path, clock: u64, arguments: &[&str]) -> String {
    let date = format!("{clock} +0130");
    let output = Command::new("git")
        .args(arguments)
        .current_dir(folder)
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap())
        .env("HOME", folder)
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_CONFIG_SYSTEM", "/dev/null")
        .env("GIT_AUTHOR_NAME", "Ann Author")
        .env("GIT_AUTHOR_EMAIL", "ann@acme.example")
        .env("GIT_COMMITTER_NAME", "Carl")
        .env("GIT_COMMITTER_EMAIL", "carl@acme.example")
        .env("GIT_AUTHOR_DATE", &date)
        .env("GIT_COMMITTER_DATE", &date)
        .output()
        .unwrap();
    assert!(output.status.success(), "git {arguments:?}: {output:?}");
    String::from_utf8(output.stdout).unwrap()
}

fn keytrawl(folder: &Path, arguments: &[&str]) -> Output {
    command(folder, arguments).output().unwrap()
}

fn command(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_keytrawl"));
    command.arg("history").args(arguments).current_dir(folder);
    command.env_clear().env("PATH", std::env::var_os("PATH").unwrap());
    command
}

fn report(folder: &Path, arguments: &[&str]) -> (i32, Value) {
    let shared = ["--format", "json", "--show-secrets", "--no-config"];
    let output = keytrawl(folder, &[&shared, arguments].concat());
    let json = serde_json::from_slice(&output.stdout);
    (output.status.code().unwrap(), json.unwrap_or_else(|_| panic!("{output:?}")))
}

/// Path, first commit, last commit and HEAD flag of each occurrence of a secret.
fn places(report: &Value, secret: &str) -> Vec<(String, String, String, Value)> {
    let findings = report["findings"].as_array().unwrap().iter();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    findings
        .filter(|finding| finding["secret"] == secret)
        .flat_map(|finding| finding["occurrences"].as_array().unwrap())
        .map(|place| {
            (
                text(&place["path"]),
                text(&place["commit"]["id"]),
                text(&place["last_commit"]["id"]),
                place["in_head"].clone(),
            )
        })
        .collect()
}

fn place(path: &str, first: &str, last: &str, in_head: bool) -> (String, String, String, Value) {
    (path.to_owned(), first.to_owned(), last.to_owned(), in_head.into())
}

/// A tree with these modes, names and objects, which may be one that git itself would not write.
fn forged(repo: &Repo, entries: &[(&str, &str, &str)]) -> String {
    let mut tree = Vec::new();
    for (mode, name, id) in entries {
        tree.extend(format!("{mode} {name}\0").bytes());
        let byte = |at: usize| u8::from_str_radix(&id[at..at + 2], 16).unwrap();
        tree.extend((0..id.len()).step_by(2).map(byte));
    }
    repo.write("tree", tree);
    let make = ["hash-object", "-t", "tree", "-w", "--literally", "tree"];
    repo.git(&make).trim().to_owned()
}

fn kinds(report: &Value) -> Vec<&str> {
    let warnings = report["warnings"].as_array().unwrap().iter();
    warnings.map(|warning| warning["kind"].as_str().unwrap()).collect()
}

/// Exit code and what was said of why nothing could be scanned.
fn refusal(folder: &Path, arguments: &[&str]) -> (Option<i32>, String) {
    let output = keytrawl(folder, arguments);
    assert_eq!(String::from_utf8_lossy(&output.stdout), "");
    (output.status.code(), String::from_utf8(output.stderr).unwrap())
}
