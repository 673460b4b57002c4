//! `keytrawl range` on repositories that git makes: what the commits of a range add, whoever adds it,
//! and nothing that was there before.
#![allow(clippy::unwrap_used)]

mod git_support;

use git_support::{Repo, Run, git_command, lines, range, secret};
use serde_json::Value;

/// Each place as `path name first last in_head`, for the secrets of `names`, sorted.
fn places(run: &Run, names: &[&str]) -> Vec<String> {
    let mut all = Vec::new();
    for finding in run.json()["findings"].as_array().unwrap() {
        let known = names.iter().find(|name| finding["secret"] == secret(name).as_str());
        for place in finding["occurrences"].as_array().unwrap() {
            let text = |value: &Value| value.as_str().unwrap_or("-").to_owned();
            all.push(format!(
                "{} {} {} {} {}",
                text(&place["path"]),
                known.unwrap_or(&"?"),
                text(&place["commit"]["summary"]),
                text(&place["last_commit"]["summary"]),
                place["in_head"]
            ));
        }
    }
    all.sort();
    all
}

#[test]
fn what_each_commit_adds_is_told_with_its_commits() {
    let repo = Repo::new(&[]);
    repo.write("old.env", format!("A=1\nOLD={}\nB=2\n", secret("old")));
    repo.write("other.txt", "x\n");
    let base = repo.commit("start");
    // Old secrets in touched files, and lines that move.
    repo.write("old.env", format!("OLD={}\nA=1\nB=2\nC=3\n", secret("old")));
    repo.commit("touch");
    repo.write("new.env", format!("K={}\n", secret("stays")));
    repo.write("gone.env", format!("K={}\n", secret("gone")));
    repo.commit("add");
    std::fs::remove_file(repo.path().join("gone.env")).unwrap();
    repo.write("new.env", format!("# a comment\nK={}\n", secret("stays")));
    repo.commit("remove one");
    repo.commit(&format!("a message\n\nwith {}", secret("message")));
    // Renames: exact, and with an edit. A copy is another place.
    repo.git(&["mv", "old.env", "renamed.env"]);
    repo.commit("rename");
    repo.write("again.env", format!("OLD={}\nA=1\nB=2\nC=3\nD=4\n", secret("old")));
    std::fs::remove_file(repo.path().join("renamed.env")).unwrap();
    repo.commit("rename with an edit");
    repo.write("copy.txt", format!("see {}\n", secret("old")));
    repo.commit("copy");
    let run = range(&repo, &format!("{base}..HEAD"), &[]);
    let names = ["old", "stays", "gone", "message"];
    let expected = [
        "(commit message) message a message a message true",
        "copy.txt old copy copy true",
        "gone.env gone add add false",
        "new.env stays add copy true",
    ];
    assert_eq!((run.code, places(&run, &names)), (1, expected.map(str::to_owned).to_vec()));
    assert!(run.warnings().is_empty(), "{:?}", run.warnings());
    // The same through other names and from a packed repository.
    repo.git(&["tag", "-a", "v1", "-m", "tag", &base]);
    repo.git(&["gc", "-q", "--aggressive", "--prune=now"]);
    for name in ["v1..", "v1...HEAD", "HEAD~7..main", &format!("{}..HEAD", &base[..9])] {
        let other = range(&repo, name, &[]);
        assert_eq!(other.stdout, run.stdout, "{name}");
    }
    for threads in ["1", "5"] {
        let other = range(&repo, "v1..HEAD", &["--threads", threads]);
        assert_eq!(other.stdout, run.stdout);
    }
    // No report shows a secret that a message holds.
    repo.commit(&format!("oops {}", secret("message")));
    repo.write("after.env", secret("after"));
    repo.commit(&format!("again {}", secret("message")));
    for format in ["human", "json", "jsonl", "sarif", "github", "markdown"] {
        let run = repo.run(&["range", "HEAD~2..HEAD", "--format", format]);
        assert!(!run.stdout.contains(&secret("message")), "{format}: {}", run.stdout);
        assert!(run.stdout.contains("after.env"), "{format}");
    }
    repo.git(&["reset", "-q", "--hard", "HEAD~2"]);
    // A part of it.
    let run = range(&repo, "HEAD^..HEAD", &[]);
    assert_eq!(places(&run, &names), ["copy.txt old copy copy true"]);
}

