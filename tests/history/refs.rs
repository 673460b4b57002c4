//! What holds the commits: refs, heads of work trees, stashes, tags, and nothing any more.

use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::{Repo, keytrawl, kinds, place, places, refusal, report, secret};

#[test]
fn the_refs_that_reach_a_secret_are_named() {
    let repo = Repo::new(&[]);
    repo.write("a", "one\n");
    repo.commit("start");
    repo.git(&["branch", "before"]);
    repo.write("a", secret("a"));
    repo.commit("add");
    repo.git(&["tag", "-a", "-m", "x", "v1"]);
    repo.git(&["branch", "after"]);
    repo.git(&["update-ref", "refs/remotes/o/main", "HEAD"]);
    repo.git(&["checkout", "-q", "before"]);
    repo.write("b", secret("b"));
    repo.commit("elsewhere");
    let (_, found) = report(repo.path(), &[]);
    let refs = |name: &str| {
        let mut findings = found["findings"].as_array().unwrap().iter();
        let found = findings.find(|finding| finding["secret"] == secret(name)).unwrap();
        found["occurrences"][0]["refs"].clone()
    };
    let main = ["refs/heads/after", "refs/heads/main", "refs/tags/v1", "refs/remotes/o/main"];
    assert_eq!(refs("a"), serde_json::json!(main));
    assert_eq!(refs("b"), serde_json::json!(["refs/heads/before", "HEAD"]));
    let text = keytrawl(repo.path(), &["--no-config"]).stdout;
    let text = String::from_utf8(text).unwrap();
    assert!(text.contains("reached by after, main, tag v1, 1 more"), "{text}");
}

/// What no branch holds is held by a tag, or by nothing that anybody fetches: two things to do.
#[test]
fn what_no_commit_of_a_ref_holds_is_told_apart() {
    let repo = Repo::new(&[]);
    repo.write("d/k", secret("tree"));
    repo.git(&["add", "d"]);
    let tree = repo.git(&["write-tree"]).trim().to_owned();
    repo.git(&["update-ref", "refs/tags/tree", &tree]);
    repo.git(&["tag", "-a", "-m", &format!("of {}", secret("text")), "annotated", &tree]);
    repo.write("k", secret("blob"));
    let blob = repo.git(&["hash-object", "-w", "k"]).trim().to_owned();
    repo.git(&["update-ref", "refs/tags/blob", &blob]);
    repo.git(&["rm", "-q", "-r", "--cached", "d"]);
    std::fs::remove_dir_all(repo.path().join("d")).unwrap();
    repo.write("k", "x");
    repo.commit("start");
    repo.write("gone", secret("gone"));
    repo.commit(&format!("with {}", secret("message")));
    repo.git(&["reset", "-q", "--hard", "HEAD^"]);

    let (_, found) = report(repo.path(), &["--unreachable"]);
    let holders = |name: &str| {
        let mut findings = found["findings"].as_array().unwrap().iter();
        let finding = findings.find(|finding| finding["secret"] == secret(name)).unwrap();
        let place = &finding["occurrences"][0];
        assert_eq!((&place["commit"], &place["in_head"]), (&Value::Null, &false.into()));
        (place["path"].clone(), place["refs"].clone(), place["unreachable"].clone())
    };
    let tags = serde_json::json!(["refs/tags/annotated", "refs/tags/tree"]);
    assert_eq!(holders("tree"), ("d/k".into(), tags, Value::Null));
    // Another ref of the same tree has not the tag.
    let tags = serde_json::json!(["refs/tags/annotated"]);
    assert_eq!(holders("text"), ("(tag message)".into(), tags, Value::Null));
    let tags = serde_json::json!(["refs/tags/blob"]);
    assert_eq!(holders("blob"), ("refs/tags/blob".into(), tags, Value::Null));
    assert_eq!(holders("gone"), ("gone".into(), Value::Null, true.into()));
    assert_eq!(holders("message"), ("(commit message)".into(), Value::Null, true.into()));

    let told = |format: &str| {
        let arguments = ["--unreachable", "--no-config", "--format", format];
        String::from_utf8(keytrawl(repo.path(), &arguments).stdout).unwrap()
    };
    let text = told("human");
    assert_eq!(text.matches("    only in unreachable objects\n").count(), 2, "{text}");
    assert!(text.contains("    not in HEAD, reached by tag annotated, tag tree\n"), "{text}");
    assert!(text.contains("    not in HEAD, reached by tag blob\n"), "{text}");
    for format in ["junit", "gitlab", "sarif", "markdown"] {
        let text = told(format);
        let leftovers = "only in unreachable objects: no ref leads to it";
        assert_eq!(text.matches(leftovers).count(), 2, "{format}: {text}");
        assert_eq!(text.matches("not in HEAD; refs/tags/").count(), 3, "{format}: {text}");
        assert!(!text.contains("history holds it"), "{format}: {text}");
        assert!(!text.contains("the history does"), "{format}: {text}");
    }
    assert_eq!(told("html").matches("<small>only in unreachable objects</small>").count(), 2);
}

