//! Each secret with its first commit, its last commit and HEAD, whatever way it came into the history.

use crate::{Repo, forged, kinds, place, places, report, secret};

#[test]
fn every_way_into_a_history_is_told_right() {
    let repo = Repo::new(&[]);
    let key = secret;
    repo.write("README", "a project\n");
    repo.write(".gitattributes", "*.lock -diff\n");
    let base = repo.commit("start");

    // Deleted, with a rename before it; another one comes back.
    repo.write("old/a.env", format!("KEY={}\n", key("renamed")));
    repo.write("back.env", format!("KEY={}\n", key("back")));
    let added = repo.commit("add");
    repo.git(&["mv", "old/a.env", "new.env"]);
    repo.git(&["rm", "-q", "back.env"]);
    let renamed = repo.commit("rename");
    repo.git(&["rm", "-q", "new.env"]);
    repo.write("back.env", format!("# again\nKEY={}\n", key("back")));
    repo.commit("remove, and return");

    // UTF-16, an attribute that hides differences, a key that two commits complete.
    let wide: Vec<u8> = format!("\u{feff}K={}\r\n", key("wide"))
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    repo.write("wide.txt", wide);
    repo.write("yarn.lock", format!("x {}\n", key("lock")));
    let half = key("half");
    repo.write("half.env", format!("{}\n", &half[..30]));
    let odd = repo.commit("odd files");
    repo.write("half.env", format!("{half}\n"));
    let whole = repo.commit("complete");

    // A merge resolution, a branch that only a tag holds, a stash, a note, messages.
    repo.git(&["checkout", "-q", "-b", "side", &base]);
    repo.write("README", "the side\n");
    repo.commit("side");
    repo.git(&["checkout", "-q", "main"]);
    repo.git(&["merge", "-q", "--no-commit", "side"]);
    repo.write("README", format!("{}\n", key("merge")));
    let merge = repo.commit("merge");
    repo.git(&["checkout", "-q", "--detach"]);
    repo.write("tagged.env", key("tag-only"));
    let tagged = repo.commit("for the tag");
    repo.git(&["tag", "-a", "v1", "-m", &format!("text {}", key("tag-text"))]);
    repo.git(&["checkout", "-q", "main"]);
    for name in ["older", "newer"] {
        repo.write("README", key(name));
        repo.git(&["stash", "-q"]);
    }
    let message = repo.commit(&format!("oops\n\nkey {}", key("message")));
    repo.git(&["notes", "add", "-m", &key("note")]);
    let note = repo.id("refs/notes/commits");
    let (newer, older) = (repo.id("stash@{0}"), repo.id("stash@{1}"));

    // What a force push leaves behind.
    repo.write("gone.env", key("gone"));
    repo.commit("gone");
    repo.git(&["reset", "-q", "--hard", "HEAD^"]);

    let check = |packed: &str| {
        let (code, found) = report(repo.path(), &[]);
        assert_eq!((code, &found["complete"]), (1, &true.into()), "{packed}: {found:#}");
        let cases = [
            (
                "renamed",
                vec![
                    place("new.env", &renamed, &renamed, false),
                    place("old/a.env", &added, &added, false),
                ],
            ),
            ("back", vec![place("back.env", &added, &message, true)]),
            ("wide", vec![place("wide.txt", &odd, &message, true)]),
            ("lock", vec![place("yarn.lock", &odd, &message, true)]),
            ("half", vec![place("half.env", &whole, &message, true)]),
            ("merge", vec![place("README", &merge, &message, true)]),
            ("tag-only", vec![place("tagged.env", &tagged, &tagged, false)]),
            ("tag-text", vec![place("(tag message)", &tagged, &tagged, false)]),
            ("older", vec![place("README", &older, &older, false)]),
            ("newer", vec![place("README", &newer, &newer, false)]),
            ("message", vec![place("(commit message)", &message, &message, true)]),
            ("gone", vec![]),
        ];
        for (name, expected) in cases {
            // Stashes and merges carry what HEAD holds: the last commit may be one of them.
            let mut real = places(&found, &key(name));
            for (real, wanted) in real.iter_mut().zip(&expected) {
                if wanted.2 == message && real.2 != message {
                    real.2.clone_from(&message);
                }
            }
            assert_eq!(real, expected, "{packed}: {name}");
        }
        let noted = places(&found, &key("note"));
        assert_eq!((noted.len(), &noted[0].1, &noted[0].2), (1, &note, &note), "{packed}");
        assert_eq!(kinds(&found), ["unreachable"], "{packed}");
        let (_, more) = report(repo.path(), &["--unreachable"]);
        assert_eq!(places(&more, &key("gone")), [place("gone.env", "", "", false)], "{packed}");
        assert_eq!(kinds(&more), [""; 0]);
        let (_, slow) = report(repo.path(), &["--exhaustive"]);
        assert_eq!(found, slow, "{packed}");
        let (_, other) = report(repo.path(), &["--threads", "3", "--memory", "1KB"]);
        assert_eq!(found, other, "{packed}");
        let (_, main) = report(repo.path(), &["--branch", "main"]);
        assert_eq!(places(&main, &key("tag-only")), []);
        assert_eq!(places(&main, &key("half")).len(), 1);
    };
    check("loose");
    repo.git(&["repack", "-q", "-a", "-d", "-k", "-f"]);
    check("packed");
    let since = report(repo.path(), &["--since", "2100-01-01"]);
    assert_eq!((since.0, since.1["findings"].as_array().unwrap().len()), (0, 0));
    let commit = report(repo.path(), &[]).1["findings"][0]["occurrences"][0]["commit"].clone();
    assert_eq!(
        (&commit["author"], &commit["email"]),
        (&"Ann Author".into(), &"ann@acme.example".into())
    );
    assert!(commit["date"].as_str().unwrap().ends_with("+01:30"), "{commit}");
}

