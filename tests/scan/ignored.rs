//! What ignore rules hide, and what they do not: held against git's own lists.

use std::collections::BTreeSet;

use proptest::prelude::*;

use crate::harness::Place;
use crate::{JSON, mega, token};

/// The files with a key that a run in `folder` read, by their names there.
fn read(place: &Place, folder: &str, arguments: &[&str]) -> BTreeSet<String> {
    let run = place.run_in(folder, &[arguments, &JSON].concat());
    let name = |place: String| place.split(':').next().map(str::to_owned);
    run.places().into_iter().filter_map(name).collect()
}

/// The files that git tracks or would add in `folder`, but for those with rules.
fn shown_by_git(place: &Place, folder: &str) -> BTreeSet<String> {
    let listed = ["-C", folder, "ls-files", "-z", "--cached", "--others", "--exclude-standard"];
    let listed = place.git_says(&listed);
    let is_key = |name: &&str| !name.is_empty() && !name.ends_with(".gitignore");
    listed.split('\0').filter(is_key).map(str::to_owned).collect()
}

#[test]
fn ignore_rules_hide_files_but_never_those_that_git_tracks() {
    let place = Place::with(&[
        (".gitignore", "*.env\nbuild/\n".to_owned()),
        ("kept.env", mega()),
        ("build/out.txt", token(1)),
        ("build/tracked.txt", token(2)),
        ("sub/plain.txt", token(3)),
    ]);
    place.git(&["init", "-q"]);
    place.git(&["add", "-f", "kept.env", "build/tracked.txt"]);
    let usual = place.run(&JSON).places();
    let token = "meetergo-personal-token meetergo plain";
    assert_eq!(
        usual,
        [
            format!("build/tracked.txt:1:1 {token}"),
            "kept.env:1:1 mega-api-key mega plain".to_owned(),
            format!("sub/plain.txt:1:1 {token}"),
        ]
    );
    let all = place.run(&["--no-ignore", "--format", "json"]).places();
    assert_eq!(all.len(), 4, "{all:?}");
    assert!(all.contains(&format!("build/out.txt:1:1 {token}")));
    let named = place.run(&["build", "--format", "json"]).places();
    assert_eq!(named.len(), 2, "a folder that is named is read itself: {named:?}");
}

/// A place with a key in each of some files, a repository that tracks some of them, and rules.
fn planted(files: &[(String, bool)], rules: &[(String, Vec<&str>)]) -> Place {
    let place = Place::new();
    place.git(&["init", "-q"]);
    for (number, (name, is_tracked)) in files.iter().enumerate() {
        // What is a folder by now cannot be a file.
        if place.root().join(name).is_dir() || has_file_above(&place, name) {
            continue;
        }
        place.file(name, token(number));
        if *is_tracked {
            place.git(&["add", "-f", name]);
        }
    }
    for (folder, lines) in rules {
        let name = format!("{folder}.gitignore");
        if !has_file_above(&place, &name) {
            place.file(&name, lines.join("\n"));
        }
    }
    place
}

fn has_file_above(place: &Place, name: &str) -> bool {
    name.match_indices('/').any(|(at, _)| place.root().join(&name[..at]).is_file())
}

const RULES: &[&str] = &[
    "*.env",
    "/a",
    "a/",
    "b",
    "/a/b",
    "b/c.env",
    "!c.env",
    "**/d",
    "d/*",
    "!d/a",
    "!a/",
    "!*",
    "/*/b",
    "*",
    "# a",
    "",
    "a/**",
    "[ab]",
    "!/b/a",
    "d/**/c.env",
    "/d/",
    "c.???",
];

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn what_is_read_is_what_git_tracks_or_would_add(
        files in proptest::collection::vec(("([abd]/){0,3}(a|b|d|c\\.env)", any::<bool>()), 1..14),
        rules in proptest::collection::vec(
            ("([abd]/){0,2}", proptest::collection::vec(proptest::sample::select(RULES), 1..4)),
            0..4,
        ),
        version in proptest::sample::select(&["2", "4"][..]),
    ) {
        let place = planted(&files, &rules);
        place.git(&["update-index", "--index-version", version]);
        prop_assert_eq!(read(&place, "", &[]), shown_by_git(&place, "."));
        prop_assert_eq!(read(&place, "", &["--threads", "1"]), shown_by_git(&place, "."));
    }
}