#[test]
fn all_places_that_the_range_adds_are_told() {
    let repo = Repo::new(&[]);
    repo.write("old.env", format!("K={}\n", secret("old")));
    repo.commit("start");
    repo.write("old.env", format!("K={0}\n\nL={0}\n", secret("old")));
    repo.write("new.env", format!("K={0}\n# more\n\nL={0}\n", secret("k")));
    repo.commit(&format!("{0} and {0}", secret("m")));
    repo.write("new.env", format!("\nK={0}\n# more\n\nL={0}\n", secret("k")));
    repo.commit("move down");
    let found = lines(&range(&repo, "HEAD~2..HEAD", &[]));
    let places: Vec<&str> = found.iter().map(|line| line.split(' ').next().unwrap()).collect();
    assert_eq!(places, ["(commit", "(commit", "new.env:1", "new.env:4"], "{found:?}");
    assert!(found.iter().all(|line| line.ends_with("true")), "{found:?}");
}

/// One file that is gone is one that has moved; the others like it are copies.
#[test]
fn what_moves_is_not_new_and_its_copies_are() {
    let repo = Repo::new(&[]);
    let with = |more: &str| format!("A=1\nB=2\nK={}\n{more}", secret("k"));
    repo.write("s", with(""));
    repo.write("d/e", secret("e"));
    repo.commit("start");
    repo.git(&["mv", "s", "t"]);
    repo.write("u", with(""));
    repo.write("v", with("C=3\n"));
    // Of two that are the same, the one with the name has moved.
    std::fs::remove_file(repo.path().join("d/e")).unwrap();
    repo.write("c/x", secret("e"));
    repo.write("f/e", secret("e"));
    repo.git(&["add", "-A"]);
    let staged = repo.run(&["staged", "--format", "json"]);
    assert_eq!((staged.code, staged.paths()), (1, ["c/x", "u", "v"].map(str::to_owned).to_vec()));
    repo.commit("move and copy");
    let run = range(&repo, "HEAD^..HEAD", &[]);
    let expected = ["c/x:1", "u:3", "v:3"].map(|at| format!("{at} move and copy true"));
    assert_eq!(lines(&run), expected);
}

/// A file that has kept its name is the one that moved, whatever else is like it; a file that is split
/// has become several.
#[test]
fn what_is_moved_and_edited_or_split_is_not_new() {
    let repo = Repo::new(&[]);
    let lines = |word: &str, count: usize| -> String {
        (0..count).map(|n| format!("{word} setting {n} = value\n")).collect()
    };
    let shared = format!("K={}\n{}", secret("k"), lines("shared", 10));
    repo.write("old/app.env", shared.clone() + &lines("more", 9));
    repo.write("old/dev.env", shared.as_str());
    let [one, two] = ["one", "two"].map(|name| format!("K={}\n{}", secret(name), lines(name, 3)));
    repo.write("f", format!("{one}{two}"));
    repo.commit("start");
    repo.git(&["rm", "-rq", "old", "f"]);
    repo.write("new/a/dev.env", shared.clone() + "x\n");
    repo.write("new/app.env", shared + &lines("more", 9) + &lines("added", 4));
    repo.write("g", one);
    repo.write("h", two);
    repo.git(&["add", "-A"]);
    assert_eq!(repo.run(&["staged", "--format", "json"]).code, 0);
    repo.commit("move, edit and split");
    assert_eq!(range(&repo, "HEAD^..HEAD", &[]).paths(), Vec::<String>::new());
}

