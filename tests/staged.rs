//! `keytrawl staged` on repositories that git makes: what the next commit would contain, whatever the
//! state of the index, and never a byte written.
#![allow(clippy::unwrap_used)]

mod git_support;

use git_support::{Repo, command, secret, snapshot};

const JSON: [&str; 4] = ["staged", "--format", "json", "--no-config"];

/// The paths of the findings, sorted, and the exit code.
fn staged(repo: &Repo, folder: &str, more: &[&str]) -> (i32, Vec<String>) {
    let before = snapshot(&repo.path().join(".git"));
    let run = repo.run_in(folder, &[&JSON, more].concat());
    assert_eq!(before, snapshot(&repo.path().join(".git")), "nothing is written");
    (run.code, run.paths())
}

fn found(paths: &[&str]) -> (i32, Vec<String>) {
    let paths: Vec<String> = paths.iter().map(|path| (*path).to_owned()).collect();
    (i32::from(!paths.is_empty()), paths)
}

#[test]
fn only_what_is_staged_and_new_is_told_from_any_folder() {
    let repo = Repo::new(&[]);
    repo.write("a/old.env", format!("OLD={}\n", secret("old")));
    repo.write("b/c/d.txt", "text\n");
    repo.commit("start");
    assert_eq!(staged(&repo, "", &[]), found(&[]));

    // In the work tree only; staged; staged and changed again since; old with a new neighbour.
    repo.write("a/unstaged.env", secret("unstaged"));
    repo.write("b/staged.env", secret("staged"));
    repo.write("b/gone.env", secret("gone"));
    repo.write("a/old.env", format!("# moved down\n\nOLD={}\nB=2\n", secret("old")));
    repo.git(&["add", "b", "a/old.env"]);
    repo.write("b/gone.env", "nothing any more\n");
    let all = found(&["b/gone.env", "b/staged.env"]);
    assert_eq!(staged(&repo, "", &[]), all);
    assert_eq!(staged(&repo, "a", &[]), all);
    assert_eq!(staged(&repo, "b/c", &[]), all);
    assert_eq!(staged(&repo, "b/c", &["../staged.env"]), found(&["b/staged.env"]));
    assert_eq!(staged(&repo, "b", &["c"]), found(&[]));
    let run = repo.run_in("", &["staged", "../elsewhere"]);
    assert_eq!(run.code, 2, "{}", run.stderr);
    assert!(run.stderr.contains("hint: "), "{}", run.stderr);

    // The same secret at another path is a new place; a second secret beside an old one is new.
    repo.git(&["reset", "-q", "--hard"]);
    repo.write("a/old.env", format!("OLD={}\nNEW={}\n", secret("old"), secret("new")));
    repo.write("copy.env", format!("X={}\nsomething else\n", secret("old")));
    repo.git(&["add", "a/old.env", "copy.env"]);
    let run = repo.run_in("", &JSON);
    let expected = ["a/old.env", "copy.env"].map(str::to_owned).to_vec();
    assert_eq!((run.code, run.paths()), (1, expected));
    assert_eq!(run.json()["findings"].as_array().unwrap().len(), 2);
}

#[test]
fn a_repository_without_a_commit_or_an_identity_is_scanned() {
    let repo = Repo::new(&[]);
    repo.write("x/.env", secret("first"));
    assert_eq!(staged(&repo, "", &[]), found(&[]));
    repo.git(&["add", "-A"]);
    assert_eq!(staged(&repo, "x", &[]), found(&["x/.env"]));
}

#[test]
fn no_repository_is_an_error_with_a_way_out() {
    let folder = tempfile::tempdir().unwrap();
    let run = git_support::run(folder.path(), &["staged"]);
    assert_eq!(run.code, 2);
    assert!(run.stderr.contains("not in a git repository"), "{}", run.stderr);
    let bare = Repo::new(&["--bare"]);
    assert_eq!(bare.run(&["staged"]).code, 2);
    assert!(run.stderr.contains("hint: "), "{}", run.stderr);
}