/// Whoever pastes a key into one prompt pastes it into another.
#[test]
fn a_key_in_the_name_of_a_ref_is_masked() {
    let repo = Repo::new(&[]);
    let key = secret("key");
    let mask = format!("mega_****{}", &key[key.len() - 4..]);
    repo.write("k", &key);
    repo.commit("add");
    repo.git(&["branch", &key]);
    repo.git(&["tag", "-a", "-m", "x", &format!("v/{key}")]);
    let blob = repo.id("HEAD:k");
    repo.write("k", format!("{key}\n"));
    let other = repo.git(&["hash-object", "-w", "k"]).trim().to_owned();
    assert_ne!(blob, other);
    repo.git(&["update-ref", &format!("refs/keys/{key}"), &other]);
    for format in ["human", "json", "jsonl", "sarif", "gitlab", "junit", "csv", "markdown", "html"]
    {
        let output = keytrawl(repo.path(), &["--no-config", "--format", format]);
        let text = String::from_utf8(output.stdout).unwrap();
        assert!(!text.contains(&key) && text.contains(&mask), "{format}: {text}");
    }
    let output = keytrawl(repo.path(), &["--no-config", "--format", "json"]);
    let found: Value = serde_json::from_slice(&output.stdout).unwrap();
    let places = &found["findings"][0]["occurrences"];
    let (branch, tag) = (format!("refs/heads/{mask}"), format!("refs/tags/v/{mask}"));
    assert_eq!(places[0]["refs"], serde_json::json!(["refs/heads/main", branch, tag, "HEAD"]));
    assert_eq!(places[1]["path"], format!("refs/keys/{mask}"));
    assert_eq!(places[1]["refs"], serde_json::json!([format!("refs/keys/{mask}")]));
}

/// Repositories with one commit that something else than a branch holds: its name, and the key in it.
fn detached() -> (Repo, String) {
    let repo = Repo::new(&[]);
    repo.write("a", "one\n");
    repo.commit("a");
    repo.git(&["checkout", "-q", "--detach"]);
    repo.write("b", secret("detached"));
    let id = repo.commit("detached");
    (repo, id)
}

#[test]
fn the_heads_of_all_work_trees_are_read_from_each_of_them() {
    let (repo, id) = detached();
    let outside = tempfile::tempdir().unwrap();
    let tree = outside.path().join("tree");
    repo.git(&["worktree", "add", "-q", tree.to_str().unwrap(), "main"]);
    for folder in [repo.path(), &tree] {
        let (code, found) = report(folder, &[]);
        assert_eq!((code, kinds(&found)), (1, vec![]), "{folder:?}");
        let in_head = folder == repo.path();
        assert_eq!(places(&found, &secret("detached")), [place("b", &id, &id, in_head)]);
    }
    let (_, found) = report(&tree, &[]);
    let refs = &found["findings"][0]["occurrences"][0]["refs"];
    assert_eq!(*refs, serde_json::json!(["main-worktree/HEAD"]));
}

