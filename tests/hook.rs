//! `keytrawl hook`: git itself runs what was installed, and commits and pushes are blocked by it.
#![allow(clippy::unwrap_used)]

mod git_support;

use std::io::Write;
use std::process::Stdio;

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use git_support::{Repo, command, git_command, secret, snapshot};

fn hook(repo: &Repo, arguments: &[&str]) -> git_support::Run {
    repo.run(&[&["hook"], arguments].concat())
}

fn script(path: &Path, text: &str) {
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, text).unwrap();
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).unwrap();
}

fn head(repo: &Repo) -> String {
    repo.git(&["rev-list", "--count", "--all"]).trim().to_owned()
}

#[test]
fn a_commit_with_a_secret_is_blocked_in_six_lines() {
    let repo = Repo::new(&[]);
    let run = hook(&repo, &["install"]);
    assert_eq!((run.code, run.stderr.as_str()), (0, ""));
    assert_eq!(
        run.stdout,
        "installed `.git/hooks/pre-commit`: keytrawl looks at each commit here\n"
    );
    repo.write("config/prod.env", format!("A=1\nKEY={}\n", secret("one")));
    repo.git(&["add", "-A"]);
    let said = repo.fails(&["commit", "-q", "-m", "first"]);
    let shown = said.replace(&secret("one")[65..], "LAST");
    insta::assert_snapshot!(shown, @r"
    keytrawl: commit blocked: 1 secret
      what   MEGA API key mega_****LAST (live key)
      where  config/prod.env:2:5
      why    once committed, everybody who gets the repository can use it, and history keeps it
      undo   git rm --cached config/prod.env, then read the key from the environment (MEGA_API_KEY)
      allow  if it is no secret: a comment `keytrawl:allow mega-api-key -- REASON` on its line, and `git add` the file again
    ");
    assert_eq!(head(&repo), "0");
    // The allow comment that it names lets it pass, and so does a commit without secrets.
    repo.write(
        "config/prod.env",
        format!("KEY={} # keytrawl:allow mega-api-key -- a sample\n", secret("one")),
    );
    repo.commit("allowed");
    repo.write("b.txt", "b\n");
    repo.write("a b.env", secret("two"));
    repo.write("-c.env", secret("three"));
    repo.git(&["add", "-A"]);
    let said = repo.fails(&["commit", "-q", "-m", "more"]);
    assert!(said.contains("2 secrets") && said.contains("`keytrawl staged` shows all"), "{said}");
    assert!(said.contains("git restore --staged 'a b.env' ./-c.env"), "{said}");
    assert_eq!(said.lines().count(), 6, "{said}");
    repo.write("b!c", secret("six"));
    repo.git(&["add", "b!c"]);
    repo.git(&["rm", "-q", "--cached", "a b.env", "-f", "--", "-c.env"]);
    let said = repo.fails(&["commit", "-q", "-m", "more"]);
    assert!(said.contains("git restore --staged 'b!c', then"), "{said}");
    repo.git(&["rm", "-q", "-f", "b!c"]);
    repo.git(&["add", "-A"]);
    // Only some of what is staged; all that is changed; from a sub-directory.
    repo.git(&["commit", "-q", "-m", "one file", "b.txt"]);
    repo.fails(&["commit", "-q", "-m", "one file", "a b.env"]);
    repo.git(&["rm", "-q", "--cached", "a b.env", "-f", "--", "-c.env"]);
    repo.write("b.txt", secret("four"));
    assert!(repo.fails(&["commit", "-qam", "all"]).contains("b.txt:1:1"));
    let folder = repo.path().join("config");
    let blocked = git_command(&folder, 1_700_000_000, &["commit", "-qam", "all"]).output().unwrap();
    assert!(!blocked.status.success());
    repo.git(&["commit", "-q", "--no-verify", "-am", "forced"]);
    assert_eq!(head(&repo), "3");

    let run = hook(&repo, &["uninstall"]);
    assert_eq!(run.stdout, "removed keytrawl's hook `.git/hooks/pre-commit`\n");
    assert!(!repo.path().join(".git/hooks/pre-commit").exists());
    repo.write("c.env", secret("five"));
    repo.commit("unguarded");
    assert!(hook(&repo, &["uninstall"]).stdout.starts_with("there is no hook"));
}

/// It leaves with the tag, whatever the commits are.
#[test]
fn a_tag_that_tells_a_secret_is_not_pushed() {
    let repo = Repo::new(&[]);
    repo.write("x", "x\n");
    repo.commit("start");
    let remote = Repo::new(&["--bare"]);
    repo.git(&["push", "-q", &remote.path().display().to_string(), "main"]);
    assert_eq!(hook(&repo, &["install", "--pre-push"]).code, 0);
    repo.git(&["tag", "-a", "-m", &secret("tag"), "v1"]);
    let said = repo.fails(&["push", &remote.path().display().to_string(), "v1"]);
    assert!(said.contains("push blocked") && said.contains("git tag -f -a"), "{said}");
    repo.git(&["tag", "-f", "-a", "-m", "nothing", "v1"]);
    repo.git(&["push", "-q", &remote.path().display().to_string(), "v1"]);
}

#[test]
fn what_git_does_not_say_to_a_hook_is_an_error() {
    let repo = Repo::new(&[]);
    repo.write("x", "x\n");
    repo.commit("start");
    let mut command =
        git_support::command(&repo.path(), &["hook", "run", "pre-push", "--", "o", "u"]);
    let mut child = command.stdin(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(b"garbage\n").unwrap();
    assert_eq!(child.wait_with_output().unwrap().status.code(), Some(2));
    repo.git(&["config", "core.hooksPath", ""]);
    let run = hook(&repo, &["install"]);
    assert!(run.code == 2 && run.stderr.contains("git runs no hook here"), "{}", run.stderr);
}

#[test]
fn another_hook_is_never_overwritten_and_can_be_chained() {
    let repo = Repo::new(&[]);
    let place = repo.path().join(".git/hooks/pre-commit");
    let own = "#!/bin/sh\necho own ran\ntest ! -e stop\n";
    script(&place, own);
    let before = snapshot(&repo.path().join(".git"));
    let run = hook(&repo, &["install"]);
    assert_eq!(run.code, 2);
    assert!(run.stderr.contains("keytrawl hook run pre-commit"), "{}", run.stderr);
    assert_eq!(hook(&repo, &["uninstall"]).code, 2);
    assert_eq!(before, snapshot(&repo.path().join(".git")));

    // Nor is one of keytrawl's own that somebody has added to.
    std::fs::remove_file(&place).unwrap();
    assert_eq!(hook(&repo, &["install"]).code, 0);
    let more = std::fs::read_to_string(&place).unwrap() + "echo more\n";
    std::fs::write(&place, &more).unwrap();
    assert_eq!(hook(&repo, &["install"]).code, 2);
    assert_eq!(hook(&repo, &["uninstall"]).code, 2);
    assert_eq!(std::fs::read_to_string(&place).unwrap(), more);
    script(&place, own);

    assert_eq!(hook(&repo, &["install", "--chain"]).code, 0);
    assert_eq!(hook(&repo, &["install", "--chain"]).code, 0, "twice is once");
    repo.write("a.env", secret("a"));
    repo.git(&["add", "-A"]);
    let said = repo.fails(&["commit", "-q", "-m", "x"]);
    assert!(said.contains("own ran") && said.contains("commit blocked"), "{said}");
    repo.write("a.env", "nothing\n");
    repo.write("stop", "");
    repo.git(&["add", "a.env"]);
    let said = repo.fails(&["commit", "-q", "-m", "x"]);
    assert!(!said.contains("blocked"), "{said}");
    std::fs::remove_file(repo.path().join("stop")).unwrap();
    repo.commit("fine");
    assert_eq!(hook(&repo, &["uninstall"]).code, 0);
    assert_eq!(std::fs::read_to_string(&place).unwrap(), own);
    // A link is not ours, wherever it leads.
    std::fs::rename(&place, place.with_file_name("real")).unwrap();
    std::os::unix::fs::symlink("real", &place).unwrap();
    assert_eq!(hook(&repo, &["install"]).code, 2);
}

/// A hook that is kept has what is beside it, and comes back byte for byte.
#[test]
fn a_hook_that_is_kept_runs_before_and_comes_back() {
    let repo = Repo::new(&[]);
    let hooks = repo.path().join(".git/hooks");
    let own = "#!/bin/sh\n. \"$(dirname \"$0\")/lib.sh\"\necho own\n";
    script(&hooks.join("pre-commit"), own);
    script(&repo.path().join("shared"), own);
    std::os::unix::fs::symlink("../../shared", hooks.join("pre-push")).unwrap();
    script(&hooks.join("lib.sh"), "echo lib\n");
    let before = snapshot(&hooks);
    let run = hook(&repo, &["install", "--chain"]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert!(run.stdout.contains("pre-commit.chained` runs before it"), "{}", run.stdout);
    assert_eq!(hook(&repo, &["install", "--chain", "--pre-push"]).code, 0);
    // Without --chain, what is kept is kept.
    assert_eq!(hook(&repo, &["install"]).code, 0);
    repo.write("a.env", secret("a"));
    repo.git(&["add", "a.env"]);
    let said = repo.fails(&["commit", "-q", "-m", "x"]);
    assert!(said.contains("lib\nown\nkeytrawl: commit blocked"), "{said}");
    repo.git(&["commit", "-q", "--no-verify", "-m", "x"]);
    let remote = Repo::new(&["--bare"]);
    let said = repo.fails(&["push", &remote.path().display().to_string(), "main"]);
    assert!(said.contains("lib\nown\nkeytrawl: push blocked"), "{said}");
    // One that is gone is not passed over, one that leads nowhere is no hook.
    let (kept, away) = (hooks.join("pre-commit.chained"), hooks.join("away"));
    std::fs::rename(&kept, &away).unwrap();
    let said = repo.fails(&["commit", "-q", "--allow-empty", "-m", "x"]);
    assert!(said.contains("the hook that runs before keytrawl's is gone"), "{said}");
    std::os::unix::fs::symlink("nowhere", &kept).unwrap();
    repo.git(&["commit", "-q", "--allow-empty", "-m", "x"]);
    std::fs::rename(&away, &kept).unwrap();
    // Whoever overwrites keytrawl's hook does not cost the one that is kept.
    let guard = std::fs::read(hooks.join("pre-commit")).unwrap();
    script(&hooks.join("pre-commit"), "#!/bin/sh\nexit 0\n");
    let run = hook(&repo, &["install", "--chain"]);
    assert!(run.code == 2 && run.stderr.contains("pre-commit.chained` is there already"));
    // Nor does one who is stopped before the hook is written.
    std::fs::remove_file(hooks.join("pre-commit")).unwrap();
    assert_eq!(hook(&repo, &["install", "--chain"]).code, 0);
    assert_eq!(std::fs::read(hooks.join("pre-commit")).unwrap(), guard);
    assert_eq!(hook(&repo, &["uninstall"]).code, 0);
    assert_eq!(hook(&repo, &["uninstall", "--pre-push"]).code, 0);
    assert!(hooks.join("pre-push").is_symlink());
    assert_eq!(snapshot(&hooks), before);
}

/// Older versions kept a hook in the same place, with other lines.
#[test]
fn what_an_older_version_has_chained_runs_and_comes_back() {
    let repo = Repo::new(&[]);
    let hooks = repo.path().join(".git/hooks");
    let older = "#!/bin/sh\n\
        # keytrawl: written by `keytrawl hook install`; `keytrawl hook uninstall` removes it.\n\
        other=\"$(dirname -- \"$0\")/pre-commit.chained\"\n\
        if [ -x \"$other\" ]; then\n  \"$other\" \"$@\" || exit $?\nfi\n\
        if ! command -v keytrawl >/dev/null 2>&1; then\n  \
        echo 'error: keytrawl is not in PATH: what is committed is not checked for secrets' >&2\n  \
        echo \"hint: install it or put it into PATH; or remove this hook: $0\" >&2\n  \
        exit 1\nfi\n\
        exec keytrawl hook run pre-commit -- \"$@\"\n";
    let own = "#!/bin/sh\necho own\n";
    let (place, chained) = (hooks.join("pre-commit"), hooks.join("pre-commit.chained"));
    let read = |path: &Path| std::fs::read_to_string(path).unwrap();
    script(&place, older);
    script(&chained, own);
    assert_eq!(hook(&repo, &["uninstall"]).code, 0);
    assert_eq!((read(&place).as_str(), chained.exists()), (own, false));
    script(&place, older);
    script(&chained, own);
    assert_eq!(hook(&repo, &["install"]).code, 0);
    repo.write("a.env", secret("a"));
    repo.git(&["add", "-A"]);
    let said = repo.fails(&["commit", "-q", "-m", "x"]);
    assert!(said.contains("own\nkeytrawl: commit blocked"), "{said}");
    assert_eq!(hook(&repo, &["uninstall"]).code, 0);
    assert_eq!(read(&place), own);
    // A file of that name that keytrawl did not make is nobody's hook.
    std::fs::remove_file(&place).unwrap();
    script(&chained, own);
    assert_eq!(hook(&repo, &["install"]).code, 0);
    let said = repo.fails(&["commit", "-q", "-m", "x"]);
    assert!(!said.contains("own"), "{said}");
    assert_eq!(hook(&repo, &["uninstall"]).code, 0);
    assert_eq!((place.exists(), read(&chained).as_str()), (false, own));
}

/// husky writes its folder anew, and runs what is one folder above by the name of what it wrote.
#[test]
fn nothing_is_put_into_the_folder_that_husky_writes() {
    let repo = Repo::new(&[]);
    let folder = repo.path().join("web/hooks/_");
    script(
        &folder.join("h"),
        "n=$(basename \"$0\")\nsh -e \"$(dirname \"$(dirname \"$0\")\")/$n\"\n",
    );
    script(&folder.join("pre-commit"), "#!/usr/bin/env sh\n. \"$(dirname \"$0\")/h\"");
    script(&folder.with_file_name("pre-commit"), "echo own\n");
    repo.git(&["config", "core.hooksPath", "web/hooks/_"]);
    let before = snapshot(&repo.path());
    for arguments in [&["install"][..], &["install", "--chain"], &["install", "--pre-push"]] {
        let run = hook(&repo, arguments);
        let name = if arguments.contains(&"--pre-push") { "pre-push" } else { "pre-commit" };
        let expected = format!(
            "error: husky writes `web/hooks/_` anew whenever it runs\nhint: nothing was changed. Add \
             this line to web/hooks/{name}: keytrawl hook run {name} -- \"$@\" || exit 1\n"
        );
        assert_eq!((run.code, run.stderr), (2, expected));
    }
    assert_eq!(before, snapshot(&repo.path()));
}

#[test]
fn the_folder_that_git_is_told_is_the_folder() {
    let repo = Repo::new(&[]);
    repo.write("sub/x.txt", "x\n");
    repo.commit("start");
    repo.git(&["config", "core.hooksPath", ".githooks"]);
    let run = repo.run_in("sub", &["hook", "install"]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert!(repo.path().join(".githooks/pre-commit").exists());
    repo.write("sub/y.env", secret("y"));
    repo.git(&["add", "sub/y.env"]);
    assert!(repo.fails(&["commit", "-q", "-m", "x"]).contains("sub/y.env:1:1"));
    repo.git(&["config", "--unset", "core.hooksPath"]);
    // Linked work trees share the hooks; each has an index of its own.
    assert_eq!(hook(&repo, &["install"]).code, 0);
    repo.git(&["reset", "-q", "--hard"]);
    repo.git(&["worktree", "add", "-q", "../tree", "-b", "other"]);
    let tree = repo.path().parent().unwrap().join("tree");
    std::fs::write(tree.join("w.env"), secret("w")).unwrap();
    git_support::git(&tree, &["add", "-A"]);
    let output = git_command(&tree, 1_700_000_000, &["commit", "-q", "-m", "x"]).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!output.status.success() && said.contains("w.env:1:1"), "{said}");
    // Outside of a repository there is nothing to install into.
    let folder = tempfile::tempdir().unwrap();
    let run = git_support::run(folder.path(), &["hook", "install"]);
    assert_eq!(run.code, 2);
    assert!(run.stderr.contains("hint: "), "{}", run.stderr);
}

#[test]
fn without_the_program_the_hook_says_so_and_blocks() {
    let repo = Repo::new(&[]);
    hook(&repo, &["install"]);
    repo.write("a.txt", "a\n");
    repo.git(&["add", "-A"]);
    let mut commit = git_command(&repo.path(), 1_700_000_000, &["commit", "-q", "-m", "x"]);
    let output = commit.env("PATH", "/usr/local/bin:/usr/bin:/bin").output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!output.status.success(), "{said}");
    assert!(said.contains("keytrawl is not in PATH") && said.contains("hint: "), "{said}");
}

#[test]
fn a_push_is_looked_at_for_what_the_remote_has_not() {
    let remote = Repo::new(&["--bare"]);
    let repo = Repo::new(&[]);
    repo.git(&["remote", "add", "origin", &remote.path().display().to_string()]);
    repo.write("old.env", secret("old"));
    repo.commit("before the hook");
    repo.git(&["push", "-q", "origin", "main"]);
    assert_eq!(hook(&repo, &["install", "--pre-push"]).code, 0);
    assert!(!repo.path().join(".git/hooks/pre-commit").exists());
    // What is there already is not told again, on whatever branch it is pushed.
    repo.git(&["push", "-q", "origin", "main:copy"]);
    repo.write("new.env", secret("new"));
    let added = repo.commit("add");
    repo.git(&["rm", "-q", "new.env"]);
    repo.commit("remove");
    let said = repo.fails(&["push", "-q", "origin", "main"]);
    let place = format!("new.env:1:1 (commit {})", &added[..12]);
    assert!(said.contains("push blocked: 1 secret") && said.contains(&place), "{said}");
    assert!(repo.fails(&["push", "-q", "origin", "HEAD:refs/heads/new"]).contains(&place));
    repo.git(&["tag", "-a", "v1", "-m", "tag"]);
    assert!(repo.fails(&["push", "-q", "origin", "v1"]).contains(&place));
    // A branch that is deleted pushes nothing; an allow comment of today counts.
    repo.git(&["push", "-q", "origin", ":copy"]);
    repo.git(&["reset", "-q", "--hard", "HEAD~2"]);
    repo.write("new.env", format!("{} # gitleaks:allow\n", secret("new")));
    repo.commit("allowed");
    repo.git(&["push", "-q", "origin", "main"]);
    // A push to a remote that nobody knows anything of is looked at whole.
    let other = Repo::new(&["--bare"]);
    repo.git(&["remote", "add", "other", &other.path().display().to_string()]);
    assert!(repo.fails(&["push", "-q", "other", "main"]).contains("old.env:1:1"));
    assert_eq!(hook(&repo, &["uninstall", "--pre-push"]).code, 0);
    repo.git(&["push", "-q", "other", "main"]);
}

#[test]
fn pre_commit_tells_a_push_by_the_environment() {
    let repo = Repo::new(&[]);
    repo.write("a.env", secret("a"));
    let from = repo.commit("start");
    repo.write("b.env", secret("b"));
    let to = repo.commit("more");
    let arguments = ["hook", "run", "pre-push"];
    let mut asked = command(&repo.path(), &arguments);
    asked.env("PRE_COMMIT", "1").env("PRE_COMMIT_FROM_REF", &from).env("PRE_COMMIT_TO_REF", &to);
    let run = git_support::Run::of(&asked.output().unwrap());
    assert_eq!(run.code, 1);
    assert!(run.stderr.contains("b.env:1:1") && !run.stderr.contains("a.env"), "{}", run.stderr);
    let mut whole = command(&repo.path(), &arguments);
    let run = git_support::Run::of(&whole.env("PRE_COMMIT", "1").output().unwrap());
    assert!(run.stderr.contains("2 secrets"), "{}", run.stderr);
    // git's own way, with nothing to push.
    let run = git_support::run_on(&mut command(&repo.path(), &arguments), "\n");
    assert_eq!((run.code, run.stderr.as_str()), (0, ""));
}

#[test]
fn all_repositories_are_guarded_and_their_own_hooks_run() {
    let home = tempfile::tempdir().unwrap();
    let repo = Repo::new(&[]);
    let keytrawl = |arguments: &[&str]| {
        let mut command = command(&repo.path(), arguments);
        git_support::Run::of(&command.env("HOME", home.path()).output().unwrap())
    };
    let git = |arguments: &[&str]| {
        let mut command = git_command(&repo.path(), 1_700_000_000, arguments);
        let output = command.env("HOME", home.path()).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        (output.status.success(), said)
    };
    script(&repo.path().join(".git/hooks/commit-msg"), "#!/bin/sh\ngrep -q ticket \"$1\"\n");
    script(&repo.path().join(".git/hooks/pre-commit"), "#!/bin/sh\necho own >&2\n");
    let run = keytrawl(&["hook", "install", "--global"]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    let scope = "of every repository that has no `core.hooksPath` of its own";
    assert!(run.stdout.contains(scope), "{}", run.stdout);
    let folder = home.path().join(".config/git/hooks");
    // What all repositories share is not one repository's to change.
    for command in ["install", "uninstall"] {
        let run = keytrawl(&["hook", command]);
        assert_eq!(run.code, 2);
        assert!(run.stderr.contains("pre-commit` guards all repositories"), "{}", run.stderr);
    }
    assert!(folder.join("pre-commit").exists());
    repo.write("a.env", secret("a"));
    repo.git(&["add", "-A"]);
    let (done, said) = git(&["commit", "-q", "-m", "ticket"]);
    assert!(!done && said.contains("own") && said.contains("blocked"), "{said}");
    repo.write("a.env", "nothing\n");
    repo.git(&["add", "-A"]);
    assert!(!git(&["commit", "-q", "-m", "without"]).0, "the repository's commit-msg runs");
    assert!(git(&["commit", "-q", "-m", "ticket"]).0);
    assert_eq!(keytrawl(&["hook", "install", "--global", "--pre-push"]).code, 0);
    assert_eq!(keytrawl(&["hook", "uninstall", "--global"]).code, 0);
    assert!(folder.join("pre-push").exists());
    assert_eq!(keytrawl(&["hook", "uninstall", "--global", "--pre-push"]).code, 0);
    assert!(!folder.exists());
    assert!(!git(&["config", "--global", "--get", "core.hooksPath"]).0);
}

/// What a user has set is not set anew, and what that changes for the repositories is said.
#[test]
fn a_folder_that_is_shared_already_is_used_as_it_is() {
    let home = tempfile::tempdir().unwrap();
    let repo = Repo::new(&[]);
    let keytrawl = |arguments: &[&str]| {
        let mut command = command(&repo.path(), &[&["hook"], arguments].concat());
        git_support::Run::of(&command.env("HOME", home.path()).output().unwrap())
    };
    let config = home.path().join(".gitconfig");
    let text = "[core]\n\thooksPath = ~/mine\n";
    std::fs::write(&config, text).unwrap();
    let folder = home.path().join("mine");
    std::fs::create_dir(&folder).unwrap();
    let note = "hooks in the repositories themselves, which your `core.hooksPath` hid, run again\n";
    let run = keytrawl(&["install", "--global"]);
    assert!(run.code == 0 && run.stdout.ends_with(note), "{} {}", run.stdout, run.stderr);
    // Once is enough.
    let run = keytrawl(&["install", "--global", "--pre-push"]);
    assert!(run.code == 0 && !run.stdout.contains(note), "{}", run.stdout);
    for arguments in [&["uninstall", "--global"][..], &["uninstall", "--global", "--pre-push"]] {
        assert_eq!(keytrawl(arguments).code, 0);
    }
    assert_eq!(std::fs::read_to_string(&config).unwrap(), text);
    assert_eq!(snapshot(&folder).len(), 0);
}

/// A folder of hooks for all repositories hides every hook of each, and some that are not there mean
/// something to git.
#[test]
fn all_hooks_of_a_repository_run_beside_the_global_ones() {
    let home = tempfile::tempdir().unwrap();
    let (repo, remote) = (Repo::new(&[]), Repo::new(&[]));
    let git = |repo: &Repo, arguments: &[&str]| {
        let mut command = git_command(&repo.path(), 1_700_000_000, arguments);
        let output = command.env("HOME", home.path()).output().unwrap();
        (output.status.success(), String::from_utf8_lossy(&output.stderr).into_owned())
    };
    repo.write("x", "x\n");
    repo.commit("start");
    remote.git(&["config", "receive.denyCurrentBranch", "updateInstead"]);
    script(&home.path().join(".config/git/hooks/pre-commit"), "#!/bin/sh\necho everywhere >&2\n");
    let keytrawl = |what: &str| {
        let mut command = command(&repo.path(), &["hook", what, "--global", "--chain"]);
        command.env("HOME", home.path()).output().unwrap().status.success()
    };
    assert!(keytrawl("install"));
    for name in ["post-commit", "pre-commit"] {
        let text = format!(
            "#!/bin/sh\ntest -z \"$1\" || touch \"$(git rev-parse --git-common-dir)/ran\"\necho {name} >&2\n"
        );
        script(&repo.path().join(".git/hooks").join(name), &text);
    }
    // Nothing is said of a repository that is being made.
    for words in [&["init", "-q", "new"][..], &["clone", "-q", ".", "copy"]] {
        assert_eq!(git(&repo, words), (true, String::new()), "{words:?}");
        std::fs::remove_dir_all(repo.path().join(words[words.len() - 1])).unwrap();
    }
    repo.write("y", "y\n");
    assert!(git(&repo, &["add", "y"]).0);
    let (done, said) = git(&repo, &["commit", "-q", "-m", "x"]);
    assert!(done && said.contains("post-commit"), "{said}");
    assert!(said.contains("everywhere\n") && said.contains("\npre-commit"), "{said}");
    // Where a repository has no such hook, git's own work is done all the same.
    let there = remote.path().display().to_string();
    let (done, said) = git(&repo, &["push", &there, "main"]);
    assert!(done && remote.path().join("y").exists(), "{said}");
    std::fs::write(remote.path().join("y"), "changed\n").unwrap();
    assert!(git(&repo, &["commit", "-q", "--allow-empty", "-m", "more"]).0);
    let (done, said) = git(&repo, &["push", &there, "main"]);
    assert!(!done, "{said}");
    // Of keytrawl's own files none is left, and what was there is there.
    assert!(keytrawl("uninstall"));
    let folder = home.path().join(".config/git");
    let all: Vec<_> = snapshot(&folder).into_keys().collect();
    assert_eq!(all, [folder.join("hooks"), folder.join("hooks/pre-commit")]);
    let (done, said) = git(&repo, &["commit", "-q", "--allow-empty", "-m", "last"]);
    assert!(done && said == "everywhere\n", "{said}");
}

/// What a hook is told counts, or is an error.
#[test]
fn the_options_of_a_hook_are_not_passed_over() {
    let repo = Repo::new(&[]);
    repo.write("a.env", secret("a"));
    repo.write("b.txt", format!("K=mega_{}\n", "x".repeat(64)));
    repo.git(&["add", "-A"]);
    let run = |options: &[&str]| hook(&repo, &[&["run", "pre-commit"], options].concat());
    let never = run(&["--fail-on", "never"]);
    assert_eq!((never.code, never.stdout.as_str()), (0, ""));
    assert!(
        never.stderr.starts_with("keytrawl: commit not blocked: 1 secret\n"),
        "{}",
        never.stderr
    );
    let json = run(&["--format", "json", "--report", "csv=.git/r.csv"]);
    assert_eq!(json.code, 1);
    assert!(json.stdout.contains("\"path\": \"a.env\"") && json.stderr.contains("commit blocked"));
    assert!(std::fs::read_to_string(repo.path().join(".git/r.csv")).unwrap().contains("a.env"));
    let explained = run(&["--explain"]);
    assert!(explained.stdout.contains("Not reported, and why"), "{}", explained.stdout);
    assert!(explained.stdout.contains("b.txt:1:3"), "{}", explained.stdout);
    assert_eq!(run(&["--quiet"]).stdout, "");
    for idle in [&["--verify"][..], &["--verify-as", "mega"], &["--replacements", "r.txt"]] {
        let refused = run(idle);
        let expected = format!(
            "error: `hook run` has no use for `{}`\n\
             hint: leave it out; `keytrawl hook run --help` lists the options\n",
            idle[0]
        );
        assert_eq!((refused.code, refused.stderr), (2, expected));
    }
}
