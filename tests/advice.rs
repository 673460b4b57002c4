//! What a hook advises whoever it stops: the way out that it names is one.
//!
//! Not here: what stops a commit or a push, and how hooks come to be (`hook`).
#![allow(clippy::unwrap_used)]

mod git_support;

use git_support::{Repo, command, git_command, secret};

fn hook(repo: &Repo, arguments: &[&str]) -> git_support::Run {
    repo.run(&[&["hook"], arguments].concat())
}

/// A later commit with a comment changes nothing of the one that brings the secret.
#[test]
fn a_push_passes_once_its_advice_is_followed() {
    let (origin, repo) = (Repo::new(&["--bare"]), Repo::new(&[]));
    repo.git(&["remote", "add", "origin", &origin.path().display().to_string()]);
    repo.write("README.md", "a shop\n");
    repo.commit("start");
    repo.git(&["push", "-q", "origin", "main"]);
    assert_eq!(hook(&repo, &["install", "--pre-push"]).code, 0);
    repo.write("a.env", format!("{}\n", secret("a")));
    let added = repo.commit("add");
    repo.write("b.txt", "b\n");
    repo.commit("more");
    let said = repo.fails(&["push", "-q", "origin", "main"]);
    let id = &added[..12];
    let line = format!(
        "  allow  if it is no secret: a comment `keytrawl:allow mega-api-key -- REASON` on its line, and \
         `git add` the file, then `git commit --amend`; if a later commit is on top, \
         `git commit --fixup={id}` and `git rebase -i --autosquash {id}^`\n"
    );
    assert!(said.contains(&line), "{said}");
    let comment = "# keytrawl:allow mega-api-key -- a sample";
    repo.write("a.env", format!("{} {comment}\n", secret("a")));
    repo.git(&["add", "a.env"]);
    repo.git(&["commit", "-q", &format!("--fixup={id}")]);
    assert!(repo.fails(&["push", "-q", "origin", "main"]).contains(id));
    repo.git(&[
        "-c",
        "sequence.editor=true",
        "rebase",
        "-q",
        "-i",
        "--autosquash",
        &format!("{id}^"),
    ]);
    repo.git(&["push", "-q", "origin", "main"]);
    // The same for the last commit.
    repo.write("c.env", format!("{}\n", secret("c")));
    repo.commit("add");
    repo.fails(&["push", "-q", "origin", "main"]);
    repo.write("c.env", format!("{} {comment}\n", secret("c")));
    repo.git(&["add", "c.env"]);
    repo.git(&["commit", "-q", "--amend", "--no-edit"]);
    repo.git(&["push", "-q", "origin", "main"]);
}

#[test]
fn a_tag_of_a_file_or_a_folder_is_told_as_what_it_is() {
    let (origin, repo) = (Repo::new(&["--bare"]), Repo::new(&[]));
    repo.git(&["remote", "add", "origin", &origin.path().display().to_string()]);
    repo.write("a.env", secret("a"));
    repo.commit("start");
    repo.git(&["push", "-q", "origin", "main"]);
    assert_eq!(hook(&repo, &["install", "--pre-push"]).code, 0);
    let cases = [("HEAD:a.env", "blob", "cat-file blob"), ("HEAD^{tree}", "tree", "archive")];
    for (named, kind, way) in cases {
        repo.git(&["tag", kind, named]);
        let id = repo.id(named);
        let said = repo.fails(&["push", "-q", "origin", kind]);
        let told = format!(
            "error: `{id}` names a {kind} and no commit\n\
             hint: a push of commits alone is looked at; `git {way} {id} | keytrawl -` scans the {kind}, and \
             `git push --no-verify` pushes it by itself\n"
        );
        assert!(said.starts_with(&told), "{said}");
        let content = repo.git(&way.split(' ').chain([&*id]).collect::<Vec<_>>());
        assert_eq!(git_support::run_on(&mut command(&repo.path(), &["-"]), &content).code, 1);
    }
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