/// As in a history: what the range has added is told wherever the range has put it.
#[test]
fn what_the_range_adds_and_moves_is_told_where_it_is() {
    let repo = Repo::new(&[]);
    repo.write("x", format!("K={} # keytrawl:allow -- old\n# a\n# b\n# c\n", secret("x")));
    repo.commit("start");
    repo.write("s", secret("s"));
    // The comment is the base's, and moves with the file.
    repo.write("x", format!("K={} # keytrawl:allow -- old\n# a\n# b\n# c\n", secret("y")));
    repo.commit("add");
    repo.git(&["mv", "s", "s2"]);
    repo.git(&["mv", "x", "x2"]);
    repo.commit("move");
    let run = range(&repo, "HEAD~2..HEAD", &[]);
    assert_eq!(lines(&run), ["s2:1 move true", "s:1 add false"]);
    assert!(run.warnings().is_empty(), "{:?}", run.warnings());
    let history = lines(&repo.run(&["history", "--format", "json"]));
    assert_eq!(lines(&run), history.into_iter().filter(|l| !l.contains("x")).collect::<Vec<_>>());
}

#[test]
fn merges_bring_nothing_old_and_hide_nothing_new() {
    let repo = Repo::new(&[]);
    repo.write("f.txt", "base\n");
    repo.commit("start");
    repo.git(&["checkout", "-q", "-b", "feature"]);
    repo.write("feature.env", secret("feature"));
    repo.commit("feature");
    repo.git(&["checkout", "-q", "main"]);
    repo.write("main.env", secret("main"));
    repo.commit("on main");
    // main is merged into the feature: what main has is not the feature's.
    repo.git(&["checkout", "-q", "feature"]);
    repo.git(&["merge", "-q", "--no-commit", "main"]);
    repo.write("f.txt", secret("merge"));
    repo.commit("merge main");
    let run = range(&repo, "main..feature", &[]);
    let expected =
        ["f.txt merge merge main merge main true", "feature.env feature feature merge main true"];
    assert_eq!(places(&run, &["merge", "feature", "main"]), expected);
    assert_eq!(range(&repo, "feature..main", &[]).code, 0);
    // Unrelated histories: all of the other one is new.
    repo.git(&["checkout", "-q", "--orphan", "other"]);
    repo.git(&["rm", "-rfq", "."]);
    repo.write("root.env", secret("root"));
    repo.commit("another root");
    let run = range(&repo, "main..other", &[]);
    assert_eq!(places(&run, &["root"]), ["root.env root another root another root true"]);
    let run = range(&repo, &format!("{}..main", "0".repeat(40)), &[]);
    assert_eq!(places(&run, &["main"]), ["main.env main on main on main true"]);
}

/// Tags are pushed and merged as commits are, and say as much.
#[test]
fn what_annotated_tags_say_is_part_of_what_they_end() {
    let repo = Repo::new(&[]);
    repo.write("x", "x\n");
    repo.commit("start");
    repo.git(&["tag", "-a", "-m", &format!("of {}", secret("old")), "v0"]);
    repo.write("x", "y\n");
    repo.commit("more");
    repo.git(&["tag", "-a", "-m", &format!("of {}", secret("tag")), "v1"]);
    repo.git(&["tag", "-a", "-m", &format!("of {}", secret("over")), "v2", "v1"]);
    let tag = |name: &str| format!("(tag message) {name} more more false");
    let names = ["old", "tag", "over"];
    for (ends, found) in [
        ("HEAD~1..v1", vec!["tag"]),
        ("v0..v2", vec!["over", "tag"]),
        ("v1..v2", vec!["over"]),
        ("v2..v2", vec![]),
        ("v0..HEAD", vec![]),
    ] {
        let found: Vec<String> = found.into_iter().map(tag).collect();
        assert_eq!(places(&range(&repo, ends, &[]), &names), found, "{ends}");
    }
}

