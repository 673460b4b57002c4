//! What is read, and what is said where something is not: odd repositories, missing objects, a run that is ended.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use keytrawl::finding::Confidence;
use keytrawl::git::repository::Repository;
use keytrawl::rule::builtin;
use keytrawl::scanner::{self, Scanner};
use keytrawl::source::{Progress, history};

use crate::{Repo, forged, git, keytrawl, kinds, place, places, refusal, report, secret};

/// One key at 65,536 places: who does not wait until each is told gets the key all the same.
#[test]
fn a_run_that_is_ended_tells_what_was_found_so_far() {
    let repo = Repo::new(&[]);
    repo.write("content", secret("key"));
    let key = repo.git(&["hash-object", "-w", "content"]).trim().to_owned();
    let names: Vec<String> = (0..256).map(|number| format!("{number:02x}")).collect();
    let full = |mode: &str, id: &str| {
        let entries: Vec<_> = names.iter().map(|name| (mode, name.as_str(), id)).collect();
        forged(&repo, &entries)
    };
    let tree = full("40000", &full("100644", &key));
    let commit = repo.git(&["commit-tree", "-m", "many", &tree]).trim().to_owned();
    repo.git(&["update-ref", "refs/heads/main", &commit]);

    let rules = builtin();
    let scanner = Scanner::new(&rules, scanner::Options::default());
    let options = history::Options {
        since: None,
        branches: Vec::new(),
        unreachable: false,
        submodules: false,
        allow_missing: false,
        exhaustive: false,
        threads: 2,
        memory: None,
        archives: None,
        cache: None,
        least: Confidence::Low,
    };
    let repository = Repository::discover(repo.path()).unwrap();
    let scan =
        |progress: &Progress| history::history(&repository, &scanner, &options, progress).unwrap();
    let whole = scan(&Progress::default());
    assert_eq!(whole.sightings.len(), 1 << 16);
    for wait in [0, 3, 10, 30, 100, 300] {
        let progress = &Progress::default();
        let ended = std::thread::scope(|scope| {
            let run = scope.spawn(move || scan(progress));
            while progress.files.load(Relaxed) < whole.stats.files {
                std::thread::yield_now();
            }
            // All is searched: what is left is to place it.
            std::thread::sleep(Duration::from_millis(wait));
            progress.cancelled.store(true, Relaxed);
            run.join().unwrap()
        });
        let mut secrets: Vec<&[u8]> = ended.sightings.iter().map(|s| s.secret.expose()).collect();
        secrets.dedup();
        assert_eq!(secrets, [secret("key").as_bytes()], "after {wait} ms");
    }
}

#[test]
fn repositories_of_all_kinds_are_read() {
    let repo = Repo::new(&[]);
    repo.write("sub/a.env", secret("a"));
    let first = repo.commit("a");
    let expected = [place("sub/a.env", &first, &first, true)];
    let outside = tempfile::tempdir().unwrap();
    let at = |name: &str| -> PathBuf { outside.path().join(name) };
    let source = repo.path().to_str().unwrap();
    git(outside.path(), 1_700_000_000, &["clone", "-q", "--bare", source, "bare.git"]);
    git(outside.path(), 1_700_000_000, &["clone", "-q", "--shared", source, "shared"]);
    repo.git(&["worktree", "add", "-q", "--detach", at("tree").to_str().unwrap()]);
    for folder in [repo.path().join("sub"), at("bare.git"), at("tree"), at("shared")] {
        let (code, found) = report(&folder, &[]);
        assert_eq!((code, &found["complete"]), (1, &true.into()), "{folder:?}: {found:#}");
        assert_eq!(places(&found, &secret("a")), expected, "{folder:?}");
    }
}

#[test]
fn what_is_not_there_is_said() {
    let nowhere = tempfile::tempdir().unwrap();
    let output = keytrawl(nowhere.path(), &[]);
    assert_eq!(output.status.code(), Some(2));
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(text.contains("is not in a git repository") && text.contains("hint:"), "{text}");

    let repo = Repo::new(&[]);
    assert_eq!(report(repo.path(), &[]).0, 0, "no commit yet");
    repo.write("a", "one\n");
    repo.commit("a");
    repo.write("a", "two\n");
    repo.commit("b");
    assert_eq!(report(repo.path(), &[]).0, 0);
    assert_eq!(keytrawl(repo.path(), &["--branch", "nope"]).status.code(), Some(2));

    let outside = tempfile::tempdir().unwrap();
    let url = format!("file://{}", repo.path().display());
    git(outside.path(), 1_700_000_000, &["clone", "-q", "--depth", "1", &url, "shallow"]);
    let (code, found) = report(&outside.path().join("shallow"), &[]);
    assert_eq!((code, kinds(&found)), (2, vec!["shallow"]), "{found:#}");
    assert_eq!(found["complete"], false);

    let lost = repo.id("HEAD^:a");
    std::fs::remove_file(repo.path().join(".git/objects").join(&lost[..2]).join(&lost[2..]))
        .unwrap();
    let (code, found) = report(repo.path(), &[]);
    assert_eq!((code, kinds(&found)), (2, vec!["missing"]), "{found:#}");
    assert!(found["warnings"][0]["message"].as_str().unwrap().contains(&lost));
    assert_eq!(report(repo.path(), &["--allow-missing"]).0, 0);
}

