//! The GitHub Action: that `action.yml` hands every input on as data, and that its steps get the right
//! program and run it.
//!
//! What the program does then is in `ci.rs`; `.ci/run` holds the files against their schemas.
#![allow(clippy::unwrap_used)]

mod git_support;

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use git_support::{Repo, Run, secret};
use serde_json::json;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn action() -> String {
    std::fs::read_to_string(root().join("action.yml")).unwrap()
}

/// The names below `key` at the top of `action.yml`.
fn names(key: &str) -> Vec<String> {
    let text = action();
    let inside = text.lines().skip_while(|line| *line != format!("{key}:")).skip(1);
    let inside = inside.take_while(|line| line.is_empty() || line.starts_with(' '));
    let name = |line: &str| Some(line.strip_prefix("  ")?.strip_suffix(':')?.to_owned());
    inside.filter(|line| !line.starts_with("   ")).filter_map(name).collect()
}

#[test]
fn every_input_is_handed_on_by_the_environment_and_nothing_else() {
    let text = action();
    let inputs = names("inputs");
    assert_eq!(inputs.len(), 15, "{inputs:?}");
    for input in inputs.iter().filter(|input| *input != "version") {
        let variable = format!("KEYTRAWL_{}", input.to_uppercase().replace('-', "_"));
        let line = format!("        {variable}: ${{{{ inputs.{input} }}}}\n");
        assert!(text.contains(&line), "{line}");
    }
    for output in names("outputs") {
        assert!(text.contains(&format!("${{{{ steps.scan.outputs.{output} }}}}")), "{output}");
    }
    for line in text.lines() {
        let line = line.trim_start().trim_start_matches("- ");
        assert!(!line.starts_with("run:") || !line.contains("${{"), "{line}");
        if let Some(step) = line.strip_prefix("uses: ") {
            let commit = step.split(['@', ' ']).nth(1).unwrap();
            assert!(commit.len() == 40 && commit.bytes().all(|b| b.is_ascii_hexdigit()), "{step}");
        }
    }
}

/// A runner: a folder for programs, one that is thrown away, and releases that a stand-in for curl
/// serves.
struct Runner {
    folder: tempfile::TempDir,
}