/// What lies deeper than anybody looks is told, and never passed over.
#[test]
fn folders_that_lie_too_deep_are_damage() {
    let repo = Repo::new(&[]);
    let commit = |name: &str, path: &str, text: &str| {
        format!(
            "commit refs/heads/{name}\ncommitter a <b> 1 +0000\ndata 1\nx\n\
             M 100644 inline {path}\ndata {}\n{text}\n",
            text.len()
        )
    };
    let deep = |count: usize| format!("{}f", "d/".repeat(count));
    let all = [
        commit("base", "x", "x"),
        commit("deep", &deep(2000), &secret("deep")),
        commit("deeper", &deep(2100), &secret("deeper")),
    ];
    let import = repo.path().join("import");
    std::fs::write(&import, all.concat()).unwrap();
    let mut git = git_command(&repo.path(), 1_700_000_000, &["fast-import", "--quiet"]);
    assert!(git.stdin(std::fs::File::open(import).unwrap()).status().unwrap().success());
    assert_eq!(range(&repo, "base..deep", &[]).code, 1);
    let run = range(&repo, "base..deeper", &[]);
    assert_eq!((run.code, &run.json()["complete"]), (2, &false.into()));
    assert!(run.stderr.contains("lies below 2048 other trees"), "{}", run.stderr);
}

#[test]
fn dates_that_lie_do_not_move_the_ends() {
    let repo = Repo::new(&[]);
    for number in 0..100 {
        repo.write(&format!("f{number}.env"), secret(&format!("{number}")));
        repo.commit(&format!("{number}"));
    }
    // The branch is committed long before what it is built on, and in the wrong order.
    let base = repo.id("HEAD");
    repo.git(&["checkout", "-q", "-b", "early"]);
    for (number, date) in
        ["1000000000 +0000", "1900000000 +0000", "1100000000 +0000"].iter().enumerate()
    {
        repo.write(&format!("e{number}.env"), secret(&format!("early {number}")));
        repo.git(&["add", "-A"]);
        let folder = repo.path();
        let mut commit =
            git_support::git_command(&folder, 1_700_000_000, &["commit", "-q", "-m", "early"]);
        let done = commit.env("GIT_COMMITTER_DATE", date).output().unwrap();
        assert!(done.status.success(), "{done:?}");
    }
    let run = range(&repo, &format!("{base}..early"), &[]);
    assert_eq!(run.paths(), ["e0.env", "e1.env", "e2.env"]);
    assert_eq!(range(&repo, &format!("early..{base}"), &[]).warnings(), ["empty-range"]);
}

#[test]
fn an_end_that_is_not_there_and_an_empty_range_are_told() {
    let repo = Repo::new(&[]);
    repo.write("a.env", secret("a"));
    repo.commit("start");
    repo.write("b.env", secret("b"));
    repo.commit("more");
    let run = repo.run(&["range", "HEAD..HEAD"]);
    assert_eq!(run.code, 0);
    assert!(run.stderr.contains("is empty"), "{}", run.stderr);
    let key = secret("ref");
    repo.git(&["branch", &key]);
    let run = repo.run(&["range", &format!("{key}..{key}")]);
    assert!(run.stderr.contains("is empty") && !run.stderr.contains(&key), "{}", run.stderr);
    let gone = "1".repeat(40);
    for (name, hint) in [
        ("nowhere..HEAD", "git fetch"),
        ("HEAD..nowhere", "git fetch"),
        ("HEAD", "BASE..HEAD"),
        (&*format!("{gone}..HEAD"), "fetch-depth: 0"),
        (
            "HEAD^{tree}..HEAD",
            "name a commit; `git archive HEAD^{tree} | keytrawl -` scans the tree",
        ),
    ] {
        let run = repo.run(&["range", name]);
        assert_eq!((run.code, run.stdout.as_str()), (2, ""), "{name}");
        assert!(run.stderr.contains(hint), "{name}: {}", run.stderr);
    }
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(git_support::run(folder.path(), &["range", "a..b"]).code, 2);
}