#[test]
fn a_git_file_that_leads_nowhere_is_no_empty_repository() {
    let outside = tempfile::tempdir().unwrap();
    let folder = outside.path().canonicalize().unwrap();
    let (main, tree) = (folder.join("main"), folder.join("tree"));
    git(&folder, 1_700_000_000, &["init", "-q", "-b", "main", "main"]);
    std::fs::write(main.join("a"), secret("a")).unwrap();
    git(&main, 1_700_000_000, &["add", "a"]);
    git(&main, 1_700_000_000, &["commit", "-q", "-m", "a"]);
    git(&main, 1_700_000_000, &["worktree", "add", "-q", "../tree"]);
    assert_eq!(report(&tree, &[]).0, 1);
    let astray = |file: &Path, target: &Path| {
        let text = format!(
            "error: {} says that the repository is at {}, and there is none: was it moved (then \
             `git worktree repair` in it helps), or is its disk not mounted?\n",
            file.display(),
            target.display()
        );
        (Some(2), text)
    };
    std::fs::rename(&main, folder.join("moved")).unwrap();
    let (dot, home) = (tree.join(".git"), main.join(".git/worktrees/tree"));
    assert_eq!(refusal(&tree, &[]), astray(&dot, &home));
    let mut staged = Command::new(env!("CARGO_BIN_EXE_keytrawl"));
    staged.arg("staged").current_dir(&tree).env_clear();
    let staged = staged.env("PATH", std::env::var_os("PATH").unwrap()).output().unwrap();
    let text = String::from_utf8(staged.stderr).unwrap();
    assert_eq!((staged.status.code(), text), astray(&dot, &home));
    // What the work trees share is gone, or the file names nothing at all.
    std::fs::create_dir_all(&home).unwrap();
    std::fs::write(home.join("HEAD"), "ref: refs/heads/tree\n").unwrap();
    std::fs::write(home.join("commondir"), "../..\n").unwrap();
    assert_eq!(refusal(&tree, &[]), astray(&home.join("commondir"), &home.join("../..")));
    std::fs::write(&dot, "nothing\n").unwrap();
    let text = format!("error: {} is no git directory, and names none\n", dot.display());
    assert_eq!(refusal(&tree, &[]), (Some(2), text));

    // A submodule whose repository is gone.
    let repo = Repo::new(&[]);
    let source = folder.join("moved");
    let allow = ["-c", "protocol.file.allow=always", "submodule", "add", "-q"];
    repo.git(&[&allow[..], &[source.to_str().unwrap(), "lib"]].concat());
    repo.commit("with a submodule");
    std::fs::remove_dir_all(repo.path().join(".git/modules")).unwrap();
    let (code, found) = report(repo.path(), &["--submodules"]);
    assert_eq!((code, kinds(&found)), (2, vec!["submodule"]), "{found:#}");
    assert_eq!(found["warnings"][0]["path"], "lib");
}

#[test]
fn the_empty_tree_need_not_be_stored() {
    for format in ["sha1", "sha256"] {
        let repo = Repo::new(&[&format!("--object-format={format}")]);
        let tree = repo.git(&["hash-object", "-t", "tree", "/dev/null"]);
        let root = repo.git(&["commit-tree", tree.trim(), "-m", "root"]);
        repo.git(&["update-ref", "refs/heads/main", root.trim()]);
        repo.git(&["update-ref", "refs/trees/empty", tree.trim()]);
        let (code, found) = report(repo.path(), &[]);
        assert_eq!((code, kinds(&found)), (0, vec![]), "{found:#}");
        repo.write("a", "one\n");
        repo.commit("a");
        let (code, found) = report(repo.path(), &[]);
        assert_eq!((code, kinds(&found)), (0, vec![]), "{found:#}");
    }
}