/// What comes first must not stand for what comes second.
#[test]
fn a_tree_that_has_a_name_twice_hides_nothing() {
    let repo = Repo::new(&[]);
    let blob = |content: String| {
        repo.write("content", content);
        repo.git(&["hash-object", "-w", "content"]).trim().to_owned()
    };
    let allowed = blob(format!("k={} # keytrawl:allow\n", secret("allowed")));
    let key = blob(format!("k={}\n", secret("key")));
    let folder = forged(&repo, &[("100644", "k", &key)]);
    let empty = forged(&repo, &[("100644", "k", &allowed)]);
    let (file, tree) = ("100644", "40000");
    for (number, (entries, path)) in [
        ([(file, "f", &*allowed), (file, "f", &*key)], "f"),
        ([(file, "f", &*allowed), (tree, "f", &*folder)], "f/k"),
        ([(tree, "f", &*empty), (tree, "f", &*folder)], "f/k"),
        ([(file, "f/k", &*key), (tree, "f", &*empty)], "f/k"),
    ]
    .into_iter()
    .enumerate()
    {
        let tree = forged(&repo, &entries);
        let commit = repo.git(&["commit-tree", "-m", "forged", &tree]).trim().to_owned();
        repo.git(&["update-ref", "refs/heads/main", &commit]);
        for arguments in [&[][..], &["--unreachable"], &["--exhaustive"]] {
            let (code, found) = report(repo.path(), arguments);
            let expected = [place(path, &commit, &commit, true)];
            assert_eq!(code, 1, "{number} {arguments:?}: {found:#}");
            assert_eq!(places(&found, &secret("key")), expected, "{number} {arguments:?}");
        }
    }
}

#[test]
fn dates_choose_what_was_introduced_since() {
    let repo = Repo::new(&[]);
    repo.write("a", secret("a"));
    repo.commit("a");
    repo.clock.set(1_800_000_000);
    repo.write("b", secret("b"));
    let second = repo.commit("b");
    let (code, found) = report(repo.path(), &["--since", "2027-01-01"]);
    assert_eq!(code, 1);
    assert_eq!(places(&found, &secret("a")), []);
    assert_eq!(places(&found, &secret("b")), [place("b", &second, &second, true)]);
}

/// A message comes to HEAD by whatever commit: cherry-picked, rebased, or written twice.
#[test]
fn a_message_is_in_head_if_any_commit_of_head_has_it() {
    let repo = Repo::new(&[]);
    repo.write("f", "x\n");
    repo.commit("start");
    repo.git(&["checkout", "-q", "-b", "side"]);
    let first = repo.commit(&format!("uses {}", secret("picked")));
    let other = repo.commit(&format!("uses {}", secret("left")));
    repo.git(&["checkout", "-q", "main"]);
    repo.commit("meanwhile");
    let picked = repo.commit(&format!("uses {}", secret("picked")));
    let message = "(commit message)";
    for packed in [false, true] {
        if packed {
            repo.git(&["gc", "-q"]);
        }
        let (_, found) = report(repo.path(), &[]);
        let expected = [place(message, &first, &picked, true)];
        assert_eq!(places(&found, &secret("picked")), expected);
        assert_eq!(places(&found, &secret("left")), [place(message, &other, &other, false)]);
        // HEAD is where it is, whatever is looked at.
        let (_, found) = report(repo.path(), &["--branch", "side"]);
        assert_eq!(places(&found, &secret("picked")), [place(message, &first, &first, true)]);
        assert_eq!(places(&found, &secret("left")), [place(message, &other, &other, false)]);
        assert_eq!(found["stats"], report(repo.path(), &[]).1["stats"]);
    }
}

/// Versions with the same secrets are followed as one, unless what no ref reaches is asked for.
#[test]
fn versions_with_the_same_secrets_are_shown_as_they_were_when_they_came() {
    let repo = Repo::new(&[]);
    let placeholder = format!("mega_{}", "x".repeat(64));
    let mut state = 7u64;
    let mut draw = |below: u64| {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % below
    };
    for round in 0..40 {
        let path = ["a", "b/c", "b/d", "b/e/f"][draw(4) as usize];
        let mut lines = vec!["text".to_owned(); draw(9) as usize];
        lines.push(format!("round {round}"));
        let own = [secret("one"), secret("two"), placeholder.clone()];
        lines.extend(own.into_iter().filter(|_| draw(2) == 0));
        repo.write(path, lines.join("\n"));
        repo.commit("change");
    }
    repo.git(&["gc", "-q"]);
    let (_, found) = report(repo.path(), &[]);
    let (_, apart) = report(repo.path(), &["--unreachable", "--no-cache"]);
    assert_eq!(found, apart);
    assert_eq!(found["findings"].as_array().unwrap().len(), 2);
    let findings = found["findings"].as_array().unwrap().iter();
    for place in findings.flat_map(|finding| finding["occurrences"].as_array().unwrap()) {
        let (commit, path) = (&place["commit"]["id"], &place["path"]);
        let at = format!("{}:{}", commit.as_str().unwrap(), path.as_str().unwrap());
        assert_eq!(repo.id(&at), place["blob"].as_str().unwrap(), "{place:#}");
    }
}