#[test]
fn a_shallow_clone_without_the_base_is_an_error_with_the_fix() {
    let repo = Repo::new(&[]);
    for number in 0..5 {
        repo.write("f.env", secret(&format!("{number}")));
        repo.commit(&format!("{number}"));
    }
    let base = repo.id("HEAD~3");
    let shallow = Repo::clone_of(&repo, &["--depth", "1"]);
    for name in [format!("{base}..HEAD"), "HEAD~3..HEAD".to_owned(), "HEAD~1..HEAD".to_owned()] {
        let run = shallow.run(&["range", &name]);
        assert_eq!(run.code, 2, "{name}");
        assert!(run.stderr.contains("fetch-depth: 0"), "{name}: {}", run.stderr);
    }
    // The base is there, and the commits between are not.
    shallow.git(&["fetch", "-q", "--depth", "1", "origin", &base]);
    let run = shallow.run(&["range", &format!("{base}..HEAD")]);
    assert_eq!(run.code, 2, "{}", run.stdout);
    assert!(run.stderr.contains("git fetch --unshallow"), "{}", run.stderr);
    // Deep enough is enough.
    let deep = Repo::clone_of(&repo, &["--depth", "4"]);
    let run = range(&deep, &format!("{base}..HEAD"), &[]);
    assert_eq!((run.code, run.occurrences().len()), (1, 3));
}

#[test]
fn a_partial_clone_is_scanned_as_far_as_it_is_there() {
    let repo = Repo::new(&[]);
    repo.write("a.txt", "a\n");
    let base = repo.commit("start");
    repo.write("gone.env", secret("gone"));
    repo.commit("add");
    repo.git(&["rm", "-q", "gone.env"]);
    repo.write("here.env", secret("here"));
    repo.commit("remove");
    repo.git(&["config", "uploadpack.allowFilter", "true"]);
    let partial = Repo::clone_of(&repo, &["--filter=blob:none"]);
    let run = range(&partial, &format!("{base}..HEAD"), &[]);
    assert_eq!(
        (run.code, run.paths(), run.warnings()),
        (1, vec!["here.env".to_owned()], vec!["missing".to_owned()])
    );
    assert_eq!(run.json()["complete"], false);
    partial.git(&["checkout", "-q", "--detach"]);
    let run = range(&partial, "HEAD~2..HEAD~1", &[]);
    assert_eq!((run.code, run.occurrences().len()), (2, 0));
}

#[test]
fn other_object_formats_worktrees_and_bare_repositories_are_read() {
    let repo = Repo::new(&["--object-format=sha256"]);
    repo.write("a.txt", "a\n");
    repo.commit("start");
    repo.write("b.env", secret("b"));
    repo.commit("add");
    for name in ["HEAD^..HEAD", "main~1..main"] {
        assert_eq!(range(&repo, name, &[]).paths(), ["b.env"], "{name}");
    }
    let bare = Repo::clone_of(&repo, &["--bare"]);
    let run = bare.run(&["range", "HEAD^..HEAD", "--format", "json"]);
    assert_eq!((run.code, run.paths()), (1, vec!["b.env".to_owned()]));
    let other = tempfile::tempdir().unwrap();
    let place = repo.path().display().to_string();
    let run = git_support::run(other.path(), &["range", "HEAD^..HEAD", &place, "--format", "json"]);
    assert_eq!(run.paths(), ["b.env"]);
}

/// A history drawn at random: for each commit its parents and what each of its files holds.
struct Drawn {
    parents: Vec<Vec<usize>>,
    files: Vec<[u8; FILES]>,
}

const FILES: usize = 3;
const SECRETS: u8 = 4;

impl Drawn {
    /// As `git fast-import` reads it; commit `n` is the branch `c<n>`.
    fn stream(&self) -> String {
        let mut text = String::new();
        for (number, files) in self.files.iter().enumerate() {
            let date = 1_700_000_000 + (number * 7919) % 50 * 60;
            text += &format!("commit refs/heads/c{number}\nmark :{}\n", number + 1);
            text += &format!("committer A <a@acme.example> {date} +0000\ndata 2\nc\n\n");
            for (at, parent) in self.parents[number].iter().enumerate() {
                text += &format!("{} :{}\n", if at == 0 { "from" } else { "merge" }, parent + 1);
            }
            for (file, held) in files.iter().enumerate() {
                let mut content = format!("# {file}\n");
                for secret_at in (0..SECRETS).filter(|bit| held >> bit & 1 != 0) {
                    content += &format!("K={}\n", secret(&format!("drawn-{secret_at}")));
                }
                text += &format!("M 644 inline f{file}\ndata {}\n{content}\n", content.len());
            }
        }
        text
    }

