//! The trees of `testdata/`, armed and disarmed, through the program.
//!
//! `testdata/README.md` says how they are made.

mod harness;

use std::fs;
use std::path::Path;

use harness::{Place, array, repository, text};
use keytrawl::rule::armed;

/// Copies a folder of `testdata` into `place` and puts keys in the place of placeholders.
fn arm(folder: &Path, inner: &str, place: &Place) {
    for entry in fs::read_dir(folder.join(inner)).expect("a folder") {
        let entry = entry.expect("an entry");
        let name = entry.file_name().into_string().expect("a name in UTF-8");
        let name = if inner.is_empty() { name } else { format!("{inner}/{name}") };
        if entry.path().is_dir() {
            arm(folder, &name, place);
        } else {
            place.file(&name, armed(&fs::read_to_string(entry.path()).expect("a text")));
        }
    }
}

#[test]
fn an_armed_tree_gives_exactly_the_expected_findings() {
    let place = Place::new();
    arm(&repository("testdata/trees/webapp"), "", &place);
    let run = place.run(&["--format", "json"]);
    let report = run.json();
    let mut found = Vec::new();
    for finding in array(&report["findings"]) {
        for at in array(&finding["occurrences"]) {
            let (line, column) = (at["line"].as_u64(), at["column"].as_u64());
            found.push((text(&at["path"]).to_owned(), line, column, finding));
        }
    }
    found.sort_by(|a, b| (&a.0, a.1, a.2).cmp(&(&b.0, b.1, b.2)));
    let found: Vec<String> = found
        .into_iter()
        .map(|(path, line, column, finding)| {
            let (line, column) = (line.unwrap_or(0), column.unwrap_or(0));
            let (rule, provider) = (text(&finding["rule"]), finding["provider"].as_str());
            format!("{path}\t{line}\t{column}\t{rule}\t{}", provider.unwrap_or_default())
        })
        .collect();
    let expected = fs::read_to_string(repository("testdata/trees/webapp.expected"));
    let expected = expected.expect("what is expected");
    let expected: Vec<&str> = expected.lines().filter(|l| !l.starts_with('#')).collect();
    assert_eq!(found, expected);
    assert_eq!(report["stats"]["suppressed"], 1, "one key is allowed by a comment");
    assert_eq!(run.code, 1);
}

#[test]
fn the_disarmed_folder_itself_gives_nothing() {
    let folder = repository("testdata").display().to_string();
    let run = Place::new().run(&[&folder, "--format", "json"]);
    assert_eq!(run.places(), Vec::<String>::new());
    assert_eq!((run.code, run.stderr.as_str()), (0, ""));
}

#[test]
fn lookalikes_are_never_reported_together_or_line_by_line() {
    let list = fs::read_to_string(repository("testdata/lookalikes.txt")).expect("a text");
    let place = Place::with(&[("all.txt", armed(&list))]);
    for (number, line) in list.lines().enumerate() {
        place.file(format!("line-{}.txt", number + 1), armed(line));
    }
    let run = place.run(&["--format", "json"]);
    assert_eq!(run.places(), Vec::<String>::new());
    assert_eq!(run.code, 0);
}