/// No ref is made up where another program than ours reads them.
#[test]
fn the_heads_of_work_trees_have_the_names_that_git_gives_them() {
    for arguments in [&[][..], &["--ref-format=reftable"]] {
        let repo = Repo::new(arguments);
        repo.write("a", secret("a"));
        repo.commit("a");
        let heads = |folder: &Path| -> Vec<String> {
            let (_, found) = report(folder, &[]);
            let refs = found["findings"][0]["occurrences"][0]["refs"].as_array().unwrap().clone();
            let names = refs.iter().map(|name| name.as_str().unwrap().to_owned());
            names.filter(|name| name.ends_with("/HEAD")).collect()
        };
        assert_eq!(heads(repo.path()), [""; 0], "{arguments:?}");
        let outside = tempfile::tempdir().unwrap();
        let tree = |name: &str| outside.path().join(name).to_str().unwrap().to_owned();
        repo.git(&["worktree", "add", "-q", "--detach", &tree("free")]);
        repo.git(&["worktree", "add", "-q", "-b", "bound", &tree("bound")]);
        assert_eq!(heads(repo.path()), ["worktrees/free/HEAD"], "{arguments:?}");
        repo.git(&["checkout", "-q", "--detach"]);
        let both = ["main-worktree/HEAD", "worktrees/free/HEAD"];
        assert_eq!(heads(Path::new(&tree("bound"))), both, "{arguments:?}");
    }
}

#[test]
fn a_damaged_ref_is_said_and_not_passed_over() {
    let (repo, id) = detached();
    let outside = tempfile::tempdir().unwrap();
    let tree = outside.path().join("tree");
    repo.git(&["worktree", "add", "-q", "--detach", tree.to_str().unwrap()]);
    repo.git(&["pack-refs", "--all"]);
    let git_dir = repo.path().canonicalize().unwrap().join(".git");
    assert_eq!(report(repo.path(), &[]).0, 1);
    for name in ["HEAD", "worktrees/tree/HEAD", "refs/heads/x"] {
        let file = git_dir.join(name);
        let before = std::fs::read(&file).ok();
        let text = format!("error: {} is damaged: it names no object\n", file.display());
        for bad in ["", "garbage\n", &id[..20], "ref: elsewhere\n"] {
            if name == "refs/heads/x" && bad.starts_with("ref:") {
                continue;
            }
            std::fs::write(&file, bad).unwrap();
            assert_eq!(refusal(repo.path(), &[]), (Some(2), text.clone()), "{name}: {bad}");
        }
        match before {
            Some(before) => std::fs::write(&file, before).unwrap(),
            None => std::fs::remove_file(&file).unwrap(),
        }
    }
    let file = git_dir.join("packed-refs");
    let packed = std::fs::read_to_string(&file).unwrap();
    let end = packed.len();
    let zeros = packed.replace(&repo.id("main")[..8], "zzzzzzzz");
    for bad in [&packed[..end - 1], &packed[..end - 30], &zeros, &format!("{packed}\n")] {
        std::fs::write(&file, bad).unwrap();
        let line = if bad.len() > end { 3 } else { 2 };
        let text = format!(
            "error: {} is damaged: line {line} names no ref, and which refs are lost cannot be told; \
             git cannot read it either\n",
            file.display()
        );
        assert_eq!(refusal(repo.path(), &[]), (Some(2), text), "{bad}");
    }
}

