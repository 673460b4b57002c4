//! What a hook advises whoever it stops: the way out that it names is one.
//!
//! Not here: what stops a commit or a push, and how hooks come to be (`hook`).
#![allow(clippy::unwrap_used)]

mod git_support;

use git_support::{Repo, git_command, secret};

fn hook(repo: &Repo, arguments: &[&str]) -> git_support::Run {
    repo.run(&[&["hook"], arguments].concat())
}

/// What git would read as a pattern takes other files along.
#[test]
fn the_way_out_names_the_files_and_no_others() {
    let repo = Repo::new(&[]);
    repo.write("old", "x\n");
    repo.commit("start");
    assert_eq!(hook(&repo, &["install"]).code, 0);
    repo.write("a*", secret("a"));
    repo.write("ab", "nothing\n");
    repo.write(":x", secret("x"));
    let mut expected = vec!["':(literal):x'", "':(literal)a*'"];
    #[cfg(target_os = "linux")]
    {
        use std::os::unix::ffi::OsStrExt;
        let name = std::ffi::OsStr::from_bytes(b"it's caf\xe9");
        std::fs::write(repo.path().join(name), secret("odd")).unwrap();
        expected.insert(0, r"$':(literal)it\'s caf\xe9'");
    }
    repo.git(&["add", "-A"]);
    let said = repo.fails(&["commit", "-q", "-m", "x"]);
    let line = said.lines().find_map(|line| line.strip_prefix("  undo   ")).unwrap();
    let (command, _) = line.split_once(", then").unwrap();
    assert_eq!(command, format!("git restore --staged {}", expected.join(" ")));
    let shell = git_command(&repo.path(), 0, &[]);
    let shell_words = ["-c", command];
    let environment: Vec<_> =
        shell.get_envs().map(|(k, v)| (k.to_owned(), v.unwrap().to_owned())).collect();
    let mut bash = std::process::Command::new("bash");
    bash.current_dir(repo.path()).env_clear().envs(environment).args(shell_words);
    assert!(bash.status().unwrap().success(), "{command}");
    assert_eq!(repo.git(&["diff", "--cached", "--name-only"]), "ab\n");
}