#[test]
fn a_folder_in_a_repository_has_the_rules_of_those_above_it() {
    let place = Place::with(&[
        (".gitignore", "*.env\n/sub/hidden\n".to_owned()),
        ("sub/.gitignore", "!kept.env\n".to_owned()),
        ("sub/lost.env", token(1)),
        ("sub/kept.env", token(2)),
        ("sub/tracked.env", token(3)),
        ("sub/hidden", token(4)),
        ("sub/in/plain.txt", token(5)),
        ("sub/in/lost.env", token(6)),
    ]);
    place.git(&["init", "-q"]);
    place.git(&["add", "-f", "sub/tracked.env"]);
    let expected = shown_by_git(&place, "sub");
    assert_eq!(expected.len(), 3);
    assert_eq!(read(&place, "sub", &[]), expected);
    let named = expected.iter().map(|name| format!("sub/{name}")).collect();
    assert_eq!(read(&place, "", &["sub"]), named);
    assert_eq!(read(&place, "sub/in", &["."]), ["plain.txt".to_owned()].into());
}

#[test]
fn rules_outside_of_the_tree_count_too() {
    let place = Place::with(&[("a.one", token(1)), ("b/a.two", token(2)), ("b/a.txt", token(3))]);
    place.git(&["init", "-q"]);
    place.file(".git/info/exclude", "*.one\n");
    let rules = place.home().join("rules");
    std::fs::write(&rules, "/b/*.two\n").expect("rules");
    place.git(&["config", "--global", "core.excludesFile", &rules.display().to_string()]);
    let expected = shown_by_git(&place, ".");
    assert_eq!(expected, ["b/a.txt".to_owned()].into());
    assert_eq!(read(&place, "", &[]), expected);
    // From below as well: the rules are those of the work tree.
    assert_eq!(read(&place, "b", &[]), shown_by_git(&place, "b"));
}

#[test]
fn a_repository_within_another_has_its_own_rules_and_its_own_index() {
    let place = Place::with(&[
        (".gitignore", "*.env\n".to_owned()),
        ("inner/a.env", token(1)),
        ("inner/b.txt", token(2)),
        ("inner/c.txt", token(3)),
        ("inner/.gitignore", "*.txt\n".to_owned()),
        ("outer.env", token(4)),
    ]);
    place.git(&["init", "-q"]);
    place.git(&["-C", "inner", "init", "-q"]);
    place.git(&["-C", "inner", "add", "-f", "c.txt"]);
    let expected = ["inner/a.env", "inner/c.txt"].map(str::to_owned).into();
    assert_eq!(read(&place, "", &[]), expected);
}

#[test]
fn a_work_tree_that_was_added_has_the_index_of_its_own() {
    let place = Place::with(&[("main/a.txt", "-".to_owned())]);
    place.git(&["-C", "main", "init", "-q"]);
    place.git(&["-C", "main", "add", "a.txt"]);
    place.git(&["-C", "main", "-c", "user.name=a", "-c", "user.email=a", "commit", "-qm", "a"]);
    place.git(&["-C", "main", "worktree", "add", "-q", "../more"]);
    place.file("main/.git/info/exclude", "*.env\n");
    place.file("more/lost.env", token(1));
    place.file("more/kept.env", token(2));
    place.git(&["-C", "more", "add", "-f", "kept.env"]);
    assert_eq!(read(&place, "more", &[]), ["kept.env".to_owned()].into());
    assert_eq!(read(&place, "", &[]), ["more/kept.env".to_owned()].into());
}

#[test]
fn a_submodule_in_a_hidden_folder_is_read() {
    let place = Place::with(&[(".gitignore", "lib/\n".to_owned()), ("lib/a.txt", token(1))]);
    place.file("lib/sub/b.txt", token(2));
    place.git(&["init", "-q"]);
    place.git(&["-C", "lib/sub", "init", "-q"]);
    place.git(&["-C", "lib/sub", "add", "."]);
    let who = ["-c", "user.name=a", "-c", "user.email=a"];
    place.git(&[&["-C", "lib/sub"], &who[..], &["commit", "-qm", "a"]].concat());
    place.git(&["add", "-f", "lib/sub"]);
    assert_eq!(read(&place, "", &[]), ["lib/sub/b.txt".to_owned()].into());
}

#[test]
fn an_index_in_two_parts_is_read_whole() {
    let place = Place::with(&[(".gitignore", "*.env\n".to_owned())]);
    place.git(&["init", "-q"]);
    place.file("a.env", token(1));
    place.git(&["add", "-f", "a.env"]);
    place.git(&["config", "splitIndex.maxPercentChange", "100"]);
    place.git(&["update-index", "--split-index"]);
    place.file("b.env", token(2));
    place.git(&["add", "-f", "b.env"]);
    place.file("c.env", token(3));
    assert_eq!(read(&place, "", &[]), ["a.env", "b.env"].map(str::to_owned).into());
}

#[test]
fn an_index_that_cannot_be_read_is_said() {
    let place = Place::with(&[("a.txt", "-")]);
    place.file(".git/index", "no index");
    let run = place.run(&JSON);
    assert_eq!((run.code, run.warnings()), (2, vec!["index".to_owned()]));
}