#[test]
#[cfg(unix)]
fn what_git_passes_over_among_refs_is_passed_over_and_links_are_followed() {
    let (repo, id) = detached();
    let expected = [place("b", &id, &id, false)];
    repo.git(&["update-ref", "refs/heads/x/y", "HEAD"]);
    repo.git(&["checkout", "-q", "main"]);
    let refs = repo.path().join(".git/refs");
    std::fs::write(refs.join("heads/.DS_Store"), "").unwrap();
    std::fs::write(refs.join("heads/main.lock"), "").unwrap();
    std::fs::create_dir_all(repo.path().join(".git/worktrees")).unwrap();
    std::fs::write(repo.path().join(".git/worktrees/.DS_Store"), "").unwrap();
    std::fs::rename(refs.join("heads/x"), repo.path().join("elsewhere")).unwrap();
    let link = |target: &str, name: &str| {
        std::os::unix::fs::symlink(target, refs.join(name)).unwrap();
    };
    link("../../../elsewhere", "heads/x");
    link("..", "heads/upwards");
    link("gone", "heads/nowhere");
    let (code, found) = report(repo.path(), &[]);
    assert_eq!((code, kinds(&found)), (1, vec![]), "{found:#}");
    assert_eq!(places(&found, &secret("detached")), expected);

    std::fs::remove_file(refs.join("heads/upwards")).unwrap();
    let pipe = refs.canonicalize().unwrap().join("heads/pipe");
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let text =
        format!("error: cannot read {}: it is no file\nhint: check the path\n", pipe.display());
    assert_eq!(refusal(repo.path(), &[]), (Some(2), text));
}

#[test]
fn all_stashes_are_read_however_refs_are_kept() {
    for arguments in [&[][..], &["--ref-format=reftable"]] {
        let repo = Repo::new(arguments);
        repo.write("a", "one\n");
        repo.commit("a");
        for name in ["oldest", "older", "newest"] {
            repo.write("a", secret(name));
            repo.git(&["stash", "-q"]);
        }
        let (code, found) = report(repo.path(), &[]);
        assert_eq!((code, kinds(&found)), (1, vec![]), "{arguments:?}: {found:#}");
        for (number, name) in ["newest", "older", "oldest"].iter().enumerate() {
            let id = repo.id(&format!("stash@{{{number}}}"));
            let expected = [place("a", &id, &id, false)];
            assert_eq!(places(&found, &secret(name)), expected, "{arguments:?}: {name}");
        }
    }
}

#[test]
fn tags_of_tags_are_followed_to_the_end() {
    let (repo, id) = detached();
    let (mut target, mut kind) = (id.clone(), "commit");
    let file = repo.path().join(".git/tag");
    for number in 0..70 {
        let text =
            format!("object {target}\ntype {kind}\ntag t{number}\ntagger A <a@b> 1 +0000\n\nm\n");
        std::fs::write(&file, text).unwrap();
        let made = repo.git(&["hash-object", "-t", "tag", "-w", ".git/tag"]);
        (target, kind) = (made.trim().to_owned(), "tag");
    }
    repo.git(&["update-ref", "refs/tags/deep", &target]);
    repo.git(&["checkout", "-q", "main"]);
    let (code, found) = report(repo.path(), &[]);
    assert_eq!((code, kinds(&found)), (1, vec![]), "{found:#}");
    assert_eq!(places(&found, &secret("detached")), [place("b", &id, &id, false)]);
}