    fn reached(&self, from: usize) -> Vec<bool> {
        let mut reached = vec![false; self.parents.len()];
        let mut open = vec![from];
        while let Some(at) = open.pop() {
            if !std::mem::replace(&mut reached[at], true) {
                open.extend(&self.parents[at]);
            }
        }
        reached
    }

    /// What the commits between two add, by the words of the definition.
    fn added(&self, base: usize, tip: usize) -> Vec<String> {
        let (old, new) = (self.reached(base), self.reached(tip));
        let mut added = std::collections::BTreeSet::new();
        for commit in (0..self.parents.len()).filter(|at| new[*at] && !old[*at]) {
            for file in 0..FILES {
                let before =
                    self.parents[commit].iter().fold(0, |all, p| all | self.files[*p][file]);
                let fresh = self.files[commit][file] & !before;
                let bits = (0..SECRETS).filter(|bit| fresh >> bit & 1 != 0);
                added.extend(bits.map(|bit| format!("f{file} {bit}")));
            }
        }
        added.into_iter().collect()
    }
}

proptest::proptest! {
    #![proptest_config(proptest::test_runner::Config { cases: 12, ..Default::default() })]
    #[test]
    fn a_range_adds_what_the_definition_says(
        picks in proptest::collection::vec(
            (proptest::collection::vec(proptest::arbitrary::any::<proptest::sample::Index>(), 1..3), proptest::array::uniform3(0u8..16)),
            2..14,
        )
    ) {
        let mut drawn = Drawn { parents: Vec::new(), files: Vec::new() };
        for (number, (parents, files)) in picks.iter().enumerate() {
            let mut parents: Vec<usize> =
                parents.iter().filter(|_| number > 0).map(|pick| pick.index(number)).collect();
            parents.dedup();
            drawn.parents.push(parents);
            drawn.files.push(*files);
        }
        let repo = Repo::new(&[]);
        let mut import = git_support::git_command(&repo.path(), 1_700_000_000, &["fast-import", "--quiet"]);
        let run = git_support::run_on(&mut import, &drawn.stream());
        proptest::prop_assert_eq!(run.code, 0, "{}", run.stderr);
        let last = picks.len() - 1;
        for base in 0..last.min(4) {
            for (base, tip) in [(base, last), (last, base)] {
                let run = repo.run(&["range", &format!("c{base}..c{tip}"), "--format", "json", "--show-secrets"]);
                let mut found = Vec::new();
                for finding in run.json()["findings"].as_array().unwrap() {
                    let bit = (0..SECRETS)
                        .find(|bit| finding["secret"] == secret(&format!("drawn-{bit}")).as_str());
                    for place in finding["occurrences"].as_array().unwrap() {
                        found.push(format!("{} {}", place["path"].as_str().unwrap(), bit.unwrap()));
                    }
                }
                found.sort();
                proptest::prop_assert_eq!(found, drawn.added(base, tip));
            }
        }
    }
}

#[test]
fn repositories_that_only_git_can_open_are_read() {
    let folder = tempfile::tempdir().unwrap();
    let arguments = ["init", "-q", "--ref-format=reftable", "."];
    let made = git_support::git_command(folder.path(), 1_700_000_000, &arguments).output().unwrap();
    if !made.status.success() {
        // A git before 2.45 makes none.
        return;
    }
    let repo = Repo::new(&["--ref-format=reftable"]);
    repo.write("a.env", secret("a"));
    repo.git(&["add", "-A"]);
    let staged = |repo: &Repo| repo.run(&["staged", "--format", "json"]).paths();
    assert_eq!(staged(&repo), ["a.env"]);
    repo.commit("start");
    assert_eq!(staged(&repo), [""; 0]);
    repo.write("b.env", secret("b"));
    repo.git(&["add", "-A"]);
    assert_eq!(staged(&repo), ["b.env"]);
    repo.commit("more");
    assert_eq!(range(&repo, "main~1..main", &[]).paths(), ["b.env"]);
    assert_eq!(repo.run(&["range", "nowhere..main"]).code, 2);
}