#[test]
fn every_kind_of_entry_is_taken_for_what_it_is() {
    let repo = Repo::new(&[]);
    repo.write("keep.txt", "a\n");
    repo.write("dir/inner.txt", "b\n");
    repo.commit("start");

    // Added by name only; a link whose target is a secret; a file in place of a folder.
    repo.write("intent.env", secret("intent"));
    repo.git(&["add", "-N", "intent.env"]);
    std::os::unix::fs::symlink(secret("link"), repo.path().join("link")).unwrap();
    std::fs::remove_dir_all(repo.path().join("dir")).unwrap();
    repo.write("dir", secret("dir"));
    repo.write("exec.sh", secret("exec"));
    repo.write("-x/--y.env", secret("dash"));
    repo.write("wide.txt", {
        let text = format!("\u{feff}K={}\r\n", secret("wide"));
        text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>()
    });
    repo.write(".gitattributes", "*.sh -diff filter=none\n");
    repo.write("big.psd", "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 12\n");
    repo.git(&[
        "add",
        "link",
        "dir",
        "exec.sh",
        "wide.txt",
        ".gitattributes",
        "big.psd",
        "-A",
        "--",
        "-x",
    ]);
    repo.git(&["update-index", "--chmod=+x", "exec.sh"]);
    let all = found(&["-x/--y.env", "dir", "exec.sh", "link", "wide.txt"]);
    assert_eq!(staged(&repo, "", &[]), all);
    let run = repo.run_in("", &JSON);
    assert_eq!(run.warnings(), ["lfs-pointer"]);

    // A submodule is a commit of another repository.
    let other = Repo::new(&[]);
    other.write("s.env", secret("sub"));
    other.commit("start");
    repo.git(&["reset", "-q", "--hard"]);
    let url = other.path().display().to_string();
    repo.git(&["-c", "protocol.file.allow=always", "submodule", "--quiet", "add", &url, "sub"]);
    assert_eq!(staged(&repo, "", &[]), found(&[]));
    assert_eq!(repo.run_in("sub", &JSON).code, 0);
}

#[test]
fn renames_tell_nothing_that_head_has() {
    let repo = Repo::new(&[]);
    let text = format!("a=1\nb=2\nKEY={}\nc=3\n", secret("key"));
    repo.write("deep/a/key.env", &text);
    repo.write("edited.env", &text);
    repo.commit("start");
    repo.git(&["mv", "deep", "moved"]);
    repo.git(&["mv", "edited.env", "new.env"]);
    repo.write("new.env", format!("{text}d=4\n"));
    repo.git(&["add", "-A"]);
    assert_eq!(staged(&repo, "", &[]), found(&[]));
    // A copy is another place, and a rename that adds one is told.
    repo.write("new.env", format!("{text}E={}\n", secret("more")));
    repo.git(&["add", "-A"]);
    assert_eq!(staged(&repo, "", &[]), found(&["new.env"]));
}

#[test]
fn both_sides_of_a_conflict_are_scanned() {
    let repo = Repo::new(&[]);
    repo.write("f.env", "base\n");
    repo.commit("start");
    repo.git(&["checkout", "-q", "-b", "side"]);
    repo.write("f.env", secret("theirs"));
    repo.write("clean.env", secret("clean"));
    repo.commit("side");
    repo.git(&["checkout", "-q", "main"]);
    repo.write("f.env", secret("ours"));
    repo.commit("ours");
    repo.fails(&["merge", "-q", "side"]);
    // Ours is in HEAD already; theirs is not.
    let (code, paths) = staged(&repo, "", &[]);
    assert_eq!((code, paths), found(&["clean.env", "f.env"]));
    let run = repo.run_in("", &[&JSON[..], &["--show-secrets"]].concat());
    assert!(run.stdout.contains(&secret("theirs")) && !run.stdout.contains(&secret("ours")));
}