#[test]
fn what_merged_tags_say_is_searched_and_old_encodings_are_read() {
    let repo = Repo::new(&[]);
    repo.commit("a");
    let header = repo.git(&["cat-file", "commit", "HEAD"]).replace("\n\na\n", "");
    let (head, tag) = (repo.id("HEAD"), secret("merged-tag"));
    let text = format!(
        "{}\nmergetag object {head}\n type commit\n tag v\n tagger A <a@b> 1 +0000\n \n key \
         {tag}\nencoding ISO-8859-1\n\ncaf\u{e9}\n",
        header.replace("Ann", "Jos\u{e9}")
    );
    let bytes: Vec<u8> = text.chars().map(|letter| letter as u8).collect();
    std::fs::write(repo.path().join(".git/made"), bytes).unwrap();
    let id = repo.git(&["hash-object", "-t", "commit", "-w", ".git/made"]).trim().to_owned();
    repo.git(&["update-ref", "refs/heads/main", &id]);
    for arguments in [&[][..], &["-adq"]] {
        if !arguments.is_empty() {
            repo.git(&[&["repack"], arguments].concat());
        }
        let (code, found) = report(repo.path(), &[]);
        assert_eq!((code, kinds(&found)), (1, vec![]), "{found:#}");
        assert_eq!(places(&found, &tag), [place("(commit message)", &id, &id, true)]);
        let place = &found["findings"][0]["occurrences"][0];
        assert_eq!(place["commit"]["author"], "Jos\u{e9} Author");
        assert_eq!((&place["commit"]["summary"], &place["line"]), (&"caf\u{e9}".into(), &3.into()));
    }
}

/// What a branch has got on its own, by a cherry-pick or a rebase, it has as well.
#[test]
fn refs_that_hold_a_secret_by_commits_of_their_own_are_named() {
    let repo = Repo::new(&[]);
    repo.write("x", "x\n");
    repo.commit("start");
    repo.git(&["checkout", "-q", "-b", "feature"]);
    repo.write("a", secret("a"));
    repo.commit(&format!("says {}", secret("said")));
    repo.git(&["checkout", "-q", "main"]);
    repo.write("x", "y\n");
    repo.commit("other");
    repo.git(&["cherry-pick", "feature"]);
    repo.git(&["branch", "without", "HEAD^"]);
    let refs = serde_json::json!(["refs/heads/feature", "refs/heads/main", "HEAD"]);
    for arguments in [&[][..], &["--since", "2030-01-01"]] {
        let (_, found) = report(repo.path(), arguments);
        let found = found["findings"].as_array().unwrap();
        assert_eq!(found.len(), if arguments.is_empty() { 2 } else { 0 });
        for finding in found {
            assert_eq!(finding["occurrences"][0]["refs"], refs, "{finding}");
        }
    }
}

/// A secret that goes and comes back in each of many commits, on branches that have some of them.
#[test]
fn the_refs_of_a_secret_that_comes_and_goes_are_all_that_had_it() {
    let repo = Repo::new(&[]);
    repo.write("x", "x\n");
    repo.commit("start");
    repo.git(&["branch", "never"]);
    let mut names = vec!["refs/heads/main".to_owned(), "HEAD".to_owned()];
    for number in 0..6 {
        repo.git(&["checkout", "-q", "-b", &format!("b{number}"), "never"]);
        names.push(format!("refs/heads/b{number}"));
        repo.write("y", format!("{number}\n"));
        repo.write("a", secret("a"));
        repo.commit("add");
        repo.git(&["rm", "-q", "a"]);
        repo.commit("take out");
    }
    repo.git(&["checkout", "-q", "main"]);
    repo.write("a", secret("a"));
    repo.commit("add");
    let (_, found) = report(repo.path(), &[]);
    let refs = found["findings"][0]["occurrences"][0]["refs"].as_array().unwrap();
    let mut refs: Vec<&str> = refs.iter().filter_map(Value::as_str).collect();
    refs.sort_unstable();
    names.sort_unstable();
    assert_eq!(refs, names);
}

#[test]
fn an_id_that_the_repository_has_not_is_no_branch() {
    let repo = Repo::new(&[]);
    repo.write("x", "x\n");
    let id = repo.commit("start");
    let other: String = id.chars().rev().collect();
    let run = keytrawl(repo.path(), &["--branch", &other]);
    let said = String::from_utf8(run.stderr).unwrap();
    assert!(run.status.code() == Some(2) && said.contains("is no branch, tag, ref"), "{said}");
    assert_eq!(keytrawl(repo.path(), &["--branch", &id]).status.code(), Some(0));
}
