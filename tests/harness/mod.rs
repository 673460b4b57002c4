//! Runs the real program in a folder of its own, with nothing of the user's environment.
//!
//! Not here: what it should say.
#![allow(dead_code, reason = "each test file uses its own part of the harness")]

use std::ffi::OsStr;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;
use tempfile::TempDir;

/// A folder to scan, and a home that is empty.
pub(crate) struct Place {
    folder: TempDir,
}

/// What a run said, and how it ended. Paths of the temporary folder read `[DIR]`.
pub(crate) struct Run {
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    pub(crate) code: i32,
}

impl Place {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        for name in ["home", "work"] {
            fs::create_dir(folder.path().join(name)).expect("a folder");
        }
        Self { folder }
    }

    /// A place with files.
    pub(crate) fn with<T: AsRef<[u8]>>(files: &[(&str, T)]) -> Self {
        let place = Self::new();
        for (name, text) in files {
            place.file(name, text);
        }
        place
    }

    /// The folder in which the program runs.
    pub(crate) fn root(&self) -> PathBuf {
        self.folder.path().join("work")
    }

    /// The home of whoever runs the program.
    pub(crate) fn home(&self) -> PathBuf {
        self.folder.path().join("home")
    }

    pub(crate) fn file(&self, name: impl AsRef<OsStr>, text: impl AsRef<[u8]>) {
        let path = self.root().join(name.as_ref());
        fs::create_dir_all(path.parent().expect("a parent")).expect("folders");
        fs::write(path, text).expect("a file");
    }

    /// The program, ready to run in `folder` of this place.
    pub(crate) fn command(&self, folder: &str, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_keytrawl"));
        self.clean(&mut command);
        command.current_dir(self.root().join(folder)).args(arguments);
        command
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Run {
        self.run_in("", arguments)
    }

    pub(crate) fn run_in(&self, folder: &str, arguments: &[&str]) -> Run {
        self.finish(&mut self.command(folder, arguments), b"")
    }

    pub(crate) fn run_on(&self, input: &[u8], arguments: &[&str]) -> Run {
        self.finish(&mut self.command("", arguments), input)
    }

    pub(crate) fn git(&self, arguments: &[&str]) {
        self.git_says(arguments);
    }

    /// What git writes.
    pub(crate) fn git_says(&self, arguments: &[&str]) -> String {
        let mut command = Command::new("git");
        self.clean(&mut command);
        command.env("GIT_CONFIG_NOSYSTEM", "1").current_dir(self.root()).args(arguments);
        let output = command.output().expect("git is installed");
        assert!(output.status.success(), "{arguments:?}: {output:?}");
        String::from_utf8(output.stdout).expect("names of tests are UTF-8")
    }

    fn clean(&self, command: &mut Command) {
        let path = std::env::var_os("PATH").unwrap_or_default();
        command.env_clear().env("PATH", path).env("HOME", self.home()).env("LC_ALL", "C");
    }

    pub(crate) fn finish(&self, command: &mut Command, input: &[u8]) -> Run {
        let piped = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = piped.spawn().expect("the program starts");
        let mut stdin = child.stdin.take().expect("a pipe");
        // A program that does not read its input is free to close it.
        let _ = stdin.write_all(input);
        drop(stdin);
        let output = child.wait_with_output().expect("the program ends");
        let code = output.status.code().expect("the program ends by itself");
        Run { stdout: self.scrubbed(&output.stdout), stderr: self.scrubbed(&output.stderr), code }
    }

    fn scrubbed(&self, bytes: &[u8]) -> String {
        let text = String::from_utf8(bytes.to_vec()).expect("the program writes UTF-8");
        let real = self.root().canonicalize().expect("the folder is there");
        let names = [real, self.root()].map(|p| p.display().to_string());
        names.iter().fold(text, |text, name| text.replace(name.as_str(), "[DIR]"))
    }
}

impl Run {
    /// The report, read as JSON.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.stdout)
            .unwrap_or_else(|e| panic!("{e} in {}\n{}", self.stdout, self.stderr))
    }

    /// The places of a JSON report as `path:line:column rule provider encoding`, sorted.
    pub(crate) fn places(&self) -> Vec<String> {
        let mut all = Vec::new();
        let report = self.json();
        for finding in array(&report["findings"]) {
            for place in array(&finding["occurrences"]) {
                all.push(format!(
                    "{}:{}:{} {} {} {}",
                    text(&place["path"]),
                    place["line"],
                    place["column"],
                    text(&finding["rule"]),
                    text(&finding["provider"]),
                    text(&place["encoding"])
                ));
            }
        }
        all.sort();
        all
    }

    /// The fingerprints of a JSON report, in its order.
    pub(crate) fn fingerprints(&self) -> Vec<String> {
        array(&self.json()["findings"]).iter().map(|f| text(&f["fingerprint"]).to_owned()).collect()
    }

    /// The kinds of the warnings of a JSON report.
    pub(crate) fn warnings(&self) -> Vec<String> {
        array(&self.json()["warnings"]).iter().map(|w| text(&w["kind"]).to_owned()).collect()
    }
}

pub(crate) fn array(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

/// A text, or `-` for null.
pub(crate) fn text(value: &Value) -> &str {
    value.as_str().unwrap_or("-")
}

/// A file of this repository.
pub(crate) fn repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// Base64 with padding.
pub(crate) fn base64(bytes: &[u8], url: bool) -> String {
    let letters: Vec<char> = ('A'..='Z')
        .chain('a'..='z')
        .chain('0'..='9')
        .chain(if url { ['-', '_'] } else { ['+', '/'] })
        .collect();
    let mut out = String::new();
    for group in bytes.chunks(3) {
        let byte = |i: usize| usize::from(group.get(i).copied().unwrap_or(0));
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        for i in 0..4 {
            out.push(if i <= group.len() { letters[bits >> (18 - 6 * i) & 63] } else { '=' });
        }
    }
    out
}

/// The inverse of [`base64`], for either alphabet; what is no letter of it is skipped.
pub(crate) fn unbase64(text: &[u8]) -> Vec<u8> {
    let value = |b: u8| match b {
        b'A'..=b'Z' => Some(b - b'A'),
        b'a'..=b'z' => Some(b - b'a' + 26),
        b'0'..=b'9' => Some(b - b'0' + 52),
        b'+' | b'-' => Some(62),
        b'/' | b'_' => Some(63),
        _ => None,
    };
    let values: Vec<u32> = text.iter().filter_map(|b| value(*b)).map(u32::from).collect();
    let mut out = Vec::new();
    for group in values.chunks(4) {
        let bits = group.iter().fold(0, |bits, v| bits << 6 | v) << (6 * (4 - group.len()));
        out.extend_from_slice(&bits.to_be_bytes()[1..group.len().max(1)]);
    }
    out
}