#[test]
fn every_form_of_index_and_repository_is_read() {
    let prepare = |repo: &Repo| {
        for i in 0..30 {
            repo.write(&format!("d{}/f{i}.txt", i % 4), format!("{i}\n"));
        }
        repo.commit("start");
        repo.write("d1/staged.env", secret("one"));
        repo.write("d2/f2.txt", "changed\n");
        repo.git(&["add", "-A"]);
        repo.git(&["rm", "-q", "d3/f3.txt"]);
    };
    let expected = found(&["d1/staged.env"]);
    for version in ["2", "3", "4"] {
        let repo = Repo::new(&[]);
        prepare(&repo);
        repo.git(&["update-index", "--index-version", version]);
        assert_eq!(staged(&repo, "d2", &[]), expected, "version {version}");
    }
    let sha256 = Repo::new(&["--object-format=sha256"]);
    prepare(&sha256);
    assert_eq!(staged(&sha256, "", &[]), expected);

    let split = Repo::new(&[]);
    prepare(&split);
    split.git(&["reset", "-q"]);
    split.git(&["config", "splitIndex.maxPercentChange", "100"]);
    split.git(&["update-index", "--split-index"]);
    split.git(&["add", "d1/staged.env", "d2/f2.txt"]);
    split.git(&["rm", "-q", "--cached", "d0/f0.txt", "d3/f7.txt"]);
    assert!(
        std::fs::read_dir(split.path().join(".git"))
            .unwrap()
            .flatten()
            .any(|e| { e.file_name().to_string_lossy().starts_with("sharedindex.") })
    );
    assert_eq!(staged(&split, "", &[]), expected);

    let sparse = Repo::new(&[]);
    prepare(&sparse);
    sparse.git(&["commit", "-q", "-m", "more"]);
    sparse.git(&["sparse-checkout", "set", "--cone", "--sparse-index", "d0"]);
    assert_eq!(staged(&sparse, "", &[]), found(&[]));
    sparse.write("d0/s.env", secret("sparse"));
    sparse.git(&["add", "d0/s.env"]);
    assert_eq!(staged(&sparse, "", &[]), found(&["d0/s.env"]));
    // HEAD has moved on to where a folder that is not checked out is another one.
    sparse.git(&["reset", "-q", "--hard"]);
    sparse.git(&["reset", "-q", "--soft", "HEAD^"]);
    assert_eq!(staged(&sparse, "", &[]), expected);

    let packed = Repo::new(&[]);
    prepare(&packed);
    packed.git(&["gc", "-q", "--aggressive", "--prune=now"]);
    packed.git(&["pack-refs", "--all"]);
    assert_eq!(staged(&packed, "", &[]), expected);

    let tree = Repo::new(&[]);
    prepare(&tree);
    tree.git(&["stash", "-q"]);
    tree.git(&["worktree", "add", "-q", "../linked-of-the-test", "-b", "linked"]);
    let linked = tree.path().parent().unwrap().join("linked-of-the-test");
    std::fs::write(linked.join("w.env"), secret("worktree")).unwrap();
    git_support::git(&linked, &["add", "-A"]);
    let run = git_support::run(&linked, &JSON);
    assert_eq!((run.code, run.paths()), found(&["w.env"]));
    assert_eq!(staged(&tree, "", &[]), found(&[]));
    std::fs::remove_dir_all(linked).unwrap();
}

#[test]
fn what_cannot_be_read_never_ends_in_0() {
    let repo = Repo::new(&[]);
    repo.write("a.txt", "a\n");
    repo.commit("start");
    repo.write("b.txt", "only staged\n");
    repo.git(&["add", "-A"]);
    let id = repo.git(&["rev-parse", ":b.txt"]);
    let object = repo.path().join(".git/objects").join(&id[..2]).join(id[2..].trim());
    std::fs::remove_file(&object).unwrap();
    let run = repo.run_in("", &JSON);
    assert_eq!((run.code, run.warnings()), (2, vec!["missing".to_owned()]));
    let index = repo.path().join(".git/index");
    let whole = std::fs::read(&index).unwrap();
    std::fs::write(&index, &whole[..whole.len() / 2]).unwrap();
    let run = repo.run_in("", &JSON);
    assert_eq!(run.code, 2);
    assert!(run.stderr.contains("is damaged"), "{}", run.stderr);
}