impl Runner {
    fn new() -> Self {
        let runner = Self { folder: tempfile::tempdir().unwrap() };
        for name in ["bin", "temp", "releases"] {
            std::fs::create_dir(runner.path(name)).unwrap();
        }
        runner.program(
            &runner.path("bin/curl"),
            "#!/bin/sh\nfor a in \"$@\"; do\n  [ \"$last\" = --output ] && out=$a\n  last=$a\ndone\n\
             file=$RELEASES/${last##*/}\n[ -f \"$file\" ] || exit 22\n\
             if [ -n \"$out\" ]; then cat \"$file\" >\"$out\"; else cat \"$file\"; fi\n",
        );
        // Building takes minutes: that it would be done is enough.
        runner.program(
            &runner.path("bin/cargo"),
            "#!/bin/sh\necho cargo \"$@\"\nwhile [ $# -gt 0 ]; do\n  [ \"$1\" = --target-dir ] && dir=$2\n  shift\ndone\n\
             mkdir -p \"$dir/release\"\nprintf '#!/bin/sh\\necho built\\n' >\"$dir/release/keytrawl\"\nchmod +x \"$dir/release/keytrawl\"\n",
        );
        runner
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn program(&self, place: &Path, text: &str) {
        std::fs::write(place, text).unwrap();
        std::fs::set_permissions(place, std::fs::Permissions::from_mode(0o755)).unwrap();
    }

    /// Puts a release there whose program says its version.
    fn release(&self, version: &str, sum: Option<&str>) {
        let folder = tempfile::tempdir().unwrap();
        self.program(
            &folder.path().join("keytrawl"),
            &format!("#!/bin/sh\necho release {version}\n"),
        );
        let name = format!("keytrawl-{version}-x86_64-unknown-linux-musl.tar.gz");
        let archive = self.path("releases").join(&name);
        let mut tar = Command::new("tar");
        tar.arg("-czf").arg(&archive).arg("-C").arg(folder.path()).arg("keytrawl");
        assert!(tar.status().unwrap().success());
        let output = Command::new("sha256sum").arg(&archive).output().unwrap();
        let real = String::from_utf8(output.stdout).unwrap();
        let sum = sum.unwrap_or(real.split(' ').next().unwrap());
        let place = self.path("releases").join(format!("{name}.sha256"));
        std::fs::write(place, format!("{sum}  {name}\n")).unwrap();
    }

    fn script(&self, step: &str, variables: &[(&str, &str)]) -> Run {
        let path = std::env::var_os("PATH").unwrap_or_default();
        let all = std::iter::once(self.path("bin")).chain(std::env::split_paths(&path));
        let mut command = Command::new("bash");
        command
            .arg(root().join("scripts/action.sh"))
            .arg(step)
            .env_clear()
            .env("PATH", std::env::join_paths(all).unwrap())
            .env("RELEASES", self.path("releases"))
            .env("RUNNER_TEMP", self.path("temp"))
            .env("RUNNER_OS", "Linux")
            .env("RUNNER_ARCH", "X64")
            .env("GITHUB_SERVER_URL", "https://forge.example")
            .env("ACTION_REPOSITORY", "acme/keytrawl")
            .env("GITHUB_OUTPUT", self.path("output"))
            .env("FOLDER", self.path("temp/keytrawl-program"))
            .envs(variables.iter().copied());
        Run::of(&command.output().unwrap())
    }

    /// What `choose` decides.
    fn source(&self, variables: &[(&str, &str)]) -> String {
        let _ = std::fs::remove_file(self.path("output"));
        let run = self.script("choose", variables);
        let text = std::fs::read_to_string(self.path("output")).unwrap_or(run.stdout);
        text.lines().next().unwrap_or_default().to_owned()
    }
}

#[test]
fn a_release_is_taken_where_one_is_meant_and_its_checksum_is_right() {
    let runner = Runner::new();
    let version = env!("CARGO_PKG_VERSION");
    let tag = format!("v{version}");
    assert_eq!(runner.source(&[]), "source=build");
    assert_eq!(runner.source(&[("ACTION_REF", "main")]), "source=build");
    assert_eq!(runner.source(&[("ACTION_REF", &tag)]), "source=build", "there is no release yet");
    assert_eq!(runner.source(&[("VERSION", version)]), "source=build");
    assert!(runner.source(&[("VERSION", "9.9.9")]).starts_with("::error title=keytrawl::"));
    assert!(runner.source(&[("VERSION", "1;id")]).starts_with("::error title=keytrawl::"));
    runner.release("9.9.9", None);
    runner.release(version, None);
    let release = |version: &str| format!("source=release {version} x86_64-unknown-linux-musl");
    assert_eq!(runner.source(&[("VERSION", "v9.9.9")]), release("9.9.9"));
    assert_eq!(runner.source(&[("ACTION_REF", &tag)]), release(version));
    assert_eq!(
        runner.source(&[("ACTION_REF", "main")]),
        "source=build",
        "a branch is not a release"
    );
    let odd = [("ACTION_REF", tag.as_str()), ("RUNNER_ARCH", "RISCV")];
    assert_eq!(runner.source(&odd), "source=build");

    let source = release("9.9.9").replacen("source=", "", 1);
    let run = runner.script("get", &[("SOURCE", &source)]);
    assert_eq!((run.code, run.stdout.as_str()), (0, "release 9.9.9\n"), "{}", run.stderr);
    // From the cache the next time, whatever is meant.
    let run = runner.script("get", &[("SOURCE", "build")]);
    assert_eq!((run.code, run.stdout.as_str()), (0, "release 9.9.9\n"));
    std::fs::remove_dir_all(runner.path("temp/keytrawl-program")).unwrap();
    runner.release("9.9.9", Some(&"0".repeat(64)));
    let run = runner.script("get", &[("SOURCE", &source)]);
    assert_eq!(run.code, 1);
    assert!(
        run.stdout.contains("checksum") && !run.stdout.contains("release 9.9.9\n"),
        "{}",
        run.stdout
    );
    assert!(!runner.path("temp/keytrawl-program/keytrawl").exists());
    let run = runner.script("get", &[("SOURCE", "build")]);
    assert!(
        run.stdout.contains("cargo build --release --locked") && run.stdout.ends_with("built\n")
    );
}

#[test]
fn the_steps_of_the_action_scan_a_pull_request() {
    let runner = Runner::new();
    let folder = runner.path("temp/keytrawl-program");
    std::fs::create_dir(&folder).unwrap();
    std::fs::copy(env!("CARGO_BIN_EXE_keytrawl"), folder.join("keytrawl")).unwrap();
    let repo = Repo::new(&[]);
    repo.write("a.txt", "a\n");
    let base = repo.commit("start");
    repo.write("b.env", secret("b"));
    let head = repo.commit("add");
    let event = json!({"pull_request": {"base": {"sha": base}, "head": {"sha": head}}});
    std::fs::write(runner.path("event.json"), event.to_string()).unwrap();
    let text = action();
    let runs: Vec<&str> = text
        .lines()
        .filter_map(|line| line.trim().strip_prefix("run: '")?.strip_suffix('\''))
        .collect();
    assert_eq!(runs.len(), 3);
    let mut codes = Vec::new();
    for run in runs {
        let mut step = Command::new("bash");
        step.args(["--noprofile", "--norc", "-eo", "pipefail", "-c", run])
            .current_dir(repo.path())
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap())
            .env("ACTION_PATH", root())
            .env("FOLDER", &folder)
            .env("SOURCE", "build")
            .env("RUNNER_TEMP", runner.path("temp"))
            .env("GITHUB_OUTPUT", runner.path("output"))
            .env("GITHUB_STEP_SUMMARY", runner.path("summary"))
            .env("GITHUB_EVENT_NAME", "pull_request")
            .env("GITHUB_EVENT_PATH", runner.path("event.json"));
        // Inputs that are not set are there, and empty.
        for input in names("inputs") {
            step.env(format!("KEYTRAWL_{}", input.to_uppercase().replace('-', "_")), "");
        }
        let run = Run::of(&step.output().unwrap());
        codes.push((run.code, run.stdout));
    }
    assert_eq!((codes[0].0, codes[1].0, codes[2].0), (0, 0, 1), "{codes:?}");
    assert!(codes[2].1.starts_with("::error file=b.env,line=1,"), "{codes:?}");
    let output = std::fs::read_to_string(runner.path("output")).unwrap();
    assert!(output.contains("\nexit-code=1\nfindings=1\nactive=0\nstate=complete\n"), "{output}");
}