#[test]
fn names_of_files_that_are_not_staged_are_read_as_files() {
    let repo = Repo::new(&[]);
    repo.write("old.env", secret("old"));
    repo.write("other.txt", "x\n");
    repo.commit("start");
    let run = |names: &[&str]| {
        let run = repo.run_in("", &[&JSON[..], &["--or-files"], names].concat());
        (run.code, run.paths())
    };
    assert_eq!(run(&["old.env", "other.txt"]), found(&["old.env"]));
    repo.write("new.env", secret("new"));
    repo.git(&["add", "new.env"]);
    assert_eq!(run(&["new.env"]), found(&["new.env"]));
    assert_eq!(run(&["new.env", "old.env"]), found(&["new.env", "old.env"]));
    // What HEAD has may be deleted; what nobody has is a slip.
    repo.git(&["rm", "-q", "other.txt"]);
    assert_eq!(run(&["new.env", "other.txt"]), found(&["new.env"]));
    let run = repo.run_in("", &["staged", "--or-files", "new.env", "nowhere"]);
    assert_eq!((run.code, run.stdout.as_str()), (2, ""));
    assert!(run.stderr.contains("neither index nor work tree has `nowhere`"), "{}", run.stderr);
}

#[test]
fn a_folder_that_is_named_is_read() {
    let repo = Repo::new(&[]);
    repo.write("a/old.env", secret("old"));
    repo.write("a/b/deep.env", secret("deep"));
    repo.write("a.env", secret("beside"));
    repo.write("link.txt", "x\n");
    repo.commit("start");
    repo.write("a/b/untracked.env", secret("untracked"));
    repo.write(".gitignore", "hidden.env\n");
    repo.write("a/hidden.env", secret("hidden"));
    let run =
        |folder: &str, names: &[&str]| staged(&repo, folder, &[&["--or-files"], names].concat());
    // Nothing is staged there: its files.
    let all = ["a/b/deep.env", "a/b/untracked.env", "a/old.env"];
    assert_eq!(run("", &["a"]), found(&all));
    assert_eq!(run("", &["a/"]), found(&all));
    assert_eq!(run("a", &["b"]), found(&all[..2]));
    assert_eq!(run("a/b", &["../../a"]), found(&all));
    assert_eq!(run("", &["."]), found(&["a.env", all[0], all[1], all[2]]));
    // What is named twice is told once.
    assert_eq!(run("", &["a", "a/b", "a/old.env", "a.env"]), run("", &["."]));
    let twice = repo.run_in("", &["staged", "--or-files", "--format", "json", "a", "a/old.env"]);
    let places: usize = twice.json()["findings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|finding| finding["occurrences"].as_array().unwrap().len())
        .sum();
    assert_eq!(places, 3);
    // Something is staged there: what is.
    repo.write("a/b/new.env", secret("new"));
    repo.git(&["add", "a/b/new.env"]);
    assert_eq!(run("", &["a"]), found(&["a/b/new.env"]));
    assert_eq!(run("a", &["."]), found(&["a/b/new.env"]));
    assert_eq!(run("", &["a", "a.env"]), found(&["a.env", all[0], "a/b/new.env", all[1], all[2]]));
    // Another repository is not a folder of this one.
    let other = Repo::new(&[]);
    other.write("s.env", secret("sub"));
    other.commit("start");
    let url = other.path().display().to_string();
    repo.git(&["-c", "protocol.file.allow=always", "submodule", "--quiet", "add", &url, "sub"]);
    repo.commit("sub");
    assert_eq!(run("", &["sub"]), found(&[]));
    assert_eq!(run("", &["sub", "a.env"]), found(&["a.env"]));
}

/// pre-commit puts the names of files right behind the options of its user.
#[test]
fn a_name_of_a_file_is_no_option() {
    let repo = Repo::new(&[]);
    repo.write("leak.env", secret("leak"));
    repo.write("k.toml", "");
    let names = ["--fail-on=never", "--help", "--only=stripe", "--report=json=a", "-q", "-V"];
    let at = |arguments: &[&str]| {
        let run = repo.run_in("", &[&["staged", "--or-files"], arguments].concat());
        (run.code, run.stdout, run.stderr)
    };
    for name in names {
        repo.write(name, secret("dash"));
        repo.git(&["add", "-A"]);
        for own in [&[][..], &["--quiet"], &["--config", "k.toml"]] {
            let (code, stdout, stderr) = at(&[own, &[name, "leak.env"]].concat());
            assert_eq!((code, stdout.as_str()), (2, ""), "{name} {own:?}");
            let problem = format!("error: `{name}` may be an option, and a file is called so\n");
            assert!(stderr.starts_with(&problem), "{stderr}");
        }
        // The index may know it alone.
        std::fs::remove_file(repo.path().join(name)).unwrap();
        assert_eq!(at(&[name, "leak.env"]).0, 2, "{name}");
        // Behind `--`, it is a name like any other.
        repo.git(&["checkout", "-q", "--", name]);
        let (code, stdout, _) = at(&["--format=json", "--", name, "leak.env"]);
        assert!(code == 1 && stdout.contains(&format!("\"path\": \"{name}\"")), "{stdout}");
        repo.git(&["rm", "-qf", "--", name]);
    }
    // An option that no file is called like is one, and `--` may be a file as well.
    assert_eq!(at(&["--fail-on=never", "leak.env"]).0, 0);
    repo.write("--", secret("mark"));
    repo.git(&["add", "-A"]);
    assert_eq!(at(&["--quiet", "--", "leak.env"]).0, 2);
    assert_eq!(at(&["--quiet", "--", "--"]).0, 1);
}

/// What pre-commit reads does not leave it to the names of files what is an option.
#[test]
fn the_hooks_of_pre_commit_end_their_options() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(root.join(".pre-commit-hooks.yaml")).unwrap();
    let hooks = text.split("- id: ").skip(1).filter(|hook| !hook.contains("pass_filenames: false"));
    let hooks: Vec<&str> = hooks.collect();
    assert_eq!(hooks.len(), 2);
    for hook in hooks {
        assert!(hook.contains("entry: keytrawl staged --or-files\n"), "{hook}");
        assert!(hook.contains("args: [\"--\"]\n"), "{hook}");
    }
}

/// What HEAD has only where an allowlist holds was never told: moved out of there, it is.
#[test]
fn what_leaves_an_allowed_path_is_told() {
    let repo = Repo::new(&[]);
    repo.write("keytrawl.toml", "[[allowlists]]\nreason = \"x\"\npaths = ['^ok/']\n");
    repo.write("ok/a", secret("a"));
    repo.write("b", secret("b"));
    repo.commit("start");
    repo.git(&["mv", "ok/a", "a"]);
    repo.git(&["mv", "b", "moved"]);
    let run = repo.run(&["staged", "--format", "json"]);
    assert_eq!((run.code, run.paths()), found(&["a"]));
}

/// Names are bytes, and one that names nothing is a mistake.
#[test]
fn names_that_are_asked_for_are_found_or_refused() {
    let repo = Repo::new(&[]);
    repo.write("deleted", "x\n");
    repo.commit("start");
    repo.git(&["rm", "-q", "deleted"]);
    repo.write("a/here", secret("here"));
    repo.git(&["add", "a"]);
    assert_eq!(staged(&repo, "", &["a"]), found(&["a/here"]));
    assert_eq!(staged(&repo, "", &["deleted"]), found(&[]));
    let run = repo.run_in("", &[&JSON[..], &["a", "nosuchfile"]].concat());
    assert_eq!(run.code, 2);
    assert!(run.stderr.contains("neither index nor work tree has `nosuchfile`"), "{}", run.stderr);

    #[cfg(target_os = "linux")]
    {
        use std::ffi::OsStr;
        use std::os::unix::ffi::OsStrExt;
        let name = OsStr::from_bytes(b"caf\xe9");
        std::fs::write(repo.path().join(name), secret("odd")).unwrap();
        repo.git(&["add", "."]);
        for words in [&["staged", "--"][..], &["hook", "run", "pre-commit", "--"]] {
            let mut command = command(&repo.path(), words);
            let output = command.arg(name).output().unwrap();
            assert_eq!(output.status.code(), Some(1), "{words:?} {output:?}");
        }
    }
}

#[test]
fn the_same_index_gives_the_same_bytes_on_any_number_of_threads() {
    let repo = Repo::new(&[]);
    for i in 0..60 {
        repo.write(&format!("f{i}.env"), format!("A={}\n", secret(&format!("{}", i % 20))));
    }
    repo.git(&["add", "-A"]);
    let runs = ["1", "2", "7"].map(|n| repo.run_in("", &[&JSON[..], &["--threads", n]].concat()));
    assert_eq!(runs[0].stdout, runs[1].stdout);
    assert_eq!(runs[0].stdout, runs[2].stdout);
    assert_eq!(runs[0].code, 1);
}
